/* conn_tls: a connection's handshake, and the way of its bytes through the channel. */
#include "load/conn_impl.h"

#include <errno.h>

_Static_assert(TLS_REASONS <= TALLY_TLS_REASONS, "every reason has its counter");

bool conn_sealed(const struct worker *w, uint32_t id)
{
	return w->plan->tls && !channel_is_transparent(&w->channels, id);
}

void conn_tls_rest(struct worker *w, uint32_t id)
{
	if (w->plan->tls)
		channel_rest(&w->channels, id);
}

/* --- failures --------------------------------------------------------------------------- */

static enum outcome note_reason(struct worker *w, enum tls_reason reason)
{
	w->tally->tls_reasons[reason]++;
	return tls_reason_is_certificate(reason) ? OUTCOME_TLS_CERTIFICATE : OUTCOME_TLS_HANDSHAKE;
}

void conn_shake_fails(struct worker *w, uint32_t id, enum tls_reason reason)
{
	conn_fails(w, id, note_reason(w, reason));
}

static void refused(struct worker *w, uint32_t id)
{
	if (w->conns[id].state == CONN_SHAKING)
		conn_fails(w, id, OUTCOME_GENERATOR);
	else
		conn_refused(w, id);
}

static void failed(struct worker *w, uint32_t id)
{
	enum tls_reason reason = w->channels.reason;
	if (w->conns[id].state == CONN_SHAKING)
		conn_shake_fails(w, id, reason);
	else
		conn_broken(w, id, note_reason(w, reason));
}

static void closed(struct worker *w, uint32_t id)
{
	if (w->conns[id].state == CONN_SHAKING)
		conn_shake_fails(w, id, TLS_REASON_CLOSED);
	else
		conn_finished(w, id, true);
}

/* --- the handshake ---------------------------------------------------------------------- */

void conn_shake(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	c->state = CONN_SHAKING;
	c->mark_ns = w->now_ns;
	uint64_t number = (uint64_t)id * w->plan->workers + w->number;
	if (channel_begin(&w->channels, id, number))
		conn_set_deadline(w, id);
	else
		refused(w, id);
}

/* The handshake itself was what was asked for. */
static void end_handshake_request(struct worker *w, uint32_t id, uint64_t began_ns)
{
	struct conn *c = &w->conns[id];
	uint32_t tag = flight_waiting(w, id);
	flight_sent(w, id, tag);
	flight_of(w, id, tag)->sent_ns = began_ns;
	c->failures = 0;
	c->answered = true;
	w->active++;
	flight_end(w, id, tag, OUTCOME_OK);
	conn_close(w, id, false);
}

static void shaken(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	struct tally *t = w->tally;
	uint64_t began_ns = c->mark_ns;
	hist_add(&t->tls_us, worker_us_since(w, began_ns));
	t->tls_full += !w->channels.resumed;
	t->tls_resumed += w->channels.resumed;
	conn_stands(w, id);
	if (w->plan->handshakes_only && c->in_flight) {
		end_handshake_request(w, id, began_ns);
		return;
	}
	conn_serves(w, id);
	bool stands = c->state == CONN_OPEN || c->state == CONN_GREETING;
	if (stands && conn_sealed(w, id) && !channel_flush(&w->channels, id))
		refused(w, id);
}

/* --- events of the channel -------------------------------------------------------------- */

static void drained(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (c->out_end)
		conn_drained(w, id, conn_piece_of(c->out_end - c->out_at));
	else if (!c->in_flight && w->plan->hold)
		conn_rest(w, id);
}

static void happened(struct worker *w, uint32_t id, enum channel_event event, struct span data)
{
	switch (event) {
	case CHANNEL_WORKING:
		break;
	case CHANNEL_OPEN:
		shaken(w, id);
		break;
	case CHANNEL_DATA:
		conn_feed(w, id, data);
		break;
	case CHANNEL_DRAINED:
		drained(w, id);
		break;
	case CHANNEL_CLOSED:
		closed(w, id);
		break;
	case CHANNEL_FAILED:
		failed(w, id);
		break;
	case CHANNEL_REFUSED:
		refused(w, id);
		break;
	}
}

void conn_tls_pass(struct worker *w, uint32_t id, struct span in, uint8_t record)
{
	const struct conn *c = &w->conns[id];
	enum channel_event event = CHANNEL_DATA;
	while (event != CHANNEL_WORKING &&
	       (c->state == CONN_SHAKING || c->state == CONN_GREETING || c->state == CONN_OPEN)) {
		struct span data = {0};
		event = channel_read(&w->channels, id, &in, record, &data);
		happened(w, id, event, data);
	}
}

void conn_tls_sent(struct worker *w, uint32_t id, int res)
{
	enum channel_event event = channel_sent(&w->channels, id, res);
	happened(w, id, event, (struct span){0});
	if (event == CHANNEL_OPEN)
		conn_tls_pass(w, id, (struct span){0}, 0);
}

void conn_tls_handed_over(struct worker *w, uint32_t id, int res)
{
	enum channel_event event = channel_handed_over(&w->channels, id, res);
	happened(w, id, event, (struct span){0});
	if (event == CHANNEL_OPEN)
		conn_tls_pass(w, id, (struct span){0}, 0);
}

void conn_shake_received(struct worker *w, uint32_t id, const struct ring_event *e)
{
	if (e->res > 0)
		conn_tls_pass(w, id, e->data, 0);
	else if (e->res == 0)
		conn_shake_fails(w, id, TLS_REASON_CLOSED);
	else if (e->res != -ENOBUFS && e->res != -EAGAIN && e->res != -EINTR)
		conn_shake_fails(w, id, TLS_REASON_RESET);
	else if (!ring_receive_once(w->ring, id))
		refused(w, id);
}
