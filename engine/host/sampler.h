/* sampler: reads a host again and again, counters ten times a second and gauges once, and keeps
 * the latest sample of each reader. A reader that costs more than READER_SHARE of a CPU is read
 * less often, and `sample_interval_seconds` says so.
 *
 * One thread. A reader is a row: what it opens stays open, so that privileges may be dropped once
 * sampler_new() has returned. Memory is the sampler's; its samples are borrowed until the next
 * tick. */
#ifndef BRINK_HOST_SAMPLER_H
#define BRINK_HOST_SAMPLER_H

#include "base/err.h"
#include "host/cgroup.h"
#include "host/sample.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SAMPLER_TICK_MS  100u
#define SAMPLER_PORTS    32u
#define SAMPLER_PIDS     32u
#define SAMPLER_READERS  24u
#define READER_SHARE     0.01 /* of a CPU */
#define READER_SLOWEST_S 60u

struct sampler_config {
	const char *root; /* stands before every path: "" but in tests */
	uint16_t ports[SAMPLER_PORTS];
	unsigned port_count; /* 0: every port */
	pid_t pids[SAMPLER_PIDS];
	unsigned pid_count;
	unsigned pids_left_out; /* processes of the target past the bound */
	bool by_cgroup; /* sockets of one cgroup alone were asked for: readers here cannot */
	bool cgroup_known;
	struct cgroup cgroup;         /* the target's */
	bool elsewhere[METRIC_COUNT]; /* a better source has these */
	bool light; /* beside a load: of sockets only listeners and half-open ones */
};

struct reader {
	const char *name;
	unsigned every_ms;
	void *(*open)(const struct sampler_config *c); /* NULL: there is nothing to read */
	void (*read)(void *ctx, struct sample *into);
	void (*close)(void *ctx);
};

struct sampler;

/* With all readers of engine/host. The config is copied. */
struct sampler *sampler_new(const struct sampler_config *c, struct err *err);
void sampler_free(struct sampler *s);

/* One more, whose context stays the caller's unless it has a close. False: there is no room. */
bool sampler_use(struct sampler *s, const struct reader *r, void *ctx);

/* Reads what is due at a tick, a multiple of SAMPLER_TICK_MS; returns how many readers. */
unsigned sampler_tick(struct sampler *s, uint64_t tick);

/* Those read at the latest tick (fresh), or all, in turn; NULL at the end. `at` starts at 0. */
const struct sample *sampler_next(const struct sampler *s, bool fresh, unsigned *at);

/* The readers of engine/host; for sampler.c and tests. */
extern const struct reader reader_netstat, reader_sockstat, reader_conntrack, reader_softnet,
	reader_cpu, reader_pressure, reader_memory, reader_disks, reader_processes, reader_zombies,
	reader_thermal, reader_nic, reader_sockets;

/* Direction and number of the queue whose packets a driver counts under this name; false: it is
 * another one. For reader_nic.c and tests. */
bool nic_is_queue(const char *name, const char **ret_direction, unsigned *ret_queue);

#endif
