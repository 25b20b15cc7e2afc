/* The readers of devices, processes and control groups against a small /proc and /sys. */
#include "reader_fixture.h"
#include "tests/lib/suite.h"

#include <unistd.h>

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

START_TEST(names_of_devices_are_escaped_as_labels)
{
	fixture_put("/proc/net/dev", "Inter-|   Receive\n face |bytes\n"
				     "e\"\\\xc3\xa9: 5 0 0 1 2 0 0 0 7 0 0 3 0 0 0 0\n");
	read_with(&reader_nic);
	has(METRIC_NIC_DROPS, "device=\"e\\\"\\\\__\",direction=\"receive\"", 3);
	has(METRIC_NIC_BYTES, "device=\"e\\\"\\\\__\",direction=\"send\"", 7);
	ck_assert_ptr_nonnull(strstr(gap_of(METRIC_NIC_SPEED), "ethtool"));
}
END_TEST

START_TEST(queues_packets_are_told_from_the_other_figures_of_drivers)
{
	static const struct {
		const char *name, *direction;
		unsigned queue;
	} cases[] = {
		{"rx_queue_3_packets", "receive", 3}, {"tx12_packets", "send", 12},
		{"tx-0.packets", "send", 0},          {"rx_1_packets", "receive", 1},
		{"queue_2_tx_cnt", "send", 2},        {"rx0_xdp_packets", NULL, 0},
		{"rx0_lro_packets", NULL, 0},         {"rx_64_byte_packets", NULL, 0},
		{"tx_queue_0_bytes", NULL, 0},        {"rx_packets", NULL, 0},
		{"rx0_packets_phy", NULL, 0},
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *direction = NULL;
		unsigned queue = 99;
		bool is = nic_is_queue(cases[i].name, &direction, &queue);
		ck_assert_msg(is == (cases[i].direction != NULL), "%s", cases[i].name);
		if (is)
			ck_assert_str_eq(direction, cases[i].direction);
		if (is)
			ck_assert_uint_eq(queue, cases[i].queue);
	}
}
END_TEST

