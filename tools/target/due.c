#include "tools/target/due.h"

#include <stdlib.h>

bool due_init(struct due *d, uint32_t ids)
{
	*d = (struct due){
		.at_ns = calloc(ids, sizeof *d->at_ns),
		.place = calloc(ids, sizeof *d->place),
		.heap = calloc((size_t)ids + 1, sizeof *d->heap),
	};
	if (d->at_ns && d->place && d->heap)
		return true;
	due_fini(d);
	return false;
}

void due_fini(struct due *d)
{
	free(d->at_ns);
	free(d->place);
	free(d->heap);
	*d = (struct due){0};
}

static void put(struct due *d, uint32_t place, uint32_t id)
{
	d->heap[place] = id;
	d->place[id] = place;
}

/* Moves holes, not ids: `id` is written once, where it comes to rest. */
static void rise(struct due *d, uint32_t place, uint32_t id)
{
	while (place > 1 && d->at_ns[d->heap[place / 2]] > d->at_ns[id]) {
		put(d, place, d->heap[place / 2]);
		place /= 2;
	}
	put(d, place, id);
}

static void sink(struct due *d, uint32_t place, uint32_t id)
{
	for (uint32_t child; (child = place * 2) <= d->count; place = child) {
		if (child < d->count && d->at_ns[d->heap[child + 1]] < d->at_ns[d->heap[child]])
			child++;
		if (d->at_ns[d->heap[child]] >= d->at_ns[id])
			break;
		put(d, place, d->heap[child]);
	}
	put(d, place, id);
}

/* `id` has a new instant and belongs at `place` or above or below it. */
static void settle(struct due *d, uint32_t place, uint32_t id)
{
	if (place > 1 && d->at_ns[d->heap[place / 2]] > d->at_ns[id])
		rise(d, place, id);
	else
		sink(d, place, id);
}

void due_set(struct due *d, uint32_t id, uint64_t at_ns)
{
	d->at_ns[id] = at_ns;
	settle(d, d->place[id] ? d->place[id] : ++d->count, id);
}

void due_sooner(struct due *d, uint32_t id, uint64_t at_ns)
{
	if (!d->place[id] || d->at_ns[id] > at_ns)
		due_set(d, id, at_ns);
}

void due_clear(struct due *d, uint32_t id)
{
	uint32_t place = d->place[id];
	if (!place)
		return;
	d->place[id] = 0;
	uint32_t last = d->heap[d->count--];
	if (last != id)
		settle(d, place, last);
}

uint64_t due_next_ns(const struct due *d)
{
	return d->count ? d->at_ns[d->heap[1]] : UINT64_MAX;
}

bool due_expire(struct due *d, uint64_t now_ns, uint32_t *ret_id)
{
	if (due_next_ns(d) > now_ns || !d->count)
		return false;
	uint32_t id = d->heap[1];
	due_clear(d, id);
	*ret_id = id;
	return true;
}
