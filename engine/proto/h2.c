/* HTTP/2: a connection's beginning and end, its streams, what it sends. */
#include "proto/h2_impl.h"

#include "base/base64.h"

#include <stdio.h>
#include <stdlib.h>

#define WINDOW_USUAL (1u << 20)  /* of a stream: an answer rarely waits for us */
#define BODY_PIECE   (64u << 10) /* of bodies, appended at once */
#define LAST_ID      (H2_WINDOW_MAX - 8 * PROTO_STREAMS_MAX) /* ids end soon, see choose_id */

/* --- the plan ---------------------------------------------------------------------------- */

static void render_settings(const struct h2_plan *p, struct buf *out)
{
	h2_setting(out, H2_ENABLE_PUSH, 0);
	h2_setting(out, H2_INITIAL_WINDOW_SIZE, p->window);
}

/* What the client begins with, and a window of the whole connection that is never in the way. */
static void render_preface(struct h2_plan *p)
{
	struct buf settings;
	buf_init(&settings, 64);
	render_settings(p, &settings);
	buf_puts(&p->preface, H2_MAGIC);
	h2_frame_head(&p->preface, (uint32_t)settings.len, H2_SETTINGS, 0, 0);
	buf_append(&p->preface, settings.ptr, settings.len);
	h2_frame_u32(&p->preface, H2_WINDOW_UPDATE, 0, H2_WINDOW_MAX - H2_WINDOW_FIRST);
	buf_fini(&settings);
}

/* RFC 7540 3.2: an upgrade rides on a request, here one that asks for nothing. */
static void render_upgrade(struct h2_plan *p)
{
	struct buf settings, text;
	buf_init(&settings, 64);
	buf_init(&text, 256);
	render_settings(p, &settings);
	base64_append(&text, settings.ptr, settings.len);
	for (size_t i = 0; i < text.len; i++) { /* as URLs have it, without padding */
		text.ptr[i] = text.ptr[i] == '+' ? '-' : text.ptr[i] == '/' ? '_' : text.ptr[i];
		if (text.ptr[i] == '=')
			text.len = i;
	}
	buf_printf(&p->upgrade,
		   "OPTIONS * HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade, HTTP2-Settings\r\n"
		   "Upgrade: h2c\r\nHTTP2-Settings: %.*s\r\n\r\n",
		   p->spec.authority, (int)text.len, text.ptr);
	buf_fini(&settings);
	buf_fini(&text);
}

void h2_discard(void *plan)
{
	struct h2_plan *p = plan;
	if (!p)
		return;
	buf_fini(&p->blocks);
	buf_fini(&p->preface);
	buf_fini(&p->upgrade);
	free(p);
}

int h2_compile(void **ret, const struct proto_spec *spec, struct err *err)
{
	if (spec->pings && spec->streams > H2_PINGS_MAX) {
		err_set(err, ERR_USAGE, "%u pings at once on a connection of HTTP/2: at most %u",
			spec->streams, H2_PINGS_MAX);
		return err_hint(err, "lower -m");
	}
	struct h2_plan *p = calloc(1, sizeof *p);
	if (!p)
		return err_set(err, ERR_RUNTIME, "no memory for the plan of HTTP/2");
	p->spec = *spec;
	p->spec.scheme = strcmp(spec->scheme, "https") ? "http" : "https"; /* it is read later */
	p->window = spec->window ? spec->window : WINDOW_USUAL;
	p->head = !strcmp(spec->method, "HEAD");
	buf_init(&p->preface, 256);
	buf_init(&p->upgrade, 1024);
	render_preface(p);
	if (spec->upgrade)
		render_upgrade(p);
	if (h2_compile_blocks(p, err)) {
		h2_discard(p);
		return -1;
	}
	*ret = p;
	return 0;
}

/* --- a connection ------------------------------------------------------------------------ */

static void *reserve_streams(struct h2 *h)
{
	uint32_t size = 1;
	while (size < 2 * h->plan->spec.streams)
		size *= 2;
	h->mask = size - 1;
	h->tags = calloc(size, sizeof *h->tags);
	h->streams = h->tags ? calloc(h->plan->spec.streams, sizeof *h->streams) : NULL;
	return h->streams;
}

static void h2_open(void *state, const void *plan, uint64_t number, struct buf *out)
{
	struct h2 *h = state;
	(void)number;
	*h = (struct h2){
		.plan = plan,
		.next_id = 1,
		.peer_streams = 100, /* until it says how many */
		.peer_window = H2_WINDOW_FIRST,
		.peer_frame = H2_FRAME_MAX,
		.peer_table = NGHTTP2_DEFAULT_HEADER_TABLE_SIZE,
		.table_least = NGHTTP2_DEFAULT_HEADER_TABLE_SIZE,
		.window = H2_WINDOW_FIRST,
		.sweep = UINT32_MAX,
	};
	h->upgrading = h->plan->spec.upgrade;
	buf_init(&h->payload, H2_BLOCK_MAX + H2_FRAME_MAX);
	h1_open(&h->h1);
	if (!h->upgrading) {
		buf_append(out, h->plan->preface.ptr, h->plan->preface.len);
		return;
	}
	h1_expect(&h->h1, false);
	buf_append(out, h->plan->upgrade.ptr, h->plan->upgrade.len);
}

