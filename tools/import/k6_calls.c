/* The function of a script: requests, checks on their status, pauses. */
#include "tools/import/k6_impl.h"

static int read_header(struct k6 *k, struct span key, void *into)
{
	struct request *q = into;
	struct buf value;
	buf_init(&value, TEXT_MAX);
	int result = k6_text(k, &value);
	if (!result) {
		buf_puts(&q->headers, q->headers.len ? ", " : "");
		k6_put_quoted(&q->headers, key);
		buf_puts(&q->headers, ": ");
		k6_put_quoted(&q->headers, (struct span){value.ptr, value.len});
	}
	buf_fini(&value);
	return result;
}

static int read_parameter(struct k6 *k, struct span key, void *into)
{
	if (k6_is(key, "headers"))
		return k6_object(k, read_header, into);
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
		if (k6_is(name, names[i][0]))
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
	return k6_text(k, &q->body);
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
		return k6_not_understood(k, "get, post, put, patch, del, head, options");
	struct request *q = &k->requests[k->request_count++];
	q->method = method;
	q->result = result;
	buf_init(&q->url, 8192);
	buf_init(&q->body, TEXT_MAX);
	buf_init(&q->headers, TEXT_MAX);
	if (js_next(&k->js) || js_expect(&k->js, "(") || k6_text(k, &q->url))
		return -1;
	int more = js_accept(&k->js, ",");
	if (more > 0 && has_body(method) && !js_is(&k->js, ")")) {
		if (read_body(k, q))
			return -1;
		more = js_accept(&k->js, ",");
	}
	if (more > 0 && !js_is(&k->js, ")") && k6_object(k, read_parameter, q))
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
		return k->js.err->text[0] ? -1 : k6_not_understood(k, "(r) => r.status === 200");
	if (word ? js_expect(&k->js, "{") || js_expect(&k->js, "return") : js_expect(&k->js, "=>"))
		return -1;
	if (!k6_same(k->js.token.text, r))
		return k6_not_understood(k, "(r) => r.status === 200");
	if (js_next(&k->js) || js_expect(&k->js, ".") || js_expect(&k->js, "status"))
		return -1;
	if (!js_is(&k->js, "===") && !js_is(&k->js, "=="))
		return k6_not_understood(k, "=== and a status");
	if (js_next(&k->js) || k6_number(k, &status))
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
		if (k->requests[i].result.len && k6_same(k->requests[i].result, k->js.token.text))
			q = &k->requests[i];
	if (!q)
		return k6_not_understood(k, "the variable that an answer was assigned to");
	if (js_next(&k->js) || js_expect(&k->js, ",") || k6_object(k, read_condition, q))
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
	if (k6_number(k, &seconds) || js_expect(&k->js, ")"))
		return -1;
	k->requests[k->request_count - 1].think_s += seconds;
	return 0;
}

static int read_statement(struct k6 *k)
{
	struct span name = {0};
	if (k6_declares(&k->js)) {
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
		result = k6_not_understood(k, "http.get(...) and its like, check(...), sleep(...)");
	return result || js_accept(&k->js, ";") < 0 ? -1 : 0;
}

/* export default function () { ... }, or () => { ... } */
int k6_function(struct k6 *k)
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
