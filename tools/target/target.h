/* target: what all threads of the server share: answers rendered at start-up, the queue, counts.
 *
 * Answers never change once rendered. The queue locks itself; the rest is atomic. */
#ifndef BRINK_TARGET_TARGET_H
#define BRINK_TARGET_TARGET_H

#include "tools/target/mood.h"
#include "tools/target/queue.h"
#include "tools/target/settings.h"

#include <stdatomic.h>

struct server;

struct target {
	const struct settings *settings;
	struct tls_context *tls; /* NULL: plain */
	bool ktls;               /* keys are handed to the kernel */
	struct server *servers;  /* settings->threads of them */

	char *filler;            /* what large bodies are sent from */
	struct answer_spec spec; /* what every rendered answer starts from */
	struct answer plain[WIRE_COUNT];
	struct answer shed[WIRE_COUNT];    /* 503 of the queue */
	struct answer missing[WIRE_COUNT]; /* 404 */
	struct answer bad;                 /* 400 */
	struct answer large;               /* 431 */
	struct answer interim;             /* 100 Continue */
	struct answer *faults;             /* one for each row of fault_table */

	struct queue queue; /* in use when settings->servers is not 0 */
	struct mood mood;   /* in use when it has any */
	_Atomic uint64_t open, open_max;
	atomic_bool stop;
};

int target_init(struct target *t, const struct settings *settings, struct err *err);
void target_fini(struct target *t);

void target_opened(struct target *t, uint64_t open); /* so many connections are open now */

/* Everything counted so far, as one line of JSON without a line end; `rss_bytes` is what the
 * process held while the connections that are counted as open were. */
void target_stats(struct target *t, uint64_t rss_bytes, struct buf *out);

#endif
