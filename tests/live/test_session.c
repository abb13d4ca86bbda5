// SPDX-License-Identifier: GPL-2.0-only
/*
 * Known answers on the running kernel: what a child did between two marks, at which it was
 * asleep, must be what the kernel itself counted for it, to the last switch.
 */
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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/sched.h>

#include "../../collector/session.h"
#include "../../collector/sysfs.h"
#include "recording.h"
#include "switches.h"
#include "trace_sums.h"

#define PRIME 23

static char trace_path[64];

static struct mmt_session_opts base_opts(void)
{
	struct mmt_session_opts o = {
		.sz = sizeof(o), .log = recording_log, .output = trace_path, .profile = MMT_PROFILE_FULL,
		.time_shift = -1, .no_oracle = true,
	};

	return o;
}

/* ------------------------------------------------------- a child that works on demand */

struct worker {
	pid_t pid;
	int go[2], done[2];
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		_exit(3);
}

static void worker_start(struct worker *w, void (*job)(void))
{
	char c;

	assert_int_equal(pipe(w->go) | pipe(w->done), 0);
	w->pid = fork();
	assert_true(w->pid >= 0);
	if (w->pid)
		return;
	while (read(w->go[0], &c, 1) == 1) {
		if (c == 'q')
			_exit(0);
		job();
		if (write(w->done[1], &c, 1) != 1)
			_exit(2);
	}
	_exit(1);
}

/* Returns when the worker sleeps in read(2) again, so that its counters stand still. */
static void worker_settle(const struct worker *w)
{
	struct timespec ms = { 0, 1000000 };
	char path[64], buf[512], *p;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", w->pid);
	for (i = 0; i < 2000; i++) {
		assert_true(mmt_read_file(path, buf, sizeof(buf)) > 0);
		p = strrchr(buf, ')');
		if (p && p[2] == 'S')
			break;
		nanosleep(&ms, NULL);
	}
	nanosleep(&ms, NULL);
}

static void worker_run(struct mmt_session *s, const struct worker *w)
{
	struct pollfd fd = { .fd = w->done[0], .events = POLLIN };
	char c = 'r';

	assert_int_equal(write(w->go[1], &c, 1), 1);
	assert_int_equal(mmt_session__poll(s, &fd, 1, 20000), 1);
	assert_int_equal(read(w->done[0], &c, 1), 1);
	worker_settle(w);
}

static void worker_stop(const struct worker *w)
{
	char c = 'q';

	assert_int_equal(write(w->go[1], &c, 1), 1);
	assert_int_equal(waitpid(w->pid, NULL, 0), w->pid);
	close(w->go[0]);
	close(w->go[1]);
	close(w->done[0]);
	close(w->done[1]);
}

/* Run `job` in a child between two marks; compare totals and events with the kernel's counters. */
static struct sums measure(struct mmt_session_opts *o, void (*job)(void))
{
	struct kernel_switches before, after;
	struct mmt_session *s;
	struct sums totals, events;
	struct worker w;

	worker_start(&w, job);
	worker_settle(&w);
	s = recording_begin(o);
	/* one round before the mark: the child has been seen */
	worker_run(s, &w);
	before = kernel_switches(w.pid);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "a", ""), 0);
	worker_run(s, &w);
	after = kernel_switches(w.pid);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "a", ""), 0);
	worker_stop(&w);
	recording_end(s);
	sums_of_totals(trace_path, w.pid, MMT_MARK_ITER_START, &totals);
	assert_int_equal(totals.nvcsw, after.nvcsw - before.nvcsw);
	assert_int_equal(totals.nivcsw, after.nivcsw - before.nivcsw);
	if (o->profile != MMT_PROFILE_LIGHT) {
		sums_of_events(trace_path, w.pid, MMT_MARK_ITER_START, &events);
		assert_int_equal(events.nvcsw, totals.nvcsw);
		assert_int_equal(events.nivcsw, totals.nivcsw);
		assert_int_equal(events.migrations, totals.migrations);
	}
	return totals;
}

