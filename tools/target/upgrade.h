/* upgrade: the headers of an HTTP/1.1 request that the target looks at itself, and what those of
 * an upgrade come to: HTTP/2 over plain text (RFC 7540 3.2) or a WebSocket (RFC 6455 4.2).
 *
 * Names are told apart by their first letter, so that other headers cost one look. Values are kept
 * on the heap, while the request that carries them is read. One thread. */
#ifndef BRINK_TARGET_UPGRADE_H
#define BRINK_TARGET_UPGRADE_H

#include "base/span.h"

#include <stdint.h>

enum header {
	HEADER_OTHER,
	HEADER_EXPECT,
	HEADER_HTTP2_SETTINGS,
	HEADER_WS_KEY, /* the three in alphabetical order */
	HEADER_WS_PROTOCOL,
	HEADER_WS_VERSION,
	HEADER_UPGRADE,
	HEADERS
};

/* What a name that begins so may be. */
static inline uint8_t header_first(char c)
{
	switch (c | 0x20) {
	case 'e':
		return HEADER_EXPECT;
	case 'h':
		return HEADER_HTTP2_SETTINGS;
	case 's':
		return HEADER_WS_KEY;
	case 'u':
		return HEADER_UPGRADE;
	default:
		return HEADER_OTHER;
	}
}

/* Holds a further piece of the name, of which *at characters fit so far, to *header. */
void header_match(uint8_t *header, uint8_t *at, struct span piece);
bool header_whole(uint8_t header, uint8_t at); /* it is that one */

#define UPGRADE_VALUE_MAX 1024u

enum upgrade_wish {
	UPGRADE_NONE, /* none that we know: the request is answered as if it had not asked */
	UPGRADE_HTTP2,
	UPGRADE_WEBSOCKET,
	UPGRADE_VERSION, /* of WebSocket, other than 13 */
	UPGRADE_BAD,     /* a WebSocket's handshake that is not valid */
};

struct upgrade {
	struct buf values[HEADERS];
	bool asked;   /* Connection: Upgrade came as well */
	uint8_t wish; /* enum upgrade_wish, by upgrade_read */
};

/* Keeps a piece of a value; *u is made where it is NULL. `first`: the value begins. False: no
 * memory. */
bool upgrade_value(struct upgrade **u, uint8_t header, struct span piece, bool first);
void upgrade_free(struct upgrade *u); /* NULL is fine */

enum upgrade_wish upgrade_read(struct upgrade *u, bool is_get, bool is_tls);

/* Appends the 101 that accepts. */
void upgrade_accept(const struct upgrade *u, struct buf *out);

/* Appends the payload of the SETTINGS frame in HTTP2-Settings; false: it is none. */
bool upgrade_settings(const struct upgrade *u, struct buf *out);

#endif
