/* HTTP/2: what the peer says, a frame at a time. Whatever breaks RFC 9113 ends the connection or
 * the stream with the code that it names; whatever would never end is bounded (h2_impl.h). */
#include "proto/h2_impl.h"

#define PADDING_MAX  256u /* of a frame, with its length */
#define WINDOW_SHARE 2    /* a WINDOW_UPDATE follows once half of the window is used */

/* What a frame comes to. */
struct reading {
	struct h2 *h;
	struct buf *out;
	struct proto_answer *ret;
};

/* --- ends -------------------------------------------------------------------------------- */

static enum proto_step fail(struct reading *r, enum h2_error code, enum proto_fault fault,
			    const char *detail)
{
	h2_goaway(r->out, 0, code);
	*r->ret = (struct proto_answer){.fault = fault, .detail = detail, .code = (int32_t)code};
	return PROTO_FAULT;
}

static enum proto_step malformed(struct reading *r, const char *detail)
{
	return fail(r, H2_PROTOCOL_ERROR, PROTO_MALFORMED, detail);
}

static enum proto_step wrong_size(struct reading *r, const char *detail)
{
	return fail(r, H2_FRAME_SIZE_ERROR, PROTO_MALFORMED, detail);
}

static enum proto_step overflow(struct reading *r, const char *detail)
{
	return fail(r, H2_FLOW_CONTROL_ERROR, PROTO_MALFORMED, detail);
}

static enum proto_step calm(struct reading *r, const char *detail)
{
	return fail(r, H2_ENHANCE_YOUR_CALM, PROTO_TOO_LARGE, detail);
}

/* What we must say to what the peer says, while it reads nothing of it. */
static enum proto_step count_reply(struct reading *r)
{
	return ++r->h->replies > H2_REPLIES_MAX ? calm(r, "answers that it does not read")
						: PROTO_MORE;
}

static enum proto_step end_stream(struct reading *r, uint32_t tag, enum proto_end end, int32_t code)
{
	const struct h2_stream *s = &r->h->streams[tag];
	*r->ret = (struct proto_answer){
		.tag = tag,
		.status = s->head.status,
		.end = (uint8_t)end,
		.retry_after = s->head.retry_after,
		.code = code,
	};
	h2_end(r->h, tag);
	if (end != PROTO_UNTOUCHED) /* else a peer that refuses everything would go on for ever */
		r->h->idle_frames = 0;
	return PROTO_ANSWER;
}

/* This answer alone is against the rules: the stream is given up. */
static enum proto_step reject(struct reading *r, uint32_t tag, enum h2_error code,
			      enum proto_fault fault, const char *detail)
{
	h2_reset(r->h, tag, code, r->out);
	enum proto_step step = end_stream(r, tag, PROTO_BAD, (int32_t)code);
	r->ret->fault = fault;
	r->ret->detail = detail;
	return step;
}

/* A Content-Length may stand there all the same, RFC 9113 8.1.1. */
static bool lacks_body(const struct h2_stream *s)
{
	return s->to_head || s->head.status == 304;
}

/* The answer is whole. Where the request is not, the peer does not want the rest of it. */
static enum proto_step answer(struct reading *r, uint32_t tag)
{
	struct h2_stream *s = &r->h->streams[tag];
	const struct h2_plan *p = r->h->plan;
	if (s->head.length != UINT64_MAX && s->received != s->head.length && !lacks_body(s))
		return reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED,
			      "a body shorter than its Content-Length");
	if (p->spec.grpc && !grpc_is_whole(&s->grpc))
		return reject(r, tag, H2_CANCEL, PROTO_TRUNCATED,
			      "a message shorter than announced");
	if (!s->sent)
		h2_reset(r->h, tag, H2_CANCEL, r->out);
	return end_stream(r, tag, PROTO_WHOLE, s->head.grpc_status);
}

/* --- heads ------------------------------------------------------------------------------- */

