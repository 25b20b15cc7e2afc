/* ring_impl: the inside of io/ring, shared by ring.c (operations and events), ring_slot.c (lives
 * of slots), ring_accept.c, ring_open.c (what the kernel offers) and ring_turn.c (submit and wait).
 * Nobody else includes it. */
#ifndef BRINK_IO_RING_IMPL_H
#define BRINK_IO_RING_IMPL_H

#include "io/ring.h"

#include <liburing.h>

#define RING_LISTENERS_MAX 16u

/* user_data: the operation, the slot's life, the slot. */
enum op {
	OP_IGNORE, /* reports only failure, which nobody waits for */
	OP_DIAL,
	OP_SEND,
	OP_SEND_QUIET, /* reports only failure */
	OP_RECEIVE,
	OP_SHUTDOWN,
	OP_CLOSE,
	OP_ACCEPT, /* slot is the listener's number */
};
#define GENERATION_MASK 0x0fffffffu

enum feature {
	F_DEFER,
	F_COOP,
	F_RINGFD,
	F_EXTARG,
	F_MINWAIT,
	F_SKIP,
	F_DIRECT,
	F_BUFRING,
	F_MULTISHOT,
	F_ACCEPT,
	F_CANCELFD,
	F_FIXED,
	F_COUNT
};

struct slot {
	uint32_t generation;
	int32_t fd;       /* plain descriptors: the descriptor; -1: none */
	uint16_t pending; /* operations that will still complete */
	bool used;
	bool closing;
	bool shutting;  /* a shutdown is on its way, see ring_shutdown */
	bool close_due; /* in the backlog of closes */
	bool reset;
};

/* An event made here rather than by the kernel. */
struct local_event {
	uint32_t slot;
	int16_t res;
	uint8_t op;
};

struct listener {
	int fd;
	bool armed;
	bool many; /* the armed accept is a multishot one */
};

struct ring {
	struct io_uring u;
	struct ring_feature features[F_COUNT];
	struct ring_config config;
	struct slot *slots;
	uint32_t used;

	uint32_t *free_slots; /* plain descriptors: a stack for accepted ones */
	uint32_t free_count;
	struct listener listeners[RING_LISTENERS_MAX];
	unsigned listener_count;

	char *buffers; /* `config.buffers` of them, or one a slot without a buffer ring */
	size_t buffers_len;
	struct io_uring_buf_ring *buffer_ring;
	size_t buffer_ring_len;

	struct local_event *local; /* a FIFO of at most two a slot */
	uint32_t local_head, local_tail, local_mask;
	uint32_t *close_backlog;
	uint32_t close_backlog_count;

	unsigned cq_seen; /* completions read since the last enter */
	bool have_fixed;
	uint64_t timeout_at_ns; /* without EXT_ARG: the pending timeout operation's instant */
	struct __kernel_timespec timeout;
	struct ring_stats stats;
};

static inline bool ring_has(const struct ring *r, enum feature f)
{
	return r->features[f].found && !r->features[f].disabled;
}

static inline uint64_t ring_tag(enum op op, uint32_t generation, uint32_t slot)
{
	return (uint64_t)op << 60 | (uint64_t)(generation & GENERATION_MASK) << 32 | slot;
}

/* A submission entry, after making room if need be; NULL where the kernel takes none. */
struct io_uring_sqe *ring_sqe(struct ring *r);

/* Room for `count` entries that must go to the kernel together. */
bool ring_reserve(struct ring *r, unsigned count);

/* Submits without waiting. */
int ring_submit(struct ring *r);

/* ring_slot.c: a free slot begins a life; the slot's last completion has come. */
struct slot *ring_slot_take(struct ring *r, uint32_t slot);
void ring_slot_end(struct ring *r, uint32_t slot);
void ring_local_push(struct ring *r, enum ring_op op, uint32_t slot, int res);
bool ring_local_pop(struct ring *r, struct ring_event *ret);

/* ring_accept.c: queues an accept where none is and a slot is free; an accept completed, true
 * with an event. */
void ring_arm_accept(struct ring *r, uint32_t listener);
bool ring_take_accepted(struct ring *r, uint32_t listener, const struct io_uring_cqe *cqe,
			struct ring_event *ret);

/* Work put off for want of room: closes, and accepts that wait for free slots. */
void ring_catch_up(struct ring *r);

#endif
