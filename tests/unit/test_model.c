// SPDX-License-Identifier: GPL-2.0-only
/* Loading: windows, epochs, processes, counters, footprint, histograms, schemas that differ. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../analyzer/metrics.h"
#include "../../analyzer/verify.h"
#include "synth.h"

static void test_hist(void **state)
{
	struct mmt_hist *want = calloc(1, sizeof(*want));
	uint32_t count[MMT_HIST_BUCKETS] = { 0 };
	struct rhist h = { 0 }, packed = { 0 };
	uint8_t buf[8192];
	uint64_t v = 1, lo, hi, lo2, hi2;
	double q;
	int i, len;

	(void)state;
	for (i = 0; i < 20000; i++) {
		v = v * 6364136223846793005ull + 1442695040888963407ull;
		lo = v >> (24 + (v >> 5) % 40);
		assert_int_equal(rhist_bucket(lo), mmt_hist_bucket(lo));
		mmt_hist_add(want, lo);
		assert_true(rhist_add(&h, lo));
		count[mmt_hist_bucket(lo)]++;
	}
	assert_int_equal(rhist_bucket(UINT64_MAX), MMT_HIST_BUCKETS - 1);
	len = mmt_hist_pack(count, MMT_HIST_BUCKETS, buf, sizeof(buf));
	assert_true(len > 0);
	assert_int_equal(rhist_add_packed(&packed, buf, (uint32_t)len), 0);
	packed.n = h.n;
	packed.sum = h.sum;
	packed.max = h.max;
	assert_int_equal(rhist_merge(&packed, &h), 0);
	mmt_hist_merge(want, want);
	assert_int_equal(rhist_count(&packed), 40000);
	assert_true(packed.sum == want->sum && packed.max == want->max && packed.n == want->n);
	for (q = 0; q <= 1; q += 1.0 / 64) {
		assert_int_equal(mmt_hist_quantile(want, q, &lo, &hi), 0);
		assert_int_equal(rhist_quantile(&packed, q, &lo2, &hi2), 0);
		assert_true(lo == lo2 && hi == hi2);
		assert_true(rhist_q(&packed, q) >= (double)lo && rhist_q(&packed, q) <= (double)hi);
	}
	/* nonsense: a bucket behind the last, an odd number of varints */
	assert_int_equal(rhist_add_packed(&packed, "\xff\x7f\x01", 3), -EBADMSG);
	assert_int_equal(rhist_add_packed(&packed, "\x01", 1), -EBADMSG);
	rhist_free(&h);
	rhist_free(&packed);
	assert_int_equal(rhist_quantile(&h, 0.5, &lo, &hi), -ENODATA);
	assert_true(isnan(rhist_q(&h, 0.5)));
	free(want);
}

/* From a list to a table, whichever way the values come. */
static void test_small_hist(void **state)
{
	struct mmt_hist *want = calloc(1, sizeof(*want));
	struct rhist h = { 0 }, sum = { 0 };
	uint64_t v = 3, x, lo, hi, lo2, hi2;
	int i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		v = v * 6364136223846793005ull + 1442695040888963407ull;
		x = i < 1000 ? (v >> 60) * 1000 : v >> (20 + (v >> 5) % 40);
		mmt_hist_add(want, x);
		assert_true(rhist_add(&h, x));
		assert_int_equal(rhist_count(&h), i + 1);
		assert_int_equal(mmt_hist_quantile(want, 0.75, &lo, &hi), 0);
		assert_int_equal(rhist_quantile(&h, 0.75, &lo2, &hi2), 0);
		assert_true(lo == lo2 && hi == hi2);
		if (i == 5 || i == 700 || i == 1500)
			assert_int_equal(rhist_merge(&sum, &h), 0);
	}
	assert_int_equal(rhist_count(&sum), 6 + 701 + 1501);
	assert_int_equal(sum.n, 6 + 701 + 1501);
	rhist_free(&h);
	rhist_free(&sum);
	free(want);
}

