// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "desc.h"
#include "dist.h"
#include "explain.h"

#define PERM_MAX 15000

struct arm {
	const double *m, *y;
	size_t n;
	long double mm, my; /* means less the first value */
	long double xx, yy, xy;
};

static void arm_sums(struct arm *a)
{
	long double u, v;
	size_t i;

	for (i = 0; i < a->n; i++) {
		a->mm += ((long double)a->m[i] - a->m[0]) / a->n;
		a->my += ((long double)a->y[i] - a->y[0]) / a->n;
	}
	for (i = 0; i < a->n; i++) {
		u = (long double)a->m[i] - a->m[0] - a->mm;
		v = (long double)a->y[i] - a->y[0] - a->my;
		a->xx += u * u;
		a->yy += v * v;
		a->xy += u * v;
	}
}

/* Sums of m * y over every order of y in one arm; returns how many. */
static size_t perm_sums(const struct arm *a, double *out)
{
	size_t c[8] = { 0 }, i, k, at = 0;
	double y[8], m[8], t;
	long double sum = 0;

	for (i = 0; i < a->n; i++) {
		m[i] = (double)((long double)a->m[i] - a->m[0] - a->mm);
		y[i] = (double)((long double)a->y[i] - a->y[0] - a->my);
		sum += (long double)m[i] * y[i];
	}
	out[at++] = (double)sum;
	for (i = 1; i < a->n;) {
		if (c[i] >= i) {
			c[i++] = 0;
			continue;
		}
		k = i & 1 ? c[i] : 0;
		t = y[k];
		y[k] = y[i];
		y[i] = t;
		for (sum = 0, k = 0; k < a->n; k++)
			sum += (long double)m[k] * y[k];
		out[at++] = (double)sum;
		c[i]++;
		i = 1;
	}
	return at;
}

static double factorial(size_t n)
{
	return n < 2 ? 1 : (double)n * factorial(n - 1);
}

/* Exact permutation of y inside each arm. */
static int within_perm(const struct arm *a, const struct arm *b, double *p)
{
	double *sa, *sb, seen, hits = 0;
	size_t i, j, ka, kb;

	/* 8! alone is more than PERM_MAX: what comes below holds at most 7 values */
	if (a->n > 7 || b->n > 7 || factorial(a->n) * factorial(b->n) > PERM_MAX)
		return 0;
	sa = malloc(2 * PERM_MAX * sizeof(*sa));
	if (!sa)
		return -ENOMEM;
	sb = sa + PERM_MAX;
	ka = perm_sums(a, sa);
	kb = perm_sums(b, sb);
	/* sums in another order differ in their last digits */
	seen = fabs(sa[0] + sb[0]) - 1e-12 * (double)sqrtl((a->xx + b->xx) * (a->yy + b->yy));
	for (i = 0; i < ka; i++)
		for (j = 0; j < kb; j++)
			hits += fabs(sa[i] + sb[j]) >= seen;
	*p = hits / ((double)ka * (double)kb);
	free(sa);
	return 0;
}

static double share_of(double part, double whole)
{
	return whole != 0 ? part / whole : NAN;
}

int stats_explain(const double *ya, const double *ma, size_t na, const double *yb, const double *mb, size_t nb,
		  struct stats_explain *e)
{
	struct arm a = { .m = ma, .y = ya, .n = na }, b = { .m = mb, .y = yb, .n = nb };
	long double xx, yy, xy, rest;
	struct stats_welch w;
	double df;

	*e = (struct stats_explain){ .a_rel = NAN, .a_p = NAN, .b = NAN, .b_se = NAN, .b_p = NAN, .r_within = NAN,
				     .indirect = NAN, .direct = NAN, .share = NAN, .sobel_se = NAN, .within_perm_p = NAN };
	/* a difference of two rounded means would have lost the digits of what is far from 0 */
	stats_welch(ya, na, yb, nb, 0.95, &w);
	e->total = w.diff;
	stats_welch(ma, na, mb, nb, 0.95, &w);
	e->a = w.diff;
	e->a_p = w.p;
	e->a_rel = share_of(e->a, stats_mean(ma, na));
	if (!na || !nb) {
		e->status = STATS_NO_VALUES;
		return 0;
	}
	arm_sums(&a);
	arm_sums(&b);
	xx = a.xx + b.xx;
	yy = a.yy + b.yy;
	xy = a.xy + b.xy;
	if (na + nb < 4 || xx == 0) {
		e->status = na + nb < 4 ? STATS_TOO_FEW : STATS_ZERO_VARIANCE;
		return 0;
	}
	e->b = (double)(xy / xx);
	e->indirect = e->a * e->b;
	e->direct = e->total - e->indirect;
	e->share = share_of(e->indirect, e->total);
	df = (double)(na + nb - 3);
	rest = yy - xy * xy / xx;
	rest = rest > 0 ? rest : 0;
	e->b_se = (double)sqrtl(rest / df / xx);
	if (yy > 0) {
		e->r_within = (double)fmaxl(-1, fminl(1, xy / sqrtl(xx * yy)));
		e->b_p = e->b_se > 0 ? stats_t_two_sided(e->b / e->b_se, df) : 0;
	}
	if (na > 1 && nb > 1)
		e->sobel_se = (double)hypotl((long double)e->a * e->b_se,
					     e->b * sqrtl(a.xx / (na - 1) / na + b.xx / (nb - 1) / nb));
	return within_perm(&a, &b, &e->within_perm_p);
}
