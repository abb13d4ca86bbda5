// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vm family: which processes are virtual machines, which threads their virtual CPUs, as
 * they come and go. Nothing of it is in the kernel; what VMs do is in the totals of their
 * tasks. Where the filters go by VMs, they let through the tasks of those that are wanted.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cells.h"
#include "clock.h"
#include "family.h"
#include "vm_watch.h"

#define PF_KTHREAD 0x00200000u
#define PASS_NS 2000000ULL /* of a pass over the rings */

struct vmf {
	struct mmt_vm_watch watch;
	bool full; /* of wanted processes; said once */
	int uevents; /* what the kernel says of devices; -1 nothing */
};

static uint64_t vm_now(void *p)
{
	struct mmt_family_ctx *ctx = p;

	return mmt_probe__now(ctx->probe);
}

static uint64_t vm_used(void *p)
{
	(void)p;
	return mmt_used_ns();
}

/* ---------------------------------------------------------------- rows */

static int write_vm(struct mmt_family_ctx *ctx, const struct mmt_watched *vm, enum mmt_vm_event event, uint64_t now)
{
	const struct mmt_cell c[] = {
		cell_u(now), cell_u(ctx->segment), cell_u(vm->number), cell_u(event), cell_s(vm->name), cell_s(mmt_vmm_name(vm->vmm)),
		cell_s(mmt_accel_name(vm->accel)), cell_u(vm->pid), cell_u(vm->epoch), cell_u(vm->cgroup), cell_s(vm->scope),
		cell_u(vm->told),
	};

	return ROW(ctx->w, MMT_TB_VM, c);
}

static int write_cpu(struct mmt_family_ctx *ctx, const struct mmt_watched *vm, const struct mmt_watched_cpu *cpu,
		     enum mmt_vcpu_event event, uint64_t now)
{
	const struct mmt_cell c[] = {
		cell_u(now), cell_u(ctx->segment), cell_u(vm->number), cell_u(cpu->index), cell_u(cpu->tid), cell_u(cpu->epoch),
		cell_u(event),
	};

	return ROW(ctx->w, MMT_TB_VCPU, c);
}

/* ---------------------------------------------------------------- filters */

static bool is_of(const struct mmt_epoch *e, uint32_t pid)
{
	return e->flags & PF_KTHREAD ? mmt_vms__works_for(e->comm) == pid : e->tgid == pid;
}

/* Its tasks, those that there are and those that come. */
static int want(struct mmt_family_ctx *ctx, struct mmt_watched *vm, uint64_t now)
{
	struct mmt_tasks *t = ctx->tasks;
	struct vmf *f = ctx->priv;
	size_t i;
	int err;

	if (vm->wanted || !ctx->vm_wanted || !ctx->vm_wanted(ctx->vm_ctx, vm->name))
		return 0;
	vm->wanted = true;
	err = mmt_probe__want(ctx->probe, vm->pid, true);
	if (err && !f->full) {
		f->full = true;
		log_warn(ctx->log, "vm: more processes than the filters hold: threads that start in VMs from %s on are missing", vm->name);
	}
	for (i = 0, err = 0; i < t->n_live && !err; i++)
		if (is_of(t->live[i], vm->pid))
			err = mmt_tasks__want(t, t->live[i], true, now);
	return err;
}

/* ---------------------------------------------------------------- what the watch finds */

/* Its process's number and cgroup, as far as they are known. */
static void identify(struct mmt_family_ctx *ctx, struct mmt_watched *vm)
{
	const struct mmt_epoch *e = mmt_tasks__find(ctx->tasks, vm->pid);
	size_t i;

	vm->epoch = vm->epoch ? vm->epoch : mmt_tasks__number(ctx->tasks, vm->pid, vm->pid);
	for (i = 0; !e && i < vm->n_cpus; i++)
		e = mmt_tasks__find(ctx->tasks, vm->cpu[i].tid);
	if (e)
		vm->cgroup = e->cgroup;
}

