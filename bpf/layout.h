/* layout: what the programs count, as both they and the loader see it. Counters stand in memory
 * that is mapped into the loader: reading them is no system call, and needs no privilege. A CPU
 * has a block of its own; beyond WATCH_CPUS several share one, which atomic additions allow. */
#ifndef BRINK_BPF_LAYOUT_H
#define BRINK_BPF_LAYOUT_H

#include <linux/types.h>

#define WATCH_CPUS    256 /* a power of two */
#define WATCH_PORTS   32
#define WATCH_PIDS    32
#define WATCH_REASONS 160 /* of drops; those beyond are counted as the last one */
#define WATCH_RESETS  48
#define WATCH_VECTORS 10 /* of softirqs */
#define WATCH_STATES  16 /* of TCP: 1 ESTABLISHED ... 12 NEW_SYN_RECV */
#define WATCH_SLOTS   24 /* powers of two of a microsecond */

/* Fixed before the programs are loaded. */
struct watch_filter {
	__u32 netns; /* inode number; 0: every one */
	__u32 port_count, pid_count;
	__u64 netns_cookie;       /* the same namespace; 0: every one */
	__u64 cgroup;             /* id, as its directory's inode number; 0: every one */
	__u16 ports[WATCH_PORTS]; /* local ones; none: every one */
	__u32 pids[WATCH_PIDS];   /* of sched; none: every one */
};

enum watch_change {
	CHANGE_PASSIVE_OPEN,
	CHANGE_ACTIVE_OPEN,
	CHANGE_CLOSED_HERE, /* the own end sent the first FIN */
	CHANGE_CLOSED_BY_PEER,
	CHANGE_COUNT
};

enum watch_retransmit {
	RETRANSMIT_SYN,
	RETRANSMIT_SYN_ACK,
	RETRANSMIT_RTO,
	RETRANSMIT_FAST,
	RETRANSMIT_TLP,
	RETRANSMIT_OTHER,
	RETRANSMIT_COUNT
};

struct netwatch_counts {
	__u64 changes[CHANGE_COUNT];
	__u64 retransmits[RETRANSMIT_COUNT]; /* segments */
	__u64 resets_sent[WATCH_RESETS];     /* by enum sk_rst_reason */
	__u64 resets_received;
	__u64 drops[WATCH_REASONS]; /* by enum skb_drop_reason */
	__u64 drops_unplaced;       /* of no namespace that could be told */
} __attribute__((aligned(64)));

struct synq_counts {
	__u64 syn_received;
} __attribute__((aligned(64)));

struct cpu_counts {
	__u64 softirq_ns[WATCH_VECTORS];
	__u64 softirq_from_ns, irq_from_ns; /* of what goes on */
	__u64 irq_ns;
	__u64 napi_polls, napi_full;         /* full: the whole budget was used */
	__u8 softirq_untimed[WATCH_VECTORS]; /* for which the next one that is timed stands */
	__u8 softirq_left[WATCH_VECTORS];    /* to pass until then */
} __attribute__((aligned(64)));

struct sched_counts {
	__u64 delay_ns, waits;
	__u64 slots[WATCH_SLOTS]; /* of delay, by power of two of a microsecond */
} __attribute__((aligned(64)));

/* The walk over sockets: counts of states, and a record a listener through the iterator. */
struct sockiter_counts {
	__u64 states[WATCH_STATES];
	__u64 not_accepted; /* established, and nobody has called accept() for it yet */
};

struct sockiter_listener {
	__u32 port;
	__u32 length, limit;    /* of the accept queue */
	__u32 half_open, young; /* SYN_RECV of it; young: the SYN-ACK was sent once */
	__u32 drops;
};

#endif
