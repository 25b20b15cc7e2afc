#include "tools/target/pending.h"

#include <assert.h>
#include <stdlib.h>

bool pending_pool_init(struct pending_pool *pool, uint32_t lists)
{
	/* Address space; pages are touched only as deep as connections really pipeline. */
	struct pending *nodes = calloc((size_t)lists * PENDING_MAX, sizeof *nodes);
	*pool = (struct pending_pool){.nodes = nodes, .free = PENDING_NONE};
	return nodes != NULL;
}

void pending_pool_fini(struct pending_pool *pool)
{
	free(pool->nodes);
	pool->nodes = NULL;
}

void pending_init(struct pending_list *list)
{
	*list = (struct pending_list){.first = PENDING_NONE, .last = PENDING_NONE};
}

static uint32_t take_node(struct pending_pool *pool)
{
	uint32_t id = pool->free;
	if (id == PENDING_NONE)
		return pool->fresh++;
	pool->free = pool->nodes[id].next;
	return id;
}

static bool joins(const struct pending *run, const struct pending *p)
{
	return run->answer == p->answer && p->answer->mergeable && run->due_ns == p->due_ns &&
	       !run->head && !p->head && run->silent == p->silent && run->times < UINT32_MAX;
}

void pending_push(struct pending_pool *pool, struct pending_list *list, const struct pending *p)
{
	if (list->count && joins(&pool->nodes[list->last], p)) {
		pool->nodes[list->last].times++;
		return;
	}
	assert(list->count < PENDING_MAX);
	uint32_t id = take_node(pool);
	pool->nodes[id] = *p;
	pool->nodes[id].times = 1;
	pool->nodes[id].next = PENDING_NONE;
	if (list->count++)
		pool->nodes[list->last].next = id;
	else
		list->first = id;
	list->last = id;
}

void pending_pop(struct pending_pool *pool, struct pending_list *list)
{
	uint32_t id = list->first;
	struct pending *p = &pool->nodes[id];
	answer_drop(p->answer);
	list->first = p->next;
	list->count--;
	p->next = pool->free;
	pool->free = id;
}

uint64_t pending_total(const struct pending *p, unsigned part)
{
	const struct answer *a = p->answer;
	if (p->head)
		return part == 0 ? a->head_len : 0;
	return a->mergeable ? a->parts[part].total * p->times : a->parts[part].total;
}
