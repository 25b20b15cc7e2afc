/* Values in a script: what is static in it. */
#include "tools/import/k6_impl.h"

#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>

int k6_not_understood(struct k6 *k, const char *allowed)
{
	const struct js_token *t = &k->js.token;
	return js_fail(&k->js, "%.*s is not understood here; allowed: %s",
		       (int)(t->text.len < 60 ? t->text.len : 60), t->text.ptr ? t->text.ptr : "",
		       allowed);
}

/* A double-quoted scalar, which YAML and JSON read alike. */
void k6_put_quoted(struct buf *out, struct span text)
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

/* --- scalars ------------------------------------------------------------------------------ */

static int put_constant(struct k6 *k, struct span name, struct buf *out)
{
	for (unsigned i = 0; i < k->constant_count; i++) {
		if (!k6_same(k->constants[i].name, name))
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
		result = k6_not_understood(k, "a string");
	}
	return result ? -1 : js_next(&k->js);
}

/* Pieces joined by +. */
int k6_text(struct k6 *k, struct buf *out)
{
	int more;
	do {
		if (read_piece(k, out))
			return -1;
	} while ((more = js_accept(&k->js, "+")) > 0);
	return more;
}

int k6_number(struct k6 *k, double *ret)
{
	char text[40], *end;
	const struct js_token *t = &k->js.token;
	if (t->kind != JS_NUMBER || t->text.len >= sizeof text)
		return k6_not_understood(k, "a number");
	size_t len = 0;
	for (size_t i = 0; i < t->text.len; i++)
		if (t->text.ptr[i] != '_')
			text[len++] = t->text.ptr[i];
	text[len] = '\0';
	*ret = strtod(text, &end);
	if (*end || end == text)
		return k6_not_understood(k, "a number");
	return js_next(&k->js);
}

/* "1m30s" is k6's way; a bare number is milliseconds there. */
int k6_duration(struct k6 *k, double *ret_s)
{
	struct buf text;
	uint64_t ns, sum = 0;
	buf_init(&text, 64);
	struct js_token at = k->js.token;
	if (at.kind == JS_NUMBER) {
		if (k6_number(k, ret_s))
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

int k6_flag(struct k6 *k, bool *ret)
{
	if (!js_is(&k->js, "true") && !js_is(&k->js, "false"))
		return k6_not_understood(k, "true or false");
	*ret = js_is(&k->js, "true");
	return js_next(&k->js);
}

/* --- objects and arrays ------------------------------------------------------------------- */

/* { key: value, ... }; `read` is called at each value. */
int k6_object(struct k6 *k, k6_member_reader *read, void *into)
{
	if (js_expect(&k->js, "{"))
		return -1;
	while (!js_is(&k->js, "}")) {
		struct js_token key = k->js.token;
		if (key.kind != JS_WORD && key.kind != JS_STRING)
			return k6_not_understood(k, "a key");
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
int k6_array(struct k6 *k, int (*read)(struct k6 *k, void *into), void *into)
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
