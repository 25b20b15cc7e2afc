#include "tools/target/parse.h"

#include "tools/target/route.h"
#include "tools/target/server.h"
#include "tools/target/framed.h"

#include <stdlib.h>

/* Room for an interim answer and the answer of one more request. */
#define OWED_MAX (PENDING_MAX - 2)

/* From a callback: stops the parser for good. 1 and 2 would mean something else to it. */
#define NO_MEMORY (-1)

/* Whom the callbacks serve; the parser's .data for the time of one call. */
struct reader {
	struct server *server;
	struct session *session;
	struct exchange *exchange;
};

static struct reader *reader_of(http_parser *p)
{
	return p->data;
}

static struct exchange *exchange_of(http_parser *p)
{
	return reader_of(p)->exchange;
}

/* --- answers owed ----------------------------------------------------------------------- */

static bool push(struct server *s, struct exchange *x, const struct pending *p)
{
	return pending_push(&s->exchanges.pendings, &x->owed, p);
}

static bool owe(struct server *s, struct session *c, const struct pending *p)
{
	enum answer_end end = p->answer->end;
	if (!push(s, c->exchange, p))
		return false;
	if (end != ANSWER_KEEP)
		c->state = SESSION_LAST;
	return true;
}

/* --- what a request is ------------------------------------------------------------------ */

static int on_begin(http_parser *p)
{
	struct exchange *x = exchange_of(p);
	x->reading = true;
	x->path_len = 0;
	x->in_name = false;
	x->expects = false;
	return 0;
}

static int on_url(http_parser *p, const char *at, size_t len)
{
	struct exchange *x = exchange_of(p);
	if (len >= EXCHANGE_PATH_MAX - x->path_len) {
		x->path_len = EXCHANGE_PATH_MAX;
		return 0;
	}
	memcpy(x->path + x->path_len, at, len);
	x->path_len += (uint8_t)len;
	return 0;
}

/* Few headers matter here (upgrade.h); libhttp-parser looks at those of the framing. A name may
 * come in pieces. */
static int on_name(http_parser *p, const char *at, size_t len)
{
	struct exchange *x = exchange_of(p);
	if (!x->in_name) {
		x->header = header_first(*at);
		x->header_at = 0;
	}
	x->in_name = true;
	if (x->header != HEADER_OTHER)
		header_match(&x->header, &x->header_at, (struct span){at, len});
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
	struct exchange *x = exchange_of(p);
	bool first = x->in_name;
	x->in_name = false;
	if (x->header == HEADER_OTHER || !header_whole(x->header, x->header_at))
		return 0;
	if (x->header == HEADER_EXPECT) /* 100-continue is all that can be: RFC 9110 10.1.1 */
		x->expects = true;
	else if (!upgrade_value(&x->upgrade, x->header, (struct span){at, len}, first))
		return NO_MEMORY;
	return 0;
}

static int on_head(http_parser *p)
{
	const struct reader *r = reader_of(p);
	if (r->exchange->upgrade)
		r->exchange->upgrade->asked = p->upgrade;
	p->upgrade = 0; /* read on: the body belongs to the request, and RFC 9110 7.8 lets a server
			 * go on as if it had not been asked */
	bool body = (p->flags & F_CHUNKED) ||
		    (p->content_length != UINT64_MAX && p->content_length > 0);
	if (!r->exchange->expects || !body || p->http_minor == 0)
		return 0;
	struct pending interim = {.answer = &r->server->target->interim, .silent = true};
	return push(r->server, r->exchange, &interim) ? 0 : NO_MEMORY;
}

/* --- what it gets ----------------------------------------------------------------------- */

/* The path alone: no query, and of an absolute form (RFC 9112 3.2.2) what follows the host. */
static struct span path_of(const struct exchange *x)
{
	struct span path = {x->path, x->path_len < EXCHANGE_PATH_MAX ? x->path_len : 0};
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
	const http_parser *p = &c->exchange->parser;
	uint64_t max = s->target->settings->requests_max;
	c->peer_closes = !http_should_keep_alive(p);
	if (c->peer_closes || (max && c->requests >= max))
		return WIRE_CLOSE;
	return p->http_minor == 0 ? WIRE_KEEP_10 : WIRE_KEEP;
}

