// SPDX-License-Identifier: GPL-2.0-only
/* Exact tests against what they are by definition: every assignment counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/stats/desc.h"
#include "../../analyzer/stats/rng.h"
#include "../../analyzer/stats/test.h"
#include "near.h"

#define MAX 12

/* Twice the number of pairs with a > b, ties once; in_a by bit. */
static int twice_u(const double *x, int n, unsigned int in_a)
{
	int i, j, u = 0;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			if ((in_a >> i & 1) && !(in_a >> j & 1))
				u += x[i] > x[j] ? 2 : x[i] == x[j];
	return u;
}

struct tails {
	double low, high, both, all;
};

/* Every choice of na out of na + nb values as the first sample. */
static struct tails all_splits(const double *x, int na, int nb)
{
	int n = na + nb, seen = twice_u(x, n, (1u << na) - 1), u;
	struct tails t = { 0 };
	unsigned int set;

	for (set = 0; set < 1u << n; set++) {
		if (__builtin_popcount(set) != na)
			continue;
		u = twice_u(x, n, set);
		t.all++;
		t.low += u <= seen;
		t.high += u >= seen;
		t.both += abs(u - na * nb) >= abs(seen - na * nb);
	}
	return t;
}

static void check_mwu(const double *x, int na, int nb)
{
	struct tails t = all_splits(x, na, nb);
	double twice = 2 * fmin(t.low, t.high) / t.all;
	struct stats_mwu m;

	assert_int_equal(stats_mwu(x, na, x + na, nb, &m), 0);
	assert_int_equal(m.status, STATS_OK);
	assert_true(m.exact);
	near(m.u_a, twice_u(x, na + nb, (1u << na) - 1) / 2.0, 0);
	near(m.u_a + m.u_b, na * nb, 0);
	near(m.p_exact_twicemin, fmin(1, twice), 1e-13);
	near(m.p_exact, m.ties ? t.both / t.all : fmin(1, twice), 1e-13);
	assert_true(m.p == m.p_exact);
	if (m.ties)
		assert_true(isnan(m.p_exact_min));
	else
		near(m.p_exact_min, fmin(1, 2 / t.all), 1e-13);
}

static void test_mwu_every_split(void **state)
{
	struct stats_rng rng;
	double x[MAX];
	int round, na, nb, i;

	(void)state;
	stats_rng_seed(&rng, 1);
	for (na = 1; na <= 6; na++)
		for (nb = 1; nb <= 6; nb++)
			for (round = 0; round < 8; round++) {
				/* from no ties to almost nothing but ties */
				for (i = 0; i < na + nb; i++)
					x[i] = round < 2 ? stats_rng_uniform(&rng)
							 : (double)stats_rng_below(&rng, 2 + 2 * round) - 3;
				check_mwu(x, na, nb);
			}
}

static void test_mwu_known(void **state)
{
	static const double one[] = { 1 }, same[] = { 5, 5, 5, 5 };
	double a[60], b[60];
	struct stats_mwu m;
	int i;

	(void)state;
	/* apart: 2 of C(n, k) splits. C(20,10), C(100,50) */
	for (i = 0; i < 60; i++) {
		a[i] = i;
		b[i] = 1000 + i;
	}
	stats_mwu(a, 10, b, 10, &m);
	near(m.p, 2 / 184756.0, 1e-14);
	near(m.p_exact_min, m.p, 0);
	assert_true(m.cliff == 1 && m.u_a == 0 && m.u_b == 100);
	stats_mwu(a, 50, b, 50, &m);
	near(m.p, 2 / 1.0089134454556419e29, 1e-12);
	assert_true(m.exact);
	/* past 2500 pairs: normal */
	stats_mwu(a, 51, b, 50, &m);
	assert_false(m.exact);
	assert_true(isnan(m.p_exact) && m.p == m.p_asymp && m.p < 1e-15 && m.p > 0);
	stats_mwu(one, 1, same, 4, &m);
	near(m.p, 0.2, 1e-14);
	/* nothing but ties */
	stats_mwu(same, 4, same, 3, &m);
	assert_true(m.p == 1 && m.cliff == 0 && m.ties && isnan(m.p_asymp));
	stats_mwu(one, 0, same, 4, &m);
	assert_int_equal(m.status, STATS_NO_VALUES);
	assert_true(isnan(m.p) && isnan(m.u_a) && isnan(m.cliff));
}

