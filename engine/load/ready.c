/* ready: the queue of connections with room for a request. */
#include "load/worker_impl.h"

void worker_ready(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (c->queued)
		return;
	c->queued = true;
	c->next_ready = CONN_NONE;
	if (w->ready_head == CONN_NONE) {
		w->ready_head = id;
		w->free_since_ns = w->now_ns;
	} else {
		w->conns[w->ready_tail].next_ready = id;
	}
	w->ready_tail = id;
}

void worker_unready(struct worker *w, uint32_t id)
{
	w->conns[id].queued = false;
	w->ready_head = w->conns[id].next_ready;
}

uint32_t worker_next_ready(struct worker *w)
{
	while (w->ready_head != CONN_NONE) {
		uint32_t id = w->ready_head;
		if (conn_has_room(w, &w->conns[id]))
			return id;
		worker_unready(w, id);
	}
	return CONN_NONE;
}
