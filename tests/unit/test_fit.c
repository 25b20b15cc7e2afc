#include "stat/fit.h"
#include "tests/lib/suite.h"

#include <math.h>

static struct fit_point points[FIT_POINTS_MAX];

/* A point whose samples scatter by a few percent. */
static void put(unsigned i, double x, double y)
{
	points[i] = (struct fit_point){.x = x, .count = 8};
	for (unsigned k = 0; k < 8; k++)
		points[i].samples[k] = y * (1 + 0.01 * ((int)(k * 5 % 8) - 4));
}

START_TEST(a_bend_is_found_where_it_is)
{
	struct fit_knee knee;
	for (unsigned i = 0; i < 10; i++)
		put(i, 100 * (i + 1), i < 6 ? 1000 : 1000 * exp(0.8 * (i - 5)));
	ck_assert(fit_knee(&knee, points, 10, 0.3, 1));
	ck_assert_uint_eq(knee.at, 5);
	ck_assert_uint_le(knee.low, 5);
	ck_assert_uint_ge(knee.high, 5);
	ck_assert_uint_le(knee.high - knee.low, 2);
}
END_TEST

START_TEST(a_flat_curve_has_no_bend)
{
	struct fit_knee knee;
	for (unsigned i = 0; i < 10; i++)
		put(i, 100 * (i + 1), 1000);
	ck_assert(!fit_knee(&knee, points, 10, 0.3, 1));
	put(9, 1000, 1100);
	ck_assert(!fit_knee(&knee, points, 10, 0.3, 1));
}
END_TEST

START_TEST(a_curve_that_falls_has_no_bend)
{
	struct fit_knee knee;
	for (unsigned i = 0; i < 10; i++)
		put(i, 100 * (i + 1), 10000 / (i + 1.0));
	ck_assert(!fit_knee(&knee, points, 10, 0.3, 1));
}
END_TEST

START_TEST(the_last_point_alone_may_tell_of_it)
{
	struct fit_knee knee;
	for (unsigned i = 0; i < 4; i++)
		put(i, 1 << i, i < 3 ? 500 : 5000);
	ck_assert(fit_knee(&knee, points, 4, 0.3, 1));
	ck_assert_uint_eq(knee.at, 2);
}
END_TEST

START_TEST(two_points_are_no_curve)
{
	struct fit_knee knee;
	put(0, 1, 1);
	put(1, 2, 100);
	ck_assert(!fit_knee(&knee, points, 2, 0.3, 1));
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("fit");
	tcase_add_test(all, a_bend_is_found_where_it_is);
	tcase_add_test(all, a_flat_curve_has_no_bend);
	tcase_add_test(all, a_curve_that_falls_has_no_bend);
	tcase_add_test(all, the_last_point_alone_may_tell_of_it);
	tcase_add_test(all, two_points_are_no_curve);
	Suite *suite = suite_create("fit");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
