/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages migrated, by task, reason and nodes: what the kernel's map had when it was read, and
 * what of that has been written. Nothing here knows of BPF.
 */
#ifndef MMT_NUMA_MOVED_H
#define MMT_NUMA_MOVED_H

#include <stdbool.h>
#include <stddef.h>

#include "../bpf/numa_shared.h"

struct mmt_moved {
	mmt_u64 key; /* MMT_NU_KEY */
	struct mmt_numa_moved v, done;
	bool idle;   /* as it was at the reading before */
	bool gone;   /* out of the map since it was read */
};

struct mmt_moved_set {
	struct mmt_moved *v; /* by slot */
	size_t n;
};

/* A new reading of n entries (key and v), which becomes the set's; what has been written stays known. */
void mmt_moved__take(struct mmt_moved_set *s, struct mmt_moved *fresh, size_t n);
/* Those of a slot: the first, NULL where there is none, and how many. */
struct mmt_moved *mmt_moved__of(const struct mmt_moved_set *s, mmt_u32 slot, size_t *n);
void mmt_moved__free(struct mmt_moved_set *s);

#endif
