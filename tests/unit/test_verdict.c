#include "run/verdict.h"
#include "tests/lib/suite.h"

#include <signal.h>
#include <string.h>

static struct summary s;

/* A run that went well: 10 asked, 9 ok, 1 in flight, one threshold that held. */
static void start(void)
{
	memset(&s, 0, sizeof s);
	s.threshold_count = 1;
	s.results[0].ok = true;
	tally_init(&s.total);
	s.total.intended = 10;
	s.total.in_flight = 1;
	s.total.outcomes[OUTCOME_OK] = 9;
}

static void all_fail_with(enum outcome o)
{
	s.total.outcomes[o] += s.total.outcomes[OUTCOME_OK];
	s.total.outcomes[OUTCOME_OK] = 0;
}

START_TEST(a_run_that_went_well_is_0)
{
	ck_assert_int_eq(verdict_exit_code(&s, false), 0);
	s.threshold_count = 0;
	ck_assert_int_eq(verdict_exit_code(&s, false), 0);
}
END_TEST

START_TEST(errors_without_a_threshold_are_0)
{
	s.total.outcomes[OUTCOME_OK] = 1;
	s.total.outcomes[OUTCOME_TIMEOUT] = 8;
	ck_assert_int_eq(verdict_exit_code(&s, false), 0);
}
END_TEST

START_TEST(the_books_balance_over_every_outcome)
{
	for (int o = 0; o < OUTCOME_COUNT; o++) {
		start();
		ck_assert(verdict_balances(&s.total));
		s.total.outcomes[o]++;
		ck_assert(!verdict_balances(&s.total));
		s.total.intended++;
		ck_assert(verdict_balances(&s.total));
		s.total.in_flight++;
		ck_assert(!verdict_balances(&s.total));
	}
}
END_TEST

START_TEST(nothing_at_all_balances)
{
	tally_init(&s.total);
	ck_assert(verdict_balances(&s.total));
}
END_TEST

START_TEST(books_that_do_not_balance_are_70)
{
	s.total.intended++;
	ck_assert_int_eq(verdict_exit_code(&s, false), 70);
}
END_TEST

START_TEST(no_success_is_3_whoever_is_to_blame)
{
	static const enum outcome reasons[] = {OUTCOME_CONNECT_REFUSED, OUTCOME_SHED,
					       OUTCOME_PORTS_EXHAUSTED};
	all_fail_with(reasons[_i]);
	ck_assert_int_eq(verdict_exit_code(&s, false), 3);
}
END_TEST

START_TEST(a_run_that_asked_nothing_had_no_success)
{
	tally_init(&s.total);
	ck_assert_int_eq(verdict_exit_code(&s, false), 3);
}
END_TEST

START_TEST(a_generator_at_its_limit_is_6_unless_accepted)
{
	s.saturated = true;
	ck_assert_int_eq(verdict_exit_code(&s, false), 6);
	ck_assert_int_eq(verdict_exit_code(&s, true), 0);
}
END_TEST

START_TEST(one_failed_threshold_of_many_is_99)
{
	s.threshold_count = 3;
	s.results[0].ok = s.results[1].ok = true;
	s.results[2].ok = false;
	ck_assert_int_eq(verdict_exit_code(&s, false), 99);
	s.threshold_count = 2; /* what stands behind the last is not looked at */
	ck_assert_int_eq(verdict_exit_code(&s, false), 0);
}
END_TEST

START_TEST(a_signal_is_128_and_its_number)
{
	s.signal = SIGINT;
	ck_assert_int_eq(verdict_exit_code(&s, false), 130);
	s.signal = SIGTERM;
	ck_assert_int_eq(verdict_exit_code(&s, false), 143);
}
END_TEST

/* Everything at once, then one reason after the other goes. */
START_TEST(of_several_reasons_the_first_counts)
{
	s.signal = SIGINT;
	s.results[0].ok = false;
	s.saturated = true;
	all_fail_with(OUTCOME_TIMEOUT);
	s.total.intended++;
	ck_assert_int_eq(verdict_exit_code(&s, false), 70);
	s.total.in_flight++;
	ck_assert_int_eq(verdict_exit_code(&s, false), 3);
	s.total.outcomes[OUTCOME_TIMEOUT]--;
	s.total.outcomes[OUTCOME_OK]++;
	s.agent_count = 2;
	s.agents[1].lost = true;
	ck_assert_int_eq(verdict_exit_code(&s, true), 8);
	s.agents[1].lost = false;
	ck_assert_int_eq(verdict_exit_code(&s, false), 6);
	ck_assert_int_eq(verdict_exit_code(&s, true), 99);
	s.saturated = false;
	ck_assert_int_eq(verdict_exit_code(&s, false), 99);
	s.results[0].ok = true;
	ck_assert_int_eq(verdict_exit_code(&s, false), 130);
	s.signal = 0;
	ck_assert_int_eq(verdict_exit_code(&s, false), 0);
}
END_TEST

START_TEST(a_signal_before_the_first_request_leaves_nothing_to_judge)
{
	tally_init(&s.total);
	s.signal = SIGINT;
	ck_assert_int_eq(verdict_exit_code(&s, false), 130);
	s.total.intended = s.total.in_flight = 1;
	ck_assert_int_eq(verdict_exit_code(&s, false), 3);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("verdict");
	tcase_add_checked_fixture(all, start, NULL);
	tcase_add_test(all, a_run_that_went_well_is_0);
	tcase_add_test(all, errors_without_a_threshold_are_0);
	tcase_add_test(all, the_books_balance_over_every_outcome);
	tcase_add_test(all, nothing_at_all_balances);
	tcase_add_test(all, books_that_do_not_balance_are_70);
	tcase_add_loop_test(all, no_success_is_3_whoever_is_to_blame, 0, 3);
	tcase_add_test(all, a_run_that_asked_nothing_had_no_success);
	tcase_add_test(all, a_generator_at_its_limit_is_6_unless_accepted);
	tcase_add_test(all, one_failed_threshold_of_many_is_99);
	tcase_add_test(all, a_signal_is_128_and_its_number);
	tcase_add_test(all, of_several_reasons_the_first_counts);
	tcase_add_test(all, a_signal_before_the_first_request_leaves_nothing_to_judge);
	Suite *suite = suite_create("verdict");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
