/* ring_close: connections end: what is in flight is cancelled, the descriptor closed, and the
 * slot's life is over with the last completion. */
#include "io/ring_impl.h"

#include <assert.h>

/* Entries that one close may take, and that must go together. */
#define CLOSE_ENTRIES 7u

/* A shutdown runs on a thread of the kernel's own and looks its file up only there. Were the
 * slot closed and taken anew meanwhile, it would hit the wrong connection: a close waits for it. */
void ring_shutdown(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	struct lane *l = ring_lane(r, slot);
	struct io_uring_sqe *sqe = s->shutting ? NULL : ring_sqe(l);
	if (!sqe)
		return;
	io_uring_prep_shutdown(sqe, ring_file(r, l, slot), SHUT_WR);
	ring_on_slot(r, sqe, OP_SHUTDOWN, slot);
	s->shutting = true;
	s->pending++;
}

static const struct linger linger_reset = {.l_onoff = 1, .l_linger = 0};

static void queue_reset(struct ring *r, struct lane *l, uint32_t slot)
{
	if (ring_is_direct(r, slot) && r->files)
		return; /* only a descriptor takes options here: it ends with a FIN */
	if (r->files) {
		setsockopt(r->files[slot], SOL_SOCKET, SO_LINGER, &linger_reset,
			   sizeof linger_reset);
		return;
	}
	struct io_uring_sqe *sqe = ring_sqe(l);
	ring_prep_option(sqe, ring_file(r, l, slot), SOL_SOCKET, SO_LINGER, &linger_reset,
			 sizeof linger_reset);
	ring_on_slot(r, sqe, OP_IGNORE, slot);
}

/* Each operation by its own name: the kernel finds it by hash. To cancel all of a file, it would
 * look at every operation of the ring. */
static void queue_cancels(struct ring *r, struct lane *l, uint32_t slot)
{
	const struct slot *s = &r->slots[slot];
	const struct {
		enum op op;
		bool in_flight;
	} all[] = {
		{OP_DIAL, s->dialling}, {OP_RECEIVE, s->receiving},  {OP_WATCH, s->watching},
		{OP_SEND, s->sending},  {OP_SEND_QUIET, s->sending},
	};
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		if (!all[i].in_flight)
			continue;
		struct io_uring_sqe *sqe = ring_sqe(l);
		io_uring_prep_cancel64(sqe, ring_tag(all[i].op, s->generation, slot), 0);
		sqe->user_data = ring_tag(OP_IGNORE, 0, 0);
	}
}

static void queue_close(struct ring *r, struct lane *l, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	struct io_uring_sqe *sqe = ring_sqe(l);
	if (ring_is_direct(r, slot))
		io_uring_prep_close_direct(sqe, slot - l->base);
	else
		io_uring_prep_close(sqe, r->files[slot]);
	/* A direct close runs within the submission, so that the slot may be dialled again by an
	 * entry right behind it: nobody need wait for its completion. */
	bool at_once = !r->files && s->pending == 0;
	sqe->user_data = ring_tag(at_once ? OP_IGNORE : OP_CLOSE, s->generation, slot);
	if (at_once) {
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
		ring_slot_end(r, slot);
		ring_local_push(r, RING_CLOSED, slot, 0);
	} else {
		s->pending++;
	}
}

static bool try_close(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	struct lane *l = ring_lane(r, slot);
	if (r->files && r->files[slot] == -1) { /* the socket was never made */
		ring_slot_end(r, slot);
		ring_local_push(r, RING_CLOSED, slot, 0);
		return true;
	}
	if (!ring_reserve(l, CLOSE_ENTRIES))
		return false;
	if (s->reset)
		queue_reset(r, l, slot);
	if (s->pending)
		queue_cancels(r, l, slot);
	queue_close(r, l, slot);
	return true;
}

/* Closes, or leaves it to ring_close_backlog. */
static void close_or_put_off(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	s->close_due = s->shutting || !try_close(r, slot);
	if (s->close_due && !s->shutting)
		ring_queue_push(&r->close_backlog, slot);
}

void ring_close(struct ring *r, uint32_t slot, bool reset)
{
	struct slot *s = &r->slots[slot];
	assert(s->used && !s->closing);
	s->closing = true;
	s->reset = reset;
	close_or_put_off(r, slot);
}

void ring_shut_down(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	s->shutting = false;
	if (s->closing)
		close_or_put_off(r, slot);
}

void ring_close_backlog(struct ring *r)
{
	struct slot_queue *q = &r->close_backlog;
	while (q->count) {
		uint32_t slot = q->slots[q->first];
		if (!ring_reserve(ring_lane(r, slot), CLOSE_ENTRIES))
			return;
		ring_queue_pop(q);
		r->slots[slot].close_due = false;
		try_close(r, slot);
	}
}
