// SPDX-License-Identifier: GPL-2.0-only
/* Rows of perf events -> sums by event, node and CPU, scaling, metrics, reports. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/counters/counters.h"
#include "analyzer/metrics.h"
#include "analyzer/report.h"
#include "synth.h"

#define SEC 1000000000ull
#define NO_PMU "not available: the CPUs have no PMU, or the hypervisor shows none"

/* Four CPUs on two nodes, one second of an iteration after something that is not of it. */
static const struct synth_counter rows[] = {
	{ SEC, 1, 0, "node-loads", 5000, SEC, SEC }, /* before */
	/* CPU 0: counted half of the time; CPU 1 all of it; CPU 2 in two intervals, one of them blind; CPU 3 never */
	{ 2 * SEC, 2, 0, "node-loads", 1000, SEC, SEC / 2 },
	{ 2 * SEC, 2, 0, "node-load-misses", 100, SEC, SEC / 2 },
	{ 2 * SEC, 2, 1, "node-loads", 500, SEC, SEC },
	{ 2 * SEC, 2, 1, "node-load-misses", 300, SEC, SEC },
	{ 3 * SEC / 2, 2, 2, "node-loads", 1500, SEC / 2, SEC / 2 },
	{ 2 * SEC, 2, 2, "node-loads", 0, SEC / 2, 0 },
	{ 2 * SEC, 2, 2, "node-load-misses", 500, SEC, SEC },
	{ 2 * SEC, 2, 3, "node-loads", 0, SEC, 0 },
	{ 2 * SEC, 2, 3, "node-load-misses", 0, SEC, SEC },
	{ 2 * SEC, 2, 0, "cycles", 2000000, SEC, SEC },
	{ 2 * SEC, 2, 0, "instructions", 3000000, SEC, SEC },
	{ 2 * SEC, 2, 0, "page-faults", 0, SEC, SEC },
	{ 2 * SEC, 2, 0, "task-clock", SEC, SEC, SEC },
	{ 2 * SEC, 2, 2, "uncore_imc/cas_count_read/", 16384, SEC, SEC },
};

static const char *const asked[] = {
	"node-loads", "node-load-misses", "cycles", "instructions", "page-faults", "task-clock", "uncore_imc/cas_count_read/",
	"branch-misses", "cache-misses",
};

static void make(struct synth *s, const char *fact, const char *scope)
{
	char key[64];
	size_t i;

	synth_open(s);
	if (fact)
		synth_meta(s, "counters", fact);
	for (i = 0; scope && i < sizeof(asked) / sizeof(asked[0]); i++) {
		snprintf(key, sizeof(key), "counters.event.%s", asked[i]);
		synth_meta(s, key, i >= 7 ? NO_PMU : "yes");
	}
	if (scope) {
		synth_meta(s, "counters.scope", scope);
		synth_meta(s, "counters.unit.task-clock", "1e-06 msec");
		synth_meta(s, "counters.unit.uncore_imc/cas_count_read/", "6.103515625e-05 MiB");
	}
	for (i = 0; i < 4; i++)
		synth_cpu(s, (unsigned int)i, (unsigned int)i, (unsigned int)i, (unsigned int)i / 2);
	synth_node(s, 0, 1024, (const uint64_t[]){ 10, 20 }, 2);
	synth_node(s, 1, 1024, (const uint64_t[]){ 20, 10 }, 2);
	synth_mark(s, 1, 0, MARK_START, "start");
	for (i = 0; scope && i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct synth_counter row = rows[i];

		if (i == 1) {
			synth_seal(s);
			synth_mark(s, 2, SEC, MARK_ITER_START, "x");
		}
		if (!strcmp(scope, "tasks"))
			row.cpu = UINT32_MAX;
		synth_perf_counter(s, &row);
	}
	synth_mark(s, 3, 2 * SEC, scope ? MARK_ITER_END : MARK_END, "x");
	synth_close(s);
}

static int metric(const struct model *m, const char *name, double *v)
{
	struct metric_ctx ctx;
	int err;

	assert_non_null(metric_find(name));
	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	err = metric_value(&ctx, metric_find(name), v);
	metric_ctx_free(&ctx);
	return err;
}

static void is(const struct model *m, const char *name, double want)
{
	double v = NAN;

	assert_int_equal(metric(m, name, &v), 0);
	if (!(fabs(v - want) <= fabs(want) * 1e-9))
		fail_msg("%s: %.12g, not %.12g", name, v, want);
}

static void lacks(const struct model *m, const char *name)
{
	double v;

	assert_int_equal(metric(m, name, &v), -ENODATA);
}

/* Scaled a CPU at a time over the window: 1000 x 2, 500, 1500 x 2 (half of the second was blind); CPU 3 is not known. */
#define LOADS (2000.0 + 500 + 3000)
#define MISSES (200.0 + 300 + 500 + 0)

