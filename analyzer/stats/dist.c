// SPDX-License-Identifier: GPL-2.0-only
#include <float.h>
#include <math.h>

#include "dist.h"

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
