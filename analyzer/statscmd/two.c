// SPDX-License-Identifier: GPL-2.0-only
/* Statistics of two samples, of p-values, and planning. */
#include <stdio.h>
#include <string.h>

#include "../stats/dist.h"
#include "../stats/effect.h"
#include "../stats/multiple.h"
#include "../stats/power.h"
#include "../stats/test.h"
#include "call.h"

static int in_arms(struct call *c, struct sample *a, struct sample *b)
{
	int err = in_sample(c, "a", a);

	return err ? err : in_sample(c, "b", b);
}

/* The same where all pairs are made, or many resamples. */
static int in_few_arms(struct call *c, struct sample *a, struct sample *b)
{
	int err = in_arms(c, a, b);

	if (!err)
		err = in_limit(c, "a", a->n, 5000);
	return err ? err : in_limit(c, "b", b->n, 5000);
}

static void put_ci_of(struct call *c, json_t *o, const char *prefix, const struct level *l, double lo, double hi)
{
	char key[128];

	snprintf(key, sizeof(key), "%s%s", prefix, l->name);
	put_ci(c, o, key, lo, hi);
}

/* MMTests' own test, which nothing of it calls: degrees of freedom rounded down. */
static bool floor_df_rejects(const struct stats_welch *w)
{
	return fabs(w->t) > stats_t_quantile(0.95, floor(w->df));
}

int do_welch(struct call *c)
{
	struct level l[3] = { { "9", 0.9 }, { "95", 0.95 }, { "99", 0.99 } };
	struct sample a, b;
	struct stats_welch w;
	int i, n = 3, err = in_arms(c, &a, &b);

	if (!err)
		err = in_levels(c, l, &n);
	if (err)
		return err;
	stats_welch(a.x, a.n, b.x, b.n, 0.95, &w);
	put_int(c, c->out, "n_a", (int64_t)a.n);
	put_int(c, c->out, "n_b", (int64_t)b.n);
	put(c, c->out, "diff", w.diff);
	put_str(c, c->out, "status", stats_status_name(w.status));
	put(c, c->out, "t", w.t);
	put(c, c->out, "df", w.df);
	put(c, c->out, "p", w.p);
	put(c, c->out, "se", w.se);
	for (i = 0; i < n; i++) {
		stats_welch(a.x, a.n, b.x, b.n, l[i].value, &w);
		put_ci_of(c, c->out, "ci", &l[i], w.lo, w.hi);
	}
	put(c, c->out, "cohen_d", stats_cohen_d(a.x, a.n, b.x, b.n));
	put(c, c->out, "hedges_g", stats_hedges_g(a.x, a.n, b.x, b.n));
	if (w.status == STATS_OK)
		put_bool(c, c->out, "mmtests_floor_df_reject05", floor_df_rejects(&w));
	return 0;
}

int do_mwu(struct call *c)
{
	struct sample a, b;
	struct stats_mwu m;
	int err = in_arms(c, &a, &b);

	if (!err)
		err = stats_mwu(a.x, a.n, b.x, b.n, &m);
	if (err)
		return err;
	put_int(c, c->out, "n_a", (int64_t)a.n);
	put_int(c, c->out, "n_b", (int64_t)b.n);
	put_str(c, c->out, "status", stats_status_name(m.status));
	if (m.status != STATS_OK)
		return 0;
	put_bool(c, c->out, "ties", m.ties);
	put(c, c->out, "U_a", m.u_a);
	put(c, c->out, "U_b", m.u_b);
	put(c, c->out, "cliff_delta_b_over_a", m.cliff);
	put(c, c->out, "A12_b_over_a", (1 + m.cliff) / 2);
	put(c, c->out, "p_exact_min", m.p_exact_min);
	put(c, c->out, "p_exact", m.p_exact);
	put(c, c->out, "p_exact_twicemin", m.p_exact_twicemin);
	put(c, c->out, "p_asymp", m.p_asymp);
	put(c, c->out, "p_asymp_nocc", m.p_asymp_nocc);
	return 0;
}

