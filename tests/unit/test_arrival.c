#include "base/mono.h"
#include "load/arrival.h"
#include "tests/lib/suite.h"

#include <math.h>

#define START_NS UINT64_C(987654321012345) /* eleven days after boot */

static struct arrival even(double rate_rps, uint32_t share, uint32_t shares)
{
	struct arrival a;
	arrival_init(&a, START_NS, rate_rps, share, shares, false, 0);
	return a;
}

static struct arrival poisson(double rate_rps, uint32_t share, uint32_t shares, uint64_t seed)
{
	struct arrival a;
	arrival_init(&a, START_NS, rate_rps, share, shares, true, seed);
	return a;
}

/* Takes the request that is due and returns its instant. */
static uint64_t take(struct arrival *a)
{
	uint64_t due_ns = arrival_due_ns(a);
	arrival_take(a);
	return due_ns;
}

START_TEST(the_first_request_is_due_at_the_start)
{
	struct arrival a = even(1000, 0, 1);
	ck_assert_uint_eq(arrival_due_ns(&a), START_NS);
	ck_assert_uint_eq(a.index, 0);
}
END_TEST

START_TEST(a_whole_rate_is_spaced_exactly)
{
	struct arrival a = even(5000, 0, 1);
	for (uint64_t k = 0; k < 100000; k++)
		ck_assert_uint_eq(take(&a), START_NS + k * 200000);
	ck_assert_uint_eq(a.index, 100000);
}
END_TEST

START_TEST(asking_for_the_instant_takes_nothing)
{
	struct arrival a = even(10, 0, 1);
	arrival_take(&a);
	ck_assert_uint_eq(arrival_due_ns(&a), arrival_due_ns(&a));
	ck_assert_uint_eq(a.index, 1);
}
END_TEST

/* The instant of request k, by whole numbers: k seconds divided by the rate, in hundredths. */
static uint64_t exact_due_ns(uint64_t k, uint64_t rate_hundredths)
{
	return START_NS + (uint64_t)((unsigned __int128)k * 100 * NS_PER_S / rate_hundredths);
}

START_TEST(an_odd_rate_does_not_drift_over_hours)
{
	static const uint64_t RATES_HUNDREDTHS[] = {333333, 99999901, 7, 100003};
	uint64_t rate = RATES_HUNDREDTHS[_i];
	struct arrival a = even((double)rate / 100, 0, 1);
	uint64_t requests_of_12_h = 12 * 3600 * rate / 100;
	for (int part = 0; part <= 1000; part++) {
		a.index = requests_of_12_h * (uint64_t)part / 1000;
		arrival_take(&a);
		uint64_t exact = exact_due_ns(a.index, rate), due = arrival_due_ns(&a);
		ck_assert_uint_le(due > exact ? due - exact : exact - due, 1);
	}
}
END_TEST

START_TEST(taking_an_hour_request_by_request_ends_where_the_formula_does)
{
	struct arrival a = even(3333.33, 0, 1);
	uint64_t before = 0;
	bool ascending = true;
	for (uint64_t k = 0; k < 3600 * 3333; k++) {
		uint64_t due = take(&a);
		ascending = ascending && due > before;
		before = due;
	}
	ck_assert(ascending);
	uint64_t exact = exact_due_ns(3600 * 3333 - 1, 333333);
	ck_assert_uint_le(before > exact ? before - exact : exact - before, 1);
}
END_TEST

START_TEST(the_workers_together_keep_the_schedule_of_one)
{
	static const uint32_t SHARES[] = {1, 2, 3, 7, 64};
	uint32_t shares = SHARES[_i];
	struct arrival one = even(3333.33, 0, 1), workers[64];
	for (uint32_t i = 0; i < shares; i++)
		workers[i] = even(3333.33, i, shares);
	for (uint32_t k = 0; k < 50000; k++)
		ck_assert_uint_eq(take(&workers[k % shares]), take(&one));
}
END_TEST

START_TEST(an_instant_past_the_clock_is_never)
{
	struct arrival a = even(1e-12, 0, 1);
	ck_assert_uint_eq(take(&a), START_NS);
	ck_assert_uint_eq(take(&a), UINT64_MAX);
	ck_assert_uint_eq(take(&a), UINT64_MAX);
	struct arrival b = poisson(1e-15, 0, 1, 1);
	ck_assert_uint_eq(take(&b), UINT64_MAX);
}
END_TEST

START_TEST(a_very_high_rate_still_moves_on)
{
	struct arrival a = even(5e9, 0, 1);
	uint64_t last = START_NS;
	for (int k = 0; k < 50; k++) {
		uint64_t due = take(&a);
		ck_assert_uint_ge(due, last);
		last = due;
	}
	ck_assert_uint_eq(last, START_NS + 9);
}
END_TEST

struct moments {
	double mean, variance;
};

/* Of n gaps, in units of the gap that the rate calls for. */
static struct moments gap_moments(struct arrival *a, double gap_ns, int n)
{
	double sum = 0, squares = 0;
	uint64_t before = START_NS;
	for (int i = 0; i < n; i++) {
		uint64_t due = take(a);
		double gap = (double)(due - before) / gap_ns;
		sum += gap;
		squares += gap * gap;
		before = due;
	}
	double mean = sum / n;
	return (struct moments){mean, squares / n - mean * mean};
}

