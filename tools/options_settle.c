/* What can only be decided once all options are known. */
#include "tools/options.h"

#include "base/field.h"
#include "base/file.h"
#include "base/mono.h"
#include "base/url.h"
#include "run/media_type.h"
#include "run/stage.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#define DATA_FILE_MAX ((size_t)64 << 20)

/* What does not go together. */
struct rule {
	bool wrong;
	const char *text, *hint;
};

static int check_rules(const struct rule *rules, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (rules[i].wrong) {
			err_set(err, ERR_USAGE, "%s", rules[i].text);
			return err_hint(err, "%s", rules[i].hint);
		}
	}
	return 0;
}

static bool is_of_ws(const struct run_config *run)
{
	const char *url = run->url ? run->url : "";
	if (run->protocol)
		return !strcmp(run->protocol, "ws");
	return !strncasecmp(url, "ws://", 5) || !strncasecmp(url, "wss://", 6);
}

/* Flags that only WebSocket gives a meaning, and those that it has none for. */
static int check_ws(const struct invocation *in, struct err *err)
{
	static const char *const own[] = {"ws-subprotocol", "ws-binary", "ws-any-answer",
					  "ws-deflate", "ws-rate"};
	static const char *const foreign[] = {"method", "pipeline",        "h2c-upgrade",
					      "window", "handshakes-only", "expect-status"};
	bool ws = is_of_ws(&in->run);
	for (size_t i = 0; !ws && i < sizeof own / sizeof *own; i++) {
		if (!options_has(in, own[i]))
			continue;
		err_set(err, ERR_USAGE, "--%s without --ws: only WebSocket has that", own[i]);
		return err_hint(err, "add --ws, or use a ws:// or wss:// URL");
	}
	for (size_t i = 0; ws && i < sizeof foreign / sizeof *foreign; i++) {
		if (!options_has(in, foreign[i]))
			continue;
		err_set(err, ERR_USAGE, "--%s with WebSocket: it has nothing of the kind",
			foreign[i]);
		return err_hint(err, "leave it out%s",
				i == 1 ? "; -m N keeps N messages in flight" : "");
	}
	return 0;
}

static bool is_call_described(const struct invocation *in)
{
	static const char *const flags[] = {"proto",    "proto-path",      "protoset",
					    "reflect",  "grpc-timeout",    "grpc-compress",
					    "messages", "grpc-message-max"};
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (options_has(in, flags[i]))
			return true;
	return false;
}

static int check_call(const struct invocation *in, struct err *err)
{
	const struct run_config *run = &in->run;
	const struct rule rules[] = {
		{run->grpc.method && run->hold,
		 "--grpc with hold: a hold keeps connections, and makes no calls",
		 "--http2 holds connections to the same server; brink run --grpc calls it"},
		{run->grpc.method && in->scenario,
		 "--grpc with a scenario: its requests are of HTTP",
		 "brink run URL --grpc PKG.SVC/METHOD makes one call over and over"},
		{!run->grpc.method && is_call_described(in),
		 "flags of gRPC without --grpc: no method is called", "add --grpc PKG.SVC/METHOD"},
		{run->grpc.method && (options_has(in, "http1.1") || options_has(in, "http2")),
		 "--grpc with --http1.1 or --http2: it is a protocol of its own",
		 "leave the other out"},
		{run->grpc.method && run->expect_status,
		 "--expect-status with --grpc: a call is judged by its grpc-status",
		 "leave it out"},
	};
	return check_rules(rules, sizeof rules / sizeof *rules, err);
}

