// SPDX-License-Identifier: GPL-2.0-only
/* Verdicts: the test that the design asks for, units, families, words in place of numbers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/compare/show.h"

/* Two arms or more of a metric; iteration i of arm k starts at start[k] + i * step (NaN: not known). */
struct plan {
	size_t n;
	double start, step;
	const char *boot; /* prefix; with % one boot an iteration */
};

static void arm(struct cmp *c, const char *name, const struct plan *p)
{
	struct cmp_arm *a = cmp_arm(c, name);
	size_t i;
	char boot[32];

	assert_non_null(a);
	for (i = 0; i < p->n; i++) {
		struct cmp_iteration *it = cmp_iteration(a, name, (unsigned int)i + 1);

		it->complete = it->traced = true;
		it->start = p->start + (double)i * p->step;
		if (!p->boot)
			continue;
		snprintf(boot, sizeof(boot), strchr(p->boot, '%') ? "%.8s%zu" : "%.8s", p->boot, i);
		it->boot_id = strdup(boot);
	}
}

static int metric(struct cmp *c, const char *name, enum metric_direction better, enum cmp_source source)
{
	return cmp_metric(c, name, "s", better, source);
}

static void values(struct cmp *c, int m, size_t k, const double *x)
{
	size_t i;

	for (i = 0; i < c->arm[k].n_iter; i++)
		assert_int_equal(cmp_value(c, (uint32_t)m, &c->arm[k], &c->arm[k].iter[i], x[i]), 0);
}

/* base + the noise of a fixed list, scaled */
static void noisy(double *x, size_t n, double base, double scale, size_t shift)
{
	static const double z[] = { 0.3, -1.1, 0.8, -0.2, 1.4, -0.7, 0.1, -1.6, 0.6, -0.4, 1.0, 0.2, -0.9 };
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = base * (1 + scale * z[(i + shift) % 13]);
}

static struct cmp_result decide(struct cmp *c, const struct cmp_opts *o)
{
	struct cmp_result r;

	assert_int_equal(cmp_decide(c, o, &r), 0);
	return r;
}

/* One metric, lower is better, n units an arm, unblocked, b = a * factor. */
static enum cmp_verdict verdict(size_t n, double factor, double noise, enum cmp_test *test)
{
	const struct plan a = { n, NAN, 0, NULL };
	struct cmp_result r;
	enum cmp_verdict v;
	double x[32];
	struct cmp c;
	int m;

	cmp_init(&c);
	arm(&c, "a", &a);
	arm(&c, "b", &a);
	m = metric(&c, "time", METRIC_LOWER, CMP_BENCHMARK);
	noisy(x, n, 10, noise, 0);
	values(&c, m, 0, x);
	noisy(x, n, 10 * factor, noise, 5);
	values(&c, m, 1, x);
	r = decide(&c, NULL);
	v = r.row[1].verdict;
	if (test)
		*test = r.row[1].test;
	cmp_result_free(&r);
	cmp_free(&c);
	return v;
}

static void test_verdicts(void **state)
{
	enum cmp_test t;

	(void)state;
	assert_int_equal(verdict(7, 1.2, 0.01, &t), CMP_WORSE);
	assert_int_equal(t, CMP_TEST_WELCH_LOG);
	assert_int_equal(verdict(8, 1.2, 0.01, &t), CMP_WORSE);
	assert_int_equal(t, CMP_TEST_MWU);
	assert_int_equal(verdict(10, 0.9, 0.01, NULL), CMP_BETTER);
	assert_int_equal(verdict(10, 1.005, 0.0005, NULL), CMP_TINY);
	assert_int_equal(verdict(10, 1.0001, 0.001, NULL), CMP_SAME);
	assert_int_equal(verdict(6, 1.01, 0.05, NULL), CMP_UNCLEAR);
	assert_int_equal(verdict(4, 1.3, 0.01, NULL), CMP_INDICATIVE);
	assert_int_equal(verdict(2, 1.3, 0.001, NULL), CMP_INDICATIVE);
	assert_int_equal(verdict(2, 1, 0.00001, NULL), CMP_INDICATIVE); /* not SAME */
	assert_int_equal(verdict(3, 1, 0.00001, NULL), CMP_SAME);
	assert_int_equal(verdict(1, 1.3, 0.001, &t), CMP_NO_VERDICT);
	assert_int_equal(t, CMP_TEST_NONE);
	/* deterministic: no spread at all */
	assert_int_equal(verdict(5, 1.3, 0, NULL), CMP_WORSE);
	assert_int_equal(verdict(5, 1, 0, NULL), CMP_SAME);
}

