#include "preflight_case.h"
#include "tests/lib/suite.h"

START_TEST(a_host_with_room_for_all_binds_nothing)
{
	judge();
	ck_assert(!preflight_binds(&plan));
	ck_assert_uint_ge(preflight_allows(&plan), 1000000);
	for (unsigned i = 0; i < plan.count; i++)
		ck_assert(!plan.rows[i].binds && plan.rows[i].source[0] &&
			  plan.rows[i].evidence[0]);
}
END_TEST

START_TEST(the_first_to_bind_comes_first)
{
	set(FACT_NOFILE_SOFT, 256);
	set(FACT_MEM_AVAILABLE, GIB);
	set(FACT_CONNTRACK_MAX, 1000);
	set(FACT_CONNTRACK_COUNT, 1);
	demand.sources = demand.pairs = 1;
	judge();
	static const char *const order[] = {"conntrack_local", "ports", "descriptors", "memory"};
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_str_eq(plan.rows[i].limiter, order[i]);
		ck_assert(plan.rows[i].binds);
	}
	for (unsigned i = 1; i < plan.count; i++)
		ck_assert_uint_ge(plan.rows[i].allows, plan.rows[i - 1].allows);
	ck_assert_uint_eq(preflight_allows(&plan), 999);
	ck_assert(preflight_binds(&plan));
}
END_TEST

START_TEST(what_allows_as_many_as_are_asked_does_not_bind)
{
	demand.sources = demand.pairs = 1;
	demand.connections = 28232;
	judge();
	ck_assert_uint_eq(row_of("ports", 0)->allows, 28232);
	ck_assert(!row_of("ports", 0)->binds);
	ck_assert_str_eq(row_of("ports", 0)->remedy, "");
	demand.connections++;
	judge();
	ck_assert(row_of("ports", 0)->binds);
}
END_TEST

START_TEST(without_io_uring_nothing_is_allowed_and_the_hint_is_the_remedy)
{
	const struct err no = {.text = "io_uring_setup: Operation not permitted",
			       .hint = "see the sysctl kernel.io_uring_disabled"};
	demand.ring = &no;
	judge();
	ck_assert_str_eq(plan.rows[0].limiter, "ring");
	ck_assert_uint_eq(preflight_allows(&plan), 0);
	ck_assert_str_eq(plan.rows[0].evidence, no.text);
	ck_assert_str_eq(plan.rows[0].remedy, no.hint);
}
END_TEST

START_TEST(what_cannot_be_read_is_said_and_does_not_bind)
{
	for (enum fact_id id = 0; id < FACT_COUNT; id++)
		forget(id, EACCES);
	judge();
	ck_assert(!preflight_binds(&plan));
	ck_assert_uint_eq(preflight_allows(&plan), PREFLIGHT_UNBOUNDED);
	says(row_of("ports", 0)->evidence,
	     "n/a (/proc/sys/net/ipv4/ip_local_port_range: Permission denied)");
	says(row_of("memory", 0)->evidence, "n/a (/proc/meminfo");
	says(row_from("limits")->evidence, "n/a (");
	ck_assert_ptr_null(row_of("memory", 1));
}
END_TEST

START_TEST(nothing_asked_for_is_nothing_missing)
{
	demand = (struct preflight_demand){0};
	judge();
	ck_assert(!preflight_binds(&plan));
}
END_TEST

/* ---- descriptors ---- */

START_TEST(a_limit_of_descriptors_bounds_rings_times_tables)
{
	set(FACT_NOFILE_SOFT, 20000);
	judge();
	const struct preflight_row *r = row_from("RLIMIT_NOFILE");
	ck_assert_uint_eq(r->allows, UINT64_C(19968) * 20000);
	says(r->evidence, "20,000");
	says(r->evidence, "this takes 50"); /* 2 threads of 500,000 */
	ck_assert(!r->binds);
}
END_TEST

