/* h1: HTTP/1.1 answers, parsed strictly and incrementally (RFC 9112), without allocation.
 *
 * Bytes may be split anywhere: the same bytes give the same answers and the same faults. Bodies
 * are framed and skipped, never inflated or kept. 1xx answers are passed over and never counted
 * (101 ends as an answer, the last). The state is the caller's, 32 bytes, and belongs to one
 * connection; pure, any thread. After a fault only h1_open makes it of use again.
 *
 * Bytes are taken only while an answer is awaited. The parser knows one request at a time, the
 * oldest in flight; a caller that pipelines keeps the others, and calls h1_expect again after
 * each PROTO_ANSWER for as long as there are any, before it feeds the bytes that remain.
 *
 * Framing, in the order of RFC 9112 6.3: an answer to HEAD, a 1xx, 204 or 304 has no body whatever
 * its fields say; Transfer-Encoding ending in `chunked` frames by chunks, and any other coding at
 * its end by the close; Content-Length by its number; nothing at all by the close.
 *
 * Malformed: a bare LF or CR, NUL and every other control character but TAB, obs-fold, a space
 * before the colon, an empty line before the status line, an HTTP/0.9 answer, versions other than
 * 1.0 and 1.1, a status that is not three digits from 100 to 599. Content-Length: digits only (no
 * list, though RFC 9110 8.6 would allow one), no overflow, repeated values equal.
 * Transfer-Encoding: not with Content-Length, not in HTTP/1.0, nothing after `chunked` and no
 * parameter to it. Chunk lines: hexadecimal digits, then the grammar of RFC 9112 7.1.1 to the
 * letter, so no space at their end. Trailers are checked as headers are, then ignored.
 *
 * Taken leniently: a status line may end after its status, "HTTP/1.1 200\r\n", as RFC 9112 4
 * says of the reason that it may be empty and that a client should ignore it; empty list elements
 * (RFC 9110 5.6.1); what is not a token in Connection, which is passed over up to the comma. */
#ifndef BRINK_PROTO_H1_H
#define BRINK_PROTO_H1_H

#include "proto/proto.h"

/* Past these: PROTO_TOO_LARGE. Counts include the CRLF. */
#define H1_LINE_MAX    16384u /* bytes of a status line, header or trailer line, chunk-size line */
#define H1_FIELDS_MAX  256u   /* header and trailer lines of one answer, those of 1xx too */
#define H1_HEAD_MAX    65536u /* bytes of all heads (1xx too) and trailers of one answer */
#define H1_INTERIM_MAX 1000u  /* 1xx answers before one final answer */

struct h1 {
	uint64_t body_left;      /* bytes of this body or chunk to come */
	union {                  /* read one at a time */
		uint64_t number; /* the Content-Length */
		struct {
			uint8_t may; /* bit i set: the name or word so far may be the known one i */
			uint8_t at;  /* characters of the status line, name or word so far */
		};
	};
	uint32_t head_left;         /* of H1_HEAD_MAX; whole until an answer's first byte comes */
	uint16_t line_left;         /* of H1_LINE_MAX */
	uint16_t fields_left;       /* of H1_FIELDS_MAX */
	uint16_t interim_left : 10; /* of H1_INTERIM_MAX */
	uint16_t awaited : 1;       /* an answer is: from h1_expect until it is whole */
	uint16_t to_head : 1;       /* and it answers a HEAD */
	uint16_t status;
	uint8_t state; /* enum h1_state */
	uint8_t flags; /* what this head said so far */
	uint8_t field; /* the known field whose value is being read, or none */
	uint8_t lexer; /* where in a field value or chunk extension */
};
_Static_assert(sizeof(struct h1) == 32, "a million connections keep one each");

void h1_open(struct h1 *h); /* for a fresh connection */

/* Says that the next answer is awaited: once for each, at first or when the one before has come
 * whole, never while one is awaited. `head`: its request was a HEAD, so that it has no body. Of
 * no use after an answer with `last`. */
void h1_expect(struct h1 *h, bool head);

/* True from h1_expect until that answer is whole. A fault leaves it as it was. */
bool h1_expects(const struct h1 *h);

/* Takes bytes from the front of `in` up to the end of one answer at most. A byte where no answer
 * is awaited, or after one with `last`, is PROTO_DESYNC. */
enum proto_step h1_feed(struct h1 *h, struct span *in, struct proto_answer *ret);

/* The peer finished. An answer delimited by the close is now whole (PROTO_ANSWER); else
 * PROTO_FAULT with PROTO_TRUNCATED, or PROTO_CLOSED where no byte of an answer had come;
 * PROTO_MORE where no answer was awaited. */
enum proto_step h1_eof(struct h1 *h, struct proto_answer *ret);

/* True once a byte of the answer now awaited has come; that of a 1xx before it counts. */
bool h1_started(const struct h1 *h);

#endif
