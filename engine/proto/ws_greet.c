/* The upgrade of RFC 6455 section 4: asked for in HTTP/1.1, answered by 101. */
#include "proto/ws_impl.h"

#include "base/base64.h"
#include "base/field.h"
#include "proto/request.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 1.3 */

/* --- asking ------------------------------------------------------------------------------ */

#define KEY_HEADER "Sec-WebSocket-Key: "

static const char *const OWN[] = {
	"Upgrade",
	"Connection",
	"Sec-WebSocket-Key",
	"Sec-WebSocket-Version",
	"Sec-WebSocket-Protocol",
	"Sec-WebSocket-Extensions",
	"Sec-WebSocket-Accept",
};
#define OWN_MAX 6u /* that are sent */

static int check_headers(const struct proto_spec *spec, struct err *err)
{
	for (unsigned i = 0; i < spec->header_count; i++) {
		struct span name = {spec->headers[i], strcspn(spec->headers[i], ":")};
		for (unsigned k = 0; k < sizeof OWN / sizeof *OWN; k++) {
			if (!field_is(name, OWN[k]))
				continue;
			err_set(err, ERR_USAGE,
				"header '%s' with WebSocket: it is the upgrade's own", OWN[k]);
			return err_hint(err, "leave it out; --ws-subprotocol NAME and --ws-deflate "
					     "say what is asked for");
		}
	}
	return 0;
}

/* All but the key, whose header comes last. */
static int render(struct ws_plan *p, const char **headers, unsigned count, struct err *err)
{
	const struct proto_spec *spec = &p->spec;
	char subprotocol[256];
	if (count)
		memcpy(headers, spec->headers, count * sizeof *headers);
	headers[count++] = "Upgrade: websocket";
	headers[count++] = "Connection: Upgrade";
	headers[count++] = "Sec-WebSocket-Version: 13";
	if (spec->ws.subprotocol) {
		snprintf(subprotocol, sizeof subprotocol, "Sec-WebSocket-Protocol: %s",
			 spec->ws.subprotocol);
		headers[count++] = subprotocol;
	}
	if (spec->ws.deflate)
		headers[count++] = "Sec-WebSocket-Extensions: permessage-deflate";
	headers[count++] = KEY_HEADER;
	const struct request_spec request = {
		.method = "GET",
		.path = spec->path,
		.authority = spec->authority,
		.headers = headers,
		.header_count = count,
		.keepalive = true,
	};
	if (request_render(&p->request, &request, err))
		return -1;
	p->key_at = p->request.len - strlen("\r\n\r\n");
	return 0;
}

static int check_subprotocol(const char *name, struct err *err)
{
	if (!name || (strlen(name) < 200 && field_is_token(span_of(name))))
		return 0;
	err_set(err, ERR_USAGE, "subprotocol '%s' is not a token of less than 200 characters",
		name);
	return err_hint(err, "one name, like graphql-ws");
}

int ws_render_upgrade(struct ws_plan *p, struct err *err)
{
	const struct proto_spec *spec = &p->spec;
	if (check_headers(spec, err) || check_subprotocol(spec->ws.subprotocol, err))
		return -1;
	const char **headers = calloc(spec->header_count + OWN_MAX, sizeof *headers);
	if (!headers)
		return err_set(err, ERR_RUNTIME, "no memory for an upgrade");
	int result = render(p, headers, spec->header_count, err);
	free(headers);
	return result;
}

/* The connection's own key, the same each time it is asked for; `ret_rng` is what comes after. */
static void put_key(const struct ws *ws, struct buf *out, struct rng *ret_rng)
{
	struct rng rng = ws->rng;
	uint64_t key[WS_KEY_LEN / 8] = {rng_next(&rng), rng_next(&rng)};
	base64_append(out, key, sizeof key);
	*ret_rng = rng;
}

void ws_ask(struct ws *ws, struct buf *out)
{
	const struct ws_plan *p = ws->plan;
	struct rng ignored;
	h1_open(&ws->greeting.h1);
	h1_expect(&ws->greeting.h1, false);
	buf_init(&ws->greeting.head, WS_HEAD_MAX);
	buf_append(out, p->request.ptr, p->key_at);
	put_key(ws, out, &ignored);
	buf_append(out, p->request.ptr + p->key_at, p->request.len - p->key_at);
}

