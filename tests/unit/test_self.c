#include "host/self.h"

#include "base/mem.h"
#include "base/mono.h"
#include "tests/lib/suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Works until the thread has had so much cpu time; false where five seconds did not do. */
static bool burn(uint64_t cpu_ns)
{
	uint64_t start = self_cpu_ns(), limit = mono_ns() + 5 * NS_PER_S;
	while (self_cpu_ns() - start < cpu_ns)
		if (mono_ns() > limit)
			return false;
	return true;
}

START_TEST(cpu_time_grows_with_work_and_no_faster_than_the_clock)
{
	uint64_t wall = mono_ns(), cpu = self_cpu_ns();
	ck_assert(burn(20 * NS_PER_MS));
	cpu = self_cpu_ns() - cpu;
	wall = mono_ns() - wall;
	ck_assert_uint_ge(cpu, 20 * NS_PER_MS);
	ck_assert_uint_le(cpu, wall + 10 * NS_PER_MS); /* rusage is scaled by ticks */
}
END_TEST

static void *work(void *arg)
{
	*(bool *)arg = burn(50 * NS_PER_MS);
	return NULL;
}

START_TEST(cpu_time_is_the_calling_threads_own)
{
	bool burnt = false;
	pthread_t thread;
	uint64_t before = self_cpu_ns();
	ck_assert_int_eq(pthread_create(&thread, NULL, work, &burnt), 0);
	pthread_join(thread, NULL);
	ck_assert(burnt);
	ck_assert_uint_lt(self_cpu_ns() - before, 40 * NS_PER_MS);
}
END_TEST

START_TEST(resident_memory_is_seen_to_grow)
{
	const size_t size = 32 << 20;
	uint64_t before = self_rss_bytes();
	ck_assert_uint_gt(before, 0);
	void *pages = mem_pages(size);
	ck_assert_ptr_nonnull(pages);
	ck_assert_uint_ge(self_rss_bytes(), before + size / 2);
	mem_pages_free(pages, size);
}
END_TEST

START_TEST(waiting_for_a_cpu_never_shrinks)
{
	struct self_thread t;
	self_thread_open(&t);
	uint64_t before = self_run_delay_ns(&t);
	ck_assert(burn(5 * NS_PER_MS));
	ck_assert_uint_ge(self_run_delay_ns(&t), before);
	self_thread_close(&t);
	ck_assert_int_eq(t.fd, -1);
	ck_assert_uint_eq(self_run_delay_ns(&t), 0);
	self_thread_close(&t); /* once more does nothing */
}
END_TEST

/* What it says is in the file that it names. */
START_TEST(throttling_comes_with_its_source_or_is_unknown)
{
	struct self_throttle t;
	memset(&t, 0xff, sizeof t);
	self_throttle_read(&t);
	if (!t.known) {
		ck_assert_uint_eq(t.throttled_ns, 0);
		return;
	}
	char line[128];
	bool found = false;
	FILE *f = fopen(t.source, "r");
	ck_assert_msg(f != NULL, "%s cannot be read", t.source);
	while (fgets(line, sizeof line, f))
		found |= strncmp(line, "throttled_", 10) == 0;
	fclose(f);
	ck_assert_msg(found, "%s says nothing of throttling", t.source);
	struct self_throttle later;
	self_throttle_read(&later);
	ck_assert_uint_ge(later.throttled_ns, t.throttled_ns);
	ck_assert_str_eq(later.source, t.source);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("self");
	tcase_set_timeout(all, 30);
	tcase_add_test(all, cpu_time_grows_with_work_and_no_faster_than_the_clock);
	tcase_add_test(all, cpu_time_is_the_calling_threads_own);
	tcase_add_test(all, resident_memory_is_seen_to_grow);
	tcase_add_test(all, waiting_for_a_cpu_never_shrinks);
	tcase_add_test(all, throttling_comes_with_its_source_or_is_unknown);
	Suite *suite = suite_create("self");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
