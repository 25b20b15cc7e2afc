#include "io/tuples.h"
#include "tests/lib/suite.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define LENGTH(table) (sizeof(table) / sizeof *(table))

static struct tuples t;

static void start(void)
{
	t = (struct tuples){0};
}

static void stop(void)
{
	tuples_fini(&t);
}

static void parse_sources(const char *text)
{
	struct err err = {0};
	ck_assert_msg(tuples_parse_sources(&t, text, &err) == 0, "'%s': %s", text, err.text);
}

static void parse_destinations(const char *text, unsigned short default_port)
{
	struct err err = {0};
	ck_assert_msg(tuples_parse_destinations(&t, text, default_port, &err) == 0, "'%s': %s",
		      text, err.text);
}

/* The list as addr_text writes it, a space after each; its first and last where it is long. */
static void check_list(const struct addr *list, uint32_t count, const char *expected)
{
	char text[1024] = "", one[ADDR_TEXT];
	for (uint32_t i = 0; i < count; i++) {
		if (count > 8 && i == 1)
			i = count - 1;
		ck_assert_uint_eq(list[i].len, list[i].sa.ss_family == AF_INET
						       ? sizeof(struct sockaddr_in)
						       : sizeof(struct sockaddr_in6));
		strcat(strcat(text, addr_text(one, &list[i])), " ");
	}
	ck_assert_str_eq(text, expected);
}

START_TEST(sources_are_addresses_ranges_and_blocks)
{
	static const struct {
		const char *text;
		uint32_t count;
		const char *list;
	} CASES[] = {
		{"127.0.0.1", 1, "127.0.0.1:0 "},
		{"127.0.0.9,127.0.0.1", 2, "127.0.0.9:0 127.0.0.1:0 "},
		{"127.0.0.1-127.0.0.3", 3, "127.0.0.1:0 127.0.0.2:0 127.0.0.3:0 "},
		{"127.0.0.1-3", 3, "127.0.0.1:0 127.0.0.2:0 127.0.0.3:0 "},
		{"127.0.0.7-7", 1, "127.0.0.7:0 "},
		{"127.0.0.254-127.0.1.1", 4,
		 "127.0.0.254:0 127.0.0.255:0 127.0.1.0:0 127.0.1.1:0 "},
		{"127.0.0.1-127.0.0.40", 40, "127.0.0.1:0 127.0.0.40:0 "},
		{"10.0.0.0/24", 254, "10.0.0.1:0 10.0.0.254:0 "},
		{"10.0.0.77/24", 254, "10.0.0.1:0 10.0.0.254:0 "},
		{"10.1.0.0/16", 65534, "10.1.0.1:0 10.1.255.254:0 "},
		{"127.9.0.0/28", 14, "127.9.0.1:0 127.9.0.14:0 "},
		{"10.0.0.4/30", 2, "10.0.0.5:0 10.0.0.6:0 "},
		{"10.0.0.4/31", 2, "10.0.0.4:0 10.0.0.5:0 "},
		{"10.0.0.4/32", 1, "10.0.0.4:0 "},
		{"10.0.0.0-10.0.255.255", 65536, "10.0.0.0:0 10.0.255.255:0 "},
		{"10.0.0.9,10.0.0.1-2,10.0.0.4/30", 5,
		 "10.0.0.9:0 10.0.0.1:0 10.0.0.2:0 10.0.0.5:0 10.0.0.6:0 "},
		{"::1", 1, "[::1]:0 "},
		{"fd00::ffff-fd00::1:1", 3, "[fd00::ffff]:0 [fd00::1:0]:0 [fd00::1:1]:0 "},
		{"fd00::/126", 4, "[fd00::]:0 [fd00::1]:0 [fd00::2]:0 [fd00::3]:0 "},
		{"fd00::/112", 65536, "[fd00::]:0 [fd00::ffff]:0 "},
		{"fd00::7/128", 1, "[fd00::7]:0 "},
		{"::ffff:127.0.0.1", 1, "127.0.0.1:0 "},
		{"::ffff:127.0.0.1-2", 2, "127.0.0.1:0 127.0.0.2:0 "},
		{"::ffff:10.0.0.0/126", 2, "10.0.0.1:0 10.0.0.2:0 "},
		{"1111:2222:3333:4444:5555:6666:7777:8887-1111:2222:3333:4444:5555:6666:7777:8888",
		 2,
		 "[1111:2222:3333:4444:5555:6666:7777:8887]:0 "
		 "[1111:2222:3333:4444:5555:6666:7777:8888]:0 "},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		start();
		parse_sources(CASES[i].text);
		ck_assert_msg(t.from_count == CASES[i].count, "%s: %u", CASES[i].text,
			      t.from_count);
		check_list(t.from, t.from_count, CASES[i].list);
		stop();
	}
}
END_TEST

