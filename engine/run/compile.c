#include "run/compile.h"

#include "base/mono.h"
#include "base/url.h"
#include "proto/grpc.h"
#include "proto/proto.h"
#include "proto/request.h"
#include "run/alpn.h"
#include "run/endpoints.h"
#include "run/grpc_plan.h"
#include "run/redact.h"
#include "run/scenario.h"
#include "run/mixing.h"
#include "run/secure.h"
#include "run/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX       ((size_t)64 << 20) /* of one rendered request, body included */
#define WIRE_MAX          ((size_t)1 << 30)  /* of all copies: what io_uring registers as one */
#define DURATION_DEFAULT  (10 * NS_PER_S)
#define DRAIN_MAX_NS      NS_PER_S
#define WINDOW_NS         (100 * NS_PER_MS)
#define CLOSE_RPS_DEFAULT 30000
#define SPIN_NS           (100 * NS_PER_US)
#define SPIN_SHARE_MAX    0.6 /* of a core, that spinning may cost by itself */

void run_defaults(struct run_config *c)
{
	*c = (struct run_config){
		.connections = 10,
		.pipeline = 1,
		.streams = 1,
		.window = 1u << 20,
		.seed = 1,
		.timeout_ns = 10 * NS_PER_S,
		.connect_timeout_ns = 5 * NS_PER_S,
		.keepalive = true,
		.close_rps = CLOSE_RPS_DEFAULT,
		.grpc = {.message_max = GRPC_MESSAGE_MAX, .repeat = 1},
	};
	search_defaults(&c->search);
}

/* --- what ------------------------------------------------------------------------------- */

static int render(const struct run_config *c, const struct url *url, struct plan *p,
		  struct err *err)
{
	char authority[272];
	url_authority(url, authority, sizeof authority);
	const char *method = c->method ? c->method : c->body.len ? "POST" : "GET";
	struct request_spec spec = {
		.method = method,
		.path = url->path,
		.authority = authority,
		.headers = c->headers,
		.header_count = c->header_count,
		.body = c->body,
		.keepalive = c->keepalive,
	};
	struct buf out;
	buf_init(&out, REQUEST_MAX);
	int result = request_render(&out, &spec, err);
	if (!result && out.len > WIRE_MAX / p->pipeline)
		result = err_set(err, ERR_USAGE, "%u requests of %zu bytes are more than %zu MiB",
				 p->pipeline, out.len, WIRE_MAX >> 20);
	if (!result)
		result = plan_set_request(p, (struct span){out.ptr, out.len}, err);
	buf_fini(&out);
	p->head = strcmp(method, "HEAD") == 0;
	p->safe = request_is_safe(method);
	return result;
}

/* A protocol that writes its requests itself. */
static int compile_spoken(const struct run_config *c, const struct url *url, bool dry,
			  struct plan *p, struct err *err)
{
	struct grpc_head head;
	char authority[272];
	url_authority(url, authority, sizeof authority);
	const char *method = c->method ? c->method : c->body.len ? "POST" : "GET";
	struct proto_spec spec = {
		.scheme = url->scheme,
		.authority = authority,
		.path = url->path,
		.method = method,
		.headers = c->headers,
		.header_count = c->header_count,
		.body = c->body,
		.pings = c->hold,
		.upgrade = c->upgrade,
		.streams = p->pipeline,
		.window = c->window,
		.seed = c->seed,
		.ws = {c->ws.subprotocol, c->ws.binary, c->ws.any_answer, c->ws.deflate},
	};
	if (c->grpc.method && grpc_plan_fill(c, url, dry, p, &head, &spec, err))
		return -1;
	p->safe = request_is_safe(spec.method) && (p->proto != &proto_ws || c->hold);
	return p->proto->compile(&p->spoken, &spec, err);
}

/* Messages of a WebSocket have no head, and are compared with what was sent as it is. */
static int check_checks(const struct run_config *c, const struct plan *p, struct err *err)
{
	if (!c->checks.count || p->proto != &proto_ws)
		return 0;
	err_set(err, ERR_USAGE, "%s: answers over WebSockets are no answers of HTTP",
		c->checks.of[0].text);
	return err_hint(err, "leave out what --expect-body-contains, --expect-json, "
			     "--expect-header or the scenario's expect say");
}

static int render_requests(const struct run_config *c, const struct url *url, bool dry,
			   struct plan *p, struct summary *s, struct err *err)
{
	if (p->proto->send && compile_spoken(c, url, dry, p, err))
		return -1;
	if (p->proto == &proto_ws)
		return c->scenario ? scenario_check_ws(c->scenario, err) : 0;
	if (!c->scenario)
		return p->proto->send ? 0 : render(c, url, p, err);
	if (p->pipeline > 1 && p->proto->ordered) {
		err_set(err, ERR_USAGE,
			"--pipeline %u with a scenario: its answers are told apart "
			"one by one",
			p->pipeline);
		return err_hint(err, "leave --pipeline out");
	}
	return mixing_compile(&p->mix, c, url, s, err);
}

