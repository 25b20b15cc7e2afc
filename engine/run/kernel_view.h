/* kernel_view: of all that a host's sample holds, the few figures that stand beside the client's:
 * values by metric and label, folded to one number each, and what they came to in a span of time.
 * Pure; the caller's memory. */
#ifndef BRINK_RUN_KERNEL_VIEW_H
#define BRINK_RUN_KERNEL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_CPUS   256
#define KERNEL_EVENTS 4 /* lines of logs in one sample */

enum kernel_key {
	/* gauges */
	KERNEL_SYN_RECV,
	KERNEL_ACCEPT_QUEUE, /* of the target's port, as its limit */
	KERNEL_ACCEPT_LIMIT,
	KERNEL_TIME_WAIT,
	KERNEL_CONNTRACK,
	KERNEL_CONNTRACK_LIMIT,
	KERNEL_STOPPED, /* watched processes that are stopped */
	/* counters */
	KERNEL_RETRANSMITTED,
	KERNEL_LISTEN_OVERFLOWS,
	KERNEL_LISTEN_DROPS,
	KERNEL_SYN_COOKIES,
	KERNEL_CONNTRACK_DROPS,
	KERNEL_SOFTNET_DROPS,
	KERNEL_SKB_DROPS,
	KERNEL_RESETS_SENT,
	KERNEL_MEMORY_PRESSURES,
	KERNEL_SEGMENTS_OUT,
	KERNEL_PROCESS_CPU, /* seconds of the watched processes */
	KERNEL_KEYS
};

const char *kernel_key_name(enum kernel_key key);   /* "syn_recv" */
const char *kernel_key_metric(enum kernel_key key); /* "syn_recv_sockets" */
const char *kernel_key_absent(enum kernel_key key); /* why it may be absent, where nobody says */
bool kernel_key_is_counter(enum kernel_key key);

/* A line of a log that matched a pattern. */
struct kernel_event {
	uint64_t at_ns; /* as kernel_view's */
	char pattern[32], text[128];
};

/* What one sample said. */
struct kernel_view {
	uint64_t at_ns; /* on the generator's clock */
	bool known[KERNEL_KEYS];
	double value[KERNEL_KEYS];
	unsigned cpus;                 /* 0: softirqs were not read */
	double softirq_s[KERNEL_CPUS]; /* cumulative */
	unsigned event_count;
	struct kernel_event events[KERNEL_EVENTS];
};

/* Takes one value, by its metric's name without prefix and its labels as Prometheus writes them;
 * what is not wanted is left alone. `port` is the target's. */
void kernel_view_add(struct kernel_view *v, const char *metric, const char *labels, double value,
		     unsigned port);

/* What a span of time showed: the most that a gauge was, what a counter grew by. */
struct kernel_span {
	uint64_t samples;
	bool known[KERNEL_KEYS];
	double value[KERNEL_KEYS];
	double softirq_share; /* of the busiest CPU's time; below 0: unknown */
	unsigned softirq_cpu;
};

void kernel_span_clear(struct kernel_span *s);

/* Adds another span: a later one of the same host, or another host's of the same time. */
void kernel_span_add(struct kernel_span *into, const struct kernel_span *other);

/* Of one host: its latest values, by which the next sample becomes a span. */
struct kernel_track {
	bool known[KERNEL_KEYS];
	double latest[KERNEL_KEYS];
	unsigned cpus; /* 0: softirqs were not read yet */
	uint64_t softirq_at_ns;
	double softirq_s[KERNEL_CPUS];
};

/* What the sample adds to those before it. The first value of a counter begins it. */
void kernel_track_take(struct kernel_track *t, const struct kernel_view *v,
		       struct kernel_span *ret);

#endif
