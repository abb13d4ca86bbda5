/* SPDX-License-Identifier: GPL-2.0-only */
/* Of the numa family: how often tasks went from node to node. */
#ifndef MMT_NUMA_HOPS_H
#define MMT_NUMA_HOPS_H

#include "../bpf/numa_shared.h"
#include "family.h"

#define MMT_NUMA_HOMES 16 /* more nodes with CPUs are not followed: counts of pairs of them would take over 100 MB */

struct mmt_numa_hops {
	unsigned int n, bits;       /* nodes that have CPUs, 0: too many; log2 of how many */
	uint8_t of[MMT_NU_NODES];   /* their numbers by node; MMT_NU_NONE: no CPU */
	uint8_t node[MMT_NU_NODES]; /* nodes by number */
	uint64_t *map;              /* the programs' counts, see struct mmt_numa_config */
	size_t len;
	uint64_t *cut, *done;       /* of them: what they were at the last cut, and what is written or lies before the recording */
	bool is_cut;                /* a flush follows, of what there was at the cut */
};

void mmt_numa_hops__homes(struct mmt_numa_hops *h, const struct mmt_topology *topo);
/* Entries of the map. */
uint64_t mmt_numa_hops__entries(const struct mmt_numa_hops *h, const struct mmt_family_ctx *ctx);
/* The map of the loaded object. */
int mmt_numa_hops__map(struct mmt_numa_hops *h, struct mmt_family_ctx *ctx);
/* What is there now lies before the recording. */
void mmt_numa_hops__begin(struct mmt_numa_hops *h, const struct mmt_family_ctx *ctx);
/* all: look at every count, not only where the sum of a task has changed. */
void mmt_numa_hops__cut(struct mmt_numa_hops *h, const struct mmt_family_ctx *ctx, bool all);
/* Rows of all tasks. */
int mmt_numa_hops__flush(struct mmt_numa_hops *h, struct mmt_family_ctx *ctx, uint64_t now);
/* Rows of a task, of what it did until now. */
int mmt_numa_hops__task(struct mmt_numa_hops *h, struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now);
/* The last rows of a task, unless the filters do not want it; its counts are cleared. */
int mmt_numa_hops__end(struct mmt_numa_hops *h, struct mmt_family_ctx *ctx, const struct mmt_epoch *e, bool write, uint64_t now);
void mmt_numa_hops__close(struct mmt_numa_hops *h);

#endif
