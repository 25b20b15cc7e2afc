/* watched: whose processes and control group are the target's: what --cgroup, --unit and --pid
 * name, the first of these for the group. Found once, before privileges are given up: processes
 * that begin later are not among them. Set-up code. */
#ifndef BRINK_TOOLS_AGENT_WATCHED_H
#define BRINK_TOOLS_AGENT_WATCHED_H

#include "base/err.h"
#include "tools/agent/settings.h"

struct watched {
	pid_t pids[SAMPLER_PIDS];
	unsigned pid_count, left_out; /* left_out: those of the unit past the bound */
	bool cgroup_known;
	struct cgroup cgroup;
	char sockets_of[2 * CGROUP_PATH]; /* --cgroup's folder of v2; empty: sockets of every one */
};

/* `root` stands before every path: "" but in tests. -1 with a usage error. */
int watched_find(struct watched *ret, const struct agent_settings *s, const char *root,
		 struct err *err);

#endif
