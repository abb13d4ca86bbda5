// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kvm family: exits of virtual CPUs by reason and thread, the time from an exit to the
 * next entry, returns to the program that runs the machine, and halt polling.
 *
 * All counters of a thread are written by the thread itself, so they need no atomics and
 * lose nothing.
 */
#include "tasks.bpf.h"
#include "kvm_shared.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct mmt_kvm_config kvm_cfg SEC(".rodata.family");

/* By task slot: the number of its mmt_kvm_vcpu. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* (load) */
	__type(key, __u32);
	__type(value, struct mmt_kvm_slot);
} kvm_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* (load) */
	__type(key, __u32);
	__type(value, struct mmt_kvm_vcpu);
} kvm_vcpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* (load) */
	__type(key, __u32);
	__type(value, struct mmt_kvm_cell);
} kvm_cells SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mmt_kvm_others);
} kvm_others SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1); /* (load) */
	__type(value, __u32);
} kvm_free_vcpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1); /* (load) */
	__type(value, __u32);
} kvm_free_cells SEC(".maps");

/* ---------------------------------------------------------------- whose */

static __noinline int vcpu_claim(__u32 *at)
{
	__u32 i;

	if (at)
		*at = bpf_map_pop_elem(&kvm_free_vcpus, &i) ? MMT_KVM_NONE : i;
	return 0;
}

static __noinline int cell_claim(__u32 *at)
{
	__u32 i;

	if (at)
		*at = bpf_map_pop_elem(&kvm_free_cells, &i) ? MMT_KVM_NONE : i;
	return 0;
}

/*
 * A task that has been on its CPU since before the recording has no slot yet. It gets one where
 * it enters its guest: interrupts are off, so no switch comes between.
 */
static __noinline int slot_first(void)
{
	struct task_struct *p = this_task();
	__u32 idx = 0;

	slot_get(p, RD(p, pid), &idx, clock_now());
	return idx & (MMT_N_SLOTS - 1);
}

/* False: the running task is not to be counted. *v: its counters, NULL where it has none. */
static __always_inline bool this_vcpu(struct mmt_kvm_vcpu **v, bool entry)
{
	__u32 slot = slot_of(current_pid()), i;
	struct mmt_kvm_slot *at;

	*v = NULL;
	if (!slot && entry)
		slot = slot_first();
	if (cfg.filter && !(slot && slot_at(slot)->flags & MMT_SF_WANT))
		return false;
	if (!slot)
		return true;
	at = bpf_map_lookup_elem(&kvm_slots, &slot);
	if (!at)
		return true;
	if (!at->vcpu)
		vcpu_claim(&at->vcpu);
	i = at->vcpu;
	*v = bpf_map_lookup_elem(&kvm_vcpus, &i);
	return true;
}

/* ---------------------------------------------------------------- counters */

static __always_inline struct mmt_kvm_cell *cell_of(struct mmt_kvm_vcpu *v, __u32 key)
{
	__u64 k = key;
	__u32 i;

	barrier_var(k); /* what clang knows of it, older verifiers have forgotten: the check must stay */
	if (!v || k >= MMT_KVM_KEYS)
		return NULL;
	barrier_var(k);
	if (!v->cell[k])
		cell_claim(&v->cell[k]);
	i = v->cell[k];
	return bpf_map_lookup_elem(&kvm_cells, &i);
}

static __noinline int count_other(__u32 key, __u64 ns, __u32 n)
{
	struct mmt_kvm_others *o;
	__u64 k = key;
	__u32 zero = 0;

	o = bpf_map_lookup_elem(&kvm_others, &zero);
	barrier_var(k);
	if (!o || k >= MMT_KVM_KEYS)
		return 0;
	barrier_var(k);
	if (n)
		__sync_fetch_and_add(&o->count[k], n);
	if (ns)
		__sync_fetch_and_add(&o->time_ns[k], ns);
	return 0;
}

/* Whose reasons those of the others are. */
static __noinline int others_isa(__u32 isa)
{
	struct mmt_kvm_others *o;
	__u32 zero = 0;

	o = bpf_map_lookup_elem(&kvm_others, &zero);
	if (o)
		o->isa = isa;
	return 0;
}

static __always_inline void add_time(struct mmt_kvm_cell *c, __u64 ns)
{
	__u64 b = hist_bucket(ns) >> 5;

	c->time_ns += ns;
	if (ns > c->max_ns)
		c->max_ns = ns;
	barrier_var(b);
	if (b >= MMT_KVM_HIST)
		b = MMT_KVM_HIST - 1;
	barrier_var(b);
	c->hist[b]++;
	c->timed++;
}

