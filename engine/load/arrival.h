/* arrival: when requests are due in an open loop, whatever the target's pace.
 *
 * Instants are fixed ahead: evenly spaced, or Poisson from a seed. Worker i of n takes every n-th
 * instant of the even schedule, or a Poisson process of 1/n of the rate, so that the sum over
 * workers is the rate asked for; where that moves, instants follow its integral. Requests that are
 * due and not yet sent need no queue: they are the instants between arrival_due_ns and now.
 * Pure; one thread. */
#ifndef BRINK_LOAD_ARRIVAL_H
#define BRINK_LOAD_ARRIVAL_H

#include "base/rng.h"
#include "load/schedule.h"

struct arrival {
	struct piece piece;              /* that the next request is of */
	const struct schedule *schedule; /* and what comes after; NULL: nothing */
	uint32_t next;                   /* of its pieces */
	uint32_t share, shares;
	bool poisson;
	uint64_t index;  /* requests of this piece taken so far by this worker */
	uint64_t due_ns; /* of the next */
	double expected; /* Poisson: of all workers, by then */
	struct rng rng;
};

/* A rate that stays, > 0, of all workers together. */
void arrival_init(struct arrival *a, uint64_t start_ns, double rate_rps, uint32_t share,
		  uint32_t shares, bool poisson, uint64_t seed);

/* Another that moves as the schedule has it. Its first piece stands already. */
void arrival_follow(struct arrival *a, const struct schedule *schedule);

void arrival_advance(struct arrival *a); /* to the piece in which the next request is due */

/* The instant of the next request; UINT64_MAX: none, as far as is known. */
static inline uint64_t arrival_due_ns(struct arrival *a)
{
	if (a->schedule)
		arrival_advance(a);
	return a->due_ns;
}

/* Takes that request, and moves on to the one after it. */
void arrival_take(struct arrival *a);

#endif
