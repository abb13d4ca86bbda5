// SPDX-License-Identifier: GPL-2.0-only
/* gate, aa and plan: known answers, without files but for the history. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../analyzer/gate/aa.h"
#include "../../analyzer/gate/gate.h"
#include "../../analyzer/gate/plan.h"

static void near(double got, double want, double rel)
{
	if (!(fabs(got - want) <= rel * fabs(want) + 1e-12))
		fail_msg("got %.17g, want %.17g", got, want);
}

/* An arm of n iterations, one value of each metric in each; start times a second apart from `from`, `step` between. */
static void add_arm(struct cmp *c, const char *name, size_t n, double from, double step)
{
	struct cmp_arm *a = cmp_arm(c, name);
	size_t i;

	assert_non_null(a);
	for (i = 0; i < n; i++) {
		struct cmp_iteration *it = cmp_iteration(a, name, (unsigned int)i);

		assert_non_null(it);
		it->complete = true;
		it->start = from + step * (double)i;
	}
}

static void put(struct cmp *c, size_t arm, const char *metric, enum metric_direction better, const double *x, size_t n)
{
	int id = cmp_metric(c, metric, "s", better, CMP_BENCHMARK);
	size_t i;

	assert_true(id >= 0);
	for (i = 0; i < n; i++)
		assert_int_equal(cmp_value(c, (uint32_t)id, &c->arm[arm], &c->arm[arm].iter[i], x[i]), 0);
}

static const double base[] = { 10, 10.1, 9.9, 10.05, 9.95, 10, 10.02, 9.98, 10.03, 9.97 };

static void scaled(double *to, double by)
{
	size_t i;

	for (i = 0; i < 10; i++)
		to[i] = base[i] * by;
}

static struct gate judged(struct cmp *c, struct cmp_result *r, const struct gate_opts *o)
{
	struct gate g;

	assert_int_equal(gate_select(c, o), 0);
	assert_int_equal(cmp_decide(c, NULL, r), 0);
	assert_int_equal(gate_judge(c, r, o, &g), 0);
	return g;
}

static void two_arms(struct cmp *c, double time, double rate)
{
	double x[10];

	cmp_init(c);
	add_arm(c, "a", 10, NAN, 1);
	add_arm(c, "b", 10, NAN, 1);
	put(c, 0, "time", METRIC_LOWER, base, 10);
	put(c, 0, "rate", METRIC_HIGHER, base, 10);
	scaled(x, time);
	put(c, 1, "time", METRIC_LOWER, x, 10);
	scaled(x, rate);
	put(c, 1, "rate", METRIC_HIGHER, x, 10);
}

static void test_outcomes(void **state)
{
	static const struct { double time, rate, threshold; int status; } cases[] = {
		{ 1, 1, NAN, 0 }, { 1.2, 1, NAN, 1 }, { 1, 0.8, NAN, 1 }, { 0.8, 1.2, NAN, 0 }, { 1.02, 1, NAN, 1 },
		{ 1.02, 1, 0.05, 0 }, { 1.2, 1, 0.05, 1 }, { 1.008, 1, NAN, 0 }, { 1.02, 1, 0.019, 1 },
	};
	struct gate_opts o;
	struct cmp_result r;
	struct gate_rule *rule;
	struct gate g;
	struct cmp c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		two_arms(&c, cases[i].time, cases[i].rate);
		gate_opts_init(&o);
		if (!isnan(cases[i].threshold)) {
			rule = gate_rule_add(&o, "ti*", "test");
			assert_non_null(rule);
			rule->threshold = cases[i].threshold;
		}
		g = judged(&c, &r, &o);
		if (gate_status(&g) != cases[i].status)
			fail_msg("case %zu: status %d", i, gate_status(&g));
		assert_int_equal(g.n, 2);
		gate_free(&g);
		cmp_result_free(&r);
		gate_opts_free(&o);
		cmp_free(&c);
	}
}

/* A floor from A/A stands above a threshold that the user set lower. */
static void test_floor(void **state)
{
	struct gate_opts o;
	struct cmp_result r;
	struct gate g;
	struct cmp c;

	(void)state;
	two_arms(&c, 1.02, 1);
	c.metric[0].floor.rel = 0.03;
	gate_opts_init(&o);
	gate_rule_add(&o, "time", "test")->threshold = 0.005;
	g = judged(&c, &r, &o);
	assert_int_equal(gate_status(&g), 0);
	near(cmp_row(&c, &r, 0, 1)->min_effect, 0.03, 1e-12);
	assert_int_equal(cmp_row(&c, &r, 0, 1)->verdict, CMP_UNCLEAR);
	assert_string_equal(cmp_row(&c, &r, 0, 1)->verdict_why, "below the A/A floor");
	gate_free(&g);
	cmp_result_free(&r);
	gate_opts_free(&o);
	cmp_free(&c);
}

