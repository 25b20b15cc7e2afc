#include "io/addr.h"
#include "tests/lib/suite.h"

#include <string.h>

#define LENGTH(table) (sizeof(table) / sizeof *(table))

static struct addr numeric(const char *host, unsigned short port)
{
	struct addr list[ADDR_MAX];
	struct err err;
	ck_assert_int_eq(addr_resolve(list, host, port, &err), 1);
	return list[0];
}

static void check_text(const struct addr *a, const char *expected)
{
	char out[ADDR_TEXT];
	ck_assert_ptr_eq(addr_text(out, a), out);
	ck_assert_str_eq(out, expected);
}

START_TEST(a_numeric_host_resolves_to_itself)
{
	struct addr v4 = numeric("127.0.0.1", 8080), v6 = numeric("2001:db8::1", 443);
	ck_assert_int_eq(v4.sa.ss_family, AF_INET);
	ck_assert_uint_eq(v4.len, sizeof(struct sockaddr_in));
	check_text(&v4, "127.0.0.1:8080");
	ck_assert_int_eq(v6.sa.ss_family, AF_INET6);
	ck_assert_uint_eq(v6.len, sizeof(struct sockaddr_in6));
	check_text(&v6, "[2001:db8::1]:443");
}
END_TEST

START_TEST(localhost_is_loopback_wherever_it_resolves_to)
{
	struct addr list[ADDR_MAX];
	struct err err;
	int count = addr_resolve(list, "localhost", 80, &err);
	ck_assert_int_ge(count, 1);
	ck_assert_int_le(count, ADDR_MAX);
	for (int i = 0; i < count; i++)
		ck_assert(addr_is_loopback(&list[i]));
}
END_TEST

START_TEST(a_host_that_cannot_resolve_is_named_with_the_reason)
{
	/* A label of 64 characters, which no query can carry: nothing is sent. */
	char host[65];
	struct addr list[ADDR_MAX];
	struct err err = {.kind = ERR_NONE};
	memset(host, 'x', 64);
	host[64] = '\0';
	ck_assert_int_eq(addr_resolve(list, host, 80, &err), -1);
	ck_assert_int_eq(err.kind, ERR_RUNTIME);
	const char *named = strstr(err.text, host);
	ck_assert_ptr_nonnull(named);
	ck_assert_uint_gt(strlen(named), sizeof host + 5);
}
END_TEST

START_TEST(a_zone_is_kept_and_written)
{
	struct addr a = numeric("fe80::1%lo", 80);
	ck_assert_uint_ne(((struct sockaddr_in6 *)&a.sa)->sin6_scope_id, 0);
	check_text(&a, "[fe80::1%lo]:80");
}
END_TEST

