/* HTTP/2 connections of a real server, against libnghttp2's client over a plain socket. */
#include "tests/unit/target_case.h"
#include "tests/lib/suite.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

enum { STREAMS = 64 };

/* A client, and what each stream got: by (id - 1) / 2. */
struct client {
	nghttp2_session *ng;
	int fd;
	size_t piece; /* bytes sent at once; 0: all */
	struct {
		unsigned status;
		size_t body;
		bool ended;
		uint32_t error;
		unsigned place; /* in the order of their ends, from 1 */
	} got[STREAMS];
	unsigned ended;
	int32_t goaway; /* last stream; -1: none came */
	uint32_t streams_max;
};

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *user)
{
	struct client *c = user;
	(void)ng, (void)flags, (void)value_len;
	if (name_len == 7 && memcmp(name, ":status", 7) == 0)
		c->got[frame->hd.stream_id / 2].status = (unsigned)strtoul((char *)value, NULL, 10);
	return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
		   void *user)
{
	struct client *c = user;
	(void)ng, (void)flags, (void)data;
	c->got[id / 2].body += len;
	return 0;
}

static int on_close(nghttp2_session *ng, int32_t id, uint32_t error, void *user)
{
	struct client *c = user;
	(void)ng;
	c->got[id / 2].ended = true;
	c->got[id / 2].error = error;
	c->got[id / 2].place = ++c->ended;
	return 0;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct client *c = user;
	(void)ng;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		c->goaway = frame->goaway.last_stream_id;
	for (size_t i = 0; frame->hd.type == NGHTTP2_SETTINGS && i < frame->settings.niv; i++)
		if (frame->settings.iv[i].settings_id == NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
			c->streams_max = frame->settings.iv[i].value;
	return 0;
}

static struct client client;

static struct client *begin(size_t piece)
{
	nghttp2_session_callbacks *callbacks;
	client = (struct client){.piece = piece, .fd = client_dial(), .goaway = -1};
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	ck_assert_int_eq(nghttp2_session_client_new(&client.ng, callbacks, &client), 0);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_submit_settings(client.ng, NGHTTP2_FLAG_NONE, NULL, 0);
	return &client;
}

static void end(struct client *c)
{
	nghttp2_session_del(c->ng);
	close(c->fd);
}

static nghttp2_nv field(const char *name, const char *value)
{
	return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
			    strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static int32_t ask(struct client *c, const char *method, const char *path)
{
	nghttp2_nv fields[] = {field(":method", method), field(":scheme", "http"),
			       field(":authority", "a"), field(":path", path)};
	return nghttp2_submit_request(c->ng, NULL, fields, 4, NULL, NULL);
}

static void push(struct client *c)
{
	const uint8_t *bytes;
	for (ssize_t len; (len = nghttp2_session_mem_send(c->ng, &bytes)) > 0;) {
		size_t step = c->piece ? c->piece : (size_t)len;
		for (size_t at = 0, n; at < (size_t)len; at += n) {
			n = (size_t)len - at < step ? (size_t)len - at : step;
			uint64_t before = c->piece ? case_count(COUNT_BYTES_RECEIVED) : 0;
			ck_assert_int_eq(send(c->fd, bytes + at, n, MSG_NOSIGNAL), n);
			if (c->piece)
				case_await(COUNT_BYTES_RECEIVED, before + n);
		}
	}
}

/* Goes on until so many streams have ended, or the connection has. */
static void run(struct client *c, unsigned ended)
{
	uint8_t bytes[16384];
	push(c);
	while (c->ended < ended) {
		ssize_t len = recv(c->fd, bytes, sizeof bytes, 0);
		if (len == 0)
			return;
		ck_assert_msg(len > 0, "%u of %u streams have ended", c->ended, ended);
		ck_assert_int_eq(nghttp2_session_mem_recv(c->ng, bytes, (size_t)len), len);
		push(c);
	}
}

static void expect_status(const struct client *c, int32_t id, unsigned status, size_t body)
{
	ck_assert_uint_eq(c->got[id / 2].status, status);
	ck_assert_uint_eq(c->got[id / 2].body, body);
	ck_assert_uint_eq(c->got[id / 2].error, 0);
}

START_TEST(paths_are_answered_as_over_http1)
{
	case_start(_i);
	struct client *c = begin(0);
	int32_t plain = ask(c, "GET", "/?query"), teapot = ask(c, "GET", "/status/418"),
		large = ask(c, "GET", "/body/1MiB"), none = ask(c, "GET", "/status/204"),
		missing = ask(c, "GET", "/status/x"), head = ask(c, "HEAD", "/body/100"),
		told = ask(c, "GET", "/stats");
	run(c, 7);
	expect_status(c, plain, 200, 2);
	expect_status(c, teapot, 418, 2);
	expect_status(c, large, 200, 1 << 20);
	expect_status(c, none, 204, 0);
	expect_status(c, missing, 404, 0);
	expect_status(c, head, 200, 0);
	ck_assert_uint_eq(c->got[told / 2].status, 200);
	case_await(COUNT_ANSWERS, 6);
	ck_assert_uint_eq(case_count(COUNT_REQUESTS), 6);
	ck_assert_uint_eq(case_count(COUNT_H2_STREAMS), 7);
	ck_assert_uint_eq(case_count(COUNT_H2_CONNECTIONS), 1);
	ck_assert_uint_eq(c->streams_max, 128);
	end(c);
	case_await_open(0);
	const struct left *left = case_stop();
	ck_assert_uint_eq(left->exchanges, 0);
	ck_assert_uint_eq(left->pendings, 0);
}
END_TEST

START_TEST(the_preface_is_known_in_single_bytes)
{
	case_start(_i);
	struct client *c = begin(1);
	ask(c, "GET", "/");
	run(c, 1);
	expect_status(c, 1, 200, 2);
	end(c);
	case_stop();
}
END_TEST

START_TEST(methods_that_begin_like_the_preface_are_http1)
{
	static const char *const asks[] = {"POST", "PUT", "PROPFIND"};
	case_start(_i);
	for (unsigned i = 0; i < 3; i++)
		for (size_t first = 1; first <= 3; first++) {
			char text[128];
			int fd = client_dial();
			snprintf(text, sizeof text,
				 "%s / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", asks[i]);
			uint64_t before = case_count(COUNT_BYTES_RECEIVED);
			ck_assert_int_eq(send(fd, text, first, MSG_NOSIGNAL), first);
			case_await(COUNT_BYTES_RECEIVED, before + first);
			client_say(fd, text + first);
			client_expect_answers(fd, 1);
			close(fd);
		}
	ck_assert_uint_eq(case_count(COUNT_BAD_REQUESTS), 0);
	ck_assert_uint_eq(case_count(COUNT_H2_CONNECTIONS), 0);
	case_stop();
}
END_TEST

START_TEST(answers_come_when_they_are_due_in_any_order)
{
	case_start(_i);
	struct client *c = begin(0);
	int32_t late = ask(c, "GET", "/delay/200ms"), soon = ask(c, "GET", "/delay/50ms"),
		now = ask(c, "GET", "/"), middle = ask(c, "GET", "/delay/100ms");
	uint64_t start_ns = mono_ns();
	run(c, 4);
	ck_assert_uint_ge(mono_ns(), start_ns + 200 * NS_PER_MS);
	ck_assert_uint_eq(c->got[now / 2].place, 1);
	ck_assert_uint_eq(c->got[soon / 2].place, 2);
	ck_assert_uint_eq(c->got[middle / 2].place, 3);
	ck_assert_uint_eq(c->got[late / 2].place, 4);
	end(c);
	case_stop();
}
END_TEST

START_TEST(the_queue_turns_away_what_finds_no_place)
{
	static char servers[] = "--servers=2", service[] = "--service-time=100ms",
		    queue[] = "--queue=3", retry[] = "--retry-after=1s";
	case_flags[0] = servers, case_flags[1] = service, case_flags[2] = queue,
	case_flags[3] = retry;
	case_start(_i);
	struct client *c = begin(0);
	unsigned ok = 0, shed = 0;
	for (unsigned i = 0; i < 8; i++)
		ask(c, "GET", "/");
	run(c, 8);
	for (unsigned i = 0; i < 8; i++) {
		ok += c->got[i].status == 200;
		shed += c->got[i].status == 503;
	}
	ck_assert_uint_eq(ok, 5);
	ck_assert_uint_eq(shed, 3);
	ck_assert_uint_eq(case_count(COUNT_ANSWERS_503), 3);
	end(c);
	case_stop();
}
END_TEST

START_TEST(faults_of_streams_end_them_with_their_code)
{
	static const struct {
		const char *path;
		uint32_t error;
	} faults[] = {{"/fault/rst-stream", NGHTTP2_INTERNAL_ERROR},
		      {"/fault/refused-stream", NGHTTP2_REFUSED_STREAM}};
	case_start(false);
	struct client *c = begin(0);
	for (unsigned i = 0; i < 2; i++)
		ask(c, "GET", faults[i].path);
	int32_t other = ask(c, "GET", "/fault/bad-chunk"),
		shed = ask(c, "GET", "/fault/status-429");
	run(c, 4);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_uint_eq(c->got[i].error, faults[i].error);
	expect_status(c, other, 404, 0);
	expect_status(c, shed, 429, 0);
	end(c);
	case_stop();
}
END_TEST

START_TEST(a_goaway_leaves_out_its_stream_and_ends_after_those_before_it)
{
	case_start(_i);
	struct client *c = begin(0);
	int32_t before = ask(c, "GET", "/delay/50ms"), out = ask(c, "GET", "/fault/goaway"),
		behind = ask(c, "GET", "/");
	run(c, 3);
	run(c, UINT32_MAX); /* until the end */
	expect_status(c, before, 200, 2);
	ck_assert_int_eq(c->goaway, before);
	ck_assert_uint_eq(c->got[out / 2].status, 0);
	ck_assert_uint_eq(c->got[behind / 2].status, 0);
	end(c);
	case_stop();
}
END_TEST

START_TEST(after_so_many_requests_goes_away)
{
	static char after[] = "--h2-goaway-after=3";
	case_flags[0] = after;
	case_start(_i);
	struct client *c = begin(0);
	for (unsigned i = 0; i < 5; i++)
		ask(c, "GET", "/delay/20ms");
	run(c, UINT32_MAX);
	ck_assert_int_eq(c->goaway, 5);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(c->got[i].status, i < 3 ? 200 : 0);
	ck_assert_uint_eq(case_count(COUNT_REQUESTS), 3);
	end(c);
	case_await_open(0);
	case_stop();
}
END_TEST

START_TEST(streams_that_are_reset_or_left_while_they_wait_are_forgotten)
{
	case_start(_i);
	struct client *c = begin(0);
	int32_t left = ask(c, "GET", "/delay/100ms"), stays = ask(c, "GET", "/delay/100ms");
	ask(c, "GET", "/delay/1h");
	push(c);
	nghttp2_submit_rst_stream(c->ng, NGHTTP2_FLAG_NONE, left, NGHTTP2_CANCEL);
	run(c, 2);
	expect_status(c, stays, 200, 2);
	end(c);
	case_await_open(0);
	case_stop();
}
END_TEST

START_TEST(what_is_no_http2_behind_the_preface_is_counted_as_bad)
{
	case_start(_i);
	int fd = client_dial();
	char bytes[4096];
	client_say(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nno frame at all, but words");
	while (recv(fd, bytes, sizeof bytes, 0) > 0)
		;
	close(fd);
	fd = client_dial();
	client_say(fd, "PRI * HTTP/3.0\r\n\r\n");
	while (recv(fd, bytes, sizeof bytes, 0) > 0)
		;
	close(fd);
	case_await(COUNT_BAD_REQUESTS, 2);
	case_await_open(0);
	case_stop();
}
END_TEST

START_TEST(an_upgrade_answers_the_request_that_asked_as_stream_1)
{
	case_start(_i);
	int fd = client_dial();
	char head[512];
	size_t len = 0;
	client_say(fd, "GET /body/7 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
		       "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n");
	while (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0)
		ck_assert_int_eq(recv(fd, head + len++, 1, 0), 1);
	ck_assert(memcmp(head, "HTTP/1.1 101", 12) == 0);
	struct client *c = begin(0);
	close(c->fd);
	c->fd = fd;
	static const uint8_t settings[] = "\0\3\0\0\0\x64\0\4\0\xa0\0\0\0\2\0\0\0";
	ck_assert_int_eq(nghttp2_session_upgrade2(c->ng, settings, 18, 0, NULL), 0);
	int32_t next = ask(c, "GET", "/");
	run(c, 2);
	expect_status(c, 1, 200, 7);
	expect_status(c, next, 200, 2);
	case_await(COUNT_ANSWERS, 2);
	ck_assert_uint_eq(case_count(COUNT_REQUESTS), 2);
	end(c);
	case_stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_h2");
	TCase *tests = tcase_create("h2");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, case_listen, case_leave);
	tcase_add_loop_test(tests, paths_are_answered_as_over_http1, 0, 2);
	tcase_add_loop_test(tests, the_preface_is_known_in_single_bytes, 0, 2);
	tcase_add_loop_test(tests, methods_that_begin_like_the_preface_are_http1, 0, 2);
	tcase_add_loop_test(tests, answers_come_when_they_are_due_in_any_order, 0, 2);
	tcase_add_loop_test(tests, the_queue_turns_away_what_finds_no_place, 0, 2);
	tcase_add_test(tests, faults_of_streams_end_them_with_their_code);
	tcase_add_loop_test(tests, a_goaway_leaves_out_its_stream_and_ends_after_those_before_it, 0,
			    2);
	tcase_add_loop_test(tests, after_so_many_requests_goes_away, 0, 2);
	tcase_add_loop_test(tests, streams_that_are_reset_or_left_while_they_wait_are_forgotten, 0,
			    2);
	tcase_add_loop_test(tests, what_is_no_http2_behind_the_preface_is_counted_as_bad, 0, 2);
	tcase_add_loop_test(tests, an_upgrade_answers_the_request_that_asked_as_stream_1, 0, 2);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
