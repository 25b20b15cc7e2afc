/* The summary as JSON, schema brink.summary/1: every key is always there. */
#include "out/forms.h"

#include "base/json.h"

#include <signal.h>
#include <stdio.h>

#define NS_PER_S_REAL 1e9

/* NULL: a stage that this run does not have. */
static void latency(struct json *j, const char *key, const struct hist *h)
{
	bool empty = !h || !h->count;
	json_object(j, key);
	json_u64(j, "count", empty ? 0 : h->count);
	if (empty) {
		json_null(j, "min_us");
		json_null(j, "mean_us");
	} else {
		json_u64(j, "min_us", h->min_us);
		json_real(j, "mean_us", hist_mean_us(h));
	}
	for (int i = 0; i < OUT_QUANTILES; i++) {
		const struct out_quantile *q = &out_quantiles[i];
		if (empty)
			json_null(j, q->key);
		else
			json_u64(j, q->key, hist_quantile_us(h, q->quantile));
	}
	if (empty)
		json_null(j, "max_us");
	else
		json_u64(j, "max_us", h->max_us);
	json_object_end(j);
}

static void latencies(struct json *j, const struct tally *t)
{
	json_object(j, "latency");
	latency(j, "intended", &t->intended_us);
	latency(j, "service", &t->service_us);
	latency(j, "connect", &t->connect_us);
	latency(j, "tls_handshake", &t->tls_us);
	latency(j, "first_byte", &t->first_byte_us);
	latency(j, "message", &t->message_us);
	json_object_end(j);
}

/* Connections whose handshake failed, or that broke for TLS's sake, by reason. */
static void tls_failures(struct json *j, const struct summary *s)
{
	json_array(j, "failures");
	for (int r = 0; r < TLS_REASONS; r++) {
		enum tls_reason reason = (enum tls_reason)r;
		if (!s->total.tls_reasons[r])
			continue;
		bool certificate = tls_reason_is_certificate(reason);
		json_object(j, NULL);
		json_text(j, "outcome",
			  outcome_name(certificate ? OUTCOME_TLS_CERTIFICATE
						   : OUTCOME_TLS_HANDSHAKE));
		json_text(j, "reason", tls_reason_name(reason));
		json_u64(j, "count", s->total.tls_reasons[r]);
		json_text(j, "detail", s->tls.details[r]);
		json_object_end(j);
	}
	json_array_end(j);
}

static void tls(struct json *j, const struct summary *s)
{
	json_object(j, "tls");
	json_text(j, "version", s->tls.version);
	json_text(j, "cipher", s->tls.cipher);
	json_bool(j, "ktls_tx", s->tls.ktls);
	json_bool(j, "ktls_rx", s->tls.ktls);
	json_text(j, "note", s->tls.note);
	json_u64(j, "full", s->total.tls_full);
	json_u64(j, "resumed", s->total.tls_resumed);
	tls_failures(j, s);
	json_object_end(j);
}

static void connections(struct json *j, const struct summary *s)
{
	const struct tally *t = &s->total;
	json_object(j, "connections");
	json_u64(j, "asked", s->connections_asked);
	json_u64(j, "opened", t->opened);
	json_u64(j, "open_max", t->open_max);
	json_u64(j, "active_max", t->active_max);
	json_u64(j, "failed", t->failed);
	json_u64(j, "lost", t->lost);
	json_u64(j, "reopened", t->reopened);
	json_object_end(j);
}

static void requests(struct json *j, const struct tally *t)
{
	json_object(j, "requests");
	json_u64(j, "intended", t->intended);
	json_u64(j, "sent", t->sent);
	json_u64(j, "ok", t->outcomes[OUTCOME_OK]);
	json_u64(j, "failed", tally_failed(t));
	json_u64(j, "shed", t->outcomes[OUTCOME_SHED]);
	json_u64(j, "generator_side", tally_generator_side(t));
	json_u64(j, "in_flight_at_stop", t->in_flight);
	json_real(j, "oldest_in_flight_s", (double)t->oldest_in_flight_ns / NS_PER_S_REAL);
	json_u64(j, "warmup", t->warmup);
	json_u64(j, "retries", t->retries);
	json_u64(j, "held_back", t->held_back);
	json_object_end(j);
}

