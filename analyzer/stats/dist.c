// SPDX-License-Identifier: GPL-2.0-only
#include <float.h>
#include <math.h>

#include "dist.h"

/* log(1 + u) - u without the cancellation near 0. */
static double log1p_minus(double u)
{
	double r, r2, term, sum = 0;
	int k;

	if (fabs(u) > 0.3)
		return log1p(u) - u;
	/* log(1 + u) = 2 atanh(r) */
	r = u / (2 + u);
	r2 = r * r;
	term = 2 * r * r2;
	for (k = 3; k < 40 && fabs(term) > 1e-18 * fabs(r * u); k += 2) {
		sum += term / k;
		term *= r2;
	}
	return sum - r * u;
}

/* a * (log(ratio) - u) where ratio = 1 + u; of the two the one with digits is used. */
static double deviance(double a, double ratio, double u)
{
	return a * (fabs(u) <= 0.5 ? log1p_minus(u) : log(ratio) - u);
}

/* What Stirling's formula leaves out of log Gamma(z). */
static double stirling_rest(double z)
{
	double z2 = z * z;
	int sign;

	if (z < 12)
		return lgamma_r(z, &sign) - ((z - 0.5) * log(z) - z + 0.918938533204672741780);
	return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / z2) / z2) / z2) / z2) / z;
}

/* x^a y^b / B(a, b), y = 1 - x: differences of large logarithms never arise. */
static double beta_front(double a, double b, double x, double y)
{
	double n = a + b, e = x * b - y * a;

	return sqrt(a * b / (2 * M_PI * n)) * exp(deviance(a, x * n / a, e / a) + deviance(b, y * n / b, -e / b) +
						  stirling_rest(n) - stirling_rest(a) - stirling_rest(b));
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
	for (m = 1; m <= 100000; m++) {
		up = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		d = 1 + up * d;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = 1 + up / c;
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		up = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 + up * d;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = 1 + up / c;
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		if (fabs(d * c - 1) < 2e-16)
			break;
	}
	return h;
}

/* I_x(a, b) and its complement, y = 1 - x; the smaller of the two has full relative precision. */
static void beta_both(double a, double b, double x, double y, double *low, double *high)
{
	if (x <= 0 || y <= 0) {
		*low = x > 0;
		*high = !(x > 0);
	} else if (x < (a + 1) / (a + b + 2)) {
		*low = beta_front(a, b, x, y) * beta_fraction(a, b, x) / a;
		*high = 1 - *low;
	} else {
		*high = beta_front(a, b, x, y) * beta_fraction(b, a, y) / b;
		*low = 1 - *high;
	}
}

double stats_beta_inc(double a, double b, double x)
{
	double low, high;

	if (!(a > 0) || !(b > 0) || isnan(x))
		return NAN;
	beta_both(a, b, x, 1 - x, &low, &high);
	return low;
}

/* P(|T| >= |t|) and P(|T| <= |t|). */
static void t_both(double t, double df, double *outside, double *inside)
{
	double r = t / sqrt(df), r2 = r * r;

	beta_both(df / 2, 0.5, 1 / (1 + r2), isinf(r2) ? 1 : r2 / (1 + r2), outside, inside);
}

double stats_t_two_sided(double t, double df)
{
	double outside, inside;

	if (!(df > 0) || isnan(t))
		return NAN;
	if (isinf(df))
		return stats_normal_two_sided(t);
	t_both(t, df, &outside, &inside);
	return outside;
}

static double t_density(double t, double df)
{
	double a = df / 2; /* 1 / B(a, 1/2) by what Stirling leaves, as in beta_front() */
	double norm = exp(a * log1p(0.5 / a) + stirling_rest(a + 0.5) - stirling_rest(a) - stirling_rest(0.5));

	return norm / (2 * sqrt(M_PI)) * exp(-(df + 1) / 2 * log1p(t * t / df));
}

