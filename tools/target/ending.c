#include "tools/target/ending.h"

#include "base/mono.h"
#include "tools/target/secure.h"
#include "tools/target/server.h"

#define LINGER_NS NS_PER_S /* how long a peer may take to close after our FIN */

void ending_now(struct server *s, struct session *c, bool reset)
{
	if (!session_alive(c))
		return;
	if (!reset && !c->peer_done && c->state != SESSION_MUTE)
		secure_finish(s, c);
	c->state = SESSION_CLOSING;
	due_clear(&s->due, session_slot(s, c));
	ring_close(s->ring, session_slot(s, c), reset);
}

/* RFC 9112 9.6: a peer that may still be sending must get the answer before a reset does. */
void ending_politely(struct server *s, struct session *c)
{
	if (c->peer_done || c->peer_closes) {
		ending_now(s, c, false);
		return;
	}
	secure_finish(s, c);
	c->state = SESSION_MUTE;
	c->lingering = true;
	ring_shutdown(s->ring, session_slot(s, c));
	due_set(&s->due, session_slot(s, c), s->now_ns + LINGER_NS);
}

void ending_overrun(struct server *s, struct session *c)
{
	count_add(&s->counts, COUNT_OVERRUNS, 1);
	ending_now(s, c, true);
}
