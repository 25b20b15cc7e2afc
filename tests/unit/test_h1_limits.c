/* The stated limits: what is at one is taken, one byte or line more is PROTO_TOO_LARGE. */
#include "tests/lib/h1_says.h"
#include "tests/lib/suite.h"

/* `begin`, `fill` so often that `len` bytes come about, `end`. */
static struct buf padded(const char *begin, const char *fill, size_t len, const char *end)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	buf_puts(&b, begin);
	while (b.len + strlen(fill) + strlen(end) <= len)
		buf_puts(&b, fill);
	buf_puts(&b, end);
	ck_assert(!b.cut);
	return b;
}

static void padded_says(struct buf b, const char *words)
{
	says("H", (struct span){b.ptr, b.len}, words);
	buf_fini(&b);
}

START_TEST(a_line_of_16384_bytes_is_taken_and_one_more_is_not)
{
	static const char line[] = "HTTP/1.1 200 OK\r\n";
	size_t max = H1_LINE_MAX;
	padded_says(padded("HTTP/1.1 200 ", "x", max + 2, "\r\n\r\n"), "200; idle");
	padded_says(padded("HTTP/1.1 200 ", "x", max + 3, "\r\n\r\n"), "too large: line too long");
	padded_says(padded(OK_LINE "A:", "x", sizeof(line) - 1 + max + 2, "\r\n\r\n"), "200; idle");
	padded_says(padded(OK_LINE "A:", "x", sizeof(line) - 1 + max + 3, "\r\n\r\n"),
		    "too large: line too long");
	padded_says(padded(OK_LINE, "x", sizeof(line) + max, ""), "too large: line too long");
}
END_TEST

START_TEST(a_header_of_64_kilobytes_is_too_large)
{
	padded_says(padded(OK_LINE "A:", "xxxxxxxx", 65536, "\r\n\r\n"),
		    "too large: line too long");
}
END_TEST

START_TEST(a_head_of_65536_bytes_is_taken_and_one_more_is_not)
{
	char line[1025] = "A: ";
	memset(line + 3, 'x', 1019);
	memcpy(line + 1022, "\r\n", 3);
	size_t max = H1_HEAD_MAX;
	struct buf b = padded(OK_LINE, line, max - 3, "");
	size_t rest = max - b.len - strlen("B:\r\n\r\n");
	for (int more = 0; more < 2; more++) {
		struct buf head;
		buf_init(&head, 1 << 20);
		buf_append(&head, b.ptr, b.len);
		buf_printf(&head, "B:%*s\r\n\r\n", (int)rest + more, "");
		padded_says(head, more ? "too large: headers too long" : "200; idle");
	}
	buf_fini(&b);
}
END_TEST

START_TEST(headers_without_end_are_too_large)
{
	char line[513];
	snprintf(line, sizeof(line), "Some-Header: %0497d\r\n", 0);
	padded_says(padded(OK_LINE, line, 100000, ""), "too large: headers too long");
	padded_says(padded(OK_LINE, "A: b\r\n", 100000, ""), "too large: too many headers");
}
END_TEST

START_TEST(headers_up_to_256_are_taken_and_no_more)
{
	size_t line = sizeof(OK_LINE) - 1;
	padded_says(padded(OK_LINE, "A:\r\n", line + 4 * H1_FIELDS_MAX + 2, "\r\n"), "200; idle");
	padded_says(padded(OK_LINE, "A:\r\n", line + 4 * (H1_FIELDS_MAX + 1) + 2, "\r\n"),
		    "too large: too many headers");
	padded_says(padded(OK_LINE, "A:\r\n", line + 40000, "\r\n"), "too large: too many headers");
}
END_TEST

START_TEST(trailers_count_with_the_headers)
{
	struct buf b = padded(CHUNKED "0\r\n", "A:\r\n", 4000, "\r\n");
	says("G", (struct span){b.ptr, b.len}, "too large: too many headers");
	buf_fini(&b);
}
END_TEST

START_TEST(a_flood_of_interim_answers_is_too_large)
{
	static const char interim[] = "HTTP/1.1 100\r\n\r\n";
	size_t max = (sizeof(interim) - 1) * H1_INTERIM_MAX + sizeof(OK_LINE "\r\n") - 1;
	padded_says(padded("", interim, max, OK_LINE "\r\n"), "200; idle");
	padded_says(padded("", interim, max + sizeof(interim) - 1, OK_LINE "\r\n"),
		    "too large: too many 1xx answers");
	padded_says(padded("",
			   "HTTP/1.1 100 Continue\r\nA: 0123456789012345678901234567890123456789"
			   "0123456789012345678901234567890123456789\r\n\r\n",
			   200000, ""),
		    "too large: too many headers");
}
END_TEST

START_TEST(a_chunk_size_line_without_end_is_too_large)
{
	static const char *const begins[] = {CHUNKED "0", CHUNKED "1;a", CHUNKED "1;a=\""};
	for (size_t i = 0; i < 3; i++) {
		struct buf b = padded(begins[i], "0", 40000, "");
		says("G", (struct span){b.ptr, b.len}, "too large: line too long");
		buf_fini(&b);
	}
}
END_TEST

START_TEST(a_body_may_be_as_long_as_it_likes_in_as_many_chunks)
{
	struct buf b = padded(CHUNKED, "1;a=b\r\nx\r\n", 200000, "0\r\n\r\n");
	says("G", (struct span){b.ptr, b.len}, "200; idle");
	buf_fini(&b);
}
END_TEST

START_TEST(chunk_size_lines_leave_the_head_its_room)
{
	struct buf b = padded(CHUNKED, "1;a=b\r\nx\r\n", 80000, "0\r\nA: ");
	for (int i = 0; i < 1000; i++)
		buf_puts(&b, "0123456789");
	buf_puts(&b, "\r\n\r\n");
	says("G", (struct span){b.ptr, b.len}, "200; idle");
	buf_fini(&b);
}
END_TEST

START_TEST(limits_are_afresh_for_each_answer)
{
	static const char one[] = OK_LINE "A:\r\nA:\r\nA:\r\nA:\r\nContent-Length: 0\r\n\r\n";
	struct buf b = padded("", one, PLAY_ANSWERS_MAX * (sizeof(one) - 1), "");
	char methods[PLAY_ANSWERS_MAX + 1] = "";
	memset(methods, 'G', PLAY_ANSWERS_MAX);
	struct play p = play((struct span){b.ptr, b.len}, methods, 0, 0);
	ck_assert_uint_eq(p.answers, PLAY_ANSWERS_MAX);
	ck_assert_int_eq(p.closed, PROTO_MORE);
	buf_fini(&b);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("h1 limits");
	tcase_add_test(all, a_line_of_16384_bytes_is_taken_and_one_more_is_not);
	tcase_add_test(all, a_header_of_64_kilobytes_is_too_large);
	tcase_add_test(all, a_head_of_65536_bytes_is_taken_and_one_more_is_not);
	tcase_add_test(all, headers_without_end_are_too_large);
	tcase_add_test(all, headers_up_to_256_are_taken_and_no_more);
	tcase_add_test(all, trailers_count_with_the_headers);
	tcase_add_test(all, a_flood_of_interim_answers_is_too_large);
	tcase_add_test(all, a_chunk_size_line_without_end_is_too_large);
	tcase_add_test(all, a_body_may_be_as_long_as_it_likes_in_as_many_chunks);
	tcase_add_test(all, chunk_size_lines_leave_the_head_its_room);
	tcase_add_test(all, limits_are_afresh_for_each_answer);
	Suite *suite = suite_create("h1_limits");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
