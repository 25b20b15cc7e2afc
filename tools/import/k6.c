#include "tools/import/k6.h"

#include "base/units.h"
#include "base/url.h"
#include "run/threshold.h"
#include "tools/import/js.h"

#include <stdio.h>
#include <stdlib.h>

#define REQUESTS_MAX   64u
#define STAGES_MAX     64u
#define CONSTANTS_MAX  32u
#define THRESHOLDS_MAX 32u
#define TEXT_MAX       ((size_t)1 << 20)

struct request {
	const char *method;
	struct buf url, body, headers; /* headers: lines of YAML */
	struct span result;            /* the variable that its answer went into */
	unsigned status;               /* expected; 0: nothing was said */
	double think_s;
};

struct k6 {
	struct js js;
	unsigned constant_count;
	struct {
		struct span name;
		struct buf value;
	} constants[CONSTANTS_MAX];
	struct buf stages;     /* lines of YAML */
	struct buf thresholds; /* the same */
	double vus, duration_s;
	unsigned request_count;
	struct request requests[REQUESTS_MAX];
};

static bool same(struct span a, struct span b)
{
	return a.len == b.len && !memcmp(a.ptr, b.ptr, a.len);
}

static int not_understood(struct k6 *k, const char *allowed)
{
	const struct js_token *t = &k->js.token;
	return js_fail(&k->js, "%.*s is not understood here; allowed: %s",
		       (int)(t->text.len < 60 ? t->text.len : 60), t->text.ptr ? t->text.ptr : "",
		       allowed);
}

/* A double-quoted scalar, which YAML and JSON read alike. */
static void put_quoted(struct buf *out, struct span text)
{
	buf_puts(out, "\"");
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < ' ')
			buf_printf(out, "\\u%04x", c);
		else
			buf_append(out, &text.ptr[i], 1);
	}
	buf_puts(out, "\"");
}

/* --- values ------------------------------------------------------------------------------ */

static int put_constant(struct k6 *k, struct span name, struct buf *out)
{
	for (unsigned i = 0; i < k->constant_count; i++) {
		if (!same(k->constants[i].name, name))
			continue;
		buf_append(out, k->constants[i].value.ptr, k->constants[i].value.len);
		return 0;
	}
	return js_fail(&k->js, "%.*s is not a constant of this script; only static text is taken",
		       (int)name.len, name.ptr);
}

/* `${BASE}/path`: constants alone may stand in it. */
static int put_template(struct k6 *k, struct buf *out)
{
	struct span rest = k->js.token.text;
	while (rest.len) {
		const char *at = memmem(rest.ptr, rest.len, "${", 2);
		size_t before = at ? (size_t)(at - rest.ptr) : rest.len;
		struct js_token plain = {.text = {rest.ptr, before}};
		if (js_unescape(&k->js, &plain, out))
			return -1;
		span_skip(&rest, before);
		if (!rest.len)
			break;
		const char *end = memchr(rest.ptr, '}', rest.len);
		if (!end)
			return js_fail(&k->js, "a ${ without its }");
		struct span name = {rest.ptr + 2, (size_t)(end - rest.ptr) - 2};
		if (put_constant(k, name, out))
			return -1;
		span_skip(&rest, (size_t)(end - rest.ptr) + 1);
	}
	return 0;
}

/* A piece of static text: a string, a template, a constant, a number. */
static int read_piece(struct k6 *k, struct buf *out)
{
	int result;
	switch (k->js.token.kind) {
	case JS_STRING:
		result = js_unescape(&k->js, &k->js.token, out);
		break;
	case JS_TEMPLATE:
		result = put_template(k, out);
		break;
	case JS_WORD:
		result = put_constant(k, k->js.token.text, out);
		break;
	case JS_NUMBER:
		buf_append(out, k->js.token.text.ptr, k->js.token.text.len);
		result = 0;
		break;
	default:
		result = not_understood(k, "a string");
	}
	return result ? -1 : js_next(&k->js);
}

/* Pieces joined by +. */
static int read_text(struct k6 *k, struct buf *out)
{
	int more;
	do {
		if (read_piece(k, out))
			return -1;
	} while ((more = js_accept(&k->js, "+")) > 0);
	return more;
}

