// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "desc.h"
#include "dist.h"
#include "effect.h"
#include "rng.h"
#include "stats_int.h"

struct arm {
	const double *x;
	size_t n;
	double *again; /* room for a resample */
};

static double mean_of(const double *x, size_t n, void *arg)
{
	double sum = 0;
	size_t i;

	(void)arg;
	for (i = 0; i < n; i++)
		sum += x[i] - x[0];
	return x[0] + sum / (double)n;
}

static double resample(const struct arm *arm, struct stats_rng *rng, stats_fn fn, void *arg)
{
	size_t i;

	for (i = 0; i < arm->n; i++)
		arm->again[i] = arm->x[stats_rng_below(rng, arm->n)];
	return fn(arm->again, arm->n, arg);
}

/* The ratio with one value left out at a time, `other` held. */
static void leave_out(const struct arm *arm, bool is_a, double other, stats_fn fn, void *arg, double *value)
{
	size_t i, j, k;
	double l;

	for (i = 0; i < arm->n; i++) {
		for (j = 0, k = 0; j < arm->n; j++)
			if (j != i)
				arm->again[k++] = arm->x[j];
		l = fn(arm->again, arm->n - 1, arg);
		value[i] = is_a ? other / l : l / other;
	}
}

/* The same of means, less the ratio of all: what is far from 0 with a small spread keeps its digits. */
static void leave_out_of_mean(const struct arm *arm, bool is_a, double other, double *value)
{
	double above = 0, mean, d;
	size_t i;

	for (i = 0; i < arm->n; i++)
		above += (arm->x[i] - arm->x[0]) / (double)arm->n;
	mean = arm->x[0] + above;
	for (i = 0; i < arm->n; i++) {
		d = (arm->x[i] - arm->x[0] - above) / ((double)arm->n - 1);
		value[i] = is_a ? other / mean * (d / (mean - d)) : -d / other;
	}
}

/* Adds an arm's squares and cubes of influence. */
static void jackknife(const struct arm *arm, bool is_a, double other, stats_fn fn, void *arg, double *value, double *sq,
		      double *cube)
{
	double mean = 0, l;
	size_t i;

	if (fn == mean_of)
		leave_out_of_mean(arm, is_a, other, value);
	else
		leave_out(arm, is_a, other, fn, arg, value);
	for (i = 0; i < arm->n; i++)
		mean += value[i] / (double)arm->n;
	for (i = 0; i < arm->n; i++) {
		l = ((double)arm->n - 1) / (double)arm->n * (mean - value[i]);
		*sq += l * l;
		*cube += l * l * l;
	}
}

/* Where BCa takes its end in the sorted resamples: the level p moved by bias and skew. */
static double bca_level(double p, double z0, double acceleration)
{
	double z = z0 + stats_normal_quantile(p);

	return stats_normal_cdf(z0 + z / (1 - acceleration * z));
}

/* This share of what is as large as the estimate counts as below it; never all or none. */
static double bias(const double *sorted, size_t n, double at, double ties)
{
	double spread = sorted[n - 1 - n / 4] - sorted[n / 4], below = 0, eps;
	size_t i;

	/* what rounding tells apart is equal; but a small spread far from 0 is a spread */
	eps = fmax(4 * DBL_EPSILON * fabs(at), fmin(1e-12 * fabs(at), 1e-6 * spread));
	for (i = 0; i < n; i++)
		below += sorted[i] < at - eps ? 1 : sorted[i] <= at + eps ? ties : 0;
	below = fmin(fmax(below, 0.5), (double)n - 0.5);
	return stats_normal_quantile(below / (double)n);
}

static void intervals(double *ratio, size_t rounds, double level, struct stats_boot *r)
{
	double tail = (1 - level) / 2;

	stats_sort(ratio, rounds);
	r->lo = stats_quantile(ratio, rounds, tail);
	r->hi = stats_quantile(ratio, rounds, 1 - tail);
	r->z0 = bias(ratio, rounds, r->ratio, 0.5);
	r->z0_strict = bias(ratio, rounds, r->ratio, 0);
	r->bca_lo = stats_quantile(ratio, rounds, bca_level(tail, r->z0, r->acceleration));
	r->bca_hi = stats_quantile(ratio, rounds, bca_level(1 - tail, r->z0, r->acceleration));
}

int stats_bootstrap_ratio(const double *a, size_t na, const double *b, size_t nb, double level, unsigned int rounds,
			  uint64_t seed, stats_fn fn, void *arg, struct stats_boot *r)
{
	double *ratio, at_a, at_b, sq = 0, cube = 0;
	struct arm arm_a = { .x = a, .n = na }, arm_b = { .x = b, .n = nb };
	struct stats_rng rng;
	unsigned int i;

	*r = (struct stats_boot){ .status = STATS_NO_VALUES,
				  .ratio = NAN,
				  .lo = NAN,
				  .hi = NAN,
				  .bca_lo = NAN,
				  .bca_hi = NAN,
				  .z0 = NAN,
				  .z0_strict = NAN,
				  .acceleration = NAN };
	if (!na || !nb)
		return 0;
	fn = fn ? fn : mean_of;
	at_a = fn(a, na, arg);
	at_b = fn(b, nb, arg);
	r->status = STATS_UNDEFINED;
	if (!isfinite(at_b / at_a))
		return 0;
	r->ratio = at_b / at_a;
	r->status = STATS_TOO_FEW;
	if (na < 2 || nb < 2 || !rounds)
		return 0;
	ratio = malloc((rounds + 2 * (na + nb)) * sizeof(*ratio));
	if (!ratio)
		return -ENOMEM;
	arm_a.again = ratio + rounds;
	arm_b.again = arm_a.again + na;
	/* the values left over at the end are for one arm at a time */
	jackknife(&arm_a, true, at_b, fn, arg, arm_b.again + nb, &sq, &cube);
	jackknife(&arm_b, false, at_a, fn, arg, arm_b.again + nb, &sq, &cube);
	/* influences that are but rounding have no skew */
	r->acceleration = sqrt(sq) > (fn == mean_of ? 0 : 1e-14 * fabs(r->ratio)) ? cube / (6 * pow(sq, 1.5)) : 0;
	r->status = STATS_OK;
	stats_rng_seed(&rng, seed);
	for (i = 0; i < rounds && r->status == STATS_OK; i++) {
		at_a = resample(&arm_a, &rng, fn, arg);
		ratio[i] = resample(&arm_b, &rng, fn, arg) / at_a;
		if (isnan(ratio[i]))
			r->status = STATS_UNDEFINED; /* a resample without a ratio */
	}
	if (r->status == STATS_OK)
		intervals(ratio, rounds, level, r);
	free(ratio);
	return 0;
}
