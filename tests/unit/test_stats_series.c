// SPDX-License-Identifier: GPL-2.0-only
/* Properties of the statistics of series, shares and histograms: for any input, not one. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/rhist.h"
#include "../../analyzer/stats/desc.h"
#include "../../analyzer/stats/edivisive.h"
#include "../../analyzer/stats/effect.h"
#include "../../analyzer/stats/explain.h"
#include "../../analyzer/stats/loghist.h"
#include "../../analyzer/stats/mmtests.h"
#include "../../analyzer/stats/percentile.h"
#include "../../analyzer/stats/recap.h"
#include "../../analyzer/stats/rng.h"
#include "../../analyzer/stats/series.h"

#define MANY 200

static void near(double got, double want, double rel)
{
	if (!(fabs(got - want) <= rel * fabs(want) + 1e-13))
		fail_msg("got %.17g, want %.17g", got, want);
}

static double normal(struct stats_rng *r)
{
	return sqrt(-2 * log(stats_rng_uniform(r))) * cos(2 * M_PI * stats_rng_uniform(r));
}

static void fill(struct stats_rng *r, double *x, size_t n, double at, double sd)
{
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = at + sd * normal(r);
}

static void shuffle(struct stats_rng *r, double *x, size_t n)
{
	for (; n > 1; n--) {
		size_t j = stats_rng_below(r, n);
		double t = x[n - 1];

		x[n - 1] = x[j];
		x[j] = t;
	}
}

static uint64_t any_u64(struct stats_rng *r)
{
	return stats_rng_u64(r) >> stats_rng_below(r, 64);
}

static void test_hist_buckets(void **state)
{
	struct stats_rng r;
	unsigned int bits, b, i;
	uint64_t lo, hi, v, prev = 0;

	(void)state;
	stats_rng_seed(&r, 1);
	for (bits = 0; bits <= 8; bits++) {
		/* the buckets cover everything once, in order */
		for (b = 0; b < loghist_buckets(bits); b++) {
			loghist_range(b, bits, &lo, &hi);
			assert_true(lo <= hi && (b ? lo == prev + 1 : lo == 0));
			assert_int_equal(loghist_bucket(lo, bits), b);
			assert_int_equal(loghist_bucket(hi, bits), b);
			/* at most 2^-bits of what it holds */
			assert_true((double)(hi - lo) <= ldexp((double)lo, -(int)bits));
			prev = hi;
		}
		assert_true(prev == UINT64_MAX);
	}
	for (i = 0; i < 100000; i++) {
		v = any_u64(&r) & 0x1fffffffff; /* where the trace's histogram ends */
		assert_int_equal(loghist_bucket(v, 5), rhist_bucket(v));
	}
}

static void test_hist_merge(void **state)
{
	struct loghist all, a, b;
	struct stats_rng r;
	size_t i, split, n = 300;

	(void)state;
	stats_rng_seed(&r, 2);
	for (split = 0; split <= n; split += 37) {
		assert_int_equal(loghist_init(&all, 5), 0);
		assert_int_equal(loghist_init(&a, 5), 0);
		assert_int_equal(loghist_init(&b, 5), 0);
		for (i = 0; i < n; i++) {
			uint64_t v = any_u64(&r);

			loghist_add(&all, v);
			loghist_add(i < split ? &a : &b, v);
		}
		assert_int_equal(loghist_merge(&a, &b), 0);
		assert_true(a.n == all.n && !memcmp(a.count, all.count, loghist_buckets(5) * sizeof(*a.count)));
		loghist_free(&all);
		loghist_free(&a);
		loghist_free(&b);
	}
	assert_int_equal(loghist_init(&a, 4), 0);
	assert_int_equal(loghist_init(&b, 5), 0);
	assert_int_equal(loghist_merge(&a, &b), -EINVAL);
	loghist_free(&a);
	loghist_free(&b);
	assert_int_equal(loghist_init(&a, LOGHIST_MAX_BITS + 1), -EINVAL);
}