START_TEST(plain_descriptors_are_bounded_by_the_limit_itself)
{
	set(FACT_NOFILE_SOFT, 20000);
	demand.plain_descriptors = true;
	judge();
	ck_assert_uint_eq(row_from("RLIMIT_NOFILE")->allows, 19968);
	ck_assert(row_from("RLIMIT_NOFILE")->binds);
}
END_TEST

START_TEST(the_limit_advised_suffices_and_half_of_it_does_not)
{
	static const uint64_t asked[] = {57345, 100000, 1000000, 4000000};
	for (int plain = 0; plain < 2; plain++) {
		for (unsigned i = 0; i < 4; i++) {
			start();
			set(FACT_NOFILE_SOFT, 256);
			demand.connections = asked[i];
			demand.plain_descriptors = plain;
			judge();
			const char *number = strstr(row_from("RLIMIT_NOFILE")->remedy, "ulimit -n");
			ck_assert_ptr_nonnull(number);
			uint64_t limit = strtoull(number + 9, NULL, 10);
			set(FACT_NOFILE_SOFT, limit);
			judge();
			ck_assert(!row_from("RLIMIT_NOFILE")->binds);
			set(FACT_NOFILE_SOFT, limit / 2);
			judge();
			ck_assert(row_from("RLIMIT_NOFILE")->binds);
		}
	}
}
END_TEST

START_TEST(a_limit_above_the_hard_one_takes_root_and_above_nr_open_a_setting)
{
	set(FACT_NOFILE_SOFT, 256);
	set(FACT_NOFILE_HARD, 1024);
	demand.connections = 1100000;
	judge();
	ck_assert_str_eq(row_from("RLIMIT_NOFILE")->remedy,
			 "ulimit -n 2048 as root: the hard limit is 1,024");
	demand.plain_descriptors = true;
	demand.connections = 2000000;
	set(FACT_NOFILE_HARD, UINT64_MAX);
	judge();
	ck_assert_str_eq(row_from("RLIMIT_NOFILE")->remedy,
			 "sysctl -w fs.nr_open=2097152 && ulimit -n 2097152");
}
END_TEST

START_TEST(tiny_and_endless_limits_of_descriptors_are_survived)
{
	static const uint64_t limits[] = {0, 1, 31, 32, 33};
	for (unsigned i = 0; i < 5; i++) {
		set(FACT_NOFILE_SOFT, limits[i]);
		judge();
		ck_assert_uint_eq(row_from("RLIMIT_NOFILE")->allows, limits[i] > 32 ? 33 : 0);
	}
	set(FACT_NOFILE_SOFT, UINT64_MAX);
	judge();
	ck_assert(!row_from("RLIMIT_NOFILE")->binds);
}
END_TEST

START_TEST(files_of_the_host_count_for_each_end_here)
{
	set(FACT_FILES_MAX, 1002000);
	judge();
	const struct preflight_row *r = row_from("file-max");
	ck_assert_str_eq(r->limiter, "descriptors");
	ck_assert_uint_eq(r->allows, 500000);
	says(r->remedy, "sysctl -w fs.file-max=2202000");
	demand.target_local = false;
	judge();
	ck_assert_uint_eq(row_from("file-max")->allows, 1000000);
	ck_assert(!row_from("file-max")->binds);
}
END_TEST

START_TEST(a_capability_exempts_from_the_files_of_the_host)
{
	set(FACT_FILES_MAX, 2000);
	set(FACT_FILES_EXEMPT, 1);
	judge();
	ck_assert_uint_eq(row_from("file-max")->allows, PREFLIGHT_UNBOUNDED);
	says(row_from("file-max")->evidence, "CAP_SYS_ADMIN");
	ck_assert_str_eq(row_from("file-max")->remedy, "");
}
END_TEST

/* ---- connection tracking ---- */

START_TEST(no_conntrack_is_no_row)
{
	judge();
	ck_assert_ptr_null(row_of("conntrack_local", 0));
}
END_TEST

