/* HTTP/2: frames that carry nothing of an answer: settings, pings, resets, leaves, windows. */
#include "proto/h2_reading.h"

/* What we must say to what the peer says, while it reads nothing of it. */
static enum proto_step count_reply(struct h2_reading *r)
{
	return ++r->h->replies > H2_REPLIES_MAX ? h2_calm(r, "answers that it does not read")
						: PROTO_MORE;
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

static enum proto_step take_setting(struct h2_reading *r, uint16_t setting, uint32_t value)
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
			return h2_malformed(r, "a server that turns push on");
		break;
	case H2_MAX_CONCURRENT_STREAMS:
		h->peer_streams = value;
		break;
	case H2_INITIAL_WINDOW_SIZE:
		if (value > H2_WINDOW_MAX || !move_windows(h, value))
			return h2_overflow(r, "an initial window past 2^31-1");
		break;
	case H2_MAX_FRAME_SIZE:
		if (value < H2_FRAME_MAX || value > 0xffffff)
			return h2_malformed(r, "a frame size out of bounds");
		h->peer_frame = value;
		break;
	}
	return PROTO_MORE;
}

enum proto_step h2_take_settings(struct h2_reading *r, struct span payload)
{
	const uint8_t *at = (const uint8_t *)payload.ptr;
	if (r->h->frame.id)
		return h2_malformed(r, "SETTINGS on a stream");
	if (r->h->frame.flags & H2_ACK)
		return payload.len ? h2_wrong_size(r, "SETTINGS acknowledged at length")
				   : PROTO_MORE;
	if (payload.len % 6)
		return h2_wrong_size(r, "SETTINGS of a broken length");
	if (payload.len / 6 > H2_SETTINGS_MAX)
		return h2_calm(r, "SETTINGS without end");
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

enum proto_step h2_take_ping(struct h2_reading *r, struct span payload)
{
	struct h2 *h = r->h;
	if (h->frame.id)
		return h2_malformed(r, "PING on a stream");
	if (payload.len != 8)
		return h2_wrong_size(r, "PING of a broken length");
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

enum proto_step h2_take_reset(struct h2_reading *r, struct span payload)
{
	struct h2 *h = r->h;
	uint32_t tag = 0;
	if (!h->frame.id || h2_is_idle(h, h->frame.id))
		return h2_malformed(r, "RST_STREAM on a stream that nobody opened");
	if (payload.len != 4)
		return h2_wrong_size(r, "RST_STREAM of a broken length");
	uint32_t code = h2_u32((const uint8_t *)payload.ptr);
	h->first_open &= h->frame.id != 1;
	if (!h2_find(h, h->frame.id, &tag))
		return PROTO_MORE;
	return h2_end_stream(r, tag, code == H2_REFUSED_STREAM ? PROTO_UNTOUCHED : PROTO_RESET,
			     (int32_t)code);
}

enum proto_step h2_take_goaway(struct h2_reading *r, struct span payload)
{
	struct h2 *h = r->h;
	if (h->frame.id)
		return h2_malformed(r, "GOAWAY on a stream");
	if (payload.len < 8)
		return h2_wrong_size(r, "GOAWAY of a broken length");
	uint32_t last = h2_u32((const uint8_t *)payload.ptr) & H2_WINDOW_MAX;
	if (h->leaves && last > h->last_id)
		return h2_malformed(r, "a second GOAWAY that takes back the first");
	h->leaves = true;
	h->last_id = last;
	h->leave_code = h2_u32((const uint8_t *)payload.ptr + 4);
	h->sweep = 0;
	return PROTO_MORE;
}

static enum proto_step widen_stream(struct h2_reading *r, uint32_t by)
{
	struct h2 *h = r->h;
	uint32_t tag = 0;
	if (h2_is_idle(h, h->frame.id))
		return h2_malformed(r, "WINDOW_UPDATE on a stream that nobody opened");
	struct h2_stream *s = h2_find(h, h->frame.id, &tag);
	if (!s)
		return PROTO_MORE;
	if (!by)
		return h2_reject(r, tag, H2_PROTOCOL_ERROR, PROTO_MALFORMED, "WINDOW_UPDATE of 0");
	s->window += by;
	if (s->window > (int64_t)H2_WINDOW_MAX)
		return h2_reject(r, tag, H2_FLOW_CONTROL_ERROR, PROTO_MALFORMED, "window overflow");
	return PROTO_MORE;
}

enum proto_step h2_take_window(struct h2_reading *r, struct span payload)
{
	struct h2 *h = r->h;
	if (payload.len != 4)
		return h2_wrong_size(r, "WINDOW_UPDATE of a broken length");
	uint32_t by = h2_u32((const uint8_t *)payload.ptr) & H2_WINDOW_MAX;
	if (h->frame.id) {
		enum proto_step step = widen_stream(r, by);
		h2_send_bodies(h, r->out);
		return step;
	}
	if (!by)
		return h2_malformed(r, "WINDOW_UPDATE of 0");
	h->window += by;
	if (h->window > (int64_t)H2_WINDOW_MAX)
		return h2_overflow(r, "window overflow");
	h2_send_bodies(h, r->out);
	return PROTO_MORE;
}

enum proto_step h2_take_priority(struct h2_reading *r, struct span payload)
{
	if (!r->h->frame.id)
		return h2_malformed(r, "PRIORITY on no stream");
	return payload.len == 5 ? PROTO_MORE : h2_wrong_size(r, "PRIORITY of a broken length");
}
