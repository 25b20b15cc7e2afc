/* ring_accept: taking connections in, without ever dropping one for want of a slot. */
#include "io/ring_impl.h"

#include <stdlib.h>
#include <unistd.h>

/* A multishot accept hands over a whole backlog at once and drops what finds no slot: so near
 * the end of a table. The largest default backlog is 4096. From here on accepting goes on by
 * single accepts, each of which has a slot set aside. */
#define ACCEPT_MARGIN  4096u
#define ACCEPT_SINGLES 64u /* in flight at most */

/* Slots of a lane that nobody has or may get; one a listener stays free. */
static uint32_t room(const struct ring *r, const struct lane *l)
{
	uint32_t taken = l->used + l->promised + r->listener_count;
	return l->slots > taken ? l->slots - taken : 0;
}

static bool queue_accept(struct ring *r, uint32_t number, bool many)
{
	struct listener *listener = &r->listeners[number];
	struct io_uring_sqe *sqe = ring_sqe(&r->lanes[listener->lane]);
	if (!sqe)
		return false;
	if (r->files)
		io_uring_prep_accept(sqe, listener->fd, NULL, NULL, SOCK_CLOEXEC);
	else /* liburing adds one: IORING_FILE_INDEX_ALLOC lets the kernel choose a free slot */
		io_uring_prep_accept_direct(sqe, listener->fd, NULL, NULL, 0,
					    IORING_FILE_INDEX_ALLOC - 1);
	if (many)
		sqe->ioprio |= IORING_ACCEPT_MULTISHOT;
	sqe->user_data = ring_tag(OP_ACCEPT, 0, number);
	return true;
}

/* The lane that takes the next connections: the present one while it has room. A listener has
 * accepts in flight in one lane only. */
static void choose_lane(struct ring *r, struct listener *listener)
{
	for (uint32_t i = 0; i < r->lane_count && !room(r, &r->lanes[listener->lane]); i++)
		listener->lane = (listener->lane + 1) % r->lane_count;
}

/* Listeners share what is left of a table: one that nobody comes to must not keep it all. */
static uint32_t singles_most(const struct ring *r, const struct lane *l)
{
	uint32_t taken = l->used + r->listener_count;
	uint32_t share = l->slots > taken ? (l->slots - taken) / r->listener_count : 0;
	uint32_t most = ring_has(r, F_ACCEPT) ? ACCEPT_SINGLES : 1;
	return share < 1 ? 1 : share < most ? share : most;
}

static void arm(struct ring *r, uint32_t number)
{
	struct listener *listener = &r->listeners[number];
	if (listener->many)
		return;
	if (!listener->singles)
		choose_lane(r, listener);
	struct lane *l = &r->lanes[listener->lane];
	if (!listener->singles && ring_has(r, F_ACCEPT) && room(r, l) > ACCEPT_MARGIN) {
		listener->many = queue_accept(r, number, true);
		listener->restrained = false;
		return;
	}
	if (listener->singles && ring_has(r, F_ACCEPT) && room(r, l) > 2 * ACCEPT_MARGIN)
		return; /* once these are used up, a multishot one follows */
	uint32_t most = singles_most(r, l);
	while (listener->singles < most && room(r, l) && queue_accept(r, number, false)) {
		listener->singles++;
		l->promised++;
	}
}

void ring_arm_accepts(struct ring *r)
{
	for (uint32_t i = 0; i < r->listener_count; i++)
		arm(r, i);
}

/* Near the end of a table the multishot accepts of its lane are taken back. */
static void restrain(struct ring *r, const struct lane *l)
{
	if (room(r, l) > ACCEPT_MARGIN)
		return;
	for (uint32_t i = 0; i < r->listener_count; i++) {
		struct listener *listener = &r->listeners[i];
		if (!listener->many || listener->restrained || &r->lanes[listener->lane] != l)
			continue;
		struct io_uring_sqe *sqe = ring_sqe(&r->lanes[listener->lane]);
		if (!sqe)
			return;
		io_uring_prep_cancel64(sqe, ring_tag(OP_ACCEPT, 0, i), 0);
		sqe->user_data = ring_tag(OP_IGNORE, 0, 0);
		listener->restrained = true;
	}
}

/* Plain descriptors in accepting rings take their slots from a stack. */
static int make_free_slots(struct ring *r)
{
	r->free_slots = malloc(r->config.slots * sizeof *r->free_slots);
	for (uint32_t i = r->config.slots; r->free_slots && i-- > 0;)
		r->free_slots[r->free_count++] = i;
	return r->free_slots ? 0 : -1;
}

int ring_listen(struct ring *r, int fd, struct err *err)
{
	if (r->listener_count == RING_LISTENERS_MAX)
		return err_set(err, ERR_USAGE, "more than %u listeners on one ring",
			       RING_LISTENERS_MAX);
	if (r->files && !r->free_slots && make_free_slots(r))
		return err_set(err, ERR_RUNTIME, "no memory to accept %u connections",
			       r->config.slots);
	r->listeners[r->listener_count++] = (struct listener){.fd = fd}; /* the next turn arms it */
	return 0;
}

static void note_ended(struct ring *r, struct listener *listener, bool more)
{
	if (more)
		return;
	if (listener->many) {
		listener->many = false;
		return;
	}
	listener->singles--;
	r->lanes[listener->lane].promised--;
}

/* An accept completed; true with the event of the new connection. */
bool ring_take_accepted(struct ring *r, uint32_t number, const struct io_uring_cqe *cqe,
			struct ring_event *ret)
{
	struct listener *listener = &r->listeners[number];
	struct lane *l = &r->lanes[listener->lane];
	note_ended(r, listener, cqe->flags & IORING_CQE_F_MORE);
	if (cqe->res < 0) /* cancelled, or the peer left already: the next turn arms again */
		return false;
	if (r->files && r->free_count == 0) {
		close(cqe->res);
		return false;
	}
	uint32_t slot = r->files ? r->free_slots[--r->free_count] : l->base + (uint32_t)cqe->res;
	*ret = (struct ring_event){.op = RING_ACCEPTED, .slot = slot};
	if (r->slots[slot].used) { /* the kernel gave it anew before the last completion came */
		ring_slot_end(r, slot);
		r->slots[slot].pending = 0;
		ring_slot_take(r, slot);
		ring_local_push(r, RING_ACCEPTED, slot, 0);
		ret->op = RING_CLOSED;
	} else {
		ring_slot_take(r, slot);
	}
	if (r->files)
		r->files[slot] = cqe->res;
	restrain(r, l);
	return true;
}
