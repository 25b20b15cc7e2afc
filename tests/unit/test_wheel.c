#include "base/rng.h"
#include "io/wheel.h"
#include "tests/lib/suite.h"

#define T WHEEL_TICK_NS
#define START_NS                                                                                   \
	(UINT64_C(1234567) * T + 89) /* a clock that does not begin at 0, nor on a tick            \
				      */
#define IDS 300u

static struct wheel w;

static void start(void)
{
	ck_assert(wheel_init(&w, IDS, START_NS));
}

static void stop(void)
{
	wheel_fini(&w);
}

static uint64_t tick_up(uint64_t ns)
{
	return (ns + T - 1) / T * T;
}

/* Expects exactly this id, and no other, at this instant. */
static void check_only(uint64_t now_ns, uint32_t expected)
{
	uint32_t id = UINT32_MAX;
	ck_assert(wheel_expire(&w, now_ns, &id));
	ck_assert_uint_eq(id, expected);
	ck_assert(!wheel_expire(&w, now_ns, &id));
}

static void check_none(uint64_t now_ns)
{
	uint32_t id = UINT32_MAX;
	ck_assert(!wheel_expire(&w, now_ns, &id));
	ck_assert_uint_eq(id, UINT32_MAX);
}

START_TEST(an_empty_wheel_waits_for_ever)
{
	ck_assert_uint_eq(wheel_next_ns(&w), UINT64_MAX);
	check_none(START_NS);
	check_none(START_NS + 100000 * T);
	ck_assert_uint_eq(wheel_next_ns(&w), UINT64_MAX);
}
END_TEST

START_TEST(a_wheel_of_no_ids_is_a_wheel)
{
	struct wheel none;
	ck_assert(wheel_init(&none, 0, 0));
	ck_assert_uint_eq(wheel_next_ns(&none), UINT64_MAX);
	wheel_fini(&none);
}
END_TEST

START_TEST(a_deadline_expires_once_at_its_tick_and_not_before)
{
	uint64_t due = START_NS + 10 * T;
	wheel_set(&w, 7, due);
	ck_assert_uint_eq(wheel_next_ns(&w), tick_up(due));
	check_none(due - 1);
	check_none(tick_up(due) - 1);
	check_only(tick_up(due), 7);
	check_none(due + 1000 * T);
	ck_assert_uint_eq(wheel_next_ns(&w), UINT64_MAX);
}
END_TEST

START_TEST(a_deadline_on_a_tick_is_not_rounded)
{
	uint64_t due = tick_up(START_NS) + 3 * T;
	wheel_set(&w, 0, due);
	ck_assert_uint_eq(wheel_next_ns(&w), due);
	check_none(due - 1);
	check_only(due, 0);
}
END_TEST

START_TEST(a_deadline_that_has_passed_comes_out_at_once)
{
	wheel_set(&w, 1, START_NS - 50 * T);
	ck_assert_uint_le(wheel_next_ns(&w), START_NS);
	check_only(START_NS, 1);
	wheel_set(&w, 2, 0);
	check_only(START_NS, 2);
}
END_TEST

START_TEST(a_later_deadline_holds_in_place_of_the_first)
{
	wheel_set(&w, 3, START_NS + 10 * T);
	wheel_set(&w, 3, START_NS + 20 * T);
	check_none(START_NS + 15 * T);
	check_none(START_NS + 19 * T);
	check_only(START_NS + 21 * T, 3);
}
END_TEST

START_TEST(a_later_deadline_leaves_the_links_alone)
{
	wheel_set(&w, 3, START_NS + 10 * T);
	uint32_t bucket = w.nodes[3].bucket;
	wheel_set(&w, 3, START_NS + 2000 * T);
	ck_assert_uint_eq(w.nodes[3].bucket, bucket);
}
END_TEST

START_TEST(an_earlier_deadline_holds_too)
{
	wheel_set(&w, 3, START_NS + 20 * T);
	wheel_set(&w, 3, START_NS + 10 * T);
	ck_assert_uint_eq(wheel_next_ns(&w), tick_up(START_NS + 10 * T));
	check_only(START_NS + 11 * T, 3);
	check_none(START_NS + 30 * T);
}
END_TEST

START_TEST(moving_one_leaves_its_neighbours_in_their_bucket)
{
	for (uint32_t id = 0; id < 3; id++)
		wheel_set(&w, id, START_NS + 100 * T);
	for (uint32_t id = 0; id < 3; id++) {
		uint64_t due = START_NS + (10 + id) * T;
		wheel_set(&w, (id + 1) % 3, due); /* from the middle, the head, the end */
		check_only(tick_up(due), (id + 1) % 3);
	}
	check_none(START_NS + 200 * T);
}
END_TEST

START_TEST(a_cleared_deadline_never_comes_out)
{
	wheel_set(&w, 4, START_NS + 5 * T);
	wheel_clear(&w, 4);
	check_none(START_NS + 100 * T);
	ck_assert_uint_eq(wheel_next_ns(&w), UINT64_MAX);
	wheel_clear(&w, 4);
	wheel_clear(&w, 5);
	check_none(START_NS + 200 * T);
}
END_TEST

