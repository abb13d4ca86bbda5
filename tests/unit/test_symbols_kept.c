// SPDX-License-Identifier: GPL-2.0-only
/* Names that are kept in a trace, code made at run time, many files, and files that are broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../analyzer/symbols/jit.h"
#include "../../analyzer/symbols/lines.h"
#include "elf_make.h"
#include "trace_make.h"

static struct elf_make make;

static int set_up(void **state)
{
	(void)state;
	elf_make_begin(&make);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (make.dir[0])
		elf_make_end(&make);
	return 0;
}

static struct symbols *open_symbols(bool here)
{
	const struct symbols_opts opts = { .debug_dirs = "/nonexistent", .here = here };
	struct symbols *s;

	assert_int_equal(symbols_open(&opts, &s), 0);
	return s;
}

static struct sym_result ask(struct symbols *s, const struct sym_at *at)
{
	struct sym_result r;

	assert_int_equal(symbols_resolve(s, at, &r), 0);
	return r;
}

static void same_results(const struct sym_result *a, const struct sym_result *b)
{
	uint32_t i;

	assert_int_equal(a->status, b->status);
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->plt, b->plt);
	assert_int_equal(a->jit, b->jit);
	assert_int_equal(a->base, b->base);
	for (i = 0; i < a->n; i++) {
		assert_string_equal(a->frame[i].function, b->frame[i].function);
		assert_string_equal(a->frame[i].file ? a->frame[i].file : "", b->frame[i].file ? b->frame[i].file : "");
		assert_int_equal(a->frame[i].line, b->frame[i].line);
		assert_int_equal(a->frame[i].inlined, b->frame[i].inlined);
	}
}

/* Rows of table symbol, as another machine would take them. */
static size_t read_bundle(const char *path, struct symbols *to)
{
	struct mmt_reader *r;
	struct mmt_chunk chunk;
	uint32_t i, k;
	size_t n = 0;

	assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
	while (mmt_reader__next(r, &chunk) > 0)
		for (i = 0; i < chunk.n_tables; i++)
			for (k = 0; chunk.tables[i].type->id == MMT_TB_SYMBOL && k < chunk.tables[i].n; k++, n++) {
				const struct mmt_cell *c = chunk.tables[i].cells + (size_t)k * chunk.tables[i].type->n_fields;
				char function[256], file[512];
				const struct sym_bundled b = {
					.build_id = c[0].p, .build_id_len = c[0].len, .mapping = c[1].u, .offset = c[2].u,
					.size = c[3].u, .depth = c[4].u, .flags = c[5].u, .base = c[6].u,
					.function = function, .file = file, .line = c[9].u,
				};

				snprintf(function, sizeof(function), "%.*s", (int)c[7].len, c[7].len ? (const char *)c[7].p : "");
				snprintf(file, sizeof(file), "%.*s", (int)c[8].len, c[8].len ? (const char *)c[8].p : "");
				assert_int_equal(symbols_add_bundled(to, &b), 0);
			}
	mmt_reader__close(r);
	return n;
}

static void test_bundle(void **state)
{
	static const char *const asked[] = { "here", "outer", "_ZN4work5cache3getIiEEiT_", "_RNvC6_123foo3bar" };
	struct symbols *s = open_symbols(false), *there = open_symbols(false);
	struct sym_result want[5], got;
	struct mmt_writer *w;
	struct elf_at at[5];
	struct sym_at other;
	char *path = trace_tmp();
	size_t i, rows = 0;
	int n;

	(void)state;
	elf_make_sh(&make, "$CC -O2 -g -Wl,--build-id main.c -o prog && $CC -O2 -Wl,--build-id=none main.c -o bare");
	for (i = 0; i < 5; i++) {
		elf_make_at(&make, i < 4 ? "prog" : "bare", elf_make_nm(&make, i < 4 ? "prog" : "bare", asked[i % 4]), &at[i]);
		at[i].at.mapping = 100 + i;
		want[i] = ask(s, &at[i].at);
		assert_int_equal(want[i].status, SYM_FOUND);
		rows += want[i].n;
	}
	assert_int_equal(mmt_writer__open(path, NULL, &w), 0);
	n = symbols_bundle(s, w);
	assert_int_equal(n, rows);
	assert_int_equal(mmt_writer__close(w), 0);
	elf_make_sh(&make, "rm prog bare");
	assert_int_equal(read_bundle(path, there), rows);
	for (i = 0; i < 5; i++) {
		got = ask(there, &at[i].at);
		same_results(&want[i], &got);
	}
	/* a byte further nothing is known, nor at the same place of another file */
	other = at[0].at;
	other.offset++;
	assert_int_equal(ask(there, &other).status, SYM_NO_FILE);
	other = at[4].at;
	other.mapping++;
	assert_int_equal(ask(there, &other).status, SYM_NO_FILE);
	/* the same rows again change nothing */
	read_bundle(path, there);
	got = ask(there, &at[0].at);
	same_results(&want[0], &got);
	trace_drop(path);
	symbols_close(s);
	symbols_close(there);
}

