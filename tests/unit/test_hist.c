#include "base/rng.h"
#include "stat/hist.h"
#include "tests/lib/suite.h"

#include <stdlib.h>
#include <string.h>

#define VALUES 5000

static struct hist a, b, c;

static int ascending(const void *left, const void *right)
{
	uint64_t l = *(const uint64_t *)left, r = *(const uint64_t *)right;
	return l < r ? -1 : l > r;
}

/* Values over all magnitudes up to the hour: a random number of random bits. */
static void draw(struct rng *rng, uint64_t *ret, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = rng_next(rng) >> (32 + rng_below(rng, 32));
		ret[i] = value < HIST_MAX_US ? value : HIST_MAX_US;
	}
}

START_TEST(an_empty_histogram_answers_zero)
{
	hist_init(&a);
	ck_assert_uint_eq(hist_quantile_us(&a, 0.99), 0);
	ck_assert_double_eq(hist_mean_us(&a), 0);
	ck_assert_uint_eq(a.min_us, UINT64_MAX);
	ck_assert_uint_eq(a.max_us, 0);
}
END_TEST

START_TEST(slots_cover_all_values_without_gap_or_overlap)
{
	ck_assert_uint_eq(hist_slot_low_us(0), 0);
	for (uint32_t slot = 0; slot < HIST_SLOTS; slot++) {
		uint64_t low = hist_slot_low_us(slot), high = hist_slot_high_us(slot);
		ck_assert_uint_le(low, high);
		if (slot)
			ck_assert_uint_eq(low, hist_slot_high_us(slot - 1) + 1);
		ck_assert_uint_eq(hist_slot(low), slot);
		ck_assert_uint_eq(hist_slot(high), slot);
	}
}
END_TEST

START_TEST(a_slot_is_no_wider_than_a_thousandth_of_its_values)
{
	for (uint32_t slot = HIST_SUB; slot < HIST_SLOTS; slot++) {
		uint64_t low = hist_slot_low_us(slot), high = hist_slot_high_us(slot);
		ck_assert_uint_le((high - low + 1) * 1000, low);
	}
}
END_TEST

START_TEST(edges_of_the_range_fall_into_their_slots)
{
	ck_assert_uint_eq(hist_slot(0), 0);
	ck_assert_uint_eq(hist_slot(1), 1);
	ck_assert_uint_eq(hist_slot(2047), 2047);
	ck_assert_uint_eq(hist_slot(2048), 2048);
	ck_assert_uint_eq(hist_slot(2049), 2048);
	ck_assert_uint_eq(hist_slot(2050), 2049);
	ck_assert_uint_eq(hist_slot(4095), 3071);
	ck_assert_uint_eq(hist_slot(4096), 3072);
	ck_assert_uint_lt(hist_slot(HIST_MAX_US), HIST_SLOTS);
}
END_TEST

START_TEST(zero_has_a_slot_of_its_own)
{
	hist_init(&a);
	hist_add(&a, 0);
	ck_assert_uint_eq(a.slots[0], 1);
	ck_assert_uint_eq(a.min_us, 0);
	ck_assert_uint_eq(a.max_us, 0);
	hist_add(&a, 1);
	ck_assert_uint_eq(a.slots[0], 1);
	ck_assert_uint_eq(hist_quantile_us(&a, 0.5), 0);
	ck_assert_uint_eq(hist_quantile_us(&a, 1), 1);
}
END_TEST

START_TEST(values_above_the_hour_are_counted_at_the_hour_and_kept_exactly)
{
	hist_init(&a);
	hist_add(&a, HIST_MAX_US);
	hist_add(&a, HIST_MAX_US + 1);
	hist_add(&a, 3 * HIST_MAX_US);
	ck_assert_uint_eq(a.slots[hist_slot(HIST_MAX_US)], 3);
	ck_assert_uint_eq(a.max_us, 3 * HIST_MAX_US);
	ck_assert_uint_eq(a.sum_us, 5 * HIST_MAX_US + 1);
	ck_assert_uint_eq(hist_quantile_us(&a, 1), hist_slot_high_us(hist_slot(HIST_MAX_US)));
	hist_add(&a, UINT64_MAX);
	ck_assert_uint_eq(a.slots[hist_slot(HIST_MAX_US)], 4);
	ck_assert_uint_eq(a.max_us, UINT64_MAX);
}
END_TEST

START_TEST(a_quantile_is_never_above_the_largest_value)
{
	hist_init(&a);
	hist_add(&a, 100000);
	ck_assert_uint_gt(hist_slot_high_us(hist_slot(100000)), 100000);
	for (int percent = 0; percent <= 100; percent++)
		ck_assert_uint_eq(hist_quantile_us(&a, percent / 100.0), 100000);
}
END_TEST

START_TEST(a_hundred_values_have_a_hundred_percentiles)
{
	hist_init(&a);
	for (uint64_t us = 1; us <= 100; us++)
		hist_add(&a, us);
	ck_assert_uint_eq(hist_quantile_us(&a, 0), 1);
	for (unsigned percent = 1; percent <= 100; percent++)
		ck_assert_uint_eq(hist_quantile_us(&a, percent / 100.0), percent);
	ck_assert_uint_eq(hist_quantile_us(&a, 0.995), 100);
}
END_TEST

START_TEST(quantiles_out_of_range_are_the_ends)
{
	hist_init(&a);
	hist_add(&a, 5);
	hist_add(&a, 7);
	ck_assert_uint_eq(hist_quantile_us(&a, -1), 5);
	ck_assert_uint_eq(hist_quantile_us(&a, 0.0 / 0.0), 5);
	ck_assert_uint_eq(hist_quantile_us(&a, 2), 7);
	ck_assert_uint_eq(hist_quantile_us(&a, 1e-300), 5);
}
END_TEST