static int check_combinations(const struct invocation *in, struct err *err)
{
	const struct run_config *run = &in->run;
	const struct rule rules[] = {
		{run->pipeline > 1 && !run->keepalive,
		 "--pipeline with --no-keepalive: a connection for one request cannot carry "
		 "several",
		 "leave one of them out"},
		{run->think_ns && run->rate_rps > 0,
		 "--think with --rate: in an open loop the schedule alone says when a request is "
		 "due",
		 "leave out --think, or --rate for a closed loop"},
		{run->poisson && !(run->rate_rps > 0),
		 "--poisson without --rate: a closed loop has no schedule",
		 "say how many requests a second with -R N"},
		{run->spin == RUN_SPIN_FIXED && !(run->rate_rps > 0),
		 "--spin with a duration, but no --rate: a closed loop has no due instants",
		 "add -R N, or use --spin busy"},
		{run->ping_ns && run->rate_rps > 0,
		 "--ping with --request-rate: both say how often to ask", "leave one of them out"},
		{run->destinations && in->connect_to,
		 "--to with --connect-to: both say where to connect", "leave one of them out"},
		{run->tls.key && !run->tls.cert, "--key without --cert: a key alone proves nothing",
		 "add --cert FILE"},
		{run->tls.cert && run->tls.cert_dir,
		 "--cert with --cert-dir: both say which certificate to present",
		 "leave one of them out"},
		{run->handshakes_only && run->pipeline > 1,
		 "--handshakes-only with --pipeline: nothing is sent on these connections",
		 "leave one of them out"},
		{run->handshakes_only && run->checks.count,
		 "--handshakes-only with --expect-...: nothing is asked, so nothing answers",
		 "leave one of them out"},
		{options_has(in, "check") && !run->checks.count,
		 "--check without anything to look for in the answers",
		 "add --expect-body-contains TEXT, --expect-json EXPR or --expect-header LINE"},
		{in->scenario && !is_of_ws(run) &&
			 (in->has_data || in->data_file || options_has(in, "method")),
		 "--method, --data and --data-file with a scenario: its requests say that",
		 "leave them out"},
		{in->has_data && in->data_file, "--data with --data-file: a request has one body",
		 "leave one of them out"},
		{in->quiet && in->verbose, "--quiet with --verbose: they contradict each other",
		 "leave one of them out"},
	};
	return check_rules(rules, sizeof rules / sizeof *rules, err);
}

/* --- the body ----------------------------------------------------------------------------- */

static int load_body(struct invocation *in, struct err *err)
{
	if (!file_read(&in->body, in->data_file, DATA_FILE_MAX, err)) {
		in->run.body = (struct span){in->body.ptr, in->body.len};
		return 0;
	}
	char text[sizeof err->text];
	memcpy(text, err->text, sizeof text);
	err_set(err, ERR_USAGE, "--data-file %.400s", text);
	return err_hint(err, "it is the name of a readable file of at most %zu MiB",
			DATA_FILE_MAX >> 20);
}

/* Unless the user says what it is, or the protocol does. */
static int settle_type(struct invocation *in, struct err *err)
{
	struct run_config *run = &in->run;
	const char *line = media_type_line(in->data_file);
	bool http = !run->protocol || !strcmp(run->protocol, "h1") || !strcmp(run->protocol, "h2");
	if (!line || !http || media_type_is_given(run->headers, run->header_count))
		return 0;
	if (run->header_count == RUN_HEADERS_MAX) {
		err_set(err, ERR_USAGE,
			"--header: with the Content-Type of --data-file more than %d headers",
			RUN_HEADERS_MAX);
		return err_hint(err, "leave one out, or give the Content-Type among them");
	}
	run->headers[run->header_count++] = line;
	return 0;
}

/* An empty body that was asked for makes a POST as well. */
static int settle_body(struct invocation *in, struct err *err)
{
	if (in->data_file && (load_body(in, err) || settle_type(in, err)))
		return -1;
	if (in->data_file && !in->run.body.ptr)
		in->run.body.ptr = "";
	if ((in->has_data || in->data_file) && !in->run.method)
		in->run.method = "POST";
	return 0;
}

/* --- --connect-to -------------------------------------------------------------------------- */

#define PARTS_MAX 4

/* Takes "a:b:[::1]:d" apart at the colons outside of brackets; the brackets go. Returns how many
 * parts there are, or PARTS_MAX + 1 for too many. */
static unsigned split(const char *text, struct span *parts)
{
	unsigned n = 0;
	for (;;) {
		size_t len = *text == '[' ? strcspn(text, "]") : strcspn(text, ":");
		bool bracket = *text == '[' && text[len];
		if (n == PARTS_MAX)
			return PARTS_MAX + 1;
		parts[n++] = bracket ? (struct span){text + 1, len - 1} : (struct span){text, len};
		text += len + bracket;
		if (*text != ':')
			return *text ? PARTS_MAX + 1 : n;
		text++;
	}
}

