#include "base/rng.h"
#include "io/bitset.h"
#include "tests/lib/suite.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH(table) (sizeof(table) / sizeof *(table))

/* Round every place where a word, or a level of the tree, is full. */
static const uint32_t SIZES[] = {1,    2,    63,   64,   65,   127,  128,   4031,   4032,   4033,
				 4095, 4096, 4097, 8191, 8192, 8193, 65535, 262143, 262144, 262145};

/* Each ck_assert is a system call, too many for the loops here: these speak up on failure only. */
static void check_next(const struct bitset *b, uint32_t from, uint32_t expected)
{
	uint32_t found = UINT32_MAX;
	if (!bitset_next(b, from, &found) || found != expected)
		ck_abort_msg("%u, not %u, from %u of %u", found, expected, from, b->size);
}

static void check_none(const struct bitset *b, uint32_t from)
{
	uint32_t found = 17;
	if (bitset_next(b, from, &found) || found != 17)
		ck_abort_msg("%u, not none, from %u of %u", found, from, b->size);
}

START_TEST(an_empty_set_has_no_next_member)
{
	for (size_t i = 0; i < LENGTH(SIZES); i++) {
		struct bitset b;
		ck_assert(bitset_init(&b, SIZES[i]));
		ck_assert_uint_eq(b.count, 0);
		ck_assert(!bitset_has(&b, SIZES[i] - 1));
		check_none(&b, 0);
		check_none(&b, SIZES[i] / 2);
		check_none(&b, SIZES[i]);
		bitset_fini(&b);
	}
}
END_TEST

START_TEST(a_set_of_no_numbers_is_a_set)
{
	struct bitset b, other;
	ck_assert(bitset_init(&b, 0) && bitset_init(&other, 0));
	bitset_fill(&b);
	check_none(&b, 0);
	bitset_move(&other, &b);
	check_none(&other, 0);
	bitset_fini(&b);
	bitset_fini(&other);
	bitset_fini(&other);
}
END_TEST

START_TEST(a_full_set_has_every_number_and_none_past_the_end)
{
	for (size_t i = 0; i < LENGTH(SIZES); i++) {
		struct bitset b;
		ck_assert(bitset_init(&b, SIZES[i]));
		bitset_fill(&b);
		ck_assert_uint_eq(b.count, SIZES[i]);
		for (uint32_t n = 0; n < SIZES[i]; n++)
			check_next(&b, n, n);
		check_none(&b, SIZES[i]);
		bitset_fini(&b);
	}
}
END_TEST

START_TEST(a_full_set_can_be_emptied_and_filled_number_by_number)
{
	for (size_t i = 0; i < LENGTH(SIZES); i++) {
		struct bitset b;
		ck_assert(bitset_init(&b, SIZES[i]));
		bitset_fill(&b);
		for (uint32_t n = 0; n < SIZES[i]; n++) {
			check_next(&b, 0, n);
			bitset_remove(&b, n);
		}
		check_none(&b, 0);
		ck_assert_uint_eq(b.count, 0);
		for (uint32_t n = SIZES[i]; n-- > 0;) {
			bitset_add(&b, n);
			check_next(&b, 0, n);
		}
		ck_assert_uint_eq(b.count, SIZES[i]);
		bitset_fini(&b);
	}
}
END_TEST

START_TEST(a_lone_member_is_found_from_anywhere_at_or_below_it)
{
	for (size_t i = 0; i < LENGTH(SIZES); i++) {
		struct bitset b;
		uint32_t size = SIZES[i], step = size / 97 + 1;
		ck_assert(bitset_init(&b, size));
		for (uint32_t n = 0; n < size; n += step) {
			bitset_add(&b, n);
			for (uint32_t from = 0; from <= n; from += step)
				check_next(&b, from, n);
			check_none(&b, n + 1);
			bitset_remove(&b, n);
		}
		bitset_fini(&b);
	}
}
END_TEST

/* The member that a walk over plain bytes finds, or size. */
static uint32_t slow_next(const unsigned char *members, uint32_t size, uint32_t from)
{
	while (from < size && !members[from])
		from++;
	return from;
}

/* In turns filled, emptied and filled again, so that it is sparse and full. */
START_TEST(a_random_life_is_that_of_an_array_of_flags)
{
	enum { SIZE = 5000, STEPS = 60000 };
	static unsigned char members[SIZE];
	struct rng rng = {7};
	struct bitset b;
	uint32_t count = 0;
	memset(members, 0, sizeof members);
	ck_assert(bitset_init(&b, SIZE));
	for (uint32_t step = 0; step < STEPS; step++) {
		uint32_t n = (uint32_t)rng_below(&rng, SIZE);
		bool filling = step / 20000 % 2 == 0;
		if (!members[n] && (filling || rng_below(&rng, 8) == 0)) {
			bitset_add(&b, n);
			members[n] = 1;
			count++;
		} else if (members[n] && (!filling || rng_below(&rng, 8) == 0)) {
			bitset_remove(&b, n);
			members[n] = 0;
			count--;
		}
		uint32_t from = (uint32_t)rng_below(&rng, SIZE + 1);
		uint32_t expected = slow_next(members, SIZE, from);
		if (expected < SIZE)
			check_next(&b, from, expected);
		else
			check_none(&b, from);
		if (b.count != count || bitset_has(&b, n) != members[n])
			ck_abort_msg("%u of %u, %u is one: %d", b.count, count, n, members[n]);
	}
	bitset_fini(&b);
}
END_TEST

START_TEST(moving_joins_the_members_and_empties_where_they_were)
{
	for (size_t i = 0; i < LENGTH(SIZES); i++) {
		struct bitset to, from;
		uint32_t size = SIZES[i];
		ck_assert(bitset_init(&to, size) && bitset_init(&from, size));
		for (uint32_t n = 0; n < size; n++)
			if (n % 7 == 0)
				bitset_add(n % 2 ? &to : &from, n);
		uint32_t before = to.count + from.count;
		bitset_move(&to, &from);
		ck_assert_uint_eq(to.count, before);
		ck_assert_uint_eq(from.count, 0);
		check_none(&from, 0);
		for (uint32_t n = 0; n < size; n += 7)
			check_next(&to, n ? n - 6 : 0, n);
		check_none(&to, (size - 1) / 7 * 7 + 1);
		bitset_add(&from, size - 1);
		check_next(&from, 0, size - 1);
		bitset_fini(&to);
		bitset_fini(&from);
	}
}
END_TEST

START_TEST(a_number_takes_little_more_than_a_bit)
{
	struct bitset b;
	ck_assert(bitset_init(&b, 1000000));
	ck_assert_uint_lt(b.bytes, 1000000 / 8 * 102 / 100);
	bitset_fini(&b);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("bitset");
	tcase_add_test(all, an_empty_set_has_no_next_member);
	tcase_add_test(all, a_set_of_no_numbers_is_a_set);
	tcase_add_test(all, a_full_set_has_every_number_and_none_past_the_end);
	tcase_add_test(all, a_full_set_can_be_emptied_and_filled_number_by_number);
	tcase_add_test(all, a_lone_member_is_found_from_anywhere_at_or_below_it);
	tcase_add_test(all, a_random_life_is_that_of_an_array_of_flags);
	tcase_add_test(all, moving_joins_the_members_and_empties_where_they_were);
	tcase_add_test(all, a_number_takes_little_more_than_a_bit);
	Suite *suite = suite_create("bitset");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
