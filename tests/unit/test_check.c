/* Rules that answers are held to: how they are written, and what they make of an answer. */
#include "load/check.h"
#include "tests/lib/suite.h"

#include <stdio.h>

#define H1                                                                                         \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag:  \"a:b\" \r\nX-Twice: "        \
	"1\r\nX-Twice: 2"
#define H2 ":status: 200\ncontent-type: application/json\netag: \"a:b\"\nx-twice: 1\nx-twice: 2\n"
#define JSON                                                                                       \
	"{\"a\": {\"b\": 1, \"s\": \"one\", \"digits\": \"1\", \"t\": true, \"none\": null, "      \
	"\"r\": 0.5},"                                                                             \
	" \"list\": [{\"id\": 9007199254740993}, []], \"empty\": \"\"}"

static struct checks checks;

static uint32_t rule(enum check_kind kind, const char *text)
{
	struct err err = {0};
	uint32_t bit;
	ck_assert_msg(!check_add(&checks, kind, text, &bit, &err), "%s: %s", text, err.text);
	return bit;
}

/* How an answer fares by one rule. */
static enum check_verdict by(enum check_kind kind, const char *text, const char *head,
			     const char *body, bool cut)
{
	uint32_t looked;
	unsigned failed = CHECKS_MAX;
	struct check_answer a = {span_of(head), span_of(body), cut};
	checks = (struct checks){0};
	enum check_verdict v = check_judge(&checks, rule(kind, text), &a, &looked, &failed);
	ck_assert_uint_eq(looked, v == CHECK_OPEN ? 0 : 1);
	ck_assert_uint_eq(failed, v == CHECK_FAILS ? 0 : CHECKS_MAX);
	return v;
}

static void holds(enum check_kind kind, const char *const *texts, bool yes)
{
	for (; *texts; texts++) {
		ck_assert_msg(by(kind, *texts, H1, JSON, false) ==
				      (yes ? CHECK_HOLDS : CHECK_FAILS),
			      "%s", *texts);
		ck_assert_msg(by(kind, *texts, H2, JSON, false) ==
				      (yes ? CHECK_HOLDS : CHECK_FAILS),
			      "h2: %s", *texts);
	}
}

START_TEST(json_is_compared_by_type_and_value)
{
	static const char *const true_ones[] = {"$.a",
						"$.a.b",
						"$.a.none",
						"$.list[1]",
						"$.a.b=1",
						"$.a.b = 1",
						"$.a.b=1.0",
						"$.a.b!=2",
						"$.a.b!=\"1\"",
						"$.a.s=one",
						"$.a.s=\"one\"",
						"$.a.s!=two",
						"$.a.digits=\"1\"",
						"$.a.digits!=1",
						"$.a.t=true",
						"$.a.t!=false",
						"$.a.none=null",
						"$.a.b!=null",
						"$.a.r=0.5",
						"$.a.r=5e-1",
						"$.list[0].id=9007199254740993",
						"$.list[0].id!=9007199254740992",
						"$.empty=\"\"",
						NULL};
	static const char *const false_ones[] = {
		"$.b",         "$.a.b.c",        "$.list[2]",    "$[0]",           "$.a.b=2",
		"$.a.b!=1",    "$.a.b=\"1\"",    "$.a.s=on",     "$.a.s=ones",     "$.a.digits=1",
		"$.a.t=1",     "$.a.t=\"true\"", "$.a.none=0",   "$.a.none=false", "$.a=1",
		"$.list=\"\"", "$.nowhere=1",    "$.nowhere!=1", "$.nowhere=null", "$.empty!=\"\"",
		NULL};
	holds(CHECK_JSON, true_ones, true);
	holds(CHECK_JSON, false_ones, false);
}
END_TEST

START_TEST(what_is_no_json_has_no_values)
{
	ck_assert_int_eq(by(CHECK_JSON, "$.a", H1, "", false), CHECK_FAILS);
	ck_assert_int_eq(by(CHECK_JSON, "$.a!=1", H1, "{\"a\": ", false), CHECK_FAILS);
	ck_assert_int_eq(by(CHECK_JSON, "$.a", H1, "{\"a\": 1} x", false), CHECK_FAILS);
	ck_assert_int_eq(by(CHECK_JSON, "$[0]=1", H1, "[1]", false), CHECK_HOLDS);
}
END_TEST

