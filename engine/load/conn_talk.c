/* conn_talk: what a connection writes and reads. */
#include "load/conn_impl.h"
#include "load/talk.h"
#include "proto/grpc.h"

#include "base/mono.h"

#include <errno.h>

/* --- writing ---------------------------------------------------------------------------- */

/* Where the bytes are that it writes from: all of them lie within the first `most`. */
static const char *bytes_of(struct worker *w, uint32_t id, size_t *ret_most)
{
	const struct plan *plan = w->plan;
	*ret_most = plan->wire.len;
	if (!conn_speaks(w) && !plan->mix)
		return plan->wire.ptr;
	*ret_most = w->conns[id].out_end - w->conns[id].out_at;
	return conn_speaks(w) ? w->conns[id].talk->out.ptr : calls_bytes(w, id).ptr;
}

void conn_write(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	const struct plan *plan = w->plan;
	size_t most;
	const char *from = bytes_of(w, id, &most);
	struct span bytes = {from + c->out_at, c->out_end - c->out_at};
	enum ring_sending sending;
	if (conn_sealed(w, id)) {
		bytes.len = conn_piece_of(bytes.len);
		sending = channel_write(&w->channels, id, bytes,
					plan->pipeline == 1 && !conn_speaks(w));
	} else {
		/* Quiet sends overlap only while all of them together fit any socket buffer. */
		unsigned flags = conn_speaks(w) || plan->mix ? 0 : RING_FIXED;
		flags |= most <= RING_QUIET_MAX && !conn_speaks(w) ? RING_QUIET : 0;
		sending = ring_send(w->ring, id, bytes, flags);
	}
	if (sending == RING_REFUSED)
		conn_refused(w, id);
	else if (sending == RING_SILENT && conn_speaks(w))
		conn_drained(w, id, bytes.len);
	else if (sending == RING_SILENT)
		c->out_at = c->out_end = 0;
}

/* Tells the parser of the oldest request that was written, once its predecessor's answer is whole.
 */
static void expect_next(const struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (conn_speaks(w) || c->in_flight == c->to_write || h1_expects(&c->h1))
		return;
	const struct mix_request *r = calls_request(w, flight_index(w, id, flight_nth(w, id, 0)));
	h1_expect(&c->h1, r ? r->head : w->plan->head);
}

/* Requests that are ready beforehand: as many copies as there are to write, or a mix's one. */
static void write_ready(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	unsigned count = c->to_write;
	size_t at = 0;
	for (unsigned i = 0; i < count; i++) {
		uint32_t tag = flight_waiting(w, id);
		at = flight_index(w, id, tag);
		flight_sent(w, id, tag);
		calls_ear(w, at);
	}
	expect_next(w, id);
	c->out_at = 0;
	c->out_end = (uint32_t)(w->plan->mix ? calls_render(w, at, id).len
					     : count * w->plan->request_len);
	w->tally->bytes_sent += c->out_end;
	conn_write(w, id);
}

void conn_flush(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (c->out_end)
		return;
	if (conn_speaks(w) && (c->state == CONN_OPEN || c->state == CONN_GREETING))
		conn_speak(w, id);
	else if (c->state == CONN_OPEN && c->to_write && (c->armed || conn_arm(w, id)))
		write_ready(w, id);
}