static int on_vm(void *p, struct mmt_watched *vm, enum mmt_vm_event event, uint64_t now)
{
	struct mmt_family_ctx *ctx = p;
	int err;

	if (event == MMT_VM_ENDED) {
		if (vm->wanted)
			(void)mmt_probe__want(ctx->probe, vm->pid, false);
		/* KVM's statistics end with it: those that were read last are all there will be */
		err = mmt_kvm_stats__rows(ctx->w, ctx->segment, vm->number, &vm->stats, true);
		return err ? err : write_vm(ctx, vm, event, now);
	}
	identify(ctx, vm);
	err = write_vm(ctx, vm, event, now);
	return err ? err : want(ctx, vm, now);
}

static int on_cpu(void *p, struct mmt_watched *vm, struct mmt_watched_cpu *cpu, enum mmt_vcpu_event event, uint64_t now)
{
	struct mmt_family_ctx *ctx = p;

	if (!cpu->epoch && event == MMT_VCPU_FOUND)
		cpu->epoch = mmt_tasks__number(ctx->tasks, vm->pid, cpu->tid);
	return write_cpu(ctx, vm, cpu, event, now);
}

static const struct mmt_vm_watch_ops watch_ops = { .now = vm_now, .used = vm_used, .vm = on_vm, .cpu = on_cpu };

/* ---------------------------------------------------------------- the family */

/* Which KVM sends one of when it has a new VM. */
static int open_uevents(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int vm_open(struct mmt_family_ctx *ctx)
{
	struct vmf *f = calloc(1, sizeof(*f));

	ctx->priv = f;
	if (!f)
		return -ENOMEM;
	f->uevents = open_uevents();
	mmt_vm_watch__init(&f->watch, "/proc", MMT_KVM_DIR, &watch_ops, ctx);
	if (access("/proc/self/fd", R_OK)) {
		snprintf(ctx->why, sizeof(ctx->why), "/proc cannot be read");
		return -errno;
	}
	return 0;
}

static int vm_attach(struct mmt_family_ctx *ctx)
{
	struct vmf *f = ctx->priv;

	return mmt_vm_watch__scan(&f->watch);
}

static int vm_pass(struct mmt_family_ctx *ctx)
{
	struct vmf *f = ctx->priv;
	char msg[4096];
	ssize_t n;
	int err = 0;

	while (!err && f->uevents >= 0 && ((n = recv(f->uevents, msg, sizeof(msg), 0)) > 0 || (n < 0 && errno == ENOBUFS)))
		err = mmt_vm_watch__uevent(&f->watch, msg, n > 0 ? (size_t)n : 0);
	return err ? err : mmt_vm_watch__work(&f->watch, PASS_NS);
}

/* At a mark all that are there, so that each part of a trace tells them. */
static int vm_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	struct vmf *f = ctx->priv;
	size_t i, k;
	int err = 0;

	(void)full;
	for (i = 0; i < f->watch.n && ctx->mark && !err; i++) {
		struct mmt_watched *vm = &f->watch.vm[i];

		identify(ctx, vm);
		err = write_vm(ctx, vm, MMT_VM_STILL, now);
		for (k = 0; k < vm->n_cpus && ctx->totals_only && !err; k++)
			err = write_cpu(ctx, vm, &vm->cpu[k], MMT_VCPU_STILL, now);
	}
	return err;
}

/* A thread of a VM has a number now. */
static int number_known(struct mmt_family_ctx *ctx, struct mmt_watched *vm, const struct mmt_epoch *e)
{
	size_t i;

	if (e->tid == vm->pid && !vm->epoch) {
		identify(ctx, vm);
		return write_vm(ctx, vm, MMT_VM_STILL, vm_now(ctx));
	}
	for (i = 0; i < vm->n_cpus; i++) {
		if (vm->cpu[i].tid != e->tid || vm->cpu[i].epoch)
			continue;
		vm->cpu[i].epoch = e->id;
		return write_cpu(ctx, vm, &vm->cpu[i], MMT_VCPU_STILL, vm_now(ctx));
	}
	return 0;
}

