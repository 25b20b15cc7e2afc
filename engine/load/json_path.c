#include "load/json_path.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 100u

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
	char name[NAME_MAX_LEN + 1];
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
	if ((*at != '[' && *at != '.') || !len || len > NAME_MAX_LEN)
		return false;
	*path = at + 1 + len;
	if (*at == '[' && *(*path)++ != ']')
		return false;
	return true;
}

bool json_path_is_good(const char *path)
{
	const char *at = path + 1;
	bool good = path[0] == '$' && *at && strlen(path) < JSON_PATH_MAX;
	while (good && *at)
		good = is_step(&at);
	return good;
}

const json_t *json_path_find(const json_t *root, const char *path)
{
	for (path++; root && *path;)
		root = step(root, &path);
	return root;
}
