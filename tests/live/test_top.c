// SPDX-License-Identifier: GPL-2.0-only
/* Known answers through the live view: what a child did between two cuts stands in that interval, exactly. */
#include <errno.h>
#include <poll.h>
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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../collector/sysfs.h"
#include "../../runner/events.h"
#include "../../runner/top.h"
#include "recording.h"
#include "switches.h"

#define PRIME 23
#define PAGES 1000

struct rig {
	struct mmt_session *s;
	struct live *live;
	struct live_view v;
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

__attribute__((no_sanitize("address"))) /* whose shadow is memory, too */
static void job(char what)
{
	volatile char *p;
	int i;

	switch (what) {
	case 'm':
		for (i = 0; i < PRIME; i++)
			pin(i & 1);
		break;
	case 's':
		sleep_switches(PRIME);
		break;
	case 'f':
		p = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED || (madvise((void *)p, PAGES * 4096, MADV_NOHUGEPAGE) && errno != EINVAL))
			_exit(4);
		for (i = 0; i < PAGES; i++)
			p[i * 4096] = 1;
		break;
	}
}

static void child(struct rig *r)
{
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails does not send the q */
	close(r->go[1]);
	pin(1);
	while (read(r->go[0], &c, 1) == 1 && c != 'q') {
		job(c);
		if (write(r->done[1], &c, 1) != 1)
			_exit(2);
	}
	_exit(0);
}

/* The child sleeps again in read(2): its counters stand still. */
static void settle(const struct rig *r)
{
	struct timespec ms = { 0, 1000000 };
	int i;

	for (i = 0; i < 2000 && top_state((uint32_t)r->pid, (uint32_t)r->pid) != 'S'; i++)
		nanosleep(&ms, NULL);
	nanosleep(&ms, NULL);
}

static void run_job(struct rig *r, char what)
{
	struct pollfd fd = { .fd = r->done[0], .events = POLLIN };
	char c = what;

	assert_int_equal(write(r->go[1], &c, 1), 1);
	assert_int_equal(mmt_session__poll(r->s, &fd, 1, 20000), 1);
	assert_int_equal(read(r->done[0], &c, 1), 1);
	settle(r);
}

static void cut(struct rig *r, enum model_by by)
{
	const struct live_view_opts o = { .by = by };

	assert_int_equal(mmt_session__mark(r->s, MMT_MARK_USER, "", ""), 0);
	live_view_free(&r->v);
	assert_int_equal(live_view(r->live, &o, &r->v), 0);
}

static const struct live_line *line_of(const struct rig *r, pid_t tgid)
{
	size_t i;

	for (i = 0; i < r->v.n; i++)
		if (r->v.lines[i].g.task && r->v.lines[i].g.task->tgid == (uint32_t)tgid)
			return &r->v.lines[i];
	return NULL;
}

static void begin(struct rig *r, bool filter)
{
	struct mmt_session_opts o = {
		.sz = sizeof(o), .log = recording_log, .profile = MMT_PROFILE_LIGHT, .time_shift = -1, .no_oracle = true,
		.sink = live_row,
	};
	struct events ev = { .sched = true };
	char why[256];
	int err;

	if (geteuid() || sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		fprintf(stderr, "skipped: needs root and two CPUs\n");
		skip();
	}
	memset(r, 0, sizeof(*r));
	assert_int_equal(live_new(&r->live), 0);
	assert_int_equal(events_parse("fault", &ev, why, sizeof(why)), 0);
	events_apply(&ev, &o);
	o.sink_ctx = r->live;
	assert_int_equal(pipe(r->go) | pipe(r->done), 0);
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (!r->pid)
		child(r);
	settle(r);
	if (filter) {
		o.pids = &r->pid;
		o.n_pids = 1;
	}
	err = mmt_session__open(&o, &r->s);
	if (err == -EPERM || err == -ENOENT) {
		kill(r->pid, SIGKILL);
		fprintf(stderr, "skipped: BPF is not allowed here: %s\n", strerror(-err));
		skip();
	}
	assert_int_equal(err, 0);
	assert_int_equal(mmt_session__start(r->s), 0);
}