START_TEST(quantiles_are_those_of_the_sorted_values_to_the_slot)
{
	static const double quantiles[] = {0.001, 0.01, 0.1,  0.25,  0.5,    0.75,
					   0.9,   0.95, 0.99, 0.999, 0.9999, 1};
	struct rng rng = {.state = (uint64_t)_i};
	uint64_t values[VALUES];
	size_t count = 1 + rng_below(&rng, VALUES);
	draw(&rng, values, count);
	hist_init(&a);
	for (size_t i = 0; i < count; i++)
		hist_add(&a, values[i]);
	qsort(values, count, sizeof *values, ascending);
	for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
		/* In whole ten-thousandths, so that the rank here owes nothing to rounding. */
		size_t parts = (size_t)(quantiles[i] * 10000 + 0.5);
		uint64_t exact = values[(parts * count + 9999) / 10000 - 1];
		uint64_t got = hist_quantile_us(&a, quantiles[i]);
		ck_assert_uint_eq(hist_slot(got), hist_slot(exact));
		ck_assert_uint_ge(got, exact);
	}
	ck_assert_uint_eq(a.min_us, values[0]);
	ck_assert_uint_eq(a.max_us, values[count - 1]);
}
END_TEST

START_TEST(sum_and_mean_are_exact)
{
	struct rng rng = {.state = 1};
	uint64_t values[VALUES], sum = 0;
	draw(&rng, values, VALUES);
	hist_init(&a);
	for (size_t i = 0; i < VALUES; i++) {
		hist_add(&a, values[i]);
		sum += values[i];
	}
	ck_assert_uint_eq(a.count, VALUES);
	ck_assert_uint_eq(a.sum_us, sum);
	ck_assert_double_eq(hist_mean_us(&a), (double)sum / VALUES);
}
END_TEST

START_TEST(merging_equals_adding_everything_to_one)
{
	struct rng rng = {.state = 100 + (uint64_t)_i};
	uint64_t values[VALUES];
	draw(&rng, values, VALUES);
	size_t first = rng_below(&rng, VALUES + 1);
	hist_init(&a);
	hist_init(&b);
	hist_init(&c);
	for (size_t i = 0; i < VALUES; i++) {
		hist_add(i < first ? &a : &b, values[i]);
		hist_add(&c, values[i]);
	}
	hist_merge(&a, &b);
	ck_assert_mem_eq(&a, &c, sizeof a);
}
END_TEST

START_TEST(merging_an_empty_one_changes_nothing)
{
	hist_init(&a);
	hist_init(&b);
	hist_add(&a, 12345);
	c = a;
	hist_merge(&a, &b);
	ck_assert_mem_eq(&a, &c, sizeof a);
	hist_merge(&b, &a);
	ck_assert_mem_eq(&b, &c, sizeof b);
}
END_TEST

START_TEST(merging_two_empty_ones_gives_an_empty_one)
{
	hist_init(&a);
	hist_init(&b);
	hist_init(&c);
	hist_merge(&a, &b);
	ck_assert_mem_eq(&a, &c, sizeof a);
}
END_TEST

START_TEST(reset_leaves_the_memory_of_a_new_one)
{
	struct rng rng = {.state = 7};
	uint64_t values[VALUES];
	draw(&rng, values, VALUES);
	memset(&a, 0xa5, sizeof a);
	hist_init(&a);
	memset(&b, 0x5a, sizeof b);
	hist_init(&b);
	for (size_t i = 0; i < VALUES; i++)
		hist_add(&a, values[i]);
	hist_add(&a, 0);
	hist_add(&a, UINT64_MAX);
	hist_reset(&a);
	ck_assert_mem_eq(&a, &b, sizeof a);
	hist_reset(&a);
	ck_assert_mem_eq(&a, &b, sizeof a);
}
END_TEST

START_TEST(bounds_of_use_are_tight)
{
	hist_init(&a);
	hist_add(&a, 70);
	ck_assert_uint_eq(a.lo, 70);
	ck_assert_uint_eq(a.hi, 71);
	hist_add(&a, 50);
	hist_add(&a, 90);
	ck_assert_uint_eq(a.lo, 50);
	ck_assert_uint_eq(a.hi, 91);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("hist");
	tcase_add_test(all, an_empty_histogram_answers_zero);
	tcase_add_test(all, slots_cover_all_values_without_gap_or_overlap);
	tcase_add_test(all, a_slot_is_no_wider_than_a_thousandth_of_its_values);
	tcase_add_test(all, edges_of_the_range_fall_into_their_slots);
	tcase_add_test(all, zero_has_a_slot_of_its_own);
	tcase_add_test(all, values_above_the_hour_are_counted_at_the_hour_and_kept_exactly);
	tcase_add_test(all, a_quantile_is_never_above_the_largest_value);
	tcase_add_test(all, a_hundred_values_have_a_hundred_percentiles);
	tcase_add_test(all, quantiles_out_of_range_are_the_ends);
	tcase_add_loop_test(all, quantiles_are_those_of_the_sorted_values_to_the_slot, 0, 40);
	tcase_add_test(all, sum_and_mean_are_exact);
	tcase_add_loop_test(all, merging_equals_adding_everything_to_one, 0, 20);
	tcase_add_test(all, merging_an_empty_one_changes_nothing);
	tcase_add_test(all, merging_two_empty_ones_gives_an_empty_one);
	tcase_add_test(all, reset_leaves_the_memory_of_a_new_one);
	tcase_add_test(all, bounds_of_use_are_tight);
	Suite *suite = suite_create("hist");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
