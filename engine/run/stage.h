/* stage: a load in stages: ramps, plateaus, the way to the breaking point and the recovery, each
 * with figures of its own; then, where asked for, a light load that watches what becomes of the
 * target. Part of a run, on its thread. */
#ifndef BRINK_RUN_STAGE_H
#define BRINK_RUN_STAGE_H

#include "load/plan.h"
#include "run/run.h"

struct staging;

/* Makes the plan follow its stages. */
int staging_new(struct staging **ret, const struct run_config *c, struct plan *plan,
		struct err *err);
void staging_free(struct staging *g); /* NULL is fine; the plan is of no use after it */

void staging_begin(struct staging *g, uint64_t start_ns);
void staging_tick(struct staging *g, const struct tally *window, uint64_t now_ns,
		  struct summary *s);
void staging_end(struct staging *g, struct summary *s);

/* What a load of stages is at most, and how long they take with the watch. */
double stages_most(const struct run_config *c);
uint64_t stages_length_ns(const struct run_config *c);

#endif
