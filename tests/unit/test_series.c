// SPDX-License-Identifier: GPL-2.0-only
/* Totals over time: nothing is lost or counted twice, whatever is merged; times and rates are right. */
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

#include "../../analyzer/series.h"
#include "synth.h"

#define SEC 1000000000ull

/* The series tells the same as the model: each column, and the time covered. */
static void same_sums(const struct model *m, const struct series *s)
{
	struct model_group *g;
	uint64_t sum;
	double dt = 0;
	size_t i, n;
	int k;

	assert_int_equal(model_group(m, BY_MACHINE, false, &g, &n), 0);
	for (k = 0; k < MT_N; k++) {
		for (sum = 0, i = 0; i < s->n; i++)
			sum += s->p[i].v[k];
		assert_int_equal(sum, n ? g->v[k] : 0);
	}
	model_groups_free(g, n);
	for (k = 0; k < MC_N; k++) {
		for (sum = 0, i = 0; i < s->n; i++)
			sum += s->p[i].cpu[k];
		assert_int_equal(sum, model_cpu_sum(m, (unsigned int)k));
	}
	for (i = 0; i < s->n; i++) {
		assert_true(s->p[i].dt >= 0);
		assert_true(!i || s->p[i].t > s->p[i - 1].t);
		dt += s->p[i].dt;
	}
	assert_true(fabs(dt - s->duration) < 1e-6);
}

static void flush(struct synth *s, uint64_t time, uint64_t segment, uint64_t switches)
{
	uint64_t v[MT_N] = { [MT_NVCSW] = switches, [MT_RUN_NS] = SEC / 10, [MT_MIG_LLC] = 1 };
	uint64_t c[MC_N] = { [MC_BUSY_NS] = 3 * SEC / 20, [MC_IDLE_NS] = SEC / 20, [MC_NVCSW] = switches };

	synth_totals(s, time, segment, 1, 7, v, NULL, NULL);
	synth_cpu_totals(s, time, segment, 0, c);
}

static void test_points(void **state)
{
	static const uint64_t wait[] = { 4000, 2000 };
	uint64_t v[MT_N] = { [MT_NVCSW] = 7, [MT_NIVCSW] = 2, [MT_WAIT_N] = 2 };
	uint64_t c[MC_N] = { [MC_BUSY_NS] = 1000, [MC_IDLE_NS] = 3000, [MC_NVCSW] = 5 };
	struct series_opts o = { .per_cpu = true };
	struct series x;
	struct model *m;
	struct synth s;

	(void)state;
	synth_open(&s);
	synth_cpu(&s, 0, 0, 0, 0);
	synth_cpu(&s, 1, 1, 0, 0);
	synth_task(&s, 1, 10, 10, 0, 0, 0, "a");
	synth_task(&s, 2, 11, 11, 0, 0, 0, "dies");
	synth_task(&s, 3, 12, 12, 0, 0, TASK_COLLECTOR, "mmt-trace");
	synth_mark(&s, 1, 1 * SEC, MARK_START, "start");
	flush(&s, 2 * SEC, 1, 1000); /* before the iteration */
	synth_mark(&s, 2, 2 * SEC, MARK_ITER_START, "go");
	synth_totals(&s, 2 * SEC + SEC / 4, 2, 2, 7, v, wait, NULL); /* ended between two flushes */
	synth_totals(&s, 2 * SEC + SEC / 2, 2, 3, 7, v, wait, NULL); /* the collector's own */
	flush(&s, 2 * SEC + SEC / 2, 2, 10);
	synth_cpu_totals(&s, 2 * SEC + SEC / 2, 2, 1, c);
	flush(&s, 4 * SEC, 2, 30);
	synth_mark(&s, 3, 4 * SEC, MARK_PHASE, "half");
	flush(&s, 5 * SEC, 3, 5);
	synth_mark(&s, 4, 5 * SEC, MARK_ITER_END, "go");
	flush(&s, 6 * SEC, 4, 1000);
	synth_mark(&s, 5, 6 * SEC, MARK_END, "end");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(series_load(m, &o, &x), 0);
	same_sums(m, &x);
	assert_int_equal(x.n, 3);
	assert_true(x.p[0].t == 0.5 && x.p[0].dt == 0.5);
	assert_true(x.p[1].t == 2 && x.p[1].dt == 1.5);
	assert_true(x.p[2].t == 3 && x.p[2].dt == 1);
	assert_int_equal(x.p[0].v[MT_NVCSW], 17);
	assert_true(series_value(&x, 0, SERIES_SWITCHES) == 38);
	assert_true(series_value(&x, 0, SERIES_WAIT_MEAN) == 3);
	assert_true(isnan(series_value(&x, 1, SERIES_WAIT_MEAN))); /* nobody waited: undefined, not 0 */
	assert_true(series_value(&x, 1, SERIES_MIGRATIONS) == 1 / 1.5);
	assert_true(series_value(&x, 1, SERIES_BUSY) == 75);
	assert_int_equal(x.n_cpus, 2);
	assert_int_equal(x.by_cpu[(0 * 2 + 1) * SC_N + SC_IDLE_NS], 3000);
	assert_int_equal(x.by_cpu[(0 * 2 + 1) * SC_N + SC_SWITCHES], 5);
	assert_int_equal(x.by_cpu[(1 * 2 + 0) * SC_N + SC_SWITCHES], 30);
	assert_int_equal(x.n_marks, 3);
	assert_true(x.mark[0].t == 0 && x.mark[1].t == 2 && x.mark[2].t == 3);
	assert_string_equal(x.mark[1].name, "half");
	assert_int_equal(x.merged, 1);
	series_free(&x);
	model_free(m);
	synth_remove(&s);
}

