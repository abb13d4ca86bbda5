// SPDX-License-Identifier: GPL-2.0-only
/*
 * Known answers of the profile family: three functions burn CPU in the ratio 1:2:5, a known
 * way down; the time that samples stand for is the time that the scheduler counted.
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../collector/session.h"
#include "recording.h"

#define HZ 997
#define MAX_EPOCHS 65536
#define MAX_STACKS 65536
#define IN(s) __attribute__((noinline, used, section(s)))
#if defined(__clang__)
#define FRAMES
#else
#define FRAMES __attribute__((optimize("no-omit-frame-pointer", "no-optimize-sibling-calls")))
#endif

static char trace_path[64];

static struct mmt_session *begin(const pid_t *pid, unsigned int hz)
{
	struct mmt_session_opts o = {
		.sz = sizeof(o), .log = recording_log, .output = trace_path, .profile = MMT_PROFILE_LIGHT,
		.time_shift = -1, .no_oracle = true, .families = recording_family("profile"), .families_only = true,
		.pids = pid, .n_pids = pid ? 1 : 0, .freq = hz,
	};

	return recording_begin(&o);
}

/* ---------------------------------------------------------------- what was recorded */

struct epoch {
	uint32_t tid, tgid, ppid;
	uint64_t run_ns, switches;           /* totals */
	uint64_t k_run_ns;                   /* the kernel's own, of tasks that ended */
	uint64_t samples, weight, kernel;    /* of all; in the kernel */
	uint64_t no_stack;                   /* neither kstack nor ustack */
	uint64_t in[3], called, bad_caller;  /* by function; through chain(), not */
	uint64_t foreign;                    /* user stacks of another process's leader */
};

struct stack { uint64_t epoch, n, at[127]; bool kernel; };

struct seen {
	struct epoch *e; /* by id */
	struct stack *stack;
	uint64_t samples, weight, busy_ns, lost, unknown, n_ksyms, n_epochs, freq;
	uint64_t early, late; /* segments that a sample's time contradicts */
	uint64_t mark[64], n_marks;
	bool samples_pass;
};

extern const char __start_in_a[], __stop_in_a[], __start_in_b[], __stop_in_b[];
extern const char __start_in_c[], __stop_in_c[], __start_in_chain[], __stop_in_chain[];

static bool within(uint64_t ip, const char *from, const char *to)
{
	return ip >= (uintptr_t)from && ip < (uintptr_t)to;
}

static int function_of(uint64_t ip)
{
	return within(ip, __start_in_a, __stop_in_a) ? 0 : within(ip, __start_in_b, __stop_in_b) ? 1 :
	       within(ip, __start_in_c, __stop_in_c) ? 2 : -1;
}

static const struct mmt_cell *cell(const struct mmt_rows *r, uint32_t row, const char *name)
{
	int f = mmt_type__field(r->type, name);

	assert_true(f >= 0);
	return &r->cells[row * r->type->n_fields + (unsigned int)f];
}

static uint64_t number(const struct mmt_rows *r, uint32_t row, const char *name)
{
	return cell(r, row, name)->u;
}

static struct epoch *epoch(struct seen *s, uint64_t id)
{
	assert_in_range(id, 0, MAX_EPOCHS - 1);
	if (id > s->n_epochs)
		s->n_epochs = id;
	return &s->e[id];
}

static void on_meta(struct seen *s, const struct mmt_rows *r, uint32_t row)
{
	static const char *const keys[] = { "profile.lost", "profile.unknown", "profile.freq" };
	uint64_t *to[] = { &s->lost, &s->unknown, &s->freq };
	const struct mmt_cell *k = cell(r, row, "key"), *v = cell(r, row, "value");
	char text[32];
	size_t i;

	for (i = 0; i < 3; i++) {
		if (k->len != strlen(keys[i]) || memcmp(k->p, keys[i], k->len))
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)v->len, (const char *)v->p);
		*to[i] = strtoull(text, NULL, 10);
	}
}

