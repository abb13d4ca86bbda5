/* SPDX-License-Identifier: GPL-2.0-only */
/* Slots of tasks: found through their pid, claimed at first sight, given back by the collector after death. */
#ifndef MMT_TASKS_BPF_H
#define MMT_TASKS_BPF_H

#include "maps.bpf.h"

/* The trace clock where no run queue's clock is fresh. */
static __always_inline __u64 clock_now(void)
{
	__u64 t = bpf_ktime_get_ns();

	return cfg.use_rq_clock ? t - mem.state.clock_off : t;
}

static __always_inline __u32 *pid_entry(__u32 pid)
{
	__u32 line = pid / MMT_PIDS_PER_LINE;
	struct mmt_pidline *l = bpf_map_lookup_elem(&pidmap, &line);

	return l ? &l->slot[pid % MMT_PIDS_PER_LINE] : NULL;
}

static __always_inline __u32 slot_of(__u32 pid)
{
	__u32 *entry = pid_entry(pid);

	return entry ? *entry : 0;
}

static __always_inline __u32 current_pid(void)
{
#ifndef MMT_RAW_TP
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return ((struct task_struct *)bpf_get_current_task_btf())->pid;
#endif
	return (__u32)bpf_get_current_pid_tgid();
}

/* The CPU of a task that is about to be given another. */
static __always_inline __u32 cpu_of(struct task_struct *p)
{
	if (cfg.use_rq_clock) {
		struct rq *rq = task_rq_of(p); /* the old one still */

		return RD(rq, cpu);
	}
	return BPF_CORE_READ(p, wake_cpu);
}

static __always_inline struct mmt_slot *slot_at(__u32 i)
{
	return &mem.slots[i & (MMT_N_SLOTS - 1)];
}

/* Where a task is in a v1 hierarchy. A CO-RE access takes constant indices only, so this one is added by hand. */
static __always_inline struct cgroup_subsys_state *css_of(struct css_set *set)
{
	__u32 at = bpf_core_field_offset(struct css_set, subsys) + (cfg.cgroup_subsys & 15) * sizeof(void *);
	struct cgroup_subsys_state *css = NULL;

	bpf_probe_read_kernel(&css, sizeof(css), (void *)set + at);
	return css;
}

/* The task's cgroup in the hierarchy that is followed. */
static __always_inline struct cgroup *own_cgroup(struct task_struct *p)
{
	struct css_set *set = RD(p, cgroups);
	struct cgroup_subsys_state *css;
	struct cgroup *cg;

	if (cfg.cgroup_v1) {
		css = css_of(set);
		bpf_core_read(&cg, sizeof(cg), &css->cgroup);
	} else {
		bpf_core_read(&cg, sizeof(cg), &set->dfl_cgrp);
	}
	return cg;
}

static __always_inline __u64 cgroup_of(struct task_struct *p)
{
	struct cgroup *cg = own_cgroup(p);
	struct kernfs_node *kn;

	bpf_core_read(&kn, sizeof(kn), &cg->kn);
	return BPF_CORE_READ(kn, id);
}

static __always_inline bool under_cgroup(struct task_struct *p)
{
	struct cgroup *cg = own_cgroup(p);
	struct cgroup_subsys_state *css;
	int i;

	for (i = 0; i < 16 && cg; i++) {
		if (BPF_CORE_READ(cg, kn, id) == cfg.want_cgroup)
			return true;
		css = BPF_CORE_READ(cg, self.parent);
		if (!css)
			return false;
		cg = BPF_CORE_READ(css, cgroup);
	}
	return false;
}

static __always_inline bool comm_wanted(const char *comm)
{
	int i;

	for (i = 0; i < MMT_COMM_LEN; i++) {
		if (comm[i] != cfg.want_comm[i])
			return false;
		if (!comm[i])
			return true;
	}
	return true;
}

/* Does the task pass the filters by what it is (not by what it descends from)? */
static __always_inline bool task_wanted(struct task_struct *p, __u32 pid, __u32 tgid)
{
	__u32 key = pid | 1U << 31;
	char comm[MMT_COMM_LEN];

	if (!cfg.filter)
		return true;
	if (cfg.tree && tgid == cfg.tree)
		return true;
	if (bpf_map_lookup_elem(&wanted, &key) || bpf_map_lookup_elem(&wanted, &tgid))
		return true;
	if (cfg.filter_comm) {
		bpf_core_read(&comm, sizeof(comm), &p->comm);
		if (comm_wanted(comm))
			return true;
	}
	return cfg.filter_cgroup && under_cgroup(p);
}

