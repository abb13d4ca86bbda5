/* SPDX-License-Identifier: GPL-2.0-only */
/* One number for several: recap of many benchmarks, fairness of many shares, CPU cost, knee of a curve. */
#ifndef MMT_STATS_RECAP_H
#define MMT_STATS_RECAP_H

#include <stddef.h>

/* Geometric mean of ratios. */
struct stats_recap {
	size_t k;
	double gmean;
	double within_lo, within_hi;   /* these benchmarks: only the noise of their repetitions, normal */
	double between_lo, between_hi; /* a population of benchmarks: t over the log ratios; NaN below 2 */
};

/* se[i]: standard error of log ratio[i]. All NaN when a ratio is not positive. */
void stats_recap(const double *ratio, const double *se, size_t k, double level, struct stats_recap *r);

/* How evenly x is shared out. */
struct stats_fairness {
	size_t n;
	double jain;       /* (sum x)^2 / (n sum x^2); NaN when empty or all 0 */
	double max_min;    /* NaN when the smallest is <= 0 */
	double min_mean;
	double stddev, cov;
	double gini;       /* mean |x[i] - x[j]| over all pairs / (2 mean) */
	double spread_pct; /* (max - min) / mean in percent */
};

int stats_fairness(const double *x, size_t n, struct stats_fairness *f); /* -ENOMEM */

/* Throughput over load. */
struct stats_knee {
	double peak_load, peak;   /* largest throughput, smallest load on ties */
	double sat_load;          /* smallest load that reaches 95 % of it */
	size_t to_peak;           /* points up to the peak: a knee needs 3 */
	double knee_load, knee_dist; /* farthest above the chord from the first point to the peak, axes scaled to 1 */
	double drop_pct;          /* from the peak to the largest load */
};

int stats_knee(const double *load, const double *throughput, size_t n, struct stats_knee *k); /* -ENOMEM */

/* What work costs; NaN: not known, or divided by 0. */
struct stats_cost_in {
	double cycles, seconds, ops, ncpu, cpu_util, kb_per_s; /* cpu_util: 0 .. 1 of ncpu CPUs */
};

struct stats_cost {
	double cpu_load_cycles_per_s, cycles_per_op, ops_per_s;
	double demand_us_per_op, demand_us_per_kb; /* CPU time */
};

void stats_cost(const struct stats_cost_in *in, struct stats_cost *c);

#endif
