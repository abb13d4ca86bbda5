// SPDX-License-Identifier: GPL-2.0-only
/* Both arms' weights by path, and where on a path a difference begins. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "diff_int.h"

int hot_diff_paths(const struct hot_diff *d, enum hot_kind kind, struct hot_diff_weight **out)
{
	struct hot_diff_weight *w = calloc(d->n_paths + 1, sizeof(*w));
	size_t i, k;

	if (!w)
		return -ENOMEM;
	for (i = 0; i < d->priv->n_iter; i++) {
		const struct diff_iter *it = &d->priv->iter[i];
		double by = diff_unit(d, it) * (double)d->iterations[kind][it->arm];

		for (k = 0; k < it->n[kind] && !it->why; k++) {
			const struct diff_sum *s = &it->sum[kind][k];

			if (it->arm)
				w[s->path].b += s->weight / by;
			else
				w[s->path].a += s->weight / by;
		}
	}
	for (i = 0; i < d->n_paths; i++) {
		w[i].a = d->iterations[kind][0] ? w[i].a : NAN;
		w[i].b = d->iterations[kind][1] ? w[i].b : NAN;
	}
	*out = w;
	return 0;
}

/* Paths are in order from their outermost frames on: those that share callers are neighbours. */
struct marking {
	const struct hot_diff *d;
	const struct hot_diff_weight *w;
	uint32_t *mark;
};

/*
 * How much a subtree's change stands out from what the subtree weighs: as counts do, whose
 * deviation is the root of their sum. It is largest where the difference begins: further
 * out the same difference is among more that is equal, further in there is less of it.
 */
static double standing(double a, double b)
{
	return a + b > 0 ? fabs(b - a) / sqrt(a + b) : 0;
}

static uint32_t frame_at(const struct hot_path *p, uint32_t depth)
{
	return p->frame[p->n - 1 - depth];
}

struct best { /* subtree on the way to a path that stands out most: by more, by less */
	uint32_t depth[2];
	double by[2];
};

/* Nothing is said of a path that did not change as the subtree did. */
static void mark_one(struct marking *m, size_t i, const struct best *best)
{
	double d = m->w[i].b - m->w[i].a;
	uint32_t depth = d == 0 || isnan(d) ? 0 : best->depth[d < 0];

	m->mark[i] = m->d->path[i].n - depth;
}

/* Paths [lo, hi) have their `depth` outermost frames in common. */
static void mark_below(struct marking *m, size_t lo, size_t hi, uint32_t depth, const struct best *best)
{
	const struct hot_path *path = m->d->path;
	double a, b, s;
	size_t to;

	for (; lo < hi && path[lo].n == depth; lo++)
		mark_one(m, lo, best);
	for (; lo < hi; lo = to) {
		struct best inner = *best;

		for (to = lo, a = b = 0; to < hi && frame_at(&path[to], depth) == frame_at(&path[lo], depth); to++) {
			a += m->w[to].a;
			b += m->w[to].b;
		}
		s = standing(a, b);
		if (s > inner.by[b < a] * (1 + 1e-9)) {
			inner.by[b < a] = s;
			inner.depth[b < a] = depth + 1;
		}
		mark_below(m, lo, to, depth + 1, &inner);
	}
}

int hot_diff_marks(const struct hot_diff *d, const struct hot_diff_weight *w, uint32_t **out)
{
	struct marking m = { .d = d, .w = w, .mark = calloc(d->n_paths + 1, sizeof(*m.mark)) };
	const struct best none = { 0 };

	if (!m.mark)
		return -ENOMEM;
	mark_below(&m, 0, d->n_paths, 0, &none);
	*out = m.mark;
	return 0;
}
