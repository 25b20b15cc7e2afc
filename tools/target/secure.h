/* secure: TLS of the target's connections: the handshake, and the way of bytes through a channel.
 * Without TLS every function here is a plain send, or nothing. */
#ifndef BRINK_TARGET_SECURE_H
#define BRINK_TARGET_SECURE_H

#include "tools/target/session.h"

int secure_init(struct server *s, struct err *err); /* after the ring was opened */
void secure_fini(struct server *s);                 /* after it was freed */

/* A connection was accepted: true where a handshake comes first. */
bool secure_accepted(struct server *s, struct session *c);

/* Events of the ring while there is a channel. */
void secure_received(struct server *s, struct session *c, struct span in, uint8_t record);
void secure_lost(struct server *s, struct session *c, int32_t res); /* within the handshake */
void secure_handed_over(struct server *s, struct session *c, int32_t res);

/* Sends from the front of `bytes`; RING_SENT tells of it, through secure_sent: how many of them
 * are gone, 0: none yet, or none of ours. */
bool secure_send(struct server *s, struct session *c, struct span bytes);
size_t secure_sent(struct server *s, struct session *c, int32_t res);

void secure_rest(struct server *s, const struct session *c);   /* nothing is owed */
void secure_finish(struct server *s, const struct session *c); /* our end comes next: says so */
void secure_closed(struct server *s, const struct session *c);

#endif
