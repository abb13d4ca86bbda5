/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A system call's number and arguments in the registers saved at its entry; they still stand
 * there at its end, but for the first on machines that return in the same register. Where a
 * machine is not known here, calls whose beginning was not seen are left out, and memory
 * management calls are not split by what they were asked for.
 */
#ifndef MMT_REGS_BPF_H
#define MMT_REGS_BPF_H

#include "compat.bpf.h"

#if defined(__TARGET_ARCH_x86)
#define REG_NR(r) RD(r, orig_ax)
#define REG_ARG2(r) RD(r, si)
#define REG_ARG3(r) RD(r, dx)
#define REG_ARG4(r) RD(r, r10)
#define MMT_HAVE_REGS 1
#elif defined(__TARGET_ARCH_arm64)
#define REG_NR(r) ((__u64)RD(r, syscallno))
#define REG_ARG2(r) RD(r, regs[1])
#define REG_ARG3(r) RD(r, regs[2])
#define REG_ARG4(r) RD(r, regs[3])
#define MMT_HAVE_REGS 1
#else
#define REG_NR(r) ((__u64)-1)
#define REG_ARG2(r) 0ULL
#define REG_ARG3(r) 0ULL
#define REG_ARG4(r) 0ULL
#define MMT_HAVE_REGS 0
#endif

/* In a call by the 32-bit ABI, whose numbers are others? */
static __always_inline bool is_compat(struct task_struct *p)
{
#if defined(__TARGET_ARCH_x86)
	return bpf_core_field_exists(p->thread_info.status) && RD(p, thread_info.status) & 2; /* TS_COMPAT */
#elif defined(__TARGET_ARCH_arm64)
	return RD(p, thread_info.flags) & 1UL << 22; /* TIF_32BIT */
#else
	return false;
#endif
}

#endif
