// SPDX-License-Identifier: GPL-2.0-only
/* Rows of system calls -> sums, metrics, reports. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/metrics.h"
#include "analyzer/report.h"
#include "analyzer/syscalls.h"
#include "synth.h"

struct given {
	uint64_t time, segment, epoch, abi, nr;
	const char *name, *class;
	uint64_t count, errors, restarts, untimed, time_ns, max_ns, bytes, open, open_ns;
	uint64_t one; /* a value of the histogram, count times */
};

static void put(struct synth *s, const struct given *g)
{
	uint32_t hist[MMT_HIST_BUCKETS] = { 0 };
	uint8_t buf[64];
	int len = 0;

	if (g->one) {
		hist[mmt_hist_bucket(g->one)] = 100;
		len = mmt_hist_pack(hist, MMT_HIST_BUCKETS, buf, sizeof(buf));
		assert_true(len > 0);
	}
	{
		const struct mmt_cell c[] = {
			{ .u = g->time }, { .u = g->segment }, { .u = g->epoch }, { .u = g->abi }, { .u = g->nr },
			{ .p = g->name, .len = (uint32_t)strlen(g->name) }, { .p = g->class, .len = (uint32_t)strlen(g->class) },
			{ .u = g->count }, { .u = g->errors }, { .u = g->restarts }, { .u = g->untimed }, { .u = g->time_ns },
			{ .u = g->max_ns }, { .u = g->bytes }, { .u = g->open }, { .u = g->open_ns },
			{ .p = buf, .len = (uint32_t)len },
		};

		assert_int_equal(mmt_writer__row(s->w, MMT_TB_SYSCALL_TOTALS, c, sizeof(c) / sizeof(c[0])), 0);
	}
}

#define SEC 1000000000ull

/* Two tasks of one process and the collector; an iteration of 2 s in segment 2. */
static void make(struct synth *s)
{
	static const struct given rows[] = {
		{ .time = SEC, .segment = 1, .epoch = 1, .nr = 39, .name = "getpid", .class = "", .count = 99 },
		{ 2 * SEC, 2, 1, 0, 39, "getpid", "", 100, 0, 0, 0, 20000, 900, 0, 0, 0, 0 },
		{ 3 * SEC, 2, 1, 0, 39, "getpid", "", 10, 0, 0, 0, 2000, 700, 0, 0, 0, 0 },
		{ 3 * SEC, 2, 2, 0, 39, "getpid", "", 1, 0, 0, 0, 100, 100, 0, 0, 0, 0 },
		{ 3 * SEC, 2, 2, 1, 39, "mkdir", "", 2, 2, 0, 0, 4000, 3000, 0, 0, 0, 0 },
		{ 3 * SEC, 2, 2, 0, 28, "madvise", "", 7, 1, 0, 0, 7000, 2000, 0, 0, 0, 0 },
		{ 3 * SEC, 2, 2, 0, 28, "madvise", "DONTNEED", 5, 1, 0, 0, 6000, 0, 4000000, 0, 0, 0 },
		{ 2 * SEC, 2, 1, 0, 202, "futex", "", 0, 0, 0, 0, 0, 0, 0, 1, 500, 0 },          /* returned since */
		{ 3 * SEC, 2, 1, 0, 202, "futex", "", 3, 1, 1, 1, 1000000, 800000, 0, 1, 30000, 0 }, /* another */
		{ 3 * SEC, 2, 2, 0, 34, "pause", "", 0, 0, 0, 0, 0, 0, 0, 1, 5 * SEC, 0 },       /* all the time */
		{ 3 * SEC, 2, 3, 0, 39, "getpid", "", 1000, 0, 0, 0, 1000, 9999, 0, 0, 0, 0 },     /* the collector */
		{ 3 * SEC, 2, 0, 0, 39, "getpid", "", 4, 0, 0, 4, 0, 0, 0, 0, 0, 200 },           /* others, histogram */
		{ 3 * SEC, 2, 0, 0, 511, "", "", 2, 2, 0, 0, 10, 8, 0, 0, 0, 0 },
	};
	size_t i;

	synth_open(s);
	synth_task(s, 1, 10, 10, 5, 0, 0, "main");
	synth_task(s, 2, 11, 10, 6, 0, 0, "helper");
	synth_task(s, 3, 12, 12, 7, 0, TASK_COLLECTOR, "mmt-trace");
	synth_mark(s, 1, 0, MARK_START, "start");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i == 1) {
			synth_seal(s);
			synth_mark(s, 2, SEC, MARK_ITER_START, "x");
		}
		put(s, &rows[i]);
	}
	synth_mark(s, 3, 3 * SEC, MARK_ITER_END, "x");
	synth_close(s);
}

static double metric(const struct model *m, const char *name)
{
	struct metric_ctx ctx;
	double v;

	assert_non_null(metric_find(name));
	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	assert_int_equal(metric_value(&ctx, metric_find(name), &v), 0);
	metric_ctx_free(&ctx);
	return v;
}

