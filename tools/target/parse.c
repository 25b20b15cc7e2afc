#include "tools/target/parse.h"

#include "tools/target/route.h"
#include "tools/target/server.h"

#include <ctype.h>
#include <stdlib.h>

/* Room for an interim answer and the answer of one more request. */
#define OWED_MAX (PENDING_MAX - 2)

static struct session *session_of(http_parser *p)
{
	return (struct session *)(void *)p; /* its first member */
}

static struct server *server_of(http_parser *p)
{
	return p->data;
}

/* --- what a request is ------------------------------------------------------------------ */

static int on_begin(http_parser *p)
{
	struct session *c = session_of(p);
	c->path_len = 0;
	c->in_name = false;
	c->expects = false;
	return 0;
}

static int on_url(http_parser *p, const char *at, size_t len)
{
	struct session *c = session_of(p);
	if (len >= SESSION_PATH_MAX - c->path_len) {
		c->path_len = SESSION_PATH_MAX;
		return 0;
	}
	memcpy(c->path + c->path_len, at, len);
	c->path_len += (uint8_t)len;
	return 0;
}

/* Of all headers only Expect matters here; libhttp-parser looks at those of the framing. A name
 * may come in pieces. */
static int on_name(http_parser *p, const char *at, size_t len)
{
	static const char expect[] = "expect";
	struct session *c = session_of(p);
	if (!c->in_name)
		c->expect_at = 0;
	c->in_name = true;
	for (size_t i = 0; i < len && c->expect_at != UINT8_MAX; i++) {
		bool same = c->expect_at < sizeof expect - 1 &&
			    tolower((unsigned char)at[i]) == expect[c->expect_at];
		c->expect_at = same ? c->expect_at + 1 : UINT8_MAX;
	}
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
	struct session *c = session_of(p);
	(void)at, (void)len; /* 100-continue is all that can be expected: RFC 9110 10.1.1 */
	if (c->in_name && c->expect_at == strlen("expect"))
		c->expects = true;
	c->in_name = false;
	return 0;
}

static int on_head(http_parser *p)
{
	struct session *c = session_of(p);
	struct server *s = server_of(p);
	p->upgrade = 0; /* declined: RFC 9110 7.8 lets a server go on as if it had not been asked */
	bool body = (p->flags & F_CHUNKED) ||
		    (p->content_length != UINT64_MAX && p->content_length > 0);
	if (c->expects && body && p->http_minor > 0)
		pending_push(&s->pool, &c->owed,
			     &(struct pending){.answer = &s->target->interim, .silent = true});
	return 0;
}

/* --- what it gets ----------------------------------------------------------------------- */

/* The path alone: no query, and of an absolute form (RFC 9112 3.2.2) what follows the host. */
static struct span path_of(const struct session *c)
{
	struct span path = {c->path, c->path_len < SESSION_PATH_MAX ? c->path_len : 0};
	if (path.len > 7 && memcmp(path.ptr, "http://", 7) == 0) {
		const char *slash = memchr(path.ptr + 7, '/', path.len - 7);
		span_skip(&path, slash ? (size_t)(slash - path.ptr) : path.len);
	}
	const char *query = path.len > 1 ? memchr(path.ptr, '?', path.len) : NULL;
	if (query)
		path.len = (size_t)(query - path.ptr);
	return path;
}

static enum answer_wire wire_of(struct server *s, struct session *c)
{
	uint64_t max = s->target->settings->requests_max;
	c->peer_closes = !http_should_keep_alive(&c->parser);
	if (c->peer_closes || (max && c->requests >= max))
		return WIRE_CLOSE;
	return c->parser.http_minor == 0 ? WIRE_KEEP_10 : WIRE_KEEP;
}

static void owe(struct server *s, struct session *c, const struct pending *p)
{
	pending_push(&s->pool, &c->owed, p);
	if (p->answer->end != ANSWER_KEEP)
		c->state = SESSION_LAST;
}

static int on_complete(http_parser *p)
{
	struct session *c = session_of(p);
	struct server *s = server_of(p);
	c->requests++;
	struct request q = {
		.path = path_of(c),
		.head = p->method == HTTP_HEAD,
		.connect = p->method == HTTP_CONNECT,
		.wire = wire_of(s, c),
	};
	struct pending answer;
	route_request(s, &q, &answer);
	owe(s, c, &answer);
	if (q.wire == WIRE_CLOSE)
		c->state = SESSION_LAST;
	if (c->state == SESSION_LAST || c->owed.count >= OWED_MAX) {
		c->paused = true;
		http_parser_pause(p, 1);
	}
	return 0;
}

static const http_parser_settings callbacks = {
	.on_message_begin = on_begin,
	.on_url = on_url,
	.on_header_field = on_name,
	.on_header_value = on_value,
	.on_headers_complete = on_head,
	.on_message_complete = on_complete,
};

/* --- the story -------------------------------------------------------------------------- */

void parse_init(struct server *s, struct session *c)
{
	http_parser_init(&c->parser, HTTP_REQUEST);
	c->parser.data = s;
}

static bool park(struct session *c, struct span bytes)
{
	if (bytes.len == 0)
		return true;
	if (!c->parked) {
		c->parked = malloc(sizeof *c->parked);
		if (!c->parked)
			return false;
		buf_init(c->parked, SESSION_PARKED_MAX);
	}
	buf_append(c->parked, bytes.ptr, bytes.len);
	return !c->parked->cut;
}

static void refuse(struct server *s, struct session *c, enum http_errno error)
{
	count_add(&s->counts, COUNT_BAD_REQUESTS, 1);
	const struct answer *a = error == HPE_HEADER_OVERFLOW ? &s->target->large : &s->target->bad;
	owe(s, c, &(struct pending){.answer = a, .silent = true});
}

bool parse_bytes(struct server *s, struct session *c, struct span bytes)
{
	if (c->paused)
		return park(c, bytes);
	size_t used = http_parser_execute(&c->parser, &callbacks, bytes.ptr, bytes.len);
	enum http_errno error = HTTP_PARSER_ERRNO(&c->parser);
	if (error == HPE_OK || c->state != SESSION_READING)
		return true;
	if (error == HPE_PAUSED) {
		span_skip(&bytes, used);
		return park(c, bytes);
	}
	refuse(s, c, error);
	return true;
}

bool parse_resume(struct server *s, struct session *c)
{
	struct buf *parked = c->parked;
	c->parked = NULL;
	c->paused = false;
	http_parser_pause(&c->parser, 0);
	if (!parked)
		return true;
	bool done = parse_bytes(s, c, (struct span){parked->ptr, parked->len});
	buf_fini(parked);
	free(parked);
	return done;
}
