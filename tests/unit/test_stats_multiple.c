// SPDX-License-Identifier: GPL-2.0-only
/* Many tests at once, and the bootstrap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/stats/desc.h"
#include "../../analyzer/stats/effect.h"
#include "../../analyzer/stats/multiple.h"
#include "../../analyzer/stats/rng.h"
#include "near.h"

static void adjusted(enum stats_adjust how, const double *p, size_t n, const double *want)
{
	double out[16];
	size_t i, m;

	assert_int_equal(stats_adjust(how, p, n, out, &m), 0);
	for (i = 0; i < n; i++) {
		if (isnan(want[i]))
			assert_true(isnan(out[i]));
		else
			near(out[i], want[i], 1e-14);
	}
}

static void test_by_hand(void **state)
{
	static const double p[] = { 0.01, 0.04, NAN, 0.03, 0.005 }; /* m = 4; 1 + 1/2 + 1/3 + 1/4 = 25/12 */
	static const double bonferroni[] = { 0.04, 0.16, NAN, 0.12, 0.02 }, holm[] = { 0.03, 0.06, NAN, 0.06, 0.02 };
	static const double hochberg[] = { 0.03, 0.04, NAN, 0.04, 0.02 }, bh[] = { 0.02, 0.04, NAN, 0.04, 0.02 };
	static const double by[] = { 0.5 / 12, 1.0 / 12, NAN, 1.0 / 12, 0.5 / 12 };
	static const double one[] = { 0.03 }, none[] = { NAN, NAN }, big[] = { 0.6, 0.9 }, cap[] = { 1, 1 };
	double in_place[5];
	size_t m;
	int how;

	(void)state;
	adjusted(STATS_ADJUST_NONE, p, 5, p);
	adjusted(STATS_BONFERRONI, p, 5, bonferroni);
	adjusted(STATS_HOLM, p, 5, holm);
	adjusted(STATS_HOCHBERG, p, 5, hochberg);
	adjusted(STATS_BH, p, 5, bh);
	adjusted(STATS_BY, p, 5, by);
	adjusted(STATS_BONFERRONI, big, 2, cap);
	adjusted(STATS_HOLM, big, 2, cap);
	for (how = STATS_ADJUST_NONE; how <= STATS_BY; how++) {
		adjusted(how, one, 1, one);
		adjusted(how, none, 2, none);
		stats_adjust(how, none, 2, in_place, &m);
		assert_int_equal(m, 0);
		assert_int_equal(stats_adjust(how, none, 0, in_place, NULL), 0);
		assert_string_not_equal(stats_adjust_name(how), "?");
	}
	memcpy(in_place, p, sizeof(p));
	stats_adjust(STATS_HOLM, in_place, 5, in_place, &m);
	near(in_place[0], 0.03, 1e-14);
	assert_int_equal(m, 4);
}

/* Order of the input does not matter, order of the values is kept, no method is bolder than none. */
static void test_adjust_order(void **state)
{
	double p[40], q[40], out[40], turned[40], other[40];
	struct stats_rng rng;
	int round, how, i, j;

	(void)state;
	stats_rng_seed(&rng, 8);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 40; i++)
			p[i] = round % 2 ? pow(stats_rng_uniform(&rng), 4) : (double)stats_rng_below(&rng, 12) / 11;
		for (i = 0; i < 40; i++)
			q[i] = p[39 - i];
		for (how = STATS_BONFERRONI; how <= STATS_BY; how++) {
			stats_adjust(how, p, 40, out, NULL);
			stats_adjust(how, q, 40, turned, NULL);
			for (i = 0; i < 40; i++) {
				assert_true(out[i] == turned[39 - i]);
				assert_true(out[i] >= p[i] && out[i] <= 1);
				for (j = 0; j < 40; j++)
					assert_true(p[i] > p[j] ? out[i] >= out[j] : p[i] < p[j] || out[i] == out[j]);
			}
		}
		/* each as cautious as the next: Bonferroni, Holm, Hochberg, BH; BY over BH */
		for (how = STATS_BONFERRONI; how < STATS_BH; how++) {
			stats_adjust(how, p, 40, out, NULL);
			stats_adjust(how + 1, p, 40, other, NULL);
			for (i = 0; i < 40; i++)
				assert_true(out[i] >= other[i] * (1 - 1e-14));
		}
		stats_adjust(STATS_BY, p, 40, out, NULL);
		for (i = 0; i < 40; i++)
			assert_true(out[i] >= other[i] * (1 - 1e-14));
	}
}

