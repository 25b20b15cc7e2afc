#include "io/tuples.h"
#include "tests/lib/suite.h"

#include <arpa/inet.h>
#include <string.h>

#define LENGTH(table) (sizeof(table) / sizeof *(table))

static struct tuples t;

static void start(const char *from, const char *to)
{
	struct err err = {0};
	t = (struct tuples){.port_low = 10000, .port_count = 500, .per_pair = 100};
	ck_assert_msg(tuples_parse_destinations(&t, to, 80, &err) == 0, "%s", err.text);
	ck_assert_msg(!from || tuples_parse_sources(&t, from, &err) == 0, "%s", err.text);
}

static void stop(void)
{
	tuples_fini(&t);
}

START_TEST(the_total_is_pairs_times_connections_a_pair)
{
	start("127.0.0.1-3", "127.0.1.1-127.0.1.2:80-84");
	ck_assert_uint_eq(tuples_total(&t), 3 * 10 * 100);
	t.from_count = 0;
	ck_assert_uint_eq(tuples_total(&t), 10 * 100);
	t.per_pair = 0;
	ck_assert_uint_eq(tuples_total(&t), 0);
	t.from_count = 3;
	stop();
}
END_TEST

START_TEST(ports_of_our_own_bound_the_connections_of_a_pair)
{
	start("127.0.0.1-3", "127.0.0.1");
	t.per_pair = 501;
	ck_assert_uint_eq(tuples_total(&t), 3 * 500);
	t.port_count = 0;
	ck_assert_uint_eq(tuples_total(&t), 3 * 501);
	stop();
}
END_TEST

START_TEST(the_total_stops_at_its_limit)
{
	static const struct {
		uint32_t from, to, per_pair, total;
	} CASES[] = {
		{65536, 65536, UINT32_MAX, TUPLES_MAX}, {65536, 65536, 1, TUPLES_MAX},
		{0, 1, UINT32_MAX, TUPLES_MAX},         {0, 1, UINT32_MAX - 1, UINT32_MAX - 1},
		{0, 1, UINT32_MAX - 2, UINT32_MAX - 2}, {2, 1, UINT32_MAX / 2, UINT32_MAX - 1},
		{2, 1, UINT32_MAX / 2 + 1, TUPLES_MAX}, {65536, 65535, 1, 65536u * 65535u},
		{65536, 1, 60000, 65536u * 60000u},     {0, 0, 5, 0},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		struct tuples many = {.from_count = CASES[i].from,
				      .to_count = CASES[i].to,
				      .per_pair = CASES[i].per_pair};
		ck_assert_uint_eq(tuples_total(&many), CASES[i].total);
	}
}
END_TEST

/* A flag for each (source, destination, port); one told twice, or not at all, is found. The counts
 * share a divisor, without which the remainders by both would do as well. */
START_TEST(no_two_numbers_have_one_tuple)
{
	static unsigned char seen[4][10][100];
	start("127.0.0.1-4", "127.0.1.1-127.0.1.2:80-84");
	memset(seen, 0, sizeof seen);
	for (uint32_t n = 0; n < tuples_total(&t); n++) {
		struct tuple one = tuple_of(&t, n);
		long from = one.from - t.from, to = one.to - t.to, port = one.port - t.port_low;
		ck_assert(from >= 0 && from < 4 && to >= 0 && to < 10);
		ck_assert(port >= 0 && port < 100);
		ck_assert_uint_eq(seen[from][to][port]++, 0);
	}
	ck_assert_ptr_null(memchr(seen, 0, sizeof seen));
	stop();
}
END_TEST

START_TEST(consecutive_numbers_use_every_pair_before_a_second_port)
{
	static unsigned char seen[2][4];
	start("127.0.0.1-2", "127.0.1.1:80-83");
	memset(seen, 0, sizeof seen);
	for (uint32_t n = 0; n < 8; n++) {
		struct tuple one = tuple_of(&t, n);
		ck_assert_uint_eq(one.port, 10000);
		ck_assert_uint_eq(seen[one.from - t.from][one.to - t.to]++, 0);
		ck_assert_ptr_eq(one.to, &t.to[n % 4]);
	}
	ck_assert_uint_eq(tuple_of(&t, 8).port, 10001);
	ck_assert_uint_eq(tuple_of(&t, 799).port, 10099);
	stop();
}
END_TEST

