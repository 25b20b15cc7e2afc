/* issue: what is due goes to connections with room. Part of a worker: its thread alone calls. */
#ifndef BRINK_LOAD_ISSUE_H
#define BRINK_LOAD_ISSUE_H

#include "load/worker_impl.h"

/* Opens connections ahead, then hands over every request that is due by now. Past the stop it
 * ends w->issuing. */
void issue(struct worker *w);

/* The parts of it that a hold uses too: hands over what the schedule calls for by now; counts
 * what was due before an instant and found no connection. */
void issue_due(struct worker *w);
void issue_leave(struct worker *w, uint64_t end_ns);
uint64_t issue_due_ns(struct worker *w); /* when issue_due is worth calling again */

/* The instant at which issue() is worth calling again; UINT64_MAX when events alone decide. */
uint64_t issue_next_ns(struct worker *w);

#endif