static int read_number(struct k6 *k, double *ret)
{
	char text[40], *end;
	const struct js_token *t = &k->js.token;
	if (t->kind != JS_NUMBER || t->text.len >= sizeof text)
		return not_understood(k, "a number");
	size_t len = 0;
	for (size_t i = 0; i < t->text.len; i++)
		if (t->text.ptr[i] != '_')
			text[len++] = t->text.ptr[i];
	text[len] = '\0';
	*ret = strtod(text, &end);
	if (*end || end == text)
		return not_understood(k, "a number");
	return js_next(&k->js);
}

/* "1m30s" is k6's way; a bare number is milliseconds there. */
static int read_duration(struct k6 *k, double *ret_s)
{
	struct buf text;
	uint64_t ns, sum = 0;
	buf_init(&text, 64);
	struct js_token at = k->js.token;
	if (at.kind == JS_NUMBER) {
		if (read_number(k, ret_s))
			return -1;
		*ret_s /= 1000;
		return 0;
	}
	int result = read_piece(k, &text);
	const char *rest = text.ptr ? text.ptr : "";
	bool good = *rest;
	while (!result && good && *rest) {
		char piece[24];
		size_t len = strspn(rest, "0123456789.");
		len += strcspn(rest + len, "0123456789.");
		snprintf(piece, sizeof piece, "%.*s", (int)len, rest);
		good = len < sizeof piece && units_duration_ns(piece, &ns);
		sum += good ? ns : 0;
		rest += len;
	}
	*ret_s = (double)sum / 1e9;
	if (!result && !good) {
		k->js.token = at;
		result = js_fail(&k->js, "\"%s\" is not a duration, like 2m or 1m30s", text.ptr);
	}
	buf_fini(&text);
	return result;
}

/* --- objects ----------------------------------------------------------------------------- */

typedef int member_reader(struct k6 *k, struct span key, void *into);

/* { key: value, ... }; `read` is called at each value. */
static int read_object(struct k6 *k, member_reader *read, void *into)
{
	if (js_expect(&k->js, "{"))
		return -1;
	while (!js_is(&k->js, "}")) {
		struct js_token key = k->js.token;
		if (key.kind != JS_WORD && key.kind != JS_STRING)
			return not_understood(k, "a key");
		if (js_next(&k->js) || js_expect(&k->js, ":"))
			return -1;
		if (read(k, key.text, into))
			return -1;
		int comma = js_accept(&k->js, ",");
		if (comma < 0 || (!comma && !js_is(&k->js, "}")))
			return comma < 0 ? -1 : js_expect(&k->js, "}");
	}
	return js_next(&k->js);
}

/* [ value, ... ] */
static int read_array(struct k6 *k, int (*read)(struct k6 *k, void *into), void *into)
{
	if (js_expect(&k->js, "["))
		return -1;
	while (!js_is(&k->js, "]")) {
		if (read(k, into))
			return -1;
		int comma = js_accept(&k->js, ",");
		if (comma < 0 || (!comma && !js_is(&k->js, "]")))
			return comma < 0 ? -1 : js_expect(&k->js, "]");
	}
	return js_next(&k->js);
}

static bool is(struct span key, const char *name)
{
	return same(key, span_of(name));
}

/* --- options ----------------------------------------------------------------------------- */

struct stage {
	double duration_s, target;
};

static int read_stage_member(struct k6 *k, struct span key, void *into)
{
	struct stage *s = into;
	if (is(key, "duration"))
		return read_duration(k, &s->duration_s);
	if (is(key, "target"))
		return read_number(k, &s->target);
	return js_fail(&k->js, "a stage has no %.*s; allowed: duration, target", (int)key.len,
		       key.ptr);
}

static int read_stage(struct k6 *k, void *into)
{
	struct stage s = {-1, -1};
	(void)into;
	if (read_object(k, read_stage_member, &s))
		return -1;
	if (s.duration_s <= 0 || s.target < 0)
		return js_fail(&k->js, "a stage needs duration and target");
	buf_printf(&k->stages, "  - {duration: %.9gs, target: %.15g}\n", s.duration_s, s.target);
	return 0;
}

