// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>

#include "desc.h"
#include "dist.h"
#include "test.h"

void stats_welch(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_welch *w)
{
	double va, vb, half;

	*w = (struct stats_welch){ .se = NAN, .t = NAN, .df = NAN, .p = NAN, .lo = NAN, .hi = NAN };
	w->diff = stats_mean(b, nb) - stats_mean(a, na);
	if (na < 2 || nb < 2) {
		w->status = STATS_TOO_FEW;
		return;
	}
	va = stats_variance(a, na) / na;
	vb = stats_variance(b, nb) / nb;
	if (va == 0 && vb == 0) {
		w->status = STATS_ZERO_VARIANCE;
		w->p = w->diff == 0;
		w->se = 0;
		w->lo = w->hi = w->diff;
		return;
	}
	w->status = STATS_OK;
	w->se = sqrt(va + vb);
	w->t = w->diff / w->se;
	/* ratios first: the squares of tiny variances would underflow */
	va /= va + vb;
	vb = 1 - va;
	w->df = 1 / (va * va / (na - 1) + vb * vb / (nb - 1));
	w->p = stats_t_two_sided(w->t, w->df);
	half = stats_t_quantile(level, w->df) * w->se;
	w->lo = w->diff - half;
	w->hi = w->diff + half;
}

const char *stats_status_name(enum stats_status s)
{
	static const char *const name[] = { "ok", "too_few", "zero_variance" };

	return (unsigned int)s < sizeof(name) / sizeof(name[0]) ? name[s] : "?";
}
