/* The ring where something is scarce: completion queue, submissions, buffers, descriptors. The
 * kernel is made to take no submissions by standing in for syscall(2). */
#include "tests/unit/ring_case.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ENTER_GETEVENTS 1u

static int refuse_submit; /* errno for an enter that only submits; 0: let it through */
static int refuse_enter;  /* errno for the next enter of any kind; 0: let it through */

/* Stands before libc's; the ring calls nothing else through it. */
long syscall(long number, ...)
{
	static long (*real)(long, ...);
	long a[6];
	va_list args;
	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (!real)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	if (number == __NR_io_uring_enter && refuse_submit && !(a[3] & ENTER_GETEVENTS)) {
		errno = refuse_submit;
		return -1;
	}
	if (number == __NR_io_uring_enter && refuse_enter) {
		errno = refuse_enter;
		refuse_enter = 0;
		return -1;
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void start(void)
{
	refuse_submit = refuse_enter = 0;
}

/* --- completions ------------------------------------------------------------------------ */

START_TEST(nothing_is_lost_where_the_completion_queue_is_tiny)
{
	enum { MANY = 64 };
	int peers[MANY];
	unsigned heard[MANY] = {0};
	case_open((struct ring_config){.slots = MANY, .entries = 4, .cq_entries = 4}, _i);
	for (uint32_t i = 0; i < MANY; i++)
		case_dial(i);
	for (uint32_t i = 0; i < MANY; i++) {
		struct ring_event e = case_event();
		ck_assert_int_eq(e.op, RING_OPENED);
		ck_assert_int_eq(e.res, 0);
		ck_assert(ring_receive(ring, e.slot));
	}
	case_turn(0);
	for (int i = 0; i < MANY; i++)
		peers[i] = peer_accept();
	for (int i = 0; i < MANY; i++)
		peer_send(peers[i], "x", 1);
	for (int i = 0; i < MANY; i++) {
		struct ring_event e = case_event();
		ck_assert_int_eq(e.op, RING_RECEIVED);
		ck_assert_int_eq(e.res, 1);
		ck_assert_uint_eq(heard[e.slot]++, 0);
		ring_done(ring, &e);
	}
	ck_assert_uint_gt(ring_stats(ring).overflows, 0);
	for (uint32_t i = 0; i < MANY; i++)
		ring_close(ring, i, false);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(case_event().op, RING_CLOSED);
		close(peers[i]);
	}
	ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
}
END_TEST

/* --- submissions ------------------------------------------------------------------------ */

START_TEST(a_full_queue_says_so_and_closes_are_done_later)
{
	enum { OPEN = 8 };
	int peers[OPEN];
	char byte;
	case_open((struct ring_config){.slots = 64, .entries = 8}, _i);
	for (uint32_t i = 0; i < OPEN; i++)
		peers[i] = case_connect(i);
	case_turn(0);
	refuse_submit = _i % 2 ? EBUSY : EAGAIN;
	for (uint32_t i = 0; i < OPEN; i++) /* fills the queue */
		ck_assert(ring_receive(ring, i));
	struct ring_dial to = {.to = (struct sockaddr *)&here, .to_len = sizeof here};
	ck_assert(!ring_dial(ring, OPEN, &to));
	ck_assert(!ring_receive(ring, 0));
	ck_assert_int_eq(ring_send(ring, 0, span_of("x"), RING_QUIET), RING_REFUSED);
	ck_assert_int_eq(ring_send(ring, 0, span_of("x"), 0), RING_REFUSED);
	ring_shutdown(ring, 1);
	for (uint32_t i = 0; i < OPEN; i++)
		ring_close(ring, i, i == 0);
	ck_assert_uint_eq(ring_stats(ring).slots_used, OPEN);
	bool closed[OPEN] = {false};
	for (uint32_t i = 0; i < OPEN; i++) { /* every turn makes room for one or more */
		struct ring_event e = case_event();
		ck_assert_int_eq(e.op, RING_CLOSED);
		ck_assert(!closed[e.slot]);
		closed[e.slot] = true;
	}
	case_turn(0);
	for (uint32_t i = 0; i < OPEN; i++) {
		ck_assert_int_eq(peer_recv(peers[i], &byte, 1, 0), i ? 0 : -1);
		close(peers[i]);
	}
	ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
}
END_TEST

START_TEST(a_dial_that_was_refused_left_nothing_behind)
{
	case_open((struct ring_config){.slots = 64, .entries = 8}, _i);
	int peer = case_connect(0);
	case_turn(0);
	refuse_submit = EBUSY;
	for (unsigned i = 0; i < 7; i++) /* all but one: a chain of three does not fit */
		ck_assert_int_eq(ring_send(ring, 0, span_of("x"), 0), RING_REPORTS);
	struct ring_dial to = {
		.to = (struct sockaddr *)&here, .to_len = sizeof here, .nodelay = true};
	bool dialled = ring_dial(ring, 1, &to);
	ck_assert(dialled != case_has("direct"));
	ck_assert_uint_eq(ring_stats(ring).slots_used, dialled ? 2 : 1);
	refuse_submit = 0;
	for (unsigned i = 0; i < 7; i++) {
		struct ring_event e = case_event();
		i -= e.slot == 1; /* the dial's, where there was one */
		ck_assert_int_eq(e.op, e.slot ? RING_OPENED : RING_SENT);
	}
	peer_expect(peer, "xxxxxxx");
	close(peer);
}
END_TEST

START_TEST(passing_troubles_of_an_enter_pass_and_others_are_told)
{
	static const int passing[] = {ETIME, EINTR, EAGAIN, EBUSY}, lasting[] = {EBADF, ENXIO};
	case_open((struct ring_config){.slots = 4}, _i);
	case_dial(0);
	for (unsigned i = 0; i < 4; i++) {
		refuse_enter = passing[i];
		ck_assert_int_eq(ring_turn(ring, (struct ring_wait){0}), 0);
		ck_assert_int_eq(refuse_enter, 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		refuse_enter = lasting[i];
		ck_assert_int_eq(ring_turn(ring, (struct ring_wait){0}), -lasting[i]);
	}
	ck_assert_int_eq(case_expect(RING_OPENED, 0).res, 0); /* the dial was kept */
}
END_TEST

/* --- buffers ---------------------------------------------------------------------------- */

START_TEST(with_a_single_buffer_nothing_is_lost)
{
	char sent[4096], got[4096];
	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (char)(i * 7 + i / 256);
	case_open((struct ring_config){.slots = 4, .buffers = 1, .buffer_size = 64}, _i);
	int peer = case_connect(0), other = case_connect(1);
	ck_assert(ring_receive(ring, 0));
	case_turn(0);
	peer_send(peer, sent, sizeof sent);
	case_receive(0, got, sizeof got);
	ck_assert_mem_eq(got, sent, sizeof sent);
	if (case_has("bufring"))
		ck_assert(!case_has("multishot") || ring_stats(ring).starved > 0);
	else
		ck_assert_uint_eq(ring_stats(ring).starved, 0);
	close(peer);
	close(other);
}
END_TEST

START_TEST(two_connections_that_share_a_buffer_both_get_theirs)
{
	size_t got[2] = {0};
	case_open((struct ring_config){.slots = 4, .buffers = 1, .buffer_size = 64}, _i);
	int peers[2] = {case_connect(0), case_connect(1)};
	for (uint32_t i = 0; i < 2; i++)
		ck_assert(ring_receive(ring, i));
	case_turn(0);
	char bytes[2][1000];
	for (int i = 0; i < 2; i++)
		peer_send(peers[i], memset(bytes[i], 'a' + i, 1000), 1000);
	while (got[0] + got[1] < 2000) {
		struct ring_event e = case_event();
		ck_assert_int_eq(e.op, RING_RECEIVED);
		ck_assert_msg(e.res > 0 || e.res == -ENOBUFS, "%d", (int)e.res);
		for (size_t i = 0; i < e.data.len; i++)
			ck_assert_int_eq(e.data.ptr[i], 'a' + (int)e.slot);
		got[e.slot] += e.data.len;
		ring_done(ring, &e);
		if (!e.armed)
			ck_assert(ring_receive(ring, e.slot));
	}
	ck_assert_uint_eq(got[0], 1000);
	close(peers[0]);
	close(peers[1]);
}
END_TEST

#ifdef __SANITIZE_ADDRESS__
/* True when touching the byte kills the process that does. */
static bool is_deadly(const char *byte)
{
	pid_t child = fork();
	if (child == 0) {
		freopen("/dev/null", "w", stderr);
		volatile char seen = *(const volatile char *)byte;
		(void)seen;
		_exit(0);
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

START_TEST(a_receive_buffer_is_out_of_bounds_after_ring_done)
{
	case_open((struct ring_config){.slots = 4}, _i);
	int peer = case_connect(0);
	ck_assert(ring_receive(ring, 0));
	peer_send(peer, "borrowed", 8);
	struct ring_event e = case_expect(RING_RECEIVED, 0);
	ck_assert(!is_deadly(e.data.ptr) && !is_deadly(e.data.ptr + 7));
	ck_assert(is_deadly(e.data.ptr + 8));
	ring_done(ring, &e);
	ck_assert(is_deadly(e.data.ptr));
	close(peer);
}
END_TEST
#endif

/* --- descriptors ------------------------------------------------------------------------ */

/* Lowers the soft limit on descriptors; returns the old one. */
static struct rlimit limit_descriptors(rlim_t most)
{
	struct rlimit old, low;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = (struct rlimit){.rlim_cur = most, .rlim_max = old.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	return old;
}

/* A table larger than a limit of 64 descriptors, asked for in so many words, or left to the ring.
 * 0 where all went as it should. */
static int open_beyond_the_limit(uint32_t table)
{
	const struct rlimit low = {64, 64};
	struct ring_config config = {.slots = 100, .table = table};
	if (setrlimit(RLIMIT_NOFILE, &low))
		return 1;
	if (ring_open(&ring, &config, &err) == 0) {
		bool direct = case_has("direct");
		if (direct && table)
			return 2;
		uint32_t rings = direct ? 2 : 1, slots = direct || table ? 100 : 64;
		return ring_stats(ring).rings == rings && ring_slots(ring) == slots ? 0 : 3;
	}
	bool told = !ring && err.kind == ERR_RUNTIME && strstr(err.text, "100 descriptors") &&
		    strstr(err.hint, "is 64") && strstr(err.hint, "ulimit -n");
	return table && told ? 0 : 4;
}

/* liburing raises a soft limit by itself; the hard one is lowered for good, in a child. */
START_TEST(a_table_beyond_the_limit_becomes_two_or_is_refused_with_the_limit)
{
	setenv("BRINK_DISABLE", ring_variants[_i], 1);
	for (uint32_t table = 0; table <= 100; table += 100) {
		fflush(NULL);
		pid_t child = fork();
		if (child == 0)
			_exit(open_beyond_the_limit(table));
		int status;
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_msg(status == 0, "table %u: status %d", table, status >> 8);
	}
}
END_TEST

START_TEST(without_a_descriptor_for_a_ring_it_says_so)
{
	struct rlimit old = limit_descriptors(0);
	struct ring_config config = {.slots = 4};
	int result = ring_open(&ring, &config, &err);
	setrlimit(RLIMIT_NOFILE, &old);
	ck_assert_int_eq(result, -1);
	ck_assert_ptr_null(ring);
	ck_assert_ptr_nonnull(strstr(err.text, "io_uring_setup"));
	ck_assert_ptr_nonnull(strstr(err.hint, "ulimit -n"));
}
END_TEST

/* Plain descriptors run out at the dial; direct ones are reserved. */
START_TEST(a_dial_without_a_descriptor_fails_and_the_slot_serves_again)
{
	case_open((struct ring_config){.slots = 4}, _i);
	struct rlimit old = limit_descriptors(0);
	case_dial(0);
	struct ring_event e = case_expect(RING_OPENED, 0);
	setrlimit(RLIMIT_NOFILE, &old);
	ck_assert_int_eq(e.res, case_has("direct") ? 0 : -EMFILE);
	case_close(0, true);
	case_turn(0);
	if (case_has("direct"))
		close(peer_accept());
	close(case_connect(0));
}
END_TEST

int main(void)
{
	const TTest *const everywhere[] = {
		nothing_is_lost_where_the_completion_queue_is_tiny,
		a_full_queue_says_so_and_closes_are_done_later,
		a_dial_that_was_refused_left_nothing_behind,
		passing_troubles_of_an_enter_pass_and_others_are_told,
		with_a_single_buffer_nothing_is_lost,
		two_connections_that_share_a_buffer_both_get_theirs,
#ifdef __SANITIZE_ADDRESS__
		a_receive_buffer_is_out_of_bounds_after_ring_done,
#endif
		a_table_beyond_the_limit_becomes_two_or_is_refused_with_the_limit,
		a_dial_without_a_descriptor_fails_and_the_slot_serves_again,
	};
	TCase *all = tcase_create("ring_faults");
	tcase_set_timeout(all, 20);
	tcase_add_checked_fixture(all, start, start);
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++)
		tcase_add_loop_test(all, everywhere[i], 0, RING_VARIANTS);
	tcase_add_test(all, without_a_descriptor_for_a_ring_it_says_so);
	return case_main("ring_faults", all);
}
