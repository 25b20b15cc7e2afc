/* cgroup: how much memory the own control group leaves, v2 or v1. Reads /proc and the hierarchy;
 * set-up code or once a second, any thread. */
#ifndef BRINK_HOST_CGROUP_H
#define BRINK_HOST_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* Of the own group and its parents, the one that leaves the least. */
struct cgroup_memory {
	bool known;           /* a hierarchy with the memory controller was found */
	uint64_t limit_bytes; /* UINT64_MAX: none is limited */
	uint64_t used_bytes;  /* without file pages that the kernel drops first; 0: no limit */
	char source[512];     /* the limit's file, below the root; empty: no limit */
};

/* `root` stands before every path: "" but in tests. */
void cgroup_memory_read(struct cgroup_memory *ret, const char *root);

#endif
