/* The line of a second, in a run and in a hold. */
#include "out/out.h"
#include "stat/tally.h"
#include "tests/lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *progress_line(const struct progress *p, bool terminal)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(to);
	out_progress(p, to, terminal);
	fclose(to);
	return text;
}

static void progress_says(const struct progress *p, const char *wanted)
{
	char *line = progress_line(p, false);
	ck_assert_msg(strstr(line, wanted) != NULL, "no \"%s\" in: %s", wanted, line);
	ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
	free(line);
}

START_TEST(progress_tells_of_the_second_and_names_the_largest_class_of_errors)
{
	static struct tally window;
	tally_init(&window);
	window.from_ns = 5000000000;
	window.to_ns = 7000000000; /* two seconds: rates are halved */
	struct progress p = {.at_s = 7.01, .planned_s = 30, .window = &window, .open = 64};
	progress_says(&p, "7s/30s");
	progress_says(&p, "64 open");
	progress_says(&p, " 0 requests/s");
	for (unsigned i = 1; i <= 1000; i++)
		hist_add(&window.intended_us, i);
	window.outcomes[OUTCOME_OK] = 940;
	progress_says(&p, "470 requests/s  p50   500us  p99   990us\n");
	window.outcomes[OUTCOME_TIMEOUT] = 40;
	progress_says(&p, "20 errors/s (timeout)\n");
	window.outcomes[OUTCOME_PEER_RESET] = 20;
	progress_says(&p, "500 requests/s");
	progress_says(&p, "30 errors/s (most: timeout)\n");
	p.planned_s = 0;
	progress_says(&p, " 7s  ");
	p.warmup = true;
	progress_says(&p, "64 open  warming up\n");
}
END_TEST

START_TEST(on_a_terminal_progress_replaces_its_line)
{
	static struct tally window;
	tally_init(&window);
	struct progress p = {.at_s = 1, .window = &window};
	char *line = progress_line(&p, true);
	ck_assert_int_eq(line[0], '\r');
	ck_assert_ptr_null(strchr(line, '\n'));
	free(line);
}
END_TEST

/* --- a hold ------------------------------------------------------------------------------- */

static struct tally now, since; /* of the second, and since the start: 2 MB */

/* The twelfth second of a hold, in which nothing happens. */
static struct progress twelfth(void)
{
	tally_init(&now);
	tally_init(&since);
	now.from_ns = 11000000000;
	now.to_ns = 12000000000;
	return (struct progress){
		.at_s = 12.04, .hold = true, .planned_s = 30, .window = &now, .total = &since};
}

static void lose(enum outcome cause, uint64_t before, uint64_t in_this_second)
{
	now.lost += in_this_second;
	now.lost_by[cause] += in_this_second;
	since.lost += before + in_this_second;
	since.lost_by[cause] += before + in_this_second;
}

static void fail_to_open(enum outcome cause, uint64_t before, uint64_t in_this_second)
{
	now.failed += in_this_second;
	now.failed_by[cause] += in_this_second;
	since.failed += before + in_this_second;
	since.failed_by[cause] += before + in_this_second;
}

static void is_exactly(const struct progress *p, const char *wanted)
{
	char *line = progress_line(p, false);
	ck_assert_str_eq(line, wanted);
	free(line);
}

START_TEST(what_is_0_in_a_hold_is_left_out)
{
	struct progress p = twelfth();
	is_exactly(&p, "    12s         0 open\n");
	p.open = 812345;
	is_exactly(&p, "    12s    812345 open\n");
	p.closing = true;
	is_exactly(&p, "    12s    812345 open  closing\n");
}
END_TEST

START_TEST(a_hold_tells_of_all_that_is_wrong_since_the_start_and_why)
{
	struct progress p = twelfth();
	p.open = 812345;
	p.opening = 128;
	now.opened = 24531;
	fail_to_open(OUTCOME_CONNECT_TIMEOUT, 12, 0);
	lose(OUTCOME_PEER_RESET, 3, 0);
	since.reopened = 2;
	is_exactly(&p, "    12s    812345 open   128 opening  24,531/s  "
		       "failed 12 (connect_timeout)  lost 3 (peer_reset)  reopened 2\n");
	fail_to_open(OUTCOME_CONNECT_REFUSED, 13, 0);
	progress_says(&p, "  failed 25 (most: connect_refused)  ");
}
END_TEST

