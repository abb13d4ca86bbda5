/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Of the numa family where programs are not let in at the kernel's functions: pages on which
 * tasks had NUMA hint faults, from what NUMA balancing itself keeps of them.
 *
 * The kernel adds to numa_faults[MEMBUF] at a fault, and now and then, not before a scan of the
 * memory has come to its end, moves that to numa_faults[MEM], of which it keeps a half. From
 * one look to the next the pages follow, to the page, where this was done once at most between
 * them; scans take a second or longer, we look at every seal. How many of them were local is
 * counted by the kernel too, but forgotten when it has looked at it: of the pages between our
 * look and that the part is not known.
 */
#ifndef MMT_NUMA_POLL_H
#define MMT_NUMA_POLL_H

#include "../bpf/numa_shared.h"
#include "family.h"

struct mmt_numa_looked { /* at a task */
	uint32_t seq, seen;
	bool known;
	uint64_t local, remote;
	struct mmt_numa_faults *node; /* by node */
};

/*
 * What was added since the last look at a task, pages by node; split: of these pages, those that
 * are known to be remote and local. now: by node. False: it cannot be told this time, for the kernel
 * was at it; the next look has it.
 */
bool mmt_numa_poll__take(struct mmt_numa_looked *was, const struct mmt_numa_polled *head, const struct mmt_numa_faults *now,
			 unsigned int n_nodes, bool last, uint64_t *pages, uint64_t split[2]);

struct mmt_numa_poll {
	struct mmt_family_ctx ctx;     /* no obj: not to be had, or not needed */
	struct mmt_numa_faults *faults; /* the programs' copies, by slot and node */
	struct mmt_numa_polled *polled;
	size_t faults_len, polled_len;
	struct mmt_numa_looked *was;
	struct mmt_numa_faults *was_faults;
	unsigned int bits;
};

/* Load and attach; set_constants gives an object its numa_cfg. On failure ctx.why says the reason. */
int mmt_numa_poll__open(struct mmt_numa_poll *x, struct mmt_family_ctx *family, unsigned int bits,
			int (*set_constants)(const struct mmt_family_ctx *family, struct bpf_object *obj));
/* What there is now lies before the recording. */
int mmt_numa_poll__begin(struct mmt_numa_poll *x);
/* Look at all tasks: pages by node go into the cells, by slot and node; by where tasks ran into rows of no node. */
int mmt_numa_poll__flush(struct mmt_numa_poll *x, struct mmt_family_ctx *family, struct mmt_numa_cell *cells, uint64_t now);
/* The same of a task that has ended, if it is to be written; it is forgotten. */
int mmt_numa_poll__end(struct mmt_numa_poll *x, struct mmt_family_ctx *family, struct mmt_numa_cell *cells, const struct mmt_epoch *e,
		       bool write, uint64_t now);
void mmt_numa_poll__close(struct mmt_numa_poll *x);

#endif
