/* opening: when connections are dialled ahead of requests, and a hold's again. */
#include "load/worker_impl.h"

#define DIAL_AHEAD     128u /* dials in flight at most */
#define BURST_NS       (20 * NS_PER_MS)
#define BACKOFF_NS     (10 * NS_PER_MS)
#define BACKOFF_MAX_NS (250 * NS_PER_MS)
#define PROBE_NS       (20 * NS_PER_MS)

uint64_t worker_backoff_ns(unsigned failures)
{
	unsigned doublings = failures > 8 ? 8 : failures;
	uint64_t wait_ns = BACKOFF_NS << doublings >> 1;
	return wait_ns < BACKOFF_MAX_NS ? wait_ns : BACKOFF_MAX_NS;
}

/* Where nobody answers any more, a hold asks with one dial at a time until somebody does. */
bool worker_probing(const struct worker *w)
{
	return w->plan->hold && w->dial_failures >= DIAL_AHEAD;
}

bool worker_may_dial(const struct worker *w)
{
	if (w->dialling >= (worker_probing(w) ? 1 : DIAL_AHEAD))
		return false;
	return w->dial_at_ns <= (double)w->now_ns;
}

/* The pace: what was missed is caught up with in bursts of 20 ms at most. */
void worker_note_dial(struct worker *w)
{
	double rate_rps = w->plan->connect_rps / w->plan->workers;
	double gap_ns = worker_probing(w) ? (double)PROBE_NS
			: rate_rps > 0    ? NS_PER_S / rate_rps
					  : 0;
	double earliest = (double)w->now_ns - (double)BURST_NS;
	if (gap_ns > 0)
		w->dial_at_ns = (w->dial_at_ns > earliest ? w->dial_at_ns : earliest) + gap_ns;
}

/* The next to be opened: one never tried, or one that a hold lost; CONN_NONE: all are open. */
static uint32_t next_to_open(struct worker *w)
{
	while (w->preopened < w->limit)
		if (w->conns[w->preopened++].state == CONN_CLOSED)
			return w->preopened - 1;
	uint32_t id;
	if (!bitset_next(&w->to_open, w->to_open_at, &id) && !bitset_next(&w->to_open, 0, &id))
		return CONN_NONE;
	bitset_remove(&w->to_open, id);
	w->to_open_at = id + 1;
	return id;
}

void worker_open_ahead(struct worker *w)
{
	while (worker_may_dial(w)) {
		uint32_t id = next_to_open(w);
		if (id == CONN_NONE)
			return;
		if (w->plan->handshakes_only) /* to open it is for a request to do */
			worker_ready(w, id);
		else
			conn_preopen(w, id);
	}
}

/* In a closed loop a connection that is closed waits among those with room: its next request
 * dials. */
static bool any_to_open(struct worker *w)
{
	if (w->preopened < w->limit || w->to_open.count)
		return true;
	bool by_request = !w->plan->hold && !worker_open_loop(w);
	uint32_t id = by_request ? worker_next_ready(w) : CONN_NONE;
	return id != CONN_NONE && w->conns[id].state == CONN_CLOSED;
}

uint64_t worker_open_next_ns(struct worker *w)
{
	if (!any_to_open(w) || w->dialling >= (worker_probing(w) ? 1 : DIAL_AHEAD))
		return UINT64_MAX;
	return (uint64_t)w->dial_at_ns + 1;
}
