/* Calls of gRPC: loads over HTTP/2 whose answers are messages, and a status behind them. */
#include "tests/sim/sim_runs.h"

#include "proto/proto.h"

static char message[20000];

static void choose(uint64_t seed, struct sim_run *ret)
{
	struct rng rng = {.state = seed * 49979687};
	sim_streams.choose(seed, ret);
	ret->plan.proto = &proto_grpc;
	if (!ret->plan.requests) /* a closed loop of microseconds would go on for long */
		ret->plan.requests = 3000;
	ret->plan.pipeline = 1 + (uint32_t)rng_below(&rng, 30);
	ret->body = (struct span){message, rng_below(&rng, rng_below(&rng, 3) ? 100 : 20000)};
	ret->messages = rng_below(&rng, 3) ? 1 : (unsigned)rng_below(&rng, 5);
	ret->script.grpc = true;
}

static const char *broken_rule(const struct sim_run *run, const struct sim_result *r)
{
	const struct tally *t = &r->total;
	uint64_t statuses = 0;
	for (unsigned i = 0; i < TALLY_GRPC; i++)
		statuses += t->grpc[i];
	if (statuses != t->outcomes[OUTCOME_OK] + t->outcomes[OUTCOME_GRPC_STATUS])
		return "every status of gRPC is an outcome";
	if (t->grpc[0] != t->outcomes[OUTCOME_OK])
		return "a call is well where its status is";
	if (t->messages > r->truth.messages)
		return "no more messages than the peer sent";
	if (t->outcomes[OUTCOME_MALFORMED] && !run->script.garbage)
		return "nothing is malformed by itself";
	return sim_streams.broken_rule(run, r);
}

const struct sim_family sim_calls = {"calls of gRPC", choose, broken_rule};
