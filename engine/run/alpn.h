/* alpn: which protocol is spoken to an https:// URL where nobody says: one handshake ahead of the
 * load offers both and looks what the target chooses. Set-up code, main thread; it blocks for a
 * connect timeout at most. */
#ifndef BRINK_RUN_ALPN_H
#define BRINK_RUN_ALPN_H

#include "base/url.h"
#include "load/plan.h"
#include "run/run.h"

/* Whether it is left to the target. */
bool alpn_decides(const struct run_config *c, const struct url *url);

/* "h2" or "h1", by the first address of plan->tuples; a note says how it came to that. Where the
 * target cannot be asked it is h1, and the load itself will tell why. */
const char *alpn_choose(const struct run_config *c, const struct url *url, const struct plan *plan,
			struct summary *s);

#endif
