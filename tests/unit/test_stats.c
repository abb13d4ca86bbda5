// SPDX-License-Identifier: GPL-2.0-only
/* Known answers from R and high-precision arithmetic. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/stats/desc.h"
#include "../../analyzer/stats/dist.h"
#include "../../analyzer/stats/test.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void near(double got, double want, double rel)
{
	double d = fabs(got - want), tol = rel * fabs(want) + 1e-14;

	if (!(d <= tol))
		fail_msg("got %.17g, want %.17g", got, want);
}

static void welch_case(const double *a, size_t na, const double *b, size_t nb, double t, double df, double p, double lo,
		       double hi, double lo99, double hi99)
{
	struct stats_welch w;

	stats_welch(a, na, b, nb, 0.95, &w);
	assert_int_equal(w.status, STATS_OK);
	near(w.t, t, 1e-10);
	near(w.df, df, 1e-12);
	near(w.p, p, 1e-10);
	near(w.lo, lo, 1e-10);
	near(w.hi, hi, 1e-10);
	stats_welch(a, na, b, nb, 0.99, &w);
	near(w.lo, lo99, 1e-10);
	near(w.hi, hi99, 1e-10);
}

static void test_welch(void **state)
{
	static const double a2[] = { 1, 2 }, b2[] = { 3, 5 };
	static const double a10[] = { 100.2094, 98.3869, 101.7839, 98.1429, 97.7287, 101.0269, 102.6381, 102.5516, 102.7112, 100.8059 };
	static const double b10[] = { 98.0575, 99.6054, 102.49, 103.4976, 98.9679, 102.5904, 98.8664, 100.1078, 102.146, 99.343 };
	static const double a5[] = { 5, 5, 5, 5, 5 }, b5[] = { 5.8288, 6.5252, 6.294, 6.1521, 6.3219 };

	(void)state;
	welch_case(a2, 2, b2, 2, 2.23606797749979, 1.4705882352941175, 0.19872738893452613, -4.418522830071069, 9.418522830071069,
		   -18.417105403156658, 23.417105403156658);
	welch_case(a10, 10, b10, 10, -0.03643480600337635, 17.99993778357389, 0.9713366918950433, -1.839069856496853,
		   1.776369856496858, -2.50807912128475, 2.445379121284755);
	welch_case(a5, 5, b5, 5, 10.605782159211065, 4.0, 0.00044737236469474996, 0.9038692427421064, 1.5449307572578934,
		   0.6928735481215775, 1.7559264518784223);
}

static void test_welch_edges(void **state)
{
	static const double one[] = { 3 }, same[] = { 4, 4, 4 }, other[] = { 5, 5 };
	struct stats_welch w;

	(void)state;
	stats_welch(one, 1, same, 3, 0.95, &w);
	assert_int_equal(w.status, STATS_TOO_FEW);
	near(w.diff, 1, 0);
	assert_true(isnan(w.p) && isnan(w.lo) && isnan(w.hi) && isnan(w.df));
	stats_welch(same, 3, other, 2, 0.95, &w);
	assert_int_equal(w.status, STATS_ZERO_VARIANCE);
	assert_true(w.p == 0 && w.lo == 1 && w.hi == 1);
	stats_welch(same, 3, same, 3, 0.95, &w);
	assert_true(w.p == 1 && w.diff == 0);
	stats_welch(one, 0, same, 3, 0.95, &w);
	assert_true(isnan(w.diff) && isnan(w.p));
}

static void test_describe(void **state)
{
	static const double n11[] = { 8.26173e-07, 8.66336e-07, 8.63889e-07, 9.64838e-07, 7.68742e-07, 9.8111e-07, 9.04277e-07,
				      1.08936e-06, 1.095685e-06, 1.139226e-06, 1.076747e-06 };
	static const double one[] = { 42 }, zeros[5], even[] = { 4, 1, 3, 2 };
	struct stats_desc d;

	(void)state;
	stats_describe(n11, N(n11), &d);
	near(d.mean, 9.614893636363637e-07, 1e-12);
	near(d.stddev, 1.2527789048692728e-07, 1e-12);
	near(d.median, 9.64838e-07, 0);
	near(d.cv, 0.13029565923966633, 1e-12);
	assert_true(d.min == 7.68742e-07 && d.max == 1.139226e-06);
	stats_describe(one, 1, &d);
	assert_true(d.mean == 42 && d.median == 42 && isnan(d.stddev) && isnan(d.cv));
	stats_describe(zeros, 5, &d);
	assert_true(d.mean == 0 && d.stddev == 0 && isnan(d.cv));
	stats_describe(even, 4, &d);
	near(d.median, 2.5, 0);
	stats_describe(even, 0, &d);
	assert_true(d.n == 0 && isnan(d.mean) && isnan(d.min) && isnan(d.median));
}

/* A big common offset, identical values, squares out of range: where naive sums fail. */
static void test_hard_sums(void **state)
{
	static const double big[] = { 1e15 + 1, 1e15 + 2, 1e15 + 3 }, same[] = { 0.1, 0.1, 0.1, 0.1 };
	static const double huge[] = { 1e200, 3e200 }, tiny[] = { 1e-200, 3e-200 };

	(void)state;
	near(stats_variance(big, 3), 1, 1e-12);
	near(stats_mean(big, 3), 1e15 + 2, 0);
	assert_true(stats_variance(same, 4) == 0);
	assert_true(stats_mean(same, 4) == 0.1);
	near(stats_mean(huge, 2), 2e200, 1e-15);
	near(stats_mean(tiny, 2), 2e-200, 1e-15);
}

