/* ring_impl: the inside of io/ring, shared by its files: ring.c (sending, receiving, events),
 * ring_dial.c, ring_accept.c, ring_close.c, ring_tls.c (records that are the kernel's), ring_slot.c
 * (lives of slots), ring_feature.c (what the kernel offers), ring_open.c, ring_turn.c (submit and
 * wait). Nobody else includes it. */
#ifndef BRINK_IO_RING_IMPL_H
#define BRINK_IO_RING_IMPL_H

#include "io/ring.h"

#include <liburing.h>

#define RING_LISTENERS_MAX 16u
#define RING_SLOT_NONE     UINT32_MAX
#define RING_FILE_MOVED    (-2) /* from a plain descriptor into the table */

/* user_data: the operation, the slot's life, the slot. */
enum op {
	OP_IGNORE, /* reports only failure, which nobody waits for */
	OP_DIAL,
	OP_SEND,
	OP_SEND_QUIET, /* reports only failure */
	OP_RECEIVE,
	OP_WATCH,
	OP_PEEK,
	OP_SHUTDOWN,
	OP_CLOSE,
	OP_HAND_OVER,
	OP_ACCEPT, /* slot is the listener's number */
};
#define GENERATION_MASK 0x07ffffffu

enum feature {
	F_DEFER,
	F_COOP,
	F_RINGFD,
	F_EXTARG,
	F_MINWAIT,
	F_SKIP,
	F_DIRECT,
	F_BIND,
	F_PORTRANGE,
	F_BUFRING,
	F_MULTISHOT,
	F_ACCEPT,
	F_FIXED,
	F_INSTALL,
	F_COUNT
};

struct slot {
	uint32_t generation : 27;
	uint32_t local : 3; /* an event made here waits to be read: ring_op + 1 */
	uint32_t dialling : 1;
	uint32_t records : 1; /* TLS is the kernel's */
	uint16_t pending;     /* operations that will still complete */
	uint8_t error;        /* of the event made here */
	bool used : 1;
	bool closing : 1;
	bool shutting : 1;  /* a shutdown is on its way, see ring_shutdown */
	bool close_due : 1; /* in the backlog of closes */
	bool reset : 1;
	bool receiving : 1;
	bool watching : 1;
	bool sending : 1; /* or has sent quietly, which nobody tells us the end of */
};
_Static_assert(sizeof(struct slot) == RING_BYTES_PER_SLOT, "one of these per connection");

/* Slots in the order in which they came, each at most once. What is seldom long costs no memory. */
struct slot_queue {
	uint32_t *slots; /* in a circle of `room`, reserved */
	uint32_t first, count, room;
};

/* One io_uring with its table of direct descriptors: slots `base` to `base + slots - 1`. */
struct lane {
	struct io_uring u;
	uint32_t base, slots, used;
	uint32_t promised; /* slots that single accepts in flight may take */
	unsigned cq_seen;  /* completions read since they were last given back */
	bool have_fixed;
	bool have_table; /* plain descriptors: for those that were moved */
	char *buffers;   /* `config.buffers` of them, or one a slot without a buffer ring */
	size_t buffers_len;
	struct io_uring_buf_ring *buffer_ring;
	size_t buffer_ring_len;
};

struct listener {
	int fd;
	uint32_t lane;    /* where it accepts now */
	uint32_t singles; /* accepts in flight, of one connection each */
	bool many;        /* a multishot accept is in flight */
	bool restrained;  /* and has been taken back */
};

struct ring {
	struct ring_feature features[F_COUNT];
	struct ring_config config;
	struct lane *lanes;
	uint32_t lane_count, lane_slots;
	uint32_t reading; /* the lane whose completions ring_next looks at */
	int wake_fd;      /* several lanes: readable when one of them has work; else -1 */

