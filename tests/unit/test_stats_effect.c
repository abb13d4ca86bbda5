// SPDX-License-Identifier: GPL-2.0-only
/* Sizes of effects and their intervals: known answers, and that intervals invert the tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/stats/desc.h"
#include "../../analyzer/stats/dist.h"
#include "../../analyzer/stats/effect.h"
#include "../../analyzer/stats/rng.h"
#include "near.h"

static const double a2[] = { 1, 2 }, b2[] = { 3, 5 };
static const double a10[] = { 100.2094, 98.3869,  101.7839, 98.1429,  97.7287,
			      101.0269, 102.6381, 102.5516, 102.7112, 100.8059 };
static const double b10[] = {
	98.0575, 99.6054, 102.49, 103.4976, 98.9679, 102.5904, 98.8664, 100.1078, 102.146, 99.343
};
static const double five[] = { 5, 5, 5, 5, 5 }, b5[] = { 5.8288, 6.5252, 6.294, 6.1521, 6.3219 };
static const double zeros[5], some_negative[] = { 3, -1, 4, 2 };

static void normal_sample(struct stats_rng *rng, double *x, size_t n, double mean, double sd)
{
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = mean + sd * stats_normal_quantile(stats_rng_uniform(rng));
}

/* P-value of "mean b = ratio * mean a" with the degrees of freedom held: what Fieller inverts. */
static double p_of_ratio(const double *a, size_t na, const double *b, size_t nb, double ratio, double df)
{
	double va = stats_variance(a, na) / (double)na, vb = stats_variance(b, nb) / (double)nb;

	return stats_t_two_sided((stats_mean(b, nb) - ratio * stats_mean(a, na)) / sqrt(vb + ratio * ratio * va), df);
}

static void test_fieller(void **state)
{
	struct stats_ratio r;
	struct stats_rng rng;
	double a[8], b[8];
	int round;

	(void)state;
	stats_rng_seed(&rng, 5);
	for (round = 0; round < 50; round++) {
		size_t na = 3 + (size_t)round % 6, nb = 3 + (size_t)round / 6 % 6;

		normal_sample(&rng, a, na, round % 2 ? 10 : -10, 1 + round % 3);
		normal_sample(&rng, b, nb, round % 5 ? 12 : 0, 1);
		stats_ratio_fieller(a, na, b, nb, 0.95, &r);
		if (r.status == STATS_UNBOUNDED) {
			assert_true(r.g >= 1 && isnan(r.lo) && isnan(r.hi));
			continue;
		}
		assert_int_equal(r.status, STATS_OK);
		assert_true(r.lo < r.ratio && r.ratio < r.hi);
		near(p_of_ratio(a, na, b, nb, r.lo, r.df), 0.05, 1e-8);
		near(p_of_ratio(a, na, b, nb, r.hi, r.df), 0.05, 1e-8);
	}
	stats_ratio_fieller(a2, 2, b2, 2, 0.95, &r);
	assert_int_equal(r.status, STATS_UNBOUNDED);
	near(r.ratio, 8 / 3.0, 1e-15);
	near(r.df, 1.8545994065281899, 1e-13);
	near(r.g, 2.394902923253741, 1e-10);
	stats_ratio_fieller(a10, 10, b10, 10, 0.99, &r);
	near(r.lo, 0.9753703039053047, 1e-12);
	near(r.hi, 1.0246136894631552, 1e-12);
}

static void test_fieller_edges(void **state)
{
	static const double fives[] = { 6, 6, 6 };
	struct stats_ratio r;

	(void)state;
	stats_ratio_fieller(five, 5, b5, 5, 0.95, &r);
	assert_true(r.status == STATS_OK && r.g == 0 && r.df == 4);
	near(r.lo, 1.1807738485484214, 1e-12);
	stats_ratio_fieller(five, 5, fives, 3, 0.95, &r);
	assert_int_equal(r.status, STATS_ZERO_VARIANCE);
	assert_true(r.ratio == 1.2 && r.lo == 1.2 && r.hi == 1.2);
	stats_ratio_fieller(zeros, 5, b5, 5, 0.95, &r);
	assert_int_equal(r.status, STATS_UNDEFINED);
	assert_true(isnan(r.ratio) && isnan(r.lo));
	stats_ratio_fieller((const double[]){ -1, 1 }, 2, b5, 5, 0.95, &r);
	assert_true(r.status == STATS_UNBOUNDED && isnan(r.ratio) && isnan(r.hi));
	stats_ratio_fieller(b5, 5, zeros, 3, 0.95, &r);
	assert_true(r.status == STATS_OK && r.ratio == 0 && r.lo == 0 && r.hi == 0 && r.df == 4);
	stats_ratio_fieller(five, 1, b5, 5, 0.95, &r);
	assert_true(r.status == STATS_TOO_FEW && isnan(r.lo));
	near(r.ratio, 1.24488, 1e-14);
	stats_ratio_fieller(five, 0, b5, 5, 0.95, &r);
	assert_true(r.status == STATS_NO_VALUES && isnan(r.ratio));
}

