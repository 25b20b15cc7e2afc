/* What the report says of the target's kernel. */
#include "out/forms.h"
#include "out/out.h"
#include "out/text.h"
#include "summary_fixture.h"
#include "tests/lib/suite.h"

#include <jansson.h>
#include <string.h>

static struct summary *s;
static struct buf out;

static void start(void)
{
	s = summary_closed(1000);
	buf_init(&out, REPORT_MAX);
	s->agent_count = 1;
	struct summary_agent *a = &s->agents[0];
	snprintf(a->name, sizeof a->name, "http://127.0.0.1:9464");
	snprintf(a->release, sizeof a->release, "6.1.0");
	a->clock_known = true;
	a->bound_us = 6.2;
	kernel_span_clear(&a->kernel);
	a->kernel.samples = 100;
	a->kernel.softirq_share = -1;
	a->kernel.known[KERNEL_ACCEPT_QUEUE] = a->kernel.known[KERNEL_ACCEPT_LIMIT] = true;
	a->kernel.value[KERNEL_ACCEPT_QUEUE] = 129;
	a->kernel.value[KERNEL_ACCEPT_LIMIT] = 128;
	a->kernel.known[KERNEL_LISTEN_OVERFLOWS] = true;
	a->kernel.value[KERNEL_LISTEN_OVERFLOWS] = 1340;
	snprintf(a->from[KERNEL_ACCEPT_QUEUE], sizeof a->from[0], "bpf");
	snprintf(a->gap[KERNEL_CONNTRACK], sizeof a->gap[0], "no nf_conntrack");
}

static void end(void)
{
	buf_fini(&out);
	free(s);
}

static void says(const char *wanted)
{
	ck_assert_msg(out.ptr && strstr(out.ptr, wanted), "no \"%s\" in: %s", wanted, out.ptr);
}

START_TEST(figures_stand_with_limit_and_source_and_gaps_with_their_reason)
{
	text_kernel(s, &out);
	says("http://127.0.0.1:9464, Linux 6.1.0, clock known to 7 us, 100 samples\n");
	says("129 of 128 waited at most");
	says(" bpf\n");
	says("1,340 connections found it full");
	says("n/a (no nf_conntrack)");
	ck_assert_ptr_null(strstr(out.ptr, "softirq"));
}
END_TEST

START_TEST(an_agent_that_was_lost_is_said_so)
{
	s->agents[0].lost = true;
	s->agents[0].missed = 3;
	s->exit_code = 8;
	out_text(s, &out);
	says("LOST:");
	says("Verdict: INCOMPLETE: an agent was lost");
}
END_TEST

START_TEST(the_live_line_has_a_dash_for_what_is_unknown)
{
	text_kernel_line(&s->agents[0].kernel, 2, &out);
	ck_assert_str_eq(out.ptr, "kernel:  syn_recv -  accept 129/128  time_wait -  "
				  "retransmits -/s  conntrack -/-  softirq -");
}
END_TEST

START_TEST(on_a_terminal_the_kernel_stands_below_and_the_cursor_goes_back)
{
	static struct tally window;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	tally_init(&window);
	struct progress p = {.at_s = 1, .window = &window, .kernel = &s->agents[0].kernel};
	out_progress(&p, to, true);
	fclose(to);
	ck_assert_ptr_nonnull(strstr(text, "\n\r"));
	ck_assert_str_eq(text + len - 3, "\033[A");
	free(text);
}
END_TEST

START_TEST(signs_are_counters_that_should_stand_still)
{
	text_kernel_signs(&s->agents[0].kernel, &out);
	ck_assert_str_eq(out.ptr, "1,340 accept queue overflows");
	s->agents[0].kernel.value[KERNEL_LISTEN_OVERFLOWS] = 0;
	out.len = 0;
	text_kernel_signs(&s->agents[0].kernel, &out);
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(json_has_what_is_known_and_lists_the_gaps)
{
	out_json(s, &out);
	json_t *j = json_loadb(out.ptr, out.len, 0, NULL);
	json_t *agent = json_array_get(json_object_get(j, "agents"), 0);
	json_t *kernel = json_object_get(agent, "kernel");
	ck_assert_int_eq(json_integer_value(json_object_get(kernel, "accept_queue")), 129);
	ck_assert_ptr_null(json_object_get(kernel, "conntrack"));
	ck_assert(json_is_true(json_object_get(agent, "complete")));
	ck_assert_ptr_nonnull(
		strstr(out.ptr, "http://127.0.0.1:9464: conntrack: n/a (no nf_conntrack)"));
	json_decref(j);
}
END_TEST

START_TEST(the_timeline_has_columns_of_one_length_and_null_for_unknown)
{
	struct kernel_span k = s->agents[0].kernel;
	timeline_begin(&s->timeline, 1000, 100);
	timeline_kernel(&s->timeline, 1250, &k);
	out_json(s, &out);
	json_t *j = json_loadb(out.ptr, out.len, 0, NULL);
	json_t *line = json_object_get(j, "timeline");
	json_t *column = json_object_get(json_object_get(line, "kernel"), "accept_queue");
	ck_assert_uint_eq(json_array_size(column), 3);
	ck_assert(json_is_null(json_array_get(column, 1)));
	ck_assert_int_eq(json_integer_value(json_array_get(column, 2)), 129);
	ck_assert_uint_eq(json_array_size(json_object_get(line, "ended")), 3);
	json_decref(j);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kernel");
	tcase_add_checked_fixture(t, start, end);
	tcase_add_test(t, figures_stand_with_limit_and_source_and_gaps_with_their_reason);
	tcase_add_test(t, an_agent_that_was_lost_is_said_so);
	tcase_add_test(t, the_live_line_has_a_dash_for_what_is_unknown);
	tcase_add_test(t, on_a_terminal_the_kernel_stands_below_and_the_cursor_goes_back);
	tcase_add_test(t, signs_are_counters_that_should_stand_still);
	tcase_add_test(t, json_has_what_is_known_and_lists_the_gaps);
	tcase_add_test(t, the_timeline_has_columns_of_one_length_and_null_for_unknown);
	Suite *suite = suite_create("out_kernel");
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
