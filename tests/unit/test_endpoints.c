/* Where a load goes, and where it comes from. */
#include "run/endpoints.h"

#include "base/mono.h"
#include "io/ring.h"
#include "tests/lib/suite.h"

#include <stdlib.h>
#include <string.h>

static struct run_config config;
static struct url url;
static struct limits limits;
static struct plan plan;
static struct err err;

/* 28,232 ports, of which the kernel's search is good for 12,422; nothing is reused early. */
static void start(void)
{
	run_defaults(&config);
	limits = (struct limits){.port_low = 32768, .port_high = 60999};
	plan = (struct plan){.connections = 10};
	err = (struct err){0};
	unsetenv("BRINK_DISABLE");
	ck_assert_int_eq(url_parse(&url, "http://127.0.0.1:8080/x", &err), 0);
}

static void end(void)
{
	plan_fini(&plan);
}

static const struct tuples *choose_for(uint32_t connections)
{
	plan_fini(&plan);
	plan.connections = connections;
	int result = endpoints_choose(&config, &url, &limits, true, &plan, &err);
	ck_assert_msg(!result, "%s", err.text);
	return &plan.tuples;
}

static void check_fails(enum err_kind kind, const char *words)
{
	plan_fini(&plan);
	err = (struct err){0};
	ck_assert_int_eq(endpoints_choose(&config, &url, &limits, true, &plan, &err), -1);
	ck_assert_int_eq(err.kind, kind);
	ck_assert_msg(strstr(err.text, words), "\"%s\" lacks \"%s\"", err.text, words);
}

static void check_addr(const struct addr *a, const char *want)
{
	char text[ADDR_TEXT];
	ck_assert_str_eq(addr_text(text, a), want);
}

/* --- where to --------------------------------------------------------------------------- */

START_TEST(the_url_is_the_only_destination)
{
	const struct tuples *t = choose_for(10);
	ck_assert_uint_eq(t->to_count, 1);
	check_addr(t->to, "127.0.0.1:8080");
	ck_assert_uint_eq(t->from_count, 0);
	ck_assert_uint_eq(t->port_count, 0);
	ck_assert(!plan_books_tuples(&plan));
}
END_TEST

START_TEST(connect_to_takes_its_place)
{
	config.connect_to = "[::1]:99";
	check_addr(choose_for(10)->to, "[::1]:99");
}
END_TEST

START_TEST(destinations_take_its_place_and_have_its_port_where_they_name_none)
{
	config.destinations = "127.0.0.1-127.0.0.3,127.0.0.9:81-82";
	const struct tuples *t = choose_for(10);
	static const char *const want[] = {"127.0.0.1:8080", "127.0.0.2:8080", "127.0.0.3:8080",
					   "127.0.0.9:81", "127.0.0.9:82"};
	ck_assert_uint_eq(t->to_count, 5);
	for (unsigned i = 0; i < 5; i++)
		check_addr(&t->to[i], want[i]);
	ck_assert(plan_books_tuples(&plan));
}
END_TEST

START_TEST(every_destination_is_held_against_the_guard)
{
	config.destinations = "127.0.0.1,10.9.8.7";
	check_fails(ERR_REFUSED, "10.9.8.7");
	config.destinations = "10.9.8.1-10.9.8.4";
	check_fails(ERR_REFUSED, "10.9.8.1");
	ck_assert_int_eq(guard_allow(&config.guard, "10.9.8.0/31", &err), 0);
	check_fails(ERR_REFUSED, "10.9.8.2"); /* the first that is not allowed */
	ck_assert_int_eq(guard_allow(&config.guard, "10.9.8.0/29", &err), 0);
	ck_assert_uint_eq(choose_for(10)->to_count, 4);
	config.destinations = "10.9.8.1,8.8.8.8"; /* public: whatever is allowed */
	ck_assert_int_eq(guard_allow(&config.guard, "8.8.8.8", &err), 0);
	check_fails(ERR_REFUSED, "8.8.8.8");
}
END_TEST

START_TEST(the_urls_own_address_does_not_count_where_destinations_are_named)
{
	ck_assert_int_eq(url_parse(&url, "http://shop.invalid:81/", &err), 0);
	config.destinations = "127.0.0.5";
	check_addr(choose_for(10)->to, "127.0.0.5:81");
}
END_TEST