START_TEST(destinations_have_ports_of_their_own_or_the_default)
{
	static const struct {
		const char *text;
		uint32_t count;
		const char *list;
	} CASES[] = {
		{"127.0.0.1", 1, "127.0.0.1:80 "},
		{"127.0.0.1:8080", 1, "127.0.0.1:8080 "},
		{"127.0.0.1:1,127.0.0.1:65535", 2, "127.0.0.1:1 127.0.0.1:65535 "},
		{"127.0.0.1:8080-8082", 3, "127.0.0.1:8080 127.0.0.1:8081 127.0.0.1:8082 "},
		{"127.0.0.1-2:8080-8081", 4,
		 "127.0.0.1:8080 127.0.0.1:8081 127.0.0.2:8080 127.0.0.2:8081 "},
		{"127.0.0.1-127.0.0.4:8080-8083", 16, "127.0.0.1:8080 127.0.0.4:8083 "},
		{"10.0.0.0/30:7", 2, "10.0.0.1:7 10.0.0.2:7 "},
		{"127.0.0.1-2,127.0.0.1:81", 3, "127.0.0.1:80 127.0.0.2:80 127.0.0.1:81 "},
		{"127.0.0.1:1-65535", 65535, "127.0.0.1:1 127.0.0.1:65535 "},
		{"[::1]", 1, "[::1]:80 "},
		{"[::1]:8080", 1, "[::1]:8080 "},
		{"[fd00::1-fd00::2]:1-2", 4, "[fd00::1]:1 [fd00::1]:2 [fd00::2]:1 [fd00::2]:2 "},
		{"[fd00::/127]:9", 2, "[fd00::]:9 [fd00::1]:9 "},
		{"[::ffff:127.0.0.1]:9", 1, "127.0.0.1:9 "},
		{"127.0.0.1,[::1]", 2, "127.0.0.1:80 [::1]:80 "}, /* no source has to reach both */
		{"[1111:2222:3333:4444:5555:6666:255.255.255.254-"
		 "1111:2222:3333:4444:5555:6666:255.255.255.255]:10000-10000",
		 2,
		 "[1111:2222:3333:4444:5555:6666:ffff:fffe]:10000 "
		 "[1111:2222:3333:4444:5555:6666:ffff:ffff]:10000 "},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		start();
		parse_destinations(CASES[i].text, 80);
		ck_assert_msg(t.to_count == CASES[i].count, "%s: %u", CASES[i].text, t.to_count);
		check_list(t.to, t.to_count, CASES[i].list);
		stop();
	}
}
END_TEST

struct refusal {
	const char *text, *why;
};

static const char NOT_HOSTS[] = "is not an address, a range or a block";
static const char BACKWARD[] = "ends before it begins";
static const char TOO_MANY[] = "makes more than 65536";
static const char NOT_PORTS[] = "is not followed by a port";

/* A usage error that says why and what to write instead, and a space as it was. */
static void check_refused(const struct refusal *r, int code, const struct err *err, uint32_t kept)
{
	ck_assert_msg(code == -1, "'%s'", r->text);
	ck_assert_int_eq(err->kind, ERR_USAGE);
	ck_assert_msg(strstr(err->text, r->why) != NULL, "'%s': %s", r->text, err->text);
	ck_assert_msg(err->hint[0] != '\0', "'%s'", r->text);
	ck_assert_uint_eq(kept, 2);
}