static void on_stack(struct seen *s, const struct mmt_rows *r, uint32_t row)
{
	uint64_t id = number(r, row, "id");
	const struct mmt_cell *c = cell(r, row, "frames");
	struct stack *k;
	int n;

	assert_in_range(id, 1, MAX_STACKS - 1);
	k = &s->stack[id];
	k->kernel = number(r, row, "kind");
	k->epoch = number(r, row, "epoch");
	n = mmt_vec_unpack(c->p, c->len, k->at, 127);
	assert_true(n > 0);
	k->n = (uint64_t)n;
}

static void on_user_stack(struct seen *s, struct epoch *e, uint64_t id, uint64_t ip)
{
	const struct stack *k = &s->stack[id];
	uint64_t i;

	assert_in_range(id, 1, MAX_STACKS - 1);
	assert_false(k->kernel);
	e->foreign += epoch(s, k->epoch)->tid != e->tgid;
	if (function_of(ip) < 0)
		return;
	assert_int_equal(k->at[0], ip);
	for (i = 1; i < k->n && !within(k->at[i], __start_in_chain, __stop_in_chain); i++)
		;
	if (i < k->n)
		e->called++;
	else
		e->bad_caller++;
}

static void on_sample(struct seen *s, const struct mmt_rows *r, uint32_t row)
{
	uint64_t ks = number(r, row, "kstack"), us = number(r, row, "ustack"), ip = number(r, row, "ip");
	uint64_t user = number(r, row, "flags") & 1, w = number(r, row, "weight"), seg = number(r, row, "segment");
	struct epoch *e = epoch(s, number(r, row, "epoch"));
	int f = user ? function_of(ip) : -1;

	e->samples++;
	e->weight += w;
	s->samples++;
	s->weight += w;
	e->no_stack += !ks && !us;
	e->kernel += !user;
	assert_true(seg < 64);
	s->early += seg && seg <= s->n_marks && number(r, row, "time") < s->mark[seg];
	s->late += seg + 1 <= s->n_marks && number(r, row, "time") > s->mark[seg + 1];
	if (user)
		assert_int_equal(ks, 0);
	if (ks) {
		assert_in_range(ks, 1, MAX_STACKS - 1);
		assert_true(s->stack[ks].kernel && s->stack[ks].n);
		assert_int_equal(s->stack[ks].at[0], ip);
	}
	if (us)
		on_user_stack(s, e, us, ip);
	if (f >= 0)
		e->in[f]++;
}

/* Tables that samples point to first: those of a chunk are in no order. */
static void on_rows(struct seen *s, const struct mmt_rows *r)
{
	uint32_t i;

	for (i = 0; i < r->n; i++) {
		struct epoch *e;

		if (s->samples_pass != (r->type->id == MMT_TB_CPU_SAMPLE))
			continue;
		switch (r->type->id) {
		case MMT_TB_TASK:
			e = epoch(s, number(r, i, "epoch"));
			e->tid = (uint32_t)number(r, i, "tid");
			e->tgid = (uint32_t)number(r, i, "tgid");
			e->ppid = (uint32_t)number(r, i, "ppid");
			e->k_run_ns = number(r, i, "k_run_ns");
			break;
		case MMT_TB_TASK_TOTALS:
			e = epoch(s, number(r, i, "epoch"));
			e->run_ns += number(r, i, "run_ns");
			e->switches += number(r, i, "nvcsw") + number(r, i, "nivcsw");
			break;
		case MMT_TB_CPU_TOTALS:
			s->busy_ns += number(r, i, "busy_ns");
			break;
		case MMT_TB_MARK:
			assert_in_range(number(r, i, "seq"), 1, 63);
			s->n_marks = number(r, i, "seq");
			s->mark[s->n_marks] = number(r, i, "time");
			break;
		case MMT_TB_META:
			on_meta(s, r, i);
			break;
		case MMT_TB_STACK:
			on_stack(s, r, i);
			break;
		case MMT_TB_KSYM:
			s->n_ksyms++;
			break;
		case MMT_TB_CPU_SAMPLE:
			on_sample(s, r, i);
			break;
		}
	}
}

