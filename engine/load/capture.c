#include "load/capture.h"

#include "load/json_path.h"

#include <jansson.h>
#include <stdio.h>

int capture_check(const char *path, struct err *err)
{
	return json_path_is_good(path)
		       ? 0
		       : err_set(err, ERR_USAGE,
				 "\"%.80s\" is no path into JSON: like $.id or $.orders[0].id",
				 path);
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
	const json_t *value = root ? json_path_find(root, path) : NULL;
	bool kept = value && keep_value(ret, value);
	json_decref(root);
	return kept;
}
