#include "tools/target/h2s_impl.h"
#include "tools/target/server.h"

#include <stdlib.h>

#define WINDOW    (1 << 20)   /* bytes a peer may send ahead, of a stream and of all */
#define PIECE     (64u << 10) /* so much is gathered for one send */
#define SHARE_MAX (1u << 30)  /* streams of a thread */

struct framed *h2s_framed(struct h2s *h)
{
	return h ? &h->framed : NULL;
}

struct h2s *h2s_of(struct framed *t)
{
	return (struct h2s *)(void *)t;
}

/* --- what nghttp2 calls ----------------------------------------------------------------- */

static struct h2s_stream *stream_of(nghttp2_session *ng, int32_t id)
{
	return nghttp2_session_get_stream_user_data(ng, id);
}

static bool is_request(const nghttp2_frame *frame)
{
	return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static int on_begin(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct h2s *h = user;
	if (!is_request(frame))
		return 0;
	struct h2s_stream *st = h2s_stream_new(h, frame->hd.stream_id);
	if (!st)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	return nghttp2_session_set_stream_user_data(ng, st->id, st);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *user)
{
	struct h2s_stream *st = stream_of(ng, frame->hd.stream_id);
	(void)flags, (void)user;
	if (st && is_request(frame))
		h2s_stream_header(st, (struct span){(const char *)name, name_len},
				  (struct span){(const char *)value, value_len});
	return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
		   void *user)
{
	struct h2s_stream *st = stream_of(ng, id);
	(void)flags;
	if (st)
		h2s_stream_data(user, st, (struct span){(const char *)data, len});
	return 0;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct h2s *h = user;
	struct h2s_stream *st = stream_of(ng, frame->hd.stream_id);
	if (!st || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return 0;
	if (is_request(frame) && !h2s_stream_headed(h, st))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) && !h2s_stream_complete(h, st))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static int on_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct h2s *h = user;
	if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
		count_add(&h->server->counts, COUNT_BAD_REQUESTS, 1);
	if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
	    !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	const struct h2s_stream *st = stream_of(ng, frame->hd.stream_id);
	h->answered += st && !st->owed.silent;
	return 0;
}

static int on_close(nghttp2_session *ng, int32_t id, uint32_t error, void *user)
{
	struct h2s_stream *st = stream_of(ng, id);
	(void)error;
	if (st)
		h2s_stream_free(user, st);
	return 0;
}

