// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: programs on the tracepoints of the scheduler that do nothing. What they
 * cost is the price of being called at all; no recorder on BPF can be cheaper. With
 * `counting` they count, to know how many events a workload makes.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

enum { F_SWITCH, F_MIGRATE, F_WAKEUP, F_WAKEUP_NEW, F_WAKING, F_FAULT, F_SYS_ENTER, F_SYS_EXIT, F_FAULT_KERNEL,
       F_ALLOC, F_N };

const volatile int counting = 0; /* 0: the verifier leaves "return 0" */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, F_N);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline int hit(__u32 what)
{
	__u64 *n;

	if (!counting)
		return 0;
	n = bpf_map_lookup_elem(&counts, &what);
	if (n)
		(*n)++;
	return 0;
}

#define FLOOR(name, section, what)                                                                                 \
	SEC("?tp_btf/" section) int name(__u64 *ctx)                                                               \
	{                                                                                                          \
		return hit(what);                                                                                  \
	}

FLOOR(floor_switch, "sched_switch", F_SWITCH)
FLOOR(floor_migrate, "sched_migrate_task", F_MIGRATE)
FLOOR(floor_wakeup, "sched_wakeup", F_WAKEUP)
FLOOR(floor_wakeup_new, "sched_wakeup_new", F_WAKEUP_NEW)
FLOOR(floor_waking, "sched_waking", F_WAKING)
FLOOR(floor_fault, "page_fault_user", F_FAULT)
FLOOR(floor_sys_enter, "sys_enter", F_SYS_ENTER)
FLOOR(floor_sys_exit, "sys_exit", F_SYS_EXIT)
FLOOR(floor_fault_kernel, "page_fault_kernel", F_FAULT_KERNEL)
FLOOR(floor_alloc, "mm_page_alloc", F_ALLOC)
