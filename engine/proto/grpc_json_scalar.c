/* Fields of one number, bool or enum: from JSON to what the wire has. */
#include "proto/grpc_json_impl.h"

#include "base/nearest.h"

#include <math.h>
#include <stdio.h>

static uint64_t zigzag(int64_t n)
{
	return (uint64_t)n << 1 ^ (uint64_t)(n >> 63);
}

/* Bounds and name of a whole number's type. */
struct whole {
	const char *name;
	int64_t min;
	uint64_t max;
};

static const struct whole *whole_of(enum schema_type type)
{
	static const struct whole wholes[] = {
		[SCHEMA_INT64] = {"an int64", INT64_MIN, INT64_MAX},
		[SCHEMA_UINT64] = {"a uint64", 0, UINT64_MAX},
		[SCHEMA_INT32] = {"an int32", INT32_MIN, INT32_MAX},
		[SCHEMA_FIXED64] = {"a fixed64", 0, UINT64_MAX},
		[SCHEMA_FIXED32] = {"a fixed32", 0, UINT32_MAX},
		[SCHEMA_UINT32] = {"a uint32", 0, UINT32_MAX},
		[SCHEMA_SFIXED32] = {"an sfixed32", INT32_MIN, INT32_MAX},
		[SCHEMA_SFIXED64] = {"an sfixed64", INT64_MIN, INT64_MAX},
		[SCHEMA_SINT32] = {"an sint32", INT32_MIN, INT32_MAX},
		[SCHEMA_SINT64] = {"an sint64", INT64_MIN, INT64_MAX},
	};
	return &wholes[type];
}

enum pb_wire grpc_json_wire(enum schema_type type)
{
	switch (type) {
	case SCHEMA_DOUBLE:
	case SCHEMA_FIXED64:
	case SCHEMA_SFIXED64:
		return PB_I64;
	case SCHEMA_FLOAT:
	case SCHEMA_FIXED32:
	case SCHEMA_SFIXED32:
		return PB_I32;
	case SCHEMA_STRING:
	case SCHEMA_BYTES:
	case SCHEMA_MESSAGE:
		return PB_LEN;
	default:
		return PB_VARINT;
	}
}

/* It is a number, as such or as text, but not one of this type. */
static int wrong_number(const struct place *p, json_t *value, const char *name)
{
	double real;
	char what[64];
	bool number = grpc_json_real(value, &real);
	snprintf(what, sizeof what, "%s%s", name, number ? ": it is out of bounds" : "");
	return place_wrong(p, value, what);
}

static int read_whole(struct place *p, enum schema_type type, json_t *value, uint64_t *ret)
{
	const struct whole *w = whole_of(type);
	int64_t n = 0;
	if (!w->min)
		return grpc_json_unsigned(value, w->max, ret) ? 0 : wrong_number(p, value, w->name);
	if (!grpc_json_signed(value, w->min, (int64_t)w->max, &n))
		return wrong_number(p, value, w->name);
	bool zig = type == SCHEMA_SINT32 || type == SCHEMA_SINT64;
	*ret = zig ? zigzag(n) : (uint64_t)n;
	return 0;
}

static int read_float(struct place *p, json_t *value, uint64_t *ret)
{
	double real;
	uint32_t bits;
	if (!grpc_json_real(value, &real))
		return place_wrong(p, value, "a float");
	float narrow = (float)real;
	if (isinf(narrow) && !isinf(real))
		return place_wrong(p, value, "a float: it is out of bounds");
	memcpy(&bits, &narrow, sizeof bits);
	*ret = bits;
	return 0;
}

static int read_double(struct place *p, json_t *value, uint64_t *ret)
{
	double real;
	if (!grpc_json_real(value, &real))
		return place_wrong(p, value, "a double");
	memcpy(ret, &real, sizeof real);
	return 0;
}

static int unknown_value(struct place *p, const struct schema_enum *e, json_t *value)
{
	char what[160];
	const char *name = json_string_value(value);
	struct nearest near = {.wanted = name ? name : ""};
	for (unsigned i = 0; name && i < e->count; i++)
		nearest_offer(&near, e->values[i].name);
	snprintf(what, sizeof what, "of the enum %.100s", e->name);
	place_wrong(p, value, what);
	return near.found ? err_hint(p->err, "did you mean \"%s\"?", near.found) : -1;
}

static int read_enum(struct place *p, const struct schema_enum *e, json_t *value, uint64_t *ret)
{
	int64_t number = 0;
	const char *name = json_string_value(value);
	bool null = json_is_null(value); /* google.protobuf.NullValue alone takes it */
	bool numbered = !name && !null && grpc_json_signed(value, INT32_MIN, INT32_MAX, &number);
	*ret = (uint64_t)number;
	if (null || (numbered && e->open))
		return 0;
	for (unsigned i = 0; i < e->count; i++) {
		if (name ? strcmp(e->values[i].name, name) != 0
			 : !numbered || e->values[i].number != number)
			continue;
		*ret = (uint64_t)(int64_t)e->values[i].number;
		return 0;
	}
	return unknown_value(p, e, value);
}

int grpc_json_scalar(struct place *p, const struct schema_field *f, json_t *value,
		     struct scalar *ret)
{
	ret->wire = grpc_json_wire(f->type);
	switch (f->type) {
	case SCHEMA_BOOL:
		ret->bits = json_is_true(value);
		return json_is_boolean(value) ? 0 : place_wrong(p, value, "a bool");
	case SCHEMA_ENUM:
		return read_enum(p, f->enumeration, value, &ret->bits);
	case SCHEMA_FLOAT:
		return read_float(p, value, &ret->bits);
	case SCHEMA_DOUBLE:
		return read_double(p, value, &ret->bits);
	default:
		return read_whole(p, f->type, value, &ret->bits);
	}
}