static bool is_or_empty(struct span part, const char *text)
{
	return !part.len || field_is(part, text);
}

static int not_ours(const struct invocation *in, const struct url *url, struct err *err)
{
	err_set(err, ERR_USAGE, "--connect-to %s is not about this URL: host %s, port %s",
		in->connect_to, url->host, url->port_text);
	return err_hint(err, "leave the first two parts empty to mean any: ::HOST:PORT");
}

/* HOST:PORT stands for itself. Of A:P:B:Q (curl's form) an empty A or P means any, an empty B or
 * Q the URL's own. */
static int settle_connect_to(struct invocation *in, struct err *err)
{
	struct span part[PARTS_MAX];
	struct url url;
	unsigned count = split(in->connect_to, part);
	if (count == 2) {
		in->run.connect_to = in->connect_to;
		return 0;
	}
	if (count != 4) {
		err_set(err, ERR_USAGE, "--connect-to \"%s\" is neither HOST:PORT nor A:P:B:Q",
			in->connect_to);
		return err_hint(err, "like 127.0.0.1:8080, [::1]:8080 or example.org:80::8080");
	}
	if (url_parse(&url, in->run.url, err))
		return -1;
	if (!is_or_empty(part[0], url.host) || !is_or_empty(part[1], url.port_text))
		return not_ours(in, &url, err);
	struct span host = part[2].len ? part[2] : span_of(url.host);
	struct span port = part[3].len ? part[3] : span_of(url.port_text);
	bool bracket = memchr(host.ptr, ':', host.len) != NULL;
	snprintf(in->connect_to_text, sizeof in->connect_to_text, "%s%.*s%s:%.*s",
		 bracket ? "[" : "", (int)host.len, host.ptr, bracket ? "]" : "", (int)port.len,
		 port.ptr);
	in->run.connect_to = in->connect_to_text;
	return 0;
}

/* --- the story ----------------------------------------------------------------------------- */

static int settle_url(struct invocation *in, struct err *err)
{
	if (!in->operand_count) {
		err_set(err, ERR_USAGE, "a URL or a scenario is missing");
		return err_hint(err, "brink run -c 64 -d 10s http://127.0.0.1:8080/");
	}
	if (in->operand_count > 1) {
		err_set(err, ERR_USAGE, "one URL at a time: \"%s\" is one too many",
			in->operands[1]);
		return err_hint(err, "quote a URL or a value that has blanks in it");
	}
	if (!in->scenario)
		in->run.url = in->operands[0];
	return 0;
}

/* --- a search ------------------------------------------------------------------------------ */

#define FIND_RATE_FROM        100
#define FIND_RATE_TO          10e6
#define FIND_CONNECTIONS_FROM 4
#define FIND_CONNECTIONS_TO   10e3

static int check_search(const struct search_config *c, struct err *err)
{
	if (c->factor <= 1)
		return err_set(err, ERR_USAGE, "--factor %g: the load would not grow", c->factor);
	if (c->queue_ratio <= 1)
		return err_set(err, ERR_USAGE, "--queue-ratio %g: P99 is never below P50",
			       c->queue_ratio);
	if (c->from > c->to)
		return err_set(err, ERR_USAGE, "--from %.15g is above --to %.15g", c->from, c->to);
	return 0;
}

/* Guards that are set bound what was not said: the search ends there. */
static double cap(double value, double most, bool given)
{
	return most > 0 && value > most && !given ? most : value;
}

static void settle_rate(struct invocation *in)
{
	struct run_config *run = &in->run;
	struct search_config *c = &run->search;
	if (!c->from)
		c->from = FIND_RATE_FROM;
	if (!c->to)
		c->to = FIND_RATE_TO;
	c->to = cap(c->to, run->guard.max_rate_rps, options_has(in, "to"));
	c->from = fmin(c->from, options_has(in, "from") ? c->from : c->to);
	run->rate_rps = c->to;
	if (!options_has(in, "connections") && !(in->scenario && in->scenario->connections))
		run->connections = RUN_RATE_CONNECTIONS;
}

