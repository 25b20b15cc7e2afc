#include "run/health.h"

#include "base/mono.h"
#include "tests/lib/suite.h"

#include <stdlib.h>
#include <string.h>

static struct summary *s;
static struct limits limits;
static struct health_facts facts;

/* Ten seconds on two threads, in which nothing was short. */
static void start(void)
{
	s = calloc(1, sizeof *s);
	ck_assert_ptr_nonnull(s);
	tally_init(&s->total);
	s->threads = 2;
	s->connections_asked = 5000;
	limits = (struct limits){.descriptors = 1024,
				 .descriptors_hard = 4096,
				 .port_low = 32768,
				 .port_high = 60999};
	facts = (struct health_facts){.limits = &limits,
				      .slots = 1000,
				      .throttle_source = "/sys/fs/cgroup/box/cpu.stat",
				      .wall_s = 10};
}

static void end(void)
{
	free(s);
}

static void judge(void)
{
	s->saturated = false;
	s->limit_count = s->note_count = 0;
	health_judge(&facts, s);
}

static void check_well(void)
{
	judge();
	ck_assert_msg(!s->saturated && s->limit_count == 0, "%s: %s", s->limits[0].limiter,
		      s->limits[0].evidence);
}

/* One limit, with these words in its evidence and its remedy. */
static void check_limit(const char *limiter, const char *evidence, const char *remedy)
{
	judge();
	ck_assert(s->saturated);
	ck_assert_uint_eq(s->limit_count, 1);
	const struct summary_limit *l = &s->limits[0];
	ck_assert_str_eq(l->limiter, limiter);
	ck_assert_msg(strstr(l->evidence, evidence), "\"%s\" lacks \"%s\"", l->evidence, evidence);
	ck_assert_msg(strstr(l->remedy, remedy), "\"%s\" lacks \"%s\"", l->remedy, remedy);
}

START_TEST(a_run_without_trouble_was_not_limited_by_us)
{
	s->total.outcomes[OUTCOME_OK] = 1000;
	s->total.outcomes[OUTCOME_TIMEOUT] = 1000;
	check_well();
	ck_assert_uint_eq(s->note_count, 0);
}
END_TEST

START_TEST(a_single_request_without_a_port_tells)
{
	s->total.outcomes[OUTCOME_PORTS_EXHAUSTED] = 1;
	check_limit("ports", "1 requests found no local port; there are 28232", "1024 65535");
	ck_assert_ptr_nonnull(strstr(s->limits[0].evidence, "32768 60999"));
}
END_TEST

START_TEST(a_single_request_without_a_descriptor_tells)
{
	s->total.outcomes[OUTCOME_DESCRIPTORS_EXHAUSTED] = 7;
	check_limit("descriptors", "7 requests found no descriptor; RLIMIT_NOFILE is 1024",
		    "ulimit -n 5064");
	ck_assert_ptr_nonnull(strstr(s->limits[0].evidence, "1000 of 5000 connections"));
	ck_assert_ptr_nonnull(strstr(s->limits[0].remedy, "4096"));
}
END_TEST

START_TEST(requests_that_met_no_memory_tell)
{
	s->total.outcomes[OUTCOME_MEMORY_EXHAUSTED] = 12;
	check_limit("memory", "12 requests", "tcp_mem");
}
END_TEST

START_TEST(a_ring_that_took_nothing_tells)
{
	s->total.outcomes[OUTCOME_GENERATOR] = 3;
	check_limit("ring", "3 requests", "-t");
}
END_TEST

START_TEST(completions_kept_aside_are_a_remark_only)
{
	s->total.ring_overflows = 9;
	check_well();
	ck_assert_uint_eq(s->note_count, 1);
	ck_assert_ptr_nonnull(strstr(s->notes[0], "9 turns"));
}
END_TEST

START_TEST(throttling_counts_above_a_twentieth_of_the_time)
{
	facts.throttled_ns = 499 * NS_PER_MS;
	check_well();
	facts.throttled_ns = 501 * NS_PER_MS;
	check_limit("cpu", "0.5 s in 10.0 s (/sys/fs/cgroup/box/cpu.stat)", "cpu.max");
	facts.throttled_ns = 8800 * NS_PER_MS;
	check_limit("cpu", "8.8 s in 10.0 s", "quota");
}
END_TEST

/* Of 20 s of two threads. */
START_TEST(waiting_for_a_cpu_is_noted_and_counts_above_four_fifths)
{
	s->total.run_delay_ns = 4990 * NS_PER_MS;
	check_well();
	ck_assert_uint_eq(s->note_count, 0);
	s->total.run_delay_ns += 20 * NS_PER_MS;
	check_well();
	ck_assert_uint_eq(s->note_count, 1);
	ck_assert_ptr_nonnull(strstr(s->notes[0], "25%"));
	s->total.run_delay_ns = 15990 * NS_PER_MS;
	check_well();
	s->total.run_delay_ns += 20 * NS_PER_MS;
	check_limit("cpu", "waited 80% of the time for a cpu", "--pin");
	ck_assert_uint_eq(s->note_count, 0);
}
END_TEST

START_TEST(busy_threads_count_above_98_percent)
{
	s->total.cpu_ns = 19590 * NS_PER_MS;
	check_well();
	s->total.cpu_ns += 20 * NS_PER_MS;
	check_limit("cpu", "its 2 threads were busy 98% of the time (rusage)", "-t");
}
END_TEST

