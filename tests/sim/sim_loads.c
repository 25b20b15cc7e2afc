/* Loads: requests are what is asked for, in an open loop or a closed one. */
#include "tests/sim/sim_runs.h"

#include "base/mono.h"

#include <stdlib.h>

struct sim_script sim_choose_script(uint64_t seed, struct rng *rng)
{
	bool harsh = rng_below(rng, 4) == 0;
	unsigned often = harsh ? 200 : 20;
#define SOMETIMES (rng_below(rng, 3) ? 0 : (unsigned)rng_below(rng, often))
	return (struct sim_script){
		.seed = seed,
		.request_len = sizeof SIM_REQUEST - 1,
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
		.port_held = SOMETIMES,
		.reset = SOMETIMES,
		.close_idle = SOMETIMES,
		.reset_idle = (unsigned)rng_below(rng, 1001),
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
		.rest_ns = (1 + rng_below(rng, 100)) * NS_PER_MS,
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
		.linger0 = rng_below(rng, 8) == 0,
		.idle = rng_below(rng, 4) ? PLAN_RECEIVE : PLAN_WATCH,
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
	if (rng_below(rng, 4) == 0)
		p.connect_rps = 50 + (double)rng_below(rng, 5000);
	if (rng_below(rng, 4) == 0)
		p.close_rps = 100 + (double)rng_below(rng, 5000);
	return p;
}

static void choose(uint64_t seed, struct sim_run *ret)
{
	struct rng rng = {.state = seed * 7919};
	*ret = (struct sim_run){
		.script = sim_choose_script(seed, &rng),
		.plan = choose_plan(seed, &rng),
		.destinations = 1,
	};
	/* Now and then there are fewer descriptors than connections asked for. */
	if (rng_below(&rng, 5) == 0)
		ret->script.slots = 1 + (uint32_t)rng_below(&rng, 20);
	if (rng_below(&rng, 3) == 0) {
		ret->sources = (uint32_t)rng_below(&rng, 4);
		ret->destinations = 1 + (uint32_t)rng_below(&rng, 3);
		ret->ports = (uint32_t)rng_below(&rng, 500);
	}
}

static const char *broken_rule(const struct sim_run *run, const struct sim_result *r)
{
	const struct plan *p = &run->plan;
	uint64_t load_ns = p->warmup_ns + p->duration_ns;
	double close_s = p->close_rps > 0 ? p->connections / p->close_rps : 0;
	uint64_t most_ns = load_ns + p->drain_ns + (uint64_t)(close_s * NS_PER_S) + NS_PER_S;
	return r->ended_ns > most_ns ? "the run ends in time" : NULL;
}

const struct sim_family sim_loads = {"loads", choose, broken_rule};
