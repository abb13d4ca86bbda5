/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests of two samples, two-sided. */
#ifndef MMT_STATS_TEST_H
#define MMT_STATS_TEST_H

#include <stdbool.h>
#include <stddef.h>

enum stats_status {
	STATS_OK,
	STATS_TOO_FEW,       /* fewer than 2 values on a side: only the difference is defined */
	STATS_ZERO_VARIANCE, /* no spread on either side: p is 0 or 1 by fiat */
	STATS_NO_VALUES,     /* an empty side, or no complete pair */
	STATS_UNDEFINED,     /* e.g. logarithms of what is not positive */
	STATS_UNBOUNDED,     /* the interval has no end */
};

const char *stats_status_name(enum stats_status s);

struct stats_welch {
	enum stats_status status;
	double diff;       /* mean(b) - mean(a) */
	double se, t, df;  /* df by Welch-Satterthwaite, not rounded */
	double p;
	double lo, hi;     /* interval of the difference at the level asked for */
};

void stats_welch(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_welch *w);

/* Mann-Whitney: exact and tie-aware while na * nb <= STATS_MWU_EXACT, else normal. */
#define STATS_MWU_EXACT 2500

struct stats_mwu {
	enum stats_status status;
	bool ties, exact;          /* exact: p is p_exact, else p_asymp */
	double u_a, u_b;           /* u_a: pairs with a > b, ties half */
	double cliff;              /* Cliff's delta of b over a; A12 = (1 + cliff) / 2 */
	double p;
	double p_exact;            /* P(|W - E| >= |w - E|); without ties 2 * the smaller tail, at most 1 */
	double p_exact_twicemin;   /* 2 * the smaller tail, at most 1 */
	double p_exact_min;        /* smallest p that these n can give without ties; NaN with ties */
	double p_asymp;            /* normal, variance corrected for ties, continuity 0.5 */
	double p_asymp_nocc;       /* without the continuity correction; both NaN when all values are equal */
};

/* 0 or -ENOMEM. */
int stats_mwu(const double *a, size_t na, const double *b, size_t nb, struct stats_mwu *m);

/* Pairs: block i is (a[i], b[i]); a block with a value that is not finite is left out. */
struct stats_paired {
	enum stats_status status;
	size_t n;
	double mean, t, p, lo, hi;   /* of b - a */
	double signflip_p;           /* exact sign-flip test of the mean, n <= 15 */
	enum stats_status log_status;
	double log_mean, log_t, log_p, log_lo, log_hi, log_signflip_p; /* of log b - log a */
	double ratio, ratio_lo, ratio_hi;                              /* their exp */
};

int stats_paired(const double *a, const double *b, size_t n, double level, struct stats_paired *p);

/*
 * Wilcoxon's signed rank of b - a: zeros dropped, midranks (differences equal to 1e-9 are
 * ties; to 1e-9 of the largest value where that is below 1), exact conditional
 * P(|V - E| >= |v - E|) while n <= 200, else normal. Nothing but zeros: STATS_ZERO_VARIANCE, p 1.
 */
struct stats_signed_rank {
	enum stats_status status;
	size_t n;       /* differences that are not 0 */
	double v, p;    /* v: sum of ranks of the positive ones */
	bool exact;
	double estimate, lo, hi; /* Hodges-Lehmann: median of Walsh averages (zeros kept), and its interval */
	double achieved;         /* its level; below what was asked for when that cannot be reached */
};

int stats_signed_rank(const double *a, const double *b, size_t n, double level, struct stats_signed_rank *s);

#endif
