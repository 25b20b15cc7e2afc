#include "tools/target/pending.h"

#include <assert.h>

static bool joins(const struct pending *run, const struct pending *p)
{
	return run->answer == p->answer && p->answer->mergeable && run->due_ns == p->due_ns &&
	       !run->head && !p->head && run->silent == p->silent && run->times < UINT32_MAX;
}

bool pending_push(struct pool *pool, struct pending_list *list, const struct pending *p)
{
	if (list->count && joins(list->last, p)) {
		list->last->times++;
		return true;
	}
	assert(list->count < PENDING_MAX);
	struct pending *node = pool_take(pool);
	if (!node) {
		answer_drop(p->answer);
		return false;
	}
	*node = *p;
	node->times = 1;
	node->next = NULL;
	if (list->count++)
		list->last->next = node;
	else
		list->first = node;
	list->last = node;
	return true;
}

void pending_pop(struct pool *pool, struct pending_list *list)
{
	struct pending *node = list->first;
	answer_drop(node->answer);
	list->first = node->next;
	list->count--;
	pool_give(pool, node);
}

uint64_t pending_total(const struct pending *p, unsigned part)
{
	const struct answer *a = p->answer;
	if (p->head)
		return part == 0 ? a->head_len : 0;
	return a->mergeable ? a->parts[part].total * p->times : a->parts[part].total;
}
