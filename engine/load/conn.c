/* conn: the life of a connection: dialled, open, closed, and what comes after. */
#include "load/conn_impl.h"

#include "base/mono.h"
#include "load/talk.h"

#include <assert.h>
#include <errno.h>

#define CLOSE_LOST_NS (2 * NS_PER_S) /* a lost connection waits no longer */
#define CLOSES_A_TURN 512u

#define PORT_TRIES 4096u /* ports in a row that others turn out to hold, before we believe it */

/* --- deadlines -------------------------------------------------------------------------- */

static bool is_opening(const struct conn *c)
{
	return c->state == CONN_DIALLING || c->state == CONN_SHAKING || c->state == CONN_GREETING;
}

/* When the first of its requests has had its time. */
static uint64_t first_due_ns(struct worker *w, uint32_t id)
{
	uint64_t first_ns = UINT64_MAX;
	uint32_t at = 0, tag;
	while (flight_next(w, id, &at, &tag)) {
		first_ns = earlier(first_ns, flight_of(w, id, tag)->due_ns);
		if (!worker_multiplexes(w))
			break;
	}
	return first_ns == UINT64_MAX ? first_ns : first_ns + w->plan->timeout_ns;
}

void conn_set_deadline(struct worker *w, uint32_t id)
{
	const struct conn *c = &w->conns[id];
	uint64_t due = first_due_ns(w, id);
	bool opening = is_opening(c);
	if (opening && due > c->mark_ns + w->plan->connect_timeout_ns)
		due = c->mark_ns + w->plan->connect_timeout_ns;
	if (due == UINT64_MAX)
		wheel_clear(&w->wheel, id);
	else
		wheel_set(&w->wheel, id, due);
}

void conn_pause_until(struct worker *w, uint32_t id, uint64_t until_ns)
{
	w->conns[id].paused = true;
	wheel_set(&w->wheel, id, until_ns);
}

/* --- four-tuples ------------------------------------------------------------------------ */

/* False: every port of ours is taken, or rests in TIME_WAIT. */
static bool take_tuple(struct worker *w, struct conn *c)
{
	if (!plan_books_tuples(w->plan))
		return true;
	c->booked = tuple_book_take(&w->book, w->now_ns, &c->tuple);
	return c->booked;
}

static void give_tuple(struct worker *w, struct conn *c, bool rests)
{
	if (c->booked)
		tuple_book_give(&w->book, c->tuple, rests, w->now_ns);
	c->booked = false;
}

static struct ring_dial where(const struct worker *w, const struct conn *c)
{
	const struct plan *plan = w->plan;
	struct tuple t = tuple_of(&plan->tuples, c->booked ? c->tuple : 0);
	struct ring_dial dial = {.to = (const struct sockaddr *)&t.to->sa, .to_len = t.to->len};
	if (t.from) {
		dial.from = (const struct sockaddr *)&t.from->sa;
		dial.from_len = t.from->len;
	}
	dial.port = t.port;
	dial.nodelay = plan->pipeline > 1 || plan->request_len > RING_QUIET_MAX;
	return dial;
}

/* --- the end of a life ------------------------------------------------------------------ */

/* Takes it out of whatever counts it. */
static void uncount(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (c->state == CONN_OPEN) {
		w->open--;
		w->active -= c->answered;
	} else if (is_opening(c)) {
		w->dialling--;
	} else {
		bitset_remove(&w->to_close, id);
	}
	c->paused = false;
	wheel_clear(&w->wheel, id);
}

void conn_close(struct worker *w, uint32_t id, bool reset)
{
	struct conn *c = &w->conns[id];
	reset |= w->plan->linger0;
	if (c->state == CONN_OPEN && !c->ended && !reset)
		conn_leave(w, id);
	uncount(w, id);
	give_tuple(w, c, c->state != CONN_DIALLING && !reset && !c->ended);
	c->state = CONN_CLOSING;
	ring_close(w->ring, id, reset);
}

void conn_lose(struct worker *w, uint32_t id)
{
	if (!w->plan->hold) {
		conn_close(w, id, false);
		return;
	}
	uncount(w, id);
	w->conns[id].state = CONN_LOST;
	bitset_add(&w->to_close, id);
}

void conn_close_lost(struct worker *w)
{
	bool more = w->to_close.count > w->to_close_seen;
	if (!w->to_close_seen)
		w->to_close_since_ns = w->now_ns;
	uint32_t closes =
		more && w->now_ns < w->to_close_since_ns + CLOSE_LOST_NS ? 0 : CLOSES_A_TURN;
	for (uint32_t id = 0; closes && bitset_next(&w->to_close, id, &id); closes--)
		conn_close(w, id, false);
	w->to_close_seen = w->to_close.count;
}

static void dial(struct worker *w, uint32_t id);

