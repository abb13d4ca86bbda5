/* SPDX-License-Identifier: GPL-2.0-only */
/* What the running kernel's types and counters say of NUMA. */
#ifndef MMT_NUMA_FACTS_H
#define MMT_NUMA_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "topology.h"

struct btf;
struct mmt_writer;

#define MMT_NUMA_REASONS 32

struct mmt_numa_facts {
	unsigned int node_shift;  /* first bit of the node in the flags of a page; 64: there is but one */
	unsigned int args;        /* of mm_migrate_pages; 0: not there */
	bool nests;               /* programs of interrupts run within those of the tasks that they came upon */
	unsigned int node_ids;    /* as the kernel's nr_node_ids: the highest number that a node may have, + 1 */
	char reason[MMT_NUMA_REASONS][24]; /* "numa_misplaced"; "": not known */
};

/* -ENOTSUP with why said: where the node of a page is, is not known here. */
int mmt_numa_facts__read(const struct btf *btf, const struct mmt_topology *topo, struct mmt_numa_facts *f, char *why,
			 size_t size);
/* Width of the node in the flags of a page: log2 of MAX_NUMNODES. A negative errno where the types do not say. */
int mmt_numa_facts__node_width(const struct btf *btf);

/* Of /sys/devices/system/node/node* and of /proc/vmstat, in the counter table; root: "" or where those are, for tests. */
int mmt_numa_counters__write(struct mmt_writer *w, const struct mmt_topology *topo, const char *root, uint64_t now,
			     uint64_t segment);

#endif
