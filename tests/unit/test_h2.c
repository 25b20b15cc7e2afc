/* HTTP/2 against a server of libnghttp2's. */
#include "h2_case.h"
#include "tests/lib/suite.h"

static struct h2_case *c;

static void start(void)
{
	c = calloc(1, sizeof *c);
	peer_open(&c->peer, NULL, 0);
}

static void end(void)
{
	case_close(c);
	free(c);
}

static void begin(struct proto_spec spec)
{
	case_open(c, spec);
}

START_TEST(requests_are_answered_however_bytes_are_split)
{
	static const size_t pieces[] = {0, 1, 3, 9, 10, 100};
	begin((struct proto_spec){.streams = 10, .path = "/a?b=c"});
	c->piece = pieces[_i];
	c->peer.body_len = 1000;
	for (unsigned round = 0; round < 20; round++) {
		for (uint32_t tag = 0; tag < 10; tag++)
			case_send(c, tag);
		case_talk(c);
		ck_assert_uint_eq(c->answer_count, 10 * (round + 1));
	}
	for (unsigned i = 0; i < c->answer_count; i++) {
		ck_assert_uint_eq(c->answers[i].status, 200);
		ck_assert_uint_eq(c->answers[i].end, PROTO_WHOLE);
	}
	ck_assert_str_eq(c->peer.path, "/a?b=c");
	ck_assert_uint_eq(c->peer.requests, 200);
	ck_assert_uint_eq(c->h.in_use, 0);
	ck_assert_int_eq(c->peer.goaway_code, -1);
}
END_TEST

START_TEST(an_answer_of_any_length_gets_its_windows)
{
	begin((struct proto_spec){.window = 65535});
	c->peer.body_len = 5000000;
	case_send(c, 0);
	case_talk(c);
	ck_assert_uint_eq(c->answer_count, 1);
	ck_assert_uint_eq(c->answers[0].end, PROTO_WHOLE);
}
END_TEST

START_TEST(a_long_body_waits_for_the_peers_window)
{
	static char body[3000000];
	memset(body, 'b', sizeof body);
	begin((struct proto_spec){.method = "POST", .body = {body, sizeof body}, .streams = 2});
	case_send(c, 0);
	case_send(c, 1);
	case_talk(c);
	ck_assert_uint_eq(c->answer_count, 2);
	ck_assert_uint_eq(c->peer.body_received, 2 * sizeof body);
	ck_assert_uint_eq(c->h.blocked, 0);
}
END_TEST

START_TEST(a_peer_without_a_table_is_understood)
{
	static const nghttp2_settings_entry none[] = {{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0}};
	nghttp2_session_del(c->peer.session);
	peer_open(&c->peer, none, 1);
	begin((struct proto_spec){.streams = 1});
	for (unsigned i = 0; i < 5; i++) {
		case_send(c, 0);
		case_talk(c);
	}
	ck_assert_uint_eq(c->answer_count, 5);
	ck_assert(c->h.table_small);
	ck_assert_int_eq(c->peer.goaway_code, -1);
}
END_TEST

START_TEST(no_more_streams_than_the_peer_allows)
{
	static const nghttp2_settings_entry few[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3}};
	nghttp2_session_del(c->peer.session);
	peer_open(&c->peer, few, 1);
	begin((struct proto_spec){.streams = 10});
	ck_assert_uint_eq(proto_h2.room(&c->h), 10);
	case_talk(c);
	ck_assert_uint_eq(proto_h2.room(&c->h), 3);
	case_send(c, 7);
	ck_assert_uint_eq(proto_h2.room(&c->h), 2);
}
END_TEST

START_TEST(after_goaway_what_was_not_looked_at_is_told)
{
	begin((struct proto_spec){.streams = 4});
	case_talk(c);
	case_send(c, 0);
	case_talk(c);
	for (uint32_t tag = 0; tag < 4; tag++)
		case_send(c, tag);
	nghttp2_submit_goaway(c->peer.session, 0, 3, NGHTTP2_NO_ERROR, NULL, 0);
	const uint8_t *from;
	ssize_t len = nghttp2_session_mem_send(c->peer.session, &from);
	case_feed(c, from, (size_t)len);
	ck_assert(proto_h2.ends(&c->h));
	ck_assert_uint_eq(proto_h2.room(&c->h), 0);
	ck_assert_uint_eq(c->answer_count, 4); /* one before, and ids 5, 7, 9 */
	for (unsigned i = 1; i < 4; i++)
		ck_assert_uint_eq(c->answers[i].end, PROTO_UNTOUCHED);
	ck_assert_uint_eq(c->h.in_use, 1);
}
END_TEST

