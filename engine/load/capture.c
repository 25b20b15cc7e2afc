#include "load/capture.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* --- the body ---------------------------------------------------------------------------- */

static bool is_chunked(struct span head)
{
	static const char name[] = "\ntransfer-encoding:";
	for (size_t i = 0; i + sizeof name - 1 <= head.len; i++)
		if (!strncasecmp(head.ptr + i, name, sizeof name - 1))
			return true;
	return false;
}

/* The chunks put together, in place; the parser has held them to the grammar already. */
static size_t join_chunks(char *bytes, size_t len)
{
	size_t from = 0, to = 0;
	while (from < len) {
		char *end;
		size_t size = strtoul(bytes + from, &end, 16);
		char *line = memchr(end, '\n', len - (size_t)(end - bytes));
		if (!size || !line || size > len - (size_t)(line + 1 - bytes))
			break;
		memmove(bytes + to, line + 1, size);
		to += size;
		from = (size_t)(line + 1 - bytes) + size + 2;
	}
	return to;
}

static bool is_interim(struct span answer)
{
	return answer.len > 9 && answer.ptr[9] == '1'; /* "HTTP/1.1 1xx" */
}

static json_t *parse(struct span answer)
{
	char *head_end;
	while ((head_end = memmem(answer.ptr, answer.len, "\r\n\r\n", 4)) && is_interim(answer))
		span_skip(&answer, (size_t)(head_end + 4 - answer.ptr));
	if (!head_end)
		return NULL;
	struct span head = {answer.ptr, (size_t)(head_end - answer.ptr)};
	char *body = head_end + 4;
	size_t len = answer.len - head.len - 4;
	if (is_chunked(head))
		len = join_chunks(body, len);
	return json_loadb(body, len, JSON_DECODE_ANY, NULL);
}

/* --- the path ---------------------------------------------------------------------------- */

/* The next step of a path, and what it leads to; NULL: nowhere. */
static const json_t *step(const json_t *in, const char **path)
{
	const char *at = *path;
	if (*at == '[') {
		char *end;
		size_t index = strtoul(at + 1, &end, 10);
		*path = end + (*end == ']');
		return json_array_get(in, index);
	}
	char name[128];
	size_t len = strcspn(++at, ".[");
	if (len >= sizeof name)
		return NULL;
	memcpy(name, at, len);
	name[len] = '\0';
	*path = at + len;
	return json_object_get(in, name);
}

static bool is_step(const char **path)
{
	const char *at = *path;
	size_t len = *at == '[' ? strspn(at + 1, "0123456789") : strcspn(at + 1, ".[]");
	if ((*at != '[' && *at != '.') || !len || len > 100)
		return false;
	*path = at + 1 + len;
	if (*at == '[' && *(*path)++ != ']')
		return false;
	return true;
}

int capture_check(const char *path, struct err *err)
{
	const char *at = path + 1;
	bool good = path[0] == '$' && *at && strlen(path) < sizeof(((struct mix_capture *)0)->path);
	while (good && *at)
		good = is_step(&at);
	return good ? 0
		    : err_set(err, ERR_USAGE,
			      "\"%.80s\" is no path into JSON: like $.id or $.orders[0].id", path);
}

/* --- the value --------------------------------------------------------------------------- */

static bool keep(struct captured *ret, const char *text, size_t len)
{
	if (!len || len > MIX_CAPTURE_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f)
			return false;
	memcpy(ret->text, text, len);
	ret->len = (uint16_t)len;
	return true;
}

static bool keep_value(struct captured *ret, const json_t *value)
{
	char text[32];
	if (json_is_string(value))
		return keep(ret, json_string_value(value), json_string_length(value));
	if (json_is_boolean(value))
		return keep(ret, json_is_true(value) ? "true" : "false",
			    json_is_true(value) ? 4 : 5);
	if (!json_is_integer(value))
		return false;
	int len = snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
	return keep(ret, text, (size_t)len);
}

bool capture(struct captured *ret, struct span answer, const char *path)
{
	json_t *root = parse(answer);
	const json_t *value = root;
	for (path++; value && *path;)
		value = step(value, &path);
	bool kept = value && keep_value(ret, value);
	json_decref(root);
	return kept;
}
