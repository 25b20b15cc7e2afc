/* json: writes JSON (RFC 8259) into a buf, commas and escapes included; the caller keeps brackets
 * in balance, gives keys inside objects only, and one value at the top (asserted). Doubles that
 * are not finite become null. Text is taken as UTF-8; each byte that is not is replaced by
 * U+FFFD. What does not fit is seen in the buf's `cut`. Any thread. */
#ifndef BRINK_BASE_JSON_H
#define BRINK_BASE_JSON_H

#include "base/span.h"

#include <stdint.h>

#define JSON_DEPTH_MAX 16

struct json {
	struct buf *out;
	unsigned depth; /* brackets open */
	struct json_level {
		bool object;
		bool filled; /* something was written, so that a comma comes next */
	} levels[JSON_DEPTH_MAX + 1];
};

/* In all below, key is NULL in arrays and at the top. */
void json_init(struct json *j, struct buf *out);
void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *key);
void json_array_end(struct json *j);
void json_text(struct json *j, const char *key, const char *value); /* NULL value -> null */
void json_u64(struct json *j, const char *key, uint64_t value);
void json_real(struct json *j, const char *key, double value); /* shortest form that reads back */
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

#endif
