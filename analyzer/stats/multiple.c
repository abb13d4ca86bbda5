// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "multiple.h"

struct ranked {
	double p;
	size_t at;
};

static int ascending(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

/* By what the i-th smallest (from 0) of m is multiplied; harmonic: 1 + 1/2 + ... + 1/m. */
static double factor(enum stats_adjust how, size_t i, size_t m, double harmonic)
{
	switch (how) {
	case STATS_BONFERRONI:
		return (double)m;
	case STATS_HOLM:
	case STATS_HOCHBERG:
		return (double)(m - i);
	case STATS_BH:
		return (double)m / (double)(i + 1);
	case STATS_BY:
		return harmonic * (double)m / (double)(i + 1);
	default:
		return 1;
	}
}

/* Adjusted values never fall as p grows: Holm raises the larger, the step-up methods lower the smaller. */
static void adjust(enum stats_adjust how, struct ranked *r, size_t m)
{
	double harmonic = 0;
	size_t i;

	for (i = m; i > 0; i--)
		harmonic += 1 / (double)i;
	for (i = 0; i < m; i++)
		r[i].p = fmin(1, r[i].p * factor(how, i, m, harmonic));
	if (how == STATS_HOLM)
		for (i = 1; i < m; i++)
			r[i].p = fmax(r[i].p, r[i - 1].p);
	else
		for (i = m; i-- > 1;)
			r[i - 1].p = fmin(r[i - 1].p, r[i].p);
}

int stats_adjust(enum stats_adjust how, const double *p, size_t n, double *out, size_t *m)
{
	struct ranked *r;
	size_t i, k = 0;

	if (m)
		*m = 0;
	if (!n)
		return 0;
	r = malloc(n * sizeof(*r));
	if (!r)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		out[i] = p[i];
		if (!isnan(p[i]))
			r[k++] = (struct ranked){ p[i], i };
	}
	if (m)
		*m = k;
	if (how != STATS_ADJUST_NONE) {
		qsort(r, k, sizeof(*r), ascending);
		adjust(how, r, k);
		for (i = 0; i < k; i++)
			out[r[i].at] = r[i].p;
	}
	free(r);
	return 0;
}

const char *stats_adjust_name(enum stats_adjust how)
{
	static const char *const name[] = {
		[STATS_ADJUST_NONE] = "none",
		[STATS_BONFERRONI] = "bonferroni",
		[STATS_HOLM] = "holm",
		[STATS_HOCHBERG] = "hochberg",
		[STATS_BH] = "bh",
		[STATS_BY] = "by",
	};

	return (unsigned int)how < sizeof(name) / sizeof(name[0]) ? name[how] : "?";
}
