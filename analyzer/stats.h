/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics as pure functions over arrays: no allocation that outlives a call, no
 * printing, no state. Undefined results are NaN; the caller prints them as undefined,
 * never as 0. Inputs must be finite: stats_clean() drops and counts what is not.
 */
#ifndef MMT_STATS_H
#define MMT_STATS_H

#include <stddef.h>

struct stats_desc {
	size_t n;
	double min, max, mean, median;
	double stddev; /* n - 1; NaN below 2 values */
	double cv;     /* stddev / |mean| */
};

enum stats_status {
	STATS_OK,
	STATS_TOO_FEW,       /* fewer than 2 values on a side: only the difference is defined */
	STATS_ZERO_VARIANCE, /* no spread on either side: p is 0 or 1 by fiat */
};

struct stats_welch {
	enum stats_status status;
	double diff;       /* mean(b) - mean(a) */
	double se, t, df;  /* df by Welch-Satterthwaite, not rounded */
	double p;          /* two-sided */
	double lo, hi;     /* interval of the difference at the level asked for */
};

/* Moves the finite values to the front and returns how many; the rest were dropped. */
size_t stats_clean(double *x, size_t n);

double stats_mean(const double *x, size_t n);
/* Corrected two-pass variance about x[0], so that a big common offset costs no digits. */
double stats_variance(const double *x, size_t n);
double stats_median(const double *x, size_t n);
void stats_describe(const double *x, size_t n, struct stats_desc *d);

/* Regularised incomplete beta function I_x(a, b). */
double stats_beta_inc(double a, double b, double x);
/* P(|T| >= |t|) of Student's t. */
double stats_t_two_sided(double t, double df);
/* t with P(|T| <= t) = level. */
double stats_t_quantile(double level, double df);

void stats_welch(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_welch *w);

const char *stats_status_name(enum stats_status s);

#endif