typedef int (*hl_fn)(const double *a, size_t na, const double *b, size_t nb, double level, struct stats_shift *s);

static int put_shift(struct call *c, const struct sample *a, const struct sample *b, const struct level *l, int n,
		     hl_fn fn, bool ratio)
{
	struct stats_shift s;
	char key[128];
	int i, err;

	for (i = 0; i < n; i++) {
		err = fn(a->x, a->n, b->x, b->n, l[i].value, &s);
		if (err)
			return err;
		if (s.status != STATS_OK)
			return 0;
		if (!i)
			put(c, c->out, ratio ? "ratio" : "shift", s.shift);
		put_ci_of(c, c->out, ratio ? "ratio_ci" : "ci", &l[i], s.lo, s.hi);
		if (ratio)
			continue;
		snprintf(key, sizeof(key), "achieved%s", l[i].name);
		put(c, c->out, key, s.achieved);
		snprintf(key, sizeof(key), "attained%s", l[i].name);
		put_bool(c, c->out, key, s.attained);
	}
	return 0;
}

int do_hodges_lehmann(struct call *c)
{
	struct level l[3] = { { "90", 0.9 }, { "95", 0.95 }, { "99", 0.99 } };
	struct sample a, b;
	int n = 3, err = in_few_arms(c, &a, &b);

	if (!err)
		err = in_levels(c, l, &n);
	if (err)
		return err;
	put_int(c, c->out, "n_a", (int64_t)a.n);
	put_int(c, c->out, "n_b", (int64_t)b.n);
	err = put_shift(c, &a, &b, l, n, stats_hodges_lehmann, false);
	return err ? err : put_shift(c, &a, &b, l, n, stats_hodges_lehmann_ratio, true);
}

static void put_fieller(struct call *c, const char *prefix, const struct level *l, const struct stats_ratio *r)
{
	char key[128];
	json_t *o;

	snprintf(key, sizeof(key), "%s%s", prefix, l->name);
	o = put_obj(c, c->out, key);
	put(c, o, "ratio", r->ratio);
	put(c, o, "df", r->df);
	put(c, o, "g", r->g);
	put_str(c, o, "status", stats_status_name(r->status));
	if (isnan(r->lo))
		return;
	put_ci(c, o, "ci", r->lo, r->hi);
	put(c, o, "width", r->hi - r->lo);
	put(c, o, "half_width_pct", (r->hi - r->lo) / 2 * 100);
	put_bool(c, o, "outside", r->lo > 1 || r->hi < 1);
}

static void put_logwelch(struct call *c, const struct level *l, const struct stats_ratio *r)
{
	char key[128];
	json_t *o;

	snprintf(key, sizeof(key), "gmean_logwelch%s", l->name);
	o = put_obj(c, c->out, key);
	put_str(c, o, "status", stats_status_name(r->status));
	if (r->status == STATS_UNDEFINED || r->status == STATS_NO_VALUES)
		return;
	put(c, o, "ratio", r->ratio);
	put_ci(c, o, "ci", r->lo, r->hi);
	put(c, o, "df", r->df);
	put(c, o, "p", r->p);
}

int do_ratio_ci(struct call *c)
{
	struct level l[2] = { { "95", 0.95 }, { "99", 0.99 } };
	struct sample a, b;
	struct stats_ratio r;
	int i, n = 2, err = in_arms(c, &a, &b);

	if (!err)
		err = in_levels(c, l, &n);
	for (i = 0; !err && i < n; i++) {
		stats_ratio_fieller(a.x, a.n, b.x, b.n, l[i].value, &r);
		put_fieller(c, "amean_fieller", &l[i], &r);
		stats_ratio_hmean(a.x, a.n, b.x, b.n, l[i].value, &r);
		put_fieller(c, "hmean_fieller", &l[i], &r);
		err = stats_ratio_log(a.x, a.n, b.x, b.n, l[i].value, &r);
		if (!err)
			put_logwelch(c, &l[i], &r);
	}
	return err;
}

