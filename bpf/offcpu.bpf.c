// SPDX-License-Identifier: GPL-2.0-only
/*
 * The offcpu family: from where tasks leave the CPU, for how long, and who wakes them.
 *
 * These programs run after the scheduler family's on the same tracepoint, for they are
 * attached later, and take from it what it has just found: the clock, the slot of the task
 * that comes, its blocked time and its wait for the CPU. So no clock is read here, and the
 * sums of a task are those of the scheduler's totals to the nanosecond.
 *
 * A stack is walked when the task leaves or wakes somebody, for only then is it current.
 */
#include "tasks.bpf.h"
#include "stackraw.bpf.h"
#include "offcpu_shared.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct mmt_off_config off_cfg SEC(".rodata.family");
struct mmt_off_state st SEC(".data.family");
/* what a new entry begins with */
static const struct mmt_off_val off_zero SEC(".rodata.tables");
static const struct mmt_waker_val waker_zero SEC(".rodata.tables");

#define PF_KTHREAD 0x00200000

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MMT_N_SLOTS);
	__type(key, __u32);
	__type(value, struct mmt_off_slot);
} off_slots SEC(".maps");

/* Two of each kind: one is written while the other is read and emptied. Entries: (load) */
struct off_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct mmt_off_key);
	__type(value, struct mmt_off_val);
};
struct off_map off_a SEC(".maps"), off_b SEC(".maps");

struct waker_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct mmt_waker_key);
	__type(value, struct mmt_waker_val);
};
struct waker_map waker_a SEC(".maps"), waker_b SEC(".maps");

static __always_inline bool slot_wanted(__u32 slot)
{
	return !cfg.filter || slot_at(slot)->flags & MMT_SF_WANT;
}

/* ---------------------------------------------------------------- leaving */

static __always_inline bool has_program(struct task_struct *p)
{
	return RD(p, mm) && !(RD(p, flags) & PF_KTHREAD);
}

static __always_inline __u32 sleep_flags(struct task_struct *task, __u32 state)
{
	__u32 f = 0;

#ifdef MMT_RAW_TP
	if (BPF_CORE_READ_BITFIELD_PROBED(task, in_iowait))
#else
	if (BPF_CORE_READ_BITFIELD(task, in_iowait))
#endif
		f |= MMT_OF_IOWAIT;
	/* an idle kernel thread is in TASK_UNINTERRUPTIBLE | TASK_NOLOAD */
	if (state & 2 && !(state & MMT_TASK_NOLOAD_BIT))
		f |= MMT_OF_UNINTERRUPTIBLE;
	return f;
}

static __noinline int check_known(__u64 said, __u64 found)
{
	__sync_fetch_and_add(&st.checked, 1);
	if (said != found)
		__sync_fetch_and_add(&st.differ, 1);
	return 0;
}

/* As stack_id(), but by a look first. */
static __always_inline __u64 leave_kernel(__u64 *ctx, struct stack_raw *raw)
{
	struct stack_known *known = raw_known(raw);
	struct mmt_stack *s;
	__u32 level;
	__u64 hash;

	if (known && !off_cfg.raw.check)
		return known->hash;
	s = stack_begin(&level);
	if (!s)
		return 0;
	hash = stack_put(s, stack_walk(ctx, 0, s));
	stack_end(level);
	if (known)
		check_known(known->hash, hash);
	else
		raw_learn(raw, s, hash, 0);
	return hash;
}

static __always_inline int leave(__u64 *ctx, __u32 slot, __u64 now)
{
	struct task_struct *p = (struct task_struct *)ctx[1];
	struct mmt_off_slot *o = bpf_map_lookup_elem(&off_slots, &slot);
	__u32 state = task_state_of(p);
	struct stack_raw *raw;

	if (!o)
		return 0;
	o->out = now;
	if (ctx[0] & 1 || !state) {
		o->flags = MMT_OF_PREEMPTED;
		o->where = MMT_OFF_READY;
	} else {
		o->flags = sleep_flags(p, state);
		o->where = MMT_OFF_BLOCKED;
	}
	raw = raw_of(p, &off_cfg.raw);
	o->khash = leave_kernel(ctx, raw);
	o->uhash = has_program(p) ? raw_user(ctx, raw) : 0;
	return 0;
}

/* ---------------------------------------------------------------- coming */

static __always_inline __u32 log2_bucket(__u64 v)
{
	__u32 b = 0, s;

	if (v >> 32) {
		v >>= 32;
		b = 32;
	}
	if (v >> 16) {
		v >>= 16;
		b += 16;
	}
	if (v >> 8) {
		v >>= 8;
		b += 8;
	}
	s = (__u32)v;
	barrier_var(s);
	return b + log2_of[s & 255];
}