/* As R has them: with ties, without; continuity correction never beyond the middle. */
static void test_mwu_asymptotic(void **state)
{
	static const double a2[] = { 1, 2 }, b2[] = { 3, 5 }, five[] = { 5, 5, 5, 5, 5 };
	static const double b5[] = { 5.8288, 6.5252, 6.294, 6.1521, 6.3219 }, a4[] = { 1, 4, 6, 7 },
			    b4[] = { 2, 3, 5, 8 };
	struct stats_mwu m;

	(void)state;
	stats_mwu(a2, 2, b2, 2, &m);
	near(m.p_asymp, 0.24527811680677283, 1e-13);
	near(m.p_asymp_nocc, 0.12133525035848215, 1e-13);
	stats_mwu(five, 5, b5, 5, &m);
	near(m.p_asymp, 0.007494957516935248, 1e-13);
	near(m.p_asymp_nocc, 0.005345676872654242, 1e-13);
	stats_mwu(a4, 4, b4, 4, &m);
	near(m.u_a, 8, 0);
	assert_true(m.p_asymp == 1 && m.p_asymp_nocc == 1 && m.p_exact == 1);
}

/* The normal approximation is near the exact p where both are there. */
static void test_mwu_approximation(void **state)
{
	struct stats_rng rng;
	struct stats_mwu m;
	double x[80];
	int round, i;

	(void)state;
	stats_rng_seed(&rng, 2);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 80; i++)
			x[i] = (double)stats_rng_below(&rng, round % 2 ? 30 : 1000000000) + (i < 40 ? 0 : round);
		stats_mwu(x, 40, x + 40, 40, &m);
		assert_true(fabs(m.p_asymp - m.p_exact) < 0.001 + 0.02 * m.p_exact);
	}
}

/* Doubled midranks by counting: one for each that is smaller, half of those that are equal. */
static int twice_rank(const double *d, int n, int i)
{
	int j, r = 1;

	for (j = 0; j < n; j++)
		r += fabs(d[j]) < fabs(d[i]) ? 2 : fabs(d[j]) == fabs(d[i]);
	return r;
}

static void check_signed(const double *d, int n)
{
	int i, used = 0, rank[MAX], total = 0, v = 0, w;
	double zero[MAX] = { 0 }, kept[MAX], hits = 0;
	struct stats_signed_rank s;
	unsigned int set;

	for (i = 0; i < n; i++)
		if (d[i] != 0)
			kept[used++] = d[i];
	for (i = 0; i < used; i++) {
		rank[i] = twice_rank(kept, used, i);
		total += rank[i];
		v += kept[i] > 0 ? rank[i] : 0;
	}
	for (set = 0; set < 1u << used; set++) {
		for (i = 0, w = 0; i < used; i++)
			w += set >> i & 1 ? rank[i] : 0;
		hits += abs(2 * w - total) >= abs(2 * v - total);
	}
	assert_int_equal(stats_signed_rank(zero, d, n, 0.95, &s), 0);
	assert_int_equal(s.n, used);
	near(s.v, v / 2.0, 0);
	near(s.p, hits / (1u << used), 1e-14);
	assert_int_equal(s.status, used ? STATS_OK : STATS_ZERO_VARIANCE);
}

static void test_signed_rank_every_sign(void **state)
{
	struct stats_rng rng;
	double d[MAX];
	int n, round, i;

	(void)state;
	stats_rng_seed(&rng, 3);
	for (n = 1; n <= MAX; n++)
		for (round = 0; round < 8; round++) {
			for (i = 0; i < n; i++)
				d[i] = round < 2 ? stats_rng_uniform(&rng) - 0.3
						 : (double)stats_rng_below(&rng, 3 * round) - round;
			check_signed(d, n);
		}
}