static enum proto_step take_head(struct reading *r, uint32_t tag, const struct h2_head *head,
				 bool ends)
{
	struct h2_stream *s = &r->h->streams[tag];
	if (head->status >= 100 && head->status < 200) {
		if (ends || head->status == 101 || ++s->interims > H2_INTERIM_MAX)
			return reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED, "bad 1xx answer");
		return PROTO_MORE;
	}
	s->begun = true;
	s->head = *head;
	return ends ? answer(r, tag) : PROTO_MORE;
}

static enum proto_step take_trailers(struct reading *r, uint32_t tag, const struct h2_head *head,
				     bool ends)
{
	struct h2_stream *s = &r->h->streams[tag];
	if (!ends)
		return reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED,
			      "a second head, or trailers that do not end the answer");
	s->head.grpc_status = head->grpc_status;
	return answer(r, tag);
}

/* Of a stream that has ended. Where we gave it up, what was on its way still comes; else the peer
 * said that it was the end, RFC 9113 5.1. */
static enum proto_step surplus(struct reading *r, bool ends)
{
	if (r->h->frame.id == 1 && ends)
		r->h->first_open = false;
	if (r->h->frame.id <= r->h->given_up_id)
		return PROTO_MORE;
	return fail(r, H2_STREAM_CLOSED, PROTO_DESYNC, "more of an answer that had ended");
}

/* Blocks of streams that are gone are unfolded all the same: the table is the connection's. */
static enum proto_step take_block(struct reading *r, uint32_t id, struct span block, bool ends)
{
	struct h2 *h = r->h;
	uint32_t tag = 0;
	struct h2_stream *s = h2_find(h, id, &tag);
	struct h2_head head;
	bool trailers = s && s->begun;
	if (!s && surplus(r, ends) != PROTO_MORE)
		return PROTO_FAULT;
	switch (h2_inflate(h, block, trailers, s ? s->heard : NULL, &head)) {
	case H2_BLOCK_BROKEN:
		return fail(r, H2_COMPRESSION_ERROR, PROTO_MALFORMED, "HPACK");
	case H2_BLOCK_LARGE:
		return calm(r, "headers too long");
	case H2_BLOCK_BAD:
		return s ? reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED, "bad header")
			 : PROTO_MORE;
	case H2_BLOCK_GOOD:
		break;
	}
	if (!s)
		return PROTO_MORE;
	return trailers ? take_trailers(r, tag, &head, ends) : take_head(r, tag, &head, ends);
}

/* Without its padding and its priority, which nobody uses any more. */
static enum proto_step strip(struct reading *r, struct span *payload)
{
	unsigned flags = r->h->frame.flags;
	size_t front = (flags & H2_PADDED ? 1 : 0) + (flags & H2_PRIORITIZED ? 5 : 0);
	if (front > payload->len)
		return wrong_size(r, "HEADERS shorter than what its flags announce");
	size_t padding = flags & H2_PADDED ? (uint8_t)payload->ptr[0] : 0;
	if (front + padding > payload->len)
		return malformed(r, "padding longer than its frame");
	span_skip(payload, front);
	payload->len -= padding;
	return PROTO_MORE;
}

static bool is_idle(const struct h2 *h, uint32_t id)
{
	return !(id & 1) || id >= h->next_id;
}

static enum proto_step take_headers(struct reading *r, struct span payload)
{
	struct h2 *h = r->h;
	const struct h2_frame *f = &h->frame;
	if (is_idle(h, f->id))
		return malformed(r, "HEADERS on a stream that nobody opened");
	enum proto_step step = strip(r, &payload);
	if (step != PROTO_MORE)
		return step;
	bool ends = f->flags & H2_END_STREAM;
	if (f->flags & H2_END_HEADERS)
		return take_block(r, f->id, payload, ends);
	h->block_id = f->id;
	h->block_flags = f->flags;
	h->continuations = 0;
	if (payload.len)
		memmove(h->payload.ptr, payload.ptr, payload.len); /* kept there, see must_keep */
	h->payload.len = payload.len;
	return PROTO_MORE;
}

