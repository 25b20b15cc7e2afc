/* pending: the answers that one connection still owes, in the order of its requests.
 *
 * A node is a run of equal answers, so that a thousand pipelined requests for the same thing are
 * one node. Nodes come from a pool that belongs to a thread. */
#ifndef BRINK_TARGET_PENDING_H
#define BRINK_TARGET_PENDING_H

#include "tools/target/answer.h"
#include "base/pool.h"

#define PENDING_MAX 64u

struct pending {
	const struct answer *answer;
	uint64_t due_ns; /* not to be sent before */
	struct pending *next;
	uint32_t times;
	bool head;   /* to a HEAD: the head alone */
	bool silent; /* not counted among the answers */
};

/* All zero: nothing is owed. */
struct pending_list {
	struct pending *first, *last;
	uint32_t count; /* nodes, at most PENDING_MAX */
};

/* Owes a copy of *p once. False: the pool has no node for it; then the answer is dropped. */
bool pending_push(struct pool *pool, struct pending_list *list, const struct pending *p);
void pending_pop(struct pool *pool, struct pending_list *list); /* drops the answer */

/* How many bytes of a part are to be sent in all. */
uint64_t pending_total(const struct pending *p, unsigned part);

#endif
