#include "load/check.h"

#include "base/field.h"

#include <jansson.h>
#include <stdio.h>

static const char *const KINDS[] = {
	[CHECK_BODY] = "body contains", [CHECK_JSON] = "json", [CHECK_HEADER] = "header"};

/* --- compiling ---------------------------------------------------------------------------- */

static void keep(struct check *c, struct span value)
{
	memcpy(c->value, value.ptr, value.len);
	c->value_len = value.len;
}

static int compile_body(struct check *c, struct err *err)
{
	(void)err;
	keep(c, span_of(c->text));
	return 0;
}

static int refuse_header(const struct check *c, const char *what, struct err *err)
{
	err_set(err, ERR_USAGE, "\"%.80s\" %s", c->text, what);
	return err_hint(err, "like 'Content-Type: application/json', or 'ETag' alone: it is there");
}

static int compile_header(struct check *c, struct err *err)
{
	size_t len = strcspn(c->text, ":");
	struct span name = field_trim((struct span){c->text, len});
	if (name.len >= sizeof c->name || !field_is_token(name))
		return refuse_header(c, "does not begin with the name of a header", err);
	memcpy(c->name, name.ptr, name.len);
	if (!c->text[len])
		return 0;
	struct span value = field_trim(span_of(c->text + len + 1));
	if (!value.len)
		return refuse_header(c, "has a colon and no value behind it", err);
	c->how = CHECK_IS;
	keep(c, value);
	return 0;
}

static int refuse_json(const struct check *c, const char *what, struct err *err)
{
	err_set(err, ERR_USAGE, "\"%.80s\" %s", c->text, what);
	return err_hint(err, "like '$.id', '$.order.state=paid', '$.items[0].count!=0' or "
			     "'$.name=\"1\"'");
}

/* A bare word is a string. */
static int compile_value(struct check *c, struct span text, struct err *err)
{
	json_t *v = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	int result = 0;
	if (json_is_object(v) || json_is_array(v) || (!v && strchr("{[\"=<>", *text.ptr))) {
		result =
			refuse_json(c, "compares with no number, string, true, false or null", err);
	} else if (json_is_string(v) || !v) {
		c->type = CHECK_STRING;
		keep(c, v ? (struct span){json_string_value(v), json_string_length(v)} : text);
	} else if (json_is_boolean(v)) {
		c->type = CHECK_BOOL;
		c->whole = json_is_true(v);
	} else if (json_is_integer(v)) {
		c->type = CHECK_WHOLE;
		c->whole = json_integer_value(v);
	} else if (json_is_real(v)) {
		c->type = CHECK_REAL;
	}
	c->real = json_number_value(v);
	json_decref(v);
	return result;
}

static int compile_json(struct check *c, struct err *err)
{
	const char *equals = strchr(c->text, '=');
	struct span path = span_of(c->text), value = {0};
	if (equals) {
		bool no = equals > c->text && equals[-1] == '!';
		c->how = no ? CHECK_IS_NOT : CHECK_IS;
		path.len = (size_t)(equals - no - c->text);
		value = field_trim(span_of(equals + 1));
	}
	path = field_trim(path);
	if (path.len >= sizeof c->name)
		return refuse_json(c, "has too long a path", err);
	memcpy(c->name, path.ptr, path.len);
	if (strpbrk(c->name, "<>~!"))
		return refuse_json(c, "compares by something else than = and !=", err);
	if (!json_path_is_good(c->name))
		return refuse_json(c, "does not begin with a path into JSON", err);
	if (!equals)
		return 0;
	return value.len ? compile_value(c, value, err)
			 : refuse_json(c, "compares with nothing: the empty string is \"\"", err);
}

static int compile(struct check *c, struct err *err)
{
	switch (c->kind) {
	case CHECK_JSON:
		return compile_json(c, err);
	case CHECK_HEADER:
		return compile_header(c, err);
	default:
		return compile_body(c, err);
	}
}

int check_add(struct checks *c, enum check_kind kind, const char *text, uint32_t *ret,
	      struct err *err)
{
	struct check *new = &c->of[c->count];
	for (unsigned i = 0; i < c->count; i++) {
		if (c->of[i].kind != kind || strcmp(c->of[i].text, text))
			continue;
		*ret = UINT32_C(1) << i;
		return 0;
	}
	if (c->count == CHECKS_MAX) {
		err_set(err, ERR_USAGE, "\"%.80s\" is one check too many", text);
		return err_hint(err, "at most %u different ones are taken", CHECKS_MAX);
	}
	if (!*text || strlen(text) >= sizeof new->text) {
		err_set(err, ERR_USAGE, "\"%.40s\" is %s", text, *text ? "too long" : "empty");
		return err_hint(err, "a check has 1 to %zu characters", sizeof new->text - 1);
	}
	*new = (struct check){.kind = kind};
	memcpy(new->text, text, strlen(text));
	if (compile(new, err))
		return -1;
	*ret = UINT32_C(1) << c->count++;
	return 0;
}

