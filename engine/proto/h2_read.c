/* HTTP/2: what the peer says, a frame at a time. Whatever breaks RFC 9113 ends the connection or
 * the stream with the code that it names; whatever would never end is bounded (h2_impl.h). */
#include "proto/h2_reading.h"

/* --- ends -------------------------------------------------------------------------------- */

enum proto_step h2_fail(struct h2_reading *r, enum h2_error code, enum proto_fault fault,
			const char *detail)
{
	h2_goaway(r->out, 0, code);
	*r->ret = (struct proto_answer){.fault = fault, .detail = detail, .code = (int32_t)code};
	return PROTO_FAULT;
}

enum proto_step h2_malformed(struct h2_reading *r, const char *detail)
{
	return h2_fail(r, H2_PROTOCOL_ERROR, PROTO_MALFORMED, detail);
}

enum proto_step h2_wrong_size(struct h2_reading *r, const char *detail)
{
	return h2_fail(r, H2_FRAME_SIZE_ERROR, PROTO_MALFORMED, detail);
}

enum proto_step h2_overflow(struct h2_reading *r, const char *detail)
{
	return h2_fail(r, H2_FLOW_CONTROL_ERROR, PROTO_MALFORMED, detail);
}

enum proto_step h2_calm(struct h2_reading *r, const char *detail)
{
	return h2_fail(r, H2_ENHANCE_YOUR_CALM, PROTO_TOO_LARGE, detail);
}

enum proto_step h2_end_stream(struct h2_reading *r, uint32_t tag, enum proto_end end, int32_t code)
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
enum proto_step h2_reject(struct h2_reading *r, uint32_t tag, enum h2_error code,
			  enum proto_fault fault, const char *detail)
{
	h2_reset(r->h, tag, code, r->out);
	enum proto_step step = h2_end_stream(r, tag, PROTO_BAD, (int32_t)code);
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
enum proto_step h2_answer(struct h2_reading *r, uint32_t tag)
{
	struct h2_stream *s = &r->h->streams[tag];
	const struct h2_plan *p = r->h->plan;
	if (s->head.length != UINT64_MAX && s->received != s->head.length && !lacks_body(s))
		return h2_reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED,
				 "a body shorter than its Content-Length");
	if (p->spec.grpc && !grpc_is_whole(&s->grpc))
		return h2_reject(r, tag, H2_CANCEL, PROTO_TRUNCATED,
				 "a message shorter than announced");
	if (!s->sent)
		h2_reset(r->h, tag, H2_CANCEL, r->out);
	return h2_end_stream(r, tag, PROTO_WHOLE, s->head.grpc_status);
}

/* --- heads ------------------------------------------------------------------------------- */

static enum proto_step take_head(struct h2_reading *r, uint32_t tag, const struct h2_head *head,
				 bool ends)
{
	struct h2_stream *s = &r->h->streams[tag];
	if (head->status >= 100 && head->status < 200) {
		if (ends || head->status == 101 || ++s->interims > H2_INTERIM_MAX)
			return h2_reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED,
					 "bad 1xx answer");
		return PROTO_MORE;
	}
	s->begun = true;
	s->head = *head;
	return ends ? h2_answer(r, tag) : PROTO_MORE;
}

static enum proto_step take_trailers(struct h2_reading *r, uint32_t tag, const struct h2_head *head,
				     bool ends)
{
	struct h2_stream *s = &r->h->streams[tag];
	if (!ends)
		return h2_reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED,
				 "a second head, or trailers that do not end the answer");
	s->head.grpc_status = head->grpc_status;
	return h2_answer(r, tag);
}

/* Of a stream that has ended. Where we gave it up, what was on its way still comes; else the peer
 * said that it was the end, RFC 9113 5.1. */
enum proto_step h2_surplus(struct h2_reading *r, bool ends)
{
	if (r->h->frame.id == 1 && ends)
		r->h->first_open = false;
	if (r->h->frame.id <= r->h->given_up_id)
		return PROTO_MORE;
	return h2_fail(r, H2_STREAM_CLOSED, PROTO_DESYNC, "more of an answer that had ended");
}

/* Blocks of streams that are gone are unfolded all the same: the table is the connection's. */
static enum proto_step take_block(struct h2_reading *r, uint32_t id, struct span block, bool ends)
{
	struct h2 *h = r->h;
	uint32_t tag = 0;
	struct h2_stream *s = h2_find(h, id, &tag);
	struct h2_head head;
	bool trailers = s && s->begun;
	if (!s && h2_surplus(r, ends) != PROTO_MORE)
		return PROTO_FAULT;
	switch (h2_inflate(h, block, trailers, s ? s->heard : NULL, &head)) {
	case H2_BLOCK_BROKEN:
		return h2_fail(r, H2_COMPRESSION_ERROR, PROTO_MALFORMED, "HPACK");
	case H2_BLOCK_LARGE:
		return h2_calm(r, "headers too long");
	case H2_BLOCK_BAD:
		return s ? h2_reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED, "bad header")
			 : PROTO_MORE;
	case H2_BLOCK_GOOD:
		break;
	}
	if (!s)
		return PROTO_MORE;
	return trailers ? take_trailers(r, tag, &head, ends) : take_head(r, tag, &head, ends);
}

