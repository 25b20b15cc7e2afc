#include "base/rng.h"
#include "io/tuples.h"
#include "tests/lib/suite.h"

#include <stdlib.h>
#include <string.h>

#define REST_NS  UINT64_C(60000000000)
#define START_NS (UINT64_C(777) * REST_NS + 12345) /* somewhere within a period */

static struct tuples space;
static struct tuple_book book;

/* `total` numbers, of two destinations where that is even; ports of our own. */
static void give_space(uint32_t total)
{
	uint32_t to_count = total % 2 ? 1 : 2;
	space = (struct tuples){.to = calloc(to_count, sizeof *space.to),
				.to_count = to_count,
				.port_low = 1024,
				.port_count = 60000,
				.per_pair = total / to_count,
				.rest_ns = REST_NS};
	ck_assert_ptr_nonnull(space.to);
}

static void start(uint32_t total, uint32_t from)
{
	give_space(total);
	ck_assert_uint_eq(tuples_total(&space), total);
	ck_assert(tuple_book_init(&book, &space, 0, 1, from));
}

static void stop(void)
{
	tuple_book_fini(&book);
	tuples_fini(&space);
}

/* Each ck_assert is a system call, too many for a million: these speak up on failure only. */
static void require(bool condition, const char *what, uint32_t number)
{
	if (!condition)
		ck_abort_msg("not so for %u: %s", number, what);
}

static uint32_t take(uint64_t now_ns)
{
	uint32_t number = UINT32_MAX;
	require(tuple_book_take(&book, now_ns, &number), "one is taken", number);
	require(number < tuples_total(&space), "it is of the space", number);
	return number;
}

static void check_none(uint64_t now_ns)
{
	uint32_t number = 4711;
	ck_assert(!tuple_book_take(&book, now_ns, &number));
	ck_assert_uint_eq(number, 4711);
}

static void check_counts(uint32_t free_now, uint32_t resting)
{
	ck_assert_uint_eq(tuple_book_free(&book), free_now);
	ck_assert_uint_eq(tuple_book_resting(&book), resting);
}

