/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/offcpu.bpf.c and the collector share. */
#ifndef MMT_OFFCPU_SHARED_H
#define MMT_OFFCPU_SHARED_H

#include "mmt_shared.h"
#include "stackraw_shared.h"

#define MMT_OFF_HIST 40u /* powers of two; the last is of all from 2^39 ns */

/* flags of a period, as in table off_cpu */
enum { MMT_OF_PREEMPTED = 1, MMT_OF_IOWAIT = 2, MMT_OF_UNINTERRUPTIBLE = 4 };

/* flags of a wakeup, as in table waker */
enum { MMT_WF_IRQ = 1 };

enum mmt_off_where {
	MMT_OFF_NEW = 0, /* not seen leaving */
	MMT_OFF_RUNS,
	MMT_OFF_READY,   /* left, still runnable */
	MMT_OFF_BLOCKED, /* left, not runnable */
};

/* What found no place in the hash maps. Only grows while the slot is the same task's. */
struct mmt_off_rest {
	mmt_u64 ns, max;
	mmt_u32 n, pad;
};

/*
 * By slot. The first line is written on the CPU that the task leaves or comes to, its run queue
 * locked; the second by who wakes it, with the task's own lock, and by its coming.
 */
struct mmt_off_slot {
	mmt_u64 out;            /* when it left */
	mmt_u64 khash, uhash;   /* where */
	mmt_u64 off_ns, wait_ns; /* the scheduler family's, as of when it last came */
	mmt_u32 off_n;
	mmt_u32 gen;            /* of the slot: another task, or another program */
	mmt_u32 flags;
	mmt_u32 where;
	mmt_u64 pad0;
	/* second cache line: who woke it */
	mmt_u64 waker_khash, waker_uhash;
	mmt_u32 waker_slot, waker_gen;
	mmt_u32 waker_flags;
	mmt_u32 woken;          /* the above is of the period that lasts */
	mmt_u64 pad1[4];
	/* third: seldom */
	struct mmt_off_rest rest[2]; /* blocked, preempted */
	mmt_u64 pad2[2];
};
_Static_assert(sizeof(struct mmt_off_slot) == 192, "mmt_off_slot: three cache lines");
_Static_assert(__builtin_offsetof(struct mmt_off_slot, waker_khash) == 64, "mmt_off_slot: second line");
_Static_assert(__builtin_offsetof(struct mmt_off_slot, rest) == 128, "mmt_off_slot: third line");

struct mmt_off_key {
	mmt_u32 slot, gen;
	mmt_u64 khash, uhash;
	mmt_u32 flags, pad;
};
_Static_assert(sizeof(struct mmt_off_key) == 32, "mmt_off_key");

struct mmt_off_val {
	mmt_u64 total, max;
	mmt_u64 last;           /* when the last of the periods ended */
	mmt_u32 count, pad;
	mmt_u32 hist[MMT_OFF_HIST];
};
_Static_assert(sizeof(struct mmt_off_val) == 192, "mmt_off_val");

struct mmt_waker_key {
	mmt_u32 slot, gen;
	mmt_u64 khash, uhash;
	mmt_u32 waker_slot, waker_gen; /* slot 0: not known, or an interrupt */
	mmt_u64 waker_khash, waker_uhash;
	mmt_u32 flags, pad;
};
_Static_assert(sizeof(struct mmt_waker_key) == 56, "mmt_waker_key");

struct mmt_waker_val {
	mmt_u64 blocked, delay, delay_max;
	mmt_u64 last;
	mmt_u32 count, pad;
};
_Static_assert(sizeof(struct mmt_waker_val) == 40, "mmt_waker_val");

/* Code by which interrupts enter the kernel. */
#define MMT_OFF_RANGES 8
struct mmt_off_config {
	mmt_u64 irq[MMT_OFF_RANGES], irq_len[MMT_OFF_RANGES]; /* len 0: not in use */
	mmt_u32 wakers;
	mmt_u32 pad;
	struct stack_raw_config raw;
};

struct mmt_off_state {
	mmt_u32 gen;            /* bit 0: which of the two maps of a kind is written */
	mmt_u32 on;             /* 0: come and go, but nothing is counted yet */
	mmt_u32 used[2];        /* entries made in the one and the other, of both kinds */
	mmt_u64 full;           /* periods that found no entry: they are in the rest of their task */
	mmt_u64 full_wakers;    /* wakeups that found none */
	mmt_u64 checked, differ; /* stacks that were known, when those are checked */
	mmt_u64 pad[2];
};
_Static_assert(sizeof(struct mmt_off_state) == 64, "mmt_off_state: one cache line");

#endif
