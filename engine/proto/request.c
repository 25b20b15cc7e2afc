#include "proto/request.h"

#include "base/field.h"

#include <stdio.h>

static const char *const SAFE_METHODS[] = {"GET", "HEAD", "OPTIONS", "TRACE", NULL};

/* An empty body of theirs is announced too, RFC 9110 section 8.6. */
static const char *const METHODS_WITH_BODY[] = {"POST", "PUT", "PATCH", NULL};

static bool is_one_of(const char *method, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(method, *list) == 0)
			return true;
	return false;
}

bool request_is_safe(const char *method)
{
	return is_one_of(method, SAFE_METHODS);
}

/* Visible ASCII, one character at least: what a request line or an authority can hold. */
static bool is_visible(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return false;
	return true;
}

/* RFC 9110 section 5.5: no control characters but the tab; bytes past ASCII may pass. */
static bool is_value(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static struct span name_of(const char *line)
{
	return (struct span){line, strcspn(line, ":")};
}

/* Of a line that has a colon. */
static struct span value_of(const char *line)
{
	return field_trim(span_of(strchr(line, ':') + 1));
}

static int check_header(const char *line, struct err *err)
{
	struct span name = name_of(line);
	int shown = (int)strcspn(line, ": \t\r\n"); /* nothing of what may be a secret value */
	if (line[name.len] != ':')
		return err_set(err, ERR_USAGE, "header '%.*s' has no colon", shown, line);
	if (name.len == 0)
		return err_set(err, ERR_USAGE, "a header has no name before its colon");
	if (!field_is_token(name))
		return err_set(err, ERR_USAGE, "header name '%.*s' has an illegal character",
			       (int)name.len, name.ptr);
	if (!is_value(value_of(line)))
		return err_set(err, ERR_USAGE, "header '%.*s' has a control character in its value",
			       (int)name.len, name.ptr);
	return 0;
}

static bool path_is_legal(const struct request_spec *spec)
{
	if (strcmp(spec->path, "*") == 0)
		return strcmp(spec->method, "OPTIONS") == 0;
	return spec->path[0] == '/' && is_visible(spec->path) && !strchr(spec->path, '#');
}

static int check(const struct request_spec *spec, struct err *err)
{
	if (!field_is_token(span_of(spec->method)))
		return err_set(err, ERR_USAGE, "'%s' is not an HTTP method", spec->method);
	if (!path_is_legal(spec))
		return err_set(err, ERR_USAGE, "'%s' cannot stand as the path of a %s request",
			       spec->path, spec->method);
	if (!is_visible(spec->authority))
		return err_set(err, ERR_USAGE, "'%s' cannot stand as the host of a request",
			       spec->authority);
	for (unsigned i = 0; i < spec->header_count; i++)
		if (check_header(spec->headers[i], err) < 0)
			return -1;
	return 0;
}

static bool user_gives(const struct request_spec *spec, const char *name)
{
	return field_is_given(spec->headers, spec->header_count, name);
}

static bool length_is_due(const struct request_spec *spec)
{
	if (user_gives(spec, "Transfer-Encoding")) /* never both, RFC 9112 section 6.2 */
		return false;
	return spec->body.len > 0 || is_one_of(spec->method, METHODS_WITH_BODY);
}

static void put_header(struct buf *out, struct span name, struct span value)
{
	buf_append(out, name.ptr, name.len);
	buf_puts(out, ": ");
	buf_append(out, value.ptr, value.len);
	buf_puts(out, "\r\n");
}

/* An automatic header, unless the user gives it. */
static void put_own(struct buf *out, const struct request_spec *spec, const char *name,
		    const char *value)
{
	if (!user_gives(spec, name))
		put_header(out, span_of(name), span_of(value));
}

static void render(struct buf *out, const struct request_spec *spec)
{
	char length[24];
	snprintf(length, sizeof length, "%zu", spec->body.len);
	buf_printf(out, "%s %s HTTP/1.1\r\n", spec->method, spec->path);
	put_own(out, spec, "Host", spec->authority);
	put_own(out, spec, "User-Agent", "brink/" BRINK_VERSION);
	for (unsigned i = 0; i < spec->header_count; i++)
		put_header(out, name_of(spec->headers[i]), value_of(spec->headers[i]));
	if (!spec->keepalive)
		put_own(out, spec, "Connection", "close");
	if (length_is_due(spec))
		put_own(out, spec, "Content-Length", length);
	buf_puts(out, "\r\n");
	buf_append(out, spec->body.ptr, spec->body.len);
}

int request_render(struct buf *out, const struct request_spec *spec, struct err *err)
{
	if (check(spec, err) < 0)
		return -1;
	render(out, spec);
	if (out->no_memory)
		return err_set(err, ERR_RUNTIME, "no memory for a request of %zu bytes and more",
			       spec->body.len);
	if (out->cut)
		return err_set(err, ERR_USAGE, "the request is longer than %zu bytes", out->max);
	return 0;
}
