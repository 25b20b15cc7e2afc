#include "tools/target/session.h"

#include "base/mono.h"
#include "tools/target/parse.h"
#include "tools/target/server.h"

#include <errno.h>
#include <stdlib.h>

#define LINGER_NS NS_PER_S  /* how long a peer may take to close after our FIN */
#define RETRY_NS  NS_PER_MS /* until the kernel takes submissions again */

static uint32_t slot_of(const struct server *s, const struct session *c)
{
	return (uint32_t)(c - s->sessions);
}

static bool alive(const struct session *c)
{
	return c->state != SESSION_CLOSING;
}

/* --- ending ----------------------------------------------------------------------------- */

static void hang_up(struct server *s, struct session *c, bool reset)
{
	if (!alive(c))
		return;
	c->state = SESSION_CLOSING;
	due_clear(&s->due, slot_of(s, c));
	ring_close(s->ring, slot_of(s, c), reset);
}

/* RFC 9112 9.6: a peer that may still be sending must get the answer before a reset does. */
static void end_politely(struct server *s, struct session *c)
{
	if (c->peer_done || c->peer_closes) {
		hang_up(s, c, false);
		return;
	}
	c->state = SESSION_MUTE;
	c->lingering = true;
	ring_shutdown(s->ring, slot_of(s, c));
	due_set(&s->due, slot_of(s, c), s->now_ns + LINGER_NS);
}

static void overrun(struct server *s, struct session *c)
{
	count_add(&s->counts, COUNT_OVERRUNS, 1);
	hang_up(s, c, true);
}

void session_fini(struct server *s, struct session *c)
{
	while (c->owed.count)
		pending_pop(&s->pool, &c->owed);
	if (c->parked) {
		buf_fini(c->parked);
		free(c->parked);
		c->parked = NULL;
	}
}

static void closed(struct server *s, struct session *c)
{
	session_fini(s, c);
	due_clear(&s->due, slot_of(s, c));
	c->state = SESSION_CLOSED;
	if (c->counted)
		atomic_fetch_sub(&s->target->open, 1);
	c->counted = false;
}

/* --- answers out ------------------------------------------------------------------------ */

/* What is to be sent next of the first answer owed; empty when all of it is gone. */
static struct span rest_of(struct session *c, const struct pending *p)
{
	const struct answer *a = p->answer;
	for (; c->part < ANSWER_PARTS; c->part++, c->sent = 0) {
		uint64_t total = pending_total(p, c->part);
		if (c->sent < total)
			return answer_next(a->parts[c->part].bytes, total, c->sent);
	}
	return (struct span){0};
}

/* The first answer owed is out: counts it and does to the connection what it asks for. */
static void finish(struct server *s, struct session *c, const struct pending *p)
{
	enum answer_end end = p->answer->end;
	if (!p->silent)
		count_add(&s->counts, COUNT_ANSWERS, p->times);
	pending_pop(&s->pool, &c->owed);
	c->part = 0;
	c->sent = 0;
	if (end == ANSWER_RESET) {
		hang_up(s, c, true);
	} else if (end == ANSWER_CLOSE || (end != ANSWER_KEEP && c->peer_done)) {
		end_politely(s, c);
	} else if (end != ANSWER_KEEP) {
		c->state = SESSION_MUTE;
		if (end == ANSWER_HALF)
			ring_shutdown(s->ring, slot_of(s, c));
	}
}

static void took(struct server *s, struct session *c, struct pending *p, size_t bytes)
{
	count_add(&s->counts, COUNT_BYTES_SENT, bytes);
	c->sent += bytes;
	if (p->answer->drip_ms)
		p->due_ns = s->now_ns + p->answer->drip_ms * NS_PER_MS;
}

