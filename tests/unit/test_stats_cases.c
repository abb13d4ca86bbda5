// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases that found an error once, or would find the next: large n, values far from 0, huge and
 * tiny ones, ends that are infinite. Expected values: R 4.2 where its function is named, else
 * the definition in 50 digits (mpmath) or rational numbers, every resample or order counted.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../analyzer/stats/edivisive.h"
#include "../../analyzer/stats/effect.h"
#include "../../analyzer/stats/explain.h"
#include "../../analyzer/stats/power.h"
#include "../../analyzer/stats/test.h"
#include "near.h"

/* All of these are doubles to the last digit. */
static const double far_a[] = { 1e9 + .125, 1e9 + .25, 1e9 + .375, 1e9 + .1875 };
static const double far_b[] = { 1e9 + .3125, 1e9 + .4375, 1e9 + .375, 1e9 + .5625, 1e9 + .5 };
/* nanoseconds since 1970, one unit of the last digit is 256 */
static const double ns_a[] = { 1.7e18 + 256, 1.7e18 + 1280, 1.7e18 + 2304, 1.7e18 + 512, 1.7e18 + 768 };
static const double ns_b[] = { 1.7e18 + 2560, 1.7e18 + 12800, 1.7e18 + 2304, 1.7e18 + 5120, 1.7e18 + 7680 };
static const double huge_a[] = { 1e300, 3e300, 2e300 }, huge_b[] = { 2e300, 2.5e300, 4e300 };
static const double tiny_a[] = { 1e-300, 3e-300, 2e-300 }, tiny_b[] = { 2e-300, 2.5e-300, 4e-300 };

/* R power.t.test(strict = TRUE) */
static void test_power_of_many(void **state)
{
	(void)state;
	near(stats_power(64975, 0.01, 0.05, false), 0.43749049000135543, 1e-9);
	near(stats_power(1e6, 0.003, 0.05, false), 0.56411562441367535, 1e-9);
	near(stats_power_n(0.01, 0.05, 0.8, false), 156979, 0);
	near(stats_power_mde(156979, 0.05, 0.8, false), 0.01, 1e-5);
}

static void test_far_from_zero(void **state)
{
	struct stats_ratio r;
	struct stats_welch w;

	(void)state;
	stats_ratio_hmean(far_a, N(far_a), far_b, N(far_b), 0.95, &r);
	near(r.df, 6.302353650576812, 1e-12);
	near(r.lo - 1, 3.5525056880569714e-11, 1e-4);
	near(r.hi - 1, 3.7072494304853297e-10, 1e-5);
	stats_welch(far_a, N(far_a), far_b, N(far_b), 0.95, &w);
	near(w.t, 2.9314195092110324, 1e-13);
	near(w.p, 0.024781191660181796, 1e-12);

	stats_ratio_hmean(ns_a, N(ns_a), ns_b, N(ns_b), 0.95, &r);
	near(r.df, 4.278214236586725, 1e-12);
	stats_ratio_log(ns_a, N(ns_a), ns_b, N(ns_b), 0.95, &r);
	near(r.df, 4.278214236586725, 1e-12);
	near(r.p, 0.058170149010852906, 1e-12);
	stats_welch(ns_a, N(ns_a), ns_b, N(ns_b), 0.95, &w);
	near(w.diff, 5068.8, 1e-14);
	near(w.df, 4.278214236586722, 1e-12);
	near(stats_hedges_g(ns_a, N(ns_a), ns_b, N(ns_b)), 1.4670743466387668, 1e-12);
}

static void test_huge_and_tiny(void **state)
{
	struct stats_ratio r;

	(void)state;
	stats_ratio_fieller(huge_a, 3, huge_b, 3, 0.95, &r);
	near(r.df, 3.671991618531945, 1e-13);
	near(r.g, 0.6897824490827883, 1e-12);
	near(r.hi, 8.664736201651689, 1e-11);
	stats_ratio_hmean(huge_a, 3, huge_b, 3, 0.95, &r);
	assert_int_equal(r.status, STATS_UNBOUNDED);
	near(r.df, 3.2027892753943483, 1e-13);
	stats_ratio_hmean(tiny_a, 3, tiny_b, 3, 0.95, &r);
	near(r.df, 3.2027892753943483, 1e-13);
	near(r.g, 1.0135392254579947, 1e-12);
	near(r.ratio, 1.5942028985507246, 1e-14);
}

/* 2 of the 10^29 ways to choose 50 out of 100 are as far apart. */
static void test_rank_tail(void **state)
{
	double a[50], b[50];
	struct stats_mwu m;
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		a[i] = i;
		b[i] = i + 100;
	}
	assert_int_equal(stats_mwu(a, 50, b, 50, &m), 0);
	near(m.p_exact * 1e29, 1.9823306042836678, 1e-12);
	for (i = 0; i < 50; i++) {
		a[i] = i / 2;
		b[i] = i / 2 + 100;
	}
	assert_int_equal(stats_mwu(a, 50, b, 50, &m), 0);
	assert_true(m.ties);
	near(m.p_exact * 1e29, 1.9823306042836678, 1e-12);
}

/* R wilcox.test(conf.int = TRUE, conf.level = 0.9): the level is met to the digit. */
static void test_level_just_attained(void **state)
{
	static const double b[] = { 4, 5, 6.5 }, a[] = { 1, 2, 3 };
	struct stats_shift s;

	(void)state;
	assert_int_equal(stats_hodges_lehmann(a, 3, b, 3, 0.9, &s), 0);
	near(s.lo, 1, 0);
	near(s.hi, 5.5, 0);
	near(s.achieved, 0.9, 1e-15);
	assert_true(s.attained);
	assert_int_equal(stats_hodges_lehmann(a, 3, b, 3, 0.95, &s), 0);
	assert_false(s.attained);
}

