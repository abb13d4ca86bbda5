// SPDX-License-Identifier: GPL-2.0-only
/*
 * Known answers of the offcpu family: what blocked a known number of times, for a known time,
 * is in the rows with the stacks where it did, and with who woke it; and the sums of a task
 * are those of its totals, to the nanosecond.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../collector/session.h"
#include "off_rows.h"
#include "recording.h"
#include "switches.h"
#include "worker.h"

#define PRIME 23
#define MS 1000000L
#define FUNC(section_name) __attribute__((noinline, noclone, optimize("no-omit-frame-pointer"), section(section_name)))
#define SECTION(name) extern const char __start_##name[], __stop_##name[]

/* What the children tell of themselves. */
struct shared {
	int pipe[2];
	uint32_t futex;
	uint32_t waiting; /* times that the waiter was about to wait */
	uint64_t ns, cpu_ns, blocked; /* of the measured part: time, CPU time, switches that the kernel calls voluntary */
};

static struct shared *shared;
static char trace_path[64], said[256];

SECTION(off_read);
SECTION(off_write);
SECTION(off_futex);

static void log_to_stderr(void *ctx, enum mmt_log_level level, const char *msg)
{
	(void)ctx;
	if (level > MMT_LOG_WARN)
		return;
	snprintf(said, sizeof(said), "%s", msg);
	fprintf(stderr, "session: %s\n", msg);
}

static unsigned int families(const char *words)
{
	const char *name, *summary;
	unsigned int i, bits = 0;

	for (i = 0; (name = mmt_session__family(i, &summary)); i++)
		if (strstr(words, name))
			bits |= 1U << i;
	assert_true(bits);
	return bits;
}

static struct mmt_session *begin(const char *words, const char *probe, const pid_t *pid)
{
	struct mmt_session_opts o = {
		.sz = sizeof(o), .log = log_to_stderr, .output = trace_path, .profile = MMT_PROFILE_LIGHT,
		.time_shift = -1, .no_oracle = true, .families = families(words), .families_only = true, .probe = probe,
		.pids = pid, .n_pids = pid ? 1 : 0,
	};

	return recording_begin(&o);
}

