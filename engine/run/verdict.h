/* verdict: what a run's counts add up to. Pure; any thread. */
#ifndef BRINK_RUN_VERDICT_H
#define BRINK_RUN_VERDICT_H

#include "run/summary.h"

enum {
	EXIT_OK = 0,
	EXIT_RUNTIME = 1,
	EXIT_USAGE = 2,
	EXIT_NO_SUCCESS = 3, /* no request ever succeeded */
	EXIT_REFUSED = 4,
	EXIT_GUARD = 5,
	EXIT_GENERATOR = 6, /* the generator was the limit */
	EXIT_LOST = 8,      /* an agent was lost */
	EXIT_INTERNAL = 70, /* the books do not balance */
	EXIT_THRESHOLDS = 99,
	EXIT_SIGINT = 130,
	EXIT_SIGTERM = 143,
};

/* intended = ok + failed + shed + generator side + in flight at the stop. */
bool verdict_balances(const struct tally *total);

/* The exit code of a finished run. Of several reasons the first of 70, 3, 5, 8, 6, 99 counts; a
 * signal comes after those and before 0. A signal before the first measured request leaves
 * nothing to judge: then it is not 3. */
int verdict_exit_code(const struct summary *s, bool accept_saturated);

#endif
