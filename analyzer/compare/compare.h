/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comparing arms: each arm is a row of iterations, each iteration has one or more samples
 * of a metric. Nothing is pooled silently: what one unit of the statistics is (a run, an
 * iteration, a boot) follows from the recorded design and is printed.
 *
 *   gather  cmp_add_tree() | cmp_add_traces(), cmp_load_traces()   data.c read_*.c traces.c
 *                                     -> struct cmp: arms, metrics, samples
 *   decide  cmp_decide()              -> struct cmp_result: design, one row a metric and arm
 *   show    cmp_write(), and the views that take cmp and cmp_result: page, mmtests, gate, explain
 */
#ifndef MMT_COMPARE_H
#define MMT_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "../metrics.h"
#include "../u64map.h"

enum cmp_source { CMP_BENCHMARK, CMP_KERNEL };

/* What A/A comparisons showed on this machine. */
struct cmp_floor {
	double rel;       /* relative; 0: none recorded */
	uint32_t pairs;
};

struct cmp_metric {
	char *name;
	char *unit;
	enum metric_direction better;
	enum metric_kind kind;
	enum cmp_source source;
	double min_rel;   /* smallest relative change worth a word */
	bool fresh;       /* each sample comes from a process of its own: it may be a unit by itself */
	bool ratio;       /* marked for ratio tables (an R in the extra column) */
	bool unit_varies; /* the arms do not agree on unit or direction: nothing can be compared */
	struct cmp_floor floor, floor_blocks; /* of arms in any order; of arms within blocks */
	double threshold; /* relative: asked for, in place of the general least change; 0: not */
};

struct cmp_iteration {
	char *path;       /* directory or trace */
	char *trace;      /* path of its trace; NULL: none */
	uint64_t dev, ino; /* of a trace that was named by itself, so that none counts twice; 0: not */
	unsigned int number;
	bool complete;    /* its benchmark results count */
	bool traced;      /* its kernel metrics count */
	bool excluded;    /* by the user */
	char *why;        /* one line where something is amiss */
	char *boot_id;
	double start;     /* seconds of the epoch; NaN: not known */
	double user, system, elapsed; /* s, of the benchmark by tests-timestamp; NaN: not known */
};

struct cmp_fact { char *key, *value; bool varies; }; /* of the system, from the arm's traces */

struct cmp_arm {
	char *name;
	struct cmp_iteration *iter;
	size_t n_iter;
	struct cmp_fact *fact;
	size_t n_facts;
};

struct cmp_value { uint32_t metric, arm, iter, seq; double value; }; /* seq: order of reading */

struct cmp {
	struct cmp_arm *arm;
	size_t n_arms;
	struct cmp_metric *metric;
	size_t n_metrics;
	struct cmp_value *value; /* missing values are not here; NaN may be */
	size_t n_values, cap_values;
	struct u64map by_name;   /* hash of the name, see data.c */
	const char *patterns;    /* kernel metrics wanted, NULL: the usual */
	char *benchmark;         /* NULL: traces alone */
	char *dir;               /* of the results; NULL: traces alone */
	char *floor_file;        /* where the metrics' floors are from; NULL: there are none */
	bool no_traces;          /* of the results only what the benchmark says is wanted */
	bool all_runs;           /* a run without the benchmark is an error, also where none are named */
	bool times_only;         /* not even that: a run without results is none that is missing */
	struct cmp_job *job;     /* traces to be read */
	size_t n_jobs;
	mmt_log_fn log;
	void *log_ctx;
};

void cmp_init(struct cmp *c);
void cmp_free(struct cmp *c);
/* DIR/NAME/iter-N/BENCH/...; bench NULL: the only one there is. names: comma separated, NULL: all. */
int cmp_add_tree(struct cmp *c, const char *dir, const char *bench, const char *names);
/* One arm of traces, comma separated: A1.mmt,A2.mmt */
int cmp_add_traces(struct cmp *c, const char *list);
/* Iterations the user leaves out: "NAME:N,...". -EINVAL after a message when there is none of that name. */
int cmp_exclude(struct cmp *c, const char *list);
/* After the last of them: reads the traces, on all CPUs. */
int cmp_load_traces(struct cmp *c);
/* A fact of an arm's system; NULL: not recorded. */
const char *cmp_fact(const struct cmp_arm *a, const char *key, bool *varies);
/* NULL also where it varies. */
const char *cmp_one_fact(const struct cmp_arm *a, const char *key);
/* The metrics' A/A floors from DIR/aa.json, of this benchmark and host. After the traces, which know the host. */
int cmp_load_floors(struct cmp *c);

/* For the gatherers. */
struct cmp_arm *cmp_arm(struct cmp *c, const char *name);
struct cmp_iteration *cmp_iteration(struct cmp_arm *arm, const char *path, unsigned int number);
/* Index of the metric, made when it is new. Another unit than before sets unit_varies. */
int cmp_metric(struct cmp *c, const char *name, const char *unit, enum metric_direction better, enum cmp_source source);
int cmp_value(struct cmp *c, uint32_t metric, const struct cmp_arm *arm, const struct cmp_iteration *it, double value);
/* A trace to be read by cmp_load_traces(); one that cannot be used is said in it->why. */
int cmp_queue_trace(struct cmp *c, const struct cmp_arm *arm, struct cmp_iteration *it, const char *path);
void cmp_free_jobs(struct cmp *c);
int cmp_say(const struct cmp *c, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
