/* Bad input: each must get its class and its words, however its bytes come. */
#include "tests/lib/h1_says.h"
#include "tests/lib/suite.h"

#define NOT_HTTP   "malformed: not HTTP/1.1 or HTTP/1.0"
#define BAD_STATUS "malformed: bad status"
#define BARE_LF    "malformed: LF without CR"
#define BARE_CR    "malformed: CR without LF"
#define CONTROL    "malformed: control character in a header"
#define BAD_NAME   "malformed: bad header name"
#define FOLDED     "malformed: folded header line"
#define SPACE      "malformed: space in or after a header name"

/* Bytes, and what they must come to. */
struct bad {
	const char *words;
	struct span bytes;
};

static void all_say(const struct bad *bad, size_t count)
{
	for (size_t i = 0; i < count; i++)
		says("G", bad[i].bytes, bad[i].words);
}
#define ALL_SAY(bad) all_say(bad, sizeof(bad) / sizeof(*(bad)))

START_TEST(a_status_line_of_another_protocol_is_malformed)
{
	const struct bad bad[] = {
		{NOT_HTTP, BYTES("<html>an answer of HTTP/0.9</html>")},
		{NOT_HTTP, BYTES("HTTP/0.9 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("HTTP/1.2 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("HTTP/2.0 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("HTTP/2 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("HTTP/1.10 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("HTTP/01.1 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("HTTP/1.1\r\n\r\n")},
		{NOT_HTTP, BYTES("HTTP/1.1\t200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("http/1.1 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("HTTPS/1.1 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("ICY 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("\r\nHTTP/1.1 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES(" HTTP/1.1 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("\0HTTP/1.1 200 OK\r\n\r\n")},
		{NOT_HTTP, BYTES("\x15\x03\x03\0\x02\x02\x28")},
	};
	ALL_SAY(bad);
}
END_TEST

START_TEST(a_status_is_three_digits_from_100_to_599)
{
	const struct bad bad[] = {
		{BAD_STATUS, BYTES("HTTP/1.1 20 OK\r\n\r\n")},
		{BAD_STATUS, BYTES("HTTP/1.1 2000 OK\r\n\r\n")},
		{BAD_STATUS, BYTES("HTTP/1.1 099 x\r\n\r\n")},
		{BAD_STATUS, BYTES("HTTP/1.1 600 x\r\n\r\n")},
		{BAD_STATUS, BYTES("HTTP/1.1 999 x\r\n\r\n")},
		{BAD_STATUS, BYTES("HTTP/1.1 -20 x\r\n\r\n")},
		{BAD_STATUS, BYTES("HTTP/1.1 2x0 x\r\n\r\n")},
		{BAD_STATUS, BYTES("HTTP/1.1 200OK\r\n\r\n")},
		{BAD_STATUS, BYTES("HTTP/1.1 200\tOK\r\n\r\n")},
		{BAD_STATUS, BYTES("HTTP/1.1  200 OK\r\n\r\n")},
		{BAD_STATUS, BYTES("HTTP/1.1 OK\r\n\r\n")},
		{BAD_STATUS, BYTES("HTTP/1.1 \r\n\r\n")},
	};
	ALL_SAY(bad);
}
END_TEST

START_TEST(a_line_ends_in_crlf_and_nothing_less)
{
	const struct bad bad[] = {
		{BARE_LF, BYTES("HTTP/1.1 200\n\n")},
		{BARE_LF, BYTES("HTTP/1.1 200 OK\n\n")},
		{BARE_LF, BYTES(OK_LINE "\n")},
		{BARE_LF, BYTES(OK_LINE "A: b\n\r\n")},
		{BARE_LF, BYTES(OK_LINE "A\n\r\n")},
		{BARE_LF, BYTES(OK_LINE "Content-Length: 0\n\n")},
		{BARE_CR, BYTES("HTTP/1.1 200\rOK\r\n\r\n")},
		{BARE_CR, BYTES("HTTP/1.1 200 O\rK\r\n\r\n")},
		{BARE_CR, BYTES(OK_LINE "A: b\rc\r\n\r\n")},
		{BARE_CR, BYTES(OK_LINE "A: b\r\r\n\r\n")},
		{BARE_CR, BYTES(OK_LINE "\rx")},
	};
	ALL_SAY(bad);
}
END_TEST

START_TEST(control_characters_have_no_place_in_a_head)
{
	const struct bad bad[] = {
		{"malformed: control character in the status line",
		 BYTES("HTTP/1.1 200 O\0K\r\n\r\n")},
		{"malformed: control character in the status line",
		 BYTES("HTTP/1.1 200 \x7f\r\n\r\n")},
		{BAD_NAME, BYTES(OK_LINE "A\0B: c\r\n\r\n")},
		{BAD_NAME, BYTES(OK_LINE "\0: c\r\n\r\n")},
		{CONTROL, BYTES(OK_LINE "A: \0\r\n\r\n")},
		{CONTROL, BYTES(OK_LINE "A: 12345678\0\r\n\r\n")},
		{CONTROL, BYTES(OK_LINE "A: b\x1f\r\n\r\n")},
		{CONTROL, BYTES(OK_LINE "A: \x7f\x80\r\n\r\n")},
		{CONTROL, BYTES(OK_LINE "Content-Length: 1\0\r\n\r\n")},
	};
	ALL_SAY(bad);
}
END_TEST

START_TEST(every_control_character_but_tab_is_found_at_every_place)
{
	char bytes[] = OK_LINE "Content-Length: 0\r\nA: 0123456789abcdef\t0123456789\r\n\r\n";
	size_t begin = (size_t)(strstr(bytes, "0123") - bytes);
	for (int c = 0; c < 256; c++) {
		const char *expected = CONTROL;
		if (c == '\t' || (c >= ' ' && c != 0x7f))
			expected = "200; idle";
		else if (c == '\r' || c == '\n')
			expected = c == '\r' ? BARE_CR : BARE_LF;
		for (size_t i = begin; i < begin + 20; i++) {
			char was = bytes[i], words[128];
			bytes[i] = (char)c;
			struct play p = play((struct span){bytes, sizeof(bytes) - 1}, "G", 0, 0);
			ck_assert_str_eq(play_words(&p, words, sizeof(words)), expected);
			bytes[i] = was;
		}
	}
}
END_TEST

START_TEST(only_token_characters_may_stand_in_a_name)
{
	char bytes[] = OK_LINE "Content-Length: 0\r\nNa_me: x\r\n\r\n";
	char *place = strchr(bytes, '_');
	for (int c = 0; c < 256; c++) {
		*place = (char)c;
		bool token = c && (strchr("!#$%&'*+-.^_`|~", c) || (c >= '0' && c <= '9') ||
				   (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
		struct play p = play((struct span){bytes, sizeof(bytes) - 1}, "G", 0, 0);
		ck_assert_msg(c == ':' || (p.answers == 1) == token, "character %d", c);
	}
}
END_TEST

START_TEST(a_header_line_is_a_name_a_colon_and_a_value)
{
	const struct bad bad[] = {
		{FOLDED, BYTES(OK_LINE "A: b\r\n c\r\n\r\n")},
		{FOLDED, BYTES(OK_LINE "A: b\r\n\tc\r\n\r\n")},
		{FOLDED, BYTES(OK_LINE " A: b\r\n\r\n")},
		{SPACE, BYTES(OK_LINE "A : b\r\n\r\n")},
		{SPACE, BYTES(OK_LINE "Content-Length\t: 0\r\n\r\n")},
		{SPACE, BYTES(OK_LINE "A B: c\r\n\r\n")},
		{BAD_NAME, BYTES(OK_LINE ": b\r\n\r\n")},
		{BAD_NAME, BYTES(OK_LINE "no-colon\r\n\r\n")},
		{BAD_NAME, BYTES(OK_LINE "(A): b\r\n\r\n")},
		{BAD_NAME, BYTES(OK_LINE "\xc3\xa9: b\r\n\r\n")},
	};
	ALL_SAY(bad);
}
END_TEST

START_TEST(surplus_bytes_are_out_of_step)
{
	static const char desync[] = "200; desync: bytes that answer no request";
	says("G", BYTES(EMPTY "x"), desync);
	says("G", BYTES(EMPTY "\r\n"), desync);
	says("G", BYTES(EMPTY EMPTY), desync);
	says("G", BYTES(OK_LINE "Content-Length: 2\r\n\r\nthree"), desync);
	says("G", BYTES(CHUNKED "0\r\n\r\n0\r\n\r\n"), desync);
	says("H", BYTES(OK_LINE "Content-Length: 2\r\n\r\nok"), desync);
	says("", BYTES("HTTP/1.1 408 Request Timeout\r\n\r\n"), desync + 5);
}
END_TEST

START_TEST(an_answer_cut_short_anywhere_is_never_a_success)
{
	static const char whole[] =
		"HTTP/1.1 100 x\r\n\r\n" OK_LINE "Server: x\r\nContent-Length: 5\r\n\r\nhello";
	for (size_t len = 1; len < sizeof(whole) - 1; len++)
		says("G", (struct span){whole, len}, "truncated");
}
END_TEST

START_TEST(a_fault_is_final)
{
	struct h1 h;
	struct proto_answer answer;
	struct span bad = BYTES("nonsense"), good = BYTES(EMPTY);
	h1_open(&h);
	h1_expect(&h, false);
	ck_assert_int_eq(h1_feed(&h, &bad, &answer), PROTO_FAULT);
	ck_assert_int_eq(answer.fault, PROTO_MALFORMED);
	ck_assert_int_eq(h1_feed(&h, &good, &answer), PROTO_FAULT);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("h1 faults");
	tcase_add_test(all, a_status_line_of_another_protocol_is_malformed);
	tcase_add_test(all, a_status_is_three_digits_from_100_to_599);
	tcase_add_test(all, a_line_ends_in_crlf_and_nothing_less);
	tcase_add_test(all, control_characters_have_no_place_in_a_head);
	tcase_add_test(all, every_control_character_but_tab_is_found_at_every_place);
	tcase_add_test(all, only_token_characters_may_stand_in_a_name);
	tcase_add_test(all, a_header_line_is_a_name_a_colon_and_a_value);
	tcase_add_test(all, surplus_bytes_are_out_of_step);
	tcase_add_test(all, an_answer_cut_short_anywhere_is_never_a_success);
	tcase_add_test(all, a_fault_is_final);
	Suite *suite = suite_create("h1_faults");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
