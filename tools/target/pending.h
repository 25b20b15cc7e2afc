/* pending: the answers that one connection still owes, in the order of its requests.
 *
 * A node is a run of equal answers, so that a thousand pipelined requests for the same thing are
 * one node. Nodes come from a pool that belongs to a thread and holds PENDING_MAX for every
 * connection: it cannot run out. */
#ifndef BRINK_TARGET_PENDING_H
#define BRINK_TARGET_PENDING_H

#include "tools/target/answer.h"

#define PENDING_MAX  64u
#define PENDING_NONE UINT32_MAX

struct pending {
	const struct answer *answer;
	uint64_t due_ns; /* not to be sent before */
	uint32_t times;
	uint32_t next;
	bool head;   /* to a HEAD: the head alone */
	bool silent; /* not counted among the answers */
};

struct pending_pool {
	struct pending *nodes;
	uint32_t free;  /* list of nodes given back */
	uint32_t fresh; /* nodes from here on were never used */
};

struct pending_list {
	uint32_t first, last;
	uint32_t count; /* nodes, at most PENDING_MAX */
};

bool pending_pool_init(struct pending_pool *pool, uint32_t lists); /* false: no memory */
void pending_pool_fini(struct pending_pool *pool);

void pending_init(struct pending_list *list);
void pending_push(struct pending_pool *pool, struct pending_list *list, const struct pending *p);
void pending_pop(struct pending_pool *pool, struct pending_list *list); /* drops the answer */

static inline struct pending *pending_first(struct pending_pool *pool,
					    const struct pending_list *list)
{
	return list->count ? &pool->nodes[list->first] : NULL;
}

/* How many bytes of a part are to be sent in all. */
uint64_t pending_total(const struct pending *p, unsigned part);

#endif