static enum proto_step take_continuation(struct reading *r)
{
	struct h2 *h = r->h;
	if (++h->continuations > H2_CONTINUATIONS_MAX || h->payload.cut ||
	    h->payload.len > H2_BLOCK_MAX)
		return calm(r, "CONTINUATION without end");
	if (!(h->frame.flags & H2_END_HEADERS))
		return PROTO_MORE;
	uint32_t id = h->block_id;
	h->block_id = 0;
	enum proto_step step = take_block(r, id, (struct span){h->payload.ptr, h->payload.len},
					  h->block_flags & H2_END_STREAM);
	h->payload.len = 0;
	return step;
}

/* --- settings ---------------------------------------------------------------------------- */

/* Windows of streams that stand move with it, RFC 9113 6.9.2. */
static bool move_windows(struct h2 *h, uint32_t value)
{
	int64_t by = (int64_t)value - (int64_t)h->peer_window;
	h->peer_window = value;
	for (uint32_t tag = 0; h->streams && tag < h->plan->spec.streams; tag++) {
		h->streams[tag].window += by;
		if (h->streams[tag].id && h->streams[tag].window > (int64_t)H2_WINDOW_MAX)
			return false;
	}
	return true;
}

static enum proto_step take_setting(struct reading *r, uint16_t setting, uint32_t value)
{
	struct h2 *h = r->h;
	switch (setting) {
	case H2_HEADER_TABLE_SIZE:
		h->table_small |= value < h->peer_table;
		h->peer_table = value;
		h->table_least = value < h->table_least ? value : h->table_least;
		break;
	case H2_ENABLE_PUSH:
		if (value)
			return malformed(r, "a server that turns push on");
		break;
	case H2_MAX_CONCURRENT_STREAMS:
		h->peer_streams = value;
		break;
	case H2_INITIAL_WINDOW_SIZE:
		if (value > H2_WINDOW_MAX || !move_windows(h, value))
			return overflow(r, "an initial window past 2^31-1");
		break;
	case H2_MAX_FRAME_SIZE:
		if (value < H2_FRAME_MAX || value > 0xffffff)
			return malformed(r, "a frame size out of bounds");
		h->peer_frame = value;
		break;
	}
	return PROTO_MORE;
}

static enum proto_step take_settings(struct reading *r, struct span payload)
{
	const uint8_t *at = (const uint8_t *)payload.ptr;
	if (r->h->frame.id)
		return malformed(r, "SETTINGS on a stream");
	if (r->h->frame.flags & H2_ACK)
		return payload.len ? wrong_size(r, "SETTINGS acknowledged at length") : PROTO_MORE;
	if (payload.len % 6)
		return wrong_size(r, "SETTINGS of a broken length");
	if (payload.len / 6 > H2_SETTINGS_MAX)
		return calm(r, "SETTINGS without end");
	for (; payload.len; span_skip(&payload, 6), at += 6) {
		enum proto_step step =
			take_setting(r, (uint16_t)(at[0] << 8 | at[1]), h2_u32(at + 2));
		if (step != PROTO_MORE)
			return step;
	}
	h2_frame_head(r->out, 0, H2_SETTINGS, H2_ACK, 0);
	h2_send_bodies(r->h, r->out);
	return count_reply(r);
}

/* --- small frames ------------------------------------------------------------------------ */

static enum proto_step take_ping(struct reading *r, struct span payload)
{
	struct h2 *h = r->h;
	if (h->frame.id)
		return malformed(r, "PING on a stream");
	if (payload.len != 8)
		return wrong_size(r, "PING of a broken length");
	if (!(h->frame.flags & H2_ACK)) {
		h2_frame_head(r->out, 8, H2_PING, H2_ACK, 0);
		buf_append(r->out, payload.ptr, 8);
		return count_reply(r);
	}
	uint32_t mark[2];
	memcpy(mark, payload.ptr, sizeof mark);
	if (!mark[0] || mark[1] >= H2_PINGS_MAX || h->pings[mark[1]] != mark[0])
		return PROTO_MORE; /* of one that was given up, or of none */
	h->pings[mark[1]] = 0;
	h->in_use--;
	h->idle_frames = 0;
	*r->ret = (struct proto_answer){.tag = mark[1], .code = PROTO_CODE_NONE};
	return PROTO_ANSWER;
}