static void h2_close(void *state)
{
	struct h2 *h = state;
	for (uint32_t tag = 0; h->streams && tag < h->plan->spec.streams; tag++)
		free(h->streams[tag].own_body);
	free(h->streams);
	free(h->tags);
	if (h->inflater)
		nghttp2_hd_inflate_del(h->inflater);
	if (h->deflater)
		nghttp2_hd_deflate_del(h->deflater);
	buf_fini(&h->payload);
	h->streams = NULL;
	h->tags = NULL;
	h->inflater = NULL;
	h->deflater = NULL;
}

static bool h2_ready(const void *state)
{
	return !((const struct h2 *)state)->upgrading;
}

static bool h2_ends(const void *state)
{
	const struct h2 *h = state;
	return h->leaves || h->next_id > LAST_ID;
}

static unsigned h2_room(const void *state)
{
	const struct h2 *h = state;
	if (h2_ends(h) || h->upgrading)
		return 0;
	uint32_t most = h->plan->spec.streams;
	if (!h->plan->spec.pings && h->peer_streams < most)
		most = h->peer_streams;
	uint32_t taken = h->in_use + h->first_open;
	return most > taken ? most - taken : 0;
}

/* --- streams ----------------------------------------------------------------------------- */

/* Ids follow one another and are halved for their place; where that is still taken by a stream
 * that lasts, the id is left out. */
static uint32_t choose_id(struct h2 *h)
{
	uint32_t id = h->next_id;
	for (;; id += 2) {
		uint32_t tag = h->tags[id >> 1 & h->mask];
		if (!tag || !h->streams[tag - 1].id)
			break;
	}
	h->next_id = id + 2;
	return id;
}

struct h2_stream *h2_find(const struct h2 *h, uint32_t id, uint32_t *ret_tag)
{
	uint32_t tag = h->tags ? h->tags[id >> 1 & h->mask] : 0;
	if (!tag || h->streams[tag - 1].id != id)
		return NULL;
	*ret_tag = tag - 1;
	return &h->streams[tag - 1];
}

/* Has something of its body to send, and may not just now. */
static bool waits(const struct h2_stream *s)
{
	return s->body_at < s->body_end;
}

void h2_end(struct h2 *h, uint32_t tag)
{
	struct h2_stream *s = &h->streams[tag];
	h->blocked -= waits(s);
	h->tags[s->id >> 1 & h->mask] = 0;
	free(s->own_body);
	*s = (struct h2_stream){0};
	h->in_use--;
}

void h2_give_up(struct h2 *h, uint32_t id)
{
	if (id > h->given_up_id)
		h->given_up_id = id;
}

void h2_reset(struct h2 *h, uint32_t tag, enum h2_error code, struct buf *out)
{
	h2_frame_u32(out, H2_RST_STREAM, h->streams[tag].id, code);
	h2_give_up(h, h->streams[tag].id);
}

/* --- bodies ------------------------------------------------------------------------------ */

static void send_piece(struct h2 *h, struct h2_stream *s, size_t len, struct buf *out)
{
	bool last = s->body_at + len == s->body.len;
	h2_frame_head(out, (uint32_t)len, H2_DATA, last ? H2_END_STREAM : 0, s->id);
	buf_append(out, s->body.ptr + s->body_at, len);
	s->body_at += len;
	s->window -= (int64_t)len;
	h->window -= (int64_t)len;
	s->sent |= last;
}

/* As much as the windows allow. */
static void send_body(struct h2 *h, struct h2_stream *s, struct buf *out)
{
	while (waits(s) && out->len < BODY_PIECE) {
		int64_t most = s->window < h->window ? s->window : h->window;
		size_t len = s->body_end - s->body_at;
		len = len < h->peer_frame ? len : h->peer_frame;
		if (most <= 0)
			return;
		send_piece(h, s, len < (size_t)most ? len : (size_t)most, out);
	}
}

void h2_send_bodies(struct h2 *h, struct buf *out)
{
	for (uint32_t tag = 0; h->blocked && tag < h->plan->spec.streams; tag++) {
		struct h2_stream *s = &h->streams[tag];
		if (!s->id || !waits(s))
			continue;
		send_body(h, s, out);
		h->blocked -= !waits(s);
	}
}

void h2_send_up_to(struct h2 *h, struct h2_stream *s, size_t end, struct buf *out)
{
	h->blocked -= waits(s);
	s->body_end = end;
	send_body(h, s, out);
	h->blocked += waits(s);
}

