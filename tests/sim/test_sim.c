/* Whole runs of a worker on the simulated ring. `test_sim --seeds N` (default 200), or
 * `test_sim --seed S` to replay one. Prints TAP. */
#include "tests/sim/sim.h"

#include "base/mono.h"
#include "base/rng.h"
#include "load/worker.h"
#include "run/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char request[] = "GET / HTTP/1.1\r\nHost: sim\r\n\r\n";

/* What one run came to. */
struct result {
	struct tally total;
	struct sim_truth truth;
	uint64_t ended_ns;
};

static struct sim_script choose_script(uint64_t seed, struct rng *rng)
{
	bool harsh = rng_below(rng, 4) == 0;
	unsigned often = harsh ? 200 : 20;
#define SOMETIMES (rng_below(rng, 3) ? 0 : (unsigned)rng_below(rng, often))
	return (struct sim_script){
		.seed = seed,
		.request_len = sizeof request - 1,
		.silent_sends = rng_below(rng, 2),
		.multishot = rng_below(rng, 2),
		.events_a_turn = rng_below(rng, 3) ? 4096 : 1 + (unsigned)rng_below(rng, 4),
		.refuse_operation = SOMETIMES,
		.no_buffer = SOMETIMES,
		.spurious = SOMETIMES,
		.short_send = SOMETIMES * 4,
		.connect_refused = SOMETIMES,
		.connect_lost = SOMETIMES,
		.no_port = SOMETIMES,
		.reset = SOMETIMES,
		.close_idle = SOMETIMES,
		.status_503 = SOMETIMES,
		.status_429 = SOMETIMES,
		.status_404 = SOMETIMES,
		.chunked = SOMETIMES * 4,
		.interim = SOMETIMES,
		.truncate = SOMETIMES,
		.garbage = SOMETIMES,
		.surplus = SOMETIMES,
		.silence = SOMETIMES,
		.last_answer = SOMETIMES,
		.latency_ns = NS_PER_US << rng_below(rng, 14),
	};
#undef SOMETIMES
}

static struct plan choose_plan(uint64_t seed, struct rng *rng)
{
	struct plan p = {
		.keepalive = rng_below(rng, 4) != 0,
		.connections = 1 + (uint32_t)rng_below(rng, 40),
		.workers = 1,
		.pipeline = rng_below(rng, 3) ? 1 : 1 + (uint32_t)rng_below(rng, 8),
		.poisson = rng_below(rng, 2),
		.seed = seed,
		.timeout_ns = 200 * NS_PER_MS,
		.connect_timeout_ns = 100 * NS_PER_MS,
		.drain_ns = 300 * NS_PER_MS,
		.window_ns = 100 * NS_PER_MS,
		.duration_ns = (1 + rng_below(rng, 300)) * NS_PER_MS,
	};
	if (!p.keepalive)
		p.pipeline = 1;
	if (rng_below(rng, 2))
		p.rate_rps = 100 + (double)rng_below(rng, 20000);
	else if (rng_below(rng, 3) == 0)
		p.think_ns = rng_below(rng, 20) * NS_PER_MS;
	if (rng_below(rng, 3) == 0)
		p.requests = 1 + rng_below(rng, 2000);
	if (rng_below(rng, 3) == 0)
		p.warmup_ns = rng_below(rng, 100) * NS_PER_MS;
	if (rng_below(rng, 4) == 0)
		p.spin_ns = 50 * NS_PER_US;
	return p;
}

static int run_once(uint64_t seed, struct result *ret)
{
	struct rng rng = {.state = seed * 7919};
	struct sim_script script = choose_script(seed, &rng);
	struct plan plan = choose_plan(seed, &rng);
	struct worker *w = NULL;
	struct err err;
	sim_prepare(&script);
	tally_init(&ret->total);
	/* Now and then the descriptor limit is below the connections asked for. */
	uint64_t descriptors = rng_below(&rng, 5) ? 20000 : 40;
	if (plan_set_request(&plan, span_of(request), &err) || worker_new(&w, &plan, 0, &err) ||
	    worker_open(w, descriptors, &err) || worker_run(w, 1000 * NS_PER_S, &err)) {
		printf("# seed %" PRIu64 ": %s\n", seed, err.text);
		return -1;
	}
	worker_collect(w, true, &ret->total, NULL);
	ret->truth = sim_truth();
	ret->ended_ns = sim_now_ns();
	worker_free(w);
	plan_fini(&plan);
	/* what the host did is no part of the simulation */
	ret->total.cpu_ns = ret->total.run_delay_ns = 0;
	return 0;
}

/* Outcomes that stand for a whole answer. A desync may: surplus bytes spoil the answer before
 * them, or a request that waited to be written behind it. */
static uint64_t answered(const struct tally *t)
{
	return t->outcomes[OUTCOME_OK] + t->outcomes[OUTCOME_SHED] + t->outcomes[OUTCOME_HTTP_4XX] +
	       t->outcomes[OUTCOME_HTTP_5XX];
}

/* What must hold whatever the peer did; NULL, or what does not. */
static const char *broken_rule(const struct result *r)
{
	const struct tally *t = &r->total;
	uint64_t statuses = 0;
	for (unsigned i = 0; i < TALLY_STATUSES; i++)
		statuses += t->status[i];
	if (!verdict_balances(t))
		return "intended = outcomes + in flight at the stop";
	if (t->slots_left)
		return "no slot is left in use";
	if (answered(t) > r->truth.answers)
		return "no more answers than the peer gave";
	if (t->outcomes[OUTCOME_OK] > r->truth.answers_ok)
		return "no more successes than the peer gave";
	if (statuses < answered(t) || statuses > answered(t) + t->outcomes[OUTCOME_DESYNC])
		return "a status for every answer";
	if (t->opened != r->truth.connected)
		return "every connection is counted";
	if (t->bytes_received > r->truth.bytes_handed_over)
		return "no byte is counted twice";
	if (t->intended_us.count != tally_ended(t))
		return "a latency for every outcome";
	if (t->open_max > t->opened || t->active_max > t->open_max)
		return "open at most";
	if (r->ended_ns > 1002 * NS_PER_S)
		return "the run ends in time";
	return NULL;
}

/* Replays the seed and compares; true when all is well. */
static bool check_seed(uint64_t seed)
{
	static struct result first, second;
	if (run_once(seed, &first) || run_once(seed, &second))
		return false;
	const char *rule = broken_rule(&first);
	if (!rule && memcmp(&first, &second, sizeof first) != 0)
		rule = "the same seed gives the same run";
	if (rule)
		printf("# seed %" PRIu64 ": %s\n", seed, rule);
	return !rule;
}

int main(int argc, char **argv)
{
	uint64_t from = 1, count = 200, bad = 0;
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		count = strtoull(argv[2], NULL, 10);
	if (argc == 3 && strcmp(argv[1], "--seed") == 0)
		from = strtoull(argv[2], NULL, 10), count = 1;
	for (uint64_t seed = from; seed < from + count; seed++)
		bad += !check_seed(seed);
	printf("1..1\n%s 1 - %" PRIu64 " simulated runs balance and replay\n",
	       bad ? "not ok" : "ok", count);
	return bad != 0;
}
