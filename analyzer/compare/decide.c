// SPDX-License-Identifier: GPL-2.0-only
/* Rows, families of tests, verdicts. */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pattern.h"
#include "decide.h"
#include "design.h"
#include "row_test.h"

#define FLOOR_N 5 /* fewer units than this only indicate */
#define SAME_N 3  /* likewise of SAME, which is harder to come by */

static void fill_defaults(struct cmp_opts *o)
{
	if (o->alpha <= 0)
		o->alpha = 0.05;
	if (o->min_effect <= 0)
		o->min_effect = 0.01;
	if (o->power <= 0)
		o->power = 0.8;
	if (o->adjust_set)
		return;
	o->benchmark_adjust = STATS_HOLM;
	o->kernel_adjust = STATS_BH;
	o->adjust_set = true;
}

static double max2(double a, double b)
{
	return a > b ? a : b;
}

/* Theil-Sen over start times, relative to the median. */
static double slope_per_hour(const struct cmp_arm *arm, const struct cmp_row *row, double *room)
{
	double *t = room, *y = room + row->n_unit, median;
	size_t i;

	for (i = 0; i < row->n_unit; i++) {
		t[i] = arm->iter[row->unit[i].iter].start / 3600;
		y[i] = row->unit[i].value;
		if (isnan(t[i]))
			return NAN;
	}
	median = stats_median(y, row->n_unit);
	return row->n_unit > 2 && median != 0 ? 100 * stats_theil_sen(t, y, row->n_unit) / fabs(median) : NAN;
}

static int describe_row(const struct cmp *c, struct cmp_row *row, unsigned char *flag, double *room)
{
	struct stats_outliers o;
	size_t i, n = row->n_unit;
	double rest;
	int err;

	for (i = 0; i < n; i++)
		room[i] = row->unit[i].value;
	stats_describe(room, n, &row->desc);
	err = stats_drift(room, n, &row->drift);
	if (!err)
		err = stats_outliers(room, n, &o, flag, NULL);
	if (!err)
		err = stats_two_modes(room, n, &row->modes);
	if (err < 0)
		return err;
	row->outlier = flag;
	for (i = 0; i < n; i++)
		row->n_outliers += n > 3 && (flag[i] & (STATS_OUT_SEVERE | STATS_OUT_MODZ)) != 0;
	row->first_vs_rest = NAN;
	if (n > 3) {
		rest = stats_median(room + 1, n - 1);
		row->first_vs_rest = rest != 0 ? 100 * (room[0] - rest) / fabs(rest) : NAN;
	}
	row->slope_pct_hour = slope_per_hour(&c->arm[row->arm], row, room);
	return 0;
}

/* In place of numbers: why there are none. */
static const char *word_of(const struct cmp_metric *m, const struct cmp_row *base, const struct cmp_row *row)
{
	if (m->unit_varies)
		return "other unit";
	if (!row->n_unit)
		return row->dropped ? "no number" : "no value";
	if (!base->n_unit)
		return "no baseline";
	return NULL;
}

static int test_row(const struct cmp *c, struct cmp_result *r, const struct cmp_row *base, struct cmp_row *row, double *room,
		    size_t most)
{
	const struct cmp_metric *m = &c->metric[row->metric];
	double floor = cmp_floor_of(r, m)->rel;
	int err;

	row->own_effect = m->threshold > 0 ? m->threshold : max2(r->opts.min_effect, m->min_rel);
	row->min_effect = max2(row->own_effect, floor);
	row->word = row->arm || m->unit_varies ? word_of(m, base, row) : NULL;
	if (!row->arm || row->word)
		return 0;
	err = cmp_row_test(r, m, cmp_family(c, r, row) == CMP_BENCHMARK, base, row, room, most);
	if (err)
		return err;
	if (isnan(row->delta) && isfinite(row->diff))
		row->word = "from 0";
	return 0;
}

/* ---------------------------------------------------------------- families */

int cmp_known_primary(const struct cmp *c, const char *patterns)
{
	const char *p = patterns;
	char one[256];
	size_t i;

	while ((p = pattern_next(p, one, sizeof(one)))) {
		for (i = 0; i < c->n_metrics; i++)
			if (c->metric[i].source == CMP_BENCHMARK && !fnmatch(one, c->metric[i].name, 0))
				break;
		if (i == c->n_metrics)
			return cmp_say(c, -EINVAL, "--primary %s: the benchmark has no such metric", one);
	}
	return 0;
}

