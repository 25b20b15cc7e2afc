/* Frames that come: the rules of RFC 6455 for a client, and what messages say. */
#include "proto/ws_impl.h"

#include <assert.h>
#include <stdlib.h>

#define INFLATED 16384u /* bytes at once */

/* --- faults ------------------------------------------------------------------------------ */

/* The peer is told why; then nothing more is taken from it. */
static enum proto_step close_with(struct ws *ws, struct buf *out, struct proto_answer *ret,
				  unsigned code, const char *detail)
{
	enum proto_fault fault = code == WS_TOO_BIG || code == WS_INTERNAL ? PROTO_TOO_LARGE
				 : code == WS_POLICY                       ? PROTO_DESYNC
									   : PROTO_MALFORMED;
	ws_frame_close(out, &ws->rng, code);
	*ret = (struct proto_answer){.fault = fault, .code = (int32_t)code, .detail = detail};
	return PROTO_FAULT;
}

/* --- wslay's context --------------------------------------------------------------------- */

static ssize_t pull(uint8_t *to, size_t len, int flags, void *ctx)
{
	struct ws_coming *c = ctx;
	size_t n = c->in->len < len ? c->in->len : len;
	(void)flags;
	memcpy(to, c->in->ptr, n);
	span_skip(c->in, n);
	c->handed += n;
	return (ssize_t)n;
}

static bool begin_coming(struct ws *ws)
{
	static const struct wslay_frame_callbacks callbacks = {.recv_callback = pull};
	struct ws_coming *c = malloc(sizeof *c);
	if (!c)
		return false;
	*c = (struct ws_coming){0};
	if (wslay_frame_context_init(&c->frames, &callbacks, c)) {
		free(c);
		return false;
	}
	ws->coming = c;
	return true;
}

void ws_drop_coming(struct ws *ws)
{
	if (!ws->coming)
		return;
	wslay_frame_context_free(ws->coming->frames);
	free(ws->coming);
	ws->coming = NULL;
}

bool ws_between_frames(const struct ws *ws)
{
	const struct ws_coming *c = ws->coming;
	return !c || (!c->in_frame && c->handed == c->framed);
}

/* Connections that are held are idle nearly all of their time. */
static void rest(struct ws *ws)
{
	if (ws->plan->spec.pings && ws_between_frames(ws))
		ws_drop_coming(ws);
}

/* --- heads ------------------------------------------------------------------------------- */

/* NULL, or what is wrong. */
static const char *check_head(const struct ws *ws, const struct wslay_frame_iocb *f)
{
	bool control = wslay_is_ctrl_frame(f->opcode);
	bool starts = f->opcode == WSLAY_TEXT_FRAME || f->opcode == WSLAY_BINARY_FRAME;
	bool may_compress = ws->inflater && starts; /* RFC 7692 6: the first frame alone says so */
	if (f->mask)
		return "a masked frame";
	if (f->rsv & ~(may_compress ? WSLAY_RSV1_BIT : 0))
		return "reserved bits";
	if (!starts && f->opcode != WSLAY_CONTINUATION_FRAME &&
	    (!control || f->opcode > WSLAY_PONG))
		return "a reserved opcode";
	if (f->opcode == WSLAY_CONTINUATION_FRAME && !ws->opcode)
		return "a continuation of nothing";
	if (starts && ws->opcode)
		return "a message within a message";
	return NULL;
}

static void begin_message(struct ws *ws, const struct wslay_frame_iocb *f)
{
	bool binary = f->opcode == WSLAY_BINARY_FRAME;
	ws->opcode = f->opcode;
	ws->compressed = wslay_get_rsv1(f->rsv);
	ws->differs = binary != ws->plan->spec.ws.binary;
	ws->utf8 = (struct ws_utf8){0};
	ws->len = 0;
	if (ws->compressed && ws->forgets)
		inflateReset(ws->inflater);
}

static enum proto_step begin_frame(struct ws *ws, const struct wslay_frame_iocb *f, struct buf *out,
				   struct proto_answer *ret)
{
	struct ws_coming *c = ws->coming;
	const char *wrong = check_head(ws, f);
	if (wrong)
		return close_with(ws, out, ret, WS_PROTOCOL_ERROR, wrong);
	c->in_frame = true;
	c->left = f->payload_length;
	c->control_len = 0;
	if (wslay_is_ctrl_frame(f->opcode))
		return PROTO_MORE;
	if (f->opcode != WSLAY_CONTINUATION_FRAME)
		begin_message(ws, f);
	uint64_t so_far = ws->compressed ? 0 : ws->len;
	if (f->payload_length > ws->plan->message_max - so_far)
		return close_with(ws, out, ret, WS_TOO_BIG, "a message past the limit");
	return PROTO_MORE;
}

