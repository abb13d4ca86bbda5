/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Placement: how much of a process's memory is on which node, at a moment.
 *
 * Two ways. The exact one has the kernel walk the page tables (/proc/PID/numa_maps): it
 * costs some ms per GiB of small pages. The other asks for the nodes of random pages
 * (move_pages(2) without a target), which costs the same for any size, and gives
 * estimates with an interval; see place_sample.c for what is estimated, and how.
 */
#ifndef MMT_PLACE_H
#define MMT_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "topology.h"

#define MMT_HUGE_DEVS 16

/* Values of the kind column of table placement; of a mapping, not of a page. */
enum mmt_place_kind {
	MMT_PLACE_ALL,
	MMT_PLACE_ANON,   /* of no file: heap, stack, private memory */
	MMT_PLACE_FILE,
	MMT_PLACE_SHARED, /* shared memory: memfd, System V, POSIX, shared without a file */
	MMT_PLACE_HUGE,   /* hugetlbfs, named or not; transparent huge pages are of the kinds above */
	MMT_PLACE_KINDS,
};
enum mmt_place_method { MMT_PLACE_EXACT, MMT_PLACE_SAMPLE, MMT_PLACE_CGROUP };

struct mmt_place_cell {
	uint64_t kb, lo, hi; /* lo, hi: 95 % interval; exact ways: kb */
	uint64_t n;          /* size of a simple random sample that says as much; 0: exact */
};

struct mmt_placement {
	enum mmt_place_method method;
	unsigned int n_nodes;   /* of the topology, and as seen */
	uint64_t kb;            /* resident, on all nodes */
	uint64_t mappings;
	uint64_t draws, hits;   /* addresses asked for, and how many had a page */
	double unseen;          /* share of the resident memory that the sample did not find; lo and hi allow for it */
	uint64_t cost_ns;       /* CPU time of the reading */
	struct mmt_place_cell at[MMT_PLACE_KINDS][MMT_MAX_NODES];
};

/* ------------------------------------------------------------ estimation, on anything */

struct mmt_place_map {
	uint64_t start, pages;
	enum mmt_place_kind kind;
};

/* Node of each address, or a negative number where there is no page. 0 or -errno. */
typedef int (*mmt_place_query)(void *ctx, const uint64_t *addr, int *node, size_t n);

struct mmt_place_sample_opts {
	uint64_t resident_kb; /* what the kernel says is resident; 0: not known */
	unsigned int page_kb;
	unsigned int target;  /* pages to find; 0: 4096 */
	uint64_t seed;
	unsigned int n_nodes; /* of the machine: each has an upper limit, seen or not */
};

/* Sorts the mappings by size. -ENODATA: no page was found. */
int mmt_place__sample(struct mmt_place_map *maps, size_t n, const struct mmt_place_sample_opts *o,
		      mmt_place_query query, void *ctx, struct mmt_placement *out);
/* 95 % interval of a share by Wilson's score, of n (not always a whole number) observations. */
void mmt_place__wilson(double share, double n, double *lo, double *hi);

/* ------------------------------------------------------------ processes */

struct mmt_placer;

/* proc: "/proc", or a made-up tree (exact ways only). -ENOSYS with why: the kernel has no NUMA. */
int mmt_placer__open(const char *proc, const struct mmt_topology *topo, struct mmt_placer **out, char *why, size_t size);
void mmt_placer__close(struct mmt_placer *p);

/* All of these: -ESRCH: the process is gone, or has no memory (a kernel thread); -EACCES: not ours to see. */
/* walk_kb: of that, what costs a walk its time; hugetlbfs has few pages for its size. */
int mmt_placer__resident(struct mmt_placer *p, uint32_t pid, uint64_t *kb, uint64_t *walk_kb);
int mmt_placer__exact(struct mmt_placer *p, uint32_t pid, struct mmt_placement *out);
int mmt_placer__sample(struct mmt_placer *p, uint32_t pid, struct mmt_placement *out);
/*
 * The exact way where it is expected to cost at most limit_ns, or little more than
 * sampling would; or where sampling found less than there is and it costs at most 8 times
 * the limit. *ns_gib: what the exact way cost of this process, 0 not known; kept up to date.
 */
int mmt_placer__measure(struct mmt_placer *p, uint32_t pid, uint64_t limit_ns, double *ns_gib, struct mmt_placement *out);
/* What is charged to a cgroup of the unified hierarchy. -ENOENT: its memory is not accounted by node. */
int mmt_placer__cgroup(const char *dir, struct mmt_placement *out);

#endif
