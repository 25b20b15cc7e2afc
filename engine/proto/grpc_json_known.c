/* Messages whose JSON is not an object of their fields: those of google.protobuf that the mapping
 * names. Each writes the fields that its .proto gives it, whose numbers will never change. */
#include "proto/grpc_json_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

#define NANOS            1000000000
#define DURATION_SECONDS INT64_C(315576000000) /* 10,000 years, either way */

/* --- time -------------------------------------------------------------------------------- */

static void put_seconds(struct buf *out, int64_t seconds, int64_t nanos)
{
	if (seconds) {
		pb_put_tag(out, 1, PB_VARINT);
		pb_put_varint(out, (uint64_t)seconds);
	}
	if (nanos) {
		pb_put_tag(out, 2, PB_VARINT);
		pb_put_varint(out, (uint64_t)nanos);
	}
}

/* ".5": the fraction of a second, at most nine digits, in nanoseconds; the text moves past it. */
static bool take_fraction(const char **text, int64_t *ret_nanos)
{
	int64_t unit = NANOS;
	*ret_nanos = 0;
	if (**text != '.')
		return true;
	for ((*text)++; isdigit((unsigned char)**text); (*text)++) {
		unit /= 10;
		if (!unit)
			return false;
		*ret_nanos += unit * (**text - '0');
	}
	return unit < NANOS;
}

/* As many digits as that; -1: they are not there. */
static int take_digits(const char **text, unsigned count)
{
	int n = 0;
	for (; count; count--, (*text)++) {
		if (!isdigit((unsigned char)**text))
			return -1;
		n = n * 10 + (**text - '0');
	}
	return n;
}

static bool take_char(const char **text, const char *of)
{
	bool good = **text && strchr(of, **text);
	*text += good;
	return good;
}

/* "Z", "+02:00": seconds to take off. */
static bool take_zone(const char **text, int64_t *ret)
{
	*ret = 0;
	if (take_char(text, "Zz"))
		return true;
	int sign = **text == '-' ? -1 : 1;
	if (!take_char(text, "+-"))
		return false;
	int hours = take_digits(text, 2);
	bool colon = take_char(text, ":");
	int minutes = colon ? take_digits(text, 2) : -1;
	*ret = sign * (hours * 3600 + minutes * 60);
	return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

static bool take_date(const char **text, struct tm *ret)
{
	ret->tm_year = take_digits(text, 4) - 1900;
	bool good = take_char(text, "-");
	ret->tm_mon = good ? take_digits(text, 2) - 1 : -1;
	good = good && take_char(text, "-");
	ret->tm_mday = good ? take_digits(text, 2) : -1;
	return good && ret->tm_year > -1900 && ret->tm_mon >= 0 && ret->tm_mon < 12 &&
	       ret->tm_mday >= 1;
}

static bool take_time(const char **text, struct tm *ret)
{
	ret->tm_hour = take_digits(text, 2);
	bool good = ret->tm_hour >= 0 && take_char(text, ":");
	ret->tm_min = good ? take_digits(text, 2) : -1;
	good = good && ret->tm_min >= 0 && take_char(text, ":");
	ret->tm_sec = good ? take_digits(text, 2) : -1;
	return good && ret->tm_hour < 24 && ret->tm_min < 60 && ret->tm_sec >= 0 &&
	       ret->tm_sec < 60;
}

/* RFC 3339. */
static int put_timestamp(struct place *p, const struct schema_message *m, json_t *value,
			 struct buf *out)
{
	struct tm tm = {0};
	int64_t nanos, zone;
	const char *text = json_string_value(value);
	(void)m;
	bool good = text && take_date(&text, &tm) && take_char(&text, "Tt") &&
		    take_time(&text, &tm) && take_fraction(&text, &nanos) &&
		    take_zone(&text, &zone) && !*text;
	int day = tm.tm_mday;
	int64_t seconds = good ? (int64_t)timegm(&tm) - zone : 0;
	good = good && tm.tm_mday == day && seconds >= INT64_C(-62135596800) &&
	       seconds <= INT64_C(253402300799);
	if (!good)
		return place_wrong(p, value, "a time like \"2026-01-31T12:00:00.5Z\"");
	put_seconds(out, seconds, nanos);
	return 0;
}

static int put_duration(struct place *p, const struct schema_message *m, json_t *value,
			struct buf *out)
{
	const char *text = json_string_value(value);
	int64_t seconds = 0, nanos = 0;
	(void)m;
	bool minus = text && *text == '-';
	if (minus)
		text++;
	bool good = text && isdigit((unsigned char)*text);
	for (; good && isdigit((unsigned char)*text) && seconds <= DURATION_SECONDS; text++)
		seconds = seconds * 10 + (*text - '0');
	good = good && take_fraction(&text, &nanos) && !strcmp(text, "s") &&
	       seconds <= DURATION_SECONDS;
	if (!good)
		return place_wrong(p, value, "a duration like \"1.5s\"");
	put_seconds(out, minus ? -seconds : seconds, minus ? -nanos : nanos);
	return 0;
}

/* --- masks ------------------------------------------------------------------------------- */

/* "userId" as "user_id", up to a comma. */
static bool put_mask_path(const char **text, struct buf *out)
{
	char path[1024];
	size_t len = 0;
	for (; **text && **text != ','; (*text)++) {
		if (**text == '_' || len + 2 >= sizeof path)
			return false;
		if (isupper((unsigned char)**text))
			path[len++] = '_';
		path[len++] = (char)tolower((unsigned char)**text);
	}
	pb_put_bytes(out, 1, (struct span){path, len});
	return len > 0;
}

static int put_mask(struct place *p, const struct schema_message *m, json_t *value, struct buf *out)
{
	const char *text = json_string_value(value);
	bool good = text != NULL;
	(void)m;
	while (good && *text) {
		good = put_mask_path(&text, out);
		if (*text == ',')
			good = *++text && good;
	}
	return good ? 0 : place_wrong(p, value, "a mask like \"user.name,orderId\"");
}

/* --- values of any kind ------------------------------------------------------------------ */

/* A message within, as field `number`. */
static int put_within(struct place *p, uint32_t number, known_writer *writer, json_t *value,
		      struct buf *out)
{
	struct buf contents;
	buf_init(&contents, GRPC_JSON_BYTES);
	if (p->depth == GRPC_JSON_DEPTH_MAX)
		return place_fail(p, "more than %u values within one another", GRPC_JSON_DEPTH_MAX);
	p->depth++;
	int result = writer(p, NULL, value, &contents);
	p->depth--;
	if (!result)
		pb_put_bytes(out, number, (struct span){contents.ptr, contents.len});
	out->cut |= contents.cut;
	buf_fini(&contents);
	return result;
}

static known_writer put_struct, put_values;

static int put_any_value(struct place *p, const struct schema_message *m, json_t *value,
			 struct buf *out)
{
	uint64_t bits;
	double real = json_number_value(value);
	(void)m;
	switch (json_typeof(value)) {
	case JSON_NULL:
		pb_put_tag(out, 1, PB_VARINT);
		pb_put_varint(out, 0);
		return 0;
	case JSON_INTEGER:
	case JSON_REAL:
		memcpy(&bits, &real, sizeof bits);
		pb_put_tag(out, 2, PB_I64);
		pb_put_fixed(out, bits, 8);
		return 0;
	case JSON_STRING:
		pb_put_bytes(out, 3,
			     (struct span){json_string_value(value), json_string_length(value)});
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		pb_put_tag(out, 4, PB_VARINT);
		pb_put_varint(out, json_is_true(value));
		return 0;
	case JSON_OBJECT:
		return put_within(p, 5, put_struct, value, out);
	case JSON_ARRAY:
		return put_within(p, 6, put_values, value, out);
	}
	return place_wrong(p, value, "a value");
}

static int put_member(struct place *p, void *member, struct buf *out)
{
	struct buf entry;
	buf_init(&entry, GRPC_JSON_BYTES);
	pb_put_bytes(&entry, 1,
		     (struct span){json_object_iter_key(member), json_object_iter_key_len(member)});
	int result = put_within(p, 2, put_any_value, json_object_iter_value(member), &entry);
	if (!result)
		pb_put_bytes(out, 1, (struct span){entry.ptr, entry.len});
	out->cut |= entry.cut;
	buf_fini(&entry);
	return result;
}

static int put_struct(struct place *p, const struct schema_message *m, json_t *value,
		      struct buf *out)
{
	(void)m;
	if (!json_is_object(value))
		return place_wrong(p, value, "an object");
	for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
		size_t back = place_enter(p, ".%s", json_object_iter_key(at));
		if (put_member(p, at, out))
			return -1;
		place_leave(p, back);
	}
	return 0;
}

