// SPDX-License-Identifier: GPL-2.0-only
/* One row against its baseline: the test that the design asks for, its interval, and the second opinion. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../stats/dist.h"
#include "../stats/effect.h"
#include "../stats/power.h"
#include "row_test.h"

#define LEVEL_SAME 0.90 /* two one-sided tests at 5 % */

/* The work of one row: unpaired values, or pairs when the design has them. */
struct work {
	const struct cmp_result *r;
	struct cmp_row *row;
	double *a, *b, *la, *lb; /* values and their logarithms */
	size_t na, nb;
	bool paired, positive;
	double level;
	struct stats_mwu mwu; /* of unpaired values */
};

/* Units of the same block become pairs. */
static void take_pairs(struct work *w, const struct cmp_row *base)
{
	size_t i, k;

	w->na = 0;
	for (i = 0; i < base->n_unit; i++) {
		for (k = 0; k < w->row->n_unit; k++)
			if (w->row->unit[k].block == base->unit[i].block)
				break;
		if (k == w->row->n_unit || base->unit[i].block == UINT32_MAX)
			continue;
		w->a[w->na] = base->unit[i].value;
		w->b[w->na++] = w->row->unit[k].value;
	}
	w->nb = w->na;
}

static void take_all(struct work *w, const struct cmp_row *base)
{
	size_t i;

	for (i = 0; i < base->n_unit; i++)
		w->a[i] = base->unit[i].value;
	for (i = 0; i < w->row->n_unit; i++)
		w->b[i] = w->row->unit[i].value;
	w->na = base->n_unit;
	w->nb = w->row->n_unit;
}

static void take(struct work *w, const struct cmp_row *base)
{
	size_t i;

	w->paired = false;
	if (w->r->design.order == CMP_ORDER_BLOCKS && !w->r->opts.unpaired) {
		take_pairs(w, base);
		w->paired = w->na >= 3;
	}
	if (!w->paired)
		take_all(w, base);
	w->positive = true;
	for (i = 0; i < w->na; i++)
		w->positive &= w->a[i] > 0;
	for (i = 0; i < w->nb; i++)
		w->positive &= w->b[i] > 0;
	for (i = 0; i < w->na && w->positive; i++)
		w->la[i] = log(w->a[i]);
	for (i = 0; i < w->nb && w->positive; i++)
		w->lb[i] = log(w->b[i]);
}

/* The smallest p that ranks of these n can give. */
static double least_p(const struct work *w)
{
	double n = (double)w->na, m = (double)w->nb;

	return w->paired ? ldexp(1, 1 - (int)w->na) : 2 * exp(lgamma(n + 1) + lgamma(m + 1) - lgamma(n + m + 1));
}

/*
 * By design, number of units and number of tests, never by what came out. Ranks resist
 * outliers, but are coarse: where even their smallest p would not survive the adjustment
 * over the family, t decides.
 */
static enum cmp_test choose(const struct work *w, bool primary)
{
	size_t n = w->na < w->nb ? w->na : w->nb;
	bool ranks;

	if (n < 2)
		return CMP_TEST_NONE;
	ranks = primary && n >= CMP_RANKS_FROM && least_p(w) * (double)w->r->planned <= w->r->opts.alpha;
	if (w->paired)
		return ranks ? CMP_TEST_SIGNED_RANK : w->positive ? CMP_TEST_PAIRED_LOG : CMP_TEST_PAIRED;
	return ranks ? CMP_TEST_MWU : w->positive ? CMP_TEST_WELCH_LOG : CMP_TEST_WELCH;
}

static void set_ratio(struct cmp_row *r, double ratio, double lo, double hi)
{
	r->ratio = ratio;
	r->ratio_lo = lo;
	r->ratio_hi = hi;
}

/* A difference as a ratio to the size of the baseline; undefined for a baseline of 0. */
static void set_relative(struct cmp_row *r, double base, double diff, double lo, double hi)
{
	if (base == 0)
		set_ratio(r, NAN, NAN, NAN);
	else
		set_ratio(r, 1 + diff / fabs(base), 1 + lo / fabs(base), 1 + hi / fabs(base));
}

static void by_welch(struct work *w, double level)
{
	struct cmp_row *r = w->row;
	struct stats_welch s;
	struct stats_ratio f;

	stats_welch(w->a, w->na, w->b, w->nb, level, &s);
	r->diff = s.diff;
	r->diff_lo = s.lo;
	r->diff_hi = s.hi;
	r->status = s.status;
	if (r->test == CMP_TEST_WELCH_LOG) {
		stats_welch(w->la, w->na, w->lb, w->nb, level, &s);
		set_ratio(r, exp(s.diff), exp(s.lo), exp(s.hi));
	} else {
		set_relative(r, stats_mean(w->a, w->na), s.diff, s.lo, s.hi);
		stats_ratio_fieller(w->a, w->na, w->b, w->nb, level, &f);
		if (f.status == STATS_OK && stats_mean(w->a, w->na) > 0)
			set_ratio(r, f.ratio, f.lo, f.hi);
	}
	r->t = s.t;
	r->df = s.df;
	r->p = s.p;
	if (s.status == STATS_ZERO_VARIANCE)
		r->status = s.status;
}

