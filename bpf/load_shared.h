/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/load.bpf.c and the collector share. */
#ifndef MMT_LOAD_SHARED_H
#define MMT_LOAD_SHARED_H

#include "mmt_shared.h"

struct mmt_load_config {
	mmt_u32 n_cpus;
	mmt_u32 pad;
};

#define MMT_LOAD_UNKNOWN 0xffffffffffffffffULL

#endif