/*
 * Two values an arm: the means of resamples are 1, 1.5 (twice), 2 under 3, 4 (twice), 5,
 * so 3 / 2 and 5 / 1 come in 1 of 16 each: more than the tails hold.
 */
static void test_bootstrap_small(void **state)
{
	static const double a[] = { 1, 2 }, b[] = { 3, 5 };
	struct stats_boot r, again, other;

	(void)state;
	assert_int_equal(stats_bootstrap_ratio(a, 2, b, 2, 0.95, 10000, 7, NULL, NULL, &r), 0);
	assert_int_equal(r.status, STATS_OK);
	near(r.ratio, 8 / 3.0, 1e-15);
	near(r.lo, 1.5, 1e-12);
	near(r.hi, 5, 1e-12);
	assert_true(fabs(r.acceleration) < 1e-12 && fabs(r.z0) < 0.05);
	stats_bootstrap_ratio(a, 2, b, 2, 0.95, 10000, 7, NULL, NULL, &again);
	assert_true(again.lo == r.lo && again.bca_hi == r.bca_hi && again.z0 == r.z0);
	stats_bootstrap_ratio(a, 2, b, 2, 0.95, 10000, 8, NULL, NULL, &other);
	assert_true(other.z0 != r.z0);
}

/* Ends from the full distribution of resamples, at 4.5 standard errors of 10 000. */
static void test_bootstrap_brackets(void **state)
{
	static const double a[] = { 99.0843, 98.7543, 100.2706, 101.6878, 99.703, 100.525, 101.0633 };
	static const double b[] = { 99.9841, 103.4601, 100.4523, 102.475, 98.638, 98.1125, 100.953 };
	struct stats_boot r;
	uint64_t seed;

	(void)state;
	for (seed = 0; seed < 5; seed++) {
		stats_bootstrap_ratio(a, 7, b, 7, 0.95, 10000, seed, NULL, NULL, &r);
		assert_true(r.lo > 0.98852175 && r.lo < 0.99030658);
		assert_true(r.hi > 1.01862827 && r.hi < 1.02056900);
		assert_true(r.bca_lo > 0.98767471 && r.bca_lo < 0.99123631);
		assert_true(r.bca_hi > 1.01833595 && r.bca_hi < 1.02243908);
		near(r.acceleration, 0.00822455193538488, 1e-10);
		assert_true(fabs(r.z0 - 0.0086) < 0.06);
	}
}

/* Arms of different size weigh differently in the skew. */
static void test_bootstrap_acceleration(void **state)
{
	static const double a[] = { 10, 11, 12, 11 }, b[] = { 11, 11, 10, 12, 11, 10, 10 };
	struct stats_boot r;

	(void)state;
	stats_bootstrap_ratio(a, 4, b, 7, 0.95, 100, 1, NULL, NULL, &r);
	near(r.acceleration, 0.00385236152006278, 1e-10);
}

static double largest(const double *x, size_t n, void *calls)
{
	double top = x[0];
	size_t i;

	++*(size_t *)calls;
	for (i = 1; i < n; i++)
		top = fmax(top, x[i]);
	return top;
}

