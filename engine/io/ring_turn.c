/* ring_turn: how submissions reach the kernel and how long to wait there. One enter a turn. */
#include "io/ring_impl.h"

#include "base/mono.h"
#include "io/ring_compat.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Kernels without EXT_ARG cannot bound a wait; a timeout operation wakes it at least so often. */
#define COARSE_WAIT_NS (50 * NS_PER_MS)

static unsigned unsubmitted(const struct ring *r)
{
	const struct io_uring_sq *sq = &r->u.sq;
	return sq->sqe_tail - io_uring_smp_load_acquire(sq->khead);
}

static int enter(struct ring *r, unsigned wait_nr, unsigned flags, void *arg, size_t arg_len)
{
	struct io_uring_sq *sq = &r->u.sq;
	io_uring_smp_store_release(sq->ktail, sq->sqe_tail);
	if (r->u.int_flags & 1) /* the ring's descriptor is registered */
		flags |= IORING_ENTER_REGISTERED_RING;
	long done = syscall(__NR_io_uring_enter, r->u.enter_ring_fd, unsubmitted(r), wait_nr, flags,
			    arg, arg_len);
	return done < 0 ? -errno : (int)done;
}

/* What may pass: a wait that timed out or was interrupted; a kernel short of memory or with
 * completions to be read first. The submissions stay queued. */
static bool passes(int error)
{
	return error == -ETIME || error == -EINTR || error == -EAGAIN || error == -EBUSY;
}

int ring_submit(struct ring *r)
{
	if (!unsubmitted(r))
		return 0;
	int done = enter(r, 0, 0, NULL, 0);
	return done < 0 && !passes(done) ? done : 0;
}

bool ring_reserve(struct ring *r, unsigned count)
{
	const struct io_uring_sq *sq = &r->u.sq;
	if (sq->ring_entries - unsubmitted(r) >= count)
		return true;
	ring_submit(r);
	return sq->ring_entries - unsubmitted(r) >= count;
}

struct io_uring_sqe *ring_sqe(struct ring *r)
{
	if (!ring_reserve(r, 1))
		return NULL;
	struct io_uring_sq *sq = &r->u.sq;
	return &sq->sqes[sq->sqe_tail++ & sq->ring_mask];
}

/* Gives the completions read so far back to the kernel. */
static void retire_completions(struct ring *r)
{
	io_uring_cq_advance(&r->u, r->cq_seen);
	r->cq_seen = 0;
	if (IO_URING_READ_ONCE(*r->u.sq.kflags) & IORING_SQ_CQ_OVERFLOW)
		r->stats.overflows++;
}

/* No reason to sleep: events are there, or closes still wait for this enter to make room. */
static bool has_news(const struct ring *r)
{
	return r->local_head != r->local_tail || io_uring_cq_ready(&r->u) > 0 ||
	       r->close_backlog_count > 0;
}

/* Without EXT_ARG: a timeout operation ends the wait. One that is pending and due soon enough
 * serves again; a spurious wake-up is harmless. */
static void queue_timeout(struct ring *r, uint64_t now, uint64_t wait_ns)
{
	if (wait_ns > COARSE_WAIT_NS)
		wait_ns = COARSE_WAIT_NS;
	if (r->timeout_at_ns > now && r->timeout_at_ns <= now + wait_ns)
		return;
	struct io_uring_sqe *sqe = ring_sqe(r);
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
		return enter(r, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	}
	struct __kernel_timespec limit = {.tv_sec = (long long)(wait_ns / NS_PER_S),
					  .tv_nsec = (long long)(wait_ns % NS_PER_S)};
	struct compat_getevents_arg arg = {.sigmask_sz = _NSIG / 8, .ts = (uintptr_t)&limit};
	unsigned wait_nr = 1;
	if (wait.min_events > 1 && wait.min_wait_us && ring_has(r, F_MINWAIT)) {
		wait_nr = wait.min_events;
		arg.min_wait_usec = wait.min_wait_us;
	}
	return enter(r, wait_nr, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof arg);
}

int ring_turn(struct ring *r, struct ring_wait wait)
{
	ring_catch_up(r);
	retire_completions(r);
	uint64_t now = wait.until_ns && !has_news(r) ? mono_ns() : UINT64_MAX;
	int done = now < wait.until_ns ? enter_waiting(r, wait, now)
				       : enter(r, 0, IORING_ENTER_GETEVENTS, NULL, 0);
	r->stats.turns++;
	return done < 0 && !passes(done) ? done : 0;
}
