// SPDX-License-Identifier: GPL-2.0-only
/* From numbers to an order: adjusted p, groups that move as one, sections. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../stats/dist.h"
#include "../stats/multiple.h"
#include "../stats/series.h"
#include "explain_int.h"

#define ALPHA 0.05
#define GROUP_R 0.9
#define GROUP_RANKS 0.5
#define GROUP_P 0.001      /* with few units any two metrics may look alike: a link must also be surer than this */
#define BYSTANDER_SHARE 0.25 /* could carry less than this of the change, by the 95 % interval of its link */

static bool usable(const struct explain_metric *m)
{
	/* what is the same everywhere (no second node, no major fault) is not a question */
	return m->dropped == EXPLAIN_KEPT && m->n[0] >= 2 && m->n[1] >= 2 && !isnan(m->s.a_p) && !(m->constant && m->s.a == 0);
}

static int adjust(struct explain *e)
{
	double *p = calloc(3 * e->n_metrics + 1, sizeof(*p)), *a = p, *b = p + e->n_metrics, *j = b + e->n_metrics;
	size_t i, n = e->n_metrics;
	int err = p ? 0 : -ENOMEM;

	for (i = 0; i < n && !err; i++) {
		struct explain_metric *m = &e->m[i];

		m->section = EXPLAIN_UNTESTED;
		a[i] = b[i] = j[i] = NAN;
		if (!usable(m))
			continue;
		m->section = EXPLAIN_REST;
		a[i] = m->s.a_p;
		b[i] = m->s.b_p;
		m->p_joint = j[i] = isnan(m->s.b_p) ? NAN : m->s.a_p > m->s.b_p ? m->s.a_p : m->s.b_p;
	}
	err = err ? err : stats_adjust(STATS_BH, a, n, a, &e->n_tested);
	err = err ? err : stats_adjust(STATS_BH, b, n, b, NULL);
	err = err ? err : stats_adjust(STATS_BH, j, n, j, NULL);
	for (i = 0; i < n && !err; i++) {
		e->m[i].q_a = a[i];
		e->m[i].q_b = b[i];
		e->m[i].q_joint = j[i];
	}
	free(p);
	return err;
}

static enum explain_section section_of(const struct explain *e, const struct explain_metric *m)
{
	bool shifted = m->q_a < ALPHA;

	if (e->changed && m->s.share > 0 && m->p_joint < ALPHA)
		return EXPLAIN_BOTH;
	if (shifted && (!e->changed || m->share_hi < BYSTANDER_SHARE))
		return EXPLAIN_BYSTANDER;
	if (shifted)
		return EXPLAIN_BETWEEN;
	return m->q_b < ALPHA && !m->tied ? EXPLAIN_SCATTER : EXPLAIN_REST;
}

static void sections(struct explain *e)
{
	size_t i;

	for (i = 0; i < e->n_metrics; i++) {
		struct explain_metric *m = &e->m[i];

		if (m->section == EXPLAIN_UNTESTED)
			continue;
		m->section = section_of(e, m);
		m->share = e->changed && isfinite(m->s.share) ? fmin(1.5, fmax(0, m->s.share)) : NAN;
		m->signs = m->s.share > 0 && m->spearman * m->s.r_within > 0;
	}
}

/* ------------------------------------------------------------------ groups */

/*
 * Deviations inside the arms, where both metrics have one. The ranks have to agree, too:
 * one iteration that fell out of line makes any two metrics look alike.
 */
static int as_one(const struct explain_frame *f, size_t a, size_t b, size_t n_blocks, bool *yes)
{
	const double *x = f->resid + a * f->n_resid, *y = f->resid + b * f->n_resid;
	struct stats_corr corr;
	double df, r;
	int err = stats_correlation(x, y, f->n_resid, &corr); /* leaves out what is NaN */

	*yes = false;
	if (err || !corr.defined)
		return err;
	df = (double)corr.n - (n_blocks ? 2 : 3);
	r = corr.pearson;
	if (df < 1 || !(fabs(r) > GROUP_R) || !(corr.spearman * r > GROUP_RANKS * fabs(r)))
		return 0;
	*yes = fabs(r) >= 1 || stats_t_two_sided(r * sqrt(df / (1 - r * r)), df) < GROUP_P;
	return 0;
}

