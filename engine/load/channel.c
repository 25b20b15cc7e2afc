#include "load/channel.h"

#include "base/mem.h"
#include "tls/record.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#define WIRE_MAX  (CHANNEL_PIECE + (64u << 10)) /* sealed bytes that wait: a piece, a handshake */
#define STASH_MAX (64u << 10)                   /* plain bytes that came with the handshake's end */

enum stage {
	SHAKING,
	SETTLING, /* the handshake is over; its last bytes go out, or a record is in pieces */
	HANDING,  /* the kernel is taking the keys */
	OPEN,
	IN_KERNEL,
};

/* What is on its way out. */
struct outward {
	struct buf filling, sending;
	size_t sent; /* bytes of `sending` */
};

/* What is needed until the kernel has the keys. */
struct handing {
	struct ktls_info tx, rx;
	struct buf stash; /* plain bytes that came meanwhile */
	bool told;        /* the caller has them */
};

struct channel {
	struct tls_session session;
	struct outward *out;     /* NULL: nothing is being sent */
	struct handing *handing; /* NULL: the keys stay here, or have gone */
	uint8_t stage;
	bool sending;
};

/* Every connection whose records are the kernel's. */
static struct channel in_kernel = {.stage = IN_KERNEL};

int channels_choose_ktls(bool *ret, enum ktls_wish wish, char *note, size_t len, struct err *err)
{
	char why[192];
	const char *lacks = wish == KTLS_OFF ? NULL : ring_no_hand_over();
	if (lacks)
		snprintf(why, sizeof why, "%s", lacks);
	*ret = wish != KTLS_OFF && !lacks && ktls_probe(why, sizeof why);
	if (wish == KTLS_ON && !*ret) {
		err_set(err, ERR_REFUSED, "--ktls on: %s", why);
		return err_hint(err, "--ktls auto seals and opens records in user space instead");
	}
	snprintf(note, len, "%s%s",
		 *ret               ? ""
		 : wish == KTLS_OFF ? "kTLS is off as asked"
				    : "kTLS is not used: ",
		 *ret || wish == KTLS_OFF ? "" : why);
	return 0;
}

int channels_init(struct channels *cs, struct ring *ring, struct tls_context *context, bool ktls,
		  uint32_t slots, struct err *err)
{
	*cs = (struct channels){.ring = ring, .ktls = ktls, .slots = slots};
	pool_init(&cs->pool, (sizeof(struct channel) + 7) / 8 * 8, slots);
	buf_init(&cs->said, WIRE_MAX);
	cs->by_slot = mem_pages(slots * sizeof *cs->by_slot);
	if (!cs->by_slot)
		return err_set(err, ERR_RUNTIME, "no memory for TLS of %u connections", slots);
	return tls_pool_new(&cs->tls, context, err);
}

void channels_fini(struct channels *cs)
{
	if (!cs->ring)
		return;
	for (uint32_t slot = 0; cs->by_slot && slot < cs->slots; slot++)
		channel_drop(cs, slot);
	mem_pages_free(cs->by_slot, cs->slots * sizeof *cs->by_slot);
	tls_pool_free(cs->tls);
	buf_fini(&cs->said);
	pool_fini(&cs->pool);
}

size_t channel_bytes(bool ktls)
{
	return sizeof(struct channel *) + (ktls ? 0 : sizeof(struct channel));
}

bool channel_is_transparent(const struct channels *cs, uint32_t slot)
{
	const struct channel *c = cs->by_slot[slot];
	return !c || c->stage == IN_KERNEL;
}

/* --- memory ----------------------------------------------------------------------------- */

static struct outward *outward(struct channel *c)
{
	if (!c->out) {
		c->out = malloc(sizeof *c->out);
		if (!c->out)
			return NULL;
		*c->out = (struct outward){0};
		buf_init(&c->out->filling, WIRE_MAX);
		buf_init(&c->out->sending, WIRE_MAX);
	}
	return c->out;
}

static void drop_outward(struct channel *c)
{
	if (!c->out)
		return;
	buf_fini(&c->out->filling);
	buf_fini(&c->out->sending);
	free(c->out);
	c->out = NULL;
}

static void drop_handing(struct channel *c)
{
	if (!c->handing)
		return;
	buf_fini(&c->handing->stash);
	OPENSSL_cleanse(c->handing, sizeof *c->handing);
	free(c->handing);
	c->handing = NULL;
}

void channel_rest(struct channels *cs, uint32_t slot)
{
	struct channel *c = cs->by_slot[slot];
	if (c && c->stage == OPEN && !c->sending && c->out && !c->out->filling.len)
		drop_outward(c);
}

void channel_drop(struct channels *cs, uint32_t slot)
{
	struct channel *c = cs->by_slot[slot];
	cs->by_slot[slot] = NULL;
	if (!c || c == &in_kernel)
		return;
	tls_end(&c->session);
	drop_outward(c);
	drop_handing(c);
	pool_give(&cs->pool, c);
}