START_TEST(the_longest_address_has_room_as_text)
{
	struct addr a = numeric("1111:2222:3333:4444:5555:6666:7777:8888", 65535);
	check_text(&a, "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
}
END_TEST

START_TEST(an_address_of_another_family_is_neither_text_nor_near)
{
	struct addr a = {.len = sizeof(struct sockaddr_storage)};
	a.sa.ss_family = AF_PACKET;
	struct addr_block all;
	struct err err;
	ck_assert_int_eq(addr_block_parse(&all, "0.0.0.0/0", &err), 0);
	check_text(&a, "?");
	ck_assert(!addr_is_loopback(&a));
	ck_assert(!addr_is_private(&a));
	ck_assert(!addr_block_has(&all, &a));
}
END_TEST

START_TEST(a_listening_address_is_written_in_four_ways)
{
	static const struct {
		const char *text, *address;
	} CASES[] = {
		{"127.0.0.1:8080", "127.0.0.1:8080"},
		{"[::1]:8080", "[::1]:8080"},
		{":8080", "[::]:8080"},
		{"8080", "[::]:8080"},
		{"0.0.0.0:0", "0.0.0.0:0"},
		{"[::]:65535", "[::]:65535"},
		{"[fe80::1%lo]:1", "[fe80::1%lo]:1"},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		struct addr a;
		struct err err;
		ck_assert_msg(addr_parse_listen(&a, CASES[i].text, &err) == 0, "%s", err.text);
		check_text(&a, CASES[i].address);
	}
}
END_TEST

START_TEST(what_is_no_listening_address_is_refused_by_name)
{
	static const char *const TEXTS[] = {
		"",
		":",
		"65536",
		"x",
		"-1",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:99999",
		"127.0.0.1:80x",
		"::1:8080",
		"[::1]",
		"[::1]8080",
		"[::1]:",
		"[]:80",
		"[127.0.0.1]:80",
		"[::1:80",
		"::1]:80",
		"localhost:80",
		"256.0.0.1:80",
		" 80",
		"80 ",
		"127.0.0.1:+80",
		"[::g]:80",
		"[:80",
		"1111:2222:3333:4444:5555:6666:7777:8888:1111:2222:3333:4444:5555:80",
	};
	for (size_t i = 0; i < LENGTH(TEXTS); i++) {
		struct addr a, before;
		struct err err;
		memset(&a, 0x5a, sizeof a);
		before = a;
		ck_assert_msg(addr_parse_listen(&a, TEXTS[i], &err) == -1, "'%s'", TEXTS[i]);
		ck_assert_int_eq(err.kind, ERR_USAGE);
		ck_assert_ptr_nonnull(strstr(err.text, TEXTS[i]));
		ck_assert_str_ne(err.hint, "");
		ck_assert_mem_eq(&a, &before, sizeof a);
	}
}
END_TEST

START_TEST(loopback_addresses_are_told_from_all_others)
{
	static const struct {
		const char *host;
		bool loopback;
	} CASES[] = {
		{"127.0.0.1", true},
		{"127.255.255.255", true},
		{"::1", true},
		{"::ffff:127.0.0.1", true},
		{"126.255.255.255", false},
		{"128.0.0.0", false},
		{"::2", false},
		{"::", false},
		{"0.0.0.0", false},
		{"::127.0.0.1", false},
		{"10.0.0.1", false},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		struct addr a = numeric(CASES[i].host, 1);
		ck_assert_msg(addr_is_loopback(&a) == CASES[i].loopback, "%s", CASES[i].host);
	}
}
END_TEST

START_TEST(private_addresses_are_told_from_public_ones_at_every_edge)
{
	static const struct {
		const char *host;
		bool private;
	} CASES[] = {
		{"9.255.255.255", false},  {"10.0.0.0", true},         {"10.255.255.255", true},
		{"11.0.0.0", false},       {"172.15.255.255", false},  {"172.16.0.0", true},
		{"172.31.255.255", true},  {"172.32.0.0", false},      {"192.167.255.255", false},
		{"192.168.0.0", true},     {"192.168.255.255", true},  {"192.169.0.0", false},
		{"100.63.255.255", false}, {"100.64.0.0", true},       {"100.127.255.255", true},
		{"100.128.0.0", false},    {"169.253.255.255", false}, {"169.254.0.0", true},
		{"169.254.255.255", true}, {"169.255.0.0", false},     {"fbff::1", false},
		{"fc00::1", true},         {"fdff::1", true},          {"fe00::1", false},
		{"fe80::1", true},         {"febf::1", true},          {"fec0::1", false},
		{"::ffff:10.0.0.1", true}, {"::ffff:8.8.8.8", false},  {"127.0.0.1", false},
		{"2001:db8::1", false},    {"0.0.0.0", false},         {"::", false},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		struct addr a = numeric(CASES[i].host, 1);
		ck_assert_msg(addr_is_private(&a) == CASES[i].private, "%s", CASES[i].host);
	}
}
END_TEST

START_TEST(a_block_has_what_shares_its_prefix)
{
	static const struct {
		const char *block, *host;
		bool has;
	} CASES[] = {
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.1.2.3/8", "10.200.0.1", true},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.128/25", "192.0.2.255", true},
		{"192.0.2.0/31", "192.0.2.1", true},
		{"192.0.2.0/31", "192.0.2.2", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.0", false},
		{"0.0.0.0/0", "203.0.113.1", true},
		{"0.0.0.0/0", "::1", false},
		{"::/0", "2001:db8::1", true},
		{"::/0", "192.0.2.1", false},
		{"::/0", "::ffff:192.0.2.1", false},
		{"::ffff:10.0.0.0/104", "10.1.1.1", true},
		{"::1/128", "::1", true},
		{"::1", "::2", false},
		{"2001:db8::/33", "2001:db8:7fff::", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"10.0.0.0/8", "::ffff:10.1.2.3", true},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		struct addr_block block;
		struct err err;
		struct addr a = numeric(CASES[i].host, 1);
		ck_assert_int_eq(addr_block_parse(&block, CASES[i].block, &err), 0);
		ck_assert_msg(addr_block_has(&block, &a) == CASES[i].has, "%s in %s", CASES[i].host,
			      CASES[i].block);
	}
}
END_TEST

START_TEST(what_is_no_block_is_refused_by_name)
{
	static const char *const TEXTS[] = {
		"",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0/8",
		"10.0.0.0/8/8",
		"10.0.0.0/a",
		"10.0.0.0/ 8",
		"::1/129",
		"::g/8",
		"[::1]/128",
		"localhost",
		"10.0.0.0:80",
		"10.0.0.0/4294967304",
		"1111:2222:3333:4444:5555:6666:7777:8888:1111:2222/128",
	};
	for (size_t i = 0; i < LENGTH(TEXTS); i++) {
		struct addr_block block, before;
		struct err err;
		memset(&block, 0x5a, sizeof block);
		before = block;
		ck_assert_msg(addr_block_parse(&block, TEXTS[i], &err) == -1, "'%s'", TEXTS[i]);
		ck_assert_int_eq(err.kind, ERR_USAGE);
		ck_assert_ptr_nonnull(strstr(err.text, TEXTS[i]));
		ck_assert_mem_eq(&block, &before, sizeof block);
	}
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("addr");
	tcase_add_test(all, a_numeric_host_resolves_to_itself);
	tcase_add_test(all, localhost_is_loopback_wherever_it_resolves_to);
	tcase_add_test(all, a_host_that_cannot_resolve_is_named_with_the_reason);
	tcase_add_test(all, a_zone_is_kept_and_written);
	tcase_add_test(all, the_longest_address_has_room_as_text);
	tcase_add_test(all, an_address_of_another_family_is_neither_text_nor_near);
	tcase_add_test(all, a_listening_address_is_written_in_four_ways);
	tcase_add_test(all, what_is_no_listening_address_is_refused_by_name);
	tcase_add_test(all, loopback_addresses_are_told_from_all_others);
	tcase_add_test(all, private_addresses_are_told_from_public_ones_at_every_edge);
	tcase_add_test(all, a_block_has_what_shares_its_prefix);
	tcase_add_test(all, what_is_no_block_is_refused_by_name);
	Suite *suite = suite_create("addr");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
