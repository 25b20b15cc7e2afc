#include "stat/tally.h"
#include "tests/lib/suite.h"

#include <stddef.h>
#include <string.h>

#define HISTS 6

/* The two ways to add. */
static void (*const ways[])(struct tally *, const struct tally *) = {tally_extend, tally_join};

static struct tally a, b, c;

static struct hist *hist_of(struct tally *t, size_t i)
{
	struct hist *const hists[HISTS] = {&t->intended_us,   &t->service_us, &t->connect_us,
					   &t->first_byte_us, &t->lag_us,     &t->message_us};
	return hists[i];
}

/* Every field a value of its own, times `factor`. */
static void fill(struct tally *t, uint64_t factor)
{
	tally_init(t);
	uint64_t *words = (uint64_t *)t;
	for (size_t i = 0; i < offsetof(struct tally, intended_us) / sizeof *words; i++)
		words[i] = (i + 1) * factor;
	t->shed_ok = false;
	for (size_t i = 0; i < HISTS; i++)
		for (uint64_t n = 0; n < (i + 1) * factor; n++)
			hist_add(hist_of(t, i), 100 * (i + 1));
}

START_TEST(a_new_tally_is_zero_and_its_histograms_are_empty)
{
	memset(&a, 0xa5, sizeof a);
	tally_init(&a);
	for (size_t i = 0; i < offsetof(struct tally, intended_us); i++)
		ck_assert_int_eq(((const char *)&a)[i], 0);
	for (size_t i = 0; i < HISTS; i++) {
		ck_assert_uint_eq(hist_of(&a, i)->count, 0);
		ck_assert_uint_eq(hist_of(&a, i)->min_us, UINT64_MAX);
	}
}
END_TEST

START_TEST(memory_that_is_zero_need_only_be_started)
{
	memset(&a, 0, sizeof a);
	tally_start(&a);
	tally_init(&b);
	ck_assert_mem_eq(&a, &b, sizeof a);
}
END_TEST

START_TEST(reset_leaves_the_memory_of_a_new_one)
{
	fill(&a, 3);
	a.shed_ok = true;
	tally_reset(&a);
	tally_init(&b);
	ck_assert_mem_eq(&a, &b, sizeof a);
}
END_TEST

START_TEST(counters_and_histograms_add_up_in_both_ways)
{
	fill(&a, 1);
	fill(&b, 4);
	ways[_i](&a, &b);
	fill(&c, 1);
	static const size_t counters[] = {
#define AT(field) offsetof(struct tally, field)
		AT(intended),       AT(sent),         AT(warmup),      AT(bytes_sent),
		AT(bytes_received), AT(opened),       AT(failed),      AT(lost),
		AT(reopened),       AT(turns),        AT(batch_turns), AT(events),
		AT(ring_overflows), AT(ring_starved), AT(cpu_ns),      AT(spin_ns),
		AT(run_delay_ns),
#undef AT
	};
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
		uint64_t got = *(const uint64_t *)((const char *)&a + counters[i]);
		ck_assert_uint_eq(got, 5 * (counters[i] / sizeof(uint64_t) + 1));
	}
	for (size_t i = 0; i < OUTCOME_COUNT; i++) {
		ck_assert_uint_eq(a.outcomes[i], 5 * c.outcomes[i]);
		ck_assert_uint_eq(a.failed_by[i], 5 * c.failed_by[i]);
		ck_assert_uint_eq(a.lost_by[i], 5 * c.lost_by[i]);
	}
	for (size_t i = 0; i < TALLY_STATUSES; i++)
		ck_assert_uint_eq(a.status[i], 5 * c.status[i]);
	for (size_t i = 0; i < HISTS; i++) {
		ck_assert_uint_eq(hist_of(&a, i)->count, 5 * (i + 1));
		ck_assert_uint_eq(hist_of(&a, i)->slots[100 * (i + 1)], 5 * (i + 1));
	}
}
END_TEST

static void set_gauges(struct tally *t, uint64_t base)
{
	tally_init(t);
	t->in_flight = base + 1;
	t->oldest_in_flight_ns = base + 2;
	t->open = base + 3;
	t->open_max = base + 4;
	t->active_max = base + 5;
	t->slots_left = base + 6;
	t->last_end_ns = base + 7;
	t->issued_until_ns = base + 8;
	t->active = base + 9;
	t->opening = base + 10;
	t->held_from_ns = base + 11;
}

START_TEST(a_later_window_replaces_the_gauges)
{
	set_gauges(&a, 1000);
	set_gauges(&b, 10);
	tally_extend(&a, &b);
	ck_assert_uint_eq(a.in_flight, 11);
	ck_assert_uint_eq(a.oldest_in_flight_ns, 12);
	ck_assert_uint_eq(a.open, 13);
	ck_assert_uint_eq(a.open_max, 14);
	ck_assert_uint_eq(a.active_max, 15);
	ck_assert_uint_eq(a.slots_left, 16);
	ck_assert_uint_eq(a.active, 19);
	ck_assert_uint_eq(a.opening, 20);
}
END_TEST

