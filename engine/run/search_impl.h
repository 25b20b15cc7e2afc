/* search_impl: the parts of a search. Nobody else includes it. */
#ifndef BRINK_RUN_SEARCH_IMPL_H
#define BRINK_RUN_SEARCH_IMPL_H

#include "run/search.h"

/* search_step.c: one load. */
void step_begin(struct search *s, double value);
bool step_take(struct search *s, const struct search_window *w); /* true: it is judged */

/* search_probe.c: a light probe. */
void probe_begin(struct search *s);
bool probe_recovered(struct search *s, const struct search_window *w);
void probe_watch(struct search *s, const struct search_window *w);

/* search_points.c: what the steps add up to. */
void search_points(struct search *s);

#endif
