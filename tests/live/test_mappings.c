// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the code of processes is: programs made here touch pages at addresses of their own, so
 * that each fault sample says by its address which program it was, whatever the mappings say.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../analyzer/symbols/sym_trace.h"
#include "../../collector/session.h"
#include "../unit/elf_make.h"
#include "../unit/trace_make.h"

#define MARK(n) (0x100000000000ull + ((uint64_t)(n) << 32)) /* programs touch pages there, and nobody else does */
#define MARKS 16
#define MAX_MAPS 400000

static struct {
	struct elf_make make;
	char *trace;
	char said[512];
	struct sym_trace *sym;
	char (*map)[96]; /* path, by number */
	size_t n_maps;
	uint64_t n_images;
	bool told; /* the kernel told of mappings */
	/* samples, by mark */
	bool asleep; /* the collector does not look while the job runs, until it says so */
	int awake[2];
	uint64_t samples[MARKS], named[MARKS], function[MARKS];
} t;

/* The address and how many pages are given to the compiler; arguments, if any, are the program to execute next. */
static const char spot_c[] =
	"#define _GNU_SOURCE\n"
	"#include <dlfcn.h>\n"
	"#include <stdio.h>\n"
	"#include <stdlib.h>\n"
	"#include <string.h>\n"
	"#include <sys/mman.h>\n"
	"#include <unistd.h>\n"
	"#ifndef PAGES\n"
	"#define PAGES 40\n"
	"#endif\n"
	"__attribute__((noinline)) void touch_pages(unsigned long mark)\n"
	"{\n"
	"\tvolatile char *p = mmap((void *)mark, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);\n"
	"\tmadvise((void *)p, PAGES * 4096, MADV_NOHUGEPAGE);\n"
	"\tfor (int i = 0; i < PAGES; i++)\n"
	"\t\tp[i * 4096] = 1;\n"
	"\tmunmap((void *)p, PAGES * 4096);\n"
	"}\n"
	"#ifndef LIB\n"
	"#ifndef BEFORE\n"
	"#define BEFORE\n"
	"#endif\n"
	"int main(int argc, char **argv)\n"
	"{\n"
	"\tBEFORE;\n"
	"\ttouch_pages(MARK);\n"
	"\tif (argc > 1)\n"
	"\t\texecv(argv[1], argv + 1);\n"
	"\treturn argc > 1;\n"
	"}\n"
	"#else\n"
	"void from_library(void) { touch_pages(MARK); }\n"
	"#endif\n";

static void make(const char *name, unsigned int mark, const char *options)
{
	elf_make_sh(&t.make, "$CC -g -O1 -fno-omit-frame-pointer -Wl,--build-id -DMARK=0x%llxul %s spot.c -o %s",
		    (unsigned long long)MARK(mark), options, name);
}

/* ------------------------------------------------------------------- recording */

static void log_keep(void *ctx, enum mmt_log_level level, const char *msg)
{
	size_t at = strlen(t.said);

	(void)ctx;
	if (level <= MMT_LOG_WARN)
		snprintf(t.said + at, sizeof(t.said) - at, "%s\n", msg);
}

static unsigned int family_bits(void)
{
	const char *name, *summary;
	unsigned int i, bits = 0;

	for (i = 0; (name = mmt_session__family(i, &summary)); i++)
		if (!strcmp(name, "fault") || !strcmp(name, "map"))
			bits |= 1U << i;
	return bits;
}

/* A child that runs a function once the recording is on, in the directory of the programs. */
static void record(void (*job)(void))
{
	int ready[2], status = 0;
	struct mmt_session_opts o = {
		.sz = sizeof(o), .log = log_keep, .output = t.trace, .profile = MMT_PROFILE_LIGHT, .time_shift = -1,
		.no_oracle = true, .families = family_bits(), .families_only = true,
	};
	struct mmt_session *s = NULL;
	pid_t pid;
	int err;

	if (geteuid()) {
		puts("skipped: recording needs root");
		skip();
	}
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char c;

		if (read(ready[0], &c, 1) != 1 || chdir(t.make.dir))
			_exit(1);
		job();
		_exit(0);
	}
	o.tree = pid;
	err = mmt_session__open(&o, &s);
	if (err) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (err == -EPERM || err == -ENOENT) {
		printf("skipped: BPF is not allowed here: %s\n", strerror(-err));
		skip();
	}
	assert_int_equal(err, 0);
	assert_int_equal(mmt_session__start(s), 0);
	assert_int_equal(write(ready[1], "x", 1), 1);
	if (t.asleep) {
		char c;

		assert_int_equal(read(t.awake[0], &c, 1), 1);
	}
	while (!waitpid(pid, &status, WNOHANG))
		assert_true(mmt_session__poll(s, NULL, 0, 10) >= 0);
	assert_int_equal(status, 0);
	assert_int_equal(mmt_session__stop(s), 0);
	mmt_session__close(s);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(sym_trace_open(t.trace, NULL, NULL, NULL, &t.sym), 0);
}

