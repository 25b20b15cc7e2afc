/* follow: what a worker does as its plan's schedule goes on. Its thread alone calls. */
#ifndef BRINK_LOAD_FOLLOW_H
#define BRINK_LOAD_FOLLOW_H

#include "load/worker_impl.h"

/* At the start; then once a turn: begins the pieces whose time has come. In a closed loop so many
 * connections are used as the load is just now. */
void follow_init(struct worker *w);
void follow(struct worker *w);

/* When it is worth calling again, as far as is known; UINT64_MAX: nothing moves. */
uint64_t follow_next_ns(const struct worker *w);

#endif
