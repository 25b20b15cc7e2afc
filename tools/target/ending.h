/* ending: how a connection comes to its end. Each may be called at any time: one that is being
 * closed already is left alone. */
#ifndef BRINK_TARGET_ENDING_H
#define BRINK_TARGET_ENDING_H

#include "tools/target/session.h"

void ending_now(struct server *s, struct session *c, bool reset);

/* FIN, and closed once the peer has closed too or has had its time. */
void ending_politely(struct server *s, struct session *c);

/* Resets a connection that asks for more than it may have, or than there is memory for. */
void ending_overrun(struct server *s, struct session *c);

#endif
