/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Load of nodes over the window of a model: tasks on their CPUs' run queues (running or
 * waiting to), by samples; load is tasks for each CPU. Nodes without CPUs have none.
 */
#ifndef MMT_NODES_H
#define MMT_NODES_H

#include "../model.h"

struct node_load {
	uint32_t node, cpus;   /* cpus: online when the recording began, or sampled */
	uint64_t mem_kb;
	uint64_t samples;      /* of its CPUs, the most */
	double tasks;          /* at a time, mean of samples; NaN: not sampled */
	double load;           /* tasks / cpus; NaN */
	uint64_t max;          /* the most tasks that a sample saw on one of its CPUs */
	double busy;           /* share of its CPUs' time with a task, by the totals; NaN */
};

/* Was the load of CPUs recorded? */
bool nodes_recorded(const struct model *m);
/* A row for each node, by number; to be freed. 0 or -ENOMEM. */
int nodes_load(const struct model *m, struct node_load **out, size_t *n);
/* (highest - lowest) / highest load, 0 to 1; NaN: less than two nodes with CPUs, or nothing ran. */
double nodes_imbalance(const struct node_load *v, size_t n);

/* Of the machine, for metrics; -ENODATA where it was not recorded. */
enum nodes_what { NODES_TASKS, NODES_IMBALANCE, NODES_CPU_IMBALANCE };
int nodes_metric(const struct model *m, enum nodes_what what, double *value);

#endif
