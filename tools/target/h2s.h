/* h2s: the HTTP/2 end of a connection, over libnghttp2's session with its memory interface.
 *
 * Bytes in, bytes out: h2s_bytes takes what came, h2s_fill appends what is to be sent, after it
 * gave the streams whose instant has come their answers. One object a connection, made when it is
 * recognised and owned by its session. One thread. */
#ifndef BRINK_TARGET_H2S_H
#define BRINK_TARGET_H2S_H

#include "base/pool.h"
#include "base/span.h"
#include "tools/target/answer.h"
#include "tools/target/upgrade.h"

struct h2s;
struct server;
struct session;
struct framed;
struct nghttp2_session_callbacks;
struct nghttp2_option;

/* What the connections of a thread share. */
struct h2s_shared {
	struct nghttp2_session_callbacks *callbacks;
	struct nghttp2_option *option;
	struct pool streams;
};

bool h2s_shared_init(struct h2s_shared *h, uint32_t connections, uint64_t streams);
void h2s_shared_fini(struct h2s_shared *h); /* after h2s_free of each; zeroed ones are fine */

/* NULL: no memory. The second after an HTTP/1.1 request that asked for it, which becomes stream 1;
 * the 101 is the first thing to be sent. */
struct h2s *h2s_new(struct server *s, struct session *c);
struct h2s *h2s_new_upgraded(struct server *s, struct session *c, const struct upgrade *u,
			     struct span path, bool head);
void h2s_free(struct h2s *h);

struct framed *h2s_framed(struct h2s *h); /* of NULL: NULL */
struct h2s *h2s_of(struct framed *t);

bool h2s_bytes(struct h2s *h, struct span bytes); /* false as of framed_bytes */
bool h2s_fill(struct h2s *h);                     /* appends to its out; false: no memory */
void h2s_took(struct h2s *h);                     /* all of it is gone */
enum answer_end h2s_end(const struct h2s *h, bool peer_done); /* nothing is left in `out` */
bool h2s_idle(const struct h2s *h);                           /* no stream is open */

#endif