static void test_hmean(void **state)
{
	double x[5], y[5];
	struct stats_ratio r, inv;
	int i;

	(void)state;
	stats_ratio_hmean(a10, 10, b10, 10, 0.95, &r);
	near(r.ratio, 0.9996932362465388, 1e-14);
	near(r.lo, 0.9818642016321776, 1e-12);
	near(r.hi, 1.0178416542738695, 1e-12);
	near(r.ratio, stats_hmean(b10, 10) / stats_hmean(a10, 10), 1e-13);
	/* of reciprocals it is the arithmetic one turned over */
	for (i = 0; i < 5; i++) {
		x[i] = 1 / a10[i];
		y[i] = 1 / b10[i];
	}
	stats_ratio_hmean(x, 5, y, 5, 0.95, &r);
	stats_ratio_fieller(a10, 5, b10, 5, 0.95, &inv);
	near(r.ratio, 1 / inv.ratio, 1e-14);
	near(r.lo, 1 / inv.hi, 1e-12);
	near(r.hi, 1 / inv.lo, 1e-12);
	stats_ratio_hmean(some_negative, 4, b5, 5, 0.95, &r);
	assert_true(r.status == STATS_UNDEFINED && isnan(r.ratio));
	/* the reciprocals of b may well be 0 on average: no upper end */
	stats_ratio_hmean(five, 5, (const double[]){ 1, 1000 }, 2, 0.95, &r);
	assert_true(r.status == STATS_UNBOUNDED && r.lo > 0 && isinf(r.hi));
}

static void test_log_welch(void **state)
{
	double la[10], lb[10];
	struct stats_ratio r;
	struct stats_welch w;
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		la[i] = log(a10[i]);
		lb[i] = log(b10[i]);
	}
	stats_welch(la, 10, lb, 10, 0.95, &w);
	stats_ratio_log(a10, 10, b10, 10, 0.95, &r);
	near(r.ratio, stats_gmean(b10, 10) / stats_gmean(a10, 10), 1e-14);
	near(r.p, w.p, 1e-11);
	near(r.df, w.df, 1e-11);
	near(r.lo, exp(w.lo), 1e-12);
	near(r.hi, exp(w.hi), 1e-12);
	stats_ratio_log(zeros, 5, b5, 5, 0.95, &r);
	assert_true(r.status == STATS_UNDEFINED && isnan(r.p));
	stats_ratio_log(b5, 5, some_negative, 4, 0.95, &r);
	assert_int_equal(r.status, STATS_UNDEFINED);
	stats_ratio_log(five, 5, five, 3, 0.95, &r);
	assert_true(r.status == STATS_ZERO_VARIANCE && r.p == 1 && r.ratio == 1 && r.lo == 1);
	/* a spread of 1e-12 of the values: logarithms rounded one by one would be noise */
	stats_ratio_log((const double[]){ 1e15 + 1, 1e15 + 2, 1e15 + 4 }, 3,
			(const double[]){ 1e15 + 8, 1e15 + 9, 1e15 + 11 }, 3, 0.95, &r);
	stats_welch((const double[]){ 1, 2, 4 }, 3, (const double[]){ 8, 9, 11 }, 3, 0.95, &w);
	near(r.p, w.p, 1e-9);
}

/* Shifted to an end of the interval or inside, Mann-Whitney does not reject; outside it does. */
static void inverts(const double *a, size_t na, const double *b, size_t nb, double level)
{
	struct stats_shift s;
	struct stats_mwu m;
	double y[12];
	size_t i;
	int side;

	stats_hodges_lehmann(a, na, b, nb, level, &s);
	if (!s.attained)
		return;
	for (side = 0; side < 4; side++) {
		bool upper = side & 1, outside = side < 2;
		double by = (upper ? s.hi : s.lo) + (upper == outside ? 1e-9 : -1e-9);

		for (i = 0; i < nb; i++)
			y[i] = b[i] - by;
		stats_mwu(a, na, y, nb, &m);
		if (outside)
			assert_true(m.p <= 1 - level + 1e-12);
		else
			assert_true(m.p > 1 - level - 1e-12);
	}
}

