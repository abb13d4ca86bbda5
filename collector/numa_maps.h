/* SPDX-License-Identifier: GPL-2.0-only */
/* Text that the kernel writes about memory and nodes: numa_maps, maps, memory.numa_stat. */
#ifndef MMT_NUMA_MAPS_H
#define MMT_NUMA_MAPS_H

#include "place.h"

/*
 * Each reads a file to its end, in pieces: memory does not grow with it. numa_maps adds
 * to out->at[kind][node].kb and out->kb, and to out->mappings; a node beyond
 * MMT_MAX_NODES is -ERANGE. An empty file (a process that is ending has no memory) is -ESRCH.
 */
int mmt_numa_maps__read(const char *path, struct mmt_placement *out);
/* memory.numa_stat of a cgroup of the unified hierarchy: what is charged to it; bytes there, kB here. */
int mmt_numa_stat__read(const char *path, struct mmt_placement *out);

struct mmt_place_maps {
	struct mmt_place_map *v;
	size_t n, cap;
	uint64_t huge_dev[MMT_HUGE_DEVS]; /* in: file systems of huge pages, as mmt_huge_devs() found them */
	unsigned int n_huge_dev;
};
/* Appends the mappings that can hold pages; those without any access (reserved addresses) are left out. */
int mmt_place_maps__read(const char *path, struct mmt_place_maps *m);
/* Devices of hugetlbfs, mounted or the kernel's own. */
unsigned int mmt_huge_devs(uint64_t dev[MMT_HUGE_DEVS]);

#endif
