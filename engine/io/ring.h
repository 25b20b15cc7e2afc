/* ring: one thread's io_uring, seen as slots that connect, send, receive and close.
 *
 * The only module that knows io_uring. A slot is a number below `slots` that stands for one
 * connection: a direct descriptor where the kernel has them, a plain one where not. A table of
 * direct descriptors holds RLIMIT_NOFILE of them at most, so a ring of more slots than that is
 * several io_urings behind one face; those without work cost a turn nothing but a look.
 * Operations are queued and go to the kernel in one enter per turn and io_uring that has any;
 * what came back is read with ring_next.
 * An event that belongs to an earlier life of its slot is dropped here and nowhere else, and a
 * slot is free for its next life (RING_CLOSED) only after its last completion.
 *
 * The ring owns receive buffers; the bytes of an event are borrowed until ring_done. Bytes to
 * send stay the caller's and must live until the slot's RING_CLOSED or their RING_SENT. A ring
 * belongs to the thread that opened it. tests/sim holds a second implementation, from a seed. */
#ifndef BRINK_IO_RING_H
#define BRINK_IO_RING_H

#include "base/err.h"
#include "base/span.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct ring;

struct ring_config {
	uint32_t slots;       /* connections at most; direct descriptors reserved at once */
	uint32_t table;       /* slots of one io_uring at most; 0: RLIMIT_NOFILE */
	uint32_t entries;     /* submission queue, 8 at least; 0: chosen from slots */
	uint32_t cq_entries;  /* completion queue, `entries` at least; 0: chosen from slots */
	uint32_t buffers;     /* receive buffers, a power of two; 0: chosen from slots */
	uint32_t buffer_size; /* bytes each; 0: 8 KiB */
	struct span fixed;    /* memory to register for sending, page-aligned; may be empty */
	bool sources;         /* ring_dial will name sources */
};

enum ring_op {
	RING_OPENED,      /* res 0, or -errno: the connect of ring_dial ended */
	RING_ACCEPTED,    /* slot is the new connection; res 0 */
	RING_SENT,        /* res: bytes taken, or -errno */
	RING_RECEIVED,    /* res > 0: data; 0: the peer finished; < 0: -errno */
	RING_READABLE,    /* a watch or a peek ended: receiving will tell at once what there is.
			   * res -EAGAIN: a peek found nothing; else < 0: the connection's end,
			   * an error that the kernel tells but once */
	RING_HANDED_OVER, /* res 0, or -errno of the first option that the kernel refused */
	RING_CLOSED,      /* nothing of this slot is left; it may be dialled again */
};

struct ring_event {
	enum ring_op op;
	uint32_t slot;
	int32_t res;
	bool armed;       /* RECEIVED: the receive is still armed, do not ring_receive again */
	uint8_t record;   /* RECEIVED once TLS was handed over: the record's type, 23 for data */
	uint16_t buffer;  /* the ring's own */
	struct span data; /* RECEIVED with res > 0 */
};

struct ring_dial {
	const struct sockaddr *to;
	socklen_t to_len;
	const struct sockaddr *from; /* a source, port 0; NULL: the kernel's choice */
	socklen_t from_len;
	uint16_t port; /* the source port, within net.ipv4.ip_local_port_range; 0: the kernel's
			  choice */
	bool nodelay;  /* TCP_NODELAY: needed when requests may follow one another unanswered */
};

/* How long ring_turn may wait. With min_events > 1 it holds out for that many for at most
 * min_wait_us (kernel 6.12), then for one until the deadline. */
struct ring_wait {
	uint64_t until_ns; /* 0: do not wait */
	uint32_t min_events;
	uint32_t min_wait_us;
};

/* User memory of an idle slot, its receive buffers aside: those are shared. */
#define RING_BYTES_PER_SLOT 8u

struct ring_stats {
	uint64_t turns, events, stale, overflows, starved;
	uint32_t slots_used; /* now */
	uint32_t rings;      /* io_urings */
};

int ring_open(struct ring **ret, const struct ring_config *config, struct err *err);
void ring_free(struct ring *r); /* closes what is open, without ceremony; NULL is fine */

/* Slots that it really has: fewer than asked for where descriptors do not suffice. */
uint32_t ring_slots(const struct ring *r);

/* Whether this kernel lets a socket name its source port at connect time, without the search
 * that slows down once half of the range is taken (IP_LOCAL_PORT_RANGE, 6.3). */