struct boot_in {
	struct sample a, b;
	double rounds, seed;
	bool by_chance; /* rounds or seed were asked for: no enumeration */
};

static int in_boot(struct call *c, struct boot_in *in)
{
	int err = in_few_arms(c, &in->a, &in->b);

	if (!err)
		err = in_num(c, "seed", 0, &in->seed);
	if (!err)
		err = in_num(c, "rounds", 10000, &in->rounds);
	if (err)
		return err;
	in->by_chance = in_has(c, "seed") || in_has(c, "rounds");
	if (!(in->seed >= 0 && in->seed < 0x1p53) || !(in->rounds >= 100 && in->rounds <= 10000000))
		return in_fail(c, "seed is a whole number, rounds one from 100 to 10000000");
	return 0;
}

static int boot_level(struct call *c, const struct boot_in *in, const struct level *l, bool first)
{
	struct stats_boot r;
	char key[128];
	int err, ideal = -ERANGE;

	err = stats_bootstrap_ratio(in->a.x, in->a.n, in->b.x, in->b.n, l->value, (unsigned int)in->rounds,
				    (uint64_t)in->seed, NULL, NULL, &r);
	if (!err && r.status == STATS_OK && !in->by_chance)
		ideal = stats_bootstrap_ideal(in->a.x, in->a.n, in->b.x, in->b.n, l->value, &r);
	if (err || ideal == -ENOMEM)
		return -ENOMEM;
	if (first) {
		put(c, c->out, "ratio", r.ratio);
		if (r.status != STATS_OK)
			put_str(c, c->out, "status", stats_status_name(r.status));
		put_bool(c, c->out, "exact_ideal", !ideal);
		put(c, c->out, "acceleration", r.acceleration);
		put(c, c->out, "z0_strict", r.z0_strict);
		put(c, c->out, "z0_mid", r.z0);
	}
	snprintf(key, sizeof(key), "pct%s_lo", l->name);
	put(c, c->out, key, r.lo);
	snprintf(key, sizeof(key), "pct%s_hi", l->name);
	put(c, c->out, key, r.hi);
	if (!first)
		return 0;
	snprintf(key, sizeof(key), "bca%s_lo", l->name);
	put(c, c->out, key, r.bca_lo);
	snprintf(key, sizeof(key), "bca%s_hi", l->name);
	put(c, c->out, key, r.bca_hi);
	return 0;
}

int do_bootstrap(struct call *c)
{
	struct level l[2] = { { "95", 0.95 }, { "90", 0.9 } };
	struct boot_in in;
	int i, n = 2, err = in_boot(c, &in);

	if (!err)
		err = in_levels(c, l, &n);
	for (i = 0; !err && i < n; i++)
		err = boot_level(c, &in, &l[i], !i);
	return err;
}

