/* Generated answers, valid and damaged, against http_parser: see h1_oracle.h for what must agree.
 * Prints how often each rule by which they differ was called for. */
#include "tests/lib/h1_generate.h"
#include "tests/lib/h1_oracle.h"
#include "tests/lib/suite.h"

enum { SEED = 20251123, ANSWERS = 150000 };

/* The rules called for, each with how often. */
struct tally {
	const struct oracle_rule *rule;
	unsigned count;
};
static struct tally tallies[64];

static void tally(const struct oracle_rule *rule)
{
	struct tally *t = tallies;
	while (t->rule && t->rule != rule)
		t++;
	ck_assert(t < tallies + 63);
	t->rule = rule;
	t->count++;
}

/* Returns whether they were alike. */
static bool check_answer(struct span bytes, bool head, unsigned number)
{
	struct oracle_ruling ruling = oracle_compare(bytes, head);
	ck_assert_msg(ruling.sound, "answer %u of seed %d: %.*s", number, SEED, (int)bytes.len,
		      bytes.ptr);
	if (ruling.rule)
		tally(ruling.rule);
	return !ruling.rule;
}

START_TEST(damaged_answers_differ_from_http_parser_only_by_known_rules)
{
	struct rng rng = {SEED};
	unsigned alike = 0;
	for (unsigned i = 0; i < ANSWERS; i++) {
		struct buf bytes;
		buf_init(&bytes, 1 << 16);
		generate_answer(&rng, &bytes);
		for (uint64_t n = rng_below(&rng, 4); n; n--)
			generate_damage(&rng, &bytes);
		bool head = generate_chance(&rng, 10);
		alike += check_answer((struct span){bytes.ptr, bytes.len}, head, i);
		buf_fini(&bytes);
	}
	printf("http_parser: %d answers of seed %d, %u alike\n", ANSWERS, SEED, alike);
	for (struct tally *t = tallies; t->rule; t++)
		printf("http_parser: %u differ: %s\n", t->count, t->rule->words);
	ck_assert_uint_ge(alike, ANSWERS / 2);
}
END_TEST

/* Of what is generated without damage, what we refuse or read otherwise is little and known. */
START_TEST(undamaged_answers_are_taken)
{
	struct rng rng = {SEED};
	unsigned taken = 0, refused = 0;
	for (unsigned i = 0; i < ANSWERS / 10; i++) {
		struct buf bytes;
		buf_init(&bytes, 1 << 16);
		generate_answer(&rng, &bytes);
		struct span span = {bytes.ptr, bytes.len};
		struct oracle_answer ours = oracle_ours(span, false);
		bool coded_1_0 = ours.why && strcmp(ours.why, "Transfer-Encoding in HTTP/1.0") == 0;
		ck_assert_msg(ours.end == ORACLE_WHOLE || coded_1_0, "%s", ours.why);
		taken += ours.end == ORACLE_WHOLE;
		refused += coded_1_0;
		buf_fini(&bytes);
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_gt(taken, ANSWERS / 10 / 5 * 4);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("h1 oracle");
	tcase_set_timeout(all, 60);
	tcase_add_test(all, damaged_answers_differ_from_http_parser_only_by_known_rules);
	tcase_add_test(all, undamaged_answers_are_taken);
	Suite *suite = suite_create("h1_oracle");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
