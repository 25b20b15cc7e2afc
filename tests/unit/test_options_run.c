/* What follows from the options of a run as a whole, and the table in its other spellings. */
#include "options_case.h"
#include "out/lines.h"
#include "tools/options_text.h"
#include "tests/lib/suite.h"

#include <unistd.h>

static struct invocation *settled(const char *text)
{
	struct err err = {0};
	struct invocation *in = understood(text);
	ck_assert_msg(!options_settle_run(in, &err), "%s: %s", text, err.text);
	return in;
}

START_TEST(what_cannot_go_together_is_refused_with_a_way_out)
{
	static const char *const cases[][3] = {
		{"U --pipeline 4 --no-keepalive", "--pipeline", "--no-keepalive"},
		{"U --think 1s -R 100", "--think", "--rate"},
		{"U --poisson", "--poisson", "--rate"},
		{"U --spin 50us", "--spin", "--rate"},
		{"U --data x --data-file y", "--data", "--data-file"},
		{"U -q -v", "--quiet", "--verbose"},
		{"-c 5", "a URL or a scenario is missing", ""},
		{"http://a/ http://b/", "one URL", "\"http://b/\""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		refused(cases[i][0], cases[i][1], cases[i][2]);
	static const char *const ws[][3] = {
		{"U --ws-binary", "--ws-binary", "--ws"},
		{"http://h/ --ws-rate 5", "--ws-rate", "--ws"},
		{"https://h/ --ws-deflate --http2", "--ws-deflate", "--ws"},
		{"ws://h/ --pipeline 4", "--pipeline", "WebSocket"},
		{"WSS://h/ -X PUT", "--method", "WebSocket"},
		{"U --ws --expect-status 200", "--expect-status", "WebSocket"},
		{"ws://h/ --ws-rate 5 -R 10", "--ws-rate", "--rate"},
		{"ws://h/ --ws-rate 5 --think 1s", "--think", "--rate"},
	};
	for (size_t i = 0; i < sizeof ws / sizeof *ws; i++)
		refused(ws[i][0], ws[i][1], ws[i][2]);
	struct invocation *in = settled("ws://h/ --ws-rate 5 -c 8 --ws-binary --ws-any-answer");
	ck_assert_double_eq(in->run.rate_rps, 40);
	ck_assert(in->run.ws.binary && in->run.ws.any_answer);
	done(in);
	done(settled("U --pipeline 1 --no-keepalive --think 0 -R 100 --poisson --spin 50us"));
	done(settled("U --pipeline 4 --think 1s --spin busy -n 10 -d 10s -q"));
}
END_TEST

START_TEST(agents_are_local_none_or_urls)
{
	struct invocation *in = settled("U --agent local --agent http://127.0.0.1:9464");
	ck_assert_uint_eq(in->run.agent_count, 2);
	ck_assert_str_eq(in->run.agents[1], "http://127.0.0.1:9464");
	done(in);
	done(settled("U --agent none"));
	refused("U --agent ftp://x", "--agent", "ftp");
	refused("U --agent http://x:1/metrics", "/metrics", "path");
}
END_TEST

START_TEST(connect_to_takes_a_place_or_curls_four_parts)
{
	static const struct {
		const char *line, *place;
	} cases[] = {
		{"http://h:81/ --connect-to 127.0.0.1:8080", "127.0.0.1:8080"},
		{"http://h:81/ --connect-to [::1]:8080", "[::1]:8080"},
		{"http://h:81/ --connect-to h:81:127.0.0.1:8080", "127.0.0.1:8080"},
		{"http://h:81/ --connect-to H:81:other:82", "other:82"},
		{"http://h:81/ --connect-to ::other:82", "other:82"},
		{"http://h:81/ --connect-to :81:[::1]:82", "[::1]:82"},
		{"http://h:81/ --connect-to h::other:", "other:81"},
		{"http://h:81/ --connect-to :::82", "h:82"},
		{"http://h/ --connect-to h:80::", "h:80"},
		{"http://[::1]:81/ --connect-to [::1]:81::82", "[::1]:82"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct invocation *in = settled(cases[i].line);
		ck_assert_str_eq(in->run.connect_to, cases[i].place);
		done(in);
	}
}
END_TEST

START_TEST(connect_to_that_fits_no_form_or_no_url_is_refused)
{
	static const char *const cases[][2] = {
		{"http://h:81/ --connect-to nowhere", "neither"},
		{"http://h:81/ --connect-to a:b:c", "neither"},
		{"http://h:81/ --connect-to a:b:c:d:e", "neither"},
		{"http://h:81/ --connect-to [::1", "neither"},
		{"http://h:81/ --connect-to [::1]x:80", "neither"},
		{"http://h:81/ --connect-to g:81:other:82", "not about this URL"},
		{"http://h:81/ --connect-to h:80:other:82", "not about this URL"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		refused(cases[i][0], "--connect-to", cases[i][1]);
}
END_TEST

/* Settles a run whose body is a file of these bytes. */
static struct invocation *with_file(const char *content, size_t len)
{
	char path[] = "/tmp/brink-test-XXXXXX", line[128];
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, len), (ssize_t)len);
	close(fd);
	snprintf(line, sizeof line, "U --data-file %s", path);
	struct invocation *in = settled(line);
	unlink(path);
	return in;
}

START_TEST(a_body_comes_from_a_file_byte_by_byte_and_makes_a_post)
{
	struct invocation *in = with_file("a\0b\r\n", 5);
	ck_assert_uint_eq(in->run.body.len, 5);
	ck_assert_int_eq(memcmp(in->run.body.ptr, "a\0b\r\n", 5), 0);
	ck_assert_str_eq(in->run.method, "POST");
	done(in);
	in = with_file("", 0);
	ck_assert_uint_eq(in->run.body.len, 0);
	ck_assert_str_eq(in->run.method, "POST");
	done(in);
	in = settled("U --data= -X PATCH");
	ck_assert_str_eq(in->run.method, "PATCH");
	done(in);
	in = settled("U");
	ck_assert_ptr_null(in->run.method);
	done(in);
	refused("U --data-file /nonexistent/body", "--data-file /nonexistent/body", "No such file");
	refused("U --data-file /", "--data-file /", "directory");
}
END_TEST

/* --- the table ----------------------------------------------------------------------------- */

START_TEST(names_letters_and_variables_are_each_given_once)
{
	for (unsigned i = 0; i < option_count; i++)
		for (unsigned j = 0; j < i; j++) {
			bool both = options[i].commands & options[j].commands & OPTIONS_EVERY;
			ck_assert(!both || strcmp(options[i].name, options[j].name));
			ck_assert(!both || !options[i].letter ||
				  options[i].letter != options[j].letter);
		}
}
END_TEST

START_TEST(the_defaults_in_the_table_are_those_of_a_run)
{
	unsigned checked = 0;
	for (unsigned i = 0; i < option_count; i++) {
		const struct option *o = &options[i];
		struct err err = {0};
		struct invocation *plain = understood("U"), *set = understood("U");
		bool literal = o->value && o->usual && o->field.size &&
			       strspn(o->usual, "0123456789") && !strpbrk(o->usual, " ,");
		if (literal) {
			ck_assert_msg(!o->set(set, o, o->usual, &err), "%s: %s", o->name, err.text);
			ck_assert_msg(!memcmp((char *)plain + o->field.at,
					      (char *)set + o->field.at, o->field.size),
				      "--%s is not %s by default", o->name, o->usual);
			checked++;
		}
		done(plain);
		done(set);
	}
	ck_assert_uint_eq(checked, 21);
}
END_TEST

static void each_line_fits(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		ck_assert_msg(len <= LINES_WIDTH, "%zu columns: %.*s", len, (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void has_flag(const char *text, const char *prefix, const char *name)
{
	char flag[64];
	snprintf(flag, sizeof flag, "%s%s", prefix, name);
	ck_assert_msg(strstr(text, flag) != NULL, "no %s in %s", flag, text);
}

START_TEST(help_and_completion_name_every_flag)
{
	struct buf help, bash;
	static const struct command run = {.name = "run",
					   .operands = "URL",
					   .summary = "s",
					   .example = "",
					   .options = OPTIONS_RUN};
	buf_init(&help, 1u << 20);
	buf_init(&bash, 1u << 20);
	options_help(&run, &help);
	options_bash(&bash);
	each_line_fits(help.ptr);
	for (unsigned i = 0; i < option_count; i++) {
		if (!(options[i].commands & OPTIONS_RUN))
			continue;
		has_flag(help.ptr, "--", options[i].name);
		has_flag(bash.ptr, "--", options[i].name);
	}
	ck_assert_ptr_null(strstr(help.ptr, "--features"));
	buf_fini(&help);
	buf_fini(&bash);
}
END_TEST

/* The line of a flag in the listing, from its name on. */
static const char *listed(const char *listing, const char *flag)
{
	const char *found = strstr(listing, flag);
	ck_assert_msg(found != NULL, "no %s in %s", flag, listing);
	return found;
}

START_TEST(a_dry_run_lists_every_value_with_its_origin)
{
	struct buf out;
	buf_init(&out, 1u << 20);
	setenv("BRINK_RATE", "2k", 1);
	struct invocation *in = understood("U -c 7 -c 8 -H A:1 -H B:2 --shed-ok");
	options_origins(in, &out);
	static const char *const lines[][3] = {
		{"--connections ", "8 ", " flag\n"},
		{"--rate ", "2k ", " environment BRINK_RATE\n"},
		{"--timeout ", "10s ", " default\n"},
		{"--shed-ok ", "on ", " flag\n"},
		{"--header ", "A:1 ", " flag\n"},
		{"--format ", "text ", " default\n"},
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		const char *line = listed(out.ptr, lines[i][0]), *end = strchr(line, '\n');
		ck_assert_ptr_nonnull(strstr(line, lines[i][1]));
		ck_assert_msg(strstr(line, lines[i][1]) < end, "%s", line);
		ck_assert_msg(strstr(line, lines[i][2]) < end, "%s", line);
	}
	listed(out.ptr, "B:2");
	for (unsigned i = 0; i < option_count; i++)
		if (option_is_of_load(&options[i]) && (options[i].commands & OPTIONS_RUN))
			has_flag(out.ptr, "--", options[i].name);
	done(in);
	buf_fini(&out);
	unset_all();
}
END_TEST

/* What `brink hold WORDS` would do; the caller says done. */
static struct invocation *hold_of(const char *words)
{
	struct err err = {0};
	struct line *l = line_of(words);
	int result = options_parse(&l->in, OPTIONS_HOLD, l->argc, l->argv, &err) ||
		     options_settle_run(&l->in, &err);
	ck_assert_msg(result == 0, "%s: %s", words, err.text);
	return &l->in;
}

START_TEST(a_hold_knows_its_own_flags)
{
	static const char *const shares[] = {"U --churn 2.5%/s", "U --churn 2.5%", "U --churn 2.5"};
	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
		struct invocation *in = hold_of(shares[i]);
		ck_assert(in->run.hold && in->run.churn_percent == 2.5);
		done(in);
	}
	struct invocation *in = hold_of("U -c 1M -R 5k --verify --source 127.0.0.1-4 --lean");
	ck_assert_uint_eq(in->run.connections, 1000000);
	ck_assert(in->run.rate_rps == 5000 && in->run.verify && in->run.lean);
	ck_assert_str_eq(in->run.source, "127.0.0.1-4");
	done(in);
}
END_TEST

START_TEST(a_hold_refuses_what_it_cannot_do)
{
	static const char *const wrong[] = {
		"U --churn 0",    "U --churn 101%",
		"U --churn 1%/m", "U --ping 0",
		"U --pipeline 4", "U --ping 1s --request-rate 5",
		"U --poisson",    "U --to 127.0.0.1 --connect-to 127.0.0.1:1",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct err err = {0};
		struct line *l = line_of(wrong[i]);
		int result = options_parse(&l->in, OPTIONS_HOLD, l->argc, l->argv, &err) ||
			     options_settle_run(&l->in, &err);
		ck_assert_msg(result != 0, "%s: not refused", wrong[i]);
		ck_assert_int_eq(err_exit_code(&err), 2);
		ck_assert_msg(err.hint[0] != '\0', "%s: no hint", wrong[i]);
		done(&l->in);
	}
}
END_TEST

START_TEST(a_dry_run_does_not_show_secrets)
{
	struct buf out;
	buf_init(&out, 1u << 20);
	setenv("BRINK_HEADER", "authorization: hunter2", 1);
	struct invocation *in = understood("U");
	options_origins(in, &out);
	done(in);
	in = understood("U -H Cookie:hunter2 -HProxy-Authorization:hunter2 -H X-Api-Key:hunter2");
	options_origins(in, &out);
	done(in);
	ck_assert_ptr_null(strstr(out.ptr, "hunter2"));
	listed(out.ptr, "authorization: (not shown)");
	listed(out.ptr, "Cookie: (not shown)");
	buf_fini(&out);
	unset_all();
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("options_run");
	unset_all();
	tcase_add_test(all, what_cannot_go_together_is_refused_with_a_way_out);
	tcase_add_test(all, agents_are_local_none_or_urls);
	tcase_add_test(all, connect_to_takes_a_place_or_curls_four_parts);
	tcase_add_test(all, connect_to_that_fits_no_form_or_no_url_is_refused);
	tcase_add_test(all, a_body_comes_from_a_file_byte_by_byte_and_makes_a_post);
	tcase_add_test(all, names_letters_and_variables_are_each_given_once);
	tcase_add_test(all, the_defaults_in_the_table_are_those_of_a_run);
	tcase_add_test(all, help_and_completion_name_every_flag);
	tcase_add_test(all, a_dry_run_lists_every_value_with_its_origin);
	tcase_add_test(all, a_hold_knows_its_own_flags);
	tcase_add_test(all, a_hold_refuses_what_it_cannot_do);
	tcase_add_test(all, a_dry_run_does_not_show_secrets);
	Suite *suite = suite_create("options_run");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
