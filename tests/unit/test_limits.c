#include "host/limits.h"
#include "tests/lib/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static struct limits limits;
static struct err err;

/* A host that grants CPUs 0 to 3, 6 and the last there can be. */
static void start(void)
{
	limits = (struct limits){.cpu_count = 6};
	err = (struct err){0};
	for (int cpu = 0; cpu < 4; cpu++)
		CPU_SET(cpu, &limits.cpus);
	CPU_SET(6, &limits.cpus);
	CPU_SET(CPU_SETSIZE - 1, &limits.cpus);
}

static const struct {
	const char *list;
	unsigned bits; /* of the CPUs 0 to 6 */
} good[] = {
	{"0", 0x01},   {"3", 0x08},       {"0,2", 0x05},       {"0-3", 0x0f},     {"1-1", 0x02},
	{"6,0", 0x41}, {"0-1,2-3", 0x0f}, {"0-2,1-3,3", 0x0f}, {"0,0,0,0", 0x01}, {"00002", 0x04},
};

START_TEST(a_list_is_numbers_and_ranges)
{
	cpu_set_t set;
	ck_assert_msg(!limits_parse_cpus(&set, good[_i].list, &limits, &err), "%s", err.text);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		bool want = cpu < 7 && (good[_i].bits >> cpu & 1);
		ck_assert_msg((CPU_ISSET(cpu, &set) != 0) == want, "\"%s\": CPU %d", good[_i].list,
			      cpu);
	}
}
END_TEST

START_TEST(the_last_cpu_there_can_be_is_one)
{
	cpu_set_t set;
	ck_assert_int_eq(limits_parse_cpus(&set, "1023", &limits, &err), 0);
	ck_assert_int_eq(CPU_COUNT(&set), 1);
	ck_assert(CPU_ISSET(CPU_SETSIZE - 1, &set));
}
END_TEST

static const char *const wrong[] = {
	"",
	",",
	"0,",
	",0",
	"0,,1",
	"-",
	"-1",
	"0-",
	"0--1",
	"0-1-2",
	"2-1",
	" 0",
	"0 ",
	"0, 1",
	"+1",
	"0x1",
	"1.5",
	"a",
	"0a",
	"0;1",
	"0-b",
	"1024",
	"0-1024",
	"4294967296",
	"18446744073709551615",
	"18446744073709551616",
	"0-99999999999999999999999",
	"99999999999999999999999",
};

START_TEST(what_is_no_list_is_refused_by_name)
{
	cpu_set_t set, before;
	memset(&set, 0x5a, sizeof set);
	before = set;
	ck_assert_msg(limits_parse_cpus(&set, wrong[_i], &limits, &err) == -1, "\"%s\" passes",
		      wrong[_i]);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, wrong[_i]));
	ck_assert_ptr_nonnull(strstr(err.text, "0,2-3"));
	ck_assert(CPU_EQUAL(&set, &before));
}
END_TEST

START_TEST(a_cpu_that_is_not_ours_is_named)
{
	static const struct {
		const char *list, *says;
	} cases[] = {
		{"4", "CPU 4 "}, {"0,5", "CPU 5 "}, {"0-6", "CPU 4 "}, {"6,1000", "CPU 1000 "}};
	cpu_set_t set, before;
	memset(&set, 0x5a, sizeof set);
	before = set;
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_int_eq(limits_parse_cpus(&set, cases[i].list, &limits, &err), -1);
		ck_assert_int_eq(err.kind, ERR_USAGE);
		ck_assert_ptr_nonnull(strstr(err.text, cases[i].says));
		ck_assert_ptr_nonnull(strstr(err.hint, "Cpus_allowed_list"));
		ck_assert(CPU_EQUAL(&set, &before));
	}
}
END_TEST

START_TEST(ports_are_counted_both_ends_included)
{
	ck_assert_uint_eq(limits_ports(&limits), 0); /* unknown */
	limits.port_low = limits.port_high = 40000;
	ck_assert_uint_eq(limits_ports(&limits), 1);
	limits.port_low = 32768;
	limits.port_high = 60999;
	ck_assert_uint_eq(limits_ports(&limits), 28232);
}
END_TEST

START_TEST(what_is_read_is_what_this_process_has)
{
	struct rlimit files;
	cpu_set_t cpus;
	unsigned low = 0, high = 0;
	memset(&limits, 0xff, sizeof limits);
	limits_read(&limits);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	ck_assert_uint_eq(limits.descriptors, files.rlim_cur);
	ck_assert_uint_eq(limits.descriptors_hard, files.rlim_max);
	ck_assert_int_eq(sched_getaffinity(0, sizeof cpus, &cpus), 0);
	ck_assert(CPU_EQUAL(&cpus, &limits.cpus));
	ck_assert_uint_eq(limits.cpu_count, (unsigned)CPU_COUNT(&cpus));
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
	if (f) {
		ck_assert_int_eq(fscanf(f, "%u %u", &low, &high), 2);
		fclose(f);
	}
	ck_assert_uint_eq(limits.port_low, low);
	ck_assert_uint_eq(limits.port_high, high);
	ck_assert_uint_lt(limits.somaxconn, UINT64_MAX);
	unsigned reuse = 0;
	f = fopen("/proc/sys/net/ipv4/tcp_tw_reuse", "r");
	if (f) {
		ck_assert_int_eq(fscanf(f, "%u", &reuse), 1);
		fclose(f);
	}
	ck_assert_uint_eq(limits.tw_reuse, reuse);
}
END_TEST

START_TEST(every_allowed_cpu_can_be_asked_for)
{
	char list[32];
	cpu_set_t set;
	limits_read(&limits);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		snprintf(list, sizeof list, "%u", cpu);
		int result = limits_parse_cpus(&set, list, &limits, &err);
		ck_assert_int_eq(result, CPU_ISSET(cpu, &limits.cpus) ? 0 : -1);
	}
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("limits");
	tcase_add_checked_fixture(all, start, NULL);
	tcase_add_loop_test(all, a_list_is_numbers_and_ranges, 0, sizeof good / sizeof *good);
	tcase_add_test(all, the_last_cpu_there_can_be_is_one);
	tcase_add_loop_test(all, what_is_no_list_is_refused_by_name, 0,
			    sizeof wrong / sizeof *wrong);
	tcase_add_test(all, a_cpu_that_is_not_ours_is_named);
	tcase_add_test(all, ports_are_counted_both_ends_included);
	tcase_add_test(all, what_is_read_is_what_this_process_has);
	tcase_add_test(all, every_allowed_cpu_can_be_asked_for);
	Suite *suite = suite_create("limits");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
