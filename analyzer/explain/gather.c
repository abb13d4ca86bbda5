// SPDX-License-Identifier: GPL-2.0-only
/* Result and kernel metrics side by side, unit by unit, and what each metric's numbers say. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../stats/desc.h"
#include "../stats/dist.h"
#include "../stats/explain.h"
#include "../stats/series.h"
#include "explain_int.h"

#define ALPHA 0.05
#define TRACER_SHARE 0.02
#define SAME_R 0.9 /* the iterations' length goes with the result beyond this: the work was fixed */

static bool same_unit(const struct explain_frame *f, uint32_t arm, uint32_t a, uint32_t b)
{
	const struct cmp_iteration *x = &f->c->arm[arm].iter[a], *y = &f->c->arm[arm].iter[b];

	return a == b || (f->by_boot && x->boot_id && y->boot_id && !strcmp(x->boot_id, y->boot_id));
}

size_t explain_unit_of(const struct explain_frame *f, int side, uint32_t iter)
{
	const struct explain_side *s = &f->side[side];
	size_t i;

	for (i = 0; i < s->n; i++)
		if (same_unit(f, s->arm, s->u[i].iter, iter))
			return i;
	return SIZE_MAX;
}

/* Several runs of one iteration meet one value of each kernel metric: their mean. */
static int result_units(struct explain_frame *f, const struct cmp_row *row, int k)
{
	struct explain_side *s = &f->side[k];
	size_t i, at, *count = calloc(row->n_unit + 1, sizeof(*count));

	s->u = calloc(row->n_unit + 1, sizeof(*s->u));
	s->n = 0;
	s->arm = row->arm;
	if (!s->u || !count) {
		free(count);
		return -ENOMEM;
	}
	for (i = 0; i < row->n_unit; i++) {
		const struct cmp_unit *u = &row->unit[i];

		at = explain_unit_of(f, k, u->iter);
		if (at == SIZE_MAX) {
			at = s->n++;
			s->u[at] = (struct explain_unit){ u->iter, u->block, 0 };
		}
		s->u[at].value += (u->value - s->u[at].value) / (double)++count[at];
	}
	free(count);
	return 0;
}

/* ------------------------------------------------------------------- scale */

static enum explain_scale scale_of(enum metric_kind kind, const double *x, size_t n)
{
	bool positive = true, inside = true, negative = false;
	size_t i;

	for (i = 0; i < n; i++) {
		positive &= x[i] > 0;
		inside &= x[i] > 0 && x[i] < 100;
		negative |= x[i] < 0;
	}
	if (kind == METRIC_FRACTION)
		return inside ? EXPLAIN_LOGIT : EXPLAIN_RAW;
	if (positive)
		return EXPLAIN_LOG;
	return kind == METRIC_COUNT && !negative ? EXPLAIN_SQRT : EXPLAIN_RAW;
}

static double to_scale(enum explain_scale s, double x)
{
	switch (s) {
	case EXPLAIN_LOG:
		return log(x);
	case EXPLAIN_SQRT:
		return sqrt(x);
	case EXPLAIN_LOGIT:
		return log(x / (100 - x)); /* fractions are in % */
	default:
		return x;
	}
}

/* ------------------------------------------------------------------- pairs */

struct pairs { /* of one metric with the result, by arm */
	double *y[2], *m[2];
	size_t *unit[2]; /* index into the side's units */
	size_t n[2];
	bool blocks;
};

static void pairs_in(struct pairs *p, struct explain_frame *f, size_t *unit)
{
	int k;

	for (k = 0; k < 2; k++) {
		p->y[k] = f->room + (size_t)k * f->most;
		p->m[k] = f->room + (size_t)(2 + k) * f->most;
		p->unit[k] = unit + (size_t)k * f->most;
		p->n[k] = 0;
	}
}

