/* A crew against a small HTTP server. */
#include "tests/unit/crew_case.h"

#include <sys/resource.h>
#include <sys/wait.h>

START_TEST(a_counted_load_is_done_to_the_last_request)
{
	static const uint32_t depths[] = {1, 2, 16};
	mem_pages_free((void *)(uintptr_t)plan.wire.ptr, plan.wire.len);
	plan.pipeline = depths[_i];
	plan.requests = 201; /* not even */
	ck_assert_int_eq(plan_set_request(&plan, span_of("GET / HTTP/1.1\r\n\r\n"), &err), 0);
	struct crew *c = crew_of(0);
	ck_assert_uint_eq(crew_slots(c), 4);
	ck_assert(!crew_ended(c));
	crew_go(c, mono_ns());
	await_end(c);
	join(c);
	ck_assert_uint_eq(total->intended, 201);
	ck_assert_uint_eq(total->outcomes[OUTCOME_OK], 201);
	ck_assert_uint_eq(total->status[200], 201);
	ck_assert_uint_eq(total->sent, 201);
	ck_assert_uint_eq(total->opened, 4);
	ck_assert_uint_eq(total->intended_us.count, 201);
	ck_assert_uint_le(window->intended, 201);
}
END_TEST

START_TEST(a_worker_more_than_cpus_goes_round)
{
	plan.workers = 4;
	struct crew *c = crew_of(0);
	crew_go(c, mono_ns());
	await_end(c);
	join(c);
	ck_assert_uint_eq(total->outcomes[OUTCOME_OK], 200);
}
END_TEST

START_TEST(an_open_loop_sends_what_is_due)
{
	plan.rate_rps = 2000;
	plan.requests = 0;
	plan.duration_ns = 100 * NS_PER_MS;
	struct crew *c = crew_of(0);
	crew_go(c, mono_ns());
	await_end(c);
	join(c);
	ck_assert_uint_eq(total->intended, 200);
	ck_assert_uint_eq(total->outcomes[OUTCOME_OK] + total->in_flight +
				  total->outcomes[OUTCOME_UNSENT],
			  200);
}
END_TEST

/* The server answers fifty requests, then none: four stay in flight. */
static struct crew *crew_that_waits(void)
{
	server.answer_most = 50;
	plan.requests = 0;
	struct crew *c = crew_of(0);
	crew_go(c, mono_ns());
	uint64_t until = mono_ns() + PATIENCE_MS * NS_PER_MS;
	while (window->outcomes[OUTCOME_OK] < 50) {
		ck_assert_msg(mono_ns() < until, "%lu answers only",
			      (unsigned long)window->outcomes[OUTCOME_OK]);
		crew_collect(c, window);
		poll(NULL, 0, 1);
	}
	ck_assert(!crew_ended(c));
	return c;
}

START_TEST(a_stop_leaves_what_is_in_flight)
{
	plan.drain_ns = 60 * NS_PER_S;
	struct crew *c = crew_that_waits();
	crew_order(c, ORDER_STOP);
	await_end(c);
	join(c);
	ck_assert_uint_eq(total->outcomes[OUTCOME_OK], 50);
	ck_assert_uint_eq(total->in_flight, 4);
	ck_assert_uint_eq(total->intended, 54);
	ck_assert_uint_gt(total->oldest_in_flight_ns, 0);
}
END_TEST

START_TEST(a_drain_awaits_answers_for_its_time_and_no_longer)
{
	plan.drain_ns = 100 * NS_PER_MS;
	struct crew *c = crew_that_waits();
	uint64_t before = mono_ns();
	crew_order(c, ORDER_DRAIN);
	await_end(c);
	ck_assert_uint_ge(mono_ns() - before, 100 * NS_PER_MS);
	join(c);
	ck_assert_uint_eq(total->outcomes[OUTCOME_OK], 50);
	ck_assert_uint_eq(total->in_flight, 4);
}
END_TEST

START_TEST(a_drain_with_all_answered_ends_at_once)
{
	plan.requests = 0;
	plan.drain_ns = 60 * NS_PER_S;
	struct crew *c = crew_of(0);
	crew_go(c, mono_ns());
	crew_order(c, ORDER_DRAIN);
	await_end(c);
	join(c);
	ck_assert_uint_eq(total->in_flight, 0);
	ck_assert_uint_eq(total->outcomes[OUTCOME_OK], total->intended);
}
END_TEST

START_TEST(silence_ends_in_timeouts)
{
	server.silent = true;
	plan.requests = 8;
	plan.timeout_ns = 50 * NS_PER_MS;
	struct crew *c = crew_of(0);
	crew_go(c, mono_ns());
	await_end(c);
	join(c);
	ck_assert_uint_eq(total->outcomes[OUTCOME_TIMEOUT], 8);
	ck_assert_uint_eq(total->intended, 8);
}
END_TEST

