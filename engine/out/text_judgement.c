/* What to make of it: the generator's own health, remarks, thresholds, the verdict. */
#include "out/text.h"

#include "base/units.h"
#include "out/lines.h"
#include "run/verdict.h"

#include <signal.h>
#include <stdio.h>

static double per_second(double amount, double elapsed_s)
{
	return elapsed_s > 0 ? amount / elapsed_s : 0;
}

/* In a hold the time spent on opening is in it too: no figure a request. */
static void cpu_of_each(const struct summary *s, struct buf *out)
{
	char each[UNITS_TEXT] = "-";
	if (s->hold)
		return;
	if (s->cpu_us_per_request > 0)
		units_text_us(each, s->cpu_us_per_request);
	buf_printf(out, "%s a request, ", each);
}

static void cpu(const struct summary *s, struct buf *out)
{
	double spun = per_second((double)s->total.spin_ns / 1e9, s->elapsed_s);
	double waited = per_second((double)s->total.run_delay_ns / 1e9, s->elapsed_s);
	buf_printf(out, "  %-12s", "cpu");
	cpu_of_each(s, out);
	buf_printf(out, "%.2f cores used by %u thread%s", per_second(s->cpu_s, s->elapsed_s),
		   s->threads, s->threads == 1 ? "" : "s");
	if (spun >= 0.01)
		buf_printf(out, ", %.2f of them spinning", spun);
	buf_puts(out, "\n");
	if (waited >= 0.01)
		buf_printf(out, "  %-12s%.2f cores short: threads ready to run, but no cpu free\n",
			   "cpu wait", waited);
}

static void lag(const struct hist *h, struct buf *out)
{
	char p99[UNITS_TEXT], max[UNITS_TEXT];
	if (!h->count)
		return;
	buf_printf(out, "  %-12sp99 %s, max %s from due to written, of %llu requests\n", "lag",
		   units_text_us(p99, (double)hist_quantile_us(h, 0.99)),
		   units_text_us(max, (double)h->max_us), (unsigned long long)h->count);
}

static void memory_and_rings(const struct summary *s, struct buf *out)
{
	char rss[UNITS_TEXT];
	buf_printf(out, "  %-12s%s resident", "memory",
		   units_text_bytes(rss, (double)s->rss_bytes));
	if (s->hold) /* which measured it while they were open: see there */
		buf_puts(out, " once all were closed\n");
	else
		buf_printf(out, ", %llu bytes a connection\n",
			   (unsigned long long)s->bytes_per_idle_connection);
	if (s->total.ring_overflows || s->total.ring_starved)
		buf_printf(out, "  %-12s%llu overflows, %llu receives without a buffer\n", "ring",
			   (unsigned long long)s->total.ring_overflows,
			   (unsigned long long)s->total.ring_starved);
}

static void limits(const struct summary *s, struct buf *out)
{
	for (unsigned i = 0; i < s->limit_count; i++) {
		const struct summary_limit *limit = &s->limits[i];
		char why[sizeof limit->evidence + 64];
		snprintf(why, sizeof why, "%s: %s", limit->limiter, limit->evidence);
		lines_wrap(out, "  LIMIT       ", why);
		if (limit->remedy[0])
			lines_wrap(out, "  remedy      ", limit->remedy);
	}
}

static void generator(const struct summary *s, struct buf *out)
{
	buf_printf(out, "\nGenerator     %s\n",
		   s->saturated ? "SATURATED: it was the limit, not the target"
				: "healthy: it was not the limit");
	cpu(s, out);
	lag(&s->total.lag_us, out);
	memory_and_rings(s, out);
	limits(s, out);
}

static void notes(const struct summary *s, struct buf *out)
{
	if (s->note_count)
		buf_puts(out, "\nNotes\n");
	for (unsigned i = 0; i < s->note_count; i++)
		lines_wrap(out, "  - ", s->notes[i]);
}

/* A threshold's value in the unit of its kind; out of UNITS_TEXT bytes. */
static char *value_text(char *out, enum threshold_kind kind, double value)
{
	switch (kind) {
	case THRESHOLD_LATENCY:
		return value > 0 ? units_text_us(out, value) : strcpy(out, "no data");
	case THRESHOLD_ERRORS:
		return text_share(out, value, 1);
	case THRESHOLD_RATIO:
		snprintf(out, UNITS_TEXT, value > 0 ? "%.2f" : "no data", value);
		return out;
	case THRESHOLD_RATE:
		snprintf(out, UNITS_TEXT, "%.2f/s", value);
		return out;
	case THRESHOLD_COUNT:
		break;
	}
	snprintf(out, UNITS_TEXT, "%.0f", value);
	return out;
}

static void thresholds(const struct summary *s, struct buf *out)
{
	if (s->threshold_count)
		buf_printf(out, "\n%-*s%12s\n", TEXT_LABEL - 4, "Thresholds", "value");
	for (unsigned i = 0; i < s->threshold_count; i++) {
		char value[UNITS_TEXT], lead[64];
		snprintf(lead, sizeof lead, "  %-8s%12s  ", s->results[i].ok ? "ok" : "FAILED",
			 value_text(value, s->thresholds[i].kind, s->results[i].value));
		lines_wrap(out, lead, s->thresholds[i].text);
	}
}

static unsigned failed_thresholds(const struct summary *s)
{
	unsigned n = 0;
	for (unsigned i = 0; i < s->threshold_count; i++)
		n += !s->results[i].ok;
	return n;
}

static void verdict_in_words(const struct summary *s, struct buf *out)
{
	unsigned failed = failed_thresholds(s);
	switch (s->exit_code) {
	case EXIT_INTERNAL:
		buf_puts(out, "INTERNAL ERROR: the counts do not add up; please report this");
		return;
	case EXIT_NO_SUCCESS:
		buf_puts(out, s->hold && !s->total.intended
				      ? "FAILED: no connection was ever established"
				      : "FAILED: no request ever succeeded");
		return;
	case EXIT_GENERATOR:
		buf_puts(out,
			 "INVALID: the generator was the limit; nothing is proven of the target");
		return;
	case EXIT_LOST:
		buf_puts(out, "INCOMPLETE: an agent was lost; ");
		break;
	}
	if (failed && s->threshold_count == 1)
		buf_puts(out, "FAILED: the threshold failed");
	else if (failed)
		buf_printf(out, "FAILED: %u of %u thresholds failed", failed, s->threshold_count);
	else if (s->threshold_count == 1)
		buf_puts(out, "passed: the threshold held");
	else if (s->threshold_count)
		buf_printf(out, "passed: all %u thresholds held", s->threshold_count);
	else
		buf_puts(out, "finished; no thresholds were set");
	if (s->saturated)
		buf_puts(out, ", though the generator was the limit");
}

static void verdict(const struct summary *s, struct buf *out)
{
	buf_puts(out, "\nVerdict: ");
	if (s->signal)
		buf_printf(out, "stopped early by %s; ",
			   s->signal == SIGINT ? "SIGINT" : "SIGTERM");
	verdict_in_words(s, out);
	buf_printf(out, " (exit %d)\n", s->exit_code);
}

void text_judgement(const struct summary *s, struct buf *out)
{
	generator(s, out);
	notes(s, out);
	thresholds(s, out);
	verdict(s, out);
}