static void test_ranks(void **state)
{
	uint64_t n;

	(void)state;
	/* whole numbers: 0.95 * 20 is 19, not a little more */
	for (n = 1; n < 5000; n++) {
		assert_true(loghist_rank(n, 950) == (n * 95 + 99) / 100);
		assert_true(loghist_rank(n, 999) == (n * 999 + 999) / 1000);
	}
	assert_true(loghist_rank(0, 500) == 0 && loghist_rank(5, 0) == 1 && loghist_rank(UINT64_MAX, 1000) == UINT64_MAX);
}

static void change_points(const double *x, size_t n, uint64_t seed, size_t want, const size_t *at)
{
	struct stats_edivisive_opts o = { .seed = seed };
	struct stats_change *c;
	size_t i, k;

	assert_int_equal(stats_edivisive(x, n, &o, &c, &k), 0);
	if (k != want)
		fail_msg("%zu change points, want %zu (seed %u)", k, want, (unsigned int)seed);
	for (i = 0; i < k; i++) {
		if (c[i].at != at[i])
			fail_msg("change at %zu, want %zu", c[i].at, at[i]);
		assert_true(c[i].p <= 0.01 && c[i].p >= 1e-3);
	}
	free(c);
}

static void test_edivisive(void **state)
{
	static const size_t at[] = { 20, 35 };
	double x[60];
	size_t i, n;

	(void)state;
	/* nothing to find: no values, too few, all equal, whatever the value */
	for (i = 0; i < 60; i++)
		x[i] = 0.1;
	for (n = 0; n < 40; n++)
		change_points(x, n, n, 0, NULL);
	/* exact steps, whatever the seed, the scale and the offset; up and down again */
	for (n = 0; n < 6; n++) {
		double scale = pow(10, 40.0 * ((double)n - 3)), offset = n & 1 ? 1e6 * scale : 0;

		for (i = 0; i < 60; i++)
			x[i] = offset + scale * (i < 20 ? 100 : i < 35 ? 110 : 90);
		change_points(x, 60, n, 2, at);
		change_points(x, 35, n, 1, at);
	}
}

static void test_edivisive_noise(void **state)
{
	static const size_t at[] = { 25 };
	struct stats_rng r;
	double x[60];
	struct stats_change *c;
	size_t k, i, rounds = 60, found = 0;

	(void)state;
	stats_rng_seed(&r, 3);
	/* a step of 8 deviations is where it is; without one, 1 % are false: 5 of 60 would be chance of 1e-4 */
	for (i = 0; i < rounds; i++) {
		fill(&r, x, 60, 100, 1);
		assert_int_equal(stats_edivisive(x, 60, NULL, &c, &k), 0);
		found += k > 0;
		free(c);
	}
	assert_true(found < 5);
	fill(&r, x, 25, 100, 1);
	fill(&r, x + 25, 35, 108, 1);
	change_points(x, 60, 0, 1, at);
}

static void test_split_slow(void **state)
{
	struct stats_rng r;
	double x[18];
	size_t round;

	(void)state;
	stats_rng_seed(&r, 4);
	for (round = 0; round < 20; round++) {
		size_t n = 2 + stats_rng_below(&r, 17), tau, k, i, j;
		struct stats_split s;
		double best = -INFINITY;

		for (i = 0; i < n; i++)
			x[i] = (double)stats_rng_below(&r, 5) + (i > n / 2);
		assert_int_equal(stats_best_split(x, n, STATS_SPLIT_KAPPA, 1, &s), 0);
		for (tau = 1; tau < n; tau++) {
			for (k = tau + 1; k <= n; k++) {
				double c = 0, a = 0, b = 0, na = (double)tau, nb = (double)(k - tau), q;

				for (i = 0; i < k; i++)
					for (j = i + 1; j < k; j++)
						*(j < tau ? &a : i >= tau ? &b : &c) += fabs(x[i] - x[j]);
				q = na * nb / (na + nb) * (2 * c / (na * nb) - (na > 1 ? a / (na * (na - 1) / 2) : 0) -
							   (nb > 1 ? b / (nb * (nb - 1) / 2) : 0));
				best = fmax(best, q);
				if (tau == s.tau && k == s.kappa)
					near(s.q, q, 1e-12);
			}
		}
		near(s.q, best, 1e-12);
	}
}

