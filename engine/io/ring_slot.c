/* ring_slot: the lives of slots, and the events that the ring makes itself. */
#include "io/ring_impl.h"

#include "base/mem.h"

#include <assert.h>

/* --- queues of slots -------------------------------------------------------------------- */

bool ring_queue_init(struct slot_queue *q, uint32_t room)
{
	*q = (struct slot_queue){.slots = mem_reserve(room * sizeof *q->slots), .room = room};
	return q->slots;
}

void ring_queue_fini(struct slot_queue *q)
{
	mem_pages_free(q->slots, q->room * sizeof *q->slots);
}

void ring_queue_push(struct slot_queue *q, uint32_t slot)
{
	assert(q->count < q->room);
	uint64_t end = (uint64_t)q->first + q->count++;
	q->slots[end % q->room] = slot;
}

uint32_t ring_queue_pop(struct slot_queue *q)
{
	if (!q->count)
		return RING_SLOT_NONE;
	uint32_t slot = q->slots[q->first++];
	if (--q->count == 0 || q->first == q->room)
		q->first = 0;
	return slot;
}

/* --- events made here ------------------------------------------------------------------- */

void ring_local_push(struct ring *r, enum ring_op op, uint32_t slot, int error)
{
	struct slot *s = &r->slots[slot];
	if (!s->local)
		ring_queue_push(&r->local, slot);
	s->local = op + 1;
	s->error = (uint8_t)error;
}

bool ring_local_pop(struct ring *r, struct ring_event *ret)
{
	uint32_t slot = ring_queue_pop(&r->local);
	if (slot == RING_SLOT_NONE)
		return false;
	struct slot *s = &r->slots[slot];
	*ret = (struct ring_event){
		.op = (enum ring_op)(s->local - 1), .slot = slot, .res = -s->error};
	s->local = 0;
	return true;
}

/* --- slots ------------------------------------------------------------------------------ */

struct slot *ring_slot_take(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	assert(!s->used && s->pending == 0 && !s->local);
	*s = (struct slot){.generation = (s->generation + 1) & GENERATION_MASK, .used = true};
	if (r->files)
		r->files[slot] = -1;
	r->used++;
	ring_lane(r, slot)->used++;
	return s;
}

/* The slot's last completion has come: its life is over. */
void ring_slot_end(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	s->used = s->closing = false;
	r->used--;
	ring_lane(r, slot)->used--;
	if (r->free_slots)
		r->free_slots[r->free_count++] = slot;
}
