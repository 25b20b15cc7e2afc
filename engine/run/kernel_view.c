#include "run/kernel_view.h"

#include "base/mono.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct row {
	const char *name, *metric;
	const char *label; /* a part that the labels must have; NULL: any */
	bool counter, of_port;
} ROWS[KERNEL_KEYS] = {
	[KERNEL_SYN_RECV] = {"syn_recv", "syn_recv_sockets", NULL, false, false},
	[KERNEL_ACCEPT_QUEUE] = {"accept_queue", "accept_queue_length", NULL, false, true},
	[KERNEL_ACCEPT_LIMIT] = {"accept_queue_limit", "accept_queue_limit", NULL, false, true},
	[KERNEL_TIME_WAIT] = {"time_wait", "time_wait_sockets", NULL, false, false},
	[KERNEL_CONNTRACK] = {"conntrack", "conntrack_entries", NULL, false, false},
	[KERNEL_CONNTRACK_LIMIT] = {"conntrack_limit", "conntrack_entries_limit", NULL, false,
				    false},
	[KERNEL_STOPPED] = {"process_stopped", "process_stopped", NULL, false, false},
	[KERNEL_RETRANSMITTED] = {"retransmitted_segments", "tcp_retransmitted_segments_total",
				  NULL, true, false},
	[KERNEL_LISTEN_OVERFLOWS] = {"listen_overflows", "listen_overflows_total", NULL, true,
				     false},
	[KERNEL_LISTEN_DROPS] = {"listen_drops", "listen_drops_total", NULL, true, false},
	[KERNEL_SYN_COOKIES] = {"syn_cookies", "syn_cookies_sent_total", NULL, true, false},
	[KERNEL_CONNTRACK_DROPS] = {"conntrack_drops", "conntrack_drops_total", NULL, true, false},
	[KERNEL_SOFTNET_DROPS] = {"softnet_drops", "softnet_drops_total", NULL, true, false},
	[KERNEL_SKB_DROPS] = {"skb_drops", "skb_drops_total", NULL, true, false},
	[KERNEL_RESETS_SENT] = {"resets_sent", "resets_total", "direction=\"sent\"", true, false},
	[KERNEL_MEMORY_PRESSURES] = {"tcp_memory_pressures", "tcp_memory_pressures_total", NULL,
				     true, false},
	[KERNEL_SEGMENTS_OUT] = {"segments_out", "tcp_segments_total", "direction=\"out\"", true,
				 false},
	[KERNEL_PROCESS_CPU] = {"process_cpu_s", "process_cpu_seconds_total", NULL, true, false},
};

const char *kernel_key_name(enum kernel_key key)
{
	return ROWS[key].name;
}

const char *kernel_key_metric(enum kernel_key key)
{
	return ROWS[key].metric;
}

const char *kernel_key_absent(enum kernel_key key)
{
	if (key == KERNEL_STOPPED || key == KERNEL_PROCESS_CPU)
		return "no process is watched: brink agent --pid";
	if (key == KERNEL_SKB_DROPS)
		return "no program in the kernel counts them: brink agent, as root";
	return "it was never told";
}

bool kernel_key_is_counter(enum kernel_key key)
{
	return ROWS[key].counter;
}

static void add_softirq(struct kernel_view *v, const char *labels, double value)
{
	const char *at = strstr(labels, "cpu=\"");
	unsigned long cpu = at ? strtoul(at + strlen("cpu=\""), NULL, 10) : KERNEL_CPUS;
	if (cpu >= KERNEL_CPUS)
		return;
	v->softirq_s[cpu] += value;
	if (cpu >= v->cpus)
		v->cpus = (unsigned)cpu + 1;
}

void kernel_view_add(struct kernel_view *v, const char *metric, const char *labels, double value,
		     unsigned port)
{
	char wanted[24];
	snprintf(wanted, sizeof wanted, "port=\"%u\"", port);
	if (!strcmp(metric, "softirq_seconds_total"))
		add_softirq(v, labels, value);
	for (unsigned k = 0; k < KERNEL_KEYS; k++) {
		const struct row *r = &ROWS[k];
		if (strcmp(metric, r->metric) != 0 || (r->label && !strstr(labels, r->label)) ||
		    (r->of_port && !strstr(labels, wanted)))
			continue;
		v->known[k] = true;
		v->value[k] += value;
	}
}

/* --- spans of time ----------------------------------------------------------------------- */

void kernel_span_clear(struct kernel_span *s)
{
	*s = (struct kernel_span){.softirq_share = -1};
}

void kernel_span_add(struct kernel_span *into, const struct kernel_span *other)
{
	for (unsigned k = 0; k < KERNEL_KEYS; k++) {
		double value = other->value[k];
		if (!other->known[k])
			continue;
		if (ROWS[k].counter)
			into->value[k] += value;
		else if (!into->known[k] || value > into->value[k])
			into->value[k] = value;
		into->known[k] = true;
	}
	if (other->softirq_share > into->softirq_share) {
		into->softirq_share = other->softirq_share;
		into->softirq_cpu = other->softirq_cpu;
	}
	into->samples += other->samples;
}

static void take_softirqs(struct kernel_track *t, const struct kernel_view *v,
			  struct kernel_span *ret)
{
	double span_s = ((double)v->at_ns - (double)t->softirq_at_ns) / (double)NS_PER_S;
	for (unsigned cpu = 0; cpu < t->cpus && cpu < v->cpus && span_s > 0; cpu++) {
		double share = (v->softirq_s[cpu] - t->softirq_s[cpu]) / span_s;
		share = share > 1 ? 1 : share;
		if (share > ret->softirq_share) {
			ret->softirq_share = share;
			ret->softirq_cpu = cpu;
		}
	}
	t->softirq_at_ns = v->at_ns;
	t->cpus = v->cpus;
	memcpy(t->softirq_s, v->softirq_s, sizeof t->softirq_s);
}

/* A counter that is less than before began anew. */
static double growth(const struct kernel_track *t, unsigned key, double value)
{
	if (!t->known[key])
		return 0;
	return value < t->latest[key] ? value : value - t->latest[key];
}

void kernel_track_take(struct kernel_track *t, const struct kernel_view *v, struct kernel_span *ret)
{
	kernel_span_clear(ret);
	ret->samples = 1;
	for (unsigned k = 0; k < KERNEL_KEYS; k++) {
		if (!v->known[k])
			continue;
		ret->known[k] = true;
		ret->value[k] = ROWS[k].counter ? growth(t, k, v->value[k]) : v->value[k];
		t->known[k] = true;
		t->latest[k] = v->value[k];
	}
	if (v->cpus)
		take_softirqs(t, v, ret);
}
