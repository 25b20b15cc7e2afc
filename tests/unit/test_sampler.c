/* The readers against a small /proc and /sys, and the sampler's pace. */
#include "host/sampler.h"

#include "base/mono.h"
#include "host_fixture.h"

#include <unistd.h>

static struct sampler_config config;
static struct sample sample;

static void setup(void)
{
	fixture_open();
	config = (struct sampler_config){.root = root};
	sample = (struct sample){0};
}

static void teardown(void)
{
	sample_fini(&sample);
	fixture_close();
}

static void read_with(const struct reader *r)
{
	void *ctx = r->open(&config);
	ck_assert_ptr_nonnull(ctx);
	sample_clear(&sample);
	r->read(ctx, &sample);
	r->close(ctx);
}

static const struct point *point_of(enum metric_id metric, const char *labels)
{
	for (unsigned i = 0; i < sample.count; i++)
		if (sample.points[i].metric == metric && !strcmp(sample.points[i].labels, labels))
			return &sample.points[i];
	return NULL;
}

static void has(enum metric_id metric, const char *labels, double value)
{
	const struct point *p = point_of(metric, labels);
	ck_assert_msg(p != NULL, "no %s{%s}", metrics[metric].name, labels);
	ck_assert_double_eq_tol(p->value, value, 1e-9);
}

static const char *gap_of(enum metric_id metric)
{
	for (unsigned i = 0; i < sample.gap_count; i++)
		if (sample.gaps[i].metric == metric)
			return sample.gaps[i].reason;
	return "";
}

START_TEST(what_cannot_be_read_is_a_gap_with_its_file_and_never_a_zero)
{
	static const struct {
		const struct reader *reader;
		enum metric_id metric;
		const char *file;
	} cases[] = {
		{&reader_netstat, METRIC_LISTEN_OVERFLOWS, "/proc/net/netstat"},
		{&reader_netstat, METRIC_TCP_SEGMENTS, "/proc/net/snmp"},
		{&reader_sockstat, METRIC_TIME_WAIT_SOCKETS, "/proc/net/sockstat"},
		{&reader_conntrack, METRIC_CONNTRACK_LIMIT, "nf_conntrack_max"},
		{&reader_softnet, METRIC_SOFTNET_DROPS, "softnet_stat"},
		{&reader_cpu, METRIC_CPU_SECONDS, "/proc/stat"},
		{&reader_pressure, METRIC_PRESSURE_SECONDS, "/proc/pressure"},
		{&reader_disks, METRIC_DISK_BUSY_SECONDS, "/proc/diskstats"},
		{&reader_zombies, METRIC_ZOMBIES, "/proc"},
		{&reader_thermal, METRIC_TEMPERATURE, "thermal_zone0"},
		{&reader_nic, METRIC_NIC_DROPS, "/proc/net/dev"},
		{&reader_memory, METRIC_OOM_KILLS, "/proc/vmstat"},
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		read_with(cases[i].reader);
		ck_assert_msg(strstr(gap_of(cases[i].metric), cases[i].file) != NULL,
			      "%s: gap '%s'", metrics[cases[i].metric].name,
			      gap_of(cases[i].metric));
		ck_assert_ptr_null(point_of(cases[i].metric, ""));
	}
}
END_TEST

START_TEST(a_column_that_the_kernel_lacks_is_a_gap_of_its_own)
{
	fixture_put("/proc/net/netstat", "TcpExt: ListenDrops\nTcpExt: 4\n");
	read_with(&reader_netstat);
	has(METRIC_LISTEN_DROPS, "", 4);
	ck_assert_ptr_nonnull(strstr(gap_of(METRIC_LISTEN_OVERFLOWS), "has no ListenOverflows"));
}
END_TEST

START_TEST(what_a_better_source_has_is_left_to_it)
{
	fixture_put("/proc/net/netstat", "TcpExt: TCPFastRetrans TW\nTcpExt: 4 5\n");
	config.elsewhere[METRIC_TCP_RETRANSMITS] = true;
	read_with(&reader_netstat);
	ck_assert_ptr_null(point_of(METRIC_TCP_RETRANSMITS, "kind=\"fast\""));
	has(METRIC_TIME_WAITS, "", 5);
}
END_TEST

START_TEST(conntracks_counters_add_up_over_cpus_in_hexadecimal)
{
	fixture_put("/proc/sys/net/netfilter/nf_conntrack_count", "7\n");
	fixture_put("/proc/sys/net/netfilter/nf_conntrack_max", "60\n");
	fixture_put("/proc/net/stat/nf_conntrack", "entries drop early_drop insert_failed\n"
						   "00000007 0000000a 00000001 00000000\n"
						   "00000007 00000010 00000002 00000003\n");
	read_with(&reader_conntrack);
	has(METRIC_CONNTRACK_ENTRIES, "", 7);
	has(METRIC_CONNTRACK_LIMIT, "", 60);
	has(METRIC_CONNTRACK_DROPS, "", 26);
	has(METRIC_CONNTRACK_EARLY_DROPS, "", 3);
	has(METRIC_CONNTRACK_INSERT_FAILED, "", 3);
}
END_TEST

