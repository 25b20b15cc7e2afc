/* filter: which sockets and packets are the target's: by local port, network namespace, cgroup.
 * For the programs alone. */
#ifndef BRINK_BPF_FILTER_H
#define BRINK_BPF_FILTER_H

#include "bpf/kernel.h"
#include "bpf/layout.h"

const volatile struct watch_filter filter = {};

#define OWN(counts)        (&(counts)[bpf_get_smp_processor_id() & (WATCH_CPUS - 1)])
#define ADD(counter, much) __sync_fetch_and_add(&(counter), much)

static __always_inline bool port_matches(__u16 port)
{
	if (!filter.port_count)
		return true;
	for (__u32 i = 0; i < WATCH_PORTS; i++)
		if (i < filter.port_count && filter.ports[i] == port)
			return true;
	return false;
}

static __always_inline bool cgroup_matches(const struct sock *sk)
{
	if (!filter.cgroup)
		return true;
	return bpf_core_field_exists(sk->sk_cgrp_data.cgroup) &&
	       BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn, id) == filter.cgroup;
}

/* The port in the socket's own field is 0 once it was unbound; that of its packets stays. */
static __always_inline __u16 local_port(const struct sock *sk)
{
	__u16 port = sk->__sk_common.skc_num;
	return port ? port : bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
}

/* Of a tp_btf program's argument, which the verifier lets it read without a helper: a call of one
 * costs more than all the rest here, and this runs at every change of a state. */
static __always_inline bool sock_matches(const struct sock *sk)
{
	if (filter.netns && sk->__sk_common.skc_net.net->ns.inum != filter.netns)
		return false;
	if (filter.port_count && !port_matches(local_port(sk)))
		return false;
	return cgroup_matches(sk);
}

#endif