/* --- the answer -------------------------------------------------------------------------- */

/* What a 101 said of it. */
struct said {
	unsigned upgrades, connections;  /* fields that name websocket, or upgrade */
	unsigned accepts, accepts_right; /* fields */
	unsigned protocols, protocols_right;
	unsigned extensions;
	bool deflates; /* the extension is ours, with parameters that may be */
	bool forgets;
};

/* What stands before the next `by`, trimmed; the rest stays. False: there is nothing more. */
static bool take_part(struct span *list, char by, struct span *ret)
{
	if (!list->len)
		return false;
	const char *end = memchr(list->ptr, by, list->len);
	size_t len = end ? (size_t)(end - list->ptr) : list->len;
	*ret = field_trim((struct span){list->ptr, len});
	span_skip(list, len + (end != NULL));
	return true;
}

static bool lists(struct span value, const char *word)
{
	struct span part;
	while (take_part(&value, ',', &part))
		if (field_is(part, word))
			return true;
	return false;
}

/* From 8 to 15, perhaps in quotes. */
static bool is_window(struct span value)
{
	if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
		value = (struct span){value.ptr + 1, value.len - 2};
	if (value.len == 1)
		return value.ptr[0] == '8' || value.ptr[0] == '9';
	return value.len == 2 && value.ptr[0] == '1' && value.ptr[1] >= '0' && value.ptr[1] <= '5';
}

/* RFC 7692 7.1: once each, and client_max_window_bits only where it was offered: here never. */
static bool takes_parameters(struct span list, bool *ret_forgets)
{
	unsigned seen[3] = {0};
	struct span one;
	while (take_part(&list, ';', &one)) {
		struct span value = one, name;
		take_part(&value, '=', &name);
		bool plain = name.len == one.len;
		if (plain && field_is(name, "server_no_context_takeover"))
			seen[0]++;
		else if (plain && field_is(name, "client_no_context_takeover"))
			seen[1]++;
		else if (field_is(name, "server_max_window_bits") && is_window(field_trim(value)))
			seen[2]++;
		else
			return false;
	}
	*ret_forgets = seen[0];
	return seen[0] < 2 && seen[1] < 2 && seen[2] < 2;
}

static void hear_extensions(struct said *s, struct span value)
{
	struct span name;
	s->extensions++;
	bool one = !memchr(value.ptr, ',', value.len) && take_part(&value, ';', &name);
	s->deflates =
		one && field_is(name, "permessage-deflate") && takes_parameters(value, &s->forgets);
}

static void hear_field(const struct ws_plan *p, struct span accept, struct said *s,
		       struct span name, struct span value)
{
	const char *asked = p->spec.ws.subprotocol;
	if (field_is(name, "Upgrade")) {
		s->upgrades += lists(value, "websocket");
	} else if (field_is(name, "Connection")) {
		s->connections += lists(value, "upgrade");
	} else if (field_is(name, "Sec-WebSocket-Accept")) {
		s->accepts++;
		s->accepts_right +=
			value.len == accept.len && !memcmp(value.ptr, accept.ptr, accept.len);
	} else if (field_is(name, "Sec-WebSocket-Protocol")) {
		s->protocols++;
		s->protocols_right +=
			asked && value.len == strlen(asked) && !memcmp(value.ptr, asked, value.len);
	} else if (field_is(name, "Sec-WebSocket-Extensions")) {
		hear_extensions(s, value);
	}
}

/* The last head: those of 1xx answers may stand before it. */
static struct span last_head(struct span text)
{
	for (;;) {
		const char *end = memmem(text.ptr, text.len, "\r\n\r\n", 4);
		size_t len = end ? (size_t)(end - text.ptr) + 4 : text.len;
		if (len >= text.len)
			return text;
		span_skip(&text, len);
	}
}

/* h1 has checked the shape of every line. */
static void hear(const struct ws_plan *p, struct span accept, struct span head, struct said *s)
{
	struct span line;
	while (take_part(&head, '\n', &line)) {
		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		const char *colon = memchr(line.ptr, ':', line.len);
		if (!colon)
			continue;
		struct span name = {line.ptr, (size_t)(colon - line.ptr)};
		struct span value = line;
		span_skip(&value, name.len + 1);
		hear_field(p, accept, s, name, field_trim(value));
	}
}

