/* Where a body ends: Content-Length, chunks, the close, or no body at all (RFC 9112 6, 7). */
#include "tests/lib/h1_says.h"
#include "tests/lib/suite.h"

#define NEXT                                                                                       \
	"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n" /* shows where the answer before ended       \
						       */

START_TEST(a_204_a_304_and_an_answer_to_head_have_no_body)
{
	says("GG", BYTES("HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\n" NEXT), "204, 404; idle");
	says("GG", BYTES("HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n" NEXT),
	     "304, 404; idle");
	says("GG", BYTES("HTTP/1.1 304 x\r\n\r\n" NEXT), "304, 404; idle");
	says("HG", BYTES(OK_LINE "Content-Length: 5\r\n\r\n" NEXT), "200, 404; idle");
	says("HG", BYTES(CHUNKED NEXT), "200, 404; idle");
	says("HG",
	     BYTES("HTTP/1.0 200 x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n"
		   "Connection: keep-alive\r\n\r\n" NEXT),
	     "200, 404; idle");
}
END_TEST

START_TEST(fields_of_an_answer_without_body_must_be_well_formed_all_the_same)
{
	says("H", BYTES(OK_LINE "Content-Length: x\r\n\r\n"), "malformed: bad Content-Length");
	says("G", BYTES("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"),
	     "malformed: bad Transfer-Encoding");
}
END_TEST

