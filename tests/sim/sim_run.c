#include "tests/sim/sim_runs.h"

#include "base/mono.h"
#include "proto/grpc.h"
#include "proto/proto.h"
#include "run/verdict.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CALL_MAX (1u << 20)
#define SWEEP_NS (100 * NS_PER_MS) /* something came in, as far as the main thread knows */

/* --- one run ---------------------------------------------------------------------------- */

/* The main thread's part, done as the ring turns. */
struct watcher {
	const struct sim_orders *orders;
	struct worker *worker;
	struct sim_result *result;
	uint64_t swept_ns;
};

static bool is_time(uint64_t at_ns, uint64_t now_ns)
{
	return at_ns && now_ns - SIM_START_NS >= at_ns;
}

static void watch(void *ctx, uint64_t now_ns)
{
	struct watcher *watcher = ctx;
	const struct sim_orders *orders = watcher->orders;
	struct sim_result *result = watcher->result;
	if (is_time(orders->stop_ns, now_ns))
		worker_order(watcher->worker, ORDER_STOP);
	else if (is_time(orders->drain_ns, now_ns))
		worker_order(watcher->worker, ORDER_DRAIN);
	if (is_time(orders->memory_short_ns, now_ns) && result->dialled_short == UINT64_MAX) {
		worker_memory_short(watcher->worker);
		result->dialled_short = sim_truth().dialled;
	}
	if (now_ns >= watcher->swept_ns + SWEEP_NS) {
		watcher->swept_ns = now_ns;
		worker_sweep(watcher->worker);
	}
	worker_collect(watcher->worker, false, &result->total, NULL);
}

static struct addr *addresses(uint32_t count, uint16_t port)
{
	struct addr *list = calloc(count, sizeof *list);
	for (uint32_t i = 0; i < count; i++) {
		struct sockaddr_in in = {.sin_family = AF_INET,
					 .sin_port = htons(port),
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK + i)};
		memcpy(&list[i].sa, &in, sizeof in);
		list[i].len = sizeof in;
	}
	return list;
}

static void make_tuples(const struct sim_run *run, struct tuples *t)
{
	uint32_t pairs = (run->sources ? run->sources : 1) * run->destinations;
	*t = (struct tuples){
		.from_count = run->sources,
		.from = run->sources ? addresses(run->sources, 0) : NULL,
		.to_count = run->destinations,
		.to = addresses(run->destinations, 80),
		.port_low = 33000,
		.port_count = run->ports,
		.per_pair = run->ports ? run->ports : (run->plan.connections + pairs - 1) / pairs,
		.rest_ns = run->script.rest_ns,
	};
}

static int set_call(struct sim_run *run, struct proto_spec *spec, struct err *err)
{
	struct grpc_load *l = run->plan.grpc = grpc_load_new(CALL_MAX);
	for (unsigned i = 0; i < run->messages; i++)
		if (grpc_load_add(l, run->body, false, err))
			return -1;
	spec->method = "POST";
	spec->body = l->call.messages;
	spec->grpc = &l->call;
	return 0;
}

static int set_request(struct sim_run *run, struct err *err)
{
	struct plan *p = &run->plan;
	struct proto_spec spec = {.scheme = "http",
				  .authority = "sim",
				  .path = "/",
				  .method = run->body.len ? "POST" : "GET",
				  .body = run->body,
				  .pings = p->hold,
				  .streams = p->pipeline,
				  .seed = p->seed,
				  .ws = {.binary = run->binary,
					 .any_answer = run->script.any_answer,
					 .deflate = run->script.deflates}};
	if (!p->proto)
		p->proto = &proto_h1;
	if (p->proto == &proto_grpc && set_call(run, &spec, err))
		return -1;
	return p->proto->send ? p->proto->compile(&p->spoken, &spec, err)
			      : plan_set_request(p, span_of(SIM_REQUEST), err);
}

int sim_run_worker(struct sim_run *run, struct sim_result *ret)
{
	struct worker *w = NULL;
	struct err err;
	struct watcher watcher = {.orders = &run->orders, .result = ret};
	run->script.hook = (struct sim_hook){watch, &watcher};
	sim_prepare(&run->script);
	tally_init(&ret->total);
	ret->dialled_short = UINT64_MAX;
	make_tuples(run, &run->plan.tuples);
	int result = set_request(run, &err);
	if (!result)
		result = worker_new(&watcher.worker, &run->plan, 0, &err);
	w = watcher.worker;
	if (result || worker_open(w, 0, &err) || worker_run(w, SIM_START_NS, &err)) {
		printf("# seed %" PRIu64 ": %s\n", run->script.seed, err.text);
		return -1;
	}
	worker_collect(w, true, &ret->total, NULL);
	ret->truth = sim_truth();
	ret->ended_ns = sim_now_ns() - SIM_START_NS;
	worker_free(w);
	plan_fini(&run->plan);
	/* what the host did is no part of the simulation */
	ret->total.cpu_ns = ret->total.run_delay_ns = 0;
	return 0;
}

