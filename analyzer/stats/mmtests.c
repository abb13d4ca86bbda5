// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desc.h"
#include "dist.h"
#include "mmtests.h"

const int mmtests_best_of[MMTESTS_N_BEST] = MMTESTS_BEST;
const int mmtests_pctile_of[MMTESTS_N_PCTILE] = MMTESTS_PCTILE;

void mmtests_sort(double *x, size_t n, enum mmtests_dir dir)
{
	size_t i;

	stats_sort(x, n);
	for (i = 0; dir == MMTESTS_HIGHER && i < n / 2; i++) {
		double t = x[i];

		x[i] = x[n - 1 - i];
		x[n - 1 - i] = t;
	}
}

static double amean(const double *x, size_t n)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += x[i];
	return n ? sum / (double)n : NAN;
}

/* *died: a division by 0, which happens when nothing was summed before the value that is not positive. */
static double hmean(const double *x, size_t n, bool *died)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!(x[i] > 0)) {
			*died |= sum == 0;
			return NAN;
		}
		sum += 1 / x[i];
	}
	*died |= n && sum == 0;
	return n && sum != 0 ? (double)n / sum : NAN;
}

static double stddev(const double *x, size_t n, enum mmtests_dir dir, double mean)
{
	double sum = 0;
	size_t i;

	if (n < 2 || isnan(mean))
		return NAN;
	for (i = 0; i < n; i++)
		sum += dir == MMTESTS_HIGHER ? pow(1 / x[i] - 1 / mean, 2) : pow(x[i] - mean, 2);
	return dir == MMTESTS_HIGHER ? sqrt(sum * pow(mean, 4) / (double)n) : sqrt(sum / (double)(n - 1));
}

static size_t share_of(size_t n, double percent)
{
	double count = floor((double)n * percent / 100);

	return count < 1 ? 1 : (size_t)count;
}

double mmtests_best_mean(const double *sorted, size_t n, double percent, enum mmtests_dir dir)
{
	size_t count = share_of(n, percent);
	bool died = false;

	if (!n)
		return NAN;
	count = count < n ? count : n;
	return dir == MMTESTS_HIGHER ? hmean(sorted, count, &died) : amean(sorted, count);
}

double mmtests_pctile(const double *sorted, size_t n, double percent)
{
	size_t count = share_of(n, percent);

	return count <= n ? sorted[count - 1] : NAN;
}

/* It reads what R prints: 7 significant digits, whole numbers in full while that is not longer. */
static double as_r_prints(double v)
{
	char buf[40];

	if (!isfinite(v))
		return v;
	if (fabs(v) >= 1e7 && fabs(v) < 1e12)
		return rint(v);
	snprintf(buf, sizeof(buf), "%.7g", v);
	return strtod(buf, NULL);
}

