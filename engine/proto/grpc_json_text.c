/* The text: its values one after another, each a message or a list of them. */
#include "proto/grpc_json_impl.h"

#include <ctype.h>

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