/* Run a program of the directory, args: the programs that it executes then. */
static void run(char *const argv[])
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		_exit(2);
}

/* --------------------------------------------------------------------- reading */

static const char *base_name(const char *path)
{
	return path && strrchr(path, '/') ? strrchr(path, '/') + 1 : path ? path : "";
}

static void take_sample(const struct mmt_cell *c, const char *const want[MARKS])
{
	uint64_t time = c[0].u, epoch = c[2].u, addr = c[4].u, ip = c[5].u, ustack = c[9].u;
	const struct sym_stack *s;
	struct sym_place p;
	unsigned int mark;

	if (addr < MARK(0) || addr >= MARK(MARKS) || ip >> 47)
		return;
	mark = (unsigned int)((addr - MARK(0)) >> 32);
	t.samples[mark]++;
	assert_int_equal(sym_trace_user(t.sym, epoch, time, ip, &p), 0);
	if (!want[mark]) { /* code made at run time */
		assert_true(p.at.anon);
		t.named[mark] += p.at.mapping != 0;
	} else if (!p.at.path && t.asleep) {
		return; /* not known, which is not wrong */
	} else {
		if (strcmp(base_name(p.at.path), want[mark]))
			fail_msg("mark %u at %llu of epoch %llu: 0x%llx is in \"%s\", not %s", mark, (unsigned long long)time,
				 (unsigned long long)epoch, (unsigned long long)ip, p.at.path ? p.at.path : "", want[mark]);
		t.named[mark]++;
	}
	t.function[mark] += p.result.n && p.result.frame[0].function && !strcmp(p.result.frame[0].function, "touch_pages");
	s = ustack ? sym_trace_stack(t.sym, ustack) : NULL;
	if (!s)
		return;
	assert_int_equal(sym_trace_frame(t.sym, s, 0, &p), 0);
	if (t.asleep && !p.at.path)
		return;
	if (want[mark])
		assert_string_equal(base_name(p.at.path), want[mark]);
	else
		assert_true(p.at.anon);
}

static void take_row(const struct mmt_rows *rows, const struct mmt_cell *c, const char *const want[MARKS])
{
	switch (rows->type->id) {
	case MMT_TB_META:
		t.told = t.told || (c[0].len == 10 && !memcmp(c[0].p, "map.source", 10) && c[1].len >= 4 && !memcmp(c[1].p, "perf", 4));
		break;
	case MMT_TB_IMAGE:
		t.n_images++;
		break;
	case MMT_TB_MAPPING:
		assert_true(c[0].u < MAX_MAPS);
		snprintf(t.map[c[0].u], sizeof(t.map[0]), "%.*s", (int)c[15].len, (const char *)c[15].p);
		if (c[8].u && c[8].u < c[6].u) /* read while the process became another program: it was never there */
			t.map[c[0].u][0] = 0;
		t.n_maps = c[0].u >= t.n_maps ? c[0].u + 1 : t.n_maps;
		break;
	case MMT_TB_FAULT_SAMPLE:
		take_sample(c, want);
		break;
	default:
		break;
	}
}

/* All samples at marks are of the program that is meant; which mappings there were. */
static void check(const char *const want[MARKS])
{
	struct mmt_reader *r;
	struct mmt_chunk chunk;
	uint32_t i, k;

	t.map = calloc(MAX_MAPS, sizeof(*t.map));
	assert_non_null(t.map);
	assert_int_equal(mmt_reader__open(t.trace, NULL, &r), 0);
	while (mmt_reader__next(r, &chunk) > 0)
		for (i = 0; i < chunk.n_tables; i++)
			for (k = 0; k < chunk.tables[i].n; k++)
				take_row(&chunk.tables[i], chunk.tables[i].cells + (size_t)k * chunk.tables[i].type->n_fields, want);
	mmt_reader__close(r);
	if (!t.told) {
		puts("skipped: the kernel does not tell of mappings");
		skip();
	}
}

static size_t mappings_of(const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < t.n_maps; i++)
		n += !strcmp(base_name(t.map[i]), name);
	return n;
}