/* Smallest k with P(X <= k) >= p, X binomial(n, prob), as R's qbinom with its fuzz. */
static size_t qbinom(double p, size_t n, double prob)
{
	size_t lo = 0, hi = n, mid;

	p *= 1 - 64 * DBL_EPSILON;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (stats_binom_cdf((double)mid, (double)n, prob) >= p)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static void undefined(struct mmtests_stats *s)
{
	size_t i;

	s->min = s->max = s->mean = s->stddev = s->ci = s->ci_low = s->ci_high = NAN;
	s->pctile95_low = s->pctile95_high = NAN;
	for (i = 0; i < MMTESTS_N_BEST; i++)
		s->best[i] = NAN;
	for (i = 0; i < MMTESTS_N_PCTILE; i++)
		s->pctile[i] = NAN;
}

static void of_sorted(const double *v, size_t n, enum mmtests_dir dir, struct mmtests_stats *s)
{
	double half;
	size_t i;

	s->min = dir == MMTESTS_LOWER ? v[0] : v[n - 1];
	s->max = dir == MMTESTS_LOWER ? v[n - 1] : v[0];
	s->mean = dir == MMTESTS_HIGHER ? hmean(v, n, &s->died) : amean(v, n);
	s->stddev = stddev(v, n, dir, s->mean);
	if (s->mean != 0 && !isnan(s->mean) && !isnan(s->stddev))
		s->coeffvar = s->stddev * 100 / s->mean;
	half = as_r_prints(1.959963984540054 * s->stddev);
	s->ci_low = s->mean - half;
	s->ci_high = s->mean + half;
	s->ci = (s->ci_high - s->ci_low) / 2;
	for (i = 0; i < MMTESTS_N_BEST; i++)
		s->best[i] = mmtests_best_mean(v, n, mmtests_best_of[i], dir);
	for (i = 0; i < MMTESTS_N_PCTILE; i++)
		s->pctile[i] = mmtests_pctile(v, n, mmtests_pctile_of[i]);
	s->pctile95_low = v[qbinom(0.025, n - 1, 0.95)];
	s->pctile95_high = v[qbinom(0.975, n - 1, 0.95)];
}

int mmtests_stats(const double *x, size_t n, enum mmtests_dir dir, struct mmtests_stats *s)
{
	double *v;

	*s = (struct mmtests_stats){ .n = n };
	undefined(s);
	if (!n)
		return 0;
	v = malloc(n * sizeof(*v));
	if (!v)
		return -ENOMEM;
	memcpy(v, x, n * sizeof(*v));
	mmtests_sort(v, n, dir);
	of_sorted(v, n, dir, s);
	free(v);
	return 0;
}

double mmtests_pdiff(double value, double base)
{
	if (value == base || value == 0)
		return 0;
	if (base == 0 || isnan(base))
		return 100;
	return value * 100 / base - 100;
}

double mmtests_pndiff(double value, double base)
{
	if (value == base)
		return 0;
	if (value == 0)
		return 100;
	if (base == 0)
		return -99;
	return 100 - value * 100 / base;
}

double mmtests_rdiff(double value, double base)
{
	if (base == 0 || isnan(base))
		return 0;
	if (value == 0 || isnan(value))
		return 1;
	return value / base;
}

static double cidiff(const struct mmtests_stats *a, const struct mmtests_stats *b)
{
	double width;

	if (a->mean < b->mean)
		width = a->ci_high - a->mean + b->mean - b->ci_low;
	else
		width = a->mean - a->ci_low + b->ci_high - b->mean;
	return width == 0 ? a->mean - b->mean : (a->mean - b->mean) / width;
}

void mmtests_compare(const struct mmtests_stats *base, const struct mmtests_stats *value, enum mmtests_dir dir,
		     struct mmtests_compare *c)
{
	*c = (struct mmtests_compare){ .died = base->died || value->died, .base = base->mean, .value = value->mean,
				       .pct = NAN, .ratio = NAN, .cidiff = NAN, .stddev_pct = NAN };
	if (c->died)
		return;
	c->pct = dir == MMTESTS_HIGHER ? mmtests_pdiff(c->value, c->base) : mmtests_pndiff(c->value, c->base);
	c->ratio = mmtests_rdiff(c->value, c->base);
	c->cidiff = cidiff(base, value);
	c->significant = fabs(c->cidiff) > 1;
	c->stddev_pct = mmtests_pndiff(value->stddev, base->stddev);
}

/* Even n: the element below the middle; odd n: the mean of the two below it, the last one for index -1. */
static double wrong_median(const double *sorted, size_t n)
{
	size_t mid;

	if (n % 2 == 0)
		return sorted[n / 2 - 1];
	mid = n < 2 ? 0 : (n - 2) / 2;
	return (sorted[mid ? mid - 1 : n - 1] + sorted[mid]) / 2;
}

int mmtests_bin_stats(const double *x, size_t n, struct mmtests_bin_stats *s)
{
	double *v, product = 1;
	size_t i;

	*s = (struct mmtests_bin_stats){ .mean = NAN, .geomean = NAN, .hmean = NAN, .median = NAN, .stddev = NAN,
					 .range = NAN };
	if (!n)
		return 0;
	v = malloc(n * sizeof(*v));
	if (!v)
		return -ENOMEM;
	memcpy(v, x, n * sizeof(*v));
	stats_sort(v, n);
	for (i = 0; i < n; i++)
		product *= x[i];
	s->geomean = pow(product, 1 / (double)n);
	s->mean = amean(x, n);
	s->hmean = hmean(x, n, &s->died);
	s->median = wrong_median(v, n);
	s->stddev = stddev(x, n, MMTESTS_LOWER, s->mean);
	s->range = v[n - 1] - v[0];
	free(v);
	return 0;
}
