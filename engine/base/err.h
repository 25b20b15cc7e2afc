/* err: what went wrong in set-up, in words for the operator, and what to do next.
 *
 * For set-up code only. While load runs, a refused connection is data (stat/outcome.h), and a
 * broken assumption of our own is an assert. The caller owns the struct; any thread. */
#ifndef BRINK_BASE_ERR_H
#define BRINK_BASE_ERR_H

enum err_kind {
	ERR_NONE,
	ERR_RUNTIME,  /* exit 1 */
	ERR_USAGE,    /* exit 2: a flag, a value, a file of the user's */
	ERR_REFUSED,  /* exit 4: a guard or the preflight said no */
	ERR_INTERNAL, /* exit 70 */
};

struct err {
	enum err_kind kind;
	char text[512];
	char hint[512]; /* empty, or the way out */
};

/* Fills err and returns -1, so that set-up code can `return err_set(...)`. */
int err_set(struct err *err, enum err_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds the way out to an err just set; returns -1 as well. */
int err_hint(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The exit code of the process that ends on this error. */
int err_exit_code(const struct err *err);

#endif
