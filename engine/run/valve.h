/* valve: what ends or restrains a load while it runs: a condition that has held for a time. Pure:
 * windows in, what is to be done out. The caller owns the memory; one thread. */
#ifndef BRINK_RUN_VALVE_H
#define BRINK_RUN_VALVE_H

#include "run/threshold.h"

#include <stdint.h>

#define VALVES_MAX 32

enum valve_kind {
	VALVE_STOP,      /* the load ends: exit 5 */
	VALVE_READ_ONLY, /* only safe methods go on, for as long as the condition holds */
	VALVE_ABORT,     /* a threshold that has failed ends the load: exit 99 */
};

struct valve {
	enum valve_kind kind;
	struct threshold condition; /* what fires; of VALVE_ABORT, what must hold */
	uint64_t for_ns;            /* how long without a break */
	uint64_t after_ns;          /* not before: since the start */
	uint64_t since_ns;          /* when it began to hold; 0: it does not */
	bool fired;
};

/* "errors>50% for 10s", "p(99)>2s": a threshold's grammar, and for how long (at once: 0). */
int valve_parse(struct valve *ret, enum valve_kind kind, const char *text, struct err *err);

/* Looks at what was counted from `from_ns` to `to_ns`, both since the start: VALVE_ABORT at all
 * since the start, the others at that window. True: it has fired, or no longer does. */
bool valve_look(struct valve *v, const struct tally *counted, uint64_t from_ns, uint64_t to_ns);

#endif
