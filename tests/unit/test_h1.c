/* Answers as they should be: heads, what ends a connection, pipelining, the peer's close. */
#include "tests/lib/h1_says.h"
#include "tests/lib/suite.h"

START_TEST(an_answer_is_whole_at_the_end_of_its_body)
{
	says("G", BYTES(OK_LINE "Content-Length: 5\r\n\r\nhello"), "200; idle");
	says("G", BYTES(OK_LINE "Content-Length: 5\r\n\r\nhell"), "truncated");
	says("G", BYTES(EMPTY), "200; idle");
}
END_TEST

START_TEST(a_typical_answer_of_nginx_is_taken)
{
	says("G",
	     BYTES(OK_LINE "Server: nginx/1.22.1\r\nDate: Sun, 23 Nov 2025 19:32:07 GMT\r\n"
			   "Content-Type: text/html; charset=utf-8\r\nContent-Length: 6\r\n"
			   "Last-Modified: Sun, 23 Nov 2025 19:00:00 GMT\r\nETag: \"6745\"\r\n"
			   "Connection: keep-alive\r\nAccept-Ranges: bytes\r\n\r\nworks\n"),
	     "200; idle");
}
END_TEST

START_TEST(a_reason_may_be_empty_and_its_space_absent)
{
	says("H", BYTES("HTTP/1.1 200 \r\n\r\n"), "200; idle");
	says("H", BYTES("HTTP/1.1 200\r\n\r\n"), "200; idle");
	says("H", BYTES("HTTP/1.1 200  two  spaces \r\n\r\n"), "200; idle");
}
END_TEST

START_TEST(a_reason_may_hold_tabs_and_bytes_beyond_ascii)
{
	says("H", BYTES("HTTP/1.1 500 Ori\xc3\xabntatie\tprobleem \xff\r\n\r\n"), "500; idle");
}
END_TEST

START_TEST(statuses_from_200_to_599_are_passed_on)
{
	says("H", BYTES("HTTP/1.1 200 x\r\n\r\n"), "200; idle");
	says("H", BYTES("HTTP/1.1 299 x\r\n\r\n"), "299; idle");
	says("H", BYTES("HTTP/1.1 599 x\r\n\r\n"), "599; idle");
}
END_TEST

START_TEST(a_header_value_may_be_empty_or_wrapped_in_white_space)
{
	says("G", BYTES(OK_LINE "A:\r\nB: \t \r\nContent-Length: \t 2 \t\r\n\r\nok"), "200; idle");
	says("G",
	     BYTES(OK_LINE "A:\t1\t\tx\t2345\t\t\t\t\t6\t789012\r\nContent-Length:2\r\n\r\nok"),
	     "200; idle");
}
END_TEST

START_TEST(a_header_name_may_hold_every_token_character)
{
	says("G", BYTES(OK_LINE "!#$%&'*+-.^_`|~09azAZ: x\r\nContent-Length: 0\r\n\r\n"),
	     "200; idle");
}
END_TEST

START_TEST(known_names_and_values_are_known_in_any_case)
{
	says("G", BYTES(OK_LINE "cONTENT-lENGTH: 1\r\nCONNECTION: CLOSE\r\n\r\nx"),
	     "200 last; idle");
	says("G", BYTES(OK_LINE "TRANSFER-encoding: ChunKED\r\nretry-AFTER: 1\r\n\r\n0\r\n\r\n"),
	     "200 retry; idle");
}
END_TEST

START_TEST(a_name_that_only_begins_or_ends_like_a_known_one_is_another)
{
	static const char *const names[] = {
		"Content-Lengt",      "Content-Length-", "ontent-Length", "XContent-Length",
		"Transfer-Encodings", "Connectio",       "Connectionx",   "Proxy-Connection",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char bytes[128];
		int len = snprintf(bytes, sizeof(bytes),
				   OK_LINE "Content-Length: 0\r\n%s: close, 7, gzip\r\n\r\n",
				   names[i]);
		says("G", (struct span){bytes, (size_t)len}, "200; idle");
	}
}
END_TEST