void conn_drained(struct worker *w, uint32_t id, size_t bytes)
{
	struct conn *c = &w->conns[id];
	c->out_at += (uint32_t)bytes;
	if (c->out_at < c->out_end) {
		conn_write(w, id);
		return;
	}
	c->out_at = c->out_end = 0;
	if (conn_speaks(w) && w->plan->proto->drained)
		w->plan->proto->drained(c->talk->state, &c->talk->next);
	conn_flush(w, id);
	if (c->state == CONN_OPEN && !c->in_flight && w->plan->hold)
		conn_rest(w, id);
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

_Static_assert(TALLY_GRPC == GRPC_STATUSES + 1, "one place for each status, and one for others");

static void count_status(struct worker *w, const struct proto_answer *a)
{
	if (a->end == PROTO_WHOLE && a->code != PROTO_CODE_NONE)
		w->tally->grpc[a->code < GRPC_STATUSES ? a->code : GRPC_OTHERS]++;
}

static void count_answer(struct worker *w, uint32_t id, uint32_t tag, const struct proto_answer *a,
			 bool surplus)
{
	struct conn *c = &w->conns[id];
	const struct flight *f = flight_of(w, id, tag);
	if (f->due_ns >= w->measure_ns && a->status)
		w->tally->status[a->status]++;
	else if (f->due_ns >= w->measure_ns && a->end == PROTO_WHOLE) /* none was, else */
		w->tally->bare_answers++;
	if (f->due_ns >= w->measure_ns && w->plan->grpc)
		count_status(w, a);
	uint64_t service_ns = w->now_ns - f->sent_ns;
	w->service_ewma_ns += ((int64_t)service_ns - (int64_t)w->service_ewma_ns) / 64;
	if (service_ns < w->service_min_ns)
		w->service_min_ns = service_ns;
	if (!c->answered) {
		c->answered = true;
		w->active++;
	}
	c->failures = 0;
	enum outcome outcome =
		surplus ? OUTCOME_DESYNC : flight_judge(w, flight_index(w, id, tag), a);
	if (w->ears.of && outcome == OUTCOME_OK && a->status)
		outcome = calls_check(w, flight_index(w, id, tag), f->due_ns >= w->measure_ns);
	flight_end(w, id, tag, outcome);
}

/* Bytes that answer nothing, right behind an answer. */
static bool has_surplus(const struct worker *w, uint32_t id, const struct proto_answer *a,
			const struct span *rest)
{
	return !conn_speaks(w) && w->conns[id].in_flight == 1 && rest->len && !a->last;
}

/* An answer is whole. True when the connection goes on. */
static bool answered(struct worker *w, uint32_t id, const struct proto_answer *a,
		     const struct span *rest)
{
	uint32_t tag = worker_multiplexes(w) ? a->tag : flight_nth(w, id, 0);
	if (a->end == PROTO_UNTOUCHED && flight_unsend(w, id, tag))
		return true;
	bool surplus = has_surplus(w, id, a, rest);
	count_answer(w, id, tag, a, surplus);
	expect_next(w, id);
	/* Where the answer came before its request was written whole, the next one waits for that.
	 */
	if (!surplus && !a->last && w->plan->keepalive)
		return true;
	flight_end_all(w, id, OUTCOME_PEER_CLOSED, OUTCOME_PEER_CLOSED);
	conn_close(w, id, false);
	return false;
}

/* Of requests that go in any order, those never sent find another connection; unless this one was
 * of no use at all. */
void conn_broken(struct worker *w, uint32_t id, enum outcome outcome)
{
	struct conn *c = &w->conns[id];
	w->tally->lost++;
	w->tally->lost_by[outcome]++;
	c->ended |= outcome == OUTCOME_PEER_RESET;
	if (!c->answered && c->failures < UINT8_MAX)
		c->failures++;
	if (worker_multiplexes(w) && c->answered)
		flight_end_sent(w, id, outcome);
	else
		flight_end_all(w, id, outcome, OUTCOME_PEER_CLOSED);
	conn_lose(w, id);
}

/* Whether the peer takes no more on this connection, and owes nothing. */
static bool is_spent(const struct worker *w, const struct conn *c)
{
	const struct proto *proto = w->plan->proto;
	return proto->ends && c->in_flight == c->to_write && proto->ends(c->talk->state);
}

static void after_answers(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if ((!c->in_flight && id >= w->limit) || is_spent(w, c)) {
		conn_close(w, id, false);
		return;
	}
	if (!c->in_flight && w->plan->hold)
		conn_rest(w, id);
	const struct mix_request *r =
		w->plan->pipeline == 1 ? calls_request(w, flight_index(w, id, 0)) : NULL;
	uint64_t think_ns = r ? r->think_ns : w->plan->think_ns;
	if (!c->in_flight && think_ns)
		conn_pause_until(w, id, w->now_ns + think_ns);
	else {
		conn_set_deadline(w, id);
		if (conn_has_room(w, c))
			worker_ready(w, id);
	}
}

/* A message of an answer that goes on. What a mark says of an earlier flight is before this one
 * was sent. */
static void count_message(struct worker *w, uint32_t id, uint32_t tag)
{
	const struct flight *f = flight_of(w, id, tag);
	if (f->due_ns < w->measure_ns)
		return;
	w->tally->messages++;
	if (!w->marks)
		return;
	uint64_t *mark = &w->marks[flight_index(w, id, tag)];
	hist_add(&w->tally->message_us,
		 worker_us_since(w, *mark > f->sent_ns ? *mark : f->sent_ns));
	*mark = w->now_ns;
}

#define WS_CODE_FIRST 1000

/* What the peer said of it, beside the outcome. */
static void count_fault(struct worker *w, const struct proto_answer *a)
{
	if (a->fault == PROTO_DECLINED && a->status)
		w->tally->status[a->status]++;
	if (a->fault != PROTO_LEFT || w->plan->proto != &proto_ws)
		return;
	unsigned nth = (unsigned)(a->code - WS_CODE_FIRST);
	w->tally->ws_close[nth < TALLY_WS_CLOSES - 1 ? nth : TALLY_WS_CLOSES - 1]++;
}

static void ended_in_fault(struct worker *w, uint32_t id, const struct proto_answer *a)
{
	enum outcome outcome = flight_outcome_of_fault(w, a);
	count_fault(w, a);
	conn_say_last(w, id);
	if (w->conns[id].state == CONN_GREETING)
		conn_fails(w, id, outcome);
	else if (w->conns[id].state == CONN_OPEN)
		conn_broken(w, id, outcome);
}

static enum proto_step feed(struct worker *w, uint32_t id, struct span *in, struct proto_answer *a)
{
	struct conn *c = &w->conns[id];
	if (conn_speaks(w))
		return w->plan->proto->feed(c->talk->state, in, &c->talk->next, a);
	struct span before = *in;
	enum proto_step step = w->plan->proto->feed(&c->h1, in, NULL, a);
	before.len -= in->len;
	if (w->ears.of)
		ear_hear(w, flight_index(w, id, flight_nth(w, id, 0)), before);
	return step;
}

static void greeted(struct worker *w, uint32_t id)
{
	conn_ready(w, id);
	conn_set_deadline(w, id);
}

void conn_feed(struct worker *w, uint32_t id, struct span in)
{
	struct conn *c = &w->conns[id];
	struct proto_answer a = {0};
	bool any = false;
	w->tally->bytes_received += in.len;
	for (;;) {
		if (in.len && c->in_flight && !c->mark_ns)
			c->mark_ns = w->now_ns;
		enum proto_step step = feed(w, id, &in, &a);
		/* Whatever else has come with it: the peer had agreed before. */
		if (c->state == CONN_GREETING && w->plan->proto->ready(c->talk->state))
			greeted(w, id);
		if (step == PROTO_FAULT) {
			ended_in_fault(w, id, &a);
			return;
		}
		if (step == PROTO_MORE)
			break;
		if (a.end == PROTO_MESSAGE) {
			count_message(w, id, a.tag);
			continue;
		}
		any = true;
		if (!answered(w, id, &a, &in))
			return;
	}
	if (any || (conn_speaks(w) && c->state == CONN_OPEN && is_spent(w, c)))
		after_answers(w, id);
	if (conn_speaks(w) && (c->talk->next.len || c->to_write))
		conn_flush(w, id);
}

/* Under TLS an end without a close_notify may be anybody's: what only the end delimits is then not
 * known to be whole. */
void conn_finished(struct worker *w, uint32_t id, bool properly)
{
	struct conn *c = &w->conns[id];
	c->ended = true;
	struct proto_answer a = {0};
	switch (w->plan->proto->eof(conn_speaks(w) ? (void *)c->talk->state : &c->h1, &a)) {
	case PROTO_ANSWER:
		if (!properly) {
			conn_broken(w, id, OUTCOME_TRUNCATED);
			break;
		}
		a.last = true;
		answered(w, id, &a, &(struct span){0});
		break;
	case PROTO_FAULT:
		if (a.fault == PROTO_CLOSED && c->write_failed)
			conn_broken(w, id, OUTCOME_WRITE_FAILED);
		else
			ended_in_fault(w, id, &a);
		break;
	case PROTO_MORE:
		if (c->state == CONN_GREETING)
			conn_fails(w, id, OUTCOME_PEER_CLOSED);
		else
			conn_broken(w, id, OUTCOME_PEER_CLOSED);
		break;
	}
}

/* The transport broke. */
static void conn_cut(struct worker *w, uint32_t id, enum outcome outcome)
{
	if (w->conns[id].state == CONN_GREETING)
		conn_fails(w, id, outcome);
	else
		conn_broken(w, id, outcome);
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
		conn_cut(w, id, outcome_of_errno(-e->res, false));
		return;
	}
	if (e->res > 0 && w->plan->tls)
		conn_tls_pass(w, id, e->data, e->record);
	else if (e->res > 0)
		conn_feed(w, id, e->data);
	const struct conn *c = &w->conns[id];
	if (!e->armed && (c->state == CONN_OPEN || c->state == CONN_GREETING))
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
	bool many = plan->keepalive || conn_speaks(w);
	return many ? ring_receive(w->ring, id) : ring_receive_once(w->ring, id);
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
		conn_cut(w, id, outcome_of_errno(-res, false));
	else if (!ring_receive_ready(w->ring, id))
		conn_refused(w, id);
}
