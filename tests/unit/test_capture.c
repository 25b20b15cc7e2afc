#include "load/capture.h"
#include "tests/lib/suite.h"

#include <stdio.h>

/* What a path leads to in a body; "" where it leads nowhere. */
static const char *found(const char *body, const char *path)
{
	static char text[MIX_CAPTURE_LEN + 1];
	struct captured c = {0};
	struct err err = {0};
	ck_assert_msg(!capture_check(path, &err), "%s", err.text);
	bool any = capture(&c, span_of(body), path);
	ck_assert_int_eq(any, c.len > 0);
	snprintf(text, sizeof text, "%.*s", c.len, c.text);
	return text;
}

START_TEST(values_are_found_by_their_path)
{
	ck_assert_str_eq(found("{\"id\": \"A7\"}", "$.id"), "A7");
	ck_assert_str_eq(found("{\"a\": {\"b\": [1, {\"c\": 42}]}}", "$.a.b[1].c"), "42");
	ck_assert_str_eq(found("[true, false]", "$[1]"), "false");
	ck_assert_str_eq(found("{\"n\": -9007199254740993}", "$.n"), "-9007199254740993");
}
END_TEST

START_TEST(what_is_not_there_or_cannot_be_told_is_no_value)
{
	ck_assert_str_eq(found("{\"id\": \"A7\"}", "$.other"), "");
	ck_assert_str_eq(found("{\"id\": {}}", "$.id"), "");
	ck_assert_str_eq(found("{\"id\": \"a b\"}", "$.id"), "");
	ck_assert_str_eq(found("{\"id\": \"a\\r\\nX: y\"}", "$.id"), "");
	ck_assert_str_eq(found("{\"id\": 1.5}", "$.id"), "");
	ck_assert_str_eq(found("not json", "$.id"), "");
	ck_assert_str_eq(found("", "$.id"), "");
}
END_TEST

START_TEST(a_path_is_checked_before)
{
	static const char *const wrong[] = {"id",     "$",    "$id", "$.",
					    "$.a..b", "$[x]", "$[1", "$.a]"};
	struct err err;
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_msg(capture_check(wrong[i], &err) == -1, "%s", wrong[i]);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("capture");
	tcase_add_test(all, values_are_found_by_their_path);
	tcase_add_test(all, what_is_not_there_or_cannot_be_told_is_no_value);
	tcase_add_test(all, a_path_is_checked_before);
	Suite *suite = suite_create("capture");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
