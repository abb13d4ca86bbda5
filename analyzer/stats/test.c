// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>

#include "desc.h"
#include "dist.h"
#include "stats_int.h"
#include "test.h"

static void moments_of(const double *x, size_t n, long double (*at)(double x, double origin), struct stats_moments *m)
{
	long double d, sum = 0, top = 0, sq = 0, rest = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		d = at(x[i], m->origin);
		sum += d;
		top = fmaxl(top, fabsl(d));
	}
	m->mean = sum / n;
	if (n < 2)
		return;
	m->var = 0;
	if (top == 0)
		return;
	for (i = 0; i < n; i++) {
		d = at(x[i], m->origin) - m->mean;
		sq += d * d;
		rest += d;
	}
	m->var = (sq - rest * rest / n) / (n - 1);
}

static long double linear(double x, double origin)
{
	return (long double)x - origin;
}

static long double logarithmic(double x, double origin)
{
	return stats_log_ratio(x, origin);
}

double stats_log_ratio(double x, double y)
{
	/* near each other the difference has the digits, the quotient of them one rounding */
	if (x < 2 * y && y < 2 * x)
		return log1p((x - y) / y);
	return log(x) - log(y);
}

static long double reciprocal(double x, double origin)
{
	return ((long double)origin - x) / x;
}

void stats_moments(const double *x, size_t n, struct stats_moments *m)
{
	*m = (struct stats_moments){ .n = n, .origin = n ? x[0] : NAN, .mean = NAN, .var = NAN };
	if (n)
		moments_of(x, n, linear, m);
}

static bool positive_moments(const double *x, size_t n, long double (*at)(double x, double origin),
			     struct stats_moments *m)
{
	size_t i;

	*m = (struct stats_moments){ .n = n, .origin = n ? x[0] : NAN, .mean = NAN, .var = NAN };
	for (i = 0; i < n; i++)
		if (!(x[i] > 0))
			return false;
	if (n)
		moments_of(x, n, at, m);
	return true;
}

bool stats_log_moments(const double *x, size_t n, struct stats_moments *m)
{
	return positive_moments(x, n, logarithmic, m);
}

bool stats_reciprocal_moments(const double *x, size_t n, struct stats_moments *m)
{
	return positive_moments(x, n, reciprocal, m);
}

void stats_welch_moments(const struct stats_moments *a, const struct stats_moments *b, long double offset, double level,
			 struct stats_welch *w)
{
	long double va, vb, diff, half;

	*w = (struct stats_welch){ .diff = NAN, .se = NAN, .t = NAN, .df = NAN, .p = NAN, .lo = NAN, .hi = NAN };
	w->status = STATS_NO_VALUES;
	if (!a->n || !b->n)
		return;
	diff = offset + b->mean - a->mean;
	w->diff = (double)diff;
	w->status = STATS_TOO_FEW;
	if (a->n < 2 || b->n < 2)
		return;
	if (a->var == 0 && b->var == 0) {
		w->status = STATS_ZERO_VARIANCE;
		w->p = diff == 0;
		w->se = 0;
		w->lo = w->hi = w->diff;
		return;
	}
	w->status = STATS_OK;
	va = a->var / a->n;
	vb = b->var / b->n;
	w->se = (double)sqrtl(va + vb);
	w->t = (double)(diff / sqrtl(va + vb));
	half = va + vb;
	va /= half;
	vb /= half;
	w->df = (double)(1 / (va * va / (a->n - 1) + vb * vb / (b->n - 1)));
	w->p = stats_t_two_sided(w->t, w->df);
	half = (long double)stats_t_quantile(level, w->df) * sqrtl(half);
	w->lo = (double)(diff - half);
	w->hi = (double)(diff + half);
}

void stats_welch(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_welch *w)
{
	struct stats_moments ma, mb;

	stats_moments(a, na, &ma);
	stats_moments(b, nb, &mb);
	stats_welch_moments(&ma, &mb, (long double)mb.origin - ma.origin, level, w);
}

enum stats_status stats_t_one(long double mean, long double var, size_t n, double level, double *t, double *p,
			      double *lo, double *hi)
{
	long double se, half;

	*t = *p = *lo = *hi = NAN;
	if (n < 2)
		return n ? STATS_TOO_FEW : STATS_NO_VALUES;
	if (var == 0) {
		*p = mean == 0;
		*lo = *hi = (double)mean;
		return STATS_ZERO_VARIANCE;
	}
	se = sqrtl(var / n);
	*t = (double)(mean / se);
	*p = stats_t_two_sided(*t, n - 1.0);
	half = (long double)stats_t_quantile(level, n - 1.0) * se;
	*lo = (double)(mean - half);
	*hi = (double)(mean + half);
	return STATS_OK;
}

const char *stats_status_name(enum stats_status s)
{
	static const char *const name[] = {
		[STATS_OK] = "ok",
		[STATS_TOO_FEW] = "too_few",
		[STATS_ZERO_VARIANCE] = "zero_variance",
		[STATS_NO_VALUES] = "no_values",
		[STATS_UNDEFINED] = "undefined",
		[STATS_UNBOUNDED] = "unbounded",
	};

	return (unsigned int)s < sizeof(name) / sizeof(name[0]) ? name[s] : "?";
}
