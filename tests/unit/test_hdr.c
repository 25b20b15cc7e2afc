/* Besides its tests, `test_hdr --write FILE` writes a log and prints what a reader must find in
 * it, a line each: `quantile TAG PERCENT US`, and `below TAG US N` for every value that a slot is
 * read as and how many are not above it. tests/e2e/hdr_java.py holds the Java reader to it. */
#include "base/rng.h"
#include "stat/hdr.h"
#include "tests/lib/suite.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 1000000

static struct hist a, b;

static struct span span_of_buf(const struct buf *buf)
{
	return (struct span){buf->ptr, buf->len};
}

/* Encodes a, decodes into b. */
static bool there_and_back(void)
{
	struct buf text;
	buf_init(&text, TEXT_MAX);
	hist_init(&b);
	hist_add(&b, 99); /* must not survive */
	bool ok = hdr_encode(&a, &text) && hdr_decode(span_of_buf(&text), &b);
	buf_fini(&text);
	return ok;
}

static void check_counts_came_back(void)
{
	ck_assert(there_and_back());
	ck_assert_uint_eq(b.count, a.count);
	ck_assert_uint_eq(b.lo, a.lo);
	ck_assert_uint_eq(b.hi, a.hi);
	ck_assert_mem_eq(b.slots, a.slots, sizeof a.slots);
}

START_TEST(counts_of_any_size_come_back)
{
	struct rng rng = {.state = (uint64_t)_i};
	hist_init(&a);
	for (int i = 0; i < 2000; i++)
		hist_add(&a, rng_next(&rng) >> (20 + rng_below(&rng, 44)));
	check_counts_came_back();
	ck_assert_uint_eq(hist_slot(b.min_us), hist_slot(a.min_us));
	for (int percent = 0; percent < 100; percent++)
		ck_assert_uint_eq(
			hist_slot_high_us(hist_slot(hist_quantile_us(&b, percent / 100.0))),
			hist_slot_high_us(hist_slot(hist_quantile_us(&a, percent / 100.0))));
}
END_TEST

START_TEST(an_empty_histogram_comes_back_empty)
{
	static struct hist empty;
	hist_init(&empty);
	hist_init(&a);
	ck_assert(there_and_back());
	ck_assert_mem_eq(&b, &empty, sizeof b);
}
END_TEST

START_TEST(the_ends_of_the_range_come_back)
{
	hist_init(&a);
	hist_add(&a, 0);
	hist_add(&a, UINT64_MAX); /* counted at the hour */
	check_counts_came_back();
	ck_assert_uint_eq(b.min_us, 0);
	ck_assert_uint_eq(b.max_us, hist_slot_high_us(hist_slot(HIST_MAX_US)));
}
END_TEST

START_TEST(every_slot_in_use_comes_back)
{
	hist_init(&a);
	for (uint32_t slot = 0; slot <= hist_slot(HIST_MAX_US); slot++)
		hist_add(&a, hist_slot_low_us(slot));
	check_counts_came_back();
}
END_TEST

/* Counts whose ZigZag form fills 1 to 9 bytes. */
START_TEST(counts_of_every_length_come_back)
{
	hist_init(&a);
	hist_add(&a, 1);
	uint64_t count = (UINT64_C(1) << _i) - 1;
	a.slots[1] = count ? count : 1;
	a.count = a.slots[1];
	check_counts_came_back();
}
END_TEST

START_TEST(the_sum_comes_back_within_a_thousandth)
{
	hist_init(&a);
	for (uint64_t us = 1; us < 3000000; us += 999)
		hist_add(&a, us);
	ck_assert(there_and_back());
	ck_assert_double_eq_tol(hist_mean_us(&b), hist_mean_us(&a), hist_mean_us(&a) / 1000);
}
END_TEST

START_TEST(a_full_buffer_is_said)
{
	hist_init(&a);
	hist_add(&a, 5);
	struct buf text;
	buf_init(&text, 20);
	ck_assert(!hdr_encode(&a, &text));
	buf_fini(&text);
	buf_init(&text, 20);
	ck_assert(!hdr_log_line(&text, "x", 0, 1, &a));
	buf_fini(&text);
}
END_TEST

