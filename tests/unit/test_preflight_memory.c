#include "preflight_case.h"
#include "tests/lib/suite.h"

/* Memory, and what binds bursts only. */

START_TEST(a_connection_takes_about_nine_kilobytes_with_both_ends_here)
{
	judge();
	uint64_t each = 500 * GIB / 10 * 9 / row_of("memory", 0)->allows;
	ck_assert_uint_ge(each, 9200);
	ck_assert_uint_le(each, 9600); /* measured: 9.2 KB */
	demand.target_local = false;
	judge();
	uint64_t alone = 500 * GIB / 10 * 9 / row_of("memory", 0)->allows;
	ck_assert_uint_le(alone, each / 2 + 1);
	ck_assert_uint_ge(alone, each / 2 - 1);
}
END_TEST

START_TEST(a_lean_connection_takes_less_and_is_the_remedy_where_it_fits)
{
	set(FACT_MEM_AVAILABLE, 10 * GIB);
	judge();
	const struct preflight_row *r = row_of("memory", 0);
	ck_assert(!r->binds == (r->allows >= 1000000));
	demand.connections = r->allows + 1;
	judge();
	ck_assert(row_of("memory", 0)->binds);
	says(row_of("memory", 0)->remedy, "--lean");
	demand.lean = true;
	judge();
	ck_assert(!row_of("memory", 0)->binds);
	demand.connections = 2 * row_of("memory", 0)->allows;
	judge();
	ck_assert_ptr_null(strstr(row_of("memory", 0)->remedy, "--lean"));
	says(row_of("memory", 0)->remedy, "-c ");
}
END_TEST

START_TEST(the_memory_they_will_take_is_what_the_row_reckons_with)
{
	judge();
	uint64_t each = preflight_memory(&demand) / demand.connections;
	ck_assert_uint_eq(row_of("memory", 0)->allows, 500 * GIB / 10 * 9 / each);
	demand.target_local = false;
	ck_assert_uint_eq(preflight_memory(&demand), each / 2 * demand.connections);
}
END_TEST

START_TEST(a_tenth_of_the_memory_is_spared)
{
	set(FACT_MEM_AVAILABLE, 4744 * 2 * 1000);
	demand.connections = 901;
	judge();
	ck_assert_uint_eq(row_of("memory", 0)->allows, 900);
	ck_assert(row_of("memory", 0)->binds);
}
END_TEST

START_TEST(no_memory_at_all_allows_nothing)
{
	set(FACT_MEM_AVAILABLE, 0);
	judge();
	ck_assert_uint_eq(row_of("memory", 0)->allows, 0);
	ck_assert_uint_eq(preflight_allows(&plan), 0);
}
END_TEST

START_TEST(a_group_without_a_limit_is_no_row)
{
	judge();
	ck_assert_ptr_null(row_of("memory", 1));
}
END_TEST

START_TEST(a_groups_limit_bounds_our_end_and_the_limit_advised_suffices)
{
	static const char FILE_NAME[] = "/sys/fs/cgroup/a/memory.max";
	strcpy(facts.cgroup, FILE_NAME);
	set(FACT_CGROUP_LIMIT, GIB);
	set(FACT_CGROUP_USED, GIB / 4);
	judge();
	const struct preflight_row *r = row_from(FILE_NAME);
	ck_assert_str_eq(r->limiter, "memory");
	ck_assert(r->binds);
	ck_assert_uint_eq(r->allows, GIB / 4 * 3 / 10 * 9 / 4744);
	says(r->evidence, "where the target shares it");
	uint64_t limit;
	char path[64];
	ck_assert_int_eq(sscanf(r->remedy, "echo %lu > %63s", &limit, path), 2);
	ck_assert_str_eq(path, FILE_NAME);
	set(FACT_CGROUP_LIMIT, limit + 10);
	judge();
	ck_assert(!row_from(FILE_NAME)->binds);
	set(FACT_CGROUP_LIMIT, limit - limit / 100);
	judge();
	ck_assert(row_from(FILE_NAME)->binds);
}
END_TEST