static int put_values(struct place *p, const struct schema_message *m, json_t *value,
		      struct buf *out)
{
	(void)m;
	if (!json_is_array(value))
		return place_wrong(p, value, "a list");
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t back = place_enter(p, "[%zu]", i);
		if (put_within(p, 1, put_any_value, json_array_get(value, i), out))
			return -1;
		place_leave(p, back);
	}
	return 0;
}

/* --- wrappers, and what is refused --------------------------------------------------------- */

/* A wrapper's one field, of which the JSON is the value. */
static int put_wrapped(struct place *p, const struct schema_message *m, json_t *value,
		       struct buf *out)
{
	if (m->count != 1 || json_is_null(value))
		return place_wrong(p, value, "a value");
	return grpc_json_value(p, &m->fields[0], value, out);
}

static int refuse_any(struct place *p, const struct schema_message *m, json_t *value,
		      struct buf *out)
{
	(void)value, (void)out;
	return place_fail(p, "%s is not supported", m->name);
}

known_writer *grpc_json_known(const struct schema_message *m)
{
	static const struct {
		const char *name;
		known_writer *writer;
	} known[] = {
		{"Timestamp", put_timestamp}, {"Duration", put_duration},
		{"FieldMask", put_mask},      {"Struct", put_struct},
		{"Value", put_any_value},     {"ListValue", put_values},
		{"Any", refuse_any},          {"DoubleValue", put_wrapped},
		{"FloatValue", put_wrapped},  {"Int64Value", put_wrapped},
		{"UInt64Value", put_wrapped}, {"Int32Value", put_wrapped},
		{"UInt32Value", put_wrapped}, {"BoolValue", put_wrapped},
		{"StringValue", put_wrapped}, {"BytesValue", put_wrapped},
	};
	static const char scope[] = "google.protobuf.";
	if (strncmp(m->name, scope, sizeof scope - 1) != 0)
		return NULL;
	for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(m->name + sizeof scope - 1, known[i].name))
			return known[i].writer;
	return NULL;
}

bool grpc_json_takes_null(const struct schema_field *f)
{
	return (f->type == SCHEMA_MESSAGE && !strcmp(f->message->name, "google.protobuf.Value")) ||
	       (f->type == SCHEMA_ENUM &&
		!strcmp(f->enumeration->name, "google.protobuf.NullValue"));
}
