/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of this directory only. */
#ifndef MMT_STATS_INT_H
#define MMT_STATS_INT_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "test.h"

/*
 * Mean and variance about the first value, wide enough that the squares of huge and tiny
 * values stay in range and a big common offset costs no digits.
 */
struct stats_moments {
	size_t n;
	double origin;
	long double mean; /* of x - origin; NaN when empty */
	long double var; /* n - 1; NaN below 2 values */
};

void stats_moments(const double *x, size_t n, struct stats_moments *m);
/* Of log(x / origin); false when a value is not positive. */
bool stats_log_moments(const double *x, size_t n, struct stats_moments *m);
/* Of origin / x - 1; false when a value is not positive. */
bool stats_reciprocal_moments(const double *x, size_t n, struct stats_moments *m);
/* Welch from moments; offset: what lies between the origins, b over a. */
void stats_welch_moments(const struct stats_moments *a, const struct stats_moments *b, long double offset, double level,
			 struct stats_welch *w);
/* One sample against 0: t, p and interval of `mean`, n of them with variance var. */
enum stats_status stats_t_one(long double mean, long double var, size_t n, double level, double *t, double *p,
			      double *lo, double *hi);

/* log(x / y), also where both are close to each other or far out; x, y > 0. */
double stats_log_ratio(double x, double y);

/*
 * How many of the subsets of k out of n ascending ranks have which sum; count[0] is for the
 * smallest sum, n_count of them, total all together. free(count). 0 or -ENOMEM.
 */
struct stats_subsets {
	double *count;
	size_t n_count;
	double total;
};

int stats_subsets(const uint32_t *rank, size_t n, size_t k, struct stats_subsets *s);

/*
 * Order statistics that end an interval whose rank statistic has these counts, as R does:
 * the c-th smallest and c-th largest. Returns c >= 1 and the achieved level.
 */
size_t stats_rank_cut(const double *count, size_t n, double total, double level, double *achieved);
/* The same by the normal approximation. */
size_t stats_rank_cut_normal(double mean, double sd, double level, double *achieved);

#endif
