/* Sessions of a real server on a thread of its own: what a connection holds while it is idle,
 * while it asks and while it is owed an answer, each with receives armed and with watches. */
#include "tests/unit/target_case.h"
#include "tests/lib/suite.h"

static const char ask[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

enum { MANY = 50 };

static void dial_many(int *fds)
{
	for (int i = 0; i < MANY; i++)
		fds[i] = client_dial();
	case_await_open(MANY);
}

static void close_many(const int *fds)
{
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
}

START_TEST(connections_that_ask_nothing_take_nothing)
{
	int fds[MANY];
	case_start(_i);
	dial_many(fds);
	const struct left *left = case_stop();
	ck_assert(!left->exchange_chunks && !left->pending_chunks);
	close_many(fds);
}
END_TEST

START_TEST(an_answered_connection_gives_back_what_it_took)
{
	int fds[MANY];
	case_start(_i);
	dial_many(fds);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++)
			client_say(fds[i], ask);
		for (int i = 0; i < MANY; i++)
			client_expect_answers(fds[i], 1);
	}
	case_await(COUNT_ANSWERS, 3 * MANY);
	const struct left *left = case_stop();
	ck_assert(left->exchange_chunks && left->pending_chunks);
	ck_assert_uint_eq(left->exchanges, 0);
	ck_assert_uint_eq(left->pendings, 0);
	close_many(fds);
}
END_TEST

START_TEST(a_request_in_single_bytes_is_read_across_them)
{
	case_start(_i);
	int fd = client_dial();
	for (const char *at = ask; *at; at++) {
		client_say(fd, (char[]){*at, '\0'});
		case_await(COUNT_BYTES_RECEIVED, (uint64_t)(at - ask) + 1);
	}
	client_expect_answers(fd, 1);
	case_await(COUNT_ANSWERS, 1);
	ck_assert_uint_eq(case_stop()->exchanges, 0);
	close(fd);
}
END_TEST

START_TEST(half_a_request_keeps_its_exchange)
{
	case_start(_i);
	int fd = client_dial();
	client_say(fd, ask);
	client_expect_answers(fd, 1);
	client_say(fd, "GET / HT");
	case_await(COUNT_BYTES_RECEIVED, strlen(ask) + 8);
	ck_assert_uint_eq(case_stop()->exchanges, 1);
	close(fd);
}
END_TEST

START_TEST(empty_lines_between_requests_keep_nothing)
{
	case_start(_i);
	int fd = client_dial();
	client_say(fd, "\r\n\r\n");
	case_await(COUNT_BYTES_RECEIVED, 4);
	client_say(fd, ask);
	client_expect_answers(fd, 1);
	case_await(COUNT_ANSWERS, 1);
	client_say(fd, "\r\n");
	case_await(COUNT_BYTES_RECEIVED, strlen(ask) + 6);
	ck_assert_uint_eq(case_stop()->exchanges, 0);
	close(fd);
}
END_TEST

START_TEST(an_answer_that_is_owed_keeps_its_exchange)
{
	case_start(_i);
	int fd = client_dial();
	client_say(fd, "GET /delay/1h HTTP/1.1\r\nHost: a\r\n\r\n");
	case_await(COUNT_REQUESTS, 1);
	const struct left *left = case_stop();
	ck_assert_uint_eq(left->exchanges, 1);
	ck_assert_uint_eq(left->pendings, 1);
	close(fd);
}
END_TEST

/* Each pair is two nodes: parsing pauses, bytes are parked, and both go on. */
START_TEST(far_more_pipelined_than_may_be_owed_is_all_answered)
{
	enum { PAIRS = 300 };
	case_start(_i);
	int fd = client_dial();
	for (int i = 0; i < PAIRS; i++) {
		client_say(fd, ask);
		client_say(fd, "GET /status/404 HTTP/1.1\r\nHost: a\r\n\r\n");
	}
	client_expect_answers(fd, 2 * PAIRS);
	case_await(COUNT_ANSWERS, 2 * PAIRS);
	const struct left *left = case_stop();
	ck_assert_uint_eq(left->exchanges, 0);
	ck_assert_uint_eq(left->pendings, 0);
	close(fd);
}
END_TEST

START_TEST(a_body_in_pieces_is_waited_for)
{
	static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
				   "Expect: 100-continue\r\n\r\n";
	case_start(_i);
	int fd = client_dial();
	client_say(fd, head);
	client_expect_answers(fd, 1); /* the interim one */
	client_say(fd, "ab");
	case_await(COUNT_BYTES_RECEIVED, strlen(head) + 2);
	ck_assert_uint_eq(case_count(COUNT_REQUESTS), 0);
	client_say(fd, "cd");
	client_expect_answers(fd, 1);
	case_await(COUNT_ANSWERS, 1);
	ck_assert_uint_eq(case_stop()->exchanges, 0);
	close(fd);
}
END_TEST

START_TEST(a_mute_connection_holds_nothing_more)
{
	case_start(_i);
	int fd = client_dial();
	client_say(fd, "GET /fault/silent HTTP/1.1\r\nHost: a\r\n\r\nGET / HT");
	case_await(COUNT_ANSWERS, 1);
	ck_assert_uint_eq(case_stop()->exchanges, 0);
	close(fd);
}
END_TEST

