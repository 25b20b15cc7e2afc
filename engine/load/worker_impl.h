/* worker_impl: the inside of a worker, shared by worker.c (the loop), issue.c (what is due) and
 * conn.c (a connection).
 * Nobody else includes it. */
#ifndef BRINK_LOAD_WORKER_IMPL_H
#define BRINK_LOAD_WORKER_IMPL_H

#include "host/self.h"
#include "io/wheel.h"
#include "load/arrival.h"
#include "load/conn.h"
#include "load/worker.h"

#include <stdatomic.h>

#define READY_NONE UINT32_MAX

struct worker {
	const struct plan *plan;
	uint32_t number;
	struct ring *ring;
	uint32_t slots; /* of the ring; connections from here on have no descriptor */

	struct conn *conns;
	struct flight *flights; /* plan->pipeline a connection */
	uint32_t count;
	struct wheel wheel;

	/* Connections with room, oldest first. */
	uint32_t ready_head, ready_tail;
	uint64_t free_since_ns; /* since when there is one */

	struct arrival arrival;
	uint64_t now_ns;
	uint64_t measure_ns, stop_ns;
	uint64_t quota; /* requests that may still be taken */
	uint64_t in_flight;
	uint32_t preopened; /* connections dialled ahead so far */
	uint32_t dialling;
	uint32_t open, active;
	uint64_t unassigned;          /* due before the stop, and never given a connection */
	uint64_t unassigned_since_ns; /* the first of them */
	bool issuing;
	bool polling; /* awake by choice, for a due instant that is near */
	uint64_t service_ewma_ns, service_min_ns; /* of answers: mean of late, least of all */

	struct tally *tally; /* being filled */
	uint64_t publish_ns;
	struct self_thread self;
	uint64_t cpu_seen_ns, delay_seen_ns;
	uint64_t turns_seen, events_seen, overflows_seen, starved_seen;

	_Atomic(struct tally *) outbox; /* full, for the main thread */
	_Atomic(struct tally *) inbox;  /* empty, from it */
	_Atomic int order;
	struct tally tallies[2];
};

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline bool worker_open_loop(const struct worker *w)
{
	return w->plan->rate_rps > 0;
}

/* Puts a connection at the end of the queue of those with room; once is enough. */
void worker_ready(struct worker *w, uint32_t id);

/* How long after a failed life the next may begin. */
uint64_t worker_backoff_ns(unsigned failures);

#endif