START_TEST(softnet_lines_are_of_the_cpu_that_they_name)
{
	fixture_put("/proc/net/softnet_stat",
		    "00000010 00000002 00000003 0 0 0 0 0 0 0 0 00000000 00000003\n");
	read_with(&reader_softnet);
	has(METRIC_SOFTNET_PACKETS, "cpu=\"3\"", 16);
	has(METRIC_SOFTNET_DROPS, "cpu=\"3\"", 2);
	has(METRIC_SOFTNET_SQUEEZED, "cpu=\"3\"", 3);
}
END_TEST

START_TEST(interrupts_of_devices_are_told_by_device_queue_and_cpu)
{
	fixture_put("/proc/stat", "cpu  1 2 3\ncpu0 100 0 50 0 0 0 25 0\n");
	fixture_put("/proc/schedstat", "version 15\ncpu0 0 0 0 0 0 0 7 1500000000 9\n");
	fixture_put("/proc/interrupts", "           CPU0       CPU2\n"
					"  25:          0         41  PCI-MSI  eth0-TxRx-3\n"
					" LOC:         12         13  Local timer interrupts\n");
	read_with(&reader_cpu);
	has(METRIC_INTERRUPTS, "device=\"eth0\",queue=\"3\",irq=\"25\",cpu=\"2\"", 41);
	has(METRIC_RUN_QUEUE_SECONDS, "cpu=\"0\"", 1.5);
	has(METRIC_CPU_SECONDS, "cpu=\"0\",mode=\"user\"", 100.0 / (double)sysconf(_SC_CLK_TCK));
	has(METRIC_SOFTIRQ_SECONDS, "cpu=\"0\",vec=\"any\"", 25.0 / (double)sysconf(_SC_CLK_TCK));
	for (unsigned i = 0; i < sample.count; i++)
		ck_assert_ptr_null(strstr(sample.points[i].labels, "LOC"));
}
END_TEST

START_TEST(disks_tell_ratio_and_wait_from_the_second_look_on)
{
	void *d;
	fixture_put("/proc/diskstats", "253 0 vda 10 0 80 100 0 0 0 0 0 1000 100\n"
				       "7 0 loop0 0 0 0 0 0 0 0 0 0 0 0\n");
	ck_assert_ptr_nonnull(d = reader_disks.open(&config));
	reader_disks.read(d, &sample);
	ck_assert_ptr_null(point_of(METRIC_DISK_BUSY_RATIO, "device=\"vda\""));
	has(METRIC_DISK_BUSY_SECONDS, "device=\"vda\"", 1);
	fixture_put("/proc/diskstats", "253 0 vda 12 0 80 160 2 0 0 40 0 1000 100\n");
	sample_clear(&sample);
	reader_disks.read(d, &sample);
	has(METRIC_DISK_BUSY_RATIO, "device=\"vda\"", 0);
	has(METRIC_DISK_AWAIT, "device=\"vda\"", 0.025);
	ck_assert_ptr_null(point_of(METRIC_DISK_BUSY_SECONDS, "device=\"loop0\""));
	reader_disks.close(d);
}
END_TEST

START_TEST(processes_are_told_by_name_together_whatever_it_contains)
{
	static const char stat[] = "7 (we) \"ird) T 1 7 7 0 -1 0 0 0 0 0 30 20 0 0 20 0 1 0 9\n";
	fixture_put("/proc/7/stat", stat);
	fixture_put("/proc/8/stat", stat);
	fixture_put("/proc/7/schedstat", "5 2000000000 1\n");
	fixture_put("/proc/8/schedstat", "5 1000000000 1\n");
	config.pids[0] = 7;
	config.pids[1] = 8;
	config.pid_count = 2;
	read_with(&reader_processes);
	has(METRIC_PROCESS_STOPPED, "process=\"we___ird\"", 2);
	has(METRIC_PROCESS_WAIT_SECONDS, "process=\"we___ird\"", 3);
	has(METRIC_PROCESS_CPU_SECONDS, "process=\"we___ird\"",
	    100.0 / (double)sysconf(_SC_CLK_TCK));
	ck_assert_ptr_nonnull(strstr(gap_of(METRIC_PROCESS_OPEN_FILES), "/fd"));
}
END_TEST

