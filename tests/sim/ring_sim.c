#include "tests/sim/sim.h"

#include "base/mono.h"
#include "base/rng.h"
#include "io/ring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 65536u

/* A contract broken by the caller. */
#define DEMAND(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "sim: %s:%d: %s\n", __FILE__, __LINE__, #condition);       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* An event to come. `life` tells whether its slot still lives that life by then. */
struct coming {
	uint64_t at_ns;
	uint64_t order;
	uint32_t life;
	bool poke; /* no event of its own: what lies in the slot's inbox is to be looked at */
	struct ring_event event;
};

/* What arrived and was not received yet. */
struct chunk {
	struct chunk *next;
	struct ring_event event;
};

struct peer {
	struct chunk *inbox, **inbox_end;
	uint32_t life;
	bool used, closing, connected, armed, once, finished;
	size_t request_bytes;   /* of a request not yet whole */
	uint64_t busy_until_ns; /* answers keep their order */
};

struct ring {
	struct sim_script script;
	struct sim_truth truth;
	struct rng rng;
	uint64_t now_ns;
	struct ring_config config;
	struct peer *peers;
	struct coming *heap; /* a binary heap by instant, then order */
	unsigned count;
	uint64_t order;
	unsigned handed_over; /* in this turn */
	struct ring_stats stats;
	struct ring_feature feature;
};

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

static bool happens(struct ring *r, unsigned in_1000)
{
	return rng_below(&r->rng, 1000) < in_1000;
}

/* --- the heap of events to come --------------------------------------------------------- */

