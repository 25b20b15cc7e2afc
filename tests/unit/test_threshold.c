/* Judging. The grammar has tests of its own in test_threshold_parse.c. */
#include "run/threshold.h"
#include "tests/lib/suite.h"

#include <stdio.h>

static struct tally total;

/* 100 requests: intended latencies of 1..100 ms, service of 1 ms, connects of 300 us; 90 ok, 7
 * timeouts, 3 shed. No first byte was measured. */
static void start(void)
{
	tally_init(&total);
	for (uint64_t n = 1; n <= 100; n++)
		hist_add(&total.intended_us, n * 1000);
	hist_add(&total.service_us, 1000);
	hist_add(&total.connect_us, 300);
	total.intended = 100;
	total.outcomes[OUTCOME_OK] = 90;
	total.outcomes[OUTCOME_TIMEOUT] = 7;
	total.outcomes[OUTCOME_SHED] = 3;
}

static struct threshold_result judge(const char *text)
{
	struct threshold t;
	struct err err;
	ck_assert_msg(threshold_parse(&t, text, &err) == 0, "%s", err.text);
	return threshold_judge(&t, &total, 2000);
}

static bool holds(const char *text)
{
	return judge(text).ok;
}

START_TEST(latencies_are_in_us_and_of_the_series_named)
{
	ck_assert_double_eq(judge("min<1").value, 1000);
	ck_assert_double_eq(judge("max<1").value, 100000);
	ck_assert_double_eq(judge("avg<1").value, 50500);
	ck_assert_double_eq_tol(judge("med<1").value, 50000, 50);
	ck_assert_double_eq_tol(judge("p(99)<1").value, 99000, 99);
	ck_assert_double_eq(judge("service.max<1").value, 1000);
	ck_assert_double_eq(judge("connect.max<1").value, 300);
	ck_assert_double_eq(judge("intended.max<1").value, 100000);
	total.first_byte_us = total.connect_us;
	ck_assert_double_eq(judge("first_byte.max<1").value, 300);
}
END_TEST

START_TEST(every_comparison_means_what_it_says_at_the_bound)
{
	ck_assert(!holds("max<100ms") && holds("max<100.001ms"));
	ck_assert(holds("max<=100ms") && !holds("max<=99.999ms"));
	ck_assert(!holds("max>100ms") && holds("max>99.999ms"));
	ck_assert(holds("max>=100ms") && !holds("max>=100.001ms"));
	ck_assert(holds("max==100ms") && !holds("max==99ms"));
	ck_assert(!holds("max!=100ms") && holds("max!=99ms"));
}
END_TEST

START_TEST(a_latency_that_was_never_measured_is_no_proof)
{
	static const char *const texts[] = {"first_byte.p(99)<1s",  "first_byte.avg<1s",
					    "first_byte.min<1s",    "first_byte.max>=0",
					    "first_byte.max/max<4", "max/first_byte.max<4",
					    "first_byte.max!=1"};
	struct threshold_result result = judge(texts[_i]);
	ck_assert(!result.ok);
	ck_assert_double_eq(result.value, 0);
}
END_TEST

START_TEST(a_ratio_divides_two_latencies)
{
	ck_assert_double_eq(judge("max/min<4").value, 100);
	ck_assert_double_eq(judge("max/connect.max<4").value, 100000.0 / 300);
	ck_assert(holds("max/min<=100"));
	ck_assert(!holds("max/min<100"));
	ck_assert(holds("p(99)/p(50)<4"));
}
END_TEST

START_TEST(a_ratio_to_less_than_a_microsecond_stays_finite)
{
	hist_init(&total.service_us);
	hist_add(&total.service_us, 0);
	ck_assert_double_eq(judge("max/service.max<4").value, 100000);
	ck_assert_double_eq(judge("service.max/service.min<4").value, 0);
}
END_TEST

START_TEST(errors_are_the_tallys_error_rate)
{
	ck_assert_double_eq(judge("errors<1").value, 0.1);
	ck_assert(holds("errors<=10%"));
	ck_assert(!holds("errors<10%"));
	total.shed_ok = true;
	ck_assert_double_eq(judge("errors<1").value, 0.07);
	ck_assert(holds("errors<=7%"));
	ck_assert(holds("http_req_failed: rate<0.08"));
}
END_TEST

/* 0.01 is no binary fraction: 35 * 0.01 is more than 35 of 100. */
START_TEST(an_error_rate_at_its_bound_in_percent_is_not_below_it)
{
	for (int failed = 0; failed <= 100; failed++) {
		char text[64];
		tally_init(&total);
		total.outcomes[OUTCOME_TIMEOUT] = (uint64_t)failed;
		total.outcomes[OUTCOME_OK] = 100 - (uint64_t)failed;
		snprintf(text, sizeof text, "errors<%d%%", failed);
		ck_assert_msg(!holds(text), "%s", text);
		snprintf(text, sizeof text, "errors==%d%%", failed);
		ck_assert_msg(holds(text), "%s", text);
	}
}
END_TEST

START_TEST(an_error_rate_of_nothing_is_no_proof)
{
	tally_init(&total);
	ck_assert(!holds("errors<5%"));
	total.outcomes[OUTCOME_PORTS_EXHAUSTED] = 10; /* says nothing of the target */
	ck_assert(!holds("errors<5%"));
	total.outcomes[OUTCOME_OK] = 1;
	ck_assert(holds("errors<5%"));
}
END_TEST

START_TEST(rate_is_what_was_achieved)
{
	ck_assert_double_eq(judge("rate>1000").value, 2000);
	ck_assert(holds("rate>1.9k"));
	ck_assert(!holds("http_reqs: rate>2k"));
}
END_TEST

START_TEST(counts_are_of_all_that_ended_or_of_one_outcome)
{
	ck_assert_double_eq(judge("count>=1").value, 100);
	ck_assert_double_eq(judge("http_reqs: count>=1").value, 100);
	ck_assert_double_eq(judge("ok>1").value, 90);
	ck_assert_double_eq(judge("shed==0").value, 3);
	ck_assert_double_eq(judge("timeout==0").value, 7);
	ck_assert(!holds("timeout==0"));
	ck_assert(holds("ports_exhausted==0"));
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("threshold");
	tcase_add_checked_fixture(all, start, NULL);
	tcase_add_test(all, latencies_are_in_us_and_of_the_series_named);
	tcase_add_test(all, every_comparison_means_what_it_says_at_the_bound);
	tcase_add_loop_test(all, a_latency_that_was_never_measured_is_no_proof, 0, 7);
	tcase_add_test(all, a_ratio_divides_two_latencies);
	tcase_add_test(all, a_ratio_to_less_than_a_microsecond_stays_finite);
	tcase_add_test(all, errors_are_the_tallys_error_rate);
	tcase_add_test(all, an_error_rate_at_its_bound_in_percent_is_not_below_it);
	tcase_add_test(all, an_error_rate_of_nothing_is_no_proof);
	tcase_add_test(all, rate_is_what_was_achieved);
	tcase_add_test(all, counts_are_of_all_that_ended_or_of_one_outcome);
	Suite *suite = suite_create("threshold");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
