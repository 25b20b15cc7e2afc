#include "stat/fit.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>

#define RESAMPLES 200u

/* --- two lines that meet ---------------------------------------------------------------- */

struct line {
	double error, slope;
};

/* Least squares of y = a + b max(0, x - bend): a line over the hinge's values. */
static struct line hinge(const double *x, const double *y, unsigned count, double bend)
{
	double n = count, sh = 0, sy = 0, shh = 0, shy = 0, syy = 0;
	for (unsigned i = 0; i < count; i++) {
		double h = x[i] > bend ? x[i] - bend : 0;
		sh += h;
		sy += y[i];
		shh += h * h;
		shy += h * y[i];
		syy += y[i] * y[i];
	}
	double det = n * shh - sh * sh;
	double slope = det > 0 ? (n * shy - sh * sy) / det : 0;
	double height = (sy - slope * sh) / n;
	return (struct line){syy - height * sy - slope * shy, slope};
}

/* The point at which the hinge fits best; of equals the first. The last cannot be one. */
static unsigned best_bend(const double *x, const double *y, unsigned count)
{
	unsigned best = 0;
	double least = INFINITY;
	for (unsigned i = 0; i + 1 < count; i++) {
		struct line l = hinge(x, y, count, x[i]);
		if (l.slope > 0 && l.error < least - 1e-9) {
			least = l.error;
			best = i;
		}
	}
	return best;
}

/* --- the bootstrap ---------------------------------------------------------------------- */

static double log_mean(const struct fit_point *p)
{
	double sum = 0;
	for (unsigned i = 0; i < p->count; i++)
		sum += log(p->samples[i]);
	return sum / p->count;
}

static double log_mean_resampled(const struct fit_point *p, struct rng *rng)
{
	double sum = 0;
	for (unsigned i = 0; i < p->count; i++)
		sum += log(p->samples[rng_next(rng) % p->count]);
	return sum / p->count;
}

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	return (x > y) - (x < y);
}

static void bootstrap(struct fit_knee *ret, const struct fit_point *points, const double *x,
		      unsigned count, uint64_t seed)
{
	struct rng rng = {seed};
	unsigned bends[RESAMPLES];
	double y[FIT_POINTS_MAX];
	for (unsigned r = 0; r < RESAMPLES; r++) {
		for (unsigned i = 0; i < count; i++)
			y[i] = log_mean_resampled(&points[i], &rng);
		bends[r] = best_bend(x, y, count);
	}
	qsort(bends, RESAMPLES, sizeof *bends, by_number);
	ret->low = bends[RESAMPLES * 5 / 100];
	ret->high = bends[RESAMPLES * 95 / 100 - 1];
}

bool fit_knee(struct fit_knee *ret, const struct fit_point *points, unsigned count, double rise_min,
	      uint64_t seed)
{
	double x[FIT_POINTS_MAX], y[FIT_POINTS_MAX], most = -INFINITY;
	if (count < 3 || count > FIT_POINTS_MAX)
		return false;
	for (unsigned i = 0; i < count; i++) {
		x[i] = points[i].x;
		y[i] = log_mean(&points[i]);
	}
	ret->at = best_bend(x, y, count);
	for (unsigned i = ret->at + 1; i < count; i++)
		most = fmax(most, y[i]);
	if (most - y[ret->at] < rise_min)
		return false;
	bootstrap(ret, points, x, count, seed);
	return true;
}
