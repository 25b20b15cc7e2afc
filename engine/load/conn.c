#include "load/worker_impl.h"

#include "base/mono.h"

#include <assert.h>
#include <errno.h>

/* --- requests and their outcomes -------------------------------------------------------- */

static struct flight *flight_at(struct worker *w, uint32_t id, unsigned nth)
{
	const struct conn *c = &w->conns[id];
	uint32_t depth = w->plan->pipeline;
	return &w->flights[(size_t)id * depth + (c->first + nth) % depth];
}

static uint64_t us_since(const struct worker *w, uint64_t then_ns)
{
	return w->now_ns > then_ns ? (w->now_ns - then_ns) / NS_PER_US : 0;
}

static void count_outcome(struct worker *w, const struct flight *f, enum outcome outcome)
{
	if (f->due_ns < w->measure_ns)
		return;
	struct tally *t = w->tally;
	t->outcomes[outcome]++;
	t->last_end_ns = w->now_ns;
	hist_add(&t->intended_us, us_since(w, f->due_ns));
	if (!f->sent_ns)
		return;
	hist_add(&t->service_us, us_since(w, f->sent_ns));
	if (f->first_ns)
		hist_add(&t->first_byte_us, (f->first_ns - f->sent_ns) / NS_PER_US);
}

/* Ends the oldest request. */
static void end_oldest(struct worker *w, uint32_t id, enum outcome outcome)
{
	struct conn *c = &w->conns[id];
	struct flight *f = flight_at(w, id, 0);
	if (!f->sent_ns)
		c->to_write--;
	count_outcome(w, f, outcome);
	c->first = (uint16_t)((c->first + 1) % w->plan->pipeline);
	c->in_flight--;
	w->in_flight--;
}

static void end_all(struct worker *w, uint32_t id, enum outcome oldest, enum outcome others)
{
	enum outcome outcome = oldest;
	while (w->conns[id].in_flight) {
		end_oldest(w, id, outcome);
		outcome = others;
	}
}

static void take(struct worker *w, uint32_t id, uint64_t due_ns)
{
	struct conn *c = &w->conns[id];
	*flight_at(w, id, c->in_flight) = (struct flight){.due_ns = due_ns};
	c->in_flight++;
	c->to_write++;
	w->in_flight++;
	if (due_ns >= w->measure_ns)
		w->tally->intended++;
	else
		w->tally->warmup++;
}

static enum outcome judge(const struct plan *plan, const struct proto_answer *a)
{
	if (plan->expect_status && a->status == plan->expect_status)
		return OUTCOME_OK;
	if (a->status == 429 || (a->status == 503 && a->retry_after))
		return OUTCOME_SHED;
	if (a->status >= 500)
		return OUTCOME_HTTP_5XX;
	if (a->status >= 400)
		return OUTCOME_HTTP_4XX;
	if (a->status < 200) /* 101: a change of protocol that nobody asked for */
		return OUTCOME_MALFORMED;
	return plan->expect_status ? OUTCOME_CHECK_FAILED : OUTCOME_OK;
}

static enum outcome outcome_of_fault(enum proto_fault fault)
{
	static const enum outcome outcomes[] = {
		[PROTO_MALFORMED] = OUTCOME_MALFORMED, [PROTO_TOO_LARGE] = OUTCOME_TOO_LARGE,
		[PROTO_DESYNC] = OUTCOME_DESYNC,       [PROTO_TRUNCATED] = OUTCOME_TRUNCATED,
		[PROTO_CLOSED] = OUTCOME_PEER_CLOSED,
	};
	return outcomes[fault];
}

/* --- the life of a connection ----------------------------------------------------------- */

