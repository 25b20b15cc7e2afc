/* drop: gives up every privilege for good: an ordinary user, no group besides, no capability in
 * any set, nothing to be gained by exec. Who is an ordinary user already keeps its uid, and loses
 * the capabilities it was given, as a service of systemd may be. Set-up code, before other threads
 * start. */
#ifndef BRINK_TOOLS_AGENT_DROP_H
#define BRINK_TOOLS_AGENT_DROP_H

#include "base/err.h"

int drop_privileges(const char *user, struct err *err);

#endif