/* What is not gated is no test: p is adjusted for what is. */
static void test_family(void **state)
{
	struct gate_opts o;
	struct cmp_result r;
	struct gate g;
	struct cmp c;
	char bad[20];

	(void)state;
	two_arms(&c, 1.2, 0.5);
	gate_opts_init(&o);
	assert_int_equal(gate_metrics_add(&o, " time , nothing*"), 0);
	assert_int_equal(gate_select(&c, &o), -ENODATA);
	gate_opts_free(&o);
	gate_opts_init(&o);
	assert_int_equal(gate_metrics_add(&o, "time"), 0);
	g = judged(&c, &r, &o);
	assert_int_equal(g.n, 1);
	assert_int_equal(r.family[CMP_BENCHMARK], 1);
	assert_int_equal(gate_policy(&o, "unclear, Missing", GATE_FAIL, bad, sizeof(bad)), 0);
	assert_int_equal(o.policy[GATE_MISSING], GATE_FAIL);
	assert_int_equal(gate_policy(&o, "unclear,ok", GATE_FAIL, bad, sizeof(bad)), -EINVAL);
	assert_string_equal(bad, "ok");
	gate_free(&g);
	cmp_result_free(&r);
	gate_opts_free(&o);
	cmp_free(&c);
}

static void test_match(void **state)
{
	(void)state;
	assert_true(gate_match("time-8", "time-8"));
	assert_true(gate_match("time-*", "time-8"));
	assert_true(gate_match("sched.migrations", "sched.migrations.smt"));
	assert_false(gate_match("time", "time-8"));
	assert_true(gate_match("a[1]", "a[1]"));
	assert_false(gate_match("", "time"));
}

/* ------------------------------------------------------------------------ aa */

static void test_binomial(void **state)
{
	double lo, hi;

	(void)state;
	/* R: binom.test(1, 20), (0, 10), (10, 10) */
	aa_binomial(1, 20, 0.95, &lo, &hi);
	near(lo, 0.001265089, 1e-6);
	near(hi, 0.2487328, 1e-6);
	aa_binomial(0, 10, 0.95, &lo, &hi);
	near(lo, 0, 0);
	near(hi, 0.3084971, 1e-6);
	aa_binomial(10, 10, 0.95, &lo, &hi);
	near(lo, 0.6915029, 1e-6);
	near(hi, 1, 0);
	aa_binomial(0, 0, 0.95, &lo, &hi);
	assert_true(isnan(lo) && isnan(hi));
}

/* 11 pairs with differences of 0, 1, ... 10 %: the 95th percentile is 9.5 */
static void test_history(void **state)
{
	char path[] = "/tmp/mmt-aa-XXXXXX", why[200], id[20];
	struct aa_store s = { 0 }, back;
	struct aa_history *h;
	struct aa_sum sum;
	int fd = mkstemp(path), i, round;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	assert_int_equal(aa_store_load(path, &back, why, sizeof(why)), -ENOENT);
	h = aa_store_history(&s, "host", "bench", "runs");
	assert_non_null(h);
	for (round = 0; round < 2; round++) { /* the same pairs again replace the first */
		for (i = 0; i <= 10; i++) {
			struct aa_pair *p;

			snprintf(id, sizeof(id), "a%d/b", i);
			p = aa_history_pair(h, id);
			assert_non_null(p);
			p->units = 5;
			assert_int_equal(aa_pair_delta(p, (struct aa_delta){ (char *)"m\"\x01\n", CMP_BENCHMARK, i % 2 ? -i : i, i == 10, false }), 0);
			assert_int_equal(aa_pair_delta(p, (struct aa_delta){ (char *)"z", CMP_KERNEL, NAN, false, false }), 0);
		}
	}
	assert_int_equal(h->n, 11);
	assert_int_equal(aa_store_save(path, &s), 0);
	assert_int_equal(aa_store_load(path, &back, why, sizeof(why)), 0);
	assert_int_equal(back.n, 1);
	assert_ptr_equal(aa_store_history(&back, "host", "bench", "runs"), back.h);
	assert_int_equal(aa_sum(back.h, &sum), 0);
	assert_int_equal(sum.n, 2);
	assert_string_equal(sum.m[0].name, "m\"\x01\n");
	assert_int_equal(sum.m[0].pairs, 11);
	near(sum.m[0].floor, 9.5, 1e-12);
	near(sum.m[0].median, 5, 1e-12);
	near(sum.m[0].max, 10, 1e-12);
	assert_int_equal(sum.m[1].pairs, 0);
	assert_true(isnan(sum.m[1].floor));
	assert_int_equal(sum.pairs_flagged, 1);
	assert_int_equal(sum.units, 5);
	aa_sum_free(&sum);
	/* bounded: the oldest goes */
	for (i = 0; i < AA_MOST_PAIRS + 5; i++) {
		snprintf(id, sizeof(id), "n%d", i);
		assert_non_null(aa_history_pair(back.h, id));
	}
	assert_int_equal(back.h->n, AA_MOST_PAIRS);
	assert_string_equal(back.h->pair[0].id, "n5");
	aa_store_free(&back);
	aa_store_free(&s);
	unlink(path);
}

