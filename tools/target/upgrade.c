#include "tools/target/upgrade.h"

#include "base/base64.h"
#include "base/field.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define KEY_LEN 24u /* 16 bytes as base64: RFC 6455 4.1 */

/* --- names ------------------------------------------------------------------------------ */

static const char *const names[HEADERS] = {
	[HEADER_OTHER] = "",
	[HEADER_EXPECT] = "expect",
	[HEADER_HTTP2_SETTINGS] = "http2-settings",
	[HEADER_WS_KEY] = "sec-websocket-key",
	[HEADER_WS_PROTOCOL] = "sec-websocket-protocol",
	[HEADER_WS_VERSION] = "sec-websocket-version",
	[HEADER_UPGRADE] = "upgrade",
};

/* The next name with the same beginning, where there is one. */
static uint8_t next_like(uint8_t header, uint8_t at)
{
	bool like = header + 1 < HEADERS && strncmp(names[header], names[header + 1], at) == 0;
	return like ? header + 1 : HEADER_OTHER;
}

void header_match(uint8_t *header, uint8_t *at, struct span piece)
{
	for (size_t i = 0; i < piece.len; i++, (*at)++) {
		char c = (char)tolower((unsigned char)piece.ptr[i]);
		while (*header != HEADER_OTHER && names[*header][*at] != c)
			*header = next_like(*header, *at);
		if (*header == HEADER_OTHER)
			return;
	}
}

bool header_whole(uint8_t header, uint8_t at)
{
	return header != HEADER_OTHER && names[header][at] == '\0';
}

/* --- values ----------------------------------------------------------------------------- */

bool upgrade_value(struct upgrade **u, uint8_t header, struct span piece, bool first)
{
	if (!*u) {
		*u = calloc(1, sizeof **u);
		if (!*u)
			return false;
		for (unsigned i = 0; i < HEADERS; i++)
			buf_init(&(*u)->values[i], UPGRADE_VALUE_MAX);
	}
	struct buf *value = &(*u)->values[header];
	if (first && value->len) /* one more line of the same name: RFC 9110 5.3 */
		buf_puts(value, ",");
	buf_append(value, piece.ptr, piece.len);
	return !value->no_memory;
}

void upgrade_free(struct upgrade *u)
{
	if (!u)
		return;
	for (unsigned i = 0; i < HEADERS; i++)
		buf_fini(&u->values[i]);
	free(u);
}

/* The first element of a list, without the white space around it; moves on behind it. */
static struct span next_element(struct span *list)
{
	size_t len = 0;
	while (len < list->len && list->ptr[len] != ',')
		len++;
	struct span element = {list->ptr, len};
	span_skip(list, len < list->len ? len + 1 : len);
	return field_trim(element);
}

static struct span list_of(const struct upgrade *u, enum header header)
{
	const struct buf *value = &u->values[header];
	return (struct span){value->ptr, value->cut ? 0 : value->len};
}

static bool offers(const struct upgrade *u, const char *protocol)
{
	struct span list = list_of(u, HEADER_UPGRADE);
	while (list.len)
		if (field_is(next_element(&list), protocol))
			return true;
	return false;
}

/* The one value of a header that may stand there once. */
static struct span value_of(const struct upgrade *u, enum header header)
{
	struct span list = list_of(u, header);
	struct span value = next_element(&list);
	return list.len ? (struct span){0} : value;
}

/* --- what they come to ------------------------------------------------------------------ */

static bool is_key(struct span key)
{
	struct buf bytes;
	buf_init(&bytes, KEY_LEN);
	bool is = key.len == KEY_LEN && base64_decode(key, &bytes) && bytes.len == 16;
	buf_fini(&bytes);
	return is;
}

static enum upgrade_wish read_websocket(const struct upgrade *u, bool is_get)
{
	if (!is_get || !is_key(value_of(u, HEADER_WS_KEY)))
		return UPGRADE_BAD;
	return field_is(value_of(u, HEADER_WS_VERSION), "13") ? UPGRADE_WEBSOCKET : UPGRADE_VERSION;
}

static bool has_settings(const struct upgrade *u)
{
	struct buf settings;
	buf_init(&settings, UPGRADE_VALUE_MAX);
	bool has = value_of(u, HEADER_HTTP2_SETTINGS).len && upgrade_settings(u, &settings);
	buf_fini(&settings);
	return has;
}

enum upgrade_wish upgrade_read(struct upgrade *u, bool is_get, bool is_tls)
{
	u->wish = UPGRADE_NONE;
	if (offers(u, "websocket"))
		u->wish = read_websocket(u, is_get);
	else if (!is_tls && offers(u, "h2c") && has_settings(u))
		u->wish = UPGRADE_HTTP2;
	return u->wish;
}

bool upgrade_settings(const struct upgrade *u, struct buf *out)
{
	struct span value = value_of(u, HEADER_HTTP2_SETTINGS);
	struct buf text; /* base64url without padding: RFC 7540 3.2.1 */
	size_t before = out->len;
	buf_init(&text, UPGRADE_VALUE_MAX + 4);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];
		buf_append(&text, c == '-' ? "+" : c == '_' ? "/" : &c, 1);
	}
	while (text.len % 4)
		buf_puts(&text, "=");
	bool done = base64_decode((struct span){text.ptr, text.len}, out) &&
		    (out->len - before) % 6 == 0;
	buf_fini(&text);
	return done;
}

/* RFC 6455 4.2.2, 5.4 */
static void append_accept(const struct upgrade *u, struct buf *out)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[KEY_LEN + sizeof guid - 1];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	memcpy(text, value_of(u, HEADER_WS_KEY).ptr, KEY_LEN);
	memcpy(text + KEY_LEN, guid, sizeof guid - 1);
	EVP_Digest(text, sizeof text, digest, &len, EVP_sha1(), NULL);
	base64_append(out, digest, len);
}

void upgrade_accept(const struct upgrade *u, struct buf *out)
{
	bool websocket = u->wish == UPGRADE_WEBSOCKET;
	buf_printf(out,
		   "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n",
		   websocket ? "websocket" : "h2c");
	if (websocket) {
		buf_puts(out, "Sec-WebSocket-Accept: ");
		append_accept(u, out);
		buf_puts(out, "\r\n");
		struct span offered = list_of(u, HEADER_WS_PROTOCOL);
		struct span chosen = next_element(&offered);
		if (chosen.len)
			buf_printf(out, "Sec-WebSocket-Protocol: %.*s\r\n", (int)chosen.len,
				   chosen.ptr);
	}
	buf_puts(out, "\r\n");
}