static void two_arms(struct cmp *c, const struct plan *a, const struct plan *b, double fa, double fb, double noise)
{
	double x[32];
	int m;

	cmp_init(c);
	arm(c, "a", a);
	arm(c, "b", b);
	m = metric(c, "rate", METRIC_HIGHER, CMP_BENCHMARK);
	noisy(x, a->n, fa, noise, 0);
	values(c, m, 0, x);
	noisy(x, b->n, fb, noise, 5);
	values(c, m, 1, x);
}

static void test_design(void **state)
{
	const struct plan a = { 6, 0, 100, "same" }, b = { 6, 50, 100, "same" };       /* A B A B ... */
	const struct plan late = { 6, 1000, 100, "same" }, other = { 6, 1000, 100, "other" };
	const struct plan boots_a = { 6, 0, 100, "a%" }, boots_b = { 6, 50, 100, "b%" };
	struct cmp_opts unpaired = { .unpaired = true };
	struct cmp_result r;
	struct cmp c;

	(void)state;
	two_arms(&c, &a, &b, 100, 120, 0.01);
	r = decide(&c, NULL);
	assert_int_equal(r.design.order, CMP_ORDER_BLOCKS);
	assert_int_equal(r.design.n_blocks, 6);
	assert_int_equal(r.row[1].test, CMP_TEST_PAIRED_LOG);
	assert_int_equal(r.row[1].n_tested, 6);
	assert_int_equal(r.row[1].verdict, CMP_BETTER);
	cmp_result_free(&r);
	r = decide(&c, &unpaired);
	assert_int_equal(r.row[1].test, CMP_TEST_WELCH_LOG);
	cmp_result_free(&r);
	/* an iteration left out takes its block along */
	c.arm[0].iter[2].excluded = true;
	r = decide(&c, NULL);
	assert_int_equal(r.row[0].n_unit, 5);
	assert_int_equal(r.row[1].n_unit, 6);
	assert_int_equal(r.row[1].n_tested, 5);
	cmp_result_free(&r);
	cmp_free(&c);

	two_arms(&c, &a, &late, 100, 120, 0.01);
	r = decide(&c, NULL);
	assert_int_equal(r.design.order, CMP_ORDER_SEQUENTIAL);
	assert_false(r.design.confounded_boot);
	assert_int_equal(r.row[1].verdict, CMP_BETTER);
	cmp_result_free(&r);
	cmp_free(&c);

	two_arms(&c, &a, &other, 100, 120, 0.01);
	r = decide(&c, NULL);
	assert_true(r.design.confounded_boot);
	assert_int_equal(r.row[1].verdict, CMP_CONFOUNDED);
	assert_string_equal(r.row[1].verdict_why, "1 boot an arm");
	cmp_result_free(&r);
	cmp_free(&c);

	two_arms(&c, &boots_a, &boots_b, 100, 120, 0.01);
	r = decide(&c, NULL);
	assert_false(r.design.confounded_boot);
	assert_int_equal(r.row[1].verdict, CMP_BETTER);
	cmp_result_free(&r);
	cmp_free(&c);
}

/* Iterations of one boot are one value: 3 boots of 2 iterations are 3 units, not 6. */
static void test_boots(void **state)
{
	const struct plan a = { 6, NAN, 0, NULL };
	static const double x[] = { 10, 12, 20, 22, 30, 32 };
	struct cmp_result r;
	char boot[16];
	struct cmp c;
	size_t k, i;
	int m;

	(void)state;
	cmp_init(&c);
	arm(&c, "a", &a);
	arm(&c, "b", &a);
	for (k = 0; k < 2; k++)
		for (i = 0; i < 6; i++) {
			snprintf(boot, sizeof(boot), "%zu.%zu", k, i / 2);
			c.arm[k].iter[i].boot_id = strdup(boot);
		}
	m = metric(&c, "time", METRIC_LOWER, CMP_BENCHMARK);
	values(&c, m, 0, x);
	values(&c, m, 1, x);
	r = decide(&c, NULL);
	assert_int_equal(r.design.unit, CMP_UNIT_BOOT);
	assert_int_equal(r.row[0].n_unit, 3);
	assert_true(r.row[0].unit[0].value == 11 && r.row[0].unit[1].value == 21 && r.row[0].unit[2].value == 31);
	cmp_result_free(&r);
	cmp_free(&c);
}

