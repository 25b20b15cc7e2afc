#include "tools/target/secure.h"

#include "base/mono.h"
#include "tools/target/ending.h"
#include "tools/target/server.h"
#include "tools/target/framed.h"

#include <errno.h>

#define HANDSHAKE_NS (10 * NS_PER_S)

static bool sealed(struct server *s, const struct session *c)
{
	return s->target->tls && !channel_is_transparent(&s->channels, session_slot(s, c));
}

int secure_init(struct server *s, struct err *err)
{
	const struct target *t = s->target;
	return t->tls ? channels_init(&s->channels, s->ring, t->tls, t->ktls, s->slots, err) : 0;
}

void secure_fini(struct server *s)
{
	channels_fini(&s->channels);
}

/* --- the handshake ---------------------------------------------------------------------- */

static void fail(struct server *s, struct session *c)
{
	if (c->state == SESSION_SHAKING)
		count_add(&s->counts, COUNT_TLS_FAILED, 1);
	ending_now(s, c, false);
}

bool secure_accepted(struct server *s, struct session *c)
{
	uint32_t slot = session_slot(s, c);
	if (!s->target->tls)
		return false;
	c->state = SESSION_SHAKING;
	due_set(&s->due, slot, s->now_ns + HANDSHAKE_NS);
	if (!channel_begin(&s->channels, slot, 0))
		fail(s, c);
	return true;
}

static void shaken(struct server *s, struct session *c)
{
	count_add(&s->counts, s->channels.resumed ? COUNT_TLS_RESUMED : COUNT_TLS_FULL, 1);
	due_clear(&s->due, session_slot(s, c));
	session_begin(s, c);
}

/* --- receiving -------------------------------------------------------------------------- */

/* Acts on what the channel tells; false: there is nothing more to be had from it now. */
static bool follow(struct server *s, struct session *c, enum channel_event event, struct span data)
{
	switch (event) {
	case CHANNEL_OPEN:
		shaken(s, c);
		return true;
	case CHANNEL_DATA:
		session_bytes(s, c, data);
		return true;
	case CHANNEL_CLOSED:
		c->peer_done = true;
		return false;
	case CHANNEL_FAILED:
	case CHANNEL_REFUSED:
		fail(s, c);
		return false;
	case CHANNEL_WORKING:
	case CHANNEL_DRAINED:
		break;
	}
	return false;
}

void secure_received(struct server *s, struct session *c, struct span in, uint8_t record)
{
	uint32_t slot = session_slot(s, c);
	enum channel_event event;
	struct span data;
	do {
		data = (struct span){0};
		event = channel_read(&s->channels, slot, &in, record, &data);
	} while (follow(s, c, event, data) && session_alive(c) && c->state != SESSION_MUTE);
	if (sealed(s, c) && session_alive(c) && !channel_flush(&s->channels, slot))
		fail(s, c);
}

void secure_lost(struct server *s, struct session *c, int32_t res)
{
	if (res != -ENOBUFS || !ring_receive_once(s->ring, session_slot(s, c)))
		fail(s, c);
}

void secure_handed_over(struct server *s, struct session *c, int32_t res)
{
	enum channel_event event = channel_handed_over(&s->channels, session_slot(s, c), res);
	if (follow(s, c, event, (struct span){0}))
		secure_received(s, c, (struct span){0}, 0);
}

/* --- sending ---------------------------------------------------------------------------- */

/* Where the bytes under way are noted; NULL: nobody waits for them. */
static uint32_t *sealed_bytes(const struct session *c)
{
	if (session_is_framed(c))
		return &c->framed->sealed;
	return c->exchange ? &c->exchange->sealed : NULL;
}

bool secure_send(struct server *s, struct session *c, struct span bytes)
{
	uint32_t slot = session_slot(s, c);
	if (!sealed(s, c))
		return ring_send(s->ring, slot, bytes, 0) != RING_REFUSED;
	if (bytes.len > CHANNEL_PIECE)
		bytes.len = CHANNEL_PIECE;
	*sealed_bytes(c) = (uint32_t)bytes.len;
	return channel_write(&s->channels, slot, bytes, false) != RING_REFUSED;
}

size_t secure_sent(struct server *s, struct session *c, int32_t res)
{
	if (!sealed(s, c))
		return (size_t)res;
	enum channel_event event = channel_sent(&s->channels, session_slot(s, c), res);
	uint32_t *bytes = sealed_bytes(c);
	if (event == CHANNEL_DRAINED && bytes) {
		size_t sent = *bytes;
		*bytes = 0;
		return sent;
	}
	if (follow(s, c, event, (struct span){0}))
		secure_received(s, c, (struct span){0}, 0);
	return 0;
}

void secure_rest(struct server *s, const struct session *c)
{
	if (s->target->tls)
		channel_rest(&s->channels, session_slot(s, c));
}

void secure_finish(struct server *s, const struct session *c)
{
	if (s->target->tls)
		channel_close(&s->channels, session_slot(s, c), (struct span){0});
}

void secure_closed(struct server *s, const struct session *c)
{
	if (s->target->tls)
		channel_drop(&s->channels, session_slot(s, c));
}
