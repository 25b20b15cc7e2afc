/* The simulated ring's face: io/ring.h. */
#include "tests/sim/sim_impl.h"

#include <errno.h>
#include <poll.h>

/* Nothing that is simulated takes so long. */
#define FOREVER_NS (1000 * NS_PER_S)

/* The script of the ring opened next, and the ring: the one global of the simulation. */
static struct sim_script next_script;
static struct ring *current;

void sim_prepare(const struct sim_script *script)
{
	next_script = *script;
}

struct sim_truth sim_truth(void)
{
	return current->truth;
}

uint64_t sim_now_ns(void)
{
	return current->now_ns;
}

/* --- opening ---------------------------------------------------------------------------- */

int ring_open(struct ring **ret, const struct ring_config *config, struct err *err)
{
	struct ring *r = calloc(1, sizeof *r);
	(void)err;
	r->script = next_script;
	r->rng.state = next_script.seed;
	r->now_ns = SIM_START_NS;
	r->config = *config;
	bool scarce = r->script.slots && r->script.slots < config->slots;
	r->slots = scarce ? r->script.slots : config->slots;
	r->peers = calloc(r->slots, sizeof *r->peers);
	for (uint32_t i = 0; i < r->slots; i++)
		r->peers[i].inbox_end = &r->peers[i].inbox;
	r->heap = calloc(EVENTS_MAX, sizeof *r->heap);
	sim_ports_open(r);
	r->stats.rings = 1;
	r->feature = (struct ring_feature){.name = "simulated", .found = true};
	current = *ret = r;
	return 0;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < r->count; i++)
		free((void *)(uintptr_t)r->heap[i].event.data.ptr);
	for (uint32_t i = 0; i < r->slots; i++) {
		sim_inbox_clear(&r->peers[i]);
		sim_h2_close(&r->peers[i]);
		sim_ws_close(&r->peers[i]);
	}
	free(r->ports);
	free(r->heap);
	free(r->peers);
	free(r);
	current = NULL;
}

uint32_t ring_slots(const struct ring *r)
{
	return r->slots;
}

bool ring_names_ports(void)
{
	return true;
}

/* --- dialling --------------------------------------------------------------------------- */

static bool is_down(const struct ring *r)
{
	uint64_t at_ns = r->now_ns - SIM_START_NS;
	return at_ns >= r->script.down_from_ns && at_ns < r->script.down_to_ns;
}

bool ring_dial(struct ring *r, uint32_t slot, const struct ring_dial *dial)
{
	DEMAND(slot < r->slots && dial->to && (!dial->from || r->config.sources));
	struct peer *p = &r->peers[slot];
	DEMAND(!p->used);
	if (sim_happens(r, r->script.refuse_operation))
		return false;
	*p = (struct peer){.life = p->life + 1, .used = true, .inbox_end = &p->inbox};
	r->stats.slots_used++;
	r->truth.dialled++;
	struct ring_event e = {.op = RING_OPENED, .slot = slot};
	bool has_port = sim_port_take(r, slot, dial);
	if (sim_happens(r, r->script.connect_lost))
		return true;
	if (!has_port || sim_happens(r, r->script.no_port))
		e.res = -EADDRNOTAVAIL;
	else if (is_down(r) || sim_happens(r, r->script.connect_refused))
		e.res = -ECONNREFUSED;
	sim_schedule(r, r->now_ns + sim_some_time(r), e);
	return true;
}

/* --- waiting for what comes ------------------------------------------------------------- */

/* A connection at rest may be ended by its peer, some time. */
static void rest(struct ring *r, uint32_t slot)
{
	if (r->peers[slot].finished || !sim_happens(r, r->script.close_idle))
		return;
	int res = sim_happens(r, r->script.reset_idle) ? -ECONNRESET : 0;
	sim_finish(r, slot, r->now_ns + 50 * sim_some_time(r), res);
}

/* May the caller wait for something now; the ring may refuse. */
static bool may_wait(struct ring *r, uint32_t slot)
{
	const struct peer *p = &r->peers[slot];
	DEMAND(slot < r->slots && p->used && !p->closing && p->connected);
	DEMAND(!p->armed && !p->watching && !p->peeking && !p->ended);
	return !sim_happens(r, r->script.refuse_operation);
}

static bool queue_receive(struct ring *r, uint32_t slot, bool once)
{
	struct peer *p = &r->peers[slot];
	if (!may_wait(r, slot))
		return false;
	p->armed = true;
	p->once = once;
	r->truth.receives += !p->inbox;
	if (p->inbox)
		sim_poke(r, slot);
	rest(r, slot);
	return true;
}

