// SPDX-License-Identifier: GPL-2.0-only
/*
 * Known answers of the stacks of fault samples. This file is built so that every function
 * has a frame (see Makefile), and calls in ways that are known here.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../analyzer/symbols/sym_trace.h"
#include "../../collector/session.h"
#include "../../collector/sysfs.h"
#include "trace_sums.h"
#include "worker.h"

#define PAGES 2000L
#define DEEP 300   /* deeper than the kernel goes */
#define LEVELS 100 /* not so */
#define TINY 8     /* stacks that the kernel's map holds */

static struct {
	char trace[64];
	char *mem; /* fresh pages that the jobs touch, at this address in the child, too */
	char said[1024];
} t;

/* ---------------------------------------------------------------- jobs */

static void __attribute__((noinline)) chain_c(long pages)
{
	long page = sysconf(_SC_PAGESIZE), i;
	volatile char *p = t.mem;

	for (i = 0; i < pages; i++)
		p[i * page] = 1;
}

static void __attribute__((noinline)) chain_b(long pages)
{
	chain_c(pages);
}

static void __attribute__((noinline)) chain_a(long pages)
{
	chain_b(pages);
}

static void job_chain(void)
{
	chain_a(PAGES);
}

static void *thread_chain(void *arg)
{
	chain_a(PAGES);
	return arg;
}

static void job_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_chain, NULL) || pthread_join(thread, NULL))
		_exit(5);
}

/* Page n is touched n calls deep. */
static void __attribute__((noinline)) go_down(long n, long depth, long page)
{
	((volatile char *)t.mem)[n * page] = 1;
	if (n + 1 < depth)
		go_down(n + 1, depth, page);
}

static void job_deep(void)
{
	go_down(0, DEEP, sysconf(_SC_PAGESIZE));
}

static void job_levels(void)
{
	go_down(0, LEVELS, sysconf(_SC_PAGESIZE));
}

/* The kernel touches the pages on our behalf. */
static void __attribute__((noinline)) read_b(int fd, long pages)
{
	long page = sysconf(_SC_PAGESIZE), i;

	for (i = 0; i < pages; i++)
		if (read(fd, t.mem + i * page, 1) != 1)
			_exit(4);
}

static void __attribute__((noinline)) read_a(int fd)
{
	read_b(fd, LEVELS);
}

static void job_read(void)
{
	int fd = open("/dev/zero", O_RDONLY);

	read_a(fd);
	close(fd);
}

/* ---------------------------------------------------------------- recording */

static void log_keep(void *ctx, enum mmt_log_level level, const char *msg)
{
	size_t at = strlen(t.said);

	(void)ctx;
	if (level <= MMT_LOG_WARN)
		snprintf(t.said + at, sizeof(t.said) - at, "%s\n", msg);
}

static unsigned int family_bits(const char *names)
{
	const char *name, *summary;
	unsigned int i, bits = 0;

	for (i = 0; (name = mmt_session__family(i, &summary)); i++)
		if (strstr(names, name))
			bits |= 1U << i;
	return bits;
}

/* Of a child that was there before; stack_entries: of the kernel's map, 0 as always. */
static pid_t record(void (*job)(void), const char *probe, unsigned int stack_entries)
{
	size_t len = (size_t)(PAGES * sysconf(_SC_PAGESIZE));
	struct worker w;
	struct mmt_session_opts o = {
		.sz = sizeof(o), .log = log_keep, .output = t.trace, .profile = MMT_PROFILE_LIGHT, .time_shift = -1,
		.no_oracle = true, .families = family_bits("fault map"), .families_only = true, .probe = probe,
		.stack_entries = stack_entries, .pids = &w.pid, .n_pids = 1, /* others' storms would thin its samples */
	};
	struct mmt_session *s = NULL;
	int err;

	if (geteuid()) {
		fprintf(stderr, "skipped: recording needs root\n");
		skip();
	}
	t.said[0] = '\0';
	t.mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(t.mem != MAP_FAILED);
	assert_true(!madvise(t.mem, len, MADV_NOHUGEPAGE) || errno == EINVAL);
	worker_start(&w, job);
	munmap(t.mem, len);
	err = mmt_session__open(&o, &s);
	if (err == -EPERM || err == -ENOENT) {
		worker_stop(&w);
		fprintf(stderr, "skipped: BPF is not allowed here: %s\n", strerror(-err));
		skip();
	}
	assert_int_equal(err, 0);
	assert_int_equal(mmt_session__start(s), 0);
	assert_int_equal(mmt_session__poll(s, NULL, 0, 150), 0); /* its mappings are read */
	worker_run(s, &w);
	assert_int_equal(mmt_session__poll(s, NULL, 0, 150), 0);
	worker_stop(&w);
	assert_int_equal(mmt_session__stop(s), 0);
	mmt_session__close(s);
	return w.pid;
}

