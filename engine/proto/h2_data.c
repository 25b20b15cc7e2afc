/* HTTP/2: DATA: bodies as they come, and the windows that they use. */
#include "proto/h2_reading.h"

#define PADDING_MAX  256u /* of a frame, with its length */
#define WINDOW_SHARE 2    /* a WINDOW_UPDATE follows once half of the window is used */

/* Every byte counts against the window of the connection, padding and what nobody wants too. */
static void use_window(struct h2_reading *r, uint32_t len)
{
	struct h2 *h = r->h;
	h->unacked += len;
	if (h->unacked < H2_WINDOW_MAX / WINDOW_SHARE)
		return;
	h2_frame_u32(r->out, H2_WINDOW_UPDATE, 0, h->unacked);
	h->unacked = 0;
}

enum proto_step h2_begin_data(struct h2_reading *r)
{
	struct h2 *h = r->h;
	uint32_t tag = 0, len = h->frame.length;
	if (!h->frame.id || h2_is_idle(h, h->frame.id))
		return h2_malformed(r, "DATA on a stream that nobody opened");
	struct h2_stream *s = h2_find(h, h->frame.id, &tag);
	h->padded = h->frame.flags & H2_PADDED;
	h->padding = 0;
	if (h->padded && !len)
		return h2_wrong_size(r, "DATA shorter than what its flags announce");
	if (s && s->unacked + len > h->plan->window)
		return h2_overflow(r, "more DATA than the window allows");
	use_window(r, len);
	if (!s)
		return h2_surplus(r, h->frame.flags & H2_END_STREAM);
	if (!s->begun)
		return h2_reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED,
				 "DATA before the head");
	s->unacked += len;
	if (s->unacked >= h->plan->window / WINDOW_SHARE && !(h->frame.flags & H2_END_STREAM)) {
		h2_frame_u32(r->out, H2_WINDOW_UPDATE, s->id, s->unacked);
		s->unacked = 0;
	}
	if (len > (h->padded ? PADDING_MAX : 0)) /* some of it is of the body */
		h->idle_frames = 0;
	return PROTO_MORE;
}

static enum proto_step take_message(struct h2_reading *r, uint32_t tag, struct span *data)
{
	struct h2_stream *s = &r->h->streams[tag];
	const struct grpc_call *call = r->h->plan->spec.grpc;
	switch (grpc_take(&s->grpc, data, call->message_max)) {
	case GRPC_MORE:
		return PROTO_MORE;
	case GRPC_TOO_LARGE:
		return h2_reject(r, tag, H2_CANCEL, PROTO_TOO_LARGE, "a message too long");
	case GRPC_MALFORMED:
		return h2_reject(r, tag, H2_CANCEL, PROTO_MALFORMED,
				 "a broken prefix of a message");
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
static enum proto_step take_body(struct h2_reading *r, uint32_t tag, struct span *data)
{
	struct h2_stream *s = &r->h->streams[tag];
	struct span before = *data;
	enum proto_step step = PROTO_MORE;
	bool grpc = r->h->plan->spec.grpc && s->head.status == 200; /* else of a proxy */
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
		return h2_reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED,
				 "a body where there can be none");
	if (s->head.length != UINT64_MAX && s->received > s->head.length)
		return h2_reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED,
				 "a body longer than its Content-Length");
	return step;
}

static enum proto_step take_padding(struct h2_reading *r, struct span *in)
{
	struct h2 *h = r->h;
	h->padding = (uint8_t)in->ptr[0];
	h->padded = false;
	span_skip(in, 1);
	h->left--;
	return h->padding > h->left ? h2_malformed(r, "padding longer than its frame") : PROTO_MORE;
}

/* The rest of a DATA frame, as far as it is here. */
enum proto_step h2_take_data(struct h2_reading *r, struct span *in)
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
		return h2_answer(r, tag);
	return step;
}
