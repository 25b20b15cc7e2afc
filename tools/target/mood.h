/* mood: how a target behaves once it had more to do than it could: it may freeze after the load has
 * gone, or turn everything away for a time. Shared by all threads; locks itself. */
#ifndef BRINK_TARGET_MOOD_H
#define BRINK_TARGET_MOOD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct mood {
	pthread_mutex_t lock;
	uint64_t freeze_ns;    /* for so long, once a load has gone; 0: never */
	uint64_t sulk_ns;      /* what is refused, is refused for so long after; 0: not */
	uint64_t window_ns;    /* when the current tenth of a second began */
	uint32_t here, before; /* requests in it, and in the one before */
	uint32_t most;         /* of any since the last freeze */
	uint64_t quiet_ns;     /* since when hardly anything comes; 0: it does */
	uint64_t frozen_until_ns, sulking_until_ns;
};

void mood_init(struct mood *m, uint64_t freeze_ns, uint64_t sulk_ns);
void mood_fini(struct mood *m);

/* A request has come. False: it is to be refused. Else *ret_due_ns is moved to the end of a freeze,
 * where there is one. */
bool mood_meet(struct mood *m, uint64_t now_ns, uint64_t *ret_due_ns);

void mood_overrun(struct mood *m, uint64_t now_ns); /* the queue was full */

#endif
