// SPDX-License-Identifier: GPL-2.0-only
/* Wilcoxon's signed rank, and the median of Walsh averages. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "desc.h"
#include "dist.h"
#include "stats_int.h"
#include "test.h"

#define EXACT_N 200

/* How many choices out of these ranks have which sum; free(). NULL: no memory. */
static double *subset_sums(const uint32_t *rank, size_t n, size_t *n_count)
{
	size_t i, s, top = 0;
	double *count;

	for (i = 0; i < n; i++)
		top += rank[i];
	count = calloc(top + 1, sizeof(*count));
	if (!count)
		return NULL;
	*n_count = top + 1;
	count[0] = 1;
	for (i = 0, top = 0; i < n; i++) {
		top += rank[i];
		for (s = top + 1; s-- > rank[i];)
			count[s] += count[s - rank[i]];
	}
	return count;
}

/* By steps of this much are differences equal: of 1e-9, finer for small values, no finer than rounding. */
static double tie_step(const double *a, const double *b, size_t n)
{
	double top = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (isfinite(a[i]) && isfinite(b[i]))
			top = fmax(top, fmax(fabs(a[i]), fabs(b[i])));
	return fmax(1e-9 * fmin(1, top), 4 * DBL_EPSILON * top);
}

static int by_size(const void *a, const void *b)
{
	double x = fabs(*(const double *)a), y = fabs(*(const double *)b);

	return (x > y) - (x < y);
}

/* Doubled midranks of d ordered by size; their sum where d > 0, and that of t^3 - t over ties. */
static uint64_t signed_midranks(const double *d, size_t n, uint32_t *rank, double *ties)
{
	uint64_t v = 0;
	size_t i, j, k;
	double t;

	*ties = 0;
	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n && fabs(d[j]) == fabs(d[i]); j++)
			;
		t = (double)(j - i);
		*ties += t * t * t - t;
		for (k = i; k < j; k++) {
			rank[k] = (uint32_t)(i + 1 + j);
			v += d[k] > 0 ? rank[k] : 0;
		}
	}
	return v;
}

static int exact_p(uint32_t *rank, size_t n, uint64_t v, double *p)
{
	double *count, total = 0, sum = 0;
	size_t i, n_count;
	bool even = true;
	int64_t dev;

	for (i = 0; i < n; i++)
		even = even && rank[i] % 2 == 0;
	for (i = 0; i < n && even; i++)
		rank[i] /= 2;
	if (even)
		v /= 2;
	count = subset_sums(rank, n, &n_count);
	if (!count)
		return -ENOMEM;
	dev = llabs(2 * (int64_t)v - (int64_t)(n_count - 1));
	for (i = 0; i < n_count; i++) {
		total += count[i];
		if (llabs(2 * (int64_t)i - (int64_t)(n_count - 1)) >= dev)
			sum += count[i];
	}
	*p = fmin(1, sum / total);
	free(count);
	return 0;
}

static int test(double *d, size_t n, struct stats_signed_rank *s)
{
	double ties, mean = (double)n * ((double)n + 1) / 4, sd;
	uint32_t *rank = malloc((n + 1) * sizeof(*rank));
	uint64_t v;
	int err = 0;

	if (!rank)
		return -ENOMEM;
	qsort(d, n, sizeof(*d), by_size);
	v = signed_midranks(d, n, rank, &ties);
	s->v = (double)v / 2;
	s->exact = n <= EXACT_N;
	if (s->exact) {
		err = exact_p(rank, n, v, &s->p);
	} else {
		sd = sqrt(mean * (2 * (double)n + 1) / 6 - ties / 48);
		s->p = stats_normal_two_sided(fmax(fabs(s->v - mean) - 0.5, 0) / sd);
	}
	free(rank);
	return err;
}

static int cut(size_t n, double level, size_t *c, double *achieved)
{
	double *count, total = (double)n * ((double)n + 1) / 2;
	uint32_t rank[EXACT_N];
	size_t i, n_count;

	if (n > EXACT_N) {
		*c = stats_rank_cut_normal(total / 2, sqrt(total * (2 * (double)n + 1) / 12), level, achieved);
		return 0;
	}
	for (i = 0; i < n; i++)
		rank[i] = (uint32_t)i + 1;
	count = subset_sums(rank, n, &n_count);
	if (!count)
		return -ENOMEM;
	*c = stats_rank_cut(count, n_count, ldexp(1, (int)n), level, achieved);
	free(count);
	return 0;
}

static int walsh(const double *d, size_t n, double level, struct stats_signed_rank *s)
{
	size_t i, j, c, k = 0, m = n * (n + 1) / 2;
	double *w;
	int err;

	err = cut(n, level, &c, &s->achieved);
	if (err)
		return err;
	w = malloc(m * sizeof(*w));
	if (!w)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		for (j = i; j < n; j++)
			w[k++] = d[i] + (d[j] - d[i]) / 2;
	stats_sort(w, m);
	s->estimate = m & 1 ? w[m / 2] : w[m / 2 - 1] + (w[m / 2] - w[m / 2 - 1]) / 2;
	s->lo = w[c - 1];
	s->hi = w[m - c];
	free(w);
	return 0;
}

int stats_signed_rank(const double *a, const double *b, size_t n, double level, struct stats_signed_rank *s)
{
	size_t i, k = 0, used = 0;
	double *d, step;
	int err;

	*s = (struct stats_signed_rank){
		.status = STATS_NO_VALUES, .v = NAN, .p = NAN, .estimate = NAN, .lo = NAN, .hi = NAN, .achieved = NAN
	};
	if (!n)
		return 0;
	d = malloc(n * sizeof(*d));
	if (!d)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		if (isfinite(a[i]) && isfinite(b[i]))
			d[k++] = b[i] - a[i];
	err = k ? walsh(d, k, level, s) : 0;
	if (err || !k)
		goto out;
	step = tie_step(a, b, n);
	for (i = 0; i < k; i++) {
		double ticks = step > 0 ? nearbyint(d[i] / step) : 0;

		if (ticks != 0)
			d[used++] = ticks;
	}
	s->n = used;
	s->status = used ? STATS_OK : STATS_ZERO_VARIANCE;
	err = test(d, used, s);
out:
	free(d);
	return err;
}
