// SPDX-License-Identifier: GPL-2.0-only
/* Known answers of the syscall family on the running kernel: what a child called is what was counted, to the last call. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../analyzer/syscalls.h"
#include "../../collector/session.h"
#include "recording.h"

#define STORM 50000
#define THREADS 4
#define SHORT 300

static char trace_path[64];

/* What a child that runs job did between two marks. */
static struct model *measure(const char *probe, bool tree, void (*job)(void), pid_t *pid)
{
	struct mmt_session_opts o = {
		.sz = sizeof(o), .log = recording_log, .output = trace_path, .profile = MMT_PROFILE_LIGHT, .time_shift = -1,
		.no_oracle = true, .probe = probe, .families = recording_family("syscall"), .families_only = true,
	};
	struct model_opts mo = { .window = WINDOW_AUTO };
	struct mmt_session *s = NULL;
	struct model *m = NULL;
	int go[2], st, err;
	char c = 0;

	if (geteuid()) {
		fprintf(stderr, "skipped: recording needs root\n");
		skip();
	}
	assert_int_equal(pipe(go), 0);
	*pid = fork();
	assert_true(*pid >= 0);
	if (!*pid) {
		if (read(go[0], &c, 1) != 1)
			_exit(9);
		job();
		_exit(0);
	}
	o.pids = pid;
	o.n_pids = tree ? 1 : 0;
	err = mmt_session__open(&o, &s);
	if (err == -EPERM || err == -ENOENT) {
		fprintf(stderr, "skipped: BPF is not allowed here: %s\n", strerror(-err));
		kill(*pid, SIGKILL);
		skip();
	}
	assert_int_equal(err, 0);
	assert_int_equal(mmt_session__start(s), 0);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "a", ""), 0);
	assert_int_equal(write(go[1], &c, 1), 1);
	while (waitpid(*pid, &st, WNOHANG) == 0)
		assert_int_equal(mmt_session__poll(s, NULL, 0, 5), 0);
	assert_int_equal(st, 0);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "a", ""), 0);
	assert_int_equal(mmt_session__stop(s), 0);
	mmt_session__close(s);
	close(go[0]);
	close(go[1]);
	assert_int_equal(model_load(trace_path, &mo, &m), 0);
	assert_non_null(m->syscalls);
	return m;
}

/* Sum of a column of a call, over the threads of a process; pid 0: over everybody. */
static uint64_t sum(const struct model *m, pid_t pid, bool compat, const char *name, const char *class, int col)
{
	const struct syscalls *s = m->syscalls;
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s->n_sums; i++) {
		const struct syscall_kind *k = &s->kinds[s->sums[i].kind];
		const struct model_task *t = model_task(m, s->sums[i].epoch);

		if (strcmp(k->name, name) || strcmp(k->class, class) || k->compat != compat)
			continue;
		if (!pid || (t && t->tgid == (uint32_t)pid))
			v += s->sums[i].v[col];
	}
	return v;
}

#define COUNT(m, pid, name) sum(m, pid, false, name, "", SC_COUNT)
#define ERRORS(m, pid, name) sum(m, pid, false, name, "", SC_ERRORS)

/* ---------------------------------------------------------------- known calls */

static void job_known(void)
{
	struct timespec ms10 = { 0, 10000000 };
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i, bad = 0;

	for (i = 0; i < 1009; i++)
		syscall(SYS_getppid);
	for (i = 0; i < 77; i++)
		bad += open("/nonexistent/x", O_RDONLY) != -1;
	for (i = 0; i < 53; i++)
		bad += madvise(p, 8192, MADV_DONTNEED) != 0;
	for (i = 0; i < 5; i++)
		bad += madvise(p + 1, 8192, MADV_DONTNEED) != -1;
	bad += madvise(p, 1 << 20, MADV_NOHUGEPAGE) && errno != EINVAL;
	for (i = 0; i < 3; i++)
		nanosleep(&ms10, NULL);
	bad += mprotect(p, 4096, PROT_READ | PROT_WRITE) != 0;
	for (i = 0; i < 7; i++)
		bad += munmap(p + i * 8192, 8192) != 0;
	_exit(bad);
}

