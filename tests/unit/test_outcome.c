#include "stat/outcome.h"
#include "tests/lib/suite.h"

#include <errno.h>
#include <string.h>

START_TEST(every_outcome_has_a_name_of_its_own)
{
	for (int o = 0; o < OUTCOME_COUNT; o++) {
		const char *name = outcome_name((enum outcome)o);
		ck_assert_ptr_nonnull(name);
		ck_assert_uint_gt(strlen(name), 0);
		ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				  strlen(name));
		for (int other = 0; other < o; other++)
			ck_assert_str_ne(name, outcome_name((enum outcome)other));
	}
}
END_TEST

/* Users, scripts and saved results rely on these. */
START_TEST(names_and_their_order_are_the_promised_ones)
{
	static const char *const promised[] = {
		"ok",
		"shed",
		"dns",
		"connect_refused",
		"connect_timeout",
		"connect_unreachable",
		"connect_reset",
		"tls_handshake",
		"tls_certificate",
		"write_failed",
		"peer_reset",
		"peer_closed",
		"truncated",
		"goaway",
		"stream_reset",
		"timeout",
		"malformed",
		"too_large",
		"desync",
		"http_4xx",
		"http_5xx",
		"grpc_status",
		"ws_close",
		"check_failed",
		"unsent",
		"ports_exhausted",
		"descriptors_exhausted",
		"memory_exhausted",
		"generator",
	};
	ck_assert_uint_eq(sizeof promised / sizeof *promised, OUTCOME_COUNT);
	for (int o = 0; o < OUTCOME_COUNT; o++)
		ck_assert_str_eq(outcome_name((enum outcome)o), promised[o]);
}
END_TEST

START_TEST(every_outcome_is_explained_in_one_short_line)
{
	for (int o = 0; o < OUTCOME_COUNT; o++) {
		const char *words = outcome_words((enum outcome)o);
		ck_assert_ptr_nonnull(words);
		ck_assert_uint_ge(strlen(words), 10);
		ck_assert_uint_le(strlen(words), 100);
		ck_assert_ptr_null(strchr(words, '\n'));
	}
}
END_TEST

START_TEST(the_generators_side_is_its_four_limits_and_nothing_else)
{
	for (int o = 0; o < OUTCOME_COUNT; o++) {
		enum outcome_side expected = SIDE_TARGET;
		if (o == OUTCOME_OK)
			expected = SIDE_OK;
		else if (o == OUTCOME_SHED)
			expected = SIDE_SHED;
		else if (o >= OUTCOME_PORTS_EXHAUSTED)
			expected = SIDE_GENERATOR;
		ck_assert_int_eq(outcome_side((enum outcome)o), expected);
	}
}
END_TEST

static const struct {
	int error;
	enum outcome connecting, connected;
} known[] = {
	{ECONNREFUSED, OUTCOME_CONNECT_REFUSED, OUTCOME_TIMEOUT},
	{ETIMEDOUT, OUTCOME_CONNECT_TIMEOUT, OUTCOME_TIMEOUT},
	{ECONNRESET, OUTCOME_CONNECT_RESET, OUTCOME_PEER_RESET},
	{ECONNABORTED, OUTCOME_CONNECT_RESET, OUTCOME_PEER_RESET},
	{EPIPE, OUTCOME_CONNECT_RESET, OUTCOME_WRITE_FAILED},
	{ENETUNREACH, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_TIMEOUT},
	{EHOSTUNREACH, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_TIMEOUT},
	{EACCES, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_WRITE_FAILED}, /* ip route add prohibit */
	{EINVAL, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_GENERATOR},    /* ip route add blackhole */
	{EPERM, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_WRITE_FAILED},
	{EADDRNOTAVAIL, OUTCOME_PORTS_EXHAUSTED, OUTCOME_GENERATOR},
	{EADDRINUSE, OUTCOME_PORTS_EXHAUSTED, OUTCOME_GENERATOR},
	{EMFILE, OUTCOME_DESCRIPTORS_EXHAUSTED, OUTCOME_DESCRIPTORS_EXHAUSTED},
	{ENFILE, OUTCOME_DESCRIPTORS_EXHAUSTED, OUTCOME_DESCRIPTORS_EXHAUSTED},
	{ENOMEM, OUTCOME_MEMORY_EXHAUSTED, OUTCOME_MEMORY_EXHAUSTED},
	{ENOBUFS, OUTCOME_MEMORY_EXHAUSTED, OUTCOME_MEMORY_EXHAUSTED},
};

START_TEST(an_errno_is_told_by_whether_the_connection_stood)
{
	ck_assert_int_eq(outcome_of_errno(known[_i].error, true), known[_i].connecting);
	ck_assert_int_eq(outcome_of_errno(known[_i].error, false), known[_i].connected);
}
END_TEST

START_TEST(what_nobody_knows_is_never_blamed_on_the_target)
{
	static const int unknown[] = {EBADF, EFAULT, ENOTSOCK, ENOSYS, ECANCELED, 0, 4095};
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		ck_assert_int_eq(outcome_of_errno(unknown[i], true), OUTCOME_GENERATOR);
		ck_assert_int_eq(outcome_of_errno(unknown[i], false), OUTCOME_GENERATOR);
	}
}
END_TEST

START_TEST(no_errno_is_a_success)
{
	for (int error = 0; error < 200; error++) {
		enum outcome_side connecting = outcome_side(outcome_of_errno(error, true));
		enum outcome_side connected = outcome_side(outcome_of_errno(error, false));
		ck_assert(connecting == SIDE_TARGET || connecting == SIDE_GENERATOR);
		ck_assert(connected == SIDE_TARGET || connected == SIDE_GENERATOR);
	}
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("outcome");
	tcase_add_test(all, every_outcome_has_a_name_of_its_own);
	tcase_add_test(all, names_and_their_order_are_the_promised_ones);
	tcase_add_test(all, every_outcome_is_explained_in_one_short_line);
	tcase_add_test(all, the_generators_side_is_its_four_limits_and_nothing_else);
	tcase_add_loop_test(all, an_errno_is_told_by_whether_the_connection_stood, 0,
			    sizeof known / sizeof *known);
	tcase_add_test(all, what_nobody_knows_is_never_blamed_on_the_target);
	tcase_add_test(all, no_errno_is_a_success);
	Suite *suite = suite_create("outcome");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
