/* The text report of a hold. */
#include "out/lines.h"
#include "out_case.h"
#include "tests/lib/suite.h"

static struct preflight_row *plan_row(struct summary *s)
{
	struct preflight *p = &s->held.preflight;
	p->connections = s->connections_asked;
	struct preflight_row *row = &p->rows[p->count++];
	row->limiter = "ports";
	row->allows = 28000;
	row->binds = true;
	snprintf(row->evidence, sizeof row->evidence, "28,000 ports, 1 pair");
	snprintf(row->remedy, sizeof row->remedy, "--source 127.0.0.1-127.0.0.40");
	return row;
}

/* --- before the start --------------------------------------------------------------------- */

START_TEST(a_hold_opens_with_what_it_holds_and_for_how_long)
{
	char *text = report(summary_held());
	ck_assert_int_eq(
		strncmp(text, "Holding 1,000,000 connections @ http://127.0.0.1:8080/\n", 55), 0);
	SAYS(text, "^  2 threads; held for 30s once all have been tried$");
	SAYS_NOT(text, "Running|closed loop|open loop");
	free(text);
	struct summary *s = summary_held();
	s->planned_s = 0;
	s->connections_asked = s->threads = 1;
	text = report(s);
	SAYS(text, "^Holding 1 connection @ ");
	SAYS(text, "^  1 thread; held until SIGINT or SIGTERM$");
	free(text);
}
END_TEST

START_TEST(a_hold_that_asks_says_how_often)
{
	char *text = report(summary_asked());
	SAYS(text, "^  open loop: 50000 requests/s once all have been tried, to each connection");
	free(text);
}
END_TEST

START_TEST(the_plan_stands_before_the_start_where_there_is_one)
{
	char *text = report(summary_held());
	SAYS_NOT(text, "bind");
	free(text);
	struct summary *s = summary_held();
	plan_row(s);
	text = report(s);
	SAYS(text, "^1,000,000 connections: ports bind first, at 28,000$");
	SAYS(text, "^  -> --source 127");
	ck_assert(strstr(text, "ports bind") < strstr(text, "\nConnections "));
	free(text);
}
END_TEST

/* --- the end ------------------------------------------------------------------------------ */

START_TEST(a_hold_that_asked_nothing_tells_of_no_requests)
{
	char *text = report(summary_held());
	SAYS(text, "^ +1000000 +1000015 +1000000 +0 +15 +15 +15$");
	SAYS_NOT(text, "Requests/sec|Transfer/sec|Latency|Outcomes|Status|In flight|Errors|Rate");
	SAYS_NOT(text, "a request|nan|inf");
	SAYS(text, "^  cpu +0\\.50 cores used by 2 threads$");
	SAYS(text, "^  memory +101MB resident once all were closed$");
	SAYS(text, "^Verdict: finished; no thresholds were set \\(exit 0\\)$");
	free(text);
}
END_TEST

START_TEST(a_hold_that_asked_tells_of_its_requests_too)
{
	char *text = report(summary_asked());
	SAYS(text, "^Requests/sec: +14124\\.29$");
	SAYS(text, "^  intended ");
	SAYS(text, "^  ok +1000000 +100\\.00%");
	SAYS(text, "^Status +200: 1000000$");
	SAYS(text, "^  established ");
	SAYS_NOT(text, "^Rate |closed loop|use -R|a request,");
	free(text);
}
END_TEST

START_TEST(a_hold_that_asked_only_at_its_end_is_no_closed_loop)
{
	struct summary *s = summary_asked();
	s->open_loop = false;
	s->offered_rps = 0;
	char *text = report(s);
	SAYS(text, "^  intended counts from when a request was due");
	SAYS_NOT(text, "open loop|closed loop|use -R");
	free(text);
}
END_TEST

START_TEST(causes_come_by_their_number_and_only_where_there_are_any)
{
	char *text = report(summary_held());
	SAYS(text, "^  failed, by class  connect_timeout: 12, connect_refused: 3$");
	SAYS(text, "^  lost, by cause    peer_reset: 15$");
	free(text);
	struct summary *s = summary_held();
	memset(s->total.failed_by, 0, sizeof s->total.failed_by);
	memset(s->total.lost_by, 0, sizeof s->total.lost_by);
	text = report(s);
	SAYS_NOT(text, "by class|by cause");
	free(text);
}
END_TEST

START_TEST(the_pace_of_establishing_comes_with_its_tenths_and_their_ratio)
{
	char *text = report(summary_held());
	SAYS(text, "^  established 24,531/s on average; first tenth 28,000/s, last tenth 21,000/s, "
		   "ratio 0\\.75$");
	free(text);
}
END_TEST

