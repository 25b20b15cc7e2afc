#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	err->kind = kind;
	err->hint[0] = '\0';
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	return -1;
}

int err_hint(struct err *err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(err->hint, sizeof err->hint, format, args);
	va_end(args);
	return -1;
}

int err_exit_code(const struct err *err)
{
	switch (err->kind) {
	case ERR_NONE:
		return 0;
	case ERR_USAGE:
		return 2;
	case ERR_REFUSED:
		return 4;
	case ERR_INTERNAL:
		return 70;
	case ERR_RUNTIME:
		break;
	}
	return 1;
}