static enum proto_step take_reset(struct reading *r, struct span payload)
{
	struct h2 *h = r->h;
	uint32_t tag = 0;
	if (!h->frame.id || is_idle(h, h->frame.id))
		return malformed(r, "RST_STREAM on a stream that nobody opened");
	if (payload.len != 4)
		return wrong_size(r, "RST_STREAM of a broken length");
	uint32_t code = h2_u32((const uint8_t *)payload.ptr);
	h->first_open &= h->frame.id != 1;
	if (!h2_find(h, h->frame.id, &tag))
		return PROTO_MORE;
	return end_stream(r, tag, code == H2_REFUSED_STREAM ? PROTO_UNTOUCHED : PROTO_RESET,
			  (int32_t)code);
}

static enum proto_step take_goaway(struct reading *r, struct span payload)
{
	struct h2 *h = r->h;
	if (h->frame.id)
		return malformed(r, "GOAWAY on a stream");
	if (payload.len < 8)
		return wrong_size(r, "GOAWAY of a broken length");
	uint32_t last = h2_u32((const uint8_t *)payload.ptr) & H2_WINDOW_MAX;
	if (h->leaves && last > h->last_id)
		return malformed(r, "a second GOAWAY that takes back the first");
	h->leaves = true;
	h->last_id = last;
	h->leave_code = h2_u32((const uint8_t *)payload.ptr + 4);
	h->sweep = 0;
	return PROTO_MORE;
}

static enum proto_step widen_stream(struct reading *r, uint32_t by)
{
	struct h2 *h = r->h;
	uint32_t tag = 0;
	if (is_idle(h, h->frame.id))
		return malformed(r, "WINDOW_UPDATE on a stream that nobody opened");
	struct h2_stream *s = h2_find(h, h->frame.id, &tag);
	if (!s)
		return PROTO_MORE;
	if (!by)
		return reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED, "WINDOW_UPDATE of 0");
	s->window += by;
	if (s->window > (int64_t)H2_WINDOW_MAX)
		return reject(r, tag, H2_FLOW_CONTROL_ERROR, PROTO_MALFORMED, "window overflow");
	return PROTO_MORE;
}

static enum proto_step take_window(struct reading *r, struct span payload)
{
	struct h2 *h = r->h;
	if (payload.len != 4)
		return wrong_size(r, "WINDOW_UPDATE of a broken length");
	uint32_t by = h2_u32((const uint8_t *)payload.ptr) & H2_WINDOW_MAX;
	if (h->frame.id) {
		enum proto_step step = widen_stream(r, by);
		h2_send_bodies(h, r->out);
		return step;
	}
	if (!by)
		return malformed(r, "WINDOW_UPDATE of 0");
	h->window += by;
	if (h->window > (int64_t)H2_WINDOW_MAX)
		return overflow(r, "window overflow");
	h2_send_bodies(h, r->out);
	return PROTO_MORE;
}

static enum proto_step take_priority(struct reading *r, struct span payload)
{
	if (!r->h->frame.id)
		return malformed(r, "PRIORITY on no stream");
	return payload.len == 5 ? PROTO_MORE : wrong_size(r, "PRIORITY of a broken length");
}

/* --- data -------------------------------------------------------------------------------- */

/* Every byte counts against the window of the connection, padding and what nobody wants too. */
static void use_window(struct reading *r, uint32_t len)
{
	struct h2 *h = r->h;
	h->unacked += len;
	if (h->unacked < H2_WINDOW_MAX / WINDOW_SHARE)
		return;
	h2_frame_u32(r->out, H2_WINDOW_UPDATE, 0, h->unacked);
	h->unacked = 0;
}

