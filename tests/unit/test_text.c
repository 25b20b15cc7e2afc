#include "host/text.h"
#include "tests/lib/suite.h"

static const char NETSTAT[] = "TcpExt: A ListenOverflows B\nTcpExt: 1 17 3\nIpExt: A\nIpExt: 9\n";

START_TEST(a_column_is_found_by_its_name_and_table)
{
	uint64_t value = 0;
	ck_assert(text_column(NETSTAT, "TcpExt:", "ListenOverflows", &value));
	ck_assert_uint_eq(value, 17);
	ck_assert(text_column(NETSTAT, "IpExt:", "A", &value));
	ck_assert_uint_eq(value, 9);
}
END_TEST

START_TEST(what_is_not_there_is_not_found_and_leaves_the_result_alone)
{
	uint64_t value = 5;
	ck_assert(!text_column(NETSTAT, "TcpExt:", "Listen", &value));
	ck_assert(!text_column(NETSTAT, "UdpExt:", "A", &value));
	ck_assert(!text_column("TcpExt: A\n", "TcpExt:", "A", &value));
	ck_assert(!text_pair("TCP: inuse\n", "TCP:", "inuse", &value));
	ck_assert(!text_number("x1", 10, &value));
	ck_assert(!text_number(NULL, 10, &value));
	ck_assert_uint_eq(value, 5);
}
END_TEST

START_TEST(a_pair_is_a_name_and_the_word_behind_it)
{
	uint64_t value;
	ck_assert(text_pair("UDP: inuse 1\nTCP: inuse 26 tw 4\n", "TCP:", "tw", &value));
	ck_assert_uint_eq(value, 4);
}
END_TEST

START_TEST(lines_and_words_end_where_they_end)
{
	ck_assert_str_eq(text_next_line("a\nb\n"), "b\n");
	ck_assert_ptr_null(text_next_line("b\n"));
	ck_assert_ptr_null(text_next_line("b"));
	ck_assert_ptr_null(text_word("one two\nthree", 2));
	ck_assert_int_eq(text_place("one two\nthree", "three"), -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("text");
	TCase *t = tcase_create("words and lines");
	tcase_add_test(t, a_column_is_found_by_its_name_and_table);
	tcase_add_test(t, what_is_not_there_is_not_found_and_leaves_the_result_alone);
	tcase_add_test(t, a_pair_is_a_name_and_the_word_behind_it);
	tcase_add_test(t, lines_and_words_end_where_they_end);
	suite_add_tcase(s, t);
	return suite_run(s);
}
