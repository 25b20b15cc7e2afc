/* The totals as CSV (RFC 4180): a header, a row. Columns come in a fixed order and are always
 * all there; what was not measured is an empty cell. New columns are added at the end. */
#include "out/forms.h"

#include <math.h>
#include <stdio.h>

#define CSV_MAX (64u * 1024)

/* Both lines grow together, so that no cell can stand under another's name. */
struct csv {
	struct buf names, cells;
};

static void column(struct csv *c, const char *prefix, const char *name)
{
	if (c->names.len) {
		buf_puts(&c->names, ",");
		buf_puts(&c->cells, ",");
	}
	buf_printf(&c->names, "%s%s", prefix, name);
}

static void text(struct csv *c, const char *name, const char *value)
{
	column(c, "", name);
	buf_puts(&c->cells, "\"");
	for (const char *p = value ? value : ""; *p; p++)
		buf_append(&c->cells, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
	buf_puts(&c->cells, "\"");
}

static void count(struct csv *c, const char *name, uint64_t value)
{
	column(c, "", name);
	buf_printf(&c->cells, "%llu", (unsigned long long)value);
}

/* NAN leaves the cell empty. */
static void real(struct csv *c, const char *name, double value)
{
	column(c, "", name);
	if (isfinite(value))
		buf_printf(&c->cells, "%.6f", value);
}

static void microseconds(struct csv *c, const char *series, const char *name, bool known,
			 uint64_t us)
{
	column(c, series, name);
	if (known)
		buf_printf(&c->cells, "%llu", (unsigned long long)us);
}

static void latency(struct csv *c, const char *series, const struct hist *h)
{
	bool known = h->count > 0;
	microseconds(c, series, "count", true, h->count);
	microseconds(c, series, "min_us", known, h->min_us);
	column(c, series, "mean_us");
	if (known)
		buf_printf(&c->cells, "%.3f", hist_mean_us(h));
	for (int i = 0; i < OUT_QUANTILES; i++)
		microseconds(c, series, out_quantiles[i].key, known,
			     hist_quantile_us(h, out_quantiles[i].quantile));
	microseconds(c, series, "max_us", known, h->max_us);
}

static void run(struct csv *c, const struct summary *s)
{
	char started[OUT_TIMESTAMP];
	text(c, "command", s->command);
	text(c, "target", s->target);
	text(c, "protocol", s->protocol);
	text(c, "model", s->open_loop ? "open" : "closed");
	text(c, "started_at", out_timestamp(started, &s->started_at));
	real(c, "elapsed_s", s->elapsed_s);
	real(c, "offered_rps", s->open_loop ? s->offered_rps : NAN);
	real(c, "achieved_rps", s->achieved_rps);
	real(c, "error_rate", tally_error_rate(&s->total));
	count(c, "exit_code", (uint64_t)s->exit_code);
}

static void totals(struct csv *c, const struct summary *s)
{
	const struct tally *t = &s->total;
	count(c, "connections_asked", s->connections_asked);
	count(c, "connections_opened", t->opened);
	count(c, "connections_open_max", t->open_max);
	count(c, "connections_active_max", t->active_max);
	count(c, "connections_failed", t->failed);
	count(c, "connections_lost", t->lost);
	count(c, "connections_reopened", t->reopened);
	count(c, "intended", t->intended);
	count(c, "sent", t->sent);
	count(c, "ok", t->outcomes[OUTCOME_OK]);
	count(c, "failed", tally_failed(t));
	count(c, "shed", t->outcomes[OUTCOME_SHED]);
	count(c, "generator_side", tally_generator_side(t));
	count(c, "in_flight_at_stop", t->in_flight);
	count(c, "bytes_sent", t->bytes_sent);
	count(c, "bytes_received", t->bytes_received);
}

static void generator(struct csv *c, const struct summary *s)
{
	const struct hist *lag = &s->total.lag_us;
	count(c, "threads", s->threads);
	real(c, "cpu_s", s->cpu_s);
	real(c, "cpu_us_per_request", s->cpu_us_per_request);
	count(c, "lag_p99_us", hist_quantile_us(lag, 0.99));
	count(c, "lag_max_us", lag->count ? lag->max_us : 0);
	count(c, "saturated", s->saturated);
}

static void figure(struct csv *c, const char *name, bool known, double value)
{
	real(c, name, known ? value : NAN);
}

static void counter(struct csv *c, const char *name, bool known, uint64_t value)
{
	microseconds(c, "", name, known, value);
}

/* Empty in a run, and where a figure could not be had. */
static void hold(struct csv *c, const struct summary *s)
{
	const struct summary_hold *h = &s->held;
	figure(c, "hold_opening_s", s->hold, h->opening_s);
	figure(c, "hold_held_s", s->hold, h->held_s);
	figure(c, "hold_closing_s", s->hold, h->closing_s);
	figure(c, "hold_established_rps", h->opened_rps > 0, h->opened_rps);
	figure(c, "hold_first_tenth_rps", h->first_tenth_rps > 0, h->first_tenth_rps);
	figure(c, "hold_last_tenth_rps", h->last_tenth_rps > 0, h->last_tenth_rps);
	counter(c, "hold_open_at_end", s->hold, h->open_at_end);
	figure(c, "hold_user_bytes_per_connection", h->user_bytes > 0, h->user_bytes);
	figure(c, "hold_kernel_bytes_per_connection", h->kernel_bytes > 0, h->kernel_bytes);
	counter(c, "hold_both_ends", s->hold, h->target_local);
	counter(c, "hold_warm_bytes", s->hold, h->warm_bytes);
	figure(c, "hold_cold_share", h->warm_bytes > 0, h->cold_share);
	counter(c, "hold_tcp_memory_pressures", s->hold && h->memory_pressures != SUMMARY_UNKNOWN,
		h->memory_pressures);
	counter(c, "hold_time_wait_overflows", s->hold && h->time_wait_overflows != SUMMARY_UNKNOWN,
		h->time_wait_overflows);
	counter(c, "hold_reset", s->hold, h->reset);
}

/* Counts by outcome, each class a column; ok and shed have theirs in the totals. */
static void causes(struct csv *c, const char *prefix, const uint64_t *by)
{
	for (int o = OUTCOME_SHED + 1; o < OUTCOME_COUNT; o++) {
		char name[64];
		snprintf(name, sizeof name, "%s_%s", prefix, outcome_name((enum outcome)o));
		count(c, name, by[o]);
	}
}

void out_csv(const struct summary *s, struct buf *out)
{
	struct csv c;
	buf_init(&c.names, CSV_MAX);
	buf_init(&c.cells, CSV_MAX);
	run(&c, s);
	totals(&c, s);
	latency(&c, "intended_", &s->total.intended_us);
	latency(&c, "service_", &s->total.service_us);
	latency(&c, "connect_", &s->total.connect_us);
	latency(&c, "first_byte_", &s->total.first_byte_us);
	generator(&c, s);
	causes(&c, "outcome", s->total.outcomes);
	hold(&c, s);
	causes(&c, "connections_failed", s->total.failed_by);
	causes(&c, "connections_lost", s->total.lost_by);
	out->cut |= c.names.cut || c.cells.cut;
	if (!out->cut)
		buf_printf(out, "%s\n%s\n", c.names.ptr, c.cells.ptr);
	buf_fini(&c.names);
	buf_fini(&c.cells);
}