START_TEST(another_workers_gauges_add_up_and_the_oldest_request_stays)
{
	set_gauges(&a, 1000);
	set_gauges(&b, 10);
	tally_join(&a, &b);
	ck_assert_uint_eq(a.in_flight, 1012);
	ck_assert_uint_eq(a.oldest_in_flight_ns, 1002);
	ck_assert_uint_eq(a.open, 1016);
	ck_assert_uint_eq(a.open_max, 1018);
	ck_assert_uint_eq(a.active_max, 1020);
	ck_assert_uint_eq(a.slots_left, 1022);
	ck_assert_uint_eq(a.active, 1028);
	ck_assert_uint_eq(a.opening, 1030);
	b.oldest_in_flight_ns = 5000;
	tally_join(&a, &b);
	ck_assert_uint_eq(a.oldest_in_flight_ns, 5000);
}
END_TEST

START_TEST(the_latest_instants_are_kept_in_both_ways)
{
	set_gauges(&a, 1000);
	set_gauges(&b, 10);
	ways[_i](&a, &b);
	ck_assert_uint_eq(a.last_end_ns, 1007);
	ck_assert_uint_eq(a.issued_until_ns, 1008);
	ck_assert_uint_eq(a.held_from_ns, 1011);
	ways[_i](&b, &a);
	ck_assert_uint_eq(b.last_end_ns, 1007);
	ck_assert_uint_eq(b.issued_until_ns, 1008);
	ck_assert_uint_eq(b.held_from_ns, 1011);
}
END_TEST

START_TEST(the_window_grows_to_cover_both)
{
	tally_init(&a);
	tally_init(&b);
	b.from_ns = 500;
	b.to_ns = 600;
	ways[_i](&a, &b); /* the first: a window that was never set covers nothing */
	ck_assert_uint_eq(a.from_ns, 500);
	ck_assert_uint_eq(a.to_ns, 600);
	b.from_ns = 600;
	b.to_ns = 700;
	ways[_i](&a, &b);
	ck_assert_uint_eq(a.from_ns, 500);
	ck_assert_uint_eq(a.to_ns, 700);
	b.from_ns = 450;
	b.to_ns = 650;
	ways[_i](&a, &b);
	ck_assert_uint_eq(a.from_ns, 450);
	ck_assert_uint_eq(a.to_ns, 700);
	tally_init(&b);
	ways[_i](&a, &b);
	ck_assert_uint_eq(a.from_ns, 450);
	ck_assert_uint_eq(a.to_ns, 700);
}
END_TEST

START_TEST(either_side_sets_shed_ok)
{
	tally_init(&a);
	tally_init(&b);
	ways[_i](&a, &b);
	ck_assert(!a.shed_ok);
	b.shed_ok = true;
	ways[_i](&a, &b);
	ck_assert(a.shed_ok);
	b.shed_ok = false;
	ways[_i](&a, &b);
	ck_assert(a.shed_ok);
}
END_TEST

START_TEST(every_outcome_is_on_exactly_one_side)
{
	for (int o = 0; o < OUTCOME_COUNT; o++) {
		tally_init(&a);
		a.outcomes[o] = 7;
		uint64_t sides = a.outcomes[OUTCOME_OK] + a.outcomes[OUTCOME_SHED] +
				 tally_failed(&a) + tally_generator_side(&a);
		ck_assert_uint_eq(sides, 7);
		ck_assert_uint_eq(tally_ended(&a), 7);
		ck_assert_uint_eq(tally_generator_side(&a),
				  outcome_side((enum outcome)o) == SIDE_GENERATOR ? 7 : 0);
	}
}
END_TEST

START_TEST(the_error_rate_leaves_the_generators_side_out)
{
	tally_init(&a);
	ck_assert_double_eq(tally_error_rate(&a), 0);
	a.outcomes[OUTCOME_PORTS_EXHAUSTED] = 1000;
	ck_assert_double_eq(tally_error_rate(&a), 0);
	a.outcomes[OUTCOME_OK] = 6;
	a.outcomes[OUTCOME_TIMEOUT] = 1;
	a.outcomes[OUTCOME_HTTP_5XX] = 1;
	ck_assert_double_eq(tally_error_rate(&a), 0.25);
}
END_TEST

START_TEST(shed_answers_are_failures_unless_taken_as_ok)
{
	tally_init(&a);
	a.outcomes[OUTCOME_OK] = 5;
	a.outcomes[OUTCOME_TIMEOUT] = 1;
	a.outcomes[OUTCOME_SHED] = 2;
	ck_assert_double_eq(tally_error_rate(&a), 3.0 / 8);
	a.shed_ok = true;
	ck_assert_double_eq(tally_error_rate(&a), 1.0 / 8);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("tally");
	tcase_add_test(all, a_new_tally_is_zero_and_its_histograms_are_empty);
	tcase_add_test(all, memory_that_is_zero_need_only_be_started);
	tcase_add_test(all, reset_leaves_the_memory_of_a_new_one);
	tcase_add_loop_test(all, counters_and_histograms_add_up_in_both_ways, 0, 2);
	tcase_add_test(all, a_later_window_replaces_the_gauges);
	tcase_add_test(all, another_workers_gauges_add_up_and_the_oldest_request_stays);
	tcase_add_loop_test(all, the_latest_instants_are_kept_in_both_ways, 0, 2);
	tcase_add_loop_test(all, the_window_grows_to_cover_both, 0, 2);
	tcase_add_loop_test(all, either_side_sets_shed_ok, 0, 2);
	tcase_add_test(all, every_outcome_is_on_exactly_one_side);
	tcase_add_test(all, the_error_rate_leaves_the_generators_side_out);
	tcase_add_test(all, shed_answers_are_failures_unless_taken_as_ok);
	Suite *suite = suite_create("tally");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
