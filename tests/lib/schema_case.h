/* A descriptor set made by hand: message t.M has a field of every type, numbered as the type is and
 * named after it ("int64", in lists "list_int64" 100 numbers on), a map "map", a oneof of
 * "one_text" and "one_number", and t.S/Unary and its three kinds of streams. proto3. */
#ifndef BRINK_TESTS_SCHEMA_CASE_H
#define BRINK_TESTS_SCHEMA_CASE_H

#include "proto/grpc_schema.h"
#include "proto/pb_wire.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const schema_case_types[] = {
	NULL,      "double",   "float",    "int64",  "uint64", "int32", "fixed64",
	"fixed32", "bool",     "string",   NULL,     "m",      "bytes", "uint32",
	"colour",  "sfixed32", "sfixed64", "sint32", "sint64",
};

static inline void case_put_number(struct buf *b, uint32_t field, uint64_t value)
{
	pb_put_tag(b, field, PB_VARINT);
	pb_put_varint(b, value);
}

static inline void case_put_text(struct buf *b, uint32_t field, const char *text)
{
	pb_put_bytes(b, field, span_of(text));
}

/* Puts a message that was put together into another, and empties it. */
static inline void case_put_part(struct buf *b, uint32_t field, struct buf *part)
{
	pb_put_bytes(b, field, (struct span){part->ptr, part->len});
	buf_fini(part);
	buf_init(part, 1 << 16);
}

/* FieldDescriptorProto, as a message's field. */
static inline void case_put_field(struct buf *message, const char *name, uint32_t number,
				  unsigned type, bool repeated, const char *type_name, int oneof)
{
	struct buf f;
	buf_init(&f, 1 << 16);
	case_put_text(&f, 1, name);
	case_put_number(&f, 3, number);
	case_put_number(&f, 4, repeated ? 3 : 1);
	case_put_number(&f, 5, type);
	if (type_name)
		case_put_text(&f, 6, type_name);
	if (oneof >= 0)
		case_put_number(&f, 9, (uint64_t)oneof);
	case_put_part(message, 2, &f);
	buf_fini(&f);
}

static inline const char *case_type_name(unsigned type)
{
	return type == SCHEMA_MESSAGE ? ".t.M" : type == SCHEMA_ENUM ? ".t.Colour" : NULL;
}

static inline void case_put_entry(struct buf *message)
{
	struct buf entry, options;
	buf_init(&entry, 1 << 16);
	buf_init(&options, 64);
	case_put_text(&entry, 1, "MapEntry");
	case_put_field(&entry, "key", 1, SCHEMA_STRING, false, NULL, -1);
	case_put_field(&entry, "value", 2, SCHEMA_INT32, false, NULL, -1);
	case_put_number(&options, 7, 1);
	case_put_part(&entry, 7, &options);
	case_put_part(message, 3, &entry);
	buf_fini(&entry);
	buf_fini(&options);
}

static inline void case_put_message(struct buf *file)
{
	struct buf m, oneof;
	char name[32];
	buf_init(&m, 1 << 16);
	buf_init(&oneof, 64);
	case_put_text(&m, 1, "M");
	for (unsigned type = SCHEMA_SINT64; type >= SCHEMA_DOUBLE; type--) {
		if (!schema_case_types[type])
			continue;
		case_put_field(&m, schema_case_types[type], type, type, false, case_type_name(type),
			       -1);
		snprintf(name, sizeof name, "list_%s", schema_case_types[type]);
		case_put_field(&m, name, 100 + type, type, true, case_type_name(type), -1);
	}
	case_put_field(&m, "map", 200, SCHEMA_MESSAGE, true, ".t.M.MapEntry", -1);
	case_put_field(&m, "one_text", 201, SCHEMA_STRING, false, NULL, 0);
	case_put_field(&m, "one_number", 202, SCHEMA_INT32, false, NULL, 0);
	case_put_entry(&m);
	case_put_text(&oneof, 1, "one");
	case_put_part(&m, 8, &oneof);
	case_put_part(file, 4, &m);
	buf_fini(&m);
	buf_fini(&oneof);
}

static inline void case_put_enum(struct buf *file)
{
	static const char *const names[] = {"NONE", "RED", "GREEN"};
	struct buf e, value;
	buf_init(&e, 1 << 16);
	buf_init(&value, 64);
	case_put_text(&e, 1, "Colour");
	for (unsigned i = 0; i < 3; i++) {
		case_put_text(&value, 1, names[i]);
		case_put_number(&value, 2, i);
		case_put_part(&e, 2, &value);
	}
	case_put_part(file, 5, &e);
	buf_fini(&e);
	buf_fini(&value);
}

static inline void case_put_service(struct buf *file, const char *input)
{
	static const char *const names[] = {"Unary", "Up", "Down", "Both"};
	struct buf s, method;
	buf_init(&s, 1 << 16);
	buf_init(&method, 1 << 12);
	case_put_text(&s, 1, "S");
	for (unsigned i = 0; i < 4; i++) {
		case_put_text(&method, 1, names[i]);
		case_put_text(&method, 2, input);
		case_put_text(&method, 3, ".t.M");
		case_put_number(&method, 5, i & 1);
		case_put_number(&method, 6, i >> 1);
		case_put_part(&s, 2, &method);
	}
	case_put_part(file, 6, &s);
	buf_fini(&s);
	buf_fini(&method);
}

/* `input`: of the service's methods, ".t.M". */
static inline void schema_case_set(struct buf *ret, const char *input)
{
	struct buf file;
	buf_init(ret, 1 << 20);
	buf_init(&file, 1 << 16);
	case_put_text(&file, 1, "t.proto");
	case_put_text(&file, 2, "t");
	case_put_message(&file);
	case_put_enum(&file);
	case_put_service(&file, input);
	case_put_text(&file, 12, "proto3");
	case_put_part(ret, 1, &file);
	buf_fini(&file);
}

static inline struct grpc_schema *schema_case_new(void)
{
	struct buf set;
	struct err err = {0};
	struct grpc_schema *s = NULL;
	schema_case_set(&set, ".t.M");
	if (grpc_schema_new(&s, (struct span){set.ptr, set.len}, &err)) {
		fprintf(stderr, "schema_case: %s\n", err.text);
		abort();
	}
	buf_fini(&set);
	return s;
}

#endif