static void test_bootstrap_any_statistic(void **state)
{
	static const double a[] = { 1, 2, 4, 8, 16 }, b[] = { 3, 6, 12, 24 }, same[] = { 5, 5, 5 },
			    zeros[] = { 0, 0, 1 };
	struct stats_boot r;
	size_t calls = 0, i;
	double far[5];

	(void)state;
	stats_bootstrap_ratio(a, 5, b, 4, 0.9, 2000, 1, largest, &calls, &r);
	assert_int_equal(calls, 2 + 5 + 4 + 2 * 2000);
	near(r.ratio, 1.5, 0);
	assert_true(r.lo <= 1.5 && r.hi >= 1.5 && r.hi <= 24);
	/* nothing varies */
	stats_bootstrap_ratio(same, 3, same, 3, 0.95, 500, 1, NULL, NULL, &r);
	assert_true(r.status == STATS_OK && r.lo == 1 && r.hi == 1 && r.bca_lo == 1 && r.bca_hi == 1 &&
		    r.acceleration == 0);
	/* far from 0 the spread is small, but it is all there is */
	for (i = 0; i < 5; i++)
		far[i] = 1e12 + a[i];
	stats_bootstrap_ratio(far, 5, far, 5, 0.95, 2000, 1, NULL, NULL, &r);
	assert_true(fabs(r.z0) < 0.1 && r.lo < 1 && r.hi > 1 && r.hi - r.lo < 1e-10);
	/* tenths, whose means are off by rounding */
	for (i = 0; i < 5; i++)
		far[i] = 0.1;
	stats_bootstrap_ratio(far, 5, far, 4, 0.95, 500, 1, NULL, NULL, &r);
	assert_true(r.acceleration == 0 && r.z0 == 0 && r.lo == 1 && r.bca_hi == 1);
	/* some resamples of a have a mean of 0: no upper end; some have no ratio at all */
	stats_bootstrap_ratio(zeros, 3, same, 3, 0.95, 500, 1, NULL, NULL, &r);
	assert_true(r.status == STATS_OK && r.ratio == 15 && r.lo >= 5 && r.lo <= 7.5 && !isfinite(r.hi));
	stats_bootstrap_ratio(zeros, 3, zeros, 3, 0.95, 500, 1, NULL, NULL, &r);
	assert_true(r.status == STATS_UNDEFINED && r.ratio == 1 && isnan(r.lo) && isnan(r.bca_hi));
	stats_bootstrap_ratio(same, 1, a, 5, 0.95, 500, 1, NULL, NULL, &r);
	assert_true(r.status == STATS_TOO_FEW && isnan(r.lo));
	near(r.ratio, 6.2 / 5, 1e-15);
	stats_bootstrap_ratio(same, 0, a, 5, 0.95, 500, 1, NULL, NULL, &r);
	assert_true(r.status == STATS_NO_VALUES && isnan(r.ratio));
}

/* The generator's own promises: bounds, no bias by more than chance, the same for ever. */
static void test_rng(void **state)
{
	struct stats_rng rng;
	size_t count[7] = { 0 };
	double sum = 0, u;
	int i;

	(void)state;
	stats_rng_seed(&rng, 0);
	assert_true(stats_rng_u64(&rng) == 0x99ec5f36cb75f2b4ull);
	for (i = 0; i < 70000; i++) {
		count[stats_rng_below(&rng, 7)]++;
		u = stats_rng_uniform(&rng);
		assert_true(u > 0 && u < 1);
		sum += u;
	}
	for (i = 0; i < 7; i++)
		assert_true(count[i] > 9600 && count[i] < 10400);
	assert_true(fabs(sum / 70000 - 0.5) < 0.005);
	assert_int_equal(stats_rng_below(&rng, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_adjust_order),
		cmocka_unit_test(test_bootstrap_small),
		cmocka_unit_test(test_bootstrap_brackets),
		cmocka_unit_test(test_bootstrap_any_statistic),
		cmocka_unit_test(test_bootstrap_acceleration),
		cmocka_unit_test(test_rng),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