int do_paired(struct call *c)
{
	struct level l = { "95", 0.95 };
	struct stats_signed_rank s;
	struct stats_paired p;
	struct sample a, b;
	int one = 1, err = in_few_arms(c, &a, &b);

	if (!err)
		err = in_levels(c, &l, &one);
	if (!err && a.n_raw != b.n_raw)
		err = in_fail(c, "%zu values of 'a', %zu of 'b': not pairs", a.n_raw, b.n_raw);
	if (!err)
		err = stats_paired(a.raw, b.raw, a.n_raw, l.value, &p);
	if (!err)
		err = stats_signed_rank(a.raw, b.raw, a.n_raw, l.value, &s);
	if (err)
		return err;
	put_int(c, c->out, "n", (int64_t)p.n);
	if (p.status != STATS_OK)
		put_str(c, c->out, "status", stats_status_name(p.status));
	put(c, c->out, "mean", p.mean);
	put(c, c->out, "t", p.t);
	put(c, c->out, "p", p.p);
	put_ci_of(c, c->out, "ci", &l, p.lo, p.hi);
	if (!isnan(p.signflip_p))
		put(c, c->out, "signflip_p", p.signflip_p);
	if (p.log_status != STATS_UNDEFINED && p.n) {
		put(c, c->out, "log_mean", p.log_mean);
		put(c, c->out, "log_t", p.log_t);
		put(c, c->out, "log_p", p.log_p);
		put_ci_of(c, c->out, "log_ci", &l, p.log_lo, p.log_hi);
		if (!isnan(p.log_signflip_p))
			put(c, c->out, "log_signflip_p", p.log_signflip_p);
		put(c, c->out, "ratio", p.ratio);
		put_ci_of(c, c->out, "ratio_ci", &l, p.ratio_lo, p.ratio_hi);
	}
	put_int(c, c->out, "wilcoxon_n", (int64_t)s.n);
	put(c, c->out, "wilcoxon_V", s.v);
	put(c, c->out, s.exact || !p.n ? "wilcoxon_p_exact" : "wilcoxon_p_asymp", s.p);
	return 0;
}

int do_multiplicity(struct call *c)
{
	static const struct { const char *name; enum stats_adjust how; } how[] = {
		{ "bonferroni", STATS_BONFERRONI }, { "holm", STATS_HOLM }, { "hochberg", STATS_HOCHBERG },
		{ "bh", STATS_BH }, { "by", STATS_BY },
	};
	struct sample p;
	double *out;
	size_t i, m = 0;
	int err = in_sample(c, "p", &p);

	if (err)
		return err;
	for (i = 0; i < p.n_raw; i++)
		if (p.raw[i] < 0 || p.raw[i] > 1)
			return in_fail(c, "p[%zu] is %g: a probability is between 0 and 1", i, p.raw[i]);
	out = arena_alloc(c->mem, (p.n_raw + 1) * sizeof(*out));
	if (!out)
		return -ENOMEM;
	for (i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		err = stats_adjust(how[i].how, p.raw, p.n_raw, out, &m);
		if (err)
			return err;
		put_array(c, c->out, how[i].name, out, p.n_raw);
	}
	put_int(c, c->out, "m", (int64_t)m);
	return 0;
}

/* Which of n, effect and power is asked for is what is not given. */
int do_power(struct call *c)
{
	double n, d, alpha, power, cv, effect, need;
	int err = in_num(c, "n", NAN, &n);

	if (!err)
		err = in_num(c, "d", NAN, &d);
	if (!err)
		err = in_num(c, "alpha", 0.05, &alpha);
	if (!err)
		err = in_num(c, "power", 0.8, &power);
	if (!err)
		err = in_num(c, "cv", NAN, &cv);
	if (!err)
		err = in_num(c, "effect", NAN, &effect);
	if (err)
		return err;
	if (isnan(d) && cv >= 0) /* nothing varies: two will do */
		d = effect / cv;
	if (!isnan(n) && !isnan(d)) {
		put(c, c->out, "power", stats_power(n, d, alpha, false));
	} else if (!isnan(n)) {
		d = stats_power_mde(n, alpha, power, false);
		put(c, c->out, "d", d);
		put(c, c->out, "mde_d", d);
		put(c, c->out, "mde_rel", d * cv);
	} else if (!isnan(d)) {
		need = stats_power_n(d, alpha, power, false);
		if (isnan(need))
			put(c, c->out, "n_per_arm", NAN);
		else
			put_int(c, c->out, "n_per_arm", (int64_t)need);
		put(c, c->out, "power_at_n", stats_power(need, d, alpha, false));
	} else {
		return in_fail(c, "no 'n' in the input, nor 'd', nor 'cv' and 'effect'");
	}
	return 0;
}