static struct off_trace *end(struct mmt_session *s)
{
	recording_end(s);
	return off_open(trace_path);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void sleep_ms(long ms)
{
	struct timespec ts = { 0, ms * MS };

	nanosleep(&ts, NULL);
}

static pid_t child(void (*job)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	job();
	_exit(0);
}

static void reap(struct mmt_session *s, pid_t pid)
{
	int st = 0;

	while (waitpid(pid, &st, WNOHANG) == 0)
		assert_int_equal(mmt_session__poll(s, NULL, 0, 5), 0);
	assert_int_equal(st, 0);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void part_begins(void)
{
	shared->blocked = own_nvcsw();
	shared->cpu_ns = cpu_ns();
	shared->ns = now_ns();
}

static void part_ends(void)
{
	shared->ns = now_ns() - shared->ns;
	shared->cpu_ns = cpu_ns() - shared->cpu_ns;
	shared->blocked = own_nvcsw() - shared->blocked;
}

/* As many as there were. A kernel that hides what certain tasks do hides a few of others with it. */
static void check_count(const struct off_trace *t, uint64_t n, uint64_t of)
{
	assert_in_range(n, of - (off_hidden(t) ? 3 : 0), of);
}

/*
 * As many as the kernel counted, which on an idle machine is PRIME; with preemptions they are all of the time that it
 * did not run, within 5 %, and they are not longer than what the task itself saw.
 */
static void check_part(const struct off_trace *t, pid_t tid, const struct off_sum *s, uint64_t each)
{
	const struct off_want any = { .tid = tid };

	print_message("%llu periods, %llu ns, by the task's own clock %llu\n", (unsigned long long)s->count,
		      (unsigned long long)s->total, (unsigned long long)shared->ns);
	check_count(t, s->count, shared->blocked);
	if (s->count == PRIME)
		assert_true(s->total >= PRIME * each - PRIME * each / 200);
	assert_true(s->total <= shared->ns + shared->ns / 200);
	assert_true(off_cpu_sum(t, &any).total + shared->cpu_ns >= shared->ns - shared->ns / 20);
	assert_true(s->max <= s->total && s->max >= s->total / s->count);
	assert_int_equal(s->in_hist, s->count);
}

/* Periods of which the wakeup was not seen; their time is added to *total. */
static uint64_t unseen(const struct off_trace *t, pid_t tid, uint64_t *total)
{
	const struct off_want w = { .tid = tid, .mask = MMT_WAKER_IRQ, .waker = -1 };
	struct off_sum s = waker_sum(t, &w);

	*total += s.total;
	return s.count;
}

/* ---------------------------------------------------------------- a pipe */

FUNC("off_read") static long read_one(int fd)
{
	char c;
	long n = read(fd, &c, 1);

	__asm__ volatile("" ::: "memory"); /* no tail call */
	return n;
}

FUNC("off_read") static void reader(void)
{
	int i;

	part_begins();
	for (i = 0; i < PRIME; i++)
		if (read_one(shared->pipe[0]) != 1)
			_exit(2);
	part_ends();
}

FUNC("off_write") static long write_one(int fd)
{
	long n = write(fd, "x", 1);

	__asm__ volatile("" ::: "memory");
	return n;
}

FUNC("off_write") static void writer(void)
{
	int i;

	for (i = 0; i < PRIME; i++) {
		sleep_ms(10);
		if (write_one(shared->pipe[1]) != 1)
			_exit(3);
	}
}

static void pipe_by(const char *words, const char *probe)
{
	struct off_want w = { .mask = MMT_OFF_PREEMPTED, .kfunc = "pipe_read" };
	struct mmt_session *s = begin(words, probe, NULL);
	struct off_trace *t;
	struct off_sum sum;
	pid_t r, wr;

	assert_int_equal(pipe(shared->pipe), 0);
	r = child(reader);
	wr = child(writer);
	reap(s, wr);
	reap(s, r);
	t = end(s);
	w.tid = r;
	w.lo = __start_off_read;
	w.hi = __stop_off_read;
	sum = off_cpu_sum(t, &w);
	if (!sum.count) {
		w.kfunc = "anon_pipe_read"; /* since 6.16 */
		sum = off_cpu_sum(t, &w);
	}
	check_part(t, r, &sum, 10 * MS);
	w.mask = 0;
	if (strstr(words, "waker")) {
		struct off_sum ws;
		uint64_t total;

		w.waker = wr;
		w.waker_lo = __start_off_write;
		w.waker_hi = __stop_off_write;
		w.waker_kfunc = "pipe_write";
		ws = waker_sum(t, &w);
		if (!ws.count) {
			w.waker_kfunc = "anon_pipe_write";
			ws = waker_sum(t, &w);
		}
		check_count(t, ws.count, sum.count);
		total = ws.total;
		assert_int_equal(ws.count + unseen(t, r, &total), sum.count);
		assert_int_equal(total, sum.total); /* blocked + delay is all of it */
	}
	assert_true(off_matches(t, r, 0));
	assert_true(off_matches(t, wr, 0));
	off_close(t);
	close(shared->pipe[0]);
	close(shared->pipe[1]);
}

static void test_pipe(void **state)
{
	(void)state;
	pipe_by("offcpu waker", NULL);
}

static void test_pipe_raw_tp(void **state)
{
	(void)state;
	pipe_by("offcpu waker", "raw_tp");
}

static void test_pipe_walked(void **state)
{
	(void)state;
	setenv("MMT_OFFCPU_STACKS", "walk", 1);
	pipe_by("offcpu waker", NULL);
	unsetenv("MMT_OFFCPU_STACKS");
}

static void test_no_wakers(void **state)
{
	const struct off_want all = { 0 };
	struct off_trace *t;

	(void)state;
	pipe_by("offcpu", NULL);
	t = off_open(trace_path);
	assert_int_equal(waker_sum(t, &all).rows, 0);
	off_close(t);
}

/* ---------------------------------------------------------------- timers and locks */

static void sleeper(void)
{
	int i;

	part_begins();
	for (i = 0; i < PRIME; i++)
		sleep_ms(10);
	part_ends();
}

/* What a timer ends, no task has ended. */
static void test_nanosleep(void **state)
{
	struct off_want w = { .mask = MMT_OFF_PREEMPTED, .kfunc = "do_nanosleep" };
	struct mmt_session *s;
	struct off_trace *t;
	struct off_sum sum;

	(void)state;
	s = begin("offcpu waker", NULL, NULL);
	w.tid = child(sleeper);
	reap(s, w.tid);
	t = end(s);
	sum = off_cpu_sum(t, &w);
	check_part(t, w.tid, &sum, 10 * MS);
	w.mask = w.flags = MMT_WAKER_IRQ;
	w.waker = -1;
	check_count(t, waker_sum(t, &w).count, sum.count);
	off_close(t);
}

FUNC("off_futex") static void lock_wait(void)
{
	syscall(SYS_futex, &shared->futex, FUTEX_WAIT, 0, NULL, NULL, 0);
	__asm__ volatile("" ::: "memory");
}

FUNC("off_futex") static void waiter(void)
{
	int i;

	part_begins();
	for (i = 0; i < PRIME; i++)
		lock_wait();
	part_ends();
}

static void waker(void)
{
	int i;

	for (i = 0; i < PRIME; i++) {
		sleep_ms(7);
		while (syscall(SYS_futex, &shared->futex, FUTEX_WAKE, 1, NULL, NULL, 0) != 1)
			sched_yield();
	}
}

static void test_futex(void **state)
{
	struct off_want w = { .mask = MMT_OFF_PREEMPTED, .kfunc = "futex" };
	struct mmt_session *s;
	struct off_trace *t;
	struct off_sum sum;
	pid_t wk;

	(void)state;
	shared->futex = 0;
	s = begin("offcpu waker", NULL, NULL);
	w.tid = child(waiter);
	wk = child(waker);
	reap(s, w.tid);
	reap(s, wk);
	t = end(s);
	w.lo = __start_off_futex;
	w.hi = __stop_off_futex;
	sum = off_cpu_sum(t, &w);
	check_part(t, w.tid, &sum, 7 * MS);
	w.mask = 0;
	w.waker = wk;
	w.waker_kfunc = "futex_wake";
	check_count(t, waker_sum(t, &w).count, sum.count);
	off_close(t);
}

static void stay_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void early_waiter(void)
{
	uint64_t until = now_ns() + 500 * MS;
	uint32_t i;

	stay_on(0);
	for (i = 1; now_ns() < until; i++) {
		__atomic_store_n(&shared->waiting, i, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&shared->futex, __ATOMIC_SEQ_CST) != i)
			syscall(SYS_futex, &shared->futex, FUTEX_WAIT, i - 1, NULL, NULL, 0);
	}
	__atomic_store_n(&shared->waiting, 0, __ATOMIC_SEQ_CST);
}

/* Wakes earlier and later within the few us in which the other goes to sleep. */
static void early_waker(void)
{
	uint32_t i = 0, n, k;

	stay_on(1);
	while ((n = __atomic_load_n(&shared->waiting, __ATOMIC_SEQ_CST))) {
		if (n == i)
			continue;
		i = n;
		for (k = 0; k < i % 5000; k++)
			__asm__ volatile("" ::: "memory");
		__atomic_store_n(&shared->futex, i, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, &shared->futex, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
}

/* Who wakes a task just as it goes to sleep is known as well. */
static void test_woken_early(void **state)
{
	struct off_want w = { .mask = MMT_OFF_PREEMPTED };
	struct mmt_session *s;
	struct off_trace *t;
	struct off_sum sum;
	uint64_t total = 0, few;
	pid_t wk;

	(void)state;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		fprintf(stderr, "skipped: this needs two CPUs\n");
		skip();
	}
	shared->futex = 0;
	shared->waiting = 1;
	s = begin("offcpu waker", NULL, NULL);
	w.tid = child(early_waiter);
	wk = child(early_waker);
	reap(s, w.tid);
	reap(s, wk);
	t = end(s);
	sum = off_cpu_sum(t, &w);
	few = unseen(t, w.tid, &total);
	print_message("asleep %llu times, %llu wakeups not seen\n", (unsigned long long)sum.count, (unsigned long long)few);
	assert_true(sum.count > 100);
	check_count(t, sum.count - few, sum.count);
	off_close(t);
}

/* ---------------------------------------------------------------- preempted */

static void busy(void)
{
	uint64_t until = now_ns() + 400 * MS;

	stay_on(0);
	while (now_ns() < until)
		;
}

/* Two on one CPU: each waits while the other, or somebody else, runs. */
static void test_preempted(void **state)
{
	struct off_want w = { .mask = MMT_OFF_PREEMPTED, .flags = MMT_OFF_PREEMPTED };
	struct mmt_session *s;
	struct off_trace *t;
	struct off_sum sum;
	uint64_t total = 0;
	pid_t pid[2];
	int i;

	(void)state;
	s = begin("offcpu", NULL, NULL);
	for (i = 0; i < 2; i++)
		pid[i] = child(busy);
	for (i = 0; i < 2; i++)
		reap(s, pid[i]);
	t = end(s);
	for (i = 0; i < 2; i++) {
		w.tid = pid[i];
		sum = off_cpu_sum(t, &w);
		assert_true(sum.count >= 3);
		assert_int_equal(sum.in_hist, sum.count);
		total += sum.total;
	}
	print_message("preempted for %llu ns of 2 x 400 ms\n", (unsigned long long)total);
	assert_true(total >= 300 * MS);
	off_close(t);
}

/* ---------------------------------------------------------------- sums */

static void job_sleep(void)
{
	int i;

	for (i = 0; i < PRIME; i++)
		sleep_ms(1);
}

/* What is between two marks is in the segment between, in one table as in the other. */
static void test_marks(void **state)
{
	struct off_want w = { .mask = MMT_OFF_PREEMPTED, .kfunc = "do_nanosleep", .kind = MMT_MARK_ITER_START };
	struct mmt_session *s;
	struct off_trace *t;
	struct worker wk;
	uint64_t tasks;

	(void)state;
	worker_start(&wk, job_sleep);
	s = begin("offcpu", NULL, NULL);
	worker_run(s, &wk);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "a", ""), 0);
	worker_run(s, &wk);
	worker_run(s, &wk);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "a", ""), 0);
	worker_run(s, &wk);
	worker_stop(&wk);
	t = end(s);
	w.tid = wk.pid;
	assert_int_equal(off_cpu_sum(t, &w).count, 2 * PRIME);
	assert_true(off_matches(t, wk.pid, MMT_MARK_ITER_START));
	/* others come and go while the totals of all are read at the first mark and at the last */
	assert_true(off_mismatches(t, 0, &tasks) <= 4 + tasks / 50);
	assert_true(tasks > 2);
	off_close(t);
}