enum cmp_source cmp_family(const struct cmp *c, const struct cmp_result *r, const struct cmp_row *row)
{
	const struct cmp_metric *m = &c->metric[row->metric];

	return m->source == CMP_BENCHMARK && pattern_fits(r->opts.primary, m->name) ? CMP_BENCHMARK : CMP_KERNEL;
}

static void count_planned(const struct cmp *c, struct cmp_result *r)
{
	size_t i;

	for (i = 0; i < r->n_rows; i++) {
		const struct cmp_row *row = &r->row[i], *base = row - row->arm;

		r->planned += row->arm && row->n_unit > 1 && base->n_unit > 1 && cmp_family(c, r, row) == CMP_BENCHMARK;
	}
}

static int adjust_family(const struct cmp *c, struct cmp_result *r, enum cmp_source family)
{
	enum stats_adjust how = family == CMP_BENCHMARK ? r->opts.benchmark_adjust : r->opts.kernel_adjust;
	double *p = calloc(r->n_rows + 1, sizeof(*p));
	size_t i;
	int err;

	if (!p)
		return -ENOMEM;
	for (i = 0; i < r->n_rows; i++)
		p[i] = cmp_family(c, r, &r->row[i]) == family ? r->row[i].p : NAN;
	err = stats_adjust(how, p, r->n_rows, p, &r->family[family]);
	for (i = 0; i < r->n_rows && !err; i++)
		if (cmp_family(c, r, &r->row[i]) == family)
			r->row[i].p_adj = p[i];
	free(p);
	return err;
}

/* ---------------------------------------------------------------- verdicts */

/* Means of the iterations of a row, in run order: what has a start time of its own. */
static size_t by_iteration(const struct cmp_row *row, double *x)
{
	size_t i, n = 0, k = 0;

	for (i = 0; i < row->n_unit; i++) {
		if (!i || row->unit[i].iter != row->unit[i - 1].iter) {
			x[n++] = 0;
			k = 0;
		}
		x[n - 1] += (row->unit[i].value - x[n - 1]) / (double)++k;
	}
	return n;
}

/*
 * Arms one after the other, and a drift within them (Mann-Kendall, both arms added as
 * strata; Hirsch and Slack 1984) that goes the way of the difference and would make half
 * of it or more over the distance between the arms.
 */
static int drift_explains(const struct cmp_row *base, const struct cmp_row *row, double alpha, double *room, bool *yes)
{
	double *y = room + base->n_unit + 1, s, var, z, step;
	size_t na = by_iteration(base, room), nb = by_iteration(row, y);
	struct stats_drift a, b;
	int err;

	*yes = false;
	err = stats_drift(room, na, &a);
	if (!err)
		err = stats_drift(y, nb, &b);
	if (err || na < 3 || nb < 3)
		return err;
	s = a.mk_s + b.mk_s;
	var = a.mk_var + b.mk_var;
	if (!(var > 0) || s == 0)
		return 0;
	z = (fabs(s) - 1) / sqrt(var);
	if (erfc(z / sqrt(2)) >= alpha)
		return 0;
	step = (a.theil_sen * (double)na + b.theil_sen * (double)nb) / (double)(na + nb);
	*yes = step * (double)(na + nb) / 2 * (row->diff > 0 ? 1 : -1) >= fabs(row->diff) / 2;
	return 0;
}

/* No spread on either side: deterministic, and no test is needed to see a change. */
static bool exact(const struct cmp_row *base, const struct cmp_row *row)
{
	return base->desc.stddev == 0 && row->desc.stddev == 0;
}

static enum cmp_verdict plain_verdict(const struct cmp_metric *m, const struct cmp_row *base, const struct cmp_row *row,
				      double alpha)
{
	double d = 100 * row->min_effect, gain = row->delta;

	if (isnan(row->p_adj))
		return CMP_NO_VERDICT;
	if (isnan(gain)) /* from a baseline of 0 any sure change is one */
		gain = row->diff == 0 ? 0 : (m->better == METRIC_LOWER) == (row->diff < 0) ? INFINITY : -INFINITY;
	if (row->p_adj < alpha) {
		if (fabs(gain) < 100 * row->own_effect)
			return CMP_TINY;
		if (fabs(gain) < d)
			return CMP_UNCLEAR; /* same against same moves as far here */
		return m->better == METRIC_NEITHER ? CMP_CHANGED : gain > 0 ? CMP_BETTER : CMP_WORSE;
	}
	if (row->lo90 > -d && row->hi90 < d)
		return CMP_SAME;
	return exact(base, row) && row->diff == 0 ? CMP_SAME : CMP_UNCLEAR;
}