static enum proto_step begin_data(struct reading *r)
{
	struct h2 *h = r->h;
	uint32_t tag = 0, len = h->frame.length;
	if (!h->frame.id || is_idle(h, h->frame.id))
		return malformed(r, "DATA on a stream that nobody opened");
	struct h2_stream *s = h2_find(h, h->frame.id, &tag);
	h->padded = h->frame.flags & H2_PADDED;
	h->padding = 0;
	if (h->padded && !len)
		return wrong_size(r, "DATA shorter than what its flags announce");
	if (s && s->unacked + len > h->plan->window)
		return overflow(r, "more DATA than the window allows");
	use_window(r, len);
	if (!s)
		return surplus(r, h->frame.flags & H2_END_STREAM);
	if (!s->begun)
		return reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED, "DATA before the head");
	s->unacked += len;
	if (s->unacked >= h->plan->window / WINDOW_SHARE && !(h->frame.flags & H2_END_STREAM)) {
		h2_frame_u32(r->out, H2_WINDOW_UPDATE, s->id, s->unacked);
		s->unacked = 0;
	}
	if (len > (h->padded ? PADDING_MAX : 0)) /* some of it is of the body */
		h->idle_frames = 0;
	return PROTO_MORE;
}

static enum proto_step take_message(struct reading *r, uint32_t tag, struct span *data)
{
	struct h2_stream *s = &r->h->streams[tag];
	const struct grpc_call *call = r->h->plan->spec.grpc;
	switch (grpc_take(&s->grpc, data, call->message_max)) {
	case GRPC_MORE:
		return PROTO_MORE;
	case GRPC_TOO_LARGE:
		return reject(r, tag, H2_CANCEL, PROTO_TOO_LARGE, "a message too long");
	case GRPC_MALFORMED:
		return reject(r, tag, H2_CANCEL, PROTO_MALFORMED, "a broken prefix of a message");
	case GRPC_MESSAGE:
		break;
	}
	if (call->turns && s->grpc.messages < call->count)
		h2_send_up_to(r->h, s, call->ends[s->grpc.messages], r->out);
	*r->ret = (struct proto_answer){.tag = tag,
					.end = PROTO_MESSAGE,
					.status = s->head.status,
					.code = PROTO_CODE_NONE};
	return PROTO_ANSWER;
}

/* A piece of the body, from the front of `data`. */
static enum proto_step take_body(struct reading *r, uint32_t tag, struct span *data)
{
	struct h2_stream *s = &r->h->streams[tag];
	struct span before = *data;
	enum proto_step step = PROTO_MORE;
	bool grpc = r->h->plan->spec.grpc;
	while (grpc && data->len && step == PROTO_MORE && s->id)
		step = take_message(r, tag, data);
	if (!grpc)
		span_skip(data, data->len);
	if (!s->id)
		return step;
	size_t taken = before.len - data->len;
	s->received += taken;
	if (s->heard)
		buf_append(&s->heard->body, before.ptr, taken);
	if (s->to_head || s->head.status == 204 || s->head.status == 304)
		return reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED,
			      "a body where there can be none");
	if (s->head.length != UINT64_MAX && s->received > s->head.length)
		return reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED,
			      "a body longer than its Content-Length");
	return step;
}

static enum proto_step take_padding(struct reading *r, struct span *in)
{
	struct h2 *h = r->h;
	h->padding = (uint8_t)in->ptr[0];
	h->padded = false;
	span_skip(in, 1);
	h->left--;
	return h->padding > h->left ? malformed(r, "padding longer than its frame") : PROTO_MORE;
}

/* The rest of a DATA frame, as far as it is here. */
static enum proto_step take_data(struct reading *r, struct span *in)
{
	struct h2 *h = r->h;
	uint32_t tag = 0;
	enum proto_step step = PROTO_MORE;
	if (h->padded && in->len) {
		step = take_padding(r, in);
		if (step != PROTO_MORE)
			return step;
	}
	size_t here = in->len < h->left ? in->len : h->left;
	size_t body = h->left > h->padding ? h->left - h->padding : 0;
	struct span data = {in->ptr, here < body ? here : body};
	size_t padding = here - data.len;
	struct h2_stream *s = h2_find(h, h->frame.id, &tag);
	if (s && data.len) {
		struct span rest = data;
		step = take_body(r, tag, &rest);
		data.len -= rest.len;
		padding = rest.len ? 0 : padding;
	}
	span_skip(in, data.len + padding);
	h->left -= (uint32_t)(data.len + padding);
	if (step == PROTO_MORE && !h->left && (h->frame.flags & H2_END_STREAM) &&
	    h2_find(h, h->frame.id, &tag))
		return answer(r, tag);
	return step;
}

