/* How long a turn of the ring waits. Bounds are generous: a shared machine sleeps when it likes. */
#include "tests/unit/ring_case.h"

#define LATE_NS (200 * NS_PER_MS)

START_TEST(a_turn_ends_at_its_deadline)
{
	case_open((struct ring_config){.slots = 4}, _i);
	for (unsigned ms = 1; ms <= 64; ms *= 4) {
		uint64_t start = mono_ns(), until = start + ms * NS_PER_MS;
		unsigned turns = 0;
		struct ring_event e;
		while (mono_ns() < until) {
			case_turn(until);
			ck_assert(!ring_next(ring, &e));
			turns++;
		}
		uint64_t late = mono_ns() - until;
		ck_assert_msg(late < LATE_NS, "%lu us late", late / 1000);
		ck_assert_msg(turns < 8, "%u turns in %u ms: it does not sleep", turns, ms);
	}
}
END_TEST

START_TEST(a_turn_without_a_deadline_does_not_wait)
{
	case_open((struct ring_config){.slots = 4}, _i);
	uint64_t start = mono_ns();
	for (int i = 0; i < 100; i++)
		case_turn(0);
	for (int i = 0; i < 100; i++)
		case_turn(start); /* past already */
	ck_assert_uint_lt(mono_ns() - start, LATE_NS);
	ck_assert_uint_eq(ring_stats(ring).turns, 200);
}
END_TEST

START_TEST(an_event_ends_the_wait)
{
	case_open((struct ring_config){.slots = 4}, _i);
	uint64_t start = mono_ns();
	close(case_connect(0));
	ck_assert(ring_receive(ring, 0));
	ck_assert_int_eq(case_expect(RING_RECEIVED, 0).res, 0);
	ck_assert_uint_lt(mono_ns() - start, PATIENCE_NS / 2);
}
END_TEST

START_TEST(events_that_are_there_are_not_waited_for)
{
	case_open((struct ring_config){.slots = 4}, _i);
	int peer = case_connect(0);
	case_turn(0);
	ring_close(ring, 0, false); /* a direct one ends at once, before any turn */
	uint64_t start = mono_ns();
	case_turn(start + PATIENCE_NS);
	ck_assert_uint_lt(mono_ns() - start, PATIENCE_NS / 2);
	case_expect(RING_CLOSED, 0);
	close(peer);
}
END_TEST

START_TEST(a_batch_that_does_not_fill_is_given_up)
{
	case_open((struct ring_config){.slots = 4}, _i);
	int peer = case_connect(0);
	ck_assert(ring_receive(ring, 0));
	case_turn(0);
	peer_send(peer, "x", 1);
	uint64_t start = mono_ns();
	struct ring_wait wait = {
		.until_ns = start + PATIENCE_NS, .min_events = 64, .min_wait_us = 2000};
	struct ring_event e;
	while (!ring_next(ring, &e)) {
		ck_assert_int_eq(ring_turn(ring, wait), 0);
		ck_assert_uint_lt(mono_ns(), wait.until_ns);
	}
	ck_assert_int_eq(e.op, RING_RECEIVED);
	ck_assert_uint_lt(mono_ns() - start, PATIENCE_NS / 2);
	close(peer);
}
END_TEST

START_TEST(the_rings_clock_is_the_monotonic_one)
{
	case_open((struct ring_config){.slots = 4}, _i);
	uint64_t before = mono_ns(), seen = ring_now_ns(ring);
	ck_assert_uint_ge(seen, before);
	ck_assert_uint_le(seen, mono_ns());
}
END_TEST

int main(void)
{
	const TTest *const everywhere[] = {
		a_turn_ends_at_its_deadline,
		a_turn_without_a_deadline_does_not_wait,
		an_event_ends_the_wait,
		events_that_are_there_are_not_waited_for,
		a_batch_that_does_not_fill_is_given_up,
		the_rings_clock_is_the_monotonic_one,
	};
	TCase *all = tcase_create("ring_wait");
	tcase_set_timeout(all, 20);
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++)
		tcase_add_loop_test(all, everywhere[i], 0, RING_VARIANTS);
	return case_main("ring_wait", all);
}