START_TEST(zombies_are_counted)
{
	fixture_put("/proc/3/stat", "3 (a) Z 1\n");
	fixture_put("/proc/4/stat", "4 (Z) S 1\n");
	fixture_put("/proc/5/stat", "5 (b) Z 1\n");
	fixture_put("/proc/self/stat", "5 (b) Z 1\n");
	read_with(&reader_zombies);
	has(METRIC_ZOMBIES, "", 2);
}
END_TEST

START_TEST(pressure_is_in_seconds)
{
	fixture_put("/proc/pressure/io", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n");
	read_with(&reader_pressure);
	has(METRIC_PRESSURE_SECONDS, "resource=\"io\",kind=\"some\"", 2.5);
}
END_TEST

START_TEST(points_past_the_bound_are_counted_as_cut)
{
	for (unsigned i = 0; i < SAMPLE_POINTS_MAX + 3; i++)
		sample_add(&sample, METRIC_ZOMBIES, SOURCE_PROCFS, i, NULL);
	ck_assert_uint_eq(sample.count, SAMPLE_POINTS_MAX);
	ck_assert_uint_eq(sample.cut, 3);
}
END_TEST

/* A reader that costs as much as it is told to. */
static uint64_t burn_ns;
static unsigned reads;

static void burn(void *ctx, struct sample *into)
{
	(void)ctx, (void)into;
	struct timespec t, from;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	while ((uint64_t)(t.tv_sec - from.tv_sec) * NS_PER_S + (uint64_t)t.tv_nsec -
		       (uint64_t)from.tv_nsec <
	       burn_ns);
	reads++;
}

static const struct reader burner = {"burner", 1000, NULL, burn, NULL};

static double interval_of(struct sampler *s, const char *reader)
{
	const struct sample *one;
	char labels[SAMPLE_LABELS];
	snprintf(labels, sizeof labels, "reader=\"%s\"", reader);
	for (unsigned at = 0; (one = sampler_next(s, false, &at));)
		for (unsigned i = 0; i < one->count; i++)
			if (one->points[i].metric == METRIC_SAMPLE_INTERVAL &&
			    !strcmp(one->points[i].labels, labels))
				return one->points[i].value;
	return -1;
}

START_TEST(a_dear_reader_is_read_less_often_and_says_so)
{
	struct err err;
	struct sampler *s = sampler_new(&config, &err);
	ck_assert_ptr_nonnull(s);
	ck_assert(sampler_use(s, &burner, NULL));
	reads = 0;
	burn_ns = 30 * NS_PER_MS; /* at 1 % of a CPU: every 3 s */
	for (uint64_t tick = 0; tick <= 100; tick++)
		sampler_tick(s, tick);
	ck_assert_uint_ge(reads, 3);
	ck_assert_uint_le(reads, 4);
	ck_assert_double_ge(interval_of(s, "burner"), 3);
	ck_assert_double_le(interval_of(s, "burner"), 4);
	sampler_free(s);
}
END_TEST

START_TEST(gauges_are_read_at_whole_seconds_and_counters_at_each_tick)
{
	struct err err;
	struct sampler *s = sampler_new(&config, &err);
	ck_assert(sampler_use(s, &burner, NULL));
	reads = 0;
	burn_ns = 0;
	for (uint64_t tick = 7; tick < 47; tick++) { /* the first look, then 10, 20, 30, 40 */
		unsigned before = reads;
		ck_assert_uint_ge(sampler_tick(s, tick), 1);
		ck_assert_uint_eq(reads - before, tick == 7 || tick % 10 == 0);
	}
	sampler_free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sampler");
	TCase *t = tcase_create("readers");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_cannot_be_read_is_a_gap_with_its_file_and_never_a_zero);
	tcase_add_test(t, a_column_that_the_kernel_lacks_is_a_gap_of_its_own);
	tcase_add_test(t, what_a_better_source_has_is_left_to_it);
	tcase_add_test(t, conntracks_counters_add_up_over_cpus_in_hexadecimal);
	tcase_add_test(t, softnet_lines_are_of_the_cpu_that_they_name);
	tcase_add_test(t, interrupts_of_devices_are_told_by_device_queue_and_cpu);
	tcase_add_test(t, disks_tell_ratio_and_wait_from_the_second_look_on);
	tcase_add_test(t, processes_are_told_by_name_together_whatever_it_contains);
	tcase_add_test(t, zombies_are_counted);
	tcase_add_test(t, pressure_is_in_seconds);
	tcase_add_test(t, points_past_the_bound_are_counted_as_cut);
	tcase_add_test(t, a_dear_reader_is_read_less_often_and_says_so);
	tcase_add_test(t, gauges_are_read_at_whole_seconds_and_counters_at_each_tick);
	suite_add_tcase(suite, t);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