/* --- frames ------------------------------------------------------------------------------ */

static enum proto_step take_frame(struct reading *r, struct span payload)
{
	switch (r->h->frame.type) {
	case H2_HEADERS:
		return take_headers(r, payload);
	case H2_PRIORITY:
		return take_priority(r, payload);
	case H2_RST_STREAM:
		return take_reset(r, payload);
	case H2_SETTINGS:
		return take_settings(r, payload);
	case H2_PUSH_PROMISE:
		return malformed(r, "PUSH_PROMISE, which was turned off");
	case H2_PING:
		return take_ping(r, payload);
	case H2_GOAWAY:
		return take_goaway(r, payload);
	case H2_WINDOW_UPDATE:
		return take_window(r, payload);
	case H2_CONTINUATION:
		return take_continuation(r);
	}
	return PROTO_MORE; /* of a kind that we do not know: RFC 9113 4.1 */
}

/* What may come now at all. */
static enum proto_step admit(struct reading *r)
{
	struct h2 *h = r->h;
	const struct h2_frame *f = &h->frame;
	if (!h->settled && (f->type != H2_SETTINGS || f->flags & H2_ACK))
		return malformed(r, "it does not begin with SETTINGS");
	if (f->length > H2_FRAME_MAX)
		return wrong_size(r, "a frame longer than was agreed");
	h->settled = true;
	bool continues = f->type == H2_CONTINUATION;
	if (continues != (h->block_id != 0) || (continues && f->id != h->block_id))
		return malformed(r, "CONTINUATION expected, or not expected");
	if (++h->idle_frames > H2_IDLE_FRAMES_MAX)
		return calm(r, "frames that answer nothing");
	return f->type == H2_DATA ? begin_data(r) : PROTO_MORE;
}

static bool take_frame_head(struct h2 *h, struct span *in)
{
	size_t n = H2_FRAME_HEAD - h->frame_head_len;
	if (n == H2_FRAME_HEAD && in->len >= n) {
		h->frame = h2_frame_read((const uint8_t *)in->ptr);
	} else {
		n = n < in->len ? n : in->len;
		memcpy(h->frame_head + h->frame_head_len, in->ptr, n);
		h->frame_head_len = (uint8_t)(h->frame_head_len + n);
		if (h->frame_head_len < H2_FRAME_HEAD) {
			span_skip(in, n);
			return false;
		}
		h->frame = h2_frame_read(h->frame_head);
	}
	span_skip(in, n);
	h->frame_head_len = H2_FRAME_HEAD;
	h->left = h->frame.length;
	return true;
}

/* A block that goes on is put together; else a whole payload is read where it lies. */
static bool must_keep(const struct h2 *h, struct span in)
{
	bool opens = h->frame.type == H2_HEADERS && !(h->frame.flags & H2_END_HEADERS);
	return in.len < h->left || h->payload.len || opens || h->frame.type == H2_CONTINUATION;
}

/* A frame but DATA, of which more bytes are here. */
static enum proto_step take_payload(struct reading *r, struct span *in)
{
	struct h2 *h = r->h;
	struct span payload = {in->ptr, in->len < h->left ? in->len : h->left};
	bool keep = must_keep(h, *in);
	if (keep)
		buf_append(&h->payload, payload.ptr, payload.len);
	span_skip(in, payload.len);
	h->left -= (uint32_t)payload.len;
	if (h->left)
		return PROTO_MORE;
	h->frame_head_len = 0;
	if (keep)
		payload = (struct span){h->payload.ptr, h->payload.len};
	enum proto_step step = take_frame(r, payload);
	if (!h->block_id)
		h->payload.len = 0;
	return step;
}

