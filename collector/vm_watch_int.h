/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the watch over virtual machines. */
#ifndef MMT_VM_WATCH_INT_H
#define MMT_VM_WATCH_INT_H

#include "vm_watch.h"

#define MS 1000000ULL
#define SEC 1000000000ULL

/* Room for one more at array; false without memory. */
bool mmt_watch__grow(void *array, size_t n, size_t *cap, size_t size);
/* A process is to be looked at. urgent: something told that it is a VM; likely: its program runs VMs */
int mmt_watch__cand(struct mmt_vm_watch *w, uint32_t pid, bool urgent, bool likely, uint64_t now);
struct mmt_vm_candidate *mmt_watch__cand_of(const struct mmt_vm_watch *w, uint32_t pid);
/* New VMs by KVM's directory, where it is time to look at that. */
int mmt_watch__ask_kvm(struct mmt_vm_watch *w, uint64_t now);

#endif
