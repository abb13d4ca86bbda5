// SPDX-License-Identifier: GPL-2.0-only
/* Known answers of the counters family, by software events: pages that were touched, of tasks and of CPUs, cut at marks. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../collector/perf_events.h"
#include "../../collector/session.h"
#include "../../collector/sysfs.h"
#include "recording.h"
#include "trace_sums.h"
#include "worker.h"

#define PAGES 20000L
#define EVENTS "page-faults,minor-faults,major-faults,context-switches,task-clock,cycles"

static char trace_path[64];

static struct mmt_session *begin(const pid_t *pid, const pid_t *tid, const char *comm)
{
	struct mmt_session_opts o = {
		.sz = sizeof(o), .log = recording_log, .output = trace_path, .profile = MMT_PROFILE_LIGHT, .time_shift = -1,
		.no_oracle = true, .families = recording_family("counters"), .families_only = true, .counters = EVENTS, .interval_ms = 200,
		.pids = pid, .n_pids = pid ? 1 : 0, .tids = tid, .n_tids = tid ? 1 : 0, .comm = comm,
	};

	return recording_begin(&o);
}

/* ---------------------------------------------------------------- what was recorded */

struct want {
	const char *event;
	int64_t cpu;          /* -1: any */
	uint64_t iteration;   /* seq of its mark */
	uint64_t count, enabled, running, rows, intervals;
	uint32_t last_cpu;
};

static void add_row(void *ctx, const struct mmt_rows *rows, uint32_t row)
{
	struct want *w = ctx;

	if (rows->type->id == MMT_TB_MARK && !w->iteration && sums_cell(rows, row, "kind") == MMT_MARK_ITER_START)
		w->iteration = sums_cell(rows, row, "seq");
}

static void add_counts(void *ctx, const struct mmt_rows *rows, uint32_t row)
{
	struct want *w = ctx;

	if (rows->type->id != MMT_TB_PERF_COUNTER || !sums_cell_is(rows, row, "event", w->event) ||
	    sums_cell(rows, row, "segment") != w->iteration ||
	    (w->cpu >= 0 && sums_cell(rows, row, "cpu") != (uint64_t)w->cpu))
		return;
	w->rows++;
	w->count += sums_cell(rows, row, "count");
	w->enabled += sums_cell(rows, row, "enabled");
	w->running += sums_cell(rows, row, "running");
	w->last_cpu = (uint32_t)sums_cell(rows, row, "cpu");
}

/* Of the iteration. */
static struct want sum_on(const char *event, int64_t cpu)
{
	struct want w = { .event = event, .cpu = cpu };

	sums_rows(trace_path, add_row, &w);
	sums_rows(trace_path, add_counts, &w);
	return w;
}

static uint64_t sum(const char *event)
{
	return sum_on(event, -1).count;
}

/* Faults of a process and of its children that were waited for, by the kernel's own counters. */
static uint64_t kernel_faults(pid_t pid)
{
	unsigned long v[4];
	char path[64], buf[1024], *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	assert_true(mmt_read_file(path, buf, sizeof(buf)) > 0);
	p = strrchr(buf, ')');
	assert_non_null(p);
	assert_int_equal(sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %lu %lu %lu %lu", &v[0], &v[1], &v[2], &v[3]), 4);
	return v[0] + v[1] + v[2] + v[3];
}

/* ---------------------------------------------------------------- jobs */

static void touch(long pages)
{
	long page = sysconf(_SC_PAGESIZE), i;
	char *p = mmap(NULL, (size_t)(pages * page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || (madvise(p, (size_t)(pages * page), MADV_NOHUGEPAGE) && errno != EINVAL))
		_exit(3);
	for (i = 0; i < pages; i++)
		((volatile char *)p)[i * page] = 1;
	munmap(p, (size_t)(pages * page));
}

static void job_nothing(void)
{
}

/* Over several intervals. */
static void job_pages(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		touch(PAGES / 4);
		usleep(100000);
	}
}

static void job_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		touch(PAGES);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void *touch_thread(void *arg)
{
	touch(PAGES);
	return arg;
}

static void job_thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, touch_thread, NULL) || pthread_join(t, NULL))
		_exit(4);
}

/* ---------------------------------------------------------------- tests */

enum whose { PROCESS, THREAD, MACHINE };

/* The iteration of a job; what the kernel counted meanwhile for the process and its children. */
static uint64_t measure(void (*job)(void), enum whose whose, int cpu)
{
	struct mmt_session *s;
	struct worker w;
	cpu_set_t set;
	uint64_t before, after;

	worker_start(&w, job);
	if (cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET((unsigned int)cpu, &set);
		assert_int_equal(sched_setaffinity(w.pid, sizeof(set), &set), 0);
	}
	s = begin(whose == PROCESS ? &w.pid : NULL, whose == THREAD ? &w.pid : NULL, NULL);
	worker_run(s, &w);
	before = kernel_faults(w.pid);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "a", ""), 0);
	worker_run(s, &w);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "a", ""), 0);
	after = kernel_faults(w.pid);
	worker_stop(&w);
	recording_end(s);
	return after - before;
}

