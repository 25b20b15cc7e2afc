/* worker: one core's share of a load. Takes what is due, turns its ring, expires deadlines,
 * publishes its tally; nothing else.
 *
 * Two things cross threads: an order in (worker_order), a tally out (worker_collect). The worker
 * owns all memory below; worker_open and worker_run are called on its own thread, the rest on
 * the main one. Everything is reserved before load starts. */
#ifndef BRINK_LOAD_WORKER_H
#define BRINK_LOAD_WORKER_H

#include "base/err.h"
#include "load/plan.h"
#include "stat/tally.h"

#include <stdbool.h>
#include <stdint.h>

struct worker;

enum worker_order {
	ORDER_GO,
	ORDER_DRAIN, /* take no more requests, await answers for the plan's drain time */
	ORDER_STOP,  /* stop now: what is in flight stays so */
};

/* A worker of the plan's, with its memory; -1 with an err. `number` is 0..plan->workers - 1. */
int worker_new(struct worker **ret, const struct plan *plan, uint32_t number, struct err *err);
void worker_free(struct worker *w);

/* Opens the ring, of io_urings with `table` descriptors each (0: RLIMIT_NOFILE). Where there are
 * not descriptors enough, it gets as many slots as there are; the connections beyond end their
 * requests as descriptors_exhausted. */
int worker_open(struct worker *w, uint32_t table, struct err *err);

/* The load, from the instant given until it is over. -1: the ring broke (err says how). */
int worker_run(struct worker *w, uint64_t start_ns, struct err *err);

void worker_order(struct worker *w, enum worker_order order);

/* Only requests with safe methods go on; of a load that has none, nothing does. */
void worker_read_only(struct worker *w, bool on);

/* No connection more: memory is nearly used up. Those to come fail as memory_exhausted. */
void worker_memory_short(struct worker *w);

/* Something came in from outside: a plan that arms nothing on idle connections (PLAN_SWEEP) looks
 * at all of them, once. */
void worker_sweep(struct worker *w);

/* Adds what the worker published since the last call to `total` (tally_extend), and to `window`
 * (tally_join) unless NULL. With `ended`, after worker_run has returned, the rest as well. */
void worker_collect(struct worker *w, bool ended, struct tally *total, struct tally *window);

uint32_t worker_slots(const struct worker *w); /* connections that the ring can hold */
uint32_t worker_rings(const struct worker *w); /* io_urings */
uint64_t worker_bytes_per_connection(const struct plan *plan); /* user memory of an idle one */

#endif
