// SPDX-License-Identifier: GPL-2.0-only
/* Correlation: Pearson, Spearman, Kendall. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "desc.h"
#include "dist.h"
#include "series.h"

#define EXACT_SPEARMAN 9   /* 9! pairings */
#define EXACT_KENDALL 150  /* numbers of inversions, in a table of n^2 / 2 */

static double pearson(const double *x, const double *y, size_t n)
{
	long double mx = 0, my = 0, sx = 0, sy = 0, xx = 0, yy = 0, xy = 0, u, v;
	size_t i;

	for (i = 0; i < n; i++) {
		u = (long double)x[i] - x[0];
		v = (long double)y[i] - y[0];
		mx += u / n;
		my += v / n;
		sx = fmaxl(sx, fabsl(u));
		sy = fmaxl(sy, fabsl(v));
	}
	if (sx == 0 || sy == 0)
		return NAN;
	for (i = 0; i < n; i++) {
		u = ((long double)x[i] - x[0] - mx) / sx;
		v = ((long double)y[i] - y[0] - my) / sy;
		xx += u * u;
		yy += v * v;
		xy += u * v;
	}
	return (double)fmaxl(-1, fminl(1, xy / sqrtl(xx * yy)));
}

static double p_of_r(double r, size_t n)
{
	double rest = (1 - r) * (1 + r);

	if (n < 3)
		return NAN;
	return stats_t_two_sided(rest > 0 ? r * sqrt((double)(n - 2) / rest) : INFINITY, (double)(n - 2));
}

/* 2 * midrank - (n + 1): whole numbers that sum to 0. Ties: sum of t^3 - t and the like for Kendall's variance. */
struct ranks {
	double *c;
	double t2, t3, t5; /* sums over groups of ties of t(t-1), t(t-1)(t-2), t(t-1)(2t+5) */
};

static int ranks(const double *x, size_t n, struct ranks *r)
{
	double *s = malloc(n * sizeof(*s));
	size_t i, j, k;

	r->c = malloc(n * sizeof(*r->c));
	if (!s || !r->c) {
		free(s);
		return -ENOMEM;
	}
	memcpy(s, x, n * sizeof(*s));
	stats_sort(s, n);
	for (i = 0; i < n; i = j) {
		double t;

		for (j = i + 1; j < n && s[j] == s[i]; j++)
			;
		t = (double)(j - i);
		r->t2 += t * (t - 1);
		r->t3 += t * (t - 1) * (t - 2);
		r->t5 += t * (t - 1) * (2 * t + 5);
		for (k = 0; k < n; k++)
			if (x[k] == s[i])
				r->c[k] = (double)(i + 1 + j) - (double)(n + 1);
	}
	free(s);
	return 0;
}

/* All pairings of cx with cy, by Heap's method; sums of whole numbers, so equality is exact. */
static double spearman_exact(const double *cx, const double *cy, size_t n)
{
	double y[EXACT_SPEARMAN], sum = 0, seen, all = 1, hits = 1, t;
	size_t c[EXACT_SPEARMAN] = { 0 }, i, k;

	memcpy(y, cy, n * sizeof(*y));
	for (i = 0; i < n; i++)
		sum += cx[i] * y[i];
	seen = fabs(sum);
	for (i = 1; i < n;) {
		if (c[i] >= i) {
			c[i++] = 0;
			continue;
		}
		k = i & 1 ? c[i] : 0;
		sum += (cx[k] - cx[i]) * (y[i] - y[k]);
		t = y[k];
		y[k] = y[i];
		y[i] = t;
		all++;
		hits += fabs(sum) >= seen;
		c[i]++;
		i = 1;
	}
	return hits / all;
}

/* P of S by counting inversions; twice the smaller tail. */
static int kendall_exact(double s, size_t n, double *p)
{
	size_t max = n * (n - 1) / 2, top = 0, i, k, d;
	double *cur = calloc(2 * (max + 1), sizeof(*cur)), *next, *t, low = 0, high = 0;

	if (!cur)
		return -ENOMEM;
	next = cur + max + 1;
	t = cur;
	cur[0] = 1;
	for (i = 2; i <= n; i++) {
		top += i - 1;
		for (k = 0; k <= top; k++) {
			double sum = 0;

			for (d = 0; d < i && d <= k; d++)
				sum += cur[k - d];
			next[k] = sum / (double)i;
		}
		memcpy(cur, next, (top + 1) * sizeof(*cur));
	}
	d = (size_t)(((double)max - s) / 2); /* inversions */
	for (k = 0; k <= max; k++) {
		low += k <= d ? cur[k] : 0;
		high += k >= d ? cur[k] : 0;
	}
	*p = fmin(1, 2 * fmin(low, high));
	free(t);
	return 0;
}

static int kendall(const double *x, const double *y, size_t n, const struct ranks *rx, const struct ranks *ry,
		   struct stats_corr *c)
{
	double m = (double)n, pairs = m * (m - 1), var;
	size_t i, j;

	c->kendall_s = 0;
	for (i = 0; i < n; i++)
		for (j = i + 1; j < n; j++)
			c->kendall_s += ((x[j] > x[i]) - (x[j] < x[i])) * ((y[j] > y[i]) - (y[j] < y[i]));
	c->kendall_tau_b = c->kendall_s / sqrt((pairs - rx->t2) / 2 * ((pairs - ry->t2) / 2));
	var = (pairs * (2 * m + 5) - rx->t5 - ry->t5) / 18 + rx->t2 * ry->t2 / (2 * pairs);
	if (n > 2)
		var += rx->t3 * ry->t3 / (9 * pairs * (m - 2));
	c->kendall_p_asymp = stats_normal_two_sided(c->kendall_s / sqrt(var));
	if (rx->t2 == 0 && ry->t2 == 0 && n <= EXACT_KENDALL)
		return kendall_exact(c->kendall_s, n, &c->kendall_p_exact);
	return 0;
}

static int correlate(const double *x, const double *y, struct stats_corr *c)
{
	struct ranks rx = { 0 }, ry = { 0 };
	size_t n = c->n;
	int err;

	c->pearson = pearson(x, y, n);
	if (isnan(c->pearson))
		return 0;
	c->defined = true;
	c->pearson_p = p_of_r(c->pearson, n);
	err = ranks(x, n, &rx);
	if (!err)
		err = ranks(y, n, &ry);
	if (!err) {
		c->spearman = pearson(rx.c, ry.c, n);
		c->spearman_p_t = p_of_r(c->spearman, n);
		if (n <= EXACT_SPEARMAN)
			c->spearman_p_exact = spearman_exact(rx.c, ry.c, n);
		err = kendall(x, y, n, &rx, &ry, c);
	}
	free(rx.c);
	free(ry.c);
	return err;
}

int stats_correlation(const double *x, const double *y, size_t n, struct stats_corr *c)
{
	double *buf;
	size_t i, k = 0;
	int err = 0;

	*c = (struct stats_corr){ .pearson = NAN, .pearson_p = NAN, .spearman = NAN, .spearman_p_t = NAN,
				  .spearman_p_exact = NAN, .kendall_s = NAN, .kendall_tau_b = NAN,
				  .kendall_p_asymp = NAN, .kendall_p_exact = NAN };
	if (!n)
		return 0;
	buf = malloc(2 * n * sizeof(*buf));
	if (!buf)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (!isfinite(x[i]) || !isfinite(y[i]))
			continue;
		buf[k] = x[i];
		buf[n + k++] = y[i];
	}
	c->n = k;
	if (k > 1)
		err = correlate(buf, buf + n, c);
	free(buf);
	return err;
}
