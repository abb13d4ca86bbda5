// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler family. Totals are kept at every event, before and apart from the
 * event stream, so that they survive any overload of it.
 *
 * The price of an event is the number of helper calls: the bodies of switch, wakeup and
 * migrate make none on their hot paths. Time is the run queue's own clock, which the
 * scheduler has brought up to date just before (include: kernel/sched/core.c
 * __schedule(), ttwu_do_activate()), and run-queue latency comes from sched_info, which
 * the scheduler keeps anyway, so that no wakeup needs to be seen for it.
 */
#include "ring.bpf.h"
#include "tasks.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define CLOCK_REFRESH_NS 250000

static __always_inline struct mmt_cpu *cpu_at(__u32 cpu)
{
	return &mem.cpus[cpu & (MMT_MAX_CPUS - 1)];
}

static __always_inline __u64 abs_diff(__u64 a, __u64 b)
{
	return a > b ? a - b : b - a;
}

/*
 * Keep the distance of CLOCK_MONOTONIC to the scheduler's clock. `now` was read some
 * 100 ns to some us ago, so a sample is never below the true distance: take the lowest,
 * let it rise no faster than clocks drift apart (2^-12, 244 ppm).
 */
static __always_inline void clock_refresh(__u64 now)
{
	__u64 age = abs_diff(now, mem.state.clock_when), off, most;

	if (!cfg.use_rq_clock || age < CLOCK_REFRESH_NS)
		return;
	off = bpf_ktime_get_ns() - now;
	most = mem.state.clock_off + (age >> 12);
	mem.state.clock_off = !mem.state.clock_when || (__s64)(off - most) < 0 ? off : most;
	mem.state.clock_when = now;
}

static __always_inline __u32 state_code(bool preempt, __u32 ps)
{
	if (preempt)
		return 0; /* R */
	if (!ps)
		return 1; /* Y */
	if (ps & 1)
		return 2; /* S */
	if (ps & 2)
		return ps & MMT_TASK_NOLOAD_BIT ? 6 : 3; /* I : D */
	if (ps & MMT_TASK_DEAD_BIT)
		return 5; /* X */
	if (ps & MMT_TASK_PARKED_BIT)
		return 7; /* P */
	return 4; /* T */
}

/* The task leaves the CPU. */
static __always_inline void slot_out(struct mmt_slot *s, struct task_struct *p, __u64 now, bool vol)
{
	if (s->state == MMT_S_RUN)
		s->run_ns += now - s->stamp;
	else if (cfg.use_sched_info) /* it came before we watched */
		s->run_delay = RD(p, sched_info.run_delay);
	if (vol) {
		s->nvcsw++;
		s->state = MMT_S_SLEEP;
	} else {
		s->nivcsw++;
		s->state = MMT_S_READY;
	}
	s->stamp = now;
}

/* Run time by place is settled only when the place changes. */
static __noinline void slot_move(struct mmt_slot *s, __u32 idx, __u32 place)
{
	__u32 i = (idx << cfg.place_bits) | s->place;
	__u64 *at = bpf_map_lookup_elem(&places, &i);

	if (at)
		*at += s->run_ns - s->place_base;
	s->place_base = s->run_ns;
	s->place = place;
}

/* When did the wait that ends now begin? 0: not known. */
static __always_inline __u64 wait_begin(struct mmt_slot *s, __u64 queued, __u64 delay)
{
	__u64 begin = 0;

	if (s->state == MMT_S_READY) {
		begin = s->stamp;
	} else if (cfg.use_sched_info) {
		/* what the scheduler has added since the task left, and the stay on this queue */
		if (queued)
			begin = queued - (s->state == MMT_S_NEW ? 0 : delay - s->run_delay);
	}
	if (s->wake_req) {
		__u64 req = s->wake_req - (cfg.use_rq_clock ? mem.state.clock_off : 0);

		s->wake_req = 0;
		if (s->state != MMT_S_READY && req >= s->stamp && (!begin || req < begin))
			begin = req;
	}
	return begin;
}