static void test_filter(void **state)
{
	const struct off_want all = { 0 };
	struct off_want one = { 0 };
	struct mmt_session *s;
	struct off_trace *t;
	struct worker wk;

	(void)state;
	worker_start(&wk, job_sleep);
	s = begin("offcpu waker", NULL, &wk.pid);
	worker_run(s, &wk);
	worker_stop(&wk);
	t = end(s);
	one.tid = wk.pid;
	assert_true(off_cpu_sum(t, &one).count >= PRIME);
	assert_int_equal(off_cpu_sum(t, &all).count, off_cpu_sum(t, &one).count);
	assert_int_equal(waker_sum(t, &all).count, waker_sum(t, &one).count);
	assert_true(off_matches(t, wk.pid, 0));
	off_close(t);
}

/* Lives of a ms: none gets another's periods, none is lost. Some become other programs, some have threads. */
static void short_lives(int n)
{
	struct mmt_session *s = begin("offcpu waker", NULL, NULL);
	struct off_trace *t;
	uint64_t tasks;
	int i, k;

	for (i = 0; i < n; i += 20) {
		for (k = 0; k < 20; k++) {
			pid_t pid = fork();

			assert_true(pid >= 0);
			if (!pid) {
				sleep_ms(1);
				if (k == 7)
					execl("/bin/true", "true", (char *)NULL);
				_exit(0);
			}
		}
		for (k = 0; k < 20;) {
			if (waitpid(-1, NULL, WNOHANG) > 0)
				k++;
			else
				assert_int_equal(mmt_session__poll(s, NULL, 0, 1), 0);
		}
	}
	t = end(s);
	assert_int_equal(off_mismatches(t, getpid(), &tasks), 0);
	assert_true(tasks >= (uint64_t)n);
	off_close(t);
}