static void test_merge_changes(void **state)
{
	struct stats_change c[] = { { .at = 10 }, { .at = 20 } };
	double x[30];
	size_t i;

	(void)state;
	/* the first is none: the same values before and after */
	for (i = 0; i < 30; i++)
		x[i] = (i < 20 ? 100 : 120) + (double)(i % 3);
	assert_int_equal(stats_merge_changes(x, 30, 0.01, 0.01, c, 2), 1);
	assert_int_equal(c[0].at, 20);
	assert_int_equal(stats_merge_changes(x, 30, 0.01, 0.5, c, 1), 0);
}

static void test_drift(void **state)
{
	struct stats_rng r;
	struct stats_drift d, e;
	double x[MANY], y[MANY], t[MANY];
	size_t i, n;

	(void)state;
	stats_rng_seed(&r, 5);
	for (n = 3; n < MANY; n += 31) {
		fill(&r, x, n, 50, 3);
		for (i = 0; i < n; i++) {
			y[n - 1 - i] = -x[i] * 4;
			t[i] = 10 + 0.5 * (double)i;
		}
		assert_int_equal(stats_drift(x, n, &d), 0);
		/* run backwards and upside down it is the same trend, 4 times as steep */
		assert_int_equal(stats_drift(y, n, &e), 0);
		near(e.mk_s, d.mk_s, 0);
		near(e.mk_p, d.mk_p, 0);
		near(e.lag1, d.lag1, 1e-9);
		near(e.von_neumann, d.von_neumann, 1e-9);
		near(e.theil_sen, 4 * d.theil_sen, 1e-12);
		near(stats_theil_sen(t, x, n), 2 * d.theil_sen, 1e-12);
		/* one wild value moves the slope little; a straight line is found exactly */
		for (i = 0; i < n; i++)
			y[i] = 7 - 0.25 * (double)i;
		y[n / 2] = 1e9;
		if (n > 10)
			near(stats_theil_sen(NULL, y, n), -0.25, 1e-12);
	}
	/* the middle of all slopes, found by sorting them; with many ties too */
	for (n = 2; n < 60; n++) {
		double slope[60 * 59 / 2];
		size_t j, k = 0;

		for (i = 0; i < n; i++)
			x[i] = n & 1 ? (double)stats_rng_below(&r, 4) : normal(&r);
		for (i = 0; i < n; i++)
			for (j = i + 1; j < n; j++)
				slope[k++] = (x[j] - x[i]) / (double)(j - i);
		near(stats_theil_sen(NULL, x, n), stats_median(slope, k), 1e-13);
	}
	for (i = 0; i < 5; i++)
		x[i] = 0.1;
	assert_int_equal(stats_drift(x, 5, &d), 0);
	assert_true(d.mk_s == 0 && d.mk_z == 0 && d.mk_p == 1 && d.theil_sen == 0 && isnan(d.lag1) && isnan(d.von_neumann));
	assert_int_equal(stats_drift(x, 1, &d), 0);
	assert_true(d.n == 1 && isnan(d.theil_sen) && isnan(d.lag1));
	assert_int_equal(stats_drift(x, 0, &d), 0);
	assert_true(isnan(d.mk_p) && isnan(d.theil_sen));
	assert_true(isnan(stats_theil_sen(x, x, 5))); /* all times equal */
}