/* NULL, or what is wrong. */
static const char *judge(const struct ws_plan *p, const struct said *s)
{
	if (!s->upgrades)
		return "101 without Upgrade: websocket";
	if (!s->connections)
		return "101 without Connection: Upgrade";
	if (s->accepts != 1 || s->accepts_right != 1)
		return s->accepts ? "wrong Sec-WebSocket-Accept" : "no Sec-WebSocket-Accept";
	if (s->protocols && !p->spec.ws.subprotocol)
		return "a subprotocol that was not asked for";
	if (p->spec.ws.subprotocol && (s->protocols != 1 || s->protocols_right != 1))
		return s->protocols ? "another subprotocol" : "the subprotocol was not taken up";
	if (s->extensions && !p->spec.ws.deflate)
		return "an extension that was not asked for";
	if (s->extensions && (s->extensions > 1 || !s->deflates))
		return "an extension, or parameters of it, that were not asked for";
	return NULL;
}

/* base64(SHA-1(key and GUID)), RFC 6455 4.2.2. */
static void put_accept(const struct ws *ws, struct buf *out, struct rng *ret_rng)
{
	struct buf text;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	buf_init(&text, 128);
	put_key(ws, &text, ret_rng);
	buf_puts(&text, GUID);
	if (!text.cut && EVP_Digest(text.ptr, text.len, digest, &len, EVP_sha1(), NULL))
		base64_append(out, digest, len);
	buf_fini(&text);
}

static z_stream *new_inflater(void)
{
	z_stream *z = calloc(1, sizeof *z);
	if (z && inflateInit2(z, -15) == Z_OK)
		return z;
	free(z);
	return NULL;
}

/* What the greeting took is given back. */
static void stand(struct ws *ws, struct rng rng, z_stream *inflater, bool forgets)
{
	buf_fini(&ws->greeting.head);
	*ws = (struct ws){.plan = ws->plan, .rng = rng, .stands = true};
	ws->inflater = inflater;
	ws->forgets = forgets;
}

static enum proto_step refuse(struct proto_answer *ret, enum proto_fault fault, const char *detail)
{
	ret->fault = fault;
	ret->detail = detail;
	ret->code = PROTO_CODE_NONE;
	return PROTO_FAULT;
}

static enum proto_step take_101(struct ws *ws, struct proto_answer *ret)
{
	const struct buf *text = &ws->greeting.head;
	struct said s = {0};
	struct rng rng;
	struct buf accept;
	if (text->cut)
		return refuse(ret, PROTO_TOO_LARGE, "the head of the upgrade's answer is too long");
	buf_init(&accept, 64);
	put_accept(ws, &accept, &rng);
	hear(ws->plan, (struct span){accept.ptr, accept.len},
	     last_head((struct span){text->ptr, text->len}), &s);
	const char *wrong = accept.len ? judge(ws->plan, &s) : "no memory";
	buf_fini(&accept);
	if (wrong)
		return refuse(ret, PROTO_MALFORMED, wrong);
	z_stream *inflater = s.extensions ? new_inflater() : NULL;
	if (s.extensions && !inflater)
		return refuse(ret, PROTO_TOO_LARGE, "no memory to inflate");
	stand(ws, rng, inflater, s.forgets);
	return PROTO_MORE;
}

static enum proto_step answered(struct ws *ws, struct proto_answer *ret)
{
	if (ret->status == 101)
		return take_101(ws, ret);
	return refuse(ret, PROTO_DECLINED, "the upgrade was declined");
}

enum proto_step ws_greet(struct ws *ws, struct span *in, struct proto_answer *ret)
{
	struct span before = *in;
	enum proto_step step = h1_feed(&ws->greeting.h1, in, ret);
	buf_append(&ws->greeting.head, before.ptr, before.len - in->len);
	return step == PROTO_ANSWER ? answered(ws, ret) : step;
}

enum proto_step ws_greet_eof(struct ws *ws, struct proto_answer *ret)
{
	enum proto_step step = h1_eof(&ws->greeting.h1, ret);
	return step == PROTO_ANSWER ? answered(ws, ret) : step;
}
