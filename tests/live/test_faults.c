// SPDX-License-Identifier: GPL-2.0-only
/*
 * Known answers of the fault family: what a child touched is what is counted for it, to the
 * last page, however few of its faults are sampled.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
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
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/sched.h>

#include "../../collector/session.h"
#include "../../collector/sysfs.h"
#include "recording.h"
#include "trace_sums.h"
#include "worker.h"

#define PAGES 100000L
#define PRIME 23
#define BUDGET 2000

static char trace_path[64], file_path[64];

static struct mmt_session *begin(const char *probe, const pid_t *pid)
{
	struct mmt_session_opts o = {
		.sz = sizeof(o), .log = recording_log, .output = trace_path, .profile = MMT_PROFILE_LIGHT,
		.time_shift = -1, .no_oracle = true, .families = recording_family("fault"), .families_only = true, .probe = probe,
		.pids = pid, .n_pids = pid ? 1 : 0,
	};

	return recording_begin(&o);
}

/* ---------------------------------------------------------------- jobs */

static char *fresh(size_t pages)
{
	size_t len = pages * (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || (madvise(p, len, MADV_NOHUGEPAGE) && errno != EINVAL))
		_exit(3);
	return p;
}

static void touch(char *p, long pages)
{
	long page = sysconf(_SC_PAGESIZE), i;

	for (i = 0; i < pages; i++)
		((volatile char *)p)[i * page] = 1;
}

static void touch_fresh(long pages)
{
	char *p = fresh((size_t)pages);

	touch(p, pages);
	munmap(p, (size_t)(pages * sysconf(_SC_PAGESIZE)));
}

static void job_pages(void)
{
	touch_fresh(PAGES);
}

static void job_nothing(void)
{
}

/* The kernel writes to fresh pages on our behalf. */
static void job_read(void)
{
	long page = sysconf(_SC_PAGESIZE), i;
	char *p = fresh(PRIME);
	int fd = open("/dev/zero", O_RDONLY);

	for (i = 0; i < PRIME; i++)
		if (read(fd, p + i * page, 1) != 1)
			_exit(4);
	close(fd);
}

/* Read the zero page, then write: each page faults twice, the second time as copy on write. */
static void job_cow(void)
{
	long page = sysconf(_SC_PAGESIZE), i;
	volatile char *p = fresh(PRIME);
	char sum = 0;

	for (i = 0; i < PRIME; i++)
		sum = (char)(sum + p[i * page]);
	for (i = 0; i < PRIME; i++)
		p[i * page] = (char)(sum + 1);
}

/* A file that is not in the page cache. */
static void job_file(void)
{
	size_t len = 256 * (size_t)sysconf(_SC_PAGESIZE), i;
	int fd = open(file_path, O_RDONLY);
	volatile char *p;
	char sum = 0;

	if (fd < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		_exit(5);
	p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED || madvise((void *)p, len, MADV_RANDOM))
		_exit(6);
	for (i = 0; i < len; i += (size_t)sysconf(_SC_PAGESIZE))
		sum = (char)(sum + p[i]);
	munmap((void *)p, len);
	close(fd);
}

/* ---------------------------------------------------------------- what the kernel counted */

struct kernel_faults { uint64_t minor, major; };

static struct kernel_faults kernel_faults(pid_t pid)
{
	struct kernel_faults k = { 0 };
	unsigned long min, maj;
	char path[64], buf[1024], *p;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	assert_true(mmt_read_file(path, buf, sizeof(buf)) > 0);
	p = strrchr(buf, ')');
	assert_non_null(p);
	assert_int_equal(sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %lu %*u %lu", &min, &maj), 2);
	k.minor = min;
	k.major = maj;
	return k;
}

/* Run `job` in a child between two marks; what is counted must be what the kernel counted for it. */
static struct fault_sums measure_by(void (*job)(void), const char *probe, bool filter)
{
	struct kernel_faults before, after;
	struct fault_sums f;
	struct mmt_session *s;
	struct worker w;

	worker_start(&w, job);
	s = begin(probe, filter ? &w.pid : NULL);
	worker_run(s, &w);
	before = kernel_faults(w.pid);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "a", ""), 0);
	worker_run(s, &w);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "a", ""), 0);
	after = kernel_faults(w.pid);
	worker_stop(&w);
	recording_end(s);
	sums_of_faults(trace_path, &w.pid, 1, MMT_MARK_ITER_START, &f);
	print_message("minor %llu major %llu (kernel %llu %llu), raised %llu, %llu samples 1 in 1..%llu stand for %llu\n",
		      (unsigned long long)f.minor, (unsigned long long)f.major,
		      (unsigned long long)(after.minor - before.minor), (unsigned long long)(after.major - before.major),
		      (unsigned long long)f.raised, (unsigned long long)f.samples, (unsigned long long)f.n_max,
		      (unsigned long long)f.estimate);
	assert_int_equal(f.minor, after.minor - before.minor);
	assert_int_equal(f.major, after.major - before.major);
	return f;
}

