#include "tests/sim/sim_impl.h"

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

static void put(struct ring *r, uint64_t at_ns, struct ring_event event, bool poke)
{
	DEMAND(r->count < EVENTS_MAX);
	unsigned i = r->count++;
	r->heap[i] = (struct coming){.at_ns = at_ns,
				     .order = r->order++,
				     .life = r->peers[event.slot].life,
				     .poke = poke,
				     .event = event};
	for (; i && before(&r->heap[i], &r->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&r->heap[i], &r->heap[(i - 1) / 2]);
}

void sim_schedule(struct ring *r, uint64_t at_ns, struct ring_event event)
{
	put(r, at_ns, event, false);
}

void sim_poke(struct ring *r, uint32_t slot)
{
	put(r, r->now_ns + 1, (struct ring_event){.op = RING_RECEIVED, .slot = slot}, true);
}

struct coming sim_take_first(struct ring *r)
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

/* --- what has arrived at a slot --------------------------------------------------------- */

void sim_inbox_put(struct peer *p, struct ring_event event)
{
	struct chunk *c = malloc(sizeof *c);
	*c = (struct chunk){.event = event};
	*p->inbox_end = c;
	p->inbox_end = &c->next;
}

struct ring_event sim_inbox_take(struct peer *p)
{
	struct chunk *c = p->inbox;
	struct ring_event event = c->event;
	p->inbox = c->next;
	if (!p->inbox)
		p->inbox_end = &p->inbox;
	free(c);
	return event;
}

void sim_inbox_clear(struct peer *p)
{
	while (p->inbox) {
		struct ring_event event = sim_inbox_take(p);
		free((void *)(uintptr_t)event.data.ptr);
	}
}
