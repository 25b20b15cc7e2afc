/* answer: what the target puts on the wire for one request, rendered ahead. HTTP/2 takes status,
 * fields and body of the same answer and frames them itself.
 *
 * An answer is a few parts sent one after another. A part sends `total` bytes by going round and
 * round over its memory, so that a body of a gigabyte, a thousand copies of an interim answer
 * and an endless header need a few kilobytes each, and a run of equal pipelined answers leaves
 * in one send. Immutable once rendered; any number of threads may send from it. */
#ifndef BRINK_TARGET_ANSWER_H
#define BRINK_TARGET_ANSWER_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

#define ANSWER_PARTS   3
#define ANSWER_TEXT    (16u << 10)
#define ANSWER_ENDLESS UINT64_MAX
#define ANSWER_BLOCK   (64u << 10)  /* memory of repeated bytes */
#define ANSWER_FILLER  (256u << 10) /* shared memory that large bodies are sent from */

struct answer_part {
	struct span bytes; /* whole copies of what is repeated */
	uint64_t total;
};

/* What becomes of the connection after the last byte. */
enum answer_end {
	ANSWER_KEEP,
	ANSWER_CLOSE, /* FIN, then closed when the peer has closed too */
	ANSWER_RESET, /* RST */
	ANSWER_HALF,  /* FIN, and then we only listen */
	ANSWER_MUTE,  /* we only listen; of HTTP/2 the stream alone is never answered */

	/* of HTTP/2 alone, instead of the answer */
	ANSWER_STREAM_RESET,   /* RST_STREAM, INTERNAL_ERROR */
	ANSWER_STREAM_REFUSED, /* RST_STREAM, REFUSED_STREAM */
	ANSWER_GOAWAY,         /* GOAWAY that leaves the stream out, FIN after those before it */
};

struct answer {
	struct answer_part parts[ANSWER_PARTS]; /* an unused part has total 0 */
	struct span fields;                     /* of the head: further lines, as of answer_spec */
	struct answer_part body;                /* the same bytes as in the parts, alone */
	size_t head_len;                        /* front of the first part: all that a HEAD gets */
	uint32_t drip_ms;                       /* not 0: one byte at a time, so far apart */
	uint16_t status;                        /* 0: none that can be told */
	enum answer_end end;
	bool mergeable;     /* one part: equal answers in a row are one run over its memory */
	bool loose;         /* on the heap by itself, freed once sent */
	const char *memory; /* owned; NULL when the parts borrow all of theirs */
};

/* What the connection's future makes of the same answer. */
enum answer_wire {
	WIRE_KEEP,    /* HTTP/1.1 that stays open */
	WIRE_KEEP_10, /* HTTP/1.0 that asked for keep-alive */
	WIRE_CLOSE,
	WIRE_COUNT
};

struct answer_spec {
	unsigned status;
	uint64_t body_bytes; /* bytes of 'x'; statuses that have no body send none */
	struct span text;    /* when not empty this is the body, at most ANSWER_TEXT bytes */
	struct span headers; /* further lines, each with its CRLF */
	struct span filler;  /* ANSWER_FILLER bytes of 'x' that outlive the answer */
	enum answer_wire wire;
	bool repeated; /* render many copies: for answers that are sent all the time */
};

bool answer_render(struct answer *ret, const struct answer_spec *spec); /* false: no memory */
void answer_fini(struct answer *a);

/* The same on the heap, for an answer that is sent once; answer_drop frees it and leaves alone
 * any answer that is not loose. NULL: no memory. */
const struct answer *answer_once(const struct answer_spec *spec);
void answer_drop(const struct answer *a);

/* Memory to send next, when `sent` of the `total` bytes that circle over `bytes` are gone. */
struct span answer_next(struct span bytes, uint64_t total, uint64_t sent);

/* Copies of `one` side by side, at most `times` and at most ANSWER_BLOCK bytes but one at least.
 * On the heap; empty: no memory. */
struct span answer_copies(struct span one, uint64_t times);

bool answer_has_body(unsigned status); /* RFC 9110 6.4.1: not 1xx, 204, 304 */

#endif