/* ---------------------------------------------------------------- what came of it */

struct sample {
	uint64_t time, addr, ip, flags, kstack, ustack;
	long page; /* of ours */
};

struct seen {
	pid_t pid;
	uint64_t epoch;
	struct sample *v;
	size_t n, size;
	char kinds[256];
};

static void on_row(void *ctx, const struct mmt_rows *r, uint32_t row)
{
	long page = sysconf(_SC_PAGESIZE);
	struct seen *s = ctx;
	struct sample *x;
	uint64_t addr;

	if (r->type->id == MMT_TB_TASK && (pid_t)sums_cell(r, row, "tid") == s->pid)
		s->epoch = sums_cell(r, row, "epoch");
	if (r->type->id == MMT_TB_META && sums_cell_is(r, row, "key", "fault.kinds"))
		snprintf(s->kinds, sizeof(s->kinds), "%.*s", (int)r->cells[row * r->type->n_fields + 1].len,
			 (const char *)r->cells[row * r->type->n_fields + 1].p);
	if (r->type->id != MMT_TB_FAULT_SAMPLE || !sums_cell(r, row, "epoch"))
		return;
	addr = sums_cell(r, row, "addr");
	if (addr < (uintptr_t)t.mem || addr >= (uintptr_t)t.mem + (uintptr_t)(PAGES * page))
		return;
	if (s->n == s->size) {
		s->size = s->size ? s->size * 2 : 1024;
		s->v = realloc(s->v, s->size * sizeof(*s->v));
		assert_non_null(s->v);
	}
	x = &s->v[s->n++];
	x->time = sums_cell(r, row, "time");
	x->addr = addr;
	x->page = (long)(addr - (uintptr_t)t.mem) / page;
	x->ip = sums_cell(r, row, "ip");
	x->flags = sums_cell(r, row, "flags");
	x->kstack = sums_cell(r, row, "kstack");
	x->ustack = sums_cell(r, row, "ustack");
}

/* Samples of our pages; skips where faults have no kinds, so no samples. */
static void load(pid_t pid, struct seen *s, struct sym_trace **sym)
{
	memset(s, 0, sizeof(*s));
	s->pid = pid;
	sums_rows(t.trace, on_row, s);
	if (strcmp(s->kinds, "yes")) {
		fprintf(stderr, "skipped: no samples here: %s\n", s->kinds);
		skip();
	}
	assert_true(s->n > 0);
	assert_int_equal(sym_trace_open(t.trace, NULL, NULL, NULL, sym), 0);
}

/* The name of frame i; "" where there is none. */
static const char *name(struct sym_trace *sym, uint64_t id, uint32_t i, char *buf, size_t size)
{
	const struct sym_stack *s = id ? sym_trace_stack(sym, id) : NULL;
	struct sym_place p;

	if (!s || i >= s->n)
		return "";
	assert_int_equal(sym_trace_frame(sym, s, i, &p), 0);
	return sym_trace_name(&p, buf, size);
}

static bool has(struct sym_trace *sym, uint64_t id, const char *want)
{
	const struct sym_stack *s = id ? sym_trace_stack(sym, id) : NULL;
	char buf[512];
	uint32_t i;

	for (i = 0; s && i < s->n; i++)
		if (!strcmp(name(sym, id, i, buf, sizeof(buf)), want))
			return true;
	return false;
}

static void check_chain(void (*job)(void), const char *caller, const char *probe)
{
	const char *const want[] = { "chain_c", "chain_b", "chain_a", caller };
	size_t i, k, good = 0, leaf = 0;
	struct sym_trace *sym;
	struct seen s;
	char buf[512];

	load(record(job, probe, 0), &s, &sym);
	for (i = 0; i < s.n; i++) {
		const struct sym_stack *st = sym_trace_stack(sym, s.v[i].ustack);
		struct sym_place a, b;

		assert_int_equal(s.v[i].kstack, 0);
		for (k = 0; k < 4 && !strcmp(name(sym, s.v[i].ustack, (uint32_t)k, buf, sizeof(buf)), want[k]); k++)
			;
		good += k == 4;
		if (!st || sym_trace_frame(sym, st, 0, &a) || sym_trace_user(sym, s.epoch, s.v[i].time, s.v[i].ip, &b))
			continue;
		leaf += a.at.offset == b.at.offset;
	}
	print_message("%zu samples, %zu with the whole chain, %zu whose leaf is the instruction\n", s.n, good, leaf);
	assert_true(s.n >= 50);
	assert_true(good * 100 >= s.n * 95);
	assert_int_equal(leaf, s.n);
	sym_trace_close(sym);
	free(s.v);
}

