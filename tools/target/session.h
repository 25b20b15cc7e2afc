/* session: one accepted connection: requests in, through libhttp-parser, answers out, in order.
 * Where its first bytes, or an upgrade, turn it into HTTP/2 or a WebSocket, framed.h takes over.
 *
 * At most one send is in flight. Beyond PENDING_MAX answers owed parsing stops; what arrives all
 * the same is kept, and past EXCHANGE_PARKED_MAX bytes the connection is reset. A plain request
 * allocates nothing. An idle connection is a struct session and nothing else. */
#ifndef BRINK_TARGET_SESSION_H
#define BRINK_TARGET_SESSION_H

#include "base/mono.h"
#include "io/ring.h"

#define SESSION_RETRY_NS NS_PER_MS /* until the kernel takes submissions again */

struct exchange;
struct server;
struct framed;

enum session_state {
	SESSION_CLOSED,
	SESSION_SHAKING, /* hands: TLS */
	SESSION_READING, /* requests */
	SESSION_LAST,    /* no further request is read; answers owed go out, then the end */
	SESSION_MUTE,    /* nothing is sent any more; we wait for the peer's end */
	SESSION_CLOSING, /* until RING_CLOSED */
};

/* What it speaks. "PRI" begins no HTTP/1.1 method, but the preface of HTTP/2 (RFC 9113 3.4). */
enum session_speech {
	SPEECH_NEW,    /* nothing has come yet */
	SPEECH_NEW_P,  /* "P" has, */
	SPEECH_NEW_PR, /* "PR" has */
	SPEECH_HTTP1,
	SPEECH_HTTP2, /* from here on there is a struct framed */
	SPEECH_WEBSOCKET,
};

struct session {
	union {
		struct exchange *exchange; /* NULL: between two requests, nothing is owed */
		struct framed *framed;     /* see session_is_framed */
	};
	uint32_t requests;
	uint8_t state;
	uint8_t speech;
	bool counted : 1;   /* among the open ones */
	bool receiving : 1; /* a receive or a watch is armed */
	bool sending : 1;
	bool peer_done : 1;   /* its FIN has come */
	bool peer_closes : 1; /* it asked for the end: it sends nothing more, we may close at once
			       */
	bool lingering : 1;   /* mute, and for a limited time */
};
_Static_assert(sizeof(struct session) <= 16, "a million of them are idle");

static inline bool session_alive(const struct session *c)
{
	return c->state != SESSION_CLOSING;
}

static inline bool session_is_framed(const struct session *c)
{
	return c->speech >= SPEECH_HTTP2;
}

uint32_t session_slot(const struct server *s, const struct session *c);

void session_event(struct server *s, const struct ring_event *e);
void session_begin(struct server *s, struct session *c); /* it stands, requests may come */
void session_bytes(struct server *s, struct session *c, struct span bytes); /* plain ones */
void session_wake(struct server *s, struct session *c); /* its instant in server->due has come */
void session_fini(struct server *s, struct session *c); /* frees what it holds */

#endif
