/* window: what was counted in a piece of time, as a search wants it. Pure; any thread. */
#ifndef BRINK_RUN_WINDOW_H
#define BRINK_RUN_WINDOW_H

#include "run/search.h"
#include "stat/tally.h"

/* The times of the tally count from `begin_ns`, when the load of the order began. Latencies stay
 * the tally's. What the generator failed at by itself is in none of the counts. */
struct search_window window_of(const struct tally *t, uint64_t begin_ns, uint64_t from_ns);

#endif