static void test_metrics(void **state)
{
	struct synth s;
	struct model *m;

	(void)state;
	make(&s, "yes", "CPUs");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	is(m, "counters.node_loads", LOADS);
	is(m, "counters.node_load_misses.rate", MISSES);
	is(m, "numa.pmu.loads.remote.share", 100 * MISSES / LOADS);
	is(m, "counters.ipc", 1.5);
	is(m, "counters.page_faults", 0);
	is(m, "counters.task_clock", 1);
	lacks(m, "counters.branch_misses"); /* not available */
	lacks(m, "counters.cache_references"); /* not asked for */
	lacks(m, "numa.pmu.stores.remote.share");
	lacks(m, "numa.pmu.remote.rate");
	model_free(m);
	/* another window, other sums */
	m = synth_model(&s, WINDOW_ALL, NULL);
	is(m, "counters.node_loads", (1000.0 + 5000) * 2 / 1.5 + 500 + 3000);
	model_free(m);
	synth_remove(&s);
}

static void test_places(void **state)
{
	const struct counter *c;
	struct counter *v;
	struct synth s;
	struct model *m;
	size_t n;

	(void)state;
	make(&s, "yes", "CPUs");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_false(counters_of_tasks(m));
	assert_int_equal(counters_list(m, COUNTER_ALL, 0, &v, &n), 0);
	assert_int_equal(n, 9); /* in the order that they were asked for, also what there is not */
	assert_string_equal(v[1].name, "node-load-misses");
	assert_string_equal(v[7].lack, NO_PMU + 15);
	assert_true(isnan(v[7].value));
	assert_int_equal(v[0].cpus, 4);
	assert_int_equal(v[0].blind, 1);
	assert_float_equal(v[0].counted, 2 / 4.0, 1e-9);
	assert_int_equal(v[0].v[COUNTER_COUNT], 3000);
	c = counters_find(v, n, "uncore_imc/cas_count_read/");
	assert_float_equal(c->value, 1, 1e-9);
	assert_string_equal(c->unit, "MiB");
	free(v);
	assert_int_equal(counters_list(m, COUNTER_NODE, 1, &v, &n), 0);
	assert_float_equal(v[0].value, 3000, 1e-9);
	assert_int_equal(v[0].cpus, 2);
	assert_float_equal(v[1].value, 500, 1e-9);
	assert_int_equal(v[2].cpus, 0); /* cycles are on CPU 0 alone */
	free(v);
	/* enabled and never counted: not 0 */
	assert_int_equal(counters_list(m, COUNTER_CPU, 3, &v, &n), 0);
	assert_true(isnan(v[0].value));
	assert_float_equal(v[0].counted, 0, 0);
	assert_float_equal(v[1].value, 0, 0);
	free(v);
	model_free(m);
	synth_remove(&s);
}

static void test_base(void **state)
{
	static const struct { const char *name, *base; } given[] = {
		{ "node-load-misses", "node-loads" }, { "node-store-misses:u", "node-stores:u" }, { "LLC-load-misses", "LLC-loads" },
		{ "branch-misses", "branches" }, { "branch-load-misses", "branch-loads" }, { "cache-misses:k", "cache-references:k" },
		{ "instructions", "cycles" }, { "dTLB-prefetch-misses", "dTLB-prefetches" }, { "node-loads", NULL }, { "cycles", NULL },
		{ "page-faults", NULL },
	};
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		const char *base = counters_base(given[i].name, buf, sizeof(buf));

		if (!given[i].base)
			assert_null(base);
		else
			assert_string_equal(base, given[i].base);
	}
}

static char said[512];

static void keep_line(void *ctx, enum mmt_log_level level, const char *msg)
{
	(void)ctx;
	(void)level;
	snprintf(said, sizeof(said), "%s", msg);
}

static char *report(const struct model *m, struct report_opts o, int want)
{
	char *buf = NULL;
	size_t len;
	FILE *f = open_memstream(&buf, &len);

	o.log = keep_line;
	o.counters = !o.numa;
	said[0] = '\0';
	assert_int_equal(report_write(m, &o, f), want);
	fclose(f);
	return buf;
}

static void shows(char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no '%s' in:\n%s", what, text);
}

static void test_report(void **state)
{
	struct synth s;
	struct model *m;
	char *text;

	(void)state;
	make(&s, "yes", "CPUs");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	text = report(m, (struct report_opts){ .by = REPORT_MACHINE }, 0);
	shows(text, "of all that the CPUs did");
	shows(text, "not available: branch-misses, cache-misses: the CPUs have no PMU");
	shows(text, "node-loads: the PMU had no counter free for it on 1 of 4 CPUs");
	shows(text, "~5,500");
	shows(text, "18.2 % of node-loads");
	shows(text, "1.50 a cycle");
	shows(text, "1,000.00 msec");
	shows(text, "Counters by node of the CPU");
	shows(text, "~: scaled");
	free(text);
	text = report(m, (struct report_opts){ .by = REPORT_CPU, .out = { .fmt = TABLE_CSV } }, 0);
	shows(text, "\n3,node-load-misses,0,");
	shows(text, "\n0,node-loads,2000,");
	free(text);
	text = report(m, (struct report_opts){ .by = REPORT_MACHINE, .out = { .fmt = TABLE_JSON } }, 0);
	shows(text, "\"scope\": \"CPUs\"");
	shows(text, "\"cache-misses\": \"the CPUs have no PMU");
	shows(text, "\"ratio_of\": \"node-loads\"");
	shows(text, "\"counters_nodes\": [");
	free(text);
	free(report(m, (struct report_opts){ .by = REPORT_TASK }, -EINVAL));
	shows(said, "no rows by task");
	free(report(m, (struct report_opts){ .by = REPORT_MACHINE, .nodes = true }, -EINVAL));
	shows(said, "--counters goes alone");
	model_free(m);
	synth_remove(&s);
}