static void see(struct seen *s)
{
	struct mmt_reader_opts o = { .sz = sizeof(o), .no_events = true };
	struct mmt_reader *r;
	struct mmt_chunk c;
	uint32_t i;
	int pass, ret;

	memset(s, 0, sizeof(*s));
	s->e = calloc(MAX_EPOCHS, sizeof(*s->e));
	s->stack = calloc(MAX_STACKS, sizeof(*s->stack));
	assert_true(s->e && s->stack);
	for (pass = 0; pass < 2; pass++) {
		s->samples_pass = pass;
		assert_int_equal(mmt_reader__open(trace_path, &o, &r), 0);
		while ((ret = mmt_reader__next(r, &c)) == 1)
			for (i = 0; i < c.n_tables; i++)
				on_rows(s, &c.tables[i]);
		assert_int_equal(ret, 0);
		mmt_reader__close(r);
	}
	assert_int_equal(s->early, 0);
	assert_int_equal(s->late, 0);
}

static void forget(struct seen *s)
{
	free(s->e);
	free(s->stack);
}

static struct epoch *of_tid(struct seen *s, pid_t tid)
{
	uint64_t i;

	for (i = 1; i <= s->n_epochs; i++)
		if (s->e[i].tid == (uint32_t)tid)
			return &s->e[i];
	fail_msg("task %d is not in the trace", tid);
	return NULL;
}

/*
 * A clock that ticks every T, asked over n periods on the CPU: each adds an error of up to T at
 * either end, T^2/6 of variance. Beyond five of their deviations, what a hypervisor took is allowed for.
 */
static void check_time(const char *what, uint64_t weight, uint64_t run, uint64_t switches, uint64_t hz)
{
	double t = 1e9 / (double)hz, sd = t * sqrt(((double)switches + 1) / 6), off = (double)weight - (double)run;

	print_message("%s: %.3f s by samples, %.3f s by the scheduler, %llu switches: off by %.1f %%, %.1f deviations\n", what,
		      (double)weight / 1e9, (double)run / 1e9, (unsigned long long)switches, off / (double)run * 100, off / sd);
	assert_true(fabs(off) < 5 * sd + 0.04 * (double)run);
}

/* ---------------------------------------------------------------- jobs */

static volatile unsigned long sink;

IN("in_a") FRAMES static void spin_a(unsigned long n)
{
	while (n--)
		sink += n;
}

IN("in_b") FRAMES static void spin_b(unsigned long n)
{
	while (n--)
		sink += n;
}

IN("in_c") FRAMES static void spin_c(unsigned long n)
{
	while (n--)
		sink += n;
}

/* A call between: a leaf may have no frame of its own, and its caller is then not seen. */
#define WAY(x) \
	FRAMES __attribute__((noinline)) static void way_##x(unsigned long n) \
	{ \
		spin_##x(n); \
		__asm__ volatile("" : : : "memory"); \
	}
WAY(a)
WAY(b)
WAY(c)

static double cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* CPU time of each way, shared with the test: how fast a loop is differs with where it lies. */
static double *spent;

IN("in_chain") FRAMES static void chain(double seconds)
{
	double t[4] = { cpu_now() }, until = t[0] + seconds;
	unsigned int random = 1;
	unsigned long n;
	int i;

	/* rounds of no one length: one that fits the clock's would be met at the same places always */
	while (t[0] < until) {
		random = random * 1103515245 + 12345;
		n = 4000 * (1 + (random >> 16) % 16);
		way_a(n);
		t[1] = cpu_now();
		way_b(2 * n);
		t[2] = cpu_now();
		way_c(5 * n);
		t[3] = cpu_now();
		for (i = 0; i < 3; i++)
			spent[i] += t[i + 1] - t[i];
		t[0] = t[3];
	}
}

static void job_chain(void)
{
	chain(2);
}

static void job_kernel(void)
{
	double until = cpu_now() + 1;
	static char buf[1 << 20];
	int fd = open("/dev/zero", O_RDONLY);

	while (cpu_now() < until)
		if (read(fd, buf, sizeof(buf)) != (ssize_t)sizeof(buf))
			_exit(4);
}

