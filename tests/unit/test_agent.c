/* The agent's parts that need no kernel: spool, stream, logs, flags, whom they name. */
#include "tools/agent/serve.h"
#include "tools/agent/settings.h"
#include "tools/agent/spool.h"
#include "tools/agent/watched.h"

#include "bpf/probe.h"
#include "host_fixture.h"
#include "tests/lib/suite.h"

#include <sys/socket.h>
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

/* --- the stream -------------------------------------------------------------------------- */

#define LINE_BYTES 8192

static struct serve *serve;

static void serve_begin(void)
{
	spool_init(&spool);
	ck_assert_int_eq(addr_parse_listen(&settings.listen, "127.0.0.1:0", &err), 0);
	ck_assert_int_eq(serve_open(&serve, &settings, &spool, "this-life", &err), 0);
	ck_assert_int_eq(serve_start(serve, &err), 0);
}

static void serve_end(void)
{
	serve_close(serve);
	spool_fini(&spool);
}

/* Long lines that begin with their number. */
static void append_lines(unsigned count)
{
	static char line[LINE_BYTES];
	for (unsigned i = 0; i < count; i++) {
		int len = snprintf(line, sizeof line, "{\"seq\":%llu}",
				   (unsigned long long)spool.next);
		memset(line + len, ' ', sizeof line - (size_t)len);
		line[sizeof line - 1] = '\n';
		spool_append(&spool, (struct span){line, sizeof line});
	}
	serve_wake(serve);
}

/* The answer, whose end is the connection's, to be read. */
static FILE *ask(const char *query)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 65536;
	struct timeval patience = {.tv_sec = 10};
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&settings.listen.sa, settings.listen.len),
			 0);
	dprintf(fd, "GET /v1/samples?%s HTTP/1.0\r\n\r\n", query);
	FILE *answer = fdopen(fd, "r");
	ck_assert_ptr_nonnull(answer);
	return answer;
}

/* The first line of an answer, behind its head. */
static const char *first_line(FILE *answer)
{
	static char line[LINE_BYTES + 1];
	do
		ck_assert_ptr_nonnull(fgets(line, sizeof line, answer));
	while (line[0] != '{');
	return line;
}

/* The number of the last line until the end, each the one after that before; 0: there is none. */
static unsigned long long last_number(FILE *answer, unsigned long long *ret_first)
{
	char line[LINE_BYTES + 1];
	unsigned long long last = 0, number;
	*ret_first = 0;
	while (fgets(line, sizeof line, answer)) {
		ck_assert_int_eq(sscanf(line, "{\"seq\":%llu", &number), 1);
		ck_assert(!last || number == last + 1);
		*ret_first = *ret_first ? *ret_first : number;
		last = number;
	}
	ck_assert_msg(feof(answer), "the answer ends within the time");
	return last;
}

START_TEST(lines_that_the_spool_has_given_up_are_named)
{
	unsigned long long first;
	serve_begin();
	append_lines(SPOOL_LINES + 7);
	FILE *answer = ask("since=2&lines=2");
	ck_assert_ptr_nonnull(strstr(first_line(answer), "\"lost\":{\"from\":3,\"to\":7}"));
	ck_assert_uint_eq(last_number(answer, &first), 9);
	ck_assert_uint_eq(first, 8);
	fclose(answer);
	serve_end();
}
END_TEST

START_TEST(a_reader_too_slow_for_the_spool_is_ended_and_told_what_it_lost)
{
	unsigned long long first, last;
	char query[64], lost[64];
	serve_begin();
	append_lines(1);
	FILE *answer = ask("since=0");
	first_line(answer);
	append_lines(3 * SPOOL_LINES);
	last = last_number(answer, &first);
	fclose(answer);
	ck_assert_uint_eq(first, 1);
	ck_assert_uint_lt(last, 2 * SPOOL_LINES);
	snprintf(query, sizeof query, "since=%llu&lines=1", last);
	snprintf(lost, sizeof lost, "\"lost\":{\"from\":%llu,\"to\":", last + 1);
	answer = ask(query);
	ck_assert_ptr_nonnull(strstr(first_line(answer), lost));
	fclose(answer);
	serve_end();
}
END_TEST

