/* ring_accept: taking connections in, without ever dropping one for want of a slot. */
#include "io/ring_impl.h"

#include <stdlib.h>
#include <unistd.h>

/* Accepting goes on one connection at a time from here on, for a multishot accept hands over a
 * whole backlog at once and drops what finds no slot. The largest default backlog is 4096. */
#define ACCEPT_MARGIN 4096u

void ring_arm_accept(struct ring *r, uint32_t number)
{
	struct listener *l = &r->listeners[number];
	uint32_t left = r->config.slots - r->used;
	if (l->armed || left <= r->listener_count)
		return;
	struct io_uring_sqe *sqe = ring_sqe(r);
	if (!sqe)
		return;
	l->many = ring_has(r, F_ACCEPT) && left > ACCEPT_MARGIN;
	l->armed = true;
	if (ring_has(r, F_DIRECT)) {
		/* liburing adds one: IORING_FILE_INDEX_ALLOC lets the kernel choose a free slot */
		io_uring_prep_accept_direct(sqe, l->fd, NULL, NULL, 0, IORING_FILE_INDEX_ALLOC - 1);
	} else {
		io_uring_prep_accept(sqe, l->fd, NULL, NULL, SOCK_CLOEXEC);
	}
	if (l->many)
		sqe->ioprio |= IORING_ACCEPT_MULTISHOT;
	sqe->user_data = ring_tag(OP_ACCEPT, 0, number);
}

/* Near the end of the table a multishot accept is taken back; single ones follow it. */
static void restrain_accepts(struct ring *r)
{
	if (r->config.slots - r->used > ACCEPT_MARGIN)
		return;
	for (uint32_t i = 0; i < r->listener_count; i++) {
		if (!r->listeners[i].armed || !r->listeners[i].many)
			continue;
		struct io_uring_sqe *sqe = ring_sqe(r);
		if (!sqe)
			return;
		io_uring_prep_cancel64(sqe, ring_tag(OP_ACCEPT, 0, i), 0);
		sqe->user_data = ring_tag(OP_IGNORE, 0, 0);
		r->listeners[i].many = false;
	}
}

int ring_listen(struct ring *r, int fd, struct err *err)
{
	if (r->listener_count == RING_LISTENERS_MAX)
		return err_set(err, ERR_USAGE, "more than %u listeners on one ring",
			       RING_LISTENERS_MAX);
	if (!r->free_slots)
		r->free_slots = malloc(r->config.slots * sizeof *r->free_slots);
	if (!r->free_slots)
		return err_set(err, ERR_RUNTIME, "no memory to accept %u connections",
			       r->config.slots);
	if (r->listener_count == 0)
		for (uint32_t i = r->config.slots; i-- > 0;)
			r->free_slots[r->free_count++] = i;
	r->listeners[r->listener_count++] = (struct listener){.fd = fd};
	ring_arm_accept(r, r->listener_count - 1);
	return 0;
}

/* An accept completed; true with the event of the new connection. */
bool ring_take_accepted(struct ring *r, uint32_t number, const struct io_uring_cqe *cqe,
			struct ring_event *ret)
{
	if (!(cqe->flags & IORING_CQE_F_MORE))
		r->listeners[number].armed = false;
	if (cqe->res < 0) /* cancelled, or the peer left already: ring_catch_up arms again */
		return false;
	bool direct = ring_has(r, F_DIRECT);
	if (!direct && r->free_count == 0) {
		close(cqe->res);
		return false;
	}
	uint32_t slot = direct ? (uint32_t)cqe->res : r->free_slots[--r->free_count];
	*ret = (struct ring_event){.op = RING_ACCEPTED, .slot = slot};
	if (r->slots[slot].used) { /* the kernel gave it anew before the last completion came */
		ring_slot_end(r, slot);
		r->slots[slot].pending = 0;
		ring_local_push(r, RING_ACCEPTED, slot, 0);
		ret->op = RING_CLOSED;
	}
	struct slot *s = ring_slot_take(r, slot);
	if (!direct)
		s->fd = cqe->res;
	restrain_accepts(r);
	return true;
}
