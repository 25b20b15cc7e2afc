/* probe: loads the programs of this folder, each object refusable alone, and reads what they count
 * as samples of the target's host. What the kernel lacks is left out before the load, and said.
 *
 * Opened with privileges (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN or root), read without: the counters
 * are mapped memory. Only the walk over sockets is a system call, which unprivileged processes may
 * make from Linux 5.19 on; before, it becomes a gap. One thread. */
#ifndef BRINK_BPF_PROBE_H
#define BRINK_BPF_PROBE_H

#include "base/err.h"
#include "bpf/layout.h"
#include "host/sampler.h"

#include <stdbool.h>

#define PROBE_REASON 160

enum probe_object {
	PROBE_NETWATCH,
	PROBE_SYNQ,
	PROBE_SOCKITER,
	PROBE_CPU,
	PROBE_SCHED,
	PROBE_OBJECTS
};

#define PROBE_BIT(object) (1u << (object))
#define PROBE_ALL         (PROBE_BIT(PROBE_OBJECTS) - 1)
/* What costs a connection the least for what it tells; the others are asked for. */
#define PROBE_CORE (PROBE_BIT(PROBE_NETWATCH) | PROBE_BIT(PROBE_SOCKITER))

struct probe_config {
	unsigned wanted; /* PROBE_BITs */
	struct watch_filter filter;
	const char *cgroup; /* the folder of filter.cgroup; NULL: every one */
};

/* What became of a program. */
struct probe_program {
	const char *object, *name;
	char refused[PROBE_REASON]; /* empty: it is attached */
};

struct probe;

/* Never fails as a whole (NULL) but for want of memory, and where the filter asks for a cgroup and
 * the kernel does not say a socket's. */
struct probe *probe_open(const struct probe_config *c, struct err *err);
void probe_free(struct probe *p);

/* Fills in this process's network namespace, its inode and its cookie where the kernel has one. */
void probe_own_netns(struct watch_filter *f);

const char *probe_object_name(enum probe_object object);
unsigned probe_programs(const struct probe *p, const struct probe_program **ret);

/* Sets those metrics that the programs count better than anything else. */
void probe_owns(const struct probe *p, bool elsewhere[METRIC_COUNT]);

/* Their context is the probe; it stays the caller's. */
extern const struct reader reader_probe_counts, reader_probe_cpus, reader_probe_sockets;

#endif
