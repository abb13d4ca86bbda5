// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault family: what kind of page faults a task takes, and a sample of them.
 *
 * How many were minor and how many major the kernel counts itself, in the task, when a
 * fault has ended (mm/memory.c mm_account_fault()); nobody has to watch for that: an
 * iterator reads it when totals are flushed. What the tracepoints at the entry of a fault
 * add is its kind (mode, access, present or not), its address and its instruction.
 *
 * A task runs on one CPU at a time, so its line is written without atomics. Two programs
 * on one line meet only when an NMI faults inside a fault; they write different cells.
 */
#include "tasks.bpf.h"
#include "stacks.bpf.h"
#include "fault_shared.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct mmt_fault_config fault_cfg SEC(".rodata.family");
struct mmt_fault_state st SEC(".data.family");

/* By slot; 0 is of all tasks that have none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MMT_N_SLOTS);
	__type(key, __u32);
	__type(value, struct mmt_fault_slot);
} fault_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} fault_recs SEC(".maps");

static __always_inline void draw(struct mmt_fault_slot *f)
{
	__u32 shift = *(volatile __u32 *)&st.shift;

	if (shift > MMT_FAULT_MAX_SHIFT)
		shift = MMT_FAULT_MAX_SHIFT;
	f->left = mmt_fault_gap(bpf_get_prandom_u32(), fault_cfg.mean[shift]);
	f->drawn = shift + 1;
}

/* One that was drawn. A burst is thinned here at once, in quieter times the collector sets the rate. */
static __noinline int sample(__u64 *ctx, __u32 slot, __u32 shift_kernel)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[1];
	__u64 now, addr = ctx[0], code = ctx[2], kstack, ustack;
	struct mmt_fault_rec *r;

	if (!mem.state.enabled || (cfg.filter && !(slot_at(slot)->flags & MMT_SF_WANT)))
		return 0;
	__sync_fetch_and_add(&st.taken, 1);
	__sync_fetch_and_add(&st.window, 1);
	if (*(volatile __u32 *)&st.window > fault_cfg.quota) {
		st.window = 0;
		if (st.shift < MMT_FAULT_MAX_SHIFT)
			st.shift++;
	}
	now = bpf_ktime_get_ns();
	kstack = shift_kernel & 1 ? stack_id(ctx, 0) : 0;
	ustack = stack_id(ctx, BPF_F_USER_STACK);
	r = bpf_ringbuf_reserve(&fault_recs, sizeof(*r), 0);
	if (!r) {
		__sync_fetch_and_add(&st.lost, 1);
		return 0;
	}
	r->time = cfg.use_rq_clock ? now - mem.state.clock_off : now;
	r->addr = addr;
	r->ip = 0;
	bpf_core_read(&r->ip, sizeof(r->ip), &((struct pt_regs___x86 *)regs)->ip);
	r->slot = slot;
	r->tid = (__u32)bpf_get_current_pid_tgid();
	r->code = (__u32)code;
	r->cpu = bpf_get_smp_processor_id();
	r->shift = shift_kernel >> 1;
	r->kernel = shift_kernel & 1;
	r->kstack = kstack;
	r->ustack = ustack;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline int fault(__u64 *ctx, __u32 kernel)
{
	__u64 addr = ctx[0], code = ctx[2];
	__u32 slot, cell;
	struct mmt_fault_slot *f;

	if (kernel && stack_being_taken())
		return 0;
	slot = slot_of(current_pid());
	f = bpf_map_lookup_elem(&fault_slots, &slot);
	if (!f)
		return 0;
	if (!kernel)
		cell = MMT_F_USER + 3 * (code & 1) + (code & MMT_F_EXEC ? 2 : code >> 1 & 1);
	else if ((__s64)addr < 0)
		cell = MMT_F_KERNEL_ADDR;
	else
		cell = MMT_F_KERNEL + 2 * (code & 1) + (code >> 1 & 1);
	/* 5.10 and 6.1 lose the bounds where the ways meet: the mask must stay in the code, within the line */
	barrier_var(cell);
	cell &= 15;
	if (!slot) { /* of all tasks without a slot */
		__sync_fetch_and_add(&f->n[cell], 1);
		return 0;
	}
	f->n[cell]++;
	if (f->drawn != st.shift + 1)
		draw(f);
	if (--f->left)
		return 0;
	sample(ctx, slot, (f->drawn - 1) << 1 | kernel);
	draw(f);
	return 0;
}

MMT_SEC("page_fault_user")
int mmt_fault_user(__u64 *ctx)
{
	return fault(ctx, 0);
}

MMT_SEC("page_fault_kernel")
int mmt_fault_kernel(__u64 *ctx)
{
	return fault(ctx, 1);
}

/* Runs over all tasks when the collector reads it. */
SEC("?iter/task")
int mmt_fault_iter(__u64 *ctx)
{
	struct bpf_iter_meta *meta = (struct bpf_iter_meta *)ctx[0];
	struct task_struct *p = (struct task_struct *)ctx[1];
	struct mmt_fault_task t = { 0 };
	struct mmt_fault_slot *f;
	__u32 slot;

	if (!p)
		return 0;
	slot = slot_of(p->pid);
	f = bpf_map_lookup_elem(&fault_slots, &slot);
	if (slot && f) {
		f->min = p->min_flt;
		f->maj = p->maj_flt;
		return 0;
	}
	t.tid = p->pid;
	t.start = p->start_boottime;
	t.min = p->min_flt;
	t.maj = p->maj_flt;
	bpf_seq_write(meta->seq, &t, sizeof(t));
	return 0;
}