/* --- messages ---------------------------------------------------------------------------- */

static enum proto_step take_plain(struct ws *ws, const char *bytes, size_t len, struct buf *out,
				  struct proto_answer *ret)
{
	const struct ws_plan *p = ws->plan;
	if (len > p->message_max - ws->len)
		return close_with(ws, out, ret, WS_TOO_BIG, "a message past the limit");
	if (ws->opcode == WSLAY_TEXT_FRAME && !ws_utf8_take(&ws->utf8, bytes, len))
		return close_with(ws, out, ret, WS_BAD_DATA, "text that is not UTF-8");
	ws->differs = ws->differs || ws->len + len > p->message.len ||
		      (len && memcmp(p->message.ptr + ws->len, bytes, len));
	ws->len += len;
	return PROTO_MORE;
}

static enum proto_step take_compressed(struct ws *ws, const void *bytes, size_t len,
				       struct buf *out, struct proto_answer *ret)
{
	char piece[INFLATED];
	z_stream *z = ws->inflater;
	z->next_in = (Bytef *)(uintptr_t)bytes;
	z->avail_in = (uInt)len;
	do {
		z->next_out = (Bytef *)piece;
		z->avail_out = sizeof piece;
		int result = inflate(z, Z_SYNC_FLUSH);
		size_t n = sizeof piece - z->avail_out;
		if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END)
			return close_with(ws, out, ret, WS_BAD_DATA, "data that do not inflate");
		if (take_plain(ws, piece, n, out, ret) == PROTO_FAULT)
			return PROTO_FAULT;
		if (result == Z_STREAM_END) /* a last block, of which RFC 7692 7.2.3.4 speaks */
			inflateReset(z);
		else if (result == Z_BUF_ERROR)
			break;
	} while (z->avail_in || !z->avail_out);
	return PROTO_MORE;
}

static enum proto_step tell_answer(struct ws *ws, struct proto_answer *ret, bool differs)
{
	ws->answered++;
	*ret = (struct proto_answer){.code = PROTO_CODE_NONE, .differs = differs};
	return PROTO_ANSWER;
}

static enum proto_step end_message(struct ws *ws, struct buf *out, struct proto_answer *ret)
{
	const struct proto_spec *spec = &ws->plan->spec;
	/* RFC 7692 7.2.2: what every message would end with is left out. */
	if (ws->compressed && take_compressed(ws, "\0\0\xff\xff", 4, out, ret) == PROTO_FAULT)
		return PROTO_FAULT;
	if (ws->opcode == WSLAY_TEXT_FRAME && ws->utf8.left)
		return close_with(ws, out, ret, WS_BAD_DATA, "text that ends within a character");
	bool differs = ws->differs || ws->len != ws->plan->message.len;
	ws->opcode = 0;
	if (spec->pings || (spec->ws.any_answer && !ws_in_flight(ws)))
		return PROTO_MORE; /* the peer has something to say of its own */
	if (!ws_in_flight(ws))
		return close_with(ws, out, ret, WS_POLICY, "a message that answers none");
	return tell_answer(ws, ret, differs && !spec->ws.any_answer);
}

/* --- control frames ---------------------------------------------------------------------- */

