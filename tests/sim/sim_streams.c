/* Streams: loads over HTTP/2, with many requests at once on a connection. */
#include "tests/sim/sim_runs.h"

#include "base/mono.h"
#include "proto/proto.h"

static char body[300000];

static void choose(uint64_t seed, struct sim_run *ret)
{
	struct rng rng = {.state = seed * 15485863};
	sim_loads.choose(seed, ret);
	struct plan *p = &ret->plan;
	struct sim_script *s = &ret->script;
	p->proto = &proto_h2;
	p->keepalive = rng_below(&rng, 8) != 0;
	p->pipeline = 1 + (uint32_t)(rng_below(&rng, 3) ? rng_below(&rng, 20)
							: rng_below(&rng, PROTO_STREAMS_MAX));
	p->rate_rps = p->rate_rps > 5000 ? p->rate_rps / 4 : p->rate_rps;
	ret->body = rng_below(&rng, 3) ? (struct span){0}
				       : (struct span){body, rng_below(&rng, sizeof body)};
	s->http2 = true;
	s->surplus = 0;
	s->goaway = rng_below(&rng, 3) ? 0 : (unsigned)rng_below(&rng, 100);
	s->stream_reset = rng_below(&rng, 3) ? 0 : (unsigned)rng_below(&rng, 200);
	s->limit_streams = rng_below(&rng, 3) ? 0 : (unsigned)rng_below(&rng, 100);
	if (!rng_below(&rng, 4)) { /* what ends connections is rare, so that they live long */
		s->reset = s->truncate = s->garbage = s->last_answer = 0;
		s->refuse_operation = 0;
	}
}

static const char *broken_rule(const struct sim_run *run, const struct sim_result *r)
{
	const struct tally *t = &r->total;
	if (t->outcomes[OUTCOME_STREAM_RESET] && !run->script.stream_reset)
		return "no stream is reset by itself";
	return sim_loads.broken_rule(run, r);
}

const struct sim_family sim_streams = {"streams", choose, broken_rule};
