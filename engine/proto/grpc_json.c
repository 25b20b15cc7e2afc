#include "proto/grpc_json_impl.h"

#include "base/nearest.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* --- places ------------------------------------------------------------------------------ */

size_t place_enter(struct place *p, const char *format, ...)
{
	size_t len = strlen(p->path);
	va_list args;
	va_start(args, format);
	vsnprintf(p->path + len, sizeof p->path - len, format, args);
	va_end(args);
	return len;
}

void place_leave(struct place *p, size_t len)
{
	p->path[len] = '\0';
}

int place_fail(const struct place *p, const char *format, ...)
{
	char words[256];
	va_list args;
	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	return err_set(p->err, ERR_USAGE, "%s: %s", p->path, words);
}

int place_wrong(const struct place *p, json_t *value, const char *what)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
	size_t len = text ? strlen(text) : 0;
	while (len > 60 && ((unsigned char)text[60] & 0xc0) == 0x80 && len < 64)
		text[60] = '\0';
	int result =
		place_fail(p, "%.60s%s is not %s", text ? text : "it", len > 60 ? "..." : "", what);
	free(text);
	return result;
}

/* --- scalars ----------------------------------------------------------------------------- */

struct scalar {
	enum pb_wire wire;
	uint64_t bits; /* as VARINT, or as I32 or I64 */
};

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

static enum pb_wire wire_of(enum schema_type type)
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

static int read_scalar(struct place *p, const struct schema_field *f, json_t *value,
		       struct scalar *ret)
{
	ret->wire = wire_of(f->type);
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

static void put_scalar(struct buf *out, const struct scalar *s)
{
	if (s->wire == PB_VARINT)
		pb_put_varint(out, s->bits);
	else
		pb_put_fixed(out, s->bits, s->wire == PB_I64 ? 8 : 4);
}

/* --- one value --------------------------------------------------------------------------- */

/* What a value of PB_LEN is made of. */
static int read_contents(struct place *p, const struct schema_field *f, json_t *value,
			 struct buf *out)
{
	if (f->type == SCHEMA_MESSAGE)
		return grpc_json_message(p, f->message, value, out);
	if (f->type == SCHEMA_BYTES)
		return grpc_json_base64(value, out) ? 0 : place_wrong(p, value, "bytes in base64");
	if (!json_is_string(value))
		return place_wrong(p, value, "text");
	buf_append(out, json_string_value(value), json_string_length(value));
	return 0;
}

/* `always`: even where it says no more than its absence. */
static int put_value(struct place *p, const struct schema_field *f, json_t *value, bool always,
		     struct buf *out)
{
	if (f->type == SCHEMA_GROUP)
		return place_fail(p, "groups are not supported");
	if (wire_of(f->type) != PB_LEN) {
		struct scalar s;
		if (read_scalar(p, f, value, &s))
			return -1;
		if (always || s.bits) {
			pb_put_tag(out, f->number, s.wire);
			put_scalar(out, &s);
		}
		return 0;
	}
	struct buf contents;
	buf_init(&contents, GRPC_JSON_BYTES);
	int result = read_contents(p, f, value, &contents);
	if (!result && (always || contents.len || f->type == SCHEMA_MESSAGE))
		pb_put_bytes(out, f->number, (struct span){contents.ptr, contents.len});
	out->cut |= contents.cut;
	buf_fini(&contents);
	return result;
}

int grpc_json_value(struct place *p, const struct schema_field *f, json_t *value, struct buf *out)
{
	return put_value(p, f, value, f->explicit, out);
}

/* --- lists and maps ---------------------------------------------------------------------- */

static int put_packed(struct place *p, const struct schema_field *f, json_t *list, struct buf *out)
{
	struct buf contents;
	int result = 0;
	buf_init(&contents, GRPC_JSON_BYTES);
	for (size_t i = 0; i < json_array_size(list) && !result; i++) {
		struct scalar s;
		size_t back = place_enter(p, "[%zu]", i);
		result = read_scalar(p, f, json_array_get(list, i), &s);
		if (!result)
			put_scalar(&contents, &s);
		place_leave(p, back);
	}
	if (!result && contents.len)
		pb_put_bytes(out, f->number, (struct span){contents.ptr, contents.len});
	out->cut |= contents.cut;
	buf_fini(&contents);
	return result;
}

static int put_list(struct place *p, const struct schema_field *f, json_t *list, struct buf *out)
{
	int result = 0;
	if (!json_is_array(list))
		return place_wrong(p, list, "a list");
	if (f->packed)
		return put_packed(p, f, list, out);
	for (size_t i = 0; i < json_array_size(list) && !result; i++) {
		json_t *value = json_array_get(list, i);
		size_t back = place_enter(p, "[%zu]", i);
		result = json_is_null(value) && !grpc_json_takes_null(f)
				 ? place_fail(p, "null cannot be one of a list")
				 : put_value(p, f, value, true, out);
		place_leave(p, back);
	}
	return result;
}

/* Keys are text in JSON, whatever they are. */
static int put_key(struct place *p, const struct schema_field *f, const char *key, size_t len,
		   struct buf *out)
{
	json_t *value = NULL;
	if (f->type == SCHEMA_BOOL && (!strcmp(key, "true") || !strcmp(key, "false")))
		value = json_boolean(key[0] == 't');
	else
		value = json_stringn(key, len);
	int result = value ? put_value(p, f, value, true, out) : place_fail(p, "no memory");
	json_decref(value);
	return result;
}

static int put_entry(struct place *p, const struct schema_field *f, const char *key, size_t key_len,
		     json_t *value, struct buf *out)
{
	const struct schema_field *of = f->message->fields;
	struct buf entry;
	if (json_is_null(value) && !grpc_json_takes_null(&of[1]))
		return place_fail(p, "null cannot be one of a map");
	buf_init(&entry, GRPC_JSON_BYTES);
	int result = put_key(p, &of[0], key, key_len, &entry) ||
		     put_value(p, &of[1], value, true, &entry);
	if (!result)
		pb_put_bytes(out, f->number, (struct span){entry.ptr, entry.len});
	out->cut |= entry.cut;
	buf_fini(&entry);
	return result ? -1 : 0;
}

static int put_map(struct place *p, const struct schema_field *f, json_t *map, struct buf *out)
{
	if (!json_is_object(map))
		return place_wrong(p, map, "a map");
	for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at)) {
		const char *key = json_object_iter_key(at);
		size_t back = place_enter(p, "[\"%.40s\"]", key);
		int result = put_entry(p, f, key, json_object_iter_key_len(at),
				       json_object_iter_value(at), out);
		if (result)
			return -1;
		place_leave(p, back);
	}
	return 0;
}