static void rate(struct json *j, const struct summary *s)
{
	json_object(j, "rate");
	if (s->open_loop)
		json_real(j, "offered_rps", s->offered_rps);
	else
		json_null(j, "offered_rps");
	json_real(j, "achieved_rps", s->achieved_rps);
	json_real(j, "error_rate", tally_error_rate(&s->total));
	json_object_end(j);
}

/* `ok` always, other classes where they occurred. */
static void outcomes(struct json *j, const struct tally *t)
{
	json_object(j, "outcomes");
	for (int o = 0; o < OUTCOME_COUNT; o++)
		if (o == OUTCOME_OK || t->outcomes[o])
			json_u64(j, outcome_name((enum outcome)o), t->outcomes[o]);
	json_object_end(j);
}

static void statuses(struct json *j, const struct tally *t)
{
	json_object(j, "status");
	for (unsigned code = 0; code < TALLY_STATUSES; code++) {
		char key[12];
		snprintf(key, sizeof key, "%u", code);
		if (t->status[code])
			json_u64(j, key, t->status[code]);
	}
	json_object_end(j);
}

/* Of gRPC, by name; what was said of the first of each beside it. */
static void grpc_statuses(struct json *j, const struct summary *s)
{
	const struct tally *t = &s->total;
	json_object(j, "grpc_status");
	for (unsigned i = 0; i < TALLY_GRPC; i++)
		if (t->grpc[i])
			json_u64(j, summary_grpc_name(i), t->grpc[i]);
	json_object_end(j);
	json_object(j, "grpc_message");
	for (unsigned i = 0; i < TALLY_GRPC; i++)
		if (s->grpc_words[i][0])
			json_text(j, summary_grpc_name(i), s->grpc_words[i]);
	json_object_end(j);
	json_u64(j, "messages", t->messages);
}

/* Connections that the peer closed, by close code. */
static void closes(struct json *j, const struct tally *t)
{
	json_object(j, "ws_close");
	for (unsigned i = 0; i < TALLY_WS_CLOSES; i++) {
		char key[12] = "other";
		if (i < TALLY_WS_CLOSES - 1)
			snprintf(key, sizeof key, "%u", 1000 + i);
		if (t->ws_close[i])
			json_u64(j, key, t->ws_close[i]);
	}
	json_object_end(j);
}

static void bytes(struct json *j, const struct tally *t)
{
	json_object(j, "bytes");
	json_u64(j, "sent", t->bytes_sent);
	json_u64(j, "received", t->bytes_received);
	json_object_end(j);
}

static void limits(struct json *j, const struct summary *s)
{
	json_array(j, "limits");
	for (unsigned i = 0; i < s->limit_count; i++)
		json_text(j, NULL, s->limits[i].limiter);
	json_array_end(j);
	json_array(j, "limit_details");
	for (unsigned i = 0; i < s->limit_count; i++) {
		json_object(j, NULL);
		json_text(j, "limiter", s->limits[i].limiter);
		json_text(j, "evidence", s->limits[i].evidence);
		json_text(j, "remedy", s->limits[i].remedy);
		json_object_end(j);
	}
	json_array_end(j);
}

static void generator(struct json *j, const struct summary *s)
{
	const struct tally *t = &s->total;
	json_object(j, "generator");
	json_real(j, "cpu_s", s->cpu_s);
	json_real(j, "cpu_us_per_request", s->cpu_us_per_request);
	json_u64(j, "threads", s->threads);
	json_u64(j, "rings", s->rings);
	json_u64(j, "rss_bytes", s->rss_bytes);
	json_u64(j, "bytes_per_idle_connection", s->bytes_per_idle_connection);
	json_u64(j, "lag_p50_us", hist_quantile_us(&t->lag_us, 0.5));
	json_u64(j, "lag_p99_us", hist_quantile_us(&t->lag_us, 0.99));
	json_u64(j, "lag_max_us", t->lag_us.count ? t->lag_us.max_us : 0);
	json_real(j, "spin_s", (double)t->spin_ns / NS_PER_S_REAL);
	json_real(j, "run_delay_s", (double)t->run_delay_ns / NS_PER_S_REAL);
	json_u64(j, "ring_enters", t->turns);
	json_u64(j, "ring_enters_batched", t->batch_turns);
	json_u64(j, "completions", t->events);
	json_u64(j, "ring_overflows", t->ring_overflows);
	json_u64(j, "ring_starved", t->ring_starved);
	json_u64(j, "slots_left", t->slots_left);
	json_bool(j, "saturated", s->saturated);
	limits(j, s);
	json_object_end(j);
}