struct limit {
	struct span metric;
	struct buf text;
	bool abort;
	double delay_s;
};

static int read_flag(struct k6 *k, bool *ret)
{
	if (!js_is(&k->js, "true") && !js_is(&k->js, "false"))
		return not_understood(k, "true or false");
	*ret = js_is(&k->js, "true");
	return js_next(&k->js);
}

static int read_limit_member(struct k6 *k, struct span key, void *into)
{
	struct limit *l = into;
	if (is(key, "threshold"))
		return read_text(k, &l->text);
	if (is(key, "abortOnFail"))
		return read_flag(k, &l->abort);
	if (is(key, "delayAbortEval"))
		return read_duration(k, &l->delay_s);
	return js_fail(&k->js,
		       "a threshold has no %.*s; allowed: threshold, abortOnFail, delayAbortEval",
		       (int)key.len, key.ptr);
}

/* Held against brink's own grammar here, where the line is known. */
static int check_limit(struct k6 *k, const struct limit *l, const struct js_token *at)
{
	struct threshold t;
	struct err err = {0};
	char text[THRESHOLD_TEXT + 64];
	snprintf(text, sizeof text, "%.*s: %s", (int)l->metric.len, l->metric.ptr, l->text.ptr);
	if (!threshold_parse(&t, text, &err))
		return 0;
	k->js.token = *at;
	return js_fail(&k->js, "%.200s", err.text);
}

static int read_limit(struct k6 *k, void *into)
{
	struct limit l = {.metric = *(struct span *)into};
	struct js_token at = k->js.token;
	buf_init(&l.text, THRESHOLD_TEXT);
	int result =
		js_is(&k->js, "{") ? read_object(k, read_limit_member, &l) : read_text(k, &l.text);
	if (!result && (!l.text.len || l.text.cut))
		result = js_fail(&k->js, "a threshold needs an expression of at most %d characters",
				 THRESHOLD_TEXT);
	if (!result)
		result = check_limit(k, &l, &at);
	if (!result) {
		buf_puts(&k->thresholds, "    - {threshold: ");
		put_quoted(&k->thresholds, (struct span){l.text.ptr, l.text.len});
		if (l.abort)
			buf_puts(&k->thresholds, ", abortOnFail: true");
		if (l.delay_s > 0)
			buf_printf(&k->thresholds, ", delayAbortEval: %.9gs", l.delay_s);
		buf_puts(&k->thresholds, "}\n");
	}
	buf_fini(&l.text);
	return result;
}

static int read_metric(struct k6 *k, struct span key, void *into)
{
	(void)into;
	buf_puts(&k->thresholds, "  ");
	put_quoted(&k->thresholds, key);
	buf_puts(&k->thresholds, ":\n");
	return read_array(k, read_limit, &key);
}

static int read_option(struct k6 *k, struct span key, void *into)
{
	bool ignored;
	(void)into;
	if (is(key, "stages"))
		return read_array(k, read_stage, NULL);
	if (is(key, "vus"))
		return read_number(k, &k->vus);
	if (is(key, "duration"))
		return read_duration(k, &k->duration_s);
	if (is(key, "thresholds"))
		return read_object(k, read_metric, NULL);
	if (is(key, "discardResponseBodies")) /* brink always does */
		return read_flag(k, &ignored);
	return js_fail(&k->js,
		       "the option %.*s cannot be converted; allowed: stages, vus, duration, "
		       "thresholds, discardResponseBodies",
		       (int)key.len, key.ptr);
}

/* --- the function ------------------------------------------------------------------------ */

static int read_header(struct k6 *k, struct span key, void *into)
{
	struct request *q = into;
	struct buf value;
	buf_init(&value, TEXT_MAX);
	int result = read_text(k, &value);
	if (!result) {
		buf_puts(&q->headers, q->headers.len ? ", " : "");
		put_quoted(&q->headers, key);
		buf_puts(&q->headers, ": ");
		put_quoted(&q->headers, (struct span){value.ptr, value.len});
	}
	buf_fini(&value);
	return result;
}

