// SPDX-License-Identifier: GPL-2.0-only
/*
 * What NUMA balancing keeps of a task about its hint faults, copied for the collector to
 * compare with the last time: for kernels that do not let programs in at the function
 * (see bpf/numafn.bpf.c). kernel/sched/fair.c, task_numa_fault() and task_numa_placement().
 */
#include "numamaps.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define PF_EXITING 4

/* slot << node_bits | node (load) */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mmt_numa_faults);
} numa_faults SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MMT_N_SLOTS);
	__type(key, __u32);
	__type(value, struct mmt_numa_polled);
} numa_polled SEC(".maps");

/* The kernel's array is [kind][node][2], the kinds being those of enum numa_faults_stats. */
static __always_inline void copy(struct task_struct *p, unsigned long *faults, __u32 slot)
{
	__u32 buf = bpf_core_enum_value(enum numa_faults_stats, NUMA_MEMBUF) * numa_cfg.node_ids, seq = RD(p, numa_scan_seq), node;
	struct mmt_numa_polled *h = bpf_map_lookup_elem(&numa_polled, &slot);
	unsigned long locality[2];

	if (!slot || !h)
		return;
	for (node = 0; node < MMT_NU_NODES && node < numa_cfg.n_nodes; node++) {
		__u32 i = slot << numa_cfg.node_bits | node;
		struct mmt_numa_faults *f = bpf_map_lookup_elem(&numa_faults, &i);

		if (!f)
			return;
		bpf_probe_read_kernel(f->mem, sizeof(f->mem), faults + 2 * node);
		bpf_probe_read_kernel(f->buf, sizeof(f->buf), faults + 2 * (buf + node));
	}
	bpf_core_read(&locality, sizeof(locality), &p->numa_faults_locality);
	h->remote = locality[0];
	h->local = locality[1];
	/* it is set first, then all is moved */
	h->torn = RD(p, numa_scan_seq) != seq;
	h->seq = seq;
	h->has = 1;
}

SEC("iter/task")
int mmt_numa_poll(__u64 *ctx)
{
	struct task_struct *p = (struct task_struct *)ctx[1];
	unsigned long *faults;
	__u32 pid, *entry;

	if (!p || RD(p, flags) & PF_EXITING)
		return 0;
	faults = RD(p, numa_faults);
	if (!faults)
		return 0;
	pid = RD(p, pid);
	entry = pid_entry(pid);
	if (!entry)
		return 0;
	if (!*entry && task_wanted(p, pid, RD(p, tgid)))
		slot_claim(p, pid, entry, clock_now(), true);
	copy(p, faults, *entry);
	return 0;
}

/* The last time for a task: it is this one that runs. */
MMT_SEC("sched_process_exit")
int mmt_numa_exit(__u64 *ctx)
{
	struct task_struct *p = (struct task_struct *)ctx[0];
	unsigned long *faults = RD(p, numa_faults);

	if (faults)
		copy(p, faults, slot_of(RD(p, pid)));
	return 0;
}
