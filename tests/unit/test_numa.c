// SPDX-License-Identifier: GPL-2.0-only
/* Exposure of known placements and residencies: what stays, what moves, what was sampled, what is not known. */
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
#include "../../analyzer/numa/numa.h"
#include "../../analyzer/report.h"
#include "near.h"
#include "synth.h"

#define SEC 1000000000ull
#define MIB 1024ull

/* Four nodes in a ring of sockets, a CPU on each; the way back is longer. */
static void machine(struct synth *s, const char *place)
{
	static const uint64_t dist[4][4] = { { 10, 20, 30, 20 }, { 21, 10, 20, 30 }, { 30, 20, 10, 20 }, { 20, 30, 20, 10 } };
	unsigned int i;

	synth_open(s);
	synth_meta(s, "place", "yes");
	synth_meta(s, "page.kb", "4");
	synth_meta(s, "totals.place", place);
	for (i = 0; i < 4; i++) {
		synth_cpu(s, i, i, i, i);
		synth_node(s, i, 1 << 20, dist[i], 4);
	}
	synth_cgroup(s, 7, "/a");
}

/* Memory in MiB by node; n: draws, 0 exact. */
static void put(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, const uint64_t mib[4], uint64_t n)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct synth_placement p = {
			.time = time, .segment = segment, .epoch = epoch, .node = i, .method = n > 0, .kb = mib[i] * MIB, .n = n,
			.sampled = n, .cost_ns = 1000,
		};

		synth_placement(s, &p);
		p.kind = NUMA_ANON;
		if (mib[i])
			synth_placement(s, &p);
	}
}

static void run(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, unsigned int place, uint64_t ns)
{
	uint64_t v[4] = { 0 };

	v[place] = ns;
	synth_places(s, time, segment, epoch, v, place + 1);
}

static const struct numa_proc *proc(const struct model *m, uint64_t epoch)
{
	uint32_t i = u64map_get(&m->numa->by_epoch, epoch);

	assert_true(i != U64MAP_NONE);
	return &m->numa->procs[i];
}

static struct numa_exposure exposure(const struct model *m, uint64_t epoch)
{
	return numa_exposure(&proc(m, epoch)->sum);
}

static double metric(const struct model *m, const char *name)
{
	struct metric_ctx ctx;
	double v;
	int err;

	assert_non_null(metric_find(name));
	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	err = metric_value(&ctx, metric_find(name), &v);
	metric_ctx_free(&ctx);
	assert_true(!err || err == -ENODATA);
	return err ? -1 : v;
}

static void test_bound(void **state)
{
	static const uint64_t one[4] = { 0, 100, 0, 0 }, all[4] = { 25, 25, 25, 25 };
	struct numa_exposure e;
	struct synth s;
	struct model *m;
	unsigned int i;

	(void)state;
	machine(&s, "cpu");
	synth_mark(&s, 1, 0, MARK_START, "start");
	for (i = 1; i <= 4; i++)
		synth_task(&s, i, 100 * i, 100 * i, i, 0, 0, "work");
	synth_task(&s, 5, 101, 100, 5, 0, 0, "thread");
	synth_task(&s, 6, 600, 600, 6, 0, TASK_KTHREAD, "kthread");
	synth_task(&s, 7, 700, 700, 7, 0, TASK_COLLECTOR, "mmt-trace");
	put(&s, 1, 1, 1, one, 0);
	put(&s, 2, 1, 2, one, 0);
	put(&s, 3, 1, 3, all, 0);
	run(&s, SEC, 1, 1, 0, SEC / 2);
	run(&s, SEC, 1, 5, 0, SEC / 2); /* of the same process */
	run(&s, SEC, 1, 2, 1, SEC);
	run(&s, SEC, 1, 3, 2, SEC);
	run(&s, SEC, 1, 4, 3, SEC);     /* not measured */
	run(&s, SEC, 1, 6, 3, SEC);
	run(&s, SEC, 1, 7, 3, SEC);
	synth_seal(&s);
	put(&s, SEC, 1, 1, one, 0);
	put(&s, SEC, 1, 2, one, 0);
	put(&s, SEC, 1, 3, all, 0);
	synth_mark(&s, 2, SEC, MARK_END, "end");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	e = exposure(m, 1);
	assert_true(e.share == 1 && e.lo == 1 && e.hi == 1 && e.covered == 1);
	near(e.distance, 2.0, 1e-12);
	assert_true(proc(m, 1)->sum.run == (double)SEC);
	e = exposure(m, 2);
	assert_true(e.share == 0 && e.hi == 0 && e.distance == 1);
	e = exposure(m, 3);
	near(e.share, .75, 1e-12);
	near(e.distance, (3 + 2 + 1 + 2) / 4., 1e-12);
	e = exposure(m, 4);
	assert_true(isnan(e.share) && isnan(e.distance) && e.covered == 0);
	assert_true(proc(m, 4)->run[3] == (double)SEC);
	assert_int_equal(proc(m, 1)->in_window, 2);
	assert_int_equal(proc(m, 1)->cost_ns, 2000);
	near(proc(m, 3)->kb[2], 25 * MIB, 1e-9);
	near(proc(m, 3)->kb[NUMA_ANON * 4 + 2], 25 * MIB, 1e-9);
	near(metric(m, "numa.exposure"), 100 * 1.75 / 3, 1e-9);
	near(metric(m, "numa.exposure.distance"), (2 + 1 + 2) / 3., 1e-12);
	near(metric(m, "numa.exposure.coverage"), 75, 1e-9);
	model_free(m);
	synth_remove(&s);
}