static void job_migrate(void)
{
	int i;

	pin(1); /* so that the first one below is a move too */
	for (i = 0; i < PRIME; i++)
		pin(i & 1);
}

static void job_sleep(void)
{
	sleep_switches(PRIME);
}

/* A child of higher real-time priority on the same CPU wakes 23 times and takes it from us each time. */
static void job_preempted(void)
{
	struct sched_param p = { .sched_priority = 2 }, mine = { .sched_priority = 1 }, normal = { 0 };
	struct timespec ms = { 0, 3000000 };
	pid_t rt;
	int i, fds[2];
	char c;

	pin(0);
	if (pipe(fds))
		_exit(4);
	rt = fork();
	if (!rt) {
		close(fds[0]);
		if (sched_setscheduler(0, SCHED_FIFO, &p))
			_exit(5);
		for (i = 0; i < PRIME; i++)
			nanosleep(&ms, NULL);
		_exit(0); /* closes fds[1] */
	}
	close(fds[1]);
	if (sched_setscheduler(0, SCHED_FIFO, &mine)) /* so that nothing else does */
		_exit(7);
	/* spin until it is gone: no sleep of our own */
	while (waitpid(rt, NULL, WNOHANG) == 0)
		;
	if (read(fds[0], &c, 1) != 0)
		_exit(6);
	close(fds[0]);
	sched_setscheduler(0, SCHED_OTHER, &normal);
}

static void require_two_cpus(void)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		fprintf(stderr, "skipped: needs 2 CPUs\n");
		skip();
	}
}

static void test_migrations_exact(void **state)
{
	struct mmt_session_opts o = base_opts();
	struct sums t;

	(void)state;
	require_two_cpus();
	t = measure(&o, job_migrate);
	assert_in_range(t.migrations, PRIME, PRIME + 1); /* pin(1) may be a move */
	o.profile = MMT_PROFILE_LIGHT;
	t = measure(&o, job_migrate);
	assert_in_range(t.migrations, PRIME, PRIME + 1);
}

static void test_voluntary_exact(void **state)
{
	struct mmt_session_opts o = base_opts();
	struct sums t;

	(void)state;
	t = measure(&o, job_sleep);
	/* 23 sleeps and the read(2) that ends the round; measure() has compared with the kernel's */
	assert_in_range(t.nvcsw, PRIME, PRIME + 2);
	assert_in_range(t.off_ns, PRIME * 1000000ULL, PRIME * 50000000ULL);
}

static void test_involuntary_exact(void **state)
{
	struct mmt_session_opts o = base_opts();
	struct sums t;

	(void)state;
	t = measure(&o, job_preempted);
	/* one by each wakeup of the child, one more when the child starts, and measure() has compared with the kernel's */
	print_message("involuntary: %llu\n", (unsigned long long)t.nivcsw);
	assert_in_range(t.nivcsw, PRIME, PRIME + 10); /* tasks of higher priority may come in on a busy machine */
}

static void test_raw_tp(void **state)
{
	struct mmt_session_opts o = base_opts();
	struct sums t;

	(void)state;
	o.probe = "raw_tp";
	t = measure(&o, job_sleep);
	assert_in_range(t.nvcsw, PRIME, PRIME + 2);
}

static void test_filter_pid(void **state)
{
	struct mmt_session_opts o = base_opts();
	struct machine_sums m;
	struct worker w;
	struct mmt_session *s;
	int pid;

	(void)state;
	worker_start(&w, job_sleep);
	pid = w.pid;
	o.pids = &pid;
	o.n_pids = 1;
	s = recording_begin(&o);
	worker_run(s, &w);
	worker_stop(&w);
	recording_end(s);
	sums_of_machine(trace_path, 0, &m);
	assert_true(m.task_nvcsw >= PRIME);
	assert_int_equal(m.tasks_with_totals, 1);
	assert_true(m.seen_switch < m.switches);
}

