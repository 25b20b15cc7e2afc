/* mixing: from the requests of a scenario to a mix: files read, variables looked up, every request
 * rendered into parts and checked. Set-up code, main thread. */
#ifndef BRINK_RUN_MIXING_H
#define BRINK_RUN_MIXING_H

#include "base/url.h"
#include "run/scenario.h"
#include "run/summary.h"

/* -1 with an err in one line. The mix wants mix_free. Remarks go to the summary. */
int mixing_compile(struct mix **ret, const struct run_config *c, const struct url *url,
		   struct summary *s, struct err *err);

#endif
