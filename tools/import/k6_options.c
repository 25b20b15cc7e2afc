/* The options of a script: how much, for how long, and what must hold. */
#include "tools/import/k6_impl.h"

#include "run/threshold.h"

#include <stdio.h>

struct stage {
	double duration_s, target;
};

static int read_stage_member(struct k6 *k, struct span key, void *into)
{
	struct stage *s = into;
	if (k6_is(key, "duration"))
		return k6_duration(k, &s->duration_s);
	if (k6_is(key, "target"))
		return k6_number(k, &s->target);
	return js_fail(&k->js, "a stage has no %.*s; allowed: duration, target", (int)key.len,
		       key.ptr);
}

static int read_stage(struct k6 *k, void *into)
{
	struct stage s = {-1, -1};
	(void)into;
	if (k6_object(k, read_stage_member, &s))
		return -1;
	if (s.duration_s <= 0 || s.target < 0)
		return js_fail(&k->js, "a stage needs duration and target");
	buf_printf(&k->stages, "  - {duration: %.9gs, target: %.15g}\n", s.duration_s, s.target);
	return 0;
}

struct limit {
	struct span metric;
	struct buf text;
	bool abort;
	double delay_s;
};

static int read_limit_member(struct k6 *k, struct span key, void *into)
{
	struct limit *l = into;
	if (k6_is(key, "threshold"))
		return k6_text(k, &l->text);
	if (k6_is(key, "abortOnFail"))
		return k6_flag(k, &l->abort);
	if (k6_is(key, "delayAbortEval"))
		return k6_duration(k, &l->delay_s);
	return js_fail(&k->js,
		       "a threshold has no %.*s; allowed: threshold, abortOnFail, delayAbortEval",
		       (int)key.len, key.ptr);
}

/* Held against brink's own grammar here, where the line is known. */
static int check_limit(struct k6 *k, const struct limit *l, const struct js_token *at)
{
	struct threshold t;
	struct err err = {0};
	char text[THRESHOLD_TEXT + 64];
	snprintf(text, sizeof text, "%.*s: %s", (int)l->metric.len, l->metric.ptr, l->text.ptr);
	if (!threshold_parse(&t, text, &err))
		return 0;
	k->js.token = *at;
	return js_fail(&k->js, "%.200s", err.text);
}

static int read_limit(struct k6 *k, void *into)
{
	struct limit l = {.metric = *(struct span *)into};
	struct js_token at = k->js.token;
	buf_init(&l.text, THRESHOLD_TEXT);
	int result = js_is(&k->js, "{") ? k6_object(k, read_limit_member, &l) : k6_text(k, &l.text);
	if (!result && (!l.text.len || l.text.cut))
		result = js_fail(&k->js, "a threshold needs an expression of at most %d characters",
				 THRESHOLD_TEXT);
	if (!result)
		result = check_limit(k, &l, &at);
	if (!result) {
		buf_puts(&k->thresholds, "    - {threshold: ");
		k6_put_quoted(&k->thresholds, (struct span){l.text.ptr, l.text.len});
		if (l.abort)
			buf_puts(&k->thresholds, ", abortOnFail: true");
		if (l.delay_s > 0)
			buf_printf(&k->thresholds, ", delayAbortEval: %.9gs", l.delay_s);
		buf_puts(&k->thresholds, "}\n");
	}
	buf_fini(&l.text);
	return result;
}

static int read_metric(struct k6 *k, struct span key, void *into)
{
	(void)into;
	buf_puts(&k->thresholds, "  ");
	k6_put_quoted(&k->thresholds, key);
	buf_puts(&k->thresholds, ":\n");
	return k6_array(k, read_limit, &key);
}

static int read_option(struct k6 *k, struct span key, void *into)
{
	bool ignored;
	(void)into;
	if (k6_is(key, "stages"))
		return k6_array(k, read_stage, NULL);
	if (k6_is(key, "vus"))
		return k6_number(k, &k->vus);
	if (k6_is(key, "duration"))
		return k6_duration(k, &k->duration_s);
	if (k6_is(key, "thresholds"))
		return k6_object(k, read_metric, NULL);
	if (k6_is(key, "discardResponseBodies")) /* brink always does */
		return k6_flag(k, &ignored);
	return js_fail(&k->js,
		       "the option %.*s cannot be converted; allowed: stages, vus, duration, "
		       "thresholds, discardResponseBodies",
		       (int)key.len, key.ptr);
}

int k6_options(struct k6 *k)
{
	return k6_object(k, read_option, NULL);
}
