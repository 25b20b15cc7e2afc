/* wheel: deadlines for numbered things, 1 ms apart at the finest, lazily kept.
 *
 * Setting a later deadline for something that has one already is a single store; the thing is
 * moved when its old place in the wheel comes up. An earlier one moves it at once, at a constant
 * cost. Deadlines are rounded up to a tick, so that none comes early; those past the wheel's
 * 4 seconds wait in the furthest bucket and are linked again there. 16 bytes an id, reserved at
 * once. One thread. */
#ifndef BRINK_IO_WHEEL_H
#define BRINK_IO_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define WHEEL_TICK_NS UINT64_C(1000000)
#define WHEEL_TICKS   4096u

struct wheel_node {
	uint64_t due : 48;    /* tick; 0: no deadline. The whole of CLOCK_MONOTONIC fits */
	uint64_t bucket : 15; /* where it is linked in, */
	uint64_t linked : 1;  /* if so, with or without a deadline */
	uint32_t next, prev;
};

struct wheel {
	struct wheel_node *nodes;
	uint32_t ids;
	uint64_t now_tick; /* every bucket before it is empty */
	uint32_t heads[WHEEL_TICKS];
	uint64_t used[WHEEL_TICKS / 64]; /* bit set: bucket not empty */
};

bool wheel_init(struct wheel *w, uint32_t ids, uint64_t now_ns); /* false: no memory */
void wheel_fini(struct wheel *w);

/* A deadline that has passed already comes out of the next wheel_expire. */
void wheel_set(struct wheel *w, uint32_t id, uint64_t due_ns);
void wheel_clear(struct wheel *w, uint32_t id);

/* Gives the nodes' memory back to the system until it is needed again; only where nothing is
 * linked, else it does nothing. */
void wheel_trim(struct wheel *w);

/* The instant at which wheel_expire is worth calling; UINT64_MAX when nothing is linked. Never
 * later than the earliest deadline rounded up to a tick; earlier where a deadline was put off or
 * cleared and its old place is still to be visited. */
uint64_t wheel_next_ns(const struct wheel *w);

/* Takes out one id whose deadline has passed; false when there is none left at this instant. */
bool wheel_expire(struct wheel *w, uint64_t now_ns, uint32_t *ret_id);

#endif
