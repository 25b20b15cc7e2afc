#include "load/capture.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

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

bool capture(struct captured *ret, struct span body, const char *path)
{
	json_t *root = json_loadb(body.ptr, body.len, JSON_DECODE_ANY, NULL);
	const json_t *value = root;
	for (path++; value && *path;)
		value = step(value, &path);
	bool kept = value && keep_value(ret, value);
	json_decref(root);
	return kept;
}