static __always_inline struct mmt_off_val *off_val(const struct mmt_off_key *k, __u32 gen)
{
	struct mmt_off_val *v;

	if (gen & 1) {
		v = bpf_map_lookup_elem(&off_b, k);
		if (v)
			return v;
		if (bpf_map_update_elem(&off_b, k, &off_zero, BPF_NOEXIST))
			return NULL;
		__sync_fetch_and_add(&st.used[1], 1);
		return bpf_map_lookup_elem(&off_b, k);
	}
	v = bpf_map_lookup_elem(&off_a, k);
	if (v)
		return v;
	if (bpf_map_update_elem(&off_a, k, &off_zero, BPF_NOEXIST))
		return NULL;
	__sync_fetch_and_add(&st.used[0], 1);
	return bpf_map_lookup_elem(&off_a, k);
}

static __always_inline struct mmt_waker_val *waker_val(const struct mmt_waker_key *k, __u32 gen)
{
	struct mmt_waker_val *v;

	if (gen & 1) {
		v = bpf_map_lookup_elem(&waker_b, k);
		if (v)
			return v;
		if (bpf_map_update_elem(&waker_b, k, &waker_zero, BPF_NOEXIST))
			return NULL;
		__sync_fetch_and_add(&st.used[1], 1);
		return bpf_map_lookup_elem(&waker_b, k);
	}
	v = bpf_map_lookup_elem(&waker_a, k);
	if (v)
		return v;
	if (bpf_map_update_elem(&waker_a, k, &waker_zero, BPF_NOEXIST))
		return NULL;
	__sync_fetch_and_add(&st.used[0], 1);
	return bpf_map_lookup_elem(&waker_a, k);
}

/* n: more than 1 where periods ended that were not seen. */
static __noinline int rest_add(struct mmt_off_slot *o, __u32 preempted, __u64 ns, __u32 n)
{
	struct mmt_off_rest *r;

	if (!o)
		return 0;
	r = &o->rest[preempted & 1];
	r->ns += ns;
	r->n += n;
	if (ns > r->max)
		r->max = ns;
	return 0;
}

static __noinline int period(struct mmt_off_slot *o, __u32 slot, __u64 ns, __u64 now)
{
	struct mmt_off_key k = { 0 };
	struct mmt_off_val *v;
	__u64 b;

	if (!o)
		return 0;
	k.slot = slot;
	k.gen = o->gen;
	if (o->where != MMT_OFF_NEW) {
		k.khash = o->khash;
		k.uhash = o->uhash;
		k.flags = o->flags;
	}
	v = off_val(&k, *(volatile __u32 *)&st.gen);
	if (!v) {
		__sync_fetch_and_add(&st.full, 1);
		return rest_add(o, k.flags & MMT_OF_PREEMPTED, ns, 1);
	}
	v->count++;
	v->total += ns;
	v->last = now;
	if (ns > v->max)
		v->max = ns;
	b = log2_bucket(ns);
	barrier_var(b); /* what clang knows of it, the verifier does not */
	if (b >= MMT_OFF_HIST)
		b = MMT_OFF_HIST - 1;
	barrier_var(b);
	v->hist[b]++;
	return 0;
}

static __noinline int wakeup_ended(struct mmt_off_slot *o, __u32 slot, __u64 ns, __u64 delay, __u64 now)
{
	struct mmt_waker_key k = { 0 };
	struct mmt_waker_val *v;

	if (!o)
		return 0;
	k.slot = slot;
	k.gen = o->gen;
	if (o->where != MMT_OFF_NEW) {
		k.khash = o->khash;
		k.uhash = o->uhash;
	}
	if (o->woken) {
		k.waker_slot = o->waker_slot;
		k.waker_gen = o->waker_gen;
		k.waker_khash = o->waker_khash;
		k.waker_uhash = o->waker_uhash;
		k.flags = o->waker_flags;
	}
	v = waker_val(&k, *(volatile __u32 *)&st.gen);
	if (!v) {
		__sync_fetch_and_add(&st.full_wakers, 1);
		return 0;
	}
	if (delay > ns)
		delay = ns;
	v->count++;
	v->blocked += ns - delay;
	v->delay += delay;
	if (delay > v->delay_max)
		v->delay_max = delay;
	v->last = now;
	return 0;
}

static __always_inline void come(__u32 slot, __u64 now)
{
	struct mmt_off_slot *o = bpf_map_lookup_elem(&off_slots, &slot);
	struct mmt_slot *s = slot_at(slot);
	__u64 ns;
	__u32 n;

	if (!o)
		return;
	if (st.on && slot_wanted(slot)) {
		n = s->off_n - o->off_n;
		ns = s->off_ns - o->off_ns;
		if (n && o->where != MMT_OFF_BLOCKED)
			o->where = MMT_OFF_NEW; /* where it left was not seen */
		if (n == 1) {
			period(o, slot, ns, now);
			if (off_cfg.wakers)
				wakeup_ended(o, slot, ns, s->wait_ns - o->wait_ns, now);
		} else if (n) {
			rest_add(o, 0, ns, n);
		} else if (o->where == MMT_OFF_READY && now >= o->out) {
			period(o, slot, now - o->out, now);
		}
	}
	o->off_n = s->off_n;
	o->off_ns = s->off_ns;
	o->wait_ns = s->wait_ns;
	o->woken = 0;
	o->where = MMT_OFF_RUNS;
}

