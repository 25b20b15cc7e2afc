/* A crew against a small HTTP server on a thread of the same program. */
#include "load/crew.h"

#include "base/mono.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 10000

/* --- the server ------------------------------------------------------------------------- */

enum { PEERS_MAX = 128 };

static struct server {
	struct pollfd fds[PEERS_MAX]; /* the end of a pipe that stops it, the listener, peers */
	unsigned count;
	int stop_fd;
	unsigned answered;
	_Atomic bool silent;
	_Atomic unsigned answer_most; /* 0: without end */
	pthread_t thread;
} server;

/* One answer a request; requests come whole, each ends with an empty line. */
static bool answer(int fd)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	char in[8192];
	ssize_t n = recv(fd, in, sizeof in, 0);
	if (n <= 0)
		return false;
	const char *at = in, *end = in + n;
	while ((at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4))) {
		at += 4;
		if (server.silent)
			continue;
		unsigned most = server.answer_most;
		if (most && server.answered == most)
			continue;
		server.answered++;
		if (send(fd, ok, sizeof ok - 1, MSG_NOSIGNAL) < 0)
			return false;
	}
	return true;
}

static void serve_peers(void)
{
	for (unsigned i = 2; i < server.count; i++) {
		if (!server.fds[i].revents || answer(server.fds[i].fd))
			continue;
		close(server.fds[i].fd);
		server.fds[i--] = server.fds[--server.count];
	}
	if (!server.fds[1].revents || server.count == PEERS_MAX)
		return;
	int fd = accept4(server.fds[1].fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		server.fds[server.count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void *server_main(void *arg)
{
	while (poll(server.fds, server.count, -1) >= 0 && !server.fds[0].revents)
		serve_peers();
	return arg;
}

static void server_start(struct addr *ret)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[2];
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&here, sizeof here), 0);
	ck_assert_int_eq(listen(fd, 128), 0);
	ck_assert_int_eq(pipe(ends), 0);
	*ret = (struct addr){.len = sizeof here};
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&ret->sa, &ret->len), 0);
	server.fds[0] = (struct pollfd){.fd = ends[0], .events = POLLIN};
	server.fds[1] = (struct pollfd){.fd = fd, .events = POLLIN};
	server.stop_fd = ends[1];
	server.count = 2;
	ck_assert_int_eq(pthread_create(&server.thread, NULL, server_main, NULL), 0);
}

static void server_stop(void)
{
	close(server.stop_fd);
	pthread_join(server.thread, NULL);
	for (unsigned i = 0; i < server.count; i++)
		close(server.fds[i].fd);
}

/* --- the crew --------------------------------------------------------------------------- */

static struct plan plan;
static struct tally *total, *window;
static cpu_set_t cpus;
static struct err err;

/* 200 requests over two connections of each of two workers. */
static void plan_start(void)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	signal(SIGPIPE, SIG_IGN);
	server = (struct server){.silent = false};
	err = (struct err){0};
	plan = (struct plan){.keepalive = true,
			     .pipeline = 1,
			     .connections = 4,
			     .workers = 2,
			     .requests = 200,
			     .duration_ns = UINT64_MAX,
			     .timeout_ns = 10 * NS_PER_S,
			     .connect_timeout_ns = 5 * NS_PER_S,
			     .drain_ns = 5 * NS_PER_S,
			     .window_ns = 10 * NS_PER_MS};
	ck_assert_int_eq(plan_set_request(&plan, span_of(request), &err), 0);
	ck_assert_int_eq(sched_getaffinity(0, sizeof cpus, &cpus), 0);
	total = malloc(sizeof *total);
	window = malloc(sizeof *window);
	ck_assert(total && window);
	tally_init(total);
	tally_init(window);
}

static void plan_end(void)
{
	plan_fini(&plan);
	free(total);
	free(window);
}

static void start(void)
{
	plan_start();
	server_start(&plan.to);
}

static void end(void)
{
	server_stop();
	plan_end();
}

static struct crew *crew_of(uint64_t descriptors)
{
	struct crew *c;
	ck_assert_msg(!crew_new(&c, &plan, &cpus, descriptors, &err), "%s", err.text);
	return c;
}

static void await_end(struct crew *c)
{
	struct pollfd p = {.fd = crew_fd(c), .events = POLLIN};
	uint64_t left, until = mono_ns() + PATIENCE_MS * NS_PER_MS;
	while (!crew_ended(c)) {
		ck_assert_msg(mono_ns() < until, "the crew does not end");
		if (poll(&p, 1, 5) > 0)
			ck_assert_int_eq(read(p.fd, &left, sizeof left), sizeof left);
		crew_collect(c, window);
	}
}

static void join(struct crew *c)
{
	ck_assert_msg(!crew_join(c, total, &err), "%s", err.text);
	crew_free(c);
	ck_assert_uint_eq(total->intended, tally_ended(total) + total->in_flight);
	ck_assert_uint_eq(total->slots_left, 0);
}

START_TEST(a_counted_load_is_done_to_the_last_request)
{
	static const uint32_t depths[] = {1, 2, 16};
	plan_fini(&plan);
	plan.pipeline = depths[_i];
	plan.requests = 201; /* not even */
	ck_assert_int_eq(plan_set_request(&plan, span_of("GET / HTTP/1.1\r\n\r\n"), &err), 0);
	struct crew *c = crew_of(1024);
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
	struct crew *c = crew_of(1024);
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
	struct crew *c = crew_of(1024);
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
	struct crew *c = crew_of(1024);
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
	struct crew *c = crew_of(1024);
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
	struct crew *c = crew_of(1024);
	crew_go(c, mono_ns());
	await_end(c);
	join(c);
	ck_assert_uint_eq(total->outcomes[OUTCOME_TIMEOUT], 8);
	ck_assert_uint_eq(total->intended, 8);
}
END_TEST

START_TEST(connections_without_a_descriptor_are_our_own_fault)
{
	plan.requests = 100;
	struct crew *c = crew_of(1); /* of the two of each worker */
	ck_assert_uint_eq(crew_slots(c), 2);
	crew_go(c, mono_ns());
	await_end(c);
	join(c);
	ck_assert_uint_gt(total->outcomes[OUTCOME_DESCRIPTORS_EXHAUSTED], 0);
	ck_assert_uint_eq(
		total->outcomes[OUTCOME_DESCRIPTORS_EXHAUSTED] + total->outcomes[OUTCOME_OK], 100);
}
END_TEST

START_TEST(a_crew_that_never_went_can_be_freed)
{
	crew_free(crew_of(1024));
	crew_free(NULL);
}
END_TEST

START_TEST(a_crew_that_runs_can_be_freed)
{
	plan.requests = 0;
	struct crew *c = crew_of(1024);
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
	if (crew_new(&c, &plan, &cpus, 1024, &err) == 0)
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

int main(void)
{
	const TTest *const tests[] = {
		a_worker_more_than_cpus_goes_round,
		an_open_loop_sends_what_is_due,
		a_stop_leaves_what_is_in_flight,
		a_drain_awaits_answers_for_its_time_and_no_longer,
		a_drain_with_all_answered_ends_at_once,
		silence_ends_in_timeouts,
		connections_without_a_descriptor_are_our_own_fault,
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
	Suite *suite = suite_create("crew");
	suite_add_tcase(suite, all);
	suite_add_tcase(suite, alone);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
