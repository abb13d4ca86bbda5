// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "desc.h"
#include "edivisive.h"
#include "rng.h"
#include "test.h"

/* Room for one search; allocated once a series. */
struct room {
	double *row;  /* row[k]: sum of |x[i] - x[k]| over tau <= i < k */
	double *head; /* head[k]: sum over pairs below k */
	double *perm;
};

static int room_init(struct room *r, size_t n)
{
	r->row = malloc((3 * n + 3) * sizeof(*r->row));
	if (!r->row)
		return -ENOMEM;
	r->head = r->row + n + 1;
	r->perm = r->head + n + 1;
	return 0;
}

static double energy(double cross, double before, double after, double n, double m, bool v)
{
	double x, y;

	if (v) {
		x = 2 * before / (n * n);
		y = 2 * after / (m * m);
	} else {
		x = n > 1 ? before / (n * (n - 1) / 2) : 0;
		y = m > 1 ? after / (m * (m - 1) / 2) : 0;
	}
	return n * m / (n + m) * (2 * cross / (n * m) - x - y);
}

/* Sums over pairs, each found from the one before: the whole search costs n^2. */
static void head_sums(const double *x, size_t n, struct room *r)
{
	size_t i, k;
	double sum = 0;

	r->head[0] = 0;
	for (k = 0; k < n; k++) {
		for (i = 0; i < k; i++)
			sum += fabs(x[i] - x[k]);
		r->head[k + 1] = sum;
	}
}

static void search(const double *x, size_t n, enum stats_split_how how, size_t min, struct room *r,
		   struct stats_split *s)
{
	size_t tau, k;

	*s = (struct stats_split){ .q = -INFINITY };
	head_sums(x, n, r);
	memset(r->row, 0, (n + 1) * sizeof(*r->row));
	for (tau = n; tau-- > min;) {
		double after = 0;

		for (k = tau + 1; k <= n; k++) {
			double q, slack;

			if (k > tau + 1) {
				r->row[k - 1] += fabs(x[tau] - x[k - 1]);
				after += r->row[k - 1];
			}
			if (k - tau < min || (how != STATS_SPLIT_KAPPA && k < n))
				continue;
			q = energy(r->head[k] - r->head[tau] - after, r->head[tau], after, (double)tau,
				   (double)(k - tau), how == STATS_SPLIT_V);
			/* the first of equals, up to rounding; tau goes down, so a smaller tau takes over */
			slack = 1e-12 * fabs(s->q);
			if (!s->kappa || (tau < s->tau ? q >= s->q - slack : q > s->q + slack))
				*s = (struct stats_split){ tau, k, q };
		}
	}
}

int stats_best_split(const double *x, size_t n, enum stats_split_how how, size_t min_segment, struct stats_split *s)
{
	struct room r;
	int err;

	min_segment = min_segment ? min_segment : 1;
	*s = (struct stats_split){ .q = NAN };
	if (n < 2 * min_segment)
		return -ENODATA;
	err = room_init(&r, n);
	if (err)
		return err;
	search(x, n, how, min_segment, &r, s);
	free(r.row);
	return 0;
}

/* Segments between the change points found so far: segment i is [edge[i], edge[i + 1]). */
struct cut {
	size_t *edge, n; /* n segments */
};

static void best_of_segments(const double *x, const struct cut *c, size_t min, struct room *r, struct stats_split *best)
{
	struct stats_split s;
	size_t i;

	*best = (struct stats_split){ .q = -INFINITY };
	for (i = 0; i < c->n; i++) {
		if (c->edge[i + 1] - c->edge[i] < 2 * min)
			continue;
		search(x + c->edge[i], c->edge[i + 1] - c->edge[i], STATS_SPLIT_KAPPA, min, r, &s);
		if (s.q > best->q) {
			*best = s;
			best->tau += c->edge[i];
		}
	}
}

