#include "base/rng.h"
#include "run/threshold.h"
#include "tests/lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct threshold t;
static struct err err;

static void parse(const char *text)
{
	err = (struct err){0};
	ck_assert_msg(threshold_parse(&t, text, &err) == 0, "%s", err.text);
	ck_assert_str_eq(t.text, text);
}

static const struct {
	const char *text;
	enum threshold_kind kind;
	enum threshold_series series;
	enum threshold_measure measure;
	double quantile;
	enum threshold_comparison comparison;
	double bound;
} latencies[] = {
#define LATENCY THRESHOLD_LATENCY, SERIES_INTENDED
	{"p(99)<250ms", LATENCY, MEASURE_QUANTILE, 0.99, COMPARE_LESS, 250000},
	{"avg<=10ms", LATENCY, MEASURE_MEAN, 0, COMPARE_LESS_EQUAL, 10000},
	{"max<1s", LATENCY, MEASURE_MAX, 0, COMPARE_LESS, 1e6},
	{"min<1ms", LATENCY, MEASURE_MIN, 0, COMPARE_LESS, 1000},
	{"med<5ms", LATENCY, MEASURE_QUANTILE, 0.5, COMPARE_LESS, 5000},
	{"p(99.9)>500", LATENCY, MEASURE_QUANTILE, 0.999, COMPARE_MORE, 500000},
	{"p(0)>=1us", LATENCY, MEASURE_QUANTILE, 0, COMPARE_MORE_EQUAL, 1},
	{"p(100)==2m", LATENCY, MEASURE_QUANTILE, 1, COMPARE_EQUAL, 120e6},
	{"p(99.99)!=.5s", LATENCY, MEASURE_QUANTILE, 0.9999, COMPARE_UNEQUAL, 500000},
	{"max<1.5", LATENCY, MEASURE_MAX, 0, COMPARE_LESS, 1500},
	{"intended.max<1.", LATENCY, MEASURE_MAX, 0, COMPARE_LESS, 1000},
	{"http_req_duration: p(99)<500", LATENCY, MEASURE_QUANTILE, 0.99, COMPARE_LESS, 500000},
	{"http_req_duration:avg<500", LATENCY, MEASURE_MEAN, 0, COMPARE_LESS, 500000},
	{" p ( 99 ) < 250 ms ", LATENCY, MEASURE_QUANTILE, 0.99, COMPARE_LESS, 250000},
	{"\tmax\n<=\t1 s", LATENCY, MEASURE_MAX, 0, COMPARE_LESS_EQUAL, 1e6},
#undef LATENCY
	{"service.p(99)<50ms", THRESHOLD_LATENCY, SERIES_SERVICE, MEASURE_QUANTILE, 0.99,
	 COMPARE_LESS, 50000},
	{"connect.max<50us", THRESHOLD_LATENCY, SERIES_CONNECT, MEASURE_MAX, 0, COMPARE_LESS, 50},
	{"first_byte . med < 7", THRESHOLD_LATENCY, SERIES_FIRST_BYTE, MEASURE_QUANTILE, 0.5,
	 COMPARE_LESS, 7000},
	{"p(99)/p(50)<4", THRESHOLD_RATIO, SERIES_INTENDED, MEASURE_QUANTILE, 0.99, COMPARE_LESS,
	 4},
	{"service.max / connect.avg <= 2.5", THRESHOLD_RATIO, SERIES_SERVICE, MEASURE_MAX, 0,
	 COMPARE_LESS_EQUAL, 2.5},
};

START_TEST(a_latency_has_series_measure_comparison_and_bound_in_us)
{
	parse(latencies[_i].text);
	ck_assert_int_eq(t.kind, latencies[_i].kind);
	ck_assert_int_eq(t.left.series, latencies[_i].series);
	ck_assert_int_eq(t.left.measure, latencies[_i].measure);
	ck_assert_double_eq(t.left.quantile, latencies[_i].quantile);
	ck_assert_int_eq(t.comparison, latencies[_i].comparison);
	ck_assert_double_eq(t.bound, latencies[_i].bound);
}
END_TEST

START_TEST(a_ratio_has_a_right_side)
{
	parse("service.max / connect.p(90) <= 2.5");
	ck_assert_int_eq(t.right.series, SERIES_CONNECT);
	ck_assert_int_eq(t.right.measure, MEASURE_QUANTILE);
	ck_assert_double_eq(t.right.quantile, 0.9);
	parse("service.p(99)/p(50)<4"); /* each side names its own series */
	ck_assert_int_eq(t.left.series, SERIES_SERVICE);
	ck_assert_int_eq(t.right.series, SERIES_INTENDED);
}
END_TEST

