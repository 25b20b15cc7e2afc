/* spool: the latest lines by sequence number, so that a reader that was cut off goes on where it
 * was. Bounded in lines and bytes; the oldest go first, and a reader that asks for them is told.
 * Numbers begin at 1. Any thread; one lock. */
#ifndef BRINK_TOOLS_AGENT_SPOOL_H
#define BRINK_TOOLS_AGENT_SPOOL_H

#include "base/span.h"

#include <pthread.h>
#include <stdint.h>

#define SPOOL_LINES    8192u /* 13 minutes */
#define SPOOL_BYTES    ((size_t)64 << 20)
#define SPOOL_LINE_MAX (((size_t)1 << 20) - 4096) /* of any one line; its readers hold 1 MiB */

struct spool {
	pthread_mutex_t lock;
	uint64_t first, next; /* numbers: of the oldest, and of the one to come */
	size_t bytes;
	struct spool_line {
		char *text;
		size_t len;
	} lines[SPOOL_LINES];
};

void spool_init(struct spool *s);
void spool_fini(struct spool *s);

/* Keeps a copy; its number. 0: there is no memory, and the number is left out. */
uint64_t spool_append(struct spool *s, struct span line);

void spool_bounds(struct spool *s, uint64_t *ret_first, uint64_t *ret_next);

/* Copies lines from number `from` on, as many as `max` bytes hold whole; returns how many, and
 * their length. `max` is SPOOL_LINE_MAX at least, or a
 * longer line is never copied. */
unsigned spool_copy(struct spool *s, uint64_t from, char *to, size_t max, size_t *ret_len);

#endif
