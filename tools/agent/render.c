#include "tools/agent/render.h"

#include "base/json.h"

#include <stdio.h>

#define KEY_MAX 192

/* --- a line of JSON ---------------------------------------------------------------------- */

static void write_values(const struct sampler *s, struct json *j, uint64_t *began_ns,
			 uint64_t *ended_ns)
{
	const struct sample *sample;
	*began_ns = UINT64_MAX;
	*ended_ns = 0;
	json_object(j, "values");
	for (unsigned at = 0; (sample = sampler_next(s, true, &at));) {
		for (unsigned i = 0; i < sample->count; i++) {
			const struct point *p = &sample->points[i];
			char key[KEY_MAX];
			snprintf(key, sizeof key, "%s%s%s%s", metrics[p->metric].name,
				 p->labels[0] ? "{" : "", p->labels, p->labels[0] ? "}" : "");
			json_real(j, key, p->value);
		}
		*began_ns = sample->began_ns < *began_ns ? sample->began_ns : *began_ns;
		*ended_ns = sample->ended_ns > *ended_ns ? sample->ended_ns : *ended_ns;
	}
	json_object_end(j);
}

static void write_events(const struct logs *logs, struct json *j)
{
	if (!logs->event_count)
		return;
	json_array(j, "events");
	for (unsigned i = 0; i < logs->event_count; i++) {
		const struct log_event *e = &logs->events[i];
		json_object(j, NULL);
		json_u64(j, "at_ns", e->at_ns);
		json_text(j, "pattern", logs->patterns[e->pattern].name);
		json_text(j, "log", e->source);
		json_text(j, "text", e->text);
		json_object_end(j);
	}
	json_array_end(j);
}

void render_cut_line(uint64_t number, uint64_t boundary_ns, struct buf *out)
{
	struct json j;
	out->cut = false;
	json_init(&j, out);
	json_object(&j, NULL);
	json_u64(&j, "seq", number);
	json_u64(&j, "boundary_ns", boundary_ns);
	json_object(&j, "values");
	json_object_end(&j);
	json_u64(&j, "began_ns", boundary_ns);
	json_u64(&j, "ended_ns", boundary_ns);
	json_bool(&j, "cut", true);
	json_object_end(&j);
	buf_puts(out, "\n");
}

void render_line(const struct sampler *s, const struct logs *logs, uint64_t number,
		 uint64_t boundary_ns, struct buf *out)
{
	struct json j;
	uint64_t began_ns, ended_ns;
	json_init(&j, out);
	json_object(&j, NULL);
	json_u64(&j, "seq", number);
	json_u64(&j, "boundary_ns", boundary_ns);
	write_values(s, &j, &began_ns, &ended_ns);
	json_u64(&j, "began_ns", began_ns);
	json_u64(&j, "ended_ns", ended_ns);
	write_events(logs, &j);
	if (logs->events_lost)
		json_u64(&j, "events_lost", logs->events_lost);
	json_object_end(&j);
	buf_puts(out, "\n");
}

/* --- sources ----------------------------------------------------------------------------- */

/* The source of each metric that has a point; those without are SOURCE_NONE. */
static void find_sources(const struct sampler *s, uint8_t sources[METRIC_COUNT])
{
	const struct sample *sample;
	memset(sources, SOURCE_NONE, METRIC_COUNT);
	for (unsigned at = 0; (sample = sampler_next(s, false, &at));)
		for (unsigned i = 0; i < sample->count; i++)
			sources[sample->points[i].metric] = sample->points[i].source;
}

/* Why a metric has no point; NULL: nobody says. */
static const char *find_gap(const struct sampler *s, unsigned metric)
{
	const struct sample *sample;
	for (unsigned at = 0; (sample = sampler_next(s, false, &at));)
		for (unsigned i = 0; i < sample->gap_count; i++)
			if (sample->gaps[i].metric == metric)
				return sample->gaps[i].reason;
	return NULL;
}

/* The reasons of those metrics that have a point, or of those that have none. */
static void write_gaps(const struct sampler *s, const uint8_t sources[METRIC_COUNT], bool told,
		       const char *key, struct json *j)
{
	json_object(j, key);
	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		const char *gap = (sources[m] != SOURCE_NONE) == told ? find_gap(s, m) : NULL;
		if (gap)
			json_text(j, metrics[m].name, gap);
	}
	json_object_end(j);
}

void render_sources(const struct sampler *s, struct json *j)
{
	uint8_t sources[METRIC_COUNT];
	find_sources(s, sources);
	json_object(j, "sources");
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		if (sources[m] != SOURCE_NONE)
			json_text(j, metrics[m].name,
				  sample_source_name((enum sample_source)sources[m]));
	json_object_end(j);
	write_gaps(s, sources, false, "gaps", j);
	write_gaps(s, sources, true, "limits", j);
}

/* --- Prometheus -------------------------------------------------------------------------- */

static void write_head(const char *name, const char *kind, const char *help, struct buf *out)
{
	buf_printf(out, "# HELP " METRIC_PREFIX "%s %s\n# TYPE " METRIC_PREFIX "%s %s\n", name,
		   help, name, kind);
}

/* A metric's points stand together, whichever readers they are of. */
static void write_metric(const struct sampler *s, unsigned metric, struct buf *out)
{
	const struct metric *m = &metrics[metric];
	const struct sample *sample;
	write_head(m->name, m->kind == METRIC_COUNTER ? "counter" : "gauge", m->help, out);
	for (unsigned at = 0; (sample = sampler_next(s, false, &at));)
		for (unsigned i = 0; i < sample->count; i++) {
			const struct point *p = &sample->points[i];
			if (p->metric == metric)
				buf_printf(out, METRIC_PREFIX "%s%s%s%s %.17g\n", m->name,
					   p->labels[0] ? "{" : "", p->labels,
					   p->labels[0] ? "}" : "", p->value);
		}
}

/* Comments, which Prometheus passes over: `# brink_target_x n/a (reason)`, and the limits of what
 * is told. */
static void write_notes(const struct sampler *s, const uint8_t sources[METRIC_COUNT],
			struct buf *out)
{
	for (unsigned m = 0; m < METRIC_COUNT; m++) {
		const char *gap = find_gap(s, m);
		if (gap)
			buf_printf(out, "# " METRIC_PREFIX "%s %s(%s)\n", metrics[m].name,
				   sources[m] == SOURCE_NONE ? "n/a " : "in part ", gap);
	}
}

void render_prometheus(const struct sampler *s, struct buf *out)
{
	uint8_t sources[METRIC_COUNT];
	find_sources(s, sources);
	write_head("up", "gauge", "1 while the agent samples", out);
	buf_puts(out, METRIC_PREFIX "up 1\n");
	write_head("source_info", "gauge", "where the values of a group come from; none: n/a", out);
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		buf_printf(out, METRIC_PREFIX "source_info{group=\"%s\",source=\"%s\"} 1\n",
			   metrics[m].name, sample_source_name((enum sample_source)sources[m]));
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		if (sources[m] != SOURCE_NONE)
			write_metric(s, m, out);
	write_notes(s, sources, out);
}
