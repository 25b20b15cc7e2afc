/* self: what the generator itself costs and suffers: cpu time, waiting for a cpu, throttling by
 * its cgroup, resident memory. Cheap reads of /proc, /sys/fs/cgroup and rusage. */
#ifndef BRINK_HOST_SELF_H
#define BRINK_HOST_SELF_H

#include <stdbool.h>
#include <stdint.h>

/* Of the calling thread. `fd` keeps /proc/thread-self/schedstat open; -1 where there is none. */
struct self_thread {
	int fd;
};

void self_thread_open(struct self_thread *t);
void self_thread_close(struct self_thread *t);
uint64_t self_cpu_ns(void); /* user + system of the calling thread, from rusage */
/* Time runnable but not running, schedstat's second field; 0 where it cannot be had. */
uint64_t self_run_delay_ns(const struct self_thread *t);

/* The cgroup's cpu quota, v2 or v1; `source` names the file. */
struct self_throttle {
	bool known;
	uint64_t throttled_ns; /* cumulative */
	char source[256];
};
void self_throttle_read(struct self_throttle *ret);

uint64_t self_rss_bytes(void); /* of the process; 0 where it cannot be had */

#endif
