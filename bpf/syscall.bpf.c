// SPDX-License-Identifier: GPL-2.0-only
/*
 * The syscall family: exact counts, errors and times by task and call.
 *
 * All counters of a task are written by the task itself, so they need no atomics and
 * lose nothing. Latency histograms are by CPU and call.
 */
#include <asm/unistd.h>
#include "regs.bpf.h"
#include "tasks.bpf.h"
#include "syscall_shared.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MMT_N_SLOTS);
	__type(key, __u32);
	__type(value, struct mmt_sys_task);
} sys_tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* (load) */
	__type(key, __u32);
	__type(value, struct mmt_sys_block);
} sys_blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* (load) */
	__type(key, __u32);
	__type(value, struct mmt_sys_cpu);
} sys_cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* (load) */
	__type(key, __u32);
	__type(value, struct mmt_sys_hist);
} sys_hists SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1); /* (load) */
	__type(value, __u32);
} sys_free_blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1); /* (load) */
	__type(value, __u32);
} sys_free_hists SEC(".maps");

/* Slot of the running task, 0 if it has none or is not wanted; *t its counters. */
static __always_inline bool current_task(struct task_struct *p, __u32 *slot)
{
	__u32 *entry = pid_entry(RD(p, pid));

	*slot = entry ? *entry : 0;
	return !cfg.filter || (*slot && slot_at(*slot)->flags & MMT_SF_WANT);
}

static __always_inline __u32 key_of(struct task_struct *p, __u64 nr)
{
	__u32 key = nr < MMT_SYS_NR ? (__u32)nr : MMT_SYS_NR - 1;

	return is_compat(p) ? key + MMT_SYS_NR : key;
}

static __always_inline bool never_returns(__u32 key)
{
	return key == __NR_exit || key == __NR_exit_group;
}

static __noinline int block_claim(__u16 *at)
{
	__u32 i;

	if (at)
		*at = bpf_map_pop_elem(&sys_free_blocks, &i) ? MMT_SYS_NONE : (__u16)i;
	return 0;
}

static __always_inline struct mmt_sys_count *other_count(struct mmt_sys_cpu *c, __u64 k)
{
	barrier_var(k);
	if (k >= MMT_SYS_KEYS)
		return NULL;
	barrier_var(k); /* or clang makes the address before the check */
	return &c->others[k];
}

/* Counters of a key: the task's, or the CPU's for tasks that have none. */
static __always_inline struct mmt_sys_count *count_of(struct mmt_sys_task *t, struct mmt_sys_cpu *c, __u32 key)
{
	struct mmt_sys_block *b;
	__u64 k = key, g;
	__u32 i;

	barrier_var(k); /* what clang knows of it, older verifiers have forgotten: the check must stay */
	g = k / MMT_SYS_GROUP;
	if (!t || g >= MMT_SYS_GROUPS)
		return other_count(c, key);
	barrier_var(g);
	if (!t->block[g])
		block_claim(&t->block[g]);
	i = t->block[g];
	b = bpf_map_lookup_elem(&sys_blocks, &i);
	return b ? &b->c[k % MMT_SYS_GROUP] : other_count(c, k);
}

static __noinline int hist_block(__u16 *at)
{
	__u32 i;

	if (at)
		*at = bpf_map_pop_elem(&sys_free_hists, &i) ? MMT_SYS_NONE : (__u16)i;
	return 0;
}

static __always_inline void hist_count(struct mmt_sys_cpu *c, __u32 key, __u64 ns)
{
	struct mmt_sys_hist *h;
	__u32 i, b = hist_bucket(ns);
	__u64 k = key;

	k &= MMT_SYS_CLASS - 1;
	barrier_var(k);
	if (!c->hist[k])
		hist_block(&c->hist[k]);
	i = c->hist[k];
	h = bpf_map_lookup_elem(&sys_hists, &i);
	if (h && b < MMT_HIST_N)
		h->count[b]++;
}

