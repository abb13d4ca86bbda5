/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUs, cores, last-level caches and nodes, as /sys/devices/system shows them. */
#ifndef MMT_TOPOLOGY_H
#define MMT_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "../bpf/mmt_shared.h"

#define MMT_MAX_NODES 64
#define MMT_CPU_WORDS (MMT_MAX_CPUS / 64)

struct mmt_topology {
	unsigned int n_cpus;  /* possible: highest number + 1 */
	unsigned int n_nodes; /* highest number + 1 */
	struct mmt_cpu_info {
		uint16_t core, llc, node, package;
		bool online;
		uint64_t max_khz;
	} cpu[MMT_MAX_CPUS];
	struct mmt_node_info {
		bool present;
		uint64_t mem_kb;
		unsigned int n_dist;
		uint16_t dist[MMT_MAX_NODES];
	} node[MMT_MAX_NODES];
};

/* root: "" or a prefix of recorded files, for tests. -E2BIG: CPUs or nodes are online beyond MMT_MAX_CPUS, MMT_MAX_NODES. */
int mmt_topology__read(struct mmt_topology *t, const char *root);
/* The same again later, but of CPUs only what is new, those that came online: cheap. 0 or -errno. */
int mmt_topology__again(const struct mmt_topology *was, const char *root, struct mmt_topology *t);
/* A bit for each CPU that is not online now; none where that cannot be read. */
void mmt_topology__offline(const char *root, uint64_t bits[MMT_CPU_WORDS]);

static inline bool mmt_cpu_in(const uint64_t *bits, unsigned int cpu)
{
	return cpu < MMT_MAX_CPUS && bits[cpu / 64] >> cpu % 64 & 1;
}

#endif