START_TEST(what_this_second_added_stands_beside_the_sum)
{
	struct progress p = twelfth();
	lose(OUTCOME_PEER_RESET, 0, 100000);
	is_exactly(&p, "    12s         0 open  lost 100,000 (+100,000 peer_reset)\n");
	lose(OUTCOME_PEER_CLOSED, 200000, 0); /* before: not why this second lost any */
	progress_says(&p, "  lost 300,000 (+100,000 peer_reset)\n");
	lose(OUTCOME_PEER_CLOSED, 0, 1);
	progress_says(&p, "  lost 300,001 (+100,001, most: peer_reset)\n");
	fail_to_open(OUTCOME_CONNECT_REFUSED, 1, 1);
	progress_says(&p, "  failed 2 (+1 connect_refused)  lost ");
	since.reopened = 1500;
	now.reopened = 1200;
	progress_says(&p, "  reopened 1,500 (+1,200)\n");
}
END_TEST

START_TEST(the_rate_of_opening_is_that_of_the_window)
{
	struct progress p = twelfth();
	now.opened = 30000;
	since.opened = 900000;
	progress_says(&p, "  30,000/s\n");
	now.to_ns += 1000000000; /* two seconds */
	progress_says(&p, "  15,000/s\n");
	now.to_ns = now.from_ns; /* a window that was never set counts as a second */
	progress_says(&p, "  30,000/s\n");
}
END_TEST

START_TEST(requests_of_a_hold_are_told_where_there_were_any)
{
	struct progress p = twelfth();
	since.intended = since.sent = since.outcomes[OUTCOME_OK] = 5000; /* earlier */
	is_exactly(&p, "    12s         0 open\n");
	now.intended = now.sent = 1000;
	progress_says(&p, "open  0 requests/s  p99 -\n");
	now.outcomes[OUTCOME_OK] = 990;
	now.outcomes[OUTCOME_TIMEOUT] = 10;
	for (unsigned i = 1; i <= 1000; i++)
		hist_add(&now.intended_us, i);
	progress_says(&p, "  1.00k requests/s  p99 990us  10 errors/s (timeout)\n");
}
END_TEST

START_TEST(the_longest_line_of_a_hold_is_whole)
{
	struct progress p = twelfth();
	p.open = p.opening = now.opened = UINT64_MAX / 4;
	p.closing = true;
	fail_to_open(OUTCOME_DESCRIPTORS_EXHAUSTED, 0, UINT64_MAX / 4);
	fail_to_open(OUTCOME_CONNECT_UNREACHABLE, 0, UINT64_MAX / 8);
	lose(OUTCOME_TLS_CERTIFICATE, 0, UINT64_MAX / 4);
	lose(OUTCOME_CONNECT_UNREACHABLE, 0, UINT64_MAX / 8);
	now.outcomes[OUTCOME_DESCRIPTORS_EXHAUSTED] = UINT64_MAX / 4;
	now.outcomes[OUTCOME_TIMEOUT] = UINT64_MAX / 8;
	since.reopened = now.reopened = UINT64_MAX;
	progress_says(&p, "(most: descriptors_exhausted)\n");
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("out_progress");
	tcase_add_test(all, progress_tells_of_the_second_and_names_the_largest_class_of_errors);
	tcase_add_test(all, on_a_terminal_progress_replaces_its_line);
	tcase_add_test(all, what_is_0_in_a_hold_is_left_out);
	tcase_add_test(all, a_hold_tells_of_all_that_is_wrong_since_the_start_and_why);
	tcase_add_test(all, what_this_second_added_stands_beside_the_sum);
	tcase_add_test(all, the_rate_of_opening_is_that_of_the_window);
	tcase_add_test(all, requests_of_a_hold_are_told_where_there_were_any);
	tcase_add_test(all, the_longest_line_of_a_hold_is_whole);
	Suite *suite = suite_create("out_progress");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
