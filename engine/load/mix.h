/* mix: the requests of a load that has several, or one that is not always the same: each a list of
 * parts, some of them told anew for every call. Compiled once, then immutable and shared.
 *
 * What a call says follows from its number, its worker, the rows of data and what was captured: a
 * call that is made again says the same. Rendering allocates nothing. Pure; any thread. */
#ifndef BRINK_LOAD_MIX_H
#define BRINK_LOAD_MIX_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

#define MIX_REQUESTS_MAX 256u
#define MIX_CAPTURES_MAX 32u
#define MIX_CAPTURE_LEN  256u
#define MIX_UUID_LEN     36u

/* Rows of data, each cell a span of `block`. */
struct feed {
	char *block;
	struct span *cells; /* rows x columns */
	uint32_t rows, columns;
	bool unique; /* no row is used twice: the load ends with the last one */
};

enum part_kind {
	PART_TEXT,
	PART_COLUMN,
	PART_CAPTURE,
	PART_SEQ,    /* the call's number, of all workers' */
	PART_UUID,   /* a random one (RFC 9562, version 4) */
	PART_RAND,   /* a whole number from low to high */
	PART_NOW,    /* milliseconds since 1970 */
	PART_KEY,    /* the call's own, the same however often it is made */
	PART_LENGTH, /* of the body */
};

struct part {
	enum part_kind kind;
	struct span text;  /* TEXT */
	uint32_t feed;     /* COLUMN: and which of its columns */
	uint32_t index;    /* COLUMN, CAPTURE */
	int64_t low, high; /* RAND */
};

struct mix_capture {
	uint32_t index; /* of the captured values */
	char path[128]; /* "$.order.id" */
};

struct mix_request {
	struct part *parts;
	unsigned part_count, body_at; /* parts from body_at on are the body */
	uint32_t weight;
	bool head, safe, idempotent;
	uint16_t expect_status; /* 0: 200-399 */
	uint32_t checks;        /* of the plan's, a bit each */
	uint64_t think_ns;
	uint32_t needs; /* captured values that it tells, a bit each */
	uint32_t feeds; /* feeds whose rows it tells, a bit each */
	unsigned capture_count;
	struct mix_capture captures[4];
};

struct mix {
	unsigned count;
	struct mix_request requests[MIX_REQUESTS_MAX];
	size_t longest; /* of any rendered request */
	unsigned feed_count, capture_count;
	struct feed feeds[8];
	unsigned retries;    /* of one call at most */
	double retry_budget; /* of all calls, the share that may be retries */
	uint64_t seed;
};

/* What tells one call from another. */
struct call {
	uint64_t number; /* of its worker's */
	uint16_t which;  /* request */
	uint8_t tries;   /* before this one */
};

struct captured {
	uint16_t len; /* 0: nothing was captured yet */
	char text[MIX_CAPTURE_LEN];
};

/* Whether there is a row for the call in every feed that it tells of. */
bool mix_has_rows(const struct mix *m, const struct call *call, uint32_t worker, uint32_t workers);

/* Writes the request to `out`, of m->longest bytes as `scratch` is; returns its length. */
size_t mix_render(const struct mix *m, const struct call *call, uint32_t worker, uint32_t workers,
		  const struct captured *captured, char *out, char *scratch);

void mix_free(struct mix *m); /* with its parts and feeds; NULL is fine */

#endif
