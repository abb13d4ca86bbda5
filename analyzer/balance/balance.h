/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which group of tasks (a VM, a cgroup) should run on which node, from what was measured
 * of a host: pure functions of their input, without a clock and without a host.
 *
 * Words: the load of a node is the tasks on its run queues for each of its CPUs. The
 * demand of a group is how many of its tasks run or want to, its use how many CPUs it has
 * got. A group is wider than a node when it can use more CPUs at a time than any node has.
 */
#ifndef MMT_BALANCE_H
#define MMT_BALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BAL_NODES 64 /* sets of nodes are masks */

struct bal_node {
	unsigned int cpus;             /* online; 0: memory alone */
	double tasks;                  /* on its run queues, mean of the interval */
	uint64_t mem_kb, free_kb;      /* free: what can be had without pressure */
	uint16_t dist[BAL_NODES];      /* 0: not known */
};

/* Why a group is left where it is. */
enum bal_fixed {
	BAL_MOVABLE,
	BAL_NO_CPUSET,   /* no cgroup with cpuset files, or not ours to write */
	BAL_SHARED,      /* its cgroup has others' tasks */
	BAL_PINNED,      /* its threads are pinned by hand (affinity) */
	BAL_NOT_TOLD,    /* it was not among those to be moved */
	BAL_GAVE_UP,     /* somebody else set its cpuset since, or a step failed */
	BAL_N_FIXED,
};

struct bal_group {
	const char *name;
	enum bal_fixed fixed;
	bool is_new;                   /* began since the balancer did, and was not placed yet */
	bool memory_bound;             /* most of it by policies of its own: it does not follow */
	unsigned int width;            /* CPUs that it can use at a time */
	double demand, use;
	double run[BAL_NODES];         /* share of its demand by node */
	bool memory_known;
	double kb[BAL_NODES];          /* resident, by node */
	uint64_t cpus_at, mems_at;     /* nodes that it may use now */
	uint64_t may;                  /* nodes that it could be given (by the cgroup above it) */
	bool part_of_node;             /* it has some CPUs of a node and not all */
	bool moved;                    /* by us, its CPUs; its memory has not followed yet */
	double since_move;             /* s */
};

struct bal_opts {
	double ratio;        /* highest load over lowest, from which on there is something to do: 1.1 */
	double high;         /* and the highest load, above which: 1.0 */
	double gain;         /* the higher of both loads must fall by this share of what the group brings along: 0.2 */
	double probation;    /* s, until memory follows and the group may be moved again: 30 */
	double idle;         /* tasks; a demand below is none: 0.1 */
	double exposure;     /* from which on a group is gathered where its memory is: 0.5 */
	uint64_t gather_kb;  /* and its least memory: 64 MiB */
	unsigned int moves;  /* of CPUs a round: 4 */
};
extern const struct bal_opts bal_defaults;

enum bal_kind {
	BAL_CPUS,   /* to a node, by the rule of loads */
	BAL_GATHER, /* CPUs to where memory is */
	BAL_MEMORY, /* memory follows the CPUs */
	BAL_PLACE,  /* of a new one: CPUs and memory */
	BAL_SPREAD, /* of one wider than a node: whole nodes, CPUs; and memory too where it is new */
};

struct bal_step {
	enum bal_kind kind;
	bool cpus, memory;           /* what it sets */
	size_t group;
	uint64_t from, to;           /* sets of nodes */
	double load_from, load_to;   /* of the most loaded node of each, before */
	double load_from_then, load_to_then;
	double mib_per_cpu;          /* memory that would have to follow, for each CPU that it uses: least first; NaN: not known */
	/* of the group: now, with its CPUs there, and when its memory has followed; NaN: not known */
	double exposure, exposure_cpus, exposure_memory;
	double move_kb;              /* memory that is elsewhere */
};

/* A group that would have been moved, and why it is not. */
struct bal_left {
	size_t group;
	const char *why;
};

struct bal_plan {
	struct bal_step *steps; size_t n;
	struct bal_left *left; size_t n_left;
	const char *nothing;         /* no step: why */
	double imbalance, imbalance_then;   /* (highest - lowest) / highest load; NaN: one node, or nothing runs */
	double ratio, high;          /* now: highest / lowest load (infinite where one has none), highest */
	double exposure, exposure_cpus, exposure_memory; /* of the groups together, by CPU use */
	double exposure_then;        /* right after the steps: memory has moved where they move it, and nowhere else */
};

/* 0 or -ENOMEM. */
int bal_decide(const struct bal_node *nodes, unsigned int n_nodes, const struct bal_group *groups, size_t n,
	       const struct bal_opts *o, struct bal_plan *plan);
void bal_plan_free(struct bal_plan *plan);

/* Off-node exposure of a group that runs evenly on the CPUs of these nodes, or as it does (0); NaN: not known. */
double bal_exposure(const struct bal_node *nodes, unsigned int n_nodes, const struct bal_group *g, uint64_t at);
const char *bal_fixed_name(enum bal_fixed why);
const char *bal_kind_name(enum bal_kind kind);

#endif