	struct slot *slots;
	int32_t *files;        /* plain descriptors: by slot; -1: none; or RING_FILE_MOVED */
	uint32_t *port_ranges; /* by port: what leaves it alone, for the kernel to read */
	uint32_t used;
	uint32_t *free_slots; /* plain descriptors: a stack for accepted ones */
	uint32_t free_count;
	struct slot_queue local, close_backlog; /* events made here, closes put off */

	struct listener listeners[RING_LISTENERS_MAX];
	unsigned listener_count;

	uint64_t timeout_at_ns; /* without EXT_ARG: the pending timeout operation's instant */
	struct __kernel_timespec timeout;
	char peeked; /* what peeks write to; nobody reads it */
	struct ring_stats stats;
};

static inline bool ring_has(const struct ring *r, enum feature f)
{
	return r->features[f].found && !r->features[f].disabled;
}

static inline uint64_t ring_tag(enum op op, uint32_t generation, uint32_t slot)
{
	return (uint64_t)op << 60 | (uint64_t)generation << 32 | slot;
}

static inline struct lane *ring_lane(struct ring *r, uint32_t slot)
{
	return r->lane_count == 1 ? r->lanes : &r->lanes[slot / r->lane_slots];
}

static inline bool ring_is_direct(const struct ring *r, uint32_t slot)
{
	return !r->files || r->files[slot] == RING_FILE_MOVED;
}

/* The number by which the kernel knows the slot's file. */
static inline int ring_file(const struct ring *r, const struct lane *l, uint32_t slot)
{
	return ring_is_direct(r, slot) ? (int)(slot - l->base) : r->files[slot];
}

/* ring_turn.c: a submission entry, after making room if need be; NULL where the kernel takes
 * none. Room for `count` entries that must go to the kernel together. */
struct io_uring_sqe *ring_sqe(struct lane *l);
bool ring_reserve(struct lane *l, unsigned count);

/* Marks an entry as one that acts on the slot's file. */
static inline void ring_on_slot(const struct ring *r, struct io_uring_sqe *sqe, enum op op,
				uint32_t slot)
{
	if (ring_is_direct(r, slot))
		sqe->flags |= IOSQE_FIXED_FILE;
	sqe->user_data = ring_tag(op, r->slots[slot].generation, slot);
}

/* An entry that sets a socket option; `value` is read when the kernel comes to it. */
void ring_prep_option(struct io_uring_sqe *sqe, int file, int level, int name, const void *value,
		      uint32_t len);

/* ring_slot.c: a free slot begins a life; the slot's last completion has come. */
struct slot *ring_slot_take(struct ring *r, uint32_t slot);
void ring_slot_end(struct ring *r, uint32_t slot);
bool ring_queue_init(struct slot_queue *q, uint32_t room);
void ring_queue_fini(struct slot_queue *q);
void ring_queue_push(struct slot_queue *q, uint32_t slot);
uint32_t ring_queue_pop(struct slot_queue *q); /* RING_SLOT_NONE: empty */

/* An event made here rather than by the kernel; it takes the place of one not yet read. */
void ring_local_push(struct ring *r, enum ring_op op, uint32_t slot, int error);
bool ring_local_pop(struct ring *r, struct ring_event *ret);

/* ring_close.c: a shutdown has ended, so that a close may begin; closes put off. */
void ring_shut_down(struct ring *r, uint32_t slot);
void ring_close_backlog(struct ring *r);

/* ring_accept.c: accepts where none are in flight and slots are free; one completed, true with
 * an event. */
void ring_arm_accepts(struct ring *r);
bool ring_take_accepted(struct ring *r, uint32_t listener, const struct io_uring_cqe *cqe,
			struct ring_event *ret);

/* ring_tls.c: a receive of whole records' bytes with their type; what came of one: false where
 * there are no bytes (e->res says why), and the buffer is not in use. */
void ring_prep_records(struct io_uring_sqe *sqe, int file);
bool ring_take_record(struct ring_event *e, char *buffer);

/* ring_feature.c */
void ring_features_init(struct ring_feature *features);
void ring_features_probe(struct ring *r, struct io_uring *u, unsigned params_features);

#endif
