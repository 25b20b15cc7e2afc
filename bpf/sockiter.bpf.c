// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sockiter: a walk over the TCP sockets of the namespace that the iterator was made in: how many
 * in each state, the two queues of each listener, connections that wait to be accepted. Copies
 * nothing to user space but the listeners. */
#include "bpf/filter.h"

#include <stddef.h>

enum { ESTABLISHED = 1, CLOSE_WAIT = 8, LISTEN = 10 };

struct sockiter_counts counts; /* of the walk that goes on; the loader clears it before */

static __always_inline void tell_listener(struct seq_file *seq, const struct tcp_sock *tp)
{
	const struct sock *sk = (const struct sock *)tp;
	struct sockiter_listener l = {
		.port = BPF_CORE_READ(sk, __sk_common.skc_num),
		.length = BPF_CORE_READ(sk, sk_ack_backlog),
		.limit = BPF_CORE_READ(sk, sk_max_ack_backlog),
		.half_open = BPF_CORE_READ(tp, inet_conn.icsk_accept_queue.qlen.counter),
		.young = BPF_CORE_READ(tp, inet_conn.icsk_accept_queue.young.counter),
		.drops = BPF_CORE_READ(sk, sk_drops.counter),
	};
	bpf_seq_write(seq, &l, sizeof l);
}

SEC("iter/tcp")
int walk(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	if (!common || !port_matches(common->skc_num))
		return 0;
	__u32 state = common->skc_state & (WATCH_STATES - 1);
	counts.states[state]++;
	if (state != ESTABLISHED && state != CLOSE_WAIT && state != LISTEN)
		return 0;
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(common);
	if (!tp)
		return 0;
	if (state == LISTEN)
		tell_listener(ctx->meta->seq, tp);
	else if (!BPF_CORE_READ((const struct sock *)tp, sk_socket))
		counts.not_accepted++;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