MMT_SEC("sched_switch")
int mmt_off_switch(__u64 *ctx)
{
	struct task_struct *prev = (struct task_struct *)ctx[1], *next = (struct task_struct *)ctx[2];
	__u32 ppid = RD(prev, pid), npid = RD(next, pid), cpu, slot;
	struct mmt_cpu *c;
	__u64 now;

	if (!mem.state.enabled)
		return 0;
	if (cfg.use_rq_clock) {
		struct rq *rq = task_rq_of(next);

		cpu = RD(rq, cpu);
	} else {
		cpu = bpf_get_smp_processor_id();
	}
	c = &mem.cpus[cpu & (MMT_MAX_CPUS - 1)];
	if (c->running != npid)
		return 0; /* the scheduler's program did not see this switch */
	now = c->last;
	if (npid && c->slot)
		come(c->slot, now);
	if (ppid) {
		slot = slot_of(ppid);
		if (slot && slot_wanted(slot))
			leave(ctx, slot, now);
	}
	return 0;
}

/* ---------------------------------------------------------------- waking */

/*
 * Cut the first n frames where an interrupt began: what it has interrupted is none of its
 * callers. The result goes through memory, for the verifier to forget by which way it was found.
 */
static __noinline int cut_irq(struct mmt_stack *s, __u64 n, struct mmt_off_slot *o)
{
	__u32 i, k;

	if (!s || !o)
		return 0;
	s->n = n;
	for (i = 0; i < MMT_STACK_FRAMES; i++) {
		bool in = false;

		if (i >= n)
			break;
#pragma unroll
		for (k = 0; k < MMT_OFF_RANGES; k++)
			in |= s->ip[i] - off_cfg.irq[k] < off_cfg.irq_len[k];
		if (in) {
			s->n = i + 1;
			o->waker_flags = MMT_WF_IRQ;
			break;
		}
	}
	return 0;
}

static __always_inline int waker_kernel(__u64 *ctx, struct mmt_off_slot *o, struct stack_raw *raw)
{
	struct stack_known *known = raw_known(raw);
	struct mmt_stack *s;
	__u32 level;

	if (known && !off_cfg.raw.check) {
		o->waker_khash = known->hash;
		o->waker_flags = known->flags;
		return 0;
	}
	o->waker_khash = 0;
	o->waker_flags = 0;
	s = stack_begin(&level);
	if (!s)
		return 0;
	cut_irq(s, stack_walk(ctx, 0, s), o);
	o->waker_khash = stack_put(s, *(volatile __u32 *)&s->n);
	stack_end(level);
	if (known)
		check_known(known->hash, o->waker_khash);
	else
		raw_learn(raw, s, o->waker_khash, o->waker_flags);
	return 0;
}

/*
 * Whether this wakeup ends a period is not known yet. It may, although the task has not left:
 * it can be on its way, and who wakes it waits for that, with the task's lock. But no period
 * ends without one, and from that one until the task comes there is no other: so it is always
 * the last that counts.
 */
MMT_SEC("sched_waking")
int mmt_off_waking(__u64 *ctx)
{
	struct task_struct *p = (struct task_struct *)ctx[0], *me;
	__u32 pid = RD(p, pid), slot, mine;
	struct mmt_off_slot *o, *w;
	struct stack_raw *raw;

	if (!mem.state.enabled)
		return 0;
	slot = slot_of(pid);
	o = bpf_map_lookup_elem(&off_slots, &slot);
	if (!slot || !o || !slot_wanted(slot))
		return 0;
	me = this_task();
	mine = RD(me, pid);
	if (mine == pid)
		return 0; /* it was about to sleep, and will not */
	raw = raw_of(me, &off_cfg.raw);
	waker_kernel(ctx, o, raw);
	o->waker_uhash = 0;
	if (!mine)
		o->waker_flags = MMT_WF_IRQ;
	o->waker_slot = o->waker_gen = 0;
	if (!o->waker_flags) {
		mine = slot_of(mine);
		w = bpf_map_lookup_elem(&off_slots, &mine);
		if (mine && w) {
			o->waker_slot = mine;
			o->waker_gen = w->gen;
		}
		if (has_program(me))
			o->waker_uhash = raw_user(ctx, raw);
	}
	o->woken = 1;
	return 0;
}

/* From here on its addresses are another program's. */
MMT_SEC("sched_process_exec")
int mmt_off_exec(__u64 *ctx)
{
	struct task_struct *p = (struct task_struct *)ctx[0];
	struct mmt_off_slot *o;
	__u32 slot;

	if (!mem.state.enabled)
		return 0;
	slot = slot_of(RD(p, pid));
	o = bpf_map_lookup_elem(&off_slots, &slot);
	if (slot && o)
		o->gen++;
	return 0;
}
