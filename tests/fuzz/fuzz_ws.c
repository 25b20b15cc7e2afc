/* The WebSocket client: any bytes behind a good upgrade, however cut, must end in the same answers
 * or the same fault with the same last word, with nothing read outside them and no byte lost.
 *
 * Three bytes come first: what the connection is for (bits: pings, deflate, any answer, binary),
 * and how many messages are in flight; how long the first piece is; how long each further one. The
 * rest is what the peer sends. */
#include "proto/ws_impl.h"

#include "base/base64.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PREFIX = 3, PIECE_MAX = 32, STREAMS = 16, OUT_MAX = 1 << 20 };

struct outcome {
	unsigned answers, different;
	struct proto_answer last;
	enum proto_step step;
	struct buf out;
};

static void need(bool condition)
{
	if (!condition)
		__builtin_trap();
}

/* A server's answer to the key that `asked` has, RFC 6455 4.2.2. */
static void accept_key(struct buf *asked, bool deflate, char *to, size_t len)
{
	static const char NAME[] = "Sec-WebSocket-Key: ";
	unsigned char digest[20];
	struct buf key;
	buf_init(&key, 128);
	buf_append(&key, strstr(asked->ptr, NAME) + strlen(NAME), 24);
	buf_puts(&key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
	SHA1((const unsigned char *)key.ptr, key.len, digest);
	key.len = 0;
	base64_append(&key, digest, sizeof digest);
	snprintf(to, len,
		 "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
		 "Sec-WebSocket-Accept: %s\r\n%s\r\n",
		 key.ptr, deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
	buf_fini(&key);
}

static void feed(struct ws *ws, struct span in, struct outcome *o)
{
	do {
		struct proto_answer a = {0};
		o->step = proto_ws.feed(ws, &in, &o->out, &a);
		if (o->step != PROTO_MORE)
			o->last = a;
		o->answers += o->step == PROTO_ANSWER;
		o->different += o->step == PROTO_ANSWER && a.differs;
	} while (o->step == PROTO_ANSWER);
	need(o->step == PROTO_FAULT || !in.len);
}

static void play(const struct ws_plan *plan, unsigned messages, struct span bytes, size_t first,
		 size_t piece, struct outcome *o)
{
	static const struct proto_request plain;
	struct ws ws;
	char text[512];
	buf_init(&o->out, OUT_MAX);
	proto_ws.open(&ws, plan, 7, &o->out);
	accept_key(&o->out, plan->spec.ws.deflate, text, sizeof text);
	o->out.len = 0;
	feed(&ws, span_of(text), o);
	need(proto_ws.ready(&ws));
	for (unsigned i = 0; i < messages; i++)
		need(proto_ws.send(&ws, i, &plain, &o->out));
	for (size_t n = first; bytes.len && o->step != PROTO_FAULT; n = piece) {
		n = n && n < bytes.len ? n : bytes.len;
		/* a block of its own: the sanitizer sees what is read past it */
		char *copy = malloc(n);
		memcpy(copy, bytes.ptr, n);
		feed(&ws, (struct span){copy, n}, o);
		free(copy);
		span_skip(&bytes, n);
	}
	if (o->step != PROTO_FAULT)
		o->step = proto_ws.eof(&ws, &o->last);
	proto_ws.close(&ws);
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return a->answers == b->answers && a->different == b->different && a->step == b->step &&
	       a->last.fault == b->last.fault && a->last.code == b->last.code &&
	       a->out.len == b->out.len &&
	       (!a->out.len || !memcmp(a->out.ptr, b->out.ptr, a->out.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < PREFIX)
		return 0;
	const struct proto_spec spec = {
		.authority = "x",
		.path = "/",
		.method = "GET",
		.body = {"hello", 5},
		.streams = STREAMS,
		.pings = data[0] & 1,
		.ws = {.deflate = data[0] & 2, .any_answer = data[0] & 4, .binary = data[0] & 8},
	};
	struct span bytes = {(const char *)data + PREFIX, size - PREFIX};
	struct outcome whole = {0}, pieces = {0};
	struct err err;
	void *plan;
	need(!proto_ws.compile(&plan, &spec, &err));
	play(plan, data[0] >> 4, bytes, 0, 0, &whole);
	play(plan, data[0] >> 4, bytes, data[1], data[2] % PIECE_MAX, &pieces);
	need(same(&whole, &pieces));
	buf_fini(&whole.out);
	buf_fini(&pieces.out);
	proto_ws.discard(plan);
	return 0;
}
