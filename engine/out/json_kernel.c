/* The members "agents", "timeline" and "gaps" of the summary, and a step's "kernel": what the
 * target's host did. */
#include "out/forms.h"

#include "base/json.h"

#include <stdio.h>

static double real_of(enum kernel_key key, double value)
{
	return key == KERNEL_PROCESS_CPU ? value : (double)(uint64_t)(value + 0.5);
}

void out_json_span(const struct kernel_span *k, const char *name, struct json *j)
{
	if (!k->samples) {
		json_null(j, name);
		return;
	}
	json_object(j, name);
	for (unsigned i = 0; i < KERNEL_KEYS; i++)
		if (k->known[i])
			json_real(j, kernel_key_name((enum kernel_key)i),
				  real_of((enum kernel_key)i, k->value[i]));
	if (k->softirq_share >= 0) {
		json_real(j, "softirq_share", k->softirq_share);
		json_u64(j, "softirq_cpu", k->softirq_cpu);
	}
	json_object_end(j);
}

static void clock_of(const struct summary_agent *a, struct json *j)
{
	if (!a->clock_known) {
		json_null(j, "clock");
		return;
	}
	json_object(j, "clock");
	json_real(j, "offset_us", a->offset_us);
	json_real(j, "bound_us", a->bound_us);
	json_object_end(j);
}

static void events(const struct summary_agent *a, struct json *j)
{
	json_array(j, "events");
	for (unsigned i = 0; i < a->event_count; i++) {
		json_object(j, NULL);
		json_real(j, "at_s", a->events[i].at_s);
		json_text(j, "pattern", a->events[i].line.pattern);
		json_text(j, "text", a->events[i].line.text);
		json_object_end(j);
	}
	json_array_end(j);
	json_u64(j, "events_seen", a->event_seen);
}

static void sources(const struct summary_agent *a, struct json *j)
{
	json_object(j, "sources");
	for (unsigned i = 0; i < KERNEL_KEYS; i++)
		json_text(j, kernel_key_name((enum kernel_key)i),
			  a->from[i][0] ? a->from[i] : NULL);
	json_object_end(j);
}

void out_json_agents(const struct summary *s, struct json *j)
{
	json_array(j, "agents");
	for (unsigned i = 0; i < s->agent_count; i++) {
		const struct summary_agent *a = &s->agents[i];
		json_object(j, NULL);
		json_text(j, "agent", a->name);
		json_text(j, "host", a->host);
		json_text(j, "release", a->release);
		clock_of(a, j);
		json_u64(j, "samples", a->kernel.samples);
		json_u64(j, "missed", a->missed);
		json_u64(j, "cuts", a->cuts);
		json_bool(j, "lost", a->lost);
		json_bool(j, "complete", !a->lost && !a->missed);
		json_text(j, "why", a->why[0] ? a->why : NULL);
		out_json_span(&a->kernel, "kernel", j);
		sources(a, j);
		events(a, j);
		json_object_end(j);
	}
	json_array_end(j);
}

/* --- the timeline ------------------------------------------------------------------------ */

/* Columns, one value a row; of the kernel only those that any row has. */
static void kernel_column(const struct timeline *t, enum kernel_key key, struct json *j)
{
	bool any = false;
	for (unsigned i = 0; i < t->count; i++)
		any |= t->rows[i].kernel.known[key];
	if (!any)
		return;
	json_array(j, kernel_key_name(key));
	for (unsigned i = 0; i < t->count; i++) {
		const struct kernel_span *k = &t->rows[i].kernel;
		if (k->known[key])
			json_real(j, NULL, real_of(key, k->value[key]));
		else
			json_null(j, NULL);
	}
	json_array_end(j);
}

static void client_columns(const struct timeline *t, struct json *j)
{
	json_array(j, "ended");
	for (unsigned i = 0; i < t->count; i++)
		json_u64(j, NULL, t->rows[i].ended);
	json_array_end(j);
	json_array(j, "failed");
	for (unsigned i = 0; i < t->count; i++)
		json_u64(j, NULL, t->rows[i].failed);
	json_array_end(j);
	json_array(j, "p99_us");
	for (unsigned i = 0; i < t->count; i++)
		if (t->rows[i].p99_us)
			json_u64(j, NULL, t->rows[i].p99_us);
		else
			json_null(j, NULL);
	json_array_end(j);
}

void out_json_timeline(const struct summary *s, struct json *j)
{
	const struct timeline *t = &s->timeline;
	json_object(j, "timeline");
	json_real(j, "row_s", (double)t->width_ns / 1e9);
	json_u64(j, "rows", t->count);
	client_columns(t, j);
	json_object(j, "kernel");
	for (unsigned k = 0; k < KERNEL_KEYS; k++)
		kernel_column(t, (enum kernel_key)k, j);
	json_object_end(j);
	json_object_end(j);
}

void out_json_gaps(const struct summary *s, struct json *j)
{
	char text[512];
	json_array(j, "gaps");
	for (unsigned i = 0; i < s->agent_count; i++) {
		const struct summary_agent *a = &s->agents[i];
		if (a->lost || a->missed) {
			snprintf(text, sizeof text, "%s: %llu samples are missing%s%s", a->name,
				 (unsigned long long)a->missed,
				 a->lost ? ", and it was lost: " : "", a->lost ? a->why : "");
			json_text(j, NULL, text);
		}
		for (unsigned k = 0; k < KERNEL_KEYS; k++) {
			if (a->kernel.known[k])
				continue;
			snprintf(text, sizeof text, "%s: %s: n/a (%s)", a->name,
				 kernel_key_name((enum kernel_key)k),
				 a->gap[k][0] ? a->gap[k] : kernel_key_absent((enum kernel_key)k));
			json_text(j, NULL, text);
		}
	}
	json_array_end(j);
}