static const char *unit_of(enum threshold_kind kind)
{
	static const char *const units[] = {
		[THRESHOLD_LATENCY] = "us",      [THRESHOLD_RATIO] = "ratio",
		[THRESHOLD_ERRORS] = "fraction", [THRESHOLD_RATE] = "rps",
		[THRESHOLD_COUNT] = "count",
	};
	return units[kind];
}

static void thresholds(struct json *j, const struct summary *s)
{
	json_array(j, "thresholds");
	for (unsigned i = 0; i < s->threshold_count; i++) {
		json_object(j, NULL);
		json_text(j, "expression", s->thresholds[i].text);
		json_bool(j, "ok", s->results[i].ok);
		json_real(j, "value", s->results[i].value);
		json_text(j, "unit", unit_of(s->thresholds[i].kind));
		json_object_end(j);
	}
	json_array_end(j);
}

static void checks(struct json *j, const struct summary *s)
{
	json_array(j, "checks");
	for (unsigned i = 0; i < s->check_count; i++) {
		json_object(j, NULL);
		json_text(j, "expression", s->checks[i]);
		json_u64(j, "failed", s->total.check_failed_by[i]);
		json_u64(j, "checked", s->total.checked_by[i]);
		json_object_end(j);
	}
	json_array_end(j);
}

static void notes(struct json *j, const struct summary *s)
{
	json_array(j, "notes");
	for (unsigned i = 0; i < s->note_count; i++)
		json_text(j, NULL, s->notes[i]);
	json_array_end(j);
}

/* Of the whole summary: what was run, and against what. */
static void heading(struct json *j, const struct summary *s)
{
	char started[OUT_TIMESTAMP];
	json_text(j, "schema", "brink.summary/1");
	json_text(j, "command", s->command);
	json_text(j, "version", BRINK_VERSION);
	json_text(j, "target", s->target);
	json_text(j, "protocol", s->protocol);
	json_text(j, "model", s->open_loop ? "open" : "closed");
	tls(j, s);
	json_text(j, "started_at", out_timestamp(started, &s->started_at));
	json_real(j, "elapsed_s", s->elapsed_s);
	json_real(j, "planned_s", s->planned_s);
}

/* What a single run leaves empty, and how it ended. */
static void ending(struct json *j, const struct summary *s)
{
	out_json_stages(s, j);
	out_json_find(s, j);
	json_null(j, "diagnosis");
	out_json_agents(s, j);
	out_json_timeline(s, j);
	out_json_gaps(s, j);
	notes(j, s);
	json_text(j, "signal",
		  s->signal == SIGINT    ? "SIGINT"
		  : s->signal == SIGTERM ? "SIGTERM"
					 : NULL);
	json_u64(j, "exit_code", (uint64_t)s->exit_code);
}

void out_json(const struct summary *s, struct buf *out)
{
	struct json j;
	json_init(&j, out);
	json_object(&j, NULL);
	heading(&j, s);
	connections(&j, s);
	out_json_hold(s, &j);
	requests(&j, &s->total);
	rate(&j, s);
	outcomes(&j, &s->total);
	statuses(&j, &s->total);
	grpc_statuses(&j, s);
	closes(&j, &s->total);
	bytes(&j, &s->total);
	latencies(&j, &s->total);
	generator(&j, s);
	thresholds(&j, s);
	checks(&j, s);
	ending(&j, s);
	json_object_end(&j);
	buf_puts(out, "\n");
}
