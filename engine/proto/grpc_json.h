/* grpc_json: messages from JSON, by their descriptors: the JSON mapping of Protocol Buffers
 * (protobuf.dev/programming-guides/json), to bytes in the order of field numbers.
 *
 * Fields by their own names or in lowerCamelCase; null is as good as nothing; 64-bit numbers as
 * numbers or as text; enums by name or number; bytes in base64, with either alphabet. Timestamp,
 * Duration, FieldMask, Struct, Value, ListValue and the wrappers have the forms that the mapping
 * gives them; Any and groups are refused. Errors name the place: `$.order.items[2].price: "x" is
 * not a double`. Set-up code; any thread. */
#ifndef BRINK_PROTO_GRPC_JSON_H
#define BRINK_PROTO_GRPC_JSON_H

#include "base/err.h"
#include "proto/grpc_schema.h"

#define GRPC_JSON_DEPTH_MAX 100u /* messages within messages */

/* Takes an encoded message, valid until it returns. -1 with an err ends the reading. */
typedef int grpc_json_take(void *ctx, struct span message, struct err *err);

/* Each message of a text: one JSON value; with `many` any number of them, one after another as in
 * JSON lines, or in an array. No bytes of text at all are no message. -1 with a usage error that
 * names the place. */
int grpc_json_read(const struct schema_message *type, struct span text, bool many,
		   grpc_json_take *take, void *ctx, struct err *err);

#endif
