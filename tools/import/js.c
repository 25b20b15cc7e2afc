#include "tools/import/js.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* --- errors ------------------------------------------------------------------------------ */

int js_fail(struct js *j, const char *format, ...)
{
	char text[360];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return err_set(j->err, ERR_USAGE, "%.120s:%u:%u: %s", j->name, j->token.line,
		       j->token.column, text);
}

/* --- characters -------------------------------------------------------------------------- */

static void pass(struct js *j, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)j->rest.ptr[i];
		if (c == '\n') {
			j->line++;
			j->column = 1;
		} else if ((c & 0xc0) != 0x80) { /* a character begins */
			j->column++;
		}
	}
	span_skip(&j->rest, bytes);
}

static bool begins(const struct js *j, const char *text)
{
	size_t len = strlen(text);
	return j->rest.len >= len && !memcmp(j->rest.ptr, text, len);
}

static bool skip_comment(struct js *j)
{
	const char *end = NULL;
	if (begins(j, "//"))
		end = memchr(j->rest.ptr, '\n', j->rest.len);
	else if (begins(j, "/*")) {
		end = memmem(j->rest.ptr + 2, j->rest.len - 2, "*/", 2);
		end = end ? end + 2 : NULL;
	} else {
		return false;
	}
	pass(j, end ? (size_t)(end - j->rest.ptr) : j->rest.len);
	return true;
}

static void skip_blanks(struct js *j)
{
	for (;;) {
		if (j->rest.len && isspace((unsigned char)*j->rest.ptr))
			pass(j, 1);
		else if (begins(j, "\xc2\xa0") || begins(j, "\xef\xbb\xbf")) /* no-break; a mark */
			pass(j, begins(j, "\xc2\xa0") ? 2 : 3);
		else if (!skip_comment(j))
			return;
	}
}

/* --- strings ----------------------------------------------------------------------------- */

/* The closing quotes that go with an opening one; NULL: it opens none. */
static const char *const *closing(const struct js *j, size_t *ret_len)
{
	static const struct {
		const char *open, *close[4];
	} quotes[] = {
		{"'", {"'", NULL}},
		{"\"", {"\"", NULL}},
		{"`", {"`", NULL}},
		{"\xe2\x80\x98", {"\xe2\x80\x99", "\xe2\x80\x98", NULL}},
		{"\xe2\x80\x99", {"\xe2\x80\x99", "\xe2\x80\x98", NULL}},
		{"\xe2\x80\x9c", {"\xe2\x80\x9d", "\xe2\x80\x9c", NULL}},
		{"\xe2\x80\x9d", {"\xe2\x80\x9d", "\xe2\x80\x9c", NULL}},
		{"\xe2\x80\x9e", {"\xe2\x80\x9c", "\xe2\x80\x9d", NULL}},
	};
	for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
		if (!begins(j, quotes[i].open))
			continue;
		*ret_len = strlen(quotes[i].open);
		return quotes[i].close;
	}
	return NULL;
}

static size_t closes(const struct js *j, const char *const *close)
{
	for (; *close; close++)
		if (begins(j, *close))
			return strlen(*close);
	return 0;
}

static int take_string(struct js *j, const char *const *close, size_t open_len)
{
	bool template = *j->rest.ptr == '`';
	pass(j, open_len);
	const char *from = j->rest.ptr;
	size_t len;
	while (!(len = closes(j, close))) {
		if (!j->rest.len || (*j->rest.ptr == '\n' && !template))
			return js_fail(j, "a string without its end");
		pass(j, *j->rest.ptr == '\\' && j->rest.len > 1 ? 2 : 1);
	}
	j->token.kind = template ? JS_TEMPLATE : JS_STRING;
	j->token.text = (struct span){from, (size_t)(j->rest.ptr - from)};
	pass(j, len);
	return 0;
}

int js_unescape(struct js *j, const struct js_token *t, struct buf *out)
{
	static const char from[] = "nrtb'\"`\\/", to[] = "\n\r\t\b'\"`\\/";
	for (size_t i = 0; i < t->text.len; i++) {
		const char *at = t->text.ptr + i;
		if (*at != '\\') {
			buf_append(out, at, 1);
			continue;
		}
		const char *known = ++i < t->text.len ? strchr(from, at[1]) : NULL;
		if (!known || !*known)
			return js_fail(j, "an escape that is not understood: \\%c", at[1]);
		buf_append(out, &to[known - from], 1);
	}
	return 0;
}

/* --- tokens ------------------------------------------------------------------------------ */

static size_t word_len(const struct js *j)
{
	size_t n = 0;
	while (n < j->rest.len &&
	       (isalnum((unsigned char)j->rest.ptr[n]) || strchr("_$", j->rest.ptr[n])) &&
	       j->rest.ptr[n])
		n++;
	return n;
}

static size_t number_len(const struct js *j)
{
	size_t n = 0;
	while (n < j->rest.len && (isalnum((unsigned char)j->rest.ptr[n]) ||
				   j->rest.ptr[n] == '.' || j->rest.ptr[n] == '_'))
		n++;
	return n;
}

static size_t sign_len(const struct js *j)
{
	static const char *const signs[] = {"===", "!==", "=>", "==", "!=", "<=", ">=", "&&", "||"};
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (begins(j, signs[i]))
			return strlen(signs[i]);
	return 1;
}

int js_next(struct js *j)
{
	size_t open_len;
	skip_blanks(j);
	j->token = (struct js_token){.line = j->line, .column = j->column};
	if (!j->rest.len)
		return 0;
	const char *const *close = closing(j, &open_len);
	if (close)
		return take_string(j, close, open_len);
	bool digit = isdigit((unsigned char)*j->rest.ptr);
	size_t len = digit ? number_len(j) : word_len(j);
	j->token.kind = digit ? JS_NUMBER : len ? JS_WORD : JS_SIGN;
	if (!len)
		len = sign_len(j);
	j->token.text = (struct span){j->rest.ptr, len};
	pass(j, len);
	return 0;
}

int js_open(struct js *j, const char *name, struct span text, struct err *err)
{
	*j = (struct js){.name = name, .rest = text, .line = 1, .column = 1, .err = err};
	return js_next(j);
}

bool js_is(const struct js *j, const char *text)
{
	const struct js_token *t = &j->token;
	return (t->kind == JS_WORD || t->kind == JS_SIGN) && t->text.len == strlen(text) &&
	       !memcmp(t->text.ptr, text, t->text.len);
}

int js_accept(struct js *j, const char *text)
{
	if (!js_is(j, text))
		return 0;
	return js_next(j) ? -1 : 1;
}

int js_expect(struct js *j, const char *text)
{
	const struct js_token *t = &j->token;
	if (js_is(j, text))
		return js_next(j);
	if (t->kind == JS_END)
		return js_fail(j, "the script ends where %s is expected", text);
	return js_fail(j, "%.*s where %s is expected", (int)(t->text.len < 60 ? t->text.len : 60),
		       t->text.ptr, text);
}