static int by_mwu(struct work *w, double level)
{
	struct cmp_row *r = w->row;
	struct stats_shift h;
	int err = 0;

	r->p = w->mwu.p;
	r->status = w->mwu.status;
	if (level == w->level || !w->positive) {
		err = stats_hodges_lehmann(w->a, w->na, w->b, w->nb, level, &h);
		if (err)
			return err;
		r->diff = h.shift;
		r->diff_lo = h.lo;
		r->diff_hi = h.hi;
		r->level = h.attained ? level : h.achieved;
		set_relative(r, stats_median(w->a, w->na), h.shift, h.lo, h.hi);
	}
	if (!w->positive)
		return 0;
	err = stats_hodges_lehmann(w->la, w->na, w->lb, w->nb, level, &h);
	if (!err)
		set_ratio(r, exp(h.shift), exp(h.lo), exp(h.hi));
	return err;
}

static int by_pairs(struct work *w, double level)
{
	struct cmp_row *r = w->row;
	struct stats_signed_rank s;
	struct stats_paired p;
	int err;

	err = stats_paired(w->a, w->b, w->na, level, &p);
	if (err)
		return err;
	r->diff = p.mean;
	r->diff_lo = p.lo;
	r->diff_hi = p.hi;
	r->df = (double)p.n - 1;
	if (r->test == CMP_TEST_PAIRED_LOG) {
		set_ratio(r, p.ratio, p.ratio_lo, p.ratio_hi);
		r->p = p.log_p;
		r->t = p.log_t;
		r->status = p.log_status;
		return 0;
	}
	set_relative(r, stats_mean(w->a, w->na), p.mean, p.lo, p.hi);
	r->p = p.p;
	r->t = p.t;
	r->status = p.status;
	if (r->test != CMP_TEST_SIGNED_RANK)
		return 0;
	r->t = r->df = NAN;
	err = w->positive ? stats_signed_rank(w->la, w->lb, w->na, level, &s) : stats_signed_rank(w->a, w->b, w->na, level, &s);
	if (err)
		return err;
	r->p = s.p;
	r->status = s.status;
	r->level = s.achieved < level ? s.achieved : level;
	if (w->positive)
		set_ratio(r, exp(s.estimate), exp(s.lo), exp(s.hi));
	else
		set_relative(r, stats_median(w->a, w->na), s.estimate, s.lo, s.hi);
	return 0;
}

static int test_at(struct work *w, double level)
{
	struct cmp_row *r = w->row;

	r->t = r->df = NAN;
	r->level = level;
	switch (r->test) {
	case CMP_TEST_WELCH:
	case CMP_TEST_WELCH_LOG:
		by_welch(w, level);
		return 0;
	case CMP_TEST_MWU:
		return by_mwu(w, level);
	default:
		return by_pairs(w, level);
	}
}

/* Another test of the same values; it decides nothing, but is heard when it disagrees. */
static int second_opinion(struct work *w)
{
	struct cmp_row *r = w->row;
	double least = 0; /* that it could have given */
	struct stats_paired p;
	struct stats_welch s;
	int err = 0;

	if (r->test == CMP_TEST_MWU) {
		r->robust_test = w->positive ? CMP_TEST_WELCH_LOG : CMP_TEST_WELCH;
		stats_welch(w->positive ? w->la : w->a, w->na, w->positive ? w->lb : w->b, w->nb, w->level, &s);
		r->p_robust = s.p;
	} else if (r->test == CMP_TEST_WELCH || r->test == CMP_TEST_WELCH_LOG) {
		r->robust_test = CMP_TEST_MWU;
		r->p_robust = w->mwu.p;
		least = w->mwu.p_exact_min;
	} else {
		err = stats_paired(w->a, w->b, w->na, w->level, &p);
		if (err)
			return err;
		if (r->test == CMP_TEST_SIGNED_RANK) {
			r->robust_test = w->positive ? CMP_TEST_PAIRED_LOG : CMP_TEST_PAIRED;
			r->p_robust = w->positive ? p.log_p : p.p;
		} else {
			r->robust_test = CMP_TEST_SIGN_FLIP;
			r->p_robust = w->positive ? p.log_signflip_p : p.signflip_p;
			least = ldexp(1, 1 - (int)w->na);
		}
	}
	r->disagree = r->p_robust > 10 * (r->p > least ? r->p : least) || r->p > 10 * r->p_robust;
	/* both say the same thing loudly: how loudly is no disagreement */
	if (r->p < w->r->opts.alpha / 10 && r->p_robust < w->r->opts.alpha / 10)
		r->disagree = false;
	return err;
}

