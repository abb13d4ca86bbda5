// SPDX-License-Identifier: GPL-2.0-only
/* From addresses of this very process, through a trace, to the names of its functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <execinfo.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../../analyzer/symbols/sym_trace.h"
#include "../../collector/cells.h"
#include "../../collector/maps.h"
#include "../../collector/stacks.h"
#include "trace_make.h"

#define EPOCH 5

static struct {
	char *path;
	struct mmt_writer *w;
	struct mmt_maps *maps;
	struct mmt_stacks *stacks;
	struct sym_trace *trace;
} t;

static int set_up(void **state)
{
	(void)state;
	t.path = trace_tmp();
	assert_int_equal(mmt_writer__open(t.path, NULL, &t.w), 0);
	assert_int_equal(mmt_maps__open(t.w, &(const struct mmt_log){ 0 }, &t.maps), 0);
	assert_int_equal(mmt_stacks__open(t.w, t.maps, &t.stacks), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mmt_stacks__close(t.stacks);
	mmt_maps__close(t.maps);
	mmt_writer__abandon(t.w);
	sym_trace_close(t.trace);
	trace_drop(t.path);
	memset(&t, 0, sizeof(t));
	return 0;
}

static void finish(const char *root)
{
	const struct symbols_opts opts = { .root = root, .debug_dirs = root ? "/nonexistent" : NULL };

	assert_int_equal(mmt_writer__close(t.w), 0);
	t.w = NULL;
	assert_int_equal(sym_trace_open(t.path, &opts, NULL, NULL, &t.trace), 0);
}

static void write_task(uint64_t start)
{
	const struct mmt_cell c[] = {
		cell_u(EPOCH), cell_u((uint64_t)getpid()), cell_u((uint64_t)getpid()), cell_u(1), cell_u(start), cell_u(0), cell_u(0),
		cell_u(0), cell_u(0), cell_u(0), cell_s("test"), cell_u(0), cell_u(0), cell_u(0), cell_u(0),
	};

	assert_int_equal(ROW(t.w, MMT_TB_TASK, c), 0);
}

static void write_boot(const char *id)
{
	const struct mmt_cell c[] = { cell_s("boot.id"), cell_s(id) };

	assert_int_equal(ROW(t.w, MMT_TB_META, c), 0);
}

static const char *frame_name(const struct sym_stack *s, uint32_t i)
{
	static char buf[512];
	struct sym_place p;

	assert_int_equal(sym_trace_frame(t.trace, s, i, &p), 0);
	return sym_trace_name(&p, buf, sizeof(buf));
}

static volatile int keep;
static volatile size_t most = 64; /* no constant: functions must keep their names */

static __attribute__((noinline)) size_t leaf_function(uint64_t *address, size_t max)
{
	void *p[64];
	int i, n = backtrace(p, 64);
	size_t k = 0;

	for (i = 0; i < n && k < max; i++) /* a sanitizer's frame may be before ours */
		if (k || (uintptr_t)p[i] - (uintptr_t)&leaf_function < 2048)
			address[k++] = (uint64_t)(uintptr_t)p[i];
	keep++;
	return k;
}

static __attribute__((noinline)) size_t middle_function(uint64_t *address, size_t max)
{
	size_t n = leaf_function(address, max);

	keep++;
	return n;
}

