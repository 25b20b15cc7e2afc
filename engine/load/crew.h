/* crew: the workers of a plan, each on a thread of its own, pinned to a CPU.
 *
 * The main thread starts them, gives orders, collects their tallies, and joins. The plan is
 * read by all of them and must outlive the crew. */
#ifndef BRINK_LOAD_CREW_H
#define BRINK_LOAD_CREW_H

#include "load/worker.h"

#include <sched.h>

struct crew;

/* Reserves all memory, starts the threads and opens their rings; no packet is sent yet. Worker i
 * is pinned to the i-th CPU of the set, round and round. `table`: see worker_open. */
int crew_new(struct crew **ret, const struct plan *plan, const cpu_set_t *cpus, uint32_t table,
	     struct err *err);

/* Lets all workers begin at one instant. */
void crew_go(struct crew *c, uint64_t start_ns);
void crew_order(struct crew *c, enum worker_order order);
void crew_read_only(struct crew *c, bool on); /* see worker_read_only */
void crew_memory_short(struct crew *c);       /* see worker_memory_short */
void crew_sweep(struct crew *c);              /* see worker_sweep */

/* Takes in what was published since the last call; adds it to `window` as well. */
void crew_collect(struct crew *c, struct tally *window);

int crew_fd(const struct crew *c); /* readable when a worker has ended */
bool crew_ended(const struct crew *c);

/* Joins the threads and adds up everything they counted. -1 when a worker broke off. */
int crew_join(struct crew *c, struct tally *ret_total, struct err *err);

uint32_t crew_slots(const struct crew *c); /* connections for which there are descriptors */
uint32_t crew_rings(const struct crew *c);
void crew_free(struct crew *c); /* stops and joins threads that still run */

#endif