/* What comes after a life, or after a dial that could not even begin. A hold opens it again, in
 * its turn. In a closed loop the next request dials, after a pause when lives keep failing. In an
 * open loop the connection is kept open for requests to come, unless each is to have its own, or
 * the last life failed: then the next request that is due finds out, and its outcome tells. */
static void after_life(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	c->state = CONN_CLOSED;
	if (w->plan->tls)
		channel_drop(&w->channels, id);
	conn_drop_talk(w, id);
	if (c->in_flight && !w->finishing) { /* the port was another's: the request goes on */
		dial(w, id);
		return;
	}
	if (!w->issuing)
		return;
	if (w->plan->hold) {
		if (id < w->slots) /* those beyond are tried once: their number does not change */
			bitset_add(&w->to_open, id);
	} else if (!worker_open_loop(w) && c->failures)
		conn_pause_until(w, id, w->now_ns + worker_backoff_ns(c->failures));
	else if (worker_open_loop(w) && w->plan->keepalive && !c->failures)
		conn_preopen(w, id);
	else
		worker_ready(w, id);
}

void conn_refused(struct worker *w, uint32_t id)
{
	flight_end_all(w, id, OUTCOME_GENERATOR, OUTCOME_GENERATOR);
	conn_close(w, id, false);
}

static void fail_dial(struct worker *w, uint32_t id, enum outcome outcome)
{
	struct conn *c = &w->conns[id];
	w->tally->failed++;
	w->tally->failed_by[outcome]++;
	w->dial_failures += outcome != OUTCOME_DESCRIPTORS_EXHAUSTED;
	if (c->failures < UINT8_MAX)
		c->failures++;
	/* In a closed loop dialling is part of a request, even where it was done ahead. */
	if (!worker_open_loop(w) && !w->plan->hold && !c->in_flight && w->issuing && w->quota) {
		w->quota--;
		(void)flight_take(w, id, c->mark_ns);
	}
	flight_end_all(w, id, outcome, outcome);
}

/* --- the beginning of a life ------------------------------------------------------------ */

/* Why a dial cannot even begin; OUTCOME_OK where it has begun. */
static enum outcome begin_dial(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (id >= w->slots)
		return OUTCOME_DESCRIPTORS_EXHAUSTED;
	if (atomic_load_explicit(&w->memory_short, memory_order_relaxed))
		return OUTCOME_MEMORY_EXHAUSTED;
	if (!take_tuple(w, c))
		return OUTCOME_PORTS_EXHAUSTED;
	struct ring_dial dial = where(w, c);
	if (ring_dial(w->ring, id, &dial))
		return OUTCOME_OK;
	give_tuple(w, c, false);
	return OUTCOME_GENERATOR;
}

static void dial(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	c->mark_ns = w->now_ns;
	c->paused = c->answered = c->write_failed = c->ended = c->armed = false;
	c->out_at = c->out_end = 0;
	worker_note_dial(w);
	enum outcome failed = begin_dial(w, id);
	if (failed) {
		fail_dial(w, id, failed);
		after_life(w, id);
		return;
	}
	c->state = CONN_DIALLING;
	w->dialling++;
	conn_set_deadline(w, id);
}

/* Somebody else holds the port that we chose: the next one, and this one later. */
static bool try_other_port(struct worker *w, uint32_t id, int res)
{
	struct conn *c = &w->conns[id];
	if (res != -EADDRNOTAVAIL || !c->booked || !w->plan->tuples.port_count ||
	    ++w->port_misses > PORT_TRIES)
		return false;
	give_tuple(w, c, true);
	conn_close(w, id, false);
	return true;
}

void conn_fails(struct worker *w, uint32_t id, enum outcome outcome)
{
	fail_dial(w, id, outcome);
	conn_close(w, id, false);
}

void conn_ready(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	struct tally *t = w->tally;
	t->opened++;
	t->reopened += c->opened;
	c->opened = true;
	c->state = CONN_OPEN;
	c->mark_ns = 0;
	w->dialling--;
	w->open++;
	w->dial_failures = w->port_misses = 0;
	if (!c->in_flight)
		worker_ready(w, id);
}

void conn_stands(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	const struct proto *proto = w->plan->proto;
	if (!conn_speaks(w)) {
		h1_open(&c->h1);
		conn_ready(w, id);
	} else if (!conn_begin_talk(w, id)) {
		conn_fails(w, id, OUTCOME_MEMORY_EXHAUSTED);
	} else if (proto->ready && !proto->ready(c->talk->state)) {
		c->state = CONN_GREETING;
	} else {
		conn_ready(w, id);
	}
}

void conn_serves(struct worker *w, uint32_t id)
{
	const struct conn *c = &w->conns[id];
	if ((c->state != CONN_OPEN && c->state != CONN_GREETING) || !conn_arm(w, id))
		return;
	conn_set_deadline(w, id);
	conn_flush(w, id);
}

