#include "tools/target/framed.h"

#include "tools/target/ending.h"
#include "tools/target/secure.h"
#include "tools/target/server.h"
#include "tools/target/ws_echo.h"

/* --- its beginning ---------------------------------------------------------------------- */

bool framed_begin_http2(struct server *s, struct session *c)
{
	struct h2s *h = h2s_new(s, c);
	if (!h)
		return false;
	c->framed = h2s_framed(h);
	c->speech = SPEECH_HTTP2;
	return true;
}

static struct framed *accept_upgrade(struct server *s, struct session *c, struct span path)
{
	const struct upgrade *u = c->exchange->upgrade;
	bool head = c->exchange->parser.method == HTTP_HEAD;
	if (u->wish == UPGRADE_WEBSOCKET)
		return ws_echo_framed(ws_echo_new(s, u));
	return h2s_framed(h2s_new_upgraded(s, c, u, path, head));
}

bool framed_upgrade(struct server *s, struct session *c, struct span path, struct span rest)
{
	bool websocket = c->exchange->upgrade->wish == UPGRADE_WEBSOCKET;
	struct framed *t = accept_upgrade(s, c, path);
	if (!t)
		return false;
	exchange_end(&s->exchanges, c->exchange);
	c->framed = t;
	c->speech = websocket ? SPEECH_WEBSOCKET : SPEECH_HTTP2;
	return !rest.len || framed_bytes(s, c, rest);
}

/* --- bytes ------------------------------------------------------------------------------ */

bool framed_bytes(struct server *s, struct session *c, struct span bytes)
{
	return c->speech == SPEECH_HTTP2 ? h2s_bytes(h2s_of(c->framed), bytes)
					 : ws_echo_bytes(s, ws_echo_of(c->framed), bytes);
}

static bool fill(struct server *s, struct session *c)
{
	struct framed *t = c->framed;
	t->out.len = t->sent = 0;
	bool done = c->speech == SPEECH_HTTP2 ? h2s_fill(h2s_of(t)) : ws_echo_fill(ws_echo_of(t));
	(void)s;
	return done && !t->out.cut;
}

static enum answer_end end_of(const struct session *c)
{
	return c->speech == SPEECH_HTTP2 ? h2s_end(h2s_of(c->framed), c->peer_done)
					 : ws_echo_end(ws_echo_of(c->framed), c->peer_done);
}

void framed_deliver(struct server *s, struct session *c)
{
	struct framed *t = c->framed;
	if (c->state != SESSION_READING || c->sending)
		return;
	if (t->sent == t->out.len && !fill(s, c)) {
		ending_overrun(s, c);
		return;
	}
	struct span next = {t->out.ptr + t->sent, t->out.len - t->sent};
	if (!next.len) {
		enum answer_end end = end_of(c);
		if (end == ANSWER_RESET)
			ending_now(s, c, true);
		else if (end != ANSWER_KEEP)
			ending_politely(s, c);
	} else if (secure_send(s, c, next)) {
		c->sending = true;
	} else {
		due_sooner(&s->due, session_slot(s, c), s->now_ns + SESSION_RETRY_NS);
	}
}

void framed_took(struct server *s, struct session *c, size_t bytes)
{
	struct framed *t = c->framed;
	count_add(&s->counts, COUNT_BYTES_SENT, bytes);
	t->sent += bytes;
	if (t->sent == t->out.len && c->speech == SPEECH_HTTP2)
		h2s_took(h2s_of(t));
}

bool framed_full(const struct session *c)
{
	return c->speech == SPEECH_WEBSOCKET &&
	       ws_echo_waiting(ws_echo_of(c->framed)) > FRAMED_OUT_FULL;
}

/* --- its end ---------------------------------------------------------------------------- */

bool framed_rest(struct server *s, struct session *c)
{
	struct framed *t = c->framed;
	(void)s;
	if (t->sent < t->out.len)
		return false;
	bool idle = c->speech == SPEECH_HTTP2 ? h2s_idle(h2s_of(t)) : ws_echo_rest(ws_echo_of(t));
	if (idle) {
		buf_fini(&t->out);
		buf_init(&t->out, FRAMED_OUT_MAX);
		t->sent = 0;
	}
	return idle;
}

void framed_free(struct server *s, struct session *c)
{
	(void)s;
	if (c->speech == SPEECH_HTTP2)
		h2s_free(h2s_of(c->framed));
	else
		ws_echo_free(ws_echo_of(c->framed));
	c->framed = NULL;
	c->speech = SPEECH_NEW;
}
