/* deliver: the answers that a connection owes, onto the wire, each not before its time. Half of
 * session, that which sends. */
#ifndef BRINK_TARGET_DELIVER_H
#define BRINK_TARGET_DELIVER_H

#include "tools/target/session.h"

/* Sends what can be sent now, and has parsed what waited for that; may end the connection. */
void deliver_owed(struct server *s, struct session *c);

/* The kernel took bytes of the first answer owed. */
void deliver_took(struct server *s, struct session *c, size_t bytes);

#endif