static void test_hodges_lehmann(void **state)
{
	static const double levels[] = { 0.5, 0.9, 0.95, 0.99 };
	struct stats_shift s, t;
	struct stats_rng rng;
	double a[12], b[12];
	size_t na, nb, i;

	(void)state;
	stats_rng_seed(&rng, 6);
	for (na = 2; na <= 12; na += 2)
		for (nb = 3; nb <= 12; nb += 3) {
			normal_sample(&rng, a, na, 0, 1);
			normal_sample(&rng, b, nb, 0.7, 2);
			for (i = 0; i < N(levels); i++)
				inverts(a, na, b, nb, levels[i]);
		}
	stats_hodges_lehmann(a10, 10, b10, 10, 0.95, &s);
	near(s.shift, -0.07349999999999568, 1e-12);
	near(s.lo, -2.440899999999999, 1e-14);
	near(s.hi, 1.7137000000000029, 1e-14);
	near(s.achieved, 0.9567429474550218, 1e-14);
	/* 3 v 3: 90 % exactly, and 95 % out of reach */
	stats_hodges_lehmann(a10, 3, b10, 3, 0.9, &s);
	assert_true(s.attained);
	near(s.achieved, 0.9, 1e-15);
	stats_hodges_lehmann(a10, 3, b10, 3, 0.95, &s);
	assert_false(s.attained);
	near(s.achieved, 0.9, 1e-15);
	/* as ratios: of 3, 5, 1.5, 2.5 */
	stats_hodges_lehmann_ratio(a2, 2, b2, 2, 0.95, &t);
	near(t.shift, sqrt(7.5), 1e-15);
	assert_true(t.lo == 1.5 && t.hi == 5);
	stats_hodges_lehmann_ratio(zeros, 5, b5, 5, 0.95, &t);
	assert_true(t.status == STATS_UNDEFINED && isnan(t.shift));
	stats_hodges_lehmann(a10, 0, b5, 5, 0.95, &t);
	assert_true(t.status == STATS_NO_VALUES && isnan(t.shift));
	stats_hodges_lehmann(a2, 1, b2, 1, 0.95, &t);
	assert_true(t.shift == 2 && t.achieved == 0 && !t.attained);
}

/* Many values: counted and by the normal approximation the interval is the same, or its neighbour. */
static void test_hodges_lehmann_large(void **state)
{
	static double a[110], b[110];
	struct stats_shift counted, normal;
	struct stats_rng rng;

	(void)state;
	stats_rng_seed(&rng, 7);
	normal_sample(&rng, a, 101, 0, 1);
	normal_sample(&rng, b, 101, 0, 1);
	stats_hodges_lehmann(a, 100, b, 100, 0.95, &counted);
	stats_hodges_lehmann(a, 101, b, 100, 0.95, &normal);
	near(counted.achieved, 0.95, 1e-3);
	near(normal.achieved, 0.95, 1e-3);
	assert_true(counted.attained && fabs(counted.lo - normal.lo) < 0.02 && fabs(counted.hi - normal.hi) < 0.02);
}

static void test_standardised(void **state)
{
	(void)state;
	near(stats_cohen_d(a2, 2, b2, 2), 2.23606797749979, 1e-14);
	near(stats_hedges_g(a2, 2, b2, 2), 1.2777531299998799, 1e-14);
	near(stats_cohen_d(five, 5, b5, 5), 6.707685598137101, 1e-13);
	near(stats_cohen_d(b5, 5, five, 5), -stats_cohen_d(five, 5, b5, 5), 1e-15);
	assert_true(isnan(stats_cohen_d(five, 5, five, 5)) && isnan(stats_hedges_g(a2, 1, b2, 2)));
	/* d and t tell the same at equal n */
	near(stats_cohen_d(a10, 10, b10, 10), -0.03643480600337635 * sqrt(2 / 10.0), 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fieller),        cmocka_unit_test(test_fieller_edges),
		cmocka_unit_test(test_hmean),          cmocka_unit_test(test_log_welch),
		cmocka_unit_test(test_hodges_lehmann), cmocka_unit_test(test_hodges_lehmann_large),
		cmocka_unit_test(test_standardised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