static void test_quantiles(void **state)
{
	static const struct { double level, df, t; } q[] = {
		{ 0.95, 1, 12.706204736174705 }, { 0.95, 2, 4.302652729749464 }, { 0.95, 10, 2.2281388519862744 },
		{ 0.95, 30, 2.0422724563012378 }, { 0.99, 5, 4.032142983555228 }, { 0.90, 4, 2.131846786326649 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(q); i++)
		near(stats_t_quantile(q[i].level, q[i].df), q[i].t, 1e-11);
	/* there and back, also with fractional degrees of freedom */
	for (i = 0; i < 50; i++) {
		double df = 1 + 0.37 * (double)i, t = stats_t_quantile(0.95, df);

		near(stats_t_two_sided(t, df), 0.05, 1e-12);
	}
	near(stats_t_two_sided(0, 5), 1, 0);
	near(stats_t_two_sided(1e-8, 5), 1 - 2 * 1e-8 * 0.3796066898224944, 1e-15);
	assert_true(stats_t_two_sided(INFINITY, 5) == 0);
	assert_true(isnan(stats_t_two_sided(1, 0)) && isnan(stats_t_quantile(1, 5)));
	near(stats_t_two_sided(50, 100), 1.5203e-72, 1e-1); /* the far tail does not become 0 */
}

static void test_beta(void **state)
{
	(void)state;
	near(stats_beta_inc(2, 3, 0.5), 0.6875, 1e-14);
	near(stats_beta_inc(0.5, 0.5, 0.25), 1.0 / 3, 1e-14);
	near(stats_beta_inc(1, 1, 0.125), 0.125, 1e-14);
	near(stats_beta_inc(100, 100, 0.5), 0.5, 1e-12);
	assert_true(stats_beta_inc(2, 3, 0) == 0 && stats_beta_inc(2, 3, 1) == 1 && isnan(stats_beta_inc(0, 1, 0.5)));
}

static void test_clean(void **state)
{
	double x[] = { 1, NAN, 2, INFINITY, -INFINITY, 3 };

	(void)state;
	assert_int_equal(stats_clean(x, N(x)), 3);
	assert_true(x[0] == 1 && x[1] == 2 && x[2] == 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_welch), cmocka_unit_test(test_welch_edges), cmocka_unit_test(test_describe),
		cmocka_unit_test(test_hard_sums), cmocka_unit_test(test_quantiles), cmocka_unit_test(test_beta),
		cmocka_unit_test(test_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