/* --- how -------------------------------------------------------------------------------- */

static bool is_of_ws(const struct url *url)
{
	return url->scheme[0] == 'w';
}

/* Messages of a WebSocket come back in order, and yet several may be on their way. */
static void choose_proto(const struct run_config *c, const char *name, struct plan *p)
{
	p->proto = proto_find(name);
	p->pipeline = p->proto->send ? c->streams : c->pipeline;
}

/* WebSocket by the URL, or by a flag: then the URL becomes one of its own. */
static int choose_protocol(const struct run_config *c, struct url *url, struct plan *p,
			   struct err *err)
{
	const char *name = c->protocol     ? c->protocol
			   : is_of_ws(url) ? "ws"
			   : c->upgrade    ? "h2"
					   : "h1";
	choose_proto(c, name, p);
	if (is_of_ws(url) && p->proto != &proto_ws) {
		err_set(err, ERR_USAGE, "%s over %s: the URL is one of WebSocket", name, c->url);
		return err_hint(err, "use an http:// or https:// URL, or leave the protocol out");
	}
	if (p->proto == &proto_ws && c->streams > PLAN_PIPELINE_MAX)
		return err_set(err, ERR_USAGE,
			       "-m %u: from 1 to %u messages at once on a WebSocket", c->streams,
			       PLAN_PIPELINE_MAX);
	if (p->proto == &proto_ws && !is_of_ws(url))
		snprintf(url->scheme, sizeof url->scheme, "%s",
			 strcmp(url->scheme, "https") ? "ws" : "wss");
	return 0;
}

/* --- how much --------------------------------------------------------------------------- */

static int check_sizes(const struct run_config *c, struct err *err)
{
	if (!c->connections || c->connections > RUN_CONNECTIONS_MAX)
		return err_set(err, ERR_USAGE, "-c %u: from 1 to %u connections", c->connections,
			       RUN_CONNECTIONS_MAX);
	if (!c->pipeline || c->pipeline > PLAN_PIPELINE_MAX)
		return err_set(err, ERR_USAGE, "--pipeline %u: from 1 to %u", c->pipeline,
			       PLAN_PIPELINE_MAX);
	if (c->threads > c->connections) {
		err_set(err, ERR_USAGE, "-t %u with -c %u: a thread needs a connection at least",
			c->threads, c->connections);
		return err_hint(err, "raise -c or lower -t");
	}
	return guard_check_load(&c->guard, c->rate_rps, c->connections, err);
}

/* Spinning pays where due instants are rare enough to sleep between them, and costs its own
 * length at every one: beyond a share of the core it is left to the user. */
static void choose_spin(const struct run_config *c, struct plan *p)
{
	double cost = c->rate_rps / p->workers * (double)SPIN_NS / (double)NS_PER_S;
	p->busy = c->spin == RUN_SPIN_BUSY;
	if (c->spin == RUN_SPIN_FIXED)
		p->spin_ns = c->spin_ns;
	else if (c->spin == RUN_SPIN_AUTO && c->rate_rps > 0 && cost <= SPIN_SHARE_MAX)
		p->spin_ns = SPIN_NS;
}

static uint64_t choose_duration(const struct run_config *c)
{
	if (c->duration_ns)
		return c->duration_ns;
	return c->requests ? UINT64_MAX : DURATION_DEFAULT;
}

/* Connections that are asked again and again are worth the memory of what their answers need. */
static enum plan_idle idle_of(bool lean, bool asked)
{
	if (lean && !asked)
		return PLAN_SWEEP;
	return lean || !asked ? PLAN_WATCH : PLAN_RECEIVE;
}

/* A hold lasts until a signal unless told otherwise; to ask each connection every T is to ask
 * N / T times a second, in turn. Those that are not asked need no receive kept ready. */
static void choose_hold(const struct run_config *c, struct plan *p)
{
	p->hold = true;
	p->verify = c->verify;
	p->cold = c->cold;
	p->duration_ns = c->duration_ns ? c->duration_ns : UINT64_MAX;
	p->churn_rps = c->churn_percent / 100 * c->connections;
	p->close_rps = c->close_rps;
	if (c->ping_ns)
		p->rate_rps = c->connections / ((double)c->ping_ns / (double)NS_PER_S);
	p->idle = idle_of(c->lean, p->rate_rps > 0);
}

/* The plan knows the most of the load; a search ends by itself. */
static void choose_find(const struct run_config *c, struct plan *p)
{
	p->duration_ns = UINT64_MAX;
	if (c->search.variable == SEARCH_RATE)
		p->rate_rps = c->search.from;
}

