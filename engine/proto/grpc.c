#include "proto/grpc.h"

#include "proto/h2_impl.h"

#include <zlib.h>

/* --- what is sent ------------------------------------------------------------------------ */

static void put_prefix(char *to, bool compressed, size_t len)
{
	to[0] = (char)compressed;
	to[1] = (char)(len >> 24);
	to[2] = (char)(len >> 16);
	to[3] = (char)(len >> 8);
	to[4] = (char)len;
}

/* As gzip has it; 0: it would not be shorter. */
static size_t gzip(char *to, size_t room, struct span from)
{
	z_stream z = {0};
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY))
		return 0;
	z.next_in = (Bytef *)(uintptr_t)from.ptr;
	z.avail_in = (uInt)from.len;
	z.next_out = (Bytef *)to;
	z.avail_out = (uInt)room;
	bool whole = deflate(&z, Z_FINISH) == Z_STREAM_END;
	size_t len = whole ? z.total_out : 0;
	deflateEnd(&z);
	return len;
}

int grpc_frame(struct buf *out, struct span message, bool compress)
{
	size_t at = out->len;
	char *to = buf_extend(out, GRPC_PREFIX + message.len);
	if (!to)
		return -1;
	size_t zipped = compress ? gzip(to + GRPC_PREFIX, message.len, message) : 0;
	if (!zipped && message.len)
		memcpy(to + GRPC_PREFIX, message.ptr, message.len);
	size_t len = zipped ? zipped : message.len;
	put_prefix(to, zipped > 0, len);
	out->len = at + GRPC_PREFIX + len;
	return 0;
}

size_t grpc_first_end(const struct grpc_call *c)
{
	return c->turns && c->count ? c->ends[0] : c->messages.len;
}

/* --- what comes -------------------------------------------------------------------------- */

static bool take_prefix(struct grpc_stream *s, struct span *in)
{
	size_t n = GRPC_PREFIX - s->prefix_len;
	n = n < in->len ? n : in->len;
	memcpy(s->prefix + s->prefix_len, in->ptr, n);
	s->prefix_len = (uint8_t)(s->prefix_len + n);
	span_skip(in, n);
	if (s->prefix_len < GRPC_PREFIX)
		return false;
	s->left = h2_u32(s->prefix + 1);
	return true;
}

enum grpc_taken grpc_take(struct grpc_stream *s, struct span *in, uint32_t message_max)
{
	if (s->prefix_len < GRPC_PREFIX) {
		if (!take_prefix(s, in))
			return GRPC_MORE;
		if (s->prefix[0] > 1)
			return GRPC_MALFORMED;
		if (s->left > message_max)
			return GRPC_TOO_LARGE;
	}
	size_t n = s->left < in->len ? s->left : in->len;
	span_skip(in, n);
	s->left -= (uint32_t)n;
	if (s->left)
		return GRPC_MORE;
	s->prefix_len = 0;
	s->messages++;
	return GRPC_MESSAGE;
}

bool grpc_is_whole(const struct grpc_stream *s)
{
	return !s->prefix_len && !s->left;
}

const char *grpc_status_name(int status)
{
	static const char *const names[GRPC_STATUSES] = {
		"OK",
		"CANCELLED",
		"UNKNOWN",
		"INVALID_ARGUMENT",
		"DEADLINE_EXCEEDED",
		"NOT_FOUND",
		"ALREADY_EXISTS",
		"PERMISSION_DENIED",
		"RESOURCE_EXHAUSTED",
		"FAILED_PRECONDITION",
		"ABORTED",
		"OUT_OF_RANGE",
		"UNIMPLEMENTED",
		"INTERNAL",
		"UNAVAILABLE",
		"DATA_LOSS",
		"UNAUTHENTICATED",
	};
	return status >= 0 && status < GRPC_STATUSES ? names[status] : NULL;
}