static const struct refusal NO_SOURCES[] = {
	{"", NOT_HOSTS},
	{",", NOT_HOSTS},
	{"127.0.0.1,", NOT_HOSTS},
	{",127.0.0.1", NOT_HOSTS},
	{"127.0.0.1,,127.0.0.2", NOT_HOSTS},
	{"127.0.0.1, 127.0.0.2", NOT_HOSTS},
	{"localhost", "source 'localhost' is not"},
	{"127.0.0.1,eth0", "source 'eth0' is not"},
	{"127.0.0.1,all", "source 'all' is not"},
	{"ALL", NOT_HOSTS},
	{"127.0.0", NOT_HOSTS},
	{"127.0.0.256", NOT_HOSTS},
	{"127.0.0.01", NOT_HOSTS},
	{"127.0.0.1:80", NOT_HOSTS},
	{"[::1]", NOT_HOSTS},
	{"::1%lo", NOT_HOSTS},
	{"10.0.0.0/33", NOT_HOSTS},
	{"10.0.0.0/", NOT_HOSTS},
	{"-", NOT_HOSTS},
	{"127.0.0.1-", NOT_HOSTS},
	{"-127.0.0.1", NOT_HOSTS},
	{"127.0.0.1-256", NOT_HOSTS},
	{"127.0.0.1-040", NOT_HOSTS},
	{"127.0.0.1-2-3", NOT_HOSTS},
	{"127.0.0.1-1.2", NOT_HOSTS},
	{"10.0.0.0/30-10.0.0.9", NOT_HOSTS},
	{"10.0.0.0-10.0.0.9/30", NOT_HOSTS},
	{"10.0.0.0/30-9", NOT_HOSTS},
	{"10.0.0.0-9/30", NOT_HOSTS},
	{"fd00::1-40", NOT_HOSTS},
	{"127.0.0.9-127.0.0.1", BACKWARD},
	{"127.0.0.9-8", BACKWARD},
	{"fd00::9-fd00::1", BACKWARD},
	{"127.0.0.1-::1", BACKWARD},
	{"::1-127.0.0.1", TOO_MANY},
	{"10.0.0.0/8", TOO_MANY},
	{"10.0.0.0/15", TOO_MANY},
	{"10.0.0.0-10.1.0.0", TOO_MANY},
	{"10.1.0.0/16,10.0.0.1-3", TOO_MANY},
	{"0.0.0.0/0", TOO_MANY},
	{"::/0", TOO_MANY},
	{"fd00::/64", TOO_MANY},
	{"0.0.0.0", "wildcard"},
	{"0.0.0.0-3", "wildcard"},
	{"::", "wildcard"},
	{"::/127", "wildcard"},
	{"255.255.255.255", "broadcast"},
	{"255.255.255.254/31", "broadcast"},
	{"224.0.0.1", "multicast"},
	{"239.255.255.255-240.0.0.3", "multicast"},
	{"223.255.255.250-224.0.0.0", "multicast"},
	{"ff02::1", "multicast"},
	{"fe80::1", "link-local"},
	{"127.0.0.1,127.0.0.1", "source 127.0.0.1 is given more than once"},
	{"127.0.0.1-9,127.0.0.9-12", "source 127.0.0.9 is given more than once"},
	{"10.0.0.9,10.0.0.0/28", "source 10.0.0.9 is given more than once"},
	{"10.0.0.9,::ffff:10.0.0.9", "source 10.0.0.9 is given more than once"},
	{"fd00::7,fd00::/124", "source fd00::7 is given more than once"},
};

START_TEST(what_is_no_list_of_sources_is_refused_with_the_reason)
{
	start();
	parse_sources("192.0.2.1-2");
	for (size_t i = 0; i < LENGTH(NO_SOURCES); i++) {
		struct err err = {0};
		int code = tuples_parse_sources(&t, NO_SOURCES[i].text, &err);
		check_refused(&NO_SOURCES[i], code, &err, t.from_count);
	}
	check_list(t.from, t.from_count, "192.0.2.1:0 192.0.2.2:0 ");
	stop();
}
END_TEST

