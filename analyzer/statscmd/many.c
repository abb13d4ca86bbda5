// SPDX-License-Identifier: GPL-2.0-only
/* Statistics of curves, series, several benchmarks, several metrics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stats/edivisive.h"
#include "../stats/explain.h"
#include "../stats/recap.h"
#include "../stats/series.h"
#include "call.h"

static int same_length(const struct call *c, const struct sample *a, const char *na, const struct sample *b,
		       const char *nb)
{
	if (a->n_raw == b->n_raw)
		return 0;
	return in_fail(c, "%zu values of '%s', %zu of '%s': they belong together", a->n_raw, na, b->n_raw, nb);
}

static int in_two(struct call *c, const char *na, struct sample *a, const char *nb, struct sample *b)
{
	int err = in_sample(c, na, a);

	if (!err)
		err = in_sample(c, nb, b);
	return err ? err : same_length(c, a, na, b, nb);
}

int do_correlation(struct call *c)
{
	struct stats_corr r;
	struct sample x, y;
	int err = in_two(c, "x", &x, "y", &y);

	if (!err)
		err = in_limit(c, "x", x.n, 20000);
	if (!err)
		err = stats_correlation(x.raw, y.raw, x.n_raw, &r);
	if (err)
		return err;
	put_int(c, c->out, "n", (int64_t)r.n);
	if (!r.defined) {
		put_str(c, c->out, "status", "undefined");
		return 0;
	}
	put(c, c->out, "pearson", r.pearson);
	put(c, c->out, "pearson_p", r.pearson_p);
	put(c, c->out, "spearman", r.spearman);
	put(c, c->out, "spearman_p_t", r.spearman_p_t);
	if (!isnan(r.spearman_p_exact))
		put(c, c->out, "spearman_p_exact", r.spearman_p_exact);
	put_int(c, c->out, "kendall_S", (int64_t)r.kendall_s);
	put(c, c->out, "kendall_tau_b", r.kendall_tau_b);
	put(c, c->out, "kendall_p_asymp", r.kendall_p_asymp);
	if (!isnan(r.kendall_p_exact))
		put(c, c->out, "kendall_p_exact", r.kendall_p_exact);
	return 0;
}

/* Rows [ratio, se, df] or columns. */
static int in_ratios(struct call *c, struct sample *ratio, struct sample *se)
{
	const json_t *rows = json_object_get(c->in, "ratio_se_df"), *row;
	size_t i, n = json_array_size(rows);

	if (!rows)
		return in_two(c, "ratio", ratio, "se", se);
	ratio->raw = arena_alloc(c->mem, (2 * n + 1) * sizeof(double));
	if (!ratio->raw)
		return -ENOMEM;
	se->raw = ratio->raw + n;
	ratio->n_raw = n;
	for (i = 0; i < n; i++) {
		row = json_array_get(rows, i);
		if (!json_to_num(json_array_get(row, 0), &ratio->raw[i]) || !json_to_num(json_array_get(row, 1), &se->raw[i]))
			return in_fail(c, "ratio_se_df[%zu] is not [ratio, se, df]", i);
	}
	return json_is_array(rows) ? 0 : in_fail(c, "'ratio_se_df' is not an array");
}

int do_geomean(struct call *c)
{
	struct level level = { "95", 0.95 };
	struct sample ratio, se;
	struct stats_recap r;
	char key[128];
	int one = 1, err = in_ratios(c, &ratio, &se);

	if (!err)
		err = in_levels(c, &level, &one);
	if (err)
		return err;
	stats_recap(ratio.raw, se.raw, ratio.n_raw, level.value, &r);
	put(c, c->out, "gmean", r.gmean);
	if (!r.k)
		return 0;
	snprintf(key, sizeof(key), "ci%s_within", level.name);
	put_ci(c, c->out, key, r.within_lo, r.within_hi);
	snprintf(key, sizeof(key), "ci%s_between", level.name);
	if (r.k > 1)
		put_ci(c, c->out, key, r.between_lo, r.between_hi);
	return 0;
}

