// SPDX-License-Identifier: GPL-2.0-only
/* Page faults: groups, metrics and places add up; the gaps between samples have the chance that they say. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/faults.h"
#include "../../analyzer/metrics.h"
#include "../../analyzer/verify.h"
#include "../../bpf/fault_shared.h"
#include "synth.h"

#define SEC 1000000000ull

/* Two processes, one with a thread that changes its cgroup; a collector; tasks without a place. */
static void make(struct synth *s, const char *kinds)
{
	const uint64_t a[FT_N] = { [FT_MINOR] = 100, [FT_MAJOR] = 3, [FT_UW] = 90, [FT_UR] = 8, [FT_KW] = 5 };
	const uint64_t b[FT_N] = { [FT_MINOR] = 20, [FT_UX] = 4, [FT_UWP] = 16 };
	const uint64_t c[FT_N] = { [FT_MINOR] = 5, [FT_KRP] = 5, [FT_KADDR] = 2 };
	const uint64_t other[FT_N] = { [FT_UR] = 7 };

	synth_open(s);
	synth_mark(s, 1, 0, MARK_START, "start");
	if (kinds)
		synth_meta(s, "fault.kinds", kinds);
	synth_cgroup(s, 7, "/a");
	synth_cgroup(s, 8, "/b");
	synth_task(s, 1, 100, 100, 1, 0, 0, "work");
	synth_task(s, 2, 101, 100, 2, 0, 0, "thread");
	synth_task(s, 3, 200, 200, 3, 0, 0, "work");
	synth_task(s, 4, 300, 300, 4, 0, TASK_COLLECTOR, "mmt-trace");
	synth_faults(s, SEC / 2, 1, 1, 7, a); /* before the iteration */
	synth_mark(s, 2, SEC, MARK_ITER_START, "a");
	synth_faults(s, 2 * SEC, 2, 1, 7, a);
	synth_faults(s, 3 * SEC, 2, 1, 7, b);
	synth_faults(s, 2 * SEC, 2, 2, 7, b);
	synth_faults(s, 3 * SEC, 2, 2, 8, c);
	synth_faults(s, 3 * SEC, 2, 3, 8, c);
	synth_faults(s, 3 * SEC, 2, 4, 8, a);
	synth_faults(s, 3 * SEC, 2, 0, 0, other);
	synth_fault_sample(s, 1, 1, 0x200000, 0x1000, FAULT_USER, 64); /* before it too */
	synth_fault_sample(s, 2, 1, 0x200000, 0x1000, FAULT_USER | FAULT_WRITE, 8);
	synth_fault_sample(s, 2, 2, 0x201000, 0x1000, FAULT_USER | FAULT_WRITE, 16);
	synth_fault_sample(s, 2, 2, 0x201fff, 0x1004, FAULT_USER | FAULT_WRITE, 16);
	synth_fault_sample(s, 2, 3, 0x200000, 0x1000, FAULT_USER | FAULT_WRITE, 1);
	synth_fault_sample(s, 2, 0, 0x800000000000, 0xffffffff81000000, 0, 1);
	synth_fault_sample(s, 2, 4, 0x200000, 0x1000, FAULT_USER, 128); /* the collector's */
	synth_fault_latency(s, 1, 1, false, false, 1000, 1000, 9999, 0); /* before it */
	synth_fault_latency(s, 1, 0, false, false, 1000, 0, 0, 1);
	synth_fault_latency(s, 2, 1, false, false, 60, 60000, 5000, 0);
	synth_fault_latency(s, 2, 2, false, false, 40, 20000, 1500, 0);
	synth_fault_latency(s, 2, 4, false, false, 50, 50000, 70000, 0); /* the collector's */
	synth_fault_latency(s, 2, 0, false, false, 100, 0, 0, 800);
	synth_fault_latency(s, 2, 3, true, true, 2, 4000000, 3000000, 0);
	synth_fault_latency(s, 2, 0, true, true, 2, 0, 0, 2000000);
	synth_counter(s, 2, "proc.vmstat", "pgfault", -1, 1000);
	synth_mark(s, 3, 5 * SEC, MARK_ITER_END, "a");
	synth_counter(s, 3, "proc.vmstat", "pgfault", -1, 1260);
	synth_close(s);
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

static void group(const struct model *m, enum model_by by, const uint64_t *minor, const uint32_t *tasks, size_t n_want)
{
	struct fault_group *g;
	size_t n, i;

	assert_int_equal(faults_group(m, by, false, &g, &n), 0);
	assert_int_equal(n, n_want);
	for (i = 0; i < n; i++) {
		assert_int_equal(g[i].v[FT_MINOR], minor[i]);
		assert_int_equal(g[i].n_tasks, tasks[i]);
	}
	free(g);
}

static void test_totals(void **state)
{
	struct synth s;
	struct model *m;
	struct verify v;
	size_t i;

	(void)state;
	make(&s, "yes");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	group(m, BY_TASK, (const uint64_t[]){ 120, 25, 5, 0 }, (const uint32_t[]){ 1, 1, 1, 1 }, 4);
	group(m, BY_PROCESS, (const uint64_t[]){ 145, 5, 0 }, (const uint32_t[]){ 2, 1, 1 }, 3);
	group(m, BY_COMM, (const uint64_t[]){ 125, 25, 0 }, (const uint32_t[]){ 2, 1, 1 }, 3);
	group(m, BY_CGROUP, (const uint64_t[]){ 140, 10, 0 }, (const uint32_t[]){ 2, 2, 1 }, 3);
	group(m, BY_MACHINE, (const uint64_t[]){ 150 }, (const uint32_t[]){ 4 }, 1);
	assert_true(metric(m, "mm.faults.task.minor") == 150);
	assert_true(metric(m, "mm.faults.task.major") == 3);
	assert_true(metric(m, "mm.faults.task.minor.rate") == 150 / 4.0);
	assert_true(metric(m, "mm.faults.task.user") == 98 + 20 + 20 + 7);
	assert_true(metric(m, "mm.faults.task.kernel") == 5 + 5 + 5);
	assert_true(metric(m, "mm.faults.task.write") == 95 + 32);
	assert_true(metric(m, "mm.faults.task.read") == 8 + 10 + 7);
	assert_true(metric(m, "mm.faults.task.exec") == 8);
	assert_true(metric(m, "mm.faults.task.protection") == 32 + 10);
	/* with the collector's, since the kernel counts them too */
	assert_int_equal(verify_model(m, &v), 0);
	for (i = 0; i < v.n && strcmp(v.row[i].what, "page faults"); i++)
		;
	assert_true(i < v.n);
	assert_int_equal(v.row[i].ours, 150 + 3 + 103);
	assert_int_equal(v.row[i].kernel, 260);
	model_free(m);
	m = synth_model(&s, WINDOW_ALL, NULL);
	assert_true(metric(m, "mm.faults.task.minor") == 250);
	model_free(m);
	synth_remove(&s);
}

/* What was not recorded is missing, what was recorded and never happened is 0. */
static void test_missing(void **state)
{
	struct synth s;
	struct model *m;

	(void)state;
	make(&s, "no: this kernel has no exceptions:page_fault_user");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_true(metric(m, "mm.faults.task.minor") == 150);
	assert_true(metric(m, "mm.faults.task.user") == -1);
	model_free(m);
	synth_remove(&s);
	synth_open(&s);
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_mark(&s, 2, SEC, MARK_END, "end");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_true(metric(m, "mm.faults.task.minor") == -1);
	model_free(m);
	synth_remove(&s);
	synth_open(&s);
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_meta(&s, "fault.kinds", "yes");
	synth_mark(&s, 2, SEC, MARK_END, "end");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_true(metric(m, "mm.faults.task.minor") == 0);
	assert_true(metric(m, "mm.faults.task.user") == 0);
	model_free(m);
	synth_remove(&s);
}

static void test_places(void **state)
{
	struct fault_samples f;
	struct synth s;
	struct model *m;

	(void)state;
	make(&s, "yes");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(fault_samples_load(m, false, NULL, NULL, &f), 0);
	assert_int_equal(f.samples, 5);
	assert_true(f.faults == 8 + 16 + 16 + 1 + 1);
	assert_true(f.variance == 8 * 7 + 2 * 16 * 15);
	/* the same address is another place in another process */
	assert_int_equal(f.n_ips, 4);
	assert_true(f.ips[0].addr == 0x1000 && f.ips[0].process->tid == 100 && f.ips[0].faults == 24 && f.ips[0].user);
	assert_true(f.ips[1].addr == 0x1004 && f.ips[1].faults == 16);
	assert_int_equal(f.n_regions, 3);
	assert_true(f.regions[0].addr == 0x200000 && f.regions[0].process->tid == 100);
	assert_int_equal(f.regions[0].samples, 3);
	assert_int_equal(f.regions[0].pages, 2);
	fault_samples_free(&f);
	assert_int_equal(fault_samples_load(m, true, NULL, NULL, &f), 0);
	assert_int_equal(f.samples, 6);
	fault_samples_free(&f);
	model_free(m);
	synth_remove(&s);
}

static uint32_t random32(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (uint32_t)(*x >> 16);
}

/* Mean and spread of the gaps, and that a change of N at any time leaves no bias. */
static void test_latency(void **state)
{
	struct synth s;
	struct model *m;
	const struct fault_latency *l;
	double p50;

	(void)state;
	make(&s, "yes");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	l = &m->faults->latency[0][0];
	assert_int_equal(l->count, 100);
	assert_int_equal(l->ns, 80000);
	assert_int_equal(l->max, 5000);
	assert_int_equal(rhist_count(&l->hist), 100);
	p50 = rhist_q(&l->hist, 0.5);
	assert_true(p50 > 800 * 0.96 && p50 < 800 * 1.04);
	assert_int_equal(m->faults->latency[0][1].count, 0);
	assert_int_equal(m->faults->latency[1][0].count, 0);
	l = &m->faults->latency[1][1];
	assert_int_equal(l->count, 2);
	assert_int_equal(l->max, 3000000);
	assert_int_equal(rhist_count(&l->hist), 2);
	model_free(m);
	synth_remove(&s);
}

static void test_gaps(void **state)
{
	static const unsigned int shifts[] = { 0, 1, 2, 5, 9, 20 };
	uint64_t x = 88172645463325252ull, mean[MMT_FAULT_MAX_SHIFT + 1] = { 0 };
	const long n = 200000, events = 2000000;
	double sum, squares, p, want, estimate = 0, variance = 0;
	uint32_t left = 0, shift, drawn = 99;
	long i;
	size_t k;

	(void)state;
	for (i = 1; i <= MMT_FAULT_MAX_SHIFT; i++)
		mean[i] = (uint64_t)llround(-65536.0 / log1p(-ldexp(1, -(int)i)));
	for (k = 0; k < sizeof(shifts) / sizeof(shifts[0]); k++) {
		p = ldexp(1, -(int)shifts[k]);
		want = sqrt(1 - p) / p;
		for (sum = squares = 0, i = 0; i < n; i++) {
			double g = mmt_fault_gap(random32(&x), mean[shifts[k]]);

			assert_true(g >= 1);
			sum += g;
			squares += g * g;
		}
		assert_true(fabs(sum / (double)n - 1 / p) <= 5 * want / sqrt((double)n));
		assert_true(fabs(sqrt(fmax(0, squares / (double)n - sum * sum / (double)n / (double)n)) - want) <= 0.02 * want);
	}
	/* N is changed every 7 events, long before most gaps end */
	for (i = 0; i < events; i++) {
		shift = (uint32_t)(i / 7 % 6);
		if (drawn != shift) {
			left = mmt_fault_gap(random32(&x), mean[shift]);
			drawn = shift;
		}
		if (--left)
			continue;
		estimate += ldexp(1, (int)shift);
		variance += ldexp(1, (int)shift) * (ldexp(1, (int)shift) - 1);
		left = mmt_fault_gap(random32(&x), mean[shift]);
	}
	assert_true(fabs(estimate - (double)events) < 5 * sqrt(variance));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
