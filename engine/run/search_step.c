#include "run/search_impl.h"

#include <math.h>
#include <string.h>

#define WARM_SHARE    0.25 /* of a step, in which nothing is measured yet */
#define EXTENDED_MOST 3.0  /* a step lasts so many times as long at most */
#define SAMPLE_MIN    100u /* answers that a percentile wants */
#define DRIFT_RATIO   1.25 /* the second half's latency over the first's */
#define FEW_REQUESTS  4.0  /* no throughput is judged by less; */
#define CHANCE        3.0  /* nor, where they come at random, by so many standard deviations */

void step_begin(struct search *s, double value)
{
	s->step = (struct search_step){.value = value};
	s->measured_s = 0;
	s->answered = s->failed = s->ok = s->refused = 0;
	s->limited_now = false;
	hist_reset(&s->latency_us);
}

/* --- is it settled? --------------------------------------------------------------------- */

static double mean_of(const float *values, unsigned count)
{
	double sum = 0;
	for (unsigned i = 0; i < count; i++)
		sum += values[i];
	return count ? sum / count : 0;
}

/* Latency grows: later windows took longer than earlier ones, and not by a hair. */
static bool drifts(const struct search *s)
{
	const struct search_step *step = &s->step;
	unsigned half = step->window_count / 2, quarter = half / 2;
	const float *second = step->window_us + half;
	double first_us = mean_of(step->window_us, half), second_us = mean_of(second, half);
	if (half < 2 || second_us < first_us * DRIFT_RATIO ||
	    second_us < first_us + s->config.floor_us / 2)
		return false;
	return mean_of(second + quarter, half - quarter) > mean_of(second, quarter);
}

static bool is_long_enough(struct search *s)
{
	double whole_s = s->config.hold_s * (1 - WARM_SHARE);
	if (s->measured_s + 1e-6 < whole_s)
		return false;
	if (s->measured_s + 1e-6 >= whole_s * EXTENDED_MOST) {
		s->step.drifting = drifts(s);
		return true;
	}
	/* A load that is visibly too much needs no more time. */
	bool hopeless = s->failed * 2 > s->step.count || !s->answered;
	return hopeless || (s->step.count >= SAMPLE_MIN && !drifts(s));
}

/* --- the judgement ---------------------------------------------------------------------- */

static double offered_rps(const struct search *s)
{
	if (s->config.variable == SEARCH_RATE)
		return s->step.value;
	return s->baseline_each_rps * s->step.value;
}

static enum search_reason why_broken(const struct search *s)
{
	const struct search_step *step = &s->step;
	double expected = step->offered_rps * s->measured_s;
	double missing = expected - (double)s->answered;
	double few = s->config.poisson ? fmax(FEW_REQUESTS, CHANCE * sqrt(expected)) : FEW_REQUESTS;
	if (!s->answered)
		return SEARCH_BY_SILENCE;
	if (step->error_rate > s->config.break_errors)
		return SEARCH_BY_ERRORS;
	if (step->achieved_rps < step->offered_rps * s->config.throughput && missing >= few)
		return SEARCH_BY_THROUGHPUT;
	return step->drifting ? SEARCH_BY_QUEUEING : SEARCH_BY_NOTHING;
}

static bool queues(const struct search *s)
{
	double p50_us = (double)s->step.p50_us, p99_us = (double)s->step.p99_us;
	return p99_us > p50_us * s->config.queue_ratio && p99_us > p50_us + s->config.floor_us;
}

static void judge(struct search *s)
{
	struct search_step *step = &s->step;
	step->achieved_rps = (double)s->answered / s->measured_s;
	step->ok_rps = (double)s->ok / s->measured_s;
	step->offered_rps = offered_rps(s);
	if (!(step->offered_rps > 0)) /* connections: what one of them does alone is the measure */
		step->offered_rps = step->achieved_rps;
	step->error_rate = step->count ? (double)s->failed / (double)step->count : 0;
	step->refused_rate = step->count ? (double)s->refused / (double)step->count : 0;
	step->p50_us = hist_quantile_us(&s->latency_us, 0.5);
	step->p99_us = hist_quantile_us(&s->latency_us, 0.99);
	step->mean_us = hist_mean_us(&s->latency_us);
	step->reason = why_broken(s);
	step->state = step->reason == SEARCH_BY_SILENCE ? SEARCH_UNRESPONSIVE
		      : step->reason                    ? SEARCH_BROKEN
		      : queues(s)                       ? SEARCH_QUEUEING
							: SEARCH_OK;
	if (step->state != SEARCH_OK && s->limited_now) {
		step->state = SEARCH_GENERATOR_LIMITED;
		step->reason = SEARCH_BY_NOTHING;
	}
}

bool step_take(struct search *s, const struct search_window *w)
{
	struct search_step *step = &s->step;
	if (w->from_s < s->config.hold_s * WARM_SHARE)
		return false;
	s->measured_s += w->to_s - w->from_s;
	s->answered += w->answered;
	s->failed += w->failed;
	s->ok += w->ok;
	s->refused += w->refused;
	s->limited_now = w->generator_limited;
	step->count += w->ended;
	hist_merge(&s->latency_us, w->latency_us);
	if (w->latency_us->count && step->window_count < SEARCH_WINDOWS_MAX)
		step->window_us[step->window_count++] = (float)fmax(1, hist_mean_us(w->latency_us));
	if (!is_long_enough(s))
		return false;
	judge(s);
	return true;
}
