/* session: one accepted connection: requests in, through libhttp-parser, answers out, in order.
 *
 * At most one send is in flight. Beyond PENDING_MAX answers owed parsing stops; what arrives all
 * the same is kept, and past SESSION_PARKED_MAX bytes the connection is reset. A plain request
 * allocates nothing. */
#ifndef BRINK_TARGET_SESSION_H
#define BRINK_TARGET_SESSION_H

#include "io/ring.h"
#include "tools/target/pending.h"

#include <http_parser.h>

#define SESSION_PATH_MAX   40u
#define SESSION_PARKED_MAX (256u << 10)

struct server;

enum session_state {
	SESSION_CLOSED,
	SESSION_READING, /* requests */
	SESSION_LAST,    /* no further request is read; answers owed go out, then the end */
	SESSION_MUTE,    /* nothing is sent any more; we wait for the peer's end */
	SESSION_CLOSING, /* until RING_CLOSED */
};

struct session {
	http_parser parser; /* first: its callbacks know the session by it; .data is the server */
	struct pending_list owed;
	uint64_t sent; /* bytes of the current part of the first answer owed */
	struct buf *parked;
	uint32_t requests;
	uint8_t state;
	uint8_t part;
	bool counted : 1;   /* among the open ones */
	bool receiving : 1; /* a receive is armed */
	bool sending : 1;
	bool paused : 1;      /* the parser is */
	bool peer_done : 1;   /* its FIN has come */
	bool peer_closes : 1; /* it asked for the end: it sends nothing more, we may close at once
			       */
	bool lingering : 1;   /* mute, and for a limited time */
	bool in_name : 1;     /* of a header */
	bool expects : 1;     /* Expect: 100-continue */
	uint8_t expect_at;    /* characters of "expect" that the header's name has matched */
	uint8_t path_len;     /* SESSION_PATH_MAX: too long */
	char path[SESSION_PATH_MAX];
};

void session_event(struct server *s, const struct ring_event *e);
void session_wake(struct server *s, struct session *c); /* its instant in server->due has come */
void session_fini(struct server *s, struct session *c); /* frees what it holds */

#endif
