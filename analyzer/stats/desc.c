// SPDX-License-Identifier: GPL-2.0-only
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "desc.h"

size_t stats_clean(double *x, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		if (isfinite(x[i]))
			x[k++] = x[i];
	return k;
}

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The many small arrays of a comparison: no calls, no memory. */
static void shell_sort(double *x, size_t n)
{
	static const size_t gaps[] = { 132, 57, 23, 10, 4, 1 };
	size_t g, i, k, gap;
	double v;

	for (g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++)
		for (gap = gaps[g], i = gap; i < n; i++) {
			v = x[i];
			for (k = i; k >= gap && x[k - gap] > v; k -= gap)
				x[k] = x[k - gap];
			x[k] = v;
		}
}

void stats_sort(double *x, size_t n)
{
	if (n <= 512)
		shell_sort(x, n);
	else
		qsort(x, n, sizeof(*x), cmp_double);
}

double stats_mean(const double *x, size_t n)
{
	long double sum = 0;
	size_t i;

	if (!n)
		return NAN;
	for (i = 0; i < n; i++)
		sum += (long double)x[i] - x[0];
	return (double)(x[0] + sum / n);
}

/* Moments about the mean, of values divided by `scale` so that no power leaves the range. */
struct moments {
	long double scale, m2, m3; /* sums, not means */
};

static struct moments moments(const double *x, size_t n)
{
	long double mean = 0, comp = 0, d;
	struct moments m = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		d = (long double)x[i] - x[0];
		mean += d;
		if (fabsl(d) > m.scale)
			m.scale = fabsl(d);
	}
	if (m.scale == 0)
		return m;
	mean /= n;
	for (i = 0; i < n; i++) {
		d = ((long double)x[i] - x[0] - mean) / m.scale;
		m.m2 += d * d;
		m.m3 += d * d * d;
		comp += d;
	}
	m.m2 -= comp * comp / n;
	return m;
}

double stats_variance(const double *x, size_t n)
{
	struct moments m;

	if (n < 2)
		return NAN;
	m = moments(x, n);
	return (double)(m.m2 / (n - 1) * m.scale * m.scale);
}

double stats_stddev(const double *x, size_t n)
{
	struct moments m;

	if (n < 2)
		return NAN;
	m = moments(x, n);
	return (double)(sqrtl(m.m2 / (n - 1)) * m.scale);
}

double stats_skewness(const double *x, size_t n)
{
	struct moments m;

	if (n < 2)
		return NAN;
	m = moments(x, n);
	if (m.m2 <= 0)
		return NAN;
	return (double)(m.m3 / n / powl(m.m2 / n, 1.5L));
}

static double median_sorted(const double *s, size_t n)
{
	if (!n)
		return NAN;
	return n & 1 ? s[n / 2] : (double)(((long double)s[n / 2 - 1] + s[n / 2]) / 2);
}

double stats_median(const double *x, size_t n)
{
	double *s, m;

	s = n ? malloc(n * sizeof(*s)) : NULL;
	if (!s)
		return NAN;
	memcpy(s, x, n * sizeof(*s));
	stats_sort(s, n);
	m = median_sorted(s, n);
	free(s);
	return m;
}

double stats_mad(const double *x, size_t n)
{
	double *s, mid, m;
	size_t i;

	s = n ? malloc(n * sizeof(*s)) : NULL;
	if (!s)
		return NAN;
	mid = stats_median(x, n);
	for (i = 0; i < n; i++)
		s[i] = fabs(x[i] - mid);
	stats_sort(s, n);
	m = median_sorted(s, n);
	free(s);
	return m;
}

/*
 * 1/x[i] = (1 - r[i]) / x[0] with r[i] = (x[i] - x[0]) / x[i]: working with r, a big common
 * offset costs no digits. Returns the mean of r, NaN when a value is <= 0.
 */
static long double mean_r(const double *x, size_t n)
{
	long double sum = 0;
	size_t i;

	if (!n)
		return NAN;
	for (i = 0; i < n; i++) {
		if (!(x[i] > 0))
			return NAN;
		sum += ((long double)x[i] - x[0]) / x[i];
	}
	return sum / n;
}

double stats_hmean(const double *x, size_t n)
{
	long double r = mean_r(x, n);

	return isnan(r) ? NAN : (double)(x[0] / (1 - r));
}

double stats_hstddev(const double *x, size_t n)
{
	long double r = mean_r(x, n), sum = 0, d;
	size_t i;

	if (n < 2 || isnan(r))
		return NAN;
	for (i = 0; i < n; i++) {
		d = (r - ((long double)x[i] - x[0]) / x[i]) / (1 - r);
		sum += d * d;
	}
	return (double)(x[0] / (1 - r) * sqrtl(sum / n));
}

double stats_gmean(const double *x, size_t n)
{
	long double sum = 0;
	size_t i;

	if (!n || !(x[0] > 0))
		return NAN;
	for (i = 0; i < n; i++) {
		if (!(x[i] > 0))
			return NAN;
		sum += logl((long double)x[i] / x[0]);
	}
	return (double)(x[0] * expl(sum / n));
}

double stats_quantile(const double *sorted, size_t n, double q)
{
	double at, frac;
	size_t i;

	if (!n || !(q >= 0 && q <= 1))
		return NAN;
	at = q * (double)(n - 1);
	i = (size_t)at;
	if (i >= n - 1)
		return sorted[n - 1];
	frac = at - (double)i;
	return (double)(sorted[i] + (long double)frac * ((long double)sorted[i + 1] - sorted[i]));
}

void stats_describe(const double *x, size_t n, struct stats_desc *d)
{
	size_t i;

	*d = (struct stats_desc){ .n = n, .min = NAN, .max = NAN, .cv = NAN };
	d->mean = stats_mean(x, n);
	d->median = stats_median(x, n);
	d->stddev = stats_stddev(x, n);
	if (d->mean != 0)
		d->cv = d->stddev / fabs(d->mean);
	for (i = 0; i < n; i++) {
		d->min = i && d->min <= x[i] ? d->min : x[i];
		d->max = i && d->max >= x[i] ? d->max : x[i];
	}
}