/* Without its padding and its priority, which nobody uses any more. */
static enum proto_step strip(struct h2_reading *r, struct span *payload)
{
	unsigned flags = r->h->frame.flags;
	size_t front = (flags & H2_PADDED ? 1 : 0) + (flags & H2_PRIORITIZED ? 5 : 0);
	if (front > payload->len)
		return h2_wrong_size(r, "HEADERS shorter than what its flags announce");
	size_t padding = flags & H2_PADDED ? (uint8_t)payload->ptr[0] : 0;
	if (front + padding > payload->len)
		return h2_malformed(r, "padding longer than its frame");
	span_skip(payload, front);
	payload->len -= padding;
	return PROTO_MORE;
}

bool h2_is_idle(const struct h2 *h, uint32_t id)
{
	return !(id & 1) || id >= h->next_id;
}

static enum proto_step take_headers(struct h2_reading *r, struct span payload)
{
	struct h2 *h = r->h;
	const struct h2_frame *f = &h->frame;
	if (h2_is_idle(h, f->id))
		return h2_malformed(r, "HEADERS on a stream that nobody opened");
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

static enum proto_step take_continuation(struct h2_reading *r)
{
	struct h2 *h = r->h;
	if (++h->continuations > H2_CONTINUATIONS_MAX || h->payload.cut ||
	    h->payload.len > H2_BLOCK_MAX)
		return h2_calm(r, "CONTINUATION without end");
	if (!(h->frame.flags & H2_END_HEADERS))
		return PROTO_MORE;
	uint32_t id = h->block_id;
	h->block_id = 0;
	enum proto_step step = take_block(r, id, (struct span){h->payload.ptr, h->payload.len},
					  h->block_flags & H2_END_STREAM);
	h->payload.len = 0;
	return step;
}

/* --- frames ------------------------------------------------------------------------------ */

static enum proto_step take_frame(struct h2_reading *r, struct span payload)
{
	switch (r->h->frame.type) {
	case H2_HEADERS:
		return take_headers(r, payload);
	case H2_PRIORITY:
		return h2_take_priority(r, payload);
	case H2_RST_STREAM:
		return h2_take_reset(r, payload);
	case H2_SETTINGS:
		return h2_take_settings(r, payload);
	case H2_PUSH_PROMISE:
		return h2_malformed(r, "PUSH_PROMISE, which was turned off");
	case H2_PING:
		return h2_take_ping(r, payload);
	case H2_GOAWAY:
		return h2_take_goaway(r, payload);
	case H2_WINDOW_UPDATE:
		return h2_take_window(r, payload);
	case H2_CONTINUATION:
		return take_continuation(r);
	}
	return PROTO_MORE; /* of a kind that we do not know: RFC 9113 4.1 */
}

/* What may come now at all. */
static enum proto_step admit(struct h2_reading *r)
{
	struct h2 *h = r->h;
	const struct h2_frame *f = &h->frame;
	if (!h->settled && (f->type != H2_SETTINGS || f->flags & H2_ACK))
		return h2_malformed(r, "it does not begin with SETTINGS");
	if (f->length > H2_FRAME_MAX)
		return h2_wrong_size(r, "a frame longer than was agreed");
	h->settled = true;
	bool continues = f->type == H2_CONTINUATION;
	if (continues != (h->block_id != 0) || (continues && f->id != h->block_id))
		return h2_malformed(r, "CONTINUATION expected, or not expected");
	if (++h->idle_frames > H2_IDLE_FRAMES_MAX)
		return h2_calm(r, "frames that answer nothing");
	return f->type == H2_DATA ? h2_begin_data(r) : PROTO_MORE;
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
static enum proto_step take_payload(struct h2_reading *r, struct span *in)
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

static enum proto_step forget(struct h2_reading *r, uint32_t tag, enum proto_end end)
{
	struct h2 *h = r->h;
	h2_give_up(h, h->streams[tag].id);
	return h2_end_stream(r, tag, end, (int32_t)h->leave_code);
}

/* Requests that the peer said it will not look at, one after another. */
static enum proto_step sweep(struct h2_reading *r)
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
static enum proto_step begin(struct h2_reading *r, struct span *in)
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

static enum proto_step take_some(struct h2_reading *r, struct span *in)
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
	enum proto_step step = h2_take_data(r, in);
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
	struct h2_reading r = {h, out, ret};
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
