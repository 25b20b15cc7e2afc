/* redact: what reports and logs must not repeat. Pure; any thread. */
#ifndef BRINK_RUN_REDACT_H
#define BRINK_RUN_REDACT_H

#include <stddef.h>

/* Copies a path with its query, with `***` for the value of every parameter whose name speaks of
 * a secret (token, key, secret, pass, auth, sig, session, code), in any case. What does not fit
 * is cut off. */
void redact_query(char *out, size_t size, const char *path);

#endif
