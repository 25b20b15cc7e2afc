#include "out/lines.h"
#include "out_case.h"
#include "run/verdict.h"
#include "tests/lib/suite.h"

START_TEST(what_scripts_read_from_wrk_is_spelt_as_wrk_spells_it)
{
	char *text = report(summary_closed(12345));
	SAYS(text, "^Running 10s test @ http://127\\.0\\.0\\.1:8080/$");
	SAYS(text, "^  2 threads and 64 connections$");
	SAYS(text, "^  12345 requests in 10\\.00s, 2\\.35MB read$");
	SAYS(text, "^Requests/sec:   1234\\.50$");
	SAYS(text, "^Transfer/sec:       241KB$");
	free(text);
}
END_TEST

START_TEST(a_duration_is_written_as_wrk_writes_it)
{
	static const struct {
		double seconds;
		const char *line;
	} cases[] = {
		{30, "^Running 30s test @ "},       {120, "^Running 2m test @ "},
		{7200, "^Running 2h test @ "},      {90, "^Running 90s test @ "},
		{0.25, "^Running 0\\.25s test @ "}, {0, "^Running a counted test @ "},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct summary *s = summary_empty();
		s->planned_s = cases[i].seconds;
		char *text = report(s);
		SAYS(text, cases[i].line);
		free(text);
	}
}
END_TEST

/* A run with the largest figures that a run can have. */
static struct summary *summary_vast(void)
{
	struct summary *s = summary_saturated();
	for (int o = 0; o < OUTCOME_COUNT; o++)
		summary_add(s, (enum outcome)o, 9999999999);
	for (int code = 100; code < TALLY_STATUSES; code += 7)
		s->total.status[code] = 9999999999;
	s->connections_asked = s->total.open_max = s->total.active_max = 4000000;
	s->total.opened = s->total.failed = s->total.lost = s->total.reopened = 99999999;
	hist_add(&s->total.connect_us, HIST_MAX_US);
	s->total.intended_us.count = 99999999999;
	while (s->note_count < SUMMARY_NOTES_MAX)
		memset(s->notes[s->note_count++], 'n', sizeof s->notes[0] - 1);
	for (int i = 0; i < 6; i++)
		summary_threshold(s,
				  "http_req_duration : p(99.9) / p(50) < 4000000000.0000000000000"
				  "0000000000000000000000000000000000000001",
				  false, 1e12);
	s->cpu_us_per_request = 59999;
	s->cpu_s = 9999;
	s->threads = 1024;
	return s;
}