START_TEST(a_ring_for_every_connection_does_the_same)
{
	struct crew *c = crew_of(1);
	bool several = crew_rings(c) == 4; /* where descriptors lie in tables */
	ck_assert_uint_eq(crew_slots(c), several ? 4 : 2);
	crew_go(c, mono_ns());
	await_end(c);
	join(c);
	uint64_t ours = total->outcomes[OUTCOME_DESCRIPTORS_EXHAUSTED];
	ck_assert_uint_eq(total->outcomes[OUTCOME_OK] + ours, 200);
	ck_assert_int_eq(ours == 0, several);
}
END_TEST

/* --- freeing ---------------------------------------------------------------------------- */

START_TEST(a_crew_that_never_went_can_be_freed)
{
	crew_free(crew_of(0));
	crew_free(NULL);
}
END_TEST

START_TEST(a_crew_that_runs_can_be_freed)
{
	plan.requests = 0;
	struct crew *c = crew_of(0);
	crew_go(c, mono_ns());
	crew_free(c);
}
END_TEST

/* --- where it cannot start -------------------------------------------------------------- */

/* In a child, for a hard limit cannot be raised again: 0 where it failed cleanly and in words. */
static int start_with_descriptors(rlim_t most)
{
	const struct rlimit low = {most, most};
	struct crew *c = NULL;
	if (setrlimit(RLIMIT_NOFILE, &low))
		return 2;
	if (crew_new(&c, &plan, &cpus, 0, &err) == 0)
		return 3;
	if (c || err.kind != ERR_RUNTIME || !err.text[0])
		return 4;
	return 0;
}

START_TEST(a_worker_without_a_ring_fails_the_crew_cleanly)
{
	/* Descriptors that are open already, and one, two, three more: for the crew's own end,
	 * for the first worker's ring, for the second's. */
	int next = dup(0);
	close(next);
	plan.connections = 2000; /* more than the ring's table may have */
	plan.workers = 2;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		_exit(start_with_descriptors((rlim_t)(next + _i)));
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Eight connections of one worker, with descriptors for some of them; the parent serves. */
static int run_short_of_descriptors(rlim_t most, bool direct)
{
	const struct rlimit low = {most, most};
	struct crew *c;
	plan.connections = 8;
	plan.workers = 1;
	plan.requests = 100;
	setenv("BRINK_DISABLE", direct ? "" : "direct", 1);
	if (setrlimit(RLIMIT_NOFILE, &low) || crew_new(&c, &plan, &cpus, 1, &err))
		return 2;
	if (direct && crew_slots(c) >= 8)
		return crew_rings(c) == 1 ? 0 : 3; /* a kernel without direct descriptors */
	crew_go(c, mono_ns());
	while (!crew_ended(c))
		poll(&(struct pollfd){.fd = crew_fd(c), .events = POLLIN}, 1, 5);
	if (crew_join(c, total, &err))
		return 4;
	uint64_t ours = total->outcomes[OUTCOME_DESCRIPTORS_EXHAUSTED];
	if (!ours || !total->outcomes[OUTCOME_OK] || ours + total->outcomes[OUTCOME_OK] != 100)
		return 5;
	return total->failed_by[OUTCOME_DESCRIPTORS_EXHAUSTED] != total->failed;
}

START_TEST(connections_without_a_descriptor_are_our_own_fault)
{
	int next = dup(0);
	close(next);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		_exit(run_short_of_descriptors((rlim_t)next + 6, _i));
	close(server.stop_fd); /* the child's end of it closes when it ends */
	server_main(NULL);
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(status == 0, "status %d", status >> 8);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_ring_for_every_connection_does_the_same,
		a_worker_more_than_cpus_goes_round,
		an_open_loop_sends_what_is_due,
		a_stop_leaves_what_is_in_flight,
		a_drain_awaits_answers_for_its_time_and_no_longer,
		a_drain_with_all_answered_ends_at_once,
		silence_ends_in_timeouts,
		a_crew_that_never_went_can_be_freed,
		a_crew_that_runs_can_be_freed,
	};
	TCase *all = tcase_create("crew");
	tcase_set_timeout(all, 30);
	tcase_add_checked_fixture(all, start, end);
	tcase_add_loop_test(all, a_counted_load_is_done_to_the_last_request, 0, 3);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(all, tests[i]);
	TCase *alone = tcase_create("crew_start"); /* no server: a child wants no threads */
	tcase_add_checked_fixture(alone, plan_start, plan_end);
	tcase_add_loop_test(alone, a_worker_without_a_ring_fails_the_crew_cleanly, 0, 5);
	TCase *outside = tcase_create("crew_outside"); /* nor here: this process is the server */
	tcase_set_timeout(outside, 30);
	tcase_add_checked_fixture(outside, listen_start, listen_end);
	tcase_add_loop_test(outside, connections_without_a_descriptor_are_our_own_fault, 0, 2);
	Suite *suite = suite_create("crew");
	suite_add_tcase(suite, all);
	suite_add_tcase(suite, alone);
	suite_add_tcase(suite, outside);
	return case_main(suite);
}
