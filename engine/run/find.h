/* find: a search under way: turns the orders of run/search into the load of a crew, and what the
 * crew counted into windows. Part of a run, on its thread. */
#ifndef BRINK_RUN_FIND_H
#define BRINK_RUN_FIND_H

#include "load/crew.h"
#include "load/schedule.h"
#include "run/health.h"
#include "run/run.h"

struct find;

/* Makes the plan follow its schedule. `limits` outlive it. */
int find_new(struct find **ret, const struct run_config *c, const struct limits *limits,
	     struct plan *plan, struct err *err);
void find_free(struct find *f); /* NULL is fine; the plan is of no use after it */

void find_begin(struct find *f, struct crew *crew, uint64_t start_ns);

/* What was counted since the last call; the search's last word ends the load. True: s->found has
 * one more step. */
bool find_tick(struct find *f, const struct tally *window, uint64_t now_ns, struct summary *s);

/* Settles what was found, and whether the generator was the limit. */
void find_end(struct find *f, struct summary *s);

#endif