static void test_stacks(void **state)
{
	uint64_t address[64], id, again, other, kernel[2] = { 0 };
	const struct sym_stack *s;
	struct sym_place p;
	char line[512], name[256], buf[256], type;
	unsigned long long v;
	size_t n;
	FILE *f;

	(void)state;
	assert_int_equal(mmt_maps__want(t.maps, EPOCH, (uint32_t)getpid(), 0), 0);
	assert_int_equal(mmt_maps__pass(t.maps, 100, 1000000000), 0);
	n = middle_function(address, most);
	assert_true(n > 4);
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address, n, &id), 0);
	assert_int_equal(id, 1);
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address, n, &again), 0);
	assert_int_equal(again, 1);
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address + 1, n - 1, &other), 0);
	assert_int_equal(other, 2);
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH + 1, 100, address, n, &other), 0); /* nothing is known of that one */
	assert_int_equal(other, 3);
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address, 0, &other), 0);
	assert_int_equal(other, 0);
	f = fopen("/proc/kallsyms", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %c %255s", &v, &type, name) == 3 && v && (!strcmp(name, "vfs_read") || !strcmp(name, "schedule")))
			kernel[!strcmp(name, "schedule")] = v + 1; /* of a caller the byte before is looked up */
	if (f)
		fclose(f);
	if (kernel[0] && kernel[1]) {
		assert_int_equal(mmt_stacks__kernel(t.stacks, kernel, 2, &id), 0);
		assert_int_equal(id, 4);
		assert_int_equal(mmt_stacks__ksyms(t.stacks, &(const struct mmt_log){ 0 }), 2);
	}
	finish(NULL);

	s = sym_trace_stack(t.trace, 1);
	assert_non_null(s);
	assert_false(s->kernel);
	assert_int_equal(s->epoch, EPOCH);
	assert_int_equal(s->n, n);
	assert_string_equal(frame_name(s, 0), "leaf_function");
	assert_string_equal(frame_name(s, 1), "middle_function");
	assert_string_equal(frame_name(s, 2), "test_stacks");
	assert_int_equal(sym_trace_frame(t.trace, s, 2, &p), 0);
	if (p.result.frame[0].file) {
		assert_non_null(strstr(p.result.frame[0].file, "test_sym_trace.c"));
		assert_true(p.result.frame[0].line > 90 && p.result.frame[0].line < 130);
	}
	assert_int_equal(sym_trace_frame(t.trace, s, (uint32_t)n, &p), 0); /* past its end */
	assert_int_equal(p.result.n, 0);
	s = sym_trace_stack(t.trace, 3);
	snprintf(buf, sizeof(buf), "[0x%llx]", (unsigned long long)address[0]);
	assert_string_equal(frame_name(s, 0), buf);
	assert_null(sym_trace_stack(t.trace, 99));
	assert_int_equal(sym_trace_user(t.trace, EPOCH, 200, (uint64_t)(uintptr_t)&set_up, &p), 0);
	assert_string_equal(sym_trace_name(&p, buf, sizeof(buf)), "set_up");
	if (!kernel[0] || !kernel[1]) {
		puts("skipped: kallsyms hides its addresses");
		skip();
	}
	s = sym_trace_stack(t.trace, 4);
	assert_true(s->kernel);
	assert_string_equal(frame_name(s, 0), "vfs_read");
	assert_string_equal(frame_name(s, 1), "schedule");
	assert_int_equal(sym_trace_kernel(t.trace, 0xffffffffffff0000, &p), 0);
	assert_string_equal(sym_trace_name(&p, buf, sizeof(buf)), "[0xffffffffffff0000]");
}

static void test_flags(void **state)
{
	uint64_t address[200], id;
	size_t i;

	(void)state;
	for (i = 0; i < 200; i++)
		address[i] = 0x1000 + i;
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address, 200, &id), 0);
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address, 126, &id), 0);
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address, 2, &id), 0);
	assert_int_equal(mmt_stacks__kernel(t.stacks, address, 127, &id), 0);
	address[3] = UINT64_MAX; /* what follows is chance */
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 0, address, 126, &id), 0);
	finish(NULL);
	assert_int_equal(sym_trace_stack(t.trace, 1)->flags, MMT_STACK_TRUNCATED);
	assert_int_equal(sym_trace_stack(t.trace, 1)->n, MMT_STACK_DEPTH);
	assert_int_equal(sym_trace_stack(t.trace, 2)->flags, 0);
	assert_int_equal(sym_trace_stack(t.trace, 3)->flags, MMT_STACK_NO_FRAMES);
	assert_int_equal(sym_trace_stack(t.trace, 4)->flags, MMT_STACK_TRUNCATED);
	assert_int_equal(sym_trace_stack(t.trace, 5)->n, 3);
	assert_int_equal(sym_trace_stack(t.trace, 5)->flags, MMT_STACK_NO_FRAMES);
}

