/* nearest: which of some names a misspelt one was probably meant to be. Pure; any thread. */
#ifndef BRINK_BASE_NEAREST_H
#define BRINK_BASE_NEAREST_H

#define NEAREST_NAME_MAX 40 /* longer names are never near */

struct nearest {
	const char *wanted; /* set by the caller, the rest zero */
	const char *found;  /* the best of those offered; NULL when none is near */
	unsigned distance;
};

/* Takes the candidate when it is closer than those before: `wanted` begins it, or it is at most
 * one edit away for every three letters (edits: change, add, drop, swap neighbours). */
void nearest_offer(struct nearest *n, const char *candidate);

#endif