static int settle_connections(struct invocation *in, struct err *err)
{
	struct run_config *run = &in->run;
	struct search_config *c = &run->search;
	if (options_has(in, "connections")) {
		err_set(err, ERR_USAGE,
			"--connections with --variable connections: both say how many");
		return err_hint(err, "--from N and --to N bound the search");
	}
	if (!c->from)
		c->from = FIND_CONNECTIONS_FROM;
	if (!c->to)
		c->to = FIND_CONNECTIONS_TO;
	c->to = cap(c->to, (double)run->guard.max_connections, options_has(in, "to"));
	c->from = round(fmin(c->from, options_has(in, "from") ? c->from : c->to));
	c->to = round(c->to);
	run->connections = c->to < UINT32_MAX ? (uint32_t)c->to : UINT32_MAX;
	return c->from >= 1
		       ? 0
		       : err_set(err, ERR_USAGE, "--from %g: one connection at least", c->from);
}

static int settle_search(struct invocation *in, struct err *err)
{
	struct search_config *c = &in->run.search;
	if (!in->run.find)
		return 0;
	c->seed = in->run.seed;
	c->poisson = in->run.poisson;
	in->run.stage_count = 0;
	in->run.stage_connections = false;
	in->run.duration_ns = 0;
	if (c->variable == SEARCH_RATE)
		settle_rate(in);
	else if (settle_connections(in, err))
		return -1;
	return check_search(c, err);
}

/* --- stages -------------------------------------------------------------------------------- */

/* An open loop over all connections, each in turn. */
static int settle_ws_rate(struct invocation *in, struct err *err)
{
	struct run_config *run = &in->run;
	if (!options_has(in, "ws-rate"))
		return 0;
	if (options_has(in, "rate") || run->stage_count) {
		err_set(err, ERR_USAGE, "--ws-rate with %s: both say how much",
			options_has(in, "rate") ? "--rate" : "stages");
		return err_hint(err, "leave one of them out");
	}
	run->rate_rps = in->ws_rate_rps * run->connections;
	return 0;
}

static uint64_t scaled(uint64_t ns, double scale)
{
	double length = (double)ns * scale;
	return ns && length < 1e6 ? NS_PER_MS : (uint64_t)length;
}

/* A rate or a number of connections that a flag gives, goes before the stages of a scenario. */
static int settle_stages(struct invocation *in, struct err *err)
{
	struct run_config *run = &in->run;
	bool plain = options_has(in, "rate") ||
		     (run->stage_connections && options_has(in, "connections"));
	if (plain && in->own_stages) {
		err_set(err, ERR_USAGE, "--stage with --%s: both say how much",
			options_has(in, "rate") ? "rate" : "connections");
		return err_hint(err, "leave one of them out");
	}
	if (plain || !run->stage_count) {
		run->stage_count = 0;
		return 0;
	}
	for (unsigned i = 0; i < run->stage_count; i++) {
		struct run_stage *stage = &run->stages[i];
		stage->duration_ns = scaled(stage->duration_ns, in->time_scale);
		stage->watch_ns = scaled(stage->watch_ns, in->time_scale);
	}
	double most = stages_most(run);
	if (most < 1)
		return err_set(err, ERR_USAGE,
			       "no stage has a load: the target of one at least is "
			       "above 0");
	if (run->stage_connections)
		run->connections = (uint32_t)fmin(most, UINT32_MAX);
	else if (!options_has(in, "connections") && !in->scenario)
		run->connections = RUN_RATE_CONNECTIONS;
	run->rate_rps = run->stage_connections ? 0 : most;
	return 0;
}

int options_settle_run(struct invocation *in, struct err *err)
{
	if (settle_stages(in, err))
		return -1;
	if (settle_search(in, err))
		return -1;
	if (settle_url(in, err) || settle_ws_rate(in, err) || check_combinations(in, err) ||
	    check_call(in, err) || check_ws(in, err) || settle_body(in, err))
		return -1;
	return in->connect_to ? settle_connect_to(in, err) : 0;
}