/* Rows of a trace are anybody's: gaps, nonsense. */
static void test_bundle_nonsense(void **state)
{
	static const uint8_t id[4] = { 1, 2, 3, 4 };
	struct symbols *s = open_symbols(false);
	struct sym_bundled b = { .build_id = id, .build_id_len = 4, .offset = 100, .size = 10, .depth = 1, .function = "f", .file = "" };
	struct sym_at at = { .build_id = id, .build_id_len = 4, .path = "/nonexistent/x", .offset = 105 };
	struct sym_result r;

	(void)state;
	assert_int_equal(symbols_add_bundled(s, &b), 0); /* no depth 0 */
	assert_int_equal(ask(s, &at).status, SYM_NO_FILE);
	b.depth = UINT64_MAX;
	assert_int_equal(symbols_add_bundled(s, &b), 0);
	b.depth = 0;
	b.size = UINT64_MAX;
	assert_int_equal(symbols_add_bundled(s, &b), 0);
	b.size = 10;
	b.line = UINT64_MAX;
	assert_int_equal(symbols_add_bundled(s, &b), 0);
	r = ask(s, &at);
	assert_int_equal(r.status, SYM_FOUND);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.frame[0].line, 0);
	assert_null(r.frame[0].file);
	at.offset = 110;
	assert_int_equal(ask(s, &at).n, 0);
	symbols_close(s);
}

static void test_kernel(void **state)
{
	struct symbols *s = open_symbols(false);
	struct sym_result r;
	const char *module;

	(void)state;
	assert_false(symbols_kernel(s, 0xffffffff81000000, &r, &module));
	assert_int_equal(symbols_add_kernel(s, 0xffffffffc0000000, 0x40, "mod_fn", "ext4"), 0);
	assert_int_equal(symbols_add_kernel(s, 0xffffffff81000000, 0x100, "vfs_read", ""), 0);
	assert_int_equal(symbols_add_kernel(s, 0xfffffffffffffff0, 0x100, "past the end", ""), 0);
	assert_true(symbols_kernel(s, 0xffffffff810000ff, &r, &module));
	assert_string_equal(r.frame[0].function, "vfs_read");
	assert_string_equal(module, "");
	assert_int_equal(r.base, 0xffffffff81000000);
	assert_false(symbols_kernel(s, 0xffffffff81000100, &r, &module));
	assert_true(symbols_kernel(s, 0xffffffffc000003f, &r, &module));
	assert_string_equal(module, "ext4");
	assert_false(symbols_kernel(s, UINT64_MAX, &r, &module));
	symbols_close(s);
}

static void test_jit_lines(void **state)
{
	static const char text[] =
		"1000 100 first\n"
		"nonsense\n"
		"1000 0 empty\n"
		"3000 80 LazyCompile:~f (file.js:3) with spaces\n"
		"ffffffffffffff00 1000 past the end\n"
		"1080 20 inside, later\n"
		"2000 1000 big, earlier\n"
		"2800 10 inside big, later\n"
		"2804 4 x\n"
		"2800 40 compiled again\n"
		"4000 10 being writ";
	struct jit *j = jit_parse(text, sizeof(text) - 1);
	uint64_t base;

	(void)state;
	assert_non_null(j);
	assert_string_equal(jit_find(j, 0x1000, &base), "first");
	assert_string_equal(jit_find(j, 0x1085, &base), "inside, later");
	assert_int_equal(base, 0x1080);
	assert_string_equal(jit_find(j, 0x10a0, &base), "first");
	assert_null(jit_find(j, 0x1100, &base));
	assert_string_equal(jit_find(j, 0x3000, &base), "LazyCompile:~f (file.js:3) with spaces");
	assert_string_equal(jit_find(j, 0x2805, &base), "compiled again");
	assert_string_equal(jit_find(j, 0x2840, &base), "big, earlier");
	assert_null(jit_find(j, 0x4001, &base));
	assert_null(jit_find(j, 0, &base));
	jit_close(j);
	j = jit_parse("", 0);
	assert_null(jit_find(j, 0, &base));
	jit_close(j);
}

