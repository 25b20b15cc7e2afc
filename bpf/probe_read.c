/* What the programs have counted, as points of a sample. */
#include "bpf/probe.h"

#include "bpf/probe_impl.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LISTENERS_MAX 256
#define NEW_SYN_RECV  12

/* Of one field of the blocks of all CPUs. */
#define SUM(p, blocks, field)                                                                      \
	__extension__({                                                                            \
		uint64_t sum_ = 0;                                                                 \
		for (unsigned cpu_ = 0; cpu_ < (p)->cpus; cpu_++)                                  \
			sum_ += __atomic_load_n(&(p)->blocks[cpu_].field, __ATOMIC_RELAXED);       \
		(double)sum_;                                                                      \
	})

static void add(struct sample *into, enum metric_id metric, double value, const char *labels)
{
	sample_add(into, metric, SOURCE_BPF, value, labels ? "%s" : NULL, labels);
}

/* Why a metric is not, or not wholly, told by a program; nothing where it is. */
static bool lacks(const struct probe *p, struct sample *into, enum metric_id metric,
		  const char *program)
{
	const char *why = probe_refusal(p, program);
	if (why)
		sample_gap(into, metric, "%s was not loaded: %s", program, why);
	return why != NULL;
}

/* --- owning ------------------------------------------------------------------------------ */

static const struct {
	const char *program;
	enum metric_id metric;
} OWNED[] = {
	{"state_changed", METRIC_TCP_OPENS},
	{"state_changed", METRIC_TCP_CLOSES},
	{"retransmitted", METRIC_TCP_RETRANSMITS},
	{"reset_sent", METRIC_RESETS},
	{"dropped", METRIC_SKB_DROPS},
	{"half_opened", METRIC_SYN_RECEIVED},
	{"softirq_begins", METRIC_SOFTIRQ_SECONDS},
	{"walk", METRIC_TCP_SOCKETS},
};

void probe_owns(const struct probe *p, bool elsewhere[METRIC_COUNT])
{
	for (unsigned i = 0; i < sizeof OWNED / sizeof *OWNED; i++)
		if (probe_has(p, OWNED[i].program))
			elsewhere[OWNED[i].metric] = true;
}

/* --- counters ---------------------------------------------------------------------------- */

static void read_changes(const struct probe *p, struct sample *into)
{
	if (lacks(p, into, METRIC_TCP_CLOSES, "state_changed"))
		return;
	add(into, METRIC_TCP_OPENS, SUM(p, netwatch, changes[CHANGE_PASSIVE_OPEN]),
	    "direction=\"passive\"");
	add(into, METRIC_TCP_OPENS, SUM(p, netwatch, changes[CHANGE_ACTIVE_OPEN]),
	    "direction=\"active\"");
	add(into, METRIC_TCP_CLOSES, SUM(p, netwatch, changes[CHANGE_CLOSED_HERE]),
	    "first=\"this_end\"");
	add(into, METRIC_TCP_CLOSES, SUM(p, netwatch, changes[CHANGE_CLOSED_BY_PEER]),
	    "first=\"peer\"");
}

static void read_retransmits(const struct probe *p, struct sample *into)
{
	static const char *const kinds[RETRANSMIT_COUNT] = {"kind=\"syn\"", "kind=\"syn_ack\"",
							    "kind=\"rto\"", "kind=\"fast\"",
							    "kind=\"tlp\"", "kind=\"other\""};
	for (unsigned i = 0; i < RETRANSMIT_COUNT; i++)
		if (probe_has(p,
			      i == RETRANSMIT_SYN_ACK ? "retransmitted_synack" : "retransmitted"))
			add(into, METRIC_TCP_RETRANSMITS, SUM(p, netwatch, retransmits[i]),
			    kinds[i]);
	if (probe_has(p, "retransmitted"))
		lacks(p, into, METRIC_TCP_RETRANSMITS, "retransmitted_synack");
}

static void read_resets(const struct probe *p, struct sample *into)
{
	for (unsigned i = 0; probe_has(p, "reset_sent") && i < WATCH_RESETS; i++) {
		double count = SUM(p, netwatch, resets_sent[i]);
		const char *name = p->reset_names[i];
		if (count > 0 || i == 0)
			sample_add(into, METRIC_RESETS, SOURCE_BPF, count,
				   "direction=\"sent\",reason=\"%s\"",
				   name[0] ? name : "not_specified");
	}
	if (!lacks(p, into, METRIC_RESETS, "reset_received"))
		add(into, METRIC_RESETS, SUM(p, netwatch, resets_received),
		    "direction=\"received\",reason=\"any\"");
}

