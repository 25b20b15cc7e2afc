// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cpu: time in softirqs by vector and in hard interrupts, and polls of NAPI that used all of their
 * budget, each by CPU. A softirq that an interrupt breaks into is charged for it too. */
#include "bpf/filter.h"

struct cpu_counts counts[WATCH_CPUS];

/* A busy network raises a short softirq for nearly every packet, and looking at the clock twice is
 * half of what it costs to count it: while those of a vector are short, one of SHARE is timed and
 * stands for the others. A prime, so that request and answer, which alternate, both have their
 * turn. */
#define SHORT_NS 20000
#define SHARE    7

SEC("tp_btf/softirq_entry")
int BPF_PROG(softirq_begins, unsigned int vector)
{
	struct cpu_counts *own = OWN(counts);
	if (vector >= WATCH_VECTORS)
		return 0;
	if (own->softirq_left[vector])
		own->softirq_left[vector]--;
	else
		own->softirq_from_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(softirq_ends, unsigned int vector)
{
	struct cpu_counts *own = OWN(counts);
	if (!own->softirq_from_ns || vector >= WATCH_VECTORS)
		return 0;
	__u64 took_ns = bpf_ktime_get_ns() - own->softirq_from_ns;
	own->softirq_from_ns = 0;
	own->softirq_ns[vector] += took_ns * (1 + own->softirq_untimed[vector]);
	own->softirq_untimed[vector] = took_ns < SHORT_NS ? SHARE - 1 : 0;
	own->softirq_left[vector] = own->softirq_untimed[vector];
	return 0;
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(irq_begins)
{
	OWN(counts)->irq_from_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(irq_ends)
{
	struct cpu_counts *own = OWN(counts);
	if (own->irq_from_ns)
		own->irq_ns += bpf_ktime_get_ns() - own->irq_from_ns;
	own->irq_from_ns = 0;
	return 0;
}

SEC("tp_btf/napi_poll")
int BPF_PROG(polled, void *napi, int work, int budget)
{
	struct cpu_counts *own = OWN(counts);
	ADD(own->napi_polls, 1);
	if (work >= budget)
		ADD(own->napi_full, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