static int vm_task_news(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, enum mmt_task_news what)
{
	static const enum mmt_watch_what as[] = {
		[MMT_TASK_NEW] = MMT_WATCH_NEW, [MMT_TASK_EXEC] = MMT_WATCH_EXEC, [MMT_TASK_NAME] = MMT_WATCH_NAME,
		[MMT_TASK_MOVED] = MMT_WATCH_MOVED,
	};
	bool kernel = e->flags & PF_KTHREAD;
	char comm[MMT_COMM_LEN + 1];
	const struct mmt_watch_task t = {
		.tid = e->tid, .tgid = e->tgid, .ppid = e->ppid, .kernel = kernel, .comm = comm, .epoch = e->id, .cgroup = e->cgroup,
	};
	struct vmf *f = ctx->priv;
	struct mmt_watched *vm;
	int err = 0;

	if (what == MMT_TASK_CUT)
		return 0;
	snprintf(comm, sizeof(comm), "%.*s", MMT_COMM_LEN, e->comm);
	vm = mmt_vm_watch__find(&f->watch, kernel ? mmt_vms__works_for(comm) : e->tgid);
	if (vm && !kernel && what == MMT_TASK_NEW)
		err = number_known(ctx, vm, e);
	if (vm && vm->wanted && ctx->tasks->by_slot[e->slot] && !err)
		err = mmt_tasks__want(ctx->tasks, ctx->tasks->by_slot[e->slot], true, e->first);
	return err ? err : mmt_vm_watch__task(&f->watch, as[what], &t);
}

static int vm_task_end(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct vmf *f = ctx->priv;

	return e->flags & PF_KTHREAD ? 0 : mmt_vm_watch__gone(&f->watch, e->tid, e->tgid, now);
}

static void write_fact(struct mmt_family_ctx *ctx, const char *key, uint64_t v)
{
	char text[24];
	const struct mmt_cell c[] = { cell_s(key), { .p = text, .len = (uint32_t)snprintf(text, sizeof(text), "%" PRIu64, v) } };

	(void)ROW(ctx->w, MMT_TB_META, c); /* the file's error is said at its end */
}

/* The last rows: what it cost, and what it did not see. */
static void vm_detach(struct mmt_family_ctx *ctx)
{
	const struct vmf *f = ctx->priv;

	write_fact(ctx, "vm.cost_ns", f->watch.cost_ns);
	write_fact(ctx, "vm.missed", mmt_vm_watch__missed(&f->watch));
	write_fact(ctx, "vm.nameless", f->watch.nameless);
}

static void vm_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	const struct vmf *f = ctx->priv;
	uint64_t missed = mmt_vm_watch__missed(&f->watch), nameless = f->watch.nameless;
	int n = 0;

	if (missed == 1)
		n = snprintf(buf, size, "vm: a process that seemed to be a virtual machine ended before it could be examined: it is missing");
	else if (missed)
		n = snprintf(buf, size, "vm: %" PRIu64 " processes that seemed to be virtual machines ended before they could be examined: "
			     "they are missing", missed);
	if (nameless && n >= 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, "%s%" PRIu64 " virtual machine%s ended before %s name could be read%s", n ? "; " : "vm: ",
			 nameless, nameless == 1 ? "" : "s", nameless == 1 ? "its" : "their",
			 ctx->vm_wanted ? ", by which the filters go" : "");
}

static void vm_close(struct mmt_family_ctx *ctx)
{
	struct vmf *f = ctx->priv;

	if (!f)
		return;
	if (f->uevents >= 0)
		close(f->uevents);
	mmt_vm_watch__free(&f->watch);
	free(f);
}

struct mmt_vm_watch *mmt_family_vm__watch(const struct mmt_family_ctx *ctx)
{
	struct vmf *f = ctx->priv;

	return &f->watch;
}

static const struct mmt_family_ops vm_ops = {
	.open = vm_open,
	.attach = vm_attach,
	.pass = vm_pass,
	.flush = vm_flush,
	.task_news = vm_task_news,
	.task_end = vm_task_end,
	.note = vm_note,
	.detach = vm_detach,
	.close = vm_close,
};

const struct mmt_family mmt_family_vm = {
	.name = "vm",
	.summary = "virtual machines, and which threads are their virtual CPUs",
	.fact = "vm",
	.ops = &vm_ops,
};
