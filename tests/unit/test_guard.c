#include "run/guard.h"
#include "tests/lib/suite.h"

#include <arpa/inet.h>
#include <string.h>

static struct guard guard;
static struct err err;

static struct addr address(const char *ip)
{
	struct addr a = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a.sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.sa;
	if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(80);
		a.len = sizeof *v4;
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, ip, &v6->sin6_addr), 1);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(80);
		a.len = sizeof *v6;
	}
	return a;
}

static bool may_load(const char *ip)
{
	struct addr a = address(ip);
	err = (struct err){0};
	return guard_check_target(&guard, &a, &err) == 0;
}

static void allow(const char *cidr)
{
	ck_assert_msg(guard_allow(&guard, cidr, &err) == 0, "%s: %s", cidr, err.text);
}

static void start(void)
{
	guard = (struct guard){0};
	err = (struct err){0};
}

/* Refused before the start, in words that name the address, and the flag. */
static void check_refusal(const char *ip, const char *words)
{
	ck_assert_msg(!may_load(ip), "%s may be loaded", ip);
	ck_assert_int_eq(err.kind, ERR_REFUSED);
	ck_assert_int_eq(err_exit_code(&err), 4);
	ck_assert_msg(strstr(err.text, ip), "\"%s\" does not name %s", err.text, ip);
	ck_assert_msg(strstr(err.text, words), "\"%s\" does not say: %s", err.text, words);
	ck_assert_ptr_nonnull(strstr(err.text, "--allow-target"));
	ck_assert_uint_gt(strlen(err.hint), 0);
}

START_TEST(loopback_needs_nothing)
{
	ck_assert(may_load("127.0.0.1"));
	ck_assert(may_load("127.255.255.254"));
	ck_assert(may_load("::1"));
	ck_assert(may_load("::ffff:127.0.0.1"));
}
END_TEST

START_TEST(loopback_is_fine_beside_blocks_that_do_not_cover_it)
{
	allow("10.0.0.0/8");
	ck_assert(may_load("127.0.0.1"));
	ck_assert(may_load("::1"));
}
END_TEST

static const struct {
	const char *ip, *block, *other_block;
} private_ones[] = {
	{"10.1.2.3", "10.0.0.0/8", "10.1.2.4/32"},
	{"172.16.0.9", "172.16.0.9", "172.17.0.0/16"},
	{"192.168.7.7", "192.168.7.0/24", "192.168.8.0/24"},
	{"100.64.0.1", "100.64.0.0/10", "10.0.0.0/8"},
	{"169.254.1.1", "169.254.0.0/16", "fe80::/10"},
	{"fd00::1", "fd00::/8", "fd00::2/128"},
	{"fe80::5", "fe80::/10", "169.254.0.0/16"},
};

START_TEST(a_private_address_needs_a_block_that_covers_it)
{
	const char *ip = private_ones[_i].ip;
	check_refusal(ip, "no --allow-target covers it");
	ck_assert_ptr_nonnull(strstr(err.hint, ip));
	allow(private_ones[_i].other_block);
	check_refusal(ip, "no --allow-target covers it");
	allow(private_ones[_i].block);
	ck_assert(may_load(ip));
}
END_TEST

START_TEST(a_public_address_is_refused_whatever_the_blocks_say)
{
	static const char *const public_ones[] = {"8.8.8.8", "172.32.0.1", "100.128.0.1",
						  "2001:4860:4860::8888", "192.0.2.1"};
	const char *ip = public_ones[_i];
	check_refusal(ip, "public address");
	allow("0.0.0.0/0");
	allow("::/0");
	allow(ip);
	check_refusal(ip, "public address");
}
END_TEST

START_TEST(the_hint_is_a_flag_that_helps)
{
	ck_assert(!may_load("10.1.2.3"));
	ck_assert_ptr_nonnull(strstr(err.hint, "--allow-target 10.1.2.3"));
	ck_assert_ptr_null(strstr(err.hint, ":80"));
	allow(strstr(err.hint, "10.1.2.3"));
	ck_assert(may_load("10.1.2.3"));
}
END_TEST

START_TEST(a_wrong_block_is_named_and_not_taken)
{
	ck_assert_int_eq(guard_allow(&guard, "10.0.0.0/33", &err), -1);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "10.0.0.0/33"));
	ck_assert_uint_eq(guard.allowed_count, 0);
}
END_TEST

START_TEST(blocks_are_bounded_and_the_one_too_many_is_named)
{
	for (int i = 0; i < GUARD_BLOCKS_MAX; i++)
		allow("10.0.0.0/8");
	ck_assert_int_eq(guard_allow(&guard, "10.9.0.0/16", &err), -1);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "10.9.0.0/16"));
	ck_assert_uint_eq(guard.allowed_count, GUARD_BLOCKS_MAX);
}
END_TEST

START_TEST(without_caps_any_load_may_be)
{
	ck_assert_int_eq(guard_check_load(&guard, 1e12, UINT64_MAX, &err), 0);
	ck_assert_int_eq(guard_check_load(&guard, 0, 1, &err), 0);
}
END_TEST

START_TEST(a_rate_at_the_cap_may_be_and_one_above_not)
{
	guard.max_rate_rps = 500;
	ck_assert_int_eq(guard_check_load(&guard, 500, 10, &err), 0);
	ck_assert_int_eq(guard_check_load(&guard, 500.5, 10, &err), -1);
	ck_assert_int_eq(err.kind, ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "500.5"));
	ck_assert_ptr_nonnull(strstr(err.text, "--max-rate 500"));
}
END_TEST

START_TEST(a_closed_loop_cannot_keep_a_cap_on_the_rate)
{
	guard.max_rate_rps = 50000;
	ck_assert_int_eq(guard_check_load(&guard, 0, 10, &err), -1);
	ck_assert_int_eq(err.kind, ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "--max-rate 50000"));
	ck_assert_ptr_nonnull(strstr(err.hint, "-R 50000"));
}
END_TEST

START_TEST(connections_at_the_cap_may_be_and_one_above_not)
{
	guard.max_connections = 100;
	ck_assert_int_eq(guard_check_load(&guard, 0, 100, &err), 0);
	ck_assert_int_eq(guard_check_load(&guard, 0, 101, &err), -1);
	ck_assert_int_eq(err.kind, ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "101"));
	ck_assert_ptr_nonnull(strstr(err.text, "--max-connections 100"));
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("guard");
	tcase_add_checked_fixture(all, start, NULL);
	tcase_add_test(all, loopback_needs_nothing);
	tcase_add_test(all, loopback_is_fine_beside_blocks_that_do_not_cover_it);
	tcase_add_loop_test(all, a_private_address_needs_a_block_that_covers_it, 0,
			    sizeof private_ones / sizeof *private_ones);
	tcase_add_loop_test(all, a_public_address_is_refused_whatever_the_blocks_say, 0, 5);
	tcase_add_test(all, the_hint_is_a_flag_that_helps);
	tcase_add_test(all, a_wrong_block_is_named_and_not_taken);
	tcase_add_test(all, blocks_are_bounded_and_the_one_too_many_is_named);
	tcase_add_test(all, without_caps_any_load_may_be);
	tcase_add_test(all, a_rate_at_the_cap_may_be_and_one_above_not);
	tcase_add_test(all, a_closed_loop_cannot_keep_a_cap_on_the_rate);
	tcase_add_test(all, connections_at_the_cap_may_be_and_one_above_not);
	Suite *suite = suite_create("guard");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
