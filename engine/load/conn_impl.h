/* conn_impl: what conn.c, conn_talk.c and conn_tls.c share. Nobody else includes it. */
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

/* It can carry requests: counts it, and lets it. Or it never will: RING_CLOSED follows. */
void conn_stands(struct worker *w, uint32_t id); /* or begins to greet */
void conn_ready(struct worker *w, uint32_t id);  /* it did */
void conn_serves(struct worker *w, uint32_t id);
void conn_fails(struct worker *w, uint32_t id, enum outcome outcome);

/* conn_talk.c: waits for what the peer sends, or for its end, as the plan has it. Where the ring
 * takes nothing, the life ends and the answer is false. */
bool conn_arm(struct worker *w, uint32_t id);
void conn_write(struct worker *w, uint32_t id); /* conn.out_at up to out_end */
void conn_sent(struct worker *w, uint32_t id, int res);
void conn_drained(struct worker *w, uint32_t id, size_t bytes);   /* so many more were sent */
void conn_feed(struct worker *w, uint32_t id, struct span in);    /* plain data */
void conn_finished(struct worker *w, uint32_t id, bool properly); /* the peer's end */
void conn_broken(struct worker *w, uint32_t id, enum outcome outcome);
void conn_received(struct worker *w, uint32_t id, const struct ring_event *e);
void conn_readable(struct worker *w, uint32_t id, int res);

/* conn_speak.c: protocols whose bytes are not all ready beforehand. */
bool conn_speaks(const struct worker *w);            /* the plan's is one */
bool conn_begin_talk(struct worker *w, uint32_t id); /* the transport stands; false: no memory */
void conn_speak(struct worker *w, uint32_t id);      /* writes what there is to say */
void conn_say_last(struct worker *w, uint32_t id);   /* and nothing after that */
void conn_leave(struct worker *w, uint32_t id);      /* takes leave; ring_close is next */
void conn_drop_talk(struct worker *w, uint32_t id);  /* after RING_CLOSED */
void conn_rest(struct worker *w, uint32_t id);       /* idle for long */

/* conn_tls.c: bytes pass through a channel that seals and opens them. */
bool conn_sealed(const struct worker *w, uint32_t id);

/* How many of the bytes that are left to write are sealed at once. */
static inline size_t conn_piece_of(size_t left)
{
	return left < CHANNEL_PIECE ? left : CHANNEL_PIECE;
}

void conn_shake(struct worker *w, uint32_t id); /* the transport stands */
void conn_shake_fails(struct worker *w, uint32_t id, enum tls_reason reason);
void conn_shake_received(struct worker *w, uint32_t id, const struct ring_event *e);
void conn_tls_pass(struct worker *w, uint32_t id, struct span in, uint8_t record);
void conn_tls_sent(struct worker *w, uint32_t id, int res);
void conn_tls_handed_over(struct worker *w, uint32_t id, int res);
void conn_tls_rest(struct worker *w, uint32_t id); /* idle for long */

#endif