static uint32_t root(const struct explain *e, uint32_t i)
{
	while (e->m[i].group != i)
		i = e->m[i].group;
	return i;
}

/* Single linkage. */
static int link_groups(const struct explain_frame *f, struct explain *e)
{
	uint32_t i, k;
	bool yes;
	int err;

	for (i = 0; i < e->n_metrics; i++) {
		e->m[i].group = i;
		for (k = 0; k < i; k++) {
			if (e->m[i].section == EXPLAIN_UNTESTED || e->m[k].section == EXPLAIN_UNTESTED || root(e, i) == root(e, k))
				continue;
			err = as_one(f, i, k, e->n_blocks, &yes);
			if (err)
				return err;
			if (yes)
				e->m[root(e, i)].group = root(e, k);
		}
	}
	for (i = 0; i < e->n_metrics; i++)
		e->m[i].group = root(e, i);
	return 0;
}

/* ------------------------------------------------------------------- order */

static int cmp_num(double a, double b) /* NaN last */
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return (a > b) - (a < b);
}

static int before(const void *pa, const void *pb, void *ctx)
{
	const struct explain *e = ctx;
	uint32_t ia = *(const uint32_t *)pa, ib = *(const uint32_t *)pb;
	const struct explain_metric *a = &e->m[ia], *b = &e->m[ib];
	int d = 0;

	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	if (a->section == EXPLAIN_BOTH || a->section == EXPLAIN_REST) {
		d = a->section == EXPLAIN_BOTH ? a->tied - b->tied : 0;
		d = d ? d : cmp_num(a->s.share > 0 ? 0 : 1, b->s.share > 0 ? 0 : 1);
		d = d ? d : cmp_num(a->p_joint, b->p_joint);
		d = d ? d : cmp_num(-a->share, -b->share);
	} else if (a->section == EXPLAIN_BETWEEN || a->section == EXPLAIN_BYSTANDER) {
		d = cmp_num(a->q_a, b->q_a);
		d = d ? d : cmp_num(-fabs(a->shift_sd), -fabs(b->shift_sd));
	} else if (a->section == EXPLAIN_SCATTER) {
		d = cmp_num(a->s.b_p, b->s.b_p);
	}
	return d ? d : ia < ib ? -1 : ia > ib; /* the catalogue's order */
}

static int order(struct explain *e)
{
	uint32_t *at = calloc(e->n_metrics + 1, sizeof(*at)), lead, g;
	bool *done = calloc(e->n_metrics + 1, sizeof(*done));
	size_t i, k, n = 0;

	e->order = calloc(e->n_metrics + 1, sizeof(*e->order));
	if (!at || !done || !e->order) {
		free(at);
		free(done);
		return -ENOMEM;
	}
	for (i = 0; i < e->n_metrics; i++)
		at[i] = (uint32_t)i;
	if (e->n_metrics)
		qsort_r(at, e->n_metrics, sizeof(*at), before, e);
	for (i = 0; i < e->n_metrics; i++) {
		if (done[at[i]])
			continue;
		lead = at[i];
		g = e->m[lead].group;
		e->n_groups += e->m[lead].section != EXPLAIN_UNTESTED;
		for (k = i; k < e->n_metrics; k++) {
			if (done[at[k]] || e->m[at[k]].group != g)
				continue;
			done[at[k]] = true;
			e->order[n++] = at[k];
			e->m[at[k]].group = lead;
		}
	}
	free(at);
	free(done);
	return 0;
}

int explain_rank(const struct explain_frame *f, struct explain *e)
{
	const struct explain_metric *best;
	int err;

	err = adjust(e);
	if (err)
		return err;
	sections(e);
	err = link_groups(f, e);
	err = err ? err : order(e);
	if (err)
		return err;
	e->unexplained = e->changed ? 1 : NAN;
	best = e->n_metrics ? &e->m[e->order[0]] : NULL;
	if (best && best->section == EXPLAIN_BOTH && !best->tied)
		e->unexplained = 1 - fmin(1, best->share);
	return 0;
}