/*
 * The spread that planning goes by, relative and a unit's own (of a pair: of its log
 * ratio). A rank test's follows from its interval, which an outlier does not widen.
 */
static double spread(const struct work *w, double *df)
{
	const struct cmp_row *r = w->row;
	double base, va, vb, half, n = (double)w->na, m = (double)w->nb;

	if (r->test == CMP_TEST_MWU || r->test == CMP_TEST_SIGNED_RANK) {
		*df = w->paired ? n - 1 : n + m - 2;
		half = w->positive ? log(r->ratio_hi / r->ratio_lo) / 2 : (r->ratio_hi - r->ratio_lo) / 2;
		return half / stats_t_quantile(r->level, *df) / sqrt(w->paired ? 1 / n : 1 / n + 1 / m);
	}
	if (w->paired) {
		*df = n - 1;
		return fabs((w->positive ? log(r->ratio_hi / r->ratio_lo) : r->ratio_hi - r->ratio_lo) / 2) /
		       stats_t_quantile(r->level, *df) * sqrt(n);
	}
	*df = n + m - 2;
	base = w->positive ? 1 : fabs(stats_mean(w->a, w->na));
	va = stats_variance(w->positive ? w->la : w->a, w->na);
	vb = stats_variance(w->positive ? w->lb : w->b, w->nb);
	return base > 0 ? sqrt(((n - 1) * va + (m - 1) * vb) / *df) / base : NAN;
}

static double more(double n, double need)
{
	return isnan(need) ? NAN : need > n ? ceil(need - n) : 0;
}

static void plan(const struct work *w)
{
	struct cmp_row *r = w->row;
	const struct cmp_opts *o = &w->r->opts;
	double df, sd, n;

	sd = spread(w, &df);
	if (!(sd > 0) || !isfinite(sd))
		return;
	n = w->paired ? (double)w->na : 2 / (1 / (double)w->na + 1 / (double)w->nb);
	r->mde = 100 * sd * stats_power_mde(n, o->alpha, o->power, w->paired);
	r->need = more(n, stats_power_n(r->min_effect / sd, o->alpha, o->power, w->paired));
	r->need_hi = more(n, stats_power_n(r->min_effect / stats_sd_upper(sd, df, 0.8), o->alpha, o->power, w->paired));
}

static void as_percent(struct cmp_row *r, enum metric_direction better, double *lo, double *hi)
{
	double sign = better == METRIC_LOWER ? -1 : 1, x = sign * 100 * (r->ratio_lo - 1) + 0.0,
	       y = sign * 100 * (r->ratio_hi - 1) + 0.0;

	r->delta = sign * 100 * (r->ratio - 1) + 0.0; /* no -0 */
	*lo = sign < 0 ? y : x;
	*hi = sign < 0 ? x : y;
}

/* Of a base below 0 a change in % has a sense, a ratio has not. */
static void drop_ratio(struct cmp_row *r, double base)
{
	if (base < 0)
		set_ratio(r, NAN, NAN, NAN);
}

/* One value on a side: a ratio, but nothing to say of it. */
static void bare_ratio(struct work *w, enum metric_direction better)
{
	struct cmp_row *r = w->row;
	double a = stats_mean(w->a, w->na), b = stats_mean(w->b, w->nb);

	r->diff = b - a;
	if (a != 0)
		r->ratio = a > 0 ? b / a : 1 + (b - a) / fabs(a);
	as_percent(r, better, &r->lo, &r->hi);
	r->lo = r->hi = NAN;
	drop_ratio(r, a);
}

int cmp_row_test(const struct cmp_result *res, const struct cmp_metric *m, bool primary, const struct cmp_row *base,
		 struct cmp_row *row, double *room, size_t most)
{
	struct work w = { .r = res, .row = row, .a = room, .b = room + most, .la = room + 2 * most, .lb = room + 3 * most,
			  .level = 1 - res->opts.alpha };
	int err;

	take(&w, base);
	row->test = choose(&w, primary);
	if (row->test == CMP_TEST_NONE) {
		row->status = STATS_TOO_FEW;
		bare_ratio(&w, m->better);
		return 0;
	}
	row->cliff = NAN;
	err = w.paired ? 0 : stats_mwu(w.a, w.na, w.b, w.nb, &w.mwu);
	if (!err && !w.paired)
		row->cliff = w.mwu.cliff;
	if (!err)
		err = test_at(&w, LEVEL_SAME);
	if (err)
		return err;
	as_percent(row, m->better, &row->lo90, &row->hi90);
	err = test_at(&w, w.level);
	if (!err)
		err = second_opinion(&w);
	if (err)
		return err;
	as_percent(row, m->better, &row->lo, &row->hi);
	row->hedges_g = stats_hedges_g(w.a, w.na, w.b, w.nb);
	row->n_tested = w.paired ? w.na : 0;
	plan(&w);
	drop_ratio(row, base->desc.mean);
	return 0;
}