bool h2s_shared_init(struct h2s_shared *h, uint32_t connections, uint64_t streams)
{
	uint64_t max = (uint64_t)connections * streams;
	pool_init(&h->streams, sizeof(struct h2s_stream), max < SHARE_MAX ? max : SHARE_MAX);
	if (nghttp2_session_callbacks_new(&h->callbacks) || nghttp2_option_new(&h->option))
		return false;
	nghttp2_option_set_no_closed_streams(h->option, 1);
	nghttp2_session_callbacks_set_on_begin_headers_callback(h->callbacks, on_begin);
	nghttp2_session_callbacks_set_on_header_callback(h->callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(h->callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(h->callbacks, on_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(h->callbacks, on_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(h->callbacks, on_close);
	return true;
}

void h2s_shared_fini(struct h2s_shared *h)
{
	if (!h->streams.size)
		return;
	nghttp2_session_callbacks_del(h->callbacks);
	nghttp2_option_del(h->option);
	pool_fini(&h->streams);
}

/* --- its life --------------------------------------------------------------------------- */

static struct h2s *begin(struct server *s, struct session *c)
{
	struct h2s *h = calloc(1, sizeof *h);
	if (!h)
		return NULL;
	h->server = s;
	h->session = c;
	h->last = INT32_MAX;
	buf_init(&h->framed.out, FRAMED_OUT_MAX);
	if (nghttp2_session_server_new2(&h->ng, s->h2.callbacks, h, s->h2.option)) {
		free(h);
		return NULL;
	}
	return h;
}

static bool settle(struct h2s *h)
{
	const nghttp2_settings_entry entries[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
		 (uint32_t)h->server->target->settings->streams_max},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
	};
	count_add(&h->server->counts, COUNT_H2_CONNECTIONS, 1);
	return nghttp2_submit_settings(h->ng, NGHTTP2_FLAG_NONE, entries,
				       sizeof entries / sizeof *entries) == 0 &&
	       nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE, 0, WINDOW) == 0;
}

struct h2s *h2s_new(struct server *s, struct session *c)
{
	struct h2s *h = begin(s, c);
	if (!h || settle(h))
		return h;
	h2s_free(h);
	return NULL;
}

/* The request that asked becomes stream 1, with nothing more to come: RFC 7540 3.2. */
static bool adopt(struct h2s *h, const struct upgrade *u, struct span path, bool head)
{
	struct buf settings;
	buf_init(&settings, UPGRADE_VALUE_MAX);
	struct h2s_stream *st = h2s_stream_new(h, 1);
	bool done = st && upgrade_settings(u, &settings) &&
		    nghttp2_session_upgrade2(h->ng, (const uint8_t *)settings.ptr, settings.len,
					     head, NULL) == 0 &&
		    nghttp2_session_set_stream_user_data(h->ng, 1, st) == 0;
	buf_fini(&settings);
	if (!done)
		return false;
	st->head = head;
	h2s_stream_header(st, span_of(":path"), path);
	h->session->requests--; /* it was counted when it came */
	return settle(h) && h2s_stream_complete(h, st);
}

struct h2s *h2s_new_upgraded(struct server *s, struct session *c, const struct upgrade *u,
			     struct span path, bool head)
{
	struct h2s *h = begin(s, c);
	if (!h)
		return NULL;
	upgrade_accept(u, &h->framed.out);
	if (!h->framed.out.cut && adopt(h, u, path, head))
		return h;
	h2s_free(h);
	return NULL;
}

void h2s_free(struct h2s *h)
{
	while (h->open.first)
		h2s_stream_free(h, h->open.first);
	while (h->waiting.first)
		h2s_stream_free(h, h->waiting.first);
	nghttp2_session_del(h->ng);
	buf_fini(&h->framed.out);
	free(h);
}

/* --- bytes ------------------------------------------------------------------------------ */

/* What breaks the protocol nghttp2 answers itself, with a GOAWAY, and then wants no more. */
bool h2s_bytes(struct h2s *h, struct span bytes)
{
	ssize_t used = nghttp2_session_mem_recv(h->ng, (const uint8_t *)bytes.ptr, bytes.len);
	if (used == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
		count_add(&h->server->counts, COUNT_BAD_REQUESTS, 1);
		h->end = ANSWER_CLOSE;
		return true;
	}
	return used >= 0;
}

bool h2s_fill(struct h2s *h)
{
	struct buf *out = &h->framed.out;
	if (!h2s_streams_wake(h))
		return false;
	while (out->len < PIECE) {
		const uint8_t *bytes;
		ssize_t len = nghttp2_session_mem_send(h->ng, &bytes);
		if (len < 0)
			return false;
		if (len == 0)
			break;
		buf_append(out, bytes, (size_t)len);
	}
	if (!out->len)
		h2s_took(h);
	return true;
}

void h2s_took(struct h2s *h)
{
	count_add(&h->server->counts, COUNT_ANSWERS, h->answered);
	h->answered = 0;
}

enum answer_end h2s_end(const struct h2s *h, bool peer_done)
{
	if (h->end != ANSWER_KEEP)
		return h->end;
	bool over = !nghttp2_session_want_read(h->ng) && !nghttp2_session_want_write(h->ng);
	/* Who has ended the transport cannot go on with flow control, and waits for no answer. */
	return over || peer_done ? ANSWER_CLOSE : ANSWER_KEEP;
}

bool h2s_idle(const struct h2s *h)
{
	return !h->open.first && !h->waiting.first;
}
