/* summary: what a finished (or broken-off) run says; the one input of every sink in out/.
 *
 * Filled by run/run.c; text belongs to the summary. Read-only to sinks. */
#ifndef BRINK_RUN_SUMMARY_H
#define BRINK_RUN_SUMMARY_H

#include "run/threshold.h"
#include "stat/tally.h"

#include <sys/types.h>
#include <time.h>

#define SUMMARY_LIMITS_MAX 8
#define SUMMARY_NOTES_MAX  16

/* Why the generator was the limit: one of the limiters `ports descriptors cpu memory ring`. */
struct summary_limit {
	const char *limiter;
	char evidence[256]; /* "throttled 88% of the time by cgroup ..." with figures and source */
	char remedy[256];
};

struct summary {
	const char *command;  /* "run" */
	char target[512];     /* URL, redacted */
	const char *protocol; /* "h1" */
	bool open_loop;
	struct timespec started_at; /* wall clock, for people only */
	double elapsed_s;           /* first due instant to last end */
	double planned_s;           /* as asked, 0 when bounded by a count */
	uint64_t connections_asked;
	double offered_rps;  /* 0 in a closed loop */
	double achieved_rps; /* answers of the target, good or bad, per second */
	struct tally total;  /* everything measured */

	unsigned threads, rings;
	uint64_t rss_bytes;
	uint64_t bytes_per_idle_connection; /* user memory: hot state reserved per connection */
	double cpu_s;
	double cpu_us_per_request; /* 0 when nothing ended */
	bool saturated;
	unsigned limit_count;
	struct summary_limit limits[SUMMARY_LIMITS_MAX];

	unsigned note_count; /* remarks for people: what was seen, what to do */
	char notes[SUMMARY_NOTES_MAX][320];

	unsigned threshold_count;
	struct threshold thresholds[THRESHOLD_MAX];
	struct threshold_result results[THRESHOLD_MAX];

	int signal;    /* SIGINT or SIGTERM that ended it; 0 */
	int exit_code; /* of the process, see run/verdict.h */
};

/* One second while it runs. */
struct progress {
	double at_s, planned_s;
	struct tally *window; /* of the second just ended */
	uint64_t open;
	bool warmup;
};

#endif
