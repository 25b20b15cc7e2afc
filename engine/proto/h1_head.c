/* The head of an answer: the status line, field lines, and the empty line (RFC 9112 4, 5). */
#include "proto/h1_internal.h"

void h1_head_begin(struct h1 *h)
{
	h->state = H1_STATUS_LINE;
	h->flags = 0;
	h->status = 0;
	h->at = 0;
}

/* A line must end in CRLF; what was read instead of the text that the caller expected. */
static enum h1_verdict not_text(char c, enum h1_verdict otherwise)
{
	return c == '\n' ? H1_BARE_LF : otherwise;
}

/* Ends a text at its CR. */
static enum h1_verdict text_end(struct h1 *h, struct span *in, enum h1_state next,
				enum h1_verdict otherwise)
{
	char c = h1_shift(in);
	if (c != '\r')
		return not_text(c, otherwise);
	h->state = next;
	return H1_GO;
}

enum h1_verdict h1_reason_lf(struct h1 *h, struct span *in)
{
	h->state = H1_FIELD;
	return h1_shift(in) == '\n' ? H1_NEXT_LINE : H1_BARE_CR;
}

/* The reason is for people, and ignored (RFC 9112 4). */
enum h1_verdict h1_reason(struct h1 *h, struct span *in)
{
	span_skip(in, h1_text_length(in->ptr, in->len));
	if (!in->len)
		return H1_GO;
	enum h1_verdict verdict = text_end(h, in, H1_REASON_LF, H1_BAD_REASON);
	return verdict == H1_GO && in->len ? h1_reason_lf(h, in) : verdict;
}

static const char protocol[] = "HTTP/1.";
enum { MINOR = sizeof(protocol) - 1, SPACE, STATUS, STATUS_END = STATUS + 3 };

/* As much of the protocol's name as there is. */
static enum h1_verdict protocol_name(struct h1 *h, struct span *in)
{
	size_t rest = (size_t)MINOR - h->at;
	struct span piece = h1_take(in, in->len < rest ? in->len : rest);
	if (memcmp(piece.ptr, protocol + h->at, piece.len) != 0)
		return H1_BAD_VERSION;
	h->at = (uint8_t)(h->at + piece.len);
	return H1_GO;
}

static enum h1_verdict minor_version(struct h1 *h, char c)
{
	if (c == '0')
		h->flags |= H1_F_HTTP_1_0;
	return c == '0' || c == '1' ? H1_GO : H1_BAD_VERSION;
}

static enum h1_verdict digit_of_status(struct h1 *h, char c)
{
	char most = h->status ? '9' : '5'; /* 100 to 599 */
	char least = h->status ? '0' : '1';
	if (c < least || c > most)
		return H1_BAD_STATUS;
	h->status = (uint16_t)(h->status * 10 + (c - '0'));
	return H1_GO;
}

static enum h1_verdict after_status(struct h1 *h, char c)
{
	if (c != ' ' && c != '\r')
		return not_text(c, H1_BAD_STATUS);
	h->state = c == ' ' ? H1_REASON : H1_REASON_LF;
	return H1_GO;
}

/* A character past the protocol's name: its place says what it must be. */
static enum h1_verdict status_line_char(struct h1 *h, char c)
{
	switch (h->at++) {
	case MINOR:
		return minor_version(h, c);
	case SPACE:
		return c == ' ' ? H1_GO : H1_BAD_VERSION;
	case STATUS_END:
		return after_status(h, c);
	default:
		return digit_of_status(h, c);
	}
}

enum h1_verdict h1_status_line(struct h1 *h, struct span *in)
{
	if (!h->awaited)
		return H1_SURPLUS;
	enum h1_verdict verdict = h->at < MINOR ? protocol_name(h, in) : H1_GO;
	while (verdict == H1_GO && in->len && h->state == H1_STATUS_LINE)
		verdict = status_line_char(h, h1_shift(in));
	return verdict == H1_GO && in->len && h->state == H1_REASON ? h1_reason(h, in) : verdict;
}

enum h1_verdict h1_value_lf(struct h1 *h, struct span *in)
{
	if (h1_shift(in) != '\n')
		return H1_BARE_CR;
	h->state = H1_FIELD;
	return h->field == H1_OTHER_FIELD ? H1_NEXT_LINE : h1_value_end(h);
}

enum h1_verdict h1_value(struct h1 *h, struct span *in)
{
	struct span piece = h1_take(in, h1_text_length(in->ptr, in->len));
	enum h1_verdict verdict = H1_GO;
	if (h->field != H1_OTHER_FIELD)
		verdict = h1_value_take(h, piece);
	if (verdict == H1_GO && in->len)
		verdict = text_end(h, in, H1_VALUE_LF, H1_BAD_VALUE);
	return verdict == H1_GO && in->len ? h1_value_lf(h, in) : verdict;
}

enum h1_verdict h1_name(struct h1 *h, struct span *in)
{
	struct span piece = h1_take(in, h1_token_length(in->ptr, in->len));
	if (h->may)
		h1_name_take(h, piece, in->len > 0);
	if (!in->len)
		return H1_GO;
	char c = h1_shift(in);
	if (c != ':')
		return c == ' ' || c == '\t' ? H1_SPACE_BEFORE_COLON : not_text(c, H1_BAD_NAME);
	h->state = H1_VALUE;
	h->field = H1_OTHER_FIELD;
	if (h->may)
		h1_name_end(h);
	return in->len ? h1_value(h, in) : H1_GO;
}

static enum h1_verdict no_name(char c)
{
	return h1_class_of(c) == H1_C_SPACE ? H1_OBS_FOLD : not_text(c, H1_BAD_NAME);
}

enum h1_verdict h1_field(struct h1 *h, struct span *in)
{
	char c = *in->ptr;
	if (c == '\r') {
		span_skip(in, 1);
		h->state = H1_HEAD_LF;
		return in->len ? h1_head_lf(h, in) : H1_GO;
	}
	if (h1_class_of(c) != H1_C_TOKEN)
		return no_name(c);
	if (!h->fields_left)
		return H1_MANY_FIELDS;
	h->fields_left--;
	h->state = H1_NAME;
	h1_name_begin(h, c);
	return h1_name(h, in);
}

/* The end of the head of an interim answer: another follows. */
static enum h1_verdict interim_end(struct h1 *h)
{
	if (!h->interim_left)
		return H1_MANY_INTERIM;
	h->interim_left--;
	h1_head_begin(h);
	return H1_NEXT_LINE;
}

enum h1_verdict h1_head_lf(struct h1 *h, struct span *in)
{
	if (h1_shift(in) != '\n')
		return H1_BARE_CR;
	if (h->flags & H1_F_TRAILERS)
		return H1_DONE;
	bool interim = h->status < 200 && h->status != 101;
	return interim ? interim_end(h) : h1_frame(h);
}
