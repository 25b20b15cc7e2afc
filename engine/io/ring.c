/* ring: sending, receiving, and what comes back as events. */
#include "io/ring_impl.h"

#include "base/mem.h"
#include "base/mono.h"
#include "io/ring_compat.h"

#include <errno.h>
#include <poll.h>

/* --- sending and receiving -------------------------------------------------------------- */

enum receiving { FOR_GOOD, ONCE, ONCE_READY };

static bool queue_receive(struct ring *r, uint32_t slot, enum receiving how)
{
	struct lane *l = ring_lane(r, slot);
	struct io_uring_sqe *sqe = ring_sqe(l);
	if (!sqe)
		return false;
	if (r->slots[slot].records) {
		ring_prep_records(sqe, ring_file(r, l, slot));
	} else if (l->buffer_ring) {
		io_uring_prep_recv(sqe, ring_file(r, l, slot), NULL, 0, 0);
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = 0;
		if (how == FOR_GOOD && ring_has(r, F_MULTISHOT))
			sqe->ioprio |= IORING_RECV_MULTISHOT;
	} else {
		char *own = l->buffers + (size_t)(slot - l->base) * r->config.buffer_size;
		io_uring_prep_recv(sqe, ring_file(r, l, slot), own, r->config.buffer_size, 0);
	}
	if (how != ONCE_READY && ring_has(r, F_COOP)) /* same kernel */
		sqe->ioprio |= COMPAT_RECVSEND_POLL_FIRST;
	ring_on_slot(r, sqe, OP_RECEIVE, slot);
	r->slots[slot].receiving = true;
	r->slots[slot].pending++;
	return true;
}

bool ring_receive(struct ring *r, uint32_t slot)
{
	return queue_receive(r, slot, FOR_GOOD);
}

bool ring_receive_once(struct ring *r, uint32_t slot)
{
	return queue_receive(r, slot, ONCE);
}

bool ring_receive_ready(struct ring *r, uint32_t slot)
{
	return queue_receive(r, slot, ONCE_READY);
}

bool ring_watch(struct ring *r, uint32_t slot)
{
	struct lane *l = ring_lane(r, slot);
	struct io_uring_sqe *sqe = ring_sqe(l);
	if (!sqe)
		return false;
	io_uring_prep_poll_add(sqe, ring_file(r, l, slot), POLLIN | POLLRDHUP);
	ring_on_slot(r, sqe, OP_WATCH, slot);
	r->slots[slot].watching = true;
	r->slots[slot].pending++;
	return true;
}

bool ring_peek(struct ring *r, uint32_t slot)
{
	struct lane *l = ring_lane(r, slot);
	struct io_uring_sqe *sqe = ring_sqe(l);
	if (!sqe)
		return false;
	io_uring_prep_recv(sqe, ring_file(r, l, slot), &r->peeked, 1, MSG_PEEK | MSG_DONTWAIT);
	ring_on_slot(r, sqe, OP_PEEK, slot);
	r->slots[slot].pending++;
	return true;
}

enum ring_sending ring_send(struct ring *r, uint32_t slot, struct span bytes, unsigned flags)
{
	struct lane *l = ring_lane(r, slot);
	struct io_uring_sqe *sqe = ring_sqe(l);
	if (!sqe)
		return RING_REFUSED;
	/* Without MSG_WAITALL a short send counts as success and would be silent. */
	bool quiet = (flags & RING_QUIET) && bytes.len <= RING_QUIET_MAX && ring_has(r, F_SKIP) &&
		     !r->slots[slot].records; /* which the kernel refuses to wait for */
	if ((flags & RING_FIXED) && l->have_fixed && !quiet)
		io_uring_prep_write_fixed(sqe, ring_file(r, l, slot), bytes.ptr,
					  (unsigned)bytes.len, 0, 0);
	else
		io_uring_prep_send(sqe, ring_file(r, l, slot), bytes.ptr, bytes.len,
				   MSG_NOSIGNAL | (quiet ? MSG_WAITALL : 0));
	ring_on_slot(r, sqe, quiet ? OP_SEND_QUIET : OP_SEND, slot);
	if (quiet)
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	else
		r->slots[slot].pending++;
	r->slots[slot].sending = true;
	return quiet ? RING_SILENT : RING_REPORTS;
}

/* --- completions ------------------------------------------------------------------------ */

static void give_buffer(struct ring *r, struct lane *l, uint16_t id)
{
	char *at = l->buffers + (size_t)id * r->config.buffer_size;
	MEM_POISON(at, r->config.buffer_size);
	io_uring_buf_ring_add(l->buffer_ring, at, r->config.buffer_size, id,
			      io_uring_buf_ring_mask(r->config.buffers), 0);
	io_uring_buf_ring_advance(l->buffer_ring, 1);
}

