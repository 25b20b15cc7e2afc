#include "base/base64.h"

#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One to three bytes as four characters. */
static void append_group(struct buf *out, const unsigned char *bytes, size_t len)
{
	uint32_t word = (uint32_t)bytes[0] << 16;
	if (len > 1)
		word |= (uint32_t)bytes[1] << 8;
	if (len > 2)
		word |= bytes[2];
	char group[4] = {digits[word >> 18], digits[word >> 12 & 63],
			 len > 1 ? digits[word >> 6 & 63] : '=', len > 2 ? digits[word & 63] : '='};
	buf_append(out, group, sizeof group);
}

void base64_append(struct buf *out, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;
	for (size_t i = 0; i < len; i += 3)
		append_group(out, from + i, len - i < 3 ? len - i : 3);
}

/* What a character stands for, -1 where it is no digit. */
static int digit_value(char c)
{
	const char *at = memchr(digits, c, sizeof digits - 1);
	return at ? (int)(at - digits) : -1;
}

/* Four characters, the last `pad` of which are padding, as 3 - pad bytes. */
static bool decode_group(const char *group, size_t pad, struct buf *out)
{
	uint32_t word = 0;
	for (size_t i = 0; i < 4; i++) {
		int value = i < 4 - pad ? digit_value(group[i]) : 0;
		if (value < 0)
			return false;
		word = word << 6 | (uint32_t)value;
	}
	unsigned char bytes[3] = {(unsigned char)(word >> 16), (unsigned char)(word >> 8),
				  (unsigned char)word};
	for (size_t i = 3 - pad; i < 3; i++)
		if (bytes[i])
			return false; /* two texts for the same bytes: section 3.5 */
	buf_append(out, bytes, 3 - pad);
	return !out->cut;
}

bool base64_decode(struct span text, struct buf *out)
{
	if (text.len % 4)
		return false;
	for (; text.len; span_skip(&text, 4)) {
		size_t pad = 0;
		if (text.len == 4)
			pad = text.ptr[3] != '=' ? 0 : text.ptr[2] != '=' ? 1 : 2;
		if (!decode_group(text.ptr, pad, out))
			return false;
	}
	return true;
}