bool ring_receive(struct ring *r, uint32_t slot)
{
	return queue_receive(r, slot, false);
}

bool ring_receive_once(struct ring *r, uint32_t slot)
{
	return queue_receive(r, slot, true);
}

bool ring_receive_ready(struct ring *r, uint32_t slot)
{
	return queue_receive(r, slot, true);
}

bool ring_watch(struct ring *r, uint32_t slot)
{
	struct peer *p = &r->peers[slot];
	if (!may_wait(r, slot))
		return false;
	p->watching = true;
	if (p->inbox)
		sim_poke(r, slot);
	rest(r, slot);
	return true;
}

bool ring_peek(struct ring *r, uint32_t slot)
{
	struct peer *p = &r->peers[slot];
	if (!may_wait(r, slot))
		return false;
	p->peeking = true;
	sim_poke(r, slot);
	rest(r, slot);
	return true;
}

/* --- sending and closing ---------------------------------------------------------------- */

static void take_bytes(struct ring *r, uint32_t slot, struct span bytes)
{
	if (r->script.http2)
		sim_h2_take(r, slot, bytes);
	else if (r->script.websocket)
		sim_ws_take(r, slot, bytes);
	else
		sim_take_request_bytes(r, slot, bytes.len);
}

enum ring_sending ring_send(struct ring *r, uint32_t slot, struct span bytes, unsigned flags)
{
	struct peer *p = &r->peers[slot];
	DEMAND(p->used && !p->closing && p->connected && bytes.len);
	DEMAND(!(flags & RING_FIXED) ||
	       (bytes.ptr >= r->config.fixed.ptr &&
		bytes.ptr + bytes.len <= r->config.fixed.ptr + r->config.fixed.len));
	DEMAND(!(flags & RING_QUIET) || bytes.len <= RING_QUIET_MAX);
	if (sim_happens(r, r->script.refuse_operation))
		return RING_REFUSED;
	bool silent = (flags & RING_QUIET) && r->script.silent_sends;
	size_t taken = bytes.len;
	if (!silent && sim_happens(r, r->script.short_send))
		taken = 1 + rng_below(&r->rng, bytes.len);
	struct ring_event e = {.op = RING_SENT, .slot = slot, .res = (int32_t)taken};
	if (p->finished && sim_happens(r, 500))
		e.res = -EPIPE;
	else
		take_bytes(r, slot, (struct span){bytes.ptr, taken});
	if (!silent || e.res < 0)
		sim_schedule(r, r->now_ns + rng_below(&r->rng, 50 * NS_PER_US), e);
	return silent ? RING_SILENT : RING_REPORTS;
}

void ring_close(struct ring *r, uint32_t slot, bool reset)
{
	struct peer *p = &r->peers[slot];
	DEMAND(p->used && !p->closing);
	p->closing = true;
	r->truth.cut += !p->told;
	sim_port_rest(r, slot, p->connected && !reset && !p->ended);
	sim_schedule(r, r->now_ns + rng_below(&r->rng, 100 * NS_PER_US),
		     (struct ring_event){.op = RING_CLOSED, .slot = slot});
}

void ring_shutdown(struct ring *r, uint32_t slot)
{
	DEMAND(r->peers[slot].connected);
}

bool ring_hand_over(struct ring *r, uint32_t slot, const struct ring_tls *tls)
{
	(void)tls;
	DEMAND(r->peers[slot].connected && !r->peers[slot].armed);
	sim_schedule(r, r->now_ns + sim_some_time(r),
		     (struct ring_event){.op = RING_HANDED_OVER, .slot = slot});
	return true;
}

const char *ring_no_hand_over(void)
{
	return "the simulated ring knows no TLS";
}

void ring_close_notify(struct ring *r, uint32_t slot)
{
	DEMAND(r->peers[slot].connected);
}

int ring_listen(struct ring *r, int listener, struct err *err)
{
	(void)r, (void)listener;
	return err_set(err, ERR_INTERNAL, "the simulated ring accepts nothing");
}

/* --- turns and events ------------------------------------------------------------------- */

int ring_turn(struct ring *r, struct ring_wait wait)
{
	r->stats.turns++;
	r->handed_over = 0;
	r->now_ns += 200;
	uint64_t until_ns = wait.until_ns;
	if (r->count && r->heap[0].at_ns < until_ns)
		until_ns = r->heap[0].at_ns;
	if (until_ns > r->now_ns)
		r->now_ns = until_ns + rng_below(&r->rng, 10 * NS_PER_US);
	DEMAND(r->now_ns < SIM_START_NS + FOREVER_NS);
	if (r->script.hook.call)
		r->script.hook.call(r->script.hook.ctx, r->now_ns);
	return 0;
}

