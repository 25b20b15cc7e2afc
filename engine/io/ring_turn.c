/* ring_turn: how submissions reach the kernel and how long to wait there. One enter a turn, and
 * one a lane with work where there are several. */
#include "io/ring_impl.h"

#include "base/mono.h"
#include "io/ring_compat.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Kernels without EXT_ARG cannot bound a wait; a timeout operation wakes it at least so often. */
#define COARSE_WAIT_NS (50 * NS_PER_MS)

/* --- one lane --------------------------------------------------------------------------- */

static unsigned unsubmitted(const struct lane *l)
{
	const struct io_uring_sq *sq = &l->u.sq;
	return sq->sqe_tail - io_uring_smp_load_acquire(sq->khead);
}

static int enter(struct lane *l, unsigned wait_nr, unsigned flags, void *arg, size_t arg_len)
{
	struct io_uring_sq *sq = &l->u.sq;
	io_uring_smp_store_release(sq->ktail, sq->sqe_tail);
	if (l->u.int_flags & 1) /* the ring's descriptor is registered */
		flags |= IORING_ENTER_REGISTERED_RING;
	long done = syscall(__NR_io_uring_enter, l->u.enter_ring_fd, unsubmitted(l), wait_nr, flags,
			    arg, arg_len);
	return done < 0 ? -errno : (int)done;
}

/* What may pass: a wait that timed out or was interrupted; a kernel short of memory or with
 * completions to be read first. The submissions stay queued. */
static int settle(int result)
{
	bool passes = result == -ETIME || result == -EINTR || result == -EAGAIN || result == -EBUSY;
	return result < 0 && !passes ? result : 0;
}

bool ring_reserve(struct lane *l, unsigned count)
{
	const struct io_uring_sq *sq = &l->u.sq;
	if (sq->ring_entries - unsubmitted(l) >= count)
		return true;
	enter(l, 0, 0, NULL, 0);
	return sq->ring_entries - unsubmitted(l) >= count;
}

struct io_uring_sqe *ring_sqe(struct lane *l)
{
	if (!ring_reserve(l, 1))
		return NULL;
	struct io_uring_sq *sq = &l->u.sq;
	return &sq->sqes[sq->sqe_tail++ & sq->ring_mask];
}

/* Gives the completions read so far back to the kernel. */
static void retire_completions(struct ring *r, struct lane *l)
{
	io_uring_cq_advance(&l->u, l->cq_seen);
	l->cq_seen = 0;
	if (IO_URING_READ_ONCE(*l->u.sq.kflags) & IORING_SQ_CQ_OVERFLOW)
		r->stats.overflows++;
}

/* No reason to sleep: events made here, or closes that still wait for an enter to make room. */
static bool has_news(const struct ring *r)
{
	return r->local.count || r->close_backlog.count;
}

/* --- waiting in the only lane ----------------------------------------------------------- */

/* Without EXT_ARG: a timeout operation ends the wait. One that is pending and due soon enough
 * serves again; a spurious wake-up is harmless. */
static void queue_timeout(struct ring *r, uint64_t now, uint64_t wait_ns)
{
	if (wait_ns > COARSE_WAIT_NS)
		wait_ns = COARSE_WAIT_NS;
	if (r->timeout_at_ns > now && r->timeout_at_ns <= now + wait_ns)
		return;
	struct io_uring_sqe *sqe = ring_sqe(r->lanes);
	if (!sqe)
		return;
	r->timeout = (struct __kernel_timespec){.tv_nsec = (long long)wait_ns};
	io_uring_prep_timeout(sqe, &r->timeout, 0, 0);
	sqe->user_data = ring_tag(OP_IGNORE, 0, 0);
	r->timeout_at_ns = now + wait_ns;
}

