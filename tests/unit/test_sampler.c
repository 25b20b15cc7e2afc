/* The readers of the network against a small /proc, and the sampler's pace. */
#include "host/sampler.h"

#include "base/mono.h"
#include "reader_fixture.h"
#include "tests/lib/suite.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

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

START_TEST(every_metric_of_the_readers_is_told_or_has_a_reason)
{
	static const enum metric_id others[] = {
		/* of programs, of the logs, of the sampler itself */
		METRIC_SYN_RECEIVED, METRIC_TCP_CLOSES,          METRIC_SKB_DROPS,
		METRIC_IRQ_SECONDS,  METRIC_NAPI_POLLS,          METRIC_NAPI_EXHAUSTED,
		METRIC_THREAD_WAITS, METRIC_THREAD_WAIT_SECONDS, METRIC_SKB_DROPS_UNPLACED,
		METRIC_LOG_EVENTS,   METRIC_SAMPLE_INTERVAL,     METRIC_VALUES_CUT,
		METRIC_AGENT_CPU};
	bool told[METRIC_COUNT] = {false};
	const struct sample *one;
	struct err err;
	for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
		told[others[i]] = true;
	struct sampler *s = sampler_new(&config, &err);
	sampler_tick(s, 0);
	for (unsigned at = 0; (one = sampler_next(s, false, &at));) {
		for (unsigned i = 0; i < one->count; i++)
			told[one->points[i].metric] = true;
		for (unsigned i = 0; i < one->gap_count; i++)
			told[one->gaps[i].metric] = one->gaps[i].reason[0];
	}
	sampler_free(s);
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		ck_assert_msg(told[m], "%s is neither told nor a gap", metrics[m].name);
}
END_TEST

