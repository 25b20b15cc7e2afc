/* cgroup: where a process or a unit stands in the hierarchies of control groups, v2 and v1, how
 * much memory that leaves it and how long its quota held it back. Reads /proc and the hierarchies;
 * set-up code or once a second, any thread. `root` stands before every path: "" but in tests. */
#ifndef BRINK_HOST_CGROUP_H
#define BRINK_HOST_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP_PATH 512

enum cgroup_kind { CGROUP_MEMORY, CGROUP_CPU, CGROUP_SYSTEMD, CGROUP_V2, CGROUP_KINDS };

/* One group, in each hierarchy that has it. */
struct cgroup {
	struct {
		char mount[CGROUP_PATH]; /* "/sys/fs/cgroup"; empty: it is not there */
		char path[CGROUP_PATH];  /* below that: "/system.slice/nginx.service" */
	} in[CGROUP_KINDS];
};

/* False, and all empty: no hierarchy has it. */
bool cgroup_of_process(struct cgroup *ret, const char *root, pid_t pid); /* 0: the own */
bool cgroup_of_folder(struct cgroup *ret, const char *root, const char *folder);

/* The group of a name, at most a few levels down: "nginx.service". */
bool cgroup_of_name(struct cgroup *ret, const char *root, const char *name);

/* Its processes and those of the groups below it. Returns how many there are; as many as `max`
 * are written. */
unsigned cgroup_processes(const struct cgroup *c, const char *root, pid_t *pids, unsigned max);

/* Of a group and its parents, the one that leaves the least. */
struct cgroup_memory {
	bool known;           /* a hierarchy with the memory controller was found */
	uint64_t limit_bytes; /* UINT64_MAX: none is limited */
	uint64_t used_bytes;  /* without file pages that the kernel drops first; 0: no limit */
	char source[512];     /* the limit's file, below the root; empty: no limit */
};

void cgroup_memory_of(struct cgroup_memory *ret, const char *root, const struct cgroup *c);
void cgroup_memory_read(struct cgroup_memory *ret, const char *root); /* of the own group */

/* How long the quotas of a group and its parents held it back, added up. False: nobody counts. */
bool cgroup_throttled_ns(uint64_t *ret, const char *root, const struct cgroup *c);

#endif