/* A cgroup of our own below the unified hierarchy. */
static int make_cgroup(char *dir, size_t size)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	char path[256];
	size_t i;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/cgroup.controllers", mounts[i]);
		if (access(path, R_OK))
			continue;
		snprintf(dir, size, "%s/mmt-test-%d", mounts[i], getpid());
		if (!mkdir(dir, 0755))
			return 0;
	}
	return -1;
}

static void cgroup_add(const char *dir, pid_t pid)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%d\n", pid);
	assert_int_equal(fclose(f), 0);
}

/* 23 sleeps in a cgroup: known per cgroup, as a filter and in a trace of the machine. */
static void test_cgroup(void **state)
{
	struct mmt_session_opts o = base_opts();
	struct kernel_switches before, after;
	struct mmt_session *s;
	struct machine_sums m;
	char dir[200];
	struct worker w;
	struct sums c;
	int filter;

	(void)state;
	for (filter = 0; filter < 2; filter++) {
		if (make_cgroup(dir, sizeof(dir))) {
			fprintf(stderr, "skipped: no cgroup v2 hierarchy to make a cgroup in\n");
			skip();
		}
		worker_start(&w, job_sleep);
		worker_settle(&w);
		if (filter)
			o.cgroup = dir;
		s = recording_begin(&o);
		worker_run(s, &w); /* seen in its first cgroup */
		cgroup_add(dir, w.pid);
		assert_int_equal(mmt_session__poll(s, NULL, 0, 150), 0);
		before = kernel_switches(w.pid);
		assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "c", ""), 0);
		worker_run(s, &w);
		after = kernel_switches(w.pid);
		assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "c", ""), 0);
		worker_stop(&w);
		recording_end(s);
		rmdir(dir);
		sums_of_cgroup(trace_path, strrchr(dir, '/'), MMT_MARK_ITER_START, &c);
		assert_int_equal(c.nvcsw, after.nvcsw - before.nvcsw);
		assert_int_equal(c.nivcsw, after.nivcsw - before.nivcsw);
		assert_in_range(c.nvcsw, PRIME, PRIME + 2);
		sums_of_machine(trace_path, MMT_MARK_ITER_START, &m);
		if (filter)
			assert_int_equal(m.task_nvcsw, c.nvcsw);
	}
}

/* ------------------------------------------------------------------ whole machine */

static uint64_t proc_ctxt(void)
{
	static char buf[1 << 18];
	char *p;

	assert_true(mmt_read_file("/proc/stat", buf, sizeof(buf)) > 0);
	p = strstr(buf, "\nctxt ");
	assert_non_null(p);
	return strtoull(p + 6, NULL, 10);
}

static void test_machine_switches(void **state)
{
	struct mmt_session_opts o = base_opts();
	struct mmt_session *s;
	struct machine_sums m;
	uint64_t a, b, diff, sum;
	struct worker w;

	(void)state;
	worker_start(&w, job_sleep);
	s = recording_begin(&o);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "m", ""), 0);
	a = proc_ctxt();
	worker_run(s, &w);
	b = proc_ctxt();
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "m", ""), 0);
	worker_stop(&w);
	recording_end(s);
	sums_of_machine(trace_path, MMT_MARK_ITER_START, &m);
	diff = m.switches > b - a ? m.switches - (b - a) : b - a - m.switches;
	print_message("switches: ours %llu, /proc/stat %llu\n", (unsigned long long)m.switches,
		      (unsigned long long)(b - a));
	/* the readings are a few ms apart from the cuts */
	assert_true(diff <= 20 + m.switches / 50);
	assert_int_equal(m.switches, m.seen_switch);
	assert_int_equal(m.lost, 0);
	/* every switch of a task is in a task's row; rows are read one after the other, so a few fall beside the cut */
	sum = m.task_nvcsw + m.task_nivcsw + m.idle_switches;
	print_message("in rows of tasks and idle: %llu\n", (unsigned long long)sum);
	assert_in_range(sum, m.switches - 8, m.switches + 8);
}

