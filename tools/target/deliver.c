#include "tools/target/deliver.h"

#include "tools/target/ending.h"
#include "tools/target/parse.h"
#include "tools/target/secure.h"
#include "tools/target/server.h"

/* What is to be sent next of the first answer owed; empty when all of it is gone. */
static struct span rest_of(struct exchange *x)
{
	const struct pending *p = x->owed.first;
	for (; x->part < ANSWER_PARTS; x->part++, x->sent = 0) {
		uint64_t total = pending_total(p, x->part);
		if (x->sent < total)
			return answer_next(p->answer->parts[x->part].bytes, total, x->sent);
	}
	return (struct span){0};
}

/* The first answer owed is out: counts it and does to the connection what it asks for. */
static void finish(struct server *s, struct session *c)
{
	struct exchange *x = c->exchange;
	const struct pending *p = x->owed.first;
	enum answer_end end = p->answer->end; /* which may be freed with *p */
	if (!p->silent)
		count_add(&s->counts, COUNT_ANSWERS, p->times);
	pending_pop(&s->exchanges.pendings, &x->owed);
	x->part = 0;
	x->sent = 0;
	if (end == ANSWER_RESET) {
		ending_now(s, c, true);
	} else if (end == ANSWER_CLOSE || (end != ANSWER_KEEP && c->peer_done)) {
		ending_politely(s, c);
	} else if (end != ANSWER_KEEP) {
		c->state = SESSION_MUTE;
		if (end == ANSWER_HALF)
			ring_shutdown(s->ring, session_slot(s, c));
	}
}

void deliver_took(struct server *s, struct session *c, size_t bytes)
{
	struct exchange *x = c->exchange;
	struct pending *p = x->owed.first;
	count_add(&s->counts, COUNT_BYTES_SENT, bytes);
	x->sent += bytes;
	if (p->answer->drip_ms)
		p->due_ns = s->now_ns + p->answer->drip_ms * NS_PER_MS;
}

/* True when it may be called again at once. */
static bool send_some(struct server *s, struct session *c)
{
	const struct pending *p = c->exchange->owed.first;
	if (p->due_ns > s->now_ns) {
		due_sooner(&s->due, session_slot(s, c), p->due_ns);
		return false;
	}
	struct span bytes = rest_of(c->exchange);
	if (bytes.len == 0) {
		finish(s, c);
		return true;
	}
	if (p->answer->drip_ms)
		bytes.len = 1;
	if (!secure_send(s, c, bytes))
		due_sooner(&s->due, session_slot(s, c), s->now_ns + SESSION_RETRY_NS);
	else
		c->sending = true;
	return false;
}

static bool speaks(const struct session *c)
{
	return c->state == SESSION_READING || c->state == SESSION_LAST;
}

void deliver_owed(struct server *s, struct session *c)
{
	while (speaks(c) && !c->sending && !session_is_framed(c)) {
		const struct exchange *x = c->exchange;
		if (x && x->owed.count) {
			if (!send_some(s, c))
				return;
		} else if (x && x->paused && c->state == SESSION_READING) {
			if (!parse_resume(s, c))
				ending_overrun(s, c);
		} else {
			if (c->state == SESSION_LAST || c->peer_done)
				ending_politely(s, c);
			return;
		}
	}
}