static int enter_waiting(struct ring *r, struct ring_wait wait, uint64_t now)
{
	uint64_t wait_ns = wait.until_ns - now;
	if (!ring_has(r, F_EXTARG)) {
		queue_timeout(r, now, wait_ns);
		return enter(r->lanes, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	}
	struct __kernel_timespec limit = {.tv_sec = (long long)(wait_ns / NS_PER_S),
					  .tv_nsec = (long long)(wait_ns % NS_PER_S)};
	struct compat_getevents_arg arg = {.sigmask_sz = _NSIG / 8, .ts = (uintptr_t)&limit};
	unsigned wait_nr = 1;
	if (wait.min_events > 1 && wait.min_wait_us && ring_has(r, F_MINWAIT)) {
		wait_nr = wait.min_events;
		arg.min_wait_usec = wait.min_wait_us;
	}
	return enter(r->lanes, wait_nr, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg,
		     sizeof arg);
}

static int turn_one(struct ring *r, struct ring_wait wait)
{
	bool news = has_news(r) || io_uring_cq_ready(&r->lanes->u);
	uint64_t now = wait.until_ns && !news ? mono_ns() : UINT64_MAX;
	r->stats.turns++;
	return settle(now < wait.until_ns ? enter_waiting(r, wait, now)
					  : enter(r->lanes, 0, IORING_ENTER_GETEVENTS, NULL, 0));
}

/* --- several lanes ---------------------------------------------------------------------- */

/* The kernel says in shared memory whether a ring has completions to be made. Without that word
 * (5.19, with DEFER_TASKRUN or COOP_TASKRUN) completions come by themselves. */
static bool has_work(const struct lane *l)
{
	const unsigned wants = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;
	return unsubmitted(l) || (IO_URING_READ_ONCE(*l->u.sq.kflags) & wants);
}

/* What a pass over the lanes has seen. */
struct pass {
	bool ready; /* completions are there to be read */
	bool more;  /* work is left: the kernel does a few steps an enter, and a dial has several */
};

/* Enters the lanes that have work. */
static int enter_all(struct ring *r, struct pass *pass)
{
	pass->more = false;
	for (uint32_t i = 0; i < r->lane_count; i++) {
		struct lane *l = &r->lanes[i];
		if (has_work(l)) {
			int result = settle(enter(l, 0, IORING_ENTER_GETEVENTS, NULL, 0));
			if (result)
				return result;
			r->stats.turns++;
			pass->more |= has_work(l);
		}
		pass->ready |= io_uring_cq_ready(&l->u) > 0;
	}
	return 0;
}

/* Every lane's completions wake the one eventfd; one wake-up too many is harmless. */
static void sleep_until(const struct ring *r, uint64_t until_ns)
{
	uint64_t now = mono_ns();
	if (now >= until_ns)
		return;
	uint64_t wait_ns = until_ns - now;
	struct timespec limit = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
				 .tv_nsec = (long)(wait_ns % NS_PER_S)};
	struct pollfd wake = {.fd = r->wake_fd, .events = POLLIN};
	eventfd_t count;
	if (ppoll(&wake, 1, &limit, NULL) > 0)
		eventfd_read(r->wake_fd, &count);
}

static int turn_many(struct ring *r, struct ring_wait wait)
{
	struct pass pass = {.ready = has_news(r)};
	int result = enter_all(r, &pass);
	while (!result && !pass.ready && wait.until_ns && mono_ns() < wait.until_ns) {
		if (!pass.more)
			sleep_until(r, wait.until_ns);
		result = enter_all(r, &pass);
	}
	return result;
}

int ring_turn(struct ring *r, struct ring_wait wait)
{
	ring_close_backlog(r);
	ring_arm_accepts(r);
	for (uint32_t i = 0; i < r->lane_count; i++)
		if (r->lanes[i].cq_seen || r->lane_count == 1)
			retire_completions(r, &r->lanes[i]);
	r->reading = 0;
	return r->lane_count == 1 ? turn_one(r, wait) : turn_many(r, wait);
}
