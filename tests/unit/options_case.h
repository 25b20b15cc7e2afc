/* A command line of `brink run`, given as one text with blanks between its words. */
#ifndef BRINK_TESTS_OPTIONS_CASE_H
#define BRINK_TESTS_OPTIONS_CASE_H

#include "tools/options.h"

#include <check.h>
#include <stdlib.h>

#define WORDS_MAX 512

struct line {
	struct invocation in;
	char *text;
	int argc;
	char *argv[WORDS_MAX];
};

static inline struct line *line_of(const char *text)
{
	struct line *l = calloc(1, sizeof *l);
	ck_assert_ptr_nonnull(l);
	char *rest = l->text = strdup(text);
	l->argv[l->argc++] = strdup("run");
	for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " "))
		if (*word)
			l->argv[l->argc++] = word;
	return l;
}

/* Gives up what understood() returned. */
static inline void done(struct invocation *in)
{
	struct line *l = (struct line *)in; /* its first member */
	options_fini(in);
	free(l->argv[0]);
	free(l->text);
	free(l);
}

static inline struct invocation *understood(const char *text)
{
	struct err err = {0};
	struct line *l = line_of(text);
	int result = options_parse(&l->in, OPTIONS_RUN, l->argc, l->argv, &err);
	ck_assert_msg(result == 0, "%s: %s", text, err.text);
	return &l->in;
}

/* Is refused at the latest when it is settled, as a usage error that holds both words. */
static inline struct err refused(const char *text, const char *one, const char *two)
{
	struct err err = {0};
	struct line *l = line_of(text);
	int result = options_parse(&l->in, OPTIONS_RUN, l->argc, l->argv, &err) ||
		     options_settle_run(&l->in, &err);
	ck_assert_msg(result != 0, "%s: not refused", text);
	ck_assert_int_eq(err_exit_code(&err), 2);
	ck_assert_msg(strstr(err.text, one) && strstr(err.text, two), "%s: %s", text, err.text);
	ck_assert_msg(err.hint[0] != '\0', "%s: no hint", text);
	done(&l->in);
	return err;
}

/* No variable of the caller's may decide a test. */
static inline void unset_all(void)
{
	for (unsigned i = 0; i < option_count; i++) {
		char name[OPTION_VARIABLE];
		unsetenv(option_variable(name, &options[i]));
	}
}

#endif
