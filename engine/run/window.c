#include "run/window.h"

#define NS_PER_S_REAL 1e9

static bool is_failure(const struct tally *t, enum outcome_side side)
{
	return side == SIDE_TARGET || (side == SIDE_SHED && !t->shed_ok);
}

struct search_window window_of(const struct tally *t, uint64_t begin_ns, uint64_t from_ns)
{
	struct search_window w = {
		.from_s = (double)(from_ns - begin_ns) / NS_PER_S_REAL,
		.to_s = (double)(t->to_ns - begin_ns) / NS_PER_S_REAL,
		.answered = tally_answers(t),
		.ok = t->outcomes[OUTCOME_OK] - t->late[OUTCOME_OK],
		.refused = t->status[429] + t->status[503],
		.latency_us = &t->intended_us,
	};
	for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
		enum outcome_side side = outcome_side((enum outcome)o);
		uint64_t count = t->outcomes[o] - t->late[o];
		if (side == SIDE_GENERATOR)
			continue;
		w.ended += count;
		w.failed += is_failure(t, side) ? count : 0;
	}
	return w;
}
