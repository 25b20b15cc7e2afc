/* The target's heap of instants against a plain array. */
#include "base/rng.h"
#include "tools/target/due.h"
#include "tests/lib/suite.h"

#define IDS 37u

static uint64_t earliest(const uint64_t *at)
{
	uint64_t least = UINT64_MAX;
	for (unsigned i = 0; i < IDS; i++)
		if (at[i] < least)
			least = at[i];
	return least;
}

START_TEST(it_agrees_with_a_plain_array)
{
	struct due d;
	struct rng rng = {42};
	uint64_t at[IDS], now = 0;
	ck_assert(due_init(&d, IDS));
	for (unsigned i = 0; i < IDS; i++)
		at[i] = UINT64_MAX;
	for (unsigned i = 0; i < 50000; i++) {
		uint32_t id = (uint32_t)rng_below(&rng, IDS);
		uint64_t value = now + rng_below(&rng, 50);
		switch (rng_below(&rng, 4)) {
		case 0:
			due_set(&d, id, value);
			at[id] = value;
			break;
		case 1:
			due_sooner(&d, id, value);
			at[id] = value < at[id] ? value : at[id];
			break;
		case 2:
			due_clear(&d, id);
			at[id] = UINT64_MAX;
			break;
		default:
			now += rng_below(&rng, 20);
			while (due_expire(&d, now, &id)) {
				ck_assert_uint_eq(at[id], earliest(at));
				ck_assert_uint_le(at[id], now);
				at[id] = UINT64_MAX;
			}
		}
		ck_assert_uint_eq(due_next_ns(&d), earliest(at));
	}
	due_fini(&d);
}
END_TEST

START_TEST(nothing_expires_before_its_instant)
{
	struct due d;
	uint32_t id = 99;
	ck_assert(due_init(&d, 4));
	ck_assert_uint_eq(due_next_ns(&d), UINT64_MAX);
	ck_assert(!due_expire(&d, UINT64_MAX, &id));
	due_set(&d, 3, 1000);
	ck_assert(!due_expire(&d, 999, &id));
	ck_assert_uint_eq(id, 99);
	ck_assert(due_expire(&d, 1000, &id));
	ck_assert_uint_eq(id, 3);
	ck_assert(!due_expire(&d, UINT64_MAX, &id));
	due_fini(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_due");
	TCase *tests = tcase_create("due");
	tcase_add_test(tests, it_agrees_with_a_plain_array);
	tcase_add_test(tests, nothing_expires_before_its_instant);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