static void connected(struct worker *w, uint32_t id, int res)
{
	if (res < 0) {
		if (!try_other_port(w, id, res))
			conn_fails(w, id, outcome_of_errno(-res, true));
		return;
	}
	hist_add(&w->tally->connect_us, worker_us_since(w, w->conns[id].mark_ns));
	if (w->plan->tls) {
		conn_shake(w, id);
		return;
	}
	conn_stands(w, id);
	conn_serves(w, id);
}

/* --- what the worker calls -------------------------------------------------------------- */

/* One request may always wait: where the peer has no room at all, its timeout shall tell. */
static bool peer_has_room(const struct worker *w, const struct conn *c)
{
	const struct proto *proto = w->plan->proto;
	if (proto->ends && proto->ends(c->talk->state))
		return false;
	return !c->in_flight || c->to_write < proto->room(c->talk->state);
}

bool conn_has_room(const struct worker *w, const struct conn *c)
{
	if (c->paused || c - w->conns >= w->limit)
		return false;
	if (c->state == CONN_CLOSED)
		return !w->plan->hold;
	if (c->state != CONN_OPEN || c->in_flight >= (w->plan->keepalive ? w->plan->pipeline : 1))
		return false;
	return !conn_speaks(w) || peer_has_room(w, c);
}

void conn_preopen(struct worker *w, uint32_t id)
{
	dial(w, id);
}

static void begin(struct worker *w, uint32_t id)
{
	const struct conn *c = &w->conns[id];
	if (c->state == CONN_CLOSED)
		dial(w, id);
	else if (c->in_flight == 1)
		conn_set_deadline(w, id);
}

void conn_request(struct worker *w, uint32_t id, uint64_t due_ns)
{
	assert(conn_has_room(w, &w->conns[id]));
	calls_take(w, flight_index(w, id, flight_take(w, id, due_ns)));
	begin(w, id);
}

void conn_again(struct worker *w, uint32_t id)
{
	uint32_t tag = flight_take_again(w, id, calls_waiting_ns(w));
	calls_take_again(w, flight_index(w, id, tag));
	begin(w, id);
	conn_flush(w, id);
}

void conn_event(struct worker *w, const struct ring_event *e)
{
	uint32_t id = e->slot;
	if (w->conns[id].state == CONN_LOST)
		return;
	switch (e->op) {
	case RING_OPENED:
		connected(w, id, e->res);
		break;
	case RING_SENT:
		conn_sent(w, id, e->res);
		break;
	case RING_RECEIVED:
		conn_received(w, id, e);
		break;
	case RING_READABLE:
		conn_readable(w, id, e->res);
		break;
	case RING_HANDED_OVER:
		conn_tls_handed_over(w, id, e->res);
		break;
	case RING_CLOSED:
		after_life(w, id);
		break;
	case RING_ACCEPTED:
		assert(!"a generator accepts nothing");
		break;
	}
}

/* Each request by itself; the others go on. */
static void time_out_streams(struct worker *w, uint32_t id)
{
	struct talk *t = w->conns[id].talk;
	uint32_t at = 0, tag;
	while (flight_next(w, id, &at, &tag)) {
		const struct flight *f = flight_of(w, id, tag);
		if (w->now_ns < f->due_ns + w->plan->timeout_ns)
			continue;
		if (f->sent_ns)
			w->plan->proto->cancel(t->state, tag, &t->next);
		flight_end(w, id, tag, OUTCOME_TIMEOUT);
	}
	conn_set_deadline(w, id);
	conn_flush(w, id);
	if (conn_has_room(w, &w->conns[id]))
		worker_ready(w, id);
}

void conn_deadline(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (c->paused) {
		c->paused = false;
		worker_ready(w, id);
		return;
	}
	if (c->state == CONN_DIALLING) {
		conn_fails(w, id, OUTCOME_CONNECT_TIMEOUT);
	} else if (c->state == CONN_SHAKING) {
		conn_shake_fails(w, id, TLS_REASON_TIMED_OUT);
	} else if (c->state == CONN_GREETING) {
		conn_fails(w, id, OUTCOME_CONNECT_TIMEOUT);
	} else if (c->state == CONN_OPEN && worker_multiplexes(w)) {
		time_out_streams(w, id);
	} else if (c->state == CONN_OPEN && c->in_flight) {
		flight_end_all(w, id, OUTCOME_TIMEOUT, OUTCOME_TIMEOUT);
		conn_close(w, id, true);
	}
}

void conn_abandon(struct worker *w, uint32_t id, bool reset)
{
	struct conn *c = &w->conns[id];
	if (c->state != CONN_CLOSED && c->state != CONN_CLOSING)
		conn_close(w, id, reset);
}