static void write_mapping(uint64_t id, uint64_t start, uint64_t end, uint64_t first, uint64_t seen, uint64_t last, const char *path)
{
	const struct mmt_cell c[] = {
		cell_u(id), cell_u(EPOCH), cell_u(start), cell_u(end), cell_u(0), cell_u(0), cell_u(first), cell_u(seen), cell_u(last),
		cell_u(1), cell_u(2), cell_u(3), cell_u(0), cell_u(0), cell_b("", 0), cell_s(path),
	};

	assert_int_equal(ROW(t.w, MMT_TB_MAPPING, c), 0);
}

/* The path of what was at an address at a time; "" where that is not known. */
static const char *path_at(uint64_t time, uint64_t address)
{
	struct sym_place p;

	assert_int_equal(sym_trace_user(t.trace, EPOCH, time, address, &p), 0);
	assert_int_equal(p.result.n, 0);
	return p.at.path ? p.at.path : "";
}

/* What was where when: one mapping took the place of another between two looks. */
static void test_times(void **state)
{
	(void)state;
	write_mapping(1, 0x1000, 0x3000, 100, 0, 0, "/a");
	write_mapping(2, 0x1000, 0x2000, 300, 0, 0, "/b");
	write_mapping(1, 0x1000, 0x3000, 100, 200, 300, "/a"); /* gone after 200, found out at 300 */
	write_mapping(3, 0x5000, 0x6000, 500, 0, 0, "/c");
	finish("/nonexistent");
	assert_string_equal(path_at(50, 0x1500), "");   /* either may have been there before */
	assert_string_equal(path_at(50, 0x2500), "/a"); /* only this one may */
	assert_string_equal(path_at(100, 0x1500), "/a");
	assert_string_equal(path_at(200, 0x1500), "/a");
	assert_string_equal(path_at(250, 0x1500), ""); /* one had gone, or the other come: not known */
	assert_string_equal(path_at(250, 0x2500), "/a");
	assert_string_equal(path_at(300, 0x1500), "/b");
	assert_string_equal(path_at(400, 0x2500), "");
	assert_string_equal(path_at(400, 0x5fff), "/c");
	assert_string_equal(path_at(400, 0x6000), "");
	assert_string_equal(path_at(400, 0xfff), "");
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* Code made at run time has a name where its map is this process's: same boot, not older. */
static void jit_case(bool same_boot, uint64_t start, const char *want)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t address = (uint64_t)(uintptr_t)code + 0x20, boot = clock_ns(CLOCK_BOOTTIME);
	const struct mmt_cell clock[] = { cell_u(0), cell_u(0), cell_u(boot), cell_u(clock_ns(CLOCK_REALTIME)), cell_u(0) };
	char id[64] = "another", path[64], text[64], buf[128], unknown[64];
	struct sym_place p;
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	int n;

	assert_non_null(f);
	if (same_boot)
		assert_int_equal(fscanf(f, "%63s", id), 1);
	fclose(f);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	n = snprintf(text, sizeof(text), "%llx 40 jitted\n", (unsigned long long)address - 0x10);
	trace_spill(path, text, (size_t)n);
	write_boot(id);
	write_task(start ? start : boot - 1000000000);
	assert_int_equal(ROW(t.w, MMT_TB_CLOCK, clock), 0);
	assert_int_equal(mmt_maps__want(t.maps, EPOCH, (uint32_t)getpid(), 0), 0);
	assert_int_equal(mmt_maps__pass(t.maps, 100, 1000000000), 0);
	finish(NULL);
	assert_int_equal(sym_trace_user(t.trace, EPOCH, 100, address, &p), 0);
	snprintf(unknown, sizeof(unknown), "[0x%llx]", (unsigned long long)address);
	assert_string_equal(sym_trace_name(&p, buf, sizeof(buf)), want ? want : unknown);
	assert_int_equal(p.result.jit, want != NULL);
	unlink(path);
	munmap(code, 4096);
}

static void test_jit(void **state)
{
	(void)state;
	jit_case(true, 0, "jitted");
}

static void test_jit_elsewhere(void **state)
{
	(void)state;
	jit_case(false, 0, NULL);
}

static void test_jit_stale(void **state)
{
	(void)state;
	jit_case(true, clock_ns(CLOCK_BOOTTIME) + 60000000000ull, NULL);
}