/* The task gets the CPU. */
static __always_inline void slot_in(struct mmt_slot *s, struct task_struct *p, __u64 now, __u32 cpu)
{
	__u64 begin, queued = 0, delay = 0;
	struct mmt_hists *h = hist_of(s);

	if (cfg.use_sched_info) {
		queued = RD(p, sched_info.last_queued);
		delay = RD(p, sched_info.run_delay);
	}
	if (s->wake_req)
		clock_refresh(now);
	begin = wait_begin(s, queued, delay);
	/* as sched_info_arrive() is about to do; it then stands until the task has left and waits again */
	s->run_delay = delay + (queued && now > queued ? now - queued : 0);
	if (begin && now >= begin) {
		__u64 wait = now - begin;

		s->wait_n++;
		s->wait_ns += wait;
		if (wait > s->wait_max)
			s->wait_max = wait;
		hist_add(h, MMT_H_WAIT, wait);
	}
	if (s->state == MMT_S_SLEEP && now >= s->stamp) {
		__u64 off = now - s->stamp;

		s->off_n++;
		s->off_ns += off;
		if (off > s->off_max)
			s->off_max = off;
		hist_add(h, MMT_H_OFF, off);
	}
	s->cpu = cpu;
	s->stamp = now;
	s->state = MMT_S_RUN;
}

/* The last switch of a task: its slot is frozen from here, the collector takes it back. */
static __noinline void slot_death(struct mmt_slot *s, __u32 idx, struct task_struct *p, __u32 pid, __u64 now)
{
	__u32 *entry = pid_entry(pid);

	s->state = MMT_S_DEAD;
	if (entry)
		*entry = 0;
	rec_task(MMT_R_EXIT, p, idx, now);
}

static __always_inline void record_switch(struct mmt_cpu *c, __u32 cpu, __u32 prev, __u32 next, __u32 code,
					  __u64 now)
{
	c->seen[MMT_C_SWITCH]++;
	if (!ring_room(c, cpu, MMT_C_SWITCH))
		return;
	if (c->cur == prev)
		ring_put(c, cpu, W(MMT_W_SWITCH, code, next, now));
	else
		ring_put2(c, cpu, W(MMT_W_SWITCHX, code, next, now), prev);
	c->cur = next;
}

/*
 * A kernel may hide switches (some hardened ones show none of certain tasks leaving), and a
 * CPU may come back from offline: when the task that we saw come is no longer there, when it
 * left is not known, so nothing is booked for it.
 */
static __noinline void switch_unseen(struct mmt_cpu *c)
{
	struct mmt_slot *s = slot_at(c->slot);

	if (c->switches == 1)
		return; /* the first switch on this CPU */
	c->unseen++;
	if (c->slot && s->state == MMT_S_RUN)
		s->state = MMT_S_NEW;
}

