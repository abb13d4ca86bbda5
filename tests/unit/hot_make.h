/* SPDX-License-Identifier: GPL-2.0-only */
/* A trace with call paths of every kind, whose answers are known. */
#ifndef MMT_HOT_MAKE_H
#define MMT_HOT_MAKE_H

#include "synth.h"

#define HOT_SEC 1000000000ull

/* Functions of its kernel, 256 bytes each. */
enum {
	K_SCHEDULE_, K_SCHEDULE, K_FUTEX_WAIT_QUEUE, K_FUTEX_WAIT, K_DO_FUTEX, K_SYS_FUTEX, K_SYSCALL, K_ENTRY, K_BPF_PROG,
	K_BPF_TRACE, K_TRACEITER, K_PIPE_READ, K_VFS_READ, K_EXC_FAULT, K_ASM_EXC_FAULT, K_REP_MOVS, K_WORKER, K_KTHREAD, K_FORK,
	K_WAKE, K_CLEAR_PAGE, K_MM_FAULT, K_FUNCTIONS,
};
#define K(f) (0xffffffff81000000ull + (f) * 0x100 + 0x10)

/* Tasks: process 100 of two threads, process 200, the collector, a kernel thread. */
enum { HOT_T_MAIN = 1, HOT_T_THREAD, HOT_T_OTHER, HOT_T_COLLECTOR, HOT_T_KTHREAD };

/* Stacks; user stacks of process 100 but the last. */
enum {
	HOT_S_FUTEX = 1, HOT_S_PIPE, HOT_S_IDLE, HOT_S_FAULT, HOT_S_WAKE, HOT_S_CPU, HOT_S_PREEMPT,
	HOT_S_LOCK, HOT_S_COPY, HOT_S_READ, HOT_S_STRIPPED, HOT_S_OTHER,
};

/* What it says is in hot_make.c. Written and closed; two segments of 5 s from 0 on, the second one marked "faults". */
void hot_make(struct synth *s);
/* As many stacks of the kernel and of the program, 30 deep, and rows of each kind. */
void hot_make_big(struct synth *s, unsigned int n_stacks, unsigned int n_rows);
/* Its tasks, functions and stacks only; not closed. */
void hot_make_base(struct synth *s);

#endif
