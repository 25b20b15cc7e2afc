#include "run/search_impl.h"

#include <math.h>

#define LIGHT_SHARE   0.1
#define RETURN_SHARE  0.8 /* of what held: the first load on the way down */
#define RETURNS_MAX   4u
#define LIMITED_MAX   2u /* times that the generator may be the limit, growing; */
#define LIMITED_LATER 3u /* and once the service is known to break */
#define DOWN_MAX      1024.0
#define OVER_S        0.5

const char *search_state_name(enum search_state state)
{
	static const char *const names[] = {"ok", "queueing", "broken", "unresponsive",
					    "generator_limited"};
	return names[state];
}

const char *search_reason_name(enum search_reason reason)
{
	static const char *const names[] = {"none", "error_rate", "queueing", "throughput",
					    "unresponsive"};
	return names[reason];
}

void search_defaults(struct search_config *c)
{
	*c = (struct search_config){
		.factor = 2,
		.resolution = 0.05,
		.confirm = 2,
		.hold_s = 2,
		.recover_s = 30,
		.watch_s = 5,
		.break_errors = 0.05,
		.throughput = 0.95,
		.queue_ratio = 4,
		.floor_us = 1000,
		.seed = 1,
	};
}

/* --- orders ----------------------------------------------------------------------------- */

/* Light: as the first load was, and a small part of what the service is known not to bear. */
static double probe_value(const struct search *s)
{
	double last = s->found.steps[s->found.step_count - 1].value;
	double most = s->high ? s->high : last;
	return fmax(1, floor(fmin(s->config.from, most * LIGHT_SHARE)));
}

static void order(struct search *s, enum search_phase phase, double value, bool fresh)
{
	s->order.number++;
	s->order.phase = phase;
	s->order.value = value;
	s->order.fresh = fresh;
	if (phase == SEARCH_RECOVERING)
		probe_begin(s);
	else
		step_begin(s, value);
}

static bool finish(struct search *s)
{
	search_points(s);
	s->order.done = true;
	return true;
}

void search_end(struct search *s)
{
	if (!s->order.done)
		finish(s);
}

void search_init(struct search *s, const struct search_config *c)
{
	*s = (struct search){.config = *c};
	hist_init(&s->latency_us);
	order(s, SEARCH_STEPPING, c->from, false);
}

/* --- where to ---------------------------------------------------------------------------- */

static double whole(const struct search *s, double value)
{
	return s->config.variable == SEARCH_CONNECTIONS ? floor(value + 0.5) : value;
}

static bool is_close(const struct search *s)
{
	double gap = s->high - s->low;
	bool neighbours = s->config.variable == SEARCH_CONNECTIONS && gap <= 1;
	return neighbours || gap <= s->low * s->config.resolution * (1 + 1e-9);
}

/* The next load to try; 0: all is known. */
static double next_value(const struct search *s)
{
	const struct search_config *c = &s->config;
	if (!s->high)
		return s->low >= c->to ? 0 : fmin(whole(s, s->low * c->factor), c->to);
	if (s->low)
		return is_close(s) ? 0 : whole(s, (s->low + s->high) / 2);
	double down = whole(s, s->high / c->factor);
	return down < 1 || down < c->from / DOWN_MAX || down == s->high ? 0 : down;
}

/* The load is off for good: recovery, then the watch, of the same probe. */
static bool end_steps(struct search *s)
{
	if (!s->high && s->low < s->config.to)
		return finish(s);
	if (s->high && s->low && !s->found.return_known) {
		s->found.return_known = true;
		order(s, SEARCH_RETURNING, s->high, false);
	} else {
		s->found.return_known = true;
		order(s, SEARCH_RECOVERING, probe_value(s), true);
	}
	return true;
}

static bool go_on(struct search *s)
{
	double value = next_value(s);
	if (s->found.return_known || !value ||
	    s->found.step_count + RETURNS_MAX + 1 >= SEARCH_STEPS_MAX)
		return end_steps(s);
	s->broke = s->limited = 0;
	order(s, SEARCH_STEPPING, value, false);
	return true;
}

/* --- a step is judged -------------------------------------------------------------------- */

