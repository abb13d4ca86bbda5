// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>

#include "dist.h"
#include "power.h"

#define N_MAX 1e7

/*
 * T is noncentral t: (Z + shift) / S, S = sqrt(chi-square / df). It is beyond the cut when
 * |Z + shift| > cut S. Adds to *sum the weight of S = exp(u) times the probability of that,
 * to *norm the weight; false once neither adds anything.
 */
static bool node(double df, double cut, double shift, double u, double *sum, double *norm)
{
	double e = expm1(u), s = 1 + e, w, p;

	/* the density of u over its peak at 0 */
	w = exp(-df / 2 * (e * (2 + e) - 2 * u));
	p = erfc((cut * s - shift) * M_SQRT1_2);
	/* the other tail is exp(2 cut s shift) times thinner */
	if (cut * s * shift < 16)
		p += erfc((cut * s + shift) * M_SQRT1_2);
	*sum += w * p;
	*norm += w;
	return w > 1e-13 * *norm || !(w * p <= 1e-13 * *sum) || *sum == 0;
}

/* P(|T| > cut). Smooth, vanishing on both sides: the trapezoidal rule converges exponentially. */
static double tails(double cut, double df, double shift)
{
	double h = fmin(0.18, 0.6 / sqrt(2 * df + fmin(shift * shift, 1e4))), sum = 0, norm = 0;
	/* beyond it S^df is 0, or for large df the bell about S = 1 */
	long i = 0, first = (long)((-745 / df - 40 / sqrt(2 * df)) / h), last = (long)(40 / h);

	/* leftwards the density falls slowly and what is multiplied with it may grow */
	while (node(df, cut, shift, h * (double)i, &sum, &norm) && i > first)
		i--;
	for (i = 1; i < last && node(df, cut, shift, h * (double)i, &sum, &norm); i++)
		;
	return sum / norm / 2;
}

static bool valid(double n, double alpha)
{
	return n >= 2 && isfinite(n) && alpha > 0 && alpha < 1;
}

static double df_of(double n, bool paired)
{
	return paired ? n - 1 : 2 * n - 2;
}

static double root_of(double n, bool paired)
{
	return sqrt(paired ? n : n / 2);
}

double stats_power(double n, double d, double alpha, bool paired)
{
	double df = df_of(n, paired);

	if (!valid(n, alpha) || isnan(d))
		return NAN;
	if (isinf(d))
		return 1;
	return tails(stats_t_quantile(1 - alpha, df), df, fabs(d) * root_of(n, paired));
}

double stats_power_n(double d, double alpha, double power, bool paired)
{
	double z, lo, hi, n, step;

	if (!valid(2, alpha) || !(power > 0 && power < 1) || isnan(d))
		return NAN;
	d = fabs(d);
	/* near by the normal approximation; then a bracket lo < n <= hi */
	z = stats_normal_quantile(1 - alpha / 2);
	n = (z + stats_normal_quantile(power)) / d;
	n = floor((paired ? 1 : 2) * n * n + z * z / (paired ? 2 : 4));
	if (!(n >= 2))
		n = n < 2 ? 2 : N_MAX;
	n = fmin(n, N_MAX);
	if (stats_power(n, d, alpha, paired) >= power) {
		for (hi = n, lo = n - 1, step = 1; lo >= 2 && stats_power(lo, d, alpha, paired) >= power; step *= 2) {
			hi = lo;
			lo = hi - step;
		}
		lo = fmax(lo, 1);
	} else {
		for (lo = n, hi = n + 1, step = 1; stats_power(hi, d, alpha, paired) < power; step *= 2) {
			if (hi >= N_MAX)
				return NAN;
			lo = hi;
			hi = fmin(lo + step, N_MAX);
		}
	}
	while (hi - lo > 1) {
		n = floor(lo + (hi - lo) / 2);
		if (stats_power(n, d, alpha, paired) >= power)
			hi = n;
		else
			lo = n;
	}
	return hi;
}

double stats_power_mde(double n, double alpha, double power, bool paired)
{
	double df = df_of(n, paired), lo = 0, hi = INFINITY, cut, shift, next, f, before = NAN, at = NAN;
	int i;

	if (!valid(n, alpha) || !(power > 0 && power < 1))
		return NAN;
	if (power <= alpha)
		return 0;
	cut = stats_t_quantile(1 - alpha, df);
	shift = fmax(cut + stats_normal_quantile(power), 0.5);
	/* secant on the normal scale, where power is nearly a line; inside a bracket */
	for (i = 0; i < 200; i++) {
		f = stats_normal_quantile(fmin(tails(cut, df, shift), 1 - 1e-16)) - stats_normal_quantile(power);
		if (f > 0)
			hi = shift;
		else
			lo = shift;
		next = isnan(before) ? shift - f : shift - f * (shift - at) / (f - before);
		if (!(next > lo && next < hi))
			next = isinf(hi) ? 2 * shift : lo + (hi - lo) / 2;
		at = shift;
		before = f;
		shift = next;
		if (fabs(shift - at) <= 1e-7 * shift) /* the next step would be about its square */
			break;
	}
	return shift / root_of(n, paired);
}

double stats_sd_upper(double sd, double df, double p)
{
	return sd * sqrt(df / stats_chi2_quantile(1 - p, df));
}
