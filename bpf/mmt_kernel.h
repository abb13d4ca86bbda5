/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types that the programs read, by CO-RE: only names matter, offsets
 * come from the running kernel's BTF. A struct with a ___suffix is a flavour: the
 * shape of another kernel version, see compat.bpf.h.
 */
#ifndef MMT_KERNEL_H
#define MMT_KERNEL_H

typedef _Bool bool;
#define true 1
#define false 0

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

struct kernfs_node {
	__u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};

struct rq;

struct cfs_rq {
	struct rq *rq; /* optional: CONFIG_FAIR_GROUP_SCHED */
	unsigned int h_nr_queued;   /* optional: 6.14 */
	unsigned int h_nr_runnable; /* optional: 6.14 */
	unsigned int h_nr_delayed;  /* optional: 6.12 and 6.13 */
};

struct rq {
	__u64 clock;
	unsigned int nr_running;
	struct cfs_rq cfs;
	int cpu;
};

struct sched_entity {
	__u64 sum_exec_runtime;
	__u64 nr_migrations;
	struct cfs_rq *cfs_rq; /* optional: CONFIG_FAIR_GROUP_SCHED */
};

struct sched_info {
	unsigned long long run_delay;   /* optional: CONFIG_SCHED_INFO */
	unsigned long long last_queued; /* optional: CONFIG_SCHED_INFO */
};

struct llist_node {
	struct llist_node *next;
};

struct __call_single_node {
	struct llist_node llist;
	unsigned int u_flags;
};

struct __call_single_data {
	struct __call_single_node node;
};

struct mm_struct {
	unsigned long brk;
};

struct file;

struct vm_area_struct {
	struct file *vm_file;
};

struct thread_info {
	unsigned long flags;
	__u32 status; /* optional: x86 */
};

/* the registers of a system call, by machine */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10; /* optional: x86 */
	unsigned long dx; /* optional: x86 */
	unsigned long si; /* optional: x86 */
	unsigned long orig_ax; /* optional: x86 */
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31]; /* optional: arm64 */
	__s32 syscallno; /* optional: arm64 */
};
#else
struct pt_regs;
#endif

struct signal_struct {
	int nr_threads;
};

struct task_struct {
	struct thread_info thread_info; /* optional: THREAD_INFO_IN_TASK */
	struct mm_struct *mm;
	void *stack;
	unsigned int __state;
	unsigned int flags;
	struct __call_single_node wake_entry;
	unsigned in_iowait : 1;
	struct sched_entity se;
	struct sched_info sched_info;
	int exit_state;
	int exit_code;
	int wake_cpu;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	unsigned long nvcsw;
	unsigned long nivcsw;
	unsigned long min_flt;
	unsigned long maj_flt;
	__u64 start_boottime;
	char comm[16];
	struct signal_struct *signal;
	struct css_set *cgroups;
	int numa_scan_seq;                     /* optional: CONFIG_NUMA_BALANCING */
	unsigned long *numa_faults;            /* optional: CONFIG_NUMA_BALANCING */
	unsigned long numa_faults_locality[3]; /* optional: CONFIG_NUMA_BALANCING */
};

struct page {
	unsigned long flags;
};

/* 6.18, commit 53fbef56e07d: flags became a struct */
struct page___memdesc {
	struct {
		unsigned long f;
	} flags;
};

/* how many pages a large page has: on 5.10 in the page after its first, then in the folio, renamed since */
struct page___nr {
	unsigned int compound_nr;
};

struct folio___nr {
	unsigned int _folio_nr_pages;
};

struct folio___nr2 {
	unsigned int _nr_pages;
};

enum pageflags {
	PG_head = 6,
};

enum numa_faults_stats {
	NUMA_MEM = 0,
	NUMA_CPU,
	NUMA_MEMBUF,
	NUMA_CPUBUF,
};

enum migrate_reason {
	MR_NUMA_MISPLACED = 5,
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct pt_regs;

struct pt_regs___x86 {
	unsigned long ip;
};

/* before 5.14, commit 2f064a59a11f: __state was called state */
struct task_struct___pre514 {
	long state;
};

/* of the modules kvm_amd and kvm_intel, which need not be there */
struct vmcb_control_area___kvm {
	__u32 exit_code;
};

struct vmcb___kvm {
	struct vmcb_control_area___kvm control;
};

struct vcpu_svm___kvm {
	struct vmcb___kvm *vmcb;
};

union vmx_exit_reason___kvm {
	__u32 full;
};

struct vcpu_vmx___kvm {
	union vmx_exit_reason___kvm exit_reason;
};

struct vcpu_vt___kvm {
	union vmx_exit_reason___kvm exit_reason;
};

struct vcpu_vmx___vt {
	struct vcpu_vt___kvm vt;
};

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif
