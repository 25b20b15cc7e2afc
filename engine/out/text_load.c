/* What the load met: connections, latency, outcomes, statuses, what was still in flight. */
#include "out/text.h"

#include "base/units.h"
#include "out/forms.h"
#include "out/lines.h"

#include <stdio.h>

void text_connections(const struct summary *s, struct buf *out)
{
	const struct tally *t = &s->total;
	const struct {
		const char *name;
		uint64_t count;
	} columns[] = {
		{"asked", s->connections_asked}, {"opened", t->opened},
		{"open at most", t->open_max},   {"active at most", t->active_max},
		{"failed", t->failed},           {"lost", t->lost},
		{"reopened", t->reopened},
	};
	size_t n = sizeof columns / sizeof *columns;
	int widths[] = {9, 9, 14, 16, 9, 9, 10};
	buf_puts(out, "\nConnections ");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%*s", widths[i], columns[i].name);
	buf_puts(out, "\n            ");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%*llu", widths[i], (unsigned long long)columns[i].count);
	buf_puts(out, "\n");
}

#define LATENCY_CELL "%9s"

static void latency_row(struct buf *out, const char *name, const struct hist *h)
{
	char cell[UNITS_TEXT];
	buf_printf(out, "  %-*s", TEXT_LABEL - 2, name);
	if (!h->count) {
		for (int i = 0; i < OUT_QUANTILES + 2; i++)
			buf_printf(out, LATENCY_CELL, "-");
		buf_printf(out, "%12d\n", 0);
		return;
	}
	buf_printf(out, LATENCY_CELL, units_text_us(cell, hist_mean_us(h)));
	for (int i = 0; i < OUT_QUANTILES; i++) {
		uint64_t us = hist_quantile_us(h, out_quantiles[i].quantile);
		buf_printf(out, LATENCY_CELL, units_text_us(cell, (double)us));
	}
	buf_printf(out, LATENCY_CELL, units_text_us(cell, (double)h->max_us));
	buf_printf(out, "%12llu\n", (unsigned long long)h->count);
}

static void latency(const struct summary *s, struct buf *out)
{
	buf_printf(out, "\n%-*s" LATENCY_CELL, TEXT_LABEL, "Latency", "mean");
	for (int i = 0; i < OUT_QUANTILES; i++)
		buf_printf(out, LATENCY_CELL, out_quantiles[i].label);
	buf_printf(out, LATENCY_CELL "%12s\n", "max", "count");
	latency_row(out, "intended", &s->total.intended_us);
	latency_row(out, "service", &s->total.service_us);
	latency_row(out, "connect", &s->total.connect_us);
	if (s->tls.used)
		latency_row(out, "handshake", &s->total.tls_us);
	latency_row(out, "first byte", &s->total.first_byte_us);
	if (s->total.message_us.count)
		latency_row(out, "message", &s->total.message_us);
	if (s->open_loop || s->hold)
		buf_puts(out, "  intended counts from when a request was due, service from when it "
			      "was written\n");
	else
		buf_puts(out, "  in a closed loop latency hides queueing: a slow target is asked "
			      "less; use -R to see it\n");
}

/* The classes that occurred, most frequent first, after ok and shed; ok in any case. */
static int sorted_outcomes(const struct tally *t, enum outcome *ret)
{
	int n = 0;
	for (int o = 0; o < OUTCOME_COUNT; o++) {
		if (o != OUTCOME_OK && !t->outcomes[o])
			continue;
		int at = n++;
		for (;
		     at && ret[at - 1] > OUTCOME_SHED && t->outcomes[ret[at - 1]] < t->outcomes[o];
		     at--)
			ret[at] = ret[at - 1];
		ret[at] = (enum outcome)o;
	}
	return n;
}

static void outcomes(const struct tally *t, struct buf *out)
{
	enum outcome sorted[OUTCOME_COUNT];
	int n = sorted_outcomes(t, sorted);
	double ended = (double)tally_ended(t);
	buf_printf(out, "\n%-24s%11s%10s\n", "Outcomes", "count", "share");
	for (int i = 0; i < n; i++) {
		unsigned long long count = t->outcomes[sorted[i]];
		char share[UNITS_TEXT], lead[64];
		snprintf(lead, sizeof lead, "  %-22s%11llu%10s  ", outcome_name(sorted[i]), count,
			 text_share(share, (double)count, ended));
		lines_wrap(out, lead, outcome_words(sorted[i]));
	}
}

/* What was asked of the target a second, and what it gave. Not of a hold: it asks nothing while
 * it opens, and answers a second of the whole time would look like a rate not kept. */