static int set_up(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.trace = trace_tmp();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sym_trace_close(t.sym);
	free(t.map);
	trace_drop(t.trace);
	if (t.make.dir[0])
		elf_make_end(&t.make);
	return 0;
}

static void begin(void)
{
	elf_make_begin(&t.make);
	trace_spill(elf_make_path(&t.make, "spot.c"), spot_c, sizeof(spot_c) - 1);
}

/* Was anything sampled? Kernels that show no faults one by one leave the rest. */
static bool sampled(unsigned int mark)
{
	if (!t.samples[mark])
		printf("skipped: no sample at mark %u\n", mark);
	return t.samples[mark] > 0;
}

/* ----------------------------------------------------------------------- tests */

#define BLINKS 2000

static void job_blinks(void)
{
	char *argv[] = { "./blink", NULL };
	int i;

	for (i = 0; i < BLINKS; i++)
		run(argv);
}

/* Two thousand processes of a millisecond. */
static void test_blinks(void **state)
{
	static const char *const want[MARKS] = { "blink" };

	(void)state;
	begin();
	make("blink", 0, "");
	record(job_blinks);
	check(want);
	assert_int_equal(mappings_of("blink"), BLINKS);
	assert_in_range(mappings_of("[vdso]"), BLINKS, BLINKS + 10);
	assert_in_range(t.n_images, 2 * BLINKS, 2 * BLINKS + 10);
	assert_null(strstr(t.said, "map:")); /* nothing is missing */
	if (sampled(0))
		assert_int_equal(t.function[0], t.samples[0]);
}

static void job_chain(void)
{
	char *argv[102];
	int i, k;

	personality(ADDR_NO_RANDOMIZE);
	for (i = 0; i < 100; i++)
		argv[i] = i & 1 ? "./b" : "./a";
	argv[100] = "./c";
	argv[101] = NULL;
	for (k = 0; k < 5; k++)
		run(argv);
}

/* Programs that execute one another, at the same addresses, time and again in one process. */
static void test_exec_chain(void **state)
{
	static const char *const want[MARKS] = { "a", "b", "c" };
	char *nm_a, *nm_b;

	(void)state;
	begin();
	make("a", 0, "");
	make("b", 1, "");
	make("c", 2, "-no-pie");
	nm_a = elf_make_out(&t.make, "nm a | grep touch_pages");
	nm_b = elf_make_out(&t.make, "nm b | grep touch_pages");
	assert_string_equal(nm_a, nm_b);
	free(nm_a);
	free(nm_b);
	record(job_chain);
	check(want);
	assert_int_equal(mappings_of("a"), 250);
	assert_int_equal(mappings_of("b"), 250);
	assert_int_equal(mappings_of("c"), 5);
	if (sampled(0) && sampled(1)) {
		assert_int_equal(t.function[0], t.samples[0]);
		assert_int_equal(t.function[1], t.samples[1]);
	}
}

static void job_libraries(void)
{
	char *argv[] = { "./loader", NULL };

	run(argv);
}

/* Two libraries that come and go at the same place. */
static void test_libraries(void **state)
{
	static const char *const want[MARKS] = { "loader", "one.so", "two.so" };

	(void)state;
	begin();
	make("one.so", 1, "-DLIB -shared -fPIC");
	make("two.so", 2, "-DLIB -shared -fPIC");
	make("loader", 0, "-DBEFORE='void *at[2] = { 0 }; for (int i = 0; i < 100; i++) { void *l = dlopen(i & 1 ? \"./two.so\" : \"./one.so\", "
	     "RTLD_NOW); void (*f)(void) = dlsym(l, \"from_library\"); f(); if (at[i & 1] && at[i & 1] != (void *)f) return 9; "
	     "at[i & 1] = f; dlclose(l); } if (at[0] != at[1]) return 8'");
	record(job_libraries);
	check(want);
	assert_int_equal(mappings_of("one.so"), 50);
	assert_int_equal(mappings_of("two.so"), 50);
	sampled(1);
}

static void job_files(void)
{
	char *gone[] = { "./gone", NULL }, *stripped[] = { "./stripped", NULL }, *changed[] = { "./changed", NULL };
	int i;

	run(gone);
	for (i = 0; i < 10; i++)
		run(stripped);
	for (i = 0; i < 10; i++)
		run(changed);
	if (rename("changed.new", "changed"))
		_exit(3);
	for (i = 0; i < 10; i++)
		run(changed);
}

