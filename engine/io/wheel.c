#include "io/wheel.h"

#include "base/mem.h"

#include <assert.h>

#define NO_ID UINT32_MAX
#define WORDS (WHEEL_TICKS / 64)

_Static_assert(sizeof(struct wheel_node) == 16, "16 bytes an id");

/* Bucket b holds the one tick of now_tick .. now_tick + WHEEL_TICKS - 1 that is b modulo
 * WHEEL_TICKS. The bucket of now_tick is the one being emptied. */
static uint64_t tick_of(const struct wheel *w, uint32_t bucket)
{
	return w->now_tick + ((bucket - w->now_tick) % WHEEL_TICKS);
}

static uint32_t bucket_for(const struct wheel *w, uint64_t tick)
{
	uint64_t last = w->now_tick + WHEEL_TICKS - 1;
	if (tick < w->now_tick)
		tick = w->now_tick;
	return (uint32_t)((tick < last ? tick : last) % WHEEL_TICKS);
}

static void link_in(struct wheel *w, uint32_t id, uint32_t bucket)
{
	struct wheel_node *node = &w->nodes[id];
	uint32_t head = w->heads[bucket];
	node->bucket = bucket;
	node->linked = true;
	node->prev = NO_ID;
	node->next = head;
	if (head != NO_ID)
		w->nodes[head].prev = id;
	w->heads[bucket] = id;
	w->used[bucket / 64] |= UINT64_C(1) << bucket % 64;
}

static void unlink_from(struct wheel *w, uint32_t id)
{
	struct wheel_node *node = &w->nodes[id];
	uint32_t bucket = node->bucket;
	if (node->next != NO_ID)
		w->nodes[node->next].prev = node->prev;
	if (node->prev != NO_ID)
		w->nodes[node->prev].next = node->next;
	else
		w->heads[bucket] = node->next;
	if (w->heads[bucket] == NO_ID)
		w->used[bucket / 64] &= ~(UINT64_C(1) << bucket % 64);
	node->linked = false;
}

static size_t nodes_len(const struct wheel *w)
{
	return (w->ids ? w->ids : 1) * sizeof *w->nodes;
}

bool wheel_init(struct wheel *w, uint32_t ids, uint64_t now_ns)
{
	assert(ids < NO_ID);
	*w = (struct wheel){.ids = ids, .now_tick = now_ns / WHEEL_TICK_NS};
	w->nodes = mem_pages(nodes_len(w));
	if (!w->nodes)
		return false;
	for (uint32_t bucket = 0; bucket < WHEEL_TICKS; bucket++)
		w->heads[bucket] = NO_ID;
	return true;
}

void wheel_fini(struct wheel *w)
{
	mem_pages_free(w->nodes, nodes_len(w));
	*w = (struct wheel){.nodes = NULL};
}

void wheel_trim(struct wheel *w)
{
	for (unsigned i = 0; i < WORDS; i++)
		if (w->used[i])
			return;
	mem_pages_clear(w->nodes, nodes_len(w));
}

void wheel_set(struct wheel *w, uint32_t id, uint64_t due_ns)
{
	assert(id < w->ids);
	struct wheel_node *node = &w->nodes[id];
	uint64_t due = due_ns / WHEEL_TICK_NS + (due_ns % WHEEL_TICK_NS != 0);
	node->due = due ? due : 1; /* long past either way, and 0 means none */
	if (node->linked) {
		if (tick_of(w, node->bucket) <= due)
			return;
		unlink_from(w, id);
	}
	link_in(w, id, bucket_for(w, due));
}

void wheel_clear(struct wheel *w, uint32_t id)
{
	assert(id < w->ids);
	w->nodes[id].due = 0;
}

/* The first tick from now_tick on whose bucket is not empty; UINT64_MAX when all are. */
static uint64_t next_used(const struct wheel *w)
{
	uint32_t start = (uint32_t)(w->now_tick % WHEEL_TICKS);
	uint64_t word = w->used[start / 64] & (UINT64_MAX << start % 64);
	/* One step more than there are words: the first is looked at again for its low bits. */
	for (uint32_t step = 0; step <= WORDS; step++) {
		uint32_t at = (start / 64 + step) % WORDS;
		if (step > 0)
			word = w->used[at];
		if (word)
			return tick_of(w, at * 64 + (uint32_t)__builtin_ctzll(word));
	}
	return UINT64_MAX;
}

uint64_t wheel_next_ns(const struct wheel *w)
{
	uint64_t tick = next_used(w);
	return tick == UINT64_MAX ? UINT64_MAX : tick * WHEEL_TICK_NS;
}

/* Empties the bucket of now_tick up to the first id that is due; the others go where their
 * deadline now is, later than now_tick by one tick at least. */
static bool take_due(struct wheel *w, uint32_t *ret_id)
{
	const uint32_t *head = &w->heads[w->now_tick % WHEEL_TICKS];
	while (*head != NO_ID) {
		uint32_t id = *head;
		uint64_t due = w->nodes[id].due;
		unlink_from(w, id);
		if (due > w->now_tick) {
			link_in(w, id, bucket_for(w, due));
		} else if (due) {
			w->nodes[id].due = 0;
			*ret_id = id;
			return true;
		}
	}
	return false;
}

bool wheel_expire(struct wheel *w, uint64_t now_ns, uint32_t *ret_id)
{
	uint64_t now_tick = now_ns / WHEEL_TICK_NS;
	while (!take_due(w, ret_id)) {
		if (w->now_tick >= now_tick)
			return false;
		uint64_t next = next_used(w);
		w->now_tick = next < now_tick ? next : now_tick;
	}
	return true;
}
