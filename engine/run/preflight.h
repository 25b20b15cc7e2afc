/* preflight: what will limit so many connections on this host, in the order in which it binds,
 * and the setting that mends it. Pure: what is asked and what the host says in, judgements out;
 * out/out_preflight.h shows them.
 *
 * A row is a limiter that was looked at. Some cannot bound a count of idle connections and only
 * advise: what must not be done at once. */
#ifndef BRINK_RUN_PREFLIGHT_H
#define BRINK_RUN_PREFLIGHT_H

#include "base/err.h"
#include "host/facts.h"

#include <stdbool.h>
#include <stdint.h>

#define PREFLIGHT_CONNECTIONS_MAX (UINT64_C(1) << 40) /* sums of bytes stay far from 2^64 */

/* Zero stands for the usual: one pair, io_uring with direct descriptors. */
struct preflight_demand {
	uint64_t connections;
	uint32_t sources;       /* source addresses; 0 counts as 1 */
	uint64_t pairs;         /* sources x destinations (address and port); 0 counts as 1 */
	uint32_t per_pair;      /* connections good for one pair; 0: preflight_ports */
	bool own_ports;         /* the engine names source ports, the kernel does not search */
	bool target_local;      /* both ends are on this host */
	bool loopback;          /* in 127.0.0.0/8, of which any address may be a source */
	bool lean;              /* idle connections are watched, no receive is armed */
	bool plain_descriptors; /* none that belong to a ring */
	unsigned threads;       /* each with rings of its own; 0 counts as 1 */
	const struct err *ring; /* why there is no io_uring; NULL: there is */
};

#define PREFLIGHT_ROWS_MAX  16
#define PREFLIGHT_UNBOUNDED UINT64_MAX

struct preflight_row {
	const char *limiter; /* "ports": a limiter's name as in reports */
	uint64_t allows;     /* connections; PREFLIGHT_UNBOUNDED: does not bound them */
	bool binds;          /* allows fewer than are asked for */
	char source[256];    /* the files or limits looked at */
	char evidence[512];  /* with figures; "n/a (reason)" where a source cannot be read */
	char remedy[512];    /* begins with what to type; empty: nothing to do */
};

/* Sorted: the first to bind comes first. */
struct preflight {
	uint64_t connections; /* asked for */
	unsigned count;
	struct preflight_row rows[PREFLIGHT_ROWS_MAX];
};

void preflight_judge(const struct preflight_demand *d, const struct facts *f,
		     struct preflight *ret);

/* The least that any row allows; PREFLIGHT_UNBOUNDED where none bounds. */
uint64_t preflight_allows(const struct preflight *p);
bool preflight_binds(const struct preflight *p);

/* Source ports good for one (source, destination, port): all of the range that are not reserved
 * or, where the kernel searches, as many of them as it finds quickly. 0: the range is unknown. */
uint32_t preflight_ports(const struct facts *f, bool own_ports);

/* Kernel and user memory that so many connections will take on this host. */
uint64_t preflight_memory(const struct preflight_demand *d);

#endif
