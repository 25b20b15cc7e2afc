/* The body of an answer: how it is framed, and chunks (RFC 9112 6, 7). */
#include "proto/h1_internal.h"

static bool has_no_body(const struct h1 *h)
{
	return h->to_head || h->status == 101 || h->status == 204 || h->status == 304;
}

static enum h1_verdict frame_by_coding(struct h1 *h)
{
	if (h->flags & H1_F_LENGTH)
		return H1_CODING_AND_LENGTH; /* smuggling; RFC 9112 6.3 (3) calls for an error */
	if (h->flags & H1_F_HTTP_1_0)
		return H1_CODING_IN_1_0; /* "as if the framing is faulty", RFC 9112 6.1 */
	h->state = h->flags & H1_F_CHUNKED ? H1_SIZE : H1_BODY_TO_CLOSE;
	return H1_NEXT_LINE;
}

/* In the order of RFC 9112 6.3. */
enum h1_verdict h1_frame(struct h1 *h)
{
	if (has_no_body(h))
		return H1_DONE;
	if (h->flags & H1_F_CODED)
		return frame_by_coding(h);
	if (!(h->flags & H1_F_LENGTH)) {
		h->state = H1_BODY_TO_CLOSE;
		return H1_GO;
	}
	h->state = H1_BODY;
	return h->body_left ? H1_GO : H1_DONE;
}

/* Passes over what there is of the body or chunk. */
static void skip(struct h1 *h, struct span *in)
{
	size_t n = in->len < h->body_left ? in->len : (size_t)h->body_left;
	span_skip(in, n);
	h->body_left -= n;
}

enum h1_verdict h1_body(struct h1 *h, struct span *in)
{
	skip(h, in);
	return h->body_left ? H1_GO : H1_DONE;
}

enum h1_verdict h1_body_to_close(struct h1 *h, struct span *in)
{
	(void)h;
	span_skip(in, in->len);
	return H1_GO;
}

static int hex_digit(char c)
{
	char lower = c | 0x20;
	if (c >= '0' && c <= '9')
		return c - '0';
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

enum h1_verdict h1_size(struct h1 *h, struct span *in)
{
	if (hex_digit(*in->ptr) < 0)
		return H1_BAD_CHUNK_SIZE;
	h->body_left = 0;
	h->state = H1_SIZE_MORE;
	return h1_size_more(h, in);
}

/* Places in the rest of a chunk-size line (RFC 9112 7.1.1). */
enum { BAD, SIZE, GAP, PRE_NAME, NAME, PAST_NAME, PRE_VALUE, VALUE, QUOT, ESC, QUOT_END, END };

enum h1_verdict h1_size_more(struct h1 *h, struct span *in)
{
	for (; in->len; span_skip(in, 1)) {
		int digit = hex_digit(*in->ptr);
		if (digit < 0) {
			h->state = H1_EXTENSION;
			h->lexer = SIZE;
			return h1_extension(h, in);
		}
		if (h->body_left >> 60)
			return H1_BAD_CHUNK_SIZE;
		h->body_left = h->body_left << 4 | (unsigned)digit;
	}
	return H1_GO;
}

/* Rows: the place; columns: the class of the next character, as enum h1_class has them. White
 * space may stand around a semicolon or equals sign, and not at the end of the line. */
// clang-format off
static const uint8_t extension_next[][H1_CLASSES] = {
	/*              control CR   space      token  comma semicolon equals    "         \    other */
	[SIZE]       = {BAD,   END,  GAP,       BAD,   BAD,  PRE_NAME, BAD,       BAD,      BAD, BAD},
	[GAP]        = {BAD,   BAD,  GAP,       BAD,   BAD,  PRE_NAME, BAD,       BAD,      BAD, BAD},
	[PRE_NAME]   = {BAD,   BAD,  PRE_NAME,  NAME,  BAD,  BAD,      BAD,       BAD,      BAD, BAD},
	[NAME]       = {BAD,   END,  PAST_NAME, NAME,  BAD,  PRE_NAME, PRE_VALUE, BAD,      BAD, BAD},
	[PAST_NAME]  = {BAD,   BAD,  PAST_NAME, BAD,   BAD,  PRE_NAME, PRE_VALUE, BAD,      BAD, BAD},
	[PRE_VALUE]  = {BAD,   BAD,  PRE_VALUE, VALUE, BAD,  BAD,      BAD,       QUOT,     BAD, BAD},
	[VALUE]      = {BAD,   END,  GAP,       VALUE, BAD,  PRE_NAME, BAD,       BAD,      BAD, BAD},
	[QUOT]       = {BAD,   BAD,  QUOT,      QUOT,  QUOT, QUOT,     QUOT,      QUOT_END, ESC, QUOT},
	[ESC]        = {BAD,   BAD,  QUOT,      QUOT,  QUOT, QUOT,     QUOT,      QUOT,     QUOT, QUOT},
	[QUOT_END]   = {BAD,   END,  GAP,       BAD,   BAD,  PRE_NAME, BAD,       BAD,      BAD, BAD},
};
// clang-format on

static enum h1_verdict bad_extension(const struct h1 *h, char c)
{
	if (c == '\n')
		return H1_BARE_LF;
	return h->lexer == SIZE ? H1_BAD_CHUNK_SIZE : H1_BAD_EXTENSION;
}

enum h1_verdict h1_extension(struct h1 *h, struct span *in)
{
	while (in->len) {
		char c = h1_shift(in);
		uint8_t next = extension_next[h->lexer][h1_class_of(c)];
		if (next == BAD)
			return bad_extension(h, c);
		h->lexer = next;
		if (next == END) {
			h->state = H1_SIZE_LF;
			return H1_GO;
		}
	}
	return H1_GO;
}

enum h1_verdict h1_size_lf(struct h1 *h, struct span *in)
{
	if (h1_shift(in) != '\n')
		return H1_BARE_CR;
	h->state = H1_CHUNK;
	if (!h->body_left) {
		h->flags |= H1_F_TRAILERS;
		h->state = H1_FIELD;
	}
	return H1_NEXT_LINE;
}

enum h1_verdict h1_chunk(struct h1 *h, struct span *in)
{
	skip(h, in);
	if (!h->body_left)
		h->state = H1_CHUNK_CR;
	return H1_GO;
}

enum h1_verdict h1_chunk_cr(struct h1 *h, struct span *in)
{
	h->state = H1_CHUNK_LF;
	return h1_shift(in) == '\r' ? H1_GO : H1_BAD_CHUNK_END;
}

enum h1_verdict h1_chunk_lf(struct h1 *h, struct span *in)
{
	h->state = H1_SIZE;
	return h1_shift(in) == '\n' ? H1_GO : H1_BAD_CHUNK_END;
}
