#include "io/tuples.h"

#include <assert.h>

static uint32_t share_of(uint32_t total, uint32_t worker, uint32_t workers)
{
	return total > worker ? (total - worker - 1) / workers + 1 : 0;
}

bool tuple_book_init(struct tuple_book *b, const struct tuples *space, uint32_t worker,
		     uint32_t workers, uint32_t start)
{
	assert(worker < workers);
	assert(space->port_low + space->port_count <= UINT16_MAX + 1u);
	uint32_t size = share_of(tuples_total(space), worker, workers);
	*b = (struct tuple_book){.space = space, .worker = worker, .workers = workers};
	if (!bitset_init(&b->free, size) || !bitset_init(&b->resting, size) ||
	    !bitset_init(&b->resting_longer, size)) {
		tuple_book_fini(b);
		return false;
	}
	bitset_fill(&b->free);
	b->at = size ? start % size : 0;
	return true;
}

void tuple_book_fini(struct tuple_book *b)
{
	bitset_fini(&b->free);
	bitset_fini(&b->resting);
	bitset_fini(&b->resting_longer);
}

static bool anything_rests(const struct tuple_book *b)
{
	return b->space->port_count > 0 && b->space->rest_ns > 0;
}

/* Ends the periods that are over. Periods follow each other without a gap, so what was given back
 * in one has rested for a whole one when the next has passed. */
static void turn(struct tuple_book *b, uint64_t now_ns)
{
	if (!anything_rests(b) || now_ns < b->turn_ns)
		return;
	uint64_t rest_ns = b->space->rest_ns, late_ns = now_ns - b->turn_ns;
	bitset_move(&b->free, &b->resting_longer);
	if (late_ns >= rest_ns) {
		bitset_move(&b->free, &b->resting);
	} else {
		struct bitset emptied = b->resting_longer;
		b->resting_longer = b->resting;
		b->resting = emptied;
	}
	b->turn_ns += (late_ns / rest_ns + 1) * rest_ns;
}

bool tuple_book_take(struct tuple_book *b, uint64_t now_ns, uint32_t *ret)
{
	uint32_t mine;
	turn(b, now_ns);
	if (!bitset_next(&b->free, b->at, &mine) && !bitset_next(&b->free, 0, &mine))
		return false;
	bitset_remove(&b->free, mine);
	b->at = mine + 1;
	*ret = mine * b->workers + b->worker;
	return true;
}

void tuple_book_give(struct tuple_book *b, uint32_t number, bool rests, uint64_t now_ns)
{
	uint32_t mine = number / b->workers;
	assert(number % b->workers == b->worker);
	assert(!bitset_has(&b->free, mine) && !bitset_has(&b->resting, mine) &&
	       !bitset_has(&b->resting_longer, mine));
	turn(b, now_ns);
	bitset_add(rests && anything_rests(b) ? &b->resting : &b->free, mine);
}

uint32_t tuple_book_free(const struct tuple_book *b)
{
	return b->free.count;
}

uint32_t tuple_book_resting(const struct tuple_book *b)
{
	return b->resting.count + b->resting_longer.count;
}
