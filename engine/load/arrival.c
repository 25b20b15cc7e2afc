#include "load/arrival.h"

#include <assert.h>
#include <math.h>

/* The instant so long after the piece's beginning; one that no clock reaches where it does not
 * fit. */
static uint64_t instant(const struct arrival *a, double after_ns)
{
	if (!(after_ns < (double)(UINT64_MAX - a->piece.from_ns)))
		return UINT64_MAX;
	return a->piece.from_ns + (uint64_t)after_ns;
}

/* From the number of the request, not from the instant before it: no rate drifts, and all workers
 * agree. A double places it to the nanosecond for the first twelve days. */
static double next_count(struct arrival *a)
{
	if (!a->poisson)
		return (double)(a->index * a->shares + a->share);
	a->expected -= log(rng_unit(&a->rng)) * a->shares;
	return a->expected;
}

static void compute_due(struct arrival *a)
{
	a->due_ns = instant(a, piece_when_ns(&a->piece, next_count(a)));
}

static void begin_piece(struct arrival *a, const struct piece *p)
{
	a->piece = *p;
	a->index = 0;
	a->expected = 0;
	compute_due(a);
}

void arrival_init(struct arrival *a, uint64_t start_ns, double rate_rps, uint32_t share,
		  uint32_t shares, bool poisson, uint64_t seed)
{
	assert(rate_rps > 0 && share < shares);
	*a = (struct arrival){
		.share = share,
		.shares = shares,
		.poisson = poisson,
		.rng = {seed ^ (uint64_t)share << 32},
	};
	/* Hashed once, so that the workers' sequences do not start side by side. */
	a->rng.state = rng_next(&a->rng);
	begin_piece(a, &(struct piece){.from_ns = start_ns, .to = rate_rps});
}

void arrival_follow(struct arrival *a, const struct schedule *schedule)
{
	a->schedule = schedule;
	a->next = 1;
	begin_piece(a, schedule_piece(schedule, 0));
}

void arrival_advance(struct arrival *a)
{
	const struct piece *next;
	while ((next = schedule_piece(a->schedule, a->next)) && a->due_ns >= next->from_ns) {
		a->next++;
		begin_piece(a, next);
	}
}

void arrival_take(struct arrival *a)
{
	a->index++;
	compute_due(a);
}