/* start, iteration start, phase, iteration end, end: 1000 ns apart, one task with k * 10 voluntary switches in segment k. */
static void iteration_trace(struct synth *s, bool with_iteration)
{
	static const uint64_t wait[] = { 100, 200 }, off[] = { 1000 };
	uint64_t v[MT_N] = { 0 };
	unsigned int k;

	synth_open(s);
	synth_meta(s, "run.name", "first");
	synth_meta(s, "run.name", "second");
	synth_task(s, 5, 50, 50, 10, 0, 0, "old name");
	for (k = 0; k <= 5; k++) {
		v[MT_NVCSW] = 10 * k;
		v[MT_RUN_NS] = 100 * k;
		v[MT_WAIT_N] = k == 3 ? 2 : 0;
		v[MT_OFF_N] = k == 3;
		if (k)
			synth_mark(s, k, 1000 * k, !with_iteration && (k == 2 || k == 4) ? MARK_PHASE :
				   (unsigned int[]){ 0, MARK_START, MARK_ITER_START, MARK_PHASE, MARK_ITER_END, MARK_END }[k],
				   k == 3 ? "load" : "m");
		if (k < 5)
			synth_totals(s, 1000 * k + 999, k, 5, 7, v, wait, off);
		synth_counter(s, k, "proc.stat", "ctxt", -1, 1000 * k * k);
		synth_counter(s, k, "perf.sw", "context-switches", 0, 10 * k);
		synth_counter(s, k, "perf.sw", "context-switches", 1, 20 * k);
		if (k % 2)
			synth_seal(s);
	}
	synth_task(s, 5, 50, 50, 10, 4500, 0, "new name");
	synth_close(s);
}

static void test_windows(void **state)
{
	static const struct { enum model_window window; const char *name; uint64_t switches, duration, counter, n_wait; } cases[] = {
		{ WINDOW_AUTO, NULL, 20 + 30, 2000, 1000 * (16 - 4), 2 },
		{ WINDOW_ITERATION, NULL, 20 + 30, 2000, 1000 * (16 - 4), 2 },
		{ WINDOW_ALL, NULL, 10 + 20 + 30 + 40, 4000, 1000 * (25 - 1), 2 },
		{ WINDOW_NAME, "load", 30, 1000, 1000 * (16 - 9), 2 },
	};
	struct model_group *g;
	struct synth s;
	struct model *m;
	uint64_t c;
	size_t i, n;

	(void)state;
	iteration_trace(&s, true);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		m = synth_model(&s, cases[i].window, cases[i].name);
		assert_int_equal(model_group(m, BY_MACHINE, false, &g, &n), 0);
		assert_int_equal(g->v[MT_NVCSW], cases[i].switches);
		assert_int_equal(g->wait.n, cases[i].n_wait);
		assert_int_equal(g->wait.max, cases[i].n_wait ? 200 : 0);
		assert_int_equal(m->duration, cases[i].duration);
		assert_false(m->open_end);
		assert_int_equal(model_counter(m, "proc.stat", "ctxt", -1, &c), 0);
		assert_int_equal(c, cases[i].counter);
		assert_int_equal(model_counter(m, "perf.sw", "context-switches", MODEL_ALL_SCOPES, &c), 0);
		assert_int_equal(c, 30 * cases[i].duration / 1000);
		assert_int_equal(model_counter(m, "perf.sw", "nothing", MODEL_ALL_SCOPES, &c), -ENODATA);
		assert_string_equal(model_meta(m, "run.name"), "second");
		assert_string_equal(g->task ? "task" : "none", "none");
		assert_string_equal(model_task(m, 5)->comm, "new name");
		model_groups_free(g, n);
		model_free(m);
	}
	synth_remove(&s);
}

static void test_no_window(void **state)
{
	struct model_opts o = { .window = WINDOW_NAME, .name = "nothing" };
	struct model *m;
	struct synth s;

	(void)state;
	iteration_trace(&s, false);
	assert_int_equal(model_load(s.path, &o, &m), -ENOENT);
	o.window = WINDOW_ITERATION;
	assert_int_equal(model_load(s.path, &o, &m), -ENOENT);
	o.window = WINDOW_SEGMENT;
	o.segment = 99;
	assert_int_equal(model_load(s.path, &o, &m), -ENOENT);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(m->window, WINDOW_ALL);
	model_free(m);
	assert_int_equal(model_load("/nonexistent/trace.mmt", &o, &m), -ENOENT);
	assert_int_equal(model_load("/etc/passwd", &o, &m), -EPROTO);
	synth_remove(&s);
}