static void rate(const struct summary *s, struct buf *out)
{
	char share[UNITS_TEXT];
	if (s->open_loop && !s->hold)
		buf_printf(out, "%-*s%.2f/s answered of %.2f/s due (%s)\n", TEXT_LABEL, "Rate",
			   s->achieved_rps, s->offered_rps,
			   text_share(share, s->achieved_rps, s->offered_rps));
}

static void error_rate(const struct tally *t, struct buf *out)
{
	char share[UNITS_TEXT];
	uint64_t ours = tally_generator_side(t), judged = tally_ended(t) - ours;
	if (!judged)
		return;
	buf_printf(out, "%-*s%s of %llu requests%s\n", TEXT_LABEL, "Errors",
		   text_share(share, tally_error_rate(t), 1), (unsigned long long)judged,
		   ours ? ", without those that the generator itself failed" : "");
}

static void statuses(const struct tally *t, struct buf *out)
{
	struct buf list;
	buf_init(&list, 64u * 1024);
	for (unsigned code = 0; code < TALLY_STATUSES; code++)
		if (t->status[code])
			buf_printf(&list, "%s%u: %llu", list.len ? ", " : "", code,
				   (unsigned long long)t->status[code]);
	if (list.len || !t->bare_answers) /* some protocols have none */
		lines_wrap(out, "Status        ", list.len ? list.ptr : "none received");
	out->cut |= list.cut;
	buf_fini(&list);
}

/* gRPC's, and what was said with the first of each. */
static void grpc_statuses(const struct summary *s, struct buf *out)
{
	struct buf list;
	buf_init(&list, 4096);
	for (unsigned i = 0; i < TALLY_GRPC; i++)
		if (s->total.grpc[i])
			buf_printf(&list, "%s%s: %llu", list.len ? ", " : "", summary_grpc_name(i),
				   (unsigned long long)s->total.grpc[i]);
	if (list.len)
		lines_wrap(out, "gRPC status   ", list.ptr);
	buf_fini(&list);
	for (unsigned i = 0; i < TALLY_GRPC; i++) {
		char lead[40];
		snprintf(lead, sizeof lead, "  %-20s", summary_grpc_name(i));
		if (s->total.grpc[i] && s->grpc_words[i][0])
			lines_wrap(out, lead, s->grpc_words[i]);
	}
}

/* Connections that the peer closed with a close frame. */
static void closes(const struct tally *t, struct buf *out)
{
	struct buf list;
	buf_init(&list, 4096);
	for (unsigned i = 0; i < TALLY_WS_CLOSES; i++) {
		unsigned long long count = t->ws_close[i];
		const char *comma = list.len ? ", " : "";
		if (count && i < TALLY_WS_CLOSES - 1)
			buf_printf(&list, "%s%u: %llu", comma, 1000 + i, count);
		else if (count)
			buf_printf(&list, "%sothers: %llu", comma, count);
	}
	if (list.len)
		lines_wrap(out, "Closed by it  ", list.ptr);
	buf_fini(&list);
}

static void in_flight(const struct tally *t, struct buf *out)
{
	char age[UNITS_TEXT];
	buf_printf(out, "%-*s", TEXT_LABEL, "In flight");
	if (t->in_flight)
		buf_printf(out, "%llu unanswered at the stop, the oldest for %s\n",
			   (unsigned long long)t->in_flight,
			   units_text_us(age, (double)t->oldest_in_flight_ns / 1e3));
	else
		buf_puts(out, "none at the stop\n");
}

/* Which of them failed most is what a reader looks for; in the order that they were given, though,
 * since a rule is looked at only where those before it held. */
static void checks(const struct summary *s, struct buf *out)
{
	const struct tally *t = &s->total;
	if (s->check_count)
		buf_printf(out, "%-*s%llu answers were looked at\n", TEXT_LABEL, "Checks",
			   (unsigned long long)t->checked);
	for (unsigned i = 0; i < s->check_count; i++) {
		char lead[80];
		snprintf(lead, sizeof lead, "  %11llu of %llu failed  ",
			 (unsigned long long)t->check_failed_by[i],
			 (unsigned long long)t->checked_by[i]);
		lines_wrap(out, lead, s->checks[i]);
	}
}

void text_requests(const struct summary *s, struct buf *out)
{
	latency(s, out);
	outcomes(&s->total, out);
	buf_puts(out, "\n");
	rate(s, out);
	error_rate(&s->total, out);
	statuses(&s->total, out);
	checks(s, out);
	grpc_statuses(s, out);
	closes(&s->total, out);
	in_flight(&s->total, out);
}
