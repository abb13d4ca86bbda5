// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must hold for any data: order inside an arm does not matter, units do not matter,
 * swapping the arms turns signs, no difference gives uniform p, more difference gives less p.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/stats/dist.h"
#include "../../analyzer/stats/effect.h"
#include "../../analyzer/stats/rng.h"
#include "../../analyzer/stats/test.h"
#include "near.h"

#define MAX 16

struct sample {
	double a[MAX], b[MAX];
	size_t na, nb, n;
}; /* n: pairs */

/* All results of a sample, by name; what scale and shift do to each is in the table. */
enum rule { FREE, SCALED, LEVEL }; /* of the unit: free; in it; of where 0 is too (log, ratio) */

struct value {
	const char *name;
	enum rule scale, shift;
	double v;
};

static size_t everything(const struct sample *s, struct value *v)
{
	struct stats_welch w;
	struct stats_mwu m;
	struct stats_paired p;
	struct stats_signed_rank g;
	struct stats_shift h, hr;
	struct stats_ratio f, l, hm;

	stats_welch(s->a, s->na, s->b, s->nb, 0.95, &w);
	stats_mwu(s->a, s->na, s->b, s->nb, &m);
	stats_paired(s->a, s->b, s->n, 0.95, &p);
	stats_signed_rank(s->a, s->b, s->n, 0.95, &g);
	stats_hodges_lehmann(s->a, s->na, s->b, s->nb, 0.95, &h);
	stats_hodges_lehmann_ratio(s->a, s->na, s->b, s->nb, 0.95, &hr);
	stats_ratio_fieller(s->a, s->na, s->b, s->nb, 0.95, &f);
	stats_ratio_hmean(s->a, s->na, s->b, s->nb, 0.95, &hm);
	stats_ratio_log(s->a, s->na, s->b, s->nb, 0.95, &l);
	const struct value all[] = {
		{ "welch diff", SCALED, FREE, w.diff },
		{ "welch t", FREE, FREE, w.t },
		{ "welch df", FREE, FREE, w.df },
		{ "welch p", FREE, FREE, w.p },
		{ "welch lo", SCALED, FREE, w.lo },
		{ "welch hi", SCALED, FREE, w.hi },
		{ "mwu u", FREE, FREE, m.u_a },
		{ "mwu p", FREE, FREE, m.p },
		{ "mwu asymptotic", FREE, FREE, m.p_asymp },
		{ "mwu cliff", FREE, FREE, m.cliff },
		{ "paired mean", SCALED, FREE, p.mean },
		{ "paired p", FREE, FREE, p.p },
		{ "paired lo", SCALED, FREE, p.lo },
		{ "paired flip", FREE, FREE, p.signflip_p },
		{ "paired log p", FREE, LEVEL, p.log_p },
		{ "paired ratio", FREE, LEVEL, p.ratio },
		{ "paired ratio hi", FREE, LEVEL, p.ratio_hi },
		{ "paired log flip", FREE, LEVEL, p.log_signflip_p },
		{ "signed p", FREE, FREE, g.p },
		{ "signed v", FREE, FREE, g.v },
		{ "signed estimate", SCALED, FREE, g.estimate },
		{ "signed lo", SCALED, FREE, g.lo },
		{ "hl", SCALED, FREE, h.shift },
		{ "hl lo", SCALED, FREE, h.lo },
		{ "hl hi", SCALED, FREE, h.hi },
		{ "hl ratio", FREE, LEVEL, hr.shift },
		{ "hl ratio lo", FREE, LEVEL, hr.lo },
		{ "fieller", FREE, LEVEL, f.ratio },
		{ "fieller lo", FREE, LEVEL, f.lo },
		{ "fieller hi", FREE, LEVEL, f.hi },
		{ "fieller g", FREE, LEVEL, f.g },
		{ "hmean", FREE, LEVEL, hm.ratio },
		{ "hmean hi", FREE, LEVEL, hm.hi },
		{ "log p", FREE, LEVEL, l.p },
		{ "log ratio", FREE, LEVEL, l.ratio },
		{ "log hi", FREE, LEVEL, l.hi },
		{ "cohen", FREE, FREE, stats_cohen_d(s->a, s->na, s->b, s->nb) },
		{ "hedges", FREE, FREE, stats_hedges_g(s->a, s->na, s->b, s->nb) },
	};

	memcpy(v, all, sizeof(all));
	return N(all);
}

#define VALUES 64

static double normal(struct stats_rng *rng)
{
	return stats_normal_quantile(stats_rng_uniform(rng));
}

