/* grpc_schema: what services, methods and messages there are, from a descriptor set (a serialised
 * google.protobuf.FileDescriptorSet, as `protoc --include_imports --descriptor_set_out` writes it
 * or a server's reflection tells it). It is whole: every type that is named is there.
 *
 * A schema owns all that it points to and is immutable. Set-up code; any thread. */
#ifndef BRINK_PROTO_GRPC_SCHEMA_H
#define BRINK_PROTO_GRPC_SCHEMA_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

#define GRPC_SCHEMA_MAX ((size_t)64 << 20) /* bytes of a descriptor set */

/* Numbered as in descriptor.proto. */
enum schema_type {
	SCHEMA_DOUBLE = 1,
	SCHEMA_FLOAT,
	SCHEMA_INT64,
	SCHEMA_UINT64,
	SCHEMA_INT32,
	SCHEMA_FIXED64,
	SCHEMA_FIXED32,
	SCHEMA_BOOL,
	SCHEMA_STRING,
	SCHEMA_GROUP,
	SCHEMA_MESSAGE,
	SCHEMA_BYTES,
	SCHEMA_UINT32,
	SCHEMA_ENUM,
	SCHEMA_SFIXED32,
	SCHEMA_SFIXED64,
	SCHEMA_SINT32,
	SCHEMA_SINT64,
};

struct schema_value {
	const char *name;
	int32_t number;
};

struct schema_enum {
	char *name; /* "pkg.Colour" */
	bool open;  /* numbers without a name are allowed: proto3 */
	unsigned count;
	struct schema_value *values;
};

struct schema_field {
	const char *name, *json_name;
	uint32_t number;
	enum schema_type type;
	bool repeated, required, packed;
	bool explicit;                         /* set to its default is not the same as not set */
	int oneof;                             /* which of its message; -1: none */
	const struct schema_message *message;  /* MESSAGE, GROUP */
	const struct schema_enum *enumeration; /* ENUM */
};

struct schema_message {
	char *name;     /* "pkg.Order" */
	bool map_entry; /* fields 1 and 2 are a key and a value */
	unsigned count;
	struct schema_field *fields; /* by number */
};

struct schema_method {
	char *service;    /* "pkg.Greeter" */
	const char *name; /* "Hello" */
	bool client_streams, server_streams;
	const struct schema_message *input, *output;
};

struct grpc_schema;

/* 0, or -1 with a usage error: not a descriptor set, or one that is not whole. */
int grpc_schema_new(struct grpc_schema **ret, struct span set, struct err *err);
void grpc_schema_free(struct grpc_schema *s); /* NULL is fine */

/* "pkg.Greeter/Hello"; "pkg.Greeter.Hello" as well. NULL with a usage error that names what is
 * nearest, or what there is. */
const struct schema_method *grpc_schema_method(const struct grpc_schema *s, const char *name,
					       struct err *err);

/* NULL: there is none. */
const struct schema_message *grpc_schema_message(const struct grpc_schema *s, const char *name);

#endif
