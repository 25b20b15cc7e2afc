#include "base/units.h"
#include "tests/lib/suite.h"

#include <math.h>

#define LENGTH(table) (sizeof(table) / sizeof *(table))

/* A text and the whole number it stands for. */
struct whole_case {
	const char *text;
	uint64_t value;
};

static void check_whole(bool (*parse)(const char *, uint64_t *), const struct whole_case *cases,
			size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = 0;
		ck_assert_msg(parse(cases[i].text, &value), "'%s' is refused", cases[i].text);
		ck_assert_msg(value == cases[i].value, "'%s' gives %lu", cases[i].text,
			      (unsigned long)value);
	}
}

static void check_refused(bool (*parse)(const char *, uint64_t *), const char *const *texts,
			  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = 4711;
		ck_assert_msg(!parse(texts[i], &value), "'%s' is taken", texts[i]);
		ck_assert_msg(value == 4711, "'%s' touched the result", texts[i]);
	}
}

/* What no parser of whole numbers takes, whatever its units. */
static const char *const NEVER[] = {
	"",
	"-1",
	"+1",
	" 1",
	"1 ",
	"1\n",
	".",
	"1.",
	"1..5",
	"1.5.",
	"1e3",
	"0x10",
	"inf",
	"nan",
	"k",
	"ms",
	"1,5",
	"1x",
	"1kk",
	"1k ",
	"1 k",
	"--1",
	"1\xc2\xb5s",
	"1%",
	"99999999999999999999",                    /* past 2^64 */
	"340282366920938463463374607431768211456", /* 2^128 */
	"9999999999999999999999999999999999999999",
	"0.0000000000001", /* part of a byte, of a request, of a nanosecond */
	"1.00000000000000000001",
};

START_TEST(counts_take_powers_of_1000)
{
	static const struct whole_case CASES[] = {
		{"0", 0},
		{"1", 1},
		{"007", 7},
		{"10k", 10000},
		{"1.5k", 1500},
		{".5k", 500},
		{"2M", 2000000},
		{"0.000001M", 1},
		{"1.0", 1},
		{"1.00000000000000000000000", 1},
		{"18446744073709551615", UINT64_MAX},
		{"18446744073709551.615k", UINT64_MAX},
	};
	check_whole(units_count, CASES, LENGTH(CASES));
}
END_TEST

START_TEST(what_is_no_count_is_refused)
{
	static const char *const TEXTS[] = {"1.5",
					    "1K",
					    "1m",
					    "1G",
					    "1s",
					    "1.0001k",
					    "18446744073709551616",
					    "18446744073709551.616k",
					    "18446744073710M"};
	check_refused(units_count, TEXTS, LENGTH(TEXTS));
	check_refused(units_count, NEVER, LENGTH(NEVER));
}
END_TEST

START_TEST(a_bare_number_is_seconds)
{
	static const struct whole_case CASES[] = {
		{"0", 0}, {"1", 1000000000}, {"1.5", 1500000000}, {"30", 30000000000}};
	check_whole(units_duration_ns, CASES, LENGTH(CASES));
}
END_TEST

START_TEST(durations_take_their_units)
{
	static const struct whole_case CASES[] = {
		{"1us", 1000},         {"0.001us", 1},      {"250ms", 250000000},
		{"1.5s", 1500000000},  {"0.1s", 100000000}, {"2m", 120000000000},
		{"1h", 3600000000000}, {"0.000000001s", 1}, {"18446744073.709551615s", UINT64_MAX},
	};
	check_whole(units_duration_ns, CASES, LENGTH(CASES));
}
END_TEST

START_TEST(what_is_no_duration_is_refused)
{
	static const char *const TEXTS[] = {
		"1ns",     "1M", "1S", "1min", "1d", "1h30m", "0.0001us", "18446744073.709551616s",
		"5124096h"};
	check_refused(units_duration_ns, TEXTS, LENGTH(TEXTS));
	check_refused(units_duration_ns, NEVER, LENGTH(NEVER));
}
END_TEST

START_TEST(sizes_take_powers_of_1024)
{
	static const struct whole_case CASES[] = {
		{"512", 512},
		{"512B", 512},
		{"4KiB", 4096},
		{"1.5KiB", 1536},
		{"1MiB", 1048576},
		{"2GiB", UINT64_C(2147483648)},
		{"17179869183GiB", UINT64_C(18446744072635809792)},
	};
	check_whole(units_size, CASES, LENGTH(CASES));
}
END_TEST

START_TEST(what_is_no_size_is_refused)
{
	static const char *const TEXTS[] = {"1k",   "1KB",  "1kib",          "1K",
					    "0.5B", "1TiB", "17179869184GiB"};
	check_refused(units_size, TEXTS, LENGTH(TEXTS));
	check_refused(units_size, NEVER, LENGTH(NEVER));
}
END_TEST

START_TEST(real_numbers_of_15_digits_come_out_as_the_nearest_double)
{
	static const struct {
		const char *text;
		double value;
	} CASES[] = {{"0", 0},
		     {"0.1", 0.1},
		     {"2.5k", 2500},
		     {"3333.33", 3333.33},
		     {"0.3M", 300000},
		     {"1.79769313486231", 1.79769313486231},
		     {"0.000000000000000001", 1e-18},
		     {"0.0000000000000000019", 1e-18},
		     {"18446744073709551616", 0x1p64}};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		double value = -1;
		ck_assert(units_real(CASES[i].text, &value));
		ck_assert_msg(value == CASES[i].value, "'%s' gives %.17g", CASES[i].text, value);
	}
}
END_TEST

