#include "host/facts.h"

#include "host_fixture.h"
#include "tests/lib/suite.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <unistd.h>

static struct facts facts;

#define KNOWN(id, want) known(id, want, #id)

static void known(enum fact_id id, uint64_t want, const char *name)
{
	ck_assert_msg(facts.of[id].known, "%s: not known, %s", name, strerror(facts.of[id].why));
	ck_assert_msg(facts.of[id].value == want, "%s is %" PRIu64 ", not %" PRIu64, name,
		      facts.of[id].value, want);
}

static void unknown(enum fact_id id, int why)
{
	ck_assert_msg(!facts.of[id].known, "%s is known", facts_name(id));
	ck_assert_uint_eq(facts.of[id].value, 0);
	ck_assert_int_eq(facts.of[id].why, why);
}

START_TEST(on_a_host_without_files_nothing_is_known_and_each_says_why)
{
	memset(&facts, 0xff, sizeof facts);
	facts_read(&facts, root);
	for (enum fact_id id = 0; id < FACT_COUNT; id++) {
		if (id == FACT_CGROUP_LIMIT || id == FACT_CGROUP_USED)
			ck_assert(!facts.of[id].known);
		else
			unknown(id, ENOENT);
	}
	ck_assert_str_eq(facts.cgroup, "");
}
END_TEST

START_TEST(every_fact_has_a_name_of_its_own_and_a_source)
{
	for (enum fact_id id = 0; id < FACT_COUNT; id++) {
		ck_assert_ptr_nonnull(facts_name(id));
		ck_assert_msg(!strncmp(facts_source(&facts, id), "/proc/", 6), "%s",
			      facts_name(id));
		for (enum fact_id other = 0; other < id; other++)
			ck_assert_str_ne(facts_name(id), facts_name(other));
	}
}
END_TEST

START_TEST(memory_is_in_bytes)
{
	fixture_put("/proc/meminfo", "MemTotal:       24684084 kB\nMemFree:  1 kB\n"
				     "MemAvailable:   24163492 kB\n");
	facts_read(&facts, root);
	KNOWN(FACT_MEM_TOTAL, 24684084 * UINT64_C(1024));
	KNOWN(FACT_MEM_AVAILABLE, 24163492 * UINT64_C(1024));
}
END_TEST

START_TEST(a_file_without_the_line_or_the_number_leaves_it_unknown)
{
	fixture_put("/proc/meminfo", "MemTotal: kB\nMemFree: 1 kB\n");
	fixture_put("/proc/sys/net/core/somaxconn", "");
	fixture_put("/proc/sys/net/ipv4/tcp_mem", "1 2");
	fixture_put("/proc/self/status", "CapEff:");
	facts_read(&facts, root);
	unknown(FACT_MEM_TOTAL, ENODATA);
	unknown(FACT_MEM_AVAILABLE, ENODATA);
	unknown(FACT_SOMAXCONN, ENODATA);
	KNOWN(FACT_TCP_MEM_PRESSURE, 2);
	unknown(FACT_TCP_MEM_MAX, ENODATA);
	unknown(FACT_FILES_EXEMPT, ENODATA);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_says_why)
{
	char path[128];
	fixture_put("/proc/uptime", "1 1\n"); /* makes the folder */
	snprintf(path, sizeof path, "%s/proc/slabinfo", root);
	ck_assert_int_eq(symlink("slabinfo", path), 0); /* root may not open this either */
	facts_read(&facts, root);
	unknown(FACT_SLAB, ELOOP);
}
END_TEST

START_TEST(limits_of_descriptors_are_soft_and_hard_and_may_be_none)
{
	static const char HEAD[] = "Limit            Soft Limit   Hard Limit   Units\n"
				   "Max processes    94000        94000        processes\n";
	char text[512];
	snprintf(text, sizeof text, "%s%s", HEAD, "Max open files   1024  1048576  files\n");
	fixture_put("/proc/self/limits", text);
	facts_read(&facts, root);
	KNOWN(FACT_NOFILE_SOFT, 1024);
	KNOWN(FACT_NOFILE_HARD, 1048576);
	snprintf(text, sizeof text, "%s%s", HEAD, "Max open files   4096  unlimited  files\n");
	fixture_put("/proc/self/limits", text);
	facts_read(&facts, root);
	KNOWN(FACT_NOFILE_SOFT, 4096);
	KNOWN(FACT_NOFILE_HARD, UINT64_MAX);
}
END_TEST

START_TEST(files_of_the_host_and_the_capability_that_exempts)
{
	fixture_put("/proc/sys/fs/file-max", "9223372036854775807\n");
	fixture_put("/proc/sys/fs/file-nr", "27382\t0\t9223372036854775807\n");
	fixture_put("/proc/self/status", "CapPrm:\t000001ffffffffff\nCapEff:\t0000000000200000\n");
	facts_read(&facts, root);
	KNOWN(FACT_FILES_MAX, INT64_MAX);
	KNOWN(FACT_FILES_OPEN, 27382);
	KNOWN(FACT_FILES_EXEMPT, 1);
	fixture_put("/proc/self/status", "CapPrm:\t000001ffffffffff\nCapEff:\t000001ffffdfffff\n");
	facts_read(&facts, root);
	KNOWN(FACT_FILES_EXEMPT, 0);
}
END_TEST

static const struct {
	const char *list;
	unsigned within; /* of 32768 to 60999 */
} reserved[] = {
	{"\n", 0},
	{"8080\n", 0},
	{"32768\n", 1},
	{"60999,61000\n", 1},
	{"40000-40009\n", 10},
	{"8080,30000-32769,40000,60990-65535\n", 2 + 1 + 10},
	{"1-65535\n", 28232},
};

START_TEST(reserved_ports_count_where_they_lie_within_the_range)
{
	fixture_put("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
	fixture_put("/proc/sys/net/ipv4/ip_local_reserved_ports", reserved[_i].list);
	facts_read(&facts, root);
	KNOWN(FACT_PORT_LOW, 32768);
	KNOWN(FACT_PORT_HIGH, 60999);
	KNOWN(FACT_PORTS_RESERVED, reserved[_i].within);
}
END_TEST

START_TEST(settings_of_tcp_are_read)
{
	fixture_put("/proc/sys/net/ipv4/tcp_mem", "287898\t383867\t575796\n");
	fixture_put("/proc/sys/net/ipv4/tcp_max_tw_buckets", "131072\n");
	fixture_put("/proc/sys/net/ipv4/tcp_tw_reuse", "2\n");
	fixture_put("/proc/sys/net/ipv4/tcp_max_syn_backlog", "2048\n");
	fixture_put("/proc/sys/net/ipv4/tcp_syncookies", "0\n");
	fixture_put("/proc/sys/net/core/somaxconn", "4096\n");
	facts_read(&facts, root);
	KNOWN(FACT_TCP_MEM_LOW, 287898);
	KNOWN(FACT_TCP_MEM_PRESSURE, 383867);
	KNOWN(FACT_TCP_MEM_MAX, 575796);
	KNOWN(FACT_TW_MAX, 131072);
	KNOWN(FACT_TW_REUSE, 2);
	KNOWN(FACT_SYN_BACKLOG, 2048);
	KNOWN(FACT_SYN_COOKIES, 0);
	KNOWN(FACT_SOMAXCONN, 4096);
}
END_TEST

START_TEST(sockstat_is_read_by_name)
{
	fixture_put("/proc/net/sockstat",
		    "sockets: used 290\nTCP: inuse 14 orphan 3 tw 77 alloc 20 mem 159\n"
		    "UDP: inuse 900 mem 901\nFRAG: inuse 0 memory 0\n");
	facts_read(&facts, root);
	KNOWN(FACT_SOCKETS_USED, 290);
	KNOWN(FACT_TCP_INUSE, 14);
	KNOWN(FACT_TCP_ORPHAN, 3);
	KNOWN(FACT_TCP_TW, 77);
	KNOWN(FACT_TCP_ALLOC, 20);
	KNOWN(FACT_TCP_MEM_PAGES, 159);
}
END_TEST

/* As wide as a future kernel may make it, the names sought at its end. */
START_TEST(netstat_lines_of_many_kilobytes_are_read_to_their_end)
{
	enum { COLUMNS = 3000 };
	char *text = calloc(2, COLUMNS * 24), *at = text;
	ck_assert_ptr_nonnull(text);
	at += sprintf(at, "IpExt: TCPTimeWaitOverflow\nIpExt: 9\nTcpExt:");
	for (int i = 0; i < COLUMNS; i++)
		at += sprintf(at, " Filler%d", i);
	at += sprintf(at, " ListenOverflows TCPTimeWaitOverflow TCPMemoryPressures\nTcpExt:");
	for (int i = 0; i < COLUMNS; i++)
		at += sprintf(at, " 1000000000");
	sprintf(at, " 5 6 18446744073709551615\n");
	fixture_put("/proc/net/netstat", text);
	free(text);
	facts_read(&facts, root);
	KNOWN(FACT_LISTEN_OVERFLOWS, 5);
	KNOWN(FACT_TW_OVERFLOWS, 6);
	KNOWN(FACT_TCP_MEMORY_PRESSURES, UINT64_MAX);
}
END_TEST

START_TEST(a_refresh_reads_what_it_is_told_to_and_leaves_the_rest)
{
	fixture_put("/proc/net/sockstat", "TCP: inuse 1 orphan 0 tw 2 alloc 3 mem 4\n");
	fixture_put("/proc/net/snmp", "Tcp: CurrEstab InSegs\nTcp: 5 6\n");
	facts_read(&facts, root);
	fixture_put("/proc/net/sockstat", "TCP: inuse 10 orphan 0 tw 20 alloc 30 mem 40\n");
	fixture_put("/proc/net/snmp", "Tcp: CurrEstab InSegs\nTcp: 50 60\n");
	facts_refresh(&facts, root, FACT_BIT(FACT_TCP_INUSE) | FACT_BIT(FACT_TCP_IN_SEGS));
	KNOWN(FACT_TCP_INUSE, 10);
	KNOWN(FACT_TCP_TW, 2);
	KNOWN(FACT_TCP_ESTABLISHED, 5);
	KNOWN(FACT_TCP_IN_SEGS, 60);
}
END_TEST

START_TEST(fewer_values_than_names_leave_a_column_unknown)
{
	fixture_put("/proc/net/netstat", "TcpExt: ListenOverflows TCPTimeWaitOverflow\nTcpExt: 5\n"
					 "IpExt: A\nIpExt: 7\n");
	fixture_put("/proc/net/snmp", "Tcp: RtoMin CurrEstab\n");
	facts_read(&facts, root);
	KNOWN(FACT_LISTEN_OVERFLOWS, 5);
	unknown(FACT_TW_OVERFLOWS, ENODATA);
	unknown(FACT_TCP_ESTABLISHED, ENODATA);
}
END_TEST

START_TEST(counters_of_conntrack_are_summed_over_cpus_in_hexadecimal)
{
	fixture_put("/proc/net/stat/nf_conntrack",
		    "entries  clashres found insert_failed drop early_drop\n"
		    "000000ff  00000001 00000002 0000000a 00000010 00000001\n"
		    "000000ff  00000001 00000002 00000001 00000100 00000001\n");
	fixture_put("/proc/sys/net/netfilter/nf_conntrack_max", "262144\n");
	fixture_put("/proc/sys/net/netfilter/nf_conntrack_count", "12\n");
	facts_read(&facts, root);
	KNOWN(FACT_CONNTRACK_INSERT_FAILED, 11);
	KNOWN(FACT_CONNTRACK_DROP, 0x110);
	KNOWN(FACT_CONNTRACK_MAX, 262144);
	KNOWN(FACT_CONNTRACK_COUNT, 12);
}
END_TEST

START_TEST(slabs_are_pages_times_slabs)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	fixture_put("/proc/slabinfo",
		    "slabinfo - version: 2.1\n"
		    "# name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : ...\n"
		    "TCP      10   26   2368   13    8 : tunables    0    0    0 : "
		    "slabdata      2      2      0\n"
		    "dentry   21   42    192   21    1 : tunables    0    0    0 : "
		    "slabdata      1      2      0\n");
	facts_read(&facts, root);
	KNOWN(FACT_SLAB, (8 * 2 + 2) * page);
	fixture_put("/proc/slabinfo", "slabinfo - version: 3.0\nTCP 1\n");
	facts_read(&facts, root);
	unknown(FACT_SLAB, ENODATA);
}
END_TEST

