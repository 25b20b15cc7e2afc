/* How a command line is read: words, environment, values, suggestions. */
#include "options_case.h"
#include "base/nearest.h"
#include "tests/lib/suite.h"

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

START_TEST(a_flag_may_be_written_in_every_usual_way)
{
	const char *const lines[] = {
		"-c 64 -d 30s URL",
		"-c64 -d30s URL",
		"--connections 64 --duration 30s URL",
		"--connections=64 --duration=30s URL",
		"URL -c 64 -d 30s",
		"-c 64 URL -d 0.5m",
		"-c 1 -c 64 -d 30 -- URL",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct invocation *in = understood(lines[i]);
		ck_assert_uint_eq(in->run.connections, 64);
		ck_assert_uint_eq(in->run.duration_ns, 30 * S);
		ck_assert_uint_eq(in->operand_count, 1);
		ck_assert_str_eq(in->operands[0], "URL");
		done(in);
	}
}
END_TEST

START_TEST(every_flag_reaches_its_field)
{
	struct invocation *in = understood(
		"-t 3 -n 10k -R 2.5k --poisson --seed 9 --warmup 2s --think 5ms -X PUT --data body "
		"--no-keepalive --pipeline 4 --timeout 1s --connect-timeout 500ms "
		"--expect-status 204 --shed-ok --accept-saturated --spin 50us --pin 0,2-3 "
		"--allow-target 10.0.0.0/8 --max-rate 5k --max-connections 1M --format json -q -v");
	const struct run_config *run = &in->run;
	ck_assert_uint_eq(run->threads, 3);
	ck_assert_uint_eq(run->requests, 10000);
	ck_assert_double_eq(run->rate_rps, 2500);
	ck_assert(run->poisson && run->shed_ok && run->accept_saturated && !run->keepalive);
	ck_assert_uint_eq(run->seed, 9);
	ck_assert_uint_eq(run->warmup_ns, 2 * S);
	ck_assert_uint_eq(run->think_ns, 5 * MS);
	ck_assert_str_eq(run->method, "PUT");
	ck_assert_uint_eq(run->body.len, 4);
	ck_assert_uint_eq(run->pipeline, 4);
	ck_assert_uint_eq(run->timeout_ns, S);
	ck_assert_uint_eq(run->connect_timeout_ns, 500 * MS);
	ck_assert_uint_eq(run->expect_status, 204);
	ck_assert_int_eq(run->spin, RUN_SPIN_FIXED);
	ck_assert_uint_eq(run->spin_ns, 50000);
	ck_assert_str_eq(run->pin, "0,2-3");
	ck_assert_uint_eq(run->guard.allowed_count, 1);
	ck_assert_double_eq(run->guard.max_rate_rps, 5000);
	ck_assert_uint_eq(run->guard.max_connections, 1000000);
	ck_assert_str_eq(in->form->name, "json");
	ck_assert(in->quiet && in->verbose && !in->dry_run && !in->help);
	done(in);
}
END_TEST

START_TEST(checks_of_answers_are_kept_by_kind_and_hold_for_every_request)
{
	struct invocation *in =
		understood("--expect-json $.a.b=1 --expect-header ETag --expect-body-contains ok "
			   "--expect-json $.c --expect-json $.a.b=1 --check 2.5%");
	const struct checks *checks = &in->run.checks;
	ck_assert_uint_eq(checks->count, 4);
	ck_assert_uint_eq(checks->common, 15);
	ck_assert_int_eq(checks->of[0].kind, CHECK_JSON);
	ck_assert_int_eq(checks->of[1].kind, CHECK_HEADER);
	ck_assert_int_eq(checks->of[2].kind, CHECK_BODY);
	ck_assert_str_eq(checks->of[3].text, "$.c");
	ck_assert_double_eq(checks->share, 0.025);
	done(in);
}
END_TEST

START_TEST(a_flag_that_repeats_keeps_every_value_in_order)
{
	struct invocation *in = understood("-H A:1 --header=B:2 -HC:3 --threshold max<1s "
					   "--threshold errors<5%");
	ck_assert_uint_eq(in->run.header_count, 3);
	ck_assert_str_eq(in->run.headers[0], "A:1");
	ck_assert_str_eq(in->run.headers[2], "C:3");
	ck_assert_uint_eq(in->run.threshold_count, 2);
	ck_assert_str_eq(in->run.thresholds[1].text, "errors<5%");
	done(in);
}
END_TEST

