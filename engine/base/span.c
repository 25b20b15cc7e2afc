#include "base/span.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_fini(struct buf *b)
{
	free(b->ptr);
	*b = (struct buf){0};
}

/* Makes room for `more` bytes and the terminating NUL. */
static bool reserve(struct buf *b, size_t more)
{
	if (b->cut || more > b->max - b->len)
		return false;
	size_t need = b->len + more + 1;
	if (need <= b->cap)
		return true;
	size_t cap = b->cap ? b->cap : 256;
	while (cap < need)
		cap *= 2;
	char *grown = realloc(b->ptr, cap);
	if (!grown) {
		b->no_memory = true;
		return false;
	}
	b->ptr = grown;
	b->cap = cap;
	return true;
}

void buf_append(struct buf *b, const void *bytes, size_t len)
{
	if (!reserve(b, len)) {
		b->cut = true;
		return;
	}
	if (len)
		memcpy(b->ptr + b->len, bytes, len);
	b->len += len;
	b->ptr[b->len] = '\0';
}

char *buf_extend(struct buf *b, size_t len)
{
	if (!reserve(b, len)) {
		b->cut = true;
		return NULL;
	}
	b->len += len;
	b->ptr[b->len] = '\0';
	return b->ptr + b->len - len;
}

void buf_puts(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	if (len < 0 || !reserve(b, (size_t)len)) {
		b->cut = true;
	} else {
		vsnprintf(b->ptr + b->len, (size_t)len + 1, format, again);
		b->len += (size_t)len;
	}
	va_end(again);
	va_end(args);
}
