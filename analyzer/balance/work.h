/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rules of balance work on: the host as it is, and as it would be after the steps decided on so far. */
#ifndef MMT_BALANCE_WORK_H
#define MMT_BALANCE_WORK_H

#include "balance.h"

#define BIT(i) (1ULL << (i))

struct work {
	const struct bal_node *node;
	unsigned int n_nodes, widest; /* widest: CPUs of the largest node */
	const struct bal_group *group;
	size_t n;
	const struct bal_opts *o;
	struct bal_plan *plan;
	double tasks[BAL_NODES];  /* as predicted so far */
	double base[BAL_NODES];   /* of them those that stay where they are */
	uint64_t *at;             /* of a group whose tasks the scheduler puts where others leave room: its nodes; else 0 */
	double free_kb[BAL_NODES];
	bool *done;               /* has a step */
};

/* Of a node, as predicted so far. */
static inline double load_of(const struct work *w, unsigned int node)
{
	return w->tasks[node] / w->node[node].cpus;
}

/* Loads of the nodes of a set that have CPUs. */
double bal_highest(const struct work *w, uint64_t set);
double bal_lowest(const struct work *w, uint64_t set);
double bal_imbalance(const struct work *w);
uint64_t bal_nodes_with_cpus(const struct work *w);
unsigned int bal_cpus_of(const struct bal_node *node, unsigned int n_nodes, uint64_t set);

double bal_total_kb(const struct work *w, const struct bal_group *g);
/* Memory that would have to come to these nodes; and that for each CPU that it uses, NaN: not known. */
double bal_elsewhere_kb(const struct work *w, const struct bal_group *g, uint64_t at);
double bal_mib_per_cpu(const struct work *w, const struct bal_group *g, uint64_t at);
/* A node without memory has room for nobody's. */
bool bal_has_room(const struct work *w, const struct bal_group *g, uint64_t at);

/* Tasks on each node, if those of group `but` (n: of none) are left out; if a group of one node went to another one. */
void bal_without(const struct work *w, size_t but, double *tasks);
void bal_if(const struct work *w, const struct bal_group *g, unsigned int to, double *tasks);
/* Take a step: into the plan, and into the prediction. */
void bal_step(struct work *w, size_t group, enum bal_kind kind, uint64_t to, bool cpus, bool memory);
/* Exposure of all groups together, now and after the steps. */
void bal_together(struct work *w);

#endif
