/* Numbers of JSON as numbers of messages, exact or refused. */
#include "proto/grpc_json_impl.h"

#include "base/base64.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#define NUMBER_MAX 64u /* bytes of one that is text */

/* "-12": digits, and nothing else; exponents and fractions are taken if nothing is lost. */
static bool is_number(const char *text, size_t len)
{
	size_t at = *text == '-';
	if (!len || len > NUMBER_MAX || strlen(text) != len || !isdigit((unsigned char)text[at]))
		return false;
	return strspn(text, "0123456789.eE+-") == len;
}

static bool is_whole(const char *text)
{
	return !text[strspn(text, "-0123456789")];
}

bool grpc_json_real(json_t *value, double *ret)
{
	const char *text = json_string_value(value);
	if (json_is_number(value)) {
		*ret = json_number_value(value);
		return true;
	}
	if (!text)
		return false;
	if (!strcmp(text, "NaN"))
		*ret = (double)NAN;
	else if (!strcmp(text, "Infinity") || !strcmp(text, "-Infinity"))
		*ret = *text == '-' ? -(double)INFINITY : (double)INFINITY;
	else if (is_number(text, json_string_length(value))) {
		char *end;
		*ret = strtod(text, &end);
		return !*end && isfinite(*ret);
	} else
		return false;
	return true;
}

bool grpc_json_signed(json_t *value, int64_t min, int64_t max, int64_t *ret)
{
	double real;
	const char *text = json_string_value(value);
	if (json_is_integer(value)) {
		*ret = json_integer_value(value);
	} else if (text && is_number(text, json_string_length(value)) && is_whole(text)) {
		char *end;
		errno = 0;
		*ret = strtoll(text, &end, 10);
		if (errno || *end)
			return false;
	} else if (grpc_json_real(value, &real) && real == trunc(real) && real >= -0x1p63 &&
		   real < 0x1p63) {
		*ret = (int64_t)real;
	} else {
		return false;
	}
	return *ret >= min && *ret <= max;
}

bool grpc_json_unsigned(json_t *value, uint64_t max, uint64_t *ret)
{
	double real;
	const char *text = json_string_value(value);
	if (json_is_integer(value)) {
		if (json_integer_value(value) < 0)
			return false;
		*ret = (uint64_t)json_integer_value(value);
	} else if (text && is_number(text, json_string_length(value)) && is_whole(text)) {
		char *end;
		errno = 0;
		*ret = strtoull(text, &end, 10);
		if (errno || *end || *text == '-')
			return false;
	} else if (grpc_json_real(value, &real) && real == trunc(real) && real >= 0 &&
		   real < 0x1p64) {
		*ret = (uint64_t)real;
	} else {
		return false;
	}
	return *ret <= max;
}

bool grpc_json_base64(json_t *value, struct buf *out)
{
	struct buf text;
	const char *from = json_string_value(value);
	size_t len = json_string_length(value);
	if (!from)
		return false;
	buf_init(&text, len + 4);
	buf_append(&text, from, len);
	for (size_t i = 0; i < text.len; i++)
		text.ptr[i] = text.ptr[i] == '-' ? '+' : text.ptr[i] == '_' ? '/' : text.ptr[i];
	for (; text.len % 4;)
		buf_puts(&text, "=");
	bool good = !text.cut && base64_decode((struct span){text.ptr, text.len}, out);
	buf_fini(&text);
	return good;
}
