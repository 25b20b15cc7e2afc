// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* synq: connections that became half open. The stack asks for the first timeout of each SYN-ACK;
 * it asks the same for its own SYNs, hence the look at the state. Not asked for SYN cookies, which
 * keep no state. Needs a v2 cgroup to attach to, and Linux 5.15 for the namespace's cookie. */
#include "bpf/filter.h"

#define NEW_SYN_RECV 12

struct synq_counts counts[WATCH_CPUS];

SEC("sockops")
int half_opened(struct bpf_sock_ops *ctx)
{
	if (ctx->op != BPF_SOCK_OPS_TIMEOUT_INIT)
		return 1;
	ctx->reply = -1; /* the stack's own timeout */
	if (ctx->state != NEW_SYN_RECV || !port_matches((__u16)ctx->local_port))
		return 1;
	if (filter.netns_cookie && bpf_get_netns_cookie(ctx) != filter.netns_cookie)
		return 1;
	ADD(OWN(counts)->syn_received, 1);
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
