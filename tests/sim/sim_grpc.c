/* What a server of gRPC answers to a call, over a session of HTTP/2: messages and their trailers,
 * a status at once, and what no server should. */
#include "tests/sim/sim_impl.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

#define PREFIX       5u
#define MESSAGES_MAX 8u
#define TOO_LONG     (5u << 20)

enum flaw { WELL, BAD_PREFIX, CUT, OVERLONG, NO_STATUS, FLAWS };
#define CUT_BYTES 3u

/* Of an answer under way; what a stream of libnghttp2's is told, in place of a pointer. */
struct saying {
	uint32_t left; /* bytes, all messages' */
	unsigned size; /* of each of them */
	unsigned status;
	enum flaw flaw;
};

#define NV(n, v)                                                                                   \
	{                                                                                          \
		(uint8_t *)(n), (uint8_t *)(v), strlen(n), strlen(v), NGHTTP2_NV_FLAG_NONE         \
	}

static void keep(nghttp2_session *session, int32_t id, struct saying s)
{
	uint64_t packed =
		s.left | (uint64_t)s.size << 32 | (uint64_t)s.status << 48 | (uint64_t)s.flaw << 56;
	nghttp2_session_set_stream_user_data(session, id, (void *)(uintptr_t)packed);
}

static struct saying kept(nghttp2_session *session, int32_t id)
{
	uint64_t packed = (uintptr_t)nghttp2_session_get_stream_user_data(session, id);
	return (struct saying){.left = (uint32_t)packed,
			       .size = packed >> 32 & 0xffff,
			       .status = packed >> 48 & 0xff,
			       .flaw = (enum flaw)(packed >> 56)};
}

static uint8_t byte_of(const struct saying *s)
{
	uint32_t whole = PREFIX + s->size, left = s->left % whole;
	uint32_t at = left ? whole - left : 0;
	uint32_t len = s->flaw == OVERLONG ? TOO_LONG : s->size;
	if (at == 0)
		return s->flaw == BAD_PREFIX ? 2 : 0;
	return at < PREFIX ? (uint8_t)(len >> 8 * (PREFIX - 1 - at)) : 'x';
}

static void end_with_trailers(nghttp2_session *session, int32_t id, const struct saying *s)
{
	char number[8];
	snprintf(number, sizeof number, "%u", s->status);
	nghttp2_nv nv[] = {NV("grpc-message", "so%20it%20went"), NV("grpc-status", number)};
	nghttp2_submit_trailer(session, id, nv, s->flaw == NO_STATUS ? 1 : 2);
}

static ssize_t body(nghttp2_session *session, int32_t id, uint8_t *to, size_t len, uint32_t *flags,
		    nghttp2_data_source *source, void *ctx)
{
	struct saying s = kept(session, id);
	uint32_t end = s.flaw == CUT && s.left ? CUT_BYTES : 0;
	size_t n = 0;
	(void)source, (void)ctx;
	for (; n < len && s.left > end; s.left--)
		to[n++] = byte_of(&s);
	keep(session, id, s);
	if (s.left > end)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
	end_with_trailers(session, id, &s);
	return (ssize_t)n;
}

/* A call's answer is a message, or a stream of them. */
static void choose(struct ring *r, struct saying *ret, unsigned *ret_count)
{
	bool fails = sim_happens(r, r->script.status_404);
	bool streams = sim_happens(r, r->script.chunked);
	*ret_count = fails ? 0 : streams ? (unsigned)rng_below(&r->rng, MESSAGES_MAX) : 1;
	*ret = (struct saying){
		.size = (unsigned)rng_below(&r->rng, rng_below(&r->rng, 4) ? 100 : 20000),
		.status = fails ? 1 + (unsigned)rng_below(&r->rng, 20) : 0,
		.flaw = sim_happens(r, r->script.garbage) ? (enum flaw)rng_below(&r->rng, FLAWS)
							  : WELL,
	};
	ret->left = *ret_count * (PREFIX + ret->size);
}

void sim_grpc_answer(struct ring *r, nghttp2_session *session, int32_t id)
{
	struct saying s;
	unsigned count;
	char number[8];
	nghttp2_data_provider from = {.read_callback = body};
	choose(r, &s, &count);
	snprintf(number, sizeof number, "%u", s.status);
	nghttp2_nv nv[] = {NV(":status", "200"), NV("content-type", "application/grpc"),
			   NV("grpc-status", number)};
	bool at_once = !count && s.flaw == WELL;
	keep(session, id, s);
	nghttp2_submit_response(session, id, nv, at_once ? 3 : 2, at_once ? NULL : &from);
	r->truth.answers++;
	r->truth.answers_ok += !s.status && (s.flaw == WELL || !count);
	r->truth.messages += count;
}
