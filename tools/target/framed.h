/* framed: a connection that speaks frames, HTTP/2 (h2s.h) or WebSocket (ws_echo.h): what both
 * share, the way of their bytes onto the wire, and what session.c calls for either.
 *
 * Made when the connection is recognised or upgraded, ended by framed_free at its close. */
#ifndef BRINK_TARGET_FRAMED_H
#define BRINK_TARGET_FRAMED_H

#include "base/span.h"
#include "tools/target/session.h"

#define FRAMED_OUT_MAX (64u << 20) /* bytes that may wait to be sent */
#define FRAMED_OUT_FULL                                                                            \
	(256u << 10) /* with so many nothing more is received, where that can be                   \
		      */

/* The first member of struct h2s and struct ws_echo. */
struct framed {
	struct buf out; /* being sent; filled again once all of it is gone */
	size_t sent;    /* of it */
	uint32_t sealed;
};

/* False, as of the next two: no memory, or more than may be. Then nothing has changed. */
bool framed_begin_http2(struct server *s, struct session *c);

/* After a request that asked for it: the exchange ends. `rest` are the bytes behind it. */
bool framed_upgrade(struct server *s, struct session *c, struct span path, struct span rest);

bool framed_bytes(struct server *s, struct session *c, struct span bytes);
void framed_deliver(struct server *s, struct session *c); /* sends what can be sent now */
void framed_took(struct server *s, struct session *c, size_t bytes); /* the kernel did */
bool framed_full(const struct session *c); /* too much waits: nothing is to be received */

/* Gives back what an idle one does without. False: it is not idle. */
bool framed_rest(struct server *s, struct session *c);
void framed_free(struct server *s, struct session *c);

#endif
