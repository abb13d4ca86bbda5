// SPDX-License-Identifier: GPL-2.0-only
/* Names and lines of programs that the test builds, beside what nm, addr2line and objdump say of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "../../analyzer/symbols/demangle.h"
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

static struct symbols *open_with(const char *debug_dirs)
{
	const struct symbols_opts opts = { .debug_dirs = debug_dirs ? debug_dirs : "/nonexistent" };
	struct symbols *s;

	assert_int_equal(symbols_open(&opts, &s), 0);
	return s;
}

static struct sym_result ask(struct symbols *s, const struct elf_at *at)
{
	struct sym_result r;

	assert_int_equal(symbols_resolve(s, &at->at, &r), 0);
	return r;
}

/* A frame is told as function and file:line, as far as they are known. */
static void frame_is(const struct sym_frame *f, const char *function, uint32_t line, bool inlined)
{
	assert_non_null(f->function);
	assert_string_equal(f->function, function);
	if (!lines_work())
		return;
	assert_int_equal(f->line, line);
	assert_true(!line || (f->file && strstr(f->file, "main.c")));
	assert_int_equal(f->inlined, inlined);
}

/* The label that lies two functions deep in a third. */
static void check_inlined(struct symbols *s, const struct elf_at *at, bool lines)
{
	struct sym_result r = ask(s, at);

	assert_int_equal(r.status, SYM_FOUND);
	if (!lines || !lines_work()) {
		assert_int_equal(r.n, 1);
		frame_is(&r.frame[0], "outer", 0, false);
		return;
	}
	assert_int_equal(r.n, 3);
	frame_is(&r.frame[0], "innermost", 8, true);
	frame_is(&r.frame[1], "middle", 13, true);
	frame_is(&r.frame[2], "outer", 18, false);
}

static void test_inlined(void **state)
{
	static const char *const flags[] = {
		"-O2 -g", "-O1 -g -no-pie -fno-pie", "-O2 -gdwarf-4", "-O2 -g -gz", "-O2 -g -Wl,-z,noseparate-code", "-O2",
	};
	struct elf_at at;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct symbols *s = open_with(NULL);

		elf_make_sh(&make, "$CC %s -Wl,--build-id main.c -o inlined", flags[i]);
		elf_make_at(&make, "inlined", elf_make_nm(&make, "inlined", "here"), &at);
		check_inlined(s, &at, strstr(flags[i], "-g"));
		symbols_close(s);
	}
}

/* addr2line's words for the frames of one address: function, then file:line; "" and 0 where it has none. */
struct said {
	char function[128], file[512];
	unsigned int line;
};

static const char *next_line(const char **text, char *buf, size_t size)
{
	const char *end = strchr(*text, '\n');

	if (!end)
		return NULL;
	snprintf(buf, size, "%.*s", (int)(end - *text), *text);
	*text = end + 1;
	return buf;
}

static size_t read_said(const char **text, struct said *out, size_t max)
{
	char buf[512], *s;
	size_t n = 0;

	/* until the next address: lines of "0x..." begin an answer */
	while (**text && strncmp(*text, "0x", 2) && n < max) {
		next_line(text, out[n].function, sizeof(out[n].function));
		assert_non_null(next_line(text, buf, sizeof(buf)));
		if ((s = strstr(buf, " (disc")))
			*s = 0;
		s = strrchr(buf, ':');
		assert_non_null(s);
		*s = 0;
		out[n].line = (unsigned int)strtoul(s + 1, NULL, 10);
		snprintf(out[n].file, sizeof(out[n].file), "%s", buf);
		n++;
	}
	return n;
}

