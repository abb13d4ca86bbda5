/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/stacks.bpf.h and the collector share. */
#ifndef MMT_STACK_SHARED_H
#define MMT_STACK_SHARED_H

#include "mmt_shared.h"

#define MMT_STACK_FRAMES 127 /* PERF_MAX_STACK_DEPTH: the kernel goes no deeper by default */

/* flags of struct mmt_stack */
#define MMT_STK_USER 1
#define MMT_STK_FULL 2 /* all frames are in use: it may have been deeper */

/* Value of the map `stacks`; the key is a hash of it, never 0. */
struct mmt_stack {
	mmt_u32 n, flags;
	mmt_u64 ip[MMT_STACK_FRAMES]; /* the first n, leaf first; the rest is anything */
};
_Static_assert(sizeof(struct mmt_stack) == 1024, "mmt_stack");

#endif