/* A program that deletes itself, one without symbols, one that is replaced while it is recorded. */
static void test_files(void **state)
{
	static const char *const want[MARKS] = { "gone", "stripped", "changed", "changed" };

	(void)state;
	begin();
	make("gone", 0, "-DBEFORE='unlink(argv[0]); char *p = mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); (void)p'");
	make("stripped", 1, "-s");
	make("changed", 2, "");
	make("changed.new", 3, "");
	record(job_files);
	check(want);
	assert_int_equal(mappings_of("gone"), 1);
	/* one that is looked at in /proc too may be there twice */
	assert_in_range(mappings_of("stripped"), 10, 12);
	assert_in_range(mappings_of("changed"), 20, 22);
	if (sampled(0))
		assert_int_equal(t.function[0], 0); /* nobody can say any more */
	if (sampled(1))
		assert_int_equal(t.function[1], 0);
	if (sampled(2))
		assert_int_equal(t.function[2], 0); /* replaced: the name of another program's function would be a lie */
	if (sampled(3))
		assert_int_equal(t.function[3], t.samples[3]);
}

static void job_forks(void)
{
	char *argv[] = { "./forks", NULL };

	run(argv);
	usleep(700000); /* the grandchild goes on alone */
}

/* A child that executes nothing, and goes on when its parent is gone. */
static void test_forks(void **state)
{
	static const char *const want[MARKS] = { "forks", "forks" };

	(void)state;
	begin();
	make("forks", 0, "-DBEFORE='for (int i = 0; i < 20; i++) touch_pages(MARK); if (!fork()) { usleep(100000); if (fork()) _exit(0); "
	     "usleep(100000); for (int i = 0; i < 50; i++) touch_pages(MARK + (1ul << 32)); _exit(0); }'");
	record(job_forks);
	check(want);
	assert_int_equal(mappings_of("forks"), 1);   /* the children have no rows */
	assert_in_range(t.n_images, 4, 5);           /* forked, executed, two children */
	if (sampled(1))
		assert_int_equal(t.function[1], t.samples[1]);
}

#define STORM 1500

static void job_storm(void)
{
	char *blink[] = { "./blink", NULL }, *late[] = { "./late", NULL };
	cpu_set_t one;
	int i;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	for (i = 0; i < STORM; i++)
		run(blink);
	dup2(t.awake[1], 100);
	execv(late[0], late); /* this is lost, too */
	_exit(4);
}

/* More than the kernel's ring holds, while nobody takes it: that is said, and what lives is read again. */
static void test_lost(void **state)
{
	static const char *const want[MARKS] = { "blink", "late" };
	size_t blinks;

	(void)state;
	begin();
	make("blink", 0, "-DPAGES=1");
	make("late", 1, "-DBEFORE='if (write(100, \"x\", 1) != 1) return 5; for (int i = 0; i < 200; i++) { touch_pages(MARK); usleep(2000); }'");
	assert_int_equal(pipe(t.awake), 0);
	t.asleep = true;
	record(job_storm);
	check(want);
	blinks = mappings_of("blink");
	assert_true(blinks >= 100 && blinks < STORM);
	assert_non_null(strstr(t.said, "records of mappings found no room and /proc was read again"));
	assert_true(mappings_of("late") >= 1);
	if (sampled(1))
		assert_in_range(t.function[1], t.samples[1] * 9 / 10, t.samples[1]); /* but for what was before the reading */
	close(t.awake[0]);
	close(t.awake[1]);
}

static void job_jit(void)
{
	char *argv[] = { "./jit", NULL };

	run(argv);
}

/* Code made at run time: it belongs to no file. */
static void test_jit(void **state)
{
	static const char *const want[MARKS] = { "jit", NULL };

	(void)state;
#ifndef __x86_64__
	puts("skipped: no code for this machine");
	skip();
#endif
	begin();
	/* void f(char *p, long n): do { *p = 1; p += 4096; } while (--n) */
	make("jit", 0, "-DBEFORE='static const unsigned char code[] = { 0xc6, 0x07, 0x01, 0x48, 0x81, 0xc7, 0, 0x10, 0, 0, 0x48, 0xff, 0xce, "
	     "0x75, 0xf1, 0xc3 }; char *c = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); memcpy(c, code, sizeof(code)); "
	     "mprotect(c, 4096, PROT_READ | PROT_EXEC); for (int i = 0; i < 50; i++) { char *p = mmap((void *)(MARK + (1ul << 32)), PAGES * 4096, "
	     "PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0); ((void (*)(char *, long))c)(p, PAGES); munmap(p, PAGES * 4096); }'");
	record(job_jit);
	check(want);
	if (sampled(1))
		assert_int_equal(t.named[1], t.samples[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_blinks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_exec_chain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_libraries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_jit, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
