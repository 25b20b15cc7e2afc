#include "tools/import/k6.h"

#include "base/url.h"
#include "tools/import/k6_impl.h"

#include <stdio.h>
#include <stdlib.h>

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
	if (k->js.token.kind != JS_STRING || (!k6_is(from, "k6") && !k6_is(from, "k6/http")))
		return k6_not_understood(k, "'k6' and 'k6/http'");
	return js_next(&k->js);
}

static int read_constant(struct k6 *k)
{
	if (k->constant_count == CONSTANTS_MAX)
		return js_fail(&k->js, "more than %u constants", CONSTANTS_MAX);
	struct span name = k->js.token.text;
	struct buf *value = &k->constants[k->constant_count].value;
	if (k->js.token.kind != JS_WORD)
		return k6_not_understood(k, "a name");
	buf_init(value, TEXT_MAX);
	k->constants[k->constant_count++].name = name;
	return js_next(&k->js) || js_expect(&k->js, "=") ? -1 : k6_text(k, value);
}

static int read_export(struct k6 *k)
{
	int word = js_accept(&k->js, "default");
	if (word)
		return word < 0 ? -1 : k6_function(k);
	if (!k6_declares(&k->js))
		return k6_not_understood(k, "export const options, export default function");
	if (js_next(&k->js))
		return -1;
	if (js_accept(&k->js, "options") <= 0)
		return k6_not_understood(k, "options");
	return js_expect(&k->js, "=") ? -1 : k6_options(k);
}

static int read_top(struct k6 *k)
{
	int result;
	if (js_accept(&k->js, "import") > 0)
		result = read_import(k);
	else if (js_accept(&k->js, "export") > 0)
		result = read_export(k);
	else if (k6_declares(&k->js))
		result = js_next(&k->js) ? -1 : read_constant(k);
	else
		result = k6_not_understood(k,
					   "import, export const options, export default function, "
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
	k6_put_quoted(out, span_of(url.path));
	if (q->headers.len)
		buf_printf(out, ", headers: {%s}", q->headers.ptr);
	if (q->body.len) {
		buf_puts(out, ", body: ");
		k6_put_quoted(out, (struct span){q->body.ptr, q->body.len});
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
	k6_put_quoted(out, span_of(origin));
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