START_TEST(a_group_over_its_limit_allows_nothing)
{
	set(FACT_CGROUP_LIMIT, 4096);
	set(FACT_CGROUP_USED, 8192);
	judge();
	ck_assert_uint_eq(preflight_allows(&plan), 0);
}
END_TEST

START_TEST(the_most_that_can_be_asked_overflows_nothing)
{
	demand.connections = PREFLIGHT_CONNECTIONS_MAX;
	set(FACT_CGROUP_LIMIT, GIB);
	set(FACT_CGROUP_USED, 0);
	judge();
	for (unsigned i = 0; i < plan.count; i++)
		ck_assert(plan.rows[i].binds == (plan.rows[i].allows < demand.connections));
	says(row_from("meminfo")->evidence, "PB");
}
END_TEST

START_TEST(tcp_memory_advises_on_answers_at_once_and_bounds_nothing)
{
	judge();
	const struct preflight_row *r = row_of("tcp_memory", 0);
	ck_assert_uint_eq(r->allows, PREFLIGHT_UNBOUNDED);
	ck_assert_str_eq(r->remedy, "");
	set(FACT_TCP_MEM_PRESSURE, 383867);
	set(FACT_TCP_MEM_PAGES, 3867);
	judge();
	r = row_of("tcp_memory", 0);
	ck_assert_uint_eq(r->allows, PREFLIGHT_UNBOUNDED);
	says(r->evidence, "about 190,000 small answers");
	says(r->remedy, "sysctl -w net.ipv4.tcp_mem=\"");
}
END_TEST

START_TEST(time_wait_advises_on_closing_and_bounds_nothing)
{
	set(FACT_TW_MAX, 131072);
	set(FACT_TCP_TW, 31072);
	judge();
	const struct preflight_row *r = row_of("time_wait", 0);
	ck_assert_uint_eq(r->allows, PREFLIGHT_UNBOUNDED);
	says(r->evidence, "room for 100,000");
	says(r->evidence, "brink hold closes with resets");
	says(r->remedy, "sysctl -w net.ipv4.tcp_max_tw_buckets=1131072");
	demand.connections = 100000;
	judge();
	ck_assert_str_eq(row_of("time_wait", 0)->remedy, "");
	ck_assert_ptr_null(strstr(row_of("time_wait", 0)->evidence, "resets"));
}
END_TEST

START_TEST(queues_are_judged_only_where_the_target_is_here)
{
	set(FACT_SYN_COOKIES, 0);
	judge();
	says(row_of("accept_queue", 0)->evidence, "4,097");
	says(row_of("accept_queue", 0)->remedy, "sysctl -w net.core.somaxconn=65535");
	says(row_of("syn_queue", 0)->remedy, "tcp_syncookies=1");
	set(FACT_SYN_COOKIES, 1);
	judge();
	ck_assert_str_eq(row_of("syn_queue", 0)->remedy, "");
	demand.target_local = false;
	judge();
	ck_assert_ptr_null(row_of("accept_queue", 0));
	ck_assert_ptr_null(row_of("syn_queue", 0));
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("preflight_memory");
	tcase_add_checked_fixture(all, start, NULL);
	tcase_add_test(all, a_connection_takes_about_nine_kilobytes_with_both_ends_here);
	tcase_add_test(all, a_lean_connection_takes_less_and_is_the_remedy_where_it_fits);
	tcase_add_test(all, the_memory_they_will_take_is_what_the_row_reckons_with);
	tcase_add_test(all, a_tenth_of_the_memory_is_spared);
	tcase_add_test(all, no_memory_at_all_allows_nothing);
	tcase_add_test(all, a_group_without_a_limit_is_no_row);
	tcase_add_test(all, a_groups_limit_bounds_our_end_and_the_limit_advised_suffices);
	tcase_add_test(all, a_group_over_its_limit_allows_nothing);
	tcase_add_test(all, the_most_that_can_be_asked_overflows_nothing);
	tcase_add_test(all, tcp_memory_advises_on_answers_at_once_and_bounds_nothing);
	tcase_add_test(all, time_wait_advises_on_closing_and_bounds_nothing);
	tcase_add_test(all, queues_are_judged_only_where_the_target_is_here);
	Suite *suite = suite_create("preflight_memory");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