static void test_bad_history(void **state)
{
	static const char *const text[] = { "", "{", "[]", "{\"version\": 1}", "{\"version\": 2, \"histories\": []}",
		"{\"version\": 1, \"histories\": [{\"benchmark\": \"b\"}]}",
		"{\"version\": 1, \"histories\": [{\"benchmark\": \"b\", \"pairs_of\": \"runs\", \"pairs\": [{\"id\": 3}]}]}" };
	char path[] = "/tmp/mmt-aa-XXXXXX", why[200];
	int fd = mkstemp(path);
	struct aa_store s;
	size_t i;
	FILE *f;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(text[i], f);
		fclose(f);
		why[0] = '\0';
		assert_int_equal(aa_store_load(path, &s, why, sizeof(why)), -EINVAL);
		assert_non_null(strstr(why, path));
	}
	unlink(path);
}

static void test_pairs(void **state)
{
	struct aa_pairs p;
	struct aa_store s = { 0 };
	const struct aa_history *h;
	struct cmp c;
	double x[12];
	size_t i;

	(void)state;
	cmp_init(&c);
	for (i = 0; i < 3; i++)
		add_arm(&c, (const char *[]){ "a", "b", "c" }[i], 12, 1000 * (double)i, 1);
	assert_int_equal(aa_pairs(&c, AA_RUNS, 5, &p), 0);
	assert_int_equal(p.n, 3);
	aa_pairs_free(&p);
	assert_int_equal(aa_pairs(&c, AA_NEIGHBOURS, 5, &p), 0);
	assert_int_equal(p.n, 1);
	aa_pairs_free(&p);
	assert_int_equal(aa_pairs(&c, AA_SPLIT, 3, &p), 0);
	assert_int_equal(p.n, 6);
	/* A B B A A B | B... : each chunk begins anew */
	assert_int_equal(p.v[0].side[0].n, 3);
	assert_int_equal(p.v[0].side[0].iter[0], 0);
	assert_int_equal(p.v[0].side[0].iter[1], 3);
	assert_int_equal(p.v[0].side[1].iter[0], 1);
	assert_int_equal(p.v[0].side[1].iter[1], 2);
	assert_int_equal(p.v[1].side[0].iter[0], 6);
	assert_string_equal(p.v[1].id, "a:6-11");
	/* a value that is the side's: the difference is what was planted, and not the other chunk's */
	for (i = 0; i < 12; i++)
		x[i] = (i % 6 == 1 || i % 6 == 2 || i % 6 == 5 ? 11 : 10) * (i < 6 ? 1 : 7);
	put(&c, 0, "time", METRIC_LOWER, x, 12);
	c.benchmark = strdup("bench");
	p.n = 2;
	assert_int_equal(aa_compare(&c, &p, AA_SPLIT, NULL, &s), 0);
	assert_int_equal(s.n, 1);
	h = s.h;
	assert_string_equal(h->kind, "split");
	assert_int_equal(h->n, 2);
	assert_int_equal(h->added, 2);
	for (i = 0; i < 2; i++) {
		assert_int_equal(h->pair[i].n_deltas, 1);
		near(h->pair[i].delta[0].pct, -10, 1e-9);
	}
	p.n = 6;
	aa_pairs_free(&p);
	aa_store_free(&s);
	cmp_free(&c);
}

/* ---------------------------------------------------------------------- plan */

