// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../analyzer/stats/modes.h"

static void test_two(void **state)
{
	struct stats_modes m;
	double x[24];
	size_t i;

	(void)state;
	for (i = 0; i < 24; i++)
		x[i] = i % 3 ? 100 + 0.1 * (double)i : 110 + 0.1 * (double)i;
	assert_int_equal(stats_two_modes(x, 24, &m), 1);
	assert_true(m.lo > 100 && m.lo < 103 && m.hi > 110 && m.hi < 113);
	assert_true(fabs(m.hi_share - 1.0 / 3) < 1e-12);
	assert_int_equal(stats_two_modes(x, 19, &m), 0); /* too few to say */
}

static void test_one(void **state)
{
	struct stats_modes m;
	double x[40];
	size_t i;

	(void)state;
	for (i = 0; i < 40; i++)
		x[i] = (double)((i * 7) % 40);
	assert_int_equal(stats_two_modes(x, 40, &m), 0);
	x[3] = 1e6; /* an outlier is no mode */
	assert_int_equal(stats_two_modes(x, 40, &m), 0);
	for (i = 0; i < 40; i++)
		x[i] = 5;
	assert_int_equal(stats_two_modes(x, 40, &m), 0);
	assert_true(isnan(m.lo));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_two), cmocka_unit_test(test_one) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