static int judge(const struct cmp *c, struct cmp_result *r, const struct cmp_row *base, struct cmp_row *row, double *room)
{
	const struct cmp_metric *m = &c->metric[row->metric];
	size_t n = row->n_tested ? row->n_tested : row->n_unit < base->n_unit ? row->n_unit : base->n_unit;
	bool sure, drifts = false;
	int err = 0;

	if (!row->arm || row->test == CMP_TEST_NONE)
		return 0;
	row->verdict = plain_verdict(m, base, row, r->opts.alpha);
	sure = row->verdict == CMP_BETTER || row->verdict == CMP_WORSE || row->verdict == CMP_CHANGED || row->verdict == CMP_TINY;
	if (sure && r->design.order == CMP_ORDER_SEQUENTIAL)
		err = drift_explains(base, row, r->opts.alpha, room, &drifts);
	if ((sure || row->verdict == CMP_SAME) && r->design.confounded_boot) {
		row->verdict = CMP_CONFOUNDED;
		row->verdict_why = "1 boot an arm";
	} else if (drifts) {
		row->verdict = CMP_CONFOUNDED;
		row->verdict_why = "order";
	} else if ((sure && n < FLOOR_N) || (row->verdict == CMP_SAME && n < SAME_N && !exact(base, row))) {
		row->verdict = CMP_INDICATIVE;
		row->verdict_why = "fewer than 5 units";
	} else if (row->verdict == CMP_UNCLEAR && row->p_adj < r->opts.alpha) {
		row->verdict_why = "below the A/A floor";
	} else if (exact(base, row)) {
		row->verdict_why = row->diff == 0 ? "exactly equal" : "exact change";
	}
	return err;
}

static void unset(struct cmp_row *row)
{
	row->diff = row->diff_lo = row->diff_hi = row->ratio = row->ratio_lo = row->ratio_hi = NAN;
	row->delta = row->lo = row->hi = row->lo90 = row->hi90 = row->level = NAN;
	row->t = row->df = row->p = row->p_adj = row->p_robust = row->cliff = row->hedges_g = NAN;
	row->mde = row->need = row->need_hi = NAN;
}

int cmp_decide(const struct cmp *c, const struct cmp_opts *o, struct cmp_result *r)
{
	struct cmp_map map = { 0 };
	double *room = NULL;
	size_t i, most = 0;
	int err;

	memset(r, 0, sizeof(*r));
	if (o)
		r->opts = *o;
	fill_defaults(&r->opts);
	err = cmp_design_make(c, &r->opts, &r->design, &map);
	if (!err)
		err = cmp_units_make(c, &map, r);
	if (!err)
		count_planned(c, r);
	for (i = 0; !err && i < r->n_rows; i++)
		most = r->row[i].n_unit > most ? r->row[i].n_unit : most;
	room = err ? NULL : calloc(4 * most + 4, sizeof(*room));
	if (!err && !room)
		err = -ENOMEM;
	for (i = 0; !err && i < r->n_rows; i++) {
		struct cmp_row *row = &r->row[i], *base = row - row->arm;

		unset(row);
		err = describe_row(c, row, r->outliers + (row->unit - r->units), room);
		if (!err)
			err = test_row(c, r, base, row, room, most + 1);
		r->small |= row->n_unit && row->n_unit < FLOOR_N;
	}
	if (!err)
		err = adjust_family(c, r, CMP_BENCHMARK);
	if (!err)
		err = adjust_family(c, r, CMP_KERNEL);
	for (i = 0; !err && i < r->n_rows; i++)
		err = judge(c, r, &r->row[i] - r->row[i].arm, &r->row[i], room);
	cmp_map_free(&map);
	free(room);
	if (err)
		cmp_result_free(r);
	return err;
}

void cmp_result_free(struct cmp_result *r)
{
	free(r->row);
	free(r->units);
	free(r->outliers);
	memset(r, 0, sizeof(*r));
}
