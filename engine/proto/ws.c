/* WebSocket: a connection's beginning and end, what it sends. */
#include "proto/ws_impl.h"

#include <stdlib.h>

/* What is sent where nothing is said of it. */
static const char USUAL_MESSAGE[] = "hello from brink";

/* --- the plan ---------------------------------------------------------------------------- */

static void discard(void *plan)
{
	struct ws_plan *p = plan;
	if (!p)
		return;
	buf_fini(&p->request);
	free(p);
}

static int check_message(const struct ws_plan *p, struct err *err)
{
	if (p->spec.ws.binary || ws_utf8_is_whole(p->message))
		return 0;
	err_set(err, ERR_USAGE, "the message is not UTF-8, and cannot be sent as text");
	return err_hint(err, "--ws-binary sends any bytes");
}

static int compile(void **ret, const struct proto_spec *spec, struct err *err)
{
	struct ws_plan *p = calloc(1, sizeof *p);
	if (!p)
		return err_set(err, ERR_RUNTIME, "no memory for the plan of WebSocket");
	p->spec = *spec;
	p->message = spec->body.ptr ? spec->body : span_of(USUAL_MESSAGE);
	p->message_max = p->message.len > WS_MESSAGE_MAX ? p->message.len : WS_MESSAGE_MAX;
	buf_init(&p->request, 1u << 20);
	if (check_message(p, err) || ws_render_upgrade(p, err)) {
		discard(p);
		return -1;
	}
	*ret = p;
	return 0;
}

/* --- a connection ------------------------------------------------------------------------ */

static void begin(void *state, const void *plan, uint64_t number, struct buf *out)
{
	struct ws *ws = state;
	const struct ws_plan *p = plan;
	struct rng mix = {.state = p->spec.seed};
	*ws = (struct ws){.plan = p, .rng = {.state = rng_next(&mix) ^ number}};
	ws_ask(ws, out);
}

static void end(void *state)
{
	struct ws *ws = state;
	if (!ws->stands) {
		buf_fini(&ws->greeting.head);
		return;
	}
	ws_drop_coming(ws);
	if (ws->inflater)
		inflateEnd(ws->inflater);
	free(ws->inflater);
	ws->inflater = NULL;
}

static bool ready(const void *state)
{
	return ((const struct ws *)state)->stands;
}

static unsigned room(const void *state)
{
	const struct ws *ws = state;
	return ws->stands ? ws->plan->spec.streams - ws_in_flight(ws) : 0;
}

/* A ping carries its number: a pong answers those before it too, RFC 6455 5.5.3. */
static bool send_one(void *state, uint32_t tag, const struct proto_request *r, struct buf *out)
{
	struct ws *ws = state;
	const struct ws_plan *p = ws->plan;
	uint32_t number = ws->sent++;
	(void)tag, (void)r;
	if (p->spec.pings)
		return ws_frame(out, &ws->rng, WSLAY_PING,
				(struct span){(const char *)&number, sizeof number});
	return ws_frame(out, &ws->rng, p->spec.ws.binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME,
			p->message);
}

static enum proto_step eof(void *state, struct proto_answer *ret)
{
	struct ws *ws = state;
	if (!ws->stands)
		return ws_greet_eof(ws, ret);
	bool whole = !ws->opcode && ws_between_frames(ws);
	if (whole && !ws_in_flight(ws))
		return PROTO_MORE;
	*ret = (struct proto_answer){
		.code = PROTO_CODE_NONE,
		.fault = whole ? PROTO_CLOSED : PROTO_TRUNCATED,
		.detail = whole ? "closed without a close frame" : "closed within a message",
	};
	return PROTO_FAULT;
}

static void leave(void *state, struct buf *out)
{
	struct ws *ws = state;
	if (ws->stands)
		ws_frame_close(out, &ws->rng, WS_NORMAL);
}

const struct proto proto_ws = {
	.name = "ws",
	.alpn = "http/1.1",
	.ordered = true,
	.size = sizeof(struct ws),
	.compile = compile,
	.discard = discard,
	.open = begin,
	.close = end,
	.ready = ready,
	.room = room,
	.send = send_one,
	.feed = ws_feed,
	.eof = eof,
	.leave = leave,
};
