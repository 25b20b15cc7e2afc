/* server: one thread's part of the target: a ring, its listeners, its connections.
 *
 * Threads share nothing but struct target; each has listeners of its own. */
#ifndef BRINK_TARGET_SERVER_H
#define BRINK_TARGET_SERVER_H

#include "base/rng.h"
#include "io/ring.h"
#include "load/channel.h"
#include "tools/target/count.h"
#include "tools/target/due.h"
#include "tools/target/exchange.h"
#include "tools/target/h2s.h"
#include "tools/target/target.h"

struct session;

struct server {
	struct target *target;
	struct ring *ring;
	struct session *sessions; /* by slot */
	uint32_t slots;
	struct exchanges exchanges;
	struct channels channels; /* with TLS */
	struct h2s_shared h2;
	struct due due; /* by slot: when session_wake is to be called */
	struct rng rng;
	uint64_t now_ns; /* of this turn */
	struct counts counts;
	int listeners[SETTINGS_LISTEN_MAX]; /* the caller's */
	struct err err;
};

/* On the thread that is to serve: the ring belongs to it. After a failure server_close is fine. */
int server_open(struct server *s, struct target *t, uint32_t slots, struct err *err);
void server_close(struct server *s);

/* Serves until target->stop is set. -1: the ring broke, s->err says how. */
int server_run(struct server *s);

#endif