START_TEST(percentages_are_fractions_of_one)
{
	static const struct {
		const char *text;
		double value;
	} CASES[] = {{"5%", 0.05}, {"0%", 0},       {"100%", 1},
		     {"300%", 3},  {"0.1%", 0.001}, {"7%", 0.07}};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		double value = -1;
		ck_assert(units_percent(CASES[i].text, &value));
		ck_assert_msg(value == CASES[i].value, "'%s' gives %.17g", CASES[i].text, value);
	}
}
END_TEST

START_TEST(what_is_no_real_number_or_percentage_is_refused)
{
	static const char *const REALS[] = {"",
					    "-1",
					    "1e5",
					    "inf",
					    "nan",
					    "0x1p3",
					    "1.",
					    "5%",
					    " 1",
					    "1 ",
					    "1K",
					    "1s",
					    "340282366920938463463374607431768211456",
					    "340282366920938463463374607431768212k",
					    "340282366920938463463374607431769M"};
	static const char *const PERCENTAGES[] = {"5", "%", "-5%", "5 %", "5%%", "5k%", "5%k", ""};
	double value = 47.11;
	for (size_t i = 0; i < LENGTH(REALS); i++)
		ck_assert_msg(!units_real(REALS[i], &value), "'%s' is taken", REALS[i]);
	for (size_t i = 0; i < LENGTH(PERCENTAGES); i++)
		ck_assert_msg(!units_percent(PERCENTAGES[i], &value), "'%s' is taken",
			      PERCENTAGES[i]);
	ck_assert(value == 47.11);
}
END_TEST

/* A number and the text people read. */
struct text_case {
	double value;
	const char *text;
};

static void check_texts(char *(*write)(char *, double), const struct text_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char out[UNITS_TEXT];
		ck_assert_ptr_eq(write(out, cases[i].value), out);
		ck_assert_str_eq(out, cases[i].text);
	}
}

START_TEST(durations_read_with_three_digits)
{
	static const struct text_case CASES[] = {
		{0, "0us"},        {0.5, "0.50us"},    {17, "17us"},     {999, "999us"},
		{12.34, "12.3us"}, {1000, "1.00ms"},   {1250, "1.25ms"}, {12345, "12.3ms"},
		{123456, "123ms"}, {2500000, "2.50s"}, {30e6, "30.0s"},  {90e6, "1.50m"},
		{3600e6, "1.00h"}, {36000e6, "10.0h"},
	};
	check_texts(units_text_us, CASES, LENGTH(CASES));
}
END_TEST

START_TEST(rounding_up_to_the_next_unit_changes_the_unit)
{
	static const struct text_case CASES[] = {
		{9.994, "9.99us"},  {9.996, "10.0us"},  {99.94, "99.9us"},       {99.96, "100us"},
		{999.4, "999us"},   {999.6, "1.00ms"},  {999499, "999ms"},       {999600, "1.00s"},
		{59.94e6, "59.9s"}, {59.96e6, "1.00m"}, {59.96 * 60e6, "1.00h"},
	};
	check_texts(units_text_us, CASES, LENGTH(CASES));
}
END_TEST

START_TEST(counts_and_rates_read_with_three_digits)
{
	static const struct text_case CASES[] = {
		{0, "0"},         {5, "5"},         {5.25, "5.25"},     {999, "999"},
		{1000, "1.00k"},  {12345, "12.3k"}, {999499, "999k"},   {999501, "1.00M"},
		{2.5e9, "2.50G"}, {4e12, "4.00T"},  {-12345, "-12.3k"},
	};
	check_texts(units_text_count, CASES, LENGTH(CASES));
}
END_TEST

START_TEST(sizes_read_in_powers_of_1024)
{
	static const struct text_case CASES[] = {
		{0, "0B"},           {1023, "1023B"},           {1024, "1.00KB"},
		{1290000, "1.23MB"}, {1023.4 * 1024, "1023KB"}, {1023.6 * 1024, "1.00MB"},
		{0x1p30, "1.00GB"},  {0x1p40, "1.00TB"},        {0x1p50, "1.00PB"},
	};
	check_texts(units_text_bytes, CASES, LENGTH(CASES));
}
END_TEST

START_TEST(no_number_is_too_large_or_too_strange_to_be_written)
{
	static const struct text_case CASES[] = {
		{NAN, "n/a"},           {INFINITY, "n/a"},       {-INFINITY, "n/a"},
		{3600e12, "1.00e+06h"}, {1.7e308, "4.72e+298h"}, {-1.7e308, "-4.72e+298h"},
	};
	check_texts(units_text_us, CASES, LENGTH(CASES));
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("units");
	tcase_add_test(all, counts_take_powers_of_1000);
	tcase_add_test(all, what_is_no_count_is_refused);
	tcase_add_test(all, a_bare_number_is_seconds);
	tcase_add_test(all, durations_take_their_units);
	tcase_add_test(all, what_is_no_duration_is_refused);
	tcase_add_test(all, sizes_take_powers_of_1024);
	tcase_add_test(all, what_is_no_size_is_refused);
	tcase_add_test(all, real_numbers_of_15_digits_come_out_as_the_nearest_double);
	tcase_add_test(all, percentages_are_fractions_of_one);
	tcase_add_test(all, what_is_no_real_number_or_percentage_is_refused);
	tcase_add_test(all, durations_read_with_three_digits);
	tcase_add_test(all, rounding_up_to_the_next_unit_changes_the_unit);
	tcase_add_test(all, counts_and_rates_read_with_three_digits);
	tcase_add_test(all, sizes_read_in_powers_of_1024);
	tcase_add_test(all, no_number_is_too_large_or_too_strange_to_be_written);
	Suite *suite = suite_create("units");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