/* --- what must hold of it --------------------------------------------------------------- */

/* Outcomes that stand for a whole answer. A desync may: surplus bytes spoil the answer before
 * them, or a request that waited to be written behind it. */
static uint64_t answered(const struct tally *t)
{
	return t->outcomes[OUTCOME_OK] + t->outcomes[OUTCOME_SHED] + t->outcomes[OUTCOME_HTTP_4XX] +
	       t->outcomes[OUTCOME_HTTP_5XX] + t->outcomes[OUTCOME_CHECK_FAILED] +
	       t->outcomes[OUTCOME_GRPC_STATUS];
}

static uint64_t sum(const uint64_t *counts, unsigned n)
{
	uint64_t all = 0;
	for (unsigned i = 0; i < n; i++)
		all += counts[i];
	return all;
}

static const char *broken_request_rule(const struct sim_run *run, const struct sim_result *r)
{
	const struct tally *t = &r->total;
	uint64_t statuses = tally_answers(t);
	uint64_t perhaps = t->outcomes[OUTCOME_DESYNC] + r->truth.declines;
	if (run->script.grpc) /* a head that was well, and a body that was not */
		perhaps += t->outcomes[OUTCOME_MALFORMED] + t->outcomes[OUTCOME_TOO_LARGE] +
			   t->outcomes[OUTCOME_TRUNCATED];
	if (!verdict_balances(t))
		return "intended = outcomes + in flight at the stop";
	if (t->sent > t->intended)
		return "no request is sent twice";
	if (answered(t) > r->truth.answers)
		return "no more answers than the peer gave";
	if (t->outcomes[OUTCOME_OK] > r->truth.answers_ok)
		return "no more successes than the peer gave";
	if (statuses < answered(t) || statuses > answered(t) + perhaps)
		return "a status for every answer, or none where there are none";
	if (t->bytes_received > r->truth.bytes_handed_over)
		return "no byte is counted twice";
	if (t->intended_us.count + t->late_us.count != tally_ended(t))
		return "a latency for every outcome";
	return NULL;
}

/* Dials that the pace allows: a burst of 20 ms, and one, above the mean. Where requests wait on a
 * connection of HTTP/2 that ended, it dials again at once, and the pace makes up for it later. */
static bool keeps_pace(const struct sim_run *run, const struct sim_result *r)
{
	double rate = run->plan.connect_rps;
	bool paced = rate > 0 && (run->plan.hold || !run->plan.rate_rps);
	double most = rate * ((double)r->ended_ns / NS_PER_S + 0.02) + 1;
	most += run->script.http2 ? run->plan.connections : 0;
	return !paced || (double)r->truth.dialled <= most;
}

static const char *broken_connection_rule(const struct sim_run *run, const struct sim_result *r)
{
	const struct tally *t = &r->total;
	const struct sim_truth *truth = &r->truth;
	bool greets = run->script.websocket;
	if (t->slots_left)
		return "no slot is left in use";
	if (t->opened > truth->connected || (!greets && t->opened < truth->connected) ||
	    (greets && t->opened > truth->upgrades))
		return "every connection is counted";
	if (truth->connected != truth->closed)
		return "every connection is closed";
	if (truth->dialled != truth->connected + truth->refused + truth->cut)
		return "every dial ends";
	if (t->open || t->opening || t->active)
		return "nothing is open at the end";
	if (t->open_max > t->opened || t->active_max > t->open_max)
		return "open at most";
	if (t->failed != sum(t->failed_by, OUTCOME_COUNT) || t->failed_by[OUTCOME_OK])
		return "a cause for every failed connect";
	if (t->lost != sum(t->lost_by, OUTCOME_COUNT) || t->lost_by[OUTCOME_OK])
		return "a cause for every lost connection";
	if (t->reopened > t->opened || t->opened - t->reopened > run->plan.connections)
		return "opened again, or for the first time";
	if (run->plan.idle != PLAN_RECEIVE && truth->receives)
		return "a lean connection at rest has no receive armed";
	if (truth->clashes)
		return "no port is dialled from in its TIME_WAIT";
	if (r->dialled_short != UINT64_MAX && truth->dialled != r->dialled_short)
		return "no dial once memory is short";
	if (!keeps_pace(run, r))
		return "no more dials than the pace allows";
	return NULL;
}

const char *sim_broken_rule(const struct sim_run *run, const struct sim_result *r)
{
	const char *rule = broken_request_rule(run, r);
	return rule ? rule : broken_connection_rule(run, r);
}
