/* The driver: bytes to the step of the present state, verdicts to what the caller hears. */
#include "proto/h1_internal.h"

#include <assert.h>

typedef enum h1_verdict h1_step(struct h1 *h, struct span *in);

static enum h1_verdict surplus(struct h1 *h, struct span *in)
{
	(void)h;
	(void)in;
	return H1_SURPLUS;
}

static h1_step *const steps[H1_STATES] = {
	[H1_STATUS_LINE] = h1_status_line,
	[H1_REASON] = h1_reason,
	[H1_REASON_LF] = h1_reason_lf,
	[H1_FIELD] = h1_field,
	[H1_NAME] = h1_name,
	[H1_VALUE] = h1_value,
	[H1_VALUE_LF] = h1_value_lf,
	[H1_HEAD_LF] = h1_head_lf,
	[H1_SIZE] = h1_size,
	[H1_SIZE_MORE] = h1_size_more,
	[H1_EXTENSION] = h1_extension,
	[H1_SIZE_LF] = h1_size_lf,
	[H1_CHUNK] = h1_chunk,
	[H1_CHUNK_CR] = h1_chunk_cr,
	[H1_CHUNK_LF] = h1_chunk_lf,
	[H1_BODY] = h1_body,
	[H1_BODY_TO_CLOSE] = h1_body_to_close,
	[H1_OVER] = surplus,
};

static const struct {
	enum proto_fault fault;
	const char *detail;
} faults[H1_VERDICTS] = {
	[H1_BAD_VERSION] = {PROTO_MALFORMED, "not HTTP/1.1 or HTTP/1.0"},
	[H1_BAD_STATUS] = {PROTO_MALFORMED, "bad status"},
	[H1_BAD_REASON] = {PROTO_MALFORMED, "control character in the status line"},
	[H1_BAD_NAME] = {PROTO_MALFORMED, "bad header name"},
	[H1_SPACE_BEFORE_COLON] = {PROTO_MALFORMED, "space in or after a header name"},
	[H1_OBS_FOLD] = {PROTO_MALFORMED, "folded header line"},
	[H1_BAD_VALUE] = {PROTO_MALFORMED, "control character in a header"},
	[H1_BARE_CR] = {PROTO_MALFORMED, "CR without LF"},
	[H1_BARE_LF] = {PROTO_MALFORMED, "LF without CR"},
	[H1_BAD_LENGTH] = {PROTO_MALFORMED, "bad Content-Length"},
	[H1_LENGTHS_DIFFER] = {PROTO_MALFORMED, "two Content-Length that differ"},
	[H1_BAD_CODING] = {PROTO_MALFORMED, "bad Transfer-Encoding"},
	[H1_CODING_IN_1_0] = {PROTO_MALFORMED, "Transfer-Encoding in HTTP/1.0"},
	[H1_CODING_AND_LENGTH] = {PROTO_MALFORMED, "Content-Length with Transfer-Encoding"},
	[H1_BAD_CHUNK_SIZE] = {PROTO_MALFORMED, "bad chunk size"},
	[H1_BAD_EXTENSION] = {PROTO_MALFORMED, "bad chunk extension"},
	[H1_BAD_CHUNK_END] = {PROTO_MALFORMED, "chunk longer than its size"},
	[H1_LONG_LINE] = {PROTO_TOO_LARGE, "line too long"},
	[H1_LONG_HEAD] = {PROTO_TOO_LARGE, "headers too long"},
	[H1_MANY_FIELDS] = {PROTO_TOO_LARGE, "too many headers"},
	[H1_MANY_INTERIM] = {PROTO_TOO_LARGE, "too many 1xx answers"},
	[H1_SURPLUS] = {PROTO_DESYNC, "bytes that answer no request"},
};

/* Makes ready for the answer to the next request, which may not have gone out yet. */
static void answer_begin(struct h1 *h)
{
	h->head_left = H1_HEAD_MAX;
	h->line_left = H1_LINE_MAX;
	h->fields_left = H1_FIELDS_MAX;
	h->interim_left = H1_INTERIM_MAX;
	h->awaited = false;
	h1_head_begin(h);
}

void h1_open(struct h1 *h)
{
	*h = (struct h1){0};
	answer_begin(h);
}

void h1_expect(struct h1 *h, bool head)
{
	assert(!h->awaited);
	h->awaited = true;
	h->to_head = head;
}

bool h1_expects(const struct h1 *h)
{
	return h->awaited;
}

static bool is_last(const struct h1 *h)
{
	if (h->status == 101 || h->state == H1_BODY_TO_CLOSE || h->flags & H1_F_CLOSE)
		return true;
	return h->flags & H1_F_HTTP_1_0 && !(h->flags & H1_F_KEEP_ALIVE);
}

static enum proto_step answer(struct h1 *h, struct proto_answer *ret)
{
	*ret = (struct proto_answer){
		.status = h->status,
		.retry_after = h->flags & H1_F_RETRY_AFTER,
		.last = is_last(h),
	};
	answer_begin(h);
	if (ret->last)
		h->state = H1_OVER;
	return PROTO_ANSWER;
}

static enum proto_step fault(struct h1 *h, struct proto_answer *ret, enum proto_fault fault,
			     const char *detail)
{
	*ret = (struct proto_answer){.fault = fault, .detail = detail};
	h->state = H1_OVER;
	return PROTO_FAULT;
}

/* One step on a line of a head, a trailer or a chunk size; it sees no further than the limits
 * allow, so that they bite at the same byte however the bytes were split. */
static enum h1_verdict step_within_limits(struct h1 *h, struct span *in)
{
	bool head = h->state <= H1_HEAD_LF;
	uint32_t room = head && h->head_left < h->line_left ? h->head_left : h->line_left;
	if (!room)
		return h->line_left ? H1_LONG_HEAD : H1_LONG_LINE;

	struct span window = {in->ptr, in->len < room ? in->len : room};
	enum h1_verdict verdict = steps[h->state](h, &window);
	uint32_t used = (uint32_t)(window.ptr - in->ptr);
	span_skip(in, used);
	h->head_left -= head ? used : 0;
	h->line_left = verdict == H1_NEXT_LINE ? H1_LINE_MAX : (uint16_t)(h->line_left - used);
	return verdict;
}

static enum h1_verdict step(struct h1 *h, struct span *in)
{
	return h->state <= H1_SIZE_LF ? step_within_limits(h, in) : steps[h->state](h, in);
}

enum proto_step h1_feed(struct h1 *h, struct span *in, struct proto_answer *ret)
{
	while (in->len) {
		enum h1_verdict verdict = step(h, in);
		if (verdict == H1_DONE)
			return answer(h, ret);
		if (verdict > H1_DONE)
			return fault(h, ret, faults[verdict].fault, faults[verdict].detail);
	}
	return PROTO_MORE;
}

enum proto_step h1_eof(struct h1 *h, struct proto_answer *ret)
{
	if (!h->awaited)
		return PROTO_MORE;
	if (h->state == H1_BODY_TO_CLOSE)
		return answer(h, ret);
	if (!h1_started(h))
		return fault(h, ret, PROTO_CLOSED, "closed before the answer");
	return fault(h, ret, PROTO_TRUNCATED, "closed within the answer");
}

bool h1_started(const struct h1 *h)
{
	return h->head_left != H1_HEAD_MAX;
}