/* What does not look at the order does not depend on it. */
static void test_order(void **state)
{
	struct stats_fairness f, g;
	struct stats_outliers o, p;
	struct mmtests_stats s, t;
	struct stats_rng r;
	double x[MANY], h, gm, sd, mad, hsd;
	size_t n;

	(void)state;
	stats_rng_seed(&r, 6);
	for (n = 2; n < MANY; n += 23) {
		fill(&r, x, n, 50, 3);
		assert_int_equal(stats_fairness(x, n, &f), 0);
		assert_int_equal(stats_outliers(x, n, &o, NULL, NULL), 0);
		assert_int_equal(mmtests_stats(x, n, MMTESTS_HIGHER, &s), 0);
		h = stats_hmean(x, n);
		gm = stats_gmean(x, n);
		sd = stats_stddev(x, n);
		hsd = stats_hstddev(x, n);
		mad = stats_mad(x, n);
		assert_true(h < gm && gm < stats_mean(x, n));
		shuffle(&r, x, n);
		assert_int_equal(stats_fairness(x, n, &g), 0);
		assert_int_equal(stats_outliers(x, n, &p, NULL, NULL), 0);
		assert_int_equal(mmtests_stats(x, n, MMTESTS_HIGHER, &t), 0);
		near(stats_hmean(x, n), h, 1e-14);
		near(stats_gmean(x, n), gm, 1e-14);
		near(stats_stddev(x, n), sd, 1e-13);
		near(stats_hstddev(x, n), hsd, 1e-13);
		assert_true(stats_mad(x, n) == mad);
		near(g.jain, f.jain, 1e-14);
		near(g.gini, f.gini, 1e-13);
		assert_true(!memcmp(&o, &p, sizeof(o)));
		assert_true(!memcmp(&s, &t, sizeof(s)));
	}
}

/* The same in other units; far from 0; where squares leave the range of a double. */
static void test_scales(void **state)
{
	static const double scale[] = { 1e-200, 1e-9, 1, 1e9, 1e200 };
	static const double offset[] = { 1.7e18, 1.7e18 + 256, 1.7e18 + 1024 };
	struct stats_fairness f, g;
	struct stats_rng r;
	double x[20], y[20];
	size_t i, k;

	(void)state;
	stats_rng_seed(&r, 7);
	fill(&r, x, 20, 50, 3);
	assert_int_equal(stats_fairness(x, 20, &f), 0);
	for (k = 0; k < 5; k++) {
		for (i = 0; i < 20; i++)
			y[i] = x[i] * scale[k];
		near(stats_stddev(y, 20) / scale[k], stats_stddev(x, 20), 1e-12);
		near(stats_hstddev(y, 20) / scale[k], stats_hstddev(x, 20), 1e-12);
		near(stats_skewness(y, 20), stats_skewness(x, 20), 1e-10);
		near(stats_gmean(y, 20) / scale[k], stats_gmean(x, 20), 1e-12);
		near(stats_hmean(y, 20) / scale[k], stats_hmean(x, 20), 1e-12);
		assert_int_equal(stats_fairness(y, 20, &g), 0);
		near(g.jain, f.jain, 1e-12);
		near(g.gini, f.gini, 1e-12);
		near(g.cov, f.cov, 1e-12);
	}
	near(stats_stddev(offset, 3), 532.90649586333, 1e-12);
	near(stats_hstddev(offset, 3), 532.90649586333 * sqrt(2.0 / 3), 1e-9);
	for (i = 0; i < 10; i++)
		y[i] = 0.1;
	assert_true(stats_stddev(y, 10) == 0 && stats_hstddev(y, 10) == 0);
}

