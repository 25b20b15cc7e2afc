/* A log of jHiccup's, in V2 but of another shape: 2 digits, 20 us to 1 hour, in ns. Reading it as
 * ours would make up latencies; it must be refused. */
#include "stat/hdr.h"
#include "tests/lib/suite.h"

#include <stdio.h>
#include <stdlib.h>

#define EXIT_SKIPPED 77

static FILE *log_file;

START_TEST(histograms_of_another_shape_are_refused_and_leave_nothing_behind)
{
	static struct hist h, empty;
	hist_init(&empty);
	hist_init(&h);
	char line[8192];
	unsigned lines = 0;
	while (fgets(line, sizeof line, log_file)) {
		const char *text = strstr(line, "HIST");
		if (!text)
			continue;
		hist_add(&h, 1);
		ck_assert(!hdr_decode((struct span){text, strcspn(text, "\r\n")}, &h));
		ck_assert_mem_eq(&h, &empty, sizeof h);
		lines++;
	}
	ck_assert_uint_ge(lines, 50);
}
END_TEST

static FILE *open_log(void)
{
	const char *dir = getenv("BRINK_TEST_DATA");
	char path[4096];
	snprintf(path, sizeof path, "%s/hdr/jHiccup-2.0.7S.logV2.hlog",
		 dir ? dir : "../shared/data");
	return fopen(path, "r");
}

int main(void)
{
	log_file = open_log();
	if (!log_file) {
		puts("SKIP: no hdr/*.hlog under ../shared/data or $BRINK_TEST_DATA");
		return EXIT_SKIPPED;
	}
	TCase *all = tcase_create("hdr vectors");
	tcase_add_test(all, histograms_of_another_shape_are_refused_and_leave_nothing_behind);
	Suite *suite = suite_create("hdr vectors");
	suite_add_tcase(suite, all);
	int code = suite_run(suite);
	fclose(log_file);
	return code;
}