/* --- sending ---------------------------------------------------------------------------- */

static enum ring_sending send_rest(struct channels *cs, uint32_t slot, bool quiet)
{
	struct channel *c = cs->by_slot[slot];
	struct outward *o = c->out;
	struct span rest = {o->sending.ptr + o->sent, o->sending.len - o->sent};
	quiet &= rest.len <= RING_QUIET_MAX;
	enum ring_sending sending = ring_send(cs->ring, slot, rest, quiet ? RING_QUIET : 0);
	c->sending = sending == RING_REPORTS;
	return sending;
}

/* Sends what has been filled in, unless something is being sent: then it follows. */
static enum ring_sending push(struct channels *cs, uint32_t slot, bool quiet)
{
	const struct channel *c = cs->by_slot[slot];
	struct outward *o = c->out;
	if (!o || c->sending || !o->filling.len)
		return RING_REPORTS;
	struct buf sent = o->sending;
	o->sending = o->filling;
	o->filling = sent;
	o->filling.len = 0;
	o->sent = 0;
	return send_rest(cs, slot, quiet);
}

bool channel_flush(struct channels *cs, uint32_t slot)
{
	return push(cs, slot, false) != RING_REFUSED;
}

enum ring_sending channel_write(struct channels *cs, uint32_t slot, struct span plain, bool quiet)
{
	struct channel *c = cs->by_slot[slot];
	struct outward *o = outward(c);
	if (!o || !tls_write(cs->tls, &c->session, plain, &o->filling) || o->filling.cut)
		return RING_REFUSED;
	return push(cs, slot, quiet);
}

void channel_close(struct channels *cs, uint32_t slot, struct span last)
{
	struct channel *c = cs->by_slot[slot];
	if (!c)
		return;
	if (c->stage == IN_KERNEL) {
		ring_close_notify(cs->ring, slot);
	} else if (c->stage == OPEN && !c->sending && outward(c)) {
		if (last.len)
			tls_write(cs->tls, &c->session, last, &c->out->filling);
		tls_finish(cs->tls, &c->session, &c->out->filling);
		push(cs, slot, true);
	}
}

/* Queues what tls/ said in answer to what it read; of an open channel it goes with the next
 * write, or channel_flush. */
static bool answer(struct channels *cs, uint32_t slot)
{
	struct channel *c = cs->by_slot[slot];
	struct buf *said = &cs->said;
	if (said->len && outward(c))
		buf_append(&c->out->filling, said->ptr, said->len);
	bool kept = !said->cut && (!said->len || (c->out && !c->out->filling.cut));
	said->len = 0;
	return kept && (c->stage == OPEN || channel_flush(cs, slot));
}

/* --- handing over ----------------------------------------------------------------------- */

static enum channel_event open_here(struct channels *cs, struct channel *c)
{
	cs->resumed = c->session.resumed;
	c->stage = OPEN;
	return CHANNEL_OPEN;
}

static enum channel_event hand_over(struct channels *cs, uint32_t slot)
{
	struct channel *c = cs->by_slot[slot];
	struct handing *h = c->handing;
	ktls_info_of(&h->tx, &c->session.tx);
	ktls_info_of(&h->rx, &c->session.rx);
	struct ring_tls keys = {
		.tx = {(const char *)h->tx.bytes, h->tx.len},
		.rx = {(const char *)h->rx.bytes, h->rx.len},
	};
	c->stage = HANDING;
	return ring_hand_over(cs->ring, slot, &keys) ? CHANNEL_WORKING : CHANNEL_REFUSED;
}

/* The keys go once all that came before them has gone, both ways. Where a ticket is waited for,
 * or the peer does not come to the end of a record, they stay here. */
static enum channel_event settle(struct channels *cs, uint32_t slot)
{
	struct channel *c = cs->by_slot[slot];
	if (c->sending)
		return CHANNEL_WORKING;
	if (c->session.handshake || c->handing->stash.len > STASH_MAX / 2)
		return open_here(cs, c);
	if (tls_at_boundary(&c->session))
		return hand_over(cs, slot);
	return ring_receive_once(cs->ring, slot) ? CHANNEL_WORKING : CHANNEL_REFUSED;
}

enum channel_event channel_handed_over(struct channels *cs, uint32_t slot, int res)
{
	struct channel *c = cs->by_slot[slot];
	if (res < 0)
		return CHANNEL_REFUSED;
	cs->resumed = c->session.resumed;
	tls_end(&c->session);
	drop_outward(c);
	c->stage = IN_KERNEL; /* and of no further use, once its stash was told */
	return CHANNEL_OPEN;
}

/* --- receiving -------------------------------------------------------------------------- */

