/* What a search and a load of stages print. */
#include "out/forms.h"
#include "out/out.h"
#include "tests/unit/summary_fixture.h"
#include "tests/lib/suite.h"

#include <jansson.h>

static struct summary *summary;
static struct buf out;

static void step(double value, uint64_t p50_us, uint64_t p99_us, double error_rate)
{
	struct search_report *f = &summary->found;
	struct search_step *t = &f->steps[f->step_count++];
	*t = (struct search_step){
		.value = value,
		.offered_rps = value,
		.achieved_rps = value,
		.ok_rps = value * (1 - error_rate),
		.p50_us = p50_us,
		.p99_us = p99_us,
		.count = 1000,
		.error_rate = error_rate,
		.state = error_rate > 0.05 ? SEARCH_BROKEN : SEARCH_OK,
		.reason = error_rate > 0.05 ? SEARCH_BY_ERRORS : SEARCH_BY_NOTHING,
	};
}

static void begin(void)
{
	summary = summary_closed(1000);
	summary->command = "find";
	summary->find = true;
	search_defaults(&summary->search);
	summary->search.from = 100;
	buf_init(&out, REPORT_MAX);
}

static void end(void)
{
	free(summary);
	buf_fini(&out);
}

static void says(const char *text)
{
	ck_assert_msg(strstr(out.ptr, text) != NULL, "\"%s\" is not in:\n%s", text, out.ptr);
}

static void found_something(void)
{
	struct search_report *f = &summary->found;
	step(100, 1100, 1200, 0);
	step(200, 1100, 1300, 0);
	step(400, 17000, 18000, 0.5);
	step(400, 17000, 18000, 0.6);
	f->breaking = (struct search_point){true, 250, 200, 400};
	f->knee = (struct search_point){true, 200, 100, 400};
	f->reason = SEARCH_BY_ERRORS;
	f->recovery_known = f->recovered = f->return_known = f->graceful = true;
	f->recovery_s = 1.25;
	f->returns_at = 160;
	f->aftermath =
		(struct search_aftermath){.found = true, .silent = true, .at_s = 2, .lasted_s = 3};
}

START_TEST(the_points_are_told_in_words)
{
	found_something();
	out_text(summary, &out);
	says("VERDICT     breaks at 250 requests/s (200 to 400): too many requests failed; it "
	     "degrades");
	says("KNEE        latency bends after 200 requests/s (100 to 400)");
	says("RECOVERY    1.2 s after the load stopped, at the longest");
	says("RETURN      coming down from above, it holds 160 requests/s at once");
	says("AFTERMATH   it froze 2.0 s after the load had stopped, for 3.0 s");
	says("GENERATOR   was not the limit");
}
END_TEST

START_TEST(the_curve_shows_each_load_once_and_to_scale)
{
	found_something();
	out_text(summary, &out);
	says("         100 | o*\n");
	says("  60.00% errors");
	ck_assert_ptr_null(strstr(out.ptr, "50.00% errors"));
	says("1.00ms");
	says("100ms");
}
END_TEST

START_TEST(latencies_from_nothing_to_an_hour_stay_within_the_axis)
{
	step(1, 0, 3600000000, 0);
	step(2, 1, 1, 0);
	step(3, 3600000000, 3600000000, 0);
	out_text(summary, &out);
	for (const char *line = out.ptr; line; line = strchr(line + 1, '\n'))
		ck_assert_uint_le(strcspn(line + 1, "\n"), 100);
}
END_TEST

START_TEST(what_was_not_found_is_said)
{
	out_text(summary, &out);
	says("VERDICT     none: not one step was finished");
	says("KNEE        none seen");
	buf_fini(&out);
	buf_init(&out, REPORT_MAX);
	step(800, 1000, 1100, 0);
	summary->found.recovery_known = true;
	summary->found.recovery_s = 30;
	out_text(summary, &out);
	says("VERDICT     did not break up to 800 requests/s");
	says("RECOVERY    none within 30.0 s of light load");
}
END_TEST

START_TEST(the_generators_limit_is_no_verdict)
{
	found_something();
	summary->found.generator_limited = true;
	out_text(summary, &out);
	says("VERDICT     none: the generator was the limit");
	says("GENERATOR   was the limit");
}
END_TEST

START_TEST(json_has_every_key_and_null_for_what_was_not_found)
{
	static const char *const keys[] = {"knee",       "breaking_point", "recovery_s",
					   "returns_at", "queueing_from",  "unresponsive_from",
					   "aftermath"};
	out_json(summary, &out);
	json_t *root = json_loads(out.ptr, 0, NULL), *find = json_object_get(root, "find");
	for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
		ck_assert_msg(json_is_null(json_object_get(find, keys[i])), "%s", keys[i]);
	ck_assert_str_eq(json_string_value(json_object_get(find, "variable")), "rate");
	json_decref(root);
}
END_TEST

START_TEST(json_tells_of_steps_and_points)
{
	found_something();
	out_json(summary, &out);
	json_t *root = json_loads(out.ptr, 0, NULL), *find = json_object_get(root, "find");
	ck_assert_uint_eq(json_array_size(json_object_get(find, "steps")), 4);
	json_t *broken = json_array_get(json_object_get(find, "steps"), 2);
	ck_assert_str_eq(json_string_value(json_object_get(broken, "state")), "broken");
	json_t *point = json_object_get(find, "breaking_point");
	ck_assert_str_eq(json_string_value(json_object_get(point, "reason")), "error_rate");
	ck_assert_double_eq(json_number_value(json_object_get(point, "value")), 250);
	ck_assert(json_is_true(json_object_get(find, "shedding")));
	json_decref(root);
}
END_TEST

START_TEST(stages_are_rows)
{
	summary->find = false;
	summary->command = "run";
	summary->stages[summary->stage_count++] = (struct summary_stage){.name = "ramp",
									 .length_s = 120,
									 .to = 1000,
									 .intended = 9,
									 .ended = 9,
									 .ok = 9,
									 .achieved_rps = 500,
									 .p50_us = 1000,
									 .p99_us = 2000};
	out_text(summary, &out);
	says("  ramp             2m          0 > 1,000          500     1.00ms     2.00ms");
	out.len = 0;
	out_json(summary, &out);
	json_t *root = json_loads(out.ptr, 0, NULL);
	json_t *stage = json_array_get(json_object_get(root, "stages"), 0);
	ck_assert_double_eq(json_number_value(json_object_get(stage, "target")), 1000);
	json_decref(root);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("out_find");
	tcase_add_checked_fixture(all, begin, end);
	tcase_add_test(all, the_points_are_told_in_words);
	tcase_add_test(all, the_curve_shows_each_load_once_and_to_scale);
	tcase_add_test(all, latencies_from_nothing_to_an_hour_stay_within_the_axis);
	tcase_add_test(all, what_was_not_found_is_said);
	tcase_add_test(all, the_generators_limit_is_no_verdict);
	tcase_add_test(all, json_has_every_key_and_null_for_what_was_not_found);
	tcase_add_test(all, json_tells_of_steps_and_points);
	tcase_add_test(all, stages_are_rows);
	Suite *suite = suite_create("out_find");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
