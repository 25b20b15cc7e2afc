#include "preflight_case.h"
#include "tests/lib/suite.h"

/* Ports, sources and the advice on them. */

static void one_pair(uint64_t connections)
{
	demand.sources = demand.pairs = 1;
	demand.connections = connections;
}

START_TEST(ports_of_our_own_choice_are_the_whole_range)
{
	ck_assert_uint_eq(preflight_ports(&facts, true), 28232);
	set(FACT_PORTS_RESERVED, 232);
	ck_assert_uint_eq(preflight_ports(&facts, true), 28000);
	set(FACT_PORT_LOW, 40000);
	set(FACT_PORT_HIGH, 40000);
	set(FACT_PORTS_RESERVED, 0);
	ck_assert_uint_eq(preflight_ports(&facts, true), 1);
}
END_TEST

START_TEST(ports_that_the_kernel_searches_stay_clear_of_the_cliff)
{
	uint32_t ports = preflight_ports(&facts, false);
	ck_assert_uint_ge(ports, 12000);
	ck_assert_uint_lt(ports, 28232 / 2);
}
END_TEST

/* Searching a hundred ports costs microseconds: a short range has no cliff. */
START_TEST(a_short_range_counts_whole_however_ports_are_chosen)
{
	set(FACT_PORT_LOW, 40000);
	set(FACT_PORT_HIGH, 40099);
	ck_assert_uint_eq(preflight_ports(&facts, false), 100);
	ck_assert_uint_eq(preflight_ports(&facts, true), 100);
}
END_TEST

START_TEST(an_unknown_or_wholly_reserved_range_has_no_ports)
{
	set(FACT_PORTS_RESERVED, 28232);
	ck_assert_uint_eq(preflight_ports(&facts, true), 0);
	ck_assert_uint_eq(preflight_ports(&facts, false), 0);
	one_pair(10);
	judge();
	ck_assert(row_of("ports", 0)->binds);
	says(row_of("ports", 0)->remedy, "ip_local_port_range");
	forget(FACT_PORT_LOW, ENOENT);
	forget(FACT_PORT_HIGH, ENOENT);
	ck_assert_uint_eq(preflight_ports(&facts, true), 0);
}
END_TEST

START_TEST(evidence_has_the_figures_and_their_source)
{
	one_pair(1000000);
	judge();
	const struct preflight_row *r = row_of("ports", 0);
	ck_assert_str_eq(r->evidence, "28,232 ports for each of 1 (source, destination, port): "
				      "net.ipv4.ip_local_port_range 32768 60999");
	ck_assert_str_eq(r->source, "/proc/sys/net/ipv4/ip_local_port_range");
	ck_assert_str_eq(r->remedy, "--source 127.0.0.1-127.0.0.36, or sysctl -w "
				    "net.ipv4.ip_local_port_range=\"1024 65535\" and --source "
				    "127.0.0.1-127.0.0.16");
	set(FACT_PORTS_RESERVED, 32);
	demand.own_ports = false;
	judge();
	says(row_of("ports", 0)->evidence, "without 32 reserved");
	says(row_of("ports", 0)->evidence, "12,337 of them counted: past half");
}
END_TEST

START_TEST(what_the_engine_says_of_a_pair_counts)
{
	one_pair(1000000);
	demand.per_pair = 500;
	judge();
	ck_assert_uint_eq(row_of("ports", 0)->allows, 500);
	says(row_of("ports", 0)->evidence, "500 of them counted");
	demand.pairs = 40;
	judge();
	ck_assert_uint_eq(row_of("ports", 0)->allows, 20000);
}
END_TEST

static uint32_t last_of(const char *remedy)
{
	unsigned a, b, c, d;
	const char *range = strstr(remedy, "--source 127.0.0.1-");
	ck_assert_msg(range != NULL, "%s", remedy);
	ck_assert_int_eq(sscanf(range + 19, "%u.%u.%u.%u", &a, &b, &c, &d), 4);
	return (a << 24 | b << 16 | c << 8 | d) - (127u << 24);
}