static int read_parameter(struct k6 *k, struct span key, void *into)
{
	if (is(key, "headers"))
		return read_object(k, read_header, into);
	return js_fail(&k->js, "the parameter %.*s cannot be converted; allowed: headers",
		       (int)key.len, key.ptr);
}

static const char *method_of(struct span name)
{
	static const char *const names[][2] = {
		{"get", "GET"},    {"post", "POST"}, {"put", "PUT"},         {"patch", "PATCH"},
		{"del", "DELETE"}, {"head", "HEAD"}, {"options", "OPTIONS"},
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (is(name, names[i][0]))
			return names[i][1];
	return NULL;
}

static bool has_body(const char *method)
{
	return strcmp(method, "GET") && strcmp(method, "HEAD");
}

/* null, or static text. */
static int read_body(struct k6 *k, struct request *q)
{
	if (js_is(&k->js, "null") || js_is(&k->js, "undefined"))
		return js_next(&k->js);
	return read_text(k, &q->body);
}

/* http.METHOD(URL [, BODY] [, PARAMETERS]) behind the "http". */
static int read_request(struct k6 *k, struct span result)
{
	if (k->request_count == REQUESTS_MAX)
		return js_fail(&k->js, "more than %u requests", REQUESTS_MAX);
	if (js_expect(&k->js, "."))
		return -1;
	const char *method = method_of(k->js.token.text);
	if (!method)
		return not_understood(k, "get, post, put, patch, del, head, options");
	struct request *q = &k->requests[k->request_count++];
	q->method = method;
	q->result = result;
	buf_init(&q->url, 8192);
	buf_init(&q->body, TEXT_MAX);
	buf_init(&q->headers, TEXT_MAX);
	if (js_next(&k->js) || js_expect(&k->js, "(") || read_text(k, &q->url))
		return -1;
	int more = js_accept(&k->js, ",");
	if (more > 0 && has_body(method) && !js_is(&k->js, ")")) {
		if (read_body(k, q))
			return -1;
		more = js_accept(&k->js, ",");
	}
	if (more > 0 && !js_is(&k->js, ")") && read_object(k, read_parameter, q))
		return -1;
	return more < 0 ? -1 : js_expect(&k->js, ")");
}

/* (r) => r.status === 200, or function (r) { return r.status === 200; } */
static int read_condition(struct k6 *k, struct span key, void *into)
{
	struct request *q = into;
	double status;
	int word = js_accept(&k->js, "function"), paren = 0;
	(void)key;
	if (word < 0 || (paren = js_accept(&k->js, "(")) < 0)
		return -1;
	struct span r = k->js.token.text;
	if (k->js.token.kind != JS_WORD || js_next(&k->js) || (paren && js_expect(&k->js, ")")))
		return k->js.err->text[0] ? -1 : not_understood(k, "(r) => r.status === 200");
	if (word ? js_expect(&k->js, "{") || js_expect(&k->js, "return") : js_expect(&k->js, "=>"))
		return -1;
	if (!same(k->js.token.text, r))
		return not_understood(k, "(r) => r.status === 200");
	if (js_next(&k->js) || js_expect(&k->js, ".") || js_expect(&k->js, "status"))
		return -1;
	if (!js_is(&k->js, "===") && !js_is(&k->js, "=="))
		return not_understood(k, "=== and a status");
	if (js_next(&k->js) || read_number(k, &status))
		return -1;
	if (word && (js_accept(&k->js, ";") < 0 || js_expect(&k->js, "}")))
		return -1;
	if (q->status && q->status != (unsigned)status)
		return js_fail(&k->js, "two checks on one status: %u and %g", q->status, status);
	q->status = (unsigned)status;
	return 0;
}

static int read_check(struct k6 *k)
{
	struct request *q = NULL;
	if (js_expect(&k->js, "("))
		return -1;
	for (unsigned i = 0; i < k->request_count; i++)
		if (k->requests[i].result.len && same(k->requests[i].result, k->js.token.text))
			q = &k->requests[i];
	if (!q)
		return not_understood(k, "the variable that an answer was assigned to");
	if (js_next(&k->js) || js_expect(&k->js, ",") || read_object(k, read_condition, q))
		return -1;
	return js_expect(&k->js, ")");
}

static int read_sleep(struct k6 *k)
{
	double seconds;
	if (js_expect(&k->js, "("))
		return -1;
	if (!k->request_count)
		return js_fail(&k->js, "sleep before the first request cannot be converted");
	if (read_number(k, &seconds) || js_expect(&k->js, ")"))
		return -1;
	k->requests[k->request_count - 1].think_s += seconds;
	return 0;
}

static bool declares(const struct js *j)
{
	return js_is(j, "const") || js_is(j, "let") || js_is(j, "var");
}

static int read_statement(struct k6 *k)
{
	struct span name = {0};
	if (declares(&k->js)) {
		if (js_next(&k->js))
			return -1;
		name = k->js.token.text;
		if (js_next(&k->js) || js_expect(&k->js, "="))
			return -1;
	}
	int result;
	if (js_accept(&k->js, "http") > 0)
		result = read_request(k, name);
	else if (!name.len && js_accept(&k->js, "check") > 0)
		result = read_check(k);
	else if (!name.len && js_accept(&k->js, "sleep") > 0)
		result = read_sleep(k);
	else
		result = not_understood(k, "http.get(...) and its like, check(...), sleep(...)");
	return result || js_accept(&k->js, ";") < 0 ? -1 : 0;
}

/* export default function () { ... }, or () => { ... } */
static int read_function(struct k6 *k)
{
	int word = js_accept(&k->js, "function");
	if (word > 0 && k->js.token.kind == JS_WORD && js_next(&k->js))
		return -1;
	if (word < 0 || js_expect(&k->js, "(") || js_expect(&k->js, ")"))
		return -1;
	if ((!word && js_expect(&k->js, "=>")) || js_expect(&k->js, "{"))
		return -1;
	while (!js_is(&k->js, "}"))
		if (read_statement(k))
			return -1;
	return js_next(&k->js);
}

/* --- the script -------------------------------------------------------------------------- */

/* import http from 'k6/http'; import { check, sleep } from 'k6'; */
static int read_import(struct k6 *k)
{
	while (!js_is(&k->js, "from") && k->js.token.kind != JS_END)
		if (js_next(&k->js))
			return -1;
	if (js_expect(&k->js, "from"))
		return -1;
	struct span from = k->js.token.text;
	if (k->js.token.kind != JS_STRING || (!is(from, "k6") && !is(from, "k6/http")))
		return not_understood(k, "'k6' and 'k6/http'");
	return js_next(&k->js);
}

static int read_constant(struct k6 *k)
{
	if (k->constant_count == CONSTANTS_MAX)
		return js_fail(&k->js, "more than %u constants", CONSTANTS_MAX);
	struct span name = k->js.token.text;
	struct buf *value = &k->constants[k->constant_count].value;
	if (k->js.token.kind != JS_WORD)
		return not_understood(k, "a name");
	buf_init(value, TEXT_MAX);
	k->constants[k->constant_count++].name = name;
	return js_next(&k->js) || js_expect(&k->js, "=") ? -1 : read_text(k, value);
}

static int read_export(struct k6 *k)
{
	int word = js_accept(&k->js, "default");
	if (word)
		return word < 0 ? -1 : read_function(k);
	if (!declares(&k->js))
		return not_understood(k, "export const options, export default function");
	if (js_next(&k->js))
		return -1;
	if (js_accept(&k->js, "options") <= 0)
		return not_understood(k, "options");
	return js_expect(&k->js, "=") ? -1 : read_object(k, read_option, NULL);
}

static int read_top(struct k6 *k)
{
	int result;
	if (js_accept(&k->js, "import") > 0)
		result = read_import(k);
	else if (js_accept(&k->js, "export") > 0)
		result = read_export(k);
	else if (declares(&k->js))
		result = js_next(&k->js) ? -1 : read_constant(k);
	else
		result = not_understood(k, "import, export const options, export default function, "
					   "const NAME = 'text'");
	return result || js_accept(&k->js, ";") < 0 ? -1 : 0;
}

/* --- the scenario ------------------------------------------------------------------------ */

static int write_request(struct k6 *k, const struct request *q, const char *origin, struct buf *out,
			 struct err *err)
{
	struct url url;
	char authority[272], own[320];
	if (url_parse(&url, q->url.ptr ? q->url.ptr : "", err))
		return -1;
	url_authority(&url, authority, sizeof authority);
	snprintf(own, sizeof own, "%s://%s", url.scheme, authority);
	if (strcmp(own, origin))
		return err_set(err, ERR_USAGE,
			       "%s: requests go to %s and to %s; a scenario has one "
			       "target",
			       k->js.name, origin, own);
	buf_printf(out, "  - {method: %s, path: ", q->method);
	put_quoted(out, span_of(url.path));
	if (q->headers.len)
		buf_printf(out, ", headers: {%s}", q->headers.ptr);
	if (q->body.len) {
		buf_puts(out, ", body: ");
		put_quoted(out, (struct span){q->body.ptr, q->body.len});
	}
	if (q->status)
		buf_printf(out, ", expect: {status: %u}", q->status);
	if (q->think_s > 0)
		buf_printf(out, ", think: %.9gs", q->think_s);
	buf_puts(out, "}\n");
	return 0;
}

static void write_load(const struct k6 *k, struct buf *out)
{
	if (k->stages.len) {
		buf_printf(out, "executor: ramping-connections\nstages:\n%s", k->stages.ptr);
		if (k->vus > 0)
			buf_printf(out, "start: %.15g\n", k->vus);
		return;
	}
	buf_printf(out, "executor: constant-connections\nconnections: %.15g\n",
		   k->vus > 0 ? k->vus : 1);
	if (k->duration_s > 0)
		buf_printf(out, "duration: %.9gs\n", k->duration_s);
}

static int write_scenario(struct k6 *k, struct buf *out, struct err *err)
{
	struct url url;
	char authority[272], origin[320];
	if (!k->request_count)
		return err_set(err, ERR_USAGE, "%s:%u:%u: the script makes no request", k->js.name,
			       k->js.line, k->js.column);
	const char *first = k->requests[0].url.ptr;
	if (url_parse(&url, first ? first : "", err))
		return -1;
	url_authority(&url, authority, sizeof authority);
	snprintf(origin, sizeof origin, "%s://%s", url.scheme, authority);
	buf_printf(out, "# from %s\nversion: 1\ntarget: ", k->js.name);
	put_quoted(out, span_of(origin));
	buf_puts(out, "\n");
	write_load(k, out);
	buf_puts(out, "requests:\n");
	for (unsigned i = 0; i < k->request_count; i++)
		if (write_request(k, &k->requests[i], origin, out, err))
			return -1;
	if (k->thresholds.len)
		buf_printf(out, "thresholds:\n%s", k->thresholds.ptr);
	return 0;
}

static void release(struct k6 *k)
{
	for (unsigned i = 0; i < k->constant_count; i++)
		buf_fini(&k->constants[i].value);
	for (unsigned i = 0; i < k->request_count; i++) {
		buf_fini(&k->requests[i].url);
		buf_fini(&k->requests[i].body);
		buf_fini(&k->requests[i].headers);
	}
	buf_fini(&k->stages);
	buf_fini(&k->thresholds);
	free(k);
}

int k6_import(const char *name, struct span script, struct buf *out, struct err *err)
{
	struct k6 *k = calloc(1, sizeof *k);
	if (!k)
		return err_set(err, ERR_RUNTIME, "no memory for %s", name);
	err->text[0] = err->hint[0] = '\0';
	buf_init(&k->stages, TEXT_MAX);
	buf_init(&k->thresholds, TEXT_MAX);
	int result = js_open(&k->js, name, script, err);
	while (!result && k->js.token.kind != JS_END)
		result = read_top(k);
	if (!result)
		result = write_scenario(k, out, err);
	release(k);
	return result;
}