static void test_short_lives(void **state)
{
	(void)state;
	short_lives(2000);
}

/* Hash maps that are too small: stacks are missing then, periods are not. */
static void test_full(void **state)
{
	const struct off_want bare = { .mask = MMT_OFF_PREEMPTED, .no_stack = true };
	struct off_trace *t;

	(void)state;
	setenv("MMT_OFFCPU_ENTRIES", "16", 1);
	short_lives(200);
	unsetenv("MMT_OFFCPU_ENTRIES");
	t = off_open(trace_path);
	assert_true(off_cpu_sum(t, &bare).count > 20);
	off_close(t);
}

/* A stack that is known again without a walk is the one that a walk finds. */
static void test_known_stacks(void **state)
{
	unsigned long long checked = 0, differ = 0;
	struct mmt_session *s;
	pid_t pid;
	int i;

	(void)state;
	said[0] = '\0';
	setenv("MMT_OFFCPU_STACKS", "check", 1);
	s = begin("offcpu waker", NULL, NULL);
	for (i = 0; i < 3; i++) {
		pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			execl("/bin/sh", "sh", "-c", "i=0; while [ $i -lt 60 ]; do ls -lR /etc /proc/self 2>/dev/null | sort | tail -1 >/dev/null; "
			      "i=$((i + 1)); done", (char *)NULL);
			_exit(0);
		}
		reap(s, pid);
	}
	off_close(end(s));
	unsetenv("MMT_OFFCPU_STACKS");
	if (!said[0]) {
		fprintf(stderr, "skipped: stacks are walked on this machine\n");
		skip();
	}
	assert_int_equal(sscanf(said, "offcpu: of %llu stacks that were known %llu differ", &checked, &differ), 2);
	assert_true(checked > 200);
	assert_int_equal(differ, 0);
}

static int setup(void **state)
{
	(void)state;
	snprintf(trace_path, sizeof(trace_path), "/tmp/mmt-test-offcpu.%d.mmt", getpid());
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED;
}

static int teardown(void **state)
{
	(void)state;
	unlink(trace_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_pipe_raw_tp),
		cmocka_unit_test(test_pipe_walked),
		cmocka_unit_test(test_no_wakers),
		cmocka_unit_test(test_nanosleep),
		cmocka_unit_test(test_futex),
		cmocka_unit_test(test_woken_early),
		cmocka_unit_test(test_preempted),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_short_lives),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_known_stacks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
