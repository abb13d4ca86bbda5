/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM as modules of the kernel, which may come late: is it there, and what do its exits look like? */
#ifndef MMT_KVM_MODULE_H
#define MMT_KVM_MODULE_H

#include <stdbool.h>
#include <stdint.h>

bool mmt_kvm__is_there(void);
/* Has it come, and settled? *seen: since when kvm was there, 0 at first; now in ns. */
bool mmt_kvm__is_ready(uint64_t *seen, uint64_t now);
/* Arguments of kvm_exit; what older kernels have where the types do not say. */
uint32_t mmt_kvm__exit_args(void);

#endif