char *check_label(char *out, const struct check *c)
{
	bool quoted = c->kind == CHECK_BODY;
	snprintf(out, CHECK_LABEL_MAX, quoted ? "%s \"%s\"" : "%s %s", KINDS[c->kind], c->text);
	return out;
}

/* --- judging ------------------------------------------------------------------------------- */

/* One answer's JSON is parsed once, and only where a rule asks for it. */
struct looking {
	const struct check_answer *answer;
	json_t *root;
	bool parsed;
};

static enum check_verdict verdict(bool holds)
{
	return holds ? CHECK_HOLDS : CHECK_FAILS;
}

static enum check_verdict judge_body(const struct check *c, const struct check_answer *a)
{
	if (memmem(a->body.ptr, a->body.len, c->value, c->value_len))
		return CHECK_HOLDS;
	return a->cut ? CHECK_OPEN : CHECK_FAILS;
}

static bool says(const struct check *c, struct span line)
{
	const char *colon = memchr(line.ptr, ':', line.len);
	size_t len = colon ? (size_t)(colon - line.ptr) : 0;
	if (!field_is((struct span){line.ptr, len}, c->name))
		return false;
	struct span value = field_trim((struct span){colon + 1, line.len - len - 1});
	return c->how == CHECK_IS_THERE ||
	       (value.len == c->value_len && !memcmp(value.ptr, c->value, value.len));
}

static enum check_verdict judge_header(const struct check *c, const struct check_answer *a)
{
	struct span rest = a->head;
	while (rest.len) {
		const char *end = memchr(rest.ptr, '\n', rest.len);
		struct span line = {rest.ptr, end ? (size_t)(end - rest.ptr) : rest.len};
		span_skip(&rest, line.len + (end != NULL));
		line.len -= line.len && line.ptr[line.len - 1] == '\r';
		if (says(c, line))
			return CHECK_HOLDS;
	}
	return CHECK_FAILS;
}

static bool equals(const struct check *c, const json_t *v)
{
	switch (c->type) {
	case CHECK_NULL:
		return json_is_null(v);
	case CHECK_BOOL:
		return json_is_boolean(v) && json_is_true(v) == (c->whole != 0);
	case CHECK_STRING:
		return json_is_string(v) && json_string_length(v) == c->value_len &&
		       !memcmp(json_string_value(v), c->value, c->value_len);
	case CHECK_WHOLE:
		if (json_is_integer(v))
			return json_integer_value(v) == c->whole;
		break;
	case CHECK_REAL:
		break;
	}
	double real = json_number_value(v); /* 0 of what is no number */
	return json_is_number(v) && !(real < c->real) && !(real > c->real);
}

static enum check_verdict judge_json(const struct check *c, struct looking *l)
{
	struct span body = l->answer->body;
	if (l->answer->cut)
		return CHECK_OPEN;
	if (!l->parsed)
		l->root = json_loadb(body.ptr, body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	l->parsed = true;
	const json_t *v = l->root ? json_path_find(l->root, c->name) : NULL;
	if (!v || c->how == CHECK_IS_THERE)
		return verdict(v);
	return verdict(equals(c, v) == (c->how == CHECK_IS));
}

static enum check_verdict judge(const struct check *c, struct looking *l)
{
	switch (c->kind) {
	case CHECK_JSON:
		return judge_json(c, l);
	case CHECK_HEADER:
		return judge_header(c, l->answer);
	default:
		return judge_body(c, l->answer);
	}
}

enum check_verdict check_judge(const struct checks *c, uint32_t set, const struct check_answer *a,
			       uint32_t *ret_looked, unsigned *ret_failed)
{
	struct looking l = {.answer = a};
	enum check_verdict whole = CHECK_HOLDS;
	*ret_looked = 0;
	for (unsigned i = 0; i < c->count && whole != CHECK_FAILS; i++) {
		if (!(set >> i & 1))
			continue;
		enum check_verdict one = judge(&c->of[i], &l);
		*ret_looked |= one == CHECK_OPEN ? 0 : UINT32_C(1) << i;
		if (one != CHECK_HOLDS)
			whole = one;
		if (one == CHECK_FAILS)
			*ret_failed = i;
	}
	json_decref(l.root);
	return whole;
}

/* --- sampling ------------------------------------------------------------------------------ */

/* Multiples of the golden ratio fill the circle evenly at any length of the sequence, and come back
 * in step with no period: every 100th would always meet the same one of 100 connections. */
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / phi */

bool check_is_due(const struct checks *c, uint64_t *phase)
{
	if (!(c->share > 0) || c->share >= CHECK_ALL)
		return true;
	*phase += GOLDEN;
	return (double)*phase < c->share * 0x1p64;
}