static struct fault_sums measure(void (*job)(void))
{
	return measure_by(job, NULL, false);
}

static void require_kinds(const struct fault_sums *f)
{
	if (f->raised)
		return;
	fprintf(stderr, "skipped: this kernel has no exceptions:page_fault_user\n");
	skip();
}

/* The number that the samples stand for, within 5 standard errors. */
static void check_estimate(const struct fault_sums *f)
{
	double se = sqrt((double)f->variance), off = fabs((double)f->estimate - (double)f->raised);

	assert_true(f->samples > 0);
	if (off > 5 * se + 1)
		fail_msg("samples stand for %llu of %llu faults, standard error %.0f", (unsigned long long)f->estimate,
			 (unsigned long long)f->raised, se);
}

static void test_pages_exact(void **state)
{
	struct fault_sums f, none;

	(void)state;
	none = measure(job_nothing);
	f = measure(job_pages);
	assert_int_equal(f.minor, PAGES + none.minor);
	require_kinds(&f);
	assert_in_range(f.user_write, PAGES, PAGES + PRIME);
	assert_true(f.n_max > 1); /* most of it was not looked at */
	check_estimate(&f);
}

static void test_raw_tp(void **state)
{
	(void)state;
	assert_true(measure_by(job_pages, "raw_tp", false).minor >= (uint64_t)PAGES);
}

static void test_filter(void **state)
{
	struct fault_sums f, all;

	(void)state;
	f = measure_by(job_pages, NULL, true);
	assert_true(f.minor >= (uint64_t)PAGES);
	sums_of_faults(trace_path, NULL, 0, MMT_MARK_ITER_START, &all);
	assert_int_equal(all.minor, f.minor); /* nobody else's */
	assert_int_equal(all.samples, f.samples);
}

static void test_kernel_mode(void **state)
{
	struct fault_sums f, none;

	(void)state;
	none = measure(job_nothing);
	f = measure(job_read);
	require_kinds(&f);
	assert_int_equal(f.kernel_write, PRIME + none.kernel_write);
}

static void test_copy_on_write(void **state)
{
	struct fault_sums f, none;

	(void)state;
	none = measure(job_nothing);
	f = measure(job_cow);
	require_kinds(&f);
	assert_in_range(f.cow, PRIME + none.cow, PRIME + none.cow + 4);
	assert_in_range(f.user_read, PRIME + none.user_read, PRIME + none.user_read + 4);
}

static void test_major(void **state)
{
	char buf[4096];
	int fd, i;

	(void)state;
	snprintf(file_path, sizeof(file_path), "/var/tmp/mmt-test-faults.%d", getpid());
	fd = open(file_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	memset(buf, 1, sizeof(buf));
	for (i = 0; i < 256 * (int)(sysconf(_SC_PAGESIZE) / 4096); i++)
		assert_int_equal(write(fd, buf, sizeof(buf)), sizeof(buf));
	fsync(fd);
	close(fd);
	if (!measure(job_file).major) {
		unlink(file_path);
		fprintf(stderr, "skipped: the file never left the page cache (a file system in memory?)\n");
		skip();
	}
	unlink(file_path);
}

/* ---------------------------------------------------------------- tasks that come and go */

static void *thread_touch(void *arg)
{
	touch_fresh(PRIME);
	return arg;
}

/* Lives of some ms: forked, with threads, by vfork and exec. Whole lives: the kernel's sum at wait is ours. */
static void short_life(int i)
{
	pthread_t t[3];
	int k;

	touch_fresh(PRIME);
	if (i % 3)
		return;
	for (k = 0; k < 3; k++)
		if (pthread_create(&t[k], NULL, thread_touch, NULL))
			_exit(7);
	for (k = 0; k < 3; k++)
		pthread_join(t[k], NULL);
}

static pid_t spawn_true(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(9);
	}
	return pid;
}

static void test_short_lives(void **state)
{
	uint64_t minor = 0, major = 0, ours_minor = 0, ours_major = 0;
	struct mmt_session *s;
	struct rusage u;
	pid_t pid;
	int i, st;

	(void)state;
	s = begin(NULL, NULL);
	for (i = 0; i < 200; i++) {
		pid = i % 5 == 4 ? spawn_true() : fork();
		if (!pid) {
			short_life(i);
			_exit(0);
		}
		assert_true(pid > 0);
		assert_int_equal(wait4(pid, &st, 0, &u), pid);
		assert_int_equal(st, 0);
		minor += (uint64_t)u.ru_minflt;
		major += (uint64_t)u.ru_majflt;
		assert_int_equal(mmt_session__poll(s, NULL, 0, 0), 0);
	}
	recording_end(s);
	sums_of_children(trace_path, getpid(), &ours_minor, &ours_major);
	print_message("minor %llu of %llu, major %llu of %llu\n", (unsigned long long)ours_minor, (unsigned long long)minor,
		      (unsigned long long)ours_major, (unsigned long long)major);
	assert_int_equal(ours_minor, minor);
	assert_int_equal(ours_major, major);
}