/* What they do not agree on; NULL: nothing. */
static const char *differs(const struct sym_result *r, const struct said *want, size_t n)
{
	static char buf[640];
	size_t i;

	snprintf(buf, sizeof(buf), "%u frames, addr2line has %zu", r->n, n);
	if (r->n != n)
		return buf;
	for (i = 0; i < n; i++) {
		char *plain = demangle(want[i].function);
		const struct sym_frame *f = &r->frame[i];
		bool same = f->function && !strcmp(f->function, plain ? plain : want[i].function);

		free(plain);
		snprintf(buf, sizeof(buf), "frame %zu: %s %s:%u, addr2line says %s:%u", i, f->function ? f->function : "?",
			 f->file ? f->file : "?", f->line, want[i].file, want[i].line);
		if (!same || (want[i].line && (f->line != want[i].line || !f->file || strcmp(f->file, want[i].file))))
			return buf;
	}
	return NULL;
}

/* Addresses of every byte of the program's own functions, one a line. */
static void write_addresses(const char *file)
{
	static const char *const own[] = { "outer", "main", "_RNvC6_123foo3bar", "_ZN4work5cache3getIiEEiT_", "innermost", "middle" };
	char *out = elf_make_out(&make, "nm -S %s", file), name[128], type;
	FILE *f = fopen(elf_make_path(&make, "addrs"), "we");
	unsigned long long a, size, i;
	const char *p, *end;
	size_t k;

	assert_non_null(f);
	for (p = out; (end = strchr(p, '\n')); p = end + 1)
		for (k = 0; k < sizeof(own) / sizeof(own[0]); k++)
			if (sscanf(p, "%llx %llx %c %127s", &a, &size, &type, name) == 4 && !strcmp(name, own[k]))
				for (i = a; i < a + size; i++)
					fprintf(f, "0x%llx\n", i);
	assert_int_equal(fclose(f), 0);
	free(out);
}

static void sweep(const char *file)
{
	struct symbols *s = open_with(NULL);
	unsigned int asked = 0, other = 0;
	struct said want[16];
	struct elf_at at;
	const char *p, *why;
	char *out, buf[64];
	uint64_t vaddr;

	write_addresses(file);
	out = elf_make_out(&make, "addr2line -f -i -a -e %s <addrs", file);
	for (p = out; next_line(&p, buf, sizeof(buf));) {
		size_t n = read_said(&p, want, 16);
		struct sym_result r;

		vaddr = strtoull(buf, NULL, 16);
		elf_make_at(&make, file, vaddr, &at);
		r = ask(s, &at);
		assert_int_equal(r.status, SYM_FOUND);
		asked++;
		why = differs(&r, want, n);
		if (why && ++other <= 3)
			printf("# 0x%llx: %s\n", (unsigned long long)vaddr, why);
	}
	assert_true(asked > 100);
	assert_true(other * 50 <= asked); /* versions of addr2line differ among themselves */
	free(out);
	symbols_close(s);
}

static void test_addr2line(void **state)
{
	(void)state;
	if (!lines_work() || !elf_make_has("addr2line")) {
		puts("skipped: no libdw or no addr2line");
		skip();
	}
	elf_make_sh(&make, "$CC -O2 -g -Wl,--build-id main.c -o sweep1");
	sweep("sweep1");
	elf_make_sh(&make, "$CC -O0 -g -no-pie -fno-pie -Wl,--build-id main.c -o sweep2");
	sweep("sweep2");
	elf_make_sh(&make, "$CC -O1 -gdwarf-4 -Wl,--build-id main.c -o sweep3");
	sweep("sweep3");
}

