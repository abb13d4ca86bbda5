// SPDX-License-Identifier: GPL-2.0-only
/* Pairs: the t test, of differences and of logarithms, and the exact sign-flip test. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "stats_int.h"
#include "test.h"

#define FLIP_MAX 15
#define FLIP_HALF 7

/* Sums of all 2^n choices of signs, each from scratch: no error piles up. */
static void flips(const double *d, size_t n, double *sum)
{
	size_t i, k, m = 1;

	sum[0] = 0;
	for (i = 0; i < n; i++, m *= 2)
		for (k = 0; k < m; k++) {
			sum[k + m] = sum[k] - d[i];
			sum[k] += d[i];
		}
}

/* The share of all choices of signs whose |sum| is no less than the one seen. */
static double signflip(const double *d, size_t n)
{
	double low[1 << FLIP_HALF], high[1 << (FLIP_MAX - FLIP_HALF)], seen = 0, scale = 0;
	size_t half = n / 2, i, j, hits = 0;

	if (!n || n > FLIP_MAX)
		return NAN;
	for (i = 0; i < n; i++) {
		seen += d[i];
		scale += fabs(d[i]);
	}
	flips(d, half, low);
	flips(d + half, n - half, high);
	/* what rounding tells apart is equal */
	seen = fabs(seen) - 1e-12 * scale;
	for (i = 0; i < (size_t)1 << half; i++)
		for (j = 0; j < (size_t)1 << (n - half); j++)
			hits += fabs(low[i] + high[j]) >= seen;
	return ldexp((double)hits, -(int)n);
}

static void one_sample(const double *d, size_t n, double level, enum stats_status *status, double *mean, double *t,
		       double *p, double *lo, double *hi)
{
	struct stats_moments m;
	long double mu;

	stats_moments(d, n, &m);
	mu = n ? m.origin + m.mean : NAN;
	*mean = (double)mu;
	*status = stats_t_one(mu, m.var, n, level, t, p, lo, hi);
}

static void logs(const double *a, const double *b, size_t n, double level, double *d, struct stats_paired *p)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!(a[i] > 0) || !(b[i] > 0)) {
			p->log_status = STATS_UNDEFINED;
			return;
		}
		d[i] = stats_log_ratio(b[i], a[i]);
	}
	one_sample(d, n, level, &p->log_status, &p->log_mean, &p->log_t, &p->log_p, &p->log_lo, &p->log_hi);
	p->log_signflip_p = signflip(d, n);
	p->ratio = exp(p->log_mean);
	p->ratio_lo = exp(p->log_lo);
	p->ratio_hi = exp(p->log_hi);
}

int stats_paired(const double *a, const double *b, size_t n, double level, struct stats_paired *p)
{
	double *x, *y, *d;
	size_t i, k = 0;

	*p = (struct stats_paired){ .status = STATS_NO_VALUES,
				    .log_status = STATS_NO_VALUES,
				    .mean = NAN,
				    .t = NAN,
				    .p = NAN,
				    .lo = NAN,
				    .hi = NAN,
				    .signflip_p = NAN,
				    .log_mean = NAN,
				    .log_t = NAN,
				    .log_p = NAN,
				    .log_lo = NAN,
				    .log_hi = NAN,
				    .log_signflip_p = NAN,
				    .ratio = NAN,
				    .ratio_lo = NAN,
				    .ratio_hi = NAN };
	if (!n)
		return 0;
	x = malloc(3 * n * sizeof(*x));
	if (!x)
		return -ENOMEM;
	y = x + n;
	d = y + n;
	for (i = 0; i < n; i++) {
		if (!isfinite(a[i]) || !isfinite(b[i]))
			continue;
		x[k] = a[i];
		y[k] = b[i];
		d[k] = b[i] - a[i];
		k++;
	}
	p->n = k;
	if (k) {
		one_sample(d, k, level, &p->status, &p->mean, &p->t, &p->p, &p->lo, &p->hi);
		p->signflip_p = signflip(d, k);
		logs(x, y, k, level, d, p);
	}
	free(x);
	return 0;
}
