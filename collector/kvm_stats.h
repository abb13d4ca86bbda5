/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's own statistics of a virtual machine, all its virtual CPUs together, to check ours
 * with. They are in debugfs, which kernels that are locked down do not let anybody read;
 * else in descriptors of statistics that the process holds, as QEMU does since 8.1.
 */
#ifndef MMT_KVM_STATS_H
#define MMT_KVM_STATS_H

#include <stdbool.h>
#include <stdint.h>

struct mmt_writer;

enum mmt_kvm_stat {
	MMT_KS_EXITS, MMT_KS_HALT_EXITS, MMT_KS_IO_EXITS, MMT_KS_IRQ_EXITS, MMT_KS_SIGNAL_EXITS, MMT_KS_POLL_SUCCESS_NS,
	MMT_KS_POLL_FAIL_NS, MMT_KS_WAIT_NS, MMT_KVM_STATS,
};

enum mmt_kvm_stats_from { MMT_KS_NOWHERE, MMT_KS_DEBUGFS, MMT_KS_DESCRIPTORS };

struct mmt_kvm_stats {
	uint64_t time;    /* the caller's */
	uint64_t v[MMT_KVM_STATS];
	uint64_t since[MMT_KVM_STATS]; /* the caller's: what it has counted itself since that time, all halts' time as that of waiting */
	uint32_t has;     /* bits: kernels have more and more of them; 0: nothing was read */
	enum mmt_kvm_stats_from from;
};

/* 0, or -errno: see mmt_kvm_stats__why(). */
int mmt_kvm_stats__read(const char *proc, const char *kvm_dir, uint32_t pid, struct mmt_kvm_stats *s);
/* Where they are read, for the meta table: "debugfs", "descriptors of statistics"; why they are not. */
const char *mmt_kvm_stats__from(enum mmt_kvm_stats_from from);
const char *mmt_kvm_stats__why(int err);
/* As rows of the counter table; scope: the number of the VM. Of one that has ended: what was read last, and since. */
int mmt_kvm_stats__rows(struct mmt_writer *w, uint64_t segment, uint32_t vm, const struct mmt_kvm_stats *s, bool ended);

#endif