/* Decimal fractions whose differences are equal but for rounding are ties. */
static void test_signed_rank_decimal(void **state)
{
	static const double a[] = { 0.1, 0.2, 0.3, 0.4, 1.1, 5.3 }, b[] = { 0.2, 0.3, 0.4, 0.5, 1.2, 5.2 };
	double a2[6], b2[6];
	struct stats_signed_rank s, t;
	int i, scale;

	(void)state;
	stats_signed_rank(a, b, 6, 0.95, &s);
	near(s.v, 5 * 3.5, 0);
	near(s.p, 14 / 64.0, 1e-14);
	for (scale = -18; scale <= 18; scale += 3) {
		for (i = 0; i < 6; i++) {
			a2[i] = a[i] * pow(10, scale);
			b2[i] = b[i] * pow(10, scale);
		}
		stats_signed_rank(a2, b2, 6, 0.95, &t);
		assert_true(t.v == s.v && t.p == s.p && t.n == 6);
	}
}

/* Moved to an end of the interval or inside it the test does not reject; beyond it does. */
static void test_signed_rank_inverts(void **state)
{
	double a[MAX], b[MAX], zero[MAX] = { 0 }, all[MAX * MAX];
	struct stats_signed_rank s, t;
	struct stats_rng rng;
	int n, i, j, k, side;

	(void)state;
	stats_rng_seed(&rng, 5);
	for (n = 6; n <= MAX; n++) {
		for (i = 0, k = 0; i < n; i++) {
			b[i] = stats_rng_uniform(&rng) - 0.2;
			for (j = 0; j <= i; j++)
				all[k++] = (b[i] + b[j]) / 2;
		}
		stats_signed_rank(zero, b, n, 0.95, &s);
		near(s.estimate, stats_median(all, k), 1e-12);
		assert_true(s.achieved >= 0.95);
		for (side = 0; side < 4; side++) {
			bool upper = side & 1, outside = side < 2;

			for (i = 0; i < n; i++)
				a[i] = (upper ? s.hi : s.lo) + (upper == outside ? 1e-6 : -1e-6);
			stats_signed_rank(a, b, n, 0.95, &t);
			assert_true(outside ? t.p <= 0.05 : t.p > 0.05);
		}
	}
	/* 5 differences cannot give 95 % */
	stats_signed_rank(zero, b, 5, 0.95, &s);
	near(s.achieved, 1 - 2.0 / 32, 1e-14);
	/* more than are counted: the last one, a middling one, changes little but the approximation */
	double many[201], none[201] = { 0 };

	for (i = 0; i < 200; i++)
		many[i] = stats_rng_uniform(&rng) - 0.46;
	many[200] = 0.04;
	stats_signed_rank(none, many, 200, 0.95, &s);
	stats_signed_rank(none, many, 201, 0.95, &t);
	assert_true(s.exact && !t.exact && s.p < 0.9);
	near(t.p, s.p, 0.1);
	assert_true(fabs(s.lo - t.lo) < 0.01 && fabs(s.hi - t.hi) < 0.01);
	near(t.achieved, 0.95, 1e-3);
}

static void test_signflip(void **state)
{
	double d[15], zero[15] = { 0 }, sum, seen, hits;
	struct stats_paired p;
	struct stats_rng rng;
	unsigned int set;
	int n, i;

	(void)state;
	stats_rng_seed(&rng, 4);
	for (n = 1; n <= 15; n++) {
		for (i = 0, seen = 0; i < n; i++) {
			d[i] = (double)stats_rng_below(&rng, 9) - 3; /* whole: sums are exact */
			seen += d[i];
		}
		for (set = 0, hits = 0; set < 1u << n; set++) {
			for (i = 0, sum = 0; i < n; i++)
				sum += set >> i & 1 ? d[i] : -d[i];
			hits += fabs(sum) >= fabs(seen);
		}
		stats_paired(zero, d, n, 0.95, &p);
		near(p.signflip_p, hits / (1u << n), 1e-14);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mwu_every_split),     cmocka_unit_test(test_mwu_known),
		cmocka_unit_test(test_mwu_asymptotic),      cmocka_unit_test(test_signed_rank_inverts),
		cmocka_unit_test(test_mwu_approximation),   cmocka_unit_test(test_signed_rank_every_sign),
		cmocka_unit_test(test_signed_rank_decimal), cmocka_unit_test(test_signflip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