static void choose_stages(const struct run_config *c, struct plan *p)
{
	p->duration_ns = stages_length_ns(c);
	if (!c->stage_connections)
		p->rate_rps = stages_most(c);
}

static void choose_load(const struct run_config *c, const struct limits *limits, struct plan *p)
{
	uint32_t cores = limits->cpu_count ? limits->cpu_count : 1;
	p->keepalive = c->keepalive && !c->handshakes_only;
	p->handshakes_only = c->handshakes_only;
	p->expect_status = c->expect_status;
	p->checks = c->checks.count ? &c->checks : NULL;
	p->connections = c->connections;
	p->workers = c->threads ? c->threads : cores < c->connections ? cores : c->connections;
	p->rate_rps = c->rate_rps;
	p->poisson = c->poisson;
	p->seed = c->seed;
	p->requests = c->requests;
	p->duration_ns = choose_duration(c);
	p->warmup_ns = c->warmup_ns;
	p->think_ns = c->think_ns;
	p->timeout_ns = c->timeout_ns;
	p->connect_timeout_ns = c->connect_timeout_ns;
	p->drain_ns = c->timeout_ns < DRAIN_MAX_NS ? c->timeout_ns : DRAIN_MAX_NS;
	p->window_ns = WINDOW_NS;
	p->connect_rps = c->connect_rps;
	p->linger0 = c->linger0;
	if (c->hold)
		choose_hold(c, p);
	if (c->find)
		choose_find(c, p);
	if (c->stage_count)
		choose_stages(c, p);
	choose_spin(c, p);
}

static void describe(const struct run_config *c, const struct url *url, const struct plan *p,
		     struct summary *s)
{
	char authority[272];
	url_authority(url, authority, sizeof authority);
	s->command = c->hold ? "hold" : c->find ? "find" : "run";
	s->protocol = p->proto->name;
	char path[200];
	redact_query(path, sizeof path, url->path);
	if (c->grpc.method)
		snprintf(path, sizeof path, "/%.190s", c->grpc.method + (c->grpc.method[0] == '/'));
	snprintf(s->target, sizeof s->target, "%s://%s%s", url->scheme, authority, path);
	s->open_loop = p->rate_rps > 0;
	s->planned_s = p->duration_ns == UINT64_MAX ? 0 : (double)p->duration_ns / (double)NS_PER_S;
	s->connections_asked = p->connections;
	s->offered_rps = p->rate_rps;
	s->hold = p->hold;
	s->find = c->find;
	s->staged = c->stage_count;
	s->staged_most = stages_most(c);
	s->search = c->search;
	s->threads = s->rings = p->workers;
	s->check_count = c->checks.count;
	s->check_share = c->checks.share > 0 ? c->checks.share : CHECK_ALL;
	for (unsigned i = 0; i < c->checks.count; i++)
		check_label(s->checks[i], &c->checks.of[i]);
	s->threshold_count = c->threshold_count;
	memcpy(s->thresholds, c->thresholds, sizeof s->thresholds);
}

static int check_upgrade(const struct run_config *c, const struct url *url, struct err *err)
{
	bool other = c->protocol && strcmp(c->protocol, "h2");
	if (!c->upgrade || (!other && !strcmp(url->scheme, "http")))
		return 0;
	if (other)
		err_set(err, ERR_USAGE, "--h2c-upgrade with another protocol: it begins HTTP/2");
	else
		err_set(err, ERR_USAGE, "--h2c-upgrade with %s: over TLS, ALPN begins HTTP/2",
			c->url);
	return err_hint(err, "leave --h2c-upgrade out");
}

int compile_plan(const struct run_config *c, const struct limits *limits, bool dry,
		 struct plan *ret, struct summary *s, struct err *err)
{
	struct url url;
	*ret = (struct plan){0};
	if (url_parse(&url, c->url, err) || choose_protocol(c, &url, ret, err) ||
	    check_sizes(c, err))
		return -1;
	choose_load(c, limits, ret);
	describe(c, &url, ret, s);
	if (check_checks(c, ret, err) || check_upgrade(c, &url, err) ||
	    endpoints_choose(c, &url, limits, dry, ret, err)) {
		plan_fini(ret);
		return -1;
	}
	if (alpn_decides(c, &url) && dry)
		s->protocol = "h1 or h2, by ALPN";
	else if (alpn_decides(c, &url)) {
		choose_proto(c, alpn_choose(c, &url, ret, s), ret);
		s->protocol = ret->proto->name;
	}
	if (secure_open(c, &url, ret, s, err) || render_requests(c, &url, dry, ret, s, err)) {
		secure_close(ret);
		plan_fini(ret);
		return -1;
	}
	return 0;
}