MMT_SEC("sched_switch")
int mmt_switch(__u64 *ctx)
{
	struct task_struct *prev = (struct task_struct *)ctx[1], *next = (struct task_struct *)ctx[2];
	__u32 ppid = RD(prev, pid), npid = RD(next, pid), ps, cpu, code;
	bool preempt = ctx[0] & 1, vol, want = !cfg.filter;
	struct mmt_slot *ps_slot = NULL, *ns_slot = NULL;
	struct mmt_cpu *c;
	__u32 pidx = 0, nidx = 0;
	__u64 now, ran;

	if (cfg.use_rq_clock) {
		struct rq *rq = task_rq_of(next);

		now = RD(rq, clock);
		cpu = RD(rq, cpu);
	} else {
		now = bpf_ktime_get_ns();
		cpu = bpf_get_smp_processor_id();
	}
	clock_refresh(now); /* also before all programs are attached: they need the distance */
	if (!mem.state.enabled)
		return 0;
	c = cpu_at(cpu);
	ps = task_state_of(prev);
	code = state_code(preempt, ps);
	vol = code > 1;

	*(volatile __u64 *)&c->switches += 1;
	asm volatile("" ::: "memory");
	ran = c->last ? now - c->last : 0;
	c->last = now;
	if (ppid) {
		c->busy_ns += ran;
		if (vol)
			c->nvcsw++;
		else
			c->nivcsw++;
		pidx = c->slot;
		if (pidx && c->running == ppid) {
			ps_slot = slot_at(pidx);
		} else {
			if (c->running != ppid)
				switch_unseen(c);
			ps_slot = slot_get(prev, ppid, &pidx, now);
		}
		if (ps_slot) {
			slot_out(ps_slot, prev, now, vol);
			want |= ps_slot->flags & MMT_SF_WANT;
			if (code == 5)
				slot_death(ps_slot, pidx, prev, ppid, now);
		}
	} else {
		if (c->running)
			switch_unseen(c);
		c->idle_ns += ran;
		c->idle_switches++;
	}
	if (npid) {
		ns_slot = slot_get(next, npid, &nidx, now);
		if (ns_slot) {
			slot_in(ns_slot, next, now, cpu);
			if (ns_slot->place != c->place)
				slot_move(ns_slot, nidx, c->place);
			want |= ns_slot->flags & MMT_SF_WANT;
		}
	}
	c->running = npid;
	c->slot = nidx;
	asm volatile("" ::: "memory");
	*(volatile __u64 *)&c->done = c->switches;
	if (cfg.record && want)
		record_switch(c, cpu, ppid, npid, code, now);
	return 0;
}

static __always_inline int wakeup(struct task_struct *p, __u32 is_new)
{
	__u32 pid = RD(p, pid), me = bpf_get_smp_processor_id(), cpu, idx = 0;
	__u64 now, delay = 0;
	struct mmt_slot *s;
	struct mmt_cpu *c;

	if (!mem.state.enabled)
		return 0;
	if (cfg.use_rq_clock) {
		struct rq *rq = task_rq_of(p);

		now = RD(rq, clock);
		cpu = RD(rq, cpu);
	} else {
		now = bpf_ktime_get_ns();
		cpu = me;
	}
	c = cpu_at(me);
	c->wakeups++;
	s = slot_get(p, pid, &idx, now);
	if (s) {
		s->wakeups++;
		if (s->wake_req) {
			__u64 req = s->wake_req - (cfg.use_rq_clock ? mem.state.clock_off : 0);

			if (req < now && req >= s->stamp)
				delay = now - req;
		} else if (!cfg.use_sched_info && s->state != MMT_S_RUN) {
			s->wake_req = bpf_ktime_get_ns();
		}
		if (cfg.filter && !(s->flags & MMT_SF_WANT))
			return 0;
	} else if (cfg.filter) {
		return 0;
	}
	if (!cfg.record)
		return 0;
	c->seen[MMT_C_WAKEUP]++;
	if (c->head - *(volatile __u64 *)&c->tail > cfg.shed_at) {
		c->shed[MMT_C_WAKEUP]++;
		c->gap[MMT_C_WAKEUP]++;
		c->gapped = 1;
		return 0;
	}
	if (!ring_room(c, me, MMT_C_WAKEUP))
		return 0;
	if (cpu == me && !delay)
		ring_put(c, me, W(MMT_W_WAKEUP, is_new, pid, now));
	else
		ring_put2(c, me, W(MMT_W_WAKEUP, is_new | 2, pid, now), cpu | delay << 16);
	return 0;
}

MMT_SEC("sched_wakeup")
int mmt_wakeup(__u64 *ctx)
{
	return wakeup((struct task_struct *)ctx[0], 0);
}

MMT_SEC("sched_wakeup_new")
int mmt_wakeup_new(__u64 *ctx)
{
	return wakeup((struct task_struct *)ctx[0], 1);
}

