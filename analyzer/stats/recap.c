// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "desc.h"
#include "dist.h"
#include "recap.h"

void stats_recap(const double *ratio, const double *se, size_t k, double level, struct stats_recap *r)
{
	long double sum = 0, var = 0, spread = 0, mean, half;
	size_t i;

	*r = (struct stats_recap){ .k = k, .gmean = NAN, .within_lo = NAN, .within_hi = NAN, .between_lo = NAN,
				   .between_hi = NAN };
	if (!k)
		return;
	for (i = 0; i < k; i++) {
		if (!(ratio[i] > 0) || !isfinite(ratio[i]))
			return;
		sum += logl(ratio[i]);
		var += (long double)se[i] * se[i];
	}
	mean = sum / k;
	r->gmean = (double)expl(mean);
	half = stats_normal_quantile(0.5 + level / 2) * sqrtl(var) / k;
	r->within_lo = (double)expl(mean - half);
	r->within_hi = (double)expl(mean + half);
	if (k < 2)
		return;
	for (i = 0; i < k; i++)
		spread += (logl(ratio[i]) - mean) * (logl(ratio[i]) - mean);
	half = stats_t_quantile(level, (double)(k - 1)) * sqrtl(spread / (k - 1) / k);
	r->between_lo = (double)expl(mean - half);
	r->between_hi = (double)expl(mean + half);
}

static double over(double a, double b)
{
	return b != 0 ? a / b : NAN;
}

int stats_fairness(const double *x, size_t n, struct stats_fairness *f)
{
	long double sum = 0, squares = 0, pairs = 0, top = 0;
	double *s, mean, min, max;
	size_t i;

	*f = (struct stats_fairness){ .n = n, .jain = NAN, .max_min = NAN, .min_mean = NAN, .stddev = NAN, .cov = NAN,
				      .gini = NAN, .spread_pct = NAN };
	if (!n)
		return 0;
	s = malloc(n * sizeof(*s));
	if (!s)
		return -ENOMEM;
	memcpy(s, x, n * sizeof(*s));
	stats_sort(s, n);
	min = s[0];
	max = s[n - 1];
	top = fmaxl(fabsl(min), fabsl(max));
	for (i = 0; i < n && top > 0; i++) {
		long double v = s[i] / top;

		sum += v;
		squares += v * v;
		/* sorted: sum of |x[i] - x[j]| over i < j, about min so that an offset costs nothing */
		pairs += (2 * (long double)i - (long double)(n - 1)) * (((long double)s[i] - min) / top);
	}
	free(s);
	if (squares > 0)
		f->jain = (double)(sum * sum / (n * squares));
	mean = stats_mean(x, n);
	f->stddev = stats_stddev(x, n);
	f->cov = over(f->stddev, mean);
	f->max_min = min > 0 ? max / min : NAN;
	f->min_mean = over(min, mean);
	f->spread_pct = mean != 0 ? (double)(((long double)max - min) / mean * 100) : NAN;
	if (mean != 0)
		f->gini = (double)(2 * pairs / n / n / (2 * (mean / top)));
	return 0;
}

struct point {
	double x, y;
	size_t i;
};

static int by_load(const void *a, const void *b)
{
	const struct point *p = a, *q = b;

	if (p->x != q->x)
		return p->x < q->x ? -1 : 1;
	return (p->i > q->i) - (p->i < q->i);
}

static void find_knee(const struct point *p, size_t top, struct stats_knee *k)
{
	size_t i;

	k->to_peak = top + 1;
	for (i = 1; top > 1 && i < top; i++) {
		double d = (p[i].y - p[0].y) / (p[top].y - p[0].y) - (p[i].x - p[0].x) / (p[top].x - p[0].x);

		/* a straight line has none; rounding is no knee */
		if (d > 1e-9 && !(d <= k->knee_dist)) {
			k->knee_dist = d;
			k->knee_load = p[i].x;
		}
	}
}

int stats_knee(const double *load, const double *throughput, size_t n, struct stats_knee *k)
{
	size_t i, top = 0, m = 0;
	struct point *p;

	*k = (struct stats_knee){ .peak_load = NAN, .peak = NAN, .sat_load = NAN, .knee_load = NAN, .knee_dist = NAN,
				  .drop_pct = NAN };
	p = malloc((n + 1) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		if (isfinite(load[i]) && isfinite(throughput[i]))
			p[m++] = (struct point){ load[i], throughput[i], i };
	if (m) {
		qsort(p, m, sizeof(*p), by_load);
		for (i = 1; i < m; i++)
			if (p[i].y > p[top].y)
				top = i;
		k->peak_load = p[top].x;
		k->peak = p[top].y;
		for (i = 0; i < top && p[i].y < 0.95 * k->peak; i++)
			;
		k->sat_load = p[i].x;
		k->drop_pct = over(k->peak - p[m - 1].y, k->peak) * 100;
		find_knee(p, top, k);
	}
	free(p);
	return 0;
}

void stats_cost(const struct stats_cost_in *in, struct stats_cost *c)
{
	double us = in->cpu_util * in->ncpu * 1e6;

	c->cpu_load_cycles_per_s = over(in->cycles, in->seconds);
	c->cycles_per_op = over(in->cycles, in->ops);
	c->ops_per_s = over(in->ops, in->seconds);
	c->demand_us_per_op = over(us * in->seconds, in->ops);
	c->demand_us_per_kb = over(us, in->kb_per_s);
}
