/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the watch over virtual machines. */
#ifndef MMT_VM_WATCH_INT_H
#define MMT_VM_WATCH_INT_H

#include "vm_watch.h"

#define MS 1000000ULL
#define SEC 1000000000ULL

#define FIRST_NS (20 * MS) /* after something happened to a process: it is not ready at once */

uint64_t mmt_watch__now(const struct mmt_vm_watch *w);
uint64_t mmt_watch__used(const struct mmt_vm_watch *w);
/* This much CPU time of the budget. */
void mmt_watch__pay(struct mmt_vm_watch *w, uint64_t ns);
/* Room for one more at array; false without memory. */
bool mmt_watch__grow(void *array, size_t n, size_t *cap, size_t size);
/* A process is to be looked at. urgent: something told that it is a VM; likely: its program runs VMs */
int mmt_watch__cand(struct mmt_vm_watch *w, uint32_t pid, bool urgent, bool likely, uint64_t now);
struct mmt_vm_candidate *mmt_watch__cand_of(const struct mmt_vm_watch *w, uint32_t pid);
void mmt_watch__cand_drop(struct mmt_vm_watch *w, uint32_t pid);
/* It ended, and was not seen to be a VM. */
void mmt_watch__cand_lost(struct mmt_vm_watch *w, const struct mmt_vm_candidate *c);
void mmt_watch__as_free(struct mmt_vm_candidate *c);

/* One more VM; what vm holds goes into it. */
int mmt_watch__vm_add(struct mmt_vm_watch *w, struct mmt_watched *vm, uint64_t now);
int mmt_watch__vm_gone(struct mmt_vm_watch *w, struct mmt_watched *vm, uint64_t now);
int mmt_watch__cpu_gone(struct mmt_vm_watch *w, struct mmt_watched *vm, size_t at, uint64_t now);
/* True: it has another name, scope, kind or accelerator now. */
bool mmt_watch__takes_name(struct mmt_watched *vm, const struct mmt_vm *seen);
/* All its virtual CPUs are known, as far as that can be told. */
bool mmt_watch__complete(const struct mmt_watched *vm);

/* New VMs by KVM's directory, where it is time to look at that. */
int mmt_watch__ask_kvm(struct mmt_vm_watch *w, uint64_t now);

#endif
