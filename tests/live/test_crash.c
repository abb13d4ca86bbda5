// SPDX-License-Identifier: GPL-2.0-only
/*
 * The collector killed at random instants under a storm of switches, and a disk that fills
 * up: what is in the file must be readable, and no more than 250 ms may be missing.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../collector/session.h"

#define DEFAULT_KILLS 50
/* of DESIGN: a pass of the drain and a seal; a loaded machine may add the time slice of another task */
#define LOSS_NS 250000000ULL

static char trace_path[64];

static void log_none(void *ctx, enum mmt_log_level level, const char *msg)
{
	(void)ctx;
	(void)level;
	(void)msg;
}

static uint64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void require_root(void)
{
	if (geteuid()) {
		fprintf(stderr, "skipped: recording needs root\n");
		skip();
	}
}

/* Two processes a CPU that yield to each other, until killed. */
static size_t storm_start(pid_t *pids, size_t max)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;
	size_t n = 0;
	int i, k;

	for (i = 0; i < cpus; i++)
		for (k = 0; k < 2 && n < max; k++) {
			pid_t p = fork();

			if (!p) {
				CPU_ZERO(&set);
				CPU_SET(i, &set);
				sched_setaffinity(0, sizeof(set), &set);
				prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test must not leave us */
				for (;;)
					sched_yield();
			}
			pids[n++] = p;
		}
	return n;
}

static void storm_stop(const pid_t *pids, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
}

static struct mmt_session_opts opts(const char *path)
{
	struct mmt_session_opts o = {
		.sz = sizeof(o), .log = log_none, .output = path, .profile = MMT_PROFILE_FULL, .time_shift = -1,
		.no_oracle = true,
	};

	return o;
}

/* The collector: says when it records, then goes on until it is killed. */
static void collect(int ready)
{
	struct mmt_session_opts o = opts(trace_path);
	struct mmt_session *s;
	char c = 'r';

	if (mmt_session__open(&o, &s) || mmt_session__start(s) || write(ready, &c, 1) != 1)
		_exit(1);
	for (;;)
		if (mmt_session__poll(s, NULL, 0, 1000) < 0)
			_exit(2);
}

struct content {
	uint64_t events, last_event, off; /* off: CLOCK_MONOTONIC - trace clock */
	struct mmt_status st;
};

static void read_all(const char *path, struct content *c)
{
	struct mmt_reader_opts o = { .sz = sizeof(o) };
	struct mmt_reader *r;
	struct mmt_chunk k;
	uint32_t i;
	int ret;

	memset(c, 0, sizeof(*c));
	c->st.sz = sizeof(c->st);
	assert_int_equal(mmt_reader__open(path, &o, &r), 0);
	while ((ret = mmt_reader__next(r, &k)) == 1) {
		for (i = 0; i < k.n_tables; i++)
			if (k.tables[i].type->id == MMT_TB_CLOCK)
				c->off = k.tables[i].cells[1].u - k.tables[i].cells[0].u;
		for (i = 0; i < k.n_blocks; i++) {
			const struct mmt_block *b = &k.blocks[i];

			c->events += b->n;
			if (b->n && b->time[b->n - 1] > c->last_event)
				c->last_event = b->time[b->n - 1];
		}
	}
	assert_int_equal(ret, 0);
	assert_int_equal(mmt_reader__status(r, &c->st), 0);
	mmt_reader__close(r);
}

static void test_kill(void **state)
{
	const char *env = getenv("MMT_TEST_KILLS");
	int kills = env ? atoi(env) : DEFAULT_KILLS, i, fds[2];
	uint64_t worst = 0, events = 0;
	pid_t storm[256], pid;
	unsigned int seed = 1;
	size_t n;
	char c;

	(void)state;
	require_root();
	n = storm_start(storm, 256);
	for (i = 0; i < kills; i++) {
		struct timespec t = { 0 };
		struct content x;
		uint64_t at, lost;

		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (!pid)
			collect(fds[1]);
		close(fds[1]);
		if (read(fds[0], &c, 1) != 1) {
			storm_stop(storm, n);
			fprintf(stderr, "skipped: BPF is not allowed here\n");
			skip();
		}
		close(fds[0]);
		t.tv_nsec = 50000000 + rand_r(&seed) % 900000000;
		nanosleep(&t, NULL);
		at = mono_ns();
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		read_all(trace_path, &x);
		assert_false(x.st.complete);
		assert_true(strlen(x.st.line) > 0);
		lost = x.events ? at - (x.last_event + x.off) : 0;
		if (x.events && (int64_t)lost > 0 && lost > worst)
			worst = lost;
		events += x.events;
	}
	storm_stop(storm, n);
	print_message("%d kills, %.1f million events kept, at most %.0f ms missing\n", kills, (double)events / 1e6,
		      (double)worst / 1e6);
	assert_true(worst <= LOSS_NS);
}

static void test_full_disk(void **state)
{
	char dir[] = "/tmp/mmt-test-full.XXXXXX", path[64];
	struct mmt_session_opts o;
	struct mmt_session *s = NULL;
	struct content x;
	pid_t storm[256];
	uint64_t end;
	size_t n;
	int err = 0;

	(void)state;
	require_root();
	assert_non_null(mkdtemp(dir));
	if (mount("mmt-test", dir, "tmpfs", 0, "size=512k")) {
		rmdir(dir);
		fprintf(stderr, "skipped: cannot mount a small tmpfs: %s\n", strerror(errno));
		skip();
	}
	snprintf(path, sizeof(path), "%s/t.mmt", dir);
	o = opts(path);
	err = mmt_session__open(&o, &s);
	if (err) {
		umount(dir);
		rmdir(dir);
		fprintf(stderr, "skipped: BPF is not allowed here\n");
		skip();
	}
	n = storm_start(storm, 256);
	assert_int_equal(mmt_session__start(s), 0);
	for (end = mono_ns() + 20000000000ULL; !err && mono_ns() < end;)
		err = mmt_session__poll(s, NULL, 0, 100);
	storm_stop(storm, n);
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(mmt_session__stop(s), -ENOSPC);
	mmt_session__close(s);
	read_all(path, &x);
	print_message("full disk: %.0f thousand events kept; \"%s\"\n", (double)x.events / 1e3, x.st.line);
	assert_true(x.events > 10000);
	assert_int_equal(x.st.bad_chunks, 0);
	umount(dir);
	rmdir(dir);
}

static int setup(void **state)
{
	(void)state;
	snprintf(trace_path, sizeof(trace_path), "/tmp/mmt-test-crash.%d.mmt", getpid());
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
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
