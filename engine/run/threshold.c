/* Judging a run by a threshold; threshold_parse.c reads one. */
#include "run/threshold.h"

#include <math.h>

static const struct hist *hist_of(const struct threshold_term *term, const struct tally *total)
{
	const struct hist *const histograms[] = {
		[SERIES_INTENDED] = &total->intended_us,
		[SERIES_SERVICE] = &total->service_us,
		[SERIES_CONNECT] = &total->connect_us,
		[SERIES_FIRST_BYTE] = &total->first_byte_us,
	};
	return histograms[term->series];
}

static double term_us(const struct threshold_term *term, const struct tally *total)
{
	const struct hist *h = hist_of(term, total);
	switch (term->measure) {
	case MEASURE_QUANTILE:
		return (double)hist_quantile_us(h, term->quantile);
	case MEASURE_MEAN:
		return hist_mean_us(h);
	case MEASURE_MIN:
		return (double)h->min_us;
	case MEASURE_MAX:
		return (double)h->max_us;
	}
	return 0;
}

/* Whether anything was counted that the threshold could be held against. */
static bool has_proof(const struct threshold *t, const struct tally *total)
{
	switch (t->kind) {
	case THRESHOLD_RATIO:
		return hist_of(&t->left, total)->count && hist_of(&t->right, total)->count;
	case THRESHOLD_LATENCY:
		return hist_of(&t->left, total)->count;
	case THRESHOLD_ERRORS:
		return tally_ended(total) > tally_generator_side(total);
	case THRESHOLD_RATE:
	case THRESHOLD_COUNT:
		break;
	}
	return true;
}

static double measured(const struct threshold *t, const struct tally *total, double achieved_rps)
{
	switch (t->kind) {
	case THRESHOLD_LATENCY:
		return term_us(&t->left, total);
	case THRESHOLD_RATIO:
		return term_us(&t->left, total) / fmax(term_us(&t->right, total), 1);
	case THRESHOLD_ERRORS:
		return tally_error_rate(total);
	case THRESHOLD_RATE:
		return achieved_rps;
	case THRESHOLD_COUNT:
		return (double)(t->outcome < 0 ? tally_ended(total) : total->outcomes[t->outcome]);
	}
	return 0;
}

static bool holds(double value, enum threshold_comparison comparison, double bound)
{
	switch (comparison) {
	case COMPARE_LESS:
		return value < bound;
	case COMPARE_LESS_EQUAL:
		return value <= bound;
	case COMPARE_MORE:
		return value > bound;
	case COMPARE_MORE_EQUAL:
		return value >= bound;
	case COMPARE_EQUAL:
		return value == bound;
	case COMPARE_UNEQUAL:
		return value != bound;
	}
	return false;
}

struct threshold_result threshold_judge(const struct threshold *t, const struct tally *total,
					double achieved_rps)
{
	if (!has_proof(t, total))
		return (struct threshold_result){.ok = false, .value = 0};
	double value = measured(t, total, achieved_rps);
	return (struct threshold_result){holds(value, t->comparison, t->bound), value};
}