static void set_deadline(struct worker *w, uint32_t id)
{
	const struct conn *c = &w->conns[id];
	uint64_t due = UINT64_MAX;
	if (c->in_flight)
		due = flight_at(w, id, 0)->due_ns + w->plan->timeout_ns;
	if (c->state == CONN_DIALLING && due > c->dialled_ns + w->plan->connect_timeout_ns)
		due = c->dialled_ns + w->plan->connect_timeout_ns;
	if (due == UINT64_MAX)
		wheel_clear(&w->wheel, id);
	else
		wheel_set(&w->wheel, id, due);
}

static void pause_until(struct worker *w, uint32_t id, uint64_t until_ns)
{
	w->conns[id].paused = true;
	wheel_set(&w->wheel, id, until_ns);
}

static void close_life(struct worker *w, uint32_t id, bool reset)
{
	struct conn *c = &w->conns[id];
	if (c->state == CONN_OPEN) {
		w->open--;
		w->active -= c->answered;
	}
	if (c->state == CONN_DIALLING)
		w->dialling--;
	c->state = CONN_CLOSING;
	wheel_clear(&w->wheel, id);
	ring_close(w->ring, id, reset);
}

/* What comes after a life, or after a dial that could not even begin. In a closed loop the next
 * request dials, after a pause when lives keep failing. In an open loop the connection is kept
 * open for requests to come, unless each is to have its own, or the last life failed: then the
 * next request that is due finds out, and its outcome tells. */
static void after_life(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	c->state = CONN_CLOSED;
	if (!w->issuing)
		return;
	if (!worker_open_loop(w) && c->failures)
		pause_until(w, id, w->now_ns + worker_backoff_ns(c->failures));
	else if (worker_open_loop(w) && w->plan->keepalive && !c->failures)
		conn_preopen(w, id);
	else
		worker_ready(w, id);
}

static void fail_dial(struct worker *w, uint32_t id, enum outcome outcome)
{
	struct conn *c = &w->conns[id];
	w->tally->failed++;
	if (c->failures < UINT8_MAX)
		c->failures++;
	/* In a closed loop dialling is part of a request, even where it was done ahead. */
	if (!worker_open_loop(w) && !c->in_flight && w->issuing && w->quota) {
		w->quota--;
		take(w, id, c->dialled_ns);
	}
	end_all(w, id, outcome, outcome);
}

static void dial(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	const struct plan *plan = w->plan;
	struct ring_dial to = {.to = (const struct sockaddr *)&plan->to.sa, .to_len = plan->to.len};
	to.nodelay = plan->pipeline > 1 || plan->request_len > RING_QUIET_MAX;
	c->dialled_ns = w->now_ns;
	c->paused = c->answered = c->write_failed = false;
	c->out_at = c->out_end = 0;
	bool possible = id < w->slots;
	if (!possible || !ring_dial(w->ring, id, &to)) {
		fail_dial(w, id, possible ? OUTCOME_GENERATOR : OUTCOME_DESCRIPTORS_EXHAUSTED);
		after_life(w, id);
		return;
	}
	c->state = CONN_DIALLING;
	w->dialling++;
	set_deadline(w, id);
}

static bool arm(struct worker *w, uint32_t id)
{
	return w->plan->keepalive ? ring_receive(w->ring, id) : ring_receive_once(w->ring, id);
}

static void opened(struct worker *w, uint32_t id, int res)
{
	struct conn *c = &w->conns[id];
	if (res < 0) {
		fail_dial(w, id, outcome_of_errno(-res, true));
		close_life(w, id, false);
		return;
	}
	struct tally *t = w->tally;
	hist_add(&t->connect_us, us_since(w, c->dialled_ns));
	t->opened++;
	t->reopened += c->opened;
	c->opened = true;
	c->state = CONN_OPEN;
	w->dialling--;
	w->open++;
	h1_open(&c->h1);
	if (!arm(w, id)) {
		end_all(w, id, OUTCOME_GENERATOR, OUTCOME_GENERATOR);
		close_life(w, id, false);
		return;
	}
	set_deadline(w, id);
	if (c->in_flight)
		conn_flush(w, id);
	else
		worker_ready(w, id);
}

/* --- writing ---------------------------------------------------------------------------- */

