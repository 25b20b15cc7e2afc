#include "io/ring_impl.h"

#include "base/mem.h"
#include "base/mono.h"
#include "io/ring_compat.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

/* --- slots ------------------------------------------------------------------------------ */

static int file_of(const struct ring *r, uint32_t slot)
{
	return ring_has(r, F_DIRECT) ? (int)slot : r->slots[slot].fd;
}

/* Marks an entry as one that acts on the slot's file. */
static void on_slot(const struct ring *r, struct io_uring_sqe *sqe, enum op op, uint32_t slot)
{
	if (ring_has(r, F_DIRECT))
		sqe->flags |= IOSQE_FIXED_FILE;
	sqe->user_data = ring_tag(op, r->slots[slot].generation, slot);
}

/* --- dialling --------------------------------------------------------------------------- */

static void prep_option(struct io_uring_sqe *sqe, int file, int level, int name, const void *value,
			uint32_t len)
{
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, file, NULL, 0, 0);
	uint32_t where[2] = {(uint32_t)level, (uint32_t)name};
	uint64_t pointer = (uint64_t)(uintptr_t)value;
	memcpy(&sqe->addr, where, sizeof where);
	sqe->off = COMPAT_SOCKET_URING_OP_SETSOCKOPT; /* cmd_op */
	sqe->file_index = len;                        /* optlen */
	memcpy((char *)sqe + 48, &pointer, sizeof pointer);
}

static const int option_on = 1;

/* Socket, option and connect as one chain with one completion: the first failure, or the
 * connect. A chain's failed link with CQE_SKIP silences those behind it. */
static bool dial_direct(struct ring *r, uint32_t slot, const struct ring_dial *dial)
{
	if (!ring_reserve(r, dial->nodelay ? 3 : 2))
		return false;
	ring_slot_take(r, slot)->pending++;
	struct io_uring_sqe *sqe = ring_sqe(r);
	io_uring_prep_socket_direct(sqe, dial->to->sa_family, SOCK_STREAM, 0, slot, 0);
	sqe->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = ring_tag(OP_DIAL, r->slots[slot].generation, slot);
	if (dial->nodelay) {
		sqe = ring_sqe(r);
		prep_option(sqe, (int)slot, IPPROTO_TCP, TCP_NODELAY, &option_on, sizeof option_on);
		on_slot(r, sqe, OP_DIAL, slot);
		sqe->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
	}
	sqe = ring_sqe(r);
	io_uring_prep_connect(sqe, 0, dial->to, dial->to_len);
	sqe->fd = (int)slot;
	on_slot(r, sqe, OP_DIAL, slot);
	return true;
}

static bool dial_plain(struct ring *r, uint32_t slot, const struct ring_dial *dial)
{
	struct io_uring_sqe *sqe = ring_sqe(r);
	if (!sqe)
		return false;
	struct slot *s = ring_slot_take(r, slot);
	s->fd = socket(dial->to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0) {
		io_uring_prep_nop(sqe);
		sqe->user_data = ring_tag(OP_IGNORE, 0, 0);
		ring_local_push(r, RING_OPENED, slot, -errno);
		return true;
	}
	if (dial->nodelay)
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &option_on, sizeof option_on);
	io_uring_prep_connect(sqe, s->fd, dial->to, dial->to_len);
	on_slot(r, sqe, OP_DIAL, slot);
	s->pending++;
	return true;
}

bool ring_dial(struct ring *r, uint32_t slot, const struct ring_dial *dial)
{
	return ring_has(r, F_DIRECT) ? dial_direct(r, slot, dial) : dial_plain(r, slot, dial);
}

/* --- sending and receiving -------------------------------------------------------------- */

static bool queue_receive(struct ring *r, uint32_t slot, bool once)
{
	struct io_uring_sqe *sqe = ring_sqe(r);
	if (!sqe)
		return false;
	if (r->buffer_ring) {
		io_uring_prep_recv(sqe, file_of(r, slot), NULL, 0, 0);
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = 0;
		if (!once && ring_has(r, F_MULTISHOT))
			sqe->ioprio |= IORING_RECV_MULTISHOT;
	} else {
		char *own = r->buffers + (size_t)slot * r->config.buffer_size;
		io_uring_prep_recv(sqe, file_of(r, slot), own, r->config.buffer_size, 0);
	}
	if (ring_has(r, F_COOP)) /* same kernel */
		sqe->ioprio |= COMPAT_RECVSEND_POLL_FIRST;
	on_slot(r, sqe, OP_RECEIVE, slot);
	r->slots[slot].pending++;
	return true;
}

bool ring_receive(struct ring *r, uint32_t slot)
{
	return queue_receive(r, slot, false);
}

