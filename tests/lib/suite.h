/* suite: how a program of unit tests ends: its one suite is run, as Check's environment says. */
#ifndef BRINK_TESTS_SUITE_H
#define BRINK_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* The exit code of main. The suite is freed. */
static inline int suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
