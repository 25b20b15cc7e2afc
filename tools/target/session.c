#include "tools/target/session.h"

#include "tools/target/deliver.h"
#include "tools/target/ending.h"
#include "tools/target/parse.h"
#include "tools/target/secure.h"
#include "tools/target/server.h"
#include "tools/target/framed.h"

#include <errno.h>

uint32_t session_slot(const struct server *s, const struct session *c)
{
	return (uint32_t)(c - s->sessions);
}

/* --- busy and idle ---------------------------------------------------------------------- */

static bool engage(struct server *s, struct session *c)
{
	if (!c->exchange)
		c->exchange = exchange_begin(&s->exchanges);
	return c->exchange != NULL;
}

void session_fini(struct server *s, struct session *c)
{
	if (session_is_framed(c))
		framed_free(s, c);
	else if (c->exchange)
		exchange_end(&s->exchanges, c->exchange);
	c->exchange = NULL;
}

/* Gives back what an idle connection does without. Not of one that is being closed: the kernel
 * may still be sending its answer. */
static void rest(struct server *s, struct session *c)
{
	if (session_is_framed(c)) {
		if (session_alive(c) && !c->sending && framed_rest(s, c))
			secure_rest(s, c);
		return;
	}
	if (!c->exchange || !session_alive(c) || c->sending ||
	    !(c->state == SESSION_MUTE || exchange_over(c->exchange)))
		return;
	session_fini(s, c);
	secure_rest(s, c);
}

/* --- bytes in --------------------------------------------------------------------------- */

/* A receive that is armed holds kernel memory for as long as nothing comes; with --lean it is
 * armed only where something is on its way: within a request, or seen by a watch. */
static bool receive(struct server *s, struct session *c)
{
	uint32_t slot = session_slot(s, c);
	if (!s->target->settings->lean)
		return ring_receive(s->ring, slot);
	if (!session_is_framed(c) && c->exchange && c->exchange->reading)
		return ring_receive_once(s->ring, slot);
	return ring_watch(s->ring, slot);
}

static void armed(struct server *s, struct session *c, bool done)
{
	c->receiving = done;
	if (!done)
		due_sooner(&s->due, session_slot(s, c), s->now_ns + SESSION_RETRY_NS);
}

/* A ring that receives once per order is held back here, and so is the peer; one that goes on by
 * itself cannot be, hence EXCHANGE_PARKED_MAX. */
static void arm(struct server *s, struct session *c)
{
	bool parked = session_is_framed(c) ? framed_full(c) : c->exchange && c->exchange->parked;
	if (session_alive(c) && c->state != SESSION_SHAKING && !c->receiving && !c->peer_done &&
	    !parked)
		armed(s, c, receive(s, c));
}

/* All that can be done now, both ways. */
static void go_on(struct server *s, struct session *c)
{
	if (!session_is_framed(c))
		deliver_owed(s, c);
	if (session_is_framed(c))
		framed_deliver(s, c);
	rest(s, c);
	arm(s, c);
}

/* --- events ----------------------------------------------------------------------------- */

static void sent(struct server *s, struct session *c, int32_t res)
{
	size_t bytes = res < 0 ? 0 : secure_sent(s, c, res);
	if (res < 0)
		ending_now(s, c, false);
	else if (bytes && c->sending) {
		c->sending = false;
		if (session_is_framed(c))
			framed_took(s, c, bytes);
		else
			deliver_took(s, c, bytes);
	}
	go_on(s, c);
}

static bool parse(struct server *s, struct session *c, struct span bytes)
{
	return engage(s, c) && parse_bytes(s, c, bytes);
}

/* The look at a connection's first bytes. */
static bool recognise(struct server *s, struct session *c, struct span bytes)
{
	static const char preface[] = "PRI";
	struct span held = {preface, c->speech}; /* SPEECH_NEW, _P, _PR: so much of it came */
	size_t wanted = strlen(preface) - held.len;
	size_t len = bytes.len < wanted ? bytes.len : wanted;
	if (c->exchange || memcmp(bytes.ptr, preface + held.len, len) != 0) {
		c->speech = SPEECH_HTTP1;
		return (!held.len || parse(s, c, held)) && parse(s, c, bytes);
	}
	if (len < wanted) {
		c->speech += (uint8_t)len;
		return true;
	}
	return framed_begin_http2(s, c) && framed_bytes(s, c, held) && framed_bytes(s, c, bytes);
}