/* A start: an expansion about the normal, or the power law of the far tail. */
static double t_guess(double level, double df)
{
	double z = stats_normal_quantile(0.5 + level / 2), z2 = z * z, t1, t2, t3;

	if (z2 >= 2 * df)
		return sqrt(df) * pow(2 * t_density(0, df) / (sqrt(df) * (1 - level)), 1 / df);
	t1 = (z2 + 1) / 4;
	t2 = ((5 * z2 + 16) * z2 + 3) / 96;
	t3 = (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
	return z * (1 + (t1 + (t2 + t3 / df) / df) / df);
}

double stats_t_quantile(double level, double df)
{
	double lo = 0, hi = INFINITY, t, top, f, step, outside, inside, alpha = 1 - level;
	int i;

	if (!(level >= 0) || !(level < 1) || !(df > 0))
		return NAN;
	if (level == 0)
		return 0;
	if (isinf(df))
		return stats_normal_quantile(0.5 + level / 2);
	t = t_guess(level, df);
	if (!(t > 0) || isinf(t))
		t = 1;
	top = t_density(0, df);
	/* Halley, kept inside a bracket: the error is cubed in each step */
	for (i = 0; i < 400; i++) {
		t_both(t, df, &outside, &inside);
		f = level < 0.5 ? inside - level : alpha - outside;
		if (f < 0)
			lo = t;
		else
			hi = t;
		step = f / (2 * top * exp(-(df + 1) / 2 * log1p(t * t / df)));
		step /= 1 + step * (df + 1) * t / (2 * (df + t * t));
		if (!(t - step >= lo && t - step <= hi))
			step = isinf(hi) ? -t : t - (lo + (hi - lo) / 2);
		else if (fabs(step) <= 1e-6 * t)
			return t - step;
		t -= step;
		if (fabs(step) <= 4 * DBL_EPSILON * t)
			break;
	}
	return t;
}

double stats_normal_cdf(double z)
{
	return 0.5 * erfc(-z * M_SQRT1_2);
}

double stats_normal_two_sided(double z)
{
	return erfc(fabs(z) * M_SQRT1_2);
}

double stats_normal_quantile(double p)
{
	double t, z, e;
	int i;

	if (!(p >= 0 && p <= 1))
		return NAN;
	if (p == 0 || p == 1)
		return p ? INFINITY : -INFINITY;
	if (p > 0.5)
		return -stats_normal_quantile(1 - p);
	if (p == 0.5)
		return 0;
	/* rational start (Abramowitz and Stegun 26.2.22), then Halley */
	t = sqrt(-2 * log(p));
	z = (2.30753 + 0.27061 * t) / (1 + (0.99229 + 0.04481 * t) * t) - t;
	for (i = 0; i < 6; i++) {
		/* near the middle what counts is the distance from it */
		e = p > 0.25 ? erf(z * M_SQRT1_2) / 2 + (0.5 - p) : stats_normal_cdf(z) - p;
		e *= sqrt(2 * M_PI) * exp(z * z / 2);
		e /= 1 + z * e / 2;
		z -= e;
		if (fabs(e) <= 1e-9 * fabs(z)) /* the next step would be its cube */
			break;
	}
	return z;
}

/* x^a exp(-x) / Gamma(a) */
static double gamma_front(double a, double x)
{
	return sqrt(a / (2 * M_PI)) * exp(deviance(a, x / a, (x - a) / a) - stirling_rest(a));
}

/* Regularised incomplete gamma functions P(a, x) and Q(a, x); the smaller has full precision. */
static void gamma_both(double a, double x, double *low, double *high)
{
	double term = 1, sum = 1, b, c, d, h, front;
	int k;

	if (x <= 0) {
		*low = 0;
		*high = 1;
		return;
	}
	front = gamma_front(a, x);
	if (x < a + 1) {
		for (k = 1; k < 1000000 && term > 1e-17 * sum; k++) {
			term *= x / (a + k);
			sum += term;
		}
		*low = front / a * sum;
		*high = 1 - *low;
		return;
	}
	b = x + 1 - a;
	c = 1e300;
	h = d = 1 / b;
	for (k = 1; k < 1000000; k++) {
		b += 2;
		d = 1 / (b - k * (k - a) * d);
		c = b - k * (k - a) / c;
		h *= c * d;
		if (fabs(c * d - 1) < 2e-16)
			break;
	}
	*high = front * h;
	*low = 1 - *high;
}

double stats_chi2_cdf(double x, double df)
{
	double low, high;

	if (!(df > 0) || isnan(x))
		return NAN;
	if (isinf(x))
		return x > 0;
	gamma_both(df / 2, x / 2, &low, &high);
	return low;
}

double stats_chi2_quantile(double p, double df)
{
	double a = df / 2, z, x, lo = 0, hi = INFINITY, low, high, f, next;
	int i, sign;

	if (!(p >= 0 && p <= 1) || !(df > 0))
		return NAN;
	if (p == 0 || p == 1)
		return p ? INFINITY : 0;
	/* Wilson and Hilferty, or the first term of the series far below */
	z = stats_normal_quantile(p);
	x = 1 - 2 / (9 * df) + z * sqrt(2 / (9 * df));
	x = x > 0.3 ? a * x * x * x : exp((log(p) + lgamma_r(a + 1, &sign)) / a);
	for (i = 0; i < 400; i++) {
		gamma_both(a, x, &low, &high);
		f = p < 0.5 ? low - p : 1 - p - high;
		if (f > 0)
			hi = x;
		else
			lo = x;
		next = p < 0.5 ? x * exp(-log(low / p) * low / gamma_front(a, x)) : x - f * x / gamma_front(a, x);
		if (!(next >= lo && next <= hi) || next == 0)
			next = isinf(hi) ? 2 * x : lo + (hi - lo) / 2;
		if (fabs(next - x) <= 4 * DBL_EPSILON * next)
			return 2 * next;
		x = next;
	}
	return 2 * x;
}

double stats_binom_cdf(double k, double n, double p)
{
	double low, high;

	if (isnan(k) || !(n >= 0) || !(p >= 0 && p <= 1))
		return NAN;
	k = floor(k);
	if (k < 0)
		return 0;
	if (k >= n || p == 0)
		return 1;
	beta_both(n - k, k + 1, 1 - p, p, &low, &high);
	return low;
}
