/* channel: a TLS connection on a slot of a ring: what lies between the transport's events and
 * plain data. Client and server alike; this module alone joins tls/ with io/.
 *
 * A channel lives from the moment the transport stands until the slot's RING_CLOSED. Where both
 * directions were handed to the kernel, nothing is left of it but a mark that all such
 * connections share. Channels come from a pool; all of it belongs to one thread. */
#ifndef BRINK_LOAD_CHANNEL_H
#define BRINK_LOAD_CHANNEL_H

#include "base/pool.h"
#include "io/ring.h"
#include "tls/ktls.h"
#include "tls/session.h"

#define CHANNEL_PIECE (64u << 10) /* plain bytes that are sealed at once, at most */

/* What the channels of a thread share, and what the latest event tells of its channel. */
struct channels {
	struct ring *ring;
	struct tls_pool *tls;
	struct pool pool;
	struct channel **by_slot; /* NULL: none */
	uint32_t slots;
	struct buf said; /* by tls/ in answer to what was read */
	bool ktls;       /* keys are handed to the kernel */

	bool resumed;           /* CHANNEL_OPEN: the handshake was */
	enum tls_reason reason; /* CHANNEL_FAILED */
};

/* Whether keys are to be handed to the kernel, as far as it and its rings can: *ret. `note` says in
 * one line why they are not; empty where they are. -1: they must be, and cannot. Any thread. */
int channels_choose_ktls(bool *ret, enum ktls_wish wish, char *note, size_t len, struct err *err);

/* `slots` of the ring's; `ktls` as it was chosen. After an error channels_fini is called too. */
int channels_init(struct channels *cs, struct ring *ring, struct tls_context *context, bool ktls,
		  uint32_t slots, struct err *err);
void channels_fini(struct channels *cs); /* after the ring was freed; zeroed ones are fine */

enum channel_event {
	CHANNEL_WORKING, /* nothing for the caller to do but to receive on */
	CHANNEL_OPEN,    /* the handshake is over: the caller calls channel_read until it works,
			  * then receives as he likes, and may write */
	CHANNEL_DATA,    /* plain data in `ret`, valid until the next call; call again */
	CHANNEL_DRAINED, /* what was written has been sent */
	CHANNEL_CLOSED,  /* the peer's close_notify */
	CHANNEL_FAILED,  /* channels->reason says why; an alert may be on its way */
	CHANNEL_REFUSED, /* the ring takes nothing, or memory is short: our side's own fault */
};

/* The transport stands: begins the handshake, which receives for itself until the channel is
 * open. `number` picks a certificate. False: no memory, or the ring takes nothing; to be dropped
 * all the same. */
bool channel_begin(struct channels *cs, uint32_t slot, uint64_t number);

/* Bytes received: to be called with the same `in` until the answer is neither DATA nor OPEN.
 * `record` is the event's. */
enum channel_event channel_read(struct channels *cs, uint32_t slot, struct span *in, uint8_t record,
				struct span *ret);

/* A RING_SENT that went well, or a RING_HANDED_OVER. */
enum channel_event channel_sent(struct channels *cs, uint32_t slot, int res);
enum channel_event channel_handed_over(struct channels *cs, uint32_t slot, int res);

/* Open, and its bytes are the kernel's to seal and open: plain sends do. So they do without a
 * channel. */
bool channel_is_transparent(const struct channels *cs, uint32_t slot);

/* Writes at most CHANNEL_PIECE plain bytes on an open channel that is not transparent. Where it
 * answers RING_REPORTS, CHANNEL_DRAINED follows. `quiet` is a wish as RING_QUIET is: nothing that
 * was written before is unanswered. */
enum ring_sending channel_write(struct channels *cs, uint32_t slot, struct span plain, bool quiet);

/* Sends what the handshake has left to say where nothing was written behind it. False: refused. */
bool channel_flush(struct channels *cs, uint32_t slot);

/* Tells the peer that nothing follows but `last`, plain bytes of a channel that is not transparent,
 * as far as that is possible at once; ring_close is next. Nothing where there is no channel. */
void channel_close(struct channels *cs, uint32_t slot, struct span last);

/* Gives back what an idle connection does without. */
void channel_rest(struct channels *cs, uint32_t slot);

size_t channel_bytes(bool ktls); /* user memory of an idle one, whose keys stay here or do not */

/* After RING_CLOSED: forgets it, wipes its keys. */
void channel_drop(struct channels *cs, uint32_t slot);

#endif