bool ring_receive_once(struct ring *r, uint32_t slot)
{
	return queue_receive(r, slot, true);
}

enum ring_sending ring_send(struct ring *r, uint32_t slot, struct span bytes, unsigned flags)
{
	struct io_uring_sqe *sqe = ring_sqe(r);
	if (!sqe)
		return RING_REFUSED;
	/* Without MSG_WAITALL a short send counts as success and would be silent. */
	bool quiet = (flags & RING_QUIET) && bytes.len <= RING_QUIET_MAX && ring_has(r, F_SKIP);
	if ((flags & RING_FIXED) && r->have_fixed && !quiet)
		io_uring_prep_write_fixed(sqe, file_of(r, slot), bytes.ptr, (unsigned)bytes.len, 0,
					  0);
	else
		io_uring_prep_send(sqe, file_of(r, slot), bytes.ptr, bytes.len,
				   MSG_NOSIGNAL | (quiet ? MSG_WAITALL : 0));
	on_slot(r, sqe, quiet ? OP_SEND_QUIET : OP_SEND, slot);
	if (quiet)
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	else
		r->slots[slot].pending++;
	return quiet ? RING_SILENT : RING_REPORTS;
}

/* A shutdown runs on a thread of the kernel's own and looks its file up only there. Were the
 * slot closed and taken anew meanwhile, it would hit the wrong connection: a close waits for it. */
void ring_shutdown(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	struct io_uring_sqe *sqe = s->shutting ? NULL : ring_sqe(r);
	if (!sqe)
		return;
	io_uring_prep_shutdown(sqe, file_of(r, slot), SHUT_WR);
	on_slot(r, sqe, OP_SHUTDOWN, slot);
	s->shutting = true;
	s->pending++;
}

/* --- closing ---------------------------------------------------------------------------- */

static const struct linger linger_reset = {.l_onoff = 1, .l_linger = 0};

static void queue_reset(struct ring *r, uint32_t slot)
{
	if (!ring_has(r, F_DIRECT)) {
		setsockopt(r->slots[slot].fd, SOL_SOCKET, SO_LINGER, &linger_reset,
			   sizeof linger_reset);
		return;
	}
	struct io_uring_sqe *sqe = ring_sqe(r);
	prep_option(sqe, (int)slot, SOL_SOCKET, SO_LINGER, &linger_reset, sizeof linger_reset);
	on_slot(r, sqe, OP_IGNORE, slot);
}

static void queue_cancel(struct ring *r, uint32_t slot)
{
	static const enum op cancellable[] = {OP_DIAL, OP_RECEIVE, OP_SEND};
	struct io_uring_sqe *sqe;
	if (ring_has(r, F_CANCELFD)) {
		sqe = ring_sqe(r);
		io_uring_prep_cancel_fd(
			sqe, file_of(r, slot),
			IORING_ASYNC_CANCEL_ALL |
				(ring_has(r, F_DIRECT) ? IORING_ASYNC_CANCEL_FD_FIXED : 0));
		sqe->user_data = ring_tag(OP_IGNORE, 0, 0);
		return;
	}
	for (unsigned i = 0; i < sizeof cancellable / sizeof *cancellable; i++) {
		sqe = ring_sqe(r);
		io_uring_prep_cancel64(
			sqe, ring_tag(cancellable[i], r->slots[slot].generation, slot), 0);
		sqe->user_data = ring_tag(OP_IGNORE, 0, 0);
	}
}

static void queue_close(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	struct io_uring_sqe *sqe = ring_sqe(r);
	if (ring_has(r, F_DIRECT))
		io_uring_prep_close_direct(sqe, slot);
	else
		io_uring_prep_close(sqe, s->fd);
	/* A direct close runs within the submission, so that the slot may be dialled again by an
	 * entry right behind it: nobody need wait for its completion. */
	bool at_once = ring_has(r, F_DIRECT) && s->pending == 0;
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
	if (!ring_has(r, F_DIRECT) && s->fd < 0) { /* the socket was never made */
		ring_slot_end(r, slot);
		ring_local_push(r, RING_CLOSED, slot, 0);
		return true;
	}
	if (!ring_reserve(r, 5))
		return false;
	if (s->reset)
		queue_reset(r, slot);
	if (s->pending)
		queue_cancel(r, slot);
	queue_close(r, slot);
	return true;
}

/* Closes, or leaves it to ring_catch_up. */
static void close_or_put_off(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	s->close_due = s->shutting || !try_close(r, slot);
	if (s->close_due && !s->shutting)
		r->close_backlog[r->close_backlog_count++] = slot;
}