MMT_SEC("sched_migrate_task")
int mmt_migrate(__u64 *ctx)
{
	struct task_struct *p = (struct task_struct *)ctx[0];
	__u32 dest = (__u32)ctx[1] & (MMT_MAX_CPUS - 1), orig, me, class, idx = 0, pid = RD(p, pid);
	struct mmt_slot *s;
	struct mmt_cpu *c;
	__u64 now;

	if (!mem.state.enabled)
		return 0;
	me = bpf_get_smp_processor_id();
	orig = cpu_of(p) & (MMT_MAX_CPUS - 1);
	if (orig == dest)
		return 0;
	c = cpu_at(me);
	now = clock_now();
	if (cfg.topo[orig].core == cfg.topo[dest].core)
		class = MMT_MIG_SMT;
	else if (cfg.topo[orig].llc == cfg.topo[dest].llc)
		class = MMT_MIG_LLC;
	else if (cfg.topo[orig].node == cfg.topo[dest].node)
		class = MMT_MIG_NODE;
	else
		class = MMT_MIG_CROSS;
	c->mig[class]++;
	s = slot_get(p, pid, &idx, now);
	if (s)
		s->mig[class]++;
	if (!cfg.record || (cfg.filter && !(s && s->flags & MMT_SF_WANT)))
		return 0;
	c->seen[MMT_C_MIGRATE]++;
	if (ring_room(c, me, MMT_C_MIGRATE))
		ring_put2(c, me, W(MMT_W_MIGRATE, 0, pid, now), orig | (__u64)dest << 16);
	return 0;
}

/*
 * A wakeup is handed to another CPU, whose clock will stamp it only when the interrupt
 * has arrived and the CPU has left idle: keep when it was asked for.
 */
MMT_SEC("csd_queue_cpu")
int mmt_csd_queue(__u64 *ctx)
{
	struct __call_single_data *csd = (struct __call_single_data *)ctx[3];
	struct task_struct *p;
	struct mmt_slot *s;
	__u32 pid;

	if (!mem.state.enabled || (RD(csd, node.u_flags) & MMT_CSD_TYPE_MASK) != MMT_CSD_TYPE_TTWU)
		return 0;
	p = (void *)csd - bpf_core_field_offset(struct task_struct, wake_entry);
	if (bpf_probe_read_kernel(&pid, sizeof(pid), (void *)p + bpf_core_field_offset(struct task_struct, pid)))
		return 0;
	s = slot_find(pid);
	if (s)
		s->wake_req = bpf_ktime_get_ns();
	return 0;
}

MMT_SEC("sched_waking")
int mmt_waking(__u64 *ctx)
{
	struct task_struct *p = (struct task_struct *)ctx[0];
	__u32 pid = RD(p, pid), me;
	struct mmt_slot *s;
	struct mmt_cpu *c;
	__u64 mono;

	/* a task that "wakes" itself is running: no wakeup, and no lock is held */
	if (!mem.state.enabled || pid == (__u32)bpf_get_current_pid_tgid())
		return 0;
	mono = bpf_ktime_get_ns();
	s = slot_find(pid);
	if (s && cfg.stamp_waking && s->state == MMT_S_SLEEP)
		s->wake_req = mono;
	if (!cfg.record_waking || (cfg.filter && !(s && s->flags & MMT_SF_WANT)))
		return 0;
	me = bpf_get_smp_processor_id();
	c = cpu_at(me);
	c->seen[MMT_C_WAKEUP]++;
	if (ring_room(c, me, MMT_C_WAKEUP))
		ring_put(c, me, W(MMT_W_WAKING, 0, pid, cfg.use_rq_clock ? mono - mem.state.clock_off : mono));
	return 0;
}