static __always_inline __u64 brk_end(struct task_struct *p)
{
	return BPF_CORE_READ(p, mm, brk);
}

static __always_inline __u32 advice_class(__u32 advice)
{
	if (advice < MMT_SC_ADVICE_GUARD)
		return MMT_SC_MADVISE + advice;
	if (advice == 102 || advice == 103)
		return MMT_SC_ADVICE_GUARD + advice - 102;
	return MMT_SC_ADVICE_OTHER;
}

static __always_inline __u32 mmap_class(__u64 prot, __u64 flags)
{
	if (flags & 0x40000) /* MAP_HUGETLB */
		return MMT_SC_MMAP + 5;
	if (flags & 0x20 && !(prot & 7)) /* MAP_ANONYMOUS, PROT_NONE */
		return MMT_SC_MMAP + 4;
	return MMT_SC_MMAP + !(flags & 0x20) + (flags & 1 ? 2 : 0); /* MAP_SHARED */
}

static __always_inline __u32 resize_class(__u32 base, __u64 old, __u64 new, __u64 *bytes)
{
	*bytes = new > old ? new - old : old - new;
	return new == old ? base : new > old ? base + 1 : base + 2;
}

/* What a memory management call was asked for; MMT_SC_N: it is none. */
static __always_inline __u32 mm_class(struct task_struct *p, struct pt_regs *regs, __u64 old_brk, __u32 key,
				      __u64 *bytes)
{
	switch (key) {
	case __NR_madvise:
		*bytes = REG_ARG2(regs);
		return advice_class((__u32)REG_ARG3(regs));
	case __NR_mmap:
		*bytes = REG_ARG2(regs);
		return mmap_class(REG_ARG3(regs), REG_ARG4(regs));
	case __NR_munmap:
		*bytes = REG_ARG2(regs);
		return MMT_SC_MUNMAP;
	case __NR_brk:
		return resize_class(MMT_SC_BRK, old_brk, brk_end(p), bytes);
	case __NR_mremap:
		return resize_class(MMT_SC_MREMAP, REG_ARG2(regs), REG_ARG3(regs), bytes);
	case __NR_mprotect:
		*bytes = REG_ARG2(regs);
		return MMT_SC_MPROTECT + (REG_ARG3(regs) & 7);
	default:
		return MMT_SC_N;
	}
}

static __noinline int count_class(__u64 *ctx, struct mmt_sys_task *t, struct mmt_sys_cpu *c, __u32 key, __u64 ns)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	struct mmt_sys_count *n;
	__u64 bytes = 0;
	__u32 class;

	if (!c)
		return 0;
	class = mm_class(this_task(), regs, t ? t->arg : 0, key, &bytes);
	if (class >= MMT_SC_N)
		return 0;
	n = count_of(t, c, MMT_SYS_CLASS + class);
	if (!n)
		return 0;
	n->count++;
	n->time_ns += ns;
	if (ctx[1] >= (__u64)-4095)
		n->errors++;
	else
		n->max_ns += bytes;
	return 0;
}

static __always_inline bool is_mm(__u32 key)
{
	return key == __NR_madvise || key == __NR_mmap || key == __NR_munmap || key == __NR_brk || key == __NR_mremap ||
	       key == __NR_mprotect;
}

/* A new task leaves its parent's call, which it never made. */
static __always_inline bool is_birth(__u32 key, __u64 ret)
{
	bool birth = key == __NR_clone || key == __NR_clone3;

#ifdef __NR_fork
	birth |= key == __NR_fork || key == __NR_vfork;
#endif
	return birth && !ret;
}

/*
 * The task enters a call and has not left the one before: the kernel skipped the program at its
 * end. Kernels that let these programs be preempted (7.2 does, 6.18 does not) skip them on that
 * CPU for everybody else meanwhile; see missed() in the collector.
 */
