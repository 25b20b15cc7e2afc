/* arrival: when requests are due in an open loop, whatever the target's pace.
 *
 * Instants are fixed ahead: evenly spaced, or Poisson from a seed. Worker i of n takes every n-th
 * instant of the even schedule, or a Poisson process of 1/n of the rate, so that the sum over
 * workers is the rate asked for. Requests that are due and not yet sent need no queue: they are
 * the instants between arrival_due_ns and now. Pure; one thread. */
#ifndef BRINK_LOAD_ARRIVAL_H
#define BRINK_LOAD_ARRIVAL_H

#include "base/rng.h"

#include <stdbool.h>
#include <stdint.h>

struct arrival {
	uint64_t start_ns;
	double rate_rps; /* of all workers together, > 0 */
	uint32_t share, shares;
	bool poisson;
	uint64_t index;  /* requests taken so far by this worker */
	uint64_t due_ns; /* of the next */
	double gap_ns;   /* Poisson: mean gap of this worker */
	double at_ns;    /* Poisson: since start, unrounded */
	struct rng rng;
};

void arrival_init(struct arrival *a, uint64_t start_ns, double rate_rps, uint32_t share,
		  uint32_t shares, bool poisson, uint64_t seed);

/* The instant of the next request. */
static inline uint64_t arrival_due_ns(const struct arrival *a)
{
	return a->due_ns;
}

/* Takes that request, and moves on to the one after it. */
void arrival_take(struct arrival *a);

#endif