static void test_plan_known(void **state)
{
	/* STATISTICS: two samples, 80 % power at 5 % */
	static const struct { double cv, effect, n; } need[] = {
		{ 0.01, 0.02, 6 }, { 0.02, 0.02, 17 }, { 0.02, 0.05, 4 }, { 0.03, 0.02, 37 }, { 0.03, 0.05, 7 }, { 0.05, 0.02, 100 },
		{ 0.05, 0.05, 17 },
	};
	static const double mde[PLAN_SIZES] = { 3.07, 2.02, 1.51, 1.32, 0.91, 0.74 };
	struct plan_opts o = { 0 };
	struct plan p;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(need) / sizeof(need[0]); i++) {
		o.cv = need[i].cv;
		assert_int_equal(plan_make(NULL, NULL, &o, &p), 0);
		assert_int_equal(p.n, 1);
		for (k = 0; k < p.n_effects; k++)
			if (fabs(p.effect[k] - need[i].effect) < 1e-12 && p.m[0].n[k] != need[i].n)
				fail_msg("cv %g effect %g: n %g, want %g", need[i].cv, need[i].effect, p.m[0].n[k], need[i].n);
		for (k = 0; k < PLAN_SIZES; k++)
			near(p.m[0].mde[k] / 100 / need[i].cv, mde[k], 0.006);
		plan_free(&p);
	}
	o = (struct plan_opts){ .cv = 0.02, .effect = 0.03 };
	assert_int_equal(plan_make(NULL, NULL, &o, &p), 0);
	assert_int_equal(p.n_effects, 4);
	near(p.effect[2], 0.03, 1e-12);
	plan_free(&p);
	o.effect = 0.02;
	assert_int_equal(plan_make(NULL, NULL, &o, &p), 0);
	assert_int_equal(p.n_effects, 3);
	plan_free(&p);
}

static void test_components(void **state)
{
	/* means 10, 13, 16 of 3 each, within 1: MSW 1, MSB 27, between (27 - 1) / 3 */
	static const double x[] = { 9, 10, 11, 12, 13, 14, 15, 16, 17 };
	static const uint32_t g[] = { 0, 0, 0, 1, 1, 1, 2, 2, 2 }, each[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	double within, between;

	(void)state;
	assert_true(plan_components(x, g, 9, 3, &within, &between));
	near(within, 1, 1e-12);
	near(between, 26.0 / 3, 1e-12);
	assert_false(plan_components(x, each, 9, 9, &within, &between));
	assert_false(plan_components(x, (const uint32_t[9]){ 0 }, 9, 1, &within, &between));
	/* sqrt(100 / 25 * 4 / 1) = 4 */
	near(plan_iterations_a_boot(100, 25, 2, 1), 4, 0);
	near(plan_iterations_a_boot(100, 25, 0.1, 1), 1, 0);
	assert_true(isinf(plan_iterations_a_boot(100, 25, 1, 0)));
	assert_true(isnan(plan_iterations_a_boot(0, 25, 1, 1)));
}

/* Blocks: the deviation is that of the log ratio, and a drift that both share costs nothing. */
static void test_plan_blocks(void **state)
{
	static const double r[] = { 0.01, -0.01, 0.01, -0.01, 0.01, -0.01 };
	struct plan_opts o = { 0 };
	struct cmp_result res;
	double a[6], b[6];
	struct plan p;
	struct cmp c;
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		a[i] = 10 * exp(0.1 * (double)i);
		b[i] = a[i] * exp(r[i]);
	}
	cmp_init(&c);
	add_arm(&c, "a", 6, 0, 10);
	add_arm(&c, "b", 6, 5, 10);
	put(&c, 0, "time", METRIC_LOWER, a, 6);
	put(&c, 1, "time", METRIC_LOWER, b, 6);
	assert_int_equal(cmp_decide(&c, NULL, &res), 0);
	assert_int_equal(res.design.order, CMP_ORDER_BLOCKS);
	assert_int_equal(plan_make(&c, &res, &o, &p), 0);
	assert_int_equal(p.n, 1);
	assert_true(p.m[0].paired);
	assert_int_equal(p.m[0].units, 6);
	near(p.m[0].sd, 0.01 * sqrt(6.0 / 5), 1e-9);
	assert_true(p.m[0].sd_hi > p.m[0].sd);
	plan_free(&p);
	cmp_result_free(&res);
	cmp_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_floor),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_binomial),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_bad_history),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_plan_known),
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_plan_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
