/* hold: connections that are opened at a pace, kept, asked now and then, opened again when lost.
 * Part of a worker: its thread alone calls. */
#ifndef BRINK_LOAD_HOLD_H
#define BRINK_LOAD_HOLD_H

#include "load/worker_impl.h"

/* Does what is due now; past the end it ends w->issuing. */
void hold_issue(struct worker *w);

/* The instant at which hold_issue is worth calling again. */
uint64_t hold_next_ns(struct worker *w);

#endif