static void check_known(const char *probe)
{
	pid_t pid;
	struct model *m = measure(probe, true, job_known, &pid);
	double ms;

	assert_int_equal(COUNT(m, pid, "getppid"), 1009);
	assert_int_equal(ERRORS(m, pid, "getppid"), 0);
	assert_int_equal(COUNT(m, pid, "openat"), 77);
	assert_int_equal(ERRORS(m, pid, "openat"), 77);
	assert_int_equal(COUNT(m, pid, "madvise"), 59);
	assert_int_equal(sum(m, pid, false, "madvise", "DONTNEED", SC_COUNT), 58);
	assert_int_equal(sum(m, pid, false, "madvise", "DONTNEED", SC_ERRORS), 5);
	assert_int_equal(sum(m, pid, false, "madvise", "DONTNEED", SC_BYTES), 53 * 8192);
	assert_int_equal(sum(m, pid, false, "madvise", "NOHUGEPAGE", SC_COUNT), 1);
	assert_int_equal(sum(m, pid, false, "mmap", "anonymous private", SC_BYTES), 1 << 20);
	assert_int_equal(sum(m, pid, false, "mprotect", "rw", SC_COUNT), 1);
	assert_int_equal(sum(m, pid, false, "munmap", "all", SC_BYTES), 7 * 8192);
	assert_int_equal(COUNT(m, pid, "exit_group"), 1);
	/* the read of the start: in progress when the recording began */
	assert_int_equal(COUNT(m, pid, "read"), 1);
	ms = (double)sum(m, pid, false, "clock_nanosleep", "", SC_TIME_NS) / 1e6;
	assert_int_equal(COUNT(m, pid, "clock_nanosleep"), 3);
	assert_true(ms >= 30 && ms < 60);
	/* only the child was asked for */
	assert_int_equal(COUNT(m, 0, "getppid"), 1009);
	assert_int_equal(COUNT(m, 0, "poll"), 0);
	model_free(m);
}

static void test_known(void **state)
{
	(void)state;
	check_known("tp_btf");
}

static void test_raw_tp(void **state)
{
	(void)state;
	check_known("raw_tp");
}

/* ---------------------------------------------------------------- what is no plain call */

static void on_alarm(int sig)
{
	(void)sig;
}

static void job_odd(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getuid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(f) / sizeof(f[0]), f };
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval it = { .it_value = { 0, 20000 } };
	char *const argv[] = { (char *)"true", NULL };
	int i, bad = 0;
	pid_t pid;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	bad += pause() != -1;
	for (i = 0; i < 3; i++) {
		pid = vfork();
		if (!pid) {
			execv("/bin/true", argv);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
	for (i = 0; i < 11; i++)
		syscall(400 - 1); /* no such call */
	for (i = 0; i < 2; i++)
		syscall(5000);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	bad += prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) != 0;
	for (i = 0; i < 13; i++)
		bad += syscall(SYS_getuid) != -1;
	_exit(bad);
}

static void test_odd(void **state)
{
	pid_t pid;
	struct model *m;

	(void)state;
	m = measure(NULL, true, job_odd, &pid);
	assert_int_equal(COUNT(m, pid, "pause"), 1);
	assert_int_equal(ERRORS(m, pid, "pause"), 1);
	assert_int_equal(sum(m, pid, false, "pause", "", SC_RESTARTS), 1);
	assert_int_equal(COUNT(m, pid, "rt_sigreturn"), 1);
	assert_int_equal(ERRORS(m, pid, "rt_sigreturn"), 0);
	/* the children are born in vfork, which they did not call */
	assert_int_equal(COUNT(m, 0, "vfork"), 3);
	assert_int_equal(COUNT(m, 0, "execve"), 3);
	assert_int_equal(COUNT(m, 0, "exit_group"), 4);
	/* answered by the filter: no entry is seen, so there is no time */
	assert_int_equal(COUNT(m, pid, "getuid"), 13);
	assert_int_equal(ERRORS(m, pid, "getuid"), 13);
	assert_int_equal(sum(m, pid, false, "getuid", "", SC_UNTIMED), 13);
	/* without a name: 399 as it is, 5000 with all from 511 on */
	assert_int_equal(COUNT(m, pid, ""), 13);
	assert_int_equal(ERRORS(m, pid, ""), 13);
	model_free(m);
}

static void *exec_true(void *arg)
{
	char *const argv[] = { (char *)"true", NULL };

	execv("/bin/true", argv);
	return arg;
}

/* A thread that executes a program takes its leader's id in the middle of the call. */
static void job_thread_exec(void)
{
	pthread_t t;

	if (!pthread_create(&t, NULL, exec_true, NULL))
		pthread_join(t, NULL);
	_exit(1);
}

static void test_thread_exec(void **state)
{
	struct model *m;
	pid_t pid;

	(void)state;
	m = measure(NULL, true, job_thread_exec, &pid);
	assert_int_equal(COUNT(m, 0, "execve"), 1);
	assert_int_equal(sum(m, 0, false, "execve", "", SC_UNTIMED), 0);
	assert_int_equal(COUNT(m, 0, "exit_group"), 1);
	assert_true(sum(m, 0, false, "execve", "", SC_TIME_NS) > 10000);
	model_free(m);
}

#ifdef __x86_64__
static void job_compat(void)
{
	int i, r;

	for (i = 0; i < 17; i++)
		__asm__ volatile("int $0x80" : "=a"(r) : "0"(64) : "memory", "r8", "r9", "r10", "r11"); /* getppid */
	syscall(SYS_getppid);
}

