// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>

#include "dist.h"
#include "effect.h"
#include "stats_int.h"

static const struct stats_ratio ratio_none = {
	.status = STATS_NO_VALUES,
	.ratio = NAN,
	.lo = NAN,
	.hi = NAN,
	.df = NAN,
	.p = NAN,
	.g = NAN,
};

/*
 * All r for which mean b - r * mean a is compatible with 0. Everything in units of mean a,
 * so that no square leaves the range: with v the variances of the means and g = t^2 v_a the
 * ends are (ratio -+ t sqrt(v_b (1 - g) + ratio^2 v_a)) / (1 - g).
 */
static void fieller(long double ratio, long double va, size_t na, long double vb, size_t nb, double level,
		    struct stats_ratio *r)
{
	long double ra = ratio * ratio * va, t, half;

	r->g = 0;
	if (va == 0 && vb == 0) {
		r->status = STATS_ZERO_VARIANCE;
		r->lo = r->hi = r->ratio;
		return;
	}
	/* without vb this is na - 1 for every ratio, also for 0 */
	r->df = vb == 0 ? (double)na - 1 : (double)((vb + ra) * (vb + ra) / (vb * vb / (nb - 1) + ra * ra / (na - 1)));
	t = stats_t_quantile(level, r->df);
	r->g = (double)(t * t * va);
	r->status = STATS_UNBOUNDED;
	if (!(r->g < 1))
		return;
	r->status = STATS_OK;
	half = t * sqrtl(vb * (1 - t * t * va) + ra);
	r->lo = (double)((ratio - half) / (1 - t * t * va));
	r->hi = (double)((ratio + half) / (1 - t * t * va));
}

void stats_ratio_fieller(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_ratio *r)
{
	struct stats_moments ma, mb;
	long double mean_a, mean_b;

	*r = ratio_none;
	stats_moments(a, na, &ma);
	stats_moments(b, nb, &mb);
	if (!na || !nb)
		return;
	mean_a = ma.origin + ma.mean;
	mean_b = mb.origin + mb.mean;
	if (mean_a == 0) {
		/* any ratio goes with a mean that may be 0, none with one that is */
		r->status = ma.var > 0 ? STATS_UNBOUNDED : STATS_UNDEFINED;
		return;
	}
	r->ratio = (double)(mean_b / mean_a);
	r->status = STATS_TOO_FEW;
	if (na < 2 || nb < 2)
		return;
	fieller(mean_b / mean_a, ma.var / na / mean_a / mean_a, na, mb.var / nb / mean_a / mean_a, nb, level, r);
}

void stats_ratio_hmean(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_ratio *r)
{
	struct stats_moments ma, mb;
	long double mean_a, mean_b, ratio;
	double lo;
	bool ok;

	*r = ratio_none;
	ok = stats_reciprocal_moments(a, na, &ma);
	ok = stats_reciprocal_moments(b, nb, &mb) && ok;
	if (!na || !nb)
		return;
	r->status = STATS_UNDEFINED;
	if (!ok)
		return;
	/* the mean of 1 / x is (1 + m.mean) / m.origin */
	mean_a = 1 + ma.mean;
	mean_b = 1 + mb.mean;
	ratio = mean_b / mean_a * ((long double)ma.origin / mb.origin);
	r->ratio = (double)(1 / ratio);
	r->status = STATS_TOO_FEW;
	if (na < 2 || nb < 2)
		return;
	fieller(ratio, ma.var / na / mean_a / mean_a, na, mb.var / nb * (ratio / mean_b) * (ratio / mean_b), nb, level,
		r);
	if (r->status != STATS_OK)
		return;
	lo = r->lo;
	r->lo = 1 / r->hi;
	r->hi = lo > 0 ? 1 / lo : INFINITY;
	if (!(lo > 0))
		r->status = STATS_UNBOUNDED;
}

int stats_ratio_log(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_ratio *r)
{
	struct stats_moments ma, mb;
	struct stats_welch w;
	bool ok;

	*r = ratio_none;
	if (!na || !nb)
		return 0;
	ok = stats_log_moments(a, na, &ma);
	if (!stats_log_moments(b, nb, &mb) || !ok) {
		r->status = STATS_UNDEFINED;
		return 0;
	}
	stats_welch_moments(&ma, &mb, stats_log_ratio(mb.origin, ma.origin), level, &w);
	r->status = w.status;
	r->ratio = exp(w.diff);
	r->lo = exp(w.lo);
	r->hi = exp(w.hi);
	r->df = w.df;
	r->p = w.p;
	return 0;
}

double stats_cohen_d(const double *a, size_t na, const double *b, size_t nb)
{
	struct stats_moments ma, mb;
	long double pooled;

	if (na < 2 || nb < 2)
		return NAN;
	stats_moments(a, na, &ma);
	stats_moments(b, nb, &mb);
	pooled = ((na - 1) * ma.var + (nb - 1) * mb.var) / (na + nb - 2);
	if (!(pooled > 0))
		return NAN;
	return (double)(((long double)mb.origin - ma.origin + mb.mean - ma.mean) / sqrtl(pooled));
}

double stats_hedges_g(const double *a, size_t na, const double *b, size_t nb)
{
	return stats_cohen_d(a, na, b, nb) * (1 - 3 / (4 * (double)(na + nb) - 9));
}