static void end(struct rig *r)
{
	char c = 'q';

	if (r->pid) {
		assert_int_equal(write(r->go[1], &c, 1), 1);
		assert_int_equal(waitpid(r->pid, NULL, 0), r->pid);
	}
	live_view_free(&r->v);
	mmt_session__close(r->s);
	live_free(r->live);
}

static void exact(struct rig *r, bool filter)
{
	struct kernel_switches before, after;
	const struct live_line *l;
	uint64_t seen = 0, n;
	int i;

	begin(r, filter);
	run_job(r, 's'); /* it is met */
	cut(r, BY_PROCESS);

	for (i = 0; i < 3; i++) {
		before = kernel_switches(r->pid);
		run_job(r, 's');
		after = kernel_switches(r->pid);
		cut(r, BY_PROCESS);
		l = line_of(r, r->pid);
		assert_non_null(l);
		n = after.nvcsw - before.nvcsw;
		assert_in_range(n, PRIME, PRIME + 2); /* and the read(2) it waits in */
		assert_int_equal(l->g.v[MT_NVCSW], n);
		assert_int_equal(l->g.wait.n, rhist_count(&l->g.wait));
		assert_in_range(l->g.wait.n, n, n + l->g.v[MT_NIVCSW]);
		seen += l->g.wait.max;
	}
	assert_true(seen > 0);

	run_job(r, 'm'); /* from CPU 1: the first goes to 0 */
	cut(r, BY_TASK);
	l = line_of(r, r->pid);
	assert_non_null(l);
	assert_int_equal(model_migrations(l->g.v), PRIME);

	run_job(r, 'f'); /* once for the pages of the code */
	cut(r, BY_PROCESS);
	run_job(r, 'f');
	cut(r, BY_PROCESS);
	l = line_of(r, r->pid);
	assert_non_null(l);
	assert_true(l->faults.known);
	assert_int_equal(l->faults.minor + l->faults.major, PAGES);
	assert_true(r->v.faults.known);
	assert_true(r->v.faults.minor + r->v.faults.major >= PAGES);
	assert_true(l->node_ns && r->v.n_nodes >= 1);

	/* nothing was done: no line */
	cut(r, BY_PROCESS);
	assert_null(line_of(r, r->pid));
	end(r);
}

static void test_exact(void **state)
{
	struct rig r;

	(void)state;
	exact(&r, false);
}

/* With a filter: the same, and nobody else. */
static void test_filtered(void **state)
{
	struct rig r;
	size_t i;

	(void)state;
	exact(&r, true);
	begin(&r, true);
	run_job(&r, 's');
	cut(&r, BY_TASK);
	assert_true(r.v.n >= 1);
	for (i = 0; i < r.v.n; i++)
		assert_int_equal(r.v.lines[i].g.task->tgid, (uint32_t)r.pid);
	assert_true(r.v.cpu[MC_SWITCHES] > r.v.all.v[MT_NVCSW]); /* the machine is the machine */
	end(&r);
}

/* What lives between two cuts is in the interval, and forgotten after the next; also those that a filter hides. */
static void short_lives(bool filter)
{
	struct rig r;
	uint64_t faults;
	size_t before;
	int i, round;

	begin(&r, filter);
	cut(&r, BY_TASK);
	before = r.v.n_live;
	for (round = 0; round < 5; round++) {
		for (i = 0; i < 200; i++) {
			pid_t p = fork();

			assert_true(p >= 0);
			if (!p) {
				if (!i)
					job('f');
				_exit(0);
			}
			assert_int_equal(waitpid(p, NULL, 0), p);
		}
		cut(&r, BY_TASK);
		if (!filter) {
			assert_in_range(r.v.n, 200, 5000);
			for (i = 0, faults = 0; i < (int)r.v.n; i++)
				if (r.v.lines[i].state == 'X' && r.v.lines[i].g.task->ppid == (uint32_t)getpid() &&
				    r.v.lines[i].faults.minor > faults)
					faults = r.v.lines[i].faults.minor;
			assert_in_range(faults, PAGES, PAGES + 500); /* of one that has ended */
		}
		assert_in_range(r.v.n_live, 1, before + 199); /* the machine has tasks of its own */
	}
	end(&r);
}

static void test_short_lives(void **state)
{
	(void)state;
	short_lives(false);
	short_lives(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact), cmocka_unit_test(test_filtered), cmocka_unit_test(test_short_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
