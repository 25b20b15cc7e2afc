/* compile: from what the user asked for to a plan: URL, address, rendered request, shares.
 * Resolves names; sends nothing but, where a name has several addresses, the attempt to find
 * the one that answers. Set-up code, main thread. */
#ifndef BRINK_RUN_COMPILE_H
#define BRINK_RUN_COMPILE_H

#include "host/limits.h"
#include "load/plan.h"
#include "run/run.h"

/* Fills the plan and what a summary knows before the start. 0, or -1 with an err. The plan
 * wants plan_fini. `dry`: no address is tried. */
int compile_plan(const struct run_config *c, const struct limits *limits, bool dry,
		 struct plan *ret, struct summary *s, struct err *err);

#endif
