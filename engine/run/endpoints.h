/* endpoints: where a load goes, and where it comes from: names resolved, every address held
 * against the guard, sources checked, and the four-tuples chosen. Set-up code, main thread; it
 * may resolve names and try addresses, see addr_reachable. */
#ifndef BRINK_RUN_ENDPOINTS_H
#define BRINK_RUN_ENDPOINTS_H

#include "base/url.h"
#include "host/limits.h"
#include "load/plan.h"
#include "run/run.h"

/* Sets plan->tuples for plan->connections. `dry`: no address is tried. 0, or -1 with an err. */
int endpoints_choose(const struct run_config *c, const struct url *url, const struct limits *limits,
		     bool dry, struct plan *plan, struct err *err);

#endif
