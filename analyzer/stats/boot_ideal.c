// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the bootstrap of a ratio of means tends to with ever more rounds, by counting: of a
 * small sample all resamples can be had, each once, with its multinomial weight.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "desc.h"
#include "dist.h"
#include "effect.h"

#define IDEAL_MAX 10 /* values in an arm: 92378 different resamples */

struct atom {
	double mean, weight;
};

struct arm {
	struct atom *atom; /* ascending */
	size_t n;
	const double *x;
	size_t n_x;
	double sign; /* of the means that are kept */
};

static int by_mean(const void *a, const void *b)
{
	const struct atom *x = a, *y = b;

	return (x->mean > y->mean) - (x->mean < y->mean);
}

/* All ways to take `left` more of the values from the i-th on; `ways` of them so far. */
static void enumerate(struct arm *arm, size_t i, size_t left, double sum, double ways)
{
	size_t k;

	if (i + 1 == arm->n_x || !left) {
		/* the last value takes what is left: one way to place it */
		sum += (double)left * (arm->x[arm->n_x - 1] - arm->x[0]);
		sum = arm->sign * (arm->x[0] + sum / (double)arm->n_x);
		arm->atom[arm->n++] = (struct atom){ sum, ways };
		return;
	}
	for (k = 0; k <= left; k++) {
		enumerate(arm, i + 1, left - k, sum + (double)k * (arm->x[i] - arm->x[0]), ways);
		ways *= (double)(left - k) / (double)(k + 1); /* left over k + 1 */
	}
}

static int arm_init(struct arm *arm, const double *x, size_t n, double sign)
{
	double total = 0;
	size_t i, count = 1;

	/* 2n - 1 over n */
	for (i = 1; i < n; i++)
		count = count * (n + i) / i;
	*arm = (struct arm){ .x = x, .n_x = n, .sign = sign };
	arm->atom = malloc(count * sizeof(*arm->atom));
	if (!arm->atom)
		return -ENOMEM;
	enumerate(arm, 0, n, 0, 1);
	qsort(arm->atom, arm->n, sizeof(*arm->atom), by_mean);
	for (i = 0; i < arm->n; i++)
		total += arm->atom[i].weight;
	for (i = 0; i < arm->n; i++)
		arm->atom[i].weight /= total;
	return 0;
}

/* P(mean b <= r * mean a + slack), mean a >= 0: both are walked through once. */
static double cdf(const struct arm *a, const struct arm *b, double r, double slack)
{
	double below = 0, sum = 0;
	size_t i, j = 0;

	for (i = 0; i < a->n; i++) {
		const struct atom *at = &a->atom[r < 0 ? a->n - 1 - i : i];

		while (j < b->n && b->atom[j].mean <= r * at->mean + slack)
			below += b->atom[j++].weight;
		sum += at->weight * below;
	}
	return sum;
}

/* The smallest ratio with P(ratio <= it) >= q. */
static double quantile(const struct arm *a, const struct arm *b, double q)
{
	double bmin = b->atom[0].mean, bmax = b->atom[b->n - 1].mean, amin, amax = a->atom[a->n - 1].mean;
	double lo, hi, mid;
	int i;

	/* only the first mean of a can be 0: an infinite ratio */
	amin = a->atom[a->n > 1 && a->atom[0].mean <= 0].mean;
	lo = bmin / (bmin < 0 ? amin : amax);
	hi = bmax / (bmax < 0 ? amax : amin);
	/* weights add up to 1 but for rounding */
	q = fmin(q, 1 - 1e-12);
	if (cdf(a, b, hi, 0) < q)
		return INFINITY;
	for (i = 0; i < 100 && hi - lo > 1e-15 * fmax(fabs(lo), fabs(hi)); i++) {
		mid = lo + (hi - lo) / 2;
		if (cdf(a, b, mid, 0) >= q)
			hi = mid;
		else
			lo = mid;
	}
	return hi;
}

static double bca(const struct arm *a, const struct arm *b, double p, const struct stats_boot *r)
{
	double z = r->z0 + stats_normal_quantile(p);

	return quantile(a, b, stats_normal_cdf(r->z0 + z / (1 - r->acceleration * z)));
}

int stats_bootstrap_ideal(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_boot *r)
{
	struct arm x = { 0 }, y = { 0 };
	double slack, below, upto, tail = (1 - level) / 2, sign;
	size_t i;
	int err;

	if (na < 2 || nb < 2 || na > IDEAL_MAX || nb > IDEAL_MAX)
		return -ERANGE;
	sign = stats_mean(a, na) < 0 ? -1 : 1;
	for (i = 0; i < na; i++)
		if (!(sign * a[i] >= 0))
			return -ERANGE;
	err = arm_init(&x, a, na, sign);
	if (!err)
		err = arm_init(&y, b, nb, sign);
	if (!err) {
		/* what rounding tells apart is equal; all b may be 0 */
		slack = fmax(16 * DBL_EPSILON * fmax(fabs(y.atom[0].mean), fabs(y.atom[y.n - 1].mean)), DBL_MIN);
		below = cdf(&x, &y, r->ratio, -slack);
		upto = cdf(&x, &y, r->ratio, slack);
		r->z0_strict = stats_normal_quantile(below);
		r->z0 = stats_normal_quantile(below + (upto - below) / 2);
		if (fabs(r->z0) < 1e-14) /* symmetric but for rounding */
			r->z0 = 0;
		r->lo = quantile(&x, &y, tail);
		r->hi = quantile(&x, &y, 1 - tail);
		r->bca_lo = bca(&x, &y, tail, r);
		r->bca_hi = bca(&x, &y, 1 - tail, r);
	}
	free(x.atom);
	free(y.atom);
	return err;
}