/* --- messages ---------------------------------------------------------------------------- */

static int unknown_field(struct place *p, const struct schema_message *m, const char *key)
{
	struct nearest near = {.wanted = key};
	for (unsigned i = 0; i < m->count; i++)
		nearest_offer(&near, m->fields[i].name);
	place_fail(p, "%.80s has no field \"%.80s\"", m->name, key);
	if (near.found)
		return err_hint(p->err, "did you mean \"%s\"?", near.found);
	char names[300] = "";
	for (unsigned i = 0, len = 0; i < m->count && len + 1 < sizeof names; i++)
		len += (unsigned)snprintf(names + len, sizeof names - len, "%s%s", i ? ", " : "",
					  m->fields[i].name);
	return err_hint(p->err, "its fields: %s", names[0] ? names : "none");
}

static int check_keys(struct place *p, const struct schema_message *m, json_t *object)
{
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		const char *key = json_object_iter_key(at);
		unsigned i = 0;
		while (i < m->count && strcmp(m->fields[i].name, key) != 0 &&
		       strcmp(m->fields[i].json_name, key) != 0)
			i++;
		if (i == m->count)
			return unknown_field(p, m, key);
	}
	return 0;
}

/* Of one oneof no two may be there. */
static int check_oneof(struct place *p, const struct schema_message *m,
		       const struct schema_field *f, json_t *object)
{
	for (const struct schema_field *o = m->fields; f->oneof >= 0 && o < f; o++) {
		if (o->oneof != f->oneof)
			continue;
		json_t *other = json_object_get(object, o->name);
		other = other ? other : json_object_get(object, o->json_name);
		if (other && (!json_is_null(other) || grpc_json_takes_null(o)))
			return place_fail(p, "only one of \"%.60s\" and \"%.60s\" can be set",
					  o->name, f->name);
	}
	return 0;
}

static int put_field(struct place *p, const struct schema_message *m, const struct schema_field *f,
		     json_t *object, struct buf *out)
{
	json_t *value = json_object_get(object, f->json_name);
	bool same = !strcmp(f->name, f->json_name);
	json_t *other = same ? NULL : json_object_get(object, f->name);
	if (value && other)
		return place_fail(p, "\"%.60s\" and \"%.60s\" are the same field", f->name,
				  f->json_name);
	value = value ? value : other;
	if (!value || (json_is_null(value) && !grpc_json_takes_null(f)))
		return f->required ? place_fail(p, "\"%.60s\" is missing: it is required", f->name)
				   : 0;
	if (check_oneof(p, m, f, object))
		return -1;
	size_t back = place_enter(p, ".%s", f->name);
	bool map = f->repeated && f->type == SCHEMA_MESSAGE && f->message->map_entry;
	int result = map           ? put_map(p, f, value, out)
		     : f->repeated ? put_list(p, f, value, out)
				   : put_value(p, f, value, f->explicit, out);
	if (!result)
		place_leave(p, back);
	return result;
}

