// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>

#include "dist.h"
#include "percentile.h"

double stats_nearest_rank(const double *sorted, size_t n, unsigned int permille)
{
	size_t rank = (n * permille + 999) / 1000;

	return n ? sorted[rank ? rank - 1 : 0] : NAN;
}

/* P(X < k) and P(X >= k), each without taking the other from 1. */
static double below(size_t k, size_t n, double p)
{
	return k ? stats_binom_cdf((double)k - 1, (double)n, p) : 0;
}

static double from(size_t k, size_t n, double p)
{
	/* n - X is binomial(n, 1 - p) */
	return k > n ? 0 : k ? stats_binom_cdf((double)(n - k), (double)n, 1 - p) : 1;
}

void stats_order_ci(const double *sorted, size_t n, double p, double level, struct stats_order_ci *c)
{
	/* 1 - 0.95 is a little more than 0.05: no tail may miss for that */
	double tail = (1 - level) / 2 * (1 + 1e-12);
	size_t lo = 0, hi = n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo + 1) / 2;
		if (below(mid, n, p) <= tail)
			lo = mid;
		else
			hi = mid - 1;
	}
	c->l = lo;
	lo = 1;
	hi = n + 1;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (from(mid, n, p) <= tail)
			hi = mid;
		else
			lo = mid + 1;
	}
	c->u = lo <= n ? lo : 0;
	c->lo = c->l ? sorted[c->l - 1] : NAN;
	c->hi = c->u ? sorted[c->u - 1] : NAN;
	c->coverage = 1 - below(c->l, n, p) - (c->u ? from(c->u, n, p) : 0);
}
