#include "run/search_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RISE_MIN      0.3  /* a knee is one after which latency rises by a third at least */
#define GOODPUT_KEPT  0.85 /* shedding is graceful that serves so much of the best */
#define REFUSED_SHARE 0.9  /* of the failures */
#define FAST_US       1e6
#define BELOW         0.99 /* of the breaking point: what is measured is not exact */

static bool broke(const struct search_step *step)
{
	return step->reason != SEARCH_BY_NOTHING;
}

/* The last step at a value: what counted. */
static const struct search_step *step_at(const struct search *s, double value)
{
	const struct search_step *found = NULL;
	for (unsigned i = 0; i < s->found.step_count; i++)
		if (s->found.steps[i].value == value && !s->found.steps[i].returning &&
		    s->found.steps[i].state != SEARCH_GENERATOR_LIMITED)
			found = &s->found.steps[i];
	return found;
}

/* The part of the load that was served well, in the unit of the load. */
static double carried(const struct search_step *step)
{
	double share = step->offered_rps > 0 ? step->ok_rps / step->offered_rps : 0;
	return step->value * fmin(share, 1);
}

/* A service that sheds what is too much tells its capacity both below and above the point at which
 * it counts as broken; one that collapses only below. */
static void place_breaking_point(struct search *s)
{
	const struct search_step *high = step_at(s, s->high), *low = step_at(s, s->low);
	if (!high)
		return;
	s->found.reason = high->reason;
	double value = carried(high);
	if (low)
		value = fmax(value, carried(low));
	s->found.breaking = (struct search_point){
		.found = true,
		.value = value,
		.low = low ? fmin(value, low->value) : 0,
		.high = high->value,
	};
}

/* Nothing above it was well: a hiccup at a low load is no onset. */
static bool is_lasting(const struct search *s, double value)
{
	for (unsigned i = 0; i < s->found.step_count; i++)
		if (s->found.steps[i].state == SEARCH_OK && s->found.steps[i].value > value)
			return false;
	return true;
}

static void place_onsets(struct search *s)
{
	for (unsigned i = 0; i < s->found.step_count; i++) {
		const struct search_step *step = &s->found.steps[i];
		double *at = step->state == SEARCH_QUEUEING       ? &s->found.queueing_from
			     : step->state == SEARCH_UNRESPONSIVE ? &s->found.unresponsive_from
								  : NULL;
		bool less = at && (!*at || step->value < *at);
		if (less && !step->returning && is_lasting(s, step->value))
			*at = step->value;
	}
}

/* Steps beyond the breaking point that still served as much as any, and refused the rest at once.
 */
static void judge_shedding(struct search *s)
{
	double best_rps = 0;
	unsigned over = 0, graceful = 0;
	for (unsigned i = 0; i < s->found.step_count; i++)
		best_rps = fmax(best_rps, s->found.steps[i].ok_rps);
	for (unsigned i = 0; i < s->found.step_count; i++) {
		const struct search_step *step = &s->found.steps[i];
		if (!broke(step) || step->returning)
			continue;
		over++;
		graceful += step->refused_rate >= step->error_rate * REFUSED_SHARE &&
			    step->ok_rps >= best_rps * GOODPUT_KEPT &&
			    (double)step->p99_us <= FAST_US && step->error_rate > 0;
	}
	s->found.graceful = over && graceful * 3 >= over * 2;
}

/* --- the knee --------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = ((const struct fit_point *)a)->x, y = ((const struct fit_point *)b)->x;
	return (x > y) - (x < y);
}

static struct fit_point point_of(const struct search_step *step)
{
	struct fit_point p = {.x = step->value};
	for (unsigned i = 0; i < step->window_count && p.count < FIT_SAMPLES_MAX; i++)
		p.samples[p.count++] = step->window_us[i];
	return p;
}

/* The curve up to the first load that broke, or all of it. */
static unsigned curve_of(const struct search *s, struct fit_point *points, bool all)
{
	unsigned count = 0;
	for (unsigned i = 0; i < s->found.step_count && count < FIT_POINTS_MAX; i++) {
		const struct search_step *step = &s->found.steps[i];
		bool counts = step == step_at(s, step->value) && step->window_count;
		if (counts && (all || step->value == s->high || !broke(step)))
			points[count++] = point_of(step);
	}
	qsort(points, count, sizeof *points, by_value);
	return count;
}

/* Latency bends where it breaks at the latest. In a closed loop it may rise only beyond that. */
static void place_knee(struct search *s)
{
	struct fit_point *points = malloc(FIT_POINTS_MAX * sizeof *points);
	struct fit_knee knee;
	unsigned count = 0;
	bool bends = false;
	for (int all = 0; all < 2 && points && !bends; all++) {
		count = curve_of(s, points, all);
		bends = fit_knee(&knee, points, count, RISE_MIN, s->config.seed);
	}
	if (bends) {
		while (knee.at && s->found.breaking.found &&
		       points[knee.at].x >= s->found.breaking.value * BELOW)
			knee.at--;
		if (knee.low > knee.at)
			knee.low = knee.at;
		if (knee.high < knee.at)
			knee.high = knee.at;
		unsigned past = knee.high + 1 < count ? knee.high + 1 : knee.high;
		s->found.knee = (struct search_point){true, points[knee.at].x, points[knee.low].x,
						      points[past].x};
	}
	free(points);
}

void search_points(struct search *s)
{
	if (s->found.generator_limited)
		return;
	place_onsets(s);
	place_breaking_point(s);
	place_knee(s);
	judge_shedding(s);
}
