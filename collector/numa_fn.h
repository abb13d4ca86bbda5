/* SPDX-License-Identifier: GPL-2.0-only */
/* Of the numa family: the programs at functions of the kernel, which not every kernel lets in. */
#ifndef MMT_NUMA_FN_H
#define MMT_NUMA_FN_H

#include "family.h"

/* Load and attach; set_constants gives an object its numa_cfg. What is refused has no fn->obj, and fn->why; it is no error. */
void mmt_numa_fn__open(struct mmt_family_ctx *fn, const struct mmt_family_ctx *family,
		       int (*set_constants)(const struct mmt_family_ctx *family, struct bpf_object *obj));

#endif
