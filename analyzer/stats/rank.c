// SPDX-License-Identifier: GPL-2.0-only
/* Exact distributions of rank sums, and the Mann-Whitney test. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dist.h"
#include "stats_int.h"
#include "test.h"

/*
 * row[j][s]: subsets of j among the ranks seen so far whose sum exceeds that of the j
 * smallest ranks by s. Rows that the rest of the ranks cannot fill up to k are not kept up.
 * Counts are sums of positive numbers: in double they lose no relative precision.
 */
int stats_subsets(const uint32_t *rank, size_t n, size_t k, struct stats_subsets *s)
{
	size_t i, j, t, width = 1, *top;
	double *row;

	*s = (struct stats_subsets){ 0 };
	/* beyond the middle rows would become narrower again */
	for (j = 0; j < k && j < n / 2; j++)
		width += rank[n - 1 - j] - rank[j];
	row = calloc((k + 1) * width, sizeof(*row));
	top = calloc(k + 1, sizeof(*top));
	if (!row || !top) {
		free(row);
		free(top);
		return -ENOMEM;
	}
	row[0] = 1;
	for (i = 0; i < n; i++) {
		size_t most = i + 1 < k ? i + 1 : k, least = k > n - 1 - i ? k - (n - 1 - i) : 1;

		for (j = most; j >= least; j--) {
			size_t d = rank[i] - rank[j - 1];
			const double *from = row + (j - 1) * width;
			double *to = row + j * width + d;

			for (t = 0; t <= top[j - 1]; t++)
				to[t] += from[t];
			if (top[j] < top[j - 1] + d)
				top[j] = top[j - 1] + d;
		}
	}
	s->n_count = top[k] + 1;
	memmove(row, row + k * width, s->n_count * sizeof(*row));
	for (t = 0; t < s->n_count; t++)
		s->total += row[t];
	s->count = row;
	free(top);
	return 0;
}

size_t stats_rank_cut(const double *count, size_t n, double total, double level, double *achieved)
{
	/* a tail that is alpha / 2 but for rounding is alpha / 2 */
	double below = count[0], want = (1 - level) / 2 * (1 - 1e-13) * total;
	size_t c;

	for (c = 1; c < n && below + count[c] < want; c++)
		below += count[c];
	*achieved = 1 - 2 * below / total;
	return c;
}

size_t stats_rank_cut_normal(double mean, double sd, double level, double *achieved)
{
	double c = floor(mean + stats_normal_quantile((1 - level) / 2) * sd + 0.5);

	if (!(c >= 1))
		c = 1;
	*achieved = 1 - 2 * stats_normal_cdf((c - 0.5 - mean) / sd);
	return (size_t)c;
}

struct item {
	double value;
	bool in_a;
};

static int cmp_item(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* Doubled midranks of sorted items; returns the sum of t^3 - t over ties. */
static double midranks(const struct item *it, size_t n, uint32_t *rank)
{
	double ties = 0, t;
	size_t i, j, k;

	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n && it[j].value == it[i].value; j++)
			;
		t = (double)(j - i);
		ties += t * t * t - t;
		for (k = i; k < j; k++)
			rank[k] = (uint32_t)(i + 1 + j); /* first and last rank of the tie */
	}
	return ties;
}

/* Both tails by counting: of k ranks out of n whose sum is w. */
static int exact_tails(uint32_t *rank, size_t n, size_t k, uint64_t w, struct stats_mwu *m)
{
	struct stats_subsets s;
	double low = 0, high = 0, both = 0;
	uint64_t sum = 0, all = 0;
	size_t i;
	int64_t dev, here;
	bool even = true;

	for (i = 0; i < n; i++)
		even = even && rank[i] % 2 == 0;
	for (i = 0; i < n && even; i++)
		rank[i] /= 2;
	if (even)
		w /= 2;
	if (stats_subsets(rank, n, k, &s))
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		all += rank[i];
		if (i < k)
			sum += rank[i];
	}
	dev = llabs((int64_t)(w * n) - (int64_t)(k * all));
	for (i = 0; i < s.n_count; i++) {
		here = llabs((int64_t)((sum + i) * n) - (int64_t)(k * all));
		if (sum + i <= w)
			low += s.count[i];
		if (sum + i >= w)
			high += s.count[i];
		if (here >= dev)
			both += s.count[i];
	}
	m->p_exact_twicemin = fmin(1, 2 * fmin(low, high) / s.total);
	m->p_exact = m->ties ? fmin(1, both / s.total) : m->p_exact_twicemin;
	if (!m->ties)
		m->p_exact_min = fmin(1, 2 / s.total);
	free(s.count);
	return 0;
}

static int from_ranks(const struct item *it, uint32_t *rank, size_t na, size_t nb, struct stats_mwu *m)
{
	size_t i, n = na + nb;
	uint64_t w[2] = { 0, 0 };
	double ties, dev, sd, pairs = (double)na * (double)nb;

	ties = midranks(it, n, rank);
	for (i = 0; i < n; i++)
		w[it[i].in_a] += rank[i];
	m->ties = ties > 0;
	m->u_a = (double)w[1] / 2 - (double)na * ((double)na + 1) / 2;
	m->u_b = pairs - m->u_a;
	m->cliff = (m->u_b - m->u_a) / pairs;
	dev = fabs(m->u_a - pairs / 2);
	sd = sqrt(pairs / 12 * ((double)n + 1 - ties / ((double)n * ((double)n - 1))));
	if (sd > 0) {
		m->p_asymp = stats_normal_two_sided(fmax(dev - 0.5, 0) / sd);
		m->p_asymp_nocc = stats_normal_two_sided(dev / sd);
	}
	m->exact = pairs <= STATS_MWU_EXACT;
	if (!m->exact) {
		/* all tied: nothing speaks for a difference */
		m->p = sd > 0 ? m->p_asymp : 1;
		return 0;
	}
	if (exact_tails(rank, n, na < nb ? na : nb, w[na <= nb], m))
		return -ENOMEM;
	m->p = m->p_exact;
	return 0;
}

int stats_mwu(const double *a, size_t na, const double *b, size_t nb, struct stats_mwu *m)
{
	struct item *it;
	uint32_t *rank;
	size_t i;
	int err;

	*m = (struct stats_mwu){ .status = STATS_NO_VALUES,
				 .u_a = NAN,
				 .u_b = NAN,
				 .cliff = NAN,
				 .p = NAN,
				 .p_exact = NAN,
				 .p_exact_twicemin = NAN,
				 .p_exact_min = NAN,
				 .p_asymp = NAN,
				 .p_asymp_nocc = NAN };
	if (!na || !nb)
		return 0;
	it = malloc((na + nb) * (sizeof(*it) + sizeof(*rank)));
	if (!it)
		return -ENOMEM;
	rank = (uint32_t *)(it + na + nb);
	for (i = 0; i < na + nb; i++)
		it[i] = (struct item){ i < na ? a[i] : b[i - na], i < na };
	qsort(it, na + nb, sizeof(*it), cmp_item);
	m->status = STATS_OK;
	err = from_ranks(it, rank, na, nb, m);
	free(it);
	return err;
}
