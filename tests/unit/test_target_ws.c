/* WebSocket connections of a real server: echoes, control frames, and what an idle one holds. */
#include "tests/unit/target_case.h"
#include "tests/lib/suite.h"

static const char ask[] = "GET /any HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
			  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
			  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/* Without a mask a frame could not be from a client: RFC 6455 5.1. This one changes nothing. */
static size_t frame(char *ret, unsigned char first, const char *payload)
{
	size_t len = strlen(payload);
	ret[0] = (char)first;
	ret[1] = (char)(0x80 | len);
	memset(ret + 2, 0, 4);
	memcpy(ret + 6, payload, len);
	return 6 + len;
}

static void say_frame(int fd, unsigned char first, const char *payload)
{
	char bytes[256];
	size_t len = frame(bytes, first, payload);
	ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static void expect_bytes(int fd, const char *bytes, size_t len)
{
	char got[4096];
	ck_assert_uint_le(len, sizeof got);
	ck_assert_int_eq(recv(fd, got, len, MSG_WAITALL), len);
	ck_assert(memcmp(got, bytes, len) == 0);
}

static void expect_frame(int fd, unsigned char first, const char *payload, size_t len)
{
	char head[2] = {(char)first, (char)len};
	expect_bytes(fd, head, 2);
	expect_bytes(fd, payload, len);
}

static void expect_end(int fd)
{
	char c;
	ck_assert_int_eq(recv(fd, &c, 1, 0), 0);
}

/* Reads the head of the answer. */
static void expect_head(int fd, const char *status)
{
	char head[1024];
	size_t len = 0;
	while (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0) {
		ck_assert_uint_lt(len, sizeof head);
		ck_assert_int_eq(recv(fd, head + len++, 1, 0), 1);
	}
	ck_assert(memcmp(head + strlen("HTTP/1.1 "), status, 3) == 0);
}

static int upgraded(void)
{
	int fd = client_dial();
	client_say(fd, ask);
	expect_head(fd, "101");
	return fd;
}

START_TEST(text_and_binary_come_back)
{
	case_start(_i);
	int fd = upgraded();
	say_frame(fd, 0x81, "hello");
	expect_frame(fd, 0x81, "hello", 5);
	say_frame(fd, 0x82, "");
	expect_frame(fd, 0x82, "", 0);
	case_await(COUNT_WS_MESSAGES, 2);
	ck_assert_uint_eq(case_count(COUNT_WS_CONNECTIONS), 1);
	ck_assert_uint_eq(case_count(COUNT_REQUESTS), 0);
	ck_assert_uint_eq(case_stop()->exchanges, 0);
	close(fd);
}
END_TEST

START_TEST(a_request_and_frames_in_single_bytes_are_read_across_them)
{
	case_start(_i);
	int fd = client_dial();
	char bytes[sizeof ask + 64];
	size_t len = sizeof ask - 1;
	memcpy(bytes, ask, len);
	len += frame(bytes + len, 0x81, "one");
	len += frame(bytes + len, 0x81, "two");
	for (size_t i = 0; i < len; i++) {
		ck_assert_int_eq(send(fd, bytes + i, 1, MSG_NOSIGNAL), 1);
		case_await(COUNT_BYTES_RECEIVED, i + 1);
	}
	expect_head(fd, "101");
	expect_frame(fd, 0x81, "one", 3);
	expect_frame(fd, 0x81, "two", 3);
	case_stop();
	close(fd);
}
END_TEST

START_TEST(frames_right_behind_the_request_are_read)
{
	case_start(_i);
	int fd = client_dial();
	char bytes[sizeof ask + 64];
	size_t len = sizeof ask - 1;
	memcpy(bytes, ask, len);
	len += frame(bytes + len, 0x81, "early");
	ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), len);
	expect_head(fd, "101");
	expect_frame(fd, 0x81, "early", 5);
	case_stop();
	close(fd);
}
END_TEST