static void keep(struct search *s)
{
	if (s->found.step_count < SEARCH_STEPS_MAX)
		s->found.steps[s->found.step_count++] = s->step;
}

static void learn_baseline(struct search *s)
{
	const struct search_step *step = &s->step;
	if (s->baseline_p99_us || step->reason || step->state == SEARCH_GENERATOR_LIMITED)
		return;
	s->baseline_p99_us = fmax(1, (double)step->p99_us);
	s->baseline_each_rps = step->achieved_rps / step->value;
}

/* A load is taken to be too much when it broke often enough, or the generator failed at it. What
 * broke is followed by a recovery, what comes after it is decided then. */
static bool step_ended(struct search *s)
{
	unsigned limited_max = s->high ? LIMITED_LATER : LIMITED_MAX;
	learn_baseline(s);
	keep(s);
	if (s->found.step_count == 1 && !s->ok && !s->limited_now) /* there is nobody to search */
		return finish(s);
	if (!s->step.reason && s->step.state != SEARCH_GENERATOR_LIMITED) {
		s->low = s->step.value;
		return go_on(s);
	}
	if (s->step.state == SEARCH_GENERATOR_LIMITED && ++s->limited == limited_max) {
		s->found.generator_limited = true;
		return finish(s);
	}
	s->broke += s->step.reason != SEARCH_BY_NOTHING;
	if (s->broke >= s->config.confirm)
		s->high = s->step.value;
	order(s, SEARCH_RECOVERING, probe_value(s), true);
	return true;
}

static bool recovered(struct search *s, const struct search_window *w)
{
	bool well = probe_recovered(s, w);
	if (!well && w->to_s < s->config.recover_s)
		return false;
	if (!well) {
		s->found.recovery_s = w->to_s;
		return finish(s);
	}
	if (s->found.return_known) {
		s->order.phase = SEARCH_WATCHING;
		s->recovered_s = w->to_s;
		return s->config.watch_s > 0 ? false : finish(s);
	}
	if (s->broke >= s->config.confirm)
		return go_on(s);
	order(s, SEARCH_STEPPING, s->found.steps[s->found.step_count - 1].value, false);
	return true;
}

/* --- the way back ------------------------------------------------------------------------ */

/* The load above the breaking point stands for a moment only; then lower ones, each judged. */
static bool returning(struct search *s, const struct search_window *w)
{
	double value = s->order.value;
	if (value == s->high) {
		if (w->to_s < fmax(OVER_S, s->config.hold_s / 4))
			return false;
		order(s, SEARCH_RETURNING, whole(s, s->low * RETURN_SHARE), false);
		return true;
	}
	if (!step_take(s, w))
		return false;
	s->step.returning = true;
	keep(s);
	bool held = s->step.state == SEARCH_OK || s->step.state == SEARCH_QUEUEING;
	if (held)
		s->found.returns_at = value;
	double lower = whole(s, value / s->config.factor);
	if (held || lower < s->config.from || s->found.step_count >= SEARCH_STEPS_MAX)
		return end_steps(s);
	order(s, SEARCH_RETURNING, lower, false);
	return true;
}

static bool watched(struct search *s, const struct search_window *w)
{
	probe_watch(s, w);
	double until_s = s->recovered_s + s->config.watch_s;
	bool ill = s->ill_s >= 0 || s->found.aftermath.lasts;
	return w->to_s >= until_s + (ill ? s->config.recover_s : 0) ? finish(s) : false;
}

void search_watch_begin(struct search *s, double baseline_p99_us)
{
	s->baseline_p99_us = baseline_p99_us;
	probe_begin(s);
}

void search_watch(struct search *s, const struct search_window *w)
{
	probe_watch(s, w);
}

bool search_take(struct search *s, const struct search_window *w)
{
	if (s->order.done)
		return false;
	switch (s->order.phase) {
	case SEARCH_STEPPING:
		return step_take(s, w) && step_ended(s);
	case SEARCH_RECOVERING:
		return recovered(s, w);
	case SEARCH_RETURNING:
		return returning(s, w);
	case SEARCH_WATCHING:
		return watched(s, w);
	}
	return false;
}