/* A window of two segments with another between them: the time between is not covered. */
static void test_gap(void **state)
{
	struct series_opts o = { .max_points = 1 };
	struct series x;
	struct model *m;
	struct synth s;
	uint64_t k;

	(void)state;
	synth_open(&s);
	synth_cpu(&s, 0, 0, 0, 0);
	for (k = 1; k <= 5; k++) {
		synth_mark(&s, k, k * SEC, k == 5 ? MARK_END : MARK_PHASE, k & 1 ? "odd" : "even");
		if (k < 5)
			flush(&s, (k + 1) * SEC, k, k * 10);
	}
	synth_close(&s);
	m = synth_model(&s, WINDOW_NAME, "odd");
	assert_int_equal(series_load(m, NULL, &x), 0);
	assert_int_equal(x.n, 2);
	assert_true(x.p[0].t == 1 && x.p[0].dt == 1 && x.p[1].t == 3 && x.p[1].dt == 1);
	assert_int_equal(x.p[1].v[MT_NVCSW], 30);
	same_sums(m, &x);
	series_free(&x);
	assert_int_equal(series_load(m, &o, &x), 0); /* merged over the gap */
	assert_int_equal(x.n, 1);
	assert_int_equal(x.merged, 2);
	assert_true(x.p[0].t == 3 && x.p[0].dt == 2);
	same_sums(m, &x);
	series_free(&x);
	model_free(m);
	synth_remove(&s);
}

static void test_bounded(void **state)
{
	static const size_t max[] = { 4, 50, 400 };
	uint64_t v[MT_N] = { [MT_NVCSW] = 1 };
	struct series x;
	struct model *m;
	struct synth s;
	size_t i, k;

	(void)state;
	synth_open(&s);
	synth_cpu(&s, 0, 0, 0, 0);
	synth_mark(&s, 1, SEC, MARK_START, "");
	for (i = 1; i <= 5000; i++) {
		if (i == 3000) /* more tasks end between two flushes than there is room for */
			for (k = 1; k < 2000; k++)
				synth_totals(&s, SEC + (i - 1) * SEC / 5 + k, 1, 100 + k, 7, v, NULL, NULL);
		flush(&s, SEC + i * SEC / 5, 1, i);
		if (!(i % 100))
			synth_seal(&s);
	}
	synth_mark(&s, 2, SEC + 1000 * SEC, MARK_END, "");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	for (k = 0; k < 3; k++) {
		struct series_opts o = { .max_points = max[k], .per_cpu = k == 1 };
		uint64_t by_cpu = 0;

		assert_int_equal(series_load(m, &o, &x), 0);
		same_sums(m, &x);
		assert_true(x.n <= max[k] && x.n > max[k] / 3);
		assert_true(x.merged < 4 * 5000 / max[k]);
		/* as fine at the start as at the end */
		for (i = 0; i + 1 < x.n; i++)
			assert_true(x.p[i].merged * 2 > x.merged);
		for (i = 0; k == 1 && i < x.n; i++)
			by_cpu += x.by_cpu[i * SC_N + SC_SWITCHES];
		assert_int_equal(by_cpu, k == 1 ? model_cpu_sum(m, MC_NVCSW) : 0);
		series_free(&x);
	}
	model_free(m);
	synth_remove(&s);
}

/* No totals in it: no points, and nothing is 0. */
static void test_empty(void **state)
{
	struct series x;
	struct model *m;
	struct synth s;

	(void)state;
	synth_open(&s);
	synth_mark(&s, 1, SEC, MARK_START, "");
	synth_mark(&s, 2, 2 * SEC, MARK_END, "");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(series_load(m, NULL, &x), 0);
	assert_int_equal(x.n, 0);
	assert_int_equal(x.n_marks, 2);
	assert_true(x.duration == 1);
	series_free(&x);
	model_free(m);
	synth_remove(&s);
}

static void test_toy(void **state)
{
	static const enum model_window window[] = { WINDOW_AUTO, WINDOW_ALL };
	static const size_t max[] = { 0, 5 };
	const char *build = getenv("BUILD");
	char path[] = "/tmp/mmt-series-XXXXXX", cmd[512];
	struct series x;
	struct model *m;
	int seed, fd, w;

	(void)state;
	if (!build) {
		puts("skipped: BUILD does not say where the toy scheduler is");
		skip();
	}
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	for (seed = 1; seed <= 5; seed++) {
		snprintf(cmd, sizeof(cmd), "'%s/tests/tools/golden' %s %d", build, path, seed);
		assert_int_equal(system(cmd), 0);
		for (w = 0; w < 4; w++) {
			struct model_opts mo = { .window = window[w & 1] };
			struct series_opts o = { .max_points = max[w >> 1], .per_cpu = true };

			assert_int_equal(model_load(path, &mo, &m), 0);
			assert_int_equal(series_load(m, &o, &x), 0);
			same_sums(m, &x);
			assert_true(x.n > 3 && (!o.max_points || x.n <= o.max_points));
			series_free(&x);
			model_free(m);
		}
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_points), cmocka_unit_test(test_gap), cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_empty), cmocka_unit_test(test_toy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
