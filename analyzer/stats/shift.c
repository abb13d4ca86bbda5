// SPDX-License-Identifier: GPL-2.0-only
/* Hodges-Lehmann: by how much or by what factor one sample lies beside the other. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "desc.h"
#include "effect.h"
#include "stats_int.h"

/* Above this many pairs the counts of the rank statistic are near enough to normal. */
#define EXACT_PAIRS 10000

static int cut(size_t na, size_t nb, double level, size_t *c, double *achieved)
{
	size_t i, n = na + nb;
	struct stats_subsets s;
	uint32_t *rank;
	int err;

	if (na > EXACT_PAIRS / nb) {
		double pairs = (double)na * (double)nb;

		*c = stats_rank_cut_normal(pairs / 2, sqrt(pairs * ((double)n + 1) / 12), level, achieved);
		return 0;
	}
	rank = malloc(n * sizeof(*rank));
	if (!rank)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		rank[i] = (uint32_t)i;
	err = stats_subsets(rank, n, na < nb ? na : nb, &s);
	free(rank);
	if (err)
		return err;
	*c = stats_rank_cut(s.count, s.n_count, s.total, level, achieved);
	free(s.count);
	return 0;
}

static double minus(double x, double y)
{
	return x - y;
}

static double over(double x, double y)
{
	return x / y;
}

static double middle(double x, double y)
{
	return x + (y - x) / 2;
}

/* The middle of logarithms is the geometric one of the ratios: no logarithm is needed. */
static double geometric_middle(double x, double y)
{
	return x == y ? x : sqrt(x) * sqrt(y);
}

static int from_pairs(const double *a, size_t na, const double *b, size_t nb, double level,
		      double (*of)(double, double), double (*mid)(double, double), struct stats_shift *s)
{
	size_t i, j, c, n = na * nb;
	double *d;
	int err;

	err = cut(na, nb, level, &c, &s->achieved);
	if (err)
		return err;
	d = malloc(n * sizeof(*d));
	if (!d)
		return -ENOMEM;
	for (i = 0; i < na; i++)
		for (j = 0; j < nb; j++)
			d[i * nb + j] = of(b[j], a[i]);
	stats_sort(d, n);
	s->status = STATS_OK;
	s->shift = n & 1 ? d[n / 2] : mid(d[n / 2 - 1], d[n / 2]);
	s->lo = d[c - 1];
	s->hi = d[n - c];
	s->attained = s->achieved >= level - 1e-12;
	free(d);
	return 0;
}

int stats_hodges_lehmann(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_shift *s)
{
	*s = (struct stats_shift){ .status = STATS_NO_VALUES, .shift = NAN, .lo = NAN, .hi = NAN, .achieved = NAN };
	if (!na || !nb)
		return 0;
	return from_pairs(a, na, b, nb, level, minus, middle, s);
}

static bool positive(const double *x, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!(x[i] > 0))
			return false;
	return true;
}

int stats_hodges_lehmann_ratio(const double *a, size_t na, const double *b, size_t nb, double level,
			       struct stats_shift *s)
{
	*s = (struct stats_shift){ .status = STATS_NO_VALUES, .shift = NAN, .lo = NAN, .hi = NAN, .achieved = NAN };
	if (!na || !nb)
		return 0;
	s->status = STATS_UNDEFINED;
	if (!positive(a, na) || !positive(b, nb))
		return 0;
	return from_pairs(a, na, b, nb, level, over, geometric_middle, s);
}