/* A pid that is used again is another task: neither takes the other's faults, none is lost. */
static void test_pid_reuse(void **state)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	uint64_t minor = 0, ours = 0, major = 0;
	struct timespec ms = { 0, 2000000 };
	pid_t p = -1, want = 0, tids[1];
	struct mmt_session *s;
	struct rusage u;
	int round, i;

	(void)state;
	s = begin(NULL, NULL);
	for (round = 0; round < 3; round++) {
		tids[0] = want;
		args.set_tid = want ? (uint64_t)(uintptr_t)tids : 0;
		args.set_tid_size = want ? 1 : 0;
		for (i = 0; i < 100; i++) { /* the pid is free a little after its process was reaped */
			p = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
			if (p >= 0 || errno != EEXIST)
				break;
			nanosleep(&ms, NULL);
		}
		if (p < 0) {
			recording_end(s);
			fprintf(stderr, "skipped: clone3 cannot set a pid here: %s\n", strerror(errno));
			skip();
		}
		if (!p) {
			touch_fresh(PRIME * (round + 1));
			_exit(0);
		}
		want = p;
		assert_int_equal(wait4(p, NULL, 0, &u), p);
		minor += (uint64_t)u.ru_minflt;
		if (round) /* the first two live and die between two flushes, the third after one */
			assert_int_equal(mmt_session__poll(s, NULL, 0, 300), 0);
	}
	recording_end(s);
	sums_of_children(trace_path, getpid(), &ours, &major);
	assert_int_equal(epochs_of_tid(trace_path, want), 3);
	assert_int_equal(ours, minor);
}

static uint64_t vmstat(const char *key)
{
	char *buf = malloc(1 << 16), *p;
	uint64_t v;

	assert_non_null(buf);
	assert_true(mmt_read_file("/proc/vmstat", buf, 1 << 16) > 0);
	p = strstr(buf, key);
	assert_non_null(p);
	v = strtoull(p + strlen(key), NULL, 10);
	free(buf);
	return v;
}

/* A million faults or so at full speed on all CPUs: the sums meet the machine's, the samples their budget. */
static void test_storm(void **state)
{
	struct timespec t0, t1;
	struct mmt_session *s;
	struct fault_sums f;
	uint64_t before, after;
	pid_t pid[2];
	double sec;
	int i, k;

	(void)state;
	s = begin(NULL, NULL);
	before = vmstat("\npgfault ");
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_START, "a", ""), 0);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (i = 0; i < 2; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			char *p = fresh(256);

			for (k = 0; k < 2000; k++) {
				touch(p, 256);
				madvise(p, 256 * (size_t)sysconf(_SC_PAGESIZE), MADV_DONTNEED);
			}
			_exit(0);
		}
	}
	for (i = 0; i < 2; i++)
		while (waitpid(pid[i], NULL, WNOHANG) == 0)
			assert_int_equal(mmt_session__poll(s, NULL, 0, 5), 0);
	assert_int_equal(mmt_session__mark(s, MMT_MARK_ITER_END, "a", ""), 0);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	after = vmstat("\npgfault ");
	recording_end(s);
	sec = (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
	sums_of_faults(trace_path, pid, 2, MMT_MARK_ITER_START, &f);
	print_message("%.2f s, minor %llu, %llu samples, 1 in %llu at most\n", sec, (unsigned long long)f.minor,
		      (unsigned long long)f.samples, (unsigned long long)f.n_max);
	assert_true(f.minor >= 2 * 2000 * 256);
	sums_of_faults(trace_path, NULL, 0, MMT_MARK_ITER_START, &f);
	/* other tasks go on at the edges, and the kernel batches this counter by CPU */
	print_message("machine: %llu of %llu\n", (unsigned long long)(f.minor + f.major),
		      (unsigned long long)(after - before));
	assert_in_range(f.minor + f.major, (after - before) * 99 / 100, after - before + 1000);
	if (!f.raised)
		return;
	check_estimate(&f);
	assert_true((double)f.samples <= BUDGET * 1.5 * sec + 3000); /* the first moment is above */
}

static int setup(void **state)
{
	(void)state;
	snprintf(trace_path, sizeof(trace_path), "/tmp/mmt-test-faults.%d.mmt", getpid());
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
		cmocka_unit_test(test_pages_exact),
		cmocka_unit_test(test_raw_tp),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_kernel_mode),
		cmocka_unit_test(test_copy_on_write),
		cmocka_unit_test(test_major),
		cmocka_unit_test(test_short_lives),
		cmocka_unit_test(test_pid_reuse),
		cmocka_unit_test(test_storm),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
