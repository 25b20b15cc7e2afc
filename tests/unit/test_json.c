#include "base/json.h"
#include "tests/lib/suite.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Most tests write one value or container and compare the whole text. */
static struct buf out;
static struct json j;

static void start(void)
{
	buf_init(&out, 1 << 16);
	json_init(&j, &out);
}

static void stop(void)
{
	buf_fini(&out);
}

static void check_text(const char *value, const char *expected)
{
	out.len = 0;
	json_init(&j, &out);
	json_text(&j, NULL, value);
	ck_assert_str_eq(out.ptr, expected);
}

static void check_real(double value, const char *expected)
{
	out.len = 0;
	json_init(&j, &out);
	json_real(&j, NULL, value);
	ck_assert_str_eq(out.ptr, expected);
}

START_TEST(empty_containers_hold_no_comma)
{
	json_object(&j, NULL);
	json_object(&j, "a");
	json_object_end(&j);
	json_array(&j, "b");
	json_array_end(&j);
	json_object_end(&j);
	ck_assert_str_eq(out.ptr, "{\"a\":{},\"b\":[]}");
}
END_TEST

START_TEST(commas_stand_between_members_at_every_depth)
{
	json_array(&j, NULL);
	json_u64(&j, NULL, 1);
	json_object(&j, NULL);
	json_u64(&j, "x", 2);
	json_array(&j, "y");
	json_bool(&j, NULL, true);
	json_bool(&j, NULL, false);
	json_array_end(&j);
	json_null(&j, "z");
	json_object_end(&j);
	json_text(&j, NULL, "end");
	json_array_end(&j);
	ck_assert_str_eq(out.ptr, "[1,{\"x\":2,\"y\":[true,false],\"z\":null},\"end\"]");
	ck_assert(!out.cut);
}
END_TEST

START_TEST(the_deepest_nesting_allowed_is_written)
{
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_array(&j, NULL);
	json_u64(&j, NULL, 0);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_array_end(&j);
	ck_assert_str_eq(out.ptr, "[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]");
}
END_TEST

START_TEST(quotes_backslashes_and_controls_are_escaped)
{
	check_text("", "\"\"");
	check_text("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
	check_text("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
	check_text("\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"");
}
END_TEST

START_TEST(keys_are_escaped_too)
{
	json_object(&j, NULL);
	json_u64(&j, "a\"\xff", 1);
	json_object_end(&j);
	ck_assert_str_eq(out.ptr, "{\"a\\\"\xef\xbf\xbd\":1}");
}
END_TEST

START_TEST(well_formed_utf8_passes_unchanged)
{
	check_text("\xc2\x80\xdf\xbf", "\"\xc2\x80\xdf\xbf\"");
	check_text("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
		   "\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"");
	check_text("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
}
END_TEST

START_TEST(each_byte_that_is_not_utf8_is_replaced)
{
#define R "\xef\xbf\xbd"
	check_text("a\x80z", "\"a" R "z\"");                 /* continuation alone */
	check_text("\xc0\xaf", "\"" R R "\"");               /* overlong '/' */
	check_text("\xe0\x9f\xbf", "\"" R R R "\"");         /* overlong */
	check_text("\xed\xa0\x80", "\"" R R R "\"");         /* surrogate */
	check_text("\xf4\x90\x80\x80", "\"" R R R R "\"");   /* past U+10FFFF */
	check_text("\xf5\xff", "\"" R R "\"");               /* never in UTF-8 */
	check_text("\xe2\x82", "\"" R R "\"");               /* ends too early */
	check_text("\xf0\x9f\x92\x22", "\"" R R R "\\\"\""); /* quote inside a sequence */
	check_text("\xc3\xa9\xc3", "\"\xc3\xa9" R "\"");
#undef R
}
END_TEST

START_TEST(a_missing_text_is_null)
{
	check_text(NULL, "null");
}
END_TEST

START_TEST(whole_numbers_keep_all_their_digits)
{
	json_array(&j, NULL);
	json_u64(&j, NULL, 0);
	json_u64(&j, NULL, UINT64_MAX);
	json_array_end(&j);
	ck_assert_str_eq(out.ptr, "[0,18446744073709551615]");
}
END_TEST

START_TEST(real_numbers_take_their_shortest_form)
{
	check_real(0, "0");
	check_real(5, "5");
	check_real(0.1, "0.1");
	check_real(-2.5, "-2.5");
	check_real(3333.33, "3333.33");
	check_real(1e300, "1e+300");
	check_real(0.1 + 0.2, "0.30000000000000004");
	check_real(1.0 / 3, "0.3333333333333333");
}
END_TEST

START_TEST(real_numbers_read_back_as_themselves)
{
	static const double VALUES[] = {DBL_MAX, DBL_MIN, 5e-324, 1 + DBL_EPSILON,
					M_PI,    0x1p53,  1e23,   123456789.123456789,
					1e-7};
	for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
		out.len = 0;
		json_init(&j, &out);
		json_real(&j, NULL, VALUES[i]);
		ck_assert_msg(strtod(out.ptr, NULL) == VALUES[i], "%s", out.ptr);
	}
}
END_TEST

START_TEST(what_is_not_finite_is_null)
{
	check_real(NAN, "null");
	check_real(INFINITY, "null");
	check_real(-INFINITY, "null");
}
END_TEST

START_TEST(a_buf_that_is_full_says_so_at_the_end)
{
	struct buf small;
	buf_init(&small, 8);
	json_init(&j, &small);
	json_array(&j, NULL);
	json_text(&j, NULL, "longer than eight bytes");
	json_array_end(&j);
	ck_assert(small.cut);
	ck_assert_uint_le(small.len, 8);
	buf_fini(&small);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("json");
	tcase_add_checked_fixture(all, start, stop);
	tcase_add_test(all, empty_containers_hold_no_comma);
	tcase_add_test(all, commas_stand_between_members_at_every_depth);
	tcase_add_test(all, the_deepest_nesting_allowed_is_written);
	tcase_add_test(all, quotes_backslashes_and_controls_are_escaped);
	tcase_add_test(all, keys_are_escaped_too);
	tcase_add_test(all, well_formed_utf8_passes_unchanged);
	tcase_add_test(all, each_byte_that_is_not_utf8_is_replaced);
	tcase_add_test(all, a_missing_text_is_null);
	tcase_add_test(all, whole_numbers_keep_all_their_digits);
	tcase_add_test(all, real_numbers_take_their_shortest_form);
	tcase_add_test(all, real_numbers_read_back_as_themselves);
	tcase_add_test(all, what_is_not_finite_is_null);
	tcase_add_test(all, a_buf_that_is_full_says_so_at_the_end);
	Suite *suite = suite_create("json");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