START_TEST(every_number_is_taken_once_and_then_no_more)
{
	start(1000, 0);
	check_counts(1000, 0);
	for (uint32_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(take(START_NS), i);
	check_counts(0, 0);
	check_none(START_NS);
	stop();
}
END_TEST

START_TEST(the_walk_begins_where_it_is_told_and_comes_round)
{
	start(1000, 3000 + 990);
	for (uint32_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(take(START_NS), (990 + i) % 1000);
	stop();
	start(1000, UINT32_MAX);
	ck_assert_uint_eq(take(START_NS), UINT32_MAX % 1000);
	stop();
}
END_TEST

START_TEST(a_number_given_back_waits_for_its_turn_in_the_walk)
{
	start(10, 0);
	uint32_t first = take(START_NS);
	tuple_book_give(&book, first, false, START_NS);
	check_counts(10, 0);
	for (uint32_t i = 1; i < 10; i++)
		ck_assert_uint_eq(take(START_NS), i);
	ck_assert_uint_eq(take(START_NS), first);
	check_none(START_NS);
	stop();
}
END_TEST

START_TEST(in_a_full_book_the_one_that_comes_back_is_found)
{
	static const uint32_t GIVEN[] = {0, 1, 63, 64, 4095, 4096, 9998, 9999, 5000};
	start(10000, 123);
	for (uint32_t i = 0; i < 10000; i++)
		take(START_NS);
	for (size_t i = 0; i < sizeof GIVEN / sizeof *GIVEN; i++) {
		tuple_book_give(&book, GIVEN[i], false, START_NS);
		check_counts(1, 0);
		ck_assert_uint_eq(take(START_NS), GIVEN[i]);
		check_none(START_NS);
	}
	stop();
}
END_TEST

START_TEST(the_workers_shares_are_disjoint_and_complete)
{
	static const uint32_t TOTALS[] = {1, 2, 3, 7, 64, 999, 1000};
	for (size_t i = 0; i < sizeof TOTALS / sizeof *TOTALS; i++) {
		for (uint32_t workers = 1; workers <= 9; workers++) {
			unsigned char seen[1000] = {0};
			uint32_t number, count = 0;
			give_space(TOTALS[i]);
			for (uint32_t w = 0; w < workers; w++) {
				ck_assert(tuple_book_init(&book, &space, w, workers, 5 * w));
				for (; tuple_book_take(&book, START_NS, &number); count++) {
					ck_assert_uint_lt(number, TOTALS[i]);
					ck_assert_uint_eq(number % workers, w);
					ck_assert_uint_eq(seen[number]++, 0);
				}
				tuple_book_fini(&book);
			}
			ck_assert_uint_eq(count, TOTALS[i]);
			tuples_fini(&space);
		}
	}
}
END_TEST

START_TEST(a_worker_gives_back_numbers_of_its_own)
{
	give_space(100);
	ck_assert(tuple_book_init(&book, &space, 2, 3, 0));
	check_counts(33, 0);
	uint32_t first = take(START_NS), second = take(START_NS);
	ck_assert_uint_eq(first, 2);
	ck_assert_uint_eq(second, 5);
	tuple_book_give(&book, second, true, START_NS);
	tuple_book_give(&book, first, false, START_NS);
	check_counts(32, 1);
	stop();
}
END_TEST

START_TEST(a_worker_more_than_there_are_numbers_has_an_empty_book)
{
	give_space(2);
	ck_assert(tuple_book_init(&book, &space, 2, 3, 99));
	check_counts(0, 0);
	check_none(START_NS);
	stop();
}
END_TEST

/* Given back at any point of a period, a number is free after one rest at least, two at most. */
START_TEST(a_resting_number_comes_back_within_one_rest_and_two)
{
	for (uint64_t offset = 0; offset < 10; offset++) {
		uint64_t given_ns = START_NS + offset * REST_NS / 10, now_ns = given_ns;
		uint32_t number;
		start(1, 0);
		tuple_book_give(&book, take(given_ns), true, given_ns);
		check_counts(0, 1);
		while (!tuple_book_take(&book, now_ns, &number)) {
			ck_assert_uint_eq(tuple_book_resting(&book), 1);
			now_ns += REST_NS / 100;
		}
		ck_assert_uint_ge(now_ns - given_ns, REST_NS);
		ck_assert_uint_le(now_ns - given_ns, 2 * REST_NS + REST_NS / 100);
		check_counts(0, 0);
		stop();
	}
}
END_TEST

/* A book that nobody asked in between is no later for it. */
START_TEST(a_rest_ends_in_time_however_seldom_the_book_is_asked)
{
	for (uint64_t pause = 1; pause < 30; pause++) {
		uint64_t now_ns = START_NS + pause * REST_NS / 10;
		start(2, 0);
		tuple_book_give(&book, take(START_NS), true, START_NS);
		ck_assert_uint_eq(take(now_ns), 1);
		if (pause < 20) {
			check_none(now_ns);
			now_ns = START_NS + 2 * REST_NS;
		}
		ck_assert_uint_eq(take(now_ns), 0);
		stop();
	}
}
END_TEST

START_TEST(two_generations_rest_beside_each_other)
{
	uint64_t period_ns = UINT64_C(900) * REST_NS; /* the beginning of one */
	start(3, 0);
	for (int i = 0; i < 3; i++)
		take(period_ns);
	tuple_book_give(&book, 0, true, period_ns + 1);
	tuple_book_give(&book, 1, true, period_ns + REST_NS + 1);
	tuple_book_give(&book, 2, false, period_ns + REST_NS + 1);
	check_counts(1, 2);
	ck_assert_uint_eq(take(period_ns + REST_NS + 2), 2);
	check_none(period_ns + 2 * REST_NS - 1);
	ck_assert_uint_eq(take(period_ns + 2 * REST_NS), 0);
	check_none(period_ns + 3 * REST_NS - 1);
	ck_assert_uint_eq(take(period_ns + 3 * REST_NS), 1);
	check_none(period_ns + 10 * REST_NS);
	stop();
}
END_TEST

START_TEST(nothing_rests_where_the_kernel_chooses_the_port)
{
	give_space(2);
	space.port_count = 0;
	ck_assert(tuple_book_init(&book, &space, 0, 1, 0));
	uint32_t number = take(START_NS);
	ck_assert_uint_eq(tuple_of(&space, number).port, 0);
	tuple_book_give(&book, number, true, START_NS);
	check_counts(2, 0);
	stop();
}
END_TEST

START_TEST(nothing_rests_where_a_rest_takes_no_time)
{
	give_space(1);
	space.rest_ns = 0;
	ck_assert(tuple_book_init(&book, &space, 0, 1, 0));
	tuple_book_give(&book, take(START_NS), true, START_NS);
	check_counts(1, 0);
	ck_assert_uint_eq(take(START_NS), 0);
	stop();
}
END_TEST

START_TEST(a_rest_may_last_for_ever_and_a_clock_may_begin_at_0)
{
	give_space(1);
	space.rest_ns = UINT64_MAX;
	ck_assert(tuple_book_init(&book, &space, 0, 1, 0));
	tuple_book_give(&book, take(0), true, 0);
	check_none(UINT64_MAX - 1);
	check_counts(0, 1);
	stop();
}
END_TEST

enum { LIVES = 500, FREE = 0, TAKEN = 1, RESTING = 2 };

struct life {
	int state;
	uint64_t given_ns;
};

/* Takes a number, and checks that it was free, or has rested for long enough. */
static void live_take(struct life *lives, uint64_t now_ns)
{
	uint32_t number;
	if (!tuple_book_take(&book, now_ns, &number)) {
		for (uint32_t i = 0; i < LIVES; i++)
			require(lives[i].state == TAKEN ||
					(lives[i].state == RESTING &&
					 now_ns < lives[i].given_ns + 2 * REST_NS),
				"it is not to be had", i);
		return;
	}
	require(lives[number].state != TAKEN, "it was not taken", number);
	if (lives[number].state == RESTING)
		require(now_ns >= lives[number].given_ns + REST_NS, "it has rested", number);
	lives[number].state = TAKEN;
}

static void live_give(struct life *lives, uint32_t number, bool rests, uint64_t now_ns)
{
	if (lives[number].state != TAKEN)
		return;
	tuple_book_give(&book, number, rests, now_ns);
	lives[number] = (struct life){rests ? RESTING : FREE, now_ns};
}

START_TEST(a_random_life_never_takes_what_is_taken_or_rests)
{
	struct life lives[LIVES] = {{0}};
	struct rng rng = {11};
	uint64_t now_ns = START_NS;
	start(LIVES, 250);
	for (int step = 0; step < 200000; step++) {
		now_ns += rng_below(&rng, REST_NS / 300);
		if (rng_below(&rng, 2))
			live_take(lives, now_ns);
		else
			live_give(lives, (uint32_t)rng_below(&rng, LIVES), rng_below(&rng, 4) == 0,
				  now_ns);
		uint32_t taken = 0;
		for (uint32_t i = 0; i < LIVES; i++)
			taken += lives[i].state == TAKEN;
		ck_assert_uint_eq(tuple_book_free(&book) + tuple_book_resting(&book),
				  LIVES - taken);
	}
	stop();
}
END_TEST

/* A search that walks would take 16,000 steps for each of these: minutes, not milliseconds. */
START_TEST(a_million_numbers_nearly_all_in_use_are_taken_and_given_without_a_walk)
{
	enum { TOTAL = 1000000, TURNS = 1000000 };
	struct rng rng = {3};
	give_space(TOTAL);
	space.port_count = 0;
	ck_assert(tuple_book_init(&book, &space, 0, 1, 999));
	for (uint32_t i = 0; i < TOTAL; i++)
		take(START_NS);
	for (uint32_t i = 0; i < TURNS; i++) {
		uint32_t number = (uint32_t)rng_below(&rng, TOTAL);
		tuple_book_give(&book, number, false, START_NS);
		require(take(START_NS) == number, "it is taken again", number);
	}
	check_none(START_NS);
	stop();
}
END_TEST

START_TEST(a_hundred_thousand_numbers_rest_and_come_back_in_one_turn)
{
	enum { TOTAL = 110000 };
	start(TOTAL, 0);
	for (uint32_t i = 0; i < TOTAL; i++)
		tuple_book_give(&book, take(START_NS), true, START_NS);
	check_counts(0, TOTAL);
	check_none(START_NS);
	take(START_NS + 2 * REST_NS);
	check_counts(TOTAL - 1, 0);
	stop();
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("tuple_book");
	tcase_add_test(all, every_number_is_taken_once_and_then_no_more);
	tcase_add_test(all, the_walk_begins_where_it_is_told_and_comes_round);
	tcase_add_test(all, a_number_given_back_waits_for_its_turn_in_the_walk);
	tcase_add_test(all, in_a_full_book_the_one_that_comes_back_is_found);
	tcase_add_test(all, the_workers_shares_are_disjoint_and_complete);
	tcase_add_test(all, a_worker_gives_back_numbers_of_its_own);
	tcase_add_test(all, a_worker_more_than_there_are_numbers_has_an_empty_book);
	tcase_add_test(all, a_resting_number_comes_back_within_one_rest_and_two);
	tcase_add_test(all, a_rest_ends_in_time_however_seldom_the_book_is_asked);
	tcase_add_test(all, two_generations_rest_beside_each_other);
	tcase_add_test(all, nothing_rests_where_the_kernel_chooses_the_port);
	tcase_add_test(all, nothing_rests_where_a_rest_takes_no_time);
	tcase_add_test(all, a_rest_may_last_for_ever_and_a_clock_may_begin_at_0);
	tcase_add_test(all, a_random_life_never_takes_what_is_taken_or_rests);
	tcase_add_test(all, a_million_numbers_nearly_all_in_use_are_taken_and_given_without_a_walk);
	tcase_add_test(all, a_hundred_thousand_numbers_rest_and_come_back_in_one_turn);
	Suite *suite = suite_create("tuple_book");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
