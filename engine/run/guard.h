/* guard: which targets may be loaded, and how hard. Decided before the first packet. Pure.
 *
 * Loopback needs nothing. Any other address needs an --allow-target block that covers it; a
 * public address is refused whatever the block says. */
#ifndef BRINK_RUN_GUARD_H
#define BRINK_RUN_GUARD_H

#include "base/err.h"
#include "io/addr.h"

#define GUARD_BLOCKS_MAX 32

struct guard {
	struct addr_block allowed[GUARD_BLOCKS_MAX];
	unsigned allowed_count;
	double max_rate_rps;      /* 0: no cap */
	uint64_t max_connections; /* 0: no cap */
};

int guard_allow(struct guard *g, const char *cidr, struct err *err);

/* 0, or -1 with an ERR_REFUSED that names the address and the flag. */
int guard_check_target(const struct guard *g, const struct addr *to, struct err *err);

/* 0, or -1 with an ERR_REFUSED that names the load and the cap. A closed loop (rate_rps 0) has no
 * rate that could be held below a cap: with one it is refused. */
int guard_check_load(const struct guard *g, double rate_rps, uint64_t connections, struct err *err);

#endif