static void test_stripped(void **state)
{
	struct symbols *s = open_with(NULL);
	struct elf_at hidden, exported;
	struct sym_result r;
	char buf[320], want[320];

	(void)state;
	elf_make_sh(&make, "$CC -O2 -g -shared -fPIC -Wl,--build-id lib.c -o lib.so && strip -o stripped.so lib.so");
	elf_make_at(&make, "stripped.so", elf_make_nm(&make, "lib.so", "hidden"), &hidden);
	elf_make_at(&make, "stripped.so", elf_make_nm(&make, "lib.so", "exported"), &exported);
	r = ask(s, &exported);
	assert_int_equal(r.status, SYM_FOUND);
	assert_string_equal(r.frame[0].function, "exported");
	assert_null(r.frame[0].file);
	assert_int_equal(r.base, exported.at.offset);
	/* a static function has no name any more, and gets nobody else's */
	r = ask(s, &hidden);
	assert_int_equal(r.status, SYM_NONE);
	assert_int_equal(r.n, 0);
	snprintf(want, sizeof(want), "[%s+0x%llx]", hidden.path, (unsigned long long)hidden.at.offset);
	assert_string_equal(symbols_unknown(&hidden.at, r.status, buf, sizeof(buf)), want);
	symbols_close(s);
	/* the same file with its name for it, asked by build-id though stripped */
	s = open_with(NULL);
	snprintf(hidden.path, sizeof(hidden.path), "%s", elf_make_path(&make, "lib.so"));
	r = ask(s, &hidden);
	assert_string_equal(r.frame[r.n - 1].function, "hidden");
	symbols_close(s);
}

static void debuglink_case(const char *build_id, const char *where)
{
	struct symbols *s = open_with(NULL);
	struct elf_at at;
	struct sym_result r;
	uint64_t here;

	elf_make_sh(&make, "rm -rf dl && mkdir -p dl/.debug && $CC -O2 -g -Wl,--build-id=%s main.c -o dl/prog", build_id);
	here = elf_make_nm(&make, "dl/prog", "here");
	elf_make_sh(&make, "cd dl && objcopy --only-keep-debug prog prog.dbg && strip prog && "
		    "objcopy --add-gnu-debuglink=prog.dbg prog && if [ %s != . ]; then mv prog.dbg %s/; fi", where, where);
	elf_make_at(&make, "dl/prog", here, &at);
	check_inlined(s, &at, true);
	symbols_close(s);
	/* a debug file that was written since is not this one's */
	s = open_with(NULL);
	elf_make_sh(&make, "printf x >>dl/%s/prog.dbg", where);
	elf_make_at(&make, "dl/prog", here, &at);
	r = ask(s, &at);
	assert_int_equal(r.status, SYM_NONE);
	symbols_close(s);
}

static void test_debuglink(void **state)
{
	(void)state;
	debuglink_case("sha1", ".");
	debuglink_case("sha1", ".debug");
	debuglink_case("none", ".debug");
}

/* By build-id, while the program is there, and after it was replaced and deleted. */
static void test_debug_dir(void **state)
{
	struct symbols *s;
	struct elf_at at;
	struct sym_result r;
	char dirs[600], hex[2 * ELF_ID_MAX + 1];
	size_t i;

	(void)state;
	elf_make_sh(&make, "$CC -O2 -g -Wl,--build-id main.c -o dbg && objcopy --only-keep-debug dbg dbg.debug");
	elf_make_at(&make, "dbg", elf_make_nm(&make, "dbg", "here"), &at);
	elf_make_sh(&make, "strip dbg");
	for (i = 0; i < at.at.build_id_len; i++)
		sprintf(hex + 2 * i, "%02x", at.id[i]);
	elf_make_sh(&make, "mkdir -p d/.build-id/%.2s && mv dbg.debug d/.build-id/%.2s/%s.debug", hex, hex, hex + 2);
	snprintf(dirs, sizeof(dirs), "/nonexistent:%s", elf_make_path(&make, "d"));
	s = open_with(dirs);
	check_inlined(s, &at, true);
	symbols_close(s);
	elf_make_sh(&make, "$CC -O0 main.c -Wl,--build-id -o dbg");
	s = open_with(dirs);
	check_inlined(s, &at, true);
	symbols_close(s);
	elf_make_sh(&make, "rm dbg");
	s = open_with(dirs);
	check_inlined(s, &at, true);
	/* the debug file alone does not say what lies where in the file */
	at.at.has_vaddr = false;
	symbols_close(s);
	s = open_with(dirs);
	assert_int_equal(ask(s, &at).status, SYM_NO_FILE);
	symbols_close(s);
	/* a file of another program under this one's build-id is not believed */
	at.at.has_vaddr = true;
	elf_make_sh(&make, "$CC -g main.c -Wl,--build-id -o d/.build-id/%.2s/%s.debug", hex, hex + 2);
	s = open_with(dirs);
	r = ask(s, &at);
	assert_int_equal(r.status, SYM_NO_FILE);
	assert_int_equal(r.n, 0);
	symbols_close(s);
}

