/* fault: the ways in which the target misbehaves when asked to, one row each.
 *
 * A row is bytes and an ending: what goes on the wire instead of the answer, how often, how
 * slowly, and what then becomes of the connection. `expect` is what a correct client reports
 * for the request that met the row. Constant; any thread. */
#ifndef BRINK_TARGET_FAULT_H
#define BRINK_TARGET_FAULT_H

#include "base/err.h"
#include "base/rng.h"
#include "tools/target/answer.h"

#include <stdio.h>

/* Where a row can be met. What breaks the text of HTTP/1.1 has no like in the frames of HTTP/2. */
enum fault_place {
	FAULT_HTTP1 = 1,
	FAULT_HTTP2 = 2,
	FAULT_BOTH = 3,
	FAULT_ACCEPT = 4, /* by a connection before it has asked anything */
};

struct fault {
	const char *name;
	const char *help;
	const char *expect; /* outcomes (stat/outcome.h), by '|' where a race or a limit decides */
	struct span first;  /* sent once, */
	struct span again;  /* then this so many times (ANSWER_ENDLESS: for ever), */
	uint64_t times;
	struct span last; /* then this once */
	enum answer_end end;
	uint32_t drip_ms;
	uint8_t places;                     /* enum fault_place; 0: HTTP/1.1 */
	uint16_t status;                    /* over HTTP/2, where the bytes are of no use: */
	struct span fields;                 /* with these lines, without a body */
	bool (*render)(struct answer *ret); /* for bytes that have to be worked out */
};

extern const struct fault fault_table[];
extern const unsigned fault_count;

const struct fault *fault_find(struct span name); /* NULL: there is none */
void fault_print(FILE *out);                      /* one line a row: name, expect, help */

/* Rendered for sending; answer_fini frees it. False: no memory. */
bool fault_render(struct answer *ret, const struct fault *f);

/* "NAME" or "NAME:P%": which share of the requests (or connections) meets the row. */
struct fault_share {
	const struct fault *fault;
	double share;
};
int fault_share_parse(struct fault_share *ret, const char *text, struct err *err);

bool fault_is_met(const struct fault *f, enum fault_place place);

/* The first of the shares that strikes now, of those met at that place; NULL: none. */
const struct fault *fault_draw(const struct fault_share *shares, unsigned count,
			       enum fault_place place, struct rng *rng);

#endif
