/* facts: what this host has to say about many connections, each fact with the file it is from.
 *
 * One table (facts.c) makes them all; what cannot be read says why, and is never a 0. Reads some
 * twenty files of /proc and the cgroup hierarchy: set-up code or once a second, any thread. */
#ifndef BRINK_HOST_FACTS_H
#define BRINK_HOST_FACTS_H

#include <stdbool.h>
#include <stdint.h>

enum fact_id {
	/* memory, in bytes */
	FACT_MEM_TOTAL,
	FACT_MEM_AVAILABLE,
	FACT_CGROUP_LIMIT, /* the tightest of the own group and its parents; UINT64_MAX: none */
	FACT_CGROUP_USED,  /* of that one, file pages that are dropped first left out */
	FACT_SLAB,         /* all of the kernel's slabs; root only */
	/* descriptors */
	FACT_NOFILE_SOFT,
	FACT_NOFILE_HARD,
	FACT_FILES_MAX,    /* fs.file-max */
	FACT_FILES_OPEN,   /* of the whole host */
	FACT_FILES_EXEMPT, /* 1: CAP_SYS_ADMIN, which fs.file-max does not bind */
	/* ports */
	FACT_PORT_LOW,
	FACT_PORT_HIGH,
	FACT_PORTS_RESERVED, /* within the range */
	/* TCP's settings; tcp_mem in pages */
	FACT_TCP_MEM_LOW,
	FACT_TCP_MEM_PRESSURE,
	FACT_TCP_MEM_MAX,
	FACT_TW_MAX,   /* tcp_max_tw_buckets */
	FACT_TW_REUSE, /* 0 off, 1 on, 2 on loopback */
	FACT_SYN_BACKLOG,
	FACT_SYN_COOKIES,
	FACT_SOMAXCONN,
	/* connection tracking; unknown with ENOENT where the module is not loaded */
	FACT_CONNTRACK_MAX, /* of the host, also when read in a namespace */
	FACT_CONNTRACK_COUNT,
	FACT_CONNTRACK_INSERT_FAILED,
	FACT_CONNTRACK_DROP,
	/* sockets now; this network namespace's, but for alloc and memory: the host's */
	FACT_SOCKETS_USED,
	FACT_TCP_INUSE,
	FACT_TCP_ORPHAN,
	FACT_TCP_TW,
	FACT_TCP_ALLOC,
	FACT_TCP_MEM_PAGES,
	FACT_TCP_ESTABLISHED,
	FACT_TCP_IN_SEGS,
	FACT_TCP_ESTAB_RESETS,
	/* counters */
	FACT_TW_OVERFLOWS,
	FACT_TCP_MEMORY_PRESSURES,
	FACT_LISTEN_OVERFLOWS,
	FACT_COUNT
};

struct fact {
	uint64_t value;
	bool known;
	int why; /* not known: an errno; ENODATA: the file does not have it */
};

struct facts {
	struct fact of[FACT_COUNT];
	char cgroup[512]; /* file of FACT_CGROUP_LIMIT; empty: no limit */
};

/* `root` stands before every path: "" but in tests, which keep a small /proc of their own. */
void facts_read(struct facts *ret, const char *root);

/* Reads these anew, FACT_BITs, and leaves the others: every file of /proc that is opened costs the
 * kernel an inode and a dentry for a while. */
#define FACT_BIT(id) (UINT64_C(1) << (id))
void facts_refresh(struct facts *f, const char *root, uint64_t which);

uint64_t facts_or(const struct facts *f, enum fact_id id, uint64_t otherwise);
const char *facts_name(enum fact_id id);                          /* "mem_available_bytes" */
const char *facts_source(const struct facts *f, enum fact_id id); /* "/proc/meminfo" */

#endif