/* True when it may be called again at once. */
static bool send_some(struct server *s, struct session *c)
{
	struct pending *p = pending_first(&s->pool, &c->owed);
	if (p->due_ns > s->now_ns) {
		due_sooner(&s->due, slot_of(s, c), p->due_ns);
		return false;
	}
	struct span bytes = rest_of(c, p);
	if (bytes.len == 0) {
		finish(s, c, p);
		return true;
	}
	if (p->answer->drip_ms)
		bytes.len = 1;
	if (ring_send(s->ring, slot_of(s, c), bytes, 0) == RING_REFUSED)
		due_sooner(&s->due, slot_of(s, c), s->now_ns + RETRY_NS);
	else
		c->sending = true;
	return false;
}

static bool speaks(const struct session *c)
{
	return c->state == SESSION_READING || c->state == SESSION_LAST;
}

static void send_owed(struct server *s, struct session *c)
{
	while (speaks(c) && !c->sending) {
		if (c->owed.count) {
			if (!send_some(s, c))
				return;
		} else if (c->state == SESSION_READING && c->paused) {
			if (!parse_resume(s, c))
				overrun(s, c);
		} else {
			if (c->state == SESSION_LAST || c->peer_done)
				end_politely(s, c);
			return;
		}
	}
}

/* A ring that receives once per order is held back here, and so is the peer; one that goes on by
 * itself cannot be, hence SESSION_PARKED_MAX. */
static void arm(struct server *s, struct session *c)
{
	if (!alive(c) || c->receiving || c->peer_done || c->parked)
		return;
	c->receiving = ring_receive(s->ring, slot_of(s, c));
	if (!c->receiving)
		due_sooner(&s->due, slot_of(s, c), s->now_ns + RETRY_NS);
}

/* All that can be done now, both ways. */
static void go_on(struct server *s, struct session *c)
{
	send_owed(s, c);
	arm(s, c);
}

/* --- events ----------------------------------------------------------------------------- */

static void sent(struct server *s, struct session *c, int32_t res)
{
	c->sending = false;
	if (res < 0)
		hang_up(s, c, false);
	else
		took(s, c, pending_first(&s->pool, &c->owed), (size_t)res);
	go_on(s, c);
}

static void received(struct server *s, struct session *c, const struct ring_event *e)
{
	c->receiving = e->armed;
	if (e->res > 0) {
		count_add(&s->counts, COUNT_BYTES_RECEIVED, e->data.len);
		if (c->state == SESSION_READING && !parse_bytes(s, c, e->data))
			overrun(s, c);
	} else if (e->res == 0) {
		c->peer_done = true;
		if (c->state == SESSION_MUTE)
			hang_up(s, c, false);
	} else if (e->res != -ENOBUFS) { /* no receive buffer was free: once more */
		hang_up(s, c, false);
	}
	go_on(s, c);
}

static void meet_fault(struct server *s, struct session *c)
{
	const struct settings *settings = s->target->settings;
	const struct fault *f = fault_draw(settings->faults, settings->fault_count, true, &s->rng);
	if (!f)
		return;
	count_add(&s->counts, COUNT_FAULTS, 1);
	const struct answer *a = &s->target->faults[f - fault_table];
	pending_push(&s->pool, &c->owed, &(struct pending){.answer = a, .silent = true});
	if (a->end != ANSWER_KEEP)
		c->state = SESSION_LAST;
}

static void accepted(struct server *s, struct session *c)
{
	uint64_t max = s->target->settings->connections_max;
	uint64_t open = atomic_fetch_add(&s->target->open, 1) + 1;
	*c = (struct session){.state = SESSION_READING, .counted = true};
	pending_init(&c->owed);
	parse_init(s, c);
	count_add(&s->counts, COUNT_ACCEPTED, 1);
	if (max && open > max) {
		atomic_fetch_sub(&s->target->open, 1);
		c->counted = false;
		count_add(&s->counts, COUNT_REFUSED, 1);
		hang_up(s, c, false);
		return;
	}
	target_opened(s->target, open);
	if (s->target->settings->fault_count)
		meet_fault(s, c);
	go_on(s, c);
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
	case RING_SENT:
		sent(s, c, e->res);
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
	if (c->state == SESSION_MUTE && c->lingering) {
		hang_up(s, c, false);
		return;
	}
	go_on(s, c);
}
