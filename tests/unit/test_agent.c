/* The agent's parts that need no kernel: spool, logs, flags. */
#include "tools/agent/settings.h"
#include "tools/agent/spool.h"

#include "bpf/probe.h"
#include "host_fixture.h"

#include <unistd.h>

static struct spool spool;
static struct logs logs;
static struct agent_settings settings;
static struct err err;

/* --- spool ------------------------------------------------------------------------------- */

START_TEST(lines_come_back_by_number_whole_ones_only)
{
	char out[8];
	size_t len;
	spool_init(&spool);
	ck_assert_uint_eq(spool_append(&spool, span_of("one\n")), 1);
	ck_assert_uint_eq(spool_append(&spool, span_of("two\n")), 2);
	ck_assert_uint_eq(spool_append(&spool, span_of("three\n")), 3);
	ck_assert_uint_eq(spool_copy(&spool, 1, out, sizeof out, &len), 2);
	ck_assert_mem_eq(out, "one\ntwo\n", 8);
	ck_assert_uint_eq(spool_copy(&spool, 3, out, sizeof out, &len), 1);
	ck_assert_uint_eq(len, 6);
	ck_assert_uint_eq(spool_copy(&spool, 4, out, sizeof out, &len), 0);
	spool_fini(&spool);
}
END_TEST

START_TEST(the_oldest_go_first_and_the_bounds_say_so)
{
	uint64_t first, next;
	char out[64];
	size_t len;
	spool_init(&spool);
	for (unsigned i = 0; i < SPOOL_LINES + 7; i++)
		spool_append(&spool, span_of("x\n"));
	spool_bounds(&spool, &first, &next);
	ck_assert_uint_eq(first, 8);
	ck_assert_uint_eq(next, SPOOL_LINES + 8);
	ck_assert_uint_eq(spool_copy(&spool, 7, out, sizeof out, &len), 0);
	spool_fini(&spool);
}
END_TEST

START_TEST(bytes_are_bounded_too)
{
	static char big[SPOOL_BYTES / 4];
	uint64_t first, next;
	spool_init(&spool);
	for (unsigned i = 0; i < 6; i++)
		spool_append(&spool, (struct span){big, sizeof big});
	spool_bounds(&spool, &first, &next);
	ck_assert_uint_eq(next - first, 4);
	ck_assert_uint_le(spool.bytes, SPOOL_BYTES);
	spool_fini(&spool);
}
END_TEST

/* --- logs -------------------------------------------------------------------------------- */

static void append(const char *path, const char *text)
{
	FILE *f = fopen(path, "a");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static uint64_t count_of(const char *name)
{
	struct sample sample = {0};
	reader_logs.read(&logs, &sample);
	sample_fini(&sample);
	for (unsigned i = 0; i < logs.pattern_count; i++)
		if (!strcmp(logs.patterns[i].name, name))
			return logs.patterns[i].count;
	return UINT64_MAX;
}

START_TEST(a_file_is_followed_from_its_end_through_rotation)
{
	char path[96], moved[96];
	snprintf(path, sizeof path, "%s/error.log", root);
	snprintf(moved, sizeof moved, "%s/error.log.1", root);
	append(path, "no live upstreams, long ago\n");
	logs_init(&logs);
	ck_assert_int_eq(logs_follow_file(&logs, path, &err), 0);
	ck_assert_uint_eq(count_of("no_live_upstreams"), 0);
	append(path, "2026 [error] No Live Upstreams while connecting\n[alert] 1024 "
		     "worker_connections are");
	ck_assert_uint_eq(count_of("no_live_upstreams"), 1);
	ck_assert_uint_eq(count_of("worker_connections"), 0);
	append(path, " not enough\n");
	ck_assert_uint_eq(count_of("worker_connections"), 1);
	rename(path, moved);
	append(path, "no live upstreams\n");
	count_of("no_live_upstreams");                       /* sees the new file, */
	ck_assert_uint_eq(count_of("no_live_upstreams"), 2); /* and then what is in it */
	ck_assert_uint_eq(logs.event_count, 3);
	ck_assert_str_eq(logs.events[0].text, "2026 [error] No Live Upstreams while connecting");
	logs_fini(&logs);
}
END_TEST

START_TEST(own_patterns_are_counted_and_bad_ones_refused)
{
	static const char *const bad[] = {"", "name", "name=", "=text", "Na=me", "a b=c"};
	logs_init(&logs);
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_int_eq(logs_add_pattern(&logs, bad[i], &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, bad[i]));
	}
	ck_assert_int_eq(logs_add_pattern(&logs, "gc=Pause Full", &err), 0);
	ck_assert_uint_eq(count_of("gc"), 0);
	logs_fini(&logs);
}
END_TEST

