/* holding: what a hold looks at beside its load: the plan before the start, memory touched ahead,
 * the pace of establishing, what a connection costs this host, and when memory runs short. Main
 * thread. */
#ifndef BRINK_RUN_HOLDING_H
#define BRINK_RUN_HOLDING_H

#include "host/facts.h"
#include "host/warm.h"
#include "load/crew.h"
#include "run/run.h"

#define HOLDING_TENTHS 10

struct holding {
	const struct plan *plan;
	struct summary *summary;
	struct preflight_demand demand;
	struct facts before, now;
	struct warm warm; /* memory kept for connections to come */
	uint64_t start_ns;
	uint64_t tenth_ns[HOLDING_TENTHS + 1]; /* when so many tenths were open; 0: never */
	uint64_t seen_ns, seen_opened;         /* at the last tick */
	uint64_t held_ns;                      /* when all had been tried; 0: not yet */
	uint64_t came[2];                      /* what tells of segments, at the last tick */
	uint64_t looked_ns;                    /* for losses, last */
	bool to_look;
	bool measured;
	bool memory_short;
};

/* Judges the host before the start: summary->held.preflight; and decides how the connections
 * will be closed. Sends nothing. */
void holding_plan(struct holding *h, const struct run_config *c, struct plan *plan,
		  struct summary *s);

/* Touches the memory that the connections will need, and keeps it for them. */
void holding_warm(struct holding *h);

void holding_begin(struct holding *h, uint64_t start_ns);

/* Every tick: `total` is everything counted so far. */
void holding_tick(struct holding *h, struct crew *crew, const struct tally *total, uint64_t now_ns);

/* Once everything is closed. */
void holding_end(struct holding *h, uint64_t now_ns);
void holding_fini(struct holding *h); /* a zeroed struct is fine */

#endif
