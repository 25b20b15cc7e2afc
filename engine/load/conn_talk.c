/* conn_talk: what a connection writes and reads. */
#include "load/conn_impl.h"

#include "base/mono.h"

#include <errno.h>

/* --- writing ---------------------------------------------------------------------------- */

static void write_out(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	const struct plan *plan = w->plan;
	const char *from = plan->mix ? calls_bytes(w, id).ptr : plan->wire.ptr;
	struct span bytes = {from + c->out_at, c->out_end - c->out_at};
	enum ring_sending sending;
	if (conn_sealed(w, id)) {
		bytes.len = conn_piece_of(bytes.len);
		sending = channel_write(&w->channels, id, bytes, plan->pipeline == 1);
	} else {
		/* Quiet sends overlap only while all of them together fit any socket buffer. */
		size_t most = plan->mix ? bytes.len : plan->wire.len;
		unsigned flags = plan->mix ? 0 : RING_FIXED;
		flags |= most <= RING_QUIET_MAX ? RING_QUIET : 0;
		sending = ring_send(w->ring, id, bytes, flags);
	}
	if (sending == RING_REFUSED)
		conn_refused(w, id);
	else if (sending == RING_SILENT)
		c->out_at = c->out_end = 0;
}

/* Tells the parser of the oldest request that was written, once its predecessor's answer is whole.
 */
static void expect_next(const struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	const struct mix_request *r = calls_request(w, id);
	if (c->in_flight > c->to_write && !h1_expects(&c->h1))
		h1_expect(&c->h1, r ? r->head : w->plan->head);
}

void conn_flush(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (c->state != CONN_OPEN || !c->to_write || c->out_end)
		return;
	if (!c->armed && !conn_arm(w, id))
		return;
	unsigned count = c->to_write;
	for (unsigned i = c->in_flight - count; i < c->in_flight; i++) {
		struct flight *f = flight_at(w, id, i);
		f->sent_ns = w->now_ns;
		if (f->due_ns >= w->measure_ns && calls_first_try(w, id))
			w->tally->sent++;
	}
	c->to_write = 0;
	expect_next(w, id);
	c->out_at = 0;
	c->out_end =
		(uint32_t)(w->plan->mix ? calls_render(w, id).len : count * w->plan->request_len);
	w->tally->bytes_sent += c->out_end;
	write_out(w, id);
}

void conn_drained(struct worker *w, uint32_t id, size_t bytes)
{
	struct conn *c = &w->conns[id];
	c->out_at += (uint32_t)bytes;
	if (c->out_at < c->out_end) {
		write_out(w, id);
		return;
	}
	c->out_at = c->out_end = 0;
	conn_flush(w, id);
}

/* A send that was not silent completed: the rest of it, or what was taken meanwhile, follows. */
void conn_sent(struct worker *w, uint32_t id, int res)
{
	struct conn *c = &w->conns[id];
	if (res == -EPIPE || res == -ECONNRESET) {
		c->write_failed = true; /* the receive tells the rest: perhaps an early answer */
		return;
	}
	if (res < 0) {
		flight_end_all(w, id, OUTCOME_WRITE_FAILED, OUTCOME_WRITE_FAILED);
		conn_close(w, id, false);
		return;
	}
	if (conn_sealed(w, id))
		conn_tls_sent(w, id, res);
	else
		conn_drained(w, id, (size_t)res);
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
	flight_end_oldest(w, id, surplus ? OUTCOME_DESYNC : flight_judge(w, id, a));
}

/* An answer is whole. True when the connection goes on. */
static bool answered(struct worker *w, uint32_t id, const struct proto_answer *a,
		     const struct span *rest)
{
	struct conn *c = &w->conns[id];
	bool surplus = c->in_flight == 1 && rest->len && !a->last;
	count_answer(w, id, a, surplus);
	expect_next(w, id);
	/* Where the answer came before its request was written whole, the next one waits for that.
	 */
	if (!surplus && !a->last && w->plan->keepalive)
		return true;
	flight_end_all(w, id, OUTCOME_PEER_CLOSED, OUTCOME_PEER_CLOSED);
	conn_close(w, id, false);
	return false;
}

void conn_broken(struct worker *w, uint32_t id, enum outcome outcome)
{
	struct conn *c = &w->conns[id];
	w->tally->lost++;
	w->tally->lost_by[outcome]++;
	c->ended |= outcome == OUTCOME_PEER_RESET;
	if (!c->answered && c->failures < UINT8_MAX)
		c->failures++;
	flight_end_all(w, id, outcome, OUTCOME_PEER_CLOSED);
	conn_lose(w, id);
}

