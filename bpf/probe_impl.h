/* What probe.c, which loads, probe_read.c, which reads, and probe_kernel.c, which knows the running
 * kernel, share. */
#ifndef BRINK_BPF_PROBE_IMPL_H
#define BRINK_BPF_PROBE_IMPL_H

#include "bpf/probe.h"

#define PROBE_PROGRAMS_MAX 24
#define PROBE_NAME         56

struct bpf_link;
struct btf;
struct bpf_object;

struct probe {
	struct bpf_object *objects[PROBE_OBJECTS];
	void *skeletons[PROBE_OBJECTS];
	void (*destroy[PROBE_OBJECTS])(void *skeleton);
	struct probe_program programs[PROBE_PROGRAMS_MAX];
	struct bpf_link *links[PROBE_PROGRAMS_MAX];
	unsigned program_count;
	unsigned cpus;           /* that may come to count */
	bool by_port, by_cgroup; /* some ports, or one cgroup, alone are watched */
	const char *cgroup;      /* borrowed while probe_open() runs; NULL: every one */
	struct bpf_link *walk;

	/* Mapped; NULL where the object was not loaded. */
	const struct netwatch_counts *netwatch;
	const struct synq_counts *synq;
	const struct cpu_counts *cpu;
	const struct sched_counts *sched;
	struct sockiter_counts *sockiter;

	/* By the running kernel's numbers; empty: it has no such reason. */
	char drop_names[WATCH_REASONS][PROBE_NAME], reset_names[WATCH_RESETS][PROBE_NAME];
};

/* Whether a program of that name is attached. */
bool probe_has(const struct probe *p, const char *program);

/* Why it is not; NULL: it is. */
const char *probe_refusal(const struct probe *p, const char *program);

/* The reasons' names; `kernel` may be NULL. Whether its sockets say which cgroup they were made in:
 * Linux 5.15, with CONFIG_SOCK_CGROUP_DATA. */
void probe_read_names(struct probe *p, const struct btf *kernel);
bool probe_tells_cgroups(const struct btf *kernel);

#endif
