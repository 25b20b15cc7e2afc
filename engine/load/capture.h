/* capture: a value out of an answer's JSON. Pure but for the heap; any thread. */
#ifndef BRINK_LOAD_CAPTURE_H
#define BRINK_LOAD_CAPTURE_H

#include "base/err.h"
#include "load/mix.h"

/* The path is "$.order.id" or "$.list[0].id"; strings, whole numbers and booleans count, where they
 * are visible ASCII and fit. False, and *ret as it was: there is no such value. */
bool capture(struct captured *ret, struct span body, const char *path);

/* -1 with a usage error: not such a path. */
int capture_check(const char *path, struct err *err);

#endif
