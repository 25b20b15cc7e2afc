/* Steps: a load that moves, piece by piece, some of them afresh. */
#include "tests/sim/sim_runs.h"

#include "base/mono.h"
#include "load/schedule.h"

#define PIECES_MAX 8u

static struct schedule schedule; /* of the run at hand: its plan borrows it */

static double choose_value(const struct plan *p, struct rng *rng)
{
	bool open = p->rate_rps > 0;
	uint64_t most = open ? (uint64_t)p->rate_rps : p->connections;
	return rng_below(rng, 6) ? (double)rng_below(rng, most + 1) : 0;
}

static void choose_schedule(const struct plan *p, struct rng *rng)
{
	unsigned count = 1 + (unsigned)rng_below(rng, PIECES_MAX);
	uint64_t at_ns = SIM_START_NS;
	double from = 0;
	atomic_store(&schedule.count, 0);
	for (unsigned i = 0; i < count; i++) {
		struct piece piece = {.from_ns = at_ns, .from = from, .to = choose_value(p, rng)};
		if (rng_below(rng, 2))
			piece.length_ns = rng_below(rng, 100) * NS_PER_MS;
		piece.fresh = i && rng_below(rng, 2);
		schedule_append(&schedule, &piece);
		from = piece.to;
		at_ns += piece.length_ns + rng_below(rng, 80) * NS_PER_MS;
	}
}

static void choose(uint64_t seed, struct sim_run *ret)
{
	struct rng rng = {.state = seed * 104729};
	sim_loads.choose(seed, ret);
	choose_schedule(&ret->plan, &rng);
	ret->plan.schedule = &schedule;
	ret->plan.steps = rng_below(&rng, 2);
}

static const char *broken_rule(const struct sim_run *run, const struct sim_result *r)
{
	const struct tally *t = &r->total;
	uint64_t late = 0;
	for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
		if (t->late[o] > t->outcomes[o])
			return "what is late has ended";
		late += t->late[o];
	}
	if (late != t->late_us.count)
		return "a latency for everything that is late";
	if (late && !run->plan.steps)
		return "nothing is late in a load without steps";
	return sim_loads.broken_rule(run, r);
}

const struct sim_family sim_steps = {"steps", choose, broken_rule};
