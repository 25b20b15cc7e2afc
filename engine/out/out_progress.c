/* One line a second while the load runs. */
#include "out/out.h"

#include "base/span.h"
#include "base/units.h"
#include "out/text.h"

#define LINE_MAX_BYTES 512u

static double window_seconds(const struct tally *w)
{
	return w->to_ns > w->from_ns ? (double)(w->to_ns - w->from_ns) / 1e9 : 1;
}

/* The class that ended most requests otherwise than ok; OUTCOME_OK where none did. */
static enum outcome worst(const struct tally *w)
{
	int most = OUTCOME_OK;
	for (int o = OUTCOME_OK + 1; o < OUTCOME_COUNT; o++)
		if (w->outcomes[o] && (most == OUTCOME_OK || w->outcomes[o] > w->outcomes[most]))
			most = o;
	return (enum outcome)most;
}

static void errors(const struct tally *w, double seconds, struct buf *line)
{
	char rate[UNITS_TEXT];
	enum outcome most = worst(w);
	if (most == OUTCOME_OK)
		return;
	uint64_t count = tally_ended(w) - w->outcomes[OUTCOME_OK];
	buf_printf(line, "  %s errors/s", units_text_count(rate, (double)count / seconds));
	buf_printf(line, count == w->outcomes[most] ? " (%s)" : " (most: %s)", outcome_name(most));
}

static void measured(const struct tally *w, struct buf *line)
{
	char rate[UNITS_TEXT], p50[UNITS_TEXT] = "-", p99[UNITS_TEXT] = "-";
	double seconds = window_seconds(w);
	if (w->intended_us.count) {
		units_text_us(p50, (double)hist_quantile_us(&w->intended_us, 0.5));
		units_text_us(p99, (double)hist_quantile_us(&w->intended_us, 0.99));
	}
	buf_printf(line, "%9s requests/s  p50 %7s  p99 %7s",
		   units_text_count(rate, (double)tally_ended(w) / seconds), p50, p99);
	errors(w, seconds, line);
}

static void compose(const struct progress *p, struct buf *line)
{
	char planned[UNITS_TEXT] = "", at[2 * UNITS_TEXT];
	if (p->planned_s > 0)
		text_seconds(planned, p->planned_s);
	snprintf(at, sizeof at, "%.0fs%s%s", p->at_s, planned[0] ? "/" : "", planned);
	buf_printf(line, "%9s  %6llu open", at, (unsigned long long)p->open);
	if (p->warmup)
		buf_puts(line, "  warming up");
	else
		measured(p->window, line);
}

void out_progress(const struct progress *p, FILE *to, bool terminal)
{
	struct buf line;
	buf_init(&line, LINE_MAX_BYTES);
	compose(p, &line);
	/* Wrapping is off for this line: on a narrow terminal a second row would stay behind. */
	if (line.ptr)
		fprintf(to, terminal ? "\r\033[?7l%s\033[K\033[?7h" : "%s\n", line.ptr);
	fflush(to);
	buf_fini(&line);
}

void out_progress_end(FILE *to, bool terminal)
{
	if (terminal)
		fputs("\r\033[K", to);
	fflush(to);
}
