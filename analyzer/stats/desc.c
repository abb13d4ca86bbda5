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

double stats_variance(const double *x, size_t n)
{
	long double mean = 0, sum = 0, comp = 0, d, top = 0;
	size_t i;

	if (n < 2)
		return NAN;
	/* Scaled, so that the squares of huge and tiny values stay in range. */
	for (i = 0; i < n; i++) {
		d = (long double)x[i] - x[0];
		mean += d;
		if (fabsl(d) > top)
			top = fabsl(d);
	}
	if (top == 0)
		return 0;
	mean /= n;
	for (i = 0; i < n; i++) {
		d = ((long double)x[i] - x[0] - mean) / top;
		sum += d * d;
		comp += d;
	}
	return (double)((sum - comp * comp / n) / (n - 1) * top * top);
}

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double stats_median(const double *x, size_t n)
{
	double *s, m = NAN;

	s = n ? malloc(n * sizeof(*s)) : NULL;
	if (!s)
		return NAN;
	memcpy(s, x, n * sizeof(*s));
	qsort(s, n, sizeof(*s), cmp_double);
	m = n & 1 ? s[n / 2] : s[n / 2 - 1] + (s[n / 2] - s[n / 2 - 1]) / 2;
	free(s);
	return m;
}

void stats_describe(const double *x, size_t n, struct stats_desc *d)
{
	size_t i;

	*d = (struct stats_desc){ .n = n, .min = NAN, .max = NAN, .cv = NAN };
	d->mean = stats_mean(x, n);
	d->median = stats_median(x, n);
	d->stddev = n < 2 ? NAN : sqrt(stats_variance(x, n));
	if (d->mean != 0)
		d->cv = d->stddev / fabs(d->mean);
	for (i = 0; i < n; i++) {
		d->min = i && d->min <= x[i] ? d->min : x[i];
		d->max = i && d->max >= x[i] ? d->max : x[i];
	}
}
