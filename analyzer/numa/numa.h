/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where memory was, where it was used from, and what that makes of it, over the window of
 * a model.
 *
 * Placement: pages per node at measurements. Residency: run time per node. Off-node
 * exposure of a process = sum over nodes n of (run time on n) x (1 - share of its memory
 * on n), as a share of its run time. Run time between two measurements is held against
 * the mean of both, before the first and after the last against that one: the exposure
 * is linear in each measurement, with the run time around it as weights.
 *
 * Interval. A measurement by sampling is worth n draws of pages. Its part of the exposure
 * is the mean of x = (share of the run time that was not on the page's node) over pages:
 * variance (sum w^2 s - (sum w s)^2) / n of a multinomial, w the run time on a node, s the
 * share of memory there. Measurements are independent: variances add up, and give the
 * size of a simple random sample that says as much, of which Wilson's interval is taken.
 * Where all draws agree that is never taken to be less than the draws that were made.
 *
 * Memory: some 50 bytes a process and node, and kind; it does not grow with time.
 */
#ifndef MMT_NUMA_H
#define MMT_NUMA_H

#include "../load_row.h"
#include "../model.h"

/* of column kind and column method of table placement */
enum { NUMA_ALL, NUMA_ANON, NUMA_FILE, NUMA_SHARED, NUMA_HUGE, NUMA_KINDS };
enum { NUMA_EXACT = 1, NUMA_SAMPLE = 2, NUMA_CGROUP = 4 };

struct numa_sum {       /* of a process, or of all: what exposure is made of */
	double run;     /* ns */
	double covered; /* of this, of processes whose memory was measured */
	double off;     /* ns on a node that the memory is not on */
	double far;     /* ns x distance of the memory, over that of the node to itself */
	double far_run; /* ns for which distances are known */
	double var, w2; /* of off: variance; sum of weights squared over draws */
};

struct numa_proc {
	uint64_t epoch;  /* of its leader; 0: a cgroup */
	uint64_t cgroup;
	uint32_t tgid;
	uint32_t seen, in_window; /* measurements */
	unsigned int methods;     /* bits, of those in the window */
	uint64_t cost_ns;         /* of these */
	struct numa_sum sum;
	double *run;     /* by node: ns in the window */
	double *kb;      /* by kind and node: mean of the measurements of the window, or of the one next to it */
	double *lo, *hi; /* by node */
	/* the measurement that was made last */
	double *share, *weight, *pending;
	double n;        /* draws; 0: exact */
};

struct numa {
	unsigned int n_nodes;
	struct numa_proc *procs; size_t n_procs, cap_procs;
	struct u64map by_epoch, by_tgid, by_cgroup;
	struct numa_sum all; /* of processes; kernel threads and the collector have no part in it */
	double lost_kb;      /* on nodes that the trace does not know */
	struct numa_row *row; /* of the measurement that is being read */
};

/* For the loader: its columns, a row; run time of a task by node, of a row in the window. */
#define NUMA_COLS 13
extern const char *const numa_cols[NUMA_COLS];
int numa_row(struct model *m, const struct row *r);
int numa_run(struct model *m, const struct model_task *t, const uint64_t *place, unsigned int n);
/* A process begins: tasks with its number belong to it from now on. */
void numa_leader(struct model *m, const struct model_task *t);
void numa_forget(struct numa *x);
int numa_finish(struct model *m);
void numa_free(struct numa *x);

/* Node of a place of task_totals, which are CPUs (meta totals.place) or nodes; UINT32_MAX: not known. */
unsigned int numa_node_of(const struct model *m, bool cpus, unsigned int place);
/* Distance of node b from a, in that of a to itself; NaN: not known. */
double numa_distance(const struct model *m, unsigned int a, unsigned int b);
void numa_sum_add(struct numa_sum *a, const struct numa_sum *b);

/* Were placements recorded? */
bool numa_recorded(const struct model *m);

struct numa_exposure {
	double share, lo, hi; /* of the run time, 0 to 1; NaN: it did not run, or was not measured */
	double distance;      /* mean, relative to local memory: 1 all of it local; NaN: not known */
	double covered;       /* share of the run time that this is about */
};
struct numa_exposure numa_exposure(const struct numa_sum *s);
/* Of the machine, for metrics: percent, or the relative distance. -ENODATA where it was not recorded. */
enum numa_what { NUMA_EXPOSURE, NUMA_DISTANCE, NUMA_COVERAGE };
int numa_metric(const struct model *m, enum numa_what what, double *value);

#endif