START_TEST(spinning_by_choice_is_not_being_busy)
{
	s->total.cpu_ns = 20 * NS_PER_S;
	s->total.spin_ns = 5 * NS_PER_S;
	check_well();
	s->total.spin_ns = 0;
	facts.busy = true;
	check_well();
	s->total.cpu_ns = 5 * NS_PER_S;
	s->total.spin_ns = 6 * NS_PER_S; /* measured by two clocks: more than there was */
	facts.busy = false;
	check_well();
}
END_TEST

static void lag(unsigned count, uint64_t us)
{
	for (unsigned i = 0; i < count; i++)
		hist_add(&s->total.lag_us, us);
}

START_TEST(lag_counts_where_its_99th_percentile_passes_10_ms)
{
	lag(990, 100);
	lag(10, 60000);
	check_well(); /* exactly one in a hundred: the 99th percentile is still the small one */
	lag(1, 60000);
	check_limit("cpu", "60.0 ms late", "--pin");
}
END_TEST

START_TEST(lag_of_10_ms_is_not_yet_too_much)
{
	lag(1000, 9990);
	check_well();
	lag(1000, 10100);
	check_limit("cpu", "10.1 ms late", "lower rate");
}
END_TEST

START_TEST(one_reason_for_the_cpu_is_enough_the_most_specific)
{
	facts.throttled_ns = 5 * NS_PER_S;
	s->total.run_delay_ns = 19 * NS_PER_S;
	s->total.cpu_ns = 20 * NS_PER_S;
	lag(100, 50000);
	check_limit("cpu", "cgroup", "quota");
	facts.throttled_ns = 0;
	check_limit("cpu", "schedstat", "--pin");
	s->total.run_delay_ns = 0;
	check_limit("cpu", "rusage", "-t");
	s->total.cpu_ns = 0;
	check_limit("cpu", "late", "--pin");
}
END_TEST

START_TEST(every_limiter_has_its_place_in_a_fixed_order)
{
	static const char *const order[] = {"ports", "descriptors", "memory", "ring", "cpu"};
	s->total.outcomes[OUTCOME_PORTS_EXHAUSTED] = 1;
	s->total.outcomes[OUTCOME_DESCRIPTORS_EXHAUSTED] = 1;
	s->total.outcomes[OUTCOME_MEMORY_EXHAUSTED] = 1;
	s->total.outcomes[OUTCOME_GENERATOR] = 1;
	s->total.cpu_ns = 20 * NS_PER_S;
	judge();
	ck_assert_uint_eq(s->limit_count, 5);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_str_eq(s->limits[i].limiter, order[i]);
		ck_assert(s->limits[i].evidence[0] && s->limits[i].remedy[0]);
	}
}
END_TEST

START_TEST(the_largest_figures_fit_their_sentences)
{
	for (int o = 0; o < OUTCOME_COUNT; o++)
		s->total.outcomes[o] = UINT64_MAX;
	limits = (struct limits){UINT64_MAX, UINT64_MAX, 10000, 65535, 2, 0, {{0}}, 0};
	s->connections_asked = UINT64_MAX - 64;
	facts.slots = UINT32_MAX;
	judge();
	for (unsigned i = 0; i < s->limit_count; i++) {
		ck_assert_uint_lt(strlen(s->limits[i].evidence), sizeof s->limits[i].evidence - 1);
		ck_assert_uint_lt(strlen(s->limits[i].remedy), sizeof s->limits[i].remedy - 1);
	}
}
END_TEST

START_TEST(a_run_that_took_no_time_or_no_thread_is_not_judged_by_its_cpu)
{
	facts.wall_s = 0;
	facts.throttled_ns = s->total.cpu_ns = s->total.run_delay_ns = NS_PER_S;
	check_well();
	facts.wall_s = 10;
	facts.throttled_ns = s->total.cpu_ns = s->total.run_delay_ns = 0;
	s->threads = 0;
	check_well();
}
END_TEST

START_TEST(remarks_beyond_the_last_are_dropped)
{
	for (int i = 0; i < SUMMARY_NOTES_MAX + 3; i++)
		summary_note(s, "remark %d", i);
	ck_assert_uint_eq(s->note_count, SUMMARY_NOTES_MAX);
	ck_assert_str_eq(s->notes[SUMMARY_NOTES_MAX - 1], "remark 15");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_run_without_trouble_was_not_limited_by_us,
		a_single_request_without_a_port_tells,
		a_single_request_without_a_descriptor_tells,
		requests_that_met_no_memory_tell,
		a_ring_that_took_nothing_tells,
		completions_kept_aside_are_a_remark_only,
		throttling_counts_above_a_twentieth_of_the_time,
		waiting_for_a_cpu_is_noted_and_counts_above_four_fifths,
		busy_threads_count_above_98_percent,
		spinning_by_choice_is_not_being_busy,
		lag_counts_where_its_99th_percentile_passes_10_ms,
		lag_of_10_ms_is_not_yet_too_much,
		one_reason_for_the_cpu_is_enough_the_most_specific,
		every_limiter_has_its_place_in_a_fixed_order,
		the_largest_figures_fit_their_sentences,
		a_run_that_took_no_time_or_no_thread_is_not_judged_by_its_cpu,
		remarks_beyond_the_last_are_dropped,
	};
	TCase *all = tcase_create("health");
	tcase_add_checked_fixture(all, start, end);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(all, tests[i]);
	Suite *suite = suite_create("health");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
