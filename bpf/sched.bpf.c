// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sched: how long threads waited for a CPU, each wait on its own. Costs two programs at every
 * switch of the host, so it is only loaded when asked for. */
#include "bpf/filter.h"

#define TASK_RUNNING 0
#define WAITING_MAX  65536
#define NS_PER_US    1000

struct sched_counts counts[WATCH_CPUS];

/* When a thread, by its number, began to wait. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, WAITING_MAX);
	__type(key, __u32);
	__type(value, __u64);
} waiting SEC(".maps");

static __always_inline bool is_watched(const struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	if (!filter.pid_count)
		return BPF_CORE_READ(task, pid) != 0;
	for (__u32 i = 0; i < WATCH_PIDS; i++)
		if (i < filter.pid_count && filter.pids[i] == tgid)
			return true;
	return false;
}

static __always_inline int begin_wait(const struct task_struct *task)
{
	if (!is_watched(task))
		return 0;
	__u32 pid = BPF_CORE_READ(task, pid);
	__u64 now_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&waiting, &pid, &now_ns, BPF_ANY);
	return 0;
}

static __always_inline long state_of(const struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state);
	return BPF_CORE_READ((const struct task_struct___old *)task, state);
}

static __always_inline __u32 slot_of(__u64 us)
{
	__u32 slot = 0;
	for (int i = 0; i < WATCH_SLOTS - 1; i++) {
		if (!us)
			break;
		us >>= 1;
		slot++;
	}
	return slot;
}

static __always_inline int end_wait(const struct task_struct *task)
{
	__u32 pid = BPF_CORE_READ(task, pid);
	__u64 *from_ns = bpf_map_lookup_elem(&waiting, &pid);
	if (!from_ns)
		return 0;
	__u64 delay_ns = bpf_ktime_get_ns() - *from_ns;
	__u32 slot = slot_of(delay_ns / NS_PER_US);
	struct sched_counts *own = OWN(counts);
	ADD(own->delay_ns, delay_ns);
	ADD(own->waits, 1);
	if (slot < WATCH_SLOTS)
		ADD(own->slots[slot], 1);
	bpf_map_delete_elem(&waiting, &pid);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(woken, const struct task_struct *task)
{
	return begin_wait(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(woken_new, const struct task_struct *task)
{
	return begin_wait(task);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempted, const struct task_struct *from, const struct task_struct *to)
{
	if (state_of(from) == TASK_RUNNING)
		begin_wait(from);
	return end_wait(to);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