START_TEST(a_log_begins_with_its_version_and_start)
{
	struct buf log;
	buf_init(&log, TEXT_MAX);
	hdr_log_header(&log, 1441812279.474);
	ck_assert_str_eq(log.ptr, "#[Histogram log format version 1.2]\n"
				  "#[StartTime: 1441812279.474 (seconds since epoch), "
				  "Wed Sep 09 15:24:39 UTC 2015]\n"
				  "#[Values in microseconds]\n"
				  "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
				  "\"Interval_Compressed_Histogram\"\n");
	buf_fini(&log);
}
END_TEST

START_TEST(a_log_line_names_tag_start_length_and_maximum)
{
	struct buf log;
	buf_init(&log, TEXT_MAX);
	hist_init(&a);
	hist_add(&a, 2500);
	ck_assert(hdr_log_line(&log, "service", 1.5, 1, &a));
	const char *head = "Tag=service,1.500,1.000,2500.000,HISTFAAA";
	ck_assert_int_eq(strncmp(log.ptr, head, strlen(head)), 0);
	ck_assert_int_eq(log.ptr[log.len - 1], '\n');
	struct span text = span_of_buf(&log);
	span_skip(&text, strlen("Tag=service,1.500,1.000,2500.000,"));
	text.len--;
	ck_assert(hdr_decode(text, &b));
	ck_assert_uint_eq(b.count, 1);

	size_t tagged = log.len;
	ck_assert(hdr_log_line(&log, NULL, 2.5, 1, &a));
	ck_assert_int_eq(strncmp(log.ptr + tagged, "2.500,1.000,2500.000,HIST", 25), 0);
	buf_fini(&log);
}
END_TEST

/* --write */

static void print_expected(const char *tag, const struct hist *h)
{
	/* Those that HistogramLogProcessor prints. */
	static const double percents[] = {50, 90, 99, 99.9, 99.99, 100};
	for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
		uint64_t us = hist_quantile_us(h, percents[i] / 100);
		printf("quantile %s %g %llu\n", tag, percents[i],
		       (unsigned long long)hist_slot_high_us(hist_slot(us)));
	}
	uint64_t below = 0;
	for (uint32_t slot = h->lo; slot < h->hi; slot++) {
		below += h->slots[slot];
		if (h->slots[slot])
			printf("below %s %llu %llu\n", tag,
			       (unsigned long long)hist_slot_high_us(slot),
			       (unsigned long long)below);
	}
}

/* Two intervals a tag: the second interval's values are twice as large. */
static int write_log(const char *path)
{
	static const struct {
		const char *tag;
		unsigned bits; /* values up to 2^bits - 1 us */
		unsigned count;
	} series[] = {{"intended", 31, 50000}, {"service", 14, 12345}, {"connect", 10, 100}};
	struct rng rng = {.state = 42};
	struct buf log;
	buf_init(&log, TEXT_MAX);
	hdr_log_header(&log, 1700000000.5);
	bool ok = true;
	for (size_t s = 0; s < sizeof series / sizeof *series; s++) {
		hist_init(&b);
		for (unsigned interval = 0; interval < 2; interval++) {
			hist_init(&a);
			for (unsigned i = 0; i < series[s].count; i++)
				hist_add(&a, (rng_next(&rng) >>
					      (64 - 1 - rng_below(&rng, series[s].bits)))
						     << interval);
			ok &= hdr_log_line(&log, series[s].tag, interval, 1, &a);
			hist_merge(&b, &a);
		}
		print_expected(series[s].tag, &b);
	}
	FILE *file = ok ? fopen(path, "w") : NULL;
	ok = file && fwrite(log.ptr, 1, log.len, file) == log.len;
	ok = file && fclose(file) == 0 && ok;
	buf_fini(&log);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static TCase *tests(void)
{
	TCase *t = tcase_create("hdr");
	tcase_add_loop_test(t, counts_of_any_size_come_back, 0, 20);
	tcase_add_test(t, an_empty_histogram_comes_back_empty);
	tcase_add_test(t, the_ends_of_the_range_come_back);
	tcase_add_test(t, every_slot_in_use_comes_back);
	tcase_add_loop_test(t, counts_of_every_length_come_back, 0, 64);
	tcase_add_test(t, the_sum_comes_back_within_a_thousandth);
	tcase_add_test(t, a_full_buffer_is_said);
	tcase_add_test(t, a_log_begins_with_its_version_and_start);
	tcase_add_test(t, a_log_line_names_tag_start_length_and_maximum);
	return t;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_log(argv[2]);
	Suite *suite = suite_create("hdr");
	suite_add_tcase(suite, tests());
	return suite_run(suite);
}