static __always_inline void count(struct mmt_kvm_vcpu *v, __u32 key)
{
	struct mmt_kvm_cell *c = cell_of(v, key);

	if (c)
		c->count++;
	else
		count_other(key, 0, 1);
}

/* A count with its time at once. */
static __always_inline void count_ns(struct mmt_kvm_vcpu *v, __u32 key, __u64 ns)
{
	struct mmt_kvm_cell *c = cell_of(v, key);

	if (!c) {
		count_other(key, ns, 1);
		return;
	}
	c->count++;
	add_time(c, ns);
}

/* ---------------------------------------------------------------- programs */

static __always_inline __u32 key_of(__u32 reason)
{
	if (reason < 0x100)
		return MMT_KVM_REASON + reason;
	if (reason - 0x400 < 0x10)
		return MMT_KVM_NESTED + reason - 0x400;
	if (reason - 0x80000000 < 0x40)
		return MMT_KVM_HIGH + reason - 0x80000000;
	if (reason - 0x8000fff8 < 8)
		return MMT_KVM_TOP + reason - 0x8000fff8;
	return reason == 0xffffffff ? MMT_KVM_ERROR : MMT_KVM_OTHER;
}

MMT_SEC("kvm_exit")
int mmt_kvm_exit(__u64 *ctx)
{
	struct mmt_kvm_vcpu *v;
	__u32 reason, isa, key;

	if (!mem.state.enabled || !this_vcpu(&v, false))
		return 0;
	key = kvm_exit_args(ctx, kvm_cfg.exit_args, &reason, &isa) ? key_of(reason) : MMT_KVM_OTHER;
	count(v, key);
	if (!v) {
		others_isa(isa);
		return 0;
	}
	v->isa = isa;
	v->exit_key = key;
	v->exit = bpf_ktime_get_ns();
	return 0;
}

MMT_SEC("kvm_entry")
int mmt_kvm_entry(__u64 *ctx)
{
	struct mmt_kvm_cell *c;
	struct mmt_kvm_vcpu *v;
	__u64 now;

	if (!mem.state.enabled || !this_vcpu(&v, true))
		return 0;
	count(v, MMT_KVM_ENTRY);
	if (!v || !(v->exit | v->user))
		return 0;
	now = bpf_ktime_get_ns();
	if (v->exit) {
		c = cell_of(v, v->exit_key);
		if (c)
			add_time(c, now - v->exit);
		v->exit = 0;
	}
	if (v->user) {
		c = cell_of(v, v->user_key);
		if (c)
			add_time(c, now - v->user);
		v->user = 0;
	}
	return 0;
}

/* KVM_RUN returns to the program: reason, error. */
MMT_SEC("kvm_userspace_exit")
int mmt_kvm_user(__u64 *ctx)
{
	__u32 reason = (__u32)ctx[0], key;
	__s32 error = (__s32)ctx[1];
	struct mmt_kvm_vcpu *v;

	if (!mem.state.enabled || !this_vcpu(&v, false))
		return 0;
	key = MMT_KVM_USER + (reason < MMT_KVM_USER_N ? reason : MMT_KVM_USER_N - 1);
	if (error < 0)
		key = error == -4 ? MMT_KVM_USER_SIGNAL : MMT_KVM_USER_ERROR; /* EINTR */
	count(v, key);
	if (!v)
		return 0;
	v->user_key = key;
	v->user = bpf_ktime_get_ns();
	return 0;
}

/* A halted CPU goes on: ns since it stopped, whether the thread slept, whether polling may learn from it. */
MMT_SEC("kvm_vcpu_wakeup")
int mmt_kvm_wakeup(__u64 *ctx)
{
	__u32 key = (ctx[2] & 0xff ? MMT_KVM_POLL : MMT_KVM_POLL_INVALID) + !!(ctx[1] & 0xff);
	struct mmt_kvm_vcpu *v;

	if (mem.state.enabled && this_vcpu(&v, false))
		count_ns(v, key, ctx[0]);
	return 0;
}

/* The time to poll changes: grows or not, vCPU, new, old. */
MMT_SEC("kvm_halt_poll_ns")
int mmt_kvm_poll_ns(__u64 *ctx)
{
	struct mmt_kvm_vcpu *v;

	if ((__u32)ctx[2] != (__u32)ctx[3] && mem.state.enabled && this_vcpu(&v, false))
		count_ns(v, ctx[0] & 0xff ? MMT_KVM_GROW : MMT_KVM_SHRINK, (__u32)ctx[2]);
	return 0;
}