START_TEST(who_followed_another_life_gets_all_that_this_one_has)
{
	static const char *const queries[] = {"since=2&agent=other-life&lines=3",
					      "since=900&lines=3"};
	unsigned long long first;
	serve_begin();
	append_lines(5);
	for (unsigned i = 0; i < 2; i++) {
		FILE *answer = ask(queries[i]);
		ck_assert_ptr_nonnull(strstr(first_line(answer), "\"lost\":null"));
		ck_assert_uint_eq(last_number(answer, &first), 3);
		ck_assert_uint_eq(first, 1);
		fclose(answer);
	}
	FILE *answer = ask("since=2&agent=this-life&lines=1");
	first_line(answer);
	ck_assert_uint_eq(last_number(answer, &first), 3);
	fclose(answer);
	serve_end();
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

START_TEST(where_no_log_is_followed_nothing_is_counted)
{
	struct sample sample = {0};
	logs_init(&logs);
	reader_logs.read(&logs, &sample);
	ck_assert_uint_eq(sample.count, 0);
	ck_assert_uint_eq(sample.gap_count, 1);
	ck_assert_str_eq(sample.gaps[0].reason, "no log is followed");
	sample_fini(&sample);
}
END_TEST

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
	ck_assert_int_eq(logs_add_pattern(&logs, "gc=Pause Young", &err), -1); /* one series each */
	ck_assert_ptr_nonnull(strstr(err.text, "gc already"));
	ck_assert_int_eq(logs_add_pattern(&logs, "out_of_memory=OOM", &err), -1);
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

START_TEST(usual_settings_are_loopback_and_the_core_programs)
{
	ck_assert_int_eq(parse(NULL, NULL, NULL), 0);
	ck_assert(addr_is_loopback(&settings.listen));
	ck_assert_uint_eq(settings.programs, PROBE_CORE);
	ck_assert_int_eq(parse("--bpf", "all", NULL), 0);
	ck_assert_uint_eq(settings.programs, PROBE_ALL);
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

/* --- whom they name ---------------------------------------------------------------------- */

static struct watched watched;

static void put_unit(void)
{
	fixture_put("/proc/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
	fixture_put("/sys/fs/cgroup/system.slice/nginx.service/cgroup.procs", "71\n72\n");
	fixture_put("/sys/fs/cgroup/other/cgroup.procs", "");
	fixture_put("/proc/9/cgroup", "0::/other\n");
}

static const char *path_of_group(void)
{
	return watched.cgroup_known ? watched.cgroup.in[CGROUP_V2].path : "";
}

START_TEST(a_unit_is_its_processes_and_its_control_group)
{
	put_unit();
	ck_assert_int_eq(parse("--unit", "nginx", NULL), 0);
	ck_assert_int_eq(watched_find(&watched, &settings, root, &err), 0);
	ck_assert_uint_eq(watched.pid_count, 2);
	ck_assert_int_eq(watched.pids[1], 72);
	ck_assert_str_eq(path_of_group(), "/system.slice/nginx.service");
	ck_assert_str_eq(watched.sockets_of, ""); /* which sockets count is --cgroup's to say */
	ck_assert_int_eq(parse("--unit", "nginx.service", "--pid=9"), 0);
	ck_assert_int_eq(watched_find(&watched, &settings, root, &err), 0);
	ck_assert_uint_eq(watched.pid_count, 3);
	ck_assert_str_eq(path_of_group(), "/system.slice/nginx.service");
}
END_TEST

START_TEST(a_process_is_in_its_control_group_and_a_cgroup_is_one)
{
	put_unit();
	ck_assert_int_eq(parse("--pid=9", NULL, NULL), 0);
	ck_assert_int_eq(watched_find(&watched, &settings, root, &err), 0);
	ck_assert_str_eq(path_of_group(), "/other");
	ck_assert_int_eq(parse("--cgroup=/sys/fs/cgroup/other", "--unit=nginx", NULL), 0);
	ck_assert_int_eq(watched_find(&watched, &settings, root, &err), 0);
	ck_assert_str_eq(path_of_group(), "/other");
	ck_assert_ptr_nonnull(strstr(watched.sockets_of, "/sys/fs/cgroup/other"));
	ck_assert_uint_eq(watched.pid_count, 2);
	ck_assert_int_eq(parse(NULL, NULL, NULL), 0);
	ck_assert_int_eq(watched_find(&watched, &settings, root, &err), 0);
	ck_assert(!watched.cgroup_known);
}
END_TEST

START_TEST(processes_of_a_unit_past_the_bound_are_counted)
{
	char procs[512] = "";
	for (unsigned i = 0; i < SAMPLER_PIDS + 5; i++)
		snprintf(procs + strlen(procs), sizeof procs - strlen(procs), "%u\n", 100 + i);
	put_unit();
	fixture_put("/sys/fs/cgroup/system.slice/nginx.service/cgroup.procs", procs);
	ck_assert_int_eq(parse("--unit", "nginx", NULL), 0);
	ck_assert_int_eq(watched_find(&watched, &settings, root, &err), 0);
	ck_assert_uint_eq(watched.pid_count, SAMPLER_PIDS);
	ck_assert_uint_eq(watched.left_out, 5);
}
END_TEST

START_TEST(whom_nobody_knows_is_named_with_the_way_out)
{
	static const struct {
		const char *flag, *says, *hint;
	} cases[] = {
		{"--unit=ngonx", "ngonx.service", "systemctl status ngonx.service"},
		{"--unit=a/b", "'a/b'", ""},
		{"--pid=4242", "no process 4242", ""},
		{"--cgroup=/etc", "/etc", "cgroup2"},
	};
	put_unit();
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		err = (struct err){0};
		ck_assert_int_eq(parse(cases[i].flag, NULL, NULL), 0);
		ck_assert_int_eq(watched_find(&watched, &settings, root, &err), -1);
		ck_assert_int_eq(err.kind, ERR_USAGE);
		ck_assert_msg(strstr(err.text, cases[i].says) != NULL, "'%s'", err.text);
		ck_assert_msg(strstr(err.hint, cases[i].hint) != NULL, "'%s'", err.hint);
	}
}
END_TEST

START_TEST(a_cgroup_of_v1_is_refused_where_sockets_are_to_be_told_by_it)
{
	fixture_put("/proc/mounts", "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n");
	fixture_put("/sys/fs/cgroup/cpu/job/cpu.stat", "throttled_time 5\n");
	ck_assert_int_eq(parse("--cgroup=/sys/fs/cgroup/cpu/job", NULL, NULL), 0);
	ck_assert_int_eq(watched_find(&watched, &settings, root, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.hint, "--no-bpf"));
	ck_assert_int_eq(parse("--cgroup=/sys/fs/cgroup/cpu/job", "--no-bpf", NULL), 0);
	ck_assert_int_eq(watched_find(&watched, &settings, root, &err), 0);
	ck_assert(watched.cgroup_known);
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
	tcase_add_test(t, lines_that_the_spool_has_given_up_are_named);
	tcase_add_test(t, a_reader_too_slow_for_the_spool_is_ended_and_told_what_it_lost);
	tcase_add_test(t, who_followed_another_life_gets_all_that_this_one_has);
	tcase_add_test(t, where_no_log_is_followed_nothing_is_counted);
	tcase_add_test(t, a_file_is_followed_from_its_end_through_rotation);
	tcase_add_test(t, own_patterns_are_counted_and_bad_ones_refused);
	tcase_add_test(t, events_past_the_bound_are_counted_not_kept);
	tcase_add_test(t, usual_settings_are_loopback_and_the_core_programs);
	tcase_add_test(t, what_is_wrong_is_named_with_the_way_out);
	tcase_add_test(t, a_unit_is_its_processes_and_its_control_group);
	tcase_add_test(t, a_process_is_in_its_control_group_and_a_cgroup_is_one);
	tcase_add_test(t, processes_of_a_unit_past_the_bound_are_counted);
	tcase_add_test(t, whom_nobody_knows_is_named_with_the_way_out);
	tcase_add_test(t, a_cgroup_of_v1_is_refused_where_sockets_are_to_be_told_by_it);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
