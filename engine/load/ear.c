#include "load/ear.h"

#include "base/mem.h"
#include "load/worker_impl.h"

#include <stdlib.h>
#include <strings.h>

#define BITS 64u

static size_t flights(const struct worker *w)
{
	return (size_t)w->count * w->plan->pipeline;
}

static size_t bits_len(const struct worker *w)
{
	return (flights(w) + BITS - 1) / BITS * sizeof(uint64_t);
}

bool ears_init(struct worker *w, bool any)
{
	if (!any)
		return true;
	w->ears.of = mem_reserve(flights(w) * sizeof *w->ears.of);
	w->ears.open = mem_reserve(bits_len(w));
	w->ears.checks = mem_reserve(bits_len(w));
	return w->ears.of && w->ears.open && w->ears.checks;
}

void ears_fini(struct worker *w)
{
	for (size_t at = 0; w->ears.of && at < flights(w); at++) {
		buf_fini(&w->ears.of[at].head);
		buf_fini(&w->ears.of[at].body);
	}
	mem_pages_free(w->ears.of, flights(w) * sizeof *w->ears.of);
	mem_pages_free(w->ears.open, bits_len(w));
	mem_pages_free(w->ears.checks, bits_len(w));
}

static void set_bit(uint64_t *bits, size_t at, bool to)
{
	uint64_t bit = UINT64_C(1) << at % BITS;
	bits[at / BITS] = to ? bits[at / BITS] | bit : bits[at / BITS] & ~bit;
}

static bool get_bit(const uint64_t *bits, size_t at)
{
	return bits[at / BITS] >> at % BITS & 1;
}

void ear_open(struct worker *w, size_t at, bool checks)
{
	struct proto_heard *heard = &w->ears.of[at];
	if (!heard->body.max) {
		buf_init(&heard->head, EAR_MAX);
		buf_init(&heard->body, EAR_MAX);
	}
	heard->head.len = heard->body.len = 0;
	heard->head.cut = heard->body.cut = false;
	set_bit(w->ears.open, at, true);
	set_bit(w->ears.checks, at, checks);
}

/* Long answers on many connections would add up. */
static void forget_long(struct buf *b)
{
	if (b->cap <= EAR_KEEP)
		return;
	buf_fini(b);
	buf_init(b, EAR_MAX);
}

void ear_close(struct worker *w, size_t at)
{
	if (!ear_of(w, at))
		return;
	forget_long(&w->ears.of[at].head);
	forget_long(&w->ears.of[at].body);
	set_bit(w->ears.open, at, false);
}

bool ear_checks(const struct worker *w, size_t at)
{
	return get_bit(w->ears.open, at) && get_bit(w->ears.checks, at);
}

struct proto_heard *ear_of(struct worker *w, size_t at)
{
	if (!w->ears.open || !get_bit(w->ears.open, at))
		return NULL;
	return &w->ears.of[at];
}

void ear_hear(struct worker *w, size_t at, struct span in)
{
	struct proto_heard *heard = ear_of(w, at);
	if (heard)
		buf_append(&heard->body, in.ptr, in.len);
}

/* --- HTTP/1.1 taken apart ---------------------------------------------------------------- */

static bool is_chunked(struct span head)
{
	static const char name[] = "\ntransfer-encoding:";
	for (size_t i = 0; i + sizeof name - 1 <= head.len; i++)
		if (!strncasecmp(head.ptr + i, name, sizeof name - 1))
			return true;
	return false;
}

/* The chunks put together, in place; the parser has held them to the grammar already. */
static size_t join_chunks(char *bytes, size_t len)
{
	size_t from = 0, to = 0;
	while (from < len) {
		char *end;
		size_t size = strtoul(bytes + from, &end, 16);
		char *line = memchr(end, '\n', len - (size_t)(end - bytes));
		if (!size || !line || size > len - (size_t)(line + 1 - bytes))
			break;
		memmove(bytes + to, line + 1, size);
		to += size;
		from = (size_t)(line + 1 - bytes) + size + 2;
	}
	return to;
}

static bool is_interim(struct span answer)
{
	return answer.len > 9 && answer.ptr[9] == '1'; /* "HTTP/1.1 1xx" */
}

static bool split(struct span answer, struct span *ret_head, struct span *ret_body)
{
	char *head_end;
	while ((head_end = memmem(answer.ptr, answer.len, "\r\n\r\n", 4)) && is_interim(answer))
		span_skip(&answer, (size_t)(head_end + 4 - answer.ptr));
	if (!head_end)
		return false;
	*ret_head = (struct span){answer.ptr, (size_t)(head_end - answer.ptr)};
	char *body = head_end + 4;
	size_t len = answer.len - ret_head->len - 4;
	*ret_body = (struct span){body, is_chunked(*ret_head) ? join_chunks(body, len) : len};
	return true;
}

/* Bytes of HTTP/1.1 become what other protocols tell: a head and a body. */
static bool take_apart(struct proto_heard *heard)
{
	struct span head, body;
	struct span all = {heard->body.ptr ? heard->body.ptr : "", heard->body.len};
	if (!split(all, &head, &body))
		return false;
	buf_append(&heard->head, head.ptr, head.len);
	memmove(heard->body.ptr, body.ptr, body.len);
	heard->body.len = body.len;
	return !heard->head.cut;
}

enum ear_told ear_tell(struct worker *w, size_t at, struct span *ret_head, struct span *ret_body)
{
	struct proto_heard *heard = ear_of(w, at);
	if (!heard || heard->head.cut)
		return EAR_NOTHING;
	if (!w->plan->proto->send && !heard->head.len && !take_apart(heard))
		return EAR_NOTHING;
	*ret_head = (struct span){heard->head.ptr ? heard->head.ptr : "", heard->head.len};
	*ret_body = (struct span){heard->body.ptr ? heard->body.ptr : "", heard->body.len};
	return heard->body.cut ? EAR_CUT : EAR_WHOLE;
}