static void test_replaced(void **state)
{
	struct symbols *s;
	struct elf_at at;
	struct sym_result r;
	char buf[320];

	(void)state;
	elf_make_sh(&make, "$CC -O2 -g -Wl,--build-id main.c -o prog");
	elf_make_at(&make, "prog", elf_make_nm(&make, "prog", "here"), &at);
	elf_make_sh(&make, "$CC -O0 -g -Wl,--build-id main.c -o prog");
	s = open_with(NULL);
	r = ask(s, &at);
	assert_int_equal(r.status, SYM_REPLACED);
	assert_int_equal(r.n, 0);
	assert_non_null(strstr(symbols_unknown(&at.at, r.status, buf, sizeof(buf)), ": replaced since]"));
	symbols_close(s);
	/* by something that is no program, or has no build-id */
	elf_make_sh(&make, "echo no program >prog");
	s = open_with(NULL);
	assert_int_equal(ask(s, &at).status, SYM_REPLACED);
	symbols_close(s);
	elf_make_sh(&make, "$CC -O2 -g -Wl,--build-id=none main.c -o prog");
	s = open_with(NULL);
	assert_int_equal(ask(s, &at).status, SYM_REPLACED);
	symbols_close(s);
	elf_make_sh(&make, "rm prog");
	s = open_with(NULL);
	r = ask(s, &at);
	assert_int_equal(r.status, SYM_NO_FILE);
	assert_non_null(strstr(symbols_unknown(&at.at, r.status, buf, sizeof(buf)), ": not there]"));
	/* the same file by another name: build-ids are what counts */
	elf_make_sh(&make, "$CC -O2 -g -Wl,--build-id main.c -o again");
	snprintf(at.path, sizeof(at.path), "%s", elf_make_path(&make, "again"));
	check_inlined(s, &at, true);
	symbols_close(s);
	/* a pipe of that name is not waited for */
	elf_make_sh(&make, "mkfifo prog");
	snprintf(at.path, sizeof(at.path), "%s", elf_make_path(&make, "prog"));
	s = open_with(NULL);
	assert_int_not_equal(ask(s, &at).status, SYM_FOUND);
	symbols_close(s);
}

static void test_no_build_id(void **state)
{
	struct symbols *s = open_with(NULL);
	struct elf_at at;

	(void)state;
	elf_make_sh(&make, "$CC -O2 -g -Wl,--build-id=none main.c -o bare");
	elf_make_at(&make, "bare", elf_make_nm(&make, "bare", "here"), &at);
	assert_int_equal(at.at.build_id_len, 0);
	check_inlined(s, &at, true);
	symbols_close(s);
	s = open_with(NULL);
	at.at.mtime++;
	assert_int_equal(ask(s, &at).status, SYM_REPLACED);
	symbols_close(s);
	s = open_with(NULL);
	at.at.mtime = 0;
	assert_int_equal(ask(s, &at).status, SYM_UNVERIFIED);
	symbols_close(s);
}

static void check_plt(const char *file)
{
	struct symbols *s = open_with(NULL);
	char *out = elf_make_out(&make, "objdump -d --no-show-raw-insn %s | sed -n 's/^\\([0-9a-f]*\\) <\\(.*@plt\\)>:$/\\1 \\2/p'", file);
	char name[128], seen[1024] = "";
	const char *p = out;
	unsigned long long vaddr;
	int n = 0, used;

	for (; sscanf(p, "%llx %127s\n%n", &vaddr, name, &used) == 2; p += used, n++) {
		struct elf_at at;
		struct sym_result r;

		elf_make_at(&make, file, vaddr, &at);
		r = ask(s, &at);
		assert_int_equal(r.status, SYM_FOUND);
		assert_true(r.plt);
		assert_string_equal(r.frame[0].function, name);
		snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s ", name);
	}
	assert_non_null(strstr(seen, "puts@plt"));
	assert_true(n >= 3);
	free(out);
	symbols_close(s);
}