START_TEST(every_line_is_ascii_and_fits_100_columns)
{
	struct summary *all[] = {summary_empty(), summary_closed(1000), summary_open(),
				 summary_saturated(), summary_vast()};
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

START_TEST(the_connections_are_all_accounted_for)
{
	char *text = report(summary_open());
	SAYS(text, "asked +opened +open at most +active at most +failed +lost +reopened$");
	SAYS(text, "^ +64 +64 +64 +64 +4 +0 +0$");
	free(text);
}
END_TEST

START_TEST(both_latencies_stand_in_one_table_and_what_was_not_measured_is_a_dash)
{
	char *text = report(summary_open());
	SAYS(text, "^Latency +mean +p50 +p90 +p95 +p99 +p99\\.9 +p99\\.99 +max +count$");
	SAYS(text, "^  intended +50[01]us +500us +900us +950us +990us +999us +1\\.00ms +1\\.00ms "
		   "+50000$");
	SAYS(text, "^  service +50[01]us ");
	SAYS(text, "^  connect( +-){8} +0$");
	SAYS(text, "^  first byte +50[01]us ");
	SAYS(text, "intended counts from when a request was due");
	SAYS_NOT(text, "closed loop");
	free(text);
}
END_TEST

START_TEST(a_closed_loop_says_what_it_hides)
{
	char *text = report(summary_closed(100));
	SAYS(text, "^  closed loop: ");
	SAYS_NOT(text, "^Rate ");
	SAYS(text, "in a closed loop latency hides queueing.*-R");
	free(text);
}
END_TEST

START_TEST(outcomes_come_in_order_of_their_number_after_ok_and_shed)
{
	char *text = report(summary_open());
	const char *names[] = {"\n  ok ", "\n  shed ", "\n  unsent ", "\n  timeout ",
			       "\n  descriptors_exhausted "};
	const char *at = strstr(text, "\nOutcomes");
	for (size_t i = 0; at && i < sizeof names / sizeof *names; i++) {
		at = strstr(at, names[i]);
		ck_assert_msg(at != NULL, "%s is not in its place:\n%s", names[i], text);
	}
	SAYS(text, "^  ok +50000 +98\\.32%  answered as expected$");
	SAYS(text, "^  timeout +100 +0\\.20%  no complete answer in time$");
	SAYS(text, "^  descriptors_exhausted +3 +<0\\.01%  ");
	SAYS_NOT(text, "^  peer_reset");
	SAYS(text, "^Rate +5000\\.00/s answered of 5000\\.00/s due \\(100\\.00%\\)$");
	SAYS(text, "^Errors +1\\.67% of 50850 requests, without those");
	SAYS(text, "^Status +200: 50000, 503: 50$");
	SAYS(text, "^In flight +12 unanswered at the stop, the oldest for 1\\.25s$");
	free(text);
}
END_TEST

START_TEST(a_share_short_of_all_is_not_called_all)
{
	struct summary *s = summary_closed(1000);
	summary_add(s, OUTCOME_OK, 999999000);
	summary_add(s, OUTCOME_TIMEOUT, 1);
	char *text = report(s);
	SAYS(text, "^  ok +1000000000 +>99\\.99%");
	SAYS(text, "^  timeout +1 +<0\\.01%");
	free(text);
}
END_TEST

START_TEST(an_empty_run_divides_by_nothing)
{
	char *text = report(summary_empty());
	SAYS(text, "^  0 requests in 0\\.00s, 0B read$");
	SAYS(text, "^Requests/sec:      0\\.00$");
	SAYS(text, "^  ok +0 +-  answered");
	SAYS(text, "^Status +none received$");
	SAYS(text, "^In flight +none at the stop$");
	SAYS_NOT(text, "nan|inf[^o]|-nan");
	free(text);
}
END_TEST

START_TEST(a_saturated_generator_says_why_and_what_to_do)
{
	char *text = report(summary_saturated());
	SAYS(text, "^Generator +SATURATED");
	SAYS(text, "^  cpu .*0\\.45 cores used by 2 threads, 0\\.09 of them spinning");
	SAYS(text, "^  cpu wait +0\\.13 cores short");
	SAYS(text, "^  lag +p99 300us, max 300us ");
	SAYS(text, "^  LIMIT +cpu: its cgroup's quota held it back 8\\.8 s");
	SAYS(text, "^  LIMIT +descriptors: its cgroup");
	SAYS(text, "^  remedy +raise the quota");
	SAYS(text, "^  - the target answered nothing for 2\\.1 s");
	SAYS(text, "^Verdict: INVALID: the generator was the limit.*\\(exit 6\\)$");
	free(text);
}
END_TEST

START_TEST(a_threshold_stands_with_its_value_and_its_verdict)
{
	struct summary *s = summary_open();
	summary_threshold(s, "p(99)/p(50)<4", true, 1.98);
	summary_threshold(s, "rate>1000", true, 5000);
	summary_threshold(s, "timeout==0", false, 100);
	summary_threshold(s, "connect.p(50)<1ms", false, 0);
	char *text = report(s);
	SAYS(text, "^  ok +990us  p\\(99\\)<250ms$");
	SAYS(text, "^  FAILED +1\\.67%  errors<1%$");
	SAYS(text, "^  ok +1\\.98  p\\(99\\)/p\\(50\\)<4$");
	SAYS(text, "^  ok +5000\\.00/s  rate>1000$");
	SAYS(text, "^  FAILED +100  timeout==0$");
	SAYS(text, "^  FAILED +no data  connect");
	SAYS(text, "^Verdict: FAILED: 3 of 6 thresholds failed \\(exit 99\\)$");
	free(text);
}
END_TEST

START_TEST(the_verdict_goes_with_the_exit_code)
{
	static const struct {
		int exit_code, signal;
		bool threshold, saturated;
		const char *line;
	} cases[] = {
		{EXIT_OK, 0, false, false,
		 "^Verdict: finished; no thresholds were set \\(exit 0\\)$"},
		{EXIT_OK, 0, true, false, "^Verdict: passed: the threshold held \\(exit 0\\)$"},
		{EXIT_OK, 0, true, true, "^Verdict: passed.*, though the generator was the limit"},
		{EXIT_NO_SUCCESS, 0, true, false, "^Verdict: FAILED: no request ever succeeded"},
		{EXIT_INTERNAL, 0, true, false, "^Verdict: INTERNAL ERROR: .*\\(exit 70\\)$"},
		{EXIT_SIGINT, 2, false, false,
		 "^Verdict: stopped early by SIGINT; finished.*130\\)$"},
		{EXIT_SIGTERM, 15, true, false, "^Verdict: stopped early by SIGTERM; passed"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct summary *s = summary_closed(10);
		s->exit_code = cases[i].exit_code;
		s->signal = cases[i].signal;
		s->saturated = cases[i].saturated;
		if (cases[i].threshold)
			summary_threshold(s, "p(99)<1s", true, 10);
		char *text = report(s);
		SAYS(text, cases[i].line);
		free(text);
	}
}
END_TEST

START_TEST(paragraphs_break_at_blanks_and_hang_below_their_beginning)
{
	struct buf out;
	char words[256];
	memset(words, 'x', sizeof words);
	words[90] = words[120] = ' ';
	words[150] = '\0';
	buf_init(&out, 4096);
	lines_wrap(&out, "  - ", words);
	ck_assert_uint_eq(strcspn(out.ptr, "\n"), 4 + 90);
	ck_assert_str_eq(out.ptr + 95 + 4 + 29 + 1 + 29, "\n");
	ck_assert_int_eq(strncmp(out.ptr + 95, "    xxx", 7), 0);
	buf_fini(&out);
	memset(words, 'x', 150);
	buf_init(&out, 4096);
	lines_wrap(&out, "lead ", words);
	ck_assert_uint_eq(strcspn(out.ptr, "\n"), LINES_WIDTH);
	buf_fini(&out);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("out_text");
	tcase_add_test(all, what_scripts_read_from_wrk_is_spelt_as_wrk_spells_it);
	tcase_add_test(all, a_duration_is_written_as_wrk_writes_it);
	tcase_add_test(all, every_line_is_ascii_and_fits_100_columns);
	tcase_add_test(all, the_connections_are_all_accounted_for);
	tcase_add_test(all, both_latencies_stand_in_one_table_and_what_was_not_measured_is_a_dash);
	tcase_add_test(all, a_closed_loop_says_what_it_hides);
	tcase_add_test(all, outcomes_come_in_order_of_their_number_after_ok_and_shed);
	tcase_add_test(all, a_share_short_of_all_is_not_called_all);
	tcase_add_test(all, an_empty_run_divides_by_nothing);
	tcase_add_test(all, a_saturated_generator_says_why_and_what_to_do);
	tcase_add_test(all, a_threshold_stands_with_its_value_and_its_verdict);
	tcase_add_test(all, the_verdict_goes_with_the_exit_code);
	tcase_add_test(all, paragraphs_break_at_blanks_and_hang_below_their_beginning);
	Suite *suite = suite_create("out_text");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
