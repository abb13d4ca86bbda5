// SPDX-License-Identifier: GPL-2.0-only
/* Statistics of one sample. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stats/desc.h"
#include "../stats/dist.h"
#include "../stats/loghist.h"
#include "../stats/mmtests.h"
#include "../stats/percentile.h"
#include "../stats/recap.h"
#include "../stats/series.h"
#include "call.h"

int do_describe(struct call *c)
{
	struct level level = { "95", 0.95 };
	struct stats_desc d;
	struct sample s;
	char key[128];
	double half, h;
	int one = 1, err = in_sample(c, "x", &s);

	if (!err)
		err = in_levels(c, &level, &one);
	if (err)
		return err;
	stats_describe(s.x, s.n, &d);
	put_int(c, c->out, "n", (int64_t)s.n);
	put_int(c, c->out, "dropped", (int64_t)(s.n_raw - s.n));
	put(c, c->out, "min", d.min);
	put(c, c->out, "max", d.max);
	put(c, c->out, "amean", d.mean);
	put(c, c->out, "median", d.median);
	put(c, c->out, "mad", stats_mad(s.x, s.n));
	h = stats_hmean(s.x, s.n);
	put(c, c->out, "hmean", h);
	put(c, c->out, "gmean", stats_gmean(s.x, s.n));
	put(c, c->out, "stddev", d.stddev);
	put(c, c->out, "coeffvar_pct", d.mean != 0 ? d.stddev / d.mean * 100 : NAN);
	if (s.n < 2)
		return 0;
	if (!isnan(h))
		put(c, c->out, "hstddev_mmtests", stats_hstddev(s.x, s.n));
	half = stats_t_quantile(level.value, (double)(s.n - 1)) * d.stddev / sqrt((double)s.n);
	snprintf(key, sizeof(key), "mean_ci%s", level.name);
	put_ci(c, c->out, key, d.mean - half, d.mean + half);
	put(c, c->out, "skew_g1", stats_skewness(s.x, s.n));
	return 0;
}

static void put_rank(struct call *c, json_t *list, size_t rank)
{
	add(c, list, rank ? json_integer((json_int_t)rank) : json_null());
}

static void percentile(struct call *c, const struct sample *s, const double *best_high, const struct level *level,
		       const char *name, unsigned int permille)
{
	double p = permille / 1000.0, percent = permille / 10.0;
	struct stats_order_ci ci;
	json_t *o = put_obj(c, c->out, name), *ranks;
	char key[128];

	stats_order_ci(s->x, s->n, p, level->value, &ci);
	put(c, o, "type7", stats_quantile(s->x, s->n, p));
	put(c, o, "nearest_rank", stats_nearest_rank(s->x, s->n, permille));
	put(c, o, "mmtests_lower", mmtests_pctile(s->x, s->n, percent));
	put(c, o, "mmtests_higher", mmtests_pctile(best_high, s->n, percent));
	snprintf(key, sizeof(key), "ci%s_ranks", level->name);
	ranks = put_list(c, o, key);
	put_rank(c, ranks, ci.l);
	put_rank(c, ranks, ci.u);
	snprintf(key, sizeof(key), "ci%s", level->name);
	put_ci(c, o, key, ci.lo, ci.hi);
	snprintf(key, sizeof(key), "ci%s_coverage", level->name);
	put(c, o, key, ci.coverage);
}

int do_percentiles(struct call *c)
{
	static const struct { const char *name; unsigned int permille; } p[] = {
		{ "p1", 10 }, { "p5", 50 }, { "p25", 250 }, { "p50", 500 }, { "p75", 750 },
		{ "p90", 900 }, { "p95", 950 }, { "p99", 990 }, { "p99.9", 999 },
	};
	struct level level = { "95", 0.95 };
	struct sample s;
	double *down;
	size_t i;
	int one = 1, err = in_sample(c, "x", &s);

	if (!err)
		err = in_levels(c, &level, &one);
	if (err)
		return err;
	down = arena_alloc(c->mem, (s.n + 1) * sizeof(*down));
	if (!down)
		return -ENOMEM;
	memcpy(down, s.x, s.n * sizeof(*down));
	stats_sort(s.x, s.n);
	mmtests_sort(down, s.n, MMTESTS_HIGHER);
	put_int(c, c->out, "n", (int64_t)s.n);
	for (i = 0; s.n && i < sizeof(p) / sizeof(p[0]); i++)
		percentile(c, &s, down, &level, p[i].name, p[i].permille);
	return 0;
}

/* Places in the raw input of what has this flag. */
static void put_places(struct call *c, const char *key, const struct sample *s, const unsigned char *flag, int bit)
{
	json_t *list = put_list(c, c->out, key);
	size_t i;

	for (i = 0; i < s->n; i++)
		if (flag[i] & bit)
			add(c, list, json_integer((json_int_t)s->at[i]));
}

