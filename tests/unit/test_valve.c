#include "base/mono.h"
#include "run/valve.h"
#include "tests/lib/suite.h"

#include <stdlib.h>

static struct tally *counted;

static void begin(void)
{
	counted = calloc(1, sizeof *counted);
	tally_init(counted);
}

static void end(void)
{
	free(counted);
}

static struct valve valve(enum valve_kind kind, const char *text)
{
	struct valve v;
	struct err err = {0};
	ck_assert_msg(!valve_parse(&v, kind, text, &err), "%s", err.text);
	return v;
}

static void refused(const char *text, const char *word)
{
	struct valve v;
	struct err err = {0};
	ck_assert_int_eq(valve_parse(&v, VALVE_STOP, text, &err), -1);
	ck_assert_msg(strstr(err.text, word) != NULL, "%s", err.text);
}

/* Half a second with so many requests, the bad ones among them. */
static bool look(struct valve *v, unsigned nth, unsigned good, unsigned bad)
{
	tally_reset(counted);
	counted->outcomes[OUTCOME_OK] = good;
	counted->outcomes[OUTCOME_HTTP_5XX] = bad;
	return valve_look(v, counted, nth * NS_PER_S / 2, (nth + 1) * NS_PER_S / 2);
}

START_TEST(a_condition_fires_once_it_has_held_for_its_time)
{
	struct valve v = valve(VALVE_STOP, "errors>50% for 2s");
	ck_assert(!look(&v, 0, 1, 9));
	ck_assert(!look(&v, 1, 9, 1)); /* broken off */
	ck_assert(!look(&v, 2, 1, 9));
	ck_assert(!look(&v, 3, 1, 9));
	ck_assert(!look(&v, 4, 1, 9));
	ck_assert(look(&v, 5, 1, 9));
	ck_assert(v.fired);
	ck_assert(!look(&v, 6, 1, 9)); /* it goes on */
	ck_assert(look(&v, 7, 9, 1));
	ck_assert(!v.fired);
}
END_TEST

START_TEST(without_a_time_it_fires_at_once)
{
	struct valve v = valve(VALVE_READ_ONLY, "errors>50%");
	ck_assert_uint_eq(v.for_ns, 0);
	ck_assert(look(&v, 0, 1, 9));
}
END_TEST

START_TEST(nothing_that_ended_is_no_proof)
{
	struct valve v = valve(VALVE_STOP, "rate<5");
	ck_assert(!look(&v, 0, 0, 0));
	ck_assert(look(&v, 1, 1, 0));
}
END_TEST

START_TEST(a_threshold_ends_it_where_it_does_not_hold_and_not_too_early)
{
	struct valve v = valve(VALVE_ABORT, "errors<5%");
	v.after_ns = NS_PER_S;
	ck_assert(!look(&v, 0, 1, 9));
	ck_assert(look(&v, 1, 1, 9));
	ck_assert(look(&v, 2, 100, 1));
}
END_TEST

START_TEST(what_cannot_be_read_is_named)
{
	refused("errors>50% for ever", "ever");
	refused("errors~50%", "errors~50%");
	refused(" for 10s", "column");
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("valve");
	tcase_add_checked_fixture(all, begin, end);
	tcase_add_test(all, a_condition_fires_once_it_has_held_for_its_time);
	tcase_add_test(all, without_a_time_it_fires_at_once);
	tcase_add_test(all, nothing_that_ended_is_no_proof);
	tcase_add_test(all, a_threshold_ends_it_where_it_does_not_hold_and_not_too_early);
	tcase_add_test(all, what_cannot_be_read_is_named);
	Suite *suite = suite_create("valve");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
