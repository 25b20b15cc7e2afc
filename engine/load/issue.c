#include "load/issue.h"

#include "base/mono.h"

#define DIAL_AHEAD     128u /* connections opened ahead at a time */
#define BACKOFF_NS     (10 * NS_PER_MS)
#define BACKOFF_MAX_NS (250 * NS_PER_MS)

/* --- connections with room -------------------------------------------------------------- */

void worker_ready(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (c->ready)
		return;
	c->ready = true;
	c->next_ready = READY_NONE;
	if (w->ready_head == READY_NONE) {
		w->ready_head = id;
		w->free_since_ns = w->now_ns;
	} else {
		w->conns[w->ready_tail].next_ready = id;
	}
	w->ready_tail = id;
}

/* The first connection that has room still; READY_NONE when there is none. */
static uint32_t next_ready(struct worker *w)
{
	while (w->ready_head != READY_NONE) {
		const struct conn *c = &w->conns[w->ready_head];
		if (conn_has_room(w, c))
			return w->ready_head;
		w->conns[w->ready_head].ready = false;
		w->ready_head = c->next_ready;
	}
	return READY_NONE;
}

static void take_ready(struct worker *w, uint32_t id)
{
	w->conns[id].ready = false;
	w->ready_head = w->conns[id].next_ready;
}

uint64_t worker_backoff_ns(unsigned failures)
{
	unsigned doublings = failures > 8 ? 8 : failures;
	uint64_t wait_ns = BACKOFF_NS << doublings >> 1;
	return wait_ns < BACKOFF_MAX_NS ? wait_ns : BACKOFF_MAX_NS;
}

static void open_ahead(struct worker *w)
{
	while (w->preopened < w->count && w->dialling < DIAL_AHEAD)
		conn_preopen(w, w->preopened++);
}

/* --- issuing ---------------------------------------------------------------------------- */

/* Nobody had room until the request's timeout: the target's doing, unless a connection was free
 * all the time. */
static void count_unsent(struct worker *w, uint64_t due_ns, bool was_free)
{
	if (due_ns < w->measure_ns) {
		w->tally->warmup++;
		return;
	}
	w->tally->intended++;
	w->tally->outcomes[was_free ? OUTCOME_GENERATOR : OUTCOME_UNSENT]++;
	hist_add(&w->tally->intended_us, w->plan->timeout_ns / NS_PER_US);
}

/* Fills a connection with as many requests as it has room for. */
static void issue_closed(struct worker *w)
{
	uint32_t id;
	while (w->quota && (id = next_ready(w)) != READY_NONE) {
		take_ready(w, id);
		while (w->quota && conn_has_room(w, &w->conns[id])) {
			w->quota--;
			conn_request(w, id, w->now_ns);
		}
		conn_flush(w, id);
	}
}

static void record_lag(struct worker *w, uint64_t due_ns)
{
	uint64_t possible_ns = due_ns > w->free_since_ns ? due_ns : w->free_since_ns;
	if (due_ns >= w->measure_ns && w->now_ns >= possible_ns)
		hist_add(&w->tally->lag_us, (w->now_ns - possible_ns) / NS_PER_US);
}

/* Issues what is due. A request that nobody had room for until its timeout is unsent. */
static void issue_open(struct worker *w)
{
	while (w->quota && arrival_due_ns(&w->arrival) <= w->now_ns) {
		uint64_t due_ns = arrival_due_ns(&w->arrival);
		if (due_ns >= w->stop_ns) {
			w->quota = 0;
			return;
		}
		uint32_t id = next_ready(w);
		bool too_late = w->now_ns - due_ns >= w->plan->timeout_ns;
		if (id == READY_NONE && !too_late)
			return;
		arrival_take(&w->arrival);
		w->quota--;
		if (too_late) {
			count_unsent(w, due_ns, id != READY_NONE && w->free_since_ns <= due_ns);
			continue;
		}
		take_ready(w, id);
		record_lag(w, due_ns);
		conn_request(w, id, due_ns);
		conn_flush(w, id);
		if (conn_has_room(w, &w->conns[id]))
			worker_ready(w, id);
	}
}

/* Requests that were due before the stop and found no connection: intended, never sent. */
static void leave_unassigned(struct worker *w)
{
	uint64_t end_ns = w->now_ns < w->stop_ns ? w->now_ns : w->stop_ns;
	while (worker_open_loop(w) && w->quota && arrival_due_ns(&w->arrival) < end_ns) {
		uint64_t due_ns = arrival_due_ns(&w->arrival);
		arrival_take(&w->arrival);
		w->quota--;
		if (due_ns < w->measure_ns)
			continue;
		w->tally->intended++;
		w->unassigned++;
		if (w->unassigned_since_ns > due_ns)
			w->unassigned_since_ns = due_ns;
	}
}

void issue(struct worker *w)
{
	if (!w->issuing)
		return;
	open_ahead(w);
	if (worker_open_loop(w))
		issue_open(w);
	else if (w->now_ns < w->stop_ns)
		issue_closed(w);
	if (w->now_ns >= w->stop_ns || !w->quota) {
		leave_unassigned(w);
		w->issuing = false;
		w->tally->issued_until_ns = w->now_ns < w->stop_ns ? w->now_ns : w->stop_ns;
	}
}

/* The instant at which the arrival process wants to be looked at again. */
uint64_t issue_next_ns(struct worker *w)
{
	if (!w->issuing || !worker_open_loop(w))
		return w->issuing ? w->stop_ns : UINT64_MAX;
	uint64_t due_ns = arrival_due_ns(&w->arrival);
	if (next_ready(w) == READY_NONE)
		due_ns += w->plan->timeout_ns;
	return earlier(due_ns, w->stop_ns);
}
