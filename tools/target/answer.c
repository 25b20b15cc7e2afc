#include "tools/target/answer.h"

#include <http_parser.h>
#include <stdlib.h>

#define HEAD_MAX   (64u << 10) /* the lines of --header are bounded well below */
#define INLINE_MAX ANSWER_TEXT /* larger bodies are sent from the filler */
#define COPIES_MAX 64u

bool answer_has_body(unsigned status)
{
	return status >= 200 && status != 204 && status != 304;
}

struct span answer_next(struct span bytes, uint64_t total, uint64_t sent)
{
	size_t at = sent % bytes.len;
	uint64_t left = total - sent;
	size_t len = bytes.len - at;
	return (struct span){bytes.ptr + at, left < len ? left : len};
}

struct span answer_copies(struct span one, uint64_t times)
{
	size_t copies = ANSWER_BLOCK / one.len;
	if (copies > times)
		copies = times;
	if (copies == 0)
		copies = 1;
	char *memory = malloc(copies * one.len);
	for (size_t i = 0; memory && i < copies; i++)
		memcpy(memory + i * one.len, one.ptr, one.len);
	return (struct span){memory, memory ? copies * one.len : 0};
}

static const char *connection_line(enum answer_wire wire)
{
	static const char *const lines[WIRE_COUNT] = {
		[WIRE_KEEP] = "",
		[WIRE_KEEP_10] = "Connection: keep-alive\r\n",
		[WIRE_CLOSE] = "Connection: close\r\n",
	};
	return lines[wire];
}

/* Returns where the lines of `headers` lie in it. */
static size_t render_head(struct buf *out, const struct answer_spec *spec, uint64_t body_bytes)
{
	const char *reason = http_status_str((enum http_status)spec->status);
	buf_printf(out, "HTTP/1.1 %u %s\r\n", spec->status, reason[0] == '<' ? "Unknown" : reason);
	if (answer_has_body(spec->status)) /* RFC 9110 8.6: no length in a 204 */
		buf_printf(out, "Content-Length: %llu\r\n", (unsigned long long)body_bytes);
	buf_puts(out, connection_line(spec->wire));
	size_t fields_at = out->len;
	buf_append(out, spec->headers.ptr, spec->headers.len);
	buf_puts(out, "\r\n");
	return fields_at;
}

static struct span body_of(const struct answer_spec *spec, uint64_t *ret_bytes)
{
	if (!answer_has_body(spec->status))
		*ret_bytes = 0;
	else
		*ret_bytes = spec->text.len ? spec->text.len : spec->body_bytes;
	return spec->text.len ? spec->text : spec->filler;
}

bool answer_render(struct answer *ret, const struct answer_spec *spec)
{
	uint64_t body_bytes;
	struct span body = body_of(spec, &body_bytes);
	bool inlined = body_bytes <= INLINE_MAX;
	struct buf one;
	buf_init(&one, HEAD_MAX + INLINE_MAX);
	size_t fields_at = render_head(&one, spec, body_bytes);
	size_t head_len = one.len;
	if (inlined && body_bytes)
		buf_append(&one, body.ptr, body_bytes);
	struct span memory = {0};
	if (!one.cut)
		memory = answer_copies((struct span){one.ptr, one.len},
				       inlined && spec->repeated ? COPIES_MAX : 1);
	if (!memory.len) {
		buf_fini(&one);
		return false;
	}
	*ret = (struct answer){
		.parts = {{memory, one.len}},
		.fields = {memory.ptr + fields_at, spec->headers.len},
		.body = {{memory.ptr + head_len, body_bytes}, body_bytes},
		.head_len = head_len,
		.status = (uint16_t)spec->status,
		.mergeable = inlined,
		.memory = memory.ptr,
	};
	if (!inlined)
		ret->body = ret->parts[1] = (struct answer_part){body, body_bytes};
	buf_fini(&one);
	return true;
}

void answer_fini(struct answer *a)
{
	free((void *)a->memory);
	*a = (struct answer){0};
}

const struct answer *answer_once(const struct answer_spec *spec)
{
	struct answer *a = malloc(sizeof *a);
	if (!a || !answer_render(a, spec)) {
		free(a);
		return NULL;
	}
	a->loose = true;
	return a;
}

void answer_drop(const struct answer *a)
{
	if (!a->loose)
		return;
	free((void *)a->memory);
	free((void *)a);
}
