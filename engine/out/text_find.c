/* What a search found: a row for each load while it runs, then the curve and the points. */
#include "out/text.h"

#include "base/units.h"
#include "out/lines.h"
#include "out/out.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CURVE_COLUMNS 60
#define SIGNS_MAX     512u

static const char *unit(const struct summary *s)
{
	return s->search.variable == SEARCH_RATE ? "requests/s" : "connections";
}

/* --- the table --------------------------------------------------------------------------- */

void text_find_opening(const struct summary *s, FILE *to)
{
	char each[UNITS_TEXT];
	fprintf(to, "Finding the breaking point by %s @ %s\n",
		s->search.variable == SEARCH_RATE ? "rate" : "connections", s->target);
	fprintf(to, "  from %s %s on, times %g until it breaks, then to within %g%%; %s a step\n",
		text_load(s->search.from).text, unit(s), s->search.factor,
		100 * s->search.resolution, text_seconds(each, s->search.hold_s));
	fprintf(to, "\n%12s %12s %12s %10s %10s %8s  %s\n", unit(s), "offered/s", "achieved/s",
		"p50", "p99", "errors", "state");
}

static void kernel_of_step(const struct kernel_span *k, FILE *to)
{
	struct buf signs;
	buf_init(&signs, SIGNS_MAX);
	text_kernel_signs(k, &signs);
	if (signs.len)
		fprintf(to, "%12s kernel: %s\n", "", signs.ptr);
	buf_fini(&signs);
}

void out_text_step(const struct summary *s, FILE *to)
{
	const struct search_step *step = &s->found.steps[s->found.step_count - 1];
	char p50[UNITS_TEXT] = "-", p99[UNITS_TEXT] = "-", errors[UNITS_TEXT] = "-";
	if (step->count) {
		units_text_us(p50, (double)step->p50_us);
		units_text_us(p99, (double)step->p99_us);
	}
	if (step->error_rate > 0)
		text_share(errors, step->error_rate, 1);
	fprintf(to, "%12s %12s %12s %10s %10s %8s  %s", text_load(step->value).text,
		text_load(step->offered_rps).text, text_load(step->achieved_rps).text, p50, p99,
		errors, search_state_name(step->state));
	if (step->reason)
		fprintf(to, " (%s)", search_reason_name(step->reason));
	fprintf(to, "%s%s\n", step->drifting ? ", latency still grows" : "",
		step->returning ? ", on the way down" : "");
	kernel_of_step(&s->step_kernels[s->found.step_count - 1], to);
	fflush(to);
}

/* --- the curve --------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	const struct search_step *x = *(const struct search_step *const *)a;
	const struct search_step *y = *(const struct search_step *const *)b;
	return (x->value > y->value) - (x->value < y->value);
}

/* The last step at each load, in order of load. */
static unsigned curve_of(const struct search_report *found, const struct search_step **curve)
{
	unsigned count = 0;
	for (unsigned i = 0; i < found->step_count; i++) {
		const struct search_step *step = &found->steps[i];
		bool again = step->returning || !step->count;
		for (unsigned k = i + 1; k < found->step_count; k++)
			again |= found->steps[k].value == step->value && !found->steps[k].returning;
		if (!again)
			curve[count++] = step;
	}
	qsort(curve, count, sizeof *curve, by_value);
	return count;
}

struct axis {
	double low, high; /* logarithms of us, whole decades */
};

static int column(const struct axis *a, double us)
{
	double share = (log10(fmax(us, 1)) - a->low) / (a->high - a->low);
	return (int)(share * (CURVE_COLUMNS - 1) + 0.5);
}

static struct axis axis_of(const struct search_step *const *curve, unsigned count)
{
	double low = INFINITY, high = -INFINITY;
	for (unsigned i = 0; i < count; i++) {
		low = fmin(low, log10(fmax(1, (double)curve[i]->p50_us)));
		high = fmax(high, log10(fmax(1, (double)curve[i]->p99_us)));
	}
	struct axis a = {floor(low), ceil(high)};
	a.high += a.high == a.low;
	return a;
}

/* "|---o====*": the median, and up to P99. */
static void bar(const struct axis *a, const struct search_step *step, char *out)
{
	int from = column(a, (double)step->p50_us), to = column(a, (double)step->p99_us);
	memset(out, ' ', CURVE_COLUMNS);
	for (int i = from; i < to; i++)
		out[i] = '=';
	out[to] = '*';
	out[from] = 'o';
	out[to + 1] = '\0';
}

