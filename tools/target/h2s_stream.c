#include "tools/target/h2s_impl.h"
#include "tools/target/route.h"
#include "tools/target/server.h"

#include <strings.h>

/* --- lists ------------------------------------------------------------------------------ */

static void leave(struct h2s_stream *st)
{
	struct h2s_list *list = st->list;
	*(st->prev ? &st->prev->next : &list->first) = st->next;
	*(st->next ? &st->next->prev : &list->last) = st->prev;
}

/* Behind `before`; NULL: in front of all. */
static void join(struct h2s_list *list, struct h2s_stream *before, struct h2s_stream *st)
{
	st->list = list;
	st->prev = before;
	st->next = before ? before->next : list->first;
	*(st->prev ? &st->prev->next : &list->first) = st;
	*(st->next ? &st->next->prev : &list->last) = st;
}

/* Service times are mostly constant: the place is sought from the latest on. */
static void wait_in(struct h2s_list *list, struct h2s_stream *st)
{
	struct h2s_stream *before = list->last;
	while (before && before->owed.due_ns > st->owed.due_ns)
		before = before->prev;
	join(list, before, st);
}

/* --- its life --------------------------------------------------------------------------- */

struct h2s_stream *h2s_stream_new(struct h2s *h, int32_t id)
{
	struct h2s_stream *st = pool_take(&h->server->h2.streams);
	if (!st)
		return NULL;
	memset(st, 0, offsetof(struct h2s_stream, path));
	st->id = id;
	join(&h->open, h->open.last, st);
	count_add(&h->server->counts, COUNT_H2_STREAMS, 1);
	return st;
}

void h2s_stream_free(struct h2s *h, struct h2s_stream *st)
{
	leave(st);
	if (st->owed.answer)
		answer_drop(st->owed.answer);
	grpc_echo_free(st->grpc);
	pool_give(&h->server->h2.streams, st);
}

/* --- the request ------------------------------------------------------------------------ */

static bool is(struct span a, const char *b)
{
	return a.len == strlen(b) && memcmp(a.ptr, b, a.len) == 0;
}

/* "application/grpc", alone or with "+proto" or ";..."; others that begin so are strange. */
static enum h2s_content content_of(struct span type)
{
	static const char grpc[] = "application/grpc";
	size_t len = sizeof grpc - 1;
	if (type.len < len || strncasecmp(type.ptr, grpc, len) != 0)
		return H2S_PLAIN;
	char next = type.len > len ? type.ptr[len] : ';';
	return next == ';' || next == '+' || next == ' ' ? H2S_GRPC : H2S_STRANGE;
}

static uint64_t number_of(struct span text)
{
	uint64_t number = 0;
	for (size_t i = 0; i < text.len && i < 9; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return 0;
		number = number * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	return number;
}

static void keep_path(struct h2s_stream *st, struct span path)
{
	const char *query = path.len > 1 ? memchr(path.ptr, '?', path.len) : NULL;
	size_t len = query ? (size_t)(query - path.ptr) : path.len;
	st->path_len = len < H2S_PATH_MAX ? (uint8_t)len : H2S_PATH_MAX;
	if (len < H2S_PATH_MAX)
		memcpy(st->path, path.ptr, len);
}

void h2s_stream_header(struct h2s_stream *st, struct span name, struct span value)
{
	if (is(name, ":path")) {
		keep_path(st, value);
	} else if (is(name, ":method")) {
		st->head = is(value, "HEAD");
		st->connect = is(value, "CONNECT");
	} else if (is(name, "content-type")) {
		st->content = (uint8_t)content_of(value);
	} else if (is(name, "brink-messages")) {
		st->messages = number_of(value);
	} else if (is(name, "grpc-encoding") && value.len <= H2S_ENCODING_MAX) {
		st->encoding_len = (uint8_t)value.len;
		memcpy(st->encoding, value.ptr, value.len);
	}
}

static struct span path_of(const struct h2s_stream *st)
{
	return (struct span){st->path, st->path_len < H2S_PATH_MAX ? st->path_len : 0};
}

bool h2s_stream_headed(struct h2s *h, struct h2s_stream *st)
{
	if (st->content != H2S_GRPC)
		return true;
	st->grpc = grpc_echo_new(path_of(st), st->messages);
	if (!st->grpc)
		return false;
	return !grpc_echo_answers_early(st->grpc) || h2s_answer_begin(h, st);
}

void h2s_stream_data(struct h2s *h, struct h2s_stream *st, struct span bytes)
{
	if (!st->grpc)
		return;
	uint64_t messages = grpc_echo_take(st->grpc, bytes);
	count_add(&h->server->counts, COUNT_GRPC_MESSAGES, messages);
	if (messages && st->answering)
		nghttp2_session_resume_data(h->ng, st->id); /* an error: it does not wait */
}

/* --- what it gets, and when ------------------------------------------------------------- */

static bool refuse_content(struct h2s *h, struct h2s_stream *st)
{
	struct answer_spec spec = h->server->target->spec;
	spec.status = 415;
	st->owed = (struct pending){.answer = answer_once(&spec)};
	count_add(&h->server->counts, COUNT_REQUESTS, 1);
	return st->owed.answer != NULL;
}

/* gRPC goes through the same door as a request for "/": its path names a method. */
static void route(struct h2s *h, struct h2s_stream *st)
{
	struct request q = {
		.path = st->grpc ? span_of("/") : path_of(st),
		.head = st->head,
		.connect = st->connect,
		.http2 = true,
		.wire = WIRE_KEEP,
	};
	route_request(h->server, &q, &st->owed);
}

/* RFC 9113 6.8: streams up to `id` are answered, those behind it may be tried elsewhere. */
static bool go_away(struct h2s *h, int32_t id)
{
	if (id >= h->last)
		return true;
	h->last = id;
	return nghttp2_submit_goaway(h->ng, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR, NULL, 0) == 0;
}

static bool is_last(const struct h2s *h)
{
	const struct settings *settings = h->server->target->settings;
	uint64_t max = settings->goaway_after ? settings->goaway_after : settings->requests_max;
	return max && h->session->requests >= max && h->last == INT32_MAX;
}

bool h2s_stream_complete(struct h2s *h, struct h2s_stream *st)
{
	if (st->id > h->last)
		return true;
	h->session->requests++;
	if (st->content == H2S_STRANGE) {
		if (!refuse_content(h, st))
			return false;
	} else {
		route(h, st);
	}
	if (is_last(h) && !go_away(h, st->id))
		return false;
	if (st->owed.answer->end == ANSWER_GOAWAY)
		return go_away(h, st->id > 2 ? st->id - 2 : 0);
	if (st->owed.due_ns <= h->server->now_ns)
		return h2s_answer(h, st);
	leave(st);
	wait_in(&h->waiting, st);
	return true;
}

bool h2s_streams_wake(struct h2s *h)
{
	struct h2s_stream *st;
	while ((st = h->waiting.first) && st->owed.due_ns <= h->server->now_ns) {
		leave(st);
		join(&h->open, h->open.last, st);
		if (!h2s_answer(h, st))
			return false;
	}
	if (st)
		due_sooner(&h->server->due, session_slot(h->server, h->session), st->owed.due_ns);
	return true;
}
