/* valves: the valves of a run while it goes on. Part of a run, on its thread. */
#ifndef BRINK_RUN_VALVES_H
#define BRINK_RUN_VALVES_H

#include "load/crew.h"
#include "run/summary.h"
#include "run/valve.h"

struct valves {
	unsigned count;
	struct valve list[VALVES_MAX];
	struct tally *window; /* since they were last looked at; NULL: there are none */
	uint64_t from_ns;
};

int valves_init(struct valves *v, const struct valve *list, unsigned count, struct err *err);
void valves_fini(struct valves *v);

/* Takes a window in, and looks twice a second. True: the load is to end; the summary says why. */
bool valves_tick(struct valves *v, struct crew *crew, const struct tally *window,
		 const struct tally *total, uint64_t since_start_ns, struct summary *s);

#endif
