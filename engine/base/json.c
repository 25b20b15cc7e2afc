#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Well-formed sequences by their first two bytes (The Unicode Standard, table 3-7): the bounds of
 * the second byte shut out overlong forms, surrogates and what lies past U+10FFFF. */
static const struct utf8_lead {
	unsigned char first_low, first_high, second_low, second_high;
	unsigned char len;
} UTF8_LEADS[] = {
	{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* Whether the text starts with this sequence, whole; a NUL ends the text and fits nowhere. */
static bool fits_lead(const struct utf8_lead *lead, const unsigned char *at)
{
	if (at[0] < lead->first_low || at[0] > lead->first_high)
		return false;
	if (at[1] < lead->second_low || at[1] > lead->second_high)
		return false;
	for (unsigned i = 2; i < lead->len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* Length of the UTF-8 sequence the text starts with, 0 where it is none. */
static size_t utf8_len(const unsigned char *at)
{
	if (*at < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof UTF8_LEADS / sizeof *UTF8_LEADS; i++)
		if (fits_lead(&UTF8_LEADS[i], at))
			return UTF8_LEADS[i].len;
	return 0;
}

/* Length of the front of the text that goes out as it is. */
static size_t plain_len(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len;
	while (*at >= 0x20 && *at != '"' && *at != '\\' && (len = utf8_len(at)) > 0)
		at += len;
	return (size_t)(at - (const unsigned char *)text);
}

/* One byte that cannot go out as it is. */
static void write_escaped(struct buf *out, unsigned char byte)
{
	static const char SHORT[] = {
		['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
		['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
	};
	if (byte >= 0x80)
		buf_puts(out, REPLACEMENT);
	else if (SHORT[byte])
		buf_printf(out, "\\%c", SHORT[byte]);
	else
		buf_printf(out, "\\u%04x", byte);
}

static void write_quoted(struct buf *out, const char *text)
{
	buf_puts(out, "\"");
	for (;;) {
		size_t plain = plain_len(text);
		buf_append(out, text, plain);
		text += plain;
		if (!*text)
			break;
		write_escaped(out, (unsigned char)*text++);
	}
	buf_puts(out, "\"");
}

/* What comes before every value: a comma where one is due, and the key. */
static void begin_value(struct json *j, const char *key)
{
	struct json_level *level = &j->levels[j->depth];
	assert((key != NULL) == level->object);
	assert(j->depth > 0 || !level->filled);
	if (level->filled)
		buf_puts(j->out, ",");
	level->filled = true;
	if (key) {
		write_quoted(j->out, key);
		buf_puts(j->out, ":");
	}
}

static void open_level(struct json *j, const char *key, bool object)
{
	begin_value(j, key);
	assert(j->depth < JSON_DEPTH_MAX);
	j->levels[++j->depth] = (struct json_level){.object = object};
	buf_puts(j->out, object ? "{" : "[");
}

static void close_level(struct json *j, bool object)
{
	assert(j->depth > 0 && j->levels[j->depth].object == object);
	j->depth--;
	buf_puts(j->out, object ? "}" : "]");
}

void json_init(struct json *j, struct buf *out)
{
	*j = (struct json){.out = out};
}

void json_object(struct json *j, const char *key)
{
	open_level(j, key, true);
}

void json_object_end(struct json *j)
{
	close_level(j, true);
}

void json_array(struct json *j, const char *key)
{
	open_level(j, key, false);
}

void json_array_end(struct json *j)
{
	close_level(j, false);
}

void json_text(struct json *j, const char *key, const char *value)
{
	begin_value(j, key);
	if (value)
		write_quoted(j->out, value);
	else
		buf_puts(j->out, "null");
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	begin_value(j, key);
	buf_printf(j->out, "%" PRIu64, value);
}

void json_real(struct json *j, const char *key, double value)
{
	if (!isfinite(value)) {
		json_null(j, key);
		return;
	}
	/* 15 digits bring back every decimal that people write, 17 every double. */
	char text[32];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	begin_value(j, key);
	buf_puts(j->out, text);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin_value(j, key);
	buf_puts(j->out, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	begin_value(j, key);
	buf_puts(j->out, "null");
}