static void match(const struct explain_frame *f, uint32_t metric, struct pairs *p)
{
	size_t i, at;
	int k;

	for (k = 0; k < 2; k++) {
		const struct cmp_row *row = cmp_row(f->c, f->r, metric, f->side[k].arm);

		for (i = 0; i < row->n_unit; i++) {
			at = explain_unit_of(f, k, row->unit[i].iter);
			if (at == SIZE_MAX)
				continue;
			p->y[k][p->n[k]] = f->side[k].u[at].value;
			p->m[k][p->n[k]] = row->unit[i].value;
			p->unit[k][p->n[k]++] = at;
		}
	}
}

static size_t find_block(const struct explain_frame *f, const struct pairs *p, int k, uint32_t block)
{
	size_t i;

	for (i = 0; i < p->n[k]; i++)
		if (f->side[k].u[p->unit[k][i]].block == block)
			return i;
	return SIZE_MAX;
}

/* Pairs of complete blocks only, the arms in the same order; true when there are enough of them. */
static bool align_blocks(const struct explain_frame *f, struct pairs *p)
{
	size_t i, j, n = 0, u;
	double y, m;

	for (i = 0; i < p->n[0]; i++) {
		uint32_t block = f->side[0].u[p->unit[0][i]].block;

		j = block == UINT32_MAX ? SIZE_MAX : find_block(f, p, 1, block);
		if (j == SIZE_MAX || j < n)
			continue;
		p->y[0][n] = p->y[0][i];
		p->m[0][n] = p->m[0][i];
		p->unit[0][n] = p->unit[0][i];
		y = p->y[1][n], m = p->m[1][n], u = p->unit[1][n];
		p->y[1][n] = p->y[1][j], p->m[1][n] = p->m[1][j], p->unit[1][n] = p->unit[1][j];
		p->y[1][j] = y, p->m[1][j] = m, p->unit[1][j] = u;
		n++;
	}
	p->n[0] = p->n[1] = n;
	return n >= 2;
}

/* What all arms of a block share (the hour, the boot) is taken out; the arms' means stay. */
static void centre(double *a, double *b, size_t n)
{
	double all = 0, mid;
	size_t i;

	for (i = 0; i < n; i++)
		all += (a[i] + b[i]) / 2 / (double)n;
	for (i = 0; i < n; i++) {
		mid = (a[i] + b[i]) / 2;
		a[i] += all - mid;
		b[i] += all - mid;
	}
}

/* ---------------------------------------------------------------- one metric */

static bool flat(const double *x, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (x[i] != x[0])
			return false;
	return true;
}

/*
 * Block-centred values of two arms mirror each other: n blocks hold n pieces of evidence,
 * not 2n. The shift is then judged by the paired t, the slope with n - 2 df.
 */
static int judge_blocks(const struct pairs *p, const double *m[2], struct stats_explain *s)
{
	size_t n = p->n[0];
	struct stats_paired t;
	double df = (double)n - 2, was = 2 * (double)n - 3, var_a;
	int err = stats_paired(m[0], m[1], n, 0.95, &t);

	if (err)
		return err;
	s->a_p = t.p;
	s->within_perm_p = NAN;
	if (isnan(s->b))
		return 0;
	if (df < 1) {
		s->b_se = s->b_p = s->sobel_se = NAN;
		return 0;
	}
	s->b_se *= sqrt(was / df);
	s->b_p = isnan(s->r_within) ? NAN : s->b_se > 0 ? stats_t_two_sided(s->b / s->b_se, df) : 0;
	var_a = isfinite(t.t) && t.t != 0 ? t.mean * t.mean / t.t / t.t : NAN;
	s->sobel_se = sqrt(s->a * s->a * s->b_se * s->b_se + s->b * s->b * var_a);
	return 0;
}

static double pooled_sd(const struct pairs *p)
{
	double s = 0;
	int k;

	for (k = 0; k < 2; k++)
		if (p->n[k] > 1)
			s += stats_variance(p->m[k], p->n[k]) * (double)(p->n[k] - 1);
	/* two mirrored arms have half the degrees of freedom */
	return sqrt(s / (p->blocks ? (double)p->n[0] - 1 : (double)(p->n[0] + p->n[1] - 2)));
}