MMT_SEC("sched_process_fork")
int mmt_fork(__u64 *ctx)
{
	struct task_struct *parent = (struct task_struct *)ctx[0], *p = (struct task_struct *)ctx[1];
	__u32 pid = RD(p, pid), ppid = RD(parent, pid), *entry;
	struct mmt_slot *ps, *s;
	struct mmt_rec *r;
	bool want = false;
	__u64 now;

	if (!mem.state.enabled)
		return 0;
	now = clock_now();
	if (cfg.filter) {
		ps = slot_find(ppid);
		want = ps && ps->flags & MMT_SF_WANT;
		if (!ps)
			want = task_wanted(parent, ppid, RD(parent, tgid));
	}
	entry = pid_entry(pid);
	if (!entry)
		return 0;
	s = slot_claim(p, pid, entry, now, want);
	if (s)
		s->state = MMT_S_BORN;
	if (cfg.filter && !(s && s->flags & MMT_SF_WANT))
		return 0;
	r = rec_reserve();
	if (!r)
		return 0;
	rec_fill(r, MMT_R_FORK, p, *entry, now);
	r->ppid = ppid;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

/*
 * Runs over all tasks before anything is counted. What threads do belongs to their process,
 * which is known by its leader: one that sleeps all the time would never be seen.
 */
SEC("iter/task")
int mmt_leaders(__u64 *ctx)
{
	struct task_struct *p = (struct task_struct *)ctx[1];
	__u32 pid, *entry;

	if (!p)
		return 0;
	pid = RD(p, pid);
	if (pid != RD(p, tgid) || RD(p, exit_state) || BPF_CORE_READ(p, signal, nr_threads) < 2)
		return 0;
	entry = pid_entry(pid);
	if (entry && !*entry && task_wanted(p, pid, pid))
		slot_claim(p, pid, entry, clock_now(), true);
	return 0;
}

MMT_SEC("sched_process_exec")
int mmt_exec(__u64 *ctx)
{
	struct task_struct *p = (struct task_struct *)ctx[0];
	__u32 pid = RD(p, pid), old = (__u32)ctx[1], *entry, *old_entry;
	struct mmt_slot *s;
	struct mmt_rec *r;

	if (!mem.state.enabled)
		return 0;
	entry = pid_entry(pid);
	if (!entry)
		return 0;
	/* a thread that execs takes its leader's id: its slot goes with it */
	if (old != pid) {
		old_entry = pid_entry(old);
		if (old_entry) {
			__u32 i = *old_entry;

			*old_entry = *entry;
			*entry = i;
		}
	}
	s = *entry ? slot_at(*entry) : NULL;
	if (s && cfg.filter && task_wanted(p, pid, RD(p, tgid)))
		s->flags |= MMT_SF_WANT;
	r = rec_reserve();
	if (!r)
		return 0;
	rec_fill(r, MMT_R_EXEC, p, *entry, clock_now());
	r->old_pid = old;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

MMT_SEC("task_rename")
int mmt_rename(__u64 *ctx)
{
	struct task_struct *p = (struct task_struct *)ctx[0];
	struct mmt_rec *r;
	__u32 *entry;

	if (!mem.state.enabled)
		return 0;
	entry = pid_entry(RD(p, pid));
	if (!entry || !*entry)
		return 0;
	r = rec_reserve();
	if (!r)
		return 0;
	rec_fill(r, MMT_R_COMM, p, *entry, clock_now());
	bpf_probe_read_kernel_str(&r->comm, sizeof(r->comm), (void *)ctx[1]);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

MMT_SEC("cgroup_attach_task")
int mmt_cgroup_attach(__u64 *ctx)
{
	struct cgroup *cg = (struct cgroup *)ctx[0];
	struct task_struct *p = (struct task_struct *)ctx[2];
	struct mmt_rec *r;
	__u32 *entry;

	if (!mem.state.enabled)
		return 0;
	entry = pid_entry(RD(p, pid));
	r = rec_reserve();
	if (!r)
		return 0;
	rec_fill(r, MMT_R_CGROUP, p, entry ? *entry : 0, clock_now());
	r->cgroup = BPF_CORE_READ(cg, kn, id);
	r->flags = ctx[3] & 1;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}
