#include "proto/grpc_json_impl.h"

#include "base/nearest.h"

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
	size_t len = text ? strlen(text) : 0, cut = len;
	if (len > 60) /* where a character begins */
		for (cut = 60; cut && ((unsigned char)text[cut] & 0xc0) == 0x80;)
			cut--;
	int result = place_fail(p, "%.*s%s is not %s", text ? (int)cut : 2, text ? text : "it",
				cut < len ? "..." : "", what);
	free(text);
	return result;
}

/* --- one value --------------------------------------------------------------------------- */

static void put_scalar(struct buf *out, const struct scalar *s)
{
	if (s->wire == PB_VARINT)
		pb_put_varint(out, s->bits);
	else
		pb_put_fixed(out, s->bits, s->wire == PB_I64 ? 8 : 4);
}

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
	if (grpc_json_wire(f->type) != PB_LEN) {
		struct scalar s;
		if (grpc_json_scalar(p, f, value, &s))
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
		result = grpc_json_scalar(p, f, json_array_get(list, i), &s);
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