static bool hear(struct server *s, struct session *c, struct span bytes)
{
	if (c->speech == SPEECH_HTTP1)
		return parse(s, c, bytes);
	return session_is_framed(c) ? framed_bytes(s, c, bytes) : recognise(s, c, bytes);
}

void session_bytes(struct server *s, struct session *c, struct span bytes)
{
	count_add(&s->counts, COUNT_BYTES_RECEIVED, bytes.len);
	if (c->state == SESSION_READING && !hear(s, c, bytes))
		ending_overrun(s, c);
}

static void received(struct server *s, struct session *c, const struct ring_event *e)
{
	c->receiving = e->armed;
	if (e->res > 0 && s->target->tls) {
		if (c->state != SESSION_MUTE)
			secure_received(s, c, e->data, e->record);
	} else if (e->res > 0) {
		session_bytes(s, c, e->data);
	} else if (c->state == SESSION_SHAKING) {
		secure_lost(s, c, e->res);
	} else if (e->res == 0) {
		c->peer_done = true;
		if (c->state == SESSION_MUTE)
			ending_now(s, c, false);
	} else if (e->res != -ENOBUFS) { /* no receive buffer was free: once more */
		ending_now(s, c, false);
	}
	go_on(s, c);
}

static void readable(struct server *s, struct session *c, int32_t res)
{
	c->receiving = false;
	if (res < 0)
		ending_now(s, c, false);
	else
		armed(s, c, ring_receive_ready(s->ring, session_slot(s, c)));
}

static void meet_fault(struct server *s, struct session *c)
{
	const struct settings *settings = s->target->settings;
	const struct fault *f =
		fault_draw(settings->faults, settings->fault_count, FAULT_ACCEPT, &s->rng);
	if (!f)
		return;
	count_add(&s->counts, COUNT_FAULTS, 1);
	const struct answer *a = &s->target->faults[f - fault_table];
	struct pending p = {.answer = a, .silent = true};
	if (!engage(s, c) || !pending_push(&s->exchanges.pendings, &c->exchange->owed, &p))
		ending_overrun(s, c);
	else if (a->end != ANSWER_KEEP)
		c->state = SESSION_LAST;
}

void session_begin(struct server *s, struct session *c)
{
	c->state = SESSION_READING;
	if (s->target->settings->fault_count)
		meet_fault(s, c);
}

static void accepted(struct server *s, struct session *c)
{
	uint64_t max = s->target->settings->connections_max;
	uint64_t open = atomic_fetch_add(&s->target->open, 1) + 1;
	*c = (struct session){.state = SESSION_READING, .counted = true};
	count_add(&s->counts, COUNT_ACCEPTED, 1);
	if (max && open > max) {
		atomic_fetch_sub(&s->target->open, 1);
		c->counted = false;
		count_add(&s->counts, COUNT_REFUSED, 1);
		ending_now(s, c, false);
		return;
	}
	target_opened(s->target, open);
	if (!secure_accepted(s, c))
		session_begin(s, c);
	go_on(s, c);
}

static void closed(struct server *s, struct session *c)
{
	session_fini(s, c);
	secure_closed(s, c);
	due_clear(&s->due, session_slot(s, c));
	c->state = SESSION_CLOSED;
	if (c->counted)
		atomic_fetch_sub(&s->target->open, 1);
	c->counted = false;
}

/* --- the story -------------------------------------------------------------------------- */

void session_event(struct server *s, const struct ring_event *e)
{
	struct session *c = &s->sessions[e->slot];
	switch (e->op) {
	case RING_ACCEPTED:
		accepted(s, c);
		break;
	case RING_RECEIVED:
		received(s, c, e);
		break;
	case RING_READABLE:
		readable(s, c, e->res);
		break;
	case RING_SENT:
		sent(s, c, e->res);
		break;
	case RING_HANDED_OVER:
		secure_handed_over(s, c, e->res);
		go_on(s, c);
		break;
	case RING_CLOSED:
		closed(s, c);
		break;
	case RING_OPENED: /* we never dial */
		break;
	}
}

void session_wake(struct server *s, struct session *c)
{
	if ((c->state == SESSION_MUTE && c->lingering) || c->state == SESSION_SHAKING) {
		ending_now(s, c, false);
		return;
	}
	go_on(s, c);
}
