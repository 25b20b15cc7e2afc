#include "tools/target/h2s_impl.h"
#include "tools/target/server.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#define FIELDS_MAX 256u /* header fields of one answer */

/* --- fields ----------------------------------------------------------------------------- */

/* One answer's fields for the time it takes to submit them: nghttp2 copies. */
struct block {
	nghttp2_nv fields[FIELDS_MAX];
	size_t count;
	char names[SETTINGS_HEADERS_MAX]; /* in lower case: RFC 9113 8.2.1 */
	size_t names_len;
};

static void add(struct block *b, struct span name, struct span value)
{
	if (b->count == FIELDS_MAX)
		return;
	b->fields[b->count++] = (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name.ptr,
		.namelen = name.len,
		.value = (uint8_t *)(uintptr_t)value.ptr,
		.valuelen = value.len,
	};
}

/* RFC 9113 8.2.2 */
static bool is_of_connection(struct span name)
{
	static const char *const names[] = {"keep-alive", "proxy-connection", "upgrade"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (name.len == strlen(names[i]) && memcmp(name.ptr, names[i], name.len) == 0)
			return true;
	return false;
}

/* "Name: value", without its CRLF. */
static void add_line(struct block *b, struct span line)
{
	const char *colon = memchr(line.ptr, ':', line.len);
	size_t len = colon ? (size_t)(colon - line.ptr) : 0;
	if (!len || len > sizeof b->names - b->names_len)
		return;
	struct span name = {b->names + b->names_len, len};
	for (size_t i = 0; i < len; i++)
		b->names[b->names_len++] = (char)tolower((unsigned char)line.ptr[i]);
	span_skip(&line, len + 1);
	while (line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t'))
		span_skip(&line, 1);
	if (!is_of_connection(name))
		add(b, name, line);
}

static void add_lines(struct block *b, struct span lines)
{
	while (lines.len) {
		const char *end = memchr(lines.ptr, '\r', lines.len);
		size_t len = end ? (size_t)(end - lines.ptr) : lines.len;
		add_line(b, (struct span){lines.ptr, len});
		span_skip(&lines, end && len + 2 <= lines.len ? len + 2 : lines.len);
	}
}

static void begin(struct block *b, char status[4], unsigned code)
{
	b->count = b->names_len = 0;
	snprintf(status, 4, "%03u", code % 1000);
	add(b, span_of(":status"), (struct span){status, 3});
}

/* --- plain answers ---------------------------------------------------------------------- */

static ssize_t read_body(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t len, uint32_t *flags,
			 nghttp2_data_source *source, void *user)
{
	struct h2s_stream *st = source->ptr;
	const struct answer_part *body = &st->owed.answer->body;
	size_t taken = 0;
	(void)ng, (void)id, (void)user;
	while (taken < len && st->sent < body->total) {
		struct span next = answer_next(body->bytes, body->total, st->sent);
		size_t n = next.len < len - taken ? next.len : len - taken;
		memcpy(buf + taken, next.ptr, n);
		taken += n;
		st->sent += n;
	}
	if (st->sent == body->total)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)taken;
}

static bool answer_plain(struct h2s *h, struct h2s_stream *st)
{
	const struct answer *a = st->owed.answer;
	struct block b;
	char status[4], length[24];
	begin(&b, status, a->status);
	if (answer_has_body(a->status)) {
		snprintf(length, sizeof length, "%llu", (unsigned long long)a->body.total);
		add(&b, span_of("content-length"), span_of(length));
	}
	add_lines(&b, a->fields);
	nghttp2_data_provider body = {{.ptr = st}, read_body};
	bool has_body = a->body.total && !st->owed.head;
	return nghttp2_submit_response(h->ng, st->id, b.fields, b.count, has_body ? &body : NULL) ==
	       0;
}

/* --- gRPC ------------------------------------------------------------------------------- */

static unsigned grpc_status_of(const struct h2s_stream *st)
{
	unsigned http = st->owed.answer->status;
	if (http == 503 || http == 429)
		return GRPC_UNAVAILABLE;
	return http >= 400 ? GRPC_UNKNOWN : grpc_echo_status(st->grpc);
}

static void add_status(struct block *b, char text[12], unsigned status)
{
	snprintf(text, 12, "%u", status);
	add(b, span_of("grpc-status"), span_of(text));
}

static ssize_t read_echo(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t len, uint32_t *flags,
			 nghttp2_data_source *source, void *user)
{
	struct h2s_stream *st = source->ptr;
	size_t taken = grpc_echo_read(st->grpc, (char *)buf, len);
	(void)user;
	if (!grpc_echo_drained(st->grpc))
		return (ssize_t)taken;
	if (!st->over) /* more may come */
		return taken ? (ssize_t)taken : NGHTTP2_ERR_DEFERRED;
	struct block b = {.count = 0};
	char text[12];
	add_status(&b, text, grpc_status_of(st));
	*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
	if (nghttp2_submit_trailer(ng, id, b.fields, b.count))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	return (ssize_t)taken;
}

static void begin_grpc(struct block *b, char status[4], const struct h2s_stream *st)
{
	begin(b, status, 200);
	add(b, span_of("content-type"), span_of("application/grpc"));
	if (st->encoding_len)
		add(b, span_of("grpc-encoding"), (struct span){st->encoding, st->encoding_len});
}

bool h2s_answer_begin(struct h2s *h, struct h2s_stream *st)
{
	struct block b;
	char status[4];
	begin_grpc(&b, status, st);
	nghttp2_data_provider echo = {{.ptr = st}, read_echo};
	st->answering = true;
	return nghttp2_submit_response(h->ng, st->id, b.fields, b.count, &echo) == 0;
}

static bool answer_grpc(struct h2s *h, struct h2s_stream *st)
{
	st->over = true;
	if (st->answering) {
		nghttp2_session_resume_data(h->ng, st->id); /* an error: it does not wait */
		return true;
	}
	unsigned code = grpc_status_of(st);
	if (code == GRPC_OK)
		return h2s_answer_begin(h, st);
	struct block b;
	char status[4], text[12];
	begin_grpc(&b, status, st);
	add_status(&b, text, code);
	return nghttp2_submit_response(h->ng, st->id, b.fields, b.count, NULL) == 0;
}

/* --- the story -------------------------------------------------------------------------- */

static bool reset(struct h2s *h, const struct h2s_stream *st, uint32_t error)
{
	h->answered++;
	return nghttp2_submit_rst_stream(h->ng, NGHTTP2_FLAG_NONE, st->id, error) == 0;
}

bool h2s_answer(struct h2s *h, struct h2s_stream *st)
{
	switch (st->owed.answer->end) {
	case ANSWER_STREAM_RESET:
		return reset(h, st, NGHTTP2_INTERNAL_ERROR);
	case ANSWER_STREAM_REFUSED:
		return reset(h, st, NGHTTP2_REFUSED_STREAM);
	case ANSWER_RESET:
	case ANSWER_CLOSE:
		h->end = st->owed.answer->end;
		h->answered++;
		return true;
	case ANSWER_MUTE:
	case ANSWER_HALF:
	case ANSWER_GOAWAY:
		h->answered++;
		return true;
	case ANSWER_KEEP:
		break;
	}
	return st->grpc ? answer_grpc(h, st) : answer_plain(h, st);
}