static void test_metrics(void **state)
{
	struct synth s;
	struct model *m;

	(void)state;
	make(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_float_equal(metric(m, "syscall.count"), 110 + 1 + 2 + 7 + 3 + 4 + 2, 0);
	assert_float_equal(metric(m, "syscall.rate"), 129 / 2.0, 1e-9);
	assert_float_equal(metric(m, "syscall.errors"), 2 + 1 + 1 + 2, 0);
	assert_float_equal(metric(m, "syscall.time"), (22000 + 100 + 4000 + 7000 + 1000000 + 10) / 1e9, 1e-15);
	assert_float_equal(metric(m, "syscall.futex"), 3, 0);
	assert_float_equal(metric(m, "syscall.futex.time"), 1e-3, 1e-12);
	assert_float_equal(metric(m, "mm.madvise"), 7, 0);
	assert_float_equal(metric(m, "mm.madvise.dontneed"), 5, 0);
	assert_float_equal(metric(m, "mm.madvise.dontneed.bytes"), 4, 1e-12);
	assert_float_equal(metric(m, "mm.munmap"), 0, 0);
	model_free(m);
	synth_remove(&s);
}

static void log_line(void *ctx, enum mmt_log_level level, const char *msg)
{
	(void)level;
	snprintf(ctx, 256, "%s", msg);
}

/* The report as CSV (or text); what it says when it fails is in said. */
static char *report(const struct model *m, struct report_opts o, int want, char said[256])
{
	char *buf = NULL;
	size_t size;
	FILE *f = open_memstream(&buf, &size);

	assert_non_null(f);
	said[0] = 0;
	o.syscalls = true;
	o.log = log_line;
	o.log_ctx = said;
	assert_int_equal(report_write(m, &o, f), want);
	fclose(f);
	return buf;
}

static void has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("'%s' is not in:\n%s", line, text);
}

static void has_not(const char *text, const char *line)
{
	if (strstr(text, line))
		fail_msg("'%s' is in:\n%s", line, text);
}

static void test_report(void **state)
{
	const struct report_opts csv = { .by = REPORT_MACHINE, .out = { .fmt = TABLE_CSV } };
	struct report_opts o = csv;
	struct synth s;
	struct model *m;
	char said[256], *t;

	(void)state;
	make(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	t = report(m, csv, 0, said);
	has(t, "call,nr,abi,count,errors,restarts,untimed,time_ns,share_pct,mean_ns,p50_ns,p95_ns,p99_ns,max_ns,open,open_ns\n");
	has(t, "\nfutex,202,native,3,1,1,1,1000000,"); /* the first row */
	has(t, ",500000,,,,800000,1,30000\n");        /* mean of the timed two, no histogram, open */
	has(t, "\ngetpid,39,native,115,0,0,4,22100,");
	has(t, "\nmkdir (32-bit),39,compat,2,2,");
	has(t, "\npause,34,native,0,0,0,0,0,0,,,,,,1,5000000000\n");
	has(t, "\ncall 511,511,native,2,2,");
	has_not(t, "DONTNEED");
	free(t);
	o.collector = true;
	t = report(m, o, 0, said);
	has(t, "\ngetpid,39,native,1115,");
	free(t);
	o = csv;
	o.by = REPORT_TASK;
	t = report(m, o, 0, said);
	has(t, "\nmain,10,getpid,39,native,110,0,0,0,22000,");
	has(t, "\nhelper,11,getpid,39,native,1,");
	has(t, "\n(others),,getpid,39,native,4,0,0,4,0,");
	free(t);
	o.by = REPORT_PROCESS;
	t = report(m, o, 0, said);
	has(t, "\nmain,10,getpid,39,native,111,0,0,0,22100,");
	free(t);
	o = csv;
	o.out.fmt = TABLE_JSON;
	t = report(m, o, 0, said);
	has(t, "\"memory_calls\"");
	has(t, "\"class\": \"DONTNEED\"");
	has(t, "\"bytes\": 4000000");
	free(t);
	model_free(m);
	synth_remove(&s);
}

static void test_windows(void **state)
{
	const struct report_opts csv = { .by = REPORT_MACHINE, .out = { .fmt = TABLE_CSV } };
	struct synth s;
	struct model *m;
	char said[256], *t;

	(void)state;
	make(&s);
	m = synth_model(&s, WINDOW_ALL, NULL);
	t = report(m, csv, 0, said);
	has(t, "\ngetpid,39,native,214,");
	free(t);
	model_free(m);
	synth_remove(&s);
}

static void test_errors(void **state)
{
	struct report_opts o = { .by = REPORT_MACHINE, .out = { .fmt = TABLE_CSV } };
	struct metric_ctx ctx;
	struct synth s;
	struct model *m;
	char said[256];
	double v;

	(void)state;
	make(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	o.by = REPORT_CPU;
	free(report(m, o, -EINVAL, said));
	has(said, "--by machine");
	o.by = REPORT_MACHINE;
	o.events = true;
	free(report(m, o, -EINVAL, said));
	has(said, "--events");
	o.events = false;
	o.sort = "nonsense";
	free(report(m, o, -ENOENT, said));
	has(said, "errors");
	o.sort = "errors";
	free(report(m, o, 0, said));
	model_free(m);
	synth_remove(&s);

	synth_open(&s);
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	o.sort = NULL;
	free(report(m, o, -ENODATA, said));
	has(said, "record it with -e syscall");
	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	assert_int_equal(metric_value(&ctx, metric_find("syscall.count"), &v), -ENODATA);
	metric_ctx_free(&ctx);
	model_free(m);
	synth_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