/* Samples of one iteration: units of their own only where each is a process of its own. */
static void test_runs(void **state)
{
	const struct plan a = { 2, NAN, 0, NULL };
	struct cmp_opts all = { .unit = CMP_UNIT_RUN };
	struct cmp_result r;
	struct cmp c;
	size_t i, k;
	int m;

	(void)state;
	cmp_init(&c);
	arm(&c, "a", &a);
	m = metric(&c, "time", METRIC_LOWER, CMP_BENCHMARK);
	for (i = 0; i < 2; i++)
		for (k = 0; k < 3; k++)
			cmp_value(&c, (uint32_t)m, &c.arm[0], &c.arm[0].iter[i], (double)(10 * i + k));
	r = decide(&c, NULL);
	assert_int_equal(r.row[0].n_unit, 2);
	assert_true(r.row[0].unit[1].value == 11);
	cmp_result_free(&r);
	r = decide(&c, &all);
	assert_int_equal(r.row[0].n_unit, 6);
	cmp_result_free(&r);
	c.metric[m].fresh = true;
	r = decide(&c, NULL);
	assert_int_equal(r.design.unit, CMP_UNIT_RUN);
	assert_int_equal(r.row[0].n_unit, 6);
	cmp_result_free(&r);
	cmp_free(&c);
}

/* A machine that slows down, arm after arm: the verdict is capped, unless the drift cannot make the difference. */
static void test_drift(void **state)
{
	const struct plan a = { 8, 0, 100, "same" }, b = { 8, 1000, 100, "same" };
	struct cmp_result r;
	struct cmp c;
	double x[8], y[8];
	size_t i;
	int m;

	(void)state;
	for (i = 0; i < 8; i++) {
		x[i] = 100 * (1 + 0.005 * (double)i);
		y[i] = 100 * (1 + 0.005 * (double)(i + 8));
	}
	cmp_init(&c);
	arm(&c, "a", &a);
	arm(&c, "b", &b);
	m = metric(&c, "time", METRIC_LOWER, CMP_BENCHMARK);
	values(&c, m, 0, x);
	values(&c, m, 1, y);
	r = decide(&c, NULL);
	assert_true(r.row[1].p < 0.001);
	assert_int_equal(r.row[1].verdict, CMP_CONFOUNDED);
	assert_string_equal(r.row[1].verdict_why, "order");
	cmp_result_free(&r);
	for (i = 0; i < c.n_values; i++)
		if (c.value[i].arm)
			c.value[i].value *= 1.5;
	r = decide(&c, NULL);
	assert_int_equal(r.row[1].verdict, CMP_WORSE);
	cmp_result_free(&r);
	cmp_free(&c);
}

static void test_words(void **state)
{
	const struct plan a = { 6, NAN, 0, NULL };
	double x[6], zero[6] = { 0 };
	struct cmp_result r;
	struct cmp c;
	int id[5];

	(void)state;
	noisy(x, 6, 10, 0.01, 0);
	cmp_init(&c);
	arm(&c, "a", &a);
	arm(&c, "b", &a);
	id[0] = metric(&c, "only b", METRIC_LOWER, CMP_BENCHMARK);
	id[1] = metric(&c, "only a", METRIC_LOWER, CMP_BENCHMARK);
	id[2] = metric(&c, "units", METRIC_LOWER, CMP_BENCHMARK);
	id[3] = metric(&c, "zero", METRIC_LOWER, CMP_BENCHMARK);
	id[4] = metric(&c, "both zero", METRIC_LOWER, CMP_BENCHMARK);
	values(&c, id[0], 1, x);
	values(&c, id[1], 0, x);
	values(&c, id[2], 0, x);
	assert_int_equal(cmp_metric(&c, "units", "MiB", METRIC_LOWER, CMP_BENCHMARK), id[2]);
	values(&c, id[2], 1, x);
	values(&c, id[3], 0, zero);
	values(&c, id[3], 1, x);
	values(&c, id[4], 0, zero);
	values(&c, id[4], 1, zero);
	r = decide(&c, NULL);
	assert_string_equal(cmp_row(&c, &r, 0, 1)->word, "no baseline");
	assert_string_equal(cmp_row(&c, &r, 1, 1)->word, "no value");
	assert_int_equal(cmp_row(&c, &r, 1, 1)->missing, 6);
	assert_string_equal(cmp_row(&c, &r, 2, 1)->word, "other unit");
	assert_string_equal(cmp_row(&c, &r, 3, 1)->word, "from 0");
	assert_int_equal(cmp_row(&c, &r, 3, 1)->verdict, CMP_WORSE);
	assert_int_equal(cmp_row(&c, &r, 4, 1)->verdict, CMP_SAME);
	cmp_result_free(&r);
	cmp_free(&c);
}

