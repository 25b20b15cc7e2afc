/* worker_impl: the inside of a worker, shared by worker.c (the loop), issue.c and hold.c (what is
 * due), follow.c (how the load moves), opening.c (when to dial), ready.c (who has room), conn*.c
 * and flight.c. Nobody else includes it. */
#ifndef BRINK_LOAD_WORKER_IMPL_H
#define BRINK_LOAD_WORKER_IMPL_H

#include "base/mono.h"
#include "host/self.h"
#include "io/wheel.h"
#include "load/arrival.h"
#include "load/calls.h"
#include "load/channel.h"
#include "load/conn.h"
#include "base/pool.h"
#include "load/worker.h"

#include <stdatomic.h>

#define CONN_NONE UINT32_MAX

enum hold_stage { HOLD_OPENING, HOLD_HOLDING, HOLD_VERIFYING };

struct worker {
	const struct plan *plan;
	uint32_t number;
	struct ring *ring;
	uint32_t slots; /* of the ring; connections from here on have no descriptor */

	struct conn *conns;
	struct flight *flights; /* plan->pipeline a connection */
	uint16_t *links;        /* of flights, where answers come in any order */
	uint64_t *marks;        /* of flights: when their latest message came; of gRPC alone */
	struct pool talks;
	uint32_t count;
	struct wheel wheel;

	struct tuple_book book; /* where the plan books tuples */

	struct channels channels; /* with TLS */
	struct calls calls;       /* of a mix */
	struct ears ears;

	/* Connections with room, oldest first. */
	uint32_t ready_head, ready_tail;
	uint64_t free_since_ns;     /* since when there is one */
	struct bitset to_open;      /* a hold's: closed, to be opened again */
	uint32_t to_open_at;        /* in their round */
	struct bitset to_close;     /* a hold's: lost */
	uint32_t to_close_seen;     /* how many there were at the last turn, */
	uint64_t to_close_since_ns; /* and since when there are any */

	struct arrival arrival;
	const struct piece *piece; /* of the plan's schedule: the one that goes on; NULL */
	uint32_t next_piece;
	uint32_t limit;   /* connections from here on are not used */
	uint64_t mark_ns; /* what was due earlier is late */
	uint64_t now_ns;
	uint64_t measure_ns, stop_ns;
	uint64_t quota; /* requests that may still be taken */
	uint64_t in_flight;
	uint32_t preopened; /* connections dialled ahead so far */
	uint32_t dialling;
	double dial_at_ns;      /* not before, by plan->connect_rps */
	uint32_t dial_failures; /* in a row */
	uint32_t port_misses;   /* ports in a row that others held */
	uint32_t open, active;
	uint64_t given_up;            /* in flight when a fresh piece began */
	uint64_t unassigned;          /* due before the stop, and never given a connection */
	uint64_t unassigned_since_ns; /* the first of them */
	bool issuing;
	bool finishing; /* all is being closed, and nothing opened any more */
	bool polling;   /* awake by choice, for a due instant that is near */
	uint64_t service_ewma_ns, service_min_ns; /* of answers: mean of late, least of all */

	enum hold_stage hold_stage;
	bool trimmed;            /* its deadlines' memory was given back */
	uint64_t all_dialled_ns; /* a hold's: when the last one was dialled first; 0: not yet */
	struct arrival churn;
	uint32_t verified;             /* connections looked at by a hold's last round */
	uint32_t sweep_at, sweep_left; /* where the next look goes; connections still to look at */

	struct tally *tally; /* being filled */
	uint64_t publish_ns;
	struct self_thread self;
	uint64_t cpu_seen_ns, delay_seen_ns;
	uint64_t turns_seen, events_seen, overflows_seen, starved_seen;

	_Atomic(struct tally *) outbox; /* full, for the main thread */
	_Atomic(struct tally *) inbox;  /* empty, from it */
	_Atomic int order;
	atomic_bool read_only;    /* only safe methods */
	atomic_bool memory_short; /* no connection more */
	atomic_bool sweep_asked;
	struct tally tallies[2];
};

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Answers come in any order. */
static inline bool worker_multiplexes(const struct worker *w)
{
	return !w->plan->proto->ordered;
}

static inline bool worker_open_loop(const struct worker *w)
{
	return w->plan->rate_rps > 0;
}

static inline uint64_t worker_us_since(const struct worker *w, uint64_t then_ns)
{
	return w->now_ns > then_ns ? (w->now_ns - then_ns) / NS_PER_US : 0;
}

/* Puts a connection at the end of the queue of those with room; once is enough. */
void worker_ready(struct worker *w, uint32_t id);

/* The first connection that has room still; CONN_NONE when there is none. And takes it out. */
uint32_t worker_next_ready(struct worker *w);
void worker_unready(struct worker *w, uint32_t id);

/* How long after a failed life the next may begin. */
uint64_t worker_backoff_ns(unsigned failures);

/* Opens connections ahead of requests, and a hold's again, as many as the pace allows now. */
void worker_open_ahead(struct worker *w);
bool worker_probing(const struct worker *w); /* a hold's dials fail, all of them */
bool worker_may_dial(const struct worker *w);
void worker_note_dial(struct worker *w);
uint64_t worker_open_next_ns(struct worker *w); /* when it is worth calling again */

#endif
