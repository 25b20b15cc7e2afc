#include "base/grouped.h"
#include "out/lines.h"
#include "out/out_preflight.h"
#include "preflight_case.h"
#include "tests/lib/suite.h"

static struct buf out;

static void begin(void)
{
	start();
	buf_init(&out, 1 << 20);
}

static void end(void)
{
	buf_fini(&out);
}

static void text(void)
{
	out.len = 0;
	judge();
	preflight_text(&plan, &out);
	ck_assert(!out.cut);
}

static void json(void)
{
	struct json j;
	out.len = 0;
	judge();
	json_init(&j, &out);
	json_object(&j, NULL);
	preflight_json(&plan, &j);
	preflight_json_facts(&facts, &j);
	json_object_end(&j);
	ck_assert(!out.cut);
}

static void lacks(const char *part)
{
	ck_assert_msg(strstr(out.ptr, part) == NULL, "\"%s\" says \"%s\"", out.ptr, part);
}

START_TEST(numbers_are_grouped_by_threes)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {{0, "0"},
		     {7, "7"},
		     {999, "999"},
		     {1000, "1,000"},
		     {28232, "28,232"},
		     {100000, "100,000"},
		     {1000000, "1,000,000"},
		     {UINT64_MAX, "18,446,744,073,709,551,615"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_str_eq(grouped(cases[i].n).text, cases[i].text);
}
END_TEST

START_TEST(the_first_line_says_what_binds_first)
{
	demand.sources = demand.pairs = 1;
	text();
	ck_assert_int_eq(
		strncmp(out.ptr, "1,000,000 connections: ports bind first, at 28,232\n", 51), 0);
	set(FACT_MEM_AVAILABLE, 1 << 20);
	text();
	says(out.ptr, "1,000,000 connections: memory binds first, at ");
}
END_TEST

START_TEST(where_nothing_binds_the_first_line_says_what_would)
{
	demand.sources = demand.pairs = 1;
	demand.connections = 1;
	text();
	ck_assert_int_eq(
		strncmp(out.ptr, "1 connection: nothing binds; past 28,232, ports would\n", 54), 0);
	ck_assert_ptr_null(strstr(out.ptr, "BINDS"));
	for (enum fact_id id = 0; id < FACT_COUNT; id++)
		forget(id, ENOENT);
	text();
	says(out.ptr, "nothing is known to bind");
}
END_TEST

START_TEST(a_row_has_its_figures_evidence_and_remedy)
{
	demand.sources = demand.pairs = 1;
	text();
	says(out.ptr, "\nports           allows 28,232   needs 1,000,000   BINDS\n");
	says(out.ptr, "net.ipv4.ip_local_port_range 32768 60999");
	says(out.ptr, "\n  -> --source 127.0.0.1-127.0.0.36, or");
	says(out.ptr, "\ntime_wait       does not bound the count\n");
}
END_TEST

START_TEST(no_line_is_too_long_for_a_terminal)
{
	set(FACT_CONNTRACK_MAX, 1000);
	set(FACT_CONNTRACK_COUNT, 1);
	set(FACT_TCP_MEM_PRESSURE, 1);
	demand.own_ports = false;
	text();
	for (const char *at = out.ptr; *at; at += strcspn(at, "\n") + 1)
		ck_assert_uint_le(strcspn(at, "\n"), LINES_WIDTH);
}
END_TEST

START_TEST(json_has_the_same_in_the_same_order)
{
	demand.sources = demand.pairs = 1;
	json();
	says(out.ptr,
	     "{\"connections\":1000000,\"allows\":28232,\"first\":\"ports\",\"limits\":["
	     "{\"limiter\":\"ports\",\"allows\":28232,\"binds\":true,\"evidence\":\"28,232 "
	     "ports for each");
	says(out.ptr, "\"remedy\":\"--source 127.0.0.1-127.0.0.36, or");
	says(out.ptr, "\"source\":\"/proc/sys/net/ipv4/ip_local_port_range\"},{\"limiter\":");
	const char *at = out.ptr;
	for (unsigned i = 0; i < plan.count; i++) {
		char row[64];
		snprintf(row, sizeof row, "{\"limiter\":\"%s\",", plan.rows[i].limiter);
		at = strstr(at, row);
		ck_assert_msg(at != NULL, "%s is not in its place", plan.rows[i].limiter);
		at++;
	}
}
END_TEST

START_TEST(json_says_null_where_nothing_binds_or_bounds)
{
	json();
	says(out.ptr, "\"first\":null");
	lacks("\"binds\":true");
	says(out.ptr, "{\"limiter\":\"time_wait\",\"allows\":null,\"binds\":false,");
	for (enum fact_id id = 0; id < FACT_COUNT; id++)
		forget(id, ENOENT);
	json();
	says(out.ptr, "\"allows\":null,\"first\":null");
}
END_TEST

START_TEST(facts_that_are_not_known_are_null_and_gaps_with_a_reason)
{
	forget(FACT_SLAB, EACCES);
	json();
	says(out.ptr, "\"somaxconn\":4096");
	says(out.ptr, "\"slab_bytes\":null");
	says(out.ptr, "\"cgroup_memory_limit_bytes\":null");
	says(out.ptr, "{\"what\":\"slab_bytes\",\"source\":\"/proc/slabinfo\",\"reason\":"
		      "\"Permission denied\"}");
	lacks("\"what\":\"cgroup"); /* without a limit nothing is missing */
	lacks("\"what\":\"conntrack");
}
END_TEST

START_TEST(gaps_are_said_to_people_too_and_nothing_where_there_are_none)
{
	for (enum fact_id id = 0; id < FACT_COUNT; id++)
		set(id, 1);
	preflight_text_gaps(&facts, &out);
	ck_assert_uint_eq(out.len, 0);
	forget(FACT_SLAB, EACCES);
	preflight_text_gaps(&facts, &out);
	ck_assert_str_eq(out.ptr, "\nNot known\n  slab_bytes               "
				  "n/a (/proc/slabinfo: Permission denied)\n");
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("out_preflight");
	tcase_add_checked_fixture(all, begin, end);
	tcase_add_test(all, numbers_are_grouped_by_threes);
	tcase_add_test(all, the_first_line_says_what_binds_first);
	tcase_add_test(all, where_nothing_binds_the_first_line_says_what_would);
	tcase_add_test(all, a_row_has_its_figures_evidence_and_remedy);
	tcase_add_test(all, no_line_is_too_long_for_a_terminal);
	tcase_add_test(all, json_has_the_same_in_the_same_order);
	tcase_add_test(all, json_says_null_where_nothing_binds_or_bounds);
	tcase_add_test(all, facts_that_are_not_known_are_null_and_gaps_with_a_reason);
	tcase_add_test(all, gaps_are_said_to_people_too_and_nothing_where_there_are_none);
	Suite *suite = suite_create("out_preflight");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