START_TEST(headers_are_found_by_name_in_any_case_and_by_exact_value)
{
	static const char *const true_ones[] = {"ETag",
						"etag",
						"Content-Type: application/json",
						"content-type:application/json",
						"CONTENT-TYPE:  application/json ",
						"ETag: \"a:b\"",
						"X-Twice: 1",
						"X-Twice: 2",
						NULL};
	static const char *const false_ones[] = {"ETa",
						 "ETags",
						 "Content-Type: Application/JSON",
						 "Content-Type: application",
						 "Content-Type: application/json; charset=utf-8",
						 "X-Twice: 1, 2",
						 "HTTP",
						 "status",
						 NULL};
	holds(CHECK_HEADER, true_ones, true);
	holds(CHECK_HEADER, false_ones, false);
	ck_assert_int_eq(by(CHECK_HEADER, "A", "", "", false), CHECK_FAILS);
}
END_TEST

START_TEST(a_text_may_stand_anywhere_in_a_body)
{
	static const char *const true_ones[] = {"{", "\"s\": \"one\"", "\"\"}", NULL};
	static const char *const false_ones[] = {"One", "HTTP/1.1", NULL};
	holds(CHECK_BODY, true_ones, true);
	holds(CHECK_BODY, false_ones, false);
}
END_TEST

START_TEST(a_body_that_is_cut_is_judged_where_its_beginning_decides)
{
	ck_assert_int_eq(by(CHECK_BODY, "one", H1, JSON, true), CHECK_HOLDS);
	ck_assert_int_eq(by(CHECK_BODY, "two", H1, JSON, true), CHECK_OPEN);
	ck_assert_int_eq(by(CHECK_JSON, "$.a.b=1", H1, JSON, true), CHECK_OPEN);
	ck_assert_int_eq(by(CHECK_HEADER, "ETag", H1, JSON, true), CHECK_HOLDS);
	ck_assert_int_eq(by(CHECK_HEADER, "Nowhere", H1, JSON, true), CHECK_FAILS);
}
END_TEST

START_TEST(the_first_rule_that_fails_ends_it)
{
	uint32_t looked;
	unsigned failed;
	struct check_answer a = {span_of(H1), span_of(JSON), false};
	checks = (struct checks){0};
	uint32_t set = rule(CHECK_HEADER, "ETag") | rule(CHECK_JSON, "$.a.b=2") |
		       rule(CHECK_BODY, "nowhere");
	ck_assert_int_eq(check_judge(&checks, set, &a, &looked, &failed), CHECK_FAILS);
	ck_assert_uint_eq(looked, 3);
	ck_assert_uint_eq(failed, 1);
	ck_assert_int_eq(check_judge(&checks, 5, &a, &looked, &failed), CHECK_FAILS);
	ck_assert_uint_eq(looked, 5);
	ck_assert_uint_eq(failed, 2);
	ck_assert_int_eq(check_judge(&checks, 1, &a, &looked, &failed), CHECK_HOLDS);
	a.cut = true;
	ck_assert_int_eq(check_judge(&checks, 7, &a, &looked, &failed), CHECK_OPEN);
	ck_assert_uint_eq(looked, 1);
}
END_TEST

START_TEST(the_same_rule_is_kept_once)
{
	checks = (struct checks){0};
	ck_assert_uint_eq(rule(CHECK_BODY, "ETag"), 1);
	ck_assert_uint_eq(rule(CHECK_HEADER, "ETag"), 2);
	ck_assert_uint_eq(rule(CHECK_BODY, "ETag"), 1);
	ck_assert_uint_eq(checks.count, 2);
}
END_TEST

static void refused(enum check_kind kind, const char *text, const char *word)
{
	struct err err = {0};
	uint32_t bit;
	ck_assert_msg(check_add(&checks, kind, text, &bit, &err) == -1, "%s", text);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_msg(strstr(err.text, word), "%s: %s", text, err.text);
	ck_assert_msg(err.hint[0], "%s: no hint", text);
}

