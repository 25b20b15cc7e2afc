/* calls: what a worker keeps of a mix: which call each flight is, the bytes of it, what was
 * captured, and what is to be made again. `at` is a flight's index. Its thread alone calls. */
#ifndef BRINK_LOAD_CALLS_H
#define BRINK_LOAD_CALLS_H

#include "base/rng.h"
#include "load/ear.h"
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
	struct call *of;       /* by flight */
	char *bytes;           /* mix->longest each: by connection, where they are sent from here */
	char *scratch;         /* for one request on its way */
	struct call drawn;     /* the next one, once calls_may has said so */
	struct again *again;   /* a queue, as long as there are flights */
	size_t again_at, again_count;
	uint64_t next;             /* number of the next call */
	uint64_t retried, counted; /* retries; calls that may have some */
	uint32_t have;             /* captured values, a bit each */
	uint64_t check_phase;      /* of which answers are checked */
	struct captured captured[MIX_CAPTURES_MAX];
	struct rng rng;
};

bool calls_init(struct worker *w);
void calls_fini(struct worker *w);

/* Whether the load may go on just now: not where only safe methods may and there are none; false
 * as well once rows that are used once have run out, which ends it. */
bool calls_may(struct worker *w);

/* A flight that was just taken becomes a call: the next one. */
void calls_take(struct worker *w, size_t at);

/* The call that waits to be made again, if any does; it becomes that flight's, see
 * flight_take_again(). */
bool calls_wait(const struct worker *w);
uint64_t calls_waiting_ns(const struct worker *w); /* when it was due */
void calls_take_again(struct worker *w, size_t at);
bool calls_first_try(const struct worker *w, size_t at);

/* The request's text; into the connection's own bytes where they are sent as they are. */
struct span calls_render(struct worker *w, size_t at, uint32_t id);
struct span calls_bytes(const struct worker *w, uint32_t id); /* of the latest rendering's start */
const struct mix_request *calls_request(const struct worker *w, size_t at); /* NULL: no mix */

/* True: it is to be made again, so that nothing has ended. */
bool calls_retry(struct worker *w, size_t at, uint64_t due_ns, enum outcome outcome);

/* Where what its answer says goes, from its sending on; NULL: nobody wants to know. And that it was
 * whole, or will never be. */
struct proto_heard *calls_ear(struct worker *w, size_t at);
void calls_answered(struct worker *w, size_t at, enum outcome outcome);

/* What an answer that is ok by its status comes to by what it says; `counts`: in the tally. */
enum outcome calls_check(struct worker *w, size_t at, bool counts);
void calls_forget(struct worker *w, size_t at);

#endif
