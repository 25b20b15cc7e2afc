#include "run/redact.h"
#include "tests/lib/suite.h"

static const char *redacted(const char *path)
{
	static char out[200];
	redact_query(out, sizeof out, path);
	return out;
}

START_TEST(values_of_secret_parameters_are_hidden)
{
	ck_assert_str_eq(redacted("/x?token=abc&a=1"), "/x?token=***&a=1");
	ck_assert_str_eq(redacted("/x?a=1&API_KEY=s3cret"), "/x?a=1&API_KEY=***");
	ck_assert_str_eq(redacted("/x?sig=a=b"), "/x?sig=***");
}
END_TEST

START_TEST(everything_else_stays_as_it_is)
{
	static const char *const paths[] = {"/",    "/token/1", "/x?",
					    "/x?a", "/x?token", "/x?a=1&b=2&"};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		ck_assert_str_eq(redacted(paths[i]), paths[i]);
}
END_TEST

START_TEST(a_long_query_is_cut_at_the_size)
{
	char small[8];
	redact_query(small, sizeof small, "/x?a=123456789");
	ck_assert_str_eq(small, "/x?a=12");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("redact");
	TCase *tc = tcase_create("query");
	tcase_add_test(tc, values_of_secret_parameters_are_hidden);
	tcase_add_test(tc, everything_else_stays_as_it_is);
	tcase_add_test(tc, a_long_query_is_cut_at_the_size);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