/* What the call of frame i says of a function that is missing before it. */
static const char *skipped(const struct sym_stack *s, uint32_t i)
{
	struct sym_place inner, outer;

	assert_int_equal(sym_trace_frame(t.trace, s, i - 1, &inner), 0);
	assert_int_equal(sym_trace_frame(t.trace, s, i, &outer), 0);
	return sym_trace_skipped(t.trace, &inner, &outer);
}

static bool calls_are_read(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
	return true;
#else
	return false;
#endif
}

/* As a walk by frame pointers leaves out the caller of a function that keeps none. */
static void test_skipped(void **state)
{
	uint64_t address[64], id;
	const struct sym_stack *s;
	size_t n;

	(void)state;
	if (!calls_are_read()) {
		puts("skipped: calls of this machine are not known");
		skip();
	}
	assert_int_equal(mmt_maps__want(t.maps, EPOCH, (uint32_t)getpid(), 0), 0);
	assert_int_equal(mmt_maps__pass(t.maps, 100, 1000000000), 0);
	n = middle_function(address, most);
	assert_true(n > 4);
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address, n, &id), 0);
	memmove(address + 1, address + 2, (n - 2) * sizeof(*address));
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address, n - 1, &id), 0);
	finish(NULL);
	s = sym_trace_stack(t.trace, 1);
	assert_null(skipped(s, 1));
	assert_null(skipped(s, 2));
	s = sym_trace_stack(t.trace, 2);
	assert_string_equal(frame_name(s, 0), "leaf_function");
	assert_string_equal(frame_name(s, 1), "test_skipped");
	assert_string_equal(skipped(s, 1), "middle_function");
}

/* All names of a trace go into another, which then needs no file. */
static void test_bundle(void **state)
{
	uint64_t address[64], id;
	char *to = trace_tmp(), want[64][256];
	const struct sym_stack *s;
	size_t n, i;

	(void)state;
	assert_int_equal(mmt_maps__want(t.maps, EPOCH, (uint32_t)getpid(), 0), 0);
	assert_int_equal(mmt_maps__pass(t.maps, 100, 1000000000), 0);
	n = middle_function(address, most);
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address, n, &id), 0);
	finish(NULL);
	s = sym_trace_stack(t.trace, 1);
	for (i = 0; i < n; i++)
		snprintf(want[i], sizeof(want[i]), "%s", frame_name(s, (uint32_t)i));
	/* the same trace, with the names */
	mmt_stacks__close(t.stacks);
	mmt_maps__close(t.maps);
	assert_int_equal(mmt_writer__open(to, NULL, &t.w), 0);
	assert_int_equal(mmt_maps__open(t.w, &(const struct mmt_log){ 0 }, &t.maps), 0);
	assert_int_equal(mmt_stacks__open(t.w, t.maps, &t.stacks), 0);
	assert_int_equal(mmt_maps__want(t.maps, EPOCH, (uint32_t)getpid(), 0), 0);
	assert_int_equal(mmt_maps__pass(t.maps, 100, 1000000000), 0);
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address, n, &id), 0);
	memmove(address + 1, address + 2, (n - 2) * sizeof(*address)); /* a caller is missing */
	assert_int_equal(mmt_stacks__user(t.stacks, EPOCH, 100, address, n - 1, &id), 0);
	assert_true(sym_trace_bundle(t.trace, t.w) >= (int)n - 2);
	sym_trace_close(t.trace);
	trace_drop(t.path);
	t.path = to;
	finish("/nonexistent");
	s = sym_trace_stack(t.trace, 1);
	assert_string_equal(frame_name(s, 0), "leaf_function");
	for (i = 0; i < n; i++)
		if (want[i][0] != '[') /* what was unknown may say so in another way */
			assert_string_equal(frame_name(s, (uint32_t)i), want[i]);
	assert_null(skipped(s, 1));
	if (calls_are_read())
		assert_string_equal(skipped(sym_trace_stack(t.trace, 2), 1), "middle_function");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stacks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flags, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_times, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_jit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_jit_elsewhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_jit_stale, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_skipped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bundle, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