static void test_chain(void **state)
{
	(void)state;
	check_chain(job_chain, "job_chain", NULL);
	assert_string_equal(t.said, "");
}

static void test_chain_raw_tp(void **state)
{
	(void)state;
	check_chain(job_chain, "job_chain", "raw_tp");
}

/* Its mappings are those of its process. */
static void test_thread(void **state)
{
	(void)state;
	check_chain(job_thread, "thread_chain", NULL);
}

/* What is deeper than the kernel goes says so; its leaf is right. */
static void test_deep(void **state)
{
	size_t i, full = 0, whole = 0;
	struct sym_trace *sym;
	uint64_t limit = 127;
	struct seen s;

	(void)state;
	mmt_read_u64("/proc/sys/kernel/perf_event_max_stack", &limit);
	limit = limit < 127 ? limit : 127;
	load(record(job_deep, NULL, 0), &s, &sym);
	for (i = 0; i < s.n; i++) {
		const struct sym_stack *st = sym_trace_stack(sym, s.v[i].ustack);

		assert_non_null(st);
		assert_true(st->n <= limit);
		assert_int_equal(!!(st->flags & MMT_STACK_TRUNCATED), st->n == limit);
		if ((uint64_t)s.v[i].page >= limit)
			assert_int_equal(st->n, limit);
		full += st->n == limit;
		whole += st->n < limit;
	}
	print_message("%zu samples: %zu cut, %zu whole\n", s.n, full, whole);
	assert_true(full > 0 && whole > 0);
	sym_trace_close(sym);
	free(s.v);
}

/* Each level is a stack of its own, one frame deeper than the one before. */
static void check_levels(const struct seen *s, struct sym_trace *sym, size_t *missing)
{
	long base = -1;
	size_t i;

	*missing = 0;
	for (i = 0; i < s->n; i++) {
		const struct sym_stack *st = s->v[i].ustack ? sym_trace_stack(sym, s->v[i].ustack) : NULL;

		assert_true(st || !s->v[i].ustack);
		*missing += !st;
		if (!st)
			continue;
		if (base < 0)
			base = (long)st->n - s->v[i].page;
		assert_int_equal((long)st->n - s->v[i].page, base);
	}
}

static void test_levels(void **state)
{
	struct sym_trace *sym;
	struct seen s;
	size_t missing;

	(void)state;
	load(record(job_levels, NULL, 0), &s, &sym);
	check_levels(&s, sym, &missing);
	assert_int_equal(s.n, LEVELS); /* so few are all sampled */
	assert_int_equal(missing, 0);
	sym_trace_close(sym);
	free(s.v);
}

/* A map with room for a few: what gave way is missing and counted, what is there is right. */
static void test_overflow(void **state)
{
	struct sym_trace *sym;
	struct seen s;
	size_t missing;
	unsigned long n = 0;
	char *note;

	(void)state;
	load(record(job_levels, NULL, TINY), &s, &sym);
	check_levels(&s, sym, &missing);
	print_message("%zu samples, %zu without their stack; said: %s", s.n, missing, t.said);
	assert_int_equal(s.n, LEVELS);
	assert_true(missing > 0);
	for (note = t.said; note; note = strchr(note, '\n') ? strchr(note, '\n') + 1 : NULL)
		if (strstr(note, "call stacks"))
			n += strtoul(note, NULL, 10);
	assert_true(n >= missing); /* other tasks fault, too */
	sym_trace_close(sym);
	free(s.v);
}

/* Faults in kernel mode: where in the kernel, and where in the program it was asked for. */
static void test_kernel_mode(void **state)
{
	size_t i, asked = 0, named = 0, user = 0;
	uint64_t hidden = 0;
	struct sym_trace *sym;
	struct seen s;

	(void)state;
	load(record(job_read, NULL, 0), &s, &sym);
	mmt_read_u64("/proc/sys/kernel/kptr_restrict", &hidden);
	for (i = 0; i < s.n; i++) {
		assert_false(s.v[i].flags & 4);
		assert_true(s.v[i].kstack);
		asked += !!s.v[i].ustack;
		user += has(sym, s.v[i].ustack, "read_a");
		named += has(sym, s.v[i].kstack, "ksys_read") || has(sym, s.v[i].kstack, "vfs_read");
	}
	print_message("%zu samples: %zu show the call in the kernel, %zu of %zu where it came from\n", s.n, named, user, asked);
	assert_int_equal(s.n, LEVELS);
	assert_true(user * 100 >= s.n * 95);
	if (!hidden)
		assert_true(named * 100 >= s.n * 95);
	sym_trace_close(sym);
	free(s.v);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(t.trace, sizeof(t.trace), "/tmp/mmt-test-stacks.%d.mmt", getpid());
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(t.trace);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_chain_raw_tp),
		cmocka_unit_test(test_thread),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_kernel_mode),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