static void boot(const double *a, size_t na, const double *b, size_t nb, struct stats_boot *r)
{
	assert_int_equal(stats_bootstrap_ratio(a, na, b, nb, 0.95, 1000, 1, NULL, NULL, r), 0);
	assert_int_equal(r->status, STATS_OK);
	assert_int_equal(stats_bootstrap_ideal(a, na, b, nb, 0.95, r), 0);
}

static void test_boot_acceleration(void **state)
{
	static const double same[] = { 3, 3, 3, 3, 3, 3 };
	struct stats_boot r;

	(void)state;
	boot(far_a, N(far_a), far_b, N(far_b), &r);
	near(r.acceleration, -0.015898360017063042, 1e-8);
	boot(ns_a, N(ns_a), ns_b, N(ns_b), &r);
	near(r.acceleration, 0.04964110718156322, 1e-8);
	boot(same, 4, same, 6, &r);
	near(r.acceleration, 0, 0);
	near(r.z0, 0, 0);
}

static void test_boot_ideal_signs(void **state)
{
	static const double na[] = { -3, -5, -4, -4.5 }, nb[] = { -4, -6, -5, -5.5, -7 };
	static const double pa[] = { 3, 5, 4, 4.5 }, pb[] = { 4, 6, 5, 5.5, 7 };
	static const double za[] = { 0, 1, 2, 5 }, zb[] = { 3, 2, 4 }, none[] = { 0, 0, 0 };
	static const double mixed[] = { -1, 2, 3 };
	struct stats_boot r, p;

	(void)state;
	/* a ratio does not see a common sign */
	boot(na, N(na), nb, N(nb), &r);
	boot(pa, N(pa), pb, N(pb), &p);
	near(r.z0_strict, -0.009086652537313876, 1e-9);
	near(r.z0, 0.015601260590529614, 1e-9);
	near(r.lo, p.lo, 1e-12);
	near(r.bca_hi, p.bca_hi, 1e-12);
	/* one resample in 256 has a mean of a of 0 */
	boot(za, N(za), zb, N(zb), &r);
	near(r.z0_strict, -0.09333607421955187, 1e-9);
	near(r.z0, -0.05642180463182759, 1e-9);
	near(r.acceleration, -0.08176795023305652, 1e-9);
	near(r.lo, 2.0 / 3, 1e-9);
	near(r.hi, 22.0 / 3, 1e-9);
	/* all ratios are 0: half of them count as below */
	boot(pa, N(pa), none, N(none), &r);
	assert_true(r.z0 == 0 && r.lo == 0 && r.hi == 0 && r.bca_lo == 0);
	stats_bootstrap_ratio(mixed, 3, pb, 5, 0.95, 1000, 1, NULL, NULL, &r);
	assert_int_equal(stats_bootstrap_ideal(mixed, 3, pb, 5, 0.95, &r), -ERANGE);
}

static void test_explain_scales(void **state)
{
	static const double ya[] = { 99.5, 101.25, 100, 98.75 }, yb[] = { 103, 104.5, 102.25, 103.75 };
	static const double ma[] = { .5, 1.25, 1, .25 }, mb[] = { 2, 2.75, 1.5, 2.5 };
	static const struct {
		double offset, scale;
	} to[] = { { 0, 1 }, { 1e9, 1 }, { 0, 1e200 }, { 0, 1e-200 } };
	struct stats_explain e;
	double a[4], b[4];
	size_t i, j;

	(void)state;
	for (i = 0; i < N(to); i++) {
		for (j = 0; j < 4; j++) {
			a[j] = to[i].offset + to[i].scale * ma[j];
			b[j] = to[i].offset + to[i].scale * mb[j];
		}
		assert_int_equal(stats_explain(ya, a, 4, yb, b, 4, &e), 0);
		near(e.a / to[i].scale, 1.4375, 1e-14);
		near(e.b * to[i].scale, 1.9191919191919191, 1e-14);
		near(e.share, 0.7882395382395382, 1e-13);
		near(e.sobel_se, 0.7674561917294398, 1e-12);
		near(e.b_p, 0.00044806292276268245, 1e-11);
		near(e.within_perm_p, 0.003472222222222222, 1e-14);
	}
}

/* Two splits of tenths are equally good: the first, though the doubles nearest to tenths say the last. */
static void test_split_ties(void **state)
{
	static const double x[] = { .1, .3, .1, .3, .1, 0, 0, .2 };
	struct stats_split s;

	(void)state;
	assert_int_equal(stats_best_split(x, N(x), STATS_SPLIT_FIXED_END, 1, &s), 0);
	assert_int_equal(s.tau, 4);
	near(s.q, 0.1, 1e-12);
	assert_int_equal(stats_best_split(x, N(x), STATS_SPLIT_KAPPA, 1, &s), 0);
	assert_int_equal(s.tau, 5);
	assert_int_equal(s.kappa, 7);
	near(s.q, 2.4 / 7, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_of_many),	    cmocka_unit_test(test_far_from_zero),
		cmocka_unit_test(test_huge_and_tiny),	    cmocka_unit_test(test_rank_tail),
		cmocka_unit_test(test_level_just_attained), cmocka_unit_test(test_boot_acceleration),
		cmocka_unit_test(test_boot_ideal_signs),    cmocka_unit_test(test_explain_scales),
		cmocka_unit_test(test_split_ties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
