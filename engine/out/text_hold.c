/* What a hold says of its connections: the plan before the start; at the end why some failed or
 * were lost, how fast they were opened and closed, and what one costs. */
#include "out/text.h"

#include "base/grouped.h"
#include "base/units.h"
#include "out/forms.h"
#include "out/lines.h"
#include "out/out_preflight.h"

#include <stdarg.h>
#include <stdio.h>

#define FIGURE 96 /* bytes of a figure in words, or of why there is none */

/* --- before the start ------------------------------------------------------------------- */

void text_hold_opening(const struct summary *s, struct buf *out)
{
	char planned[UNITS_TEXT];
	buf_printf(out, "Holding %s connection%s @ %s\n", grouped(s->connections_asked).text,
		   s->connections_asked == 1 ? "" : "s", s->target);
	buf_printf(out, "  %u thread%s; ", s->threads, s->threads == 1 ? "" : "s");
	if (s->planned_s > 0)
		buf_printf(out, "held for %s once all have been tried\n",
			   text_seconds(planned, s->planned_s));
	else
		buf_puts(out, "held until SIGINT or SIGTERM\n");
	if (s->open_loop)
		buf_printf(out,
			   "  open loop: %.10g requests/s once all have been tried, to each "
			   "connection in turn\n",
			   s->offered_rps);
	if (!s->held.preflight.count)
		return;
	buf_puts(out, "\n");
	preflight_text(&s->held.preflight, out);
}

/* --- causes ----------------------------------------------------------------------------- */

/* "  lost, by cause    peer_reset: 12, timeout: 3", the most frequent first; nothing of none. */
static void causes(const char *lead, const uint64_t *by, struct buf *out)
{
	uint64_t left[OUTCOME_COUNT];
	struct buf list;
	enum outcome most;
	memcpy(left, by, sizeof left);
	buf_init(&list, 4096);
	for (; (most = out_worst(left)) != OUTCOME_OK; left[most] = 0)
		buf_printf(&list, "%s%s: %s", list.len ? ", " : "", outcome_name(most),
			   grouped(left[most]).text);
	if (list.len)
		lines_wrap(out, lead, list.ptr);
	out->cut |= list.cut;
	buf_fini(&list);
}

/* --- figures ---------------------------------------------------------------------------- */

static uint64_t rounded(double value)
{
	return (uint64_t)(value + 0.5);
}

static char *missing(char *out, const char *why)
{
	snprintf(out, FIGURE, "n/a (%s)", why);
	return out;
}

/* "24,531/s", and decimals where they matter. */
static char *pace(char *out, double rps)
{
	if (rps < 100)
		snprintf(out, FIGURE, "%.3g/s", rps);
	else
		snprintf(out, FIGURE, "%s/s", grouped(rounded(rps)).text);
	return out;
}

