#include "proto/grpc.h"

#include "proto/h2_impl.h"

#include <stdio.h>
#include <stdlib.h>
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

/* --- a load's call ----------------------------------------------------------------------- */

struct grpc_load *grpc_load_new(size_t bytes_max)
{
	struct grpc_load *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	buf_init(&l->bytes, bytes_max);
	l->call.words = &l->words;
	l->call.message_max = GRPC_MESSAGE_MAX;
	return l;
}

void grpc_load_free(struct grpc_load *l)
{
	if (!l)
		return;
	buf_fini(&l->bytes);
	free(l->ends);
	free(l);
}

static bool reserve_end(struct grpc_load *l)
{
	if (l->call.count < l->room)
		return true;
	size_t room = l->room ? l->room * 2 : 16;
	size_t *ends = realloc(l->ends, room * sizeof *ends);
	if (!ends)
		return false;
	l->ends = ends;
	l->room = room;
	return true;
}

static int no_room(const struct grpc_load *l, size_t len, struct err *err)
{
	if (l->bytes.max - l->bytes.len >= len)
		return err_set(err, ERR_RUNTIME, "no memory for the messages of a call");
	return err_set(err, ERR_USAGE, "the messages of a call are more than %zu MiB",
		       l->bytes.max >> 20);
}

static void note_end(struct grpc_load *l)
{
	l->ends[l->call.count++] = l->bytes.len;
	l->call.ends = l->ends;
	l->call.messages = (struct span){l->bytes.ptr, l->bytes.len};
}

int grpc_load_add(struct grpc_load *l, struct span message, bool compress, struct err *err)
{
	if (!reserve_end(l) || grpc_frame(&l->bytes, message, compress))
		return no_room(l, GRPC_PREFIX + message.len, err);
	note_end(l);
	return 0;
}

int grpc_load_repeat(struct grpc_load *l, unsigned count, uint32_t times, struct err *err)
{
	for (uint64_t n = 0; n < (uint64_t)count * times; n++) {
		unsigned i = (unsigned)(n % count);
		size_t from = i ? l->ends[i - 1] : 0, len = l->ends[i] - from;
		char *to = reserve_end(l) ? buf_extend(&l->bytes, len) : NULL;
		if (!to)
			return no_room(l, len, err);
		memcpy(to, l->bytes.ptr + from, len);
		note_end(l);
	}
	return 0;
}

char *grpc_timeout_text(char *out, uint64_t ns)
{
	static const struct {
		uint64_t ns;
		char unit;
	} units[] = {{1, 'n'},          {1000, 'u'},        {1000000, 'm'},
		     {1000000000, 'S'}, {60000000000, 'M'}, {3600000000000, 'H'}};
	unsigned i = 0;
	while (i < 5 && (ns % units[i + 1].ns == 0 || ns / units[i].ns > 99999998))
		i++;
	uint64_t n = ns / units[i].ns + (ns % units[i].ns != 0);
	snprintf(out, GRPC_TIMEOUT_TEXT, "%llu%c",
		 (unsigned long long)(n < 99999999 ? n : 99999999), units[i].unit);
	return out;
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

/* --- what a status says of itself ---------------------------------------------------------- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes of the UTF-8 character that the text begins with; 0: it is none, or one that would move a
 * terminal's cursor. */
static size_t character(const unsigned char *t)
{
	size_t len = *t < 0x80   ? 1
		     : *t < 0xc2 ? 0
		     : *t < 0xe0 ? 2
		     : *t < 0xf0 ? 3
		     : *t < 0xf5 ? 4
				 : 0;
	for (size_t i = 1; i < len; i++)
		if ((t[i] & 0xc0) != 0x80)
			return 0;
	bool control = *t < 0x20 || *t == 0x7f || (*t == 0xc2 && len && t[1] < 0xa0);
	return control ? 0 : len;
}

/* What is not text becomes a blank; the end may have been cut within a character. */
static void tidy(char *text)
{
	for (char *at = text; *at;) {
		size_t len = character((const unsigned char *)at);
		if (!len)
			*at = ' ';
		at += len ? len : 1;
	}
}

/* Percent-decoded, as far as it fits. */
static void decode(char *to, struct span from)
{
	size_t len = 0;
	while (from.len && len < GRPC_WORDS_MAX) {
		char c = *from.ptr;
		bool coded =
			c == '%' && from.len > 2 && hex(from.ptr[1]) >= 0 && hex(from.ptr[2]) >= 0;
		if (coded)
			c = (char)(hex(from.ptr[1]) << 4 | hex(from.ptr[2]));
		span_skip(&from, coded ? 3 : 1);
		to[len++] = c ? c : ' ';
	}
	to[len] = '\0';
	tidy(to);
}

void grpc_words_take(struct grpc_words *w, int status, struct span encoded)
{
	struct grpc_saying *s = &w->of[status < GRPC_STATUSES ? status : GRPC_OTHERS];
	unsigned char none = 0;
	if (!encoded.len || atomic_load_explicit(&s->state, memory_order_relaxed) ||
	    !atomic_compare_exchange_strong(&s->state, &none, 1))
		return;
	decode(s->text, encoded);
	atomic_store(&s->state, 2);
}

const char *grpc_words_of(const struct grpc_words *w, unsigned status)
{
	const struct grpc_saying *s = &w->of[status];
	return atomic_load(&s->state) == 2 ? s->text : "";
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