/* Memory follows: from node 1 to node 0, where the process runs; places are nodes. */
static void test_moves(void **state)
{
	static const uint64_t before[4] = { 0, 100, 0, 0 }, after[4] = { 100, 0, 0, 0 }, other[4] = { 0, 0, 0, 9 };
	struct numa_exposure e;
	struct synth s;
	struct model *m;

	(void)state;
	machine(&s, "node");
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_task(&s, 1, 100, 100, 1, 0, 0, "work");
	run(&s, SEC, 1, 1, 3, 7 * SEC); /* before the iteration */
	synth_seal(&s);
	put(&s, SEC, 1, 1, other, 0);
	synth_mark(&s, 2, 2 * SEC, MARK_ITER_START, "a");
	synth_seal(&s);
	put(&s, 2 * SEC, 2, 1, before, 0);
	synth_seal(&s);
	run(&s, 3 * SEC, 2, 1, 0, SEC); /* still far */
	synth_seal(&s);
	put(&s, 3 * SEC, 2, 1, before, 0);
	synth_seal(&s);
	run(&s, 4 * SEC, 2, 1, 0, SEC); /* on its way */
	synth_seal(&s);
	put(&s, 4 * SEC, 2, 1, after, 0);
	synth_seal(&s);
	run(&s, 6 * SEC, 2, 1, 0, 2 * SEC); /* here */
	synth_mark(&s, 3, 6 * SEC, MARK_ITER_END, "a");
	synth_seal(&s);
	put(&s, 6 * SEC, 3, 1, after, 0); /* right after the end: the other side of the last second */
	synth_seal(&s);
	run(&s, 9 * SEC, 3, 1, 2, 3 * SEC);
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	e = exposure(m, 1);
	near(e.share, (1 + .5) / 4, 1e-12);
	near(e.distance, (2 + 1.5 + 1 + 1) / 4, 1e-12);
	assert_int_equal(proc(m, 1)->in_window, 3);
	near(proc(m, 1)->kb[1], 100 * MIB * 2 / 3., 1e-6);
	near(metric(m, "numa.exposure"), 37.5, 1e-9);
	model_free(m);
	m = synth_model(&s, WINDOW_ALL, NULL);
	e = exposure(m, 1);
	/* 7 s on node 3: the memory was there; then 1.5 of 4 s; 3 s on node 2 against what came last */
	near(e.share, (0 + 1.5 + 3) / 14, 1e-12);
	model_free(m);
	synth_remove(&s);
}

