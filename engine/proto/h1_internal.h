/* h1_internal: what the files of the HTTP/1.1 parser share; nobody else includes it.
 *
 * h1.c drives: it hands each byte to the step of the present state, within the limits. The steps
 * stand in h1_head.c (status and field lines) and h1_body.c (framing, chunks); h1_field.c knows
 * what the four fields that matter say; h1_scan.c knows the characters. */
#ifndef BRINK_PROTO_H1_INTERNAL_H
#define BRINK_PROTO_H1_INTERNAL_H

#include "proto/h1.h"

/* The order carries the limits: up to H1_HEAD_LF bytes count as head and line, up to H1_SIZE_LF
 * as line, from then on not at all. */
enum h1_state {
	H1_STATUS_LINE,
	H1_REASON,
	H1_REASON_LF,
	H1_FIELD, /* the first byte of a field line, or of the empty line */
	H1_NAME,
	H1_VALUE,
	H1_VALUE_LF,
	H1_HEAD_LF,
	H1_SIZE, /* chunk size: its first digit */
	H1_SIZE_MORE,
	H1_EXTENSION,
	H1_SIZE_LF,
	H1_CHUNK,
	H1_CHUNK_CR,
	H1_CHUNK_LF,
	H1_BODY,
	H1_BODY_TO_CLOSE,
	H1_OVER, /* after the last answer, or a fault */
	H1_STATES,
};

/* What a step comes to. From H1_BAD_VERSION on it is a fault; h1.c has the words. */
enum h1_verdict {
	H1_GO,
	H1_NEXT_LINE, /* go on, with the limit of a line afresh */
	H1_DONE,      /* the answer is whole */
	H1_BAD_VERSION,
	H1_BAD_STATUS,
	H1_BAD_REASON,
	H1_BAD_NAME,
	H1_SPACE_BEFORE_COLON,
	H1_OBS_FOLD,
	H1_BAD_VALUE,
	H1_BARE_CR,
	H1_BARE_LF,
	H1_BAD_LENGTH,
	H1_LENGTHS_DIFFER,
	H1_BAD_CODING,
	H1_CODING_IN_1_0,
	H1_CODING_AND_LENGTH,
	H1_BAD_CHUNK_SIZE,
	H1_BAD_EXTENSION,
	H1_BAD_CHUNK_END,
	H1_LONG_LINE,
	H1_LONG_HEAD,
	H1_MANY_FIELDS,
	H1_MANY_INTERIM,
	H1_SURPLUS,
	H1_VERDICTS,
};

enum {
	H1_F_HTTP_1_0 = 1 << 0,
	H1_F_CLOSE = 1 << 1,      /* Connection: close */
	H1_F_KEEP_ALIVE = 1 << 2, /* Connection: keep-alive */
	H1_F_LENGTH = 1 << 3,     /* body_left is a Content-Length */
	H1_F_CODED = 1 << 4,      /* there was a Transfer-Encoding */
	H1_F_CHUNKED = 1 << 5,    /* and it ended in chunked */
	H1_F_RETRY_AFTER = 1 << 6,
	H1_F_TRAILERS = 1 << 7, /* the fields being read follow the last chunk */
};

/* Each takes at least one byte from the front of a span that has one. */
enum h1_verdict h1_status_line(struct h1 *h, struct span *in);
enum h1_verdict h1_reason(struct h1 *h, struct span *in);
enum h1_verdict h1_reason_lf(struct h1 *h, struct span *in);
enum h1_verdict h1_field(struct h1 *h, struct span *in);
enum h1_verdict h1_name(struct h1 *h, struct span *in);
enum h1_verdict h1_value(struct h1 *h, struct span *in);
enum h1_verdict h1_value_lf(struct h1 *h, struct span *in);
enum h1_verdict h1_head_lf(struct h1 *h, struct span *in);
enum h1_verdict h1_size(struct h1 *h, struct span *in);
enum h1_verdict h1_size_more(struct h1 *h, struct span *in);
enum h1_verdict h1_extension(struct h1 *h, struct span *in);
enum h1_verdict h1_size_lf(struct h1 *h, struct span *in);
enum h1_verdict h1_chunk(struct h1 *h, struct span *in);
enum h1_verdict h1_chunk_cr(struct h1 *h, struct span *in);
enum h1_verdict h1_chunk_lf(struct h1 *h, struct span *in);
enum h1_verdict h1_body(struct h1 *h, struct span *in);
enum h1_verdict h1_body_to_close(struct h1 *h, struct span *in);

/* Makes ready for the head of an answer, interim or final. */
void h1_head_begin(struct h1 *h);

/* The head has ended: chooses how the body is framed. */
enum h1_verdict h1_frame(struct h1 *h);

enum { H1_OTHER_FIELD = 0xff }; /* `field`: one that does not matter */

/* A field's name: its first character, which sets `may` to the known ones it may be; its pieces,
 * and its end while `may` is not 0. The end sets `field` if it is a known one. */
void h1_name_begin(struct h1 *h, char first);
void h1_name_take(struct h1 *h, struct span piece, bool ends);
void h1_name_end(struct h1 *h);

/* The value of a known field: its pieces, without the CRLF, and its end. */
enum h1_verdict h1_value_take(struct h1 *h, struct span piece);
enum h1_verdict h1_value_end(struct h1 *h);

/* Character classes, as far as the grammars here tell them apart (RFC 9110 5.5, 5.6.2, 5.6.4). */
enum h1_class {
	H1_C_CONTROL, /* nowhere allowed */
	H1_C_CR,
	H1_C_SPACE, /* SP, HTAB */
	H1_C_TOKEN, /* tchar */
	H1_C_COMMA,
	H1_C_SEMICOLON,
	H1_C_EQUALS,
	H1_C_QUOTE,
	H1_C_BACKSLASH,
	H1_C_TEXT, /* the other visible ones, and obs-text */
	H1_CLASSES,
};
extern const uint8_t h1_class[256];

static inline enum h1_class h1_class_of(char c)
{
	return (enum h1_class)h1_class[(unsigned char)c];
}

/* How many bytes from ptr on may stand in a field value or reason: up to a control character. */
size_t h1_text_length(const char *ptr, size_t len);

/* How many bytes from ptr on are a token's. */
size_t h1_token_length(const char *ptr, size_t len);

static inline char h1_shift(struct span *in)
{
	char c = *in->ptr;
	span_skip(in, 1);
	return c;
}

/* Takes the front of the span, n bytes of it, as a span of its own. */
static inline struct span h1_take(struct span *in, size_t n)
{
	struct span front = {in->ptr, n};
	span_skip(in, n);
	return front;
}

#endif
