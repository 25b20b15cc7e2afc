/* kernel: the parts of the kernel's structs that the programs read, and nothing else of them.
 *
 * Every struct is relocatable: libbpf finds the offsets in the running kernel's BTF by the names,
 * so that the order and size here mean nothing. Fields that a kernel may lack are read behind
 * bpf_core_field_exists() where they are used, with the release that brought them. */
#ifndef BRINK_BPF_KERNEL_H
#define BRINK_BPF_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Their values are read by name in user space; here they stand for the types alone, by which a
 * field is found. */
enum skb_drop_reason { SKB_DROP_REASON___ANY };
enum sk_rst_reason { SK_RST_REASON___ANY };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	unsigned short skc_family;
	volatile unsigned char skc_state;
	__u16 skc_num; /* local port; 0 once it is unbound */
	possible_net_t skc_net;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct sock_cgroup_data {
	struct cgroup *cgroup; /* Linux 5.15; before, a union with the v1 classes */
};

struct socket;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket; /* NULL until accept() */
	__u32 sk_ack_backlog, sk_max_ack_backlog;
	atomic_t sk_drops;
	struct sock_cgroup_data sk_cgrp_data;
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};

struct request_sock_queue {
	atomic_t qlen, young;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	struct request_sock_queue icsk_accept_queue;
	__u8 icsk_ca_state : 5; /* of another width before 5.19: read as a bit field */
	__u8 icsk_pending;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u32 tlp_high_seq;
};

struct tcp_skb_cb {
	__u16 tcp_gso_segs;
};

struct net_device {
	possible_net_t nd_net;
};

struct dst_entry {
	struct net_device *dev;
};

struct sk_buff {
	struct net_device *dev; /* in a union with others, cleared on TCP's way */
	struct sock *sk;
	unsigned long _skb_refdst;
	char cb[48];
	unsigned char *head;
	__u16 transport_header;
};

/* What a tracepoint carries is known by its record: the arguments come in the same order. */
struct trace_event_raw_kfree_skb {
	enum skb_drop_reason reason; /* Linux 5.17 */
	void *rx_sk;                 /* Linux 6.11 */
};

struct trace_event_raw_tcp_retransmit_skb {
	int err; /* Linux 6.17, which tells of those that failed too */
};

struct trace_event_raw_tcp_send_reset {
	enum sk_rst_reason reason; /* Linux 6.10 */
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
};

struct task_struct {
	int pid, tgid;
	unsigned int __state; /* Linux 5.14 */
};

struct task_struct___old {
	long state;
} __attribute__((preserve_access_index));

#pragma clang attribute pop

#endif
