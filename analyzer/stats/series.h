/* SPDX-License-Identifier: GPL-2.0-only */
/* Values in the order in which they were taken: drift, dependence, outliers, change points, correlation. */
#ifndef MMT_STATS_SERIES_H
#define MMT_STATS_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stats_drift {
	size_t n;
	double mk_s, mk_var, mk_z, mk_p; /* Mann-Kendall, variance corrected for ties, continuity correction */
	double lag1;                     /* autocorrelation */
	double von_neumann;
	double theil_sen;                /* median slope a step */
};

int stats_drift(const double *x, size_t n, struct stats_drift *d);
/* Median of (y[j] - y[i]) / (t[j] - t[i]); NaN when all t are equal. t NULL: 0, 1, 2, ... */
double stats_theil_sen(const double *t, const double *y, size_t n);

struct stats_outliers {
	double fence[4];          /* outer low, inner low, inner high, outer high: type 7 quartiles -+ 3 and 1.5 IQR */
	bool mad_fallback;        /* MAD is 0: 1.253314 * mean |x - median| is the scale */
	size_t n_severe, n_mild, n_modz;
};

enum { STATS_OUT_MILD = 1, STATS_OUT_SEVERE = 2, STATS_OUT_MODZ = 4 };

/* Reports, never deletes. flag[i] and modz[i] (each may be NULL) for each value. */
int stats_outliers(const double *x, size_t n, struct stats_outliers *o, unsigned char *flag, double *modz);

struct stats_corr {
	size_t n; /* pairs without a NaN */
	bool defined;
	double pearson, pearson_p, spearman, spearman_p_t, spearman_p_exact;
	double kendall_s, kendall_tau_b, kendall_p_asymp, kendall_p_exact;
};

int stats_correlation(const double *x, const double *y, size_t n, struct stats_corr *c);

#endif
