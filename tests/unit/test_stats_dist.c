// SPDX-License-Identifier: GPL-2.0-only
/* Distributions and power against values of 25-digit arithmetic, and against each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../analyzer/stats/dist.h"
#include "../../analyzer/stats/power.h"
#include "near.h"

static void test_normal(void **state)
{
	static const struct {
		double p, z;
	} q[] = {
		{ 1e-300, -37.0470962993612 },  { 1e-20, -9.262340089798407 }, { 1e-05, -4.264890793922825 },
		{ 0.025, -1.9599639845400543 }, { 0.2, -0.8416212335729142 },  { 0.4, -0.2533471031357997 },
		{ 0.6, 0.2533471031357997 },    { 0.975, 1.9599639845400538 }, { 0.9999, 3.7190164854557084 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(q); i++) {
		near(stats_normal_quantile(q[i].p), q[i].z, 2e-15);
		near(stats_normal_cdf(q[i].z), q[i].p, 1e-12);
		near(stats_normal_two_sided(q[i].z), q[i].p < 0.5 ? 2 * q[i].p : 2 * (1 - q[i].p), 1e-12);
	}
	assert_true(stats_normal_quantile(0) == -INFINITY && stats_normal_quantile(1) == INFINITY);
	assert_true(isnan(stats_normal_quantile(-0.1)) && isnan(stats_normal_quantile(NAN)));
	near(stats_normal_cdf(0), 0.5, 0);
	assert_true(stats_normal_quantile(0.5) == 0);
	near(stats_normal_quantile(0.5 - 0x1p-40) * 0x1p40, -sqrt(2 * M_PI), 1e-14);
}

/* Fractional degrees of freedom, near 1 and near the normal; both halves of the range. */
static void test_t(void **state)
{
	static const struct {
		double level, df, t;
	} q[] = {
		{ 0.3, 1.0625, 0.5016652904115464 },    { 0.9, 1.0625, 5.719700230521298 },
		{ 0.99, 1.0625, 50.48617811911253 },    { 0.3, 1.47, 0.4675809279393577 },
		{ 0.9, 1.47, 3.781375391886403 },       { 0.99, 1.47, 18.72746078065725 },
		{ 0.3, 2.3, 0.4366404018160032 },       { 0.9, 2.3, 2.6761263238472357 },
		{ 0.99, 2.3, 8.00374526687109 },        { 0.3, 3.9, 0.4149291252797952 },
		{ 0.9, 3.9, 2.1476499185856066 },       { 0.99, 3.9, 4.6857137999628415 },
		{ 0.3, 7.75, 0.3999355221269165 },      { 0.9, 7.75, 1.8673544026478008 },
		{ 0.99, 7.75, 3.387080520755992 },      { 0.3, 17.999, 0.39153290908337973 },
		{ 0.9, 17.999, 1.734068825993341 },     { 0.99, 17.999, 2.8784590520439264 },
		{ 0.3, 61.5, 0.387125136926965 },       { 0.9, 61.5, 1.6700101091738324 },
		{ 0.99, 61.5, 2.6581620767928933 },     { 0.3, 1234.5, 0.3854100980450096 },
		{ 0.9, 1234.5, 1.6460888802690201 },    { 0.99, 1234.5, 2.5798177297333216 },
		{ 0.3, 1000000.0, 0.385320577040018 },  { 0.9, 1000000.0, 1.6448551507220406 },
		{ 0.99, 1000000.0, 2.575834220105334 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(q); i++) {
		near(stats_t_quantile(q[i].level, q[i].df), q[i].t, 2e-11);
		near(stats_t_two_sided(q[i].t, q[i].df), 1 - q[i].level, 1e-10);
	}
	/* df 1 and 2 have closed forms */
	for (i = 1; i < 100; i++) {
		double level = (double)i / 100, x = level;

		near(stats_t_quantile(level, 1), tan(M_PI * level / 2), 1e-13);
		near(stats_t_quantile(level, 2), x * sqrt(2 / (1 - x * x)), 1e-13);
	}
	near(stats_t_quantile(0.95, INFINITY), 1.9599639845400545, 1e-13);
	near(stats_t_two_sided(1e100, 1), 2 / M_PI * 1e-100, 1e-12);
	assert_true(stats_t_quantile(0, 3) == 0 && isnan(stats_t_quantile(-0.1, 3)) &&
		    isnan(stats_t_quantile(0.5, NAN)));
}

static void test_chi2(void **state)
{
	static const struct {
		double p, df, x;
	} q[] = {
		{ 0.0001, 0.5, 1.3499395786223463e-16 }, { 0.2, 0.5, 0.0021617714613259534 },
		{ 0.95, 0.5, 2.420232274889524 },        { 0.0001, 1, 1.5707963350195673e-08 },
		{ 0.2, 1, 0.06418475466730159 },         { 0.95, 1, 3.8414588206941245 },
		{ 0.0001, 4, 0.028418475243555 },        { 0.2, 4, 1.6487766180659693 },
		{ 0.95, 4, 9.487729036781154 },          { 0.0001, 18, 3.5551652856269933 },
		{ 0.2, 18, 12.856953096411939 },         { 0.95, 18, 28.86929943039263 },
		{ 0.0001, 98.5, 54.61848169853276 },     { 0.2, 98.5, 86.53526413677389 },
		{ 0.95, 98.5, 122.66655296126356 },      { 0.0001, 100000.0, 98345.35297724622 },
		{ 0.2, 100000.0, 99623.4224090284 },     { 0.95, 100000.0, 100736.736177319 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(q); i++) {
		near(stats_chi2_quantile(q[i].p, q[i].df), q[i].x, 1e-13);
		near(stats_chi2_cdf(q[i].x, q[i].df), q[i].p, 1e-12);
	}
	/* df 2 is exponential */
	for (i = 1; i < 100; i++)
		near(stats_chi2_quantile((double)i / 100, 2), -2 * log1p(-(double)i / 100), 1e-13);
	assert_true(stats_chi2_quantile(0, 3) == 0 && stats_chi2_quantile(1, 3) == INFINITY);
	assert_true(isnan(stats_chi2_quantile(0.5, 0)) && isnan(stats_chi2_cdf(1, -1)));
	assert_true(stats_chi2_cdf(0, 3) == 0 && stats_chi2_cdf(INFINITY, 3) == 1);
}

static void test_binomial(void **state)
{
	static const double ps[] = { 0.01, 0.3, 0.5, 0.99 };
	double sum, choose;
	size_t i;
	int n, k;

	(void)state;
	/* by adding up */
	for (i = 0; i < N(ps); i++)
		for (n = 0; n <= 40; n += 8)
			for (k = 0, sum = 0, choose = 1; k <= n; k++) {
				sum += choose * pow(ps[i], k) * pow(1 - ps[i], n - k);
				choose *= (double)(n - k) / (k + 1);
				near(stats_binom_cdf(k, n, ps[i]), sum, 1e-11);
			}
	assert_true(stats_binom_cdf(-1, 5, 0.5) == 0 && stats_binom_cdf(5, 5, 0.5) == 1 &&
		    stats_binom_cdf(9, 5, 0.5) == 1);
	assert_true(stats_binom_cdf(2, 5, 0) == 1 && stats_binom_cdf(2, 5, 1) == 0);
	near(stats_binom_cdf(2.9, 5, 0.5), 0.5, 1e-14);
	assert_true(isnan(stats_binom_cdf(1, 5, 1.5)) && isnan(stats_binom_cdf(NAN, 5, 0.5)));
	/* large: (1 - C(2n, n) / 4^n) / 2 */
	near(stats_binom_cdf(499999, 1e6, 0.5), 0.4996010578193341, 1e-12);
}

static void test_power(void **state)
{
	static const struct {
		double n, d, alpha;
		int paired;
		double power;
	} q[] = {
		{ 2, 1, 0.05, 0, 0.09520175549788391 },      { 2, 1, 0.05, 1, 0.09280915505633604 },
		{ 3, 1, 0.0001, 1, 0.00039991001499797526 }, { 5, 2, 0.05, 0, 0.7905423779725688 },
		{ 5, 1, 0.01, 1, 0.12838794077932014 },      { 10, 0.3, 0.05, 1, 0.13613625849735397 },
		{ 10, 1.3, 0.05, 0, 0.7849494609978274 },    { 30, 0.01, 0.01, 0, 0.010052793283281717 },
		{ 30, 0.74, 0.05, 0, 0.8046347972895421 },   { 200, 0.3, 0.05, 0, 0.8491491166340707 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(q); i++) {
		near(stats_power(q[i].n, q[i].d, q[i].alpha, q[i].paired), q[i].power, 1e-9);
		near(stats_power(q[i].n, -q[i].d, q[i].alpha, q[i].paired), q[i].power, 1e-9);
	}
	assert_true(isnan(stats_power(1, 1, 0.05, false)) && isnan(stats_power(5, NAN, 0.05, false)));
	assert_true(isnan(stats_power(5, 1, 0, false)) && isnan(stats_power(5, 1, 1, false)));
	assert_true(stats_power(5, INFINITY, 0.05, false) == 1);
	near(stats_power(5, 1000, 0.05, false), 1, 1e-14);
}

/* More of either shows more; no effect shows as often as alpha says. */
static void test_power_grows(void **state)
{
	double d, n, before, now;
	int paired;

	(void)state;
	for (paired = 0; paired < 2; paired++) {
		for (n = 2; n < 300; n = floor(n * 1.7)) {
			near(stats_power(n, 0, 0.05, paired), 0.05, 1e-9);
			near(stats_power(n, 0, 0.001, paired), 0.001, 1e-9);
			for (d = 0, before = 0.05 - 1e-9; d < 6; d += 0.25, before = now) {
				now = stats_power(n, d, 0.05, paired);
				assert_true(now > before || now > 1 - 1e-12);
				assert_true(stats_power(n + 1, d, 0.05, paired) >= now - 1e-9);
				assert_true(stats_power(n, d, 0.01, paired) <= now);
			}
		}
	}
	/* pairs of n have half the degrees of freedom: less at the same noncentrality */
	assert_true(stats_power(5, 1, 0.05, true) < stats_power(10, 1, 0.05, false));
}

/* What the planner says is the smallest that will do, and its inverse agrees. */
static void test_plan(void **state)
{
	static const struct {
		double cv, effect, n;
	} known[] = {
		{ 0.01, 0.02, 6 }, { 0.02, 0.02, 17 },  { 0.02, 0.05, 4 },  { 0.03, 0.02, 37 },
		{ 0.03, 0.05, 7 }, { 0.05, 0.02, 100 }, { 0.05, 0.05, 17 },
	};
	static const struct {
		double n, d;
	} mde[] = {
		{ 3, 3.07 }, { 5, 2.02 }, { 8, 1.51 }, { 10, 1.32 }, { 20, 0.91 }, { 30, 0.74 },
	};
	double d, n, power;
	int paired;
	size_t i;

	(void)state;
	for (i = 0; i < N(known); i++)
		near(stats_power_n(known[i].effect / known[i].cv, 0.05, 0.8, false), known[i].n, 0);
	for (i = 0; i < N(mde); i++)
		assert_true(fabs(stats_power_mde(mde[i].n, 0.05, 0.8, false) - mde[i].d) <= 0.005);
	for (paired = 0; paired < 2; paired++)
		for (d = 0.02; d < 20; d *= 1.6)
			for (power = 0.5; power < 1; power += 0.2) {
				n = stats_power_n(d, 0.05, power, paired);
				assert_true(n >= 2 && n == floor(n));
				assert_true(stats_power(n, d, 0.05, paired) >= power);
				if (n > 2)
					assert_true(stats_power(n - 1, d, 0.05, paired) < power);
				near(stats_power(n, stats_power_mde(n, 0.05, power, paired), 0.05, paired), power,
				     1e-9);
				assert_true(stats_power_mde(n, 0.05, power, paired) <= d * (1 + 1e-9));
			}
	assert_true(isnan(stats_power_n(0, 0.05, 0.8, false)) && isnan(stats_power_n(1e-5, 0.05, 0.8, false)));
	assert_true(isnan(stats_power_n(NAN, 0.05, 0.8, false)) && isnan(stats_power_n(1, 0.05, 1, false)));
	assert_true(stats_power_n(INFINITY, 0.05, 0.8, false) == 2);
	assert_true(stats_power_mde(5, 0.05, 0.05, false) == 0 && isnan(stats_power_mde(1, 0.05, 0.8, false)));
	assert_true(stats_power_n(0.0015, 0.05, 0.8, false) > 6e6);
}

static void test_sd_upper(void **state)
{
	(void)state;
	/* pooled, n = 5 and 10: N x 1.7 and x 1.4 */
	near(stats_sd_upper(1, 8, 0.8), 1.3197, 1e-3);
	near(stats_sd_upper(1, 18, 0.8), 1.1835, 1e-3);
	near(stats_sd_upper(2.5, 8, 0.8), 2.5 * stats_sd_upper(1, 8, 0.8), 1e-15);
	assert_true(stats_sd_upper(1, 1e6, 0.8) < 1.001 && isnan(stats_sd_upper(NAN, 8, 0.8)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal),   cmocka_unit_test(test_t),        cmocka_unit_test(test_chi2),
		cmocka_unit_test(test_binomial), cmocka_unit_test(test_power),    cmocka_unit_test(test_power_grows),
		cmocka_unit_test(test_plan),     cmocka_unit_test(test_sd_upper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