START_TEST(fragments_come_back_as_one_message_with_pings_answered_between)
{
	case_start(_i);
	int fd = upgraded();
	say_frame(fd, 0x01, "frag");
	say_frame(fd, 0x89, "ping");
	expect_frame(fd, 0x8a, "ping", 4);
	say_frame(fd, 0x80, "ment");
	expect_frame(fd, 0x81, "fragment", 8);
	case_stop();
	close(fd);
}
END_TEST

START_TEST(a_close_is_answered_and_ends_the_connection)
{
	case_start(_i);
	int fd = upgraded();
	say_frame(fd, 0x88, "\x03\xe9");
	expect_frame(fd, 0x88, "\x03\xe9", 2);
	expect_end(fd);
	close(fd);
	case_await_open(0);
	case_stop();
}
END_TEST

START_TEST(bad_frames_are_closed_on_with_their_code)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *code;
	} bad[] = {
		{"\x81\x01x", 3, "\x03\xea"},                 /* no mask */
		{"\xc1\x80\0\0\0\0", 6, "\x03\xea"},          /* a reserved bit */
		{"\x83\x80\0\0\0\0", 6, "\x03\xea"},          /* an opcode that there is not */
		{"\x80\x80\0\0\0\0", 6, "\x03\xea"},          /* a continuation of nothing */
		{"\x81\x81\0\0\0\0\xff", 7, "\x03\xef"},      /* no UTF-8 */
		{"\x82\xfe\x04\x01\0\0\0\0x", 9, "\x03\xf1"}, /* 1025 bytes */
	};
	static char limit[] = "--ws-max-message=1024";
	case_flags[0] = limit;
	case_start(false);
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		int fd = upgraded();
		ck_assert_int_eq(send(fd, bad[i].bytes, bad[i].len, MSG_NOSIGNAL), bad[i].len);
		expect_frame(fd, 0x88, bad[i].code, 2);
		expect_end(fd);
		close(fd);
	}
	case_stop();
}
END_TEST

START_TEST(handshakes_that_are_not_valid_are_refused)
{
	case_start(_i);
	int fd = client_dial();
	client_say(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
		       "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n");
	expect_head(fd, "400");
	close(fd);
	fd = client_dial();
	client_say(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
		       "Upgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
		       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
	expect_head(fd, "426");
	close(fd);
	ck_assert_uint_eq(case_count(COUNT_BAD_REQUESTS), 2);
	case_stop();
}
END_TEST

START_TEST(an_upgrade_that_is_not_known_is_a_request)
{
	case_start(_i);
	int fd = client_dial();
	client_say(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
		       "Upgrade: TLS/1.0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
	client_expect_answers(fd, 2);
	case_await(COUNT_ANSWERS, 2);
	ck_assert_uint_eq(case_stop()->exchanges, 0);
	close(fd);
}
END_TEST

START_TEST(a_connection_that_leaves_within_a_message_is_forgotten)
{
	case_start(_i);
	int fd = upgraded();
	char half[] = "\x81\x85\0\0\0\0he";
	ck_assert_int_eq(send(fd, half, sizeof half - 1, MSG_NOSIGNAL), sizeof half - 1);
	close(fd);
	case_await_open(0);
	case_stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_ws");
	TCase *tests = tcase_create("ws");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, case_listen, case_leave);
	tcase_add_loop_test(tests, text_and_binary_come_back, 0, 2);
	tcase_add_loop_test(tests, a_request_and_frames_in_single_bytes_are_read_across_them, 0, 2);
	tcase_add_loop_test(tests, frames_right_behind_the_request_are_read, 0, 2);
	tcase_add_loop_test(tests, fragments_come_back_as_one_message_with_pings_answered_between,
			    0, 2);
	tcase_add_loop_test(tests, a_close_is_answered_and_ends_the_connection, 0, 2);
	tcase_add_test(tests, bad_frames_are_closed_on_with_their_code);
	tcase_add_loop_test(tests, handshakes_that_are_not_valid_are_refused, 0, 2);
	tcase_add_loop_test(tests, an_upgrade_that_is_not_known_is_a_request, 0, 2);
	tcase_add_loop_test(tests, a_connection_that_leaves_within_a_message_is_forgotten, 0, 2);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
