/* A connection of ours against a server made of libnghttp2, in memory: bytes go back and forth in
 * pieces of any size. */
#ifndef BRINK_TESTS_H2_CASE_H
#define BRINK_TESTS_H2_CASE_H

#include "proto/h2_impl.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define ANSWERS_MAX 4096

struct peer {
	nghttp2_session *session;
	unsigned requests;    /* whole ones */
	size_t body_received; /* of all requests */
	size_t body_len;      /* of each answer */
	size_t body_left[4 * PROTO_STREAMS_MAX];
	bool trailers;
	bool interim; /* a 103 comes before each answer */
	int goaway_code;
	char path[128], agent[128];
};

struct h2_case {
	void *plan;
	struct h2 h;
	struct buf out;
	struct peer peer;
	struct proto_answer answers[ANSWERS_MAX];
	unsigned answer_count;
	enum proto_step step; /* the latest */
	size_t piece;         /* bytes fed at once; 0: all */
};

static inline ssize_t peer_body(nghttp2_session *s, int32_t id, uint8_t *to, size_t len,
				uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
	struct peer *p = ctx;
	size_t *left = &p->body_left[id / 2 % (4 * PROTO_STREAMS_MAX)];
	size_t n = *left < len ? *left : len;
	(void)source;
	memset(to, 'x', n);
	*left -= n;
	if (!*left) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (p->trailers) {
			nghttp2_nv nv = {(uint8_t *)"grpc-status", (uint8_t *)"0", 11, 1, 0};
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			nghttp2_submit_trailer(s, id, &nv, 1);
		}
	}
	return (ssize_t)n;
}

#define PEER_NV(n, v)                                                                              \
	{                                                                                          \
		(uint8_t *)(n), (uint8_t *)(v), strlen(n), strlen(v), NGHTTP2_NV_FLAG_NONE         \
	}

static inline int peer_answer(struct peer *p, int32_t id)
{
	nghttp2_nv nv[] = {PEER_NV(":status", "200"), PEER_NV("server", "peer/1"),
			   PEER_NV("content-type", "text/plain")};
	nghttp2_nv early[] = {PEER_NV(":status", "103"), PEER_NV("link", "</a>")};
	nghttp2_data_provider body = {.read_callback = peer_body};
	if (p->interim)
		nghttp2_submit_headers(p->session, NGHTTP2_FLAG_NONE, id, NULL, early, 2, NULL);
	p->body_left[id / 2 % (4 * PROTO_STREAMS_MAX)] = p->body_len;
	return nghttp2_submit_response(p->session, id, nv, 3, p->body_len ? &body : NULL);
}

static inline int peer_frame(nghttp2_session *s, const nghttp2_frame *f, void *ctx)
{
	struct peer *p = ctx;
	(void)s;
	if (f->hd.type == NGHTTP2_GOAWAY)
		p->goaway_code = (int)f->goaway.error_code;
	bool whole = (f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA) &&
		     f->hd.flags & NGHTTP2_FLAG_END_STREAM;
	p->requests += whole;
	return whole ? peer_answer(p, f->hd.stream_id) : 0;
}

static inline int peer_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *data,
			    size_t len, void *ctx)
{
	(void)s, (void)flags, (void)id, (void)data;
	((struct peer *)ctx)->body_received += len;
	return 0;
}

static inline int peer_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name,
			      size_t name_len, const uint8_t *value, size_t value_len,
			      uint8_t flags, void *ctx)
{
	struct peer *p = ctx;
	(void)s, (void)f, (void)flags;
	if (name_len == 5 && !memcmp(name, ":path", 5))
		snprintf(p->path, sizeof p->path, "%.*s", (int)value_len, (const char *)value);
	if (name_len == 10 && !memcmp(name, "user-agent", 10))
		snprintf(p->agent, sizeof p->agent, "%.*s", (int)value_len, (const char *)value);
	return 0;
}

static inline void peer_open(struct peer *p, const nghttp2_settings_entry *settings, unsigned count)
{
	nghttp2_session_callbacks *c;
	nghttp2_session_callbacks_new(&c);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, peer_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, peer_data);
	nghttp2_session_callbacks_set_on_header_callback(c, peer_header);
	ck_assert_int_eq(nghttp2_session_server_new(&p->session, c, p), 0);
	nghttp2_session_callbacks_del(c);
	nghttp2_submit_settings(p->session, NGHTTP2_FLAG_NONE, settings, count);
	p->goaway_code = -1;
}

static inline void case_open(struct h2_case *c, struct proto_spec spec)
{
	struct err err = {0};
	spec.scheme = spec.scheme ? spec.scheme : "http";
	spec.authority = spec.authority ? spec.authority : "127.0.0.1:8080";
	spec.path = spec.path ? spec.path : "/";
	spec.method = spec.method ? spec.method : "GET";
	spec.streams = spec.streams ? spec.streams : 1;
	ck_assert_msg(!proto_h2.compile(&c->plan, &spec, &err), "%s", err.text);
	buf_init(&c->out, 64u << 20);
	proto_h2.open(&c->h, c->plan, 0, &c->out);
}

static inline void case_close(struct h2_case *c)
{
	proto_h2.close(&c->h);
	proto_h2.discard(c->plan);
	buf_fini(&c->out);
	nghttp2_session_del(c->peer.session);
}

static inline void case_send(struct h2_case *c, uint32_t tag)
{
	static const struct proto_request plain;
	ck_assert(proto_h2.send(&c->h, tag, &plain, &c->out));
}

/* Bytes for us, in pieces. */
static inline void case_feed(struct h2_case *c, const void *bytes, size_t len)
{
	while (len && c->step != PROTO_FAULT) {
		size_t n = c->piece && c->piece < len ? c->piece : len;
		struct span in = {bytes, n};
		bytes = (const char *)bytes + n;
		len -= n;
		do {
			struct proto_answer *a = &c->answers[c->answer_count];
			c->step = proto_h2.feed(&c->h, &in, &c->out, a);
			c->answer_count += c->step != PROTO_MORE;
			ck_assert_uint_lt(c->answer_count, ANSWERS_MAX);
		} while (c->step == PROTO_ANSWER);
		ck_assert(c->step == PROTO_FAULT || !in.len);
	}
}

/* Back and forth until nobody has anything to say. */
static inline void case_talk(struct h2_case *c)
{
	bool more = true;
	while (more) {
		const uint8_t *from;
		more = c->out.len > 0;
		ssize_t took = nghttp2_session_mem_recv(c->peer.session, (uint8_t *)c->out.ptr,
							c->out.len);
		ck_assert_int_eq(took, (ssize_t)c->out.len);
		c->out.len = 0;
		proto_h2.drained(&c->h, &c->out);
		ssize_t len;
		while ((len = nghttp2_session_mem_send(c->peer.session, &from)) > 0) {
			case_feed(c, from, (size_t)len);
			more = true;
		}
		more |= c->out.len > 0;
	}
}

#endif
