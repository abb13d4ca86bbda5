/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What MMTests (commit 638401e07e70, June 2026) computes for a metric, its quirks included:
 * only for views that say they are MMTests'. Sums are plain doubles in its order, best value
 * first, since its last digits decide its marks. NaN: it prints NaN or nothing.
 */
#ifndef MMT_STATS_MMTESTS_H
#define MMT_STATS_MMTESTS_H

#include <stdbool.h>
#include <stddef.h>

enum mmtests_dir { MMTESTS_LOWER, MMTESTS_HIGHER }; /* which values are better; Amean rows or Hmean rows */

#define MMTESTS_BEST { 25, 50, 75, 90, 95, 99 }
#define MMTESTS_PCTILE { 1, 5, 10, 25, 50, 75, 90, 95, 99 }
#define MMTESTS_N_BEST 6
#define MMTESTS_N_PCTILE 9
extern const int mmtests_best_of[MMTESTS_N_BEST];
extern const int mmtests_pctile_of[MMTESTS_N_PCTILE];

struct mmtests_stats {
	size_t n;
	bool died;                      /* it aborts: harmonic mean of data whose best value is <= 0 */
	double min, max;
	double mean;                    /* Amean or Hmean */
	double stddev;                  /* Stddev with n - 1, HStddev with n */
	double coeffvar;                /* in percent; 0 where undefined */
	double ci, ci_low, ci_high;     /* half width 1.96 stddev, not divided by sqrt(n) */
	double best[MMTESTS_N_BEST];    /* BAmean.N, BHmean.N */
	double pctile[MMTESTS_N_PCTILE];
	double pctile95_low, pctile95_high; /* Pctile.95-CI */
};

/* x in any order, finite. -ENOMEM. */
int mmtests_stats(const double *x, size_t n, enum mmtests_dir dir, struct mmtests_stats *s);

/* Best value first, in place: what the next two want. */
void mmtests_sort(double *x, size_t n, enum mmtests_dir dir);
/* Mean of the best max(1, int(n * percent / 100)) values. */
double mmtests_best_mean(const double *sorted, size_t n, double percent, enum mmtests_dir dir);
/* Element max(1, int(n * percent / 100)), counted from the best. */
double mmtests_pctile(const double *sorted, size_t n, double percent);

/* Differences in percent where more (pdiff) or less (pndiff) is better, and the ratio. */
double mmtests_pdiff(double value, double base);
double mmtests_pndiff(double value, double base);
double mmtests_rdiff(double value, double base);

struct mmtests_compare {
	bool died;
	double base, value;  /* the mean rows */
	double pct, ratio;
	double cidiff;       /* (base - value) / (half width + half width); with no widths the difference itself */
	bool significant;    /* |cidiff| > 1: its '*' */
	double stddev_pct;
};

void mmtests_compare(const struct mmtests_stats *base, const struct mmtests_stats *value, enum mmtests_dir dir,
		     struct mmtests_compare *c);

/* The helpers of its bin-stats/ directory, on values as they come; the median is known to be wrong. */
struct mmtests_bin_stats {
	bool died;
	double mean, geomean, hmean, median, stddev, range;
};

int mmtests_bin_stats(const double *x, size_t n, struct mmtests_bin_stats *s);

#endif
