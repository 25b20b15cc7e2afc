/* One line a second while the load runs. */
#include "out/out.h"

#include "base/grouped.h"
#include "base/span.h"
#include "base/units.h"
#include "out/forms.h"
#include "out/text.h"

#define LINE_MAX_BYTES 512u

static double window_seconds(const struct tally *w)
{
	return w->to_ns > w->from_ns ? (double)(w->to_ns - w->from_ns) / 1e9 : 1;
}

/* "timeout", or "most: timeout" where it is one of several causes. */
static void name_cause(const uint64_t *by, uint64_t count, struct buf *line)
{
	enum outcome most = out_worst(by);
	buf_printf(line, "%s%s", count == by[most] ? "" : "most: ", outcome_name(most));
}

static void errors(const struct tally *w, double seconds, struct buf *line)
{
	char rate[UNITS_TEXT];
	uint64_t count = out_sum(w->outcomes);
	if (!count)
		return;
	buf_printf(line, "  %s errors/s (", units_text_count(rate, (double)count / seconds));
	name_cause(w->outcomes, count, line);
	buf_puts(line, ")");
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

static void compose_run(const struct progress *p, struct buf *line)
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

/* --- a hold: connections first, and only what is not 0 --------------------------------- */

/* "  lost 3 (peer_reset)": all since the start. A second that adds to them tells what it added:
 * "  lost 100,003 (+100,000 peer_reset)". */
static void by_cause(const char *name, const uint64_t *total, const uint64_t *window,
		     struct buf *line)
{
	uint64_t count = out_sum(total), added = out_sum(window);
	if (!count)
		return;
	buf_printf(line, "  %s %s (", name, grouped(count).text);
	if (added)
		buf_printf(line, "+%s%s", grouped(added).text,
			   added == window[out_worst(window)] ? " " : ", ");
	name_cause(added ? window : total, added ? added : count, line);
	buf_puts(line, ")");
}

static void reopened(const struct progress *p, struct buf *line)
{
	if (p->total->reopened)
		buf_printf(line, "  reopened %s", grouped(p->total->reopened).text);
	if (p->window->reopened)
		buf_printf(line, " (+%s)", grouped(p->window->reopened).text);
}

static void asked(const struct tally *w, struct buf *line)
{
	char rate[UNITS_TEXT], p99[UNITS_TEXT] = "-";
	double seconds = window_seconds(w);
	if (!w->intended && !w->sent && !tally_ended(w))
		return;
	if (w->intended_us.count)
		units_text_us(p99, (double)hist_quantile_us(&w->intended_us, 0.99));
	buf_printf(line, "  %s requests/s  p99 %s",
		   units_text_count(rate, (double)tally_ended(w) / seconds), p99);
	errors(w, seconds, line);
}

static void compose_hold(const struct progress *p, struct buf *line)
{
	const struct tally *w = p->window;
	char at[UNITS_TEXT];
	double off = p->at_s - (double)(uint64_t)(p->at_s + 0.5);
	snprintf(at, sizeof at, off > -0.05 && off < 0.05 ? "%.0fs" : "%.1fs", p->at_s);
	buf_printf(line, "%7s%10llu open", at, (unsigned long long)p->open);
	if (p->opening)
		buf_printf(line, "%6llu opening", (unsigned long long)p->opening);
	if (w->opened) {
		double rate_rps = (double)w->opened / window_seconds(w);
		buf_printf(line, "%8s/s", grouped((uint64_t)(rate_rps + 0.5)).text);
	}
	if (p->closing)
		buf_puts(line, "  closing");
	by_cause("failed", p->total->failed_by, w->failed_by, line);
	by_cause("lost", p->total->lost_by, w->lost_by, line);
	reopened(p, line);
	asked(w, line);
}

/* On a terminal the cursor goes back up to the line that is written again. */
static void kernel_below(const struct progress *p, FILE *to, bool terminal)
{
	struct buf line;
	buf_init(&line, LINE_MAX_BYTES);
	text_kernel_line(p->kernel, window_seconds(p->window), &line);
	if (line.ptr)
		fprintf(to, terminal ? "\n\r\033[?7l%9s  %s\033[K\033[?7h\033[A" : "%9s  %s\n", "",
			line.ptr);
	buf_fini(&line);
}

void out_progress(const struct progress *p, FILE *to, bool terminal)
{
	struct buf line;
	buf_init(&line, LINE_MAX_BYTES);
	if (p->hold)
		compose_hold(p, &line);
	else
		compose_run(p, &line);
	/* Wrapping is off for these lines: on a narrow terminal a further row would stay behind. */
	if (line.ptr)
		fprintf(to, terminal ? "\r\033[?7l%s\033[K\033[?7h" : "%s\n", line.ptr);
	if (p->kernel)
		kernel_below(p, to, terminal);
	fflush(to);
	buf_fini(&line);
}

void out_progress_end(FILE *to, bool terminal)
{
	if (terminal)
		fputs("\r\033[J", to); /* what is below, too */
	fflush(to);
}
