/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything in this directory: pure functions over arrays. No allocation outlives a
 * call, nothing is printed, there is no state and no clock; the same input gives the same
 * output on every machine. Undefined results are NaN, which callers print as undefined and
 * never as 0. Inputs are finite unless a function says otherwise: stats_clean() drops
 * what is not, and counts it. Order of arguments: the baseline a first, then b.
 *
 * This file: one sample.
 */
#ifndef MMT_STATS_DESC_H
#define MMT_STATS_DESC_H

#include <stddef.h>

struct stats_desc {
	size_t n;
	double min, max, mean, median;
	double stddev; /* n - 1; NaN below 2 values */
	double cv;     /* stddev / |mean| */
};

/* Moves the finite values to the front and returns how many; the rest were dropped. */
size_t stats_clean(double *x, size_t n);
/* Ascending, in place. */
void stats_sort(double *x, size_t n);

double stats_mean(const double *x, size_t n);
/* Corrected two-pass variance about x[0], so that a big common offset costs no digits. */
double stats_variance(const double *x, size_t n);
/* Its root; unlike the variance it fits where squares do not (1e200, 1e-200). */
double stats_stddev(const double *x, size_t n);
/* g1 = m3 / m2^1.5 with divisors n; NaN without spread. */
double stats_skewness(const double *x, size_t n);
double stats_median(const double *x, size_t n);
double stats_mad(const double *x, size_t n);   /* median of |x - median|, not scaled */
double stats_hmean(const double *x, size_t n); /* NaN when a value is <= 0 */
double stats_gmean(const double *x, size_t n); /* NaN when a value is <= 0 */
/* H^2 sqrt(mean((1/x - 1/H)^2)), H the harmonic mean: MMTests' HStddev. NaN where H is, or below 2 values. */
double stats_hstddev(const double *x, size_t n);
/* Quantile of type 7 (R's and numpy's default) of an ascending array. */
double stats_quantile(const double *sorted, size_t n, double q);
void stats_describe(const double *x, size_t n, struct stats_desc *d);

#endif