static void test_plt(void **state)
{
	(void)state;
	if (!elf_make_has("objdump")) {
		puts("skipped: no objdump");
		skip();
	}
	elf_make_sh(&make, "$CC -O1 -fcf-protection=none main.c -o plt1 2>/dev/null || $CC -O1 main.c -o plt1");
	check_plt("plt1");
	elf_make_sh(&make, "$CC -O1 -fcf-protection=full -Wl,-z,ibtplt main.c -o plt2 2>/dev/null || $CC -O1 main.c -o plt2");
	check_plt("plt2");
	elf_make_sh(&make, "$CC -O1 -no-pie -fno-pie -Wl,-z,lazy main.c -o plt3 && strip plt3");
	check_plt("plt3");
}

static void test_mangled(void **state)
{
	static const struct { const char *symbol, *plain; } want[] = {
		{ "_ZN4work5cache3getIiEEiT_", "work::cache::get<int>" }, { "_RNvC6_123foo3bar", "123foo::bar" },
	};
	struct symbols *s = open_with(NULL);
	struct elf_at at;
	size_t i;

	(void)state;
	elf_make_sh(&make, "$CC -O2 -Wl,--build-id main.c -o mangled");
	for (i = 0; i < 2; i++) {
		struct sym_result r;

		elf_make_at(&make, "mangled", elf_make_nm(&make, "mangled", want[i].symbol), &at);
		r = ask(s, &at);
		assert_string_equal(r.frame[0].function, demangle_works() ? want[i].plain : want[i].symbol);
	}
	symbols_close(s);
	assert_null(demangle("main"));
	assert_null(demangle("_Zero"));
	assert_null(demangle(""));
	if (!demangle_works()) {
		puts("skipped: built without libiberty");
		skip();
	}
}

static void test_vdso(void **state)
{
	uint64_t base = getauxval(AT_SYSINFO_EHDR), address;
	struct symbols *s = open_with(NULL);
	struct elf_file f;
	struct sym_at at = { .path = "[vdso]" };
	struct sym_result r;
	uint8_t id[ELF_ID_MAX];
	void *lib = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD), *sym;

	(void)state;
	sym = lib ? dlsym(lib, "__vdso_clock_gettime") : NULL;
	if (!base || !sym) {
		puts("skipped: no vdso");
		symbols_close(s);
		skip();
	}
	address = (uint64_t)(uintptr_t)sym;
	assert_int_equal(elf_file__image((void *)(uintptr_t)base, ((ElfW(Ehdr) *)(uintptr_t)base)->e_shoff +
					 64 * (size_t)((ElfW(Ehdr) *)(uintptr_t)base)->e_shnum, &f), 0);
	assert_true(f.id_len > 0);
	memcpy(id, f.id, f.id_len);
	at.build_id = id;
	at.build_id_len = f.id_len;
	elf_file__close(&f);
	at.offset = address - base + 1;
	assert_int_equal(symbols_resolve(s, &at, &r), 0);
	assert_int_equal(r.status, SYM_FOUND);
	assert_non_null(strstr(r.frame[0].function, "clock_gettime"));
	assert_int_equal(r.base, address - base);
	/* another kernel's */
	id[0] ^= 1;
	assert_int_equal(symbols_resolve(s, &at, &r), 0);
	assert_int_equal(r.status, SYM_NO_FILE);
	dlclose(lib);
	symbols_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inlined),
		cmocka_unit_test(test_addr2line),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_debuglink),
		cmocka_unit_test(test_debug_dir),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_no_build_id),
		cmocka_unit_test(test_plt),
		cmocka_unit_test(test_mangled),
		cmocka_unit_test(test_vdso),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