static __always_inline void rec_fill(struct mmt_rec *r, __u16 type, struct task_struct *p, __u32 slot, __u64 now)
{
	r->type = type;
	r->cpu = bpf_get_smp_processor_id();
	r->slot = slot;
	r->pid = RD(p, pid);
	r->tgid = RD(p, tgid);
	r->ppid = BPF_CORE_READ(p, real_parent, tgid);
	r->old_pid = 0;
	r->flags = RD(p, flags);
	r->exit_code = RD(p, exit_code);
	r->time = now;
	r->start = RD(p, start_boottime);
	r->cgroup = cgroup_of(p);
	r->nvcsw = RD(p, nvcsw);
	r->nivcsw = RD(p, nivcsw);
	r->run_ns = RD(p, se.sum_exec_runtime);
	r->migrations = RD(p, se.nr_migrations);
	bpf_core_read(&r->comm, sizeof(r->comm), &p->comm);
	r->min_flt = RD(p, min_flt);
	r->maj_flt = RD(p, maj_flt);
}

static __noinline void rec_lost(void)
{
	__sync_fetch_and_add(&mem.state.rec_lost, 1);
}

static __always_inline struct mmt_rec *rec_reserve(void)
{
	struct mmt_rec *r = bpf_ringbuf_reserve(&recs, sizeof(*r), 0);

	if (!r)
		rec_lost();
	return r;
}

static __always_inline void rec_task(__u16 type, struct task_struct *p, __u32 slot, __u64 now)
{
	struct mmt_rec *r = rec_reserve();

	if (!r)
		return;
	rec_fill(r, type, p, slot, now);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* First sight of a task: take a slot and tell the collector who it is. */
static __noinline struct mmt_slot *slot_claim(struct task_struct *p, __u32 pid, __u32 *entry, __u64 now,
						    bool want)
{
	struct mmt_slot *s;
	__u32 i;

	if (bpf_map_pop_elem(&free_slots, &i)) {
		__sync_fetch_and_add(&mem.state.no_slot, 1);
		return NULL;
	}
	s = slot_at(i);
	s->pid = pid;
	s->state = MMT_S_NEW;
	s->stamp = now;
	s->flags = want || task_wanted(p, pid, RD(p, tgid)) ? MMT_SF_WANT : 0;
	*entry = i;
	rec_task(MMT_R_NEW, p, i, now);
	return s;
}

/* The slot of a task, claimed if need be; NULL for the idle task and when all slots are taken. */
static __always_inline struct mmt_slot *slot_get(struct task_struct *p, __u32 pid, __u32 *idx, __u64 now)
{
	__u32 *entry = pid_entry(pid);

	if (!entry)
		return NULL;
	if (!*entry) {
		struct mmt_slot *s = slot_claim(p, pid, entry, now, false);

		*idx = *entry;
		return s;
	}
	*idx = *entry;
	return slot_at(*entry);
}

/* The slot of a task if it has one. */
static __always_inline struct mmt_slot *slot_find(__u32 pid)
{
	__u32 *entry = pid_entry(pid);

	return entry && *entry ? slot_at(*entry) : NULL;
}

#define LOG4(x) x, x, x, x
#define LOG16(x) LOG4(x), LOG4(x), LOG4(x), LOG4(x)
#define LOG64(x) LOG16(x), LOG16(x), LOG16(x), LOG16(x)
/* floor(log2(i)); 0 for 0 */
static const __u8 log2_of[256] SEC(".rodata.tables") = {
	0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, LOG16(4), LOG16(5), LOG16(5), LOG64(6), LOG64(7), LOG64(7),
};

/* Bucket of a log-linear histogram with 2^5 sub-buckets an octave; BPF has no clz. */
static __always_inline __u32 hist_bucket(__u64 v)
{
	__u32 shift = 0, s;

	if (v >> 37)
		return MMT_HIST_N - 1;
	if (v >> 21) { /* each step keeps v >= 32 */
		v >>= 16;
		shift = 16;
	}
	if (v >> 13) {
		v >>= 8;
		shift += 8;
	}
	/* 5.10 and 6.1 lose the bound of v on branches that cannot be: the mask must stay in the code */
	s = (__u32)(v >> 5);
	barrier_var(s);
	s = log2_of[s & 255];
	return ((shift + s) << 5) + (__u32)(v >> s);
}

static __noinline int hist_claim(struct mmt_slot *s)
{
	__u32 i;

	if (!s)
		return 0;
	if (bpf_map_pop_elem(&free_hists, &i)) {
		__sync_fetch_and_add(&mem.state.no_hist, 1);
		i = ~0U; /* asked once, not at every event */
	}
	s->hist = i;
	return 0;
}

/* NULL where all blocks are taken */
static __always_inline struct mmt_hists *hist_of(struct mmt_slot *s)
{
	if (!s->hist)
		hist_claim(s);
	return bpf_map_lookup_elem(&hists, &s->hist);
}

static __always_inline void hist_add(struct mmt_hists *h, __u32 which, __u64 v)
{
	__u32 b = hist_bucket(v);

	if (h && b < MMT_HIST_N)
		h->count[which][b]++;
}

#endif