START_TEST(the_sources_advised_suffice_and_one_less_does_not)
{
	static const uint64_t asked[] = {28233, 56464, 56465, 100000, 1000000, 4000000};
	for (unsigned i = 0; i < 6; i++) {
		for (int own = 0; own < 2; own++) {
			start();
			one_pair(asked[i]);
			demand.own_ports = own;
			demand.pairs = 2; /* of two destinations */
			judge();
			if (!row_of("ports", 0)->binds)
				continue;
			uint32_t sources = last_of(row_of("ports", 0)->remedy);
			demand.sources = sources;
			demand.pairs = 2 * sources;
			judge();
			ck_assert(!row_of("ports", 0)->binds);
			demand.sources = sources - 1;
			demand.pairs = 2 * demand.sources;
			judge();
			ck_assert(row_of("ports", 0)->binds);
		}
	}
}
END_TEST

START_TEST(more_than_an_octet_of_sources_carries_over)
{
	one_pair(4000000);
	demand.own_ports = false;
	demand.connections = 12351 * 300;
	judge();
	says(row_of("ports", 0)->remedy, "--source 127.0.0.1-127.0.1.44,");
}
END_TEST

START_TEST(a_wider_range_is_enough_where_it_is)
{
	one_pair(60000);
	judge();
	ck_assert_str_eq(row_of("ports", 0)->remedy, "--source 127.0.0.1-127.0.0.3, or sysctl -w "
						     "net.ipv4.ip_local_port_range=\"1024 65535\"");
	set(FACT_PORT_LOW, 1024);
	set(FACT_PORT_HIGH, 65535);
	demand.connections = 100000;
	judge();
	ck_assert_str_eq(row_of("ports", 0)->remedy, "--source 127.0.0.1-127.0.0.2");
}
END_TEST

START_TEST(beyond_loopback_sources_must_be_made)
{
	one_pair(100000);
	demand.loopback = demand.target_local = false;
	judge();
	const char *remedy = row_of("ports", 0)->remedy;
	ck_assert_int_eq(strncmp(remedy, "sysctl -w ", 10), 0);
	says(remedy, "and --source with 2 addresses");
	says(remedy, "or --source with 4 addresses");
	says(remedy, "ip address add");
	ck_assert_ptr_null(strstr(remedy, "127.0.0.1"));
}
END_TEST

START_TEST(four_ports_in_all_are_mended_by_the_range_not_by_a_million_sources)
{
	set(FACT_PORT_LOW, 40000);
	set(FACT_PORT_HIGH, 40003);
	one_pair(4000000);
	judge();
	ck_assert_uint_eq(row_of("ports", 0)->allows, 4);
	ck_assert_int_eq(strncmp(row_of("ports", 0)->remedy, "sysctl -w ", 10), 0);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("preflight_ports");
	tcase_add_checked_fixture(all, start, NULL);
	tcase_add_test(all, ports_of_our_own_choice_are_the_whole_range);
	tcase_add_test(all, ports_that_the_kernel_searches_stay_clear_of_the_cliff);
	tcase_add_test(all, a_short_range_counts_whole_however_ports_are_chosen);
	tcase_add_test(all, an_unknown_or_wholly_reserved_range_has_no_ports);
	tcase_add_test(all, evidence_has_the_figures_and_their_source);
	tcase_add_test(all, what_the_engine_says_of_a_pair_counts);
	tcase_add_test(all, the_sources_advised_suffice_and_one_less_does_not);
	tcase_add_test(all, more_than_an_octet_of_sources_carries_over);
	tcase_add_test(all, a_wider_range_is_enough_where_it_is);
	tcase_add_test(all, beyond_loopback_sources_must_be_made);
	tcase_add_test(all, four_ports_in_all_are_mended_by_the_range_not_by_a_million_sources);
	Suite *suite = suite_create("preflight_ports");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
