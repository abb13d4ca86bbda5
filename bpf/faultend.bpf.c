// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long page faults take: handle_mm_fault() from its entry to its return, which is what
 * the kernel counts as a minor or major fault. One that is to be retried goes on until the
 * attempt that ends it. Faults that the kernel makes on a program's behalf are among them.
 */
#include "tasks.bpf.h"
#include "faultend_shared.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct mmt_fault_end_config fault_end_cfg SEC(".rodata.family");

/* By slot; tasks that have none are not measured. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MMT_N_SLOTS);
	__type(key, __u32);
	__type(value, struct mmt_fault_times);
} fault_times SEC(".maps");

/* cpu * MMT_FE_N + kind */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MMT_FE_N); /* (load) */
	__type(key, __u32);
	__type(value, struct mmt_fault_hist);
} fault_hists SEC(".maps");

/* enum fault_flag and vm_fault_reason, the same from 5.10 on */
#define FLAG_TRIED 0x20
#define RET_ERROR (0x1 | 0x2 | 0x10 | 0x20 | 0x40 | 0x800)
#define RET_MAJOR 0x4
#define RET_RETRY 0x400

static __always_inline struct mmt_fault_times *own_times(void)
{
	__u32 slot = slot_of(current_pid());

	if (!slot || (cfg.filter && !(slot_at(slot)->flags & MMT_SF_WANT)))
		return NULL;
	return bpf_map_lookup_elem(&fault_times, &slot);
}

/* (vma, address, flags, regs) since 5.9, commit bce617edecad */
SEC("?fentry/handle_mm_fault")
int mmt_fault_begin(__u64 *ctx)
{
	struct mmt_fault_times *t;
	__u64 page = ctx[1] >> 12;

	if (!mem.state.enabled)
		return 0;
	t = own_times();
	if (!t)
		return 0;
	if (!t->retry || !t->start || t->address != page) {
		t->kind = RD((struct vm_area_struct *)ctx[0], vm_file) ? MMT_FE_FILE : 0;
		t->address = page;
		t->start = bpf_ktime_get_ns();
	}
	t->retry = 0;
	return 0;
}

static __noinline int fault_took(struct mmt_fault_times *t, __u64 ns, __u32 kind)
{
	__u32 key = bpf_get_smp_processor_id() * MMT_FE_N + kind, b = hist_bucket(ns);
	struct mmt_fault_hist *h;

	if (!t || kind >= MMT_FE_N)
		return 0;
	t->count[kind]++;
	t->ns[kind] += ns;
	if (ns > t->max[kind])
		t->max[kind] = ns;
	if (bpf_get_current_pid_tgid() >> 32 == fault_end_cfg.self)
		return 0;
	h = bpf_map_lookup_elem(&fault_hists, &key);
	if (h && b < MMT_HIST_N)
		__sync_fetch_and_add(&h->count[b], 1); /* another task of this CPU may come between */
	return 0;
}

SEC("?fexit/handle_mm_fault")
int mmt_fault_end(__u64 *ctx)
{
	__u32 flags = (__u32)ctx[2], ret = (__u32)ctx[4];
	struct mmt_fault_times *t = own_times();
	__u64 start;

	if (!t || !t->start)
		return 0;
	if (ret & RET_RETRY) {
		t->retry = 1;
		return 0;
	}
	start = t->start;
	t->start = 0;
	if (ret & RET_ERROR)
		return 0;
	/* major as mm_account_fault() has it */
	return fault_took(t, bpf_ktime_get_ns() - start, t->kind | (ret & RET_MAJOR || flags & FLAG_TRIED ? MMT_FE_MAJOR : 0));
}