START_TEST(what_is_no_rule_is_refused_with_a_hint)
{
	static const char *const json[] = {"a.b=1",    "$",       "$=1",        "$.a..b=1",
					   "$.a[x]=1", "$.a>1",   "$.a>=1",     "$.a<1",
					   "$.a~=x",   "$.a=",    "$.a!=",      "$.a==1",
					   "$.a={}",   "$.a=[1]", "$.a=\"open", "$.a={x"};
	static const char *const header[] = {":", ": x", "A B: x", "Content-Type:", "\xc3\xa4: x"};
	char longest[CHECK_TEXT_MAX + 1];
	checks = (struct checks){0};
	for (size_t i = 0; i < sizeof json / sizeof *json; i++)
		refused(CHECK_JSON, json[i], json[i]);
	for (size_t i = 0; i < sizeof header / sizeof *header; i++)
		refused(CHECK_HEADER, header[i], header[i]);
	refused(CHECK_BODY, "", "empty");
	memset(longest, 'x', sizeof longest);
	longest[CHECK_TEXT_MAX] = '\0';
	refused(CHECK_BODY, longest, "too long");
	memcpy(longest, "$.", 2);
	longest[CHECK_TEXT_MAX - 1] = '\0';
	refused(CHECK_JSON, longest, "long");
	refused(CHECK_HEADER, longest, "name");
	ck_assert_uint_eq(checks.count, 0);
}
END_TEST

START_TEST(there_is_a_most_of_them)
{
	char text[8];
	checks = (struct checks){0};
	for (unsigned i = 0; i < CHECKS_MAX; i++) {
		snprintf(text, sizeof text, "%u", i);
		ck_assert_uint_eq(rule(CHECK_BODY, text), UINT32_C(1) << i);
	}
	refused(CHECK_BODY, "one more", "one more");
	ck_assert_uint_eq(rule(CHECK_BODY, "31"), UINT32_C(1) << 31);
}
END_TEST

START_TEST(a_label_tells_what_was_asked_for)
{
	char out[CHECK_LABEL_MAX];
	checks = (struct checks){0};
	rule(CHECK_BODY, "x"), rule(CHECK_JSON, "$.a=1"), rule(CHECK_HEADER, "A: b");
	ck_assert_str_eq(check_label(out, &checks.of[0]), "body contains \"x\"");
	ck_assert_str_eq(check_label(out, &checks.of[1]), "json $.a=1");
	ck_assert_str_eq(check_label(out, &checks.of[2]), "header A: b");
}
END_TEST

/* At any point of a run, and of each one of a hundred connections that are asked in turn. */
START_TEST(a_share_is_spread_evenly_and_over_all_connections)
{
	static const double shares[] = {0.0005, 0.01, 0.1, 1 / 3.0, 0.5, 0.99};
	for (size_t s = 0; s < sizeof shares / sizeof *shares; s++) {
		uint64_t phase = 0, due = 0, of[100] = {0};
		double most = 0, least = 0;
		checks = (struct checks){.share = shares[s]};
		for (unsigned i = 1; i <= 1000000; i++) {
			bool one = check_is_due(&checks, &phase);
			due += one;
			of[i % 100] += one;
			double off = (double)due - shares[s] * i;
			most = off > most ? off : most;
			least = off < least ? off : least;
		}
		ck_assert_msg(most < 4 && least > -4, "%g: %g %g off", shares[s], least, most);
		for (unsigned i = 0; i < 100; i++)
			ck_assert_msg(of[i], "%g: connection %u", shares[s], i);
	}
}
END_TEST

START_TEST(without_a_share_all_are_looked_at)
{
	static const double shares[] = {0, 1};
	for (unsigned s = 0; s < 2; s++) {
		uint64_t phase = 0;
		checks = (struct checks){.share = shares[s]};
		for (unsigned i = 0; i < 1000; i++)
			ck_assert(check_is_due(&checks, &phase));
	}
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("check");
	tcase_add_test(all, json_is_compared_by_type_and_value);
	tcase_add_test(all, what_is_no_json_has_no_values);
	tcase_add_test(all, headers_are_found_by_name_in_any_case_and_by_exact_value);
	tcase_add_test(all, a_text_may_stand_anywhere_in_a_body);
	tcase_add_test(all, a_body_that_is_cut_is_judged_where_its_beginning_decides);
	tcase_add_test(all, the_first_rule_that_fails_ends_it);
	tcase_add_test(all, the_same_rule_is_kept_once);
	tcase_add_test(all, what_is_no_rule_is_refused_with_a_hint);
	tcase_add_test(all, there_is_a_most_of_them);
	tcase_add_test(all, a_label_tells_what_was_asked_for);
	tcase_add_test(all, a_share_is_spread_evenly_and_over_all_connections);
	tcase_add_test(all, without_a_share_all_are_looked_at);
	Suite *suite = suite_create("check");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