START_TEST(a_cleared_deadline_may_be_set_again_before_its_old_place_comes_up)
{
	wheel_set(&w, 4, START_NS + 50 * T);
	wheel_clear(&w, 4);
	wheel_set(&w, 4, START_NS + 20 * T);
	check_only(START_NS + 21 * T, 4);
	wheel_set(&w, 4, START_NS + 50 * T);
	wheel_clear(&w, 4);
	wheel_set(&w, 4, START_NS + 70 * T);
	check_none(START_NS + 60 * T);
	check_only(START_NS + 71 * T, 4);
}
END_TEST

START_TEST(a_deadline_past_the_horizon_is_kept_to_the_tick)
{
	uint64_t due = tick_up(START_NS) + 3 * WHEEL_TICKS * T + 17 * T;
	wheel_set(&w, 9, due);
	ck_assert_uint_le(wheel_next_ns(&w), due);
	check_none(due - 1);
	check_only(due, 9);
}
END_TEST

START_TEST(following_wheel_next_reaches_a_far_deadline_in_few_steps)
{
	uint64_t due = tick_up(START_NS) + 10 * WHEEL_TICKS * T;
	wheel_set(&w, 9, due);
	uint32_t id;
	unsigned steps = 0;
	uint64_t now = START_NS;
	do {
		ck_assert_uint_gt(wheel_next_ns(&w), now);
		now = wheel_next_ns(&w);
		steps++;
	} while (!wheel_expire(&w, now, &id));
	ck_assert_uint_eq(now, due);
	ck_assert_uint_le(steps, 12);
}
END_TEST

START_TEST(the_edges_of_the_horizon_are_told_apart)
{
	uint64_t tick = START_NS / T * T;
	wheel_set(&w, 0, tick + (WHEEL_TICKS - 1) * T);
	wheel_set(&w, 1, tick + WHEEL_TICKS * T);
	wheel_set(&w, 2, tick + (WHEEL_TICKS + 1) * T);
	check_none(tick + (WHEEL_TICKS - 1) * T - 1);
	check_only(tick + (WHEEL_TICKS - 1) * T, 0);
	check_only(tick + WHEEL_TICKS * T, 1);
	check_only(tick + (WHEEL_TICKS + 1) * T, 2);
}
END_TEST

START_TEST(a_deadline_at_the_end_of_time_is_none)
{
	wheel_set(&w, 0, UINT64_MAX);
	check_none(START_NS + 100 * WHEEL_TICKS * T);
	wheel_set(&w, 0, START_NS + 101 * WHEEL_TICKS * T);
	check_only(START_NS + 102 * WHEEL_TICKS * T, 0);
}
END_TEST

START_TEST(a_clock_that_stands_still_or_steps_back_expires_nothing_more)
{
	wheel_set(&w, 0, START_NS + 10 * T);
	check_only(START_NS + 20 * T, 0);
	wheel_set(&w, 1, START_NS + 30 * T);
	check_none(START_NS + 20 * T);
	check_none(START_NS);
	check_only(START_NS + 31 * T, 1);
}
END_TEST

START_TEST(a_long_stall_brings_out_all_that_fell_due)
{
	bool seen[IDS] = {false};
	for (uint32_t id = 0; id < IDS; id++)
		wheel_set(&w, id, START_NS + id * 100 * T);
	uint32_t id;
	unsigned count = 0;
	for (; wheel_expire(&w, START_NS + IDS * 100 * T, &id); count++) {
		ck_assert(!seen[id]);
		seen[id] = true;
	}
	ck_assert_uint_eq(count, IDS);
}
END_TEST

START_TEST(an_id_may_be_set_again_while_others_are_being_taken_out)
{
	for (uint32_t id = 0; id < 10; id++)
		wheel_set(&w, id, START_NS + T);
	uint64_t now = START_NS + 2 * T;
	uint32_t id;
	unsigned count = 0;
	for (; wheel_expire(&w, now, &id); count++)
		wheel_set(&w, id, now + 5 * T);
	ck_assert_uint_eq(count, 10);
	for (count = 0; wheel_expire(&w, now + 6 * T, &id); count++)
		continue;
	ck_assert_uint_eq(count, 10);
}
END_TEST

/* The same thing without a wheel: every deadline is looked at each time. */
struct model {
	uint64_t due_ns[IDS]; /* rounded up to a tick; 0: none */
	uint64_t now_ns;
};

static uint64_t model_earliest(const struct model *m)
{
	uint64_t earliest = UINT64_MAX;
	for (uint32_t id = 0; id < IDS; id++)
		if (m->due_ns[id] && m->due_ns[id] < earliest)
			earliest = m->due_ns[id];
	return earliest;
}

static uint64_t random_due(const struct model *m, struct rng *rng)
{
	static const uint64_t REACH_TICKS[] = {1, 8, 200, WHEEL_TICKS, 5 * WHEEL_TICKS};
	uint64_t reach = REACH_TICKS[rng_below(rng, sizeof REACH_TICKS / sizeof *REACH_TICKS)] * T;
	if (rng_below(rng, 20) == 0)
		return m->now_ns - rng_below(rng, 100 * T);
	return m->now_ns + rng_below(rng, reach);
}

