/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of the exits of virtual CPUs. */
#ifndef MMT_KVM_NAMES_H
#define MMT_KVM_NAMES_H

#include <stdint.h>

/* The exit reason of a key of bpf/kvm_shared.h; of MMT_KVM_OTHER all ones. */
uint64_t mmt_kvm_reason(uint32_t key);
/* isa: 1 VMX, 2 SVM, as the kernel's kvm_exit says; "" where it is not known. A failed entry is named by its cause. */
const char *mmt_kvm_exit_name(uint32_t isa, uint64_t reason);
/* "vmx", "svm", "". */
const char *mmt_kvm_isa_name(uint32_t isa);
/* KVM_EXIT_*: why KVM_RUN returned. */
const char *mmt_kvm_user_name(uint32_t reason);

#endif