/* 20 metrics of which one barely passes alone: not after Holm. Kernel metrics are a family of their own. */
static void test_families(void **state)
{
	const struct plan a = { 6, NAN, 0, NULL };
	struct cmp_opts one = { .primary = "m0" };
	struct cmp_result r;
	char name[16];
	double x[6], y[6];
	struct cmp c;
	size_t i, k;

	(void)state;
	cmp_init(&c);
	arm(&c, "a", &a);
	arm(&c, "b", &a);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "m%zu", i);
		noisy(x, 6, 10, 0.02, i);
		noisy(y, 6, i ? 10 : 10.35, 0.02, i + 4);
		k = (size_t)metric(&c, name, METRIC_LOWER, i < 10 ? CMP_BENCHMARK : CMP_KERNEL);
		values(&c, (int)k, 0, x);
		values(&c, (int)k, 1, y);
	}
	r = decide(&c, NULL);
	assert_int_equal(r.family[CMP_BENCHMARK], 10);
	assert_int_equal(r.family[CMP_KERNEL], 10);
	assert_true(cmp_row(&c, &r, 0, 1)->p < 0.05);
	assert_true(cmp_row(&c, &r, 0, 1)->p_adj >= 0.05);
	assert_int_equal(cmp_row(&c, &r, 0, 1)->verdict, CMP_UNCLEAR);
	assert_true(cmp_row(&c, &r, 0, 1)->need > 0);
	cmp_result_free(&r);
	r = decide(&c, &one);
	assert_int_equal(r.family[CMP_BENCHMARK], 1);
	assert_int_equal(r.family[CMP_KERNEL], 19);
	assert_int_equal(cmp_row(&c, &r, 0, 1)->verdict, CMP_WORSE);
	cmp_result_free(&r);
	cmp_free(&c);
}

/* 8 blocks give ranks a p of 1/128 at best: with more than 6 tests Holm would never let one pass. */
static void test_coarse_ranks(void **state)
{
	const struct plan a = { 8, 0, 100, "same" }, b = { 8, 50, 100, "same" };
	struct cmp_result r;
	size_t n, i;
	char name[16];
	struct cmp c;
	double x[8];
	int m;

	(void)state;
	for (n = 6; n <= 7; n++) {
		cmp_init(&c);
		arm(&c, "a", &a);
		arm(&c, "b", &b);
		for (i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "m%zu", i);
			m = metric(&c, name, METRIC_LOWER, CMP_BENCHMARK);
			noisy(x, 8, 10, 0.01, i);
			values(&c, m, 0, x);
			noisy(x, 8, 20, 0.01, i + 5);
			values(&c, m, 1, x);
		}
		r = decide(&c, NULL);
		assert_int_equal(r.planned, n);
		assert_int_equal(r.row[1].test, n == 6 ? CMP_TEST_SIGNED_RANK : CMP_TEST_PAIRED_LOG);
		assert_int_equal(r.row[1].verdict, CMP_WORSE);
		cmp_result_free(&r);
		cmp_free(&c);
	}
}

/* Everything an arm's order of iterations could change: nothing. */
static void test_permuted(void **state)
{
	const struct plan a = { 9, NAN, 0, NULL };
	struct cmp_result r[2];
	double x[9], y[9];
	struct cmp c[2];
	size_t k, i;
	int m;

	(void)state;
	noisy(x, 9, 10, 0.03, 0);
	noisy(y, 9, 10.4, 0.03, 3);
	for (k = 0; k < 2; k++) {
		cmp_init(&c[k]);
		arm(&c[k], "a", &a);
		arm(&c[k], "b", &a);
		m = metric(&c[k], "t", METRIC_LOWER, CMP_BENCHMARK);
		values(&c[k], m, 0, x);
		values(&c[k], m, 1, y);
		for (i = 0; i < 4; i++) {
			double t = x[i];

			x[i] = x[8 - i];
			x[8 - i] = t;
		}
		r[k] = decide(&c[k], NULL);
	}
	assert_true(r[0].row[1].p == r[1].row[1].p);
	assert_true(r[0].row[1].ratio == r[1].row[1].ratio && r[0].row[1].lo == r[1].row[1].lo);
	for (k = 0; k < 2; k++) {
		cmp_result_free(&r[k]);
		cmp_free(&c[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_design),
		cmocka_unit_test(test_boots),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_coarse_ranks),
		cmocka_unit_test(test_permuted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