START_TEST(a_connection_that_lingers_after_a_bad_request_holds_nothing_more)
{
	case_start(_i);
	int fd = client_dial();
	client_say(fd, "GET / HTTP/x\r\n\r\n");
	client_expect_answers(fd, 1);
	case_await(COUNT_BYTES_SENT, 1);
	ck_assert_uint_eq(case_stop()->exchanges, 0);
	close(fd);
}
END_TEST

START_TEST(the_end_of_an_idle_connection_is_noticed)
{
	int fds[MANY];
	case_start(_i);
	dial_many(fds);
	for (int i = 0; i < MANY / 2; i++)
		client_reset(fds[i]);
	case_await_open(MANY - MANY / 2);
	for (int i = MANY / 2; i < MANY; i++)
		close(fds[i]);
	case_await_open(0);
	case_stop();
}
END_TEST

START_TEST(the_end_in_the_middle_of_a_request_is_noticed)
{
	case_start(_i);
	int fd = client_dial();
	client_say(fd, "GET / HT");
	case_await(COUNT_BYTES_RECEIVED, 8);
	close(fd);
	case_await_open(0);
	ck_assert_uint_eq(case_stop()->exchanges, 0);
}
END_TEST

/* --- without memory --------------------------------------------------------------------- */

static void expect_refusal(const char *request)
{
	int fd = client_dial();
	client_say(fd, request);
	client_expect_reset(fd);
	case_await(COUNT_OVERRUNS, 1);
	case_await_open(0);
	ck_assert_uint_eq(case_count(COUNT_ANSWERS), 0);
	const struct left *left = case_stop();
	ck_assert_uint_eq(left->exchanges, 0);
	ck_assert_uint_eq(left->pendings, 0);
	close(fd);
}

START_TEST(without_an_exchange_the_connection_is_reset_and_counted)
{
	case_limits.exchanges = 0;
	case_start(_i);
	expect_refusal(ask);
}
END_TEST

START_TEST(without_room_for_an_answer_the_connection_is_reset_and_counted)
{
	static const char *const requests[] = {
		ask,
		"GET /stats HTTP/1.1\r\nHost: a\r\n\r\n", /* rendered once: freed all the same */
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
		"not HTTP\r\n\r\n",
	};
	for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++) {
		case_limits.pendings = 0;
		case_start(_i);
		expect_refusal(requests[i]);
	}
}
END_TEST

START_TEST(one_connection_without_memory_leaves_the_others_alone)
{
	case_limits.exchanges = 1;
	case_start(_i);
	int slow = client_dial(), turned_away = client_dial();
	client_say(slow, "GET / HT");
	case_await(COUNT_BYTES_RECEIVED, 8);
	client_say(turned_away, ask);
	client_expect_reset(turned_away);
	client_say(slow, "TP/1.1\r\nHost: a\r\n\r\n");
	client_expect_answers(slow, 1);
	case_await(COUNT_ANSWERS, 1);
	int next = client_dial();
	client_say(next, ask);
	client_expect_answers(next, 1);
	case_await(COUNT_ANSWERS, 2);
	ck_assert_uint_eq(case_stop()->exchanges, 0);
	close(slow), close(turned_away), close(next);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_session");
	TCase *tests = tcase_create("session");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, case_listen, case_leave);
	tcase_add_loop_test(tests, connections_that_ask_nothing_take_nothing, 0, 2);
	tcase_add_loop_test(tests, an_answered_connection_gives_back_what_it_took, 0, 2);
	tcase_add_loop_test(tests, a_request_in_single_bytes_is_read_across_them, 0, 2);
	tcase_add_loop_test(tests, half_a_request_keeps_its_exchange, 0, 2);
	tcase_add_loop_test(tests, empty_lines_between_requests_keep_nothing, 0, 2);
	tcase_add_loop_test(tests, an_answer_that_is_owed_keeps_its_exchange, 0, 2);
	tcase_add_loop_test(tests, far_more_pipelined_than_may_be_owed_is_all_answered, 0, 2);
	tcase_add_loop_test(tests, a_body_in_pieces_is_waited_for, 0, 2);
	tcase_add_loop_test(tests, a_mute_connection_holds_nothing_more, 0, 2);
	tcase_add_loop_test(tests, a_connection_that_lingers_after_a_bad_request_holds_nothing_more,
			    0, 2);
	tcase_add_loop_test(tests, the_end_of_an_idle_connection_is_noticed, 0, 2);
	tcase_add_loop_test(tests, the_end_in_the_middle_of_a_request_is_noticed, 0, 2);
	tcase_add_loop_test(tests, without_an_exchange_the_connection_is_reset_and_counted, 0, 2);
	tcase_add_loop_test(tests, without_room_for_an_answer_the_connection_is_reset_and_counted,
			    0, 2);
	tcase_add_loop_test(tests, one_connection_without_memory_leaves_the_others_alone, 0, 2);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
