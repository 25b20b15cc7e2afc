/* Holds: connections are what is asked for. */
#include "tests/sim/sim_runs.h"

#include "base/mono.h"

#include <stdlib.h>

#define VERIFY_AT_ONCE 1024u /* questions in flight at most */
#define GIVEN_UP_AFTER 128u  /* failed dials in a row, before a hold begins without the rest */

static struct plan choose_plan(uint64_t seed, struct rng *rng)
{
	uint32_t most = rng_below(rng, 10) ? 300 : 3000;
	struct plan p = {
		.hold = true,
		.keepalive = true,
		.connections = 1 + (uint32_t)rng_below(rng, most),
		.workers = 1,
		.pipeline = rng_below(rng, 4) ? 1 : 1 + (uint32_t)rng_below(rng, 4),
		.poisson = rng_below(rng, 2),
		.seed = seed,
		.timeout_ns = 200 * NS_PER_MS,
		.connect_timeout_ns = 100 * NS_PER_MS,
		.drain_ns = 300 * NS_PER_MS,
		.window_ns = 100 * NS_PER_MS,
		.duration_ns = (1 + rng_below(rng, 1000)) * NS_PER_MS,
		.linger0 = rng_below(rng, 8) == 0,
		.idle = (enum plan_idle)rng_below(rng, 3),
		.verify = rng_below(rng, 2),
	};
	if (rng_below(rng, 3) == 0)
		p.rate_rps = 10 + (double)rng_below(rng, 2 * p.connections + 1000);
	if (rng_below(rng, 3) == 0)
		p.churn_rps = 1 + (double)rng_below(rng, p.connections + 100);
	if (rng_below(rng, 2))
		p.connect_rps = p.connections + (double)rng_below(rng, 20000);
	if (rng_below(rng, 2))
		p.close_rps = p.connections + (double)rng_below(rng, 20000);
	return p;
}

/* Some end by an order, some of them before all connections were tried. */
static struct sim_orders choose_orders(struct plan *plan, struct rng *rng)
{
	struct sim_orders orders = {0};
	if (rng_below(rng, 6) == 0)
		orders.memory_short_ns = 1 + rng_below(rng, NS_PER_S);
	if (rng_below(rng, 3) == 0) {
		plan->duration_ns = UINT64_MAX;
		orders.drain_ns = 1 + rng_below(rng, 2 * NS_PER_S);
	}
	if (rng_below(rng, 6) == 0)
		orders.stop_ns = 1 + rng_below(rng, 2 * NS_PER_S);
	return orders;
}

static void choose(uint64_t seed, struct sim_run *ret)
{
	struct rng rng = {.state = seed * 104729};
	*ret = (struct sim_run){
		.script = sim_choose_script(seed, &rng),
		.plan = choose_plan(seed, &rng),
		.destinations = 1,
	};
	ret->orders = choose_orders(&ret->plan, &rng);
	if (rng_below(&rng, 5) == 0)
		ret->script.slots = 1 + (uint32_t)rng_below(&rng, ret->plan.connections);
	if (rng_below(&rng, 2) == 0) {
		ret->sources = (uint32_t)rng_below(&rng, 4);
		ret->destinations = 1 + (uint32_t)rng_below(&rng, 3);
		ret->ports = (uint32_t)rng_below(&rng, 1000);
	}
	if (rng_below(&rng, 4) == 0) {
		ret->script.down_from_ns = rng_below(&rng, NS_PER_S);
		ret->script.down_to_ns = ret->script.down_from_ns + rng_below(&rng, NS_PER_S);
	}
}

/* --- rules ------------------------------------------------------------------------------ */

static uint64_t earlier_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* When it was to stop holding; 0: never. */
static uint64_t stop_of(const struct sim_run *run, const struct sim_result *r)
{
	uint64_t stop_ns = UINT64_MAX, held_ns = r->total.held_from_ns;
	if (held_ns && run->plan.duration_ns != UINT64_MAX)
		stop_ns = held_ns - SIM_START_NS + run->plan.duration_ns;
	if (run->orders.drain_ns)
		stop_ns = earlier_of(stop_ns, run->orders.drain_ns);
	if (run->orders.stop_ns)
		stop_ns = earlier_of(stop_ns, run->orders.stop_ns);
	return stop_ns;
}

/* The last round, the drain, the closes at their pace; and a second for the rest. After an order
 * to stop, none of the former. */
static bool ends_in_time(const struct sim_run *run, const struct sim_result *r)
{
	const struct plan *p = &run->plan;
	uint64_t stop_ns = stop_of(run, r);
	if (stop_ns == UINT64_MAX)
		return false;
	uint64_t rounds = p->verify ? p->connections / VERIFY_AT_ONCE + 1 : 0;
	double close_s = p->close_rps > 0 ? p->connections / p->close_rps : 0;
	uint64_t most_ns = stop_ns + rounds * p->timeout_ns + p->drain_ns +
			   (uint64_t)(close_s * NS_PER_S) + NS_PER_S;
	if (run->orders.stop_ns)
		most_ns = earlier_of(most_ns, run->orders.stop_ns + 1500 * NS_PER_MS);
	return r->ended_ns <= most_ns;
}

static const char *broken_rule(const struct sim_run *run, const struct sim_result *r)
{
	const struct plan *p = &run->plan;
	const struct tally *t = &r->total;
	bool asks = p->rate_rps > 0 || p->verify;
	bool short_of_slots = run->script.slots && run->script.slots < p->connections;
	if (!ends_in_time(run, r))
		return "the run ends in time";
	bool greets = run->script.websocket;
	if (!asks && (t->intended || r->truth.requests || (!greets && t->bytes_sent)))
		return "nothing is asked unless told to";
	if (p->verify && !p->rate_rps && t->intended > p->connections)
		return "each is asked once at most";
	if (!asks && !greets && t->lost != r->truth.ended)
		return "every loss is noticed, and none that was not";
	if (t->failed < r->truth.refused && !run->ports)
		return "every refused dial is counted";
	if (short_of_slots && r->truth.open_most > run->script.slots)
		return "no more open than there are descriptors";
	uint64_t beyond = short_of_slots ? p->connections - run->script.slots : 0;
	if (t->failed_by[OUTCOME_DESCRIPTORS_EXHAUSTED] > beyond)
		return "those without a descriptor are tried once at most";
	if (t->held_from_ns && t->failed < earlier_of(beyond, GIVEN_UP_AFTER))
		return "those without a descriptor are counted";
	return NULL;
}

const struct sim_family sim_holds = {"holds", choose, broken_rule};