/* What came before the hand-over; true with data. */
static bool tell_stash(struct channels *cs, uint32_t slot, struct span *ret)
{
	struct channel *c = cs->by_slot[slot];
	struct handing *h = c->handing;
	if (!h)
		return false;
	if (h->stash.len && !h->told) {
		h->told = true;
		*ret = (struct span){h->stash.ptr, h->stash.len};
		return true;
	}
	if (c->stage == IN_KERNEL) {
		channel_drop(cs, slot);
		cs->by_slot[slot] = &in_kernel;
	} else {
		drop_handing(c);
	}
	return false;
}

static enum channel_event read_kernel(struct channels *cs, struct span *in, uint8_t record,
				      struct span *ret)
{
	*ret = *in;
	*in = (struct span){0};
	if (!ret->len)
		return CHANNEL_WORKING;
	if (record == TLS_APPLICATION)
		return CHANNEL_DATA;
	struct tls_control control = tls_control(record, *ret);
	cs->reason = control.reason;
	enum tls_event event = tls_obey(cs->tls, control);
	return event == TLS_WANTS_MORE ? CHANNEL_WORKING
	       : event == TLS_CLOSED   ? CHANNEL_CLOSED
				       : CHANNEL_FAILED;
}

/* The handshake is over: open at once, or once the kernel has the keys. */
static bool begin_settling(struct channels *cs, struct channel *c)
{
	c->stage = cs->ktls ? SETTLING : OPEN;
	if (!cs->ktls)
		return true;
	c->handing = malloc(sizeof *c->handing);
	if (!c->handing)
		return false;
	*c->handing = (struct handing){0};
	buf_init(&c->handing->stash, STASH_MAX);
	return true;
}

/* All of the input was taken: what is next depends on how far the channel is. */
static enum channel_event go_on(struct channels *cs, uint32_t slot)
{
	struct channel *c = cs->by_slot[slot];
	if (c->stage == SETTLING)
		return settle(cs, slot);
	if (c->stage == SHAKING && !ring_receive_once(cs->ring, slot))
		return CHANNEL_REFUSED;
	return CHANNEL_WORKING;
}

/* One event of tls/; CHANNEL_DRAINED where there is nothing yet to tell. */
static enum channel_event step(struct channels *cs, uint32_t slot, struct span *in,
			       struct span *ret)
{
	struct channel *c = cs->by_slot[slot];
	enum tls_event event = tls_feed(cs->tls, &c->session, in, ret, &cs->said);
	if (event == TLS_OPENED && !begin_settling(cs, c))
		return CHANNEL_REFUSED;
	bool answered = answer(cs, slot);
	cs->reason = (enum tls_reason)c->session.reason;
	if (event == TLS_FAILED)
		channel_flush(cs, slot);
	if (event == TLS_FAILED || event == TLS_CLOSED)
		return event == TLS_FAILED ? CHANNEL_FAILED : CHANNEL_CLOSED;
	if (!answered)
		return CHANNEL_REFUSED;
	if (event == TLS_WANTS_MORE)
		return go_on(cs, slot);
	if (event == TLS_OPENED)
		return c->stage == OPEN ? open_here(cs, c) : CHANNEL_DRAINED;
	if (c->stage == OPEN)
		return CHANNEL_DATA;
	buf_append(&c->handing->stash, ret->ptr, ret->len);
	return c->handing->stash.cut ? CHANNEL_REFUSED : CHANNEL_DRAINED;
}

enum channel_event channel_read(struct channels *cs, uint32_t slot, struct span *in, uint8_t record,
				struct span *ret)
{
	uint8_t stage = cs->by_slot[slot]->stage;
	if ((stage == OPEN || stage == IN_KERNEL) && tell_stash(cs, slot, ret))
		return CHANNEL_DATA;
	if (stage == IN_KERNEL)
		return read_kernel(cs, in, record, ret);
	enum channel_event event;
	do {
		event = step(cs, slot, in, ret);
	} while (event == CHANNEL_DRAINED);
	return event;
}

/* --- the life --------------------------------------------------------------------------- */

bool channel_begin(struct channels *cs, uint32_t slot, uint64_t number)
{
	struct channel *c = cs->by_slot[slot] = pool_take(&cs->pool);
	if (!c)
		return false;
	*c = (struct channel){.stage = SHAKING};
	return !tls_begin(cs->tls, &c->session, number, &cs->said) && answer(cs, slot) &&
	       ring_receive_once(cs->ring, slot);
}

enum channel_event channel_sent(struct channels *cs, uint32_t slot, int res)
{
	struct channel *c = cs->by_slot[slot];
	struct outward *o = c->out;
	o->sent += (size_t)res;
	c->sending = false;
	if (o->sent < o->sending.len)
		return send_rest(cs, slot, false) == RING_REFUSED ? CHANNEL_REFUSED
								  : CHANNEL_WORKING;
	if (push(cs, slot, false) == RING_REFUSED)
		return CHANNEL_REFUSED;
	if (c->sending)
		return CHANNEL_WORKING;
	return c->stage == SETTLING ? settle(cs, slot) : CHANNEL_DRAINED;
}
