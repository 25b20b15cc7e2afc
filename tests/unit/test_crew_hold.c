/* A crew that holds connections, or makes them from tuples of its own choice. */
#include "tests/unit/crew_case.h"

static void hold(enum plan_idle idle)
{
	plan.hold = true;
	plan.idle = idle;
	plan.requests = 0;
	plan.duration_ns = 50 * NS_PER_MS;
}

START_TEST(connections_that_are_held_are_asked_once_at_the_end)
{
	hold(_i);
	plan.verify = true;
	struct crew *c = crew_of(0);
	uint64_t before = mono_ns();
	crew_go(c, before);
	await_end(c);
	join(c);
	ck_assert_uint_eq(total->opened, 4);
	ck_assert_uint_eq(total->outcomes[OUTCOME_OK], 4);
	ck_assert_uint_eq(total->intended, 4);
	ck_assert_uint_eq(total->lost + total->failed, 0);
	ck_assert_uint_ge(total->held_from_ns, before);
	ck_assert_uint_ge(mono_ns() - total->held_from_ns, plan.duration_ns);
}
END_TEST

START_TEST(a_hold_lasts_until_it_is_told)
{
	hold(_i);
	plan.duration_ns = UINT64_MAX;
	struct crew *c = crew_of(0);
	crew_go(c, mono_ns());
	uint64_t until = mono_ns() + PATIENCE_MS * NS_PER_MS;
	while (window->opened < 4) {
		ck_assert_msg(mono_ns() < until, "%lu are open", (unsigned long)window->opened);
		crew_collect(c, window);
		poll(NULL, 0, 1);
	}
	ck_assert(!crew_ended(c));
	crew_order(c, ORDER_DRAIN);
	await_end(c);
	join(c);
	ck_assert_uint_eq(total->opened, 4);
	ck_assert_uint_eq(total->bytes_sent, 0);
}
END_TEST

START_TEST(where_memory_is_short_nothing_is_opened_any_more)
{
	hold(PLAN_RECEIVE);
	struct crew *c = crew_of(0);
	crew_memory_short(c);
	crew_go(c, mono_ns());
	await_end(c);
	join(c);
	ck_assert_uint_eq(total->opened, 0);
	ck_assert_uint_ge(total->failed, 4);
	ck_assert_uint_eq(total->failed_by[OUTCOME_MEMORY_EXHAUSTED], total->failed);
}
END_TEST

START_TEST(tuples_of_our_choice_are_those_that_the_server_sees)
{
	/* 127.0.0.2 and 127.0.0.3, one connection of each worker from either */
	plan.tuples.from = calloc(2, sizeof *plan.tuples.from);
	ck_assert_ptr_nonnull(plan.tuples.from);
	plan.tuples.from_count = plan.tuples.per_pair = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct sockaddr_in from = {.sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + i)};
		memcpy(&plan.tuples.from[i].sa, &from, sizeof from);
		plan.tuples.from[i].len = sizeof from;
	}
	struct crew *c = crew_of(0);
	crew_go(c, mono_ns());
	await_end(c);
	join(c);
	ck_assert_uint_eq(total->outcomes[OUTCOME_OK], 200);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_uint_gt(server.peers_from[2 + i], 0);
	ck_assert_uint_eq(server.peers_from[2] + server.peers_from[3], total->opened);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("crew_hold");
	tcase_set_timeout(all, 30);
	tcase_add_checked_fixture(all, start, end);
	tcase_add_loop_test(all, connections_that_are_held_are_asked_once_at_the_end, 0, 3);
	tcase_add_loop_test(all, a_hold_lasts_until_it_is_told, 0, 3);
	tcase_add_test(all, where_memory_is_short_nothing_is_opened_any_more);
	tcase_add_test(all, tuples_of_our_choice_are_those_that_the_server_sees);
	Suite *suite = suite_create("crew_hold");
	suite_add_tcase(suite, all);
	return case_main(suite);
}
