/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * E-divisive change points (Matteson and James 2014): where the distribution of a series
 * changes, found by energy distance, tested by permutation.
 *   Q = n m / (n + m) (2 mean|x - y| - mean|x - x'| - mean|y - y'|)
 * over x = [from, tau) and y = [tau, kappa). An index is that of the first value after the change.
 */
#ifndef MMT_STATS_EDIVISIVE_H
#define MMT_STATS_EDIVISIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stats_split {
	size_t tau, kappa;
	double q;
};

enum stats_split_how {
	STATS_SPLIT_KAPPA,     /* tau and kappa free; means over pairs i < j (0 for a single value) */
	STATS_SPLIT_FIXED_END, /* kappa is the end */
	STATS_SPLIT_V,         /* kappa is the end; means over all n^2 pairs, as MongoDB does */
};

/* The largest Q; the first on ties, by tau, then kappa. -ENODATA below 2 * min_segment values, -ENOMEM. */
int stats_best_split(const double *x, size_t n, enum stats_split_how how, size_t min_segment, struct stats_split *s);

struct stats_change {
	size_t at;
	double q, p;
	bool pending; /* so near the end that the next values may move or undo it */
};

struct stats_edivisive_opts {
	size_t min_segment;   /* 0: 3 */
	unsigned int rounds;  /* permutations; 0: 999 */
	double alpha;         /* 0: 0.01 */
	uint64_t seed;
};

/* Change points in ascending order, at most n / min_segment: free(*c). opts NULL: defaults, seed 0. -ENOMEM. */
int stats_edivisive(const double *x, size_t n, const struct stats_edivisive_opts *opts, struct stats_change **c,
		    size_t *n_changes);

/*
 * Drops the weakest point, again and again, until both sides of every one differ by Welch's
 * test (p < alpha) and by min_rel of the mean before it. Returns how many are left.
 */
size_t stats_merge_changes(const double *x, size_t n, double alpha, double min_rel, struct stats_change *c,
			   size_t n_changes);

#endif