bool ring_names_ports(void);

/* Queue an operation on a slot. False: the kernel takes no submissions just now (the
 * generator's side, never the target's); nothing was queued. Dialling wants a free slot. */
bool ring_dial(struct ring *r, uint32_t slot, const struct ring_dial *dial);
bool ring_receive(struct ring *r, uint32_t slot);

/* A receive for one piece of data only: where the connection ends after it, nothing is left to
 * be cancelled. Its event is never `armed`. */
bool ring_receive_once(struct ring *r, uint32_t slot);

/* The same, where RING_READABLE has told that there is something. */
bool ring_receive_ready(struct ring *r, uint32_t slot);

/* Waits for something to receive, at a third of the kernel memory that an armed receive holds:
 * RING_READABLE, once. */
bool ring_watch(struct ring *r, uint32_t slot);

/* Looks whether there is something to receive and holds no kernel memory: RING_READABLE at once.
 */
bool ring_peek(struct ring *r, uint32_t slot);

/* Keys of a TLS connection as setsockopt(SOL_TLS) takes them: struct tls12_crypto_info_* of
 * linux/tls.h. They live until RING_HANDED_OVER. */
struct ring_tls {
	struct span tx, rx;
};

/* Hands a connection's TLS to the kernel, both directions; RING_HANDED_OVER follows. Nothing of
 * the slot may be in flight, and what was received must end with a whole record. From then on
 * what is sent is sealed by the kernel, never silently (RING_QUIET is ignored), and what is
 * received comes by records (ring_event.record). */
bool ring_hand_over(struct ring *r, uint32_t slot, const struct ring_tls *tls);

/* Whether a ring can, asked of one that is opened for it: why not, or NULL. The kernel's TLS
 * itself is another matter. */
const char *ring_no_hand_over(void);

/* Tells the peer of a connection that was handed over that nothing follows; no event. */
void ring_close_notify(struct ring *r, uint32_t slot);

enum {
	/* A wish: no RING_SENT when all goes well. Of RING_QUIET_MAX bytes at most, unanswered
	 * ones before it included: what finds no room may be read even after RING_CLOSED. */
	RING_QUIET = 1,
	RING_FIXED = 2, /* bytes lie within config.fixed */
};
#define RING_QUIET_MAX 4096u

enum ring_sending {
	RING_REFUSED, /* the kernel takes no submissions just now; nothing was queued */
	RING_SILENT,  /* goes out whole, or RING_SENT tells of the failure */
	RING_REPORTS, /* RING_SENT follows, perhaps with fewer bytes than asked for */
};
enum ring_sending ring_send(struct ring *r, uint32_t slot, struct span bytes, unsigned flags);

/* Cancels what the slot has in flight and closes it; RING_CLOSED follows, and no other event of
 * this life. `reset` ends the connection with an RST instead of a FIN. Never fails: where the
 * queue is full it is done at the next turn. */
void ring_close(struct ring *r, uint32_t slot, bool reset);
void ring_shutdown(struct ring *r, uint32_t slot); /* sends our FIN; receiving goes on */

/* Accepts from a listening socket (the caller's descriptor, which stays the caller's) for as
 * long as slots are free; pauses one short of the table's end and goes on by itself. */
int ring_listen(struct ring *r, int listener, struct err *err);

/* Submits what is queued, waits as told, and makes events ready for ring_next. Returns 0, or
 * -errno when the ring itself is broken (a programmer's error or a lost kernel facility). */
int ring_turn(struct ring *r, struct ring_wait wait);
bool ring_next(struct ring *r, struct ring_event *ret);
void ring_done(struct ring *r, const struct ring_event *e); /* after every event */

uint64_t ring_now_ns(struct ring *r); /* CLOCK_MONOTONIC; the simulated ring's own time */
struct ring_stats ring_stats(const struct ring *r);

/* What the kernel offers, probed once a ring. Names in BRINK_DISABLE (comma-separated) are taken
 * as absent, so that every fallback can be tested. */
struct ring_feature {
	const char *name;    /* "multishot" */
	const char *since;   /* "6.0" */
	const char *without; /* what is done where it is missing */
	bool found;
	bool disabled; /* by BRINK_DISABLE */
};
const struct ring_feature *ring_features(struct ring *r, unsigned *ret_count);

#endif
