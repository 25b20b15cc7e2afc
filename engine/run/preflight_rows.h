/* preflight_rows: the judges behind preflight.h, one a limiter; preflight.c lists and sorts them.
 * Nobody else includes it. */
#ifndef BRINK_RUN_PREFLIGHT_ROWS_H
#define BRINK_RUN_PREFLIGHT_ROWS_H

#include "run/preflight.h"

struct preflight_question {
	const struct preflight_demand *demand; /* nothing in it is 0 that counts as something */
	const struct facts *facts;
	uint64_t ends; /* of a connection on this host: 1 or 2 */
};

/* Fills the row, whose limiter is set and which does not bound as it comes; false: there is no
 * such limit here, and no row. */
typedef bool preflight_judge_row(const struct preflight_question *q, struct preflight_row *row);

preflight_judge_row preflight_row_ring, preflight_row_ports, preflight_row_descriptors,
	preflight_row_files, preflight_row_memory, preflight_row_cgroup, preflight_row_conntrack,
	preflight_row_tcp_memory, preflight_row_time_wait, preflight_row_accept_queue,
	preflight_row_syn_queue;

/* Whether the facts are all known; else the row says which is not, and why. */
bool preflight_know(const struct facts *f, struct preflight_row *row, unsigned count,
		    const enum fact_id *ids);
#define PREFLIGHT_KNOW(f, row, ...)                                                                \
	preflight_know(f, row, sizeof((enum fact_id[]){__VA_ARGS__}) / sizeof(enum fact_id),       \
		       (const enum fact_id[]){__VA_ARGS__})

#define PREFLIGHT_SAY(field, ...) snprintf(field, sizeof field, __VA_ARGS__)

#endif