static const struct {
	const char *text;
	enum threshold_kind kind;
	int outcome;
	double bound;
} others[] = {
	{"errors<5%", THRESHOLD_ERRORS, -1, 0.05},
	{"errors<0.05", THRESHOLD_ERRORS, -1, 0.05},
	{"errors<=100%", THRESHOLD_ERRORS, -1, 1},
	{"errors==0", THRESHOLD_ERRORS, -1, 0},
	{"errors < 0.1 %", THRESHOLD_ERRORS, -1, 0.001},
	{"rate>1000", THRESHOLD_RATE, -1, 1000},
	{"rate>2.5k", THRESHOLD_RATE, -1, 2500},
	{"count>=1000", THRESHOLD_COUNT, -1, 1000},
	{"count>=1M", THRESHOLD_COUNT, -1, 1e6},
	{"ok>1000", THRESHOLD_COUNT, OUTCOME_OK, 1000},
	{"shed==0", THRESHOLD_COUNT, OUTCOME_SHED, 0},
	{"timeout==0", THRESHOLD_COUNT, OUTCOME_TIMEOUT, 0},
	{"http_req_failed: rate<0.05", THRESHOLD_ERRORS, -1, 0.05},
	{"http_req_failed:rate<5%", THRESHOLD_ERRORS, -1, 0.05},
	{"http_reqs: rate>100", THRESHOLD_RATE, -1, 100},
	{" http_reqs : count > 100", THRESHOLD_COUNT, -1, 100},
};

START_TEST(errors_rates_and_counts_are_told_apart)
{
	parse(others[_i].text);
	ck_assert_int_eq(t.kind, others[_i].kind);
	ck_assert_int_eq(t.outcome, others[_i].outcome);
	ck_assert_double_eq(t.bound, others[_i].bound);
}
END_TEST

START_TEST(every_outcome_can_be_counted_by_name)
{
	for (int o = 0; o < OUTCOME_COUNT; o++) {
		char text[64];
		snprintf(text, sizeof text, "%s==0", outcome_name((enum outcome)o));
		parse(text);
		ck_assert_int_eq(t.kind, THRESHOLD_COUNT);
		ck_assert_int_eq(t.outcome, o);
	}
}
END_TEST

static const struct {
	const char *text;
	unsigned column;
	const char *expected;
} wrong[] = {
	{"", 1, "a latency, errors, rate, count or the name of an outcome"},
	{"   ", 4, "a latency"},
	{"fast", 1, "a latency"},
	{"fast<5", 1, "a latency"},
	{"maximum<5", 1, "a latency"},
	{"MAX<5", 1, "a latency"},
	{"<5", 1, "a latency"},
	{"p99<5", 1, "a latency"},
	{"p<5", 2, "("},
	{"p(<5", 3, "a percentile"},
	{"p()<5", 3, "a percentile"},
	{"p(101)<1s", 3, "a percentile"},
	{"p(100.1)<1s", 3, "a percentile"},
	{"p(-1)<1s", 3, "a percentile"},
	{"p(nan)<1s", 3, "a percentile"},
	{"p(99<5", 5, ")"},
	{"p(99.9.9)<5", 7, ")"},
	{"p(99)", 6, "<, <=, >, >=, == or !="},
	{"p(99)=5", 6, "<, <="},
	{"p(99)250", 6, "<, <="},
	{"max=<5", 4, "<, <="},
	{"p(99)<", 7, "a duration"},
	{"max<ms", 5, "a duration"},
	{"max<-5", 5, "a duration"},
	{"max<5h", 5, "a duration"},
	{"max<5mss", 5, "a duration"},
	{"max<5%", 5, "a duration"},
	{"max<1e3", 5, "a duration"},
	{"max<0x5", 5, "a duration"},
	{"max<inf", 5, "a duration"},
	{"max<.", 5, "a duration"},
	{"max<<5", 5, "a duration"},
	{"max<5ms<6ms", 8, "the end"},
	{"max<5 6", 7, "the end"},
	{"max<1.2.3", 8, "the end"},
	{"service.", 9, "p(N), avg, min, med or max"},
	{"service.errors<5", 9, "p(N)"},
	{"service<5", 1, "a latency"},
	{"server.p(99)<5", 1, "a latency"},
	{"p(99)/<4", 7, "p(N)"},
	{"p(99)/errors<4", 7, "p(N)"},
	{"p(99)/p(50)<4ms", 13, "a number"},
	{"p(99)/p(50)/p(10)<4", 12, "<, <="},
	{"errors<5", 8, "an error rate from 0 to 1"},
	{"errors<101%", 8, "an error rate"},
	{"errors<5ms", 8, "an error rate"},
	{"rate>5%", 6, "requests a second"},
	{"rate>5K", 6, "requests a second"},
	{"count>many", 7, "a count"},
	{"ok", 3, "<, <="},
	{"http_req_waiting: p(99)<5", 1, "http_req_duration, http_req_failed or http_reqs"},
	{": p(99)<5", 1, "http_req_duration"},
	{"http_req_duration: rate<5", 20, "p(N)"},
	{"http_req_duration p(99)<5", 1, "a latency"},
	{"http_req_failed: p(99)<5", 18, "rate"},
	{"http_req_failed: count<5", 18, "rate"},
	{"http_reqs: errors<5", 12, "rate"},
	{"http_reqs: rate: 5", 16, "<, <="},
	{"max<5\xc2\xb5s", 6, "the end"},
	{"p(99)<5ms;", 10, "the end"},
};

