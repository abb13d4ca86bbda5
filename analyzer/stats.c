// SPDX-License-Identifier: GPL-2.0-only
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"

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

/* Continued fraction of the incomplete beta function by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d, h, up;
	int m;

	d = 1 - (a + b) * x / (a + 1);
	d = 1 / (fabs(d) < tiny ? tiny : d);
	h = d;
	for (m = 1; m <= 10000; m++) {
		int odd;

		for (odd = 0; odd < 2; odd++) {
			up = odd ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)) :
				   m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
			d = 1 + up * d;
			d = 1 / (fabs(d) < tiny ? tiny : d);
			c = 1 + up / c;
			c = fabs(c) < tiny ? tiny : c;
			h *= d * c;
		}
		if (fabs(d * c - 1) < 1e-16)
			break;
	}
	return h;
}

double stats_beta_inc(double a, double b, double x)
{
	double front;

	if (!(a > 0) || !(b > 0) || isnan(x))
		return NAN;
	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double stats_t_two_sided(double t, double df)
{
	double y, t2 = t * t;

	if (!(df > 0) || isnan(t))
		return NAN;
	if (isinf(t))
		return 0;
	y = df / (df + t2);
	/* near t = 0 the complement keeps the digits */
	if (y > 0.5)
		return 1 - stats_beta_inc(0.5, df / 2, t2 / (df + t2));
	return stats_beta_inc(df / 2, 0.5, y);
}

double stats_t_quantile(double level, double df)
{
	double alpha = 1 - level, lo = 0, hi = 1, t, f, pdf, next, lnorm;
	int i;

	if (!(level >= 0) || !(level < 1) || !(df > 0))
		return NAN;
	if (level == 0)
		return 0;
	while (stats_t_two_sided(hi, df) > alpha && hi < 1e150)
		hi *= 2;
	lnorm = lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * log(df * M_PI);
	t = hi / 2;
	/* Newton, kept inside the bracket by bisection */
	for (i = 0; i < 200; i++) {
		f = stats_t_two_sided(t, df) - alpha;
		if (f > 0)
			lo = t;
		else
			hi = t;
		pdf = exp(lnorm - (df + 1) / 2 * log1p(t * t / df));
		next = t + f / (2 * pdf);
		if (!(next > lo && next < hi))
			next = lo + (hi - lo) / 2;
		if (fabs(next - t) <= 4 * DBL_EPSILON * fabs(next))
			return next;
		t = next;
	}
	return t;
}

void stats_welch(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_welch *w)
{
	double va, vb, half;

	*w = (struct stats_welch){ .se = NAN, .t = NAN, .df = NAN, .p = NAN, .lo = NAN, .hi = NAN };
	w->diff = stats_mean(b, nb) - stats_mean(a, na);
	if (na < 2 || nb < 2) {
		w->status = STATS_TOO_FEW;
		return;
	}
	va = stats_variance(a, na) / na;
	vb = stats_variance(b, nb) / nb;
	if (va == 0 && vb == 0) {
		w->status = STATS_ZERO_VARIANCE;
		w->p = w->diff == 0;
		w->se = 0;
		w->lo = w->hi = w->diff;
		return;
	}
	w->status = STATS_OK;
	w->se = sqrt(va + vb);
	w->t = w->diff / w->se;
	/* ratios first: the squares of tiny variances would underflow */
	va /= va + vb;
	vb = 1 - va;
	w->df = 1 / (va * va / (na - 1) + vb * vb / (nb - 1));
	w->p = stats_t_two_sided(w->t, w->df);
	half = stats_t_quantile(level, w->df) * w->se;
	w->lo = w->diff - half;
	w->hi = w->diff + half;
}

const char *stats_status_name(enum stats_status s)
{
	static const char *const name[] = { "ok", "too_few", "zero_variance" };

	return (unsigned int)s < sizeof(name) / sizeof(name[0]) ? name[s] : "?";
}
