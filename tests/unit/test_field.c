#include "base/field.h"
#include "tests/lib/suite.h"

START_TEST(tokens_have_neither_blanks_nor_delimiters)
{
	ck_assert(field_is_token(span_of("X-A_b.1~!#$%&'*+^`|")));
	ck_assert(field_is_token((struct span){"a b", 1}));
	ck_assert(!field_is_token((struct span){"a b", 2}));
	ck_assert(!field_is_token(span_of("")));
	static const char *const others[] = {"a b", "a:", "a,", "\"a\"", "a/b", "a\t", "\xc3\xa4"};
	for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
		ck_assert_msg(!field_is_token(span_of(others[i])), "%s", others[i]);
}
END_TEST

START_TEST(blanks_and_tabs_are_trimmed_and_nothing_else)
{
	struct span s = field_trim(span_of(" \t a b\r\t "));
	ck_assert_uint_eq(s.len, 4);
	ck_assert(!memcmp(s.ptr, "a b\r", 4));
	ck_assert_uint_eq(field_trim(span_of("\t ")).len, 0);
	ck_assert_uint_eq(field_trim((struct span){NULL, 0}).len, 0);
}
END_TEST

START_TEST(names_have_no_case_and_are_whole)
{
	static const char *const lines[] = {"content-TYPE: x", "ETag:", "none"};
	ck_assert(field_is(span_of("etag"), "ETag"));
	ck_assert(!field_is(span_of("etag"), "ETag2"));
	ck_assert(!field_is(span_of("etag2"), "ETag"));
	ck_assert(field_is_given(lines, 3, "Content-Type"));
	ck_assert(field_is_given(lines, 3, "etag"));
	ck_assert(!field_is_given(lines, 1, "etag"));
	ck_assert(!field_is_given(lines, 3, "Content"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("field");
	TCase *tests = tcase_create("field");
	tcase_add_test(tests, tokens_have_neither_blanks_nor_delimiters);
	tcase_add_test(tests, blanks_and_tabs_are_trimmed_and_nothing_else);
	tcase_add_test(tests, names_have_no_case_and_are_whole);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
