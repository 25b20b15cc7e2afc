/* ring_slot: the lives of slots, and the events that the ring makes itself. */
#include "io/ring_impl.h"

#include <assert.h>

/* --- events made here ------------------------------------------------------------------- */

void ring_local_push(struct ring *r, enum ring_op op, uint32_t slot, int res)
{
	assert(r->local_tail - r->local_head <= r->local_mask);
	r->local[r->local_tail++ & r->local_mask] =
		(struct local_event){.op = (uint8_t)op, .slot = slot, .res = (int16_t)res};
}

bool ring_local_pop(struct ring *r, struct ring_event *ret)
{
	if (r->local_head == r->local_tail)
		return false;
	const struct local_event *e = &r->local[r->local_head++ & r->local_mask];
	*ret = (struct ring_event){.op = e->op, .slot = e->slot, .res = e->res};
	return true;
}

/* --- slots ------------------------------------------------------------------------------ */

struct slot *ring_slot_take(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	assert(!s->used && s->pending == 0);
	*s = (struct slot){.generation = s->generation + 1, .fd = -1, .used = true};
	r->used++;
	return s;
}

/* The slot's last completion has come: its life is over. */
void ring_slot_end(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	s->used = s->closing = false;
	r->used--;
	if (r->listener_count && !ring_has(r, F_DIRECT))
		r->free_slots[r->free_count++] = slot;
}
