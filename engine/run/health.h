/* health: was the generator itself the limit? Pure rules over what a run counted, each with its
 * evidence in figures and what to do. Any thread. */
#ifndef BRINK_RUN_HEALTH_H
#define BRINK_RUN_HEALTH_H

#include "host/facts.h"
#include "host/limits.h"
#include "host/self.h"
#include "run/summary.h"

struct health_facts {
	const struct limits *limits;
	uint32_t slots;        /* connections for which there were descriptors */
	uint64_t throttled_ns; /* by the cgroup, during the run */
	const char *throttle_source;
	double throttled_share; /* of the time, that is let pass; 0: as usual */
	double wall_s;          /* without the warm-up, the drain included */
	bool busy;              /* spinning all the time by choice */
	bool hold;              /* connections were what was asked for; then, the host's facts: */
	const struct facts *before, *now; /* NULL: not looked at */
};

/* Sets s->saturated, s->limits and notes that concern the generator. */
void health_judge(const struct health_facts *facts, struct summary *s);

/* Adds a remark to the summary; beyond SUMMARY_NOTES_MAX it is dropped. */
void summary_note(struct summary *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