static void shuffle_segments(double *x, const struct cut *c, struct stats_rng *rng)
{
	size_t i, k, j;
	double t;

	for (i = 0; i < c->n; i++) {
		for (k = c->edge[i + 1] - c->edge[i]; k > 1; k--) {
			j = stats_rng_below(rng, k);
			t = x[c->edge[i] + k - 1];
			x[c->edge[i] + k - 1] = x[c->edge[i] + j];
			x[c->edge[i] + j] = t;
		}
	}
}

/* p of the best split under permutations inside the segments; stops once it is above alpha for sure. */
static double permutation_p(const double *x, size_t n, const struct cut *c, const struct stats_edivisive_opts *o,
			    double q, struct stats_rng *rng, struct room *r)
{
	double all = (double)o->rounds + 1;
	unsigned int i, ge = 0;
	struct stats_split s;

	for (i = 0; i < o->rounds && (ge + 1) / all <= o->alpha; i++) {
		memcpy(r->perm, x, n * sizeof(*x));
		shuffle_segments(r->perm, c, rng);
		best_of_segments(r->perm, c, o->min_segment, r, &s);
		ge += s.q >= q * (1 - 1e-12);
	}
	return (ge + 1) / all;
}

static void insert(struct cut *c, size_t at)
{
	size_t i = c->n + 1;

	for (; c->edge[i - 1] > at; i--)
		c->edge[i] = c->edge[i - 1];
	c->edge[i] = at;
	c->n++;
}

static int by_place(const void *a, const void *b)
{
	const struct stats_change *p = a, *q = b;

	return (p->at > q->at) - (p->at < q->at);
}

int stats_edivisive(const double *x, size_t n, const struct stats_edivisive_opts *opts, struct stats_change **c,
		    size_t *n_changes)
{
	struct stats_edivisive_opts o = opts ? *opts : (struct stats_edivisive_opts){ 0 };
	struct cut cut = { .n = 1 };
	struct stats_split best;
	struct stats_rng rng;
	struct room r = { 0 };
	int err;

	o.min_segment = o.min_segment ? o.min_segment : 3;
	o.rounds = o.rounds ? o.rounds : 999;
	o.alpha = o.alpha > 0 ? o.alpha : 0.01;
	*n_changes = 0;
	*c = calloc(n / o.min_segment + 1, sizeof(**c));
	cut.edge = calloc(n / o.min_segment + 3, sizeof(*cut.edge));
	err = *c && cut.edge ? room_init(&r, n) : -ENOMEM;
	if (err)
		goto out;
	cut.edge[1] = n;
	stats_rng_seed(&rng, o.seed);
	for (;;) {
		double p;

		best_of_segments(x, &cut, o.min_segment, &r, &best);
		if (!(best.q > 0)) /* no segment can be cut, or all values are equal */
			break;
		p = permutation_p(x, n, &cut, &o, best.q, &rng, &r);
		if (p > o.alpha)
			break;
		(*c)[(*n_changes)++] = (struct stats_change){ best.tau, best.q, p, best.tau + 3 >= n };
		insert(&cut, best.tau);
	}
	qsort(*c, *n_changes, sizeof(**c), by_place);
out:
	free(r.row);
	free(cut.edge);
	if (err) {
		free(*c);
		*c = NULL;
	}
	return err;
}

size_t stats_merge_changes(const double *x, size_t n, double alpha, double min_rel, struct stats_change *c,
			   size_t n_changes)
{
	for (;;) {
		double worst = -1;
		size_t i, drop = 0;

		for (i = 0; i < n_changes; i++) {
			size_t from = i ? c[i - 1].at : 0, to = i + 1 < n_changes ? c[i + 1].at : n;
			double before = stats_mean(x + from, c[i].at - from), p;
			struct stats_welch w;

			stats_welch(x + from, c[i].at - from, x + c[i].at, to - c[i].at, 0.95, &w);
			p = isnan(w.p) ? 1 : w.p;
			if (p < alpha && fabs(w.diff) >= min_rel * fabs(before))
				continue;
			if (p > worst) {
				worst = p;
				drop = i;
			}
		}
		if (worst < 0)
			return n_changes;
		memmove(c + drop, c + drop + 1, (n_changes - drop - 1) * sizeof(*c));
		n_changes--;
	}
}