static void *thread_chain(void *arg)
{
	chain(0.5);
	return arg;
}

static void job_threads(void)
{
	pthread_t t[2];
	int i;

	for (i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, thread_chain, NULL))
			_exit(5);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

FRAMES __attribute__((noinline)) static void deep(int n)
{
	if (n)
		deep(n - 1);
	else
		chain(2);
	__asm__ volatile("" : : : "memory");
}

static void job_deep(void)
{
	deep(110);
}

static pid_t start(void (*job)(void), int *go)
{
	int p[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(p), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(p[1]);
		if (read(p[0], &c, 1) != 0)
			_exit(9);
		job();
		_exit(0);
	}
	close(p[0]);
	*go = p[1];
	return pid;
}

static void poll_until_end(struct mmt_session *s, pid_t pid)
{
	int st;

	while (waitpid(pid, &st, WNOHANG) == 0)
		assert_int_equal(mmt_session__poll(s, NULL, 0, 20), 0);
	assert_int_equal(st, 0);
}

/* Record `job`, as the only one or among all. */
static pid_t record(void (*job)(void), bool filter, unsigned int hz, struct seen *seen)
{
	struct mmt_session *s;
	pid_t pid;
	int go;

	pid = start(job, &go);
	s = begin(filter ? &pid : NULL, hz);
	close(go);
	poll_until_end(s, pid);
	recording_end(s);
	see(seen);
	return pid;
}

/* ---------------------------------------------------------------- tests */

static void test_shares(void **state)
{
	struct seen s;
	struct epoch *e;
	double all, share;
	uint64_t n;
	pid_t pid;
	int i;

	(void)state;
	memset(spent, 0, 3 * sizeof(*spent));
	pid = record(job_chain, false, HZ, &s);
	all = spent[0] + spent[1] + spent[2];
	e = of_tid(&s, pid);
	n = e->in[0] + e->in[1] + e->in[2];
	print_message("%llu samples: %llu %llu %llu, %llu called by chain, %llu not\n", (unsigned long long)e->samples,
		      (unsigned long long)e->in[0], (unsigned long long)e->in[1], (unsigned long long)e->in[2],
		      (unsigned long long)e->called, (unsigned long long)e->bad_caller);
	assert_true((double)n > 0.9 * (double)e->samples);
	for (i = 0; i < 3; i++) {
		share = spent[i] / all;
		print_message("way %c: %.1f %% of samples, %.1f %% of its time\n", 'a' + i, 100. * (double)e->in[i] / (double)n, 100 * share);
		assert_true(fabs((double)e->in[i] / (double)n - share) < 5 * sqrt(share * (1 - share) / (double)n) + 0.01);
	}
	assert_int_equal(e->foreign, 0);
#if !defined(__clang__) && defined(__x86_64__)
	/* some samples meet a function before its frame is made */
	assert_true(e->bad_caller <= n / 50);
#endif
	check_time("task", e->weight, e->k_run_ns, e->switches, s.freq);
	forget(&s);
}

/* What all tasks ran is what all samples stand for: idle CPUs have none. */
static void test_machine(void **state)
{
	uint64_t i, switches = 0;
	struct seen s;

	(void)state;
	record(job_chain, false, HZ, &s);
	for (i = 0; i <= s.n_epochs; i++)
		switches += s.e[i].switches;
	check_time("machine", s.weight, s.busy_ns, switches, s.freq);
	assert_int_equal(s.lost, 0);
	assert_true(s.unknown * 100 <= s.samples);
	forget(&s);
}

static void test_kernel(void **state)
{
	struct seen s;
	struct epoch *e;
	pid_t pid;

	(void)state;
	pid = record(job_kernel, false, HZ, &s);
	e = of_tid(&s, pid);
	print_message("%llu samples, %llu in the kernel, %llu without a stack; %llu kernel symbols\n",
		      (unsigned long long)e->samples, (unsigned long long)e->kernel, (unsigned long long)e->no_stack,
		      (unsigned long long)s.n_ksyms);
	assert_true(e->kernel * 10 >= e->samples * 8);
	assert_int_equal(e->no_stack, 0);
	forget(&s);
}

