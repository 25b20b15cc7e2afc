#include "host/sample.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM_FIRST 64u

void sample_fini(struct sample *s)
{
	free(s->points);
	*s = (struct sample){0};
}

void sample_clear(struct sample *s)
{
	s->count = s->cut = s->gap_count = 0;
	s->began_ns = s->ended_ns = 0;
}

static bool has_room(struct sample *s)
{
	if (s->count < s->room)
		return true;
	unsigned room = s->room ? 2 * s->room : ROOM_FIRST;
	struct point *more = NULL;
	if (room <= SAMPLE_POINTS_MAX)
		more = realloc(s->points, room * sizeof *more);
	if (!more)
		return false;
	s->points = more;
	s->room = room;
	return true;
}

void sample_add(struct sample *s, enum metric_id metric, enum sample_source source, double value,
		const char *labels, ...)
{
	if (!has_room(s)) {
		s->cut++;
		return;
	}
	struct point *p = &s->points[s->count++];
	*p = (struct point){.value = value, .metric = (uint16_t)metric, .source = (uint8_t)source};
	if (!labels)
		return;
	va_list args;
	va_start(args, labels);
	int len = vsnprintf(p->labels, sizeof p->labels, labels, args);
	va_end(args);
	if (len >= (int)sizeof p->labels) {
		s->count--;
		s->cut++;
	}
}

static void add_gap(struct sample *s, enum metric_id metric, const char *reason)
{
	for (unsigned i = 0; i < s->gap_count; i++)
		if (s->gaps[i].metric == metric)
			return;
	if (s->gap_count == METRIC_COUNT)
		return;
	struct sample_gap *g = &s->gaps[s->gap_count++];
	g->metric = (uint16_t)metric;
	snprintf(g->reason, sizeof g->reason, "%s", reason);
}

void sample_gap(struct sample *s, enum metric_id metric, const char *reason, ...)
{
	char text[SAMPLE_REASON];
	va_list args;
	va_start(args, reason);
	vsnprintf(text, sizeof text, reason, args);
	va_end(args);
	add_gap(s, metric, text);
}

void sample_gaps(struct sample *s, const enum metric_id *list, unsigned count, const char *reason,
		 ...)
{
	char text[SAMPLE_REASON];
	va_list args;
	va_start(args, reason);
	vsnprintf(text, sizeof text, reason, args);
	va_end(args);
	for (unsigned i = 0; i < count; i++)
		add_gap(s, list[i], text);
}

void sample_gap_absent(struct sample *s, enum metric_id metric, const char *reason)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->points[i].metric == metric)
			return;
	add_gap(s, metric, reason);
}

const char *sample_source_name(enum sample_source source)
{
	static const char *const names[] = {"none", "procfs", "netlink", "bpf"};
	return names[source];
}