static void write_out(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	const struct plan *plan = w->plan;
	struct span bytes = {plan->wire.ptr + c->out_at, c->out_end - c->out_at};
	/* Quiet sends overlap only while all of them together fit any socket buffer at once. */
	unsigned flags = RING_FIXED | (plan->wire.len <= RING_QUIET_MAX ? RING_QUIET : 0);
	enum ring_sending sending = ring_send(w->ring, id, bytes, flags);
	if (sending == RING_REFUSED) {
		end_all(w, id, OUTCOME_GENERATOR, OUTCOME_GENERATOR);
		close_life(w, id, false);
	} else if (sending == RING_SILENT) {
		c->out_at = c->out_end = 0;
	}
}

void conn_flush(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (c->state != CONN_OPEN || !c->to_write || c->out_end)
		return;
	unsigned count = c->to_write;
	for (unsigned i = c->in_flight - count; i < c->in_flight; i++) {
		struct flight *f = flight_at(w, id, i);
		f->sent_ns = w->now_ns;
		h1_expect(&c->h1, w->plan->head);
		if (f->due_ns >= w->measure_ns)
			w->tally->sent++;
	}
	c->to_write = 0;
	c->out_at = 0;
	c->out_end = (uint32_t)(count * w->plan->request_len);
	w->tally->bytes_sent += c->out_end;
	write_out(w, id);
}

/* A send that was not silent completed: the rest of it, or what was taken meanwhile, follows. */
static void sent(struct worker *w, uint32_t id, int res)
{
	struct conn *c = &w->conns[id];
	if (res == -EPIPE || res == -ECONNRESET) {
		c->write_failed = true; /* the receive tells the rest: perhaps an early answer */
		return;
	}
	if (res < 0) {
		end_all(w, id, OUTCOME_WRITE_FAILED, OUTCOME_WRITE_FAILED);
		close_life(w, id, false);
		return;
	}
	c->out_at += (uint32_t)res;
	if (c->out_at < c->out_end) {
		write_out(w, id);
		return;
	}
	c->out_at = c->out_end = 0;
	conn_flush(w, id);
}

/* --- reading ---------------------------------------------------------------------------- */

static void count_answer(struct worker *w, uint32_t id, const struct proto_answer *a, bool surplus)
{
	struct conn *c = &w->conns[id];
	const struct flight *f = flight_at(w, id, 0);
	if (f->due_ns >= w->measure_ns)
		w->tally->status[a->status]++;
	uint64_t service_ns = w->now_ns - f->sent_ns;
	w->service_ewma_ns += ((int64_t)service_ns - (int64_t)w->service_ewma_ns) / 64;
	if (service_ns < w->service_min_ns)
		w->service_min_ns = service_ns;
	if (!c->answered) {
		c->answered = true;
		w->active++;
	}
	c->failures = 0;
	end_oldest(w, id, surplus ? OUTCOME_DESYNC : judge(w->plan, a));
}

/* An answer is whole. True when the connection goes on. */
static bool answered(struct worker *w, uint32_t id, const struct proto_answer *a,
		     const struct span *rest)
{
	struct conn *c = &w->conns[id];
	bool surplus = c->in_flight == 1 && rest->len && !a->last;
	count_answer(w, id, a, surplus);
	/* Where the answer came before its request was written whole, the next one waits for that.
	 */
	if (!surplus && !a->last && w->plan->keepalive)
		return true;
	end_all(w, id, OUTCOME_PEER_CLOSED, OUTCOME_PEER_CLOSED);
	close_life(w, id, false);
	return false;
}

static void broken(struct worker *w, uint32_t id, enum outcome outcome)
{
	struct conn *c = &w->conns[id];
	w->tally->lost++;
	if (!c->answered && c->failures < UINT8_MAX)
		c->failures++;
	end_all(w, id, outcome, OUTCOME_PEER_CLOSED);
	close_life(w, id, false);
}