/* RFC 6455 7.4 and IANA's registry; others are nobody's, or never on the wire. */
static bool is_close_code(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

static enum proto_step take_close(struct ws *ws, struct buf *out, struct proto_answer *ret)
{
	const struct ws_coming *c = ws->coming;
	unsigned code = WS_NO_CODE;
	if (c->control_len == 1)
		return close_with(ws, out, ret, WS_PROTOCOL_ERROR, "a close of one byte");
	if (c->control_len) {
		code = (unsigned)(unsigned char)c->control[0] << 8 | (unsigned char)c->control[1];
		if (!is_close_code(code))
			return close_with(ws, out, ret, WS_PROTOCOL_ERROR, "a bad close code");
		if (!ws_utf8_is_whole((struct span){c->control + 2, c->control_len - 2u}))
			return close_with(ws, out, ret, WS_BAD_DATA, "a reason that is not UTF-8");
	}
	ws_frame_close(out, &ws->rng, code);
	*ret = (struct proto_answer){
		.fault = PROTO_LEFT,
		.code = (int32_t)code,
		.detail = "the peer closed",
	};
	return PROTO_FAULT;
}

/* It answers the ping of its number, and those before it. Others may come unasked. */
static void take_pong(struct ws *ws)
{
	const struct ws_coming *c = ws->coming;
	uint32_t number;
	if (!ws->plan->spec.pings || c->control_len != sizeof number)
		return;
	memcpy(&number, c->control, sizeof number);
	if (number - ws->answered < ws_in_flight(ws))
		ws->owed = number - ws->answered + 1;
}

static enum proto_step obey(struct ws *ws, uint8_t opcode, struct buf *out,
			    struct proto_answer *ret)
{
	const struct ws_coming *c = ws->coming;
	if (opcode == WSLAY_CONNECTION_CLOSE)
		return take_close(ws, out, ret);
	if (opcode == WSLAY_PING && out->len < WS_PONGS_MAX)
		ws_frame(out, &ws->rng, WSLAY_PONG, (struct span){c->control, c->control_len});
	else if (opcode == WSLAY_PONG)
		take_pong(ws);
	return PROTO_MORE;
}

/* --- the story --------------------------------------------------------------------------- */

static enum proto_step take_payload(struct ws *ws, const struct wslay_frame_iocb *f,
				    struct buf *out, struct proto_answer *ret)
{
	struct ws_coming *c = ws->coming;
	if (ws->compressed && !wslay_is_ctrl_frame(f->opcode))
		return take_compressed(ws, f->data, f->data_length, out, ret);
	if (!wslay_is_ctrl_frame(f->opcode))
		return take_plain(ws, (const char *)f->data, f->data_length, out, ret);
	assert(c->control_len + f->data_length <= sizeof c->control); /* wslay checks */
	memcpy(c->control + c->control_len, f->data, f->data_length);
	c->control_len = (uint8_t)(c->control_len + f->data_length);
	return PROTO_MORE;
}

static size_t head_len(const struct wslay_frame_iocb *f)
{
	return 2 + (f->payload_length > 0xffff ? 8u : f->payload_length > 125 ? 2u : 0u);
}

/* A part of a frame, perhaps its last. */
static enum proto_step take(struct ws *ws, const struct wslay_frame_iocb *f, struct buf *out,
			    struct proto_answer *ret)
{
	struct ws_coming *c = ws->coming;
	if (!c->in_frame && begin_frame(ws, f, out, ret) == PROTO_FAULT)
		return PROTO_FAULT;
	c->left -= f->data_length;
	if (take_payload(ws, f, out, ret) == PROTO_FAULT)
		return PROTO_FAULT;
	if (c->left)
		return PROTO_MORE;
	c->in_frame = false;
	c->framed += head_len(f) + f->payload_length;
	if (wslay_is_ctrl_frame(f->opcode))
		return obey(ws, f->opcode, out, ret);
	return f->fin ? end_message(ws, out, ret) : PROTO_MORE;
}

static enum proto_step take_frames(struct ws *ws, struct span *in, struct buf *out,
				   struct proto_answer *ret)
{
	for (;;) {
		struct wslay_frame_iocb f;
		if (ws->owed) {
			ws->owed--;
			return tell_answer(ws, ret, false);
		}
		ws->coming->in = in;
		ssize_t len = wslay_frame_recv(ws->coming->frames, &f);
		if (len == WSLAY_ERR_WANT_READ) {
			rest(ws);
			return PROTO_MORE;
		}
		if (len < 0)
			return close_with(ws, out, ret, WS_PROTOCOL_ERROR,
					  "a frame's head breaks the protocol");
		enum proto_step step = take(ws, &f, out, ret);
		if (step != PROTO_MORE)
			return step;
	}
}

enum proto_step ws_feed(void *state, struct span *in, struct buf *out, struct proto_answer *ret)
{
	struct ws *ws = state;
	if (!ws->stands && ws_greet(ws, in, ret) == PROTO_FAULT)
		return PROTO_FAULT;
	if (!ws->stands || (!in->len && !ws->coming))
		return PROTO_MORE;
	if (!ws->coming && !begin_coming(ws))
		return close_with(ws, out, ret, WS_INTERNAL, "no memory for a frame");
	return take_frames(ws, in, out, ret);
}
