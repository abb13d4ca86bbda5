// SPDX-License-Identifier: GPL-2.0-only
/* What MMTests computes. */
#include <stdio.h>

#include "../stats/mmtests.h"
#include "call.h"

static void put_with(struct call *c, json_t *o, const char *fmt, int n, double v)
{
	char key[32];

	snprintf(key, sizeof(key), "%s.%d", fmt, n);
	put(c, o, key, v);
}

static void put_stats(struct call *c, json_t *o, enum mmtests_dir dir, const struct mmtests_stats *s)
{
	bool high = dir == MMTESTS_HIGHER;
	size_t i;

	if (s->died)
		put_int(c, o, "died", 1);
	put(c, o, "Min", s->min);
	put(c, o, high ? "Hmean" : "Amean", s->mean);
	put(c, o, high ? "HStddev" : "Stddev", s->stddev);
	put(c, o, high ? "HCoeffVar" : "CoeffVar", s->died ? NAN : s->coeffvar);
	put(c, o, "Max", s->max);
	put(c, o, high ? "HmeanCI" : "AmeanCI", s->ci);
	put(c, o, high ? "HmeanCI-Low" : "AmeanCI-Low", s->ci_low);
	put(c, o, high ? "HmeanCI-High" : "AmeanCI-High", s->ci_high);
	for (i = 0; i < MMTESTS_N_BEST; i++)
		put_with(c, o, high ? "BHmean" : "BAmean", mmtests_best_of[i], s->best[i]);
	for (i = 0; i < MMTESTS_N_PCTILE; i++)
		put_with(c, o, "Pctile", mmtests_pctile_of[i], s->pctile[i]);
	put(c, o, "Pctile.95-CI-Low", s->pctile95_low);
	put(c, o, "Pctile.95-CI-High", s->pctile95_high);
}

static int one_direction(struct call *c, const struct sample *x, enum mmtests_dir dir, const char *key)
{
	struct mmtests_stats s;
	int err = mmtests_stats(x->x, x->n, dir, &s);

	if (!err)
		put_stats(c, put_obj(c, c->out, key), dir, &s);
	return err;
}

static int bin_stats(struct call *c, const struct sample *x)
{
	struct mmtests_bin_stats b;
	json_t *o;
	int err = mmtests_bin_stats(x->x, x->n, &b);

	if (err)
		return err;
	o = put_obj(c, c->out, "bin_stats");
	if (b.died)
		put_int(c, o, "died", 1);
	put(c, o, "geomean", b.geomean);
	put(c, o, "hmean", b.hmean);
	put(c, o, "mean", b.mean);
	put(c, o, "median", b.median);
	put(c, o, "range", b.range);
	put(c, o, "stddev", b.stddev);
	return 0;
}

int do_mmtests_stats(struct call *c)
{
	bool higher = false, lower = false;
	struct sample x;
	int err = in_sample(c, "x", &x);

	if (!err)
		err = in_direction(c, &higher, &lower);
	if (!err && higher)
		err = one_direction(c, &x, MMTESTS_HIGHER, "Higher");
	if (!err && lower)
		err = one_direction(c, &x, MMTESTS_LOWER, "Lower");
	return err ? err : bin_stats(c, &x);
}

static int compare(struct call *c, const struct sample *a, const struct sample *b, enum mmtests_dir dir, const char *key)
{
	struct mmtests_stats sa, sb;
	struct mmtests_compare m;
	json_t *o;
	int err = mmtests_stats(a->x, a->n, dir, &sa);

	if (!err)
		err = mmtests_stats(b->x, b->n, dir, &sb);
	if (err)
		return err;
	mmtests_compare(&sa, &sb, dir, &m);
	o = put_obj(c, c->out, key);
	if (m.died)
		put_int(c, o, "died", 1);
	put(c, o, "base", m.base);
	put(c, o, "new", m.value);
	put(c, o, "pct", m.pct);
	put(c, o, "ratio", m.ratio);
	put(c, o, "cidiff", m.cidiff);
	put_int(c, o, "significant", m.significant);
	put(c, o, "stddev_pct", m.stddev_pct);
	return 0;
}

int do_mmtests_compare(struct call *c)
{
	bool higher = false, lower = false;
	struct sample a, b;
	int err = in_sample(c, "a", &a);

	if (!err)
		err = in_sample(c, "b", &b);
	if (!err)
		err = in_direction(c, &higher, &lower);
	if (!err && higher)
		err = compare(c, &a, &b, MMTESTS_HIGHER, "Higher");
	if (!err && lower)
		err = compare(c, &a, &b, MMTESTS_LOWER, "Lower");
	return err;
}