/* The upper end of the share: how much of the change the link, as far as it is known, could carry. */
static double share_limit(const struct stats_explain *s, double df)
{
	double t, x, y;

	if (isnan(s->b_se) || !(df >= 1) || s->total == 0)
		return NAN;
	t = stats_t_quantile(0.95, df);
	x = s->a * (s->b - t * s->b_se) / s->total;
	y = s->a * (s->b + t * s->b_se) / s->total;
	return x > y ? x : y;
}

/* Deviations inside the arms: for the groups, and for the rank correlation. */
static int residuals(struct explain_frame *f, const struct pairs *p, struct explain_metric *em, double *resid)
{
	double *x = f->room + 4 * f->most, *y = f->room + 6 * f->most, mm, my;
	struct stats_corr corr;
	size_t i, n = 0;
	int k, err;

	for (k = 0; k < 2; k++) {
		mm = stats_mean(p->m[k], p->n[k]);
		my = stats_mean(p->y[k], p->n[k]);
		for (i = 0; i < p->n[k]; i++) {
			x[n] = p->m[k][i] - mm;
			y[n] = p->y[k][i] - my;
			resid[(k ? f->side[0].n : 0) + p->unit[k][i]] = x[n];
			n++;
		}
		if (p->blocks)
			break; /* the other arm mirrors it */
	}
	em->spearman = em->spearman_p = NAN;
	if (em->constant || n < 3)
		return 0;
	err = stats_correlation(x, y, n, &corr);
	if (!err && corr.defined) {
		em->spearman = corr.spearman;
		em->spearman_p = isnan(corr.spearman_p_exact) ? corr.spearman_p_t : corr.spearman_p_exact;
	}
	return err;
}

static int numbers(struct explain_frame *f, const struct explain *e, struct explain_metric *em, struct pairs *p, double *resid)
{
	enum metric_kind kind = f->c->metric[em->metric].kind;
	double *all = f->room + 4 * f->most;
	const double *m[2] = { p->m[0], p->m[1] };
	size_t i, n = 0;
	int k, err;

	for (k = 0; k < 2; k++) {
		em->n[k] = p->n[k];
		em->mean[k] = p->n[k] ? stats_mean(p->m[k], p->n[k]) : NAN;
		for (i = 0; i < p->n[k]; i++)
			all[n++] = p->m[k][i];
	}
	em->scale = scale_of(kind, all, n);
	em->shift_pct = em->mean[0] != 0 ? 100 * (em->mean[1] / em->mean[0] - 1) : NAN;
	em->constant = flat(p->m[0], p->n[0]) && flat(p->m[1], p->n[1]);
	for (k = 0; k < 2; k++)
		for (i = 0; i < p->n[k]; i++) {
			p->m[k][i] = to_scale(em->scale, p->m[k][i]);
			p->y[k][i] = e->log_result ? log(p->y[k][i]) : p->y[k][i];
		}
	if (p->blocks && !em->constant) {
		centre(p->m[0], p->m[1], p->n[0]);
		centre(p->y[0], p->y[1], p->n[0]);
	}
	err = stats_explain(p->y[0], p->m[0], p->n[0], p->y[1], p->m[1], p->n[1], &em->s);
	if (!err && p->blocks && !em->constant)
		err = judge_blocks(p, m, &em->s);
	if (err || p->n[0] < 2 || p->n[1] < 2)
		return err;
	em->shift_sd = em->constant ? (em->s.a == 0 ? 0 : copysign(INFINITY, em->s.a)) : em->s.a / pooled_sd(p);
	em->share_hi = share_limit(&em->s, p->blocks ? (double)p->n[0] - 2 : (double)(p->n[0] + p->n[1]) - 3);
	return residuals(f, p, em, resid);
}

/* ------------------------------------------------------------------ metrics */

static bool has_suffix(const char *s, const char *end)
{
	size_t a = strlen(s), b = strlen(end);

	return a > b && !strcmp(s + a - b, end);
}

static const struct explain_metric *find(const struct explain *e, const struct cmp *c, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < e->n_metrics; i++) {
		const char *other = c->metric[e->m[i].metric].name;

		if (strlen(other) == len && !strncmp(other, name, len) && e->m[i].n[0] && e->m[i].n[1])
			return &e->m[i];
	}
	return NULL;
}

