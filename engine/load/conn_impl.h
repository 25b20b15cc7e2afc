/* conn_impl: what conn.c and conn_talk.c share. Nobody else includes it. */
#ifndef BRINK_LOAD_CONN_IMPL_H
#define BRINK_LOAD_CONN_IMPL_H

#include "load/flight.h"

/* conn.c: a life ends; RING_CLOSED follows. */
void conn_close(struct worker *w, uint32_t id, bool reset);

/* The same for one that was lost: a hold closes it later (conn_close_lost). */
void conn_lose(struct worker *w, uint32_t id);

/* The deadline that its state and requests ask for. */
void conn_set_deadline(struct worker *w, uint32_t id);
void conn_pause_until(struct worker *w, uint32_t id, uint64_t until_ns);

/* The generator's own fault: the ring takes nothing. */
void conn_refused(struct worker *w, uint32_t id);

/* conn_talk.c: waits for what the peer sends, or for its end, as the plan has it. Where the ring
 * takes nothing, the life ends and the answer is false. */
bool conn_arm(struct worker *w, uint32_t id);
void conn_sent(struct worker *w, uint32_t id, int res);
void conn_received(struct worker *w, uint32_t id, const struct ring_event *e);
void conn_readable(struct worker *w, uint32_t id, int res);

#endif
