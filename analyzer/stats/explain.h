/* SPDX-License-Identifier: GPL-2.0-only */
/* Which kernel metric m goes with the change of a result y between two arms. */
#ifndef MMT_STATS_EXPLAIN_H
#define MMT_STATS_EXPLAIN_H

#include "test.h"

struct stats_explain {
	enum stats_status status;  /* STATS_ZERO_VARIANCE: m is constant within both arms */
	double total;              /* mean(y_b) - mean(y_a) */
	double a, a_rel, a_p;      /* shift of m: mean(m_b) - mean(m_a), over mean(m_a); its p by Welch */
	double b, b_se, b_p;       /* pooled slope of y on m within the arms; t with N - 3 df */
	double r_within;           /* pooled correlation within the arms */
	double indirect, direct;   /* a * b, total - indirect */
	double share;              /* indirect / total, not clipped */
	double sobel_se;           /* sqrt(a^2 se_b^2 + b^2 var(a)) */
	double within_perm_p;      /* exact permutation of y inside each arm while na! nb! <= 15000, else NaN */
};

/* y and m of the same iterations, by arm. -ENOMEM. */
int stats_explain(const double *ya, const double *ma, size_t na, const double *yb, const double *mb, size_t nb,
		  struct stats_explain *e);

#endif