static void model_expire(struct model *m)
{
	uint32_t id;
	while (wheel_expire(&w, m->now_ns, &id)) {
		ck_assert_uint_lt(id, IDS);
		ck_assert_msg(m->due_ns[id], "id %u has no deadline", id);
		ck_assert_uint_le(m->due_ns[id], m->now_ns);
		m->due_ns[id] = 0;
	}
	ck_assert_uint_gt(model_earliest(m), m->now_ns);
}

/* Time passes: to the instant the wheel names, a little, or a great deal. */
static void model_advance(struct model *m, struct rng *rng)
{
	uint64_t next = wheel_next_ns(&w);
	uint64_t choice = rng_below(rng, 50);
	if (choice == 0)
		m->now_ns += rng_below(rng, 3 * WHEEL_TICKS * T);
	else if (choice < 10 && next != UINT64_MAX && next > m->now_ns)
		m->now_ns = next;
	else
		m->now_ns += rng_below(rng, 3 * T);
	model_expire(m);
}

static void model_step(struct model *m, struct rng *rng)
{
	uint32_t id = (uint32_t)rng_below(rng, IDS);
	uint64_t choice = rng_below(rng, 10);
	if (choice < 5) {
		uint64_t due = random_due(m, rng);
		wheel_set(&w, id, due);
		m->due_ns[id] = tick_up(due);
	} else if (choice < 7) {
		wheel_clear(&w, id);
		m->due_ns[id] = 0;
	} else {
		model_advance(m, rng);
	}
	uint64_t earliest = model_earliest(m); /* which may have passed when it was set */
	ck_assert_uint_le(wheel_next_ns(&w), earliest > m->now_ns ? earliest : m->now_ns);
}

START_TEST(a_wheel_that_gave_its_memory_back_goes_on)
{
	uint32_t id;
	wheel_set(&w, 7, START_NS + 5 * T);
	wheel_set(&w, 8, START_NS + 6 * T);
	wheel_clear(&w, 8);
	wheel_trim(&w); /* not yet: both are linked */
	check_only(tick_up(START_NS + 5 * T), 7);
	ck_assert(!wheel_expire(&w, START_NS + 8 * T, &id));
	wheel_trim(&w);
	ck_assert_uint_eq(wheel_next_ns(&w), UINT64_MAX);
	wheel_set(&w, 8, START_NS + 20 * T);
	wheel_set(&w, 9, START_NS + 20 * T);
	wheel_clear(&w, 9);
	check_only(tick_up(START_NS + 20 * T), 8);
}
END_TEST

START_TEST(a_wheel_does_what_a_list_of_deadlines_does)
{
	struct model m = {.now_ns = START_NS};
	struct rng rng = {.state = (uint64_t)_i};
	for (int step = 0; step < 100000; step++)
		model_step(&m, &rng);
	for (uint32_t id = 0; id < IDS; id++)
		wheel_clear(&w, id);
	check_none(m.now_ns + 20 * WHEEL_TICKS * T);
	ck_assert_uint_eq(wheel_next_ns(&w), UINT64_MAX);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("wheel");
	tcase_add_checked_fixture(all, start, stop);
	tcase_add_test(all, an_empty_wheel_waits_for_ever);
	tcase_add_test(all, a_wheel_of_no_ids_is_a_wheel);
	tcase_add_test(all, a_deadline_expires_once_at_its_tick_and_not_before);
	tcase_add_test(all, a_deadline_on_a_tick_is_not_rounded);
	tcase_add_test(all, a_deadline_that_has_passed_comes_out_at_once);
	tcase_add_test(all, a_later_deadline_holds_in_place_of_the_first);
	tcase_add_test(all, a_later_deadline_leaves_the_links_alone);
	tcase_add_test(all, an_earlier_deadline_holds_too);
	tcase_add_test(all, moving_one_leaves_its_neighbours_in_their_bucket);
	tcase_add_test(all, a_cleared_deadline_never_comes_out);
	tcase_add_test(all, a_cleared_deadline_may_be_set_again_before_its_old_place_comes_up);
	tcase_add_test(all, a_deadline_past_the_horizon_is_kept_to_the_tick);
	tcase_add_test(all, following_wheel_next_reaches_a_far_deadline_in_few_steps);
	tcase_add_test(all, the_edges_of_the_horizon_are_told_apart);
	tcase_add_test(all, a_deadline_at_the_end_of_time_is_none);
	tcase_add_test(all, a_clock_that_stands_still_or_steps_back_expires_nothing_more);
	tcase_add_test(all, a_long_stall_brings_out_all_that_fell_due);
	tcase_add_test(all, an_id_may_be_set_again_while_others_are_being_taken_out);
	tcase_add_test(all, a_wheel_that_gave_its_memory_back_goes_on);
	tcase_add_loop_test(all, a_wheel_does_what_a_list_of_deadlines_does, 1, 4);
	Suite *suite = suite_create("wheel");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