static const struct refusal NO_DESTINATIONS[] = {
	{"", NOT_HOSTS},
	{":80", NOT_HOSTS},
	{"all", NOT_HOSTS},
	{"localhost:80", "destination 'localhost:80' is not"},
	{"127.0.0.1:80,", NOT_HOSTS},
	{"127.0.0.1", NOT_PORTS},
	{"[::1]", NOT_PORTS},
	{"127.0.0.1:", NOT_PORTS},
	{"[::1]:", NOT_PORTS},
	{"127.0.0.1:0", NOT_PORTS},
	{"127.0.0.1:0-3", NOT_PORTS},
	{"127.0.0.1:65536", NOT_PORTS},
	{"127.0.0.1:4294967376", NOT_PORTS},
	{"127.0.0.1:80-", NOT_PORTS},
	{"127.0.0.1:-80", NOT_PORTS},
	{"127.0.0.1:80-81-82", NOT_PORTS},
	{"127.0.0.1:+80", NOT_PORTS},
	{"127.0.0.1: 80", NOT_PORTS},
	{"127.0.0.1:http", NOT_PORTS},
	{"127.0.0.1:81-80", BACKWARD},
	{"127.0.0.2-1:80", BACKWARD},
	{"::1", "no brackets round"},
	{"::1:80", "no brackets round"},
	{"127.0.0.1:80:81", "no brackets round"},
	{"127.0.0.1:80-127.0.0.2:80", "no brackets round"},
	{"[127.0.0.1]:80", NOT_HOSTS},
	{"[::1", NOT_HOSTS},
	{"[::1]80", NOT_HOSTS},
	{"[::1]-[::4]:80", NOT_HOSTS},
	{"[[::1]]:80", NOT_HOSTS},
	{"[]:80", NOT_HOSTS},
	{"[:]:80", NOT_HOSTS},
	{"127.0.0.1-2:1-65535", TOO_MANY},
	{"127.0.0.1:1-65535,127.0.0.2:1-2", TOO_MANY},
	{"10.0.0.0/8:80", TOO_MANY},
	{"0.0.0.0:80", "wildcard"},
	{"[::]:80", "wildcard"},
	{"[fe80::1]:80", "link-local"},
	{"127.0.0.1:80,127.0.0.1:80", "destination 127.0.0.1:80 is given more than once"},
	{"127.0.0.1-4:80-90,127.0.0.3:85", "destination 127.0.0.3:85 is given more than once"},
	{"[fd00::1]:80,[fd00::/126]:80", "destination [fd00::1]:80 is given more than once"},
};

START_TEST(what_is_no_list_of_destinations_is_refused_with_the_reason)
{
	start();
	parse_destinations("192.0.2.1-2:443", 0);
	for (size_t i = 0; i < LENGTH(NO_DESTINATIONS); i++) {
		struct err err = {0};
		int code = tuples_parse_destinations(&t, NO_DESTINATIONS[i].text, 0, &err);
		check_refused(&NO_DESTINATIONS[i], code, &err, t.to_count);
	}
	check_list(t.to, t.to_count, "192.0.2.1:443 192.0.2.2:443 ");
	stop();
}
END_TEST

START_TEST(an_entry_too_long_for_any_address_is_refused_and_named_in_part)
{
	char text[5000];
	struct err err = {0};
	start();
	memset(text, '1', sizeof text);
	text[sizeof text - 1] = '\0';
	ck_assert_int_eq(tuples_parse_sources(&t, text, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, NOT_HOSTS));
	ck_assert_int_eq(tuples_parse_destinations(&t, text, 80, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, NOT_HOSTS));
	stop();
}
END_TEST

START_TEST(the_last_list_counts)
{
	start();
	parse_destinations("127.0.0.1-9:80-83", 0);
	parse_destinations("127.0.0.1:80", 0);
	parse_sources("127.0.0.1-9");
	parse_sources("127.0.0.7");
	check_list(t.to, t.to_count, "127.0.0.1:80 ");
	check_list(t.from, t.from_count, "127.0.0.7:0 ");
	parse_destinations("127.0.0.2:80", 0);
	check_list(t.to, t.to_count, "127.0.0.2:80 ");
	stop();
}
END_TEST

