/* bitset: which of the numbers 0..size-1 are members, and the next member from any point on, found
 * in at most six steps whether the set is full or nearly empty.
 *
 * A bit a number, and above it a tree: a bit for each word of 64 bits below, set where that word
 * is not zero. 1/63 of a bit a number more. All memory is reserved at once. One thread. */
#ifndef BRINK_IO_BITSET_H
#define BRINK_IO_BITSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITSET_LEVELS 6 /* of 64 branches each: 2^36 numbers, more than uint32_t can name */

struct bitset {
	uint64_t *levels[BITSET_LEVELS]; /* 0: the numbers; one allocation for all */
	size_t bytes;
	unsigned depth;
	uint32_t size;
	uint32_t count; /* members */
};

bool bitset_init(struct bitset *b, uint32_t size); /* empty; false: no memory */
void bitset_fini(struct bitset *b);                /* a zeroed struct is fine */

void bitset_fill(struct bitset *b); /* every number becomes a member */
bool bitset_has(const struct bitset *b, uint32_t number);
void bitset_add(struct bitset *b, uint32_t number);    /* not a member yet (asserted) */
void bitset_remove(struct bitset *b, uint32_t number); /* a member (asserted) */

/* The lowest member that is not below `from`, which may be anything up to size. */
bool bitset_next(const struct bitset *b, uint32_t from, uint32_t *ret);

/* All members of `from` become members of `to`, 64 at a time, and `from` is empty. Of one size
 * and without a member in common (asserted). */
void bitset_move(struct bitset *to, struct bitset *from);

#endif
