/* The target's command line, the room that follows from it, and what it tells of memory. */
#include "tools/target/target.h"
#include "tests/lib/suite.h"

#define SPARE 8192u /* slots above what was asked for */

static struct settings parse(char *first, char *second)
{
	char name[] = "target";
	char *argv[] = {name, first, second, NULL};
	struct settings s;
	struct err err = {0};
	ck_assert_msg(!settings_parse(&s, 1 + !!first + !!second, argv, &err), "%s", err.text);
	return s;
}

START_TEST(lean_is_asked_for)
{
	char flag[] = "--lean";
	ck_assert(!parse(NULL, NULL).lean);
	ck_assert(parse(flag, NULL).lean);
}
END_TEST

START_TEST(without_a_maximum_descriptors_bound_the_slots)
{
	struct settings s = parse(NULL, NULL);
	ck_assert_uint_eq(settings_slots(&s, 200), 200);
	ck_assert_uint_eq(settings_slots(&s, 65536), 65536);
	ck_assert_uint_eq(settings_slots(&s, 1u << 30), 65536);
}
END_TEST

START_TEST(a_maximum_is_held_whatever_the_descriptors)
{
	char flag[] = "--max-connections=1000000";
	struct settings s = parse(flag, NULL);
	ck_assert_uint_eq(settings_slots(&s, 200), 1000000 + SPARE);
	char most[] = "--max-connections=100000000";
	s = parse(most, NULL);
	ck_assert_uint_eq(settings_slots(&s, 200), 100000000 + SPARE);
}
END_TEST

START_TEST(of_several_threads_each_has_a_tenth_more_than_its_share)
{
	char flag[] = "--max-connections=1000001", two[] = "--threads=2";
	struct settings s = parse(flag, two);
	ck_assert_uint_eq(settings_slots(&s, 200), 500001 + 50001 + SPARE);
	char one[] = "--max-connections=1";
	s = parse(one, two);
	ck_assert_uint_eq(settings_slots(&s, 200), 1 + 1 + SPARE);
}
END_TEST

static void expect_memory(uint64_t open, const char *words)
{
	struct settings s = parse(NULL, NULL);
	struct target t;
	struct err err = {0};
	struct buf line;
	ck_assert_int_eq(target_init(&t, &s, &err), 0);
	buf_init(&line, 4096);
	atomic_store(&t.open, open);
	target_stats(&t, 1003, &line);
	ck_assert_msg(strstr(line.ptr, words) != NULL, "%s", line.ptr);
	buf_fini(&line);
	target_fini(&t);
}

START_TEST(memory_is_told_in_all_and_for_each_open_connection)
{
	expect_memory(10, "\"rss_bytes\":1003,\"bytes_per_connection\":100}");
	expect_memory(0, "\"rss_bytes\":1003,\"bytes_per_connection\":0}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_settings");
	TCase *tests = tcase_create("settings");
	tcase_add_test(tests, lean_is_asked_for);
	tcase_add_test(tests, without_a_maximum_descriptors_bound_the_slots);
	tcase_add_test(tests, a_maximum_is_held_whatever_the_descriptors);
	tcase_add_test(tests, of_several_threads_each_has_a_tenth_more_than_its_share);
	tcase_add_test(tests, memory_is_told_in_all_and_for_each_open_connection);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
