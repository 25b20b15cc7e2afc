/* parse: requests out of bytes, and an answer owed for each. Half of session, that which knows
 * libhttp-parser's callbacks. */
#ifndef BRINK_TARGET_PARSE_H
#define BRINK_TARGET_PARSE_H

#include "tools/target/session.h"

/* Takes what has come for a connection with an exchange. False: more than EXCHANGE_PARKED_MAX
 * bytes would wait to be parsed, or there is no memory for them or for an answer. */
bool parse_bytes(struct server *s, struct session *c, struct span bytes);

/* Goes on where too many answers were owed; false as above. */
bool parse_resume(struct server *s, struct session *c);

#endif