int grpc_json_message(struct place *p, const struct schema_message *m, json_t *value,
		      struct buf *out)
{
	known_writer *known = grpc_json_known(m);
	if (p->depth == GRPC_JSON_DEPTH_MAX)
		return place_fail(p, "more than %u messages within one another",
				  GRPC_JSON_DEPTH_MAX);
	p->depth++;
	int result = 0;
	if (known)
		result = known(p, m, value, out);
	else if (!json_is_object(value))
		result = place_wrong(p, value, "an object");
	else
		result = check_keys(p, m, value);
	for (unsigned i = 0; !known && !result && i < m->count; i++)
		result = put_field(p, m, &m->fields[i], value, out);
	p->depth--;
	return result;
}

/* --- texts ------------------------------------------------------------------------------- */

static size_t number_length(struct span text)
{
	size_t len = 0;
	while (len < text.len && text.ptr[len] && strchr("0123456789.eE+-", text.ptr[len]))
		len++;
	return len;
}

/* Whole, and past int64. */
static bool is_large(struct span number)
{
	static const char most[] = "9223372036854775807";
	for (size_t i = 0; i < number.len; i++)
		if (!isdigit((unsigned char)number.ptr[i]))
			return false;
	return number.ptr[0] != '0' &&
	       (number.len > sizeof most - 1 ||
		(number.len == sizeof most - 1 && memcmp(number.ptr, most, number.len) > 0));
}

/* A string, or one byte; what stands within strings is left alone. */
static size_t token_length(struct span text)
{
	size_t len = 1;
	if (text.ptr[0] != '"')
		return len;
	while (len < text.len && text.ptr[len] != '"')
		len += text.ptr[len] == '\\' ? 2 : 1;
	return len < text.len ? len + 1 : text.len;
}

/* Numbers past int64 are beyond jansson, and fit a uint64: they become text, which is as good. */
static void quote_large(struct buf *out, struct span text)
{
	while (text.len) {
		size_t len = number_length(text);
		bool large = len && is_large((struct span){text.ptr, len});
		len = len ? len : token_length(text);
		if (large)
			buf_puts(out, "\"");
		buf_append(out, text.ptr, len);
		if (large)
			buf_puts(out, "\"");
		span_skip(&text, len);
	}
}

static int put_message(struct place *p, const struct schema_message *type, json_t *value,
		       grpc_json_take *take, void *ctx)
{
	struct buf out;
	buf_init(&out, GRPC_JSON_BYTES);
	int result = grpc_json_message(p, type, value, &out);
	if (!result && out.cut)
		result = place_fail(p, "the message is longer than %zu MiB", GRPC_JSON_BYTES >> 20);
	if (!result)
		result = take(ctx, (struct span){out.ptr, out.len}, p->err);
	buf_fini(&out);
	return result;
}

static int put_array(struct place *p, const struct schema_message *type, json_t *list,
		     grpc_json_take *take, void *ctx)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t back = place_enter(p, "[%zu]", i);
		if (put_message(p, type, json_array_get(list, i), take, ctx))
			return -1;
		place_leave(p, back);
	}
	return 0;
}

static void skip_blanks(struct span *text)
{
	while (text->len && strchr(" \t\r\n", *text->ptr) && *text->ptr)
		span_skip(text, 1);
}

static int not_json(struct err *err, const json_error_t *wrong)
{
	return err_set(err, ERR_USAGE, "not JSON, line %d, column %d: %.120s", wrong->line,
		       wrong->column, wrong->text);
}

/* The value that the text begins with. `number`: of it; 0: there is one alone. */
static int put_next(struct span *text, unsigned number, const struct schema_message *type,
		    bool many, grpc_json_take *take, void *ctx, struct err *err)
{
	json_error_t wrong = {0};
	size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL |
		       (many ? JSON_DISABLE_EOF_CHECK : 0);
	json_t *value = json_loadb(text->ptr, text->len, flags, &wrong);
	if (!value)
		return not_json(err, &wrong);
	struct place p = {.err = err};
	if (number)
		place_enter(&p, "message %u, ", number);
	place_enter(&p, "$");
	int result;
	if (many && json_is_array(value))
		result = put_array(&p, type, value, take, ctx);
	else
		result = put_message(&p, type, value, take, ctx);
	if (!many && json_is_array(value) && result)
		err_hint(err, "a call that is no stream from the client takes one message");
	json_decref(value);
	if (many)
		span_skip(text, (size_t)wrong.position);
	else
		span_skip(text, text->len);
	skip_blanks(text);
	return result;
}

int grpc_json_read(const struct schema_message *type, struct span text, bool many,
		   grpc_json_take *take, void *ctx, struct err *err)
{
	struct buf quoted;
	int result = 0;
	unsigned number = 0;
	err->hint[0] = '\0';
	buf_init(&quoted, 2 * text.len + 1);
	quote_large(&quoted, text);
	struct span rest = {quoted.ptr, quoted.len};
	if (quoted.cut)
		result = err_set(err, ERR_RUNTIME, "no memory for %zu bytes of JSON", text.len);
	for (skip_blanks(&rest); rest.len && !result; number++)
		result = put_next(&rest, number ? number + 1 : 0, type, many, take, ctx, err);
	buf_fini(&quoted);
	return result;
}
