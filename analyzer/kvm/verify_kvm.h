/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_VERIFY_KVM_H
#define MMT_VERIFY_KVM_H

#include "../verify.h"

/* Rows of virtual machines' exits and halts against KVM's own statistics of them; nothing where they were not recorded. */
int verify_kvm(const struct model *m, struct verify *v);

#endif