static void test_filter(void **state)
{
	struct seen s;
	struct epoch *e;
	pid_t pid;

	(void)state;
	pid = record(job_chain, true, 0, &s);
	e = of_tid(&s, pid);
	assert_true(e->samples > 100);
	assert_int_equal(e->samples, s.samples); /* nobody else's */
	forget(&s);
}

/* Threads have their own samples; where their code is, the leader's mappings say. */
static void test_threads(void **state)
{
	uint64_t i, samples = 0, foreign = 0, run = 0, weight = 0, switches = 0;
	struct seen s;
	pid_t pid;

	(void)state;
	pid = record(job_threads, false, HZ, &s);
	for (i = 1; i <= s.n_epochs; i++) {
		const struct epoch *e = &s.e[i];

		if (e->tgid != (uint32_t)pid || e->tid == (uint32_t)pid)
			continue;
		assert_true(e->samples > 0);
		samples += e->called;
		foreign += e->foreign;
		run += e->k_run_ns;
		weight += e->weight;
		switches += e->switches;
	}
	assert_true(samples > 100);
	assert_int_equal(foreign, 0);
	check_time("threads", weight, run, switches, s.freq);
	forget(&s);
}

/* Lives of some ms: their samples are looked at when they have ended, and their pids may be others'. */
static void test_short_lives(void **state)
{
	uint64_t i, run = 0, weight = 0, switches = 0, n = 0;
	struct mmt_session *ses;
	struct seen s;
	pid_t pid;

	(void)state;
	ses = begin(NULL, HZ);
	for (i = 0; i < 100; i++) {
		pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			chain(0.01);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(mmt_session__poll(ses, NULL, 0, 0), 0);
	}
	recording_end(ses);
	see(&s);
	for (i = 1; i <= s.n_epochs; i++) {
		if (s.e[i].ppid != (uint32_t)getpid())
			continue;
		n++;
		run += s.e[i].k_run_ns;
		weight += s.e[i].weight;
		switches += s.e[i].switches;
	}
	assert_int_equal(n, 100);
	check_time("100 short lives", weight, run, switches, s.freq);
	assert_true(s.unknown * 100 <= s.samples);
	forget(&s);
}

/* Rings that nobody empties: what did not fit is counted. */
static void test_lost(void **state)
{
	struct mmt_session *ses;
	struct seen s;
	struct epoch *e;
	siginfo_t info;
	pid_t pid, later;
	int go;

	(void)state;
	pid = start(job_deep, &go);
	ses = begin(&pid, 10000);
	close(go);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	poll_until_end(ses, pid);
	/* the kernel tells of a loss before the next record that fits, CPU by CPU */
	later = start(job_threads, &go);
	close(go);
	poll_until_end(ses, later);
	recording_end(ses);
	see(&s);
	e = of_tid(&s, pid);
	print_message("%llu samples of %.3f s at %llu Hz, %llu lost\n", (unsigned long long)e->samples, (double)e->k_run_ns / 1e9,
		      (unsigned long long)s.freq, (unsigned long long)s.lost);
	if (s.freq != 10000) {
		forget(&s);
		fprintf(stderr, "skipped: the kernel samples at %llu Hz at most\n", (unsigned long long)s.freq);
		skip();
	}
	assert_true(s.lost > 0);
	/* others' samples are among the lost, too */
	assert_true((double)(e->samples + s.lost) > 0.9 * (double)e->k_run_ns / 1e9 * (double)s.freq);
	forget(&s);
}

static int setup(void **state)
{
	(void)state;
	snprintf(trace_path, sizeof(trace_path), "/tmp/mmt-test-profile.%d.mmt", getpid());
	spent = mmap(NULL, 3 * sizeof(*spent), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(spent != MAP_FAILED);
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
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_short_lives),
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
