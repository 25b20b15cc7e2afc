/* drop: gives up every privilege for good: an ordinary user, no group besides, no capability in
 * any set, nothing to be gained by exec. Set-up code, before other threads start. */
#ifndef BRINK_TOOLS_AGENT_DROP_H
#define BRINK_TOOLS_AGENT_DROP_H

#include "base/err.h"

/* Nothing to do where the process is not root's. */
int drop_privileges(const char *user, struct err *err);

#endif
