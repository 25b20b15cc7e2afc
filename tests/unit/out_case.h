/* The text report as tests of out/ look at it: rendered whole, and searched line by line. */
#ifndef BRINK_TESTS_OUT_CASE_H
#define BRINK_TESTS_OUT_CASE_H

#include "out/out.h"
#include "summary_fixture.h"

#include <regex.h>

/* The text report, with the lines that stand before the load; frees the summary. */
static inline char *report(struct summary *s)
{
	char *opening = NULL;
	size_t len;
	FILE *to = open_memstream(&opening, &len);
	ck_assert_ptr_nonnull(to);
	out_text_opening(s, to);
	fclose(to);
	struct buf out;
	buf_init(&out, REPORT_MAX);
	buf_puts(&out, opening);
	out_form_find("text")->render(s, &out);
	ck_assert(!out.cut);
	free(opening);
	free(s);
	return out.ptr;
}

static inline bool matches(const char *text, const char *pattern)
{
	regex_t compiled;
	ck_assert_int_eq(regcomp(&compiled, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB), 0);
	bool found = !regexec(&compiled, text, 0, NULL, 0);
	regfree(&compiled);
	return found;
}

#define SAYS(text, pattern)                                                                        \
	ck_assert_msg(matches(text, pattern), "no line \"%s\" in:\n%s", pattern, text)
#define SAYS_NOT(text, pattern)                                                                    \
	ck_assert_msg(!matches(text, pattern), "a line \"%s\" in:\n%s", pattern, text)

#endif
