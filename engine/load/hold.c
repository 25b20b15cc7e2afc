#include "load/hold.h"

#include "load/issue.h"

#include <malloc.h>

#define VERIFY_AHEAD        1024u /* questions of the last round in flight at most */
#define LOOKS_A_TURN        1024u
#define LOOKS_WHILE_OPENING 64u

/* --- opening ---------------------------------------------------------------------------- */

/* Every connection was tried, or nobody answers any more: the time of the hold begins, and with it
 * requests and churn. */
static void begin_holding(struct worker *w)
{
	const struct plan *plan = w->plan;
	w->hold_stage = HOLD_HOLDING;
	if (plan->duration_ns != UINT64_MAX)
		w->stop_ns = earlier(w->stop_ns, w->now_ns + plan->duration_ns);
	w->tally->held_from_ns = w->now_ns;
	if (plan->rate_rps > 0)
		arrival_init(&w->arrival, w->now_ns, plan->rate_rps, w->number, plan->workers,
			     plan->poisson, plan->seed);
	if (plan->churn_rps > 0)
		arrival_init(&w->churn, w->now_ns, plan->churn_rps, w->number, plan->workers, false,
			     plan->seed);
}

/* Where connections are lost as soon as they open, dials never cease: then those of the first
 * round have had their time. */
static bool all_tried(struct worker *w)
{
	if (w->preopened < w->count)
		return false;
	if (!w->all_dialled_ns)
		w->all_dialled_ns = w->now_ns;
	return w->dialling == 0 || w->now_ns >= w->all_dialled_ns + w->plan->connect_timeout_ns;
}

/* --- holding ---------------------------------------------------------------------------- */

/* Closes those that were idle longest; they are opened again in their turn. */
static void churn(struct worker *w)
{
	while (w->plan->churn_rps > 0 && arrival_due_ns(&w->churn) <= w->now_ns) {
		uint32_t id = worker_next_ready(w);
		if (id == CONN_NONE)
			return;
		arrival_take(&w->churn);
		worker_unready(w, id);
		if (!w->conns[id].in_flight)
			conn_abandon(w, id, false);
	}
}

/* Where nothing is armed on idle connections: a look at each, since something came in. While
 * others are opened, they come first. */
static void sweep(struct worker *w)
{
	if (atomic_exchange_explicit(&w->sweep_asked, false, memory_order_relaxed))
		w->sweep_left = w->plan->idle == PLAN_SWEEP ? w->count : 0;
	unsigned looks = w->hold_stage == HOLD_OPENING ? LOOKS_WHILE_OPENING : LOOKS_A_TURN;
	for (; w->sweep_left && looks; w->sweep_left--, looks--) {
		conn_peek(w, w->sweep_at);
		w->sweep_at = (w->sweep_at + 1) % w->count;
	}
}

/* Deadlines were for dialling, and OpenSSL's objects for handshakes: once the last of them is over,
 * their memory is not needed. */
static void trim(struct worker *w)
{
	if (w->trimmed || wheel_next_ns(&w->wheel) != UINT64_MAX)
		return;
	w->trimmed = true;
	wheel_trim(&w->wheel);
	if (w->plan->tls)
		malloc_trim(0);
}

/* --- the last round --------------------------------------------------------------------- */

/* Asks each connection that is open, once. */
static void verify(struct worker *w)
{
	while (w->verified < w->count && w->in_flight < VERIFY_AHEAD) {
		uint32_t id = w->verified++;
		if (w->conns[id].state != CONN_OPEN || !conn_has_room(w, &w->conns[id]))
			continue;
		conn_request(w, id, w->now_ns);
		conn_flush(w, id);
	}
}

static void end(struct worker *w)
{
	w->issuing = false;
	w->tally->issued_until_ns = w->now_ns;
}

/* --- the story -------------------------------------------------------------------------- */

void hold_issue(struct worker *w)
{
	if (!w->issuing)
		return;
	conn_close_lost(w);
	if (w->hold_stage != HOLD_VERIFYING) {
		worker_open_ahead(w);
		sweep(w);
	}
	if (w->hold_stage == HOLD_OPENING && (all_tried(w) || worker_probing(w)))
		begin_holding(w);
	if (w->hold_stage == HOLD_HOLDING) {
		if (w->plan->rate_rps > 0)
			issue_due(w);
		churn(w);
		trim(w);
	}
	if (w->now_ns >= w->stop_ns && w->hold_stage != HOLD_VERIFYING) {
		if (w->hold_stage == HOLD_HOLDING)
			issue_leave(w, earlier(w->now_ns, w->stop_ns));
		w->tally->held_until_ns = w->now_ns;
		if (!w->plan->verify || w->hold_stage == HOLD_OPENING) {
			end(w);
			return;
		}
		w->hold_stage = HOLD_VERIFYING;
	}
	if (w->hold_stage == HOLD_VERIFYING) {
		verify(w);
		if (w->verified == w->count)
			end(w);
	}
}

uint64_t hold_next_ns(struct worker *w)
{
	if (!w->issuing)
		return UINT64_MAX;
	if (w->to_close.count)
		return w->now_ns + NS_PER_MS; /* without news until then, no more are being lost */
	if (w->hold_stage == HOLD_VERIFYING)
		return UINT64_MAX; /* answers make room for the next */
	if (w->sweep_left)
		return w->now_ns;
	uint64_t next_ns = earlier(w->stop_ns, worker_open_next_ns(w));
	if (w->hold_stage == HOLD_OPENING)
		return next_ns;
	if (w->plan->rate_rps > 0)
		next_ns = earlier(next_ns, issue_due_ns(w));
	if (w->plan->churn_rps > 0 && w->ready_head != CONN_NONE)
		next_ns = earlier(next_ns, arrival_due_ns(&w->churn));
	return next_ns;
}