static enum proto_step forget(struct reading *r, uint32_t tag, enum proto_end end)
{
	struct h2 *h = r->h;
	h2_give_up(h, h->streams[tag].id);
	return end_stream(r, tag, end, (int32_t)h->leave_code);
}

/* Requests that the peer said it will not look at, one after another. */
static enum proto_step sweep(struct reading *r)
{
	struct h2 *h = r->h;
	for (; h->sweep < h->plan->spec.streams && h->streams; h->sweep++) {
		const struct h2_stream *s = &h->streams[h->sweep];
		if (s->id && s->id > h->last_id)
			return forget(r, h->sweep, s->begun ? PROTO_RESET : PROTO_UNTOUCHED);
	}
	h->sweep = UINT32_MAX;
	return PROTO_MORE;
}

/* The answer to the upgrade: 101, or it is declined. Stream 1 is that request's, and unasked for.
 */
static enum proto_step begin(struct reading *r, struct span *in)
{
	struct h2 *h = r->h;
	enum proto_step step = h1_feed(&h->h1, in, r->ret);
	if (step == PROTO_ANSWER && r->ret->status != 101) {
		r->ret->fault = PROTO_DECLINED;
		r->ret->detail = "the upgrade to HTTP/2 was declined";
		return PROTO_FAULT;
	}
	if (step != PROTO_ANSWER)
		return step;
	h->upgrading = false;
	h->next_id = 3;
	h2_give_up(h, 1);
	h->first_open = true;
	buf_append(r->out, h->plan->preface.ptr, h->plan->preface.len);
	return PROTO_MORE;
}

static enum proto_step take_some(struct reading *r, struct span *in)
{
	struct h2 *h = r->h;
	if (h->frame_head_len < H2_FRAME_HEAD) {
		if (!take_frame_head(h, in))
			return PROTO_MORE;
		enum proto_step step = admit(r);
		if (step != PROTO_MORE)
			return step;
	}
	if (h->frame.type != H2_DATA)
		return take_payload(r, in);
	enum proto_step step = take_data(r, in);
	bool owes = step == PROTO_ANSWER && r->ret->end == PROTO_MESSAGE; /* the answer's end */
	if (!h->left && !h->padded && !owes)
		h->frame_head_len = 0;
	return step;
}

/* All of a frame has come, and it was not yet looked at whether the answer ends with it. */
static bool is_owed(const struct h2 *h)
{
	return h->frame_head_len == H2_FRAME_HEAD && !h->left;
}

enum proto_step h2_feed(void *state, struct span *in, struct buf *out, struct proto_answer *ret)
{
	struct h2 *h = state;
	struct reading r = {h, out, ret};
	enum proto_step step = PROTO_MORE;
	if (h->upgrading)
		step = begin(&r, in);
	while (step == PROTO_MORE && !h->upgrading) {
		if (h->sweep != UINT32_MAX)
			step = sweep(&r);
		if (step != PROTO_MORE || (!in->len && !is_owed(h)))
			break;
		step = take_some(&r, in);
	}
	return step;
}

/* Whether anything of an answer has come. */
static bool has_heard(const struct h2 *h)
{
	bool begun = h->frame_head_len;
	for (uint32_t tag = 0; h->streams && tag < h->plan->spec.streams; tag++)
		begun |= h->streams[tag].begun;
	return begun;
}

enum proto_step h2_eof(void *state, struct proto_answer *ret)
{
	struct h2 *h = state;
	if (!h->in_use && !h->upgrading)
		return PROTO_MORE;
	*ret = (struct proto_answer){
		.fault = h->leaves      ? PROTO_LEFT
			 : has_heard(h) ? PROTO_TRUNCATED
					: PROTO_CLOSED,
		.code = (int32_t)h->leave_code,
		.detail = "closed before the answers were whole",
	};
	return PROTO_FAULT;
}