/* Whichever side comes second finds out, and names a pair that cannot be. */
START_TEST(families_that_do_not_match_are_refused_by_a_pair_of_theirs)
{
	static const struct {
		const char *from, *to, *pair;
	} CASES[] = {
		{"::1", "127.0.0.1", "source ::1 cannot connect to 127.0.0.1:80"},
		{"127.0.0.1", "[::1]", "source 127.0.0.1 cannot connect to [::1]:80"},
		{"127.0.0.1,::1", "127.0.0.1", "source ::1 cannot connect to 127.0.0.1:80"},
		{"127.0.0.1", "127.0.0.1,[::1]", "source 127.0.0.1 cannot connect to [::1]:80"},
		{"127.0.0.1,::1", "[::1],127.0.0.1", "source 127.0.0.1 cannot connect to [::1]:80"},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		struct err first = {0}, second = {0};
		start();
		parse_destinations(CASES[i].to, 80);
		ck_assert_int_eq(tuples_parse_sources(&t, CASES[i].from, &first), -1);
		ck_assert_uint_eq(t.from_count, 0);
		stop();
		start();
		parse_sources(CASES[i].from);
		ck_assert_int_eq(tuples_parse_destinations(&t, CASES[i].to, 80, &second), -1);
		ck_assert_uint_eq(t.to_count, 0);
		stop();
		ck_assert_int_eq(first.kind, ERR_USAGE);
		ck_assert_ptr_nonnull(strstr(first.text, "mixed families"));
		ck_assert_msg(strstr(first.text, CASES[i].pair) != NULL, "%s", first.text);
		ck_assert_str_eq(first.text, second.text);
		ck_assert_ptr_nonnull(strstr(first.hint, "one family"));
	}
}
END_TEST

/* What there is depends on the host; that each can be bound and is of the right kind does not. */
static void check_all(const char *to, sa_family_t family, bool loopback)
{
	struct err err = {0};
	start();
	parse_destinations(to, 80);
	if (tuples_parse_sources(&t, "all", &err) == 0) {
		ck_assert_uint_ge(t.from_count, 1);
		for (uint32_t i = 0; i < t.from_count; i++) {
			ck_assert_int_eq(t.from[i].sa.ss_family, family);
			ck_assert(addr_is_loopback(&t.from[i]) == loopback);
			ck_assert(i == 0 || memcmp(&t.from[i - 1].sa, &t.from[i].sa,
						   sizeof(struct sockaddr_in6)) < 0);
		}
		ck_assert_msg(tuples_check_sources(&t, &err) == 0, "%s", err.text);
	} else {
		ck_assert_int_eq(err.kind, ERR_USAGE);
		ck_assert_ptr_nonnull(strstr(err.text, "'all'"));
		ck_assert_ptr_nonnull(strstr(err.text, family == AF_INET ? "IPv4" : "IPv6"));
	}
	stop();
}

START_TEST(all_sources_are_of_the_destinations_family_and_reach)
{
	check_all("127.0.0.1", AF_INET, true);
	check_all("127.0.0.1-2:80-81", AF_INET, true);
	check_all("192.0.2.1", AF_INET, false);
	check_all("127.0.0.1,192.0.2.1", AF_INET, false);
	check_all("[::1]", AF_INET6, true);
	check_all("[2001:db8::1]", AF_INET6, false);
}
END_TEST

START_TEST(all_sources_of_loopback_have_127_0_0_1)
{
	start();
	parse_destinations("127.0.0.1:80", 0);
	parse_sources("all");
	bool found = false;
	for (uint32_t i = 0; i < t.from_count; i++) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&t.from[i].sa;
		found |= v4->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
	}
	ck_assert(found);
	stop();
}
END_TEST

START_TEST(all_sources_do_not_reach_destinations_of_two_families)
{
	struct err err = {0};
	start();
	parse_destinations("127.0.0.1,[::1]", 80);
	ck_assert_int_eq(tuples_parse_sources(&t, "all", &err), -1);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "mixed families"));
	stop();
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("tuples_parse");
	tcase_add_test(all, sources_are_addresses_ranges_and_blocks);
	tcase_add_test(all, destinations_have_ports_of_their_own_or_the_default);
	tcase_add_test(all, what_is_no_list_of_sources_is_refused_with_the_reason);
	tcase_add_test(all, what_is_no_list_of_destinations_is_refused_with_the_reason);
	tcase_add_test(all, an_entry_too_long_for_any_address_is_refused_and_named_in_part);
	tcase_add_test(all, the_last_list_counts);
	tcase_add_test(all, families_that_do_not_match_are_refused_by_a_pair_of_theirs);
	tcase_add_test(all, all_sources_are_of_the_destinations_family_and_reach);
	tcase_add_test(all, all_sources_of_loopback_have_127_0_0_1);
	tcase_add_test(all, all_sources_do_not_reach_destinations_of_two_families);
	Suite *suite = suite_create("tuples_parse");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