/* What a kernel hides of a task (see `unseen`) it hides of the migrations that the task decides, too. */
static void check_whole_lives(const struct machine_sums *m)
{
	assert_int_equal(m->whole_mismatch, 0);
	if (!m->unseen)
		assert_int_equal(m->migration_mismatch, 0);
	else
		print_message("%llu switches hidden by the kernel, %llu of %llu tasks with other migrations than its own\n",
			      (unsigned long long)m->unseen, (unsigned long long)m->migration_mismatch,
			      (unsigned long long)m->whole_lives);
}

static void test_short_lived(void **state)
{
	struct mmt_session_opts o = base_opts();
	struct mmt_session *s;
	struct machine_sums m;
	pid_t shell;
	int i;

	(void)state;
	s = recording_begin(&o);
	shell = fork();
	if (!shell) {
		for (i = 0; i < 2000; i++) {
			pid_t p = fork();

			if (!p)
				_exit(0);
			waitpid(p, NULL, 0);
		}
		_exit(0);
	}
	while (waitpid(shell, NULL, WNOHANG) == 0)
		assert_int_equal(mmt_session__poll(s, NULL, 0, 5), 0);
	recording_end(s);
	sums_of_machine(trace_path, 0, &m);
	assert_true(m.exits >= 2001);
	/* for each task that was born and died here: our counts are the kernel's */
	assert_true(m.whole_lives >= 2001);
	check_whole_lives(&m);
}

/* The same pid twice: two epochs, each with its own counts. */
static void test_pid_reuse(void **state)
{
	struct mmt_session_opts o = base_opts();
	struct clone_args args = { .exit_signal = SIGCHLD };
	struct mmt_session *s;
	pid_t want = 0, tids[1];
	struct machine_sums m;
	struct timespec ms = { 0, 2000000 };
	int round, i;

	(void)state;
	s = recording_begin(&o);
	for (round = 0; round < 2; round++) {
		pid_t p;

		tids[0] = want;
		args.set_tid = want ? (uint64_t)(uintptr_t)tids : 0;
		args.set_tid_size = want ? 1 : 0;
		for (i = 0; i < 100; i++) { /* the pid is free a little after its process was reaped */
			p = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
			if (p >= 0 || errno != EEXIST)
				break;
			nanosleep(&ms, NULL);
		}
		if (p < 0 && (errno == EPERM || errno == ENOSYS)) {
			recording_end(s);
			fprintf(stderr, "skipped: clone3 cannot set a pid here: %s\n", strerror(errno));
			skip();
		}
		assert_true(p >= 0);
		if (!p) {
			for (i = 0; i < PRIME; i++)
				nanosleep(&ms, NULL);
			_exit(0);
		}
		assert_true(!want || p == want);
		want = p;
		assert_int_equal(waitpid(p, NULL, 0), p);
	}
	recording_end(s);
	sums_of_machine(trace_path, 0, &m);
	print_message("epochs of %d: %d\n", want, epochs_of_tid(trace_path, want));
	assert_int_equal(epochs_of_tid(trace_path, want), 2);
	assert_int_equal(m.whole_mismatch, 0);
}

static void *nap(void *arg)
{
	struct timespec ms = { 0, 1000000 };
	int i;

	(void)arg;
	for (i = 0; i < PRIME; i++)
		nanosleep(&ms, NULL);
	return NULL;
}

static void test_500_threads(void **state)
{
	struct mmt_session_opts o = base_opts();
	struct mmt_session *s;
	struct machine_sums m;
	pthread_t t[500];
	pid_t child;
	int i;

	(void)state;
	s = recording_begin(&o);
	child = fork();
	if (!child) {
		for (i = 0; i < 500; i++)
			if (pthread_create(&t[i], NULL, nap, NULL))
				_exit(1);
		for (i = 0; i < 500; i++)
			pthread_join(t[i], NULL);
		_exit(0);
	}
	while (waitpid(child, NULL, WNOHANG) == 0)
		assert_int_equal(mmt_session__poll(s, NULL, 0, 5), 0);
	recording_end(s);
	sums_of_machine(trace_path, 0, &m);
	assert_true(m.whole_lives >= 501);
	check_whole_lives(&m);
}