/* Gaps are exponential: mean 1, variance 1, with standard errors of 1 and sqrt(8) / sqrt(n). */
START_TEST(poisson_gaps_have_the_mean_and_the_variance_of_their_rate)
{
	const int n = 200000;
	struct arrival a = poisson(3333.33, 0, 1, (uint64_t)_i);
	struct moments m = gap_moments(&a, 1e9 / 3333.33, n);
	ck_assert_double_eq_tol(m.mean, 1, 4 / sqrt(n));
	ck_assert_double_eq_tol(m.variance, 1, 4 * sqrt(8) / sqrt(n));
}
END_TEST

START_TEST(poisson_gaps_shorter_than_the_mean_are_63_in_100)
{
	const int n = 100000;
	int shorter = 0;
	uint64_t before = START_NS;
	struct arrival a = poisson(1000, 0, 1, 42);
	for (int i = 0; i < n; i++) {
		uint64_t due = take(&a);
		shorter += due - before < 1000000;
		before = due;
	}
	ck_assert_double_eq_tol((double)shorter / n, 1 - exp(-1), 0.006);
}
END_TEST

START_TEST(a_poisson_worker_has_its_share_of_the_rate)
{
	const int n = 100000;
	for (uint32_t i = 0; i < 4; i++) {
		struct arrival a = poisson(10000, i, 4, 7);
		struct moments m = gap_moments(&a, 4e5, n);
		ck_assert_double_eq_tol(m.mean, 1, 4 / sqrt(n));
	}
}
END_TEST

START_TEST(the_same_seed_gives_the_same_instants)
{
	struct arrival a = poisson(5000, 1, 4, 99), b = poisson(5000, 1, 4, 99);
	for (int i = 0; i < 10000; i++)
		ck_assert_uint_eq(take(&a), take(&b));
}
END_TEST

/* How many of the first gaps of two workers are the same. */
static int gaps_in_common(struct arrival a, struct arrival b)
{
	int common = 0;
	uint64_t last_a = START_NS, last_b = START_NS;
	for (int i = 0; i < 1000; i++) {
		uint64_t due_a = take(&a), due_b = take(&b);
		common += due_a - last_a == due_b - last_b;
		last_a = due_a;
		last_b = due_b;
	}
	return common;
}

START_TEST(other_seeds_and_other_workers_go_their_own_ways)
{
	struct arrival a = poisson(100, 0, 4, 5);
	ck_assert_int_eq(gaps_in_common(a, poisson(100, 0, 4, 6)), 0);
	ck_assert_int_eq(gaps_in_common(a, poisson(100, 1, 4, 5)), 0);
	ck_assert_int_eq(gaps_in_common(poisson(100, 2, 4, 0), poisson(100, 3, 4, 0)), 0);
}
END_TEST

/* Counts in windows of the sum over workers vary as a Poisson process does: variance = mean. */
START_TEST(poisson_workers_together_are_a_poisson_process)
{
	enum { WINDOWS = 2000, SHARES = 4 };
	static unsigned counts[WINDOWS];
	for (uint32_t i = 0; i < SHARES; i++) {
		struct arrival a = poisson(10000, i, SHARES, 3);
		for (uint64_t w; (w = (take(&a) - START_NS) / (10 * NS_PER_MS)) < WINDOWS;)
			counts[w]++;
	}
	double sum = 0, squares = 0;
	for (int w = 0; w < WINDOWS; w++) {
		sum += counts[w];
		squares += (double)counts[w] * counts[w];
	}
	double mean = sum / WINDOWS, variance = squares / WINDOWS - mean * mean;
	ck_assert_double_eq_tol(mean, 100, 4 * 10 / sqrt(WINDOWS));
	ck_assert_double_eq_tol(variance / mean, 1, 4 * sqrt(2.0 / WINDOWS));
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("arrival");
	tcase_add_test(all, the_first_request_is_due_at_the_start);
	tcase_add_test(all, a_whole_rate_is_spaced_exactly);
	tcase_add_test(all, asking_for_the_instant_takes_nothing);
	tcase_add_loop_test(all, an_odd_rate_does_not_drift_over_hours, 0, 4);
	tcase_add_test(all, taking_an_hour_request_by_request_ends_where_the_formula_does);
	tcase_add_loop_test(all, the_workers_together_keep_the_schedule_of_one, 0, 5);
	tcase_add_test(all, an_instant_past_the_clock_is_never);
	tcase_add_test(all, a_very_high_rate_still_moves_on);
	tcase_add_loop_test(all, poisson_gaps_have_the_mean_and_the_variance_of_their_rate, 0, 5);
	tcase_add_test(all, poisson_gaps_shorter_than_the_mean_are_63_in_100);
	tcase_add_test(all, a_poisson_worker_has_its_share_of_the_rate);
	tcase_add_test(all, the_same_seed_gives_the_same_instants);
	tcase_add_test(all, other_seeds_and_other_workers_go_their_own_ways);
	tcase_add_test(all, poisson_workers_together_are_a_poisson_process);
	Suite *suite = suite_create("arrival");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