START_TEST(switches_share_a_word_which_a_flag_with_a_value_ends)
{
	struct invocation *in = understood("-qvc5 URL");
	ck_assert(in->quiet && in->verbose);
	ck_assert_uint_eq(in->run.connections, 5);
	done(in);
}
END_TEST

START_TEST(spin_has_three_names_besides_a_duration)
{
	static const struct {
		const char *line;
		enum run_spin spin;
	} cases[] = {{"--spin auto", RUN_SPIN_AUTO},
		     {"--spin off", RUN_SPIN_OFF},
		     {"--spin busy", RUN_SPIN_BUSY},
		     {"--spin 1ms", RUN_SPIN_FIXED}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct invocation *in = understood(cases[i].line);
		ck_assert_int_eq(in->run.spin, cases[i].spin);
		done(in);
	}
}
END_TEST

START_TEST(what_is_wrong_is_named_with_its_flag)
{
	static const char *const cases[][3] = {
		/* line, words of the message */
		{"-c 0", "--connections: 0", "from 1 to 4000000"},
		{"-c ten", "--connections: \"ten\"", "not a count"},
		{"-c -5", "--connections: \"-5\"", "not a count"},
		{"-c=5", "--connections: \"=5\"", "not a count"},
		{"-c 99999999999999999999", "--connections", "not a count"},
		{"-t 0", "--threads: 0", "from 1 to"},
		{"-d 5parsec", "--duration: \"5parsec\"", "not a duration"},
		{"-d 0", "--duration: 0", "from 1.00ms"},
		{"-d 10000h", "--duration: 10000h", "out of bounds"},
		{"-R 0", "--rate: 0", "above 0"},
		{"-R nan", "--rate: \"nan\"", "not a number"},
		{"-R 2G", "--rate: \"2G\"", "not a number"},
		{"-R 2000M", "--rate: 2000M", "at most 1000000000"},
		{"--timeout 2h", "--timeout: 2h", "to 1.00h"},
		{"--pipeline 65", "--pipeline: 65", "from 1 to 64"},
		{"--expect-status 600", "--expect-status: 600", "from 100 to 599"},
		{"--spin fast", "--spin: \"fast\"", "not a duration"},
		{"--spin 2s", "--spin: 2s", "out of bounds"},
		{"--format xml", "--format", "\"xml\""},
		{"--threshold p(99)", "--threshold: ", "p(99)"},
		{"--allow-target 300.0.0.0/8", "--allow-target: ", "300.0.0.0"},
		{"--data @body.json", "--data: \"@body.json\"", "not as a file"},
		{"-H nocolon", "--header: ", "colon"},
		{"--method= URL", "--method: the value is empty", ""},
		{"--seed -1", "--seed", "\"-1\""},
		{"-q=1", "unknown flag -=", ""},
		{"--quiet=1", "--quiet takes no value", "\"1\""},
		{"URL -c", "--connections needs a value", "N"},
		{"URL --threshold", "--threshold needs a value", "EXPR"},
		{"1 2 3 4 5 6 7 8 9", "too many operands", "\"9\""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		refused(cases[i][0], cases[i][1], cases[i][2]);
}
END_TEST

START_TEST(a_header_that_is_refused_does_not_show_what_may_be_a_secret)
{
	struct err err = refused("-H hunter2", "--header", "");
	ck_assert_ptr_null(strstr(err.text, "hunter2"));
}
END_TEST

START_TEST(an_unknown_flag_is_named_with_the_nearest_one)
{
	static const char *const cases[][3] = {
		{"--conections 5", "--conections", "did you mean --connections?"},
		{"--thread=5", "--thread", "did you mean --threads?"},
		{"--conn 5", "--conn", "did you mean --connections?"},
		{"--treshold x", "--treshold", "did you mean --threshold?"},
		{"--timeuot 1s", "--timeuot", "did you mean --timeout?"},
		{"--frobnicate", "--frobnicate", "brink run --help"},
		{"-C 5", "-C", "did you mean -c (--connections)?"},
		{"-Z", "-Z", "brink run --help"},
		{"--features", "--features", ""}, /* of another command */
		{"--x-very-long-flag-that-is-longer-than-any-name-in-the-table", "--x-very", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = refused(cases[i][0], "unknown flag", cases[i][1]);
		ck_assert_msg(strstr(err.hint, cases[i][2]) != NULL, "%s: %s", cases[i][0],
			      err.hint);
	}
}
END_TEST

START_TEST(what_is_near_is_judged_by_edits)
{
	static const struct {
		const char *wanted, *candidate;
		int distance; /* -1: not near */
	} cases[] = {
		{"rate", "rate", 0},
		{"ra", "rate", 0},
		{"raet", "rate", 1},
		{"rat3", "rate", 1},
		{"rrate", "rate", 1},
		{"abcd", "rate", -1},
		{"r", "rate", -1},
		{"", "rate", -1},
		{"threshhold", "threshold", 1},
		{"thrsehlod", "threshold", 2},
		{"kepalive", "no-keepalive", -1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct nearest near = {.wanted = cases[i].wanted};
		nearest_offer(&near, cases[i].candidate);
		ck_assert_msg((cases[i].distance >= 0) == (near.found != NULL), "%s: %u",
			      cases[i].wanted, near.distance);
		if (near.found)
			ck_assert_int_eq((int)near.distance, cases[i].distance);
	}
}
END_TEST

START_TEST(the_environment_stands_below_flags_and_above_defaults)
{
	setenv("BRINK_CONNECTIONS", "7", 1);
	setenv("BRINK_CONNECT_TIMEOUT", "7s", 1);
	setenv("BRINK_HEADER", "From: environment", 1);
	setenv("BRINK_RATE", "", 1);
	setenv("BRINK_POISSON", "yes", 1);
	setenv("BRINK_SHED_OK", "0", 1);
	struct invocation *in = understood("URL");
	ck_assert_uint_eq(in->run.connections, 7);
	ck_assert_uint_eq(in->run.connect_timeout_ns, 7 * S);
	ck_assert_uint_eq(in->run.header_count, 1);
	ck_assert_double_eq(in->run.rate_rps, 0);
	ck_assert(in->run.poisson && !in->run.shed_ok);
	done(in);
	in = understood("-c 8 -H A:flag");
	ck_assert_uint_eq(in->run.connections, 8);
	ck_assert_uint_eq(in->run.header_count, 1);
	ck_assert_str_eq(in->run.headers[0], "A:flag");
	done(in);
	unset_all();
}
END_TEST

START_TEST(a_bad_variable_is_named_by_its_own_name)
{
	setenv("BRINK_CONNECTIONS", "many", 1);
	refused("URL", "BRINK_CONNECTIONS: \"many\"", "not a count");
	done(understood("-c 5")); /* the flag makes up for it */
	unset_all();
	setenv("BRINK_POISSON", "perhaps", 1);
	refused("URL", "BRINK_POISSON", "\"perhaps\"");
	unset_all();
}
END_TEST

START_TEST(the_bounds_on_repetition_are_named)
{
	struct buf line;
	buf_init(&line, 1u << 20);
	for (int i = 0; i <= RUN_HEADERS_MAX; i++)
		buf_printf(&line, "-HX-%d:1 ", i);
	refused(line.ptr, "--header: at most 64", "");
	for (int i = 0; i <= OPTIONS_GIVEN_MAX; i++)
		buf_puts(&line, "-q ");
	refused(line.ptr, "more than 256 flags", "");
	buf_fini(&line);
	buf_init(&line, 1u << 20);
	for (int i = 0; i <= THRESHOLD_MAX; i++)
		buf_puts(&line, "--threshold max<1s ");
	refused(line.ptr, "--threshold: at most 64", "");
	buf_fini(&line);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("options");
	unset_all();
	tcase_add_test(all, a_flag_may_be_written_in_every_usual_way);
	tcase_add_test(all, every_flag_reaches_its_field);
	tcase_add_test(all, checks_of_answers_are_kept_by_kind_and_hold_for_every_request);
	tcase_add_test(all, a_flag_that_repeats_keeps_every_value_in_order);
	tcase_add_test(all, switches_share_a_word_which_a_flag_with_a_value_ends);
	tcase_add_test(all, spin_has_three_names_besides_a_duration);
	tcase_add_test(all, what_is_wrong_is_named_with_its_flag);
	tcase_add_test(all, a_header_that_is_refused_does_not_show_what_may_be_a_secret);
	tcase_add_test(all, an_unknown_flag_is_named_with_the_nearest_one);
	tcase_add_test(all, what_is_near_is_judged_by_edits);
	tcase_add_test(all, the_environment_stands_below_flags_and_above_defaults);
	tcase_add_test(all, a_bad_variable_is_named_by_its_own_name);
	tcase_add_test(all, the_bounds_on_repetition_are_named);
	Suite *suite = suite_create("options");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