START_TEST(temperatures_are_of_zones_and_chips_and_frequencies_of_each_cpu)
{
	fixture_put("/sys/class/thermal/thermal_zone0/temp", "41500\n");
	fixture_put("/sys/class/hwmon/hwmon2/name", "k10temp\n");
	fixture_put("/sys/class/hwmon/hwmon2/temp1_input", "63250\n");
	fixture_put("/sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "2400000\n");
	fixture_put("/sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "9\n");
	read_with(&reader_thermal);
	has(METRIC_TEMPERATURE, "sensor=\"thermal_zone0\"", 41.5);
	has(METRIC_TEMPERATURE, "sensor=\"hwmon2_k10temp_temp1\"", 63.25);
	has(METRIC_CPU_FREQUENCY, "cpu=\"1\"", 2.4e9);
	has(METRIC_THERMAL_THROTTLES, "cpu=\"1\"", 9);
}
END_TEST

START_TEST(quota_and_memory_are_of_the_targets_cgroup_and_never_of_our_own)
{
	fixture_put("/proc/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
	fixture_put("/proc/self/cgroup", "0::/own\n");
	fixture_put("/proc/9/cgroup", "0::/a/b\n");
	fixture_put("/sys/fs/cgroup/own/cpu.stat", "throttled_usec 77\n");
	fixture_put("/sys/fs/cgroup/a/b/cpu.stat", "usage_usec 5\nthrottled_usec 1500000\n");
	fixture_put("/sys/fs/cgroup/a/cpu.stat", "throttled_usec 250000\n");
	fixture_put("/sys/fs/cgroup/a/b/memory.max", "1000\n");
	fixture_put("/sys/fs/cgroup/a/b/memory.current", "600\n");
	read_with(&reader_memory);
	ck_assert_ptr_nonnull(strstr(gap_of(METRIC_CGROUP_THROTTLED), "--unit"));
	ck_assert_ptr_nonnull(strstr(gap_of(METRIC_CGROUP_MEMORY), "--unit"));
	config.cgroup_known = cgroup_of_process(&config.cgroup, root, 9);
	ck_assert(config.cgroup_known);
	read_with(&reader_memory);
	has(METRIC_CGROUP_THROTTLED, "", 1.75); /* with what its parent was held back */
	has(METRIC_CGROUP_MEMORY, "", 600);
	has(METRIC_CGROUP_MEMORY_LIMIT, "", 1000);
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
	fixture_put("/proc/diskstats", "253 0 vda 14 0 80 170 2 0 0 40 0 3 100\n"); /* wrapped */
	sample_clear(&sample);
	reader_disks.read(d, &sample);
	ck_assert_ptr_null(point_of(METRIC_DISK_BUSY_RATIO, "device=\"vda\""));
	reader_disks.close(d);
}
END_TEST

START_TEST(processes_are_told_by_name_together_whatever_it_contains)
{
	static const char stat[] = "7 (we) \"ird) T 1 7 7 0 -1 0 0 0 0 0 30 20 0 0 20 0 1 0 9\n";
	fixture_put("/proc/7/stat", stat);
	fixture_put("/proc/8/stat", stat);
	fixture_put("/proc/7/task/7/schedstat", "5 500000000 1\n");
	fixture_put("/proc/7/task/70/schedstat", "5 1500000000 1\n"); /* another thread */
	fixture_put("/proc/8/task/8/schedstat", "5 1000000000 1\n");
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

START_TEST(what_an_ended_process_has_used_stays_in_the_sum_of_its_name)
{
	fixture_put("/proc/7/stat", "7 (web) S 1 7 7 0 -1 0 0 0 0 0 30 20 0 0 20 0 1 0 9\n");
	fixture_put("/proc/7/task/7/schedstat", "5 3000000000 1\n");
	fixture_put("/proc/7/task/70/schedstat", "5 1000000000 1\n");
	config.pids[0] = 7;
	config.pid_count = 1;
	void *p = reader_processes.open(&config);
	reader_processes.read(p, &sample);
	has(METRIC_PROCESS_STOPPED, "process=\"web\"", 0);
	has(METRIC_PROCESS_WAIT_SECONDS, "process=\"web\"", 4);
	fixture_put("/proc/7/task/70/schedstat", ""); /* a thread ended */
	sample_clear(&sample);
	reader_processes.read(p, &sample);
	has(METRIC_PROCESS_WAIT_SECONDS, "process=\"web\"", 4);
	fixture_put("/proc/7/task/7/schedstat", "5 3500000000 1\n");
	sample_clear(&sample);
	reader_processes.read(p, &sample);
	has(METRIC_PROCESS_WAIT_SECONDS, "process=\"web\"", 4.5);
	fixture_put("/proc/7/stat", ""); /* as a file of an ended one, there is nothing to read */
	sample_clear(&sample);
	reader_processes.read(p, &sample);
	has(METRIC_PROCESS_CPU_SECONDS, "process=\"web\"", 50.0 / (double)sysconf(_SC_CLK_TCK));
	ck_assert_ptr_null(point_of(METRIC_PROCESS_STOPPED, "process=\"web\""));
	ck_assert_str_eq(gap_of(METRIC_PROCESS_STOPPED), "1 of 1 watched processes have ended");
	reader_processes.close(p);
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

int main(void)
{
	Suite *suite = suite_create("sampler_devices");
	TCase *t = tcase_create("readers");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, interrupts_of_devices_are_told_by_device_queue_and_cpu);
	tcase_add_test(t, names_of_devices_are_escaped_as_labels);
	tcase_add_test(t, queues_packets_are_told_from_the_other_figures_of_drivers);
	tcase_add_test(t, temperatures_are_of_zones_and_chips_and_frequencies_of_each_cpu);
	tcase_add_test(t, quota_and_memory_are_of_the_targets_cgroup_and_never_of_our_own);
	tcase_add_test(t, disks_tell_ratio_and_wait_from_the_second_look_on);
	tcase_add_test(t, processes_are_told_by_name_together_whatever_it_contains);
	tcase_add_test(t, what_an_ended_process_has_used_stays_in_the_sum_of_its_name);
	tcase_add_test(t, zombies_are_counted);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