void ring_close(struct ring *r, uint32_t slot, bool reset)
{
	struct slot *s = &r->slots[slot];
	assert(s->used && !s->closing);
	s->closing = true;
	s->reset = reset;
	close_or_put_off(r, slot);
}

static void shut_down(struct ring *r, uint32_t slot)
{
	struct slot *s = &r->slots[slot];
	s->shutting = false;
	if (s->closing)
		close_or_put_off(r, slot);
}

void ring_catch_up(struct ring *r)
{
	while (r->close_backlog_count) {
		uint32_t slot = r->close_backlog[r->close_backlog_count - 1];
		if (!try_close(r, slot))
			break;
		r->slots[slot].close_due = false;
		r->close_backlog_count--;
	}
	for (uint32_t i = 0; i < r->listener_count; i++)
		ring_arm_accept(r, i);
}

/* --- completions ------------------------------------------------------------------------ */

static void give_buffer(struct ring *r, uint16_t id)
{
	char *at = r->buffers + (size_t)id * r->config.buffer_size;
	MEM_POISON(at, r->config.buffer_size);
	io_uring_buf_ring_add(r->buffer_ring, at, r->config.buffer_size, id,
			      io_uring_buf_ring_mask(r->config.buffers), 0);
	io_uring_buf_ring_advance(r->buffer_ring, 1);
}

static void take_received(struct ring *r, const struct io_uring_cqe *cqe, struct ring_event *e)
{
	e->op = RING_RECEIVED;
	e->armed = cqe->flags & IORING_CQE_F_MORE;
	if (cqe->res == -ENOBUFS)
		r->stats.starved++;
	if (cqe->res <= 0)
		return;
	if (r->buffer_ring)
		e->buffer = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
	size_t number = r->buffer_ring ? e->buffer : e->slot;
	e->data = (struct span){r->buffers + number * r->config.buffer_size, (size_t)cqe->res};
	MEM_UNPOISON(e->data.ptr, e->data.len);
}

/* A completion of a life that is over, or ending: only its buffer and the end of that life
 * matter. This is the one place where stale completions are dropped. */
static bool drop_stale(struct ring *r, const struct io_uring_cqe *cqe, bool ending,
		       struct ring_event *ret)
{
	r->stats.stale++;
	if (r->buffer_ring && (cqe->flags & IORING_CQE_F_BUFFER))
		give_buffer(r, (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT));
	struct slot *s = &r->slots[ret->slot];
	if (!ending || s->close_due || s->pending)
		return false;
	ring_slot_end(r, ret->slot);
	ret->op = RING_CLOSED;
	ret->res = 0;
	return true;
}

/* True when the completion makes an event. */
static bool take_completion(struct ring *r, const struct io_uring_cqe *cqe, struct ring_event *ret)
{
	enum op op = (enum op)(cqe->user_data >> 60);
	uint32_t generation = (uint32_t)(cqe->user_data >> 32) & GENERATION_MASK;
	uint32_t number = (uint32_t)cqe->user_data;
	if (op == OP_IGNORE)
		return false;
	if (op == OP_ACCEPT)
		return ring_take_accepted(r, number, cqe, ret);

	struct slot *s = &r->slots[number];
	bool current = s->used && generation == (s->generation & GENERATION_MASK);
	if (current && op != OP_SEND_QUIET && !(cqe->flags & IORING_CQE_F_MORE))
		s->pending--;
	*ret = (struct ring_event){.slot = number, .res = cqe->res};
	if (op == OP_SHUTDOWN) {
		if (current)
			shut_down(r, number);
		return false;
	}
	if (!current || s->closing)
		return drop_stale(r, cqe, current, ret);
	if (op == OP_RECEIVE)
		take_received(r, cqe, ret);
	else
		ret->op = op == OP_DIAL ? RING_OPENED : RING_SENT;
	return true;
}

bool ring_next(struct ring *r, struct ring_event *ret)
{
	if (ring_local_pop(r, ret))
		return true;
	struct io_uring_cq *cq = &r->u.cq;
	unsigned tail = io_uring_smp_load_acquire(cq->ktail);
	while (*cq->khead + r->cq_seen != tail) {
		const struct io_uring_cqe *cqe =
			&cq->cqes[(*cq->khead + r->cq_seen++) & cq->ring_mask];
		r->stats.events++;
		if (take_completion(r, cqe, ret))
			return true;
	}
	return false;
}

void ring_done(struct ring *r, const struct ring_event *e)
{
	if (e->op != RING_RECEIVED || e->res <= 0)
		return;
	if (r->buffer_ring)
		give_buffer(r, e->buffer);
	else
		MEM_POISON(e->data.ptr, e->data.len);
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
	return now;
}
