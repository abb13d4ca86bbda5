// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many tasks are runnable on each CPU, now: rq->nr_running, read when user space asks
 * for it (BPF_PROG_TEST_RUN), so that nothing runs at any event.
 *
 * Run queues are found without their symbol, which kernels without CONFIG_KALLSYMS_ALL do
 * not give: load_find runs once on each CPU, and the task that it interrupts there knows
 * its run queue. They stay where they are as long as the kernel runs.
 */
#include "compat.bpf.h"
#include "load_shared.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct mmt_load_config load_cfg SEC(".rodata.family");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* (load) */
	__type(key, __u32);
	__type(value, __u64);
} load_rqs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* (load) */
	__type(key, __u32);
	__type(value, __u64);
} load_tasks SEC(".maps");

#define READ(p, field)                                                                                 \
	({                                                                                             \
		typeof((p)->field) v_ = 0;                                                             \
		bpf_core_read(&v_, sizeof(v_), &(p)->field);                                           \
		v_;                                                                                    \
	})

SEC("?raw_tp/sched_switch")
int mmt_load_find(void *ctx)
{
	struct task_struct *p = (struct task_struct *)bpf_get_current_task();
	__u32 cpu = bpf_get_smp_processor_id();
	struct cfs_rq *cfs = READ(p, se.cfs_rq);
	__u64 *at = bpf_map_lookup_elem(&load_rqs, &cpu);

	if (at && cfs)
		*at = (__u64)READ(cfs, rq);
	return 0;
}

/*
 * A task that sleeps may stay queued until its lag is used up (6.12, commit 152e11f6df29):
 * it is in nr_running, and wants no CPU. 6.12 counts these (commit fc1892becd56), 6.14
 * those that are runnable (commit c2a295bffeaf).
 */
static __always_inline __u32 delayed(struct rq *rq)
{
	__u32 all, runnable;

	if (bpf_core_field_exists(rq->cfs.h_nr_runnable)) {
		runnable = READ(rq, cfs.h_nr_runnable);
		all = READ(rq, cfs.h_nr_queued);
		return all > runnable ? all - runnable : 0;
	}
	return bpf_core_field_exists(rq->cfs.h_nr_delayed) ? READ(rq, cfs.h_nr_delayed) : 0;
}

SEC("?raw_tp/sched_switch")
int mmt_load_read(void *ctx)
{
	__u32 self = bpf_get_smp_processor_id(), cpu;

	for (cpu = 0; cpu < MMT_MAX_CPUS && cpu < load_cfg.n_cpus; cpu++) {
		__u32 key = cpu, n, less;
		__u64 *at = bpf_map_lookup_elem(&load_rqs, &key), *to = bpf_map_lookup_elem(&load_tasks, &key);
		struct rq *rq;

		if (!at || !to)
			break;
		rq = (struct rq *)*at;
		if (!rq)
			continue;
		n = READ(rq, nr_running);
		less = (cpu == self) + delayed(rq); /* the reader runs here, and asks about others */
		*to = n > less ? n - less : 0;
	}
	return 0;
}
