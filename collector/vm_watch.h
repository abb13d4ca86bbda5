/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual machines that come, go and change while tasks are followed: which processes are
 * VMs, and which of their threads virtual CPUs.
 *
 * /proc is walked once. Afterwards a process is looked at when something tells that it may
 * have become a VM: it executed a program that runs VMs, a thread of it or of the kernel was
 * named like one of a VM, or KVM has a new VM (its uevents, the number of directories in its
 * debugfs). Where KVM does not tell, every process is looked at some times after it executed
 * a program, and all of them every half minute. Threads of VMs that are not all known yet
 * are looked at again, less and less often. All of this within a budget of CPU time; what
 * was told may overdraw it.
 *
 * A program that runs VMs is a VM as soon as it has a thread that is named like a virtual
 * CPU (QEMU also when it ends and had its threads): that is in the records of its tasks, so
 * that a VM which has ended before it could be looked at is known all the same, with its
 * virtual CPUs. What may have been a VM and was not looked at in time is counted.
 *
 * Nothing here knows of BPF or trace files: tests drive it with made-up trees and clocks.
 */
#ifndef MMT_VM_WATCH_H
#define MMT_VM_WATCH_H

#include "kvm_stats.h"
#include "vms.h"

/* Values of the event columns of tables vm and vcpu. */
enum mmt_vm_event { MMT_VM_FOUND, MMT_VM_RENAMED, MMT_VM_ENDED, MMT_VM_STILL };
enum mmt_vcpu_event { MMT_VCPU_FOUND, MMT_VCPU_ENDED, MMT_VCPU_STILL };

struct mmt_watched_cpu {
	uint32_t tid, index;
	uint64_t epoch; /* the owner's: 0 at first */
};

struct mmt_watched {
	uint32_t number; /* from 1, in the order found */
	uint32_t pid;
	uint64_t epoch, cgroup; /* the owner's */
	bool wanted;            /* the owner's */
	struct mmt_kvm_stats stats; /* the owner's: KVM's own, as read last */
	enum mmt_vmm vmm;
	enum mmt_accel accel;
	char name[128], scope[256];
	uint32_t told;   /* virtual CPUs by descriptors */
	struct mmt_watched_cpu *cpu; size_t n_cpus, cap_cpus;
	uint64_t due, wait;
	bool urgent;     /* something told that it changed */
	bool seen;       /* looked at, once at least */
	bool gone;       /* there is no such process any more */
	bool named;      /* not only by its number */
	bool asks;       /* see struct mmt_vm; only of candidates */
};

struct mmt_vm_watch_ops {
	uint64_t (*now)(void *ctx); /* ns */
	uint64_t (*used)(void *ctx); /* ns of CPU time of the caller, which the budget is about; NULL: as now */
	/* A VM was found, renamed (or has another scope), or ended; 0 or -errno. */
	int (*vm)(void *ctx, struct mmt_watched *vm, enum mmt_vm_event event, uint64_t now);
	int (*cpu)(void *ctx, struct mmt_watched *vm, struct mmt_watched_cpu *cpu, enum mmt_vcpu_event event, uint64_t now);
};

struct mmt_vm_candidate {
	uint32_t pid, n_threads; /* that began, beside the first */
	struct mmt_watched *as; /* the VM that it will be, of what its program tells; NULL */
	bool likely;         /* its program runs VMs */
	bool urgent;         /* something told that it is a VM */
	bool of_kvm;         /* KVM did */
	uint64_t since, due, wait;
};

#define MMT_VM_ENDED_KEPT 256

struct mmt_vm_watch {
	const char *proc, *kvm_dir; /* kvm_dir NULL: no such thing */
	const struct mmt_vm_watch_ops *ops;
	void *ctx;
	struct mmt_watched *vm; size_t n, cap; /* that live, by pid */
	struct mmt_vm_candidate *cand; size_t n_cand, cap_cand;
	uint32_t numbers;
	struct { uint32_t pid; uint64_t time; } ended[MMT_VM_ENDED_KEPT]; /* processes, in turn */
	unsigned int n_ended;
	bool kvm_tells;      /* its directory is there */
	uint64_t kvm_links;  /* of that, when it was read last */
	uint32_t *kvm_pids; size_t n_kvm, cap_kvm; /* who made its VMs */
	uint64_t kvm_at, sweep_at; /* when it was looked at, when all were */
	uint64_t credit_at;
	int64_t credit;
	uint64_t cost_ns, looks;
	uint64_t lost, lost_kvm; /* candidates that were said to be VMs (by KVM), and ended before they were looked at */
	uint64_t untold;     /* KVM's VMs whose process was gone when they were told */
	uint64_t unseen;     /* VMs by records alone: never looked at */
	uint64_t nameless;   /* of these, gone before their name could be read */
};

/* What a task's record tells. */
enum mmt_watch_what { MMT_WATCH_NEW, MMT_WATCH_EXEC, MMT_WATCH_NAME, MMT_WATCH_MOVED };
struct mmt_watch_task {
	uint32_t tid, tgid, ppid;
	bool kernel;
	const char *comm;
	uint64_t epoch, cgroup; /* the owner's */
};

void mmt_vm_watch__init(struct mmt_vm_watch *w, const char *proc, const char *kvm_dir, const struct mmt_vm_watch_ops *ops, void *ctx);
void mmt_vm_watch__free(struct mmt_vm_watch *w);
/* All processes, now. 0, what an op returned, or why proc cannot be read. */
int mmt_vm_watch__scan(struct mmt_vm_watch *w);
/* Only notes what is to be looked at. */
int mmt_vm_watch__task(struct mmt_vm_watch *w, enum mmt_watch_what what, const struct mmt_watch_task *t);
int mmt_vm_watch__gone(struct mmt_vm_watch *w, uint32_t tid, uint32_t tgid, uint64_t now);
/* Looks that are due, for at most for_ns, one part in 200 of the time on the whole. */
int mmt_vm_watch__work(struct mmt_vm_watch *w, uint64_t for_ns);
/* A message of the kernel's about a device (a uevent): words, each with its 0. */
int mmt_vm_watch__uevent(struct mmt_vm_watch *w, const char *msg, size_t len);
/* How many VMs ended before they could be looked at, and are not known from records either. */
uint64_t mmt_vm_watch__missed(const struct mmt_vm_watch *w);
/* The VM of a process; NULL. */
struct mmt_watched *mmt_vm_watch__find(const struct mmt_vm_watch *w, uint32_t pid);

#endif