static void take_received(struct ring *r, const struct io_uring_cqe *cqe, struct ring_event *e)
{
	e->op = RING_RECEIVED;
	e->armed = cqe->flags & IORING_CQE_F_MORE;
	if (cqe->res == -ENOBUFS)
		r->stats.starved++;
	if (cqe->res <= 0)
		return;
	struct lane *l = ring_lane(r, e->slot);
	if (l->buffer_ring)
		e->buffer = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
	size_t number = l->buffer_ring ? e->buffer : e->slot - l->base;
	char *buffer = l->buffers + number * r->config.buffer_size;
	MEM_UNPOISON(buffer, (size_t)cqe->res);
	if (!r->slots[e->slot].records)
		e->data = (struct span){buffer, (size_t)cqe->res};
	else if (!ring_take_record(e, buffer))
		give_buffer(r, l, e->buffer);
}

/* A completion of a life that is over, or ending: only its buffer and the end of that life
 * matter. This is the one place where stale completions are dropped. */
static bool drop_stale(struct ring *r, const struct io_uring_cqe *cqe, bool ending,
		       struct ring_event *ret)
{
	r->stats.stale++;
	struct lane *l = ring_lane(r, ret->slot);
	if (l->buffer_ring && (cqe->flags & IORING_CQE_F_BUFFER))
		give_buffer(r, l, (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT));
	struct slot *s = &r->slots[ret->slot];
	if (!ending || s->close_due || s->pending)
		return false;
	ring_slot_end(r, ret->slot);
	ret->op = RING_CLOSED;
	ret->res = 0;
	return true;
}

/* An operation of the slot's present life has ended. */
static void note_ended(struct slot *s, enum op op)
{
	s->pending--;
	if (op == OP_DIAL)
		s->dialling = false;
	else if (op == OP_RECEIVE)
		s->receiving = false;
	else if (op == OP_WATCH)
		s->watching = false;
}

/* True when the completion makes an event. */
static bool take_completion(struct ring *r, const struct io_uring_cqe *cqe, struct ring_event *ret)
{
	static const enum ring_op events[] = {
		[OP_DIAL] = RING_OPENED,     [OP_SEND] = RING_SENT,
		[OP_SEND_QUIET] = RING_SENT, [OP_WATCH] = RING_READABLE,
		[OP_PEEK] = RING_READABLE,   [OP_HAND_OVER] = RING_HANDED_OVER,
	};
	enum op op = (enum op)(cqe->user_data >> 60);
	uint32_t generation = (uint32_t)(cqe->user_data >> 32) & GENERATION_MASK;
	uint32_t number = (uint32_t)cqe->user_data;
	if (op == OP_IGNORE)
		return false;
	if (op == OP_ACCEPT)
		return ring_take_accepted(r, number, cqe, ret);

	struct slot *s = &r->slots[number];
	bool current = s->used && generation == s->generation;
	if (current && op != OP_SEND_QUIET && !(cqe->flags & IORING_CQE_F_MORE))
		note_ended(s, op);
	*ret = (struct ring_event){.slot = number, .res = cqe->res};
	if (op == OP_SHUTDOWN) {
		if (current)
			ring_shut_down(r, number);
		return false;
	}
	if (!current || s->closing)
		return drop_stale(r, cqe, current, ret);
	if (op == OP_HAND_OVER)
		s->records = cqe->res >= 0;
	if (op == OP_RECEIVE)
		take_received(r, cqe, ret);
	else
		ret->op = events[op];
	return true;
}

/* The next completion of a lane that makes an event. */
static bool next_of_lane(struct ring *r, struct lane *l, struct ring_event *ret)
{
	struct io_uring_cq *cq = &l->u.cq;
	unsigned tail = io_uring_smp_load_acquire(cq->ktail);
	while (*cq->khead + l->cq_seen != tail) {
		const struct io_uring_cqe *cqe =
			&cq->cqes[(*cq->khead + l->cq_seen++) & cq->ring_mask];
		r->stats.events++;
		if (take_completion(r, cqe, ret))
			return true;
	}
	return false;
}

bool ring_next(struct ring *r, struct ring_event *ret)
{
	if (ring_local_pop(r, ret))
		return true;
	for (; r->reading < r->lane_count; r->reading++)
		if (next_of_lane(r, &r->lanes[r->reading], ret))
			return true;
	r->reading = r->lane_count - 1; /* what comes meanwhile to the last may still be read */
	return false;
}

void ring_done(struct ring *r, const struct ring_event *e)
{
	if (e->op != RING_RECEIVED || e->res <= 0)
		return;
	struct lane *l = ring_lane(r, e->slot);
	if (l->buffer_ring)
		give_buffer(r, l, e->buffer);
	else
		MEM_POISON(e->data.ptr, e->data.len);
}

uint32_t ring_slots(const struct ring *r)
{
	return r->config.slots;
}

uint64_t ring_now_ns(struct ring *r)
{
	(void)r;
	return mono_ns();
}

struct ring_stats ring_stats(const struct ring *r)
{
	struct ring_stats now = r->stats;
	now.slots_used = r->used;
	now.rings = r->lane_count;
	return now;
}
