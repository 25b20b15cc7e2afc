/* A load in stages: a row each, and what became of the target after the last one. */
#include "out/text.h"

#include "base/units.h"

#include <math.h>
#include <stdio.h>

static void row(const struct summary_stage *t, struct buf *out)
{
	char length[UNITS_TEXT], p50[UNITS_TEXT] = "-", p99[UNITS_TEXT] = "-",
				 errors[UNITS_TEXT] = "-";
	char from_to[64];
	snprintf(from_to, sizeof from_to, "%s > %s", text_load(t->from).text,
		 text_load(t->to).text);
	if (t->ended) {
		units_text_us(p50, (double)t->p50_us);
		units_text_us(p99, (double)t->p99_us);
		text_share(errors, t->error_rate, 1);
	}
	buf_printf(out, "  %-10s %8s %18s %12s %10s %10s %8s\n", t->name,
		   text_seconds(length, round(t->length_s * 10) / 10), from_to,
		   text_load(t->achieved_rps).text, p50, p99, errors);
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
	text_aftermath(&s->found.aftermath, "  AFTERMATH   ", out);
}