START_TEST(a_tenth_that_was_not_reached_is_not_called_0)
{
	struct summary *s = summary_held();
	s->held.last_tenth_rps = 0;
	s->total.opened = 500000;
	s->total.reopened = 0;
	char *text = report(s);
	SAYS(text, "first tenth 28,000/s, last tenth n/a \\(so many were never opened\\)$");
	SAYS_NOT(text, "ratio");
	free(text);
	s = summary_held(); /* a handful, opened at one instant */
	s->connections_asked = 5;
	s->total.opened = 5;
	s->total.reopened = 0;
	s->held.first_tenth_rps = 0;
	s->held.opened_rps = 12.34;
	text = report(s);
	SAYS(text, "^  established 12\\.3/s on average; first tenth n/a \\(too few to tell\\)");
	free(text);
}
END_TEST

START_TEST(how_long_it_held_and_how_it_closed)
{
	char *text = report(summary_held());
	SAYS(text, "^  held +for 30\\.00s, after 40\\.80s of opening; 1,000,000 open at the end$");
	SAYS(text, "^  closed +1,000,000 in 33\\.30s at 30,030/s, with FINs$");
	free(text);
	struct summary *s = summary_held();
	s->held.reset = true;
	s->total.slots_left = 10;
	text = report(s);
	SAYS(text,
	     "^  closed +999,990 of 1,000,000 in 33\\.30s at 30,030/s, with RSTs, which leave "
	     "no TIME_WAIT$");
	free(text);
	s = summary_held();
	s->held.closing_s = 0;
	s->total.slots_left = UINT64_MAX;
	text = report(s);
	SAYS(text,
	     "^  closed +0 of 1,000,000 in 0\\.00s at n/a \\(too quick to tell\\), with FINs$");
	free(text);
}
END_TEST

START_TEST(a_hold_that_was_stopped_while_opening_held_nothing)
{
	struct summary *s = summary_held();
	s->held.held_s = s->held.user_bytes = s->held.kernel_bytes = 0;
	s->held.open_at_end = 70000;
	s->signal = 2;
	char *text = report(s);
	SAYS(text, "^  held +n/a \\(it ended before every connection had been tried\\); 70,000 "
		   "open at the end$");
	SAYS(text, "^  memory +user: n/a \\(it ended before every connection had been tried\\)$");
	SAYS(text, "^  +kernel: n/a \\(it ended before every connection had been tried\\)$");
	free(text);
}
END_TEST

/* --- memory ------------------------------------------------------------------------------- */

START_TEST(what_a_connection_costs_is_told_for_user_and_kernel_memory)
{
	char *text = report(summary_held());
	SAYS(text, "^  memory +user: 101 bytes a connection ");
	SAYS(text, "^  +kernel: 9,212 bytes a connection, both ends, which are on this host$");
	SAYS(text, "^  +touched ahead: 9\\.00GB in 12\\.50s, 43\\.00% of it cold$");
	free(text);
	struct summary *s = summary_held();
	s->held.target_local = false;
	text = report(s);
	SAYS(text, "^  +kernel: 9,212 bytes a connection, this end of it$");
	SAYS_NOT(text, "both ends");
	free(text);
}
END_TEST

START_TEST(a_cost_that_could_not_be_had_says_why)
{
	struct summary *s = summary_held();
	s->held.kernel_bytes = 0;
	s->held.warm_bytes = 0;
	char *text = report(s);
	SAYS(text, "^  memory +user: 101 bytes");
	SAYS(text, "^  +kernel: n/a \\(slabs did not grow, or only root may read their size\\)$");
	SAYS(text, "^  +cold: n/a \\(none was touched ahead\\)$");
	free(text);
	s = summary_held();
	s->held.user_bytes = s->held.kernel_bytes = s->held.open_at_end = 0;
	text = report(s);
	SAYS(text, "^  memory +user: n/a \\(none was open once all had been tried\\)$");
	SAYS(text, "^  closed +none: none was open any more$");
	free(text);
}
END_TEST

START_TEST(memory_that_was_touched_and_warm_is_no_gap)
{
	struct summary *s = summary_held();
	s->held.cold_share = 0;
	char *text = report(s);
	SAYS(text, "touched ahead: 9\\.00GB in 12\\.50s, 0\\.00% of it cold$");
	free(text);
}
END_TEST

START_TEST(pressure_and_overflows_are_none_or_a_number)
{
	char *text = report(summary_held());
	SAYS(text, "^  tcp memory  pressure: none$");
	SAYS(text, "^  TIME_WAIT   overflows: none$");
	free(text);
	struct summary *s = summary_held();
	s->held.memory_pressures = 3;
	s->held.time_wait_overflows = 12345;
	text = report(s);
	SAYS(text, "^  tcp memory  pressure: 3 counted since the start$");
	SAYS(text, "^  TIME_WAIT   overflows: 12,345 counted since the start$");
	free(text);
}
END_TEST