START_TEST(what_is_no_destination_is_refused_by_name)
{
	config.destinations = "127.0.0.1,nowhere";
	check_fails(ERR_USAGE, "nowhere");
	ck_assert_ptr_null(plan.tuples.from);
}
END_TEST

/* --- where from ------------------------------------------------------------------------- */

START_TEST(sources_are_read_and_have_no_port)
{
	config.source = "127.0.0.1-127.0.0.40";
	const struct tuples *t = choose_for(10);
	ck_assert_uint_eq(t->from_count, 40);
	check_addr(&t->from[0], "127.0.0.1:0");
	check_addr(&t->from[39], "127.0.0.40:0");
	ck_assert(plan_books_tuples(&plan));
}
END_TEST

START_TEST(sources_are_of_the_destinations_family)
{
	config.source = "::1";
	check_fails(ERR_USAGE, "::1");
	config.connect_to = "[::1]:80";
	ck_assert_uint_eq(choose_for(10)->from_count, 1);
}
END_TEST

START_TEST(a_source_that_this_host_has_not_is_found_out_unless_it_is_a_rehearsal)
{
	config.source = "127.0.0.1,192.0.2.1"; /* RFC 5737: nobody's */
	ck_assert_uint_eq(choose_for(10)->from_count, 2);
	plan_fini(&plan);
	ck_assert_int_eq(endpoints_choose(&config, &url, &limits, false, &plan, &err), -1);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "192.0.2.1"));
}
END_TEST

/* --- ports ------------------------------------------------------------------------------ */

#define SEARCHED 12351u /* seven sixteenths of the range */
#define RANGE    28232u

START_TEST(the_kernel_chooses_ports_as_long_as_its_search_is_quick)
{
	const struct tuples *t = choose_for(SEARCHED);
	ck_assert_uint_eq(t->port_count, 0);
	ck_assert_uint_eq(t->per_pair, SEARCHED);
	ck_assert(!plan_books_tuples(&plan));
}
END_TEST

START_TEST(beyond_that_ports_are_ours)
{
	if (!ring_names_ports())
		return;
	const struct tuples *t = choose_for(SEARCHED + 1);
	ck_assert_uint_eq(t->port_low, 32768);
	ck_assert_uint_eq(t->port_count, RANGE);
	ck_assert_uint_eq(t->per_pair, RANGE);
	ck_assert_uint_eq(tuples_total(t), RANGE);
	ck_assert(plan_books_tuples(&plan));
}
END_TEST

START_TEST(more_than_all_ports_are_not_made_up)
{
	if (!ring_names_ports())
		return;
	const struct tuples *t = choose_for(1000000);
	ck_assert_uint_eq(tuples_total(t), RANGE);
	struct tuple last = tuple_of(t, RANGE - 1);
	ck_assert_uint_eq(last.port, 60999);
}
END_TEST

START_TEST(pairs_share_the_connections)
{
	config.source = "127.0.0.1-127.0.0.10";
	config.destinations = "127.0.0.1:80-87";
	const struct tuples *t = choose_for(1000000); /* 12,500 each */
	if (ring_names_ports()) {
		ck_assert_uint_eq(t->port_count, RANGE);
		ck_assert_uint_eq(tuples_total(t), 80 * RANGE);
	}
	t = choose_for(80 * SEARCHED);
	ck_assert_uint_eq(t->port_count, 0);
	ck_assert_uint_eq(t->per_pair, SEARCHED);
	t = choose_for(80 * SEARCHED - 79); /* not even: rounded up */
	ck_assert_uint_eq(t->per_pair, SEARCHED);
	t = choose_for(80 * SEARCHED - 80);
	ck_assert_uint_eq(t->per_pair, SEARCHED - 1);
	ck_assert_uint_ge(tuples_total(t), 80 * SEARCHED - 80);
}
END_TEST

/* What a pair is good for, and no more: the next pair is as near. A single one has no choice. */
START_TEST(where_ports_cannot_be_named_pairs_carry_what_the_search_is_good_for)
{
	setenv("BRINK_DISABLE", "portrange", 1);
	config.destinations = "127.0.0.1-127.0.0.2";
	const struct tuples *t = choose_for(50000);
	ck_assert_uint_eq(t->port_count, 0);
	ck_assert_uint_eq(t->per_pair, SEARCHED);
	ck_assert_uint_eq(tuples_total(t), 2 * SEARCHED);
	config.destinations = NULL;
	t = choose_for(50000);
	ck_assert_uint_eq(t->port_count, 0);
	ck_assert_uint_eq(t->per_pair, 50000);
}
END_TEST