START_TEST(what_is_left_to_the_kernel_is_neither_source_nor_port)
{
	start(NULL, "127.0.1.1:80-83");
	ck_assert_ptr_null(tuple_of(&t, 5).from);
	ck_assert_ptr_eq(tuple_of(&t, 5).to, &t.to[1]);
	ck_assert_uint_eq(tuple_of(&t, 5).port, 10001);
	t.port_count = 0;
	ck_assert_uint_eq(tuple_of(&t, 5).port, 0);
	stop();
}
END_TEST

START_TEST(the_highest_port_and_number_have_their_tuple)
{
	start(NULL, "127.0.0.1");
	t.port_low = 65535;
	t.port_count = t.per_pair = 1;
	ck_assert_uint_eq(tuple_of(&t, 0).port, 65535);
	t.port_low = 1;
	t.port_count = t.per_pair = 65535;
	ck_assert_uint_eq(tuple_of(&t, 65534).port, 65535);
	t.port_count = 0;
	t.per_pair = UINT32_MAX;
	ck_assert_ptr_eq(tuple_of(&t, TUPLES_MAX - 1).to, t.to);
	stop();
}
END_TEST

START_TEST(loopback_sources_are_all_of_this_host)
{
	struct err err = {0};
	start("127.0.0.0/24,127.200.1.2", "127.0.0.1");
	ck_assert_msg(tuples_check_sources(&t, &err) == 0, "%s", err.text);
	stop();
	start(NULL, "127.0.0.1");
	ck_assert_int_eq(tuples_check_sources(&t, &err), 0);
	stop();
}
END_TEST

/* Of the ranges for documentation (RFC 5737, RFC 3849) and for benchmarks (RFC 2544): no host's. */
START_TEST(a_source_that_this_host_has_not_is_named_with_the_way_to_add_it)
{
	static const struct {
		const char *from, *to, *named, *hint;
	} CASES[] = {
		{"127.0.0.1,203.0.113.77,198.18.3.4", "127.0.0.1", "source 203.0.113.77 ",
		 "ip address add 203.0.113.77/32 dev lo"},
		{"2001:db8::77", "[::1]", "source 2001:db8::77 ",
		 "ip address add 2001:db8::77/128 dev lo"},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		struct err err = {0};
		start(CASES[i].from, CASES[i].to);
		ck_assert_int_eq(tuples_check_sources(&t, &err), -1);
		stop();
		if (err.kind == ERR_RUNTIME && strchr(CASES[i].from, ':'))
			continue; /* a host without IPv6 */
		ck_assert_int_eq(err.kind, ERR_USAGE);
		ck_assert_msg(strstr(err.text, CASES[i].named) != NULL, "%s", err.text);
		ck_assert_msg(strstr(err.hint, CASES[i].hint) != NULL, "%s", err.hint);
	}
}
END_TEST

START_TEST(a_space_without_lists_is_freed_as_well)
{
	t = (struct tuples){0};
	tuples_fini(&t);
	tuples_fini(&t);
	ck_assert_ptr_null(t.from);
	ck_assert_ptr_null(t.to);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("tuples");
	tcase_add_test(all, the_total_is_pairs_times_connections_a_pair);
	tcase_add_test(all, ports_of_our_own_bound_the_connections_of_a_pair);
	tcase_add_test(all, the_total_stops_at_its_limit);
	tcase_add_test(all, no_two_numbers_have_one_tuple);
	tcase_add_test(all, consecutive_numbers_use_every_pair_before_a_second_port);
	tcase_add_test(all, what_is_left_to_the_kernel_is_neither_source_nor_port);
	tcase_add_test(all, the_highest_port_and_number_have_their_tuple);
	tcase_add_test(all, loopback_sources_are_all_of_this_host);
	tcase_add_test(all, a_source_that_this_host_has_not_is_named_with_the_way_to_add_it);
	tcase_add_test(all, a_space_without_lists_is_freed_as_well);
	Suite *suite = suite_create("tuples");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