/* One busy CPU, and an idle machine: run time is known although nothing switches. */
static void test_spin_and_idle(void **state)
{
	struct mmt_session_opts o = base_opts();
	struct mmt_session *s;
	struct machine_sums m;
	struct timespec before, after;
	struct sums t;
	clockid_t clock;
	uint64_t ran;
	pid_t spin;

	(void)state;
	o.profile = MMT_PROFILE_LIGHT;
	spin = fork();
	if (!spin) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test must not leave us */
		pin(0);
		for (;;)
			;
	}
	s = recording_begin(&o);
	assert_int_equal(clock_getcpuclockid(spin, &clock), 0);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "spin", ""), 0);
	assert_int_equal(clock_gettime(clock, &before), 0);
	assert_int_equal(mmt_session__poll(s, NULL, 0, 500), 0);
	assert_int_equal(clock_gettime(clock, &after), 0);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "spin", ""), 0);
	kill(spin, SIGKILL);
	waitpid(spin, NULL, 0);
	recording_end(s);
	sums_of_totals(trace_path, spin, MMT_MARK_ITER_START, &t);
	sums_of_machine(trace_path, MMT_MARK_ITER_START, &m);
	ran = (uint64_t)(after.tv_sec - before.tv_sec) * 1000000000 + (uint64_t)(after.tv_nsec - before.tv_nsec);
	assert_in_range(t.run_ns + 5000000, ran, m.span_ns + m.span_ns / 50);
	print_message("run %llu busy %llu idle %llu span %llu\n", (unsigned long long)t.run_ns,
		      (unsigned long long)m.busy_ns, (unsigned long long)m.idle_ns, (unsigned long long)m.span_ns);
	/* busy and idle time of all CPUs fill the interval */
	assert_in_range(m.busy_ns + m.idle_ns, (m.span_ns * (uint64_t)m.cpus) * 98 / 100,
			(m.span_ns * (uint64_t)m.cpus) * 102 / 100);
}

static void test_mark_socket(void **state)
{
	struct mmt_session_opts o = base_opts();
	char path[64];
	struct mmt_session *s;
	pid_t child;
	int st = -1;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/mmt-test-ctl.%d", getpid());
	o.ctl_path = path;
	s = recording_begin(&o);
	child = fork();
	if (!child)
		_exit(mmt_mark_request(path, MMT_MARK_USER, "here", "with\ttab") ? 1 : 0);
	while (waitpid(child, &st, WNOHANG) == 0)
		assert_int_equal(mmt_session__poll(s, NULL, 0, 5), 0);
	assert_int_equal(st, 0);
	recording_end(s);
	assert_int_equal(marks_named(trace_path, "here", "with tab"), 1);
	assert_int_equal(mmt_mark_request(path, MMT_MARK_USER, "gone", ""), -ENOENT);
}

static int setup(void **state)
{
	(void)state;
	snprintf(trace_path, sizeof(trace_path), "/tmp/mmt-test-session.%d.mmt", getpid());
	return 0;
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
		cmocka_unit_test(test_migrations_exact),
		cmocka_unit_test(test_voluntary_exact),
		cmocka_unit_test(test_involuntary_exact),
		cmocka_unit_test(test_raw_tp),
		cmocka_unit_test(test_filter_pid),
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_machine_switches),
		cmocka_unit_test(test_short_lived),
		cmocka_unit_test(test_pid_reuse),
		cmocka_unit_test(test_500_threads),
		cmocka_unit_test(test_spin_and_idle),
		cmocka_unit_test(test_mark_socket),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
