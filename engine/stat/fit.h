/* fit: where a curve bends. Two straight lines that meet, by least squares, with an interval from a
 * bootstrap. Pure; any thread. */
#ifndef BRINK_STAT_FIT_H
#define BRINK_STAT_FIT_H

#include <stdbool.h>
#include <stdint.h>

#define FIT_POINTS_MAX  64u
#define FIT_SAMPLES_MAX 32u

/* One load, and what was measured there, several times. Points come in rising order of x. */
struct fit_point {
	double x;
	unsigned count; /* of samples, 1 at least */
	double samples[FIT_SAMPLES_MAX];
};

struct fit_knee {
	unsigned at;        /* the last point before the bend */
	unsigned low, high; /* the same at 5 % and 95 % of the resampled fits */
};

/* False: no bend that is worth the name, or fewer than three points. The bend is sought in
 * y = a + b max(0, x - x[at]), b > 0, over the means of the logarithms of the samples, which are
 * to be > 0. Worth it is one after which y rises by `rise_min` (in logarithms) at least. */
bool fit_knee(struct fit_knee *ret, const struct fit_point *points, unsigned count, double rise_min,
	      uint64_t seed);

#endif
