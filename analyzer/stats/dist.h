/* SPDX-License-Identifier: GPL-2.0-only */
/* Distributions: tails and quantiles, to close to double precision. */
#ifndef MMT_STATS_DIST_H
#define MMT_STATS_DIST_H

/* Regularised incomplete beta function I_x(a, b). */
double stats_beta_inc(double a, double b, double x);
/* P(|T| >= |t|) of Student's t. */
double stats_t_two_sided(double t, double df);
/* t with P(|T| <= t) = level. */
double stats_t_quantile(double level, double df);

double stats_normal_cdf(double z);
double stats_normal_two_sided(double z);  /* P(|Z| >= |z|) */
double stats_normal_quantile(double p);   /* z with P(Z <= z) = p */
double stats_chi2_cdf(double x, double df);
/* x with P(X <= x) = p for chi-square. */
double stats_chi2_quantile(double p, double df);
/* P(X <= k), X binomial(n, p). */
double stats_binom_cdf(double k, double n, double p);

#endif
