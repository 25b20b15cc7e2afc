#include "tools/target/ws_echo.h"

#include "tools/target/server.h"

#include <stdlib.h>
#include <wslay/wslay.h>

struct ws_echo {
	struct framed framed;
	struct wslay_event_context *wslay; /* NULL: nothing is on its way in either direction */
	struct server *server;
	struct span in; /* for the time of ws_echo_bytes */
	int64_t ahead;  /* bytes taken, less the lengths of the frames begun: 0 between two */
	bool within;    /* a message of several frames */
	bool failed;    /* there was no memory for an echo */
};

struct framed *ws_echo_framed(struct ws_echo *w)
{
	return w ? &w->framed : NULL;
}

struct ws_echo *ws_echo_of(struct framed *t)
{
	return (struct ws_echo *)(void *)t;
}

/* --- what wslay calls ------------------------------------------------------------------- */

static ssize_t on_receive(wslay_event_context_ptr wslay, uint8_t *buf, size_t len, int flags,
			  void *user)
{
	struct ws_echo *w = user;
	(void)flags;
	if (!w->in.len) {
		wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	if (len > w->in.len)
		len = w->in.len;
	memcpy(buf, w->in.ptr, len);
	span_skip(&w->in, len);
	w->ahead += (int64_t)len;
	return (ssize_t)len;
}

static ssize_t on_send(wslay_event_context_ptr wslay, const uint8_t *data, size_t len, int flags,
		       void *user)
{
	struct ws_echo *w = user;
	(void)flags;
	buf_append(&w->framed.out, data, len);
	if (!w->framed.out.cut)
		return (ssize_t)len;
	wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static void on_frame(wslay_event_context_ptr wslay,
		     const struct wslay_event_on_frame_recv_start_arg *frame, void *user)
{
	struct ws_echo *w = user;
	(void)wslay;
	uint64_t len = frame->payload_length;
	unsigned head = 2 + 4 + (len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8); /* RFC 6455 5.2 */
	w->ahead -= (int64_t)(head + len);
	if (!wslay_is_ctrl_frame(frame->opcode))
		w->within = !frame->fin;
}

/* Pings and closes wslay answers by itself. */
static void on_message(wslay_event_context_ptr wslay,
		       const struct wslay_event_on_msg_recv_arg *message, void *user)
{
	struct ws_echo *w = user;
	if (wslay_is_ctrl_frame(message->opcode))
		return;
	count_add(&w->server->counts, COUNT_WS_MESSAGES, 1);
	struct wslay_event_msg echo = {message->opcode, message->msg, message->msg_length};
	if (wslay_event_queue_msg(wslay, &echo))
		w->failed = true;
}

static const struct wslay_event_callbacks callbacks = {
	.recv_callback = on_receive,
	.send_callback = on_send,
	.on_frame_recv_start_callback = on_frame,
	.on_msg_recv_callback = on_message,
};

/* --- the story -------------------------------------------------------------------------- */

struct ws_echo *ws_echo_new(struct server *s, const struct upgrade *u)
{
	struct ws_echo *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->server = s;
	buf_init(&w->framed.out, FRAMED_OUT_MAX);
	upgrade_accept(u, &w->framed.out);
	if (w->framed.out.cut) {
		ws_echo_free(w);
		return NULL;
	}
	count_add(&s->counts, COUNT_WS_CONNECTIONS, 1);
	return w;
}

void ws_echo_free(struct ws_echo *w)
{
	wslay_event_context_free(w->wslay);
	buf_fini(&w->framed.out);
	free(w);
}

bool ws_echo_bytes(struct server *s, struct ws_echo *w, struct span bytes)
{
	if (!w->wslay) {
		if (wslay_event_context_server_init(&w->wslay, &callbacks, w)) {
			w->wslay = NULL;
			return false;
		}
		wslay_event_config_set_max_recv_msg_length(w->wslay,
							   s->target->settings->message_max);
	}
	w->in = bytes;
	int result = wslay_event_recv(w->wslay);
	w->in = (struct span){0};
	return result == 0 && !w->failed && ws_echo_waiting(w) <= FRAMED_OUT_MAX;
}

bool ws_echo_fill(struct ws_echo *w)
{
	return !w->wslay || !wslay_event_want_write(w->wslay) || wslay_event_send(w->wslay) == 0;
}

size_t ws_echo_waiting(const struct ws_echo *w)
{
	return w->wslay ? wslay_event_get_queued_msg_length(w->wslay) : 0;
}

/* RFC 6455 7.1.1: the server closes first, once both Close frames, or ours alone, went. */
enum answer_end ws_echo_end(const struct ws_echo *w, bool peer_done)
{
	bool closed = w->wslay && wslay_event_get_close_sent(w->wslay);
	return closed || peer_done ? ANSWER_CLOSE : ANSWER_KEEP;
}

bool ws_echo_rest(struct ws_echo *w)
{
	if (!w->wslay)
		return true;
	if (w->ahead || w->within || wslay_event_want_write(w->wslay) ||
	    wslay_event_get_close_sent(w->wslay) || wslay_event_get_close_received(w->wslay))
		return false;
	wslay_event_context_free(w->wslay);
	w->wslay = NULL;
	return true;
}
