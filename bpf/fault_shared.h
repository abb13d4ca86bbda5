/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/fault.bpf.c and the collector share. */
#ifndef MMT_FAULT_SHARED_H
#define MMT_FAULT_SHARED_H

#include "mmt_shared.h"

/*
 * Cells of a task: user mode by (present, access), then kernel mode. "Present" is bit 0 of
 * x86's error code: the page was there, but not for this access (copy on write, say).
 */
enum {
	MMT_F_USER = 0,         /* + 3 * present + {0 read, 1 write, 2 exec} */
	MMT_F_KERNEL = 6,       /* + 2 * present + {0 read, 1 write}, on a user address */
	MMT_F_KERNEL_ADDR = 10, /* kernel mode on a kernel address */
	MMT_F_N = 11,
};

#define MMT_F_EXEC 16 /* the CPU's error code: fetching an instruction */

#define MMT_FAULT_MAX_SHIFT 20

struct mmt_fault_slot {
	mmt_u32 n[MMT_F_N];
	mmt_u32 left;       /* faults until the next sample */
	mmt_u32 drawn;      /* 1 + shift that `left` was drawn for; 0: not drawn */
	mmt_u32 pad;
	mmt_u64 pad1;
	/* the kernel's counters of the task, as the iterator last saw them */
	mmt_u64 min, maj;
	mmt_u64 pad2[6];
};
_Static_assert(sizeof(struct mmt_fault_slot) == 128, "mmt_fault_slot: two cache lines");
_Static_assert(__builtin_offsetof(struct mmt_fault_slot, min) == 64, "mmt_fault_slot: second line");

struct mmt_fault_rec {
	mmt_u64 time;
	mmt_u64 addr, ip;
	mmt_u32 slot, tid;
	mmt_u32 code;       /* the CPU's error code */
	mmt_u16 cpu;
	mmt_u8 shift;       /* taken 1 in 2^shift */
	mmt_u8 kernel;      /* mode */
	mmt_u64 kstack, ustack; /* hashes of call stacks; 0: none */
};
_Static_assert(sizeof(struct mmt_fault_rec) == 56, "mmt_fault_rec");

/* What the iterator says of a task that has no slot. */
struct mmt_fault_task {
	mmt_u32 tid, pad;
	mmt_u64 start;
	mmt_u64 min, maj;
};
_Static_assert(sizeof(struct mmt_fault_task) == 32, "mmt_fault_task");

struct mmt_fault_config {
	mmt_u64 mean[MMT_FAULT_MAX_SHIFT + 1]; /* of the exponential whose ceiling is the gap, 2^-16 */
	mmt_u32 quota;          /* samples from which on, between two looks of the collector, they are thinned */
	mmt_u32 pad;
};

struct mmt_fault_state {
	mmt_u32 shift;          /* 1 in 2^shift is sampled */
	mmt_u32 window;         /* samples since the collector's last look, or since they were thinned */
	mmt_u64 taken;          /* samples ever */
	mmt_u64 lost;           /* of these, no room was found */
	mmt_u64 pad[5];
};
_Static_assert(sizeof(struct mmt_fault_state) == 64, "mmt_fault_state: one cache line");

/*
 * Events to the next sample, itself included, when each is sampled with 1/N regardless of
 * all others: the ceiling of an exponential of mean -1/ln(1 - 1/N). This has no memory, so
 * a new N may be taken up at any event without a bias. r: 32 random bits.
 */
static inline __attribute__((always_inline)) mmt_u32 mmt_fault_gap(mmt_u32 r, mmt_u64 mean)
{
	mmt_u64 x, y, e;
	mmt_u32 zeros = 0;

	if (!mean)
		return 1;
	r |= 1;
	/* r = 2^(31 - zeros) * (1 + x) */
	if (!(r >> 16)) {
		zeros += 16;
		r <<= 16;
	}
	if (!(r >> 24)) {
		zeros += 8;
		r <<= 8;
	}
	if (!(r >> 28)) {
		zeros += 4;
		r <<= 4;
	}
	if (!(r >> 30)) {
		zeros += 2;
		r <<= 2;
	}
	if (!(r >> 31)) {
		zeros += 1;
		r <<= 1;
	}
	x = (r >> 15) & 0xffff;
	/* ln(1 + x), Abramowitz & Stegun 4.1.43, error below 1e-5; 2^-24 coefficients, Horner, no negative step */
	y = 4856574 - ((2282753 - ((539529 * x) >> 16)) * x >> 16);
	y = 16768753 - ((8252863 - (y * x >> 16)) * x >> 16);
	y = y * x >> 24; /* 2^-16 */
	/* -ln(r / 2^32) = (zeros + 1) ln 2 - ln(1 + x) */
	e = (mmt_u64)(zeros + 1) * 45426 - y;
	return 1 + (mmt_u32)(e * mean >> 32);
}

#endif
