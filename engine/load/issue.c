#include "load/issue.h"

#include "base/mono.h"
#include "load/follow.h"

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
	bool late = due_ns < w->mark_ns;
	w->tally->late[was_free ? OUTCOME_GENERATOR : OUTCOME_UNSENT] += late;
	hist_add(late ? &w->tally->late_us : &w->tally->intended_us,
		 w->plan->timeout_ns / NS_PER_US);
}

/* Calls to be made again come before any other. */
static void issue_again(struct worker *w)
{
	uint32_t id;
	while (calls_wait(w) && (id = worker_next_ready(w)) != CONN_NONE) {
		if (w->conns[id].state == CONN_CLOSED && !worker_may_dial(w))
			return;
		worker_unready(w, id);
		conn_again(w, id);
	}
}

/* Fills a connection with as many requests as it has room for. */
static void issue_closed(struct worker *w)
{
	uint32_t id;
	while (w->quota && (id = worker_next_ready(w)) != CONN_NONE && calls_may(w)) {
		if (w->conns[id].state == CONN_CLOSED && !worker_may_dial(w))
			return;
		worker_unready(w, id);
		do {
			w->quota--;
			conn_request(w, id, w->now_ns);
		} while (w->quota && conn_has_room(w, &w->conns[id]));
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
void issue_due(struct worker *w)
{
	while (w->quota && arrival_due_ns(&w->arrival) <= w->now_ns) {
		uint64_t due_ns = arrival_due_ns(&w->arrival);
		if (due_ns >= w->stop_ns) {
			w->quota = 0;
			return;
		}
		uint32_t id = worker_next_ready(w);
		bool too_late = w->now_ns - due_ns >= w->plan->timeout_ns;
		if (id == CONN_NONE && !too_late)
			return;
		arrival_take(&w->arrival);
		if (!calls_may(w)) {
			w->tally->held_back++;
			continue;
		}
		w->quota--;
		if (too_late) {
			count_unsent(w, due_ns, id != CONN_NONE && w->free_since_ns <= due_ns);
			continue;
		}
		worker_unready(w, id);
		record_lag(w, due_ns);
		conn_request(w, id, due_ns);
		conn_flush(w, id);
		if (conn_has_room(w, &w->conns[id]))
			worker_ready(w, id);
	}
}

/* Requests that were due and found no connection: intended, never sent. */
void issue_leave(struct worker *w, uint64_t end_ns)
{
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
	follow(w);
	worker_open_ahead(w);
	issue_again(w);
	if (worker_open_loop(w))
		issue_due(w);
	else if (w->now_ns < w->stop_ns)
		issue_closed(w);
	if (w->now_ns >= w->stop_ns || !w->quota) {
		w->tally->issued_until_ns = earlier(w->now_ns, w->stop_ns);
		issue_leave(w, w->tally->issued_until_ns);
		w->issuing = false;
	}
}

uint64_t issue_due_ns(struct worker *w)
{
	uint64_t due_ns = arrival_due_ns(&w->arrival);
	bool none = due_ns != UINT64_MAX && worker_next_ready(w) == CONN_NONE;
	return none ? due_ns + w->plan->timeout_ns : due_ns;
}

uint64_t issue_next_ns(struct worker *w)
{
	if (!w->issuing)
		return UINT64_MAX;
	uint64_t next_ns = w->stop_ns;
	if (w->plan->connect_rps > 0)
		next_ns = earlier(next_ns, worker_open_next_ns(w));
	next_ns = earlier(next_ns, follow_next_ns(w));
	return worker_open_loop(w) ? earlier(next_ns, issue_due_ns(w)) : next_ns;
}