static __noinline int count_unseen(struct mmt_sys_task *t)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct mmt_sys_count *n;
	struct mmt_sys_cpu *c;

	c = bpf_map_lookup_elem(&sys_cpus, &cpu);
	if (!c || !t)
		return 0;
	n = count_of(t, c, t->key);
	if (n) {
		n->count++;
		n->untimed++;
	}
	return 0;
}

MMT_SEC("sys_enter")
int mmt_sys_enter(__u64 *ctx)
{
	struct task_struct *p = this_task();
	struct mmt_sys_count *n;
	struct mmt_sys_task *t;
	struct mmt_sys_cpu *c;
	__u32 slot, key, cpu;

	if (!mem.state.enabled || !current_task(p, &slot))
		return 0;
	key = key_of(p, ctx[1]);
	if (never_returns(key)) {
		t = slot ? bpf_map_lookup_elem(&sys_tasks, &slot) : NULL;
		cpu = bpf_get_smp_processor_id();
		c = bpf_map_lookup_elem(&sys_cpus, &cpu);
		if (!c)
			return 0;
		n = count_of(t, c, key);
		if (n) {
			n->count++;
			n->untimed++;
		}
		return 0;
	}
	if (!slot)
		return 0; /* counted at its end */
	t = bpf_map_lookup_elem(&sys_tasks, &slot);
	if (!t)
		return 0;
	if (t->enter)
		count_unseen(t);
	t->key = key;
	if (key == __NR_brk)
		t->arg = brk_end(p);
	t->enter = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void count_call(struct mmt_sys_count *n, __u32 key, __s64 ret, __u64 ns, bool timed)
{
	n->count++;
	/* what rt_sigreturn seems to return is what the interrupted code had in that register */
	if (ret < 0 && ret >= -4095 && key != __NR_rt_sigreturn) {
		n->errors++;
		if (ret <= -512 && ret >= -516) /* ERESTART*, never seen by the program */
			n->restarts++;
	}
	if (!timed) {
		n->untimed++;
		return;
	}
	n->time_ns += ns;
	if (ns > n->max_ns)
		n->max_ns = ns;
}

/* It was wanted when it entered the call, and left the cgroup within. */
static __always_inline void forget_call(__u32 slot)
{
	struct mmt_sys_task *t = slot ? bpf_map_lookup_elem(&sys_tasks, &slot) : NULL;

	if (t)
		t->enter = 0;
}

MMT_SEC("sys_exit")
int mmt_sys_exit(__u64 *ctx)
{
	struct task_struct *p = this_task();
	struct mmt_sys_task *t = NULL;
	struct mmt_sys_count *n;
	struct mmt_sys_cpu *c;
	__u64 ns = 0, nr;
	bool timed = false;
	__u32 slot, key, cpu;

	if (!mem.state.enabled)
		return 0;
	if (!current_task(p, &slot)) {
		if (cfg.filter_cgroup)
			forget_call(slot);
		return 0;
	}
	if (slot)
		t = bpf_map_lookup_elem(&sys_tasks, &slot);
	if (t && t->enter) {
		ns = bpf_ktime_get_ns() - t->enter;
		key = t->key;
		t->enter = 0;
		timed = true;
	} else {
		/* it began before we watched, or a seccomp filter answered it, or a task was born */
		nr = REG_NR((struct pt_regs *)ctx[0]);
		key = key_of(p, nr);
		if ((__s32)nr < 0 || is_birth(key, ctx[1]))
			return 0;
	}
	cpu = bpf_get_smp_processor_id();
	c = bpf_map_lookup_elem(&sys_cpus, &cpu);
	if (!c)
		return 0;
	n = count_of(t, c, key);
	if (!n)
		return 0;
	count_call(n, key, (__s64)ctx[1], ns, timed);
	if (timed && !t->self)
		hist_count(c, key, ns);
	if (MMT_HAVE_REGS && is_mm(key))
		count_class(ctx, t, c, key, ns);
	return 0;
}