static void test_correlation(void **state)
{
	struct stats_corr c, d;
	struct stats_rng r;
	double x[9], y[9], z[9];
	size_t i, n, round;

	(void)state;
	stats_rng_seed(&r, 8);
	for (round = 0; round < 20; round++) {
		n = 3 + stats_rng_below(&r, 6);
		for (i = 0; i < n; i++) {
			x[i] = (double)stats_rng_below(&r, 4);
			y[i] = (double)stats_rng_below(&r, 4);
			z[i] = exp(x[i]);
		}
		x[0] = 5; /* not constant */
		z[0] = exp(5);
		y[1] = 7;
		assert_int_equal(stats_correlation(x, y, n, &c), 0);
		assert_int_equal(stats_correlation(y, x, n, &d), 0);
		near(d.pearson, c.pearson, 1e-12);
		near(d.spearman_p_exact, c.spearman_p_exact, 0);
		near(d.kendall_p_asymp, c.kendall_p_asymp, 1e-12);
		/* ranks do not see a monotone change */
		assert_int_equal(stats_correlation(z, y, n, &d), 0);
		near(d.spearman, c.spearman, 1e-12);
		near(d.spearman_p_exact, c.spearman_p_exact, 0);
		near(d.kendall_s, c.kendall_s, 0);
		assert_true(c.spearman_p_exact > 0 && c.spearman_p_exact <= 1);
	}
	for (i = 0; i < 8; i++) {
		x[i] = (double)i;
		y[i] = -2 * (double)i;
	}
	assert_int_equal(stats_correlation(x, y, 8, &c), 0);
	assert_true(c.pearson == -1 && c.pearson_p == 0 && c.kendall_tau_b == -1);
	near(c.spearman_p_exact, 2.0 / 40320, 1e-12);
	near(c.kendall_p_exact, 2.0 / 40320, 1e-12);
	y[3] = NAN;
	assert_int_equal(stats_correlation(x, y, 8, &c), 0);
	assert_int_equal(c.n, 7);
	memset(y, 0, sizeof(y));
	assert_int_equal(stats_correlation(x, y, 8, &c), 0);
	assert_false(c.defined);
}

static void test_order_interval(void **state)
{
	struct stats_order_ci c;
	double x[400];
	size_t i;

	(void)state;
	for (i = 0; i < 400; i++)
		x[i] = (double)(i + 1);
	/* a two-sided 95 % interval of the median wants 6 values, one of the 99th percentile 368 */
	stats_order_ci(x, 5, 0.5, 0.95, &c);
	assert_true(!c.l && !c.u && isnan(c.lo));
	stats_order_ci(x, 6, 0.5, 0.95, &c);
	assert_true(c.l == 1 && c.u == 6);
	near(c.coverage, 1 - 2.0 / 64, 1e-13);
	stats_order_ci(x, 367, 0.99, 0.95, &c);
	assert_true(c.l && !c.u);
	stats_order_ci(x, 368, 0.99, 0.95, &c);
	assert_true(c.l && c.u == 368 && c.hi == 368 && c.coverage >= 0.95);
}

static void test_mmtests(void **state)
{
	static const double dead[] = { 0, 0, -1 }, part[] = { 8, 2, -1, -5 }, three[] = { 5, 1, 9 };
	struct mmtests_compare c;
	struct mmtests_bin_stats b;
	struct mmtests_stats s, t;

	(void)state;
	assert_int_equal(mmtests_stats(dead, 3, MMTESTS_HIGHER, &s), 0);
	assert_true(s.died && isnan(s.mean) && s.max == 0 && s.min == -1);
	assert_int_equal(mmtests_stats(part, 4, MMTESTS_HIGHER, &t), 0);
	assert_true(!t.died && isnan(t.mean) && t.coeffvar == 0 && t.best[0] == 8);
	near(t.best[1], 3.2, 1e-15);
	mmtests_compare(&t, &s, MMTESTS_HIGHER, &c);
	assert_true(c.died && !c.significant && isnan(c.ratio));
	assert_int_equal(mmtests_bin_stats(three, 3, &b), 0);
	assert_true(b.median == 5 && b.range == 8); /* (last + first) / 2: 3 values have no two below the middle */
	assert_true(mmtests_pdiff(0, 5) == 0 && mmtests_pdiff(5, 0) == 100 && mmtests_pndiff(0, 5) == 100 &&
		    mmtests_pndiff(5, 0) == -99 && mmtests_pndiff(0, 0) == 0);
	assert_true(mmtests_rdiff(5, 0) == 0 && mmtests_rdiff(0, 5) == 1 && mmtests_rdiff(NAN, 5) == 1);
	assert_int_equal(mmtests_stats(NULL, 0, MMTESTS_LOWER, &s), 0);
	assert_true(isnan(s.mean) && isnan(s.min) && s.coeffvar == 0 && !s.died);
}

