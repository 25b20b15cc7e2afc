#include "load/arrival.h"

#include <assert.h>
#include <math.h>

#define NS_PER_S_REAL 1e9

/* The instant so long after the start; one that no clock reaches where it does not fit. */
static uint64_t instant(const struct arrival *a, double after_ns)
{
	if (after_ns >= (double)(UINT64_MAX - a->start_ns))
		return UINT64_MAX;
	return a->start_ns + (uint64_t)after_ns;
}

/* From the number of the request, not from the instant before it: no rate drifts, and all workers
 * agree. A double places it to the nanosecond for the first twelve days. */
static uint64_t even_due(const struct arrival *a)
{
	uint64_t number = a->index * a->shares + a->share;
	return instant(a, (double)number * NS_PER_S_REAL / a->rate_rps);
}

static uint64_t poisson_due(struct arrival *a)
{
	a->at_ns -= log(rng_unit(&a->rng)) * a->gap_ns;
	return instant(a, a->at_ns);
}

static uint64_t next_due(struct arrival *a)
{
	return a->poisson ? poisson_due(a) : even_due(a);
}

void arrival_init(struct arrival *a, uint64_t start_ns, double rate_rps, uint32_t share,
		  uint32_t shares, bool poisson, uint64_t seed)
{
	assert(rate_rps > 0 && share < shares);
	*a = (struct arrival){
		.start_ns = start_ns,
		.rate_rps = rate_rps,
		.share = share,
		.shares = shares,
		.poisson = poisson,
		.gap_ns = NS_PER_S_REAL * shares / rate_rps,
		.rng = {seed ^ (uint64_t)share << 32},
	};
	/* Hashed once, so that the workers' sequences do not start side by side. */
	a->rng.state = rng_next(&a->rng);
	a->due_ns = next_due(a);
}

void arrival_take(struct arrival *a)
{
	a->index++;
	a->due_ns = next_due(a);
}