static int refuse_upgrade(const struct reader *r, enum upgrade_wish wish)
{
	struct server *s = r->server;
	struct answer_spec spec = s->target->spec;
	spec.wire = WIRE_CLOSE;
	spec.status = wish == UPGRADE_VERSION ? 426 : 400;
	if (wish == UPGRADE_VERSION) /* RFC 6455 4.4 */
		spec.headers = span_of("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
	const struct answer *a = answer_once(&spec);
	count_add(&s->counts, COUNT_BAD_REQUESTS, 1);
	if (!a || !push(s, r->exchange, &(struct pending){.answer = a, .silent = true}))
		return NO_MEMORY;
	r->session->state = SESSION_LAST;
	http_parser_pause(&r->exchange->parser, 1);
	return 0;
}

/* True where the request was one: then the parser stands, and parse_bytes goes on from there. */
static bool meet_upgrade(const struct reader *r, int *ret)
{
	struct exchange *x = r->exchange;
	http_parser *p = &x->parser;
	struct upgrade *u = x->upgrade;
	bool may = u->asked && !x->owed.count && p->http_minor > 0;
	enum upgrade_wish wish =
		may ? upgrade_read(u, p->method == HTTP_GET, r->server->target->tls) : UPGRADE_NONE;
	if (wish == UPGRADE_NONE) {
		upgrade_free(u);
		x->upgrade = NULL;
		return false;
	}
	*ret = 0;
	if (wish != UPGRADE_HTTP2 && wish != UPGRADE_WEBSOCKET)
		*ret = refuse_upgrade(r, wish);
	else
		http_parser_pause(p, 1);
	return true;
}

static int on_complete(http_parser *p)
{
	const struct reader *r = reader_of(p);
	struct session *c = r->session;
	struct exchange *x = r->exchange;
	int result;
	x->reading = false;
	c->requests++;
	if (x->upgrade && meet_upgrade(r, &result))
		return result;
	struct request q = {
		.path = path_of(x),
		.head = p->method == HTTP_HEAD,
		.connect = p->method == HTTP_CONNECT,
		.wire = wire_of(r->server, c),
	};
	struct pending answer;
	route_request(r->server, &q, &answer);
	if (!owe(r->server, c, &answer))
		return NO_MEMORY;
	if (q.wire == WIRE_CLOSE)
		c->state = SESSION_LAST;
	if (c->state == SESSION_LAST || x->owed.count >= OWED_MAX) {
		x->paused = true;
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

static bool refuse(struct server *s, struct session *c, enum http_errno error)
{
	count_add(&s->counts, COUNT_BAD_REQUESTS, 1);
	const struct answer *a = error == HPE_HEADER_OVERFLOW ? &s->target->large : &s->target->bad;
	return owe(s, c, &(struct pending){.answer = a, .silent = true});
}

bool parse_bytes(struct server *s, struct session *c, struct span bytes)
{
	struct exchange *x = c->exchange;
	if (x->paused)
		return exchange_park(x, bytes);
	x->parser.data = &(struct reader){s, c, x};
	size_t used = http_parser_execute(&x->parser, &callbacks, bytes.ptr, bytes.len);
	enum http_errno error = HTTP_PARSER_ERRNO(&x->parser);
	if (error == HPE_OK || c->state != SESSION_READING)
		return true;
	if (error == HPE_CB_headers_complete || error == HPE_CB_message_complete)
		return false;
	if (error != HPE_PAUSED)
		return refuse(s, c, error);
	span_skip(&bytes, used);
	if (x->upgrade && !x->reading && !x->paused)
		return framed_upgrade(s, c, path_of(x), bytes);
	return exchange_park(x, bytes);
}

bool parse_resume(struct server *s, struct session *c)
{
	struct exchange *x = c->exchange;
	struct buf *parked = x->parked;
	x->parked = NULL;
	x->paused = false;
	http_parser_pause(&x->parser, 0);
	if (!parked)
		return true;
	bool done = parse_bytes(s, c, (struct span){parked->ptr, parked->len});
	buf_fini(parked);
	free(parked);
	return done;
}
