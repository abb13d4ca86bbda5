// SPDX-License-Identifier: GPL-2.0-only
/* What the records of tasks tell of virtual machines: who began, named a thread, ended. */
#include <errno.h>
#include <stdlib.h>

#include "vm_watch_int.h"

/* Records of threads may come after that of the first one's end, which ended the process for us. */
static bool ended_lately(const struct mmt_vm_watch *w, uint32_t pid, uint64_t now)
{
	size_t i;

	for (i = 0; i < MMT_VM_ENDED_KEPT; i++)
		if (w->ended[i].pid == pid && now - w->ended[i].time < SEC)
			return true;
	return false;
}

/* Something happened to a VM: when is it to be looked at? */
static void vm_told(struct mmt_watched *vm, enum mmt_watch_what what, const struct mmt_watch_task *t, uint64_t now)
{
	/* threads come and go, to do I/O: they are no news where all virtual CPUs are known, unless there are more soon */
	bool told = what == MMT_WATCH_EXEC || what == MMT_WATCH_MOVED || mmt_vms__vcpu_name(t->comm);
	bool news = told || !mmt_watch__complete(vm);
	uint64_t due = now + (news ? FIRST_NS : SEC);

	if (what == MMT_WATCH_NAME && !news)
		return;
	if (news)
		vm->wait = FIRST_NS;
	vm->urgent |= told;
	if (due < vm->due)
		vm->due = due;
}

/* A thread that is named like a virtual CPU, in a VM: it is one. */
static int named_cpu(struct mmt_vm_watch *w, struct mmt_watched *vm, const struct mmt_watch_task *t, uint64_t now)
{
	struct mmt_watched_cpu c = { .tid = t->tid, .epoch = t->epoch };
	enum mmt_accel accel = vm->accel;
	size_t k;

	if (!mmt_vms__vcpu_of(t->comm, &c.index, &accel))
		return 0;
	for (k = 0; k < vm->n_cpus && vm->cpu[k].tid != t->tid; k++)
		;
	if (k < vm->n_cpus)
		return 0;
	if (!mmt_watch__grow(&vm->cpu, vm->n_cpus, &vm->cap_cpus, sizeof(*vm->cpu)))
		return -ENOMEM;
	vm->cpu[vm->n_cpus++] = c;
	return w->ops->cpu(w->ctx, vm, &vm->cpu[vm->n_cpus - 1], MMT_VCPU_FOUND, now);
}

/* A process begins with a program that runs VMs: what will be known of it when it is gone. */
static int begins(struct mmt_vm_watch *w, const struct mmt_watch_task *t)
{
	struct mmt_vm_candidate *c = mmt_watch__cand_of(w, t->tgid);
	uint64_t used = mmt_watch__used(w);
	struct mmt_vm who;
	bool there;

	if (!c)
		return 0;
	mmt_watch__as_free(c);
	c->n_threads = 0;
	there = mmt_vms__identify(w->proc, t->tgid, t->comm, &who);
	mmt_watch__pay(w, mmt_watch__used(w) - used);
	if (who.vmm == MMT_VMM_OTHER)
		return 0;
	c->as = calloc(1, sizeof(*c->as));
	if (!c->as)
		return -ENOMEM;
	*c->as = (struct mmt_watched){
		.pid = t->tgid, .cgroup = t->cgroup, .named = there && who.named != MMT_VM_NAMED_PID, .urgent = true, .asks = who.asks,
	};
	if (t->tid == t->tgid)
		c->as->epoch = t->epoch;
	(void)mmt_watch__takes_name(c->as, &who);
	return 0;
}

/* It is a VM, by what its tasks told. */
static int begun(struct mmt_vm_watch *w, struct mmt_vm_candidate *c, const struct mmt_watch_task *t, uint64_t now)
{
	struct mmt_watched vm = *c->as;
	uint32_t index;
	int err;

	if (t)
		(void)mmt_vms__vcpu_of(t->comm, &index, &vm.accel);
	free(c->as);
	c->as = NULL;
	mmt_watch__cand_drop(w, c->pid);
	err = mmt_watch__vm_add(w, &vm, now);
	return err || !t ? err : named_cpu(w, mmt_vm_watch__find(w, vm.pid), t, now);
}

