/* limits: what this host grants a load generator. Reads /proc and the process's own limits;
 * set-up code, any thread. A value that cannot be had is 0, and says so in its comment. */
#ifndef BRINK_HOST_LIMITS_H
#define BRINK_HOST_LIMITS_H

#include "base/err.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

struct limits {
	uint64_t descriptors;         /* RLIMIT_NOFILE, soft */
	uint64_t descriptors_hard;    /* RLIMIT_NOFILE, hard */
	uint32_t port_low, port_high; /* net.ipv4.ip_local_port_range; 0, 0: unknown */
	unsigned tw_reuse;            /* net.ipv4.tcp_tw_reuse: 1 everywhere, 2 on loopback */
	uint64_t somaxconn;           /* net.core.somaxconn; 0: unknown */
	cpu_set_t cpus;               /* that this process may run on */
	unsigned cpu_count;
};

void limits_read(struct limits *ret);

/* Ports free to choose from for each (source, destination, port); 0: unknown. */
uint32_t limits_ports(const struct limits *l);

/* "0,2-3" into a set; -1 with a usage error that names the list, or a CPU that this process may
 * not use. */
int limits_parse_cpus(cpu_set_t *ret, const char *list, const struct limits *l, struct err *err);

#endif