START_TEST(where_the_range_is_unknown_the_kernel_chooses)
{
	limits.port_low = limits.port_high = 0;
	const struct tuples *t = choose_for(4000000);
	ck_assert_uint_eq(t->port_count, 0);
	ck_assert_uint_eq(t->per_pair, 4000000);
}
END_TEST

START_TEST(a_range_up_to_the_last_port_ends_there)
{
	if (!ring_names_ports())
		return;
	limits.port_low = 1024;
	limits.port_high = 65535;
	const struct tuples *t = choose_for(60000);
	ck_assert_uint_eq(t->port_count, 64512);
	ck_assert_uint_eq(tuple_of(t, tuples_total(t) - 1).port, 65535);
	limits.port_low = limits.port_high = 40000; /* and one of a single port */
	t = choose_for(2);
	ck_assert_uint_eq(t->port_count, 1);
	ck_assert_uint_eq(tuple_of(t, 0).port, 40000);
}
END_TEST

/* 2^32 of them, of which 32 bits know nothing. */
START_TEST(as_many_pairs_as_there_can_be_are_counted)
{
	config.source = "127.1.0.0-127.1.255.255";
	config.destinations = "127.2.0.0-127.2.255.255";
	const struct tuples *t = choose_for(4000000);
	ck_assert_uint_eq(t->from_count, TUPLES_ADDR_MAX);
	ck_assert_uint_eq(t->to_count, TUPLES_ADDR_MAX);
	ck_assert_uint_eq(t->per_pair, 1);
	ck_assert_uint_eq(t->port_count, 0);
}
END_TEST

/* --- rest ------------------------------------------------------------------------------- */

START_TEST(a_port_rests_as_long_as_the_kernel_has_it)
{
	static const struct {
		unsigned tw_reuse;
		const char *to;
		uint64_t rest_ns;
	} cases[] = {
		{0, "127.0.0.1", 60 * NS_PER_S},
		{1, "127.0.0.1", 2 * NS_PER_S},
		{2, "127.0.0.1", 2 * NS_PER_S},
		{0, "10.0.0.1", 60 * NS_PER_S},
		{1, "10.0.0.1", 2 * NS_PER_S},
		{2, "10.0.0.1", 60 * NS_PER_S}, /* on loopback only */
		{2, "127.0.0.1,10.0.0.1", 60 * NS_PER_S},
		{2, "127.0.0.1,127.9.9.9", 2 * NS_PER_S},
		{2, "[::1]", 2 * NS_PER_S},
	};
	ck_assert_int_eq(guard_allow(&config.guard, "10.0.0.0/8", &err), 0);
	limits.tw_reuse = cases[_i].tw_reuse;
	config.destinations = cases[_i].to;
	ck_assert_uint_eq(choose_for(10)->rest_ns, cases[_i].rest_ns);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_url_is_the_only_destination,
		connect_to_takes_its_place,
		destinations_take_its_place_and_have_its_port_where_they_name_none,
		every_destination_is_held_against_the_guard,
		the_urls_own_address_does_not_count_where_destinations_are_named,
		what_is_no_destination_is_refused_by_name,
		sources_are_read_and_have_no_port,
		sources_are_of_the_destinations_family,
		a_source_that_this_host_has_not_is_found_out_unless_it_is_a_rehearsal,
		the_kernel_chooses_ports_as_long_as_its_search_is_quick,
		beyond_that_ports_are_ours,
		more_than_all_ports_are_not_made_up,
		pairs_share_the_connections,
		where_ports_cannot_be_named_pairs_carry_what_the_search_is_good_for,
		where_the_range_is_unknown_the_kernel_chooses,
		a_range_up_to_the_last_port_ends_there,
		as_many_pairs_as_there_can_be_are_counted,
	};
	TCase *all = tcase_create("endpoints");
	tcase_add_checked_fixture(all, start, end);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(all, tests[i]);
	tcase_add_loop_test(all, a_port_rests_as_long_as_the_kernel_has_it, 0, 9);
	Suite *suite = suite_create("endpoints");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
