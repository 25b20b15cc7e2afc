/* A load in stages: a row each, and what became of the target after the last one. */
#include "out/text.h"

#include "base/grouped.h"
#include "base/units.h"
#include "out/lines.h"

#include <math.h>
#include <stdio.h>

static struct grouped load(double value)
{
	return grouped((uint64_t)(value + 0.5));
}

static void row(const struct summary_stage *t, struct buf *out)
{
	char length[UNITS_TEXT], p50[UNITS_TEXT] = "-", p99[UNITS_TEXT] = "-",
				 errors[UNITS_TEXT] = "-";
	char from_to[64];
	snprintf(from_to, sizeof from_to, "%s > %s", load(t->from).text, load(t->to).text);
	if (t->ended) {
		units_text_us(p50, (double)t->p50_us);
		units_text_us(p99, (double)t->p99_us);
		text_share(errors, t->error_rate, 1);
	}
	buf_printf(out, "  %-10s %8s %18s %12s %10s %10s %8s\n", t->name,
		   text_seconds(length, round(t->length_s * 10) / 10), from_to,
		   load(t->achieved_rps).text, p50, p99, errors);
}

static void aftermath(const struct search_aftermath *a, struct buf *out)
{
	char text[200];
	if (!a->found)
		return;
	snprintf(text, sizeof text, "%s %.1f s after the load had stopped, %s%.1f s",
		 a->silent ? "the target froze" : "the target failed", a->at_s,
		 a->lasts ? "and had not come back after " : "for ", a->lasted_s);
	lines_wrap(out, "  AFTERMATH   ", text);
}

void text_stages(const struct summary *s, struct buf *out)
{
	if (!s->stage_count)
		return;
	buf_printf(out, "\n  %-10s %8s %18s %12s %10s %10s %8s\n", "Stages", "length",
		   s->open_loop ? "requests/s" : "connections", "achieved/s", "p50", "p99",
		   "errors");
	for (unsigned i = 0; i < s->stage_count; i++)
		row(&s->stages[i], out);
	aftermath(&s->found.aftermath, out);
}