START_TEST(events_past_the_bound_are_counted_not_kept)
{
	char path[96];
	snprintf(path, sizeof path, "%s/flood.log", root);
	append(path, "");
	logs_init(&logs);
	ck_assert_int_eq(logs_follow_file(&logs, path, &err), 0);
	for (unsigned i = 0; i < LOGS_EVENTS + 9; i++)
		append(path, "Out of memory\n");
	ck_assert_uint_eq(count_of("out_of_memory"), LOGS_EVENTS + 9);
	ck_assert_uint_eq(logs.event_count, LOGS_EVENTS);
	ck_assert_uint_eq(logs.events_lost, 9);
	logs_fini(&logs);
}
END_TEST

/* --- flags ------------------------------------------------------------------------------- */

static int parse(const char *a, const char *b, const char *c)
{
	const char *argv[] = {"agent", a, b, c, NULL};
	int argc = 1 + !!a + !!b + !!c;
	return agent_settings_parse(&settings, argc, (char **)(uintptr_t)argv, &err);
}

START_TEST(usual_settings_are_loopback_and_all_but_sched)
{
	ck_assert_int_eq(parse(NULL, NULL, NULL), 0);
	ck_assert(addr_is_loopback(&settings.listen));
	ck_assert_uint_eq(settings.programs, PROBE_USUAL);
	ck_assert(!(settings.programs & PROBE_BIT(PROBE_SCHED)));
	ck_assert_int_eq(parse("--bpf", "netwatch,sched", "--port=80,443"), 0);
	ck_assert_uint_eq(settings.programs, PROBE_BIT(PROBE_NETWATCH) | PROBE_BIT(PROBE_SCHED));
	ck_assert_uint_eq(settings.port_count, 2);
	ck_assert_uint_eq(settings.ports[1], 443);
}
END_TEST

START_TEST(what_is_wrong_is_named_with_the_way_out)
{
	static const struct {
		const char *flags[3];
		const char *says;
	} cases[] = {
		{{"--listen", "0.0.0.0:9464"}, "not loopback"},
		{{"--port", "80,x"}, "80,x"},
		{{"--port", "70000"}, "65535"},
		{{"--pid", "0"}, "--pid"},
		{{"--bpf", "netwotch"}, "netwotch"},
		{{"--bogus"}, "--bogus"},
		{{"--listen"}, "--listen needs a value"},
		{{"extra"}, "'extra'"},
		{{"--tls-cert", "x.pem"}, "go together"},
		{{"--duration", "soon"}, "soon"},
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_int_eq(parse(cases[i].flags[0], cases[i].flags[1], cases[i].flags[2]),
				 -1);
		ck_assert_int_eq(err.kind, ERR_USAGE);
		ck_assert_msg(strstr(err.text, cases[i].says) != NULL, "'%s' lacks '%s'", err.text,
			      cases[i].says);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("agent");
	TCase *t = tcase_create("parts");
	tcase_add_checked_fixture(t, fixture_open, fixture_close);
	tcase_add_test(t, lines_come_back_by_number_whole_ones_only);
	tcase_add_test(t, the_oldest_go_first_and_the_bounds_say_so);
	tcase_add_test(t, bytes_are_bounded_too);
	tcase_add_test(t, a_file_is_followed_from_its_end_through_rotation);
	tcase_add_test(t, own_patterns_are_counted_and_bad_ones_refused);
	tcase_add_test(t, events_past_the_bound_are_counted_not_kept);
	tcase_add_test(t, usual_settings_are_loopback_and_all_but_sched);
	tcase_add_test(t, what_is_wrong_is_named_with_the_way_out);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
