// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* netwatch: TCP's changes of state, retransmits by kind, resets and dropped packets by reason.
 *
 * inet_sock_set_state tells of no half-open connection and of no TIME_WAIT: neither is a full
 * socket. The first is counted by synq and sockiter, the second by the kernel's own counters. */
#include "bpf/filter.h"

enum { ESTABLISHED = 1, SYN_SENT, SYN_RECV, FIN_WAIT1, CLOSE_WAIT = 8 };
enum { CA_RECOVERY = 3, CA_LOSS = 4 };

#define TIMER_LOSS_PROBE 5
#define DST_NOREF        1UL /* in _skb_refdst */
#define NO_TRANSPORT     0xffff

struct netwatch_counts counts[WATCH_CPUS];

/* --- states ------------------------------------------------------------------------------ */

static __always_inline int change_of(int from, int to)
{
	if (to == ESTABLISHED && from == SYN_RECV)
		return CHANGE_PASSIVE_OPEN;
	if (to == SYN_SENT) /* as the kernel counts them: when it begins */
		return CHANGE_ACTIVE_OPEN;
	if (from == ESTABLISHED && to == FIN_WAIT1)
		return CHANGE_CLOSED_HERE;
	if (from == ESTABLISHED && to == CLOSE_WAIT)
		return CHANGE_CLOSED_BY_PEER;
	return CHANGE_COUNT;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state_changed, const struct sock *sk, int from, int to)
{
	int change = change_of(from, to);
	if (change < CHANGE_COUNT && sock_matches(sk))
		ADD(OWN(counts)->changes[change], 1);
	return 0;
}

/* --- retransmits ------------------------------------------------------------------------- */

static __always_inline int kind_of(const struct sock *sk)
{
	const struct tcp_sock *tp = (const struct tcp_sock *)sk;
	int state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (state == SYN_SENT)
		return RETRANSMIT_SYN;
	if (state == SYN_RECV)
		return RETRANSMIT_SYN_ACK;
	int avoidance = BPF_CORE_READ_BITFIELD_PROBED(&tp->inet_conn, icsk_ca_state);
	if (avoidance == CA_LOSS)
		return RETRANSMIT_RTO;
	if (avoidance == CA_RECOVERY) /* which may begin while the timer for a probe still runs */
		return RETRANSMIT_FAST;
	if (BPF_CORE_READ(tp, inet_conn.icsk_pending) == TIMER_LOSS_PROBE)
		return RETRANSMIT_TLP;
	return BPF_CORE_READ(tp, tlp_high_seq) ? RETRANSMIT_TLP : RETRANSMIT_OTHER;
}

/* A packet may hold several segments, and the kernel counts those. Arguments: the socket, the
 * packet, the error. */
SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(retransmitted, const struct sock *sk, const struct sk_buff *skb)
{
	if (!sock_matches(sk))
		return 0;
	if (bpf_core_field_exists(((struct trace_event_raw_tcp_retransmit_skb *)0)->err))
		if ((int)ctx[2]) /* it failed, and is tried again */
			return 0;
	const struct tcp_skb_cb *cb = (const void *)skb->cb;
	__u16 segments = BPF_CORE_READ(cb, tcp_gso_segs);
	ADD(OWN(counts)->retransmits[kind_of(sk)], segments ? segments : 1);
	return 0;
}

/* `sk` is the listener. */
SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(retransmitted_synack, const struct sock *sk)
{
	if (sock_matches(sk))
		ADD(OWN(counts)->retransmits[RETRANSMIT_SYN_ACK], 1);
	return 0;
}

/* --- packets ----------------------------------------------------------------------------- */

/* The namespace of a packet by its device, its route, or its socket; 0: none could be told. */
static __always_inline __u32 netns_of(const struct sk_buff *skb, const struct sock *sk)
{
	struct net *net = NULL;
	unsigned long ref = 0;
	if (sk)
		net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	if (!net)
		ref = BPF_CORE_READ(skb, _skb_refdst) & ~DST_NOREF;
	if (ref)
		net = BPF_CORE_READ((const struct dst_entry *)ref, dev, nd_net.net);
	if (!net && BPF_CORE_READ(skb, dev))
		net = BPF_CORE_READ(skb, dev, nd_net.net);
	if (!net && BPF_CORE_READ(skb, sk))
		net = BPF_CORE_READ(skb, sk, __sk_common.skc_net.net);
	return net ? BPF_CORE_READ(net, ns.inum) : 0;
}

/* The packet came for this port. */
static __always_inline __u16 port_of(const struct sk_buff *skb)
{
	__u16 port = 0, at = BPF_CORE_READ(skb, transport_header);
	const unsigned char *head = BPF_CORE_READ(skb, head);
	if (at != NO_TRANSPORT)
		bpf_probe_read_kernel(&port, sizeof port, head + at + sizeof port);
	return bpf_ntohs(port);
}

/* --- resets ------------------------------------------------------------------------------ */

/* Sockets that wait or are half open are smaller than a full one: only the common part is read. */
static __always_inline bool by_socket(const struct sock *sk)
{
	__u32 netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	return (!filter.netns || netns == filter.netns) &&
	       port_matches(BPF_CORE_READ(sk, __sk_common.skc_num));
}

static __always_inline bool by_packet(const struct sk_buff *skb)
{
	return (!filter.netns || netns_of(skb, NULL) == filter.netns) && port_matches(port_of(skb));
}

/* Arguments: socket or NULL, the packet that is answered or NULL, the reason. The first two are
 * read as numbers: before Linux 6.13 the verifier takes them for never NULL, and drops the test. */
SEC("tp_btf/tcp_send_reset")
int reset_sent(__u64 *ctx)
{
	const struct sock *sk = NULL;
	const struct sk_buff *skb = NULL;
	__u32 reason = 0;
	bpf_probe_read_kernel(&sk, sizeof sk, &ctx[0]);
	bpf_probe_read_kernel(&skb, sizeof skb, &ctx[1]);
	if (sk) {
		if (!by_socket(sk))
			return 0;
	} else if (skb) {
		if (!by_packet(skb))
			return 0;
	}
	if (bpf_core_field_exists(((struct trace_event_raw_tcp_send_reset *)0)->reason))
		reason = (__u32)ctx[2];
	if (reason >= WATCH_RESETS)
		reason = WATCH_RESETS - 1;
	ADD(OWN(counts)->resets_sent[reason], 1);
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(reset_received, const struct sock *sk)
{
	if (sock_matches(sk))
		ADD(OWN(counts)->resets_received, 1);
	return 0;
}

/* --- drops ------------------------------------------------------------------------------- */

/* Arguments: the packet, where it was dropped, the reason, the socket that was to receive it. */
SEC("tp_btf/kfree_skb")
int dropped(__u64 *ctx)
{
	const struct sk_buff *skb = (const struct sk_buff *)ctx[0];
	const struct sock *sk = NULL;
	__u32 reason = 0;
	if (bpf_core_field_exists(((struct trace_event_raw_kfree_skb *)0)->rx_sk))
		sk = (const struct sock *)ctx[3];
	if (bpf_core_field_exists(((struct trace_event_raw_kfree_skb *)0)->reason))
		reason = (__u32)ctx[2];
	if (reason >= WATCH_REASONS)
		reason = WATCH_REASONS - 1;
	__u32 netns = filter.netns ? netns_of(skb, sk) : 0;
	struct netwatch_counts *own = OWN(counts);
	if (netns == filter.netns)
		ADD(own->drops[reason], 1);
	else if (!netns)
		ADD(own->drops_unplaced, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