int do_outliers(struct call *c)
{
	struct stats_outliers o;
	unsigned char *flag;
	struct sample s;
	double *modz;
	int err = in_sample(c, "x", &s);

	if (err)
		return err;
	flag = arena_alloc(c->mem, s.n + 1);
	modz = arena_alloc(c->mem, (s.n + 1) * sizeof(*modz));
	err = flag && modz ? stats_outliers(s.x, s.n, &o, flag, modz) : -ENOMEM;
	if (err)
		return err;
	put_int(c, c->out, "n", (int64_t)s.n);
	if (s.n)
		put_array(c, c->out, "fences", o.fence, 4);
	put_places(c, "severe", &s, flag, STATS_OUT_SEVERE);
	put_places(c, "mild", &s, flag, STATS_OUT_MILD);
	put_bool(c, c->out, "mad_fallback", o.mad_fallback);
	put_array(c, c->out, "modz", modz, s.n);
	put_places(c, "modz_out", &s, flag, STATS_OUT_MODZ);
	return 0;
}

int do_drift(struct call *c)
{
	struct stats_drift d;
	struct sample s;
	int err = in_sample(c, "x", &s);

	if (!err)
		err = in_limit(c, "x", s.n, 5000);
	if (!err)
		err = stats_drift(s.x, s.n, &d);
	if (err)
		return err;
	put_int(c, c->out, "n", (int64_t)d.n);
	if (s.n)
		put_int(c, c->out, "mk_S", (int64_t)d.mk_s);
	else
		put(c, c->out, "mk_S", NAN);
	put(c, c->out, "mk_var", d.mk_var);
	put(c, c->out, "mk_z", d.mk_z);
	put(c, c->out, "mk_p", d.mk_p);
	put(c, c->out, "lag1", d.lag1);
	put(c, c->out, "von_neumann", d.von_neumann);
	put(c, c->out, "theil_sen", d.theil_sen);
	return 0;
}

int do_fairness(struct call *c)
{
	struct stats_fairness f;
	struct sample s;
	int err = in_sample(c, "x", &s);

	if (!err)
		err = stats_fairness(s.x, s.n, &f);
	if (err)
		return err;
	put_int(c, c->out, "n", (int64_t)f.n);
	put(c, c->out, "jain", f.jain);
	put(c, c->out, "max_min", f.max_min);
	put(c, c->out, "min_mean", f.min_mean);
	put(c, c->out, "stddev", f.stddev);
	put(c, c->out, "cov", f.cov);
	put(c, c->out, "gini", f.gini);
	put(c, c->out, "spread_pct", f.spread_pct);
	return 0;
}

static json_t *u64_text(uint64_t v)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
	return json_string(buf);
}

static int cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void hist_buckets(struct call *c, const struct loghist *h)
{
	json_t *buckets = put_list(c, c->out, "buckets"), *bounds = put_list(c, c->out, "bounds");
	unsigned int i, n = loghist_buckets(h->bits);
	uint64_t lo, hi;

	for (i = 0; i < n; i++) {
		if (!h->count[i])
			continue;
		loghist_range(i, h->bits, &lo, &hi);
		add(c, buckets, json_pack("[I,I]", (json_int_t)i, (json_int_t)h->count[i]));
		add(c, bounds, json_pack("[I,o,o]", (json_int_t)i, u64_text(lo), u64_text(hi)));
	}
}

static void hist_percentile(struct call *c, const struct loghist *h, const uint64_t *sorted, const char *name,
			    unsigned int permille)
{
	uint64_t lo, hi, rank = loghist_rank(h->n, permille);
	json_t *o;

	if (loghist_at_rank(h, rank, &lo, &hi))
		return;
	o = put_obj(c, c->out, name);
	put_int(c, o, "rank", (int64_t)rank);
	c->nomem |= json_object_set_new(o, "exact", u64_text(sorted[rank - 1])) != 0;
	c->nomem |= json_object_set_new(o, "lo", u64_text(lo)) != 0;
	c->nomem |= json_object_set_new(o, "hi", u64_text(hi)) != 0;
}

int do_histogram(struct call *c)
{
	struct loghist h;
	uint64_t *v;
	double bits;
	size_t i, n;
	int err = in_whole(c, "values", &v, &n);

	if (!err)
		err = in_num(c, "bits", 5, &bits);
	if (err)
		return err;
	if (!(bits >= 0 && bits <= LOGHIST_MAX_BITS) || bits != floor(bits))
		return in_fail(c, "'bits' is a whole number from 0 to %d", LOGHIST_MAX_BITS);
	err = loghist_init(&h, (unsigned int)bits);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		loghist_add(&h, v[i]);
	qsort(v, n, sizeof(*v), cmp_u64);
	put_int(c, c->out, "total", (int64_t)n);
	hist_buckets(c, &h);
	hist_percentile(c, &h, v, "p50", 500);
	hist_percentile(c, &h, v, "p90", 900);
	hist_percentile(c, &h, v, "p99", 990);
	hist_percentile(c, &h, v, "p99.9", 999);
	loghist_free(&h);
	return 0;
}
