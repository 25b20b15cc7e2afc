/* mono: the one clock of the project, CLOCK_MONOTONIC in nanoseconds. Wall-clock jumps do not
 * touch it. Load code asks its ring (io/ring.h) instead, so that a simulated ring owns time. */
#ifndef BRINK_BASE_MONO_H
#define BRINK_BASE_MONO_H

#include <stdint.h>
#include <time.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

static inline uint64_t mono_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

#endif
