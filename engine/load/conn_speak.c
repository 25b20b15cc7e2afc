/* conn_speak: what a connection says where a protocol has more to say than requests that are ready
 * beforehand: its beginning, requests in frames, acknowledgements. */
#include "load/conn_impl.h"

#include "load/talk.h"

#define LIVES_FROM 22 /* bits: connections are fewer; their lives begin at other instants */

bool conn_speaks(const struct worker *w)
{
	return w->plan->proto->send != NULL;
}

bool conn_begin_talk(struct worker *w, uint32_t id)
{
	const struct plan *plan = w->plan;
	struct talk *t = pool_take(&w->talks);
	if (!t)
		return false;
	buf_init(&t->out, TALK_OUT_MAX);
	buf_init(&t->next, TALK_OUT_MAX);
	uint64_t number = (uint64_t)id * plan->workers + w->number;
	plan->proto->open(t->state, plan->spoken, number ^ w->now_ns << LIVES_FROM, &t->next);
	w->conns[id].talk = t;
	return true;
}

void conn_drop_talk(struct worker *w, uint32_t id)
{
	struct talk *t = conn_speaks(w) ? w->conns[id].talk : NULL;
	if (!t)
		return;
	w->plan->proto->close(t->state);
	buf_fini(&t->out);
	buf_fini(&t->next);
	pool_give(&w->talks, t);
	w->conns[id].talk = NULL;
}

void conn_rest(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	conn_tls_rest(w, id);
	if (!conn_speaks(w) || !c->talk || c->out_end || c->talk->next.len)
		return;
	buf_fini(&c->talk->out);
	buf_fini(&c->talk->next);
	buf_init(&c->talk->out, TALK_OUT_MAX);
	buf_init(&c->talk->next, TALK_OUT_MAX);
}

/* False: the connection has ended over it. */
static bool send_one(struct worker *w, uint32_t id)
{
	struct talk *t = w->conns[id].talk;
	uint32_t tag = flight_waiting(w, id);
	size_t at = flight_index(w, id, tag);
	struct proto_request r = {.heard = calls_ear(w, at)};
	if (w->plan->mix)
		r.text = calls_render(w, at, id);
	flight_sent(w, id, tag);
	if (w->plan->proto->send(t->state, tag, &r, &t->next))
		return true;
	flight_end_all(w, id, OUTCOME_MEMORY_EXHAUSTED, OUTCOME_MEMORY_EXHAUSTED);
	conn_close(w, id, false);
	return false;
}

/* What was said meanwhile goes its way. */
static void begin_writing(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	struct talk *t = c->talk;
	struct buf said = t->next;
	t->next = t->out;
	t->next.len = 0;
	t->out = said;
	c->out_at = 0;
	c->out_end = (uint32_t)said.len;
	w->tally->bytes_sent += said.len;
	conn_write(w, id);
}

void conn_speak(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	const struct proto *proto = w->plan->proto;
	if (!c->armed && !conn_arm(w, id))
		return;
	while (c->state == CONN_OPEN && c->to_write && proto->room(c->talk->state))
		if (!send_one(w, id))
			return;
	if (c->talk->next.len)
		begin_writing(w, id);
}

/* What the protocol says at the end, unless something else is on its way: that is not waited for.
 */
static struct span last_word(struct worker *w, uint32_t id)
{
	const struct conn *c = &w->conns[id];
	const struct proto *proto = w->plan->proto;
	struct talk *t = conn_speaks(w) ? c->talk : NULL;
	if (!t || !proto->leave || c->out_end || c->write_failed || t->next.len)
		return (struct span){0};
	proto->leave(t->state, &t->next);
	return (struct span){t->next.ptr, t->next.len};
}

/* Nothing comes of these sends but their end, before RING_CLOSED: until then `talk` keeps the
 * bytes. */
void conn_leave(struct worker *w, uint32_t id)
{
	struct span last = last_word(w, id);
	w->tally->bytes_sent += last.len;
	if (last.len && !conn_sealed(w, id))
		ring_send(w->ring, id, last, 0);
	if (!w->plan->tls)
		return;
	channel_close(&w->channels, id, conn_sealed(w, id) ? last : (struct span){0});
}

void conn_say_last(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (conn_speaks(w) && c->talk && c->talk->next.len && !c->out_end)
		begin_writing(w, id);
}
