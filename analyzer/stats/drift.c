// SPDX-License-Identifier: GPL-2.0-only
/* Drift and dependence of values in run order, and values that stand out. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "desc.h"
#include "dist.h"
#include "series.h"

static int sign(double d)
{
	return (d > 0) - (d < 0);
}

/* Puts the k-th smallest at x[k], nothing larger before it, nothing smaller behind. */
static void select_kth(double *x, size_t n, size_t at)
{
	ptrdiff_t lo = 0, hi = (ptrdiff_t)n - 1, k = (ptrdiff_t)at;

	while (lo < hi) {
		double pivot = x[lo + (hi - lo) / 2], t;
		ptrdiff_t i = lo, j = hi;

		while (i <= j) {
			while (x[i] < pivot)
				i++;
			while (x[j] > pivot)
				j--;
			if (i > j)
				break;
			t = x[i];
			x[i++] = x[j];
			x[j--] = t;
		}
		/* [lo, j] <= pivot <= [i, hi], and what is between is the pivot */
		if (k <= j)
			hi = j;
		else if (k >= i)
			lo = i;
		else
			return;
	}
}

static double median_of_many(double *x, size_t n)
{
	double low;
	size_t i;

	select_kth(x, n, n / 2);
	if (n & 1)
		return x[n / 2];
	low = x[0];
	for (i = 1; i < n / 2; i++)
		low = fmax(low, x[i]);
	return (double)(((long double)low + x[n / 2]) / 2);
}

double stats_theil_sen(const double *t, const double *y, size_t n)
{
	double *slope, m = NAN;
	size_t i, j, k = 0;

	slope = n > 1 ? malloc(n * (n - 1) / 2 * sizeof(*slope)) : NULL;
	if (!slope)
		return NAN;
	for (i = 0; i < n; i++) {
		for (j = i + 1; j < n; j++) {
			long double dt = t ? (long double)t[j] - t[i] : (long double)(j - i);

			if (dt != 0)
				slope[k++] = (double)(((long double)y[j] - y[i]) / dt);
		}
	}
	if (k)
		m = median_of_many(slope, k); /* sorting them would cost ten times as much */
	free(slope);
	return m;
}

static void mann_kendall(const double *x, size_t n, const double *sorted, struct stats_drift *d)
{
	double m = (double)n, ties = 0;
	size_t i, j;

	d->mk_s = 0;
	for (i = 0; i < n; i++)
		for (j = i + 1; j < n; j++)
			d->mk_s += sign(x[j] - x[i]);
	for (i = 0; i < n; i = j) {
		double t;

		for (j = i + 1; j < n && sorted[j] == sorted[i]; j++)
			;
		t = (double)(j - i);
		ties += t * (t - 1) * (2 * t + 5);
	}
	d->mk_var = (m * (m - 1) * (2 * m + 5) - ties) / 18;
	/* S = 0 is no trend, whatever the variance: also where all values are equal */
	d->mk_z = d->mk_s == 0 ? 0 : (d->mk_s - sign(d->mk_s)) / sqrt(d->mk_var);
	d->mk_p = stats_normal_two_sided(d->mk_z);
}

int stats_drift(const double *x, size_t n, struct stats_drift *d)
{
	long double mean = 0, scale = 0, lag = 0, diff = 0, sum = 0, u, v;
	double *sorted;
	size_t i;

	*d = (struct stats_drift){ .n = n, .mk_s = NAN, .mk_var = NAN, .mk_z = NAN, .mk_p = NAN, .lag1 = NAN,
				   .von_neumann = NAN, .theil_sen = NAN };
	if (!n)
		return 0;
	sorted = malloc(n * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, x, n * sizeof(*sorted));
	stats_sort(sorted, n);
	mann_kendall(x, n, sorted, d);
	free(sorted);
	for (i = 0; i < n; i++) {
		u = (long double)x[i] - x[0];
		mean += u / n;
		scale = fmaxl(scale, fabsl(u));
	}
	for (i = 0; i < n && scale > 0; i++) {
		u = ((long double)x[i] - x[0] - mean) / scale;
		sum += u * u;
		if (i + 1 == n)
			break;
		v = ((long double)x[i + 1] - x[0] - mean) / scale;
		lag += u * v;
		diff += (v - u) * (v - u);
	}
	if (sum > 0) {
		d->lag1 = (double)(lag / sum);
		d->von_neumann = (double)(diff / sum);
	}
	d->theil_sen = stats_theil_sen(NULL, x, n);
	return 0;
}

static double mean_abs_dev(const double *x, size_t n, double mid)
{
	long double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += fabsl((long double)x[i] - mid);
	return (double)(sum / n);
}

int stats_outliers(const double *x, size_t n, struct stats_outliers *o, unsigned char *flag, double *modz)
{
	double *s, q1, q3, mid, mad, factor = 0;
	size_t i;

	*o = (struct stats_outliers){ .fence = { NAN, NAN, NAN, NAN } };
	if (!n)
		return 0;
	s = malloc(n * sizeof(*s));
	if (!s)
		return -ENOMEM;
	memcpy(s, x, n * sizeof(*s));
	stats_sort(s, n);
	q1 = stats_quantile(s, n, 0.25);
	q3 = stats_quantile(s, n, 0.75);
	free(s);
	o->fence[0] = q1 - 3 * (q3 - q1);
	o->fence[1] = q1 - 1.5 * (q3 - q1);
	o->fence[2] = q3 + 1.5 * (q3 - q1);
	o->fence[3] = q3 + 3 * (q3 - q1);
	mid = stats_median(x, n);
	mad = stats_mad(x, n);
	if (mad > 0) {
		factor = 0.6745 / mad;
	} else if (mean_abs_dev(x, n, mid) > 0) {
		o->mad_fallback = true;
		factor = 1 / (1.253314 * mean_abs_dev(x, n, mid));
	}
	for (i = 0; i < n; i++) {
		/* divided, not multiplied by 1/mad: that may not be in range */
		double z = mad > 0 ? 0.6745 * ((x[i] - mid) / mad) : (x[i] - mid) * factor;
		unsigned char f = 0;

		if (x[i] < o->fence[0] || x[i] > o->fence[3])
			f |= STATS_OUT_SEVERE;
		else if (x[i] < o->fence[1] || x[i] > o->fence[2])
			f |= STATS_OUT_MILD;
		if (fabs(z) > 3.5)
			f |= STATS_OUT_MODZ;
		o->n_severe += !!(f & STATS_OUT_SEVERE);
		o->n_mild += !!(f & STATS_OUT_MILD);
		o->n_modz += !!(f & STATS_OUT_MODZ);
		if (flag)
			flag[i] = f;
		if (modz)
			modz[i] = z;
	}
	return 0;
}
