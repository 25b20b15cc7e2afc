/* field: names and values of HTTP's fields, alike in every version (RFC 9110 section 5).
 *
 * Spans borrow their bytes, and nothing is kept; any thread. */
#ifndef BRINK_BASE_FIELD_H
#define BRINK_BASE_FIELD_H

#include "base/span.h"

/* Section 5.6.2: a name, a method, a subprotocol. The empty one is none. */
bool field_is_token(struct span s);

/* Without the blanks and tabs at either end, section 5.6.3. */
struct span field_trim(struct span s);

/* Whether it is this name, or word, in whatever case. */
bool field_is(struct span s, const char *known);

/* Whether one of the lines "Name: value" has this name. */
bool field_is_given(const char *const *lines, unsigned count, const char *name);

#endif
