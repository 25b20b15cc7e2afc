#include "base/span.h"
#include "tests/lib/suite.h"

START_TEST(a_span_of_a_text_borrows_it_whole)
{
	const char *text = "abc";
	struct span s = span_of(text);
	ck_assert_ptr_eq(s.ptr, text);
	ck_assert_uint_eq(s.len, 3);
	ck_assert_uint_eq(span_of("").len, 0);
}
END_TEST

START_TEST(skipping_moves_the_front_of_a_span)
{
	struct span s = span_of("abc");
	span_skip(&s, 2);
	ck_assert_uint_eq(s.len, 1);
	ck_assert_int_eq(s.ptr[0], 'c');
	span_skip(&s, 1);
	ck_assert_uint_eq(s.len, 0);
}
END_TEST

START_TEST(a_new_buf_owns_nothing)
{
	struct buf b;
	buf_init(&b, 10);
	ck_assert_ptr_null(b.ptr);
	ck_assert_uint_eq(b.len, 0);
	ck_assert(!b.cut);
	buf_fini(&b);
}
END_TEST

START_TEST(appends_add_up_and_end_in_a_nul)
{
	struct buf b;
	buf_init(&b, 100);
	buf_append(&b, "ab\0c", 4);
	buf_puts(&b, "de");
	buf_printf(&b, "%d-%s", 7, "x");
	ck_assert_uint_eq(b.len, 9);
	ck_assert_mem_eq(b.ptr, "ab\0cde7-x", 10);
	ck_assert(!b.cut);
	buf_fini(&b);
}
END_TEST

START_TEST(appending_nothing_gives_an_empty_text)
{
	struct buf b;
	buf_init(&b, 0);
	buf_append(&b, NULL, 0);
	ck_assert_str_eq(b.ptr, "");
	ck_assert(!b.cut);
	buf_fini(&b);
}
END_TEST

START_TEST(a_buf_holds_exactly_its_largest_size)
{
	struct buf b;
	buf_init(&b, 4);
	buf_puts(&b, "abcd");
	ck_assert(!b.cut);
	ck_assert_uint_eq(b.len, 4);
	buf_puts(&b, "e");
	ck_assert(b.cut);
	ck_assert_str_eq(b.ptr, "abcd");
	buf_fini(&b);
}
END_TEST

START_TEST(what_does_not_fit_is_dropped_whole)
{
	struct buf b;
	buf_init(&b, 4);
	buf_puts(&b, "ab");
	buf_printf(&b, "%s", "cde");
	ck_assert(b.cut);
	ck_assert_str_eq(b.ptr, "ab");
	buf_fini(&b);
}
END_TEST

START_TEST(nothing_is_appended_after_a_cut)
{
	struct buf b;
	buf_init(&b, 4);
	buf_puts(&b, "abcde");
	buf_puts(&b, "x");
	buf_printf(&b, "y");
	ck_assert(b.cut);
	ck_assert_uint_eq(b.len, 0);
	buf_fini(&b);
}
END_TEST

START_TEST(a_length_near_the_largest_number_is_cut_and_does_not_wrap)
{
	struct buf b;
	buf_init(&b, SIZE_MAX / 4);
	buf_puts(&b, "a");
	buf_append(&b, "b", SIZE_MAX);
	ck_assert(b.cut);
	ck_assert_str_eq(b.ptr, "a");
	buf_fini(&b);
}
END_TEST

START_TEST(growing_by_single_bytes_keeps_them_all)
{
	struct buf b;
	buf_init(&b, 100000);
	for (int i = 0; i < 100000; i++)
		buf_append(&b, &(char){(char)('a' + i % 26)}, 1);
	ck_assert(!b.cut);
	ck_assert_uint_eq(b.len, 100000);
	for (int i = 0; i < 100000; i++)
		ck_assert_int_eq(b.ptr[i], 'a' + i % 26);
	buf_fini(&b);
}
END_TEST

START_TEST(a_buf_may_be_used_again_after_fini_and_init)
{
	struct buf b;
	buf_init(&b, 2);
	buf_puts(&b, "abc");
	buf_fini(&b);
	buf_init(&b, 3);
	buf_puts(&b, "abc");
	ck_assert(!b.cut);
	ck_assert_str_eq(b.ptr, "abc");
	buf_fini(&b);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("span");
	tcase_add_test(all, a_span_of_a_text_borrows_it_whole);
	tcase_add_test(all, skipping_moves_the_front_of_a_span);
	tcase_add_test(all, a_new_buf_owns_nothing);
	tcase_add_test(all, appends_add_up_and_end_in_a_nul);
	tcase_add_test(all, appending_nothing_gives_an_empty_text);
	tcase_add_test(all, a_buf_holds_exactly_its_largest_size);
	tcase_add_test(all, what_does_not_fit_is_dropped_whole);
	tcase_add_test(all, nothing_is_appended_after_a_cut);
	tcase_add_test(all, a_length_near_the_largest_number_is_cut_and_does_not_wrap);
	tcase_add_test(all, growing_by_single_bytes_keeps_them_all);
	tcase_add_test(all, a_buf_may_be_used_again_after_fini_and_init);
	Suite *suite = suite_create("span");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