START_TEST(retry_after_is_noticed)
{
	says("G", BYTES("HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"),
	     "503 retry; idle");
	says("GG", BYTES("HTTP/1.1 503 Busy\r\nRetry-After:\r\nContent-Length: 0\r\n\r\n" EMPTY),
	     "503 retry, 200; idle");
}
END_TEST

START_TEST(http_1_1_stays_open_unless_it_says_close)
{
	says("H", BYTES(OK_LINE "\r\n"), "200; idle");
	says("H", BYTES(OK_LINE "Connection: close\r\n\r\n"), "200 last; idle");
	says("H", BYTES(OK_LINE "Connection: keep-alive\r\n\r\n"), "200; idle");
	says("H", BYTES(OK_LINE "Connection: keep-alive, close\r\n\r\n"), "200 last; idle");
}
END_TEST

START_TEST(http_1_0_closes_unless_it_says_keep_alive)
{
	says("H", BYTES("HTTP/1.0 200 OK\r\n\r\n"), "200 last; idle");
	says("H", BYTES("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n"), "200; idle");
	says("H", BYTES("HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n\r\n"),
	     "200 last; idle");
	says("GG",
	     BYTES("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: "
		   "2\r\n\r\nok" EMPTY),
	     "200, 200; idle");
}
END_TEST

START_TEST(connection_is_a_list_of_tokens)
{
	says("H", BYTES(OK_LINE "Connection: ,, upgrade ,\tclose ,\r\n\r\n"), "200 last; idle");
	says("H", BYTES(OK_LINE "Connection: x\r\nConnection: close\r\nConnection: y\r\n\r\n"),
	     "200 last; idle");
	says("H", BYTES(OK_LINE "Connection: closed, clos, not-close, close-not\r\n\r\n"),
	     "200; idle");
	says("H", BYTES(OK_LINE "Connection:\r\n\r\n"), "200; idle");
}
END_TEST

START_TEST(what_is_no_token_in_connection_is_passed_over)
{
	says("H", BYTES(OK_LINE "Connection: close;q=1, \"x\\\", close\", a b, cl/ose\r\n\r\n"),
	     "200; idle");
	says("H", BYTES(OK_LINE "Connection: timeout=5, close\r\n\r\n"), "200 last; idle");
	says("H", BYTES(OK_LINE "Connection: close x, =close, \"never ends\r\n\r\n"), "200; idle");
}
END_TEST

START_TEST(interim_answers_are_passed_over)
{
	says("G", BYTES("HTTP/1.1 100 Continue\r\n\r\n" EMPTY), "200; idle");
	says("G",
	     BYTES("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close\r\n"
		   "Content-Length: 9\r\nRetry-After: 3\r\n\r\nHTTP/1.1 102\r\n\r\n" EMPTY),
	     "200; idle");
	says("H", BYTES("HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n" EMPTY),
	     "200; idle");
}
END_TEST

START_TEST(an_interim_answer_alone_is_no_answer)
{
	says("G", BYTES("HTTP/1.1 100 Continue\r\n\r\n"), "truncated");
	says("G", BYTES("HTTP/1.1 199 x\r\n\r\nHTT"), "truncated");
}
END_TEST

START_TEST(a_change_of_protocols_is_the_last_answer)
{
	says("G",
	     BYTES("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\n"),
	     "101 last; idle");
	says("GG", BYTES("HTTP/1.1 101 Switching Protocols\r\n\r\nother"),
	     "101 last; desync: bytes that answer no request");
}
END_TEST

