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
	struct hot_diff_weight *sum; /* of the subtree at a depth, on the way to where we are */
	uint32_t *mark;
};

#define ALIKE 0.9 /* changes of so near a size, for their weight, are the same one */

static double change(const struct hot_diff_weight *w)
{
	return w->a + w->b > 0 ? (w->b - w->a) / (w->a + w->b) : 0;
}

static uint32_t frame_at(const struct hot_path *p, uint32_t depth)
{
	return p->frame[p->n - 1 - depth];
}

/*
 * From the leaf outwards, as far as the whole subtree changed as the path did: further out
 * the change is diluted by what is equal, or is another's.
 */
static void mark_one(struct marking *m, size_t i)
{
	double own = change(&m->w[i]), c;
	uint32_t n = m->d->path[i].n, k;

	m->mark[i] = n;
	for (k = 0; k < n && own != 0; k++) {
		c = change(&m->sum[n - 1 - k]);
		if (k && (c / own < ALIKE || own / c < ALIKE))
			break;
		m->mark[i] = k;
	}
}

/* Paths [lo, hi) have their `depth` outermost frames in common. */
static void mark_below(struct marking *m, size_t lo, size_t hi, uint32_t depth)
{
	const struct hot_path *path = m->d->path;
	size_t to;

	for (; lo < hi && path[lo].n == depth; lo++)
		mark_one(m, lo);
	for (; lo < hi; lo = to) {
		struct hot_diff_weight *s = &m->sum[depth];

		*s = (struct hot_diff_weight){ 0 };
		for (to = lo; to < hi && frame_at(&path[to], depth) == frame_at(&path[lo], depth); to++) {
			s->a += m->w[to].a;
			s->b += m->w[to].b;
		}
		mark_below(m, lo, to, depth + 1);
	}
}

int hot_diff_marks(const struct hot_diff *d, const struct hot_diff_weight *w, uint32_t **out)
{
	struct marking m = { .d = d, .w = w, .mark = calloc(d->n_paths + 1, sizeof(*m.mark)) };
	uint32_t most = 0;
	size_t i;

	for (i = 0; i < d->n_paths; i++)
		most = d->path[i].n > most ? d->path[i].n : most;
	m.sum = calloc(most + 1u, sizeof(*m.sum));
	if (!m.mark || !m.sum) {
		free(m.mark);
		free(m.sum);
		return -ENOMEM;
	}
	mark_below(&m, 0, d->n_paths, 0);
	free(m.sum);
	*out = m.mark;
	return 0;
}