/* A killed recording has no last mark: what it says until then still counts. */
static void test_open_end(void **state)
{
	uint64_t v[MT_N] = { [MT_NVCSW] = 3 }, c;
	struct model *m;
	struct synth s;

	(void)state;
	synth_open(&s);
	synth_mark(&s, 1, 1000, MARK_START, "start");
	synth_task(&s, 1, 10, 10, 0, 0, 0, "a");
	synth_totals(&s, 3000, 1, 1, 7, v, NULL, NULL);
	synth_counter(&s, 1, "proc.stat", "ctxt", -1, 5);
	synth_seal(&s);
	mmt_writer__abandon(s.w);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_true(m->open_end);
	assert_int_equal(m->duration, 2000);
	assert_int_equal(model_counter(m, "proc.stat", "ctxt", -1, &c), -ENODATA);
	assert_true(m->status.line[0]);
	model_free(m);
	synth_remove(&s);
}

/* Two processes had number 10, one after the other; the second has a thread. Epoch 0 and an unknown epoch stay themselves. */
static void groups_trace(struct synth *s)
{
	static const struct { uint64_t epoch, cgroup, switches; } t[] = {
		{ 1, 7, 1 }, { 2, 7, 10 }, { 3, 7, 100 }, { 3, 8, 1000 }, { 4, 8, 10000 }, { 0, 8, 100000 }, { 99, 8, 1000000 },
	};
	uint64_t v[MT_N] = { 0 };
	size_t i;

	synth_open(s);
	synth_mark(s, 1, 0, MARK_START, "");
	synth_task(s, 1, 10, 10, 100, 150, 0, "first");
	synth_task(s, 2, 10, 10, 200, 0, 0, "second");
	synth_task(s, 3, 11, 10, 210, 0, 0, "thread");
	synth_task(s, 4, 12, 12, 50, 0, TASK_COLLECTOR, "mmt-trace");
	synth_cgroup(s, 7, "/seven");
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		v[MT_NIVCSW] = t[i].switches;
		v[MT_RUN_NS] = t[i].switches;
		synth_totals(s, 300, 1, t[i].epoch, t[i].cgroup, v, NULL, NULL);
	}
	synth_mark(s, 2, 400, MARK_END, "");
	synth_close(s);
}

static uint64_t switches_of(const struct model_group *g, size_t n, const char *comm, uint32_t *tasks)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!strcmp(g[i].task->comm, comm)) {
			*tasks = g[i].n_tasks;
			return g[i].v[MT_NIVCSW];
		}
	}
	return 0;
}