static void test_explain(void **state)
{
	static const double ya[] = { 10, 12, 11, 13 }, yb[] = { 20, 22, 21, 23 }, ma[] = { 1, 2, 1.5, 2.5 };
	static const double mb[] = { 6, 7, 6.5, 7.5 }, flat[] = { 3, 3, 3, 3 };
	struct stats_explain e;

	(void)state;
	/* y = 8 + 2 m in both arms: all of the change goes with m */
	assert_int_equal(stats_explain(ya, ma, 4, yb, mb, 4, &e), 0);
	assert_int_equal(e.status, STATS_OK);
	near(e.b, 2, 1e-12);
	near(e.share, 1, 1e-12);
	near(e.r_within, 1, 1e-12);
	near(e.within_perm_p, 2.0 / (24 * 24), 1e-12);
	assert_int_equal(stats_explain(ya, flat, 4, yb, flat, 4, &e), 0);
	assert_int_equal(e.status, STATS_ZERO_VARIANCE);
	assert_int_equal(stats_explain(ya, ma, 0, yb, mb, 4, &e), 0);
	assert_int_equal(e.status, STATS_NO_VALUES);
}

/* Drawing many resamples comes to what enumerating all of them gives. */
static void test_bootstrap_ideal(void **state)
{
	static const double two[] = { 1, 2 }, six[] = { 4, 6 }, mixed[] = { -1, 2 };
	struct stats_boot ideal, drawn;
	struct stats_rng r;
	double a[10], b[10];
	size_t n;

	(void)state;
	stats_rng_seed(&r, 9);
	for (n = 4; n <= 10; n += 3) {
		fill(&r, a, n, 100, 5);
		fill(&r, b, n - 1, 103, 5);
		assert_int_equal(stats_bootstrap_ratio(a, n, b, n - 1, 0.95, 100000, 1, NULL, NULL, &drawn), 0);
		ideal = drawn;
		assert_int_equal(stats_bootstrap_ideal(a, n, b, n - 1, 0.95, &ideal), 0);
		near(ideal.lo, drawn.lo, 2e-3);
		near(ideal.hi, drawn.hi, 2e-3);
		near(ideal.bca_lo, drawn.bca_lo, 2e-3);
		near(ideal.bca_hi, drawn.bca_hi, 2e-3);
		assert_true(fabs(ideal.z0 - drawn.z0) < 0.02 && fabs(ideal.z0_strict - drawn.z0_strict) < 0.02);
	}
	/* ratios from 2 to 6, both ends with 1/16; 5 is the next from above */
	drawn = (struct stats_boot){ .ratio = 10.0 / 3 };
	assert_int_equal(stats_bootstrap_ideal(two, 2, six, 2, 0.875, &drawn), 0);
	near(drawn.lo, 2, 1e-14);
	near(drawn.hi, 5, 1e-14);
	assert_int_equal(stats_bootstrap_ideal(two, 2, six, 2, 0.99, &drawn), 0);
	near(drawn.hi, 6, 1e-14);
	assert_int_equal(stats_bootstrap_ideal(mixed, 2, six, 2, 0.95, &drawn), -ERANGE);
	assert_int_equal(stats_bootstrap_ideal(a, 11, six, 2, 0.95, &drawn), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hist_buckets), cmocka_unit_test(test_hist_merge), cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_edivisive), cmocka_unit_test(test_edivisive_noise), cmocka_unit_test(test_split_slow),
		cmocka_unit_test(test_merge_changes), cmocka_unit_test(test_drift), cmocka_unit_test(test_order),
		cmocka_unit_test(test_scales), cmocka_unit_test(test_correlation), cmocka_unit_test(test_order_interval),
		cmocka_unit_test(test_mmtests), cmocka_unit_test(test_explain),
		cmocka_unit_test(test_bootstrap_ideal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
