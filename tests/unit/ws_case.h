/* A WebSocket connection of ours in memory, fed with bytes in pieces of any size; its frames are
 * taken apart by hand. */
#ifndef BRINK_TESTS_WS_CASE_H
#define BRINK_TESTS_WS_CASE_H

#include "proto/ws_impl.h"

#include "base/base64.h"

#include <check.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#define BYTES(text) text, sizeof(text) - 1
#define FIFTY       "01234567890123456789012345678901234567890123456789"
#define UPGRADED                                                                                   \
	"HTTP/1.1 101 Switching\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"

struct ws_case {
	uint64_t number;
	size_t piece; /* bytes fed at once; 0: all */
	void *plan;
	struct ws ws;
	struct buf out;
	char payload[80000]; /* of the frame looked at last */
	struct proto_answer answer;
	enum proto_step step; /* the latest */
	unsigned answers, different;
};

struct sent {
	unsigned opcode;
	uint32_t key;
	struct span payload;
};

static inline void case_begin(struct ws_case *c, struct proto_spec spec)
{
	struct err err = {0};
	spec.authority = "127.0.0.1:80";
	spec.path = "/chat";
	spec.method = "GET";
	spec.streams = spec.streams ? spec.streams : 1;
	c->step = PROTO_MORE;
	c->answers = c->different = 0;
	ck_assert_msg(!proto_ws.compile(&c->plan, &spec, &err), "%s", err.text);
	buf_init(&c->out, 64u << 20);
	proto_ws.open(&c->ws, c->plan, c->number, &c->out);
}

static inline void case_end(struct ws_case *c)
{
	proto_ws.close(&c->ws);
	proto_ws.discard(c->plan);
	buf_fini(&c->out);
}

static inline void case_key(const struct ws_case *c, char *ret)
{
	static const char NAME[] = "\r\nSec-WebSocket-Key: ";
	const char *at = strstr(c->out.ptr, NAME);
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at + strlen(NAME), "%63[^\r]", ret), 1);
}

