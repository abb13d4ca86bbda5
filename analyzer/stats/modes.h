/* SPDX-License-Identifier: GPL-2.0-only */
/* Two modes in one sample: a hint, no test. */
#ifndef MMT_STATS_MODES_H
#define MMT_STATS_MODES_H

#include <stdbool.h>
#include <stddef.h>

struct stats_modes {
	double lo, hi;   /* medians below and above the gap */
	double hi_share; /* of the values above it */
};

/*
 * n >= 20, and the widest gap between neighbours, with a fifth of the values or more on
 * either side, is more than 3 times the median gap there, and the sides' medians are more
 * than 5 of their spreads (MAD, scaled) apart. 1, 0, -ENOMEM.
 */
int stats_two_modes(const double *x, size_t n, struct stats_modes *m);

#endif
