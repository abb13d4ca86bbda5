/* SPDX-License-Identifier: GPL-2.0-only */
/* Percentiles of one sample and their distribution-free interval. */
#ifndef MMT_STATS_PERCENTILE_H
#define MMT_STATS_PERCENTILE_H

#include <stddef.h>

/*
 * Order statistics l, u (1-based, 0: not to be had at this n) around quantile p: l is the
 * largest with P(Bin(n, p) < l) <= tail, u the smallest with P(Bin(n, p) >= u) <= tail.
 */
struct stats_order_ci {
	size_t l, u;
	double lo, hi;   /* the values; NaN without */
	double coverage; /* P(l <= Bin(n, p) < u), a missing end being open */
};

void stats_order_ci(const double *sorted, size_t n, double p, double level, struct stats_order_ci *c);

/* x[ceil(n p)], 1-based, p = permille / 1000: in whole numbers, so that 0.95 * 20 is 19. NaN when n is 0. */
double stats_nearest_rank(const double *sorted, size_t n, unsigned int permille);

#endif
