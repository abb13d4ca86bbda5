/* SPDX-License-Identifier: GPL-2.0-only */
/* Migrations of tasks from node to node, over the window of a model, and how far they are. */
#ifndef MMT_NUMA_HOPS_H
#define MMT_NUMA_HOPS_H

#include "../load_row.h"
#include "../model.h"

struct numa_hop { /* of a task in a cgroup */
	uint64_t epoch, cgroup, count;
	uint32_t from, to, next; /* of the same task, U64MAP_NONE: none */
};

struct numa_hops {
	struct numa_hop *v; size_t n, cap;
	struct u64map by_epoch;
};

#define NUMA_HOPS_COLS 6
extern const char *const numa_hops_cols[NUMA_HOPS_COLS];
int numa_hops_row(struct model *m, const struct row *r);
void numa_hops_forget(struct numa_hops *h);
void numa_hops_free(struct numa_hops *h);

/* Migrations, and what their distances add up to, that of a node to itself being 1. */
struct numa_far {
	uint64_t count;
	double sum, known; /* of those whose distance is known; how many these are */
};
void numa_far_add(const struct model *m, const struct numa_hop *h, struct numa_far *f);
/* NaN: none of them has a distance. */
double numa_far_mean(const struct numa_far *f);
/* Of all tasks but the collector's. */
struct numa_far numa_hops_sum(const struct model *m);

#endif
