#include "proto/ws_impl.h"

/* What may follow a first byte, RFC 3629 section 4. False: it is none. */
static bool begin(struct ws_utf8 *u, unsigned char c)
{
	u->low = 0x80;
	u->high = 0xbf;
	if (c < 0x80)
		u->left = 0;
	else if (c >= 0xc2 && c <= 0xdf)
		u->left = 1;
	else if (c >= 0xe0 && c <= 0xef)
		u->left = 2;
	else if (c >= 0xf0 && c <= 0xf4)
		u->left = 3;
	else
		return false;
	if (c == 0xe0) /* shorter forms exist */
		u->low = 0xa0;
	else if (c == 0xed) /* surrogates */
		u->high = 0x9f;
	else if (c == 0xf0)
		u->low = 0x90;
	else if (c == 0xf4) /* past U+10FFFF */
		u->high = 0x8f;
	return true;
}

static bool go_on(struct ws_utf8 *u, unsigned char c)
{
	if (c < u->low || c > u->high)
		return false;
	u->left--;
	u->low = 0x80;
	u->high = 0xbf;
	return true;
}

/* How many bytes of ASCII come first, by eights. */
static size_t ascii_len(const char *bytes, size_t len)
{
	size_t n = 0;
	for (; n + 8 <= len; n += 8) {
		uint64_t eight;
		memcpy(&eight, bytes + n, 8);
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	return n;
}

bool ws_utf8_take(struct ws_utf8 *u, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!u->left)
			i += ascii_len(bytes + i, len - i);
		if (i == len)
			return true;
		unsigned char c = (unsigned char)bytes[i];
		if (!(u->left ? go_on(u, c) : begin(u, c)))
			return false;
	}
	return true;
}

bool ws_utf8_is_whole(struct span text)
{
	struct ws_utf8 u = {0};
	return ws_utf8_take(&u, text.ptr, text.len) && !u.left;
}
