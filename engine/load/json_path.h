/* json_path: "$.order.id" or "$.list[0].id": where in a JSON text a value is. Names are taken as
 * they stand between the dots. Pure; any thread. */
#ifndef BRINK_LOAD_JSON_PATH_H
#define BRINK_LOAD_JSON_PATH_H

#include <stdbool.h>

struct json_t; /* jansson.h, whose names are base/json.h's as well: the two are never met in one
		  file */

#define JSON_PATH_MAX 128u /* bytes, with the NUL */

/* Whether it is such a path, of one step at least. */
bool json_path_is_good(const char *path);

/* What a good path leads to, which is the root's; NULL: nowhere. */
const struct json_t *json_path_find(const struct json_t *root, const char *path);

#endif