START_TEST(the_names_that_others_rely_on_are_there)
{
	static const char *const names[] = {
		"tcp_sockets",
		"syn_recv_sockets",
		"time_wait_sockets",
		"tcp_retransmits_total",
		"accept_queue_length",
		"accept_queue_limit",
		"syn_queue_length",
		"listen_overflows_total",
		"listen_drops_total",
		"syn_cookies_sent_total",
		"resets_total",
		"skb_drops_total",
		"conntrack_entries",
		"conntrack_entries_limit",
		"conntrack_drops_total",
		"conntrack_insert_failed_total",
		"softirq_seconds_total",
		"softnet_drops_total",
		"softnet_squeezed_total",
		"interrupts_total",
		"nic_drops_total",
		"pressure_seconds_total",
		"cgroup_cpu_throttled_seconds_total",
		"oom_kills_total",
		"tcp_memory_bytes",
		"open_files",
		"open_files_limit",
		"run_queue_seconds_total",
		"disk_busy_ratio",
		"zombies",
		"cpu_frequency_hertz",
		"temperature_celsius",
		"log_events_total",
	};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		unsigned found = 0;
		for (unsigned m = 0; m < METRIC_COUNT; m++)
			found += !strcmp(metrics[m].name, names[i]);
		ck_assert_msg(found == 1, "%s: %u times", names[i], found);
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

/* As the kernel of this test tells them; who may not ask has a gap that says so. */
START_TEST(conntracks_counters_come_by_netlink_where_proc_has_none)
{
	fixture_put("/proc/sys/net/netfilter/nf_conntrack_count", "7\n");
	read_with(&reader_conntrack);
	has(METRIC_CONNTRACK_ENTRIES, "", 7);
	const struct point *drops = point_of(METRIC_CONNTRACK_DROPS, "");
	if (!drops) {
		ck_assert_ptr_nonnull(strstr(gap_of(METRIC_CONNTRACK_DROPS), "ctnetlink"));
		return;
	}
	ck_assert_uint_eq(drops->source, SOURCE_NETLINK);
	double by_netlink = drops->value;
	config.root = "";
	read_with(&reader_conntrack);
	has(METRIC_CONNTRACK_DROPS, "", by_netlink);
}
END_TEST

/* --- sockets ----------------------------------------------------------------------------- */

#define HALF_OPEN 7

/* A listener that takes a connection only with its first bytes: until then it is half open. */
static int listen_half_open(uint16_t *ret_port, int begun[HALF_OPEN])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int seconds = 30, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(setsockopt(listener, SOL_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds),
			 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(listener, 2 * HALF_OPEN), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	for (unsigned i = 0; i < HALF_OPEN; i++) {
		begun[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(connect(begun[i], (struct sockaddr *)&at, sizeof at), 0);
	}
	*ret_port = ntohs(at.sin_port);
	return listener;
}

START_TEST(beside_a_load_half_open_connections_are_told_and_other_states_are_gaps)
{
	int begun[HALF_OPEN];
	char port[32];
	int listener = listen_half_open(&config.ports[0], begun);
	config.port_count = 1;
	snprintf(port, sizeof port, "port=\"%u\"", config.ports[0]);
	for (unsigned light = 0; light < 2; light++) {
		config.light = light;
		read_with(&reader_sockets);
		has(METRIC_SYN_RECV_SOCKETS, "", HALF_OPEN);
		has(METRIC_SYN_QUEUE_LENGTH, port, HALF_OPEN);
		has(METRIC_ACCEPT_QUEUE_LENGTH, port, 0);
		has(METRIC_ACCEPT_QUEUE_LIMIT, port, 2 * HALF_OPEN);
		if (!light) {
			has(METRIC_TCP_SOCKETS, "state=\"SYN_RECV\"", HALF_OPEN);
			has(METRIC_TCP_SOCKETS, "state=\"LISTEN\"", 1);
			has(METRIC_NOT_ACCEPTED_SOCKETS, "", 0);
			continue;
		}
		ck_assert_ptr_null(point_of(METRIC_TCP_SOCKETS, "state=\"LISTEN\""));
		ck_assert_ptr_null(point_of(METRIC_NOT_ACCEPTED_SOCKETS, ""));
		ck_assert_ptr_nonnull(strstr(gap_of(METRIC_TCP_SOCKETS), "brink agent"));
		ck_assert_ptr_nonnull(strstr(gap_of(METRIC_NOT_ACCEPTED_SOCKETS), "brink agent"));
	}
	for (unsigned i = 0; i < HALF_OPEN; i++)
		close(begun[i]);
	close(listener);
}
END_TEST

START_TEST(where_nothing_listens_queues_are_gaps_and_not_empty_ones)
{
	config.ports[0] = 1;
	config.port_count = 1;
	read_with(&reader_sockets);
	has(METRIC_SYN_RECV_SOCKETS, "", 0);
	ck_assert_str_eq(gap_of(METRIC_SYN_QUEUE_LENGTH), "nothing listens on --port");
}
END_TEST

/* --- the rest ---------------------------------------------------------------------------- */

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

START_TEST(labels_that_do_not_fit_make_no_point)
{
	sample_add(&sample, METRIC_ZOMBIES, SOURCE_PROCFS, 1, "a=\"%0*d\"", SAMPLE_LABELS, 1);
	ck_assert_uint_eq(sample.count, 0);
	ck_assert_uint_eq(sample.cut, 1);
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
	tcase_add_test(t, every_metric_of_the_readers_is_told_or_has_a_reason);
	tcase_add_test(t, the_names_that_others_rely_on_are_there);
	tcase_add_test(t, a_column_that_the_kernel_lacks_is_a_gap_of_its_own);
	tcase_add_test(t, what_a_better_source_has_is_left_to_it);
	tcase_add_test(t, conntracks_counters_add_up_over_cpus_in_hexadecimal);
	tcase_add_test(t, conntracks_counters_come_by_netlink_where_proc_has_none);
	tcase_add_test(t, beside_a_load_half_open_connections_are_told_and_other_states_are_gaps);
	tcase_add_test(t, where_nothing_listens_queues_are_gaps_and_not_empty_ones);
	tcase_add_test(t, softnet_lines_are_of_the_cpu_that_they_name);
	tcase_add_test(t, labels_that_do_not_fit_make_no_point);
	tcase_add_test(t, pressure_is_in_seconds);
	tcase_add_test(t, points_past_the_bound_are_counted_as_cut);
	tcase_add_test(t, a_dear_reader_is_read_less_often_and_says_so);
	tcase_add_test(t, gauges_are_read_at_whole_seconds_and_counters_at_each_tick);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