static void after_answers(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (!c->in_flight && id >= w->limit) {
		conn_close(w, id, false);
		return;
	}
	if (!c->in_flight && w->plan->hold)
		conn_tls_rest(w, id);
	const struct mix_request *r = calls_request(w, id);
	uint64_t think_ns = r ? r->think_ns : w->plan->think_ns;
	if (!c->in_flight && think_ns)
		conn_pause_until(w, id, w->now_ns + think_ns);
	else {
		conn_set_deadline(w, id);
		if (conn_has_room(w, c))
			worker_ready(w, id);
	}
}

void conn_feed(struct worker *w, uint32_t id, struct span in)
{
	struct conn *c = &w->conns[id];
	struct proto_answer a = {0};
	bool any = false;
	w->tally->bytes_received += in.len;
	while (in.len) {
		if (c->in_flight && !c->mark_ns)
			c->mark_ns = w->now_ns;
		struct span before = in;
		enum proto_step step = h1_feed(&c->h1, &in, &a);
		before.len -= in.len;
		calls_heard(w, id, before);
		if (step == PROTO_FAULT) {
			conn_broken(w, id, flight_outcome_of_fault(a.fault));
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

/* Under TLS an end without a close_notify may be anybody's: what only the end delimits is then not
 * known to be whole. */
void conn_finished(struct worker *w, uint32_t id, bool properly)
{
	struct conn *c = &w->conns[id];
	c->ended = true;
	struct proto_answer a = {0};
	switch (h1_eof(&c->h1, &a)) {
	case PROTO_ANSWER:
		if (!properly) {
			conn_broken(w, id, OUTCOME_TRUNCATED);
			break;
		}
		a.last = true;
		answered(w, id, &a, &(struct span){0});
		break;
	case PROTO_FAULT:
		conn_broken(w, id,
			    a.fault == PROTO_CLOSED && c->write_failed
				    ? OUTCOME_WRITE_FAILED
				    : flight_outcome_of_fault(a.fault));
		break;
	case PROTO_MORE:
		conn_broken(w, id, OUTCOME_PEER_CLOSED);
		break;
	}
}

void conn_received(struct worker *w, uint32_t id, const struct ring_event *e)
{
	if (w->conns[id].state == CONN_SHAKING) {
		conn_shake_received(w, id, e);
		return;
	}
	if (e->res == 0) {
		conn_finished(w, id, !w->plan->tls);
		return;
	}
	if (e->res < 0 && e->res != -ENOBUFS && e->res != -EAGAIN && e->res != -EINTR) {
		conn_broken(w, id, outcome_of_errno(-e->res, false));
		return;
	}
	if (e->res > 0 && w->plan->tls)
		conn_tls_pass(w, id, e->data, e->record);
	else if (e->res > 0)
		conn_feed(w, id, e->data);
	if (!e->armed && w->conns[id].state == CONN_OPEN)
		conn_arm(w, id);
}

/* --- waiting for the peer --------------------------------------------------------------- */

static bool arm(struct worker *w, uint32_t id)
{
	const struct plan *plan = w->plan;
	if (plan->idle == PLAN_SWEEP && !w->conns[id].in_flight)
		return ring_peek(w->ring, id);
	if (plan->idle != PLAN_RECEIVE)
		return ring_watch(w->ring, id);
	return plan->keepalive ? ring_receive(w->ring, id) : ring_receive_once(w->ring, id);
}

bool conn_arm(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	c->armed = arm(w, id);
	if (!c->armed)
		conn_refused(w, id);
	return c->armed;
}

/* Where the ring takes nothing just now, another round comes. */
void conn_peek(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (c->state == CONN_OPEN && !c->armed)
		c->armed = ring_peek(w->ring, id);
}

void conn_readable(struct worker *w, uint32_t id, int res)
{
	struct conn *c = &w->conns[id];
	if (res == -EAGAIN && !c->in_flight)
		c->armed = false; /* until worker_sweep */
	else if (res == -EAGAIN)
		conn_arm(w, id);
	else if (res < 0)
		conn_broken(w, id, outcome_of_errno(-res, false));
	else if (!ring_receive_ready(w->ring, id))
		conn_refused(w, id);
}
