/* calls: what a worker keeps of a mix: which call each flight is, the bytes of it, what was
 * captured, and what is to be made again. Its thread alone calls. */
#ifndef BRINK_LOAD_CALLS_H
#define BRINK_LOAD_CALLS_H

#include "base/rng.h"
#include "load/mix.h"
#include "stat/outcome.h"

struct worker;
struct proto_answer;

struct again {
	uint64_t due_ns;
	struct call call;
};

struct calls {
	const struct mix *mix; /* NULL: the load has one request, always the same */
	struct call *of;       /* by connection: mixes are not pipelined */
	char *bytes;           /* by connection, mix->longest each */
	char *scratch;         /* for one request on its way */
	struct call drawn;     /* the next one, once calls_may has said so */
	struct again *again;   /* a queue, as long as there are connections */
	uint32_t again_at, again_count;
	uint64_t next;             /* number of the next call */
	uint64_t retried, counted; /* retries; calls that may have some */
	uint32_t have;             /* captured values, a bit each */
	struct captured captured[MIX_CAPTURES_MAX];
	struct buf *answers; /* by connection: what a capture is looked for in; NULL: none is */
	struct rng rng;
};

bool calls_init(struct worker *w);
void calls_fini(struct worker *w);

/* Whether the load may go on just now: not where only safe methods may and there are none; false
 * as well once rows that are used once have run out, which ends it. */
bool calls_may(struct worker *w);

/* The flight that a connection has just taken becomes a call: the next one. */
void calls_take(struct worker *w, uint32_t id);

/* The call that waits to be made again, if any does; it becomes that connection's. */
bool calls_take_again(struct worker *w, uint32_t id, uint64_t *ret_due_ns);
bool calls_wait(const struct worker *w);
bool calls_first_try(const struct worker *w, uint32_t id);

struct span calls_render(struct worker *w, uint32_t id);
struct span calls_bytes(const struct worker *w, uint32_t id); /* of the latest rendering's start */
const struct mix_request *calls_request(const struct worker *w, uint32_t id); /* NULL: no mix */

/* True: it is to be made again, so that nothing has ended. */
bool calls_retry(struct worker *w, uint32_t id, uint64_t due_ns, enum outcome outcome);

/* Bytes of an answer, before it is parsed; and that it was whole. */
void calls_heard(struct worker *w, uint32_t id, struct span in);
void calls_answered(struct worker *w, uint32_t id, enum outcome outcome);
void calls_forget(struct worker *w, uint32_t id); /* what was heard of an answer so far */

#endif