START_TEST(what_is_wrong_is_named_with_its_place_and_the_grammar)
{
	struct threshold before;
	memset(&before, 0x5a, sizeof before);
	memcpy(&t, &before, sizeof t);
	ck_assert_msg(threshold_parse(&t, wrong[_i].text, &err) == -1, "\"%s\" was taken",
		      wrong[_i].text);
	ck_assert_mem_eq(&t, &before, sizeof t);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	char whole[200], place[100];
	snprintf(whole, sizeof whole, "\"%s\"", wrong[_i].text);
	snprintf(place, sizeof place, " at column %u", wrong[_i].column);
	ck_assert_msg(strstr(err.text, whole), "%s", err.text);
	ck_assert_msg(strstr(err.text, wrong[_i].expected), "%s", err.text);
	size_t text_len = strlen(err.text);
	ck_assert_msg(text_len > strlen(place), "%s", err.text);
	ck_assert_str_eq(err.text + text_len - strlen(place), place);
	ck_assert_ptr_nonnull(strstr(err.hint, "p(99)<250ms"));
	ck_assert_ptr_nonnull(strstr(err.hint, "errors<5%"));
	ck_assert_ptr_nonnull(strstr(err.hint, "http_req_duration"));
}
END_TEST

START_TEST(the_longest_text_is_kept_and_a_longer_one_refused)
{
	char text[THRESHOLD_TEXT + 1];
	memset(text, ' ', sizeof text);
	memcpy(text, "max<5", 5);
	text[THRESHOLD_TEXT - 1] = '\0';
	parse(text);
	text[THRESHOLD_TEXT - 1] = ' ';
	text[THRESHOLD_TEXT] = '\0';
	ck_assert_int_eq(threshold_parse(&t, text, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "max<5"));
	ck_assert_ptr_nonnull(strstr(err.text, "127 characters"));
}
END_TEST

START_TEST(a_number_of_any_length_is_read_or_refused)
{
	char text[THRESHOLD_TEXT];
	memset(text, '9', sizeof text);
	memcpy(text, "max<", 4);
	text[THRESHOLD_TEXT - 1] = '\0';
	parse(text);
	ck_assert(t.bound > 1e100 && t.bound < 1e200);
	text[4] = '.';
	parse(text);
	ck_assert_double_eq_tol(t.bound, 1000, 1e-9);
}
END_TEST

/* Pieces of the grammar in any order find more than random bytes do. */
START_TEST(random_texts_are_taken_or_refused_and_nothing_else)
{
	static const char *const pieces[] = {
		"p(",
		")",
		"99",
		"99.9",
		"<",
		"<=",
		">",
		"==",
		"!=",
		"/",
		".",
		":",
		" ",
		"ms",
		"us",
		"s",
		"%",
		"k",
		"errors",
		"rate",
		"count",
		"ok",
		"max",
		"avg",
		"",
		"shed",
		"p",
		"(",
		"service",
		"connect",
		"\xff",
		"http_reqs",
		"http_req_duration",
		"http_req_failed",
		"-",
		"1e9",
		"\n",
	};
	struct rng rng = {.state = (uint64_t)_i};
	unsigned taken = 0;
	for (int round = 0; round < 20000; round++) {
		char text[200] = "";
		for (uint64_t n = rng_below(&rng, 9); n; n--) {
			size_t piece = rng_below(&rng, sizeof pieces / sizeof *pieces);
			strcat(text, pieces[piece]);
		}
		err = (struct err){0};
		int code = threshold_parse(&t, text, &err);
		ck_assert(code == 0 || (err.kind == ERR_USAGE && err.text[0] && err.hint[0]));
		taken += code == 0;
	}
	ck_assert_uint_gt(taken, 0);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("threshold parse");
	tcase_add_loop_test(all, a_latency_has_series_measure_comparison_and_bound_in_us, 0,
			    sizeof latencies / sizeof *latencies);
	tcase_add_test(all, a_ratio_has_a_right_side);
	tcase_add_loop_test(all, errors_rates_and_counts_are_told_apart, 0,
			    sizeof others / sizeof *others);
	tcase_add_test(all, every_outcome_can_be_counted_by_name);
	tcase_add_loop_test(all, what_is_wrong_is_named_with_its_place_and_the_grammar, 0,
			    sizeof wrong / sizeof *wrong);
	tcase_add_test(all, the_longest_text_is_kept_and_a_longer_one_refused);
	tcase_add_test(all, a_number_of_any_length_is_read_or_refused);
	tcase_add_loop_test(all, random_texts_are_taken_or_refused_and_nothing_else, 0, 4);
	Suite *suite = suite_create("threshold parse");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
