#include "io/bitset.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define WORD_BITS 64u

static uint64_t bit_of(uint32_t index)
{
	return UINT64_C(1) << index % WORD_BITS;
}

/* Room for one bit past the end, so that the place after the last can be looked up like any
 * other and is never set. */
static uint32_t words_for(uint32_t bits)
{
	return bits / WORD_BITS + 1;
}

bool bitset_init(struct bitset *b, uint32_t size)
{
	size_t words = 0, starts[BITSET_LEVELS];
	*b = (struct bitset){.size = size};
	for (uint32_t bits = size;; bits = words_for(bits)) {
		starts[b->depth++] = words;
		words += words_for(bits);
		if (words_for(bits) == 1)
			break;
	}
	b->bytes = words * sizeof(uint64_t);
	uint64_t *all = mem_pages(b->bytes);
	if (!all)
		return false;
	for (unsigned level = 0; level < b->depth; level++)
		b->levels[level] = all + starts[level];
	return true;
}

void bitset_fini(struct bitset *b)
{
	mem_pages_free(b->levels[0], b->bytes);
	*b = (struct bitset){0};
}

void bitset_fill(struct bitset *b)
{
	uint32_t bits = b->size;
	for (unsigned level = 0; level < b->depth; level++) {
		memset(b->levels[level], 0xff, bits / WORD_BITS * sizeof(uint64_t));
		if (bits % WORD_BITS)
			b->levels[level][bits / WORD_BITS] = bit_of(bits) - 1;
		bits = bits / WORD_BITS + (bits % WORD_BITS != 0);
	}
	b->count = b->size;
}

bool bitset_has(const struct bitset *b, uint32_t number)
{
	assert(number < b->size);
	return b->levels[0][number / WORD_BITS] & bit_of(number);
}

/* Sets a bit, and above it those that say that its word is not zero. */
static void mark(struct bitset *b, unsigned level, uint32_t index)
{
	for (; level < b->depth; level++, index /= WORD_BITS) {
		uint64_t *word = &b->levels[level][index / WORD_BITS];
		uint64_t before = *word;
		*word |= bit_of(index);
		if (before)
			return;
	}
}

static void unmark(struct bitset *b, unsigned level, uint32_t index)
{
	for (; level < b->depth; level++, index /= WORD_BITS) {
		uint64_t *word = &b->levels[level][index / WORD_BITS];
		*word &= ~bit_of(index);
		if (*word)
			return;
	}
}

void bitset_add(struct bitset *b, uint32_t number)
{
	assert(!bitset_has(b, number));
	mark(b, 0, number);
	b->count++;
}

void bitset_remove(struct bitset *b, uint32_t number)
{
	assert(bitset_has(b, number));
	unmark(b, 0, number);
	b->count--;
}

/* The lowest number below a set bit of a level. */
static uint32_t lowest_below(const struct bitset *b, unsigned level, uint32_t index)
{
	while (level-- > 0)
		index = index * WORD_BITS + (uint32_t)__builtin_ctzll(b->levels[level][index]);
	return index;
}

bool bitset_next(const struct bitset *b, uint32_t from, uint32_t *ret)
{
	assert(from <= b->size);
	uint32_t at = from;
	for (unsigned level = 0; level < b->depth; level++) {
		uint64_t rest = b->levels[level][at / WORD_BITS] & ~(bit_of(at) - 1);
		uint32_t word = at / WORD_BITS;
		if (rest) {
			at = word * WORD_BITS + (uint32_t)__builtin_ctzll(rest);
			*ret = lowest_below(b, level, at);
			return true;
		}
		at = word + 1; /* of the words still to come, the first that is not zero */
	}
	return false;
}

void bitset_move(struct bitset *to, struct bitset *from)
{
	assert(to->size == from->size);
	uint32_t first;
	while (bitset_next(from, 0, &first)) {
		uint32_t word = first / WORD_BITS;
		uint64_t members = from->levels[0][word];
		assert(!(to->levels[0][word] & members));
		to->levels[0][word] |= members;
		mark(to, 1, word);
		from->levels[0][word] = 0;
		unmark(from, 1, word);
		to->count += (uint32_t)__builtin_popcountll(members);
	}
	from->count = 0;
}
