#include "host/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static int read_line(const char *path, char *out, int size)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return -1;
	char *got = fgets(out, size, f);
	fclose(f);
	return got ? 0 : -1;
}

void limits_read(struct limits *ret)
{
	char line[64];
	struct rlimit files;
	*ret = (struct limits){0};
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		ret->descriptors = files.rlim_cur;
		ret->descriptors_hard = files.rlim_max;
	}
	if (read_line("/proc/sys/net/ipv4/ip_local_port_range", line, sizeof line) == 0)
		if (sscanf(line, "%u %u", &ret->port_low, &ret->port_high) != 2)
			ret->port_low = ret->port_high = 0;
	if (read_line("/proc/sys/net/ipv4/tcp_tw_reuse", line, sizeof line) == 0)
		ret->tw_reuse = (unsigned)strtoul(line, NULL, 10);
	if (read_line("/proc/sys/net/core/somaxconn", line, sizeof line) == 0)
		ret->somaxconn = strtoull(line, NULL, 10);
	if (sched_getaffinity(0, sizeof ret->cpus, &ret->cpus) != 0)
		CPU_SET(0, &ret->cpus);
	ret->cpu_count = (unsigned)CPU_COUNT(&ret->cpus);
}

uint32_t limits_ports(const struct limits *l)
{
	return l->port_high ? l->port_high - l->port_low + 1 : 0;
}

/* One "3" or "2-5" at *at, which moves past it; false when there is none. */
static bool parse_range(const char **at, unsigned long *low, unsigned long *high)
{
	char *end;
	if (**at < '0' || **at > '9')
		return false;
	*low = *high = strtoul(*at, &end, 10);
	if (*end == '-') {
		*at = end + 1;
		if (**at < '0' || **at > '9')
			return false;
		*high = strtoul(*at, &end, 10);
	}
	*at = end;
	return *low <= *high && *high < CPU_SETSIZE;
}

int limits_parse_cpus(cpu_set_t *ret, const char *list, const struct limits *l, struct err *err)
{
	cpu_set_t chosen;
	CPU_ZERO(&chosen);
	const char *at = list;
	do {
		unsigned long low, high;
		if (!parse_range(&at, &low, &high))
			return err_set(err, ERR_USAGE, "\"%s\" is not a list of CPUs like 0,2-3",
				       list);
		for (unsigned long cpu = low; cpu <= high; cpu++) {
			if (!CPU_ISSET(cpu, &l->cpus)) {
				err_set(err, ERR_USAGE, "CPU %lu of \"%s\" is not ours to use", cpu,
					list);
				return err_hint(err, "see Cpus_allowed_list in /proc/self/status");
			}
			CPU_SET(cpu, &chosen);
		}
	} while (*at == ',' && at++);
	if (*at)
		return err_set(err, ERR_USAGE, "\"%s\" is not a list of CPUs like 0,2-3", list);
	*ret = chosen;
	return 0;
}