static void test_process(void **state)
{
	uint64_t none, kernel;
	struct want w;

	(void)state;
	none = measure(job_nothing, PROCESS, -1);
	assert_int_equal(sum("page-faults"), none);
	kernel = measure(job_pages, PROCESS, -1);
	w = sum_on("page-faults", -1);
	assert_int_equal(w.count, PAGES + none);
	assert_int_equal(w.count, kernel);
	assert_int_equal(sum("minor-faults") + sum("major-faults"), kernel);
	assert_in_range(w.rows, 2, 20); /* at the interval and at the mark, and nothing is counted twice */
	assert_int_equal(w.last_cpu, UINT32_MAX);
	assert_int_equal(w.enabled, w.running);
	/* it slept: of a task, time is its run time */
	assert_in_range(sum("task-clock"), 1, 380000000);
	assert_in_range(sum("context-switches"), 5, 500);
	assert_int_equal(sum_on("cycles", -1).rows > 0, mmt_perf_pmu__core("")); /* what there is not has no row */
}

/* What a process starts is counted with it, also when it has ended; of a thread it is not. */
static void test_inherit(void **state)
{
	uint64_t kernel;

	(void)state;
	kernel = measure(job_child, PROCESS, -1);
	assert_true(kernel >= (uint64_t)PAGES);
	assert_int_equal(sum("page-faults"), kernel);
	kernel = measure(job_thread, PROCESS, -1);
	assert_true(kernel >= (uint64_t)PAGES);
	assert_int_equal(sum("page-faults"), kernel);
	kernel = measure(job_thread, THREAD, -1);
	assert_true(kernel >= (uint64_t)PAGES);
	assert_true(sum("page-faults") <= kernel - (uint64_t)PAGES);
}

static int gate[2];

static void *touch_when_told(void *arg)
{
	char c;

	if (read(gate[0], &c, 1) == 1)
		touch(PAGES);
	return arg;
}

/* Of a process that runs, all threads that it has already. */
static void test_threads_there(void **state)
{
	struct mmt_session *s;
	int told[2], i;
	pthread_t t[3];
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(gate) | pipe(told), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		for (i = 0; i < 3; i++)
			if (pthread_create(&t[i], NULL, touch_when_told, NULL))
				_exit(5);
		if (write(told[1], "", 1) != 1)
			_exit(6);
		for (i = 0; i < 3; i++)
			pthread_join(t[i], NULL);
		_exit(0);
	}
	assert_int_equal(read(told[0], &c, 1), 1);
	s = begin(&pid, NULL, NULL);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "a", ""), 0);
	assert_int_equal(write(gate[1], "abc", 3), 3);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "a", ""), 0);
	recording_end(s);
	assert_in_range(sum("page-faults"), 3 * PAGES, 3 * PAGES + 100);
	close(gate[0]);
	close(gate[1]);
	close(told[0]);
	close(told[1]);
}

/* All that the CPUs do; what one task does is on its CPU. */
static void test_cpus(void **state)
{
	uint64_t kernel, clock;
	struct want on, all;
	cpu_set_t set;
	int cpu;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (cpu = CPU_SETSIZE - 1; cpu > 0 && !CPU_ISSET((unsigned int)cpu, &set); cpu--)
		;
	kernel = measure(job_pages, MACHINE, cpu);
	on = sum_on("page-faults", cpu);
	all = sum_on("page-faults", -1);
	assert_true(on.count >= kernel && kernel >= (uint64_t)PAGES);
	assert_true(all.count >= on.count);
	assert_true(all.last_cpu != UINT32_MAX);
	/* time is the CPU's, whatever ran: more than the job's 400 ms */
	clock = sum_on("task-clock", cpu).count;
	assert_true(clock > 400000000);
	assert_true(on.enabled == on.running && on.enabled > 400000000);
	if (clock > on.enabled + 50000000 || on.enabled > clock + 50000000)
		fail_msg("task-clock of CPU %d: %llu ns, time %llu ns", cpu, (unsigned long long)clock, (unsigned long long)on.enabled);
}

/* perf knows no names of commands: the CPUs are counted. */
static void test_other_filter(void **state)
{
	struct mmt_session *s;
	struct worker w;

	(void)state;
	worker_start(&w, job_pages);
	s = begin(NULL, NULL, "nobody");
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "a", ""), 0);
	worker_run(s, &w);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "a", ""), 0);
	worker_stop(&w);
	recording_end(s);
	assert_true(sum("page-faults") >= (uint64_t)PAGES);
}

/* Marks one after the other: each event is on one side of each. */
static void test_marks(void **state)
{
	struct mmt_session *s;
	struct worker w;
	int i;

	(void)state;
	worker_start(&w, job_child);
	s = begin(&w.pid, NULL, NULL);
	for (i = 0; i < 20; i++)
		assert_int_equal(mmt_session__mark(s, MMT_MARK_USER, "x", ""), 0);
	worker_run(s, &w);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "a", ""), 0);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "a", ""), 0);
	worker_stop(&w);
	recording_end(s);
	assert_int_equal(sum("page-faults"), 0);
	assert_int_equal(sum_on("page-faults", -1).rows, 1); /* and that is told */
}

static int remove_trace(void **state)
{
	(void)state;
	unlink(trace_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process), cmocka_unit_test(test_inherit), cmocka_unit_test(test_threads_there),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_other_filter), cmocka_unit_test(test_marks),
	};

	snprintf(trace_path, sizeof(trace_path), "/tmp/mmt-test-counters.%d.mmt", getpid());
	return cmocka_run_group_tests(tests, NULL, remove_trace);
}
