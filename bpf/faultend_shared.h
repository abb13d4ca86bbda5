/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/faultend.bpf.c and the collector share. */
#ifndef MMT_FAULTEND_SHARED_H
#define MMT_FAULTEND_SHARED_H

#include "mmt_shared.h"

/* Kinds of faults: + 1 of a mapping with a file, + 2 major */
#define MMT_FE_FILE 1
#define MMT_FE_MAJOR 2
#define MMT_FE_N 4

/* Of a task, by slot; written by the task itself. */
struct mmt_fault_times {
	mmt_u64 start;   /* CLOCK_MONOTONIC; 0: in no fault */
	mmt_u64 address; /* of the fault, its page */
	mmt_u32 kind;
	mmt_u32 retry;   /* the last attempt is to be repeated: it goes on */
	mmt_u32 count[MMT_FE_N];
	mmt_u64 ns[MMT_FE_N];
	mmt_u64 max[MMT_FE_N]; /* since it was set to 0 */
	mmt_u64 pad[3];
};
_Static_assert(sizeof(struct mmt_fault_times) == 128, "mmt_fault_times: two cache lines");

/* By CPU and kind, of all tasks but the collector's. */
struct mmt_fault_hist {
	mmt_u32 count[MMT_HIST_N];
};

struct mmt_fault_end_config {
	mmt_u32 self; /* tgid of the collector */
	mmt_u32 pad;
};

#endif