START_TEST(the_groups_limit_comes_with_its_file)
{
	fixture_put("/proc/self/cgroup", "0::/a\n");
	fixture_put("/proc/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
	fixture_put("/sys/fs/cgroup/a/memory.max", "4000\n");
	fixture_put("/sys/fs/cgroup/a/memory.current", "1000\n");
	facts_read(&facts, root);
	KNOWN(FACT_CGROUP_LIMIT, 4000);
	KNOWN(FACT_CGROUP_USED, 1000);
	ck_assert_str_eq(facts_source(&facts, FACT_CGROUP_USED), "/sys/fs/cgroup/a/memory.max");
	fixture_put("/sys/fs/cgroup/a/memory.max", "max\n");
	facts_read(&facts, root);
	KNOWN(FACT_CGROUP_LIMIT, UINT64_MAX);
	ck_assert(!facts.of[FACT_CGROUP_USED].known);
}
END_TEST

START_TEST(what_is_not_known_has_the_value_that_is_wanted_instead)
{
	fixture_put("/proc/sys/net/core/somaxconn", "4096\n");
	facts_read(&facts, root);
	ck_assert_uint_eq(facts_or(&facts, FACT_SOMAXCONN, 7), 4096);
	ck_assert_uint_eq(facts_or(&facts, FACT_TW_MAX, 7), 7);
}
END_TEST

START_TEST(this_host_says_the_essentials_to_anybody)
{
	static const enum fact_id essentials[] = {
		FACT_MEM_TOTAL, FACT_MEM_AVAILABLE,  FACT_NOFILE_SOFT, FACT_FILES_MAX,
		FACT_PORT_LOW,  FACT_PORTS_RESERVED, FACT_SOMAXCONN,   FACT_SOCKETS_USED,
	};
	struct rlimit files;
	facts_read(&facts, "");
	for (size_t i = 0; i < sizeof essentials / sizeof *essentials; i++)
		ck_assert_msg(facts.of[essentials[i]].known, "%s", facts_name(essentials[i]));
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	KNOWN(FACT_NOFILE_SOFT, files.rlim_cur);
	ck_assert_uint_le(facts.of[FACT_MEM_AVAILABLE].value, facts.of[FACT_MEM_TOTAL].value);
}
END_TEST

static void add_sockets_and_counters(TCase *all)
{
	tcase_add_test(all, sockstat_is_read_by_name);
	tcase_add_test(all, netstat_lines_of_many_kilobytes_are_read_to_their_end);
	tcase_add_test(all, fewer_values_than_names_leave_a_column_unknown);
	tcase_add_test(all, a_refresh_reads_what_it_is_told_to_and_leaves_the_rest);
	tcase_add_test(all, counters_of_conntrack_are_summed_over_cpus_in_hexadecimal);
	tcase_add_test(all, slabs_are_pages_times_slabs);
}

int main(void)
{
	TCase *all = tcase_create("facts");
	tcase_add_checked_fixture(all, fixture_open, fixture_close);
	tcase_add_test(all, on_a_host_without_files_nothing_is_known_and_each_says_why);
	tcase_add_test(all, every_fact_has_a_name_of_its_own_and_a_source);
	tcase_add_test(all, memory_is_in_bytes);
	tcase_add_test(all, a_file_without_the_line_or_the_number_leaves_it_unknown);
	tcase_add_test(all, a_file_that_cannot_be_opened_says_why);
	tcase_add_test(all, limits_of_descriptors_are_soft_and_hard_and_may_be_none);
	tcase_add_test(all, files_of_the_host_and_the_capability_that_exempts);
	tcase_add_loop_test(all, reserved_ports_count_where_they_lie_within_the_range, 0,
			    sizeof reserved / sizeof *reserved);
	tcase_add_test(all, settings_of_tcp_are_read);
	add_sockets_and_counters(all);
	tcase_add_test(all, the_groups_limit_comes_with_its_file);
	tcase_add_test(all, what_is_not_known_has_the_value_that_is_wanted_instead);
	tcase_add_test(all, this_host_says_the_essentials_to_anybody);
	Suite *suite = suite_create("facts");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