static void after_answers(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (!c->in_flight && w->plan->think_ns)
		pause_until(w, id, w->now_ns + w->plan->think_ns);
	else {
		set_deadline(w, id);
		if (conn_has_room(w, c))
			worker_ready(w, id);
	}
}

static void feed(struct worker *w, uint32_t id, struct span in)
{
	struct conn *c = &w->conns[id];
	struct proto_answer a = {0};
	bool any = false;
	w->tally->bytes_received += in.len;
	while (in.len) {
		struct flight *f = flight_at(w, id, 0);
		if (c->in_flight && !f->first_ns)
			f->first_ns = w->now_ns;
		enum proto_step step = h1_feed(&c->h1, &in, &a);
		if (step == PROTO_FAULT) {
			broken(w, id, outcome_of_fault(a.fault));
			return;
		}
		if (step == PROTO_MORE)
			break;
		any = true;
		if (!answered(w, id, &a, &in))
			return;
	}
	if (any)
		after_answers(w, id);
}

static void finished(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	struct proto_answer a = {0};
	switch (h1_eof(&c->h1, &a)) {
	case PROTO_ANSWER:
		a.last = true;
		answered(w, id, &a, &(struct span){0});
		break;
	case PROTO_FAULT:
		broken(w, id,
		       a.fault == PROTO_CLOSED && c->write_failed ? OUTCOME_WRITE_FAILED
								  : outcome_of_fault(a.fault));
		break;
	case PROTO_MORE:
		broken(w, id, OUTCOME_PEER_CLOSED);
		break;
	}
}

static void received(struct worker *w, uint32_t id, const struct ring_event *e)
{
	if (e->res == 0) {
		finished(w, id);
		return;
	}
	if (e->res < 0 && e->res != -ENOBUFS && e->res != -EAGAIN && e->res != -EINTR) {
		broken(w, id, outcome_of_errno(-e->res, false));
		return;
	}
	if (e->res > 0)
		feed(w, id, e->data);
	if (!e->armed && w->conns[id].state == CONN_OPEN && !arm(w, id)) {
		end_all(w, id, OUTCOME_GENERATOR, OUTCOME_GENERATOR);
		close_life(w, id, false);
	}
}

/* --- what the worker calls -------------------------------------------------------------- */

bool conn_has_room(const struct worker *w, const struct conn *c)
{
	if (c->paused)
		return false;
	if (c->state == CONN_CLOSED)
		return true;
	return c->state == CONN_OPEN && c->in_flight < (w->plan->keepalive ? w->plan->pipeline : 1);
}

void conn_preopen(struct worker *w, uint32_t id)
{
	dial(w, id);
}

void conn_request(struct worker *w, uint32_t id, uint64_t due_ns)
{
	struct conn *c = &w->conns[id];
	assert(conn_has_room(w, c));
	take(w, id, due_ns);
	if (c->state == CONN_CLOSED)
		dial(w, id);
	else if (c->in_flight == 1)
		set_deadline(w, id);
}

void conn_event(struct worker *w, const struct ring_event *e)
{
	uint32_t id = e->slot;
	switch (e->op) {
	case RING_OPENED:
		opened(w, id, e->res);
		break;
	case RING_SENT:
		sent(w, id, e->res);
		break;
	case RING_RECEIVED:
		received(w, id, e);
		break;
	case RING_CLOSED:
		after_life(w, id);
		break;
	case RING_ACCEPTED:
		assert(!"a generator accepts nothing");
		break;
	}
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
		fail_dial(w, id, OUTCOME_CONNECT_TIMEOUT);
		close_life(w, id, false);
	} else if (c->state == CONN_OPEN && c->in_flight) {
		end_all(w, id, OUTCOME_TIMEOUT, OUTCOME_TIMEOUT);
		close_life(w, id, true);
	}
}

void conn_abandon(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (c->state == CONN_OPEN || c->state == CONN_DIALLING)
		close_life(w, id, false);
}
