#include "run/health.h"

#include "base/mono.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* From here on the generator counts as the limit. Lag: of its own making, see tally.lag_us. */
#define THROTTLED_SHARE 0.05 /* of the wall time, cgroup quota used up */
#define WAITING_SHARE   0.80 /* of the wall time, runnable without a cpu, per thread */
#define WAITING_NOTED   0.25 /* less than that, but worth a remark: a shared cpu */
#define BUSY_SHARE      0.98 /* of the wall time on the cpu, per thread */
#define LAG_P99_US      10000

void summary_note(struct summary *s, const char *format, ...)
{
	if (s->note_count == SUMMARY_NOTES_MAX)
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(s->notes[s->note_count], sizeof s->notes[0], format, args);
	va_end(args);
	s->note_count++;
}

static struct summary_limit *add_limit(struct summary *s, const char *limiter)
{
	s->saturated = true;
	struct summary_limit *l = &s->limits[s->limit_count];
	if (s->limit_count < SUMMARY_LIMITS_MAX - 1)
		s->limit_count++;
	*l = (struct summary_limit){.limiter = limiter};
	return l;
}

#define SAY(field, ...) snprintf(field, sizeof field, __VA_ARGS__)

/* What met a limit: requests, and in a hold the dials themselves. */
static uint64_t met(const struct health_facts *f, const struct summary *s, enum outcome outcome)
{
	return s->total.outcomes[outcome] + (f->hold ? s->total.failed_by[outcome] : 0);
}

static const char *what(const struct health_facts *f)
{
	return f->hold ? "connections" : "requests";
}

static void judge_ports(const struct health_facts *f, struct summary *s)
{
	uint64_t count = met(f, s, OUTCOME_PORTS_EXHAUSTED);
	if (!count)
		return;
	struct summary_limit *l = add_limit(s, "ports");
	SAY(l->evidence,
	    "%" PRIu64 " %s found no local port; there are %u for each (source, destination, "
	    "port): net.ipv4.ip_local_port_range is %u %u",
	    count, what(f), limits_ports(f->limits), f->limits->port_low, f->limits->port_high);
	SAY(l->remedy,
	    "widen net.ipv4.ip_local_port_range (at most 1024 65535), use fewer connections "
	    "or keep them alive: a closed one holds its port in TIME_WAIT for 60 s");
}

static void judge_descriptors(const struct health_facts *f, struct summary *s)
{
	uint64_t count = met(f, s, OUTCOME_DESCRIPTORS_EXHAUSTED);
	if (!count)
		return;
	struct summary_limit *l = add_limit(s, "descriptors");
	SAY(l->evidence,
	    "%" PRIu64 " %s found no descriptor; RLIMIT_NOFILE is %" PRIu64
	    ", room for %u of %" PRIu64 " connections",
	    count, what(f), f->limits->descriptors, f->slots, s->connections_asked);
	SAY(l->remedy,
	    "ulimit -n %" PRIu64 " (the hard limit is %" PRIu64 "), or fewer connections",
	    s->connections_asked + 64, f->limits->descriptors_hard);
}

static void judge_memory(const struct health_facts *f, struct summary *s)
{
	uint64_t count = met(f, s, OUTCOME_MEMORY_EXHAUSTED);
	if (!count)
		return;
	struct summary_limit *l = add_limit(s, "memory");
	SAY(l->remedy, "see net.ipv4.tcp_mem, the cgroup's memory.max, and fewer connections");
	if (!f->now) {
		SAY(l->evidence, "%" PRIu64 " requests met ENOMEM or ENOBUFS on this host", count);
		return;
	}
	uint64_t limit = facts_or(f->now, FACT_CGROUP_LIMIT, UINT64_MAX);
	uint64_t most = facts_or(f->now, FACT_MEM_TOTAL, 0);
	if (limit < most) {
		SAY(l->evidence,
		    "%" PRIu64 " connections were not opened: the cgroup may use %" PRIu64
		    " MiB (%s)",
		    count, limit >> 20, f->now->cgroup);
		SAY(l->remedy, "raise the cgroup's limit (memory.max), or hold fewer connections");
	} else {
		SAY(l->evidence,
		    "%" PRIu64 " connections were not opened: of %" PRIu64 " MiB hardly any were "
		    "left (/proc/meminfo)",
		    count, most >> 20);
		SAY(l->remedy, "fewer connections, --lean, or more memory");
	}
}

