/* The report for people. First the lines that wrk prints, spelt as wrk does, because scripts
 * read them; then what wrk hides. Plain ASCII, LINES_WIDTH columns. */
#include "out/forms.h"
#include "out/lines.h"
#include "out/out.h"
#include "out/text.h"

#include "base/units.h"

#include <math.h>

#define OPENING_MAX (64u * 1024) /* a plan of PREFLIGHT_ROWS_MAX rows is 20 KB at most */

char *text_seconds(char *out, double seconds)
{
	if (seconds >= 3600 && fmod(seconds, 3600) == 0)
		snprintf(out, UNITS_TEXT, "%.0fh", seconds / 3600);
	else if (seconds >= 60 && fmod(seconds, 60) == 0)
		snprintf(out, UNITS_TEXT, "%.0fm", seconds / 60);
	else
		snprintf(out, UNITS_TEXT, "%.6gs", seconds);
	return out;
}

char *text_share(char *out, double part, double whole)
{
	double share = whole > 0 ? 100 * part / whole : 0;
	if (whole <= 0)
		snprintf(out, UNITS_TEXT, "-");
	else if (share > 0 && share < 0.01)
		snprintf(out, UNITS_TEXT, "<0.01%%");
	else if (share < 100 && share > 99.99)
		snprintf(out, UNITS_TEXT, ">99.99%%");
	else
		snprintf(out, UNITS_TEXT, "%.2f%%", share);
	return out;
}

void text_aftermath(const struct search_aftermath *a, const char *lead, struct buf *out)
{
	char text[200];
	if (!a->found)
		return;
	snprintf(text, sizeof text, "%s %.1f s after the load had stopped, %s%.1f s",
		 a->silent ? "it froze" : "it failed", a->at_s,
		 a->lasts ? "and had not come back after " : "for ", a->lasted_s);
	lines_wrap(out, lead, text);
}

static void run_opening(const struct summary *s, FILE *to)
{
	char planned[UNITS_TEXT] = "a counted";
	if (s->planned_s > 0)
		text_seconds(planned, s->planned_s);
	fprintf(to, "Running %s test @ %s\n", planned, s->target);
	fprintf(to, "  %u threads and %llu connections\n", s->threads,
		(unsigned long long)s->connections_asked);
	if (s->staged)
		fprintf(to, "  %u stages of %s, %.10g at most\n", s->staged,
			s->open_loop ? "requests a second" : "connections", s->staged_most);
	else if (s->open_loop)
		fprintf(to,
			"  open loop: %.10g requests/s, due on schedule whatever the target's "
			"pace\n",
			s->offered_rps);
	else
		fputs("  closed loop: a connection sends its next request once it is answered\n",
		      to);
}

static void hold_opening(const struct summary *s, FILE *to)
{
	struct buf text;
	buf_init(&text, OPENING_MAX);
	text_hold_opening(s, &text);
	if (text.len)
		fwrite(text.ptr, 1, text.len, to);
	buf_fini(&text);
}

void out_text_opening(const struct summary *s, FILE *to)
{
	if (s->hold)
		hold_opening(s, to);
	else if (s->find)
		text_find_opening(s, to);
	else
		run_opening(s, to);
	fflush(to);
}

static void wrk_lines(const struct summary *s, struct buf *out)
{
	char text[UNITS_TEXT];
	double received = (double)s->total.bytes_received;
	buf_printf(out, "\n  %.0f requests in %.2fs, %s read\n",
		   round(s->achieved_rps * s->elapsed_s), s->elapsed_s,
		   units_text_bytes(text, received));
	buf_printf(out, "Requests/sec: %9.2f\n", s->achieved_rps);
	buf_printf(out, "Transfer/sec: %11s\n",
		   units_text_bytes(text, s->elapsed_s > 0 ? received / s->elapsed_s : 0));
}

void out_text(const struct summary *s, struct buf *out)
{
	bool requests = !s->find && (!s->hold || s->total.intended > 0);
	if (s->find)
		text_find(s, out);
	if (requests)
		wrk_lines(s, out);
	text_connections(s, out);
	text_tls(s, out);
	if (s->hold)
		text_hold(s, out);
	text_stages(s, out);
	if (requests)
		text_requests(s, out);
	text_kernel(s, out);
	text_judgement(s, out);
}