/* Drops what belongs to an earlier life, as the real ring does. */
static bool stale(struct ring *r, const struct coming *c)
{
	const struct peer *p = &r->peers[c->event.slot];
	if (c->life == p->life && p->used && (!p->closing || c->event.op == RING_CLOSED))
		return false;
	free((void *)(uintptr_t)c->event.data.ptr);
	r->stats.stale++;
	return true;
}

/* What an armed receive ends with. Now and then that is an error, and the data waits for the
 * next receive. */
static struct ring_event end_receive(struct ring *r, uint32_t slot)
{
	struct peer *p = &r->peers[slot];
	int error = sim_happens(r, r->script.no_buffer)  ? -ENOBUFS
		    : sim_happens(r, r->script.spurious) ? -EAGAIN
							 : 0;
	struct ring_event e = {.op = RING_RECEIVED, .slot = slot, .res = error};
	if (!error) {
		e = sim_inbox_take(p);
		p->ended = e.res <= 0;
		r->truth.ended += p->ended;
	}
	e.armed = p->armed = e.res > 0 && r->script.multishot && !p->once;
	if (e.res > 0)
		r->truth.bytes_handed_over += (uint64_t)e.res;
	if (p->armed && p->inbox)
		sim_poke(r, slot);
	return e;
}

/* An error is told once: receiving would not tell it again. */
static struct ring_event end_peek(struct ring *r, uint32_t slot)
{
	struct peer *p = &r->peers[slot];
	struct ring_event e = {.op = RING_READABLE, .slot = slot, .res = -EAGAIN};
	p->peeking = false;
	if (p->inbox)
		e.res = p->inbox->event.res < 0 ? p->inbox->event.res : 1;
	if (e.res < 0 && p->inbox) {
		sim_inbox_take(p);
		p->ended = true;
		r->truth.ended++;
	}
	return e;
}

/* Data arrived, or is to be looked at again: true with the event that this makes. */
static bool look(struct ring *r, const struct coming *c, struct ring_event *ret)
{
	uint32_t slot = c->event.slot;
	struct peer *p = &r->peers[slot];
	if (!c->poke)
		sim_inbox_put(p, c->event);
	if (p->peeking) {
		*ret = end_peek(r, slot);
		return true;
	}
	if (!p->inbox || (!p->armed && !p->watching))
		return false;
	if (p->watching) {
		p->watching = false;
		*ret = (struct ring_event){.op = RING_READABLE, .slot = slot, .res = POLLIN};
	} else {
		*ret = end_receive(r, slot);
	}
	return true;
}

static void note_opened(struct ring *r, const struct ring_event *e)
{
	struct peer *p = &r->peers[e->slot];
	p->told = true;
	p->connected = e->res == 0;
	if (e->res) {
		r->truth.refused++;
		return;
	}
	r->truth.connected++;
	if (++r->open > r->truth.open_most)
		r->truth.open_most = r->open;
}

static void note_closed(struct ring *r, uint32_t slot)
{
	struct peer *p = &r->peers[slot];
	sim_inbox_clear(p);
	sim_h2_close(p);
	sim_ws_close(p);
	sim_port_give(r, slot);
	r->open -= p->connected;
	r->truth.closed += p->connected;
	p->used = p->closing = p->connected = p->armed = false;
	p->watching = p->peeking = false;
	r->stats.slots_used--;
}

bool ring_next(struct ring *r, struct ring_event *ret)
{
	while (r->count && r->heap[0].at_ns <= r->now_ns &&
	       r->handed_over < r->script.events_a_turn) {
		struct coming c = sim_take_first(r);
		if (stale(r, &c))
			continue;
		*ret = c.event;
		if (c.event.op == RING_RECEIVED && !look(r, &c, ret))
			continue;
		if (c.event.op == RING_OPENED)
			note_opened(r, ret);
		if (c.event.op == RING_CLOSED)
			note_closed(r, ret->slot);
		r->handed_over++;
		r->stats.events++;
		return true;
	}
	return false;
}

void ring_done(struct ring *r, const struct ring_event *e)
{
	(void)r;
	if (e->op == RING_RECEIVED && e->res > 0)
		free((void *)(uintptr_t)e->data.ptr);
}

uint64_t ring_now_ns(struct ring *r)
{
	return r->now_ns;
}

struct ring_stats ring_stats(const struct ring *r)
{
	return r->stats;
}

const struct ring_feature *ring_features(struct ring *r, unsigned *ret_count)
{
	*ret_count = 1;
	return &r->feature;
}
