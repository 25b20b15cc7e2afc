/* grpc_json_impl: what the files of grpc_json share. Nobody else includes it. */
#ifndef BRINK_PROTO_GRPC_JSON_IMPL_H
#define BRINK_PROTO_GRPC_JSON_IMPL_H

#include "proto/grpc_json.h"
#include "proto/pb_wire.h"

#include <jansson.h>

#define GRPC_JSON_PATH  200                /* bytes of it that are told */
#define GRPC_JSON_BYTES ((size_t)64 << 20) /* of a message */

/* Where in the text it stands. */
struct place {
	struct err *err;
	char path[GRPC_JSON_PATH]; /* "$.order.items[2]", cut where it is longer */
	unsigned depth;
};

/* A place within; the length to go back to with place_leave. */
size_t place_enter(struct place *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void place_leave(struct place *p, size_t len);

/* "PATH: WORDS", a usage error; -1. */
int place_fail(const struct place *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "PATH: `value` is not WHAT" */
int place_wrong(const struct place *p, json_t *value, const char *what);

/* grpc_json_scalar.c: a field's value as the wire has it, but for PB_LEN. */
struct scalar {
	enum pb_wire wire;
	uint64_t bits; /* as VARINT, or as I32 or I64 */
};

enum pb_wire grpc_json_wire(enum schema_type type);
int grpc_json_scalar(struct place *p, const struct schema_field *f, json_t *value,
		     struct scalar *ret);

/* grpc_json.c: appends a message's fields. */
int grpc_json_message(struct place *p, const struct schema_message *m, json_t *value,
		      struct buf *out);

/* Appends a field of one value, where it says more than its absence. */
int grpc_json_value(struct place *p, const struct schema_field *f, json_t *value, struct buf *out);

/* grpc_json_number.c: numbers from JSON or from text; false: `value` is none, or out of bounds. */
bool grpc_json_signed(json_t *value, int64_t min, int64_t max, int64_t *ret);
bool grpc_json_unsigned(json_t *value, uint64_t max, uint64_t *ret);
bool grpc_json_real(json_t *value, double *ret); /* "NaN", "Infinity" as well */

/* grpc_json_known.c: messages that have a form of their own. NULL: it has none. */
typedef int known_writer(struct place *p, const struct schema_message *m, json_t *value,
			 struct buf *out);
known_writer *grpc_json_known(const struct schema_message *m);
bool grpc_json_takes_null(const struct schema_field *f); /* null is a value there */

/* Bytes from base64 of either alphabet, padded or not. */
bool grpc_json_base64(json_t *value, struct buf *out);

#endif
