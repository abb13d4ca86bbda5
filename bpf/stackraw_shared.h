/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/stackraw.bpf.h and the collector share. */
#ifndef MMT_STACKRAW_SHARED_H
#define MMT_STACKRAW_SHARED_H

#include "mmt_shared.h"

struct stack_raw_config {
	mmt_u64 syscall, syscall_len; /* code of do_syscall_64() */
	mmt_u32 thread_size;          /* of a stack in the kernel; 0: stacks have to be walked */
	mmt_u32 check;                /* walk them nevertheless, and compare: for tests */
};

#endif