START_TEST(a_content_length_may_be_repeated_if_it_is_the_same)
{
	says("GG", BYTES(OK_LINE "Content-Length: 2\r\nContent-Length: 002\r\n\r\nok" NEXT),
	     "200, 404; idle");
	says("G", BYTES(OK_LINE "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
	     "malformed: two Content-Length that differ");
	says("G", BYTES(OK_LINE "Content-Length: 0\r\nContent-Length: 1\r\n\r\nx"),
	     "malformed: two Content-Length that differ");
}
END_TEST

START_TEST(a_content_length_is_digits_and_nothing_else)
{
	static const char *const bad[] = {
		"",
		" ",
		"-1",
		"+1",
		"0x10",
		"1 2",
		"1,1",
		"1, 1",
		"1.0",
		"1e3",
		"\"1\"",
		"1;",
		"1\t2",
		"18446744073709551616",
		"99999999999999999999999999",
		"36893488147419103232",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char bytes[128];
		snprintf(bytes, sizeof(bytes), OK_LINE "Content-Length: %s\r\n\r\nx", bad[i]);
		says("G", span_of(bytes), "malformed: bad Content-Length");
	}
}
END_TEST

START_TEST(the_largest_content_length_is_2_to_the_64th_less_1)
{
	says("G", BYTES(OK_LINE "Content-Length: 18446744073709551615\r\n\r\nx"), "truncated");
}
END_TEST

START_TEST(without_length_or_chunks_the_close_ends_the_body)
{
	says("G", BYTES(OK_LINE "\r\nhello"), "200 last; idle");
	says("G", BYTES(OK_LINE "Connection: keep-alive\r\n\r\n"), "200 last; idle");
	says("GG", BYTES("HTTP/1.0 200 OK\r\n\r\n" NEXT), "200 last; idle");
	struct play p = play(BYTES(OK_LINE "\r\n" NEXT), "GG", 0, 0);
	ck_assert_uint_eq(p.ends[0], sizeof(OK_LINE "\r\n" NEXT) - 1);
}
END_TEST

START_TEST(a_coding_other_than_chunked_at_the_end_is_framed_by_the_close)
{
	says("G", BYTES(OK_LINE "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n"), "200 last; idle");
	says("G", BYTES(OK_LINE "Transfer-Encoding: identity\r\n\r\nx"), "200 last; idle");
	says("G", BYTES(OK_LINE "Transfer-Encoding: xchunked\r\n\r\nx"), "200 last; idle");
	says("G", BYTES(OK_LINE "Transfer-Encoding: x;p=\"a, chunked\"\r\n\r\nx"),
	     "200 last; idle");
}
END_TEST

START_TEST(a_coding_before_chunked_is_framed_by_chunks)
{
	says("GG", BYTES(OK_LINE "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" NEXT),
	     "200, 404; idle");
	says("GG",
	     BYTES(OK_LINE "Transfer-Encoding: gzip\r\nTransfer-Encoding: ,chunked ,\r\n\r\n"
			   "0\r\n\r\n" NEXT),
	     "200, 404; idle");
	says("GG",
	     BYTES(OK_LINE
		   "Transfer-Encoding: x;p=\"a\\\", b\" ; q=1 , chunked\r\n\r\n0\r\n\r\n" NEXT),
	     "200, 404; idle");
	says("GG",
	     BYTES(OK_LINE "Transfer-Encoding: x;p=\"\\ \\a\\,\\;\\=\\\"\\\\\\(,\", chunked\r\n\r\n"
			   "0\r\n\r\n" NEXT),
	     "200, 404; idle");
}
END_TEST

START_TEST(a_bad_transfer_encoding_is_malformed)
{
	static const char *const bad[] = {
		"",
		",",
		"chunked, gzip",
		"chunked, chunked",
		"chunked;x=1",
		"chunked x",
		"\"chunked\"",
		"chun/ked",
		"x; \"open, chunked",
		"=chunked",
		"chunked ;x",
		"gzip chunked",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char bytes[128];
		snprintf(bytes, sizeof(bytes), OK_LINE "Transfer-Encoding: %s\r\n\r\n0\r\n\r\n",
			 bad[i]);
		says("G", span_of(bytes), "malformed: bad Transfer-Encoding");
	}
	says("G", BYTES(OK_LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
	     "malformed: bad Transfer-Encoding");
}
END_TEST

START_TEST(chunks_with_a_content_length_or_in_http_1_0_are_malformed)
{
	says("G", BYTES(OK_LINE "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
	     "malformed: Content-Length with Transfer-Encoding");
	says("G", BYTES(OK_LINE "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n"),
	     "malformed: Content-Length with Transfer-Encoding");
	says("G", BYTES("HTTP/1.0 200 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	     "malformed: Transfer-Encoding in HTTP/1.0");
}
END_TEST

START_TEST(chunks_are_counted_in_hexadecimal)
{
	says("GG",
	     BYTES(CHUNKED "5\r\nhello\r\nA\r\n0123456789\r\n0b\r\n0123456789a\r\n0\r\n\r\n" NEXT),
	     "200, 404; idle");
	says("GG", BYTES(CHUNKED "1\r\n\n\r\n2\r\n\r\n\r\n00000000000000000000\r\n\r\n" NEXT),
	     "200, 404; idle");
	says("G", BYTES(CHUNKED "FFFFFFFFFFFFFFFF\r\nx"), "truncated");
	says("G", BYTES(CHUNKED "fedcba9876543210\r\nx"), "truncated");
}
END_TEST

START_TEST(a_bad_chunk_size_is_malformed)
{
	static const char *const bad[] = {
		"\r\n",
		"x\r\n",
		"-1\r\n",
		"+1\r\n",
		" 1\r\n",
		"0x1\r\n",
		";a\r\n",
		"1g\r\n",
		"1,\r\n",
		"10000000000000000\r\n",
		"123456781234567890\r\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char bytes[128];
		snprintf(bytes, sizeof(bytes), CHUNKED "%s", bad[i]);
		says("G", span_of(bytes), "malformed: bad chunk size");
	}
}
END_TEST

START_TEST(chunk_extensions_are_passed_over)
{
	says("GG", BYTES(CHUNKED "1;a\r\nx\r\n1;a=b;c=\"d\"\r\nx\r\n0;last\r\n\r\n" NEXT),
	     "200, 404; idle");
	says("GG", BYTES(CHUNKED "1 ; a = b ;\tc\t=\t\"d\" ;e\r\nx\r\n0\r\n\r\n" NEXT),
	     "200, 404; idle");
	says("GG", BYTES(CHUNKED "1;a=\"; \\\" \\\\ =\t\xff(,\"\r\nx\r\n0;b=\"\"\r\n\r\n" NEXT),
	     "200, 404; idle");
	says("GG", BYTES(CHUNKED "0;a=\"\\ \\\t\\a\\,\\;\\=\\\"\\\\\\(\"\r\n\r\n" NEXT),
	     "200, 404; idle");
}
END_TEST

START_TEST(a_bad_chunk_extension_is_malformed)
{
	static const char *const bad[] = {
		";",      ";;a",       ";=b",         ";a=",         ";a==b",
		";a b",   ";a=b c",    ";a ",         " 2",          ";a=b ",
		";a=\"b", ";a=\"b\"c", ";a=\"b\\\"",  " ",           ";a=\"b\" ",
		";a/b",   ";a=b/c",    ";a=\"\x01\"", ";a=\"\x7f\"", ";a=\"\\\x02\"",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char bytes[128];
		snprintf(bytes, sizeof(bytes), CHUNKED "1%s\r\nx\r\n0\r\n\r\n", bad[i]);
		says("G", span_of(bytes), "malformed: bad chunk extension");
	}
}
END_TEST

START_TEST(a_chunk_ends_in_crlf)
{
	says("G", BYTES(CHUNKED "1\r\nxy"), "malformed: chunk longer than its size");
	says("G", BYTES(CHUNKED "1\r\nx\n0\r\n\r\n"), "malformed: chunk longer than its size");
	says("G", BYTES(CHUNKED "1\r\nx\r0"), "malformed: chunk longer than its size");
	says("G", BYTES(CHUNKED "1\nx"), "malformed: LF without CR");
	says("G", BYTES(CHUNKED "1;a\nx"), "malformed: LF without CR");
	says("G", BYTES(CHUNKED "1\rx"), "malformed: CR without LF");
}
END_TEST

START_TEST(trailers_are_read_and_mean_nothing)
{
	says("GG",
	     BYTES(CHUNKED "0\r\nA: b\r\nContent-Length: 77, x\r\nConnection: close\r\n"
			   "Transfer-Encoding: chunked;x\r\nRetry-After: 1\r\n\r\n" NEXT),
	     "200, 404; idle");
	says("G", BYTES(CHUNKED "0\r\n folded\r\n\r\n"), "malformed: folded header line");
	says("G", BYTES(CHUNKED "0\r\nbad name: x\r\n\r\n"),
	     "malformed: space in or after a header name");
	says("G", BYTES(CHUNKED "0\r\n\n"), "malformed: LF without CR");
	says("G", BYTES(CHUNKED "0\r\nA: b\r\n"), "truncated");
}
END_TEST

START_TEST(a_close_anywhere_in_chunks_truncates)
{
	static const char whole[] = CHUNKED "5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n";
	for (size_t len = 1; len < sizeof(whole) - 1; len++)
		says("G", (struct span){whole, len}, "truncated");
	says("G", BYTES(whole), "200; idle");
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("h1 framing");
	tcase_add_test(all, a_204_a_304_and_an_answer_to_head_have_no_body);
	tcase_add_test(all, fields_of_an_answer_without_body_must_be_well_formed_all_the_same);
	tcase_add_test(all, a_content_length_may_be_repeated_if_it_is_the_same);
	tcase_add_test(all, a_content_length_is_digits_and_nothing_else);
	tcase_add_test(all, the_largest_content_length_is_2_to_the_64th_less_1);
	tcase_add_test(all, without_length_or_chunks_the_close_ends_the_body);
	tcase_add_test(all, a_coding_other_than_chunked_at_the_end_is_framed_by_the_close);
	tcase_add_test(all, a_coding_before_chunked_is_framed_by_chunks);
	tcase_add_test(all, a_bad_transfer_encoding_is_malformed);
	tcase_add_test(all, chunks_with_a_content_length_or_in_http_1_0_are_malformed);
	tcase_add_test(all, chunks_are_counted_in_hexadecimal);
	tcase_add_test(all, a_bad_chunk_size_is_malformed);
	tcase_add_test(all, chunk_extensions_are_passed_over);
	tcase_add_test(all, a_bad_chunk_extension_is_malformed);
	tcase_add_test(all, a_chunk_ends_in_crlf);
	tcase_add_test(all, trailers_are_read_and_mean_nothing);
	tcase_add_test(all, a_close_anywhere_in_chunks_truncates);
	Suite *suite = suite_create("h1_framing");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
