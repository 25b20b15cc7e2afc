#include "run/search_impl.h"

#include <math.h>

#define LIKE_BEFORE 1.1 /* P99 within 10 % of the baseline's, and the floor */
#define SETTLED_S   0.5 /* well for so long counts as well */

static double since(double at_s)
{
	return at_s >= 0 ? at_s : INFINITY;
}

void probe_begin(struct search *s)
{
	step_begin(s, s->order.value);
	s->healthy_s = s->ill_s = -1;
}

static bool answers_well(const struct search_window *w)
{
	return w->ended && w->failed * 20 <= w->ended;
}

/* One straggler in so few answers is let pass: the second slowest counts. */
static bool is_slow(const struct search *s, const struct search_window *w)
{
	double few = 1 - 1.5 / (double)(w->latency_us->count + 1);
	double limit_us = s->baseline_p99_us * LIKE_BEFORE + s->config.floor_us;
	if (!s->baseline_p99_us)
		return false;
	return (double)hist_quantile_us(w->latency_us, few > 0.5 ? few : 0.5) > limit_us;
}

/* A hiccup, one slow window between others, ends nothing. */
static bool is_well(struct search *s, const struct search_window *w)
{
	bool slow = is_slow(s, w);
	bool hiccup = slow && !s->slow && s->healthy_s >= 0;
	s->slow = slow;
	return answers_well(w) && (!slow || hiccup);
}

/* Keeps since when it has been well, or ill, without a break. */
static void look(struct search *s, const struct search_window *w)
{
	bool well = is_well(s, w);
	if (well && s->healthy_s < 0)
		s->healthy_s = w->from_s;
	if (!well && s->ill_s < 0) {
		s->ill_s = w->from_s;
		s->ill_count = s->silent_count = 0;
	}
	s->ill_count += !well;
	s->silent_count += !well && !w->answered;
	if (well)
		s->ill_s = -1;
	else
		s->healthy_s = -1;
}

/* The time ends at the beginning of the first half second throughout which it was well. */
bool probe_recovered(struct search *s, const struct search_window *w)
{
	look(s, w);
	s->found.recovery_known = true;
	s->found.recovered = w->to_s - since(s->healthy_s) >= SETTLED_S - 1e-6;
	if (s->found.recovered)
		s->found.recovery_s = fmax(s->found.recovery_s, s->healthy_s);
	return s->found.recovered;
}

void probe_watch(struct search *s, const struct search_window *w)
{
	struct search_aftermath *a = &s->found.aftermath;
	look(s, w);
	if (!a->found && w->to_s - since(s->ill_s) >= SETTLED_S - 1e-6) {
		*a = (struct search_aftermath){.found = true, .lasts = true, .at_s = s->ill_s};
	}
	if (!a->found || !a->lasts)
		return;
	a->silent = s->silent_count * 2 > s->ill_count;
	a->lasted_s = since(s->healthy_s) < INFINITY ? s->healthy_s - a->at_s : w->to_s - a->at_s;
	a->lasts = w->to_s - since(s->healthy_s) < SETTLED_S - 1e-6;
}
