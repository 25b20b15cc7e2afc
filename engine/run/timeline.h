/* timeline: client and kernel on one axis of time: rows of equal width from the start of the load
 * on, what the client counted beside what the target's host did. Bounded: once the rows are full,
 * each two become one of twice the width. Pure; the caller's memory, which is zero at first. */
#ifndef BRINK_RUN_TIMELINE_H
#define BRINK_RUN_TIMELINE_H

#include "run/kernel_view.h"
#include "stat/tally.h"

#define TIMELINE_ROWS 600u

struct timeline_row {
	uint64_t ended, failed; /* requests */
	uint64_t p99_us;        /* the largest of its windows; of none that ended: 0 */
	struct kernel_span kernel;
};

struct timeline {
	uint64_t start_ns, width_ns;
	unsigned count; /* rows up to the latest that has anything */
	struct timeline_row rows[TIMELINE_ROWS];
};

void timeline_begin(struct timeline *t, uint64_t start_ns, uint64_t width_ns);

/* What the client counted in a window, and what a host showed about an instant. What lies before
 * the start is left out. */
void timeline_client(struct timeline *t, const struct tally *window);
void timeline_kernel(struct timeline *t, uint64_t at_ns, const struct kernel_span *span);

#endif