int do_knee(struct call *c)
{
	struct sample load, tput;
	struct stats_knee k;
	int err = in_two(c, "load", &load, "throughput", &tput);

	if (!err)
		err = stats_knee(load.raw, tput.raw, load.n_raw, &k);
	if (err)
		return err;
	put(c, c->out, "peak_load", k.peak_load);
	put(c, c->out, "peak", k.peak);
	put(c, c->out, "sat95_load", k.sat_load);
	put(c, c->out, "knee_load", k.knee_load);
	if (k.to_peak >= 3)
		put(c, c->out, "knee_dist", k.knee_dist);
	put(c, c->out, "drop_from_peak_pct", k.drop_pct);
	return 0;
}

int do_derived(struct call *c)
{
	struct stats_cost_in in;
	struct stats_cost cost;
	const struct { const char *name; double *v; } field[] = {
		{ "cycles", &in.cycles }, { "seconds", &in.seconds }, { "ops", &in.ops },
		{ "ncpu", &in.ncpu }, { "cpu_util", &in.cpu_util }, { "kb_per_s", &in.kb_per_s },
	};
	size_t i, seen = 0;
	int err = 0;

	for (i = 0; !err && i < sizeof(field) / sizeof(field[0]); i++) {
		err = in_num(c, field[i].name, NAN, field[i].v);
		seen += in_has(c, field[i].name);
	}
	if (err)
		return err;
	if (!seen)
		return in_fail(c, "no 'cycles' in the input, nor 'seconds', 'ops', 'ncpu', 'cpu_util', 'kb_per_s'");
	stats_cost(&in, &cost);
	put(c, c->out, "cpu_load_cycles_per_s", cost.cpu_load_cycles_per_s);
	put(c, c->out, "cycles_per_op", cost.cycles_per_op);
	put(c, c->out, "ops_per_s", cost.ops_per_s);
	put(c, c->out, "service_demand_us_per_op", cost.demand_us_per_op);
	put(c, c->out, "service_demand_us_per_kb", cost.demand_us_per_kb);
	return 0;
}

static int split(struct call *c, const struct sample *s, const char *key, enum stats_split_how how, size_t min)
{
	struct stats_split b;
	json_t *o;
	int err = stats_best_split(s->x, s->n, how, min, &b);

	if (err)
		return err == -ENODATA ? 0 : err;
	o = put_obj(c, c->out, key);
	put_int(c, o, "tau", (int64_t)b.tau);
	put_int(c, o, "kappa", (int64_t)b.kappa);
	put(c, o, "q", b.q);
	return 0;
}

int do_edivisive(struct call *c)
{
	struct stats_edivisive_opts opts = { 0 };
	struct stats_change *found = NULL;
	double seed, alpha;
	size_t i, n = 0;
	json_t *list;
	struct sample s;
	int err = in_sample(c, "series", &s);

	if (!err)
		err = in_limit(c, "series", s.n, 2000);
	if (!err)
		err = in_num(c, "seed", 0, &seed);
	if (!err)
		err = in_num(c, "alpha", 0.01, &alpha);
	if (err)
		return err;
	if (!(alpha > 0 && alpha < 1) || !(seed >= 0 && seed < 0x1p53))
		return in_fail(c, "alpha is between 0 and 1, seed a whole number");
	opts.alpha = alpha;
	opts.seed = (uint64_t)seed;
	put_int(c, c->out, "n", (int64_t)s.n);
	err = split(c, &s, "mj_kappa", STATS_SPLIT_KAPPA, 1);
	if (!err)
		err = split(c, &s, "mj_fixed_end", STATS_SPLIT_FIXED_END, 1);
	if (!err)
		err = split(c, &s, "mj_kappa_min3", STATS_SPLIT_KAPPA, 3);
	if (!err)
		err = split(c, &s, "v_fixed_end", STATS_SPLIT_V, 1);
	if (!err)
		err = stats_edivisive(s.x, s.n, &opts, &found, &n);
	if (err)
		return err;
	list = put_list(c, c->out, "change_points");
	for (i = 0; i < n; i++)
		add(c, list, json_integer((json_int_t)found[i].at));
	free(found);
	return 0;
}