/* Of every third, whole numbers with ties. */
static void draw(struct stats_rng *rng, int round, struct sample *s)
{
	size_t i;

	s->na = 3 + stats_rng_below(rng, MAX - 4);
	s->nb = 3 + stats_rng_below(rng, MAX - 4);
	s->n = s->na < s->nb ? s->na : s->nb;
	for (i = 0; i < MAX; i++) {
		s->a[i] = 100 + 3 * normal(rng);
		s->b[i] = 101 + 2 * normal(rng);
		if (round % 3 == 0) {
			s->a[i] = floor(s->a[i]);
			s->b[i] = floor(s->b[i]);
		}
	}
}

static void same_value(const struct value *got, double want, double rel)
{
	if (isnan(want) && isnan(got->v))
		return;
	if (!(fabs(got->v - want) <= rel * fabs(want) + 1e-12))
		fail_msg("%s: got %.17g, want %.17g", got->name, got->v, want);
}

static void test_scale(void **state)
{
	static const double units[] = { 1e-9, 0.001, 3, 1e6, 0x1p-600, 0x1p600 };
	struct value v[VALUES], w[VALUES];
	struct sample s, t;
	struct stats_rng rng;
	size_t i, k, n;
	int round;

	(void)state;
	stats_rng_seed(&rng, 11);
	for (round = 0; round < 30; round++) {
		draw(&rng, round, &s);
		n = everything(&s, v);
		for (k = 0; k < N(units); k++) {
			t = s;
			for (i = 0; i < MAX; i++) {
				t.a[i] *= units[k];
				t.b[i] *= units[k];
			}
			/* ties that a factor of 3 would round apart */
			if (round % 3 && k < 4)
				continue;
			everything(&t, w);
			for (i = 0; i < n; i++) {
				if (w[i].scale == SCALED)
					w[i].v /= units[k];
				same_value(&w[i], v[i].v, 1e-9);
			}
		}
	}
}

static void test_shift(void **state)
{
	struct value v[VALUES], w[VALUES];
	struct sample s, t;
	struct stats_rng rng;
	size_t i, n;
	int round;

	(void)state;
	stats_rng_seed(&rng, 12);
	for (round = 0; round < 60; round++) {
		draw(&rng, 0, &s); /* whole numbers: exact far out too */
		n = everything(&s, v);
		t = s;
		for (i = 0; i < MAX; i++) {
			t.a[i] += round % 2 ? 0x1p49 : -4000;
			t.b[i] += round % 2 ? 0x1p49 : -4000;
		}
		everything(&t, w);
		for (i = 0; i < n; i++)
			if (w[i].shift == FREE)
				same_value(&w[i], v[i].v, 1e-9);
	}
}

static void shuffle(struct stats_rng *rng, double *x, double *y, size_t n)
{
	size_t i, j;
	double t;

	for (i = n; i > 1; i--) {
		j = stats_rng_below(rng, i);
		t = x[i - 1], x[i - 1] = x[j], x[j] = t;
		if (y)
			t = y[i - 1], y[i - 1] = y[j], y[j] = t;
	}
}

static void test_order(void **state)
{
	struct value v[VALUES], w[VALUES];
	struct sample s, t;
	struct stats_rng rng;
	size_t i, n;
	int round;

	(void)state;
	stats_rng_seed(&rng, 13);
	for (round = 0; round < 60; round++) {
		draw(&rng, round, &s);
		s.na = s.nb = s.n;
		n = everything(&s, v);
		t = s;
		shuffle(&rng, t.a, t.b, t.n); /* blocks in another order */
		everything(&t, w);
		for (i = 0; i < n; i++)
			same_value(&w[i], v[i].v, 1e-11);
		shuffle(&rng, t.a, NULL, t.n); /* and values in another: pairs are broken */
		everything(&t, w);
		for (i = 0; i < n; i++)
			if (strncmp(v[i].name, "paired", 6) && strncmp(v[i].name, "signed", 6))
				same_value(&w[i], v[i].v, 1e-11);
	}
}

