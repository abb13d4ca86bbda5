/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Planning: exact noncentral t, two-sided, both tails. Two samples of n each, df 2n - 2;
 * paired: n pairs, df n - 1. An effect d is in standard deviations: relative change over
 * the pooled coefficient of variation (paired: over the deviation of the log ratios).
 */
#ifndef MMT_STATS_POWER_H
#define MMT_STATS_POWER_H

#include <stdbool.h>

double stats_power(double n, double d, double alpha, bool paired);
/* Smallest whole n >= 2 with that power; NaN beyond 10 million. */
double stats_power_n(double d, double alpha, double power, bool paired);
/* Smallest d that n can see with that power. */
double stats_power_mde(double n, double alpha, double power, bool paired);
/* What sd may be at most: its upper limit at one-sided level p (0.8), sd * sqrt(df / chi2_{1-p}(df)). */
double stats_sd_upper(double sd, double df, double p);

#endif