/* A process that is no VM yet has a new thread, or task of another name. */
static int task_told(struct mmt_vm_watch *w, enum mmt_watch_what what, const struct mmt_watch_task *t, uint64_t now)
{
	bool cpu = mmt_vms__vcpu_name(t->comm), first = t->tid == t->tgid && mmt_vms__vmm_name(t->comm);
	struct mmt_vm_candidate *c = t->tid != t->tgid ? mmt_watch__cand_of(w, t->tgid) : NULL;
	int err;

	if (c && what == MMT_WATCH_NEW)
		c->n_threads++;
	if (c && c->as && cpu)
		return begun(w, c, t, now);
	if (cpu && !c && ended_lately(w, t->tgid, now))
		return 0;
	/* what a VM forks has its name and descriptors until it executes something */
	if (!cpu && (!first || mmt_vm_watch__find(w, t->ppid)))
		return 0;
	err = mmt_watch__cand(w, t->tgid, cpu, first, now);
	return err || !first || what != MMT_WATCH_NEW ? err : begins(w, t);
}

int mmt_vm_watch__task(struct mmt_vm_watch *w, enum mmt_watch_what what, const struct mmt_watch_task *t)
{
	uint32_t works_for = t->kernel ? mmt_vms__works_for(t->comm) : 0;
	struct mmt_watched *vm = mmt_vm_watch__find(w, t->tgid);
	uint64_t now = mmt_watch__now(w);
	bool likely;
	int err;

	if (works_for && !mmt_vm_watch__find(w, works_for))
		return mmt_watch__cand(w, works_for, true, true, now);
	if (t->kernel)
		return 0;
	if (vm) {
		vm_told(vm, what, t, now);
		return named_cpu(w, vm, t, now);
	}
	if (what == MMT_WATCH_NAME || what == MMT_WATCH_NEW)
		return task_told(w, what, t, now);
	if (what != MMT_WATCH_EXEC)
		return 0;
	likely = mmt_vms__vmm_name(t->comm);
	if (!likely)
		mmt_watch__cand_drop(w, t->tgid);
	if (!likely && w->kvm_tells)
		return 0;
	err = mmt_watch__cand(w, t->tgid, false, likely, now);
	return err || !likely ? err : begins(w, t);
}

/* What may have become a VM has ended. */
static int cand_gone(struct mmt_vm_watch *w, uint32_t pid, uint64_t now)
{
	struct mmt_vm_candidate *c = mmt_watch__cand_of(w, pid);

	if (!c)
		return 0;
	if (c->as && c->as->vmm == MMT_VMM_QEMU && !c->as->asks && c->n_threads + 1 >= MMT_QEMU_THREADS)
		return begun(w, c, NULL, now);
	mmt_watch__cand_lost(w, c);
	return 0;
}

int mmt_vm_watch__gone(struct mmt_vm_watch *w, uint32_t tid, uint32_t tgid, uint64_t now)
{
	struct mmt_watched *vm;
	size_t i;
	int err = tid == tgid && w->n_cand ? cand_gone(w, tgid, now) : 0;

	vm = err ? NULL : mmt_vm_watch__find(w, tgid);
	if (!vm)
		return err;
	if (tid == tgid)
		return mmt_watch__vm_gone(w, vm, now);
	for (i = 0; i < vm->n_cpus; i++)
		if (vm->cpu[i].tid == tid)
			return mmt_watch__cpu_gone(w, vm, i, now);
	return 0;
}

uint64_t mmt_vm_watch__missed(const struct mmt_vm_watch *w)
{
	/* KVM told too late of a VM that is known by records alone, too, and of one that only its threads' names told of */
	uint64_t untold = w->untold > w->unseen ? w->untold - w->unseen : 0;

	return w->lost_kvm + (w->lost > untold ? w->lost : untold);
}
