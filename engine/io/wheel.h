/* wheel: deadlines for numbered things, 1 ms apart at the finest, lazily kept.
 *
 * Setting a later deadline for something that has one already is a single store; the thing is
 * moved when its old place in the wheel comes up. 16 bytes an id, reserved at once. One thread. */
#ifndef BRINK_IO_WHEEL_H
#define BRINK_IO_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define WHEEL_TICK_NS UINT64_C(1000000)
#define WHEEL_TICKS   4096u
#define WHEEL_NONE    UINT32_MAX

struct wheel_node {
	uint64_t due_ns; /* 0: no deadline */
	uint32_t next;
	uint32_t tick; /* bucket it is linked in, WHEEL_NONE when in none */
};

struct wheel {
	struct wheel_node *nodes;
	uint32_t count;
	uint64_t now_tick; /* every bucket up to here was visited */
	uint32_t heads[WHEEL_TICKS];
	uint64_t used[WHEEL_TICKS / 64]; /* bit set: bucket not empty */
	uint32_t ripe;                   /* ids taken out of a bucket and not yet looked at */
};

bool wheel_init(struct wheel *w, uint32_t ids, uint64_t now_ns); /* false: no memory */
void wheel_fini(struct wheel *w);
void wheel_set(struct wheel *w, uint32_t id, uint64_t due_ns);
void wheel_clear(struct wheel *w, uint32_t id);

/* The instant at which wheel_expire is worth calling; UINT64_MAX when nothing is set. Never later
 * than the earliest deadline rounded up to a tick. */
uint64_t wheel_next_ns(const struct wheel *w);

/* Takes out one id whose deadline has passed; false when there is none left at this instant. */
bool wheel_expire(struct wheel *w, uint64_t now_ns, uint32_t *ret_id);

#endif
