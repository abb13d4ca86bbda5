/* SPDX-License-Identifier: GPL-2.0-only */
/* How big a difference is: ratios, shifts, standardised effects, and their intervals. */
#ifndef MMT_STATS_EFFECT_H
#define MMT_STATS_EFFECT_H

#include <stdint.h>

#include "test.h"

struct stats_ratio { /* b / a */
	enum stats_status status; /* STATS_UNBOUNDED: an end is infinite, or both are NaN */
	double ratio, lo, hi;
	double df;
	double p; /* log-Welch only */
	double g; /* Fieller only: t^2 var(mean a) / mean(a)^2; from 1 on the interval is unbounded */
};

/*
 * Ratio of arithmetic means by Fieller's theorem with unequal variances. With a mean of a of
 * 0 there is no ratio: STATS_UNBOUNDED if a varies, else STATS_UNDEFINED.
 */
void stats_ratio_fieller(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_ratio *r);
/*
 * The same on reciprocals, turned over: ratio of harmonic means. Where the interval of the
 * reciprocals reaches 0, STATS_UNBOUNDED and hi infinite. STATS_UNDEFINED when a value is <= 0.
 */
void stats_ratio_hmean(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_ratio *r);
/* Welch on logarithms: ratio of geometric means. STATS_UNDEFINED when a value is <= 0. -ENOMEM. */
int stats_ratio_log(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_ratio *r);

/* Hodges-Lehmann: median of all b[j] - a[i]; the interval inverts the Mann-Whitney test. */
struct stats_shift {
	enum stats_status status;
	double shift, lo, hi;
	double achieved; /* the interval's level without ties */
	bool attained; /* achieved >= the level asked for */
};

int stats_hodges_lehmann(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_shift *s);
/* The same on logarithms, as ratios. STATS_UNDEFINED when a value is <= 0. */
int stats_hodges_lehmann_ratio(const double *a, size_t na, const double *b, size_t nb, double level,
			       struct stats_shift *s);

double stats_cohen_d(const double *a, size_t na, const double *b, size_t nb); /* pooled standard deviation */
double stats_hedges_g(const double *a, size_t na, const double *b, size_t nb); /* J = 1 - 3 / (4 N - 9) */

/* Bootstrap of a ratio of statistics, arms resampled independently; only where nothing else serves. */
struct stats_boot {
	enum stats_status status;
	double ratio;
	double lo, hi; /* percentile */
	double bca_lo, bca_hi; /* bias-corrected and accelerated */
	double z0;             /* half of what equals the estimate counts as below it */
	double z0_strict;      /* none of it does */
	double acceleration;
};

typedef double (*stats_fn)(const double *x, size_t n, void *arg);

/* fn NULL: the mean. seed: same seed, same result, whatever the thread or order. -ENOMEM. */
int stats_bootstrap_ratio(const double *a, size_t na, const double *b, size_t nb, double level, unsigned int rounds,
			  uint64_t seed, stats_fn fn, void *arg, struct stats_boot *r);
/*
 * The same without chance, for means of up to 10 a of one sign (or 0) and 10 b: the limit of ever more
 * rounds. *r is what stats_bootstrap_ratio() found; the ends and z0 are replaced.
 * -ERANGE: too many, or a of both signs.
 */
int stats_bootstrap_ideal(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_boot *r);

#endif