static void ticks(const struct axis *a, struct buf *out)
{
	char line[CURVE_COLUMNS + 2 * UNITS_TEXT];
	memset(line, ' ', sizeof line);
	int end = 0;
	for (double decade = a->low; decade <= a->high; decade++) {
		char text[UNITS_TEXT];
		units_text_us(text, pow(10, decade));
		int at = column(a, pow(10, decade));
		memcpy(line + at, text, strlen(text));
		end = at + (int)strlen(text);
	}
	line[end] = '\0';
	buf_printf(out, "%12s  %s\n", "", line);
}

static void curve(const struct summary *s, struct buf *out)
{
	const struct search_step *steps[SEARCH_STEPS_MAX];
	unsigned count = curve_of(&s->found, steps);
	if (!count)
		return;
	struct axis a = axis_of(steps, count);
	buf_printf(out, "\n%12s  latency, o p50, * p99 (logarithmic)\n", unit(s));
	for (unsigned i = 0; i < count; i++) {
		char text[CURVE_COLUMNS + 2], errors[UNITS_TEXT];
		bar(&a, steps[i], text);
		buf_printf(out, "%12s |%s", text_load(steps[i]->value).text, text);
		if (steps[i]->error_rate > 0)
			buf_printf(out, "  %s errors", text_share(errors, steps[i]->error_rate, 1));
		buf_puts(out, "\n");
	}
	ticks(&a, out);
}

/* --- the points -------------------------------------------------------------------------- */

static const char *because(enum search_reason reason)
{
	static const char *const words[] = {
		[SEARCH_BY_ERRORS] = "too many requests failed",
		[SEARCH_BY_QUEUEING] = "latency grew as long as the load stood",
		[SEARCH_BY_THROUGHPUT] = "it answered less than was asked of it",
		[SEARCH_BY_SILENCE] = "it answered nothing",
	};
	return words[reason];
}

static void say(struct buf *out, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct buf *out, const char *label, const char *format, ...)
{
	char lead[32], text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	snprintf(lead, sizeof lead, "%-12s", label);
	lines_wrap(out, lead, text);
}

static void verdict(const struct summary *s, struct buf *out)
{
	const struct search_report *f = &s->found;
	const struct search_point *b = &f->breaking;
	if (f->generator_limited)
		say(out, "VERDICT", "none: the generator was the limit before the target was");
	else if (b->found)
		say(out, "VERDICT", "breaks at %s %s (%s to %s): %s%s", text_load(b->value).text,
		    unit(s), text_load(b->low).text, text_load(b->high).text, because(f->reason),
		    f->graceful ? "; it degrades gracefully: what is too much is shed at once "
				  "(429 or 503), and the rest is served"
				: "");
	else if (f->step_count && f->steps[f->step_count - 1].reason)
		say(out, "VERDICT", "none: at %s %s %s",
		    text_load(f->steps[f->step_count - 1].value).text, unit(s),
		    because(f->steps[f->step_count - 1].reason));
	else if (f->step_count)
		say(out, "VERDICT", "did not break up to %s %s",
		    text_load(f->steps[f->step_count - 1].value).text, unit(s));
	else
		say(out, "VERDICT", "none: not one step was finished");
	if (f->queueing_from > 0)
		say(out, "QUEUEING", "from %s %s on: P99 is more than %g times P50",
		    text_load(f->queueing_from).text, unit(s), s->search.queue_ratio);
	if (f->unresponsive_from > 0)
		say(out, "SILENCE", "from %s %s on: no answers",
		    text_load(f->unresponsive_from).text, unit(s));
	if (f->knee.found)
		say(out, "KNEE", "latency bends after %s %s (%s to %s)",
		    text_load(f->knee.value).text, unit(s), text_load(f->knee.low).text,
		    text_load(f->knee.high).text);
	else
		say(out, "KNEE", "none seen: latency did not bend");
}

static void recovery(const struct summary *s, struct buf *out)
{
	const struct search_report *f = &s->found;
	if (!f->recovery_known)
		return;
	if (!f->recovered)
		say(out, "RECOVERY", "none within %.1f s of light load", f->recovery_s);
	else
		say(out, "RECOVERY", "%.1f s after the load stopped%s", f->recovery_s,
		    f->breaking.found ? ", at the longest" : "");
	if (f->return_known && f->returns_at > 0)
		say(out, "RETURN", "coming down from above, it holds %s %s at once",
		    text_load(f->returns_at).text, unit(s));
	else if (f->return_known && f->breaking.found && f->breaking.low > 0)
		say(out, "RETURN", "coming down from above, it held no load that was tried");
	text_aftermath(&f->aftermath, "AFTERMATH   ", out);
}

void text_find(const struct summary *s, struct buf *out)
{
	curve(s, out);
	buf_puts(out, "\n");
	verdict(s, out);
	recovery(s, out);
	say(out, "GENERATOR", "%s",
	    s->found.generator_limited ? "was the limit: see below"
				       : "was not the limit at any step that counted");
}
