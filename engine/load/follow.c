#include "load/follow.h"

#include "load/flight.h"
#include "load/issue.h"

#define MOVES_NS (5 * NS_PER_MS) /* a number of connections that moves is looked at so often */

/* --- how many connections --------------------------------------------------------------- */

/* Those beyond the limit end: idle ones now, others with their answer. */
static void set_limit(struct worker *w, uint32_t limit)
{
	for (uint32_t id = limit; id < w->limit; id++)
		if (w->conns[id].state == CONN_OPEN && !w->conns[id].in_flight)
			conn_abandon(w, id, false);
	if (w->preopened > limit)
		w->preopened = limit;
	w->limit = limit;
}

static void adjust(struct worker *w)
{
	if (worker_open_loop(w) || !w->piece)
		return;
	uint64_t load = (uint64_t)(piece_load(w->piece, w->now_ns) + 0.5);
	uint32_t limit = (uint32_t)plan_share(load, w->number, w->plan->workers);
	limit = limit < w->count ? limit : w->count;
	if (limit != w->limit)
		set_limit(w, limit);
}

/* --- pieces ----------------------------------------------------------------------------- */

/* What was due before, or is in flight, is none of the new piece's. */
static void give_up(struct worker *w)
{
	issue_leave(w, w->piece->from_ns);
	for (uint32_t id = 0; id < w->count; id++) {
		if (!w->conns[id].in_flight)
			continue;
		flight_give_up(w, id);
		conn_abandon(w, id, true);
	}
}

void follow(struct worker *w)
{
	if (!w->plan->schedule)
		return;
	const struct piece *next;
	while ((next = schedule_piece(w->plan->schedule, w->next_piece)) &&
	       next->from_ns <= w->now_ns) {
		w->next_piece++;
		w->piece = next;
		if (w->plan->steps)
			w->mark_ns = next->from_ns;
		if (next->fresh)
			give_up(w);
	}
	adjust(w);
}

void follow_init(struct worker *w)
{
	w->limit = w->count;
	if (!w->plan->schedule)
		return;
	if (worker_open_loop(w))
		arrival_follow(&w->arrival, w->plan->schedule);
	else
		w->limit = 0;
	follow(w);
}

uint64_t follow_next_ns(const struct worker *w)
{
	if (!w->plan->schedule)
		return UINT64_MAX;
	const struct piece *next = schedule_piece(w->plan->schedule, w->next_piece), *p = w->piece;
	uint64_t next_ns = next ? next->from_ns : UINT64_MAX;
	bool moves = !worker_open_loop(w) && p && w->now_ns < p->from_ns + p->length_ns;
	return moves ? earlier(next_ns, w->now_ns + MOVES_NS) : next_ns;
}
