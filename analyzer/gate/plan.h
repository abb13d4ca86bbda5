/* SPDX-License-Identifier: GPL-2.0-only */
/* How many units an effect needs, from a pilot: by the exact noncentral t, with what the pilot does not know. */
#ifndef MMT_PLAN_H
#define MMT_PLAN_H

#include <stdio.h>

#include "../compare/decide.h"
#include "../table.h"

#define PLAN_EFFECTS 4 /* 1, 2, 5 % and the one asked for */
#define PLAN_SIZES 6   /* 3, 5, 8, 10, 20, 30 */

struct plan_opts {
	double effect;      /* relative; 0: only the usual ones */
	double alpha, power; /* 0: 0.05, 0.8 */
	unsigned int tests; /* that alpha is shared by (Bonferroni); 0: 1 */
	double cv;          /* relative: without a pilot; 0: there is one */
	bool paired;        /* with cv */
	double boot_s;      /* what a boot costs; 0: not said */
	double run_s;       /* an iteration, with cv; 0: not said */
};

/* Between boots and within them, of one metric, relative. */
struct plan_boots {
	bool known;          /* two boots or more with two units in some */
	size_t boots;
	double within, between; /* sd; between 0: boots do not differ more than their iterations */
	double best;         /* iterations a boot where time is spent best (Kalibera and Jones); NaN: the cost of a boot is not known */
	double n[PLAN_EFFECTS]; /* boots an arm with one iteration each */
};

struct plan_metric {
	uint32_t metric;
	bool paired;
	size_t units;        /* of the pilot: all arms; pairs */
	double per_iteration; /* units that an iteration gives: runs of a benchmark that runs several times in each; below 1: boots */
	double sd, sd_hi;    /* relative; its upper 80 % limit */
	const char *why;     /* there is no sd: why */
	double n[PLAN_EFFECTS], n_hi[PLAN_EFFECTS]; /* units an arm; NaN: beyond reach */
	double mde[PLAN_SIZES]; /* %, by sd */
	struct plan_boots boots;
};

struct plan {
	const struct cmp *c;        /* NULL: by cv alone */
	const struct cmp_result *r;
	struct plan_opts o;         /* defaults filled in; alpha divided by tests */
	double alpha_each;
	double effect[PLAN_EFFECTS]; /* relative, ascending */
	size_t n_effects;
	double iteration_s;         /* mean time of an iteration; NaN: not known */
	size_t arms;                /* that the time is for: 2 at least */
	struct plan_metric *m;
	size_t n;
};

double plan_size(size_t i);

/* c and r: of the pilot, one arm or more; NULL with o->cv. */
int plan_make(const struct cmp *c, const struct cmp_result *r, const struct plan_opts *o, struct plan *p);
void plan_free(struct plan *p);
int plan_write(const struct plan *p, const struct table_out *o, FILE *f);

/*
 * Iterations a boot that cost least for the same precision: sqrt(cost of a boot / cost of
 * an iteration * variance within / variance between), at least 1.
 */
double plan_iterations_a_boot(double boot_s, double run_s, double within, double between);

/* One-way components of variance: values x, group g[i] of n_groups. false: not estimable. */
bool plan_components(const double *x, const uint32_t *g, size_t n, size_t n_groups, double *within, double *between);

#endif