/*
 * Where the work is fixed its length goes with the result, and every rate a second is the
 * count over (nearly) the result: it would go with the result whatever the kernel does.
 * Then counts are what to look at; elsewhere rates.
 */
static void drop_twins(const struct cmp *c, struct explain *e)
{
	const struct explain_metric *twin;
	char name[160];
	size_t i;

	for (i = 0; i < e->n_metrics; i++) {
		struct explain_metric *m = &e->m[i];
		const char *s = c->metric[m->metric].name;

		if (m->dropped || strlen(s) + 6 > sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%s.rate", s);
		if (e->fixed_work)
			twin = has_suffix(s, ".rate") ? find(e, c, s, strlen(s) - strlen(".rate")) : NULL;
		else
			twin = has_suffix(s, ".rate") ? NULL : find(e, c, name, strlen(name));
		if (twin)
			m->dropped = EXPLAIN_TWIN;
	}
}

/*
 * Whatever goes on beside fixed work grows with the time that it takes. A count that is no
 * different a second says nothing but that.
 */
static void tie_to_time(const struct cmp *c, struct explain *e)
{
	const struct explain_metric *rate;
	char name[160];
	size_t i;

	for (i = 0; i < e->n_metrics && e->fixed_work; i++) {
		struct explain_metric *m = &e->m[i];
		const char *s = c->metric[m->metric].name;

		if (m->dropped || strlen(s) + 7 > sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%s.%s", s, strcmp(s, "sched.wait") ? "rate" : "tasks");
		rate = find(e, c, name, strlen(name));
		if (!rate || m->scale != EXPLAIN_LOG || rate->scale != EXPLAIN_LOG || rate->s.a_p < ALPHA)
			continue;
		m->tied |= fabs(rate->s.a) < fabs(m->s.a) / 3;
	}
}

/* The collector's own time is no company worth naming while it is this small a part of all. */
static void drop_small_tracer(const struct cmp *c, struct explain *e)
{
	const struct explain_metric *all = find(e, c, "sched.run_time", strlen("sched.run_time"));
	size_t i;

	for (i = 0; i < e->n_metrics; i++) {
		struct explain_metric *m = &e->m[i];

		if (strncmp(c->metric[m->metric].name, "trace.", 6) || !all || m->dropped)
			continue;
		if (m->mean[0] < TRACER_SHARE * all->mean[0] && m->mean[1] < TRACER_SHARE * all->mean[1])
			m->dropped = EXPLAIN_OF_TRACER;
	}
}

static int fixed_work(struct explain_frame *f, const struct explain *e, uint32_t duration, size_t *unit, bool *yes)
{
	struct stats_corr corr;
	double *x = f->room + 4 * f->most, *y = f->room + 6 * f->most, spread;
	struct pairs p;
	size_t i, n = 0;
	int k, err;

	*yes = false;
	pairs_in(&p, f, unit);
	match(f, duration, &p);
	for (k = 0; k < 2; k++)
		for (i = 0; i < p.n[k]; i++, n++) {
			if (!(p.m[k][i] > 0))
				return 0;
			x[n] = log(p.m[k][i]);
			y[n] = e->log_result ? log(p.y[k][i]) : p.y[k][i];
		}
	if (n < 3)
		return 0;
	spread = sqrt(stats_variance(x, n));
	err = stats_correlation(x, y, n, &corr);
	*yes = !err && corr.defined && spread > 0.005 && fabs(corr.pearson) > SAME_R;
	return err;
}

static bool all_positive(const struct explain_side *s)
{
	size_t i, k;

	for (k = 0; k < 2; k++)
		for (i = 0; i < s[k].n; i++)
			if (!(s[k].u[i].value > 0))
				return false;
	return true;
}

static double total_of(const struct explain *e, const struct explain_side *s)
{
	double mean[2] = { 0, 0 };
	size_t i;
	int k;

	for (k = 0; k < 2; k++)
		for (i = 0; i < s[k].n; i++)
			mean[k] += (e->log_result ? log(s[k].u[i].value) : s[k].u[i].value) / (double)s[k].n;
	return mean[1] - mean[0];
}

static void blank(struct explain_metric *em, uint32_t metric, const char *name, const struct explain *e)
{
	*em = (struct explain_metric){ .metric = metric, .mean = { NAN, NAN }, .shift_pct = NAN, .shift_sd = NAN, .p_joint = NAN,
				       .q_joint = NAN, .q_a = NAN, .q_b = NAN, .share = NAN, .share_hi = NAN, .spearman = NAN,
				       .spearman_p = NAN, .section = EXPLAIN_UNTESTED, .family = explain_family(name) };
	em->tied = e->fixed_work && em->family->elapsed;
	if (metric == e->result || (e->fixed_work && !strcmp(name, "run.duration")))
		em->dropped = EXPLAIN_IS_RESULT;
	else if (!strncmp(name, "trace.", 6) && strcmp(name, "trace.cpu_time"))
		em->dropped = EXPLAIN_OF_TRACER;
}

static int one_metric(struct explain_frame *f, struct explain *e, uint32_t metric, size_t *unit)
{
	struct explain_metric *em = &e->m[e->n_metrics];
	struct pairs p;

	blank(em, metric, f->c->metric[metric].name, e);
	pairs_in(&p, f, unit);
	match(f, metric, &p);
	p.blocks = f->blocks && align_blocks(f, &p);
	return numbers(f, e, em, &p, f->resid + e->n_metrics++ * f->n_resid);
}

int explain_gather(struct explain_frame *f, struct explain *e)
{
	const struct cmp *c = f->c;
	uint32_t i, duration = UINT32_MAX;
	size_t *unit = NULL, k;
	int err;

	f->by_boot = f->r->design.unit == CMP_UNIT_BOOT;
	f->blocks = f->r->design.order == CMP_ORDER_BLOCKS && !f->r->opts.unpaired;
	err = result_units(f, cmp_row(c, f->r, e->result, 0), 0);
	err = err ? err : result_units(f, cmp_row(c, f->r, e->result, e->arm), 1);
	if (err)
		return err;
	f->most = 1;
	for (i = 0; i < c->n_arms; i++)
		f->most = c->arm[i].n_iter + 1 > f->most ? c->arm[i].n_iter + 1 : f->most;
	for (i = 0; i < 2; i++)
		f->most = f->side[i].n + 1 > f->most ? f->side[i].n + 1 : f->most;
	f->n_resid = f->side[0].n + f->side[1].n;
	f->room = calloc(8 * f->most, sizeof(*f->room));
	unit = calloc(2 * f->most, sizeof(*unit));
	f->resid = calloc(c->n_metrics * f->n_resid + 1, sizeof(*f->resid));
	e->m = calloc(c->n_metrics + 1, sizeof(*e->m));
	if (!f->room || !unit || !f->resid || !e->m)
		err = -ENOMEM;
	for (k = 0; !err && k < c->n_metrics * f->n_resid; k++)
		f->resid[k] = NAN;
	e->n[0] = f->side[0].n;
	e->n[1] = f->side[1].n;
	e->log_result = all_positive(f->side);
	e->total = err ? NAN : total_of(e, f->side);
	for (i = 0; i < c->n_metrics; i++)
		if (c->metric[i].source == CMP_KERNEL && !strcmp(c->metric[i].name, "run.duration"))
			duration = i;
	if (!err && duration != UINT32_MAX)
		err = fixed_work(f, e, duration, unit, &e->fixed_work);
	for (i = 0; !err && i < c->n_metrics; i++)
		if (c->metric[i].source == CMP_KERNEL && !c->metric[i].unit_varies)
			err = one_metric(f, e, i, unit);
	if (!err) {
		drop_twins(c, e);
		tie_to_time(c, e);
		drop_small_tracer(c, e);
	}
	for (k = 0; f->blocks && k < f->side[0].n; k++)
		for (i = 0; i < f->side[1].n && f->side[0].u[k].block != UINT32_MAX; i++)
			e->n_blocks += f->side[0].u[k].block == f->side[1].u[i].block;
	free(unit);
	return err;
}
