/* h1: HTTP/1.1 answers, parsed strictly and incrementally (RFC 9112), without allocation.
 *
 * Bytes may be split anywhere. Bodies are framed and skipped, never inflated or kept. 1xx
 * answers are passed over and never counted (101 ends as an answer). The state is the caller's,
 * 48 bytes at most, and belongs to one connection; pure, any thread.
 *
 * Strictness: CRLF only (a bare LF or CR is malformed, as are NUL, obs-fold, a space before the
 * colon, an HTTP/0.9 answer, a status that is not three digits from 100 to 599, versions other
 * than 1.0 and 1.1). Content-Length: digits only, no overflow, repeated values equal; together
 * with Transfer-Encoding malformed. Transfer-Encoding must be `chunked` alone (case-insensitive;
 * another coding before it is accepted as framing by chunks, anything after it is malformed).
 * Limits below: PROTO_TOO_LARGE. */
#ifndef BRINK_PROTO_H1_H
#define BRINK_PROTO_H1_H

#include "proto/proto.h"

#define H1_LINE_MAX    16384u /* status line, one header or trailer line, chunk-size line */
#define H1_HEADERS_MAX 256u   /* header and trailer lines of one answer */
#define H1_HEAD_MAX    65536u /* bytes of all heads (1xx too) and trailers of one answer */
#define H1_INTERIM_MAX 10000u /* 1xx answers before one final answer */

struct h1 {
	uint64_t body_left;  /* of this body or chunk */
	uint32_t head_bytes; /* of this answer so far */
	uint32_t line_bytes; /* of this line so far */
	uint16_t headers;    /* lines so far */
	uint16_t interim;    /* 1xx so far */
	uint16_t status;
	uint8_t state;
	uint8_t version_minor;
	uint8_t name_match; /* which known header the name so far may be */
	uint8_t name_at;    /* characters of it matched */
	uint8_t flags;
	uint8_t value_match;
	uint32_t expected; /* requests sent and not yet answered */
	uint32_t heads;    /* bit i set: the i-th oldest of them (i < 32) was a HEAD */
};

void h1_open(struct h1 *h); /* for a fresh connection */

/* Says that one more request went out. `head`: its method was HEAD, the answer has no body. */
void h1_expect(struct h1 *h, bool head);

/* Takes bytes from the front of `in` up to the end of one answer at most. */
enum proto_step h1_feed(struct h1 *h, struct span *in, struct proto_answer *ret);

/* The peer finished. An answer delimited by the close is now whole (PROTO_ANSWER); else
 * PROTO_FAULT with PROTO_TRUNCATED, or PROTO_CLOSED where no byte of an answer had come;
 * PROTO_MORE where nothing was expected. */
enum proto_step h1_eof(struct h1 *h, struct proto_answer *ret);

/* True once a byte of the answer now awaited has come. */
bool h1_started(const struct h1 *h);

#endif
