/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of the kvm family and the collector share. */
#ifndef MMT_KVM_SHARED_H
#define MMT_KVM_SHARED_H

#include "mmt_shared.h"

/*
 * Keys of counters. Exit reasons of both kinds of processor, folded into ranges that can be
 * told back: VMX has 0.. and, of an entry that failed, bit 31; SVM has 0.., 0x400.., and
 * those that software made, 0x80000000.., 0x8000fff8.. and -1.
 */
enum mmt_kvm_key {
	MMT_KVM_REASON = 0,       /* + reason below 256 */
	MMT_KVM_NESTED = 0x100,   /* + reason - 0x400, of 16 */
	MMT_KVM_HIGH = 0x110,     /* + reason - 0x80000000, of 64 */
	MMT_KVM_TOP = 0x150,      /* + reason - 0x8000fff8, of 8 */
	MMT_KVM_ERROR = 0x158,    /* -1 */
	MMT_KVM_OTHER = 0x159,    /* none of these, or it could not be read */
	MMT_KVM_ENTRY = 0x15a,
	MMT_KVM_POLL = 0x15b,     /* a halt that ended while it was polled for; + 1: that the CPU was given up for */
	MMT_KVM_POLL_INVALID = 0x15d, /* the same two, where the kernel holds the time against polling */
	MMT_KVM_GROW = 0x15f,     /* of the time to poll; time: what it became */
	MMT_KVM_SHRINK = 0x160,
	MMT_KVM_USER = 0x168,     /* + KVM_EXIT_*, below 48 */
	MMT_KVM_USER_SIGNAL = 0x198, /* KVM_RUN ended by a signal; by an error */
	MMT_KVM_USER_ERROR = 0x199,
	MMT_KVM_KEYS = 0x1a0,
};
#define MMT_KVM_USER_N 48u

/* Times by power of two: i is of those from 2^(i + 4) to below 2^(i + 5) ns, 0 also of what is shorter. */
#define MMT_KVM_HIST 33
#define MMT_KVM_HIST_SHIFT 4

struct mmt_kvm_config {
	mmt_u32 exit_args; /* arguments of kvm_exit */
	mmt_u32 pad;
};

struct mmt_kvm_cell {
	mmt_u64 time_ns, max_ns;
	mmt_u32 count;
	mmt_u32 timed; /* of these, have a time */
	mmt_u32 hist[MMT_KVM_HIST];
	mmt_u32 pad;
};
_Static_assert(sizeof(struct mmt_kvm_cell) == 160, "mmt_kvm_cell");

struct mmt_kvm_slot {
	mmt_u32 vcpu; /* 0: none yet */
	mmt_u32 pad;  /* elements of an array are 8 bytes apart */
};

/* A thread that runs a virtual CPU; written by itself only. */
struct mmt_kvm_vcpu {
	mmt_u64 exit, user;  /* CLOCK_MONOTONIC of the last exit, and return from KVM_RUN; 0: was entered since */
	mmt_u32 exit_key, user_key;
	mmt_u32 isa;         /* 1 VMX, 2 SVM, as kvm_exit says; 0: not known */
	mmt_u32 pad;
	mmt_u32 cell[MMT_KVM_KEYS]; /* 0: none yet */
};
_Static_assert(sizeof(struct mmt_kvm_vcpu) == 32 + 4 * MMT_KVM_KEYS, "mmt_kvm_vcpu");
#define MMT_KVM_NONE 0xffffffffu /* there was none left: counted with the others */

/* What found no place of its own, all threads together; added to atomically. */
struct mmt_kvm_others {
	mmt_u64 time_ns[MMT_KVM_KEYS];
	mmt_u32 count[MMT_KVM_KEYS];
	mmt_u32 isa, pad;
};

#endif
