/* The members "find" and "stages" of the summary: what a search, or a load in stages, measured. */
#include "out/forms.h"

#include "base/json.h"

static void real_or_null(struct json *j, const char *key, bool known, double value)
{
	if (known)
		json_real(j, key, value);
	else
		json_null(j, key);
}

static void step(struct json *j, const struct search_step *t, const struct kernel_span *k)
{
	json_object(j, NULL);
	json_real(j, "value", t->value);
	json_real(j, "offered_rps", t->offered_rps);
	json_real(j, "achieved_rps", t->achieved_rps);
	json_real(j, "ok_rps", t->ok_rps);
	if (t->count) {
		json_u64(j, "p50_us", t->p50_us);
		json_u64(j, "p99_us", t->p99_us);
	} else {
		json_null(j, "p50_us");
		json_null(j, "p99_us");
	}
	json_u64(j, "count", t->count);
	json_real(j, "error_rate", t->error_rate);
	json_real(j, "refused_rate", t->refused_rate);
	json_text(j, "state", search_state_name(t->state));
	json_text(j, "reason", t->reason ? search_reason_name(t->reason) : NULL);
	json_bool(j, "drifting", t->drifting);
	json_bool(j, "returning", t->returning);
	out_json_span(k, "kernel", j);
	json_object_end(j);
}

static void point(struct json *j, const char *key, const struct search_point *p, const char *reason)
{
	if (!p->found) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_real(j, "value", p->value);
	json_real(j, "low", p->low);
	json_real(j, "high", p->high);
	if (reason)
		json_text(j, "reason", reason);
	json_object_end(j);
}

static void aftermath(struct json *j, const char *key, const struct search_aftermath *a)
{
	if (!a->found) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_text(j, "kind", a->silent ? "frozen" : "failing");
	json_real(j, "at_s", a->at_s);
	json_real(j, "lasted_s", a->lasted_s);
	json_bool(j, "lasts", a->lasts);
	json_object_end(j);
}

static void stage(struct json *j, const struct summary_stage *t, const struct kernel_span *k)
{
	json_object(j, NULL);
	json_text(j, "name", t->name);
	json_real(j, "length_s", t->length_s);
	json_real(j, "from", t->from);
	json_real(j, "target", t->to);
	json_u64(j, "intended", t->intended);
	json_u64(j, "ended", t->ended);
	json_u64(j, "ok", t->ok);
	json_real(j, "achieved_rps", t->achieved_rps);
	json_real(j, "error_rate", t->error_rate);
	if (t->ended) {
		json_u64(j, "p50_us", t->p50_us);
		json_u64(j, "p99_us", t->p99_us);
	} else {
		json_null(j, "p50_us");
		json_null(j, "p99_us");
	}
	out_json_span(k, "kernel", j);
	json_object_end(j);
}

void out_json_stages(const struct summary *s, struct json *j)
{
	json_array(j, "stages");
	for (unsigned i = 0; i < s->stage_count; i++)
		stage(j, &s->stages[i], &s->stage_kernels[i]);
	json_array_end(j);
	aftermath(j, "aftermath", &s->found.aftermath);
}

void out_json_find(const struct summary *s, struct json *j)
{
	const struct search_report *f = &s->found;
	if (!s->find) {
		json_null(j, "find");
		return;
	}
	json_object(j, "find");
	json_text(j, "variable", s->search.variable == SEARCH_RATE ? "rate" : "connections");
	json_array(j, "steps");
	for (unsigned i = 0; i < f->step_count; i++)
		step(j, &f->steps[i], &s->step_kernels[i]);
	json_array_end(j);
	point(j, "knee", &f->knee, NULL);
	point(j, "breaking_point", &f->breaking, search_reason_name(f->reason));
	real_or_null(j, "queueing_from", f->queueing_from > 0, f->queueing_from);
	real_or_null(j, "unresponsive_from", f->unresponsive_from > 0, f->unresponsive_from);
	real_or_null(j, "recovery_s", f->recovery_known && f->recovered, f->recovery_s);
	real_or_null(j, "returns_at", f->returns_at > 0, f->returns_at);
	json_bool(j, "shedding", f->graceful);
	json_bool(j, "generator_limited", f->generator_limited);
	aftermath(j, "aftermath", &f->aftermath);
	json_object_end(j);
}