static void row(struct buf *out, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void row(struct buf *out, const char *label, const char *format, ...)
{
	char lead[TEXT_LABEL + 1], text[4 * FIGURE + 128];
	va_list args;
	snprintf(lead, sizeof lead, "  %-*s", TEXT_LABEL - 2, label);
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	lines_wrap(out, lead, text);
}

/* --- time ------------------------------------------------------------------------------- */

/* The pace of a tenth, which ends with the connection `last`. */
static char *tenth(char *out, const struct summary *s, double rps, uint64_t last)
{
	uint64_t opened = s->total.opened - s->total.reopened;
	if (rps > 0)
		return pace(out, rps);
	return missing(out, opened < last ? "so many were never opened" : "too few to tell");
}

static void established(const struct summary *s, struct buf *out)
{
	const struct summary_hold *h = &s->held;
	char mean[FIGURE], first[FIGURE], last[FIGURE], ratio[FIGURE] = "";
	if (h->opened_rps <= 0) {
		row(out, "established", "%s", missing(mean, "none was opened"));
		return;
	}
	if (h->first_tenth_rps > 0 && h->last_tenth_rps > 0)
		snprintf(ratio, sizeof ratio, ", ratio %.2f",
			 h->last_tenth_rps / h->first_tenth_rps);
	row(out, "established", "%s on average; first tenth %s, last tenth %s%s",
	    pace(mean, h->opened_rps),
	    tenth(first, s, h->first_tenth_rps, s->connections_asked / 10),
	    tenth(last, s, h->last_tenth_rps, s->connections_asked), ratio);
}

static void held(const struct summary *s, struct buf *out)
{
	const struct summary_hold *h = &s->held;
	char time[FIGURE];
	if (h->held_s > 0)
		snprintf(time, sizeof time, "for %.2fs, after %.2fs of opening", h->held_s,
			 h->opening_s);
	else
		missing(time, "it ended before every connection had been tried");
	row(out, "held", "%s; %s open at the end", time, grouped(h->open_at_end).text);
}

static void closed(const struct summary *s, struct buf *out)
{
	const struct summary_hold *h = &s->held;
	uint64_t left = s->total.slots_left, open = h->open_at_end;
	uint64_t count = open > left ? open - left : 0;
	char of[FIGURE] = "", rate[FIGURE];
	if (!open) {
		row(out, "closed", "none: none was open any more");
		return;
	}
	if (count < open)
		snprintf(of, sizeof of, " of %s", grouped(open).text);
	if (h->closing_s > 0)
		pace(rate, (double)count / h->closing_s);
	else
		missing(rate, "too quick to tell");
	row(out, "closed", "%s%s in %.2fs at %s, with %s", grouped(count).text, of, h->closing_s,
	    rate, h->reset ? "RSTs, which leave no TIME_WAIT" : "FINs");
}

/* --- memory ----------------------------------------------------------------------------- */

/* Why nothing was measured of a connection while it was idle; NULL: it was. */
static const char *not_measured(const struct summary *s)
{
	if (s->held.user_bytes > 0)
		return NULL;
	if (!s->total.opened)
		return "none was opened";
	return s->held.held_s > 0 ? "none was open once all had been tried"
				  : "it ended before every connection had been tried";
}

static void user_memory(const struct summary *s, struct buf *out)
{
	const char *why = not_measured(s);
	char figure[FIGURE];
	if (why)
		row(out, "memory", "user: %s", missing(figure, why));
	else
		row(out, "memory",
		    "user: %s bytes a connection (all that is resident / connections)",
		    grouped(rounded(s->held.user_bytes)).text);
}

static void kernel_memory(const struct summary *s, struct buf *out)
{
	const char *why = not_measured(s);
	char figure[FIGURE];
	if (s->held.kernel_bytes > 0)
		row(out, "", "kernel: %s bytes a connection, %s",
		    grouped(rounded(s->held.kernel_bytes)).text,
		    s->held.target_local ? "both ends, which are on this host" : "this end of it");
	else
		row(out, "", "kernel: %s",
		    missing(figure,
			    why ? why : "slabs did not grow, or only root may read their size"));
}

static void cold_memory(const struct summary_hold *h, struct buf *out)
{
	char bytes[UNITS_TEXT], share[UNITS_TEXT];
	if (h->warm_bytes)
		row(out, "", "touched ahead: %s in %.2fs, %s of it cold",
		    units_text_bytes(bytes, (double)h->warm_bytes), h->warm_s,
		    text_share(share, h->cold_share, 1));
	else
		row(out, "", "cold: n/a (none was touched ahead)");
}

/* --- the kernel's limits ---------------------------------------------------------------- */

static void limits_met(const struct summary_hold *h, struct buf *out)
{
	const struct {
		const char *label, *what;
		uint64_t count;
	} rows[] = {
		{"tcp memory", "pressure", h->memory_pressures},
		{"TIME_WAIT", "overflows", h->time_wait_overflows},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].count == SUMMARY_UNKNOWN)
			row(out, rows[i].label, "%s: n/a (/proc/net/netstat does not tell)",
			    rows[i].what);
		else
			row(out, rows[i].label, "%s: %s%s", rows[i].what,
			    rows[i].count ? grouped(rows[i].count).text : "none",
			    rows[i].count ? " counted since the start" : "");
}

/* --- the story -------------------------------------------------------------------------- */

void text_hold(const struct summary *s, struct buf *out)
{
	causes("  failed, by class  ", s->total.failed_by, out);
	causes("  lost, by cause    ", s->total.lost_by, out);
	buf_puts(out, "\nHold\n");
	established(s, out);
	held(s, out);
	closed(s, out);
	user_memory(s, out);
	kernel_memory(s, out);
	cold_memory(&s->held, out);
	limits_met(&s->held, out);
}