/* What a server answers to the key that was asked with, RFC 6455 4.2.2. */
static inline void case_accept_key(const struct ws_case *c, char *ret)
{
	char text[128];
	unsigned char digest[20];
	struct buf out;
	case_key(c, text);
	strcat(text, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
	SHA1((const unsigned char *)text, strlen(text), digest);
	buf_init(&out, 64);
	base64_append(&out, digest, sizeof digest);
	strcpy(ret, out.ptr);
	buf_fini(&out);
}

static inline void case_feed(struct ws_case *c, const char *bytes, size_t len)
{
	while (len && c->step != PROTO_FAULT) {
		size_t n = c->piece && c->piece < len ? c->piece : len;
		struct span in = {bytes, n};
		bytes += n;
		len -= n;
		do {
			c->step = proto_ws.feed(&c->ws, &in, &c->out, &c->answer);
			c->answers += c->step == PROTO_ANSWER;
			c->different += c->step == PROTO_ANSWER && c->answer.differs;
		} while (c->step == PROTO_ANSWER);
		ck_assert(c->step == PROTO_FAULT || !in.len);
	}
}

static inline void case_accept(struct ws_case *c, const char *fields)
{
	char text[1024], accept[64];
	case_accept_key(c, accept);
	int len = snprintf(text, sizeof text, UPGRADED "Sec-WebSocket-Accept: %s\r\n%s\r\n", accept,
			   fields);
	c->out.len = 0;
	case_feed(c, text, (size_t)len);
}

static inline void case_open(struct ws_case *c, struct proto_spec spec)
{
	case_begin(c, spec);
	case_accept(c, "");
	ck_assert(proto_ws.ready(&c->ws));
}

static inline void case_send(struct ws_case *c)
{
	static const struct proto_request plain;
	ck_assert(proto_ws.send(&c->ws, 0, &plain, &c->out));
}

/* The first frame of ours that waits, unmasked; it is taken out. */
static inline struct sent case_sent(struct ws_case *c)
{
	const unsigned char *at = (const unsigned char *)c->out.ptr;
	ck_assert_uint_ge(c->out.len, 6);
	struct sent s = {.opcode = at[0] & 15u};
	ck_assert_uint_eq(at[0] & 0xf0, 0x80); /* whole, nothing reserved */
	ck_assert_uint_eq(at[1] & 0x80, 0x80); /* RFC 6455 5.3 */
	size_t len = at[1] & 0x7f, more = len == 127 ? 8 : len == 126 ? 2 : 0, head = 2 + more;
	for (size_t i = 0; i < more; i++)
		len = (i ? len << 8 : 0) | at[2 + i];
	ck_assert(more != 2 || len > 125);
	ck_assert(more != 8 || len > 0xffff);
	memcpy(&s.key, at + head, 4);
	ck_assert_uint_ge(c->out.len, head + 4 + len);
	for (size_t i = 0; i < len; i++)
		c->payload[i] = (char)(at[head + 4 + i] ^ at[head + i % 4]);
	s.payload = (struct span){c->payload, len};
	c->out.len -= head + 4 + len;
	memmove(c->out.ptr, c->out.ptr + head + 4 + len, c->out.len);
	return s;
}

/* The last word is a close frame of this code; 1005: of none. */
static inline void check_close(struct ws_case *c, unsigned code)
{
	struct sent s = case_sent(c);
	ck_assert_uint_eq(s.opcode, WSLAY_CONNECTION_CLOSE);
	ck_assert_uint_eq(c->out.len, 0);
	if (code == WS_NO_CODE) {
		ck_assert_uint_eq(s.payload.len, 0);
		return;
	}
	ck_assert_uint_eq(s.payload.len, 2);
	ck_assert_uint_eq((unsigned)(unsigned char)s.payload.ptr[0] << 8 |
				  (unsigned char)s.payload.ptr[1],
			  code);
}

static inline void check_fault(struct ws_case *c, enum proto_fault fault, unsigned code)
{
	ck_assert_int_eq(c->step, PROTO_FAULT);
	ck_assert_int_eq(c->answer.fault, fault);
	ck_assert_int_eq(c->answer.code, (int)code);
	ck_assert_ptr_nonnull(c->answer.detail);
	check_close(c, code);
}

static inline void case_pong(struct ws_case *c, const char *number)
{
	char frame[6] = {(char)0x8a, 4};
	memcpy(frame + 2, number, 4);
	case_feed(c, frame, sizeof frame);
}

/* Feeds a frame's head of a length that need not be the shortest's. */
static inline void case_head(struct ws_case *c, unsigned first, size_t len)
{
	char head[10] = {(char)first, (char)(len > 0xffff ? 127 : len > 125 ? 126 : len)};
	size_t more = len > 0xffff ? 8 : len > 125 ? 2 : 0;
	for (size_t i = 0; i < more; i++)
		head[2 + i] = (char)(len >> 8 * (more - 1 - i));
	case_feed(c, head, 2 + more);
}

/* Feeds a compressed message; `split`: its first fragment's length, 0 for none. */
static inline void case_deflated(struct ws_case *c, z_stream *z, const char *text, size_t split)
{
	static char out[1 << 20];
	z->next_in = (Bytef *)(uintptr_t)text;
	z->avail_in = (uInt)strlen(text);
	z->next_out = (Bytef *)out;
	z->avail_out = sizeof out;
	ck_assert_int_eq(deflate(z, Z_SYNC_FLUSH), Z_OK);
	size_t len = sizeof out - z->avail_out - 4; /* RFC 7692 7.2.1: without 00 00 ff ff */
	if (split) {
		case_head(c, 0x41, split);
		case_feed(c, out, split);
	}
	case_head(c, split ? 0x80 : 0xc1, len - split);
	case_feed(c, out + split, len - split);
}

#endif