static void test_tasks(void **state)
{
	struct synth s;
	struct model *m;
	char *text;

	(void)state;
	make(&s, "yes", "tasks");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	is(m, "counters.instructions", 3000000);
	text = report(m, (struct report_opts){ .by = REPORT_MACHINE }, 0);
	shows(text, "of the tasks that were recorded");
	assert_null(strstr(text, "by node"));
	free(text);
	free(report(m, (struct report_opts){ .by = REPORT_CPU }, -ENODATA));
	shows(said, "record with -a");
	model_free(m);
	synth_remove(&s);
}

/* Not recorded, not to be had: two things, and no number. */
static void test_missing(void **state)
{
	struct synth s;
	struct model *m;

	(void)state;
	make(&s, NULL, NULL);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	lacks(m, "counters.cycles");
	lacks(m, "numa.pmu.loads.remote.share");
	free(report(m, (struct report_opts){ .by = REPORT_MACHINE }, -ENODATA));
	shows(said, "record it with -e counters");
	model_free(m);
	synth_remove(&s);
	make(&s, NO_PMU, NULL);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	lacks(m, "counters.cycles");
	free(report(m, (struct report_opts){ .by = REPORT_MACHINE }, -ENODATA));
	shows(said, "counters: not available: the CPUs have no PMU");
	model_free(m);
	synth_remove(&s);
}

/* Beside exposure: the PMU's own share and rate, by node too; or why there is none. */
static void test_numa(void **state)
{
	const struct synth_placement p = { .time = 2 * SEC, .segment = 2, .epoch = 1, .kind = 0, .method = 1, .kb = 100 };
	struct synth s;
	struct model *m;
	char *text;

	(void)state;
	synth_open(&s);
	synth_meta(&s, "counters", "yes");
	synth_meta(&s, "counters.scope", "CPUs");
	synth_meta(&s, "counters.event.node-loads", "yes");
	synth_meta(&s, "counters.event.node-load-misses", "yes");
	synth_meta(&s, "counters.event.node-stores", "not available: the CPUs' PMU has no such event");
	synth_meta(&s, "counters.event.cycles", "not available: the CPUs' PMU has no such event");
	synth_meta(&s, "place", "yes");
	synth_node(&s, 0, 1024, (const uint64_t[]){ 10, 20 }, 2);
	synth_node(&s, 1, 1024, (const uint64_t[]){ 20, 10 }, 2);
	synth_cpu(&s, 0, 0, 0, 0);
	synth_cpu(&s, 2, 2, 2, 1);
	synth_task(&s, 1, 10, 10, 5, 0, 0, "work");
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_mark(&s, 2, SEC, MARK_ITER_START, "x");
	synth_placement(&s, &p);
	synth_perf_counter(&s, &(struct synth_counter){ 2 * SEC, 2, 0, "node-loads", 4000000, SEC, SEC });
	synth_perf_counter(&s, &(struct synth_counter){ 2 * SEC, 2, 0, "node-load-misses", 1000000, SEC, SEC });
	synth_perf_counter(&s, &(struct synth_counter){ 2 * SEC, 2, 2, "node-loads", 0, SEC, SEC });
	synth_mark(&s, 3, 2 * SEC, MARK_ITER_END, "x");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	text = report(m, (struct report_opts){ .by = REPORT_PROCESS, .numa = true }, 0);
	shows(text, "pmu        not available: node-stores: the CPUs' PMU has no such event");
	shows(text, "pmu        loads from memory: 25.0 % off-node, 1.000 M/s");
	shows(text, "by node of the CPU (PMU)");
	free(text);
	text = report(m, (struct report_opts){ .by = REPORT_PROCESS, .numa = true, .out = { .fmt = TABLE_JSON } }, 0);
	shows(text, "\"loads_remote_pct\": 25");
	shows(text, "\"stores_remote_pct\": null");
	free(text);
	model_free(m);
	synth_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics), cmocka_unit_test(test_places), cmocka_unit_test(test_base), cmocka_unit_test(test_report),
		cmocka_unit_test(test_tasks), cmocka_unit_test(test_missing), cmocka_unit_test(test_numa),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