static void test_compat(void **state)
{
	struct model *m;
	pid_t pid = fork();
	int st;

	(void)state;
	if (!pid) {
		job_compat();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	if (st) {
		fprintf(stderr, "skipped: this kernel has no 32-bit system calls\n");
		skip();
	}
	m = measure(NULL, true, job_compat, &pid);
	assert_int_equal(sum(m, pid, true, "getppid", "", SC_COUNT), 17);
	assert_int_equal(sum(m, pid, false, "getppid", "", SC_COUNT), 1);
	model_free(m);
}
#endif

/* ---------------------------------------------------------------- many */

static void *storm(void *arg)
{
	long i;

	for (i = 0; i < STORM; i++)
		syscall(SYS_getppid);
	return arg;
}

static void job_storm(void)
{
	pthread_t t[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, storm, NULL))
			_exit(1);
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
}

static void test_storm(void **state)
{
	const struct syscall_kind *k = NULL;
	struct model *m;
	size_t i;
	pid_t pid;

	(void)state;
	m = measure(NULL, false, job_storm, &pid);
	assert_int_equal(COUNT(m, pid, "getppid"), THREADS * STORM);
	for (i = 0; i < m->syscalls->n_kinds && !k; i++)
		if (!strcmp(m->syscalls->kinds[i].name, "getppid"))
			k = &m->syscalls->kinds[i];
	assert_non_null(k);
	/* the histogram has them too: with whatever else called it */
	assert_in_range(rhist_count(&k->hist), THREADS * STORM, COUNT(m, 0, "getppid"));
	model_free(m);
}

static void job_short(void)
{
	pid_t pid;
	int i, j;

	for (i = 0; i < SHORT; i++) {
		pid = fork();
		if (!pid) {
			for (j = 0; j < 5; j++)
				syscall(SYS_getppid);
			_exit(0);
		}
		if (i % 16 == 15)
			while (waitpid(-1, NULL, 0) > 0)
				;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void test_short_lived(void **state)
{
	struct model *m;
	pid_t pid;

	(void)state;
	m = measure(NULL, true, job_short, &pid);
	assert_int_equal(COUNT(m, 0, "getppid"), SHORT * 5);
	assert_int_equal(COUNT(m, 0, "exit_group"), SHORT + 1);
	assert_int_equal(COUNT(m, pid, "clone"), SHORT);
	model_free(m);
}

/* Counters for a few calls of one task only: the rest is with the others, none is lost. */
static void test_no_blocks(void **state)
{
	struct model *m;
	size_t i;
	uint64_t others = 0;
	pid_t pid;

	(void)state;
	setenv("MMT_SYSCALL_BLOCKS", "4", 1);
	m = measure(NULL, true, job_known, &pid);
	unsetenv("MMT_SYSCALL_BLOCKS");
	assert_int_equal(COUNT(m, 0, "getppid"), 1009);
	assert_int_equal(COUNT(m, 0, "openat"), 77);
	assert_int_equal(ERRORS(m, 0, "openat"), 77);
	assert_int_equal(sum(m, 0, false, "madvise", "DONTNEED", SC_BYTES), 53 * 8192);
	for (i = 0; i < m->syscalls->n_sums; i++)
		if (!m->syscalls->sums[i].epoch)
			others += m->syscalls->sums[i].v[SC_COUNT];
	assert_true(others > 0);
	for (i = 0; i < m->n_notes && !strstr(m->notes[i].text, "without counters of their own"); i++)
		;
	assert_true(i < m->n_notes);
	model_free(m);
}

/* ---------------------------------------------------------------- calls in progress */

static void job_leave_open(void)
{
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, 0);
		sleep(2);
		_exit(0);
	}
	usleep(150000);
}

static void test_open(void **state)
{
	const struct syscalls *s;
	uint64_t ns = 0, n = 0;
	struct model *m;
	size_t i;
	pid_t pid;

	(void)state;
	m = measure(NULL, true, job_leave_open, &pid);
	s = m->syscalls;
	for (i = 0; i < s->n_sums; i++) {
		if (strcmp(s->kinds[s->sums[i].kind].name, "clock_nanosleep") || !syscalls_open(s, &s->sums[i]))
			continue;
		n += s->sums[i].v[SC_OPEN];
		ns += s->sums[i].v[SC_OPEN_NS];
	}
	assert_int_equal(n, 1);
	assert_in_range(ns, 140000000, 1900000000);
	assert_int_equal(COUNT(m, 0, "clock_nanosleep"), 1); /* the parent's */
	model_free(m);
}

static int setup(void **state)
{
	(void)state;
	snprintf(trace_path, sizeof(trace_path), "/tmp/mmt-test-syscall.%d.mmt", getpid());
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
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_raw_tp),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_thread_exec),
#ifdef __x86_64__
		cmocka_unit_test(test_compat),
#endif
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_short_lived),
		cmocka_unit_test(test_no_blocks),
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