START_TEST(pings_are_answers_where_they_are_asked_for)
{
	begin((struct proto_spec){.pings = true, .streams = 2});
	case_send(c, 1);
	case_talk(c);
	ck_assert_uint_eq(c->answer_count, 1);
	ck_assert_uint_eq(c->answers[0].tag, 1);
	ck_assert_uint_eq(c->answers[0].status, 0);
}
END_TEST

START_TEST(text_of_http11_becomes_fields)
{
	begin((struct proto_spec){.streams = 2});
	const struct proto_request r = {
		.text = span_of("POST /x HTTP/1.1\r\nHost: other:1\r\nUser-Agent: me\r\n"
				"Connection: close\r\nContent-Length: 5\r\n\r\nhello")};
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(proto_h2.send(&c->h, 0, &r, &c->out));
		case_talk(c);
	}
	ck_assert_uint_eq(c->answer_count, 3);
	ck_assert_str_eq(c->peer.path, "/x");
	ck_assert_str_eq(c->peer.agent, "me");
	ck_assert_uint_eq(c->peer.body_received, 15);
}
END_TEST

/* RFC 7541 4.2: the smallest of several sizes is said as well as the last. */
START_TEST(a_table_that_shrinks_and_grows_is_understood)
{
	static const uint32_t sizes[] = {0, 4096, 61, 17, 41, 4096};
	begin((struct proto_spec){.streams = 2});
	const struct proto_request r = {.text = span_of("GET /x HTTP/1.1\r\nHost: other:1\r\n"
							"User-Agent: me\r\nX-Long: long\r\n\r\n")};
	for (unsigned i = 0; i < 12; i++) {
		ck_assert(proto_h2.send(&c->h, 0, &r, &c->out));
		case_talk(c);
		for (unsigned n = 0; n < 3; n++) {
			nghttp2_settings_entry table = {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE,
							sizes[(3 * i + n) % 6]};
			nghttp2_submit_settings(c->peer.session, NGHTTP2_FLAG_NONE, &table, 1);
			case_talk(c);
		}
	}
	ck_assert_uint_eq(c->answer_count, 12);
	ck_assert_int_eq(c->peer.goaway_code, -1);
}
END_TEST

START_TEST(what_is_heard_has_head_body_and_trailers)
{
	struct proto_heard heard;
	buf_init(&heard.head, 4096);
	buf_init(&heard.body, 4096);
	begin((struct proto_spec){.streams = 2});
	c->peer.body_len = 7;
	c->peer.trailers = c->peer.interim = true;
	const struct proto_request r = {.heard = &heard};
	ck_assert(proto_h2.send(&c->h, 0, &r, &c->out));
	case_talk(c);
	ck_assert_str_eq(heard.head.ptr, ":status: 200\nserver: peer/1\ncontent-type: "
					 "text/plain\ngrpc-status: 0\n");
	ck_assert_str_eq(heard.body.ptr, "xxxxxxx");
	ck_assert_int_eq(c->answers[0].code, 0);
	buf_fini(&heard.head);
	buf_fini(&heard.body);
}
END_TEST

START_TEST(a_cancelled_stream_is_passed_over)
{
	begin((struct proto_spec){.streams = 2});
	c->peer.body_len = 100;
	case_send(c, 0);
	case_send(c, 1);
	proto_h2.cancel(&c->h, 0, &c->out);
	case_talk(c);
	ck_assert_uint_eq(c->answer_count, 1);
	ck_assert_uint_eq(c->answers[0].tag, 1);
	case_send(c, 0);
	case_talk(c);
	ck_assert_uint_eq(c->answer_count, 2);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("h2");
	tcase_add_checked_fixture(t, start, end);
	tcase_add_loop_test(t, requests_are_answered_however_bytes_are_split, 0, 6);
	tcase_add_test(t, an_answer_of_any_length_gets_its_windows);
	tcase_add_test(t, a_long_body_waits_for_the_peers_window);
	tcase_add_test(t, a_peer_without_a_table_is_understood);
	tcase_add_test(t, no_more_streams_than_the_peer_allows);
	tcase_add_test(t, after_goaway_what_was_not_looked_at_is_told);
	tcase_add_test(t, pings_are_answers_where_they_are_asked_for);
	tcase_add_test(t, text_of_http11_becomes_fields);
	tcase_add_test(t, a_table_that_shrinks_and_grows_is_understood);
	tcase_add_test(t, what_is_heard_has_head_body_and_trailers);
	tcase_add_test(t, a_cancelled_stream_is_passed_over);
	Suite *suite = suite_create("h2");
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