/* Swapped arms: the same p, differences turned, ratios turned over. */
static void test_symmetry(void **state)
{
	struct stats_welch w, w2;
	struct stats_mwu m, m2;
	struct stats_paired p, p2;
	struct stats_signed_rank g, g2;
	struct stats_shift h, h2;
	struct stats_ratio l, l2;
	struct stats_rng rng;
	struct sample s;
	int round;

	(void)state;
	stats_rng_seed(&rng, 14);
	for (round = 0; round < 60; round++) {
		draw(&rng, round, &s);
		stats_welch(s.a, s.na, s.b, s.nb, 0.95, &w);
		stats_welch(s.b, s.nb, s.a, s.na, 0.95, &w2);
		near(w2.p, w.p, 1e-12);
		near(w2.lo, -w.hi, 1e-12);
		stats_mwu(s.a, s.na, s.b, s.nb, &m);
		stats_mwu(s.b, s.nb, s.a, s.na, &m2);
		near(m2.p, m.p, 1e-12);
		assert_true(m2.u_a == m.u_b && m2.cliff == -m.cliff);
		stats_paired(s.a, s.b, s.n, 0.95, &p);
		stats_paired(s.b, s.a, s.n, 0.95, &p2);
		near(p2.p, p.p, 1e-12);
		near(p2.ratio_lo, 1 / p.ratio_hi, 1e-12);
		assert_true(isnan(p.signflip_p) || p2.signflip_p == p.signflip_p);
		stats_signed_rank(s.a, s.b, s.n, 0.95, &g);
		stats_signed_rank(s.b, s.a, s.n, 0.95, &g2);
		near(g2.p, g.p, 1e-12);
		near(g2.lo, -g.hi, 1e-12);
		stats_hodges_lehmann_ratio(s.a, s.na, s.b, s.nb, 0.95, &h);
		stats_hodges_lehmann_ratio(s.b, s.nb, s.a, s.na, 0.95, &h2);
		near(h2.shift, 1 / h.shift, 1e-12);
		near(h2.lo, 1 / h.hi, 1e-12);
		stats_ratio_log(s.a, s.na, s.b, s.nb, 0.95, &l);
		stats_ratio_log(s.b, s.nb, s.a, s.na, 0.95, &l2);
		near(l2.p, l.p, 1e-11);
		near(l2.lo, 1 / l.hi, 1e-12);
	}
}

enum test { WELCH, LOG, MWU, PAIRED, SIGNED, FLIP, TESTS };

static void all_p(const double *a, const double *b, size_t n, double *p)
{
	struct stats_welch w;
	struct stats_mwu m;
	struct stats_paired d;
	struct stats_signed_rank g;
	struct stats_ratio l;

	stats_welch(a, n, b, n, 0.95, &w);
	stats_ratio_log(a, n, b, n, 0.95, &l);
	stats_mwu(a, n, b, n, &m);
	stats_paired(a, b, n, 0.95, &d);
	stats_signed_rank(a, b, n, 0.95, &g);
	p[WELCH] = w.p;
	p[LOG] = l.p;
	p[MWU] = m.p;
	p[PAIRED] = d.p;
	p[SIGNED] = g.p;
	p[FLIP] = d.signflip_p;
}

/*
 * Without a difference P(p <= x) is x; rank tests, having few values of p, stay below. The
 * bounds are 5 standard errors of 4000 rounds.
 */
static void test_null_uniform(void **state)
{
	static const double at[] = { 0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9 };
	double a[10], b[10], p[TESTS], share, slack;
	int hits[TESTS][N(at)] = { { 0 } }, round, t, i;
	const int rounds = 4000;
	struct stats_rng rng;
	size_t k;

	(void)state;
	stats_rng_seed(&rng, 15);
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < 10; i++) {
			a[i] = 100 + normal(&rng);
			b[i] = 100 + normal(&rng);
		}
		all_p(a, b, 10, p);
		for (t = 0; t < TESTS; t++)
			for (k = 0; k < N(at); k++)
				hits[t][k] += p[t] <= at[k];
	}
	for (t = 0; t < TESTS; t++)
		for (k = 0; k < N(at); k++) {
			share = (double)hits[t][k] / rounds;
			slack = 5 * sqrt(at[k] * (1 - at[k]) / rounds);
			if (!(share <= at[k] + slack))
				fail_msg("test %d: p <= %g in %g", t, at[k], share);
			/* steps: of MWU and signed rank at 10 are at most 0.08 here */
			if (!(share >= at[k] - slack - (t == MWU || t == SIGNED ? 0.08 : 0.002)))
				fail_msg("test %d: p <= %g in %g only", t, at[k], share);
		}
}

static void test_monotone_in_effect(void **state)
{
	double a[10], b[10], moved[10], p[TESTS], before[TESTS], by;
	struct stats_rng rng;
	int round, t, i;

	(void)state;
	stats_rng_seed(&rng, 16);
	for (round = 0; round < 40; round++) {
		for (i = 0; i < 10; i++) {
			a[i] = 100 + normal(&rng);
			b[i] = 103 + normal(&rng); /* beyond where signs change */
		}
		for (t = 0; t < TESTS; t++)
			before[t] = 1;
		for (by = 0; by < 12; by += 0.5) {
			for (i = 0; i < 10; i++)
				moved[i] = b[i] + by;
			all_p(a, moved, 10, p);
			for (t = 0; t < TESTS; t++) {
				/* logarithms bend: what moves up also spreads less, so it holds for them too */
				assert_true(p[t] <= before[t] * (1 + 1e-9));
				before[t] = p[t];
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scale),        cmocka_unit_test(test_shift),
		cmocka_unit_test(test_order),        cmocka_unit_test(test_symmetry),
		cmocka_unit_test(test_null_uniform), cmocka_unit_test(test_monotone_in_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