static bool before(const struct coming *a, const struct coming *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void swap(struct coming *a, struct coming *b)
{
	struct coming t = *a;
	*a = *b;
	*b = t;
}

static void schedule(struct ring *r, uint64_t at_ns, struct ring_event event)
{
	DEMAND(r->count < EVENTS_MAX);
	unsigned i = r->count++;
	r->heap[i] = (struct coming){.at_ns = at_ns,
				     .order = r->order++,
				     .life = r->peers[event.slot].life,
				     .event = event};
	for (; i && before(&r->heap[i], &r->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&r->heap[i], &r->heap[(i - 1) / 2]);
}

static struct coming take_first(struct ring *r)
{
	struct coming first = r->heap[0];
	r->heap[0] = r->heap[--r->count];
	for (unsigned i = 0;;) {
		unsigned least = i;
		for (unsigned child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < r->count && before(&r->heap[child], &r->heap[least]))
				least = child;
		if (least == i)
			return first;
		swap(&r->heap[i], &r->heap[least]);
		i = least;
	}
}

static uint64_t some_time(struct ring *r)
{
	return 1 + rng_below(&r->rng, 2 * r->script.latency_ns);
}

/* --- what has arrived at a slot --------------------------------------------------------- */

static void inbox_put(struct peer *p, struct ring_event event)
{
	struct chunk *c = malloc(sizeof *c);
	*c = (struct chunk){.event = event};
	*p->inbox_end = c;
	p->inbox_end = &c->next;
}

static struct ring_event inbox_take(struct peer *p)
{
	struct chunk *c = p->inbox;
	struct ring_event event = c->event;
	p->inbox = c->next;
	if (!p->inbox)
		p->inbox_end = &p->inbox;
	free(c);
	return event;
}

static void inbox_clear(struct peer *p)
{
	while (p->inbox) {
		struct ring_event event = inbox_take(p);
		free((void *)(uintptr_t)event.data.ptr);
	}
}

static void poke(struct ring *r, uint32_t slot)
{
	schedule(r, r->now_ns + 1, (struct ring_event){.op = RING_RECEIVED, .slot = slot});
	/* the entry just made is found by its order, the youngest of all */
	for (unsigned i = 0; i < r->count; i++)
		if (r->heap[i].order == r->order - 1)
			r->heap[i].poke = true;
}

/* --- what the peer says ----------------------------------------------------------------- */

static void deliver(struct ring *r, uint32_t slot, uint64_t at_ns, const char *bytes, size_t len)
{
	char *copy = malloc(len);
	memcpy(copy, bytes, len);
	schedule(r, at_ns,
		 (struct ring_event){.op = RING_RECEIVED,
				     .slot = slot,
				     .res = (int32_t)len,
				     .data = {copy, len}});
}

/* In pieces, each a little later than the one before. */
static uint64_t deliver_split(struct ring *r, uint32_t slot, uint64_t at_ns, const char *bytes,
			      size_t len)
{
	while (len) {
		size_t piece = happens(r, 700) ? len : 1 + rng_below(&r->rng, len);
		deliver(r, slot, at_ns, bytes, piece);
		bytes += piece;
		len -= piece;
		at_ns += 1 + rng_below(&r->rng, 20 * NS_PER_US);
	}
	return at_ns;
}

static void finish(struct ring *r, uint32_t slot, uint64_t at_ns, int res)
{
	r->peers[slot].finished = true;
	schedule(r, at_ns, (struct ring_event){.op = RING_RECEIVED, .slot = slot, .res = res});
}

static const char *choose_answer(struct ring *r)
{
	if (happens(r, r->script.status_503))
		return "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
	if (happens(r, r->script.status_429))
		return "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
	if (happens(r, r->script.status_404))
		return "HTTP/1.1 404 None\r\nContent-Length: 2\r\n\r\nno";
	if (happens(r, r->script.interim))
		return "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
	if (happens(r, r->script.chunked))
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		       "chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n";
	return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
}

static void answer(struct ring *r, uint32_t slot, uint64_t at_ns)
{
	struct peer *p = &r->peers[slot];
	const char *text = choose_answer(r);
	size_t len = strlen(text);
	if (happens(r, r->script.silence))
		return;
	if (happens(r, r->script.reset)) {
		finish(r, slot, at_ns, -ECONNRESET);
	} else if (happens(r, r->script.truncate)) {
		at_ns = deliver_split(r, slot, at_ns, text, 1 + rng_below(&r->rng, len - 1));
		finish(r, slot, at_ns, 0);
	} else if (happens(r, r->script.garbage)) {
		deliver(r, slot, at_ns, "SSH-2.0-x\r\n", 11);
	} else {
		at_ns = deliver_split(r, slot, at_ns, text, len);
		r->truth.answers++;
		r->truth.answers_ok += strstr(text, " 200 ") != NULL;
		if (happens(r, r->script.surplus))
			deliver(r, slot, at_ns, "more", 4);
		if (happens(r, r->script.last_answer))
			finish(r, slot, at_ns + 1, 0);
	}
	p->busy_until_ns = at_ns;
}

/* Bytes of requests arrive; every whole one is answered, in order. */
static void take_request_bytes(struct ring *r, uint32_t slot, size_t len)
{
	struct peer *p = &r->peers[slot];
	for (p->request_bytes += len; p->request_bytes >= r->script.request_len;) {
		p->request_bytes -= r->script.request_len;
		r->truth.requests++;
		if (p->finished)
			continue;
		uint64_t at_ns = r->now_ns + some_time(r);
		answer(r, slot, at_ns > p->busy_until_ns ? at_ns : p->busy_until_ns + 1);
	}
}

/* --- io/ring.h -------------------------------------------------------------------------- */

int ring_open(struct ring **ret, const struct ring_config *config, struct err *err)
{
	struct ring *r = calloc(1, sizeof *r);
	(void)err;
	r->script = next_script;
	r->rng.state = next_script.seed;
	r->now_ns = 1000 * NS_PER_S;
	r->config = *config;
	r->peers = calloc(config->slots, sizeof *r->peers);
	for (uint32_t i = 0; i < config->slots; i++)
		r->peers[i].inbox_end = &r->peers[i].inbox;
	r->heap = calloc(EVENTS_MAX, sizeof *r->heap);
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
	for (uint32_t i = 0; i < r->config.slots; i++)
		inbox_clear(&r->peers[i]);
	free(r->heap);
	free(r->peers);
	free(r);
	current = NULL;
}

bool ring_dial(struct ring *r, uint32_t slot, const struct ring_dial *dial)
{
	struct peer *p = &r->peers[slot];
	DEMAND(slot < r->config.slots && !p->used && dial->to);
	if (happens(r, r->script.refuse_operation))
		return false;
	*p = (struct peer){.life = p->life + 1, .used = true, .inbox_end = &p->inbox};
	r->stats.slots_used++;
	r->truth.dialled++;
	struct ring_event e = {.op = RING_OPENED, .slot = slot};
	if (happens(r, r->script.connect_lost))
		return true;
	if (happens(r, r->script.no_port))
		e.res = -EADDRNOTAVAIL;
	else if (happens(r, r->script.connect_refused))
		e.res = -ECONNREFUSED;
	if (e.res)
		r->truth.refused++;
	schedule(r, r->now_ns + some_time(r), e);
	return true;
}

static bool queue_receive(struct ring *r, uint32_t slot, bool once)
{
	struct peer *p = &r->peers[slot];
	DEMAND(p->used && !p->closing && p->connected && !p->armed);
	if (happens(r, r->script.refuse_operation))
		return false;
	p->armed = true;
	p->once = once;
	if (p->inbox)
		poke(r, slot);
	if (!p->finished && happens(r, r->script.close_idle))
		finish(r, slot, r->now_ns + 50 * some_time(r), 0);
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

enum ring_sending ring_send(struct ring *r, uint32_t slot, struct span bytes, unsigned flags)
{
	struct peer *p = &r->peers[slot];
	DEMAND(p->used && !p->closing && p->connected && bytes.len);
	DEMAND(!(flags & RING_FIXED) ||
	       (bytes.ptr >= r->config.fixed.ptr &&
		bytes.ptr + bytes.len <= r->config.fixed.ptr + r->config.fixed.len));
	DEMAND(!(flags & RING_QUIET) || bytes.len <= RING_QUIET_MAX);
	if (happens(r, r->script.refuse_operation))
		return RING_REFUSED;
	bool silent = (flags & RING_QUIET) && r->script.silent_sends;
	size_t taken = bytes.len;
	if (!silent && happens(r, r->script.short_send))
		taken = 1 + rng_below(&r->rng, bytes.len);
	struct ring_event e = {.op = RING_SENT, .slot = slot, .res = (int32_t)taken};
	if (p->finished && happens(r, 500))
		e.res = -EPIPE;
	else
		take_request_bytes(r, slot, taken);
	if (!silent || e.res < 0)
		schedule(r, r->now_ns + rng_below(&r->rng, 50 * NS_PER_US), e);
	return silent ? RING_SILENT : RING_REPORTS;
}

void ring_close(struct ring *r, uint32_t slot, bool reset)
{
	struct peer *p = &r->peers[slot];
	(void)reset;
	DEMAND(p->used && !p->closing);
	p->closing = true;
	schedule(r, r->now_ns + rng_below(&r->rng, 100 * NS_PER_US),
		 (struct ring_event){.op = RING_CLOSED, .slot = slot});
}

void ring_shutdown(struct ring *r, uint32_t slot)
{
	DEMAND(r->peers[slot].connected);
}

int ring_listen(struct ring *r, int listener, struct err *err)
{
	(void)r, (void)listener;
	return err_set(err, ERR_INTERNAL, "the simulated ring accepts nothing");
}

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

/* Data arrived, or is to be looked at again: true with what an armed receive ends with. Now and
 * then that is an error, and the data waits for the next receive. */
static bool receive(struct ring *r, const struct coming *c, struct ring_event *ret)
{
	struct peer *p = &r->peers[c->event.slot];
	if (!c->poke)
		inbox_put(p, c->event);
	if (!p->armed || !p->inbox)
		return false;
	int error = happens(r, r->script.no_buffer)  ? -ENOBUFS
		    : happens(r, r->script.spurious) ? -EAGAIN
						     : 0;
	*ret = error ? (struct ring_event){.op = RING_RECEIVED, .slot = c->event.slot, .res = error}
		     : inbox_take(p);
	ret->armed = p->armed = ret->res > 0 && r->script.multishot && !p->once;
	if (ret->res > 0)
		r->truth.bytes_handed_over += (uint64_t)ret->res;
	if (p->armed && p->inbox)
		poke(r, c->event.slot);
	return true;
}

static void settle(struct ring *r, const struct ring_event *e)
{
	struct peer *p = &r->peers[e->slot];
	if (e->op == RING_OPENED) {
		p->connected = e->res == 0;
		r->truth.connected += p->connected;
	} else if (e->op == RING_CLOSED) {
		inbox_clear(p);
		p->used = p->closing = p->connected = p->armed = false;
		r->stats.slots_used--;
	}
}

bool ring_next(struct ring *r, struct ring_event *ret)
{
	while (r->count && r->heap[0].at_ns <= r->now_ns &&
	       r->handed_over < r->script.events_a_turn) {
		struct coming c = take_first(r);
		if (stale(r, &c))
			continue;
		*ret = c.event;
		if (c.event.op == RING_RECEIVED && !receive(r, &c, ret))
			continue;
		settle(r, ret);
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