static void read_drops(const struct probe *p, struct sample *into)
{
	bool any = false;
	lacks(p, into, METRIC_SKB_DROPS_UNPLACED, "dropped");
	if (lacks(p, into, METRIC_SKB_DROPS, "dropped"))
		return;
	if (p->by_port || p->by_cgroup)
		sample_gap(into, METRIC_SKB_DROPS,
			   "of every port and cgroup: many go before theirs is known");
	for (unsigned i = 0; i < WATCH_REASONS; i++) {
		double count = SUM(p, netwatch, drops[i]);
		if (count <= 0)
			continue;
		any = true;
		sample_add(into, METRIC_SKB_DROPS, SOURCE_BPF, count, "reason=\"%s\"",
			   p->drop_names[i][0] ? p->drop_names[i] : "not_specified");
	}
	if (!any)
		add(into, METRIC_SKB_DROPS, 0, "reason=\"not_specified\"");
	add(into, METRIC_SKB_DROPS_UNPLACED, SUM(p, netwatch, drops_unplaced), NULL);
}

static void read_waits(const struct probe *p, struct sample *into)
{
	lacks(p, into, METRIC_THREAD_WAITS, "switched");
	if (lacks(p, into, METRIC_THREAD_WAIT_SECONDS, "switched"))
		return;
	add(into, METRIC_THREAD_WAIT_SECONDS, SUM(p, sched, delay_ns) / 1e9, NULL);
	for (unsigned i = 0; i < WATCH_SLOTS; i++)
		sample_add(into, METRIC_THREAD_WAITS, SOURCE_BPF, SUM(p, sched, slots[i]),
			   "below_us=\"%lu\"", 1ul << i);
}

static void read_counts(void *ctx, struct sample *into)
{
	const struct probe *p = ctx;
	read_changes(p, into);
	read_retransmits(p, into);
	read_resets(p, into);
	read_drops(p, into);
	if (!lacks(p, into, METRIC_SYN_RECEIVED, "half_opened"))
		add(into, METRIC_SYN_RECEIVED, SUM(p, synq, syn_received), NULL);
	read_waits(p, into);
}

const struct reader reader_probe_counts = {"bpf", 100, NULL, read_counts, NULL};

/* --- CPUs -------------------------------------------------------------------------------- */

static void read_softirqs(const struct cpu_counts *c, unsigned cpu, struct sample *into)
{
	static const char *const vectors[WATCH_VECTORS] = {
		"hi",       "timer",   "net_tx", "net_rx",  "block",
		"irq_poll", "tasklet", "sched",  "hrtimer", "rcu"};
	for (unsigned v = 0; v < WATCH_VECTORS; v++)
		if (c->softirq_ns[v] || v == 3)
			sample_add(into, METRIC_SOFTIRQ_SECONDS, SOURCE_BPF,
				   (double)c->softirq_ns[v] / 1e9, "cpu=\"%u\",vec=\"%s\"", cpu,
				   vectors[v]);
}

static void add_of_cpu(struct sample *into, enum metric_id metric, double value, unsigned cpu)
{
	sample_add(into, metric, SOURCE_BPF, value, "cpu=\"%u\"", cpu);
}

static void read_cpus(void *ctx, struct sample *into)
{
	const struct probe *p = ctx;
	bool softirqs = probe_has(p, "softirq_begins") && probe_has(p, "softirq_ends");
	bool irqs = !lacks(p, into, METRIC_IRQ_SECONDS, "irq_begins") &&
		    !lacks(p, into, METRIC_IRQ_SECONDS, "irq_ends");
	bool polls = !lacks(p, into, METRIC_NAPI_POLLS, "polled");
	lacks(p, into, METRIC_NAPI_EXHAUSTED, "polled");
	for (unsigned cpu = 0; p->cpu && cpu < p->cpus; cpu++) {
		const struct cpu_counts *c = &p->cpu[cpu];
		if (softirqs)
			read_softirqs(c, cpu, into);
		if (irqs)
			add_of_cpu(into, METRIC_IRQ_SECONDS, (double)c->irq_ns / 1e9, cpu);
		if (!polls)
			continue;
		add_of_cpu(into, METRIC_NAPI_POLLS, (double)c->napi_polls, cpu);
		add_of_cpu(into, METRIC_NAPI_EXHAUSTED, (double)c->napi_full, cpu);
	}
}

const struct reader reader_probe_cpus = {"bpf_cpu", 1000, NULL, read_cpus, NULL};

