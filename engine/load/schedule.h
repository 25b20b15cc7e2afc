/* schedule: how a load moves over time, piece by piece: requests a second in an open loop,
 * connections in a closed one.
 *
 * The main thread appends, and may go on doing so while load runs; workers read what is there.
 * Nothing that was appended changes. A piece lasts until the next one begins. */
#ifndef BRINK_LOAD_SCHEDULE_H
#define BRINK_LOAD_SCHEDULE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_MAX 1024u

struct piece {
	uint64_t from_ns;   /* when it begins */
	uint64_t length_ns; /* how long it takes from one value to the other; 0: at `to` at once */
	double from, to;
	bool fresh; /* what is due or in flight when it begins is given up */
};

struct schedule {
	_Atomic uint32_t count;
	struct piece pieces[SCHEDULE_MAX];
};

/* False: it is full. `p` begins after those before it. */
bool schedule_append(struct schedule *s, const struct piece *p);

/* The piece of that number, or NULL as long as there is none. */
static inline const struct piece *schedule_piece(const struct schedule *s, uint32_t number)
{
	return number < atomic_load_explicit(&s->count, memory_order_acquire) ? &s->pieces[number]
									      : NULL;
}

/* The load at an instant after its beginning. */
double piece_load(const struct piece *p, uint64_t now_ns);

/* Nanoseconds after its beginning at which `count` requests have become due; infinite: never. */
double piece_when_ns(const struct piece *p, double count);

#endif
