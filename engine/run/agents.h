/* agents: what the target's kernel does, beside what the client counts. Takes the samples of every
 * agent, places them in the run's timeline, and sums them up for the second, for the step of a
 * search and for the whole. Part of a run, on its thread; memory is its own. */
#ifndef BRINK_RUN_AGENTS_H
#define BRINK_RUN_AGENTS_H

#include "load/plan.h"
#include "run/run.h"

struct agents;

/* Whether text names an agent: "local", "none", or an http(s) URL. -1 with a usage error. */
int agents_check(const char *text, struct err *err);

/* Connects to those of the config; where none is named and the target is this host, that is
 * sampled. Before other threads start. Fills s->agents. NULL in *ret: there is none. */
int agents_open(struct agents **ret, const struct run_config *c, const struct plan *plan,
		struct summary *s, struct err *err);
void agents_close(struct agents *a); /* NULL is fine, here and below */

/* The load starts; its timeline is s->timeline. */
void agents_begin(struct agents *a, struct summary *s);

/* Takes what has come. */
void agents_tick(struct agents *a, struct summary *s);

/* Since the last call, or the start: of a second, of a step. NULL: there are no agents. The
 * second's is valid until the next tick. */
const struct kernel_span *agents_second(struct agents *a);
void agents_step(struct agents *a, struct kernel_span *ret);

/* Awaits what is still under way for a moment, and settles what each of them is worth. */
void agents_end(struct agents *a, uint64_t ended_ns, struct summary *s);

#endif
