/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of the syscall family and the collector share. */
#ifndef MMT_SYSCALL_SHARED_H
#define MMT_SYSCALL_SHARED_H

#include "mmt_shared.h"

/*
 * Keys of counters: a call's number; 512 + number for the 32-bit ABI of a 64-bit kernel;
 * and memory management calls a second time, by what they were asked for.
 */
#define MMT_SYS_NR 512u /* numbers of one ABI; what is above counts as the last */
#define MMT_SYS_CLASS (2 * MMT_SYS_NR)
enum mmt_sys_class {
	MMT_SC_MADVISE = 0, /* + advice */
	MMT_SC_ADVICE_GUARD = 28, /* MADV_GUARD_INSTALL, _REMOVE, 102 and 103 */
	MMT_SC_ADVICE_OTHER = 31,
	MMT_SC_MMAP = 32, /* + 1 file, + 2 shared; + 4 reserved only (anonymous, no access), + 5 hugetlb */
	MMT_SC_MUNMAP = 38,
	MMT_SC_BRK = 39, /* asked, grown, shrunk */
	MMT_SC_MREMAP = 42, /* same size, grown, shrunk */
	MMT_SC_MPROTECT = 48, /* + PROT_* & 7 */
	MMT_SC_N = 56,
};
#define MMT_SYS_KEYS (MMT_SYS_CLASS + MMT_SC_N)

struct mmt_sys_count {
	mmt_u64 time_ns;
	mmt_u64 max_ns;   /* of a class: bytes */
	mmt_u32 count, errors;
	mmt_u32 restarts; /* of the errors: to be called again after a signal */
	mmt_u32 untimed;  /* their beginning was not seen */
};
_Static_assert(sizeof(struct mmt_sys_count) == 32, "mmt_sys_count");

/* A task's counters come in blocks of 8 neighbouring keys, taken when first needed. */
#define MMT_SYS_GROUP 8
#define MMT_SYS_GROUPS (MMT_SYS_KEYS / MMT_SYS_GROUP)
#define MMT_SYS_NONE 0xffffu /* there was no block left: counted with the CPU's others */
struct mmt_sys_block {
	struct mmt_sys_count c[MMT_SYS_GROUP];
};
_Static_assert(MMT_SYS_KEYS % MMT_SYS_GROUP == 0, "whole groups");

/* By slot; written by the task itself only. */
struct mmt_sys_task {
	mmt_u64 enter; /* CLOCK_MONOTONIC; 0: not in a call, or its beginning was not seen */
	mmt_u64 arg;   /* brk: the old end */
	mmt_u32 key;
	mmt_u32 self;  /* a task of the collector: not in the histograms */
	mmt_u16 block[MMT_SYS_GROUPS]; /* 0: none yet */
	mmt_u16 pad1[2];
};
_Static_assert(MMT_SYS_GROUPS == 135 && sizeof(struct mmt_sys_task) == 304, "mmt_sys_task");

/* By CPU: what found no counters of its own; where its histograms are. */
struct mmt_sys_cpu {
	struct mmt_sys_count others[MMT_SYS_KEYS];
	mmt_u16 hist[MMT_SYS_CLASS]; /* 0: none yet */
};

struct mmt_sys_hist {
	mmt_u32 count[MMT_HIST_N];
};

#endif
