/* Bytes of a hostile server to a client of HTTP/2, in two ways that the first byte chooses:
 * as they stand, behind requests in flight; or as decisions, by which a server of libnghttp2's
 * answers, resets, leaves and limits, so that all that it says is right and must be taken.
 * Bytes come in pieces. Nothing may crash, leak, or end a request twice; what we send to the server
 * of libnghttp2's must be right. */
#include "proto/h2_impl.h"

#include <stdlib.h>

#define STREAMS 8u
#define TURNS   64u
#define OUT_MAX ((size_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEMAND(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

struct input {
	const uint8_t *at, *end;
};

struct client {
	void *plan;
	struct h2 h;
	struct buf out;
	struct proto_heard heard;
	bool in_flight[STREAMS];
	bool over;
	bool tells; /* requests are told as text, all of a connection's or none */
};

static uint8_t next(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* --- our side ---------------------------------------------------------------------------- */

/* Compiled once a kind, and kept. */
static void *plan_of(uint8_t kind)
{
	static void *plans[256];
	static const char body[40000];
	struct err err;
	const struct proto_spec spec = {.scheme = "http",
					.authority = "fuzz",
					.path = "/",
					.method = kind & 2 ? "HEAD" : "GET",
					.body = {body, kind & 4 ? sizeof body : 0},
					.streams = STREAMS,
					.window = kind & 8 ? 1000 : 0,
					.upgrade = kind & 16,
					.pings = kind & 32 && kind & 1};
	if (!plans[kind])
		DEMAND(!proto_h2.compile(&plans[kind], &spec, &err));
	return plans[kind];
}

static void open_client(struct client *c, uint8_t kind)
{
	c->plan = plan_of(kind);
	c->tells = kind & 64;
	buf_init(&c->out, OUT_MAX);
	buf_init(&c->heard.head, 4096);
	buf_init(&c->heard.body, 4096);
	proto_h2.open(&c->h, c->plan, 1, &c->out);
}

static void close_client(struct client *c)
{
	struct proto_answer a = {0};
	if (!c->over)
		proto_h2.eof(&c->h, &a);
	proto_h2.close(&c->h);
	buf_fini(&c->out);
	buf_fini(&c->heard.head);
	buf_fini(&c->heard.body);
}

static void send_some(struct client *c, uint8_t how)
{
	static const char text[] = "POST /a HTTP/1.1\r\nHost: b\r\nX-Y: z\r\n\r\nbody";
	uint32_t tag = how % STREAMS;
	if (c->over || c->in_flight[tag] || !proto_h2.ready(&c->h) || !proto_h2.room(&c->h))
		return;
	const struct proto_request r = {
		.text = c->tells ? span_of(text) : (struct span){0},
		.heard = how & 128 ? &c->heard : NULL,
	};
	DEMAND(proto_h2.send(&c->h, tag, &r, &c->out));
	c->in_flight[tag] = true;
}

static void cancel(struct client *c, uint32_t tag)
{
	if (c->over || !c->in_flight[tag])
		return;
	proto_h2.cancel(&c->h, tag, &c->out);
	c->in_flight[tag] = false;
}

static void feed(struct client *c, const uint8_t *bytes, size_t len)
{
	struct span in = {(const char *)bytes, len};
	enum proto_step step = PROTO_MORE;
	struct proto_answer a = {0};
	if (c->over)
		return;
	while ((step = proto_h2.feed(&c->h, &in, &c->out, &a)) == PROTO_ANSWER) {
		DEMAND(a.tag < STREAMS && c->in_flight[a.tag]);
		c->in_flight[a.tag] = false;
	}
	c->over = step == PROTO_FAULT;
	DEMAND(c->over || !in.len);
	DEMAND(!c->over || a.detail || a.fault);
	DEMAND(!c->out.cut);
}

static void check_books(const struct client *c)
{
	unsigned in_flight = 0;
	for (unsigned i = 0; i < STREAMS; i++)
		in_flight += c->in_flight[i];
	DEMAND(c->h.in_use == in_flight);
}

/* --- a hostile server -------------------------------------------------------------------- */

/* Now and then something happens between two pieces, by the length of the piece. */
static void play_hostile(struct client *c, struct input *in)
{
	uint8_t piece = next(in);
	for (unsigned i = 0; i < 4; i++)
		send_some(c, (uint8_t)(i * 37));
	while (in->at < in->end) {
		size_t len = piece ? piece : 4096;
		size_t left = (size_t)(in->end - in->at);
		len = len < left ? len : left;
		/* a copy of its own, so that a read past its end is seen */
		uint8_t *copy = malloc(len);
		memcpy(copy, in->at, len);
		feed(c, copy, len);
		free(copy);
		in->at += len;
		check_books(c);
		if (piece & 1) {
			cancel(c, piece / 2 % STREAMS);
			send_some(c, piece);
			c->out.len = 0;
			proto_h2.drained(&c->h, &c->out);
		}
	}
}

/* --- a server that keeps the rules ------------------------------------------------------- */

struct server {
	struct input *in;
	nghttp2_session *session;
	int32_t waiting[4 * TURNS];
	unsigned waiting_count;
	bool leaves;
};

static int frame_received(nghttp2_session *session, const nghttp2_frame *f, void *ctx)
{
	struct server *s = ctx;
	(void)session;
	bool head = f->hd.type == NGHTTP2_HEADERS && f->headers.cat == NGHTTP2_HCAT_REQUEST;
	if (head && s->waiting_count < 4 * TURNS)
		s->waiting[s->waiting_count++] = f->hd.stream_id;
	return 0;
}

static int frame_sent(nghttp2_session *session, const nghttp2_frame *f, void *ctx)
{
	(void)session, (void)ctx;
	DEMAND(f->hd.type != NGHTTP2_GOAWAY || f->goaway.error_code == NGHTTP2_NO_ERROR);
	return 0;
}

static ssize_t give_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
			 uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
	struct server *s = ctx;
	uint8_t how = next(s->in);
	size_t len = (size_t)how * 50 < room ? (size_t)how * 50 : room;
	(void)source;
	memset(to, how, len);
	if (!(how & 3) || s->in->at == s->in->end)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	if ((how & 15) == 4 && *flags) {
		nghttp2_nv nv = {(uint8_t *)"t", (uint8_t *)"u", 1, 1, NGHTTP2_NV_FLAG_NONE};
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		nghttp2_submit_trailer(session, id, &nv, 1);
	}
	return (ssize_t)len;
}

static ssize_t pad(nghttp2_session *session, const nghttp2_frame *f, size_t most, void *ctx)
{
	uint8_t how = next(((struct server *)ctx)->in);
	size_t padded = f->hd.length + (how & 7 ? 0 : how);
	(void)session;
	return (ssize_t)(padded < most ? padded : most);
}

static void open_server(struct server *s, struct input *in)
{
	nghttp2_session_callbacks *c;
	*s = (struct server){.in = in};
	DEMAND(!nghttp2_session_callbacks_new(&c));
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, frame_received);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, frame_sent);
	nghttp2_session_callbacks_set_select_padding_callback(c, pad);
	DEMAND(!nghttp2_session_server_new(&s->session, c, s));
	nghttp2_session_callbacks_del(c);
	nghttp2_submit_settings(s->session, NGHTTP2_FLAG_NONE, NULL, 0);
}

static void limit(struct server *s, uint8_t how)
{
	static const int32_t ids[] = {
		NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
		NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, NGHTTP2_SETTINGS_MAX_FRAME_SIZE};
	int32_t id = ids[how & 3];
	uint32_t value =
		(uint32_t)(how >> 2) * (id == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE ? 999 : 1);
	value += id == NGHTTP2_SETTINGS_MAX_FRAME_SIZE ? 16384 : 0;
	nghttp2_settings_entry entry = {id, value};
	nghttp2_submit_settings(s->session, NGHTTP2_FLAG_NONE, &entry, 1);
}

static void answer(struct server *s, int32_t id, uint8_t how)
{
	static const char *const statuses[] = {"200", "404", "503", "204"};
	const char *status = statuses[how >> 2 & 3];
	nghttp2_nv nv[] = {{(uint8_t *)":status", (uint8_t *)(uintptr_t)status, 7, 3, 0},
			   {(uint8_t *)"x", (uint8_t *)"y", 1, how >> 4 & 1, 0}};
	nghttp2_nv interim = {(uint8_t *)":status", (uint8_t *)"103", 7, 3, 0};
	const nghttp2_data_provider body = {.read_callback = give_body};
	if (how & 32)
		nghttp2_submit_headers(s->session, NGHTTP2_FLAG_NONE, id, NULL, &interim, 1, NULL);
	nghttp2_submit_response(s->session, id, nv, 2, how & 64 && *status != '2' ? &body : NULL);
}

static void decide(struct server *s)
{
	uint8_t what = next(s->in), how = next(s->in);
	if (what % 8 == 1)
		limit(s, how);
	if (what % 8 == 2)
		nghttp2_submit_ping(s->session, NGHTTP2_FLAG_NONE, NULL);
	if (what % 64 == 3 && !s->leaves) {
		int32_t last = nghttp2_session_get_last_proc_stream_id(s->session) - 2 * (how & 3);
		nghttp2_submit_goaway(s->session, NGHTTP2_FLAG_NONE, last < 0 ? 0 : last,
				      NGHTTP2_NO_ERROR, NULL, 0);
		s->leaves = true;
	}
	if (!s->waiting_count || what % 8 == 2)
		return;
	unsigned at = how % s->waiting_count;
	int32_t id = s->waiting[at];
	s->waiting[at] = s->waiting[--s->waiting_count];
	if (!nghttp2_session_find_stream(s->session, id))
		return;
	if (what % 8 == 4)
		nghttp2_submit_rst_stream(s->session, NGHTTP2_FLAG_NONE, id, how % 14);
	else
		answer(s, id, what >> 1);
}

static void talk(struct client *c, struct server *s)
{
	const uint8_t *bytes;
	ssize_t len = nghttp2_session_mem_recv(s->session, (const uint8_t *)c->out.ptr, c->out.len);
	DEMAND(len == (ssize_t)c->out.len);
	c->out.len = 0;
	proto_h2.drained(&c->h, &c->out);
	decide(s);
	while ((len = nghttp2_session_mem_send(s->session, &bytes)) > 0) {
		size_t piece = 1u + next(s->in) * 8u;
		for (size_t at = 0; at < (size_t)len; at += piece)
			feed(c, bytes + at, (size_t)len - at < piece ? (size_t)len - at : piece);
		check_books(c);
	}
	DEMAND(!c->over);
}

static void play_fair(struct client *c, struct input *in)
{
	struct server s;
	open_server(&s, in);
	for (unsigned turn = 0; turn < TURNS && in->at < in->end; turn++) {
		uint8_t how = next(in);
		send_some(c, how);
		send_some(c, next(in));
		if (how % 16 == 9)
			cancel(c, how / 16 % STREAMS);
		talk(c, &s);
	}
	nghttp2_session_del(s.session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct client c;
	struct input in = {data, data + size};
	memset(&c, 0, sizeof c);
	uint8_t kind = next(&in);
	bool hostile = kind & 1;
	open_client(&c, hostile ? kind : kind & ~(2u | 16u | 32u));
	if (hostile)
		play_hostile(&c, &in);
	else
		play_fair(&c, &in);
	close_client(&c);
	return 0;
}