/* A map of a process that lives in our own mount namespace, as its user writes it. */
static void test_jit_file(void **state)
{
	struct sym_at at = { .anon = true, .pid = (uint32_t)getpid(), .uid = getuid(), .offset = 0x5010, .mapping = 9, .path = "" };
	struct symbols *s;
	struct sym_result r;
	struct stat st;
	char path[64], buf[64];
	uint64_t mtime;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	unlink(path);
	s = open_symbols(true);
	assert_int_equal(ask(s, &at).status, SYM_NO_FILE);
	symbols_close(s);
	trace_spill(path, "5000 100 jitted\n", 16);
	assert_int_equal(stat(path, &st), 0);
	mtime = (uint64_t)st.st_mtim.tv_sec * 1000000000ull + (uint64_t)st.st_mtim.tv_nsec;
	at.begin = mtime;
	s = open_symbols(true);
	r = ask(s, &at);
	assert_int_equal(r.status, SYM_FOUND);
	assert_true(r.jit);
	assert_string_equal(r.frame[0].function, "jitted");
	assert_int_equal(r.base, 0x5000);
	at.offset = 0x5100;
	r = ask(s, &at);
	assert_int_equal(r.status, SYM_NONE);
	assert_string_equal(symbols_unknown(&at, r.status, buf, sizeof(buf)), "[0x5100]");
	symbols_close(s);
	at.offset = 0x5010;
	/* it may be of an earlier process of that number, or of another machine's */
	at.begin = mtime + 1;
	s = open_symbols(true);
	assert_int_equal(ask(s, &at).status, SYM_NO_FILE);
	symbols_close(s);
	at.begin = 0;
	s = open_symbols(false);
	assert_int_equal(ask(s, &at).status, SYM_NO_FILE);
	symbols_close(s);
	/* somebody else's, a link, a pipe */
	if (!geteuid() && !chown(path, 12345, 12345)) {
		s = open_symbols(true);
		assert_int_equal(ask(s, &at).status, SYM_NO_FILE);
		symbols_close(s);
	}
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	s = open_symbols(true);
	assert_int_equal(ask(s, &at).status, SYM_NO_FILE);
	symbols_close(s);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	s = open_symbols(true);
	assert_int_equal(ask(s, &at).status, SYM_NO_FILE);
	symbols_close(s);
	unlink(path);
}

/* More files than are kept open, asked in turn, each with a build-id of its own. */
static void test_many_files(void **state)
{
	enum { FILES = SYM_OPEN_FILES + 12 };
	static struct elf_at at[FILES];
	struct symbols *s = open_symbols(false);
	struct bytes b;
	char name[32], to[256] = "";
	int round, fd, open_files = 0;
	size_t i, id;
	ssize_t len;

	(void)state;
	elf_make_sh(&make, "$CC -O2 -g -Wl,--build-id main.c -o prog");
	b = trace_slurp(elf_make_path(&make, "prog"));
	elf_make_at(&make, "prog", elf_make_nm(&make, "prog", "outer"), &at[0]);
	for (id = 0; id + at[0].at.build_id_len < b.len && memcmp(b.p + id, at[0].id, at[0].at.build_id_len); id++)
		;
	for (i = 1; i < FILES; i++) {
		b.p[id] ^= (uint8_t)i;
		b.p[id + 1] = (uint8_t)i;
		snprintf(name, sizeof(name), "prog%zu", i);
		trace_spill(elf_make_path(&make, name), b.p, b.len);
		elf_make_at(&make, name, at[0].at.vaddr, &at[i]);
	}
	for (round = 0; round < 3; round++)
		for (i = 1; i < FILES; i++) {
			struct sym_at a = at[i].at;
			struct sym_result r;

			a.offset += (uint64_t)round; /* not from what is remembered */
			r = ask(s, &a);
			assert_int_equal(r.status, SYM_FOUND);
			assert_string_equal(r.frame[r.n - 1].function, "outer");
		}
	for (fd = 0; fd < 1024; fd++) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		len = readlink(name, to, sizeof(to) - 1);
		open_files += len > 0 && !strncmp(to, make.dir, strlen(make.dir));
	}
	assert_true(open_files > 0 && open_files <= SYM_OPEN_FILES);
	free(b.p);
	symbols_close(s);
}

/* Files that are cut, or have bytes that are not theirs: anything but a crash, and no name where the build-id is gone. */
static void test_broken(void **state)
{
	uint32_t seed = 4711;
	struct bytes b;
	struct elf_at at;
	size_t i, k;

	(void)state;
	elf_make_sh(&make, "$CC -O2 -g -Wl,--build-id main.c -o prog");
	elf_make_at(&make, "prog", elf_make_nm(&make, "prog", "here"), &at);
	b = trace_slurp(elf_make_path(&make, "prog"));
	snprintf(at.path, sizeof(at.path), "%s", elf_make_path(&make, "broken"));
	for (i = 0; i < 300; i++) {
		uint8_t *p = malloc(b.len);
		size_t len = i < 60 ? trace_rnd(&seed) % b.len : b.len;
		struct symbols *s = open_symbols(false);

		memcpy(p, b.p, b.len);
		for (k = 0; i >= 60 && k < 24; k++) { /* the headers, the ends, anywhere */
			size_t where = trace_rnd(&seed);

			where = k % 3 == 0 ? where % 1024 : k % 3 == 1 ? b.len - 1 - where % 2560 : where % b.len;
			p[where] = (uint8_t)trace_rnd(&seed);
		}
		trace_spill(at.path, p, len);
		ask(s, &at.at);
		symbols_close(s);
		free(p);
	}
	free(b.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bundle),
		cmocka_unit_test(test_bundle_nonsense),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_jit_lines),
		cmocka_unit_test(test_jit_file),
		cmocka_unit_test(test_many_files),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
