#include "base/mono.h"
#include "load/arrival.h"
#include "tests/lib/suite.h"

#include <math.h>

#define START_NS UINT64_C(5000000000)

static struct schedule schedule;

static void add(uint64_t from_ms, uint64_t length_ms, double from, double to)
{
	struct piece p = {START_NS + from_ms * NS_PER_MS, length_ms * NS_PER_MS, from, to, false};
	ck_assert(schedule_append(&schedule, &p));
}

static void begin(void)
{
	atomic_store(&schedule.count, 0);
}

/* How many requests `shares` workers find due before an instant. */
static uint64_t due_before(uint64_t ms, uint32_t shares)
{
	uint64_t count = 0;
	for (uint32_t share = 0; share < shares; share++) {
		struct arrival a;
		arrival_init(&a, START_NS, 1, share, shares, false, 1);
		arrival_follow(&a, &schedule);
		for (; arrival_due_ns(&a) < START_NS + ms * NS_PER_MS; count++)
			arrival_take(&a);
	}
	return count;
}

START_TEST(a_ramp_has_the_area_under_it)
{
	add(0, 10000, 0, 1000);
	ck_assert_uint_eq(due_before(10000, 1), 5000);
	ck_assert_uint_eq(due_before(10000, 3), 5000);
	ck_assert_uint_eq(due_before(5000, 1), 1250);
	ck_assert_uint_eq(due_before(11000, 1), 6000);
}
END_TEST

START_TEST(a_ramp_down_to_nothing_ends)
{
	add(0, 2000, 100, 0);
	ck_assert_uint_eq(due_before(2000, 1), 100);
	ck_assert_uint_eq(due_before(60000, 1), 100);
	ck_assert(isinf(piece_when_ns(&schedule.pieces[0], 101)));
}
END_TEST

START_TEST(pieces_follow_one_another)
{
	add(0, 1000, 0, 100);      /* 50 */
	add(1000, 1000, 100, 100); /* 100 */
	add(2000, 0, 0, 10);       /* at once: 10 a second */
	add(3000, 1000, 10, 0);    /* 5 */
	ck_assert_uint_eq(due_before(1000, 2), 50);
	ck_assert_uint_eq(due_before(2000, 2), 150);
	ck_assert_uint_eq(due_before(3000, 2), 160);
	ck_assert_uint_eq(due_before(9000, 2), 165);
}
END_TEST

START_TEST(a_piece_that_comes_late_is_taken_up)
{
	struct arrival a;
	add(0, 0, 0, 10);
	arrival_init(&a, START_NS, 1, 0, 1, false, 1);
	arrival_follow(&a, &schedule);
	arrival_take(&a);
	ck_assert_uint_eq(arrival_due_ns(&a), START_NS + 100 * NS_PER_MS);
	add(50, 0, 0, 1000);
	ck_assert_uint_eq(arrival_due_ns(&a), START_NS + 50 * NS_PER_MS);
	arrival_take(&a);
	ck_assert_uint_eq(arrival_due_ns(&a), START_NS + 51 * NS_PER_MS);
}
END_TEST

START_TEST(nothing_is_due_where_the_load_is_nothing)
{
	struct arrival a;
	add(0, 0, 0, 0);
	arrival_init(&a, START_NS, 1, 1, 2, false, 1);
	arrival_follow(&a, &schedule);
	ck_assert_uint_eq(arrival_due_ns(&a), UINT64_MAX);
	add(100, 0, 0, 10);
	ck_assert_uint_eq(arrival_due_ns(&a), START_NS + 200 * NS_PER_MS);
}
END_TEST

START_TEST(random_instants_follow_the_ramp_too)
{
	struct arrival a;
	uint64_t first = 0, second = 0;
	add(0, 10000, 0, 2000);
	arrival_init(&a, START_NS, 1, 0, 1, true, 7);
	arrival_follow(&a, &schedule);
	for (; arrival_due_ns(&a) < START_NS + 10000 * NS_PER_MS; arrival_take(&a)) {
		first += arrival_due_ns(&a) < START_NS + 5000 * NS_PER_MS;
		second++;
	}
	ck_assert_uint_ge(second, 9600);
	ck_assert_uint_le(second, 10400);
	ck_assert_uint_ge(first, 2300);
	ck_assert_uint_le(first, 2700);
}
END_TEST

START_TEST(the_load_moves_evenly)
{
	struct piece p = {START_NS, 1000, 10, 20, false};
	ck_assert_double_eq(piece_load(&p, START_NS), 10);
	ck_assert_double_eq(piece_load(&p, START_NS + 500), 15);
	ck_assert_double_eq(piece_load(&p, START_NS + 1000), 20);
	ck_assert_double_eq(piece_load(&p, START_NS + 9000), 20);
}
END_TEST

START_TEST(a_schedule_that_is_full_says_so)
{
	for (unsigned i = 0; i < SCHEDULE_MAX; i++)
		add(i, 0, 0, 1);
	ck_assert(!schedule_append(&schedule, &(struct piece){0}));
	ck_assert_ptr_null(schedule_piece(&schedule, SCHEDULE_MAX));
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("schedule");
	tcase_add_checked_fixture(all, begin, NULL);
	tcase_add_test(all, a_ramp_has_the_area_under_it);
	tcase_add_test(all, a_ramp_down_to_nothing_ends);
	tcase_add_test(all, pieces_follow_one_another);
	tcase_add_test(all, a_piece_that_comes_late_is_taken_up);
	tcase_add_test(all, nothing_is_due_where_the_load_is_nothing);
	tcase_add_test(all, random_instants_follow_the_ramp_too);
	tcase_add_test(all, the_load_moves_evenly);
	tcase_add_test(all, a_schedule_that_is_full_says_so);
	Suite *suite = suite_create("schedule");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
