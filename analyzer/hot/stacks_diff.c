// SPDX-License-Identifier: GPL-2.0-only
/* Paths of a difference, each iteration a run; tested as compare tests. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff_int.h"
#include "stacks.h"

static bool counts(const struct diff_iter *it, enum hot_kind kind)
{
	return !it->why && it->has[kind];
}

static int new_stacks(const struct hot_diff *d, enum hot_kind kind, enum stacks_by by, struct stacks **out)
{
	size_t *arm = calloc(d->priv->n_iter + 1, sizeof(*arm)), *iter = calloc(d->priv->n_iter + 1, sizeof(*iter)), i, n = 0;
	struct stacks *s = NULL;

	if (arm && iter) {
		for (i = 0; i < d->priv->n_iter; i++) {
			if (!counts(&d->priv->iter[i], kind))
				continue;
			arm[n] = d->priv->iter[i].arm;
			iter[n++] = i;
		}
		s = stacks_new(kind, by, arm, n);
	}
	free(arm);
	if (!s) {
		free(iter);
		return -ENOMEM;
	}
	s->iter = iter;
	s->diff = d;
	*out = s;
	return n ? 0 : -ENODATA;
}

static int put_values(struct cmp *c, const struct stacks *s, const double *w, size_t i)
{
	char name[32];
	size_t k;
	int m, err = 0;

	snprintf(name, sizeof(name), "%zu", i);
	m = cmp_metric(c, name, s->kind == HOT_FAULT ? "count" : "ns", METRIC_HIGHER, CMP_KERNEL);
	if (m < 0)
		return m;
	c->metric[m].kind = s->kind == HOT_FAULT ? METRIC_COUNT : METRIC_TIME;
	for (k = 0; k < s->n_runs && !err; k++) {
		const struct diff_iter *it = &s->diff->priv->iter[s->iter[k]];
		const struct cmp_arm *arm = &c->arm[it->arm];

		err = cmp_value(c, (uint32_t)m, arm, &arm->iter[it->iter], w[i * s->n_runs + k]);
	}
	return err;
}

/* Each row a metric, decided as compare decides its kernel metrics: by unit, blocks and family. */
static int test(const struct stacks *s, const double *w, size_t n, double *p, const char **how)
{
	const struct cmp *from = s->diff->c;
	struct cmp c = { .arm = from->arm, .n_arms = from->n_arms, .dir = from->dir, .log = from->log, .log_ctx = from->log_ctx };
	struct cmp_result r = { 0 };
	size_t i;
	int err = 0;

	*how = cmp_test_title(CMP_TEST_WELCH);
	for (i = 0; i < n && !err; i++)
		err = put_values(&c, s, w, i);
	if (!err)
		err = cmp_decide(&c, &s->compare, &r);
	for (i = 0; i < n && !err; i++) {
		const struct cmp_row *row = cmp_row(&c, &r, i, 1);

		p[i] = row->p_adj;
		if (row->test != CMP_TEST_NONE && !i) /* of the root: of all */
			*how = cmp_test_title(row->test);
	}
	c.arm = NULL; /* the gatherer's */
	c.n_arms = 0;
	c.dir = NULL;
	cmp_free(&c);
	cmp_result_free(&r);
	return err;
}

int stacks_of_diff(const struct hot_diff *d, enum hot_kind kind, enum stacks_by by, bool no_idle, const struct cmp_opts *how,
		   struct stacks **out)
{
	struct stacks *s = NULL;
	size_t k, i;
	int err = new_stacks(d, kind, by, &s);

	for (k = 0; !err && k < s->n_runs; k++) {
		const struct diff_iter *it = &d->priv->iter[s->iter[k]];
		double unit = diff_unit(d, it);

		for (i = 0; i < it->n[kind]; i++) {
			const struct diff_sum *x = &it->sum[kind][i];
			const char *comm = by == STACKS_BY_COMM && x->comm != DIFF_NONE ? d->priv->names.tag[x->comm].text : "";

			if (no_idle && kind == HOT_BLOCKED && x->reason == HOT_R_IDLE) {
				s->idle[k] += x->weight / unit;
				continue;
			}
			stacks_add(s, k, by == STACKS_BY_COMM && !*comm ? "[unknown]" : comm, d->frame, &d->path[x->path],
				   x->weight / unit, x->variance / (unit * unit));
		}
		s->total[k] = it->exact[kind] / unit;
	}
	err = err ? err : stacks_finish(s);
	if (err) {
		stacks_free(s);
		return err;
	}
	if (d->per == HOT_DIFF_PER_SECOND)
		s->unit = kind == HOT_FAULT ? "faults a second" : "ns a second";
	s->compare = *how;
	s->test = test;
	*out = s;
	return 0;
}
