/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comparing arms: each arm is a row of iterations, each iteration gives one value a
 * metric, and the iteration is the statistical unit. Nothing is pooled: several values of
 * a metric within one iteration are averaged to that iteration's one value first.
 *
 *   gather  cmp_add_tree() | cmp_add_traces(), cmp_load_traces()
 *                                              -> struct cmp: arms, metrics, values
 *   decide  cmp_decide() with a rule           -> one struct cmp_row a metric and arm
 *   show    cmp_write()
 */
#ifndef MMT_COMPARE_H
#define MMT_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "../metrics.h"
#include "../stats/desc.h"
#include "../stats/test.h"
#include "../table.h"

enum cmp_source { CMP_BENCHMARK, CMP_KERNEL };

struct cmp_metric {
	char *name;
	char *unit;
	enum metric_direction better;
	enum cmp_source source;
	double min_rel;
};

struct cmp_iteration {
	char *path;       /* directory or trace */
	unsigned int number;
	bool complete;    /* its benchmark results count */
	bool traced;      /* its kernel metrics count */
	char *why;        /* one line where either is false */
	char *boot_id;
};

struct cmp_fact { char *key, *value; bool varies; }; /* of the system, from the arm's traces */

struct cmp_arm {
	char *name;
	struct cmp_iteration *iter;
	size_t n_iter;
	struct cmp_fact *fact;
	size_t n_facts;
};

struct cmp_value { uint32_t metric, arm, iter; double value; uint32_t n; }; /* n: values averaged */

struct cmp {
	struct cmp_arm *arm;
	size_t n_arms;
	struct cmp_metric *metric;
	size_t n_metrics;
	struct cmp_value *value; /* missing values are not here */
	size_t n_values, cap_values;
	struct u64map by_name;   /* hash of the name, see compare.c */
	const char *patterns;    /* kernel metrics wanted, NULL: the usual */
	char *benchmark;
	struct cmp_job *job; /* traces to be read */
	size_t n_jobs;
	mmt_log_fn log;
	void *log_ctx;
};

/* How a row is decided; more rules will stand beside Welch's. */
struct cmp_rule {
	const char *name, *describe;
	double level; /* of the interval */
	void (*decide)(const struct cmp_rule *rule, const double *a, size_t na, const double *b, size_t nb,
		       struct stats_welch *w);
};

struct cmp_row {
	uint32_t metric, arm;
	struct stats_desc desc;
	size_t missing, dropped;   /* iterations without a value; values that were no numbers */
	struct stats_welch test;   /* against the first arm; unused there */
	double delta, lo, hi;      /* % of the first arm's mean, + is better where there is a better */
	const struct cmp_rule *rule;
};

extern const struct cmp_rule cmp_rule_welch;

void cmp_init(struct cmp *c);
void cmp_free(struct cmp *c);
/* DIR/NAME/iter-N/BENCH/...; bench NULL: the only one there is. names: comma separated, NULL: all. */
int cmp_add_tree(struct cmp *c, const char *dir, const char *bench, const char *names);
/* One arm of traces, comma separated: A1.mmt,A2.mmt */
int cmp_add_traces(struct cmp *c, const char *list);
/* After the last of them: reads the traces, on all CPUs. */
int cmp_load_traces(struct cmp *c);

int cmp_decide(const struct cmp *c, const struct cmp_rule *rule, struct cmp_row **rows, size_t *n);
int cmp_write(const struct cmp *c, const struct cmp_rule *rule, const struct table_out *o, FILE *f);

/* For the gatherers. */
struct cmp_arm *cmp_arm(struct cmp *c, const char *name);
struct cmp_iteration *cmp_iteration(struct cmp_arm *arm, const char *path, unsigned int number);
int cmp_metric(struct cmp *c, const char *name, const char *unit, enum metric_direction better, enum cmp_source source);
int cmp_value(struct cmp *c, uint32_t metric, const struct cmp_arm *arm, const struct cmp_iteration *it, double value);
/* A trace to be read by cmp_load_traces(); one that cannot be used is said in it->why. */
int cmp_queue_trace(struct cmp *c, const struct cmp_arm *arm, const struct cmp_iteration *it, const char *path);
void cmp_free_jobs(struct cmp *c);
int cmp_say(const struct cmp *c, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