/* --- sockets ----------------------------------------------------------------------------- */

/* Listeners that share a port add up. */
static unsigned fold(struct sockiter_listener *all, unsigned count)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < count; i++) {
		unsigned k = 0;
		while (k < kept && all[k].port != all[i].port)
			k++;
		if (k == kept) {
			all[kept++] = all[i];
			continue;
		}
		all[k].length += all[i].length;
		all[k].limit += all[i].limit;
		all[k].half_open += all[i].half_open;
		all[k].drops += all[i].drops;
	}
	return kept;
}

/* Reads the walk to its end; the listeners that it told of, or -1. */
static int walk(const struct probe *p, struct sockiter_listener *listeners)
{
	struct sockiter_listener beyond[8]; /* those that found no room: read and not told of */
	size_t size = LISTENERS_MAX * sizeof *listeners, have = 0;
	ssize_t got = -1;
	memset(p->sockiter, 0, sizeof *p->sockiter);
	int fd = bpf_iter_create(bpf_link__fd(p->walk));
	if (fd < 0)
		return -1;
	do {
		bool full = have == size;
		got = full ? read(fd, beyond, sizeof beyond)
			   : read(fd, (char *)listeners + have, size - have);
		have += got > 0 && !full ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
	int error = errno;
	close(fd);
	errno = error;
	return got < 0 ? -1 : (int)(have / sizeof *listeners);
}

static void tell_states(const struct sockiter_counts *c, struct sample *into)
{
	static const char *const names[WATCH_STATES] = {
		[1] = "ESTABLISHED",
		[2] = "SYN_SENT",
		[4] = "FIN_WAIT1",
		[5] = "FIN_WAIT2",
		[6] = "TIME_WAIT",
		[7] = "CLOSE",
		[8] = "CLOSE_WAIT",
		[9] = "LAST_ACK",
		[10] = "LISTEN",
		[11] = "CLOSING",
		[NEW_SYN_RECV] = "SYN_RECV",
	};
	for (unsigned i = 1; i < WATCH_STATES; i++)
		if (names[i])
			sample_add(into, METRIC_TCP_SOCKETS, SOURCE_BPF, (double)c->states[i],
				   "state=\"%s\"", names[i]);
	add(into, METRIC_SYN_RECV_SOCKETS, (double)c->states[NEW_SYN_RECV], NULL);
	add(into, METRIC_NOT_ACCEPTED_SOCKETS, (double)c->not_accepted, NULL);
}

static void tell_listeners(const struct sockiter_listener *all, unsigned count, struct sample *into)
{
	static const enum metric_id ids[] = {METRIC_ACCEPT_QUEUE_LENGTH, METRIC_ACCEPT_QUEUE_LIMIT,
					     METRIC_SYN_QUEUE_LENGTH, METRIC_LISTENER_DROPS};
	for (unsigned i = 0; i < count; i++) {
		const struct sockiter_listener *l = &all[i];
		const double values[] = {l->length, l->limit, l->half_open, l->drops};
		for (unsigned v = 0; v < 4; v++)
			sample_add(into, ids[v], SOURCE_BPF, values[v], "port=\"%u\"", l->port);
	}
	if (!count)
		SAMPLE_GAPS(into, ids, "nothing listens");
	if (count == LISTENERS_MAX)
		SAMPLE_GAPS(into, ids, "%u listeners at most: more may be left out", LISTENERS_MAX);
}

static void read_sockets(void *ctx, struct sample *into)
{
	static const enum metric_id all[] = {
		METRIC_TCP_SOCKETS,         METRIC_SYN_RECV_SOCKETS,   METRIC_NOT_ACCEPTED_SOCKETS,
		METRIC_ACCEPT_QUEUE_LENGTH, METRIC_ACCEPT_QUEUE_LIMIT, METRIC_SYN_QUEUE_LENGTH,
		METRIC_LISTENER_DROPS};
	struct sockiter_listener listeners[LISTENERS_MAX];
	const struct probe *p = ctx;
	int count = walk(p, listeners);
	if (count < 0) {
		SAMPLE_GAPS(into, all, "iter/tcp: %s", strerror(errno));
		return;
	}
	tell_states(p->sockiter, into);
	tell_listeners(listeners, fold(listeners, (unsigned)count), into);
	if (p->by_cgroup)
		SAMPLE_GAPS(into, all, "of every cgroup: only a full socket says its own");
}

const struct reader reader_probe_sockets = {"iter_tcp", 1000, NULL, read_sockets, NULL};