/* Wilson's limits of the draws; more certain where where it runs does not matter. */
static void test_sampled(void **state)
{
	static const uint64_t half[4] = { 50, 50, 0, 0 }, one[4] = { 0, 100, 0, 0 };
	const uint64_t even[4] = { SEC, SEC, SEC, SEC };
	struct numa_exposure e;
	struct synth s;
	struct model *m;

	(void)state;
	machine(&s, "cpu");
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_task(&s, 1, 100, 100, 1, 0, 0, "a");
	synth_task(&s, 2, 200, 200, 1, 0, 0, "b");
	synth_task(&s, 3, 300, 300, 1, 0, 0, "c");
	synth_task(&s, 4, 400, 400, 1, 0, 0, "d");
	run(&s, SEC, 1, 1, 0, SEC);
	run(&s, SEC, 1, 2, 0, SEC);
	synth_places(&s, SEC, 1, 3, even, 4);
	run(&s, SEC, 1, 4, 0, SEC);
	synth_seal(&s);
	put(&s, SEC, 1, 1, half, 1000);
	put(&s, SEC, 1, 2, one, 1000);
	put(&s, SEC, 1, 3, half, 1000);
	put(&s, SEC, 1, 4, half, 1000);
	synth_seal(&s);
	run(&s, 2 * SEC, 1, 4, 0, SEC);
	synth_seal(&s);
	put(&s, 2 * SEC, 1, 4, half, 1000);
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	e = exposure(m, 1);
	near(e.share, .5, 1e-12);
	near(e.lo, .46907, 2e-5);
	near(e.hi, .53093, 2e-5);
	e = exposure(m, 2);
	assert_true(e.share == 1 && e.hi == 1);
	near(e.lo, 1000 / (1000 + 3.841459), 1e-6);
	e = exposure(m, 3);
	near(e.share, .75, 1e-12);
	assert_true(e.hi - e.lo < 1e-3); /* it runs everywhere alike */
	/* three quarters of the run time on the first measurement, one on the second */
	e = exposure(m, 4);
	near(e.share, .5, 1e-12);
	near(e.hi - .5, 1.959964 * sqrt(.25 / 1000 * (.75 * .75 + .25 * .25)), 2e-3); /* of a normal one */
	model_free(m);
	synth_remove(&s);
}

/* A number that is used again is another process; what the trace does not know is not 0. */
static void test_unknown(void **state)
{
	static const uint64_t one[4] = { 0, 100, 0, 0 };
	struct synth_placement odd = { .time = 5, .segment = 1, .epoch = 1, .node = 9, .kb = 2048 };
	struct report_opts o = { .numa = true, .out.fmt = TABLE_JSON };
	struct synth s;
	struct model *m;
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	machine(&s, "cpu");
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_task(&s, 1, 100, 100, 1, 0, 0, "first");
	put(&s, 1, 1, 1, one, 0);
	run(&s, SEC, 1, 1, 0, SEC);
	synth_seal(&s);
	synth_task(&s, 2, 100, 100, 2, 0, 0, "second");
	run(&s, SEC, 1, 2, 1, 3 * SEC);
	run(&s, SEC, 1, 3, 1, SEC); /* no task row: no process */
	synth_seal(&s);
	synth_placement(&s, &odd);
	odd.node = 1;
	odd.kind = 200;
	synth_placement(&s, &odd);
	odd.epoch = 0;
	synth_placement(&s, &odd);
	odd.kind = 0;
	odd.cgroup = 7;
	synth_placement(&s, &odd);
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_true(exposure(m, 1).share == 1);
	assert_true(isnan(exposure(m, 2).share));
	near(metric(m, "numa.exposure.coverage"), 25, 1e-9);
	assert_true(m->numa->lost_kb == 2048);
	assert_int_equal(report_write(m, &o, f), 0);
	assert_true(ftell(f) > 1000);
	o.out.fmt = TABLE_TEXT;
	assert_int_equal(report_write(m, &o, f), 0);
	model_free(m);
	synth_remove(&s);
	fclose(f);

	synth_open(&s);
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_task(&s, 1, 100, 100, 1, 0, 0, "a");
	run(&s, SEC, 1, 1, 0, SEC);
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_null(m->numa);
	assert_true(metric(m, "numa.exposure") == -1);
	assert_int_equal(report_write(m, &o, stdout), -ENODATA);
	model_free(m);
	synth_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound), cmocka_unit_test(test_moves), cmocka_unit_test(test_sampled),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