START_TEST(conntrack_allows_what_is_left_of_its_table)
{
	set(FACT_CONNTRACK_MAX, 262144);
	set(FACT_CONNTRACK_COUNT, 144);
	set(FACT_CONNTRACK_DROP, 7);
	judge();
	const struct preflight_row *r = row_of("conntrack_local", 0);
	ck_assert_uint_eq(r->allows, 262000);
	says(r->evidence, "one for both ends");
	says(r->evidence, "7 dropped");
	says(r->remedy, "sysctl -w net.netfilter.nf_conntrack_max=1100144");
	set(FACT_CONNTRACK_COUNT, 300000); /* the maximum was lowered */
	judge();
	ck_assert_uint_eq(row_of("conntrack_local", 0)->allows, 0);
}
END_TEST

START_TEST(conntrack_without_a_maximum_bounds_nothing)
{
	set(FACT_CONNTRACK_MAX, 0);
	set(FACT_CONNTRACK_COUNT, 9);
	judge();
	ck_assert_uint_eq(row_of("conntrack_local", 0)->allows, PREFLIGHT_UNBOUNDED);
}
END_TEST

START_TEST(connections_without_an_entry_show_that_nothing_is_tracked)
{
	static const enum fact_id signs[] = {FACT_TCP_ESTABLISHED, FACT_TCP_TW};
	set(FACT_CONNTRACK_MAX, 1000);
	set(FACT_CONNTRACK_COUNT, 0);
	judge();
	ck_assert(row_of("conntrack_local", 0)->binds); /* nothing to tell by */
	says(row_of("conntrack_local", 0)->evidence, "no connection to tell");
	for (unsigned i = 0; i < 2; i++) {
		set(signs[i], 1);
		judge();
		ck_assert_uint_eq(row_of("conntrack_local", 0)->allows, PREFLIGHT_UNBOUNDED);
		set(signs[i], 0);
	}
	set(FACT_TCP_ESTABLISHED, 5);
	set(FACT_CONNTRACK_COUNT, 1);
	judge();
	ck_assert_uint_eq(row_of("conntrack_local", 0)->allows, 999);
}
END_TEST

static void add_descriptors(TCase *all)
{
	tcase_add_test(all, a_limit_of_descriptors_bounds_rings_times_tables);
	tcase_add_test(all, plain_descriptors_are_bounded_by_the_limit_itself);
	tcase_add_test(all, the_limit_advised_suffices_and_half_of_it_does_not);
	tcase_add_test(all, a_limit_above_the_hard_one_takes_root_and_above_nr_open_a_setting);
	tcase_add_test(all, tiny_and_endless_limits_of_descriptors_are_survived);
	tcase_add_test(all, files_of_the_host_count_for_each_end_here);
	tcase_add_test(all, a_capability_exempts_from_the_files_of_the_host);
}

int main(void)
{
	TCase *all = tcase_create("preflight");
	tcase_add_checked_fixture(all, start, NULL);
	tcase_add_test(all, a_host_with_room_for_all_binds_nothing);
	tcase_add_test(all, the_first_to_bind_comes_first);
	tcase_add_test(all, what_allows_as_many_as_are_asked_does_not_bind);
	tcase_add_test(all, without_io_uring_nothing_is_allowed_and_the_hint_is_the_remedy);
	tcase_add_test(all, what_cannot_be_read_is_said_and_does_not_bind);
	tcase_add_test(all, nothing_asked_for_is_nothing_missing);
	add_descriptors(all);
	tcase_add_test(all, no_conntrack_is_no_row);
	tcase_add_test(all, conntrack_allows_what_is_left_of_its_table);
	tcase_add_test(all, conntrack_without_a_maximum_bounds_nothing);
	tcase_add_test(all, connections_without_an_entry_show_that_nothing_is_tracked);
	Suite *suite = suite_create("preflight");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