static void test_groups(void **state)
{
	struct model_group *g;
	struct model *m;
	struct synth s;
	uint32_t k;
	size_t n;

	(void)state;
	groups_trace(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);

	assert_int_equal(model_group(m, BY_TASK, false, &g, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(switches_of(g, n, "thread", &k), 1100);
	assert_int_equal(switches_of(g, n, "(others)", &k), 100000);
	assert_int_equal(switches_of(g, n, "?", &k), 1000000);
	model_groups_free(g, n);

	assert_int_equal(model_group(m, BY_PROCESS, false, &g, &n), 0);
	assert_int_equal(n, 4);
	assert_int_equal(switches_of(g, n, "first", &k), 1);
	assert_int_equal(k, 1);
	assert_int_equal(switches_of(g, n, "second", &k), 1110);
	assert_int_equal(k, 2);
	model_groups_free(g, n);

	assert_int_equal(model_group(m, BY_CGROUP, true, &g, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(g[0].id, 8);
	assert_int_equal(g[0].v[MT_NIVCSW], 1111000);
	assert_int_equal(g[1].v[MT_NIVCSW], 111);
	assert_string_equal(model_cgroup_path(m, 7), "/seven");
	assert_null(model_cgroup_path(m, 8));
	model_groups_free(g, n);

	assert_int_equal(model_group(m, BY_MACHINE, true, &g, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(g->v[MT_NIVCSW], 1111111);
	assert_int_equal(g->n_tasks, 6);
	model_groups_free(g, n);
	model_free(m);
	synth_remove(&s);
}

/* Tables of later versions are passed over, with whatever they hold. */
static void test_unknown_table(void **state)
{
	static const struct mmt_field f[] = {
		{ "a", MMT_FMT_U64, MMT_ROLE_COL, 0, "", "" }, { "b", MMT_FMT_STR, MMT_ROLE_COL, 0, "", "" },
	};
	static const struct mmt_type extra = { 900, MMT_KIND_TABLE, "later", "of a later version", 2, f };
	const struct mmt_cell c[] = { { .u = 1 }, { .p = "x", .len = 1 } };
	struct model *m;
	struct synth s;

	(void)state;
	synth_open_types(&s, &extra, 1);
	assert_int_equal(mmt_writer__row(s.w, 900, c, 2), 0);
	synth_mark(&s, 1, 5, MARK_START, "");
	synth_mark(&s, 2, 9, MARK_END, "");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(m->duration, 4);
	assert_false(m->have_task_totals);
	model_free(m);
	synth_remove(&s);
}

static void metrics_trace(struct synth *s)
{
	static const uint64_t wait[] = { 1000, 2000, 3000, 1000000 };
	uint64_t v[MT_N] = { [MT_NVCSW] = 30, [MT_NIVCSW] = 10, [MT_MIG_LLC] = 4, [MT_MIG_CROSS] = 1, [MT_RUN_NS] = 1500000000,
			     [MT_WAIT_N] = 4 };
	uint64_t c[MC_N] = { [MC_SWITCHES] = 55, [MC_NVCSW] = 30, [MC_NIVCSW] = 10, [MC_BUSY_NS] = 1500000000,
			     [MC_IDLE_NS] = 500000000, [MC_SEEN_SWITCH] = 40, [MC_LOST_SWITCH] = 3 };
	uint64_t foot[MF_N] = { [MF_USER_NS] = 1000, [MF_RSS_KB] = 5 };

	synth_open(s);
	synth_cpu(s, 0, 0, 0, 0);
	synth_mark(s, 1, 1000000000, MARK_ITER_START, "");
	synth_counter(s, 1, "proc.stat", "ctxt", -1, 100);
	synth_footprint(s, 1000000000, 0, foot);
	synth_task(s, 1, 10, 10, 0, 0, 0, "a");
	synth_totals(s, 3000000000, 1, 1, 7, v, wait, NULL);
	synth_cpu_totals(s, 3000000000, 1, 0, c);
	synth_mark(s, 2, 3000000000, MARK_ITER_END, "");
	synth_counter(s, 2, "proc.stat", "ctxt", -1, 156);
	foot[MF_USER_NS] = 501000;
	foot[MF_RSS_KB] = 6;
	synth_footprint(s, 3000000000, 1, foot);
	synth_close(s);
}

/* Three CPUs, busy 1, 0.5 and 0.02 of 2 s; 3 s of run time with 1 s of waiting. */
static void spread_trace(struct synth *s)
{
	static const uint64_t wait[] = { 600000000, 400000000 };
	uint64_t v[MT_N] = { [MT_NVCSW] = 20, [MT_NIVCSW] = 4, [MT_MIG_NODE] = 6, [MT_RUN_NS] = 1400000000, [MT_WAIT_N] = 1 };
	uint64_t u[MT_N] = { [MT_NVCSW] = 10, [MT_NIVCSW] = 6, [MT_RUN_NS] = 1600000000, [MT_WAIT_N] = 1 };
	uint64_t c[MC_N] = { [MC_BUSY_NS] = 2000000000, [MC_IDLE_SWITCHES] = 3 };

	synth_open(s);
	synth_mark(s, 1, 1000000000, MARK_ITER_START, "");
	synth_counter(s, 1, "proc.stat", "cpu.steal", -1, 20000000);
	synth_counter(s, 1, "proc.vmstat", "pgfault", -1, 1000);
	synth_task(s, 1, 10, 10, 0, 0, 0, "a");
	synth_task(s, 2, 11, 10, 0, 0, 0, "b");
	synth_totals(s, 3000000000, 1, 1, 7, v, &wait[0], NULL);
	synth_totals(s, 3000000000, 1, 2, 7, u, &wait[1], NULL);
	synth_cpu_totals(s, 3000000000, 1, 0, c);
	c[MC_BUSY_NS] = 1000000000;
	synth_cpu_totals(s, 3000000000, 1, 1, c);
	c[MC_BUSY_NS] = 40000000;
	c[MC_IDLE_SWITCHES] = 14;
	synth_cpu_totals(s, 3000000000, 1, 2, c);
	synth_mark(s, 2, 3000000000, MARK_ITER_END, "");
	synth_counter(s, 2, "proc.stat", "cpu.steal", -1, 50000000);
	synth_counter(s, 2, "proc.vmstat", "pgfault", -1, 1500);
	synth_close(s);
}

static double value(const struct metric_ctx *ctx, const char *name)
{
	const struct metric *metric = metric_find(name);
	double v = -1;

	assert_non_null(metric);
	assert_int_equal(metric_value(ctx, metric, &v), 0);
	return v;
}

static void test_metrics(void **state)
{
	struct metric_ctx ctx;
	struct model *m;
	struct synth s;
	uint64_t v[MF_N];
	double x;

	(void)state;
	metrics_trace(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	assert_true(value(&ctx, "run.duration") == 2);
	assert_true(value(&ctx, "sched.switches") == 40);
	assert_true(value(&ctx, "sched.switches.voluntary.rate") == 15);
	assert_true(value(&ctx, "sched.migrations") == 5);
	assert_true(value(&ctx, "sched.migrations.cross_node") == 1);
	assert_true(value(&ctx, "sched.run_time") == 1.5);
	assert_true(value(&ctx, "sched.idle_time") == 0.5);
	assert_true(value(&ctx, "sched.utilisation") == 75);
	assert_true(value(&ctx, "sched.wait.max") == 1000);
	assert_true(value(&ctx, "sched.wait.mean") == 251.5);
	assert_true(fabs(value(&ctx, "sched.wait.p50") - 2) < 2 * 0.032);
	assert_true(isnan(value(&ctx, "sched.offcpu.p99"))); /* nothing happened: undefined, not 0 */
	assert_true(value(&ctx, "kernel.context_switches") == 56);
	assert_true(value(&ctx, "trace.cpu_time") == 500000e-9);
	assert_true(value(&ctx, "trace.lost") == 3);
	/* not in the trace: missing, not 0 */
	assert_int_equal(metric_value(&ctx, metric_find("mm.faults"), &x), -ENODATA);
	assert_int_equal(metric_value(&ctx, metric_find("sched.wakeups"), &x), -ENODATA);
	assert_true(model_footprint(m, v));
	assert_int_equal(v[MF_USER_NS], 500000);
	assert_int_equal(v[MF_RSS_KB], 6);
	metric_ctx_free(&ctx);
	model_free(m);
	synth_remove(&s);
}

static void assert_near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-12 * fabs(want)))
		fail_msg("got %.17g, want %.17g", got, want);
}

static void test_derived_metrics(void **state)
{
	struct metric_ctx ctx;
	struct model *m;
	struct synth s;
	double x;

	(void)state;
	spread_trace(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	assert_near(value(&ctx, "sched.cpus.used"), 2);
	assert_near(value(&ctx, "sched.cpus.effective"), 3.04 * 3.04 / (4 + 1 + 0.04 * 0.04));
	assert_near(value(&ctx, "sched.cpus.imbalance"), 2 / (3.04 / 3));
	assert_near(value(&ctx, "sched.switches.involuntary.share"), 25);
	assert_near(value(&ctx, "sched.slice.mean"), 75000);
	assert_near(value(&ctx, "sched.migrations.per_switch"), 15);
	assert_near(value(&ctx, "sched.migrations.node.rate"), 3);
	assert_near(value(&ctx, "sched.wait.share"), 25);
	assert_near(value(&ctx, "sched.wait.tasks"), 0.5);
	assert_near(value(&ctx, "sched.idle_exits"), 20);
	assert_near(value(&ctx, "sched.idle_exits.rate"), 10);
	assert_near(value(&ctx, "kernel.time.steal"), 0.03);
	assert_near(value(&ctx, "mm.faults.rate"), 250);
	assert_int_equal(metric_value(&ctx, metric_find("kernel.time.irq"), &x), -ENODATA);
	metric_ctx_free(&ctx);
	model_free(m);
	synth_remove(&s);

	metrics_trace(&s); /* one CPU */
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	assert_near(value(&ctx, "sched.cpus.effective"), 1);
	assert_near(value(&ctx, "sched.cpus.imbalance"), 1);
	metric_ctx_free(&ctx);
	model_free(m);
	synth_remove(&s);
}

static void test_catalogue(void **state)
{
	const struct metric *all;
	size_t i, k, n;

	(void)state;
	all = metrics_all(&n);
	assert_true(n > 20);
	for (i = 0; i < n; i++) {
		assert_true(all[i].name && all[i].unit && *all[i].unit && all[i].definition && strlen(all[i].definition) > 10);
		assert_true(all[i].min_rel > 0 && all[i].min_rel < 1);
		assert_ptr_equal(metric_find(all[i].name), &all[i]);
		for (k = 0; k < i; k++)
			assert_string_not_equal(all[i].name, all[k].name);
	}
	assert_true(metric_wanted(metric_find("sched.wait.p99"), "sched.wait"));
	assert_true(metric_wanted(metric_find("sched.wait.p95"), "x,sched.*"));
	assert_true(metric_wanted(metric_find("sched.wait.p95"), "all"));
	assert_false(metric_wanted(metric_find("sched.wait.p95"), NULL));
	assert_false(metric_wanted(metric_find("sched.wait.p99"), "sched.wai"));
}

static void test_verify(void **state)
{
	struct verify v;
	struct model *m;
	struct synth s;
	char line[256];
	size_t i;
	bool seen = false;

	(void)state;
	metrics_trace(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(verify_model(m, &v), 0);
	for (i = 0; i < v.n; i++) {
		if (strcmp(v.row[i].source, "/proc/stat"))
			continue;
		seen = true;
		assert_int_equal(v.row[i].ours, 55);
		assert_int_equal(v.row[i].kernel, 56);
		assert_true(*v.row[i].edge);
	}
	assert_true(seen);
	verify_line(&v, line, sizeof(line));
	assert_string_equal(line, "55 switches, /proc/stat 56 (-1)");
	model_free(m);
	synth_remove(&s);
}

/* A wait that began long before the window ends in it: of the tasks that wait at a time it is one, for as long as that is. */
static void test_waited(void **state)
{
	static const uint64_t wait[] = { 9000000000, 500000000 };
	uint64_t v[MT_N] = { [MT_RUN_NS] = 500000000, [MT_WAIT_N] = 1 };
	struct metric_ctx ctx;
	struct model *m;
	struct synth s;

	(void)state;
	synth_open(&s);
	synth_mark(&s, 1, 1000000000, MARK_ITER_START, "");
	synth_task(&s, 1, 10, 10, 0, 0, 0, "starved");
	synth_task(&s, 2, 11, 10, 0, 0, 0, "b");
	synth_totals(&s, 2000000000, 1, 1, 7, v, &wait[0], NULL);
	synth_totals(&s, 3000000000, 1, 1, 8, v, &wait[1], NULL); /* in another cgroup */
	synth_totals(&s, 3000000000, 1, 2, 7, v, &wait[1], NULL);
	synth_totals(&s, 3000000000, 1, 0, 7, v, &wait[0], NULL); /* many together: they may */
	synth_mark(&s, 2, 3000000000, MARK_ITER_END, "");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	assert_near(value(&ctx, "sched.wait"), 19);
	assert_near(value(&ctx, "sched.wait.tasks"), (1.0 + 0.5 + 9) / 2);
	metric_ctx_free(&ctx);
	model_free(m);
	synth_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hist), cmocka_unit_test(test_small_hist), cmocka_unit_test(test_windows), cmocka_unit_test(test_no_window),
		cmocka_unit_test(test_open_end), cmocka_unit_test(test_groups), cmocka_unit_test(test_unknown_table),
		cmocka_unit_test(test_metrics), cmocka_unit_test(test_waited), cmocka_unit_test(test_derived_metrics),
		cmocka_unit_test(test_catalogue), cmocka_unit_test(test_verify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