static void h2_drained(void *state, struct buf *out)
{
	((struct h2 *)state)->replies = 0;
	h2_send_bodies(state, out);
}

/* --- requests ---------------------------------------------------------------------------- */

/* Its number tells the acknowledgement of a ping that was given up from that of the next. */
static void send_ping(struct h2 *h, uint32_t tag, struct buf *out)
{
	h->ping += h->ping == UINT32_MAX ? 2 : 1;
	h->pings[tag] = h->ping;
	h->in_use++;
	const uint32_t payload[2] = {h->ping, tag};
	h2_frame_head(out, sizeof payload, H2_PING, 0, 0);
	buf_append(out, payload, sizeof payload);
}

/* The plan's block, as the peer's table allows. A connection's requests are all the plan's, or all
 * text, whose deflater knows the table. */
static struct span choose_block(struct h2 *h)
{
	const struct h2_plan *p = h->plan;
	if (h->table_small)
		return p->bare;
	struct span block = h->table_filled ? p->later : p->first;
	h->table_filled = true;
	return block;
}

/* A head and its block; past a frame's length it goes on in CONTINUATIONs. */
static void send_block(const struct h2 *h, uint32_t id, struct span block, bool ends,
		       struct buf *out)
{
	enum h2_type type = H2_HEADERS;
	unsigned flags = ends ? H2_END_STREAM : 0;
	for (;;) {
		size_t len = block.len < h->peer_frame ? block.len : h->peer_frame;
		bool last = len == block.len;
		h2_frame_head(out, (uint32_t)len, type, flags | (last ? H2_END_HEADERS : 0), id);
		buf_append(out, block.ptr, len);
		span_skip(&block, len);
		if (last)
			return;
		type = H2_CONTINUATION;
		flags = 0;
	}
}

static bool copy_body(struct h2_stream *s, struct span body)
{
	s->own_body = body.len ? malloc(body.len) : NULL;
	if (body.len && !s->own_body)
		return false;
	if (body.len)
		memcpy(s->own_body, body.ptr, body.len);
	s->body = (struct span){s->own_body, body.len};
	return true;
}

static bool send_text(struct h2 *h, struct h2_stream *s, struct span text, struct buf *out)
{
	struct buf block;
	struct span body;
	buf_init(&block, H2_BLOCK_MAX * 4);
	bool good = h2_deflate(h, text, &body, &block) && copy_body(s, body);
	if (good)
		send_block(h, s->id, (struct span){block.ptr, block.len}, !body.len, out);
	buf_fini(&block);
	return good;
}

static bool begins_head(struct span text)
{
	return text.len > 5 && !memcmp(text.ptr, "HEAD ", 5);
}

static bool h2_send(void *state, uint32_t tag, const struct proto_request *r, struct buf *out)
{
	struct h2 *h = state;
	const struct proto_spec *spec = &h->plan->spec;
	if (spec->pings) {
		send_ping(h, tag, out);
		return true;
	}
	if (!h->streams && !reserve_streams(h))
		return false;
	struct h2_stream *s = &h->streams[tag];
	*s = (struct h2_stream){.id = choose_id(h), .window = h->peer_window, .heard = r->heard};
	h->tags[s->id >> 1 & h->mask] = (uint16_t)(tag + 1);
	h->in_use++;
	s->to_head = r->text.len ? begins_head(r->text) : h->plan->head;
	if (r->text.len) {
		if (!send_text(h, s, r->text, out))
			return false;
	} else {
		s->body = spec->body;
		send_block(h, s->id, choose_block(h), !s->body.len, out);
	}
	s->sent = !s->body.len;
	h2_send_up_to(h, s, spec->grpc ? grpc_first_end(spec->grpc) : s->body.len, out);
	return !out->cut;
}

static void h2_cancel(void *state, uint32_t tag, struct buf *out)
{
	struct h2 *h = state;
	if (h->plan->spec.pings) {
		h->pings[tag] = 0;
		h->in_use--;
		return;
	}
	h2_reset(h, tag, H2_CANCEL, out);
	h2_end(h, tag);
}

#define ROWS_OF_HTTP2                                                                              \
	.alpn = "h2", .size = sizeof(struct h2), .compile = h2_compile, .discard = h2_discard,     \
	.open = h2_open, .close = h2_close, .ready = h2_ready, .room = h2_room, .ends = h2_ends,   \
	.send = h2_send, .drained = h2_drained, .feed = h2_feed, .eof = h2_eof,                    \
	.cancel = h2_cancel

/* gRPC is HTTP/2 whose bodies are messages: see spec.grpc. */
const struct proto proto_h2 = {.name = "h2", ROWS_OF_HTTP2};
const struct proto proto_grpc = {.name = "grpc", ROWS_OF_HTTP2};
