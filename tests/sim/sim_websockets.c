/* WebSockets: loads of messages, and holds whose requests are pings. */
#include "tests/sim/sim_runs.h"

#include "base/mono.h"
#include "proto/proto.h"

enum opcode { TEXT = 1, BINARY, PING = 9 };

static char message[200000];

/* Characters of two bytes: fragments and pieces end within them. */
static struct span choose_message(struct rng *rng)
{
	for (size_t i = 0; i < sizeof message; i += 2)
		memcpy(message + i, "\xc3\xa9", 2);
	uint64_t most = rng_below(rng, 4) ? 100 : rng_below(rng, 4) ? 2000 : sizeof message;
	return (struct span){message, 2 * rng_below(rng, most / 2)};
}

static void choose_speech(const struct plan *p, struct rng *rng, struct sim_run *ret)
{
	struct sim_script *s = &ret->script;
	ret->binary = rng_below(rng, 2);
	ret->body = choose_message(rng);
	s->websocket = true;
	s->message = ret->body;
	s->asks_by = p->hold ? PING : ret->binary ? BINARY : TEXT;
	s->any_answer = rng_below(rng, 3) == 0;
	s->deflates = rng_below(rng, 3) == 0;
	s->goaway = rng_below(rng, 3) ? 0 : (unsigned)rng_below(rng, 100);
	s->other_echo = rng_below(rng, 3) ? 0 : (unsigned)rng_below(rng, 100);
	if (!rng_below(rng, 4)) { /* what ends connections is rare, so that they live long */
		s->reset = s->truncate = s->garbage = s->last_answer = s->goaway = 0;
		s->refuse_operation = s->surplus = 0;
	}
}

static void choose(uint64_t seed, struct sim_run *ret)
{
	struct rng rng = {.state = seed * 32452843};
	bool holds = rng_below(&rng, 3) == 0;
	(holds ? sim_holds : sim_loads).choose(seed, ret);
	struct plan *p = &ret->plan;
	p->proto = &proto_ws;
	if (!p->requests && !holds) /* a closed loop of microseconds would go on for long */
		p->requests = 5000;
	p->pipeline = 1 + (uint32_t)rng_below(&rng, 8);
	choose_speech(p, &rng, ret);
}

static const char *broken_rule(const struct sim_run *run, const struct sim_result *r)
{
	const struct tally *t = &r->total;
	const struct sim_truth *truth = &r->truth;
	uint64_t closes = 0;
	for (unsigned i = 0; i < TALLY_WS_CLOSES; i++)
		closes += t->ws_close[i];
	if (closes > truth->goodbyes)
		return "no more closes than the peer sent";
	/* Where the ring refuses its last word, a connection ends over that. */
	if (t->lost_by[OUTCOME_WS_CLOSE] > closes ||
	    (!run->script.refuse_operation && t->lost_by[OUTCOME_WS_CLOSE] < closes))
		return "every close is a lost connection";
	if (t->outcomes[OUTCOME_CHECK_FAILED] && run->script.any_answer)
		return "any answer is one";
	if (!run->ports && t->lost + t->failed < truth->ended + truth->refused)
		return "every end is noticed";
	return (run->plan.hold ? sim_holds : sim_loads).broken_rule(run, r);
}

const struct sim_family sim_websockets = {"WebSockets", choose, broken_rule};