START_TEST(pipelined_answers_come_one_by_one)
{
	struct span bytes =
		BYTES(OK_LINE "Content-Length: 3\r\n\r\nAAA" CHUNKED "1\r\nB\r\n0\r\n\r\n"
			      "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
	says("GGG", bytes, "200, 200, 404; idle");
	says("GGGG", bytes, "200, 200, 404; closed");
	says("GG", bytes, "200, 200; desync: bytes that answer no request");

	struct play p = play(bytes, "GGG", 0, 0);
	ck_assert_uint_eq(p.ends[0], strlen(OK_LINE "Content-Length: 3\r\n\r\nAAA"));
	ck_assert_uint_eq(p.ends[2], bytes.len);
}
END_TEST

START_TEST(each_of_64_pipelined_answers_knows_whether_it_has_a_body)
{
	char methods[PLAY_ANSWERS_MAX + 1] = "";
	char bytes[PLAY_ANSWERS_MAX * 64] = "";
	for (unsigned i = 0; i < PLAY_ANSWERS_MAX; i++) {
		bool head = i % 3 == 0 || i == PLAY_ANSWERS_MAX - 1;
		methods[i] = head ? 'H' : 'G';
		strcat(bytes, OK_LINE "Content-Length: 2\r\n\r\n");
		strcat(bytes, head ? "" : "ok");
	}
	struct play p = play(span_of(bytes), methods, 0, 0);
	ck_assert_uint_eq(p.answers, PLAY_ANSWERS_MAX);
	ck_assert_int_eq(p.closed, PROTO_MORE);
	ck_assert(play_is_the_same_however_cut(span_of(bytes), methods));
}
END_TEST

START_TEST(nothing_counts_after_the_last_answer)
{
	says("GG", BYTES(OK_LINE "Connection: close\r\nContent-Length: 0\r\n\r\n" EMPTY),
	     "200 last; desync: bytes that answer no request");
	says("GG", BYTES(OK_LINE "Connection: close\r\nContent-Length: 0\r\n\r\n"),
	     "200 last; closed");
}
END_TEST

START_TEST(the_close_of_the_peer_is_told_apart_by_what_had_come)
{
	says("", BYTES(""), "idle");
	says("G", BYTES(""), "closed");
	says("G", BYTES("H"), "truncated");
	says("G", BYTES(OK_LINE "Server: x\r\n"), "truncated");
	says("GG", BYTES(EMPTY), "200; closed");
	says("GG", BYTES(EMPTY "HTTP"), "200; truncated");
}
END_TEST

START_TEST(an_answer_has_started_from_its_first_byte_to_its_last)
{
	ck_assert(!play(BYTES(""), "G", 0, 0).started);
	ck_assert(play(BYTES("H"), "G", 0, 0).started);
	ck_assert(play(BYTES("HTTP/1.1 100 x\r\n\r\n"), "G", 0, 0).started);
	ck_assert(play(BYTES(OK_LINE "Content-Length: 2\r\n\r\n1"), "G", 0, 0).started);
	ck_assert(play(BYTES(OK_LINE "\r\n"), "G", 0, 0).started);
	ck_assert(!play(BYTES(EMPTY), "GG", 0, 0).started);
}
END_TEST

START_TEST(an_answer_is_expected_until_it_is_whole)
{
	struct h1 h;
	struct proto_answer answer;
	struct span one = BYTES(OK_LINE "Content-Length: 2\r\n\r\no");
	struct span two = BYTES("k");
	h1_open(&h);
	ck_assert(!h1_expects(&h));
	h1_expect(&h, false);
	ck_assert(h1_expects(&h));
	ck_assert_int_eq(h1_feed(&h, &one, &answer), PROTO_MORE);
	ck_assert(h1_expects(&h));
	ck_assert_int_eq(h1_feed(&h, &two, &answer), PROTO_ANSWER);
	ck_assert(!h1_expects(&h));
	ck_assert_int_eq(h1_eof(&h, &answer), PROTO_MORE);
}
END_TEST

START_TEST(an_answer_up_to_the_close_is_expected_until_then)
{
	struct h1 h;
	struct proto_answer answer;
	struct span bytes = BYTES(OK_LINE "\r\nall of it");
	h1_open(&h);
	h1_expect(&h, false);
	ck_assert_int_eq(h1_feed(&h, &bytes, &answer), PROTO_MORE);
	ck_assert(h1_expects(&h));
	ck_assert_int_eq(h1_eof(&h, &answer), PROTO_ANSWER);
	ck_assert(!h1_expects(&h));
}
END_TEST

START_TEST(what_the_next_answer_belongs_to_is_said_between_two)
{
	struct h1 h;
	struct proto_answer answer;
	struct span both =
		BYTES(OK_LINE "Content-Length: 2\r\n\r\nok" OK_LINE "Content-Length: 9\r\n\r\n");
	h1_open(&h);
	h1_expect(&h, false);
	ck_assert_int_eq(h1_feed(&h, &both, &answer), PROTO_ANSWER);
	ck_assert(!h1_expects(&h) && !h1_started(&h));
	h1_expect(&h, true);
	ck_assert_int_eq(h1_feed(&h, &both, &answer), PROTO_ANSWER);
	ck_assert_uint_eq(both.len, 0);
	h1_expect(&h, false);
	ck_assert_int_eq(h1_feed(&h, &both, &answer), PROTO_MORE);
	ck_assert(h1_expects(&h));
}
END_TEST

START_TEST(a_head_request_is_forgotten_with_its_answer)
{
	says("HG", BYTES(EMPTY OK_LINE "Content-Length: 2\r\n\r\nok"), "200, 200; idle");
	says("HG", BYTES(EMPTY OK_LINE "Content-Length: 2\r\n\r\n"), "200; truncated");
	says("HG", BYTES("HTTP/1.1 100 x\r\n\r\n" OK_LINE "Content-Length: 2\r\n\r\n" EMPTY),
	     "200, 200; idle");
}
END_TEST

START_TEST(an_answer_that_nobody_expects_yet_is_out_of_step)
{
	struct h1 h;
	struct proto_answer answer;
	struct span both = BYTES(EMPTY EMPTY);
	h1_open(&h);
	h1_expect(&h, false);
	ck_assert_int_eq(h1_feed(&h, &both, &answer), PROTO_ANSWER);
	ck_assert_int_eq(h1_feed(&h, &both, &answer), PROTO_FAULT);
	ck_assert_int_eq(answer.fault, PROTO_DESYNC);
	ck_assert_uint_eq(both.len, strlen(EMPTY));
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("h1");
	tcase_add_test(all, an_answer_is_whole_at_the_end_of_its_body);
	tcase_add_test(all, a_typical_answer_of_nginx_is_taken);
	tcase_add_test(all, a_reason_may_be_empty_and_its_space_absent);
	tcase_add_test(all, a_reason_may_hold_tabs_and_bytes_beyond_ascii);
	tcase_add_test(all, statuses_from_200_to_599_are_passed_on);
	tcase_add_test(all, a_header_value_may_be_empty_or_wrapped_in_white_space);
	tcase_add_test(all, a_header_name_may_hold_every_token_character);
	tcase_add_test(all, known_names_and_values_are_known_in_any_case);
	tcase_add_test(all, a_name_that_only_begins_or_ends_like_a_known_one_is_another);
	tcase_add_test(all, retry_after_is_noticed);
	tcase_add_test(all, http_1_1_stays_open_unless_it_says_close);
	tcase_add_test(all, http_1_0_closes_unless_it_says_keep_alive);
	tcase_add_test(all, connection_is_a_list_of_tokens);
	tcase_add_test(all, what_is_no_token_in_connection_is_passed_over);
	tcase_add_test(all, interim_answers_are_passed_over);
	tcase_add_test(all, an_interim_answer_alone_is_no_answer);
	tcase_add_test(all, a_change_of_protocols_is_the_last_answer);
	tcase_add_test(all, pipelined_answers_come_one_by_one);
	tcase_add_test(all, each_of_64_pipelined_answers_knows_whether_it_has_a_body);
	tcase_add_test(all, nothing_counts_after_the_last_answer);
	tcase_add_test(all, the_close_of_the_peer_is_told_apart_by_what_had_come);
	tcase_add_test(all, an_answer_has_started_from_its_first_byte_to_its_last);
	tcase_add_test(all, an_answer_is_expected_until_it_is_whole);
	tcase_add_test(all, an_answer_up_to_the_close_is_expected_until_then);
	tcase_add_test(all, what_the_next_answer_belongs_to_is_said_between_two);
	tcase_add_test(all, a_head_request_is_forgotten_with_its_answer);
	tcase_add_test(all, an_answer_that_nobody_expects_yet_is_out_of_step);
	Suite *suite = suite_create("h1");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
