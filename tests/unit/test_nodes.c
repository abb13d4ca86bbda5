// SPDX-License-Identifier: GPL-2.0-only
/* Load of nodes from known samples: means, nodes without CPUs, CPUs that went offline, windows, what was not recorded. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/metrics.h"
#include "../../analyzer/nodes/nodes.h"
#include "../../analyzer/report.h"
#include "near.h"
#include "synth.h"

#define SEC 1000000000ull

/* CPUs 0 to 3 on node 0, 4 to 7 on node 1; node 2 has memory alone, node 3 an offline CPU. */
static void machine(struct synth *s)
{
	static const uint64_t dist[4] = { 10, 20, 20, 20 };
	unsigned int i;

	synth_open(s);
	for (i = 0; i < 8; i++)
		synth_cpu(s, i, i, i / 4, i / 4);
	for (i = 0; i < 3; i++)
		synth_node(s, i, 1 << 20, dist, 4);
	synth_mark(s, 1, 1 * SEC, 0, "start");
	synth_mark(s, 2, 3 * SEC, 4, "later");
	synth_mark(s, 3, 5 * SEC, 1, "end");
}

static void put(struct synth *s, uint64_t time, uint64_t segment, unsigned int cpu, uint64_t samples, uint64_t running, uint64_t max)
{
	const struct synth_load l = {
		.time = time, .segment = segment, .cpu = cpu, .samples = samples, .running = running, .max = max,
		.busy = running < samples ? running : samples,
	};

	synth_cpu_load(s, &l);
}

static double metric(const struct model *m, const char *name)
{
	struct metric_ctx ctx;
	double v = NAN;

	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	metric_value(&ctx, metric_find(name), &v);
	metric_ctx_free(&ctx);
	return v;
}

static void test_means(void **state)
{
	struct node_load *v;
	struct model *m;
	struct synth s;
	size_t n, i;

	(void)state;
	machine(&s);
	for (i = 0; i < 4; i++) { /* 2 tasks each; then 6 on CPU 1 */
		put(&s, 2 * SEC, 1, (unsigned int)i, 50, 100, 3);
		put(&s, 4 * SEC, 2, (unsigned int)i, 100, i == 1 ? 600 : 0, i == 1 ? 7 : 0);
	}
	for (i = 4; i < 8; i++) /* one on every second look */
		put(&s, 2 * SEC, 1, (unsigned int)i, 50, 25, 1);
	synth_close(&s);

	m = synth_model(&s, WINDOW_NAME, "start");
	assert_non_null(m);
	assert_int_equal(nodes_load(m, &v, &n), 0);
	assert_int_equal(n, 3);
	near(v[0].tasks, 8, 1e-12);
	near(v[0].load, 2, 1e-12);
	assert_int_equal(v[0].max, 3);
	assert_int_equal(v[0].cpus, 4);
	near(v[1].load, 0.5, 1e-12);
	assert_true(isnan(v[2].load) && isnan(v[2].tasks) && !v[2].cpus); /* no CPUs: no load, not none */
	assert_true(isnan(v[0].busy)); /* totals of CPUs were not recorded */
	near(nodes_imbalance(v, n), 0.75, 1e-12);
	near(metric(m, "load.imbalance"), 75, 1e-12);
	near(metric(m, "load.tasks"), 10, 1e-12);
	near(metric(m, "load.imbalance.cpu"), 1.6, 1e-12);
	free(v);
	model_free(m);

	m = synth_model(&s, WINDOW_ALL, NULL);
	assert_int_equal(nodes_load(m, &v, &n), 0);
	near(v[0].tasks, 3 * 100 / 150.0 + 700 / 150.0, 1e-12);
	assert_int_equal(v[0].max, 7);
	near(v[1].tasks, 2, 1e-12); /* of the looks that were made at them */
	free(v);
	model_free(m);
	synth_remove(&s);
}

static void test_none(void **state)
{
	struct node_load *v;
	struct model *m;
	struct synth s;
	size_t n;

	(void)state;
	machine(&s);
	synth_close(&s);
	m = synth_model(&s, WINDOW_ALL, NULL);
	assert_false(nodes_recorded(m));
	assert_int_equal(nodes_load(m, &v, &n), 0);
	assert_true(isnan(v[0].load) && isnan(nodes_imbalance(v, n)));
	assert_true(isnan(metric(m, "load.imbalance")) && isnan(metric(m, "load.tasks")));
	free(v);
	model_free(m);
	synth_remove(&s);

	/* nothing ran: 0 tasks, and no imbalance that could be told */
	machine(&s);
	put(&s, 2 * SEC, 1, 0, 50, 0, 0);
	put(&s, 2 * SEC, 1, 4, 50, 0, 0);
	synth_close(&s);
	m = synth_model(&s, WINDOW_ALL, NULL);
	near(metric(m, "load.tasks"), 0, 0);
	assert_true(isnan(metric(m, "load.imbalance")));
	model_free(m);
	synth_remove(&s);
}

/* One of two nodes idle is 100 %, not infinite; one node alone has no imbalance. */
static void test_imbalance(void **state)
{
	struct node_load v[3] = { { .node = 0, .load = 3 }, { .node = 1, .load = 0 }, { .node = 2, .load = NAN } };

	(void)state;
	near(nodes_imbalance(v, 3), 1, 1e-12);
	v[1].load = 2.7;
	near(nodes_imbalance(v, 3), 0.1, 1e-12);
	assert_true(isnan(nodes_imbalance(v, 1)));
	v[1].load = NAN;
	assert_true(isnan(nodes_imbalance(v, 3)));
}

static void test_report(void **state)
{
	struct report_opts o = { .nodes = true, .out = { .fmt = TABLE_JSON } };
	char *text = NULL;
	size_t size;
	struct model *m;
	struct synth s;
	FILE *f;

	(void)state;
	machine(&s);
	put(&s, 2 * SEC, 1, 0, 50, 100, 3);
	put(&s, 2 * SEC, 1, 4, 50, 50, 1);
	synth_close(&s);
	m = synth_model(&s, WINDOW_ALL, NULL);
	f = open_memstream(&text, &size);
	assert_int_equal(report_write(m, &o, f), 0);
	fclose(f);
	assert_non_null(strstr(text, "\"imbalance_pct\": 50"));
	assert_non_null(strstr(text, "\"node\": 2"));
	assert_null(strstr(strstr(text, "\"node\": 2"), "\"load\": 0"));
	free(text);
	model_free(m);
	synth_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_means),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_imbalance),
		cmocka_unit_test(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
