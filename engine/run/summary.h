/* summary: what a finished (or broken-off) run says; the one input of every sink in out/.
 *
 * Filled by run/run.c; text belongs to the summary. Read-only to sinks. */
#ifndef BRINK_RUN_SUMMARY_H
#define BRINK_RUN_SUMMARY_H

#include "load/check.h"
#include "run/preflight.h"
#include "run/search.h"
#include "run/threshold.h"
#include "run/timeline.h"
#include "stat/tally.h"
#include "tls/reason.h"

#include <sys/types.h>
#include <time.h>

#define SUMMARY_LIMITS_MAX 8
#define SUMMARY_UNKNOWN    UINT64_MAX
#define SUMMARY_NOTES_MAX  16

/* Why the generator was the limit: one of the limiters `ports descriptors cpu memory ring
 * conntrack_local`. */
struct summary_limit {
	const char *limiter;
	char evidence[768]; /* "throttled 88% of the time by cgroup ..." with figures and source */
	char remedy[256];
};

/* What a hold says beside what a run says. A figure that could not be had is 0. */
struct summary_hold {
	double opening_s; /* until every connection had been tried */
	double held_s;
	double closing_s;
	double opened_rps;                      /* connections established per second, mean */
	double first_tenth_rps, last_tenth_rps; /* of the connections asked for */
	uint64_t open_at_end;                   /* before they were closed */
	bool target_local;                      /* kernel memory is that of both ends */
	double user_bytes;                      /* resident, per open connection */
	double kernel_bytes;                    /* growth of slabs (/proc/slabinfo), per open one */
	double warm_s, cold_share;              /* time to touch memory ahead; how much was cold */
	uint64_t warm_bytes;
	bool reset;                   /* closed with RSTs, to spare TIME_WAIT */
	uint64_t memory_pressures;    /* TCPMemoryPressures, since the start; or unknown */
	uint64_t time_wait_overflows; /* TCPTimeWaitOverflow, since the start; or unknown */
	struct preflight preflight;   /* the plan */
};

/* Of TLS, beside what the tally counts. */
struct summary_tls {
	bool used;
	const char *version, *cipher;   /* of the latest handshake; NULL: none succeeded */
	bool ktls;                      /* the kernel sealed and opened records, both ways */
	char note[256];                 /* why it did not */
	char details[TLS_REASONS][160]; /* of the first failure of each reason; may be empty */
};

#define RUN_STAGES_MAX 64

struct summary_stage {
	const char *name;          /* "ramp", "plateau", "breaking", "recovery", "watch" */
	double length_s, from, to; /* requests a second, or connections */
	uint64_t intended, ended, ok;
	double achieved_rps, error_rate;
	uint64_t p50_us, p99_us; /* intended latency of what ended in it */
};

#define SUMMARY_AGENTS_MAX 8
#define SUMMARY_EVENTS_MAX 32

struct summary_event {
	double at_s; /* since the start */
	struct kernel_event line;
};

/* What an agent, or this host sampled directly, said of the target's kernel. */
struct summary_agent {
	char name[256]; /* "local", or the URL */
	char host[64], release[64];
	bool clock_known;
	double offset_us, bound_us; /* of its clock, theirs minus ours */
	uint64_t missed;            /* samples that never came */
	unsigned cuts;              /* times that its stream broke off and went on */
	bool lost;                  /* it was not there at the end */
	char why[160];              /* it broke off, the first time */
	struct kernel_span kernel;  /* of the whole run */
	char from[KERNEL_KEYS][12]; /* "bpf", "netlink", "procfs"; empty: not to be had, and */
	char gap[KERNEL_KEYS][160]; /* why */
	uint64_t event_seen;
	unsigned event_count;
	struct summary_event events[SUMMARY_EVENTS_MAX];
};

struct summary {
	const char *command;  /* "run" */
	char target[512];     /* URL, redacted */
	const char *protocol; /* "h1" */
	bool open_loop;
	struct summary_tls tls;
	bool hold;                /* connections were what was asked for: */
	struct summary_hold held; /* this tells of them */
	bool find;                /* a load was sought: */
	struct search_config search;
	struct search_report found;
	struct kernel_span step_kernels[SEARCH_STEPS_MAX]; /* beside found.steps */
	unsigned staged; /* so many stages are planned; and the most of their load */
	double staged_most;
	unsigned stage_count;
	struct summary_stage stages[RUN_STAGES_MAX + 1];
	struct kernel_span stage_kernels[RUN_STAGES_MAX + 1];
	bool stopped_by_guard;
	struct timespec started_at; /* wall clock, for people only */
	double elapsed_s;           /* first due instant to last end */
	double planned_s;           /* as asked, 0 when bounded by a count */
	uint64_t connections_asked;
	double offered_rps;               /* 0 in a closed loop */
	double achieved_rps;              /* answers of the target, good or bad, per second */
	struct tally total;               /* everything measured */
	char grpc_words[TALLY_GRPC][164]; /* the first grpc-message of each status; may be empty */

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

	unsigned check_count; /* the tally has their counts, by number */
	char checks[CHECKS_MAX][CHECK_LABEL_MAX];
	double check_share; /* of the answers that were looked at */

	unsigned agent_count;
	struct summary_agent agents[SUMMARY_AGENTS_MAX];
	struct timeline timeline;

	int signal;    /* SIGINT or SIGTERM that ended it; 0 */
	int exit_code; /* of the process, see run/verdict.h */
};

const char *summary_grpc_name(unsigned status); /* "NOT_FOUND"; "OTHER" past those; grpc_plan.c */

/* One second while it runs. */
struct progress {
	double at_s, planned_s;
	struct tally *window; /* of the second just ended */
	uint64_t open, opening;
	const struct tally *total;        /* since the start */
	const struct kernel_span *kernel; /* of the target's host; NULL: nobody looks */
	bool hold, closing;
	bool warmup;
};

#endif