/* A full table of connection tracking drops what opens a connection: dials time out. */
static void judge_conntrack(const struct health_facts *f, struct summary *s)
{
	uint64_t count = met(f, s, OUTCOME_CONNECT_TIMEOUT);
	if (!count || !f->now || !f->now->of[FACT_CONNTRACK_MAX].known)
		return;
	uint64_t most = f->now->of[FACT_CONNTRACK_MAX].value;
	uint64_t dropped = facts_or(f->now, FACT_CONNTRACK_DROP, 0) -
			   facts_or(f->before, FACT_CONNTRACK_DROP, 0);
	if (!dropped)
		return;
	struct summary_limit *l = add_limit(s, "conntrack_local");
	SAY(l->evidence,
	    "%" PRIu64 " connections timed out while connection tracking dropped %" PRIu64
	    " packets here: its table holds %" PRIu64 " (nf_conntrack_max)",
	    count, dropped, most);
	SAY(l->remedy,
	    "sysctl -w net.netfilter.nf_conntrack_max=%" PRIu64
	    ", or keep the load out of it (nft: notrack)",
	    s->connections_asked * 2 > most ? s->connections_asked * 2 : most * 2);
}

static void note_batching(struct summary *s)
{
	const struct tally *t = &s->total;
	if (t->batch_turns * 2 > t->turns)
		summary_note(
			s,
			"requests queued at the target: completions were taken in batches, each "
			"waited for up to half of the least service time (%" PRIu64 " us)",
			t->service_us.count ? t->service_us.min_us / 2 : 0);
}

static void judge_ring(struct summary *s)
{
	uint64_t count = s->total.outcomes[OUTCOME_GENERATOR];
	if (count) {
		struct summary_limit *l = add_limit(s, "ring");
		SAY(l->evidence, "io_uring took no submission for %" PRIu64 " requests", count);
		SAY(l->remedy, "more threads (-t) or fewer connections (-c)");
	}
	if (s->total.ring_overflows)
		summary_note(s,
			     "the completion queue overflowed in %" PRIu64
			     " turns; the kernel kept the completions aside, nothing is lost",
			     s->total.ring_overflows);
}

static bool judge_throttle(const struct health_facts *f, struct summary *s)
{
	double share = (double)f->throttled_ns / (double)NS_PER_S / f->wall_s;
	if (share <= (f->throttled_share > 0 ? f->throttled_share : THROTTLED_SHARE))
		return false;
	struct summary_limit *l = add_limit(s, "cpu");
	SAY(l->evidence, "its cgroup's cpu quota held it back %.1f s in %.1f s (%s)",
	    (double)f->throttled_ns / (double)NS_PER_S, f->wall_s, f->throttle_source);
	SAY(l->remedy, "raise the quota (cpu.max, cpu.cfs_quota_us), or run it outside");
	return true;
}

static bool judge_waiting(double thread_s, struct summary *s)
{
	double share = (double)s->total.run_delay_ns / (double)NS_PER_S / thread_s;
	if (share > WAITING_NOTED && share <= WAITING_SHARE)
		summary_note(s,
			     "the generator's threads waited %.0f%% of the time for a cpu that "
			     "others used, perhaps the target: latency includes that",
			     100 * share);
	if (share <= WAITING_SHARE)
		return false;
	struct summary_limit *l = add_limit(s, "cpu");
	SAY(l->evidence, "its threads waited %.0f%% of the time for a cpu (schedstat)",
	    100 * share);
	SAY(l->remedy, "run it on cpus of its own (--pin), away from the target");
	return true;
}

static bool judge_busy(const struct health_facts *f, double thread_s, struct summary *s)
{
	double share =
		((double)s->total.cpu_ns - (double)s->total.spin_ns) / (double)NS_PER_S / thread_s;
	if (f->busy || share <= BUSY_SHARE)
		return false;
	struct summary_limit *l = add_limit(s, "cpu");
	SAY(l->evidence, "its %u threads were busy %.0f%% of the time (rusage)", s->threads,
	    100 * share);
	SAY(l->remedy, "more threads (-t) on more cpus, or further generator hosts");
	return true;
}

static bool judge_lag(struct summary *s)
{
	uint64_t p99_us = hist_quantile_us(&s->total.lag_us, 0.99);
	if (p99_us <= LAG_P99_US)
		return false;
	struct summary_limit *l = add_limit(s, "cpu");
	SAY(l->evidence, "1%% of requests were sent %.1f ms late or more, with a connection free",
	    (double)p99_us / 1000);
	SAY(l->remedy, "more threads (-t), cpus of its own (--pin), or a lower rate");
	return true;
}

/* One reason for the cpu is enough: the most specific comes first. */
static void judge_cpu(const struct health_facts *f, struct summary *s)
{
	if (f->wall_s <= 0 || !s->threads)
		return;
	double thread_s = f->wall_s * s->threads;
	if (f->hold) { /* to open as fast as it can is what it is there for */
		judge_throttle(f, s);
		return;
	}
	if (!judge_throttle(f, s) && !judge_waiting(thread_s, s) && !judge_busy(f, thread_s, s))
		judge_lag(s);
}

void health_judge(const struct health_facts *facts, struct summary *s)
{
	judge_ports(facts, s);
	judge_descriptors(facts, s);
	judge_memory(facts, s);
	judge_conntrack(facts, s);
	judge_ring(s);
	note_batching(s);
	judge_cpu(facts, s);
}
