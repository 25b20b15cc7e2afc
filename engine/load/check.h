/* check: what an answer must say beside its status: rules that are compiled once, and how an answer
 * fares by them. It tells nothing apart that it was not given: an answer longer than what is kept
 * of it (load/ear.h) is judged by what is there, where that decides it.
 *
 * Rules are the caller's, immutable while load runs, and hold no memory of the heap. A set of them
 * is a word of a bit each, so that the requests of a mix share them. Pure but for the heap; any
 * thread. */
#ifndef BRINK_LOAD_CHECK_H
#define BRINK_LOAD_CHECK_H

#include "base/err.h"
#include "base/span.h"
#include "load/json_path.h"

#include <stdint.h>

#define CHECKS_MAX     32u /* stat/tally.h counts so many */
#define CHECK_TEXT_MAX 256u
#define CHECK_ALL      1.0

enum check_kind { CHECK_BODY, CHECK_JSON, CHECK_HEADER };
enum check_how { CHECK_IS_THERE, CHECK_IS, CHECK_IS_NOT };
enum check_type { CHECK_NULL, CHECK_BOOL, CHECK_WHOLE, CHECK_REAL, CHECK_STRING };

struct check {
	enum check_kind kind;
	enum check_how how;
	char text[CHECK_TEXT_MAX]; /* as it was given */
	char name[JSON_PATH_MAX];  /* JSON: the path; HEADER: its name */
	enum check_type type;      /* JSON: of the value */
	int64_t whole;             /* WHOLE; BOOL: 0 or 1 */
	double real;
	char value[CHECK_TEXT_MAX]; /* STRING, HEADER, BODY; may have NULs in JSON's case */
	size_t value_len;
};

struct checks {
	unsigned count;
	struct check of[CHECKS_MAX];
	uint32_t common; /* those that every request's answer is held to */
	double share;    /* of the answers that are looked at, above 0; 0: all */
};

/* Adds a rule, or finds the same one: *ret is its bit. -1 with a usage error: `text` is none.
 *   BODY    some text, which stands somewhere in the body
 *   JSON    "$.a.b" (it is there), "$.a.b=1", "$.a.b!=1"; the value is a number, true, false, null
 *           or a string, in quotes where it would be one of the others
 *   HEADER  "Name" (it is there), "Name: value" (one of that name says just this) */
int check_add(struct checks *c, enum check_kind kind, const char *text, uint32_t *ret,
	      struct err *err);

/* "json $.a.b=1", cut to fit; returns out. */
#define CHECK_LABEL_MAX (CHECK_TEXT_MAX + 32)
char *check_label(char *out, const struct check *c);

struct check_answer {
	struct span head; /* lines, however they end; a first one of HTTP/1.1 is passed over */
	struct span body;
	bool cut; /* there was more of the body */
};

enum check_verdict {
	CHECK_HOLDS,
	CHECK_FAILS,
	CHECK_OPEN, /* what is there does not decide it */
};

/* Holds an answer to the rules of `set`, in their order, to the first that fails. *ret_looked: the
 * rules that were decided; *ret_failed: the number of the one that failed. */
enum check_verdict check_judge(const struct checks *c, uint32_t set, const struct check_answer *a,
			       uint32_t *ret_looked, unsigned *ret_failed);

/* Whether the next of many answers is to be looked at: a share of them, as evenly spread as can be
 * and in step with nothing. `phase` is the caller's, from 0. */
bool check_is_due(const struct checks *c, uint64_t *phase);

#endif
