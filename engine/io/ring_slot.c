/* ring_slot: the lives of slots, and the events that the ring makes itself. */
#include "io/ring_impl.h"

#include <assert.h>

/* --- lists of slots --------------------------------------------------------------------- */

void ring_list_push(struct ring *r, struct slot_list *list, uint32_t slot)
{
	r->slots[slot].next = RING_SLOT_NONE;
	if (ring_list_empty(list))
		list->first = slot;
	else
		r->slots[list->last].next = slot;
	list->last = slot;
}

uint32_t ring_list_pop(struct ring *r, struct slot_list *list)
{
	uint32_t slot = list->first;
	if (slot != RING_SLOT_NONE)
		list->first = r->slots[slot].next;
	return slot;
}

/* --- events made here ------------------------------------------------------------------- */

void ring_local_push(struct ring *r, enum ring_op op, uint32_t slot, int error)
{
	struct slot *s = &r->slots[slot];
	if (!s->local)
		ring_list_push(r, &r->local, slot);
	s->local = op + 1;
	s->error = (uint8_t)error;
}

bool ring_local_pop(struct ring *r, struct ring_event *ret)
{
	uint32_t slot = ring_list_pop(r, &r->local);
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
