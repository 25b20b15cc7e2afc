/* due: instants set for numbered things, one each, in a heap: to the nanosecond.
 *
 * io/wheel.h is cheaper but a millisecond coarse; a service time that a client's figures are
 * held against has to be finer than that. Everything is reserved at birth, as address space: a
 * page is first written when an instant is set. One thread. */
#ifndef BRINK_TARGET_DUE_H
#define BRINK_TARGET_DUE_H

#include <stdbool.h>
#include <stdint.h>

struct due {
	uint64_t *at_ns; /* by id; means something while place[id] is not 0 */
	uint32_t *place; /* by id: where in the heap, from 1; 0: no instant set */
	uint32_t *heap;  /* ids, the earliest at 1 */
	uint32_t count;
};

bool due_init(struct due *d, uint32_t ids); /* false: no memory */
void due_fini(struct due *d);
void due_set(struct due *d, uint32_t id, uint64_t at_ns);    /* replaces what was set */
void due_sooner(struct due *d, uint32_t id, uint64_t at_ns); /* unless an earlier one is set */
void due_clear(struct due *d, uint32_t id);
uint64_t due_next_ns(const struct due *d); /* UINT64_MAX: nothing is set */

/* Takes out the earliest id if its instant has come; false when none has. */
bool due_expire(struct due *d, uint64_t now_ns, uint32_t *ret_id);

#endif