/* Iterations for which both y and the metric are known. */
static void complete(struct sample *y, struct sample *m, double *ya, double *ma, size_t *n)
{
	size_t i;

	*n = 0;
	for (i = 0; i < y->n_raw; i++) {
		if (isnan(y->raw[i]) || isnan(m->raw[i]))
			continue;
		ya[*n] = y->raw[i];
		ma[(*n)++] = m->raw[i];
	}
}

struct arm {
	struct sample y, m;
	double *yc, *mc;
	size_t n;
};

static int in_arm(struct call *c, struct arm *a, const json_t *metric, const char *key)
{
	int err = in_sample_of(c, json_object_get(metric, key), key, &a->m);

	if (!err)
		err = same_length(c, &a->y, "y", &a->m, key);
	if (err)
		return err;
	a->yc = arena_alloc(c->mem, (2 * a->y.n_raw + 1) * sizeof(*a->yc));
	if (!a->yc)
		return -ENOMEM;
	a->mc = a->yc + a->y.n_raw;
	complete(&a->y, &a->m, a->yc, a->mc, &a->n);
	return 0;
}

static const char *explain_status(enum stats_status s)
{
	return s == STATS_ZERO_VARIANCE ? "constant" : stats_status_name(s);
}

static void put_explain(struct call *c, json_t *o, const struct stats_explain *e)
{
	put(c, o, "total", e->total);
	put(c, o, "a", e->a);
	put(c, o, "a_rel", e->a_rel);
	put_str(c, o, "status", explain_status(e->status));
	if (e->status != STATS_OK)
		return;
	put(c, o, "b", e->b);
	put(c, o, "indirect", e->indirect);
	put(c, o, "direct", e->direct);
	put(c, o, "share", e->share);
	put(c, o, "r_within", e->r_within);
	put(c, o, "b_p", e->b_p);
	put(c, o, "sobel_se", e->sobel_se);
	if (!isnan(e->within_perm_p))
		put(c, o, "within_perm_p", e->within_perm_p);
}

/* The rule of ranking: both the shift and the slope are there, then the share. */
static bool ranks_before(const struct stats_explain *e, const struct stats_explain *top)
{
	double p = fmax(e->a_p, e->b_p), q = fmax(top->a_p, top->b_p);

	return p != q ? p < q : e->share > top->share;
}

int do_explain(struct call *c)
{
	json_t *metrics = json_object_get(c->in, "metrics"), *m;
	struct stats_explain e, top = { 0 };
	const char *name, *best = NULL;
	struct arm a, b;
	int err = in_sample(c, "y_a", &a.y);

	if (!err)
		err = in_sample(c, "y_b", &b.y);
	if (!err && !json_is_object(metrics))
		err = in_fail(c, "'metrics' is not an object");
	if (err)
		return err;
	json_object_foreach(metrics, name, m) {
		err = in_arm(c, &a, m, "a");
		if (!err)
			err = in_arm(c, &b, m, "b");
		if (!err)
			err = stats_explain(a.yc, a.mc, a.n, b.yc, b.mc, b.n, &e);
		if (err)
			return err;
		put_explain(c, put_obj(c, c->out, name), &e);
		if (e.status == STATS_OK && e.share > 0 && !isnan(e.a_p) && !isnan(e.b_p) &&
		    (!best || ranks_before(&e, &top))) {
			best = name;
			top = e;
		}
	}
	if (best)
		put_str(c, c->out, "expected_top", best);
	return 0;
}
