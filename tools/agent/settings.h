/* settings: what `brink agent` was asked for. Text stays argv's. Set-up code. */
#ifndef BRINK_TOOLS_AGENT_SETTINGS_H
#define BRINK_TOOLS_AGENT_SETTINGS_H

#include "base/err.h"
#include "bpf/layout.h"
#include "host/sampler.h"
#include "io/addr.h"
#include "tools/agent/logs.h"

#include <stdbool.h>
#include <stdio.h>

#define AGENT_PORT 9464

struct agent_settings {
	bool help, list; /* list: say which programs load, and end */
	struct addr listen;
	uint16_t ports[WATCH_PORTS];
	unsigned port_count;
	pid_t pids[SAMPLER_PIDS];
	unsigned pid_count;
	const char *cgroup, *unit, *netns, *user;
	const char *cert, *key, *client_ca;
	const char *journals[LOGS_MAX], *files[LOGS_MAX], *patterns[LOGS_PATTERNS];
	unsigned journal_count, file_count, pattern_count;
	bool kernel_log;
	unsigned programs;    /* PROBE_BITs */
	uint64_t duration_ns; /* 0: until a signal */
};

/* 0, or -1 with a usage error. */
int agent_settings_parse(struct agent_settings *s, int argc, char **argv, struct err *err);
void agent_settings_help(FILE *to);

#endif