START_TEST(where_nothing_could_be_opened_nothing_is_made_up)
{
	char *text = report(summary_refused());
	SAYS(text, "^  failed, by class  connect_refused: 999,988, connect_timeout: 12$");
	SAYS(text, "^  established n/a \\(none was opened\\)$");
	SAYS(text, "^  closed +none: none was open any more$");
	SAYS(text, "^  memory +user: n/a \\(none was opened\\)$");
	SAYS(text, "^  +kernel: n/a \\(none was opened\\)$");
	SAYS(text, "^Verdict: FAILED: no connection was ever established \\(exit 3\\)$");
	SAYS_NOT(text, "nan|inf|a connection \\(");
	free(text);
	struct summary *s = summary_asked();
	s->exit_code = 3;
	text = report(s);
	SAYS(text, "^Verdict: FAILED: no request ever succeeded");
	free(text);
}
END_TEST

/* --- shape -------------------------------------------------------------------------------- */

/* A hold with the largest figures, and a plan as long as there is room for. */
static struct summary *summary_immense(void)
{
	struct summary *s = summary_asked();
	for (int o = OUTCOME_OK + 1; o < OUTCOME_COUNT; o++)
		s->total.failed_by[o] = s->total.lost_by[o] = UINT64_MAX / 64;
	while (s->held.preflight.count < PREFLIGHT_ROWS_MAX) {
		struct preflight_row *row = plan_row(s);
		memset(row->evidence, 'e', sizeof row->evidence - 1);
		memset(row->remedy, 'r', sizeof row->remedy - 1);
	}
	s->held.opened_rps = s->held.first_tenth_rps = s->held.last_tenth_rps = 1e18;
	s->held.user_bytes = s->held.kernel_bytes = 1e18;
	s->held.open_at_end = s->held.warm_bytes = UINT64_MAX;
	s->held.memory_pressures = s->held.time_wait_overflows = UINT64_MAX;
	s->held.opening_s = s->held.held_s = s->held.closing_s = s->held.warm_s = 1e9;
	s->held.reset = true;
	s->total.slots_left = 1;
	s->connections_asked = s->held.preflight.connections = UINT64_C(1) << 40;
	return s;
}

START_TEST(every_line_of_a_hold_is_ascii_and_fits_100_columns)
{
	struct summary *all[] = {summary_held(), summary_asked(), summary_refused(),
				 summary_immense()};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		char *text = report(all[i]);
		size_t column = 0;
		for (char *p = text; *p; p++) {
			ck_assert_msg(*p == '\n' || (*p >= ' ' && *p <= '~'), "byte %d", *p);
			column = *p == '\n' ? 0 : column + 1;
			ck_assert_msg(column <= LINES_WIDTH, "too long: %.100s", p - 100);
		}
		free(text);
	}
}
END_TEST

START_TEST(a_run_says_nothing_of_holding)
{
	char *text = report(summary_open());
	SAYS_NOT(text, "^Hold|by class|by cause|TIME_WAIT|established");
	free(text);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("out_hold");
	tcase_add_test(all, a_hold_opens_with_what_it_holds_and_for_how_long);
	tcase_add_test(all, a_hold_that_asks_says_how_often);
	tcase_add_test(all, the_plan_stands_before_the_start_where_there_is_one);
	tcase_add_test(all, a_hold_that_asked_nothing_tells_of_no_requests);
	tcase_add_test(all, a_hold_that_asked_tells_of_its_requests_too);
	tcase_add_test(all, a_hold_that_asked_only_at_its_end_is_no_closed_loop);
	tcase_add_test(all, causes_come_by_their_number_and_only_where_there_are_any);
	tcase_add_test(all, the_pace_of_establishing_comes_with_its_tenths_and_their_ratio);
	tcase_add_test(all, a_tenth_that_was_not_reached_is_not_called_0);
	tcase_add_test(all, how_long_it_held_and_how_it_closed);
	tcase_add_test(all, a_hold_that_was_stopped_while_opening_held_nothing);
	tcase_add_test(all, what_a_connection_costs_is_told_for_user_and_kernel_memory);
	tcase_add_test(all, a_cost_that_could_not_be_had_says_why);
	tcase_add_test(all, memory_that_was_touched_and_warm_is_no_gap);
	tcase_add_test(all, pressure_and_overflows_are_none_or_a_number);
	tcase_add_test(all, where_nothing_could_be_opened_nothing_is_made_up);
	tcase_add_test(all, every_line_of_a_hold_is_ascii_and_fits_100_columns);
	tcase_add_test(all, a_run_says_nothing_of_holding);
	Suite *suite = suite_create("out_hold");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
