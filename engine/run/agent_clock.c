#include "run/agent_clock.h"

void agent_clock_begin(struct agent_clock *c)
{
	c->best_ns = UINT64_MAX;
}

void agent_clock_take(struct agent_clock *c, uint64_t sent_ns, uint64_t their_received_ns,
		      uint64_t their_sent_ns, uint64_t answered_ns)
{
	uint64_t ours_ns = answered_ns - sent_ns, theirs_ns = their_sent_ns - their_received_ns;
	if (answered_ns < sent_ns || their_sent_ns < their_received_ns || theirs_ns > ours_ns)
		return;
	uint64_t trip_ns = ours_ns - theirs_ns;
	if (trip_ns >= c->best_ns)
		return;
	c->best_ns = trip_ns;
	c->best_offset_ns = (int64_t)(their_received_ns - sent_ns) / 2 +
			    (int64_t)(their_sent_ns - answered_ns) / 2;
}

void agent_clock_end(struct agent_clock *c)
{
	if (c->best_ns == UINT64_MAX)
		return;
	c->known = true;
	c->offset_ns = c->best_offset_ns;
	c->bound_ns = c->best_ns / 2 + 1;
}

uint64_t agent_clock_ours(const struct agent_clock *c, uint64_t their_ns)
{
	return their_ns - (uint64_t)c->offset_ns;
}
