// SPDX-License-Identifier: GPL-2.0-only
/* Mappings of processes that the test makes, beside what it knows of them; kernel symbols beside kallsyms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../collector/ksyms.h"
#include "../../collector/maps_int.h"
#include "elf_make.h"
#include "trace_make.h"

struct row { /* of table mapping, the last of its id */
	uint64_t id, epoch, start, end, offset, vaddr, first, seen, last, dev, inode, mtime, uid, flags;
	uint8_t build_id[ELF_ID_MAX];
	uint32_t build_id_len;
	char path[256];
};

static struct {
	struct elf_make make;
	char *path;
	struct mmt_writer *w;
	struct mmt_maps *maps;
	struct row row[512];
	size_t n;
} t;

static int set_up(void **state)
{
	(void)state;
	t.path = trace_tmp();
	assert_int_equal(mmt_writer__open(t.path, NULL, &t.w), 0);
	assert_int_equal(mmt_maps__open(t.w, &(const struct mmt_log){ 0 }, &t.maps), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mmt_maps__close(t.maps);
	mmt_writer__abandon(t.w);
	t.w = NULL;
	trace_drop(t.path);
	if (t.make.dir[0])
		elf_make_end(&t.make);
	memset(&t, 0, sizeof(t));
	return 0;
}

static void take_row(const struct mmt_cell *c)
{
	uint64_t *to = &t.row[0].id;
	struct row r = { 0 };
	size_t i;

	for (to = &r.id, i = 0; i < 14; i++)
		to[i] = c[i].u;
	r.build_id_len = c[14].len;
	assert_true(c[14].len <= sizeof(r.build_id) && c[15].len < sizeof(r.path));
	memcpy(r.build_id, c[14].p, c[14].len);
	memcpy(r.path, c[15].p, c[15].len);
	for (i = 0; i < t.n && t.row[i].id != r.id; i++)
		;
	assert_true(i < 512);
	t.row[i] = r;
	t.n += i == t.n;
}

static void read_rows(void)
{
	struct mmt_reader *r;
	struct mmt_chunk chunk;
	uint32_t i, k;

	assert_int_equal(mmt_writer__seal(t.w), 0);
	assert_int_equal(mmt_reader__open(t.path, NULL, &r), 0);
	t.n = 0;
	while (mmt_reader__next(r, &chunk) > 0)
		for (i = 0; i < chunk.n_tables; i++)
			for (k = 0; chunk.tables[i].type->id == MMT_TB_MAPPING && k < chunk.tables[i].n; k++)
				take_row(chunk.tables[i].cells + (size_t)k * chunk.tables[i].type->n_fields);
	mmt_reader__close(r);
}

static const struct row *row_of(uint64_t id)
{
	size_t i;

	for (i = 0; i < t.n; i++)
		if (t.row[i].id == id)
			return &t.row[i];
	fail_msg("mapping %llu has no row", (unsigned long long)id);
	return NULL;
}

static void pass(uint64_t now)
{
	assert_int_equal(mmt_maps__pass(t.maps, now, 1000000000), 0);
}

/* What the row and an address in it are called, with the files as they are now. */
static const char *named(const struct row *r, uint64_t offset, enum sym_status *status)
{
	const struct sym_at at = {
		.build_id = r->build_id, .build_id_len = r->build_id_len, .path = r->path, .offset = offset, .mapping = r->id,
		.has_vaddr = r->flags & MMT_MAP_HAS_VADDR, .vaddr = offset - r->offset + r->vaddr, .inode = r->inode,
		.mtime = r->mtime,
	};
	static char name[128];
	struct sym_result res;
	struct symbols *s;

	assert_int_equal(symbols_open(NULL, &s), 0);
	assert_int_equal(symbols_resolve(s, &at, &res), 0);
	*status = res.status;
	snprintf(name, sizeof(name), "%s", res.n ? res.frame[res.n - 1].function : "");
	symbols_close(s);
	return name;
}

static void test_lines(void **state)
{
	char a[] = "7f78f5a2b000-7f78f5b81000 r-xp 00026000 fe:10 332835                     /usr/lib/a\\012b (deleted)";
	char b[] = "7f78f5bfc000-7f78f5bfe000 r-xp 00000000 00:00 0                          [vdso]";
	char c[] = "7f78f5bf4000-7f78f5bf6000 rwxp 00000000 00:00 0 ";
	char d[] = "7f78f5bf4000-7f78f5bf6000 rw-p 00000000 00:01 1024                       /memfd:code with spaces (deleted)";
	char bad[][64] = { "", "nonsense", "7f-80", "80-7f r-xp 0 0:0 0 ", "10-20 r-xp zz 0:0 0 ", "10-20 r-xp 0 0 0 " };
	struct map_line l;
	size_t i;

	(void)state;
	assert_true(mmt_maps__line(a, &l));
	assert_int_equal(l.start, 0x7f78f5a2b000);
	assert_int_equal(l.end, 0x7f78f5b81000);
	assert_int_equal(l.offset, 0x26000);
	assert_int_equal(l.dev, 0xfe << 20 | 0x10);
	assert_int_equal(l.inode, 332835);
	assert_true(l.exec);
	assert_int_equal(l.flags, MMT_MAP_DELETED);
	assert_string_equal(l.path, "/usr/lib/a\nb");
	assert_true(mmt_maps__line(b, &l));
	assert_int_equal(l.flags, MMT_MAP_VDSO);
	assert_true(mmt_maps__line(c, &l));
	assert_int_equal(l.flags, MMT_MAP_ANON);
	assert_string_equal(l.path, "");
	assert_true(mmt_maps__line(d, &l));
	assert_false(l.exec);
	assert_string_equal(l.path, "/memfd:code with spaces");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(mmt_maps__line(bad[i], &l));
}

/* A library comes, is found by an address in it, goes; and its file is deleted while it is mapped. */
static void test_library(void **state)
{
	enum sym_status status;
	const struct row *r;
	uint64_t id, offset;
	struct elf_file f;
	void *lib, *sym;

	(void)state;
	elf_make_begin(&t.make);
	elf_make_sh(&t.make, "$CC -O2 -shared -fPIC -Wl,--build-id lib.c -o lib.so");
	assert_int_equal(elf_file__open(elf_make_path(&t.make, "lib.so"), &f), 0);
	lib = dlopen(elf_make_path(&t.make, "lib.so"), RTLD_NOW);
	assert_non_null(lib);
	sym = dlsym(lib, "exported");
	assert_int_equal(mmt_maps__want(t.maps, 7, (uint32_t)getpid(), 0), 0);
	assert_int_equal(mmt_maps__find(t.maps, 7, 1000, (uint64_t)(uintptr_t)sym, &offset), 0);
	assert_int_equal(offset, (uint64_t)(uintptr_t)sym);
	pass(1000);
	id = mmt_maps__find(t.maps, 7, 1000, (uint64_t)(uintptr_t)sym, &offset);
	assert_true(id > 0);
	assert_int_equal(mmt_maps__find(t.maps, 8, 1000, (uint64_t)(uintptr_t)sym, &offset), 0);
	assert_int_equal(mmt_maps__find(t.maps, 7, 1000, (uint64_t)(uintptr_t)sym, &offset), id);
	read_rows();
	r = row_of(id);
	assert_int_equal(r->epoch, 7);
	assert_int_equal(r->first, 1000);
	assert_int_equal(r->last, 0);
	assert_int_equal(r->uid, getuid());
	assert_int_equal(r->flags, MMT_MAP_HAS_VADDR);
	assert_string_equal(r->path, elf_make_path(&t.make, "lib.so"));
	assert_int_equal(r->build_id_len, f.id_len);
	assert_memory_equal(r->build_id, f.id, f.id_len);
	assert_string_equal(named(r, offset, &status), "exported");
	assert_int_equal(status, SYM_FOUND);
	elf_file__close(&f);

	/* unmapped and mapped again, with no name: a new mapping, the old one ended */
	dlclose(lib);
	lib = dlopen(elf_make_path(&t.make, "lib.so"), RTLD_NOW);
	dlclose(lib);
	assert_int_equal(mmt_maps__want_all(t.maps), 0);
	pass(2000);
	read_rows();
	assert_int_equal(row_of(id)->last, 2000);
	assert_int_equal(row_of(id)->seen, 1000); /* when it went between is not known */
	lib = dlopen(elf_make_path(&t.make, "lib.so"), RTLD_NOW);
	elf_make_sh(&t.make, "rm lib.so");
	assert_int_equal(mmt_maps__want_all(t.maps), 0);
	pass(3000);
	id = mmt_maps__find(t.maps, 7, 3000, (uint64_t)(uintptr_t)dlsym(lib, "exported"), &offset);
	read_rows();
	r = row_of(id);
	assert_true(r->flags & MMT_MAP_DELETED);
	if (geteuid() == 0 && !(r->flags & MMT_MAP_UNREAD))
		assert_int_equal(r->build_id_len, f.id_len ? f.id_len : 20);
	assert_string_equal(named(r, offset, &status), "");
	assert_int_equal(status, SYM_NO_FILE);
	dlclose(lib);
	/* what was known ends with the process */
	assert_int_equal(mmt_maps__exit(t.maps, 7, 4000), 0);
	assert_int_equal(mmt_maps__find(t.maps, 7, 4000, (uint64_t)(uintptr_t)&test_library, &offset), 0);
	read_rows();
	assert_int_equal(row_of(id)->last, 4000);
}

static void test_memfd(void **state)
{
	char path[64];
	struct bytes b;
	uint64_t offset;
	const struct row *r;
	void *lib;
	int fd;

	(void)state;
	elf_make_begin(&t.make);
	elf_make_sh(&t.make, "$CC -O2 -shared -fPIC -Wl,--build-id lib.c -o lib.so");
	b = trace_slurp(elf_make_path(&t.make, "lib.so"));
	fd = memfd_create("code", MFD_CLOEXEC);
	assert_int_equal(write(fd, b.p, b.len), (ssize_t)b.len);
	free(b.p);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	lib = dlopen(path, RTLD_NOW);
	assert_non_null(lib);
	assert_int_equal(mmt_maps__want(t.maps, 1, (uint32_t)getpid(), 0), 0);
	pass(1);
	read_rows();
	r = row_of(mmt_maps__find(t.maps, 1, 1, (uint64_t)(uintptr_t)dlsym(lib, "exported"), &offset));
	assert_string_equal(r->path, "/memfd:code");
	assert_true(r->flags & MMT_MAP_DELETED);
	assert_true(r->flags & MMT_MAP_UNREAD || r->build_id_len == 20);
	dlclose(lib);
	close(fd);
}

static void test_vdso_and_anonymous(void **state)
{
	uint64_t base = getauxval(AT_SYSINFO_EHDR), offset, id;
	void *code = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *lib = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD), *sym = lib ? dlsym(lib, "__vdso_clock_gettime") : NULL;
	enum sym_status status;
	const struct row *r;

	(void)state;
	assert_int_equal(mmt_maps__want(t.maps, 3, (uint32_t)getpid(), 0), 0);
	pass(1);
	read_rows();
	id = mmt_maps__find(t.maps, 3, 1, (uint64_t)(uintptr_t)code + 17, &offset);
	assert_int_equal(offset, (uint64_t)(uintptr_t)code + 17);
	r = row_of(id);
	assert_int_equal(r->flags, MMT_MAP_ANON);
	assert_int_equal(r->build_id_len, 0);
	munmap(code, 8192);
	if (!base || !sym) {
		puts("skipped: no vdso");
		skip();
	}
	r = row_of(mmt_maps__find(t.maps, 3, 1, (uint64_t)(uintptr_t)sym, &offset));
	assert_int_equal(offset, (uint64_t)(uintptr_t)sym - base);
	assert_string_equal(r->path, "[vdso]");
	assert_int_equal(r->flags, MMT_MAP_VDSO | MMT_MAP_HAS_VADDR);
	assert_true(r->build_id_len > 0);
	assert_non_null(strstr(named(r, offset, &status), "clock_gettime"));
	dlclose(lib);
}

/* Start time of a process as tasks have it, to a tick. */
static uint64_t start_of(pid_t pid)
{
	char path[64], buf[1024], *s;
	FILE *f;
	size_t n;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = 0;
	for (s = strrchr(buf, ')'), i = 2; i < 22; i++)
		s = strchr(s, ' ') + 1;
	return strtoull(s, NULL, 10) * (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void test_processes(void **state)
{
	struct mmt_maps_stats st;
	uint64_t files, start;
	pid_t child[3];
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		child[i] = fork();
		if (!child[i]) {
			pause();
			_exit(0);
		}
	}
	start = start_of(child[0]);
	for (i = 0; i < 3; i++)
		assert_int_equal(mmt_maps__want(t.maps, (uint64_t)i + 1, (uint32_t)child[i], i ? 0 : start), 0);
	/* no time: one at a time */
	assert_int_equal(mmt_maps__pass(t.maps, 1, 0), 2);
	mmt_maps__stats(t.maps, &st);
	assert_int_equal(st.processes, 1);
	files = st.files;
	assert_true(files > 2);
	assert_int_equal(mmt_maps__want(t.maps, 2, (uint32_t)child[1], 0), 0); /* is wanted already */
	assert_int_equal(mmt_maps__pass(t.maps, 1, 0), 1);
	pass(1);
	mmt_maps__stats(t.maps, &st);
	assert_int_equal(st.processes, 3);
	assert_int_equal(st.files, files); /* each file was read once */
	/* a process of that number, but another */
	assert_int_equal(mmt_maps__want(t.maps, 4, (uint32_t)child[0], start + 3000000000ull), 0);
	pass(2);
	mmt_maps__stats(t.maps, &st);
	assert_int_equal(st.gone, 1);
	for (i = 0; i < 3; i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], NULL, 0);
	}
	assert_int_equal(mmt_maps__want(t.maps, 5, (uint32_t)child[1], 0), 0);
	assert_int_equal(mmt_maps__want(t.maps, 6, (uint32_t)child[2], 0), 0);
	assert_int_equal(mmt_maps__exit(t.maps, 6, 3), 0); /* ended while it waited */
	pass(3);
	mmt_maps__stats(t.maps, &st);
	assert_int_equal(st.gone, 3);
}

/* What a process loads later is found by later looks: soon, then seldom; sooner again when there was something. */
static void test_later(void **state)
{
	uint64_t offset, now = 1000000000;
	struct mmt_maps_stats st;
	void *lib;
	int i;

	(void)state;
	elf_make_begin(&t.make);
	elf_make_sh(&t.make, "$CC -O2 -shared -fPIC -Wl,--build-id lib.c -o lib.so");
	assert_int_equal(mmt_maps__want(t.maps, 1, (uint32_t)getpid(), 0), 0);
	pass(now);
	lib = dlopen(elf_make_path(&t.make, "lib.so"), RTLD_NOW);
	assert_int_equal(mmt_maps__want_due(t.maps, now + 49999999), 0);
	pass(now + 49999999);
	assert_int_equal(mmt_maps__find(t.maps, 1, now, (uint64_t)(uintptr_t)dlsym(lib, "exported"), &offset), 0);
	now += 50000000;
	assert_int_equal(mmt_maps__want_due(t.maps, now), 0);
	pass(now);
	assert_true(mmt_maps__find(t.maps, 1, now, (uint64_t)(uintptr_t)dlsym(lib, "exported"), &offset) > 0);
	for (i = 0; i < 200; i++) { /* ten seconds */
		now += 50000000;
		assert_int_equal(mmt_maps__want_due(t.maps, now), 0);
		pass(now);
	}
	mmt_maps__stats(t.maps, &st);
	assert_in_range(st.processes, 8, 12);
	dlclose(lib);
}

static void test_exec(void **state)
{
	uint64_t offset, old, at = (uint64_t)(uintptr_t)&test_exec;
	pid_t child = fork();

	(void)state;
	if (!child) {
		pause();
		_exit(0);
	}
	assert_int_equal(mmt_maps__want(t.maps, 1, (uint32_t)child, 0), 0);
	pass(1);
	old = mmt_maps__find(t.maps, 1, 1, at, &offset);
	assert_true(old > 0);
	assert_int_equal(mmt_maps__exec(t.maps, 1, 5), 0);
	assert_int_equal(mmt_maps__find(t.maps, 1, 5, at, &offset), 0);
	assert_int_equal(mmt_maps__find(t.maps, 1, 4, at, &offset), old);
	pass(6);
	assert_true(mmt_maps__find(t.maps, 1, 6, at, &offset) > old);
	/* between the exec and the first look it was there already; what was before it was the other program */
	assert_true(mmt_maps__find(t.maps, 1, 5, at, &offset) > old);
	assert_int_equal(mmt_maps__find(t.maps, 1, 4, at, &offset), old);
	read_rows();
	assert_int_equal(row_of(old)->last, 5);
	assert_int_equal(row_of(old)->seen, 5);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* What is over can be found for a while, by the time of what is asked for; and no longer. */
static void test_past(void **state)
{
	uint64_t offset, id[2], at, end, second = 1000000000, now = 5 * second;
	void *lib;

	(void)state;
	elf_make_begin(&t.make);
	elf_make_sh(&t.make, "$CC -O2 -shared -fPIC -Wl,--build-id lib.c -o lib.so");
	elf_make_sh(&t.make, "$CC -O1 -shared -fPIC -Wl,--build-id lib.c -o other.so");
	lib = dlopen(elf_make_path(&t.make, "lib.so"), RTLD_NOW);
	assert_int_equal(mmt_maps__want(t.maps, 1, (uint32_t)getpid(), 0), 0);
	pass(now);
	at = (uint64_t)(uintptr_t)dlsym(lib, "exported");
	id[0] = mmt_maps__find(t.maps, 1, now, at, &offset);
	assert_true(id[0] > 0);
	/* before the first look it may have been there as well: nothing else is known */
	assert_int_equal(mmt_maps__find(t.maps, 1, now - second, at, &offset), id[0]);
	dlclose(lib);
	now += second;
	assert_int_equal(mmt_maps__want_all(t.maps), 0);
	pass(now);
	assert_int_equal(mmt_maps__find(t.maps, 1, now, at, &offset), 0);
	assert_int_equal(mmt_maps__find(t.maps, 1, now - second, at, &offset), id[0]);
	assert_int_equal(mmt_maps__find(t.maps, 1, now - second / 2, at, &offset), id[0]); /* went between */
	/* another at its place, most likely */
	lib = dlopen(elf_make_path(&t.make, "other.so"), RTLD_NOW);
	now += second;
	assert_int_equal(mmt_maps__want_all(t.maps), 0);
	pass(now);
	end = (uint64_t)(uintptr_t)dlsym(lib, "exported");
	id[1] = mmt_maps__find(t.maps, 1, now, end, &offset);
	assert_true(id[1] > id[0]);
	if (at == end) {
		assert_int_equal(mmt_maps__find(t.maps, 1, now - 2 * second, at, &offset), id[0]);
		assert_int_equal(mmt_maps__find(t.maps, 1, now - second, at, &offset), 0); /* neither, surely */
		assert_int_equal(mmt_maps__find(t.maps, 1, now - second / 2, at, &offset), id[1]);
	}
	/* the process ends: all of it stays for three seconds */
	now += second;
	assert_int_equal(mmt_maps__exit(t.maps, 1, now), 0);
	assert_int_equal(mmt_maps__find(t.maps, 1, now - 1, end, &offset), id[1]);
	assert_int_equal(mmt_maps__find(t.maps, 1, now, end, &offset), 0);
	pass(now + 3 * second);
	assert_int_equal(mmt_maps__find(t.maps, 1, now - 1, end, &offset), id[1]);
	pass(now + 3 * second + 1);
	assert_int_equal(mmt_maps__find(t.maps, 1, now - 1, end, &offset), 0);
	dlclose(lib);
	assert_int_equal(mmt_maps__exit(t.maps, 1, now), 0); /* nobody knows it any more */
}

/* Bounded in number: the oldest go first. */
static void test_past_bounded(void **state)
{
	uint64_t offset, i, first = 0, at = (uint64_t)(uintptr_t)&test_past_bounded;
	struct mmt_maps_stats st;

	(void)state;
	for (i = 1; i <= 40; i++) {
		assert_int_equal(mmt_maps__want(t.maps, i, (uint32_t)getpid(), 0), 0);
		pass(i);
		assert_true(mmt_maps__find(t.maps, i, i, at, &offset) > first);
		assert_int_equal(mmt_maps__exit(t.maps, i, i + 1), 0);
	}
	mmt_maps__stats(t.maps, &st);
	assert_true(st.past > 40 && st.past <= MMT_MAPS_PAST);
	mmt_maps__limit_past(t.maps, st.past / 4); /* ten processes' */
	for (i = 1; i <= 40; i++)
		assert_int_equal(mmt_maps__find(t.maps, i, i, at, &offset) > 0, i > 30);
}

/* -------------------------------------------------------------- kernel symbols */

static struct { uint64_t address, size; char name[64], module[32]; } ksym[64];

static size_t read_ksyms(void)
{
	struct mmt_reader *r;
	struct mmt_chunk chunk;
	uint32_t i, k;
	size_t n = 0;

	assert_int_equal(mmt_writer__seal(t.w), 0);
	assert_int_equal(mmt_reader__open(t.path, NULL, &r), 0);
	while (mmt_reader__next(r, &chunk) > 0)
		for (i = 0; i < chunk.n_tables; i++)
			for (k = 0; chunk.tables[i].type->id == MMT_TB_KSYM && k < chunk.tables[i].n && n < 64; k++, n++) {
				const struct mmt_cell *c = chunk.tables[i].cells + (size_t)k * 4;

				ksym[n].address = c[0].u;
				ksym[n].size = c[1].u;
				snprintf(ksym[n].name, sizeof(ksym[n].name), "%.*s", (int)c[2].len, (const char *)c[2].p);
				snprintf(ksym[n].module, sizeof(ksym[n].module), "%.*s", (int)c[3].len, (const char *)c[3].p);
			}
	mmt_reader__close(r);
	return n;
}

static void test_ksyms(void **state)
{
	static const char text[] =
		"ffffffff81000000 T _stext\n"
		"ffffffff81000000 T startup\n"
		"ffffffff81000100 t helper\n"
		"ffffffff81000180 d data_in_between\n"
		"ffffffff81000200 t __alias\n"
		"ffffffff81000200 T public_one\n"
		"ffffffff81000300 T last\n"
		"ffffffff81000400 T _etext\n"
		"ffffffffc0001000 t mod_init\t[two]\n"
		"ffffffffc0001040 t mod_last\t[two]\n"
		"ffffffffc0003000 t other_mod\t[three]\n"
		"ffffffffa0000000 t early_mod\t[one]\n"; /* modules are in no order */
	uint64_t ask[] = {
		0xffffffffc0001050, 0xffffffff81000104, 0xffffffff810001ff, 0xffffffff81000200, 0xffffffff810003ff,
		0xffffffff81000400, 0xffffffffc0002800, 0xffffffffa0000010, 0x1000, 0xffffffff81000104, 0xffffffff81000001,
	};
	static const struct { uint64_t address, size; const char *name, *module; } want[] = {
		{ 0xffffffff81000000, 0x100, "startup", "" },
		{ 0xffffffff81000100, 0x100, "helper", "" },
		{ 0xffffffff81000200, 0x100, "public_one", "" },
		{ 0xffffffff81000300, 0x100, "last", "" },
		{ 0xffffffffa0000000, 0x1000, "early_mod", "one" },
		{ 0xffffffffc0001040, 0xfc0, "mod_last", "two" },
	};
	size_t i, n = sizeof(want) / sizeof(want[0]);
	char *path = trace_tmp();

	(void)state;
	trace_spill(path, text, sizeof(text) - 1);
	assert_int_equal(mmt_ksyms__write(t.w, ask, sizeof(ask) / sizeof(ask[0]), path, &(const struct mmt_log){ 0 }), (int)n);
	assert_int_equal(read_ksyms(), n);
	for (i = 0; i < n; i++) {
		assert_string_equal(ksym[i].name, want[i].name);
		assert_int_equal(ksym[i].address, want[i].address);
		assert_int_equal(ksym[i].size, want[i].size);
		assert_string_equal(ksym[i].module, want[i].module);
	}
	trace_drop(path);
}

static void log_line(void *ctx, enum mmt_log_level level, const char *msg)
{
	(void)level;
	snprintf(ctx, 256, "%s", msg);
}

static void test_ksyms_hidden(void **state)
{
	static const char text[] = "0000000000000000 T startup\n0000000000000000 t helper\t[mod]\n";
	uint64_t ask[] = { 0xffffffff81000004 };
	char *path = trace_tmp(), said[256] = "";
	const struct mmt_log log = { .fn = log_line, .ctx = said };

	(void)state;
	trace_spill(path, text, sizeof(text) - 1);
	assert_int_equal(mmt_ksyms__write(t.w, ask, 1, path, &log), -EPERM);
	assert_non_null(strstr(said, "kernel functions stay unnamed"));
	assert_null(strchr(said, '\n'));
	trace_drop(path);
	assert_int_equal(mmt_ksyms__write(t.w, ask, 1, "/nonexistent", &log), -ENOENT);
	assert_int_equal(mmt_ksyms__write(t.w, ask, 0, "/nonexistent", &log), 0);
}

/* Functions of the running kernel that everybody's has. */
static void test_ksyms_live(void **state)
{
	char line[512], name[256], type;
	unsigned long long v;
	uint64_t ask[2] = { 0 };
	FILE *f = fopen("/proc/kallsyms", "re");
	int n;

	(void)state;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %c %255s", &v, &type, name) == 3)
			ask[!strcmp(name, "vfs_read") ? 0 : 1] = !strcmp(name, "vfs_read") || !strcmp(name, "schedule") ? v + 4 :
				ask[!strcmp(name, "vfs_read") ? 0 : 1];
	if (f)
		fclose(f);
	if (!ask[0] || !ask[1]) {
		puts("skipped: kallsyms hides its addresses");
		skip();
	}
	n = mmt_ksyms__write(t.w, ask, 2, NULL, &(const struct mmt_log){ 0 });
	assert_int_equal(n, 2);
	assert_int_equal(read_ksyms(), 2);
	for (n = 0; n < 2; n++) {
		assert_true(!strcmp(ksym[n].name, "vfs_read") || !strcmp(ksym[n].name, "schedule"));
		assert_int_equal(ksym[n].address, ask[n] - 4);
		assert_true(ksym[n].size > 16 && ksym[n].size < 4096);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_library, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_memfd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vdso_and_anonymous, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_processes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_exec, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_past, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_past_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ksyms, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ksyms_hidden, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ksyms_live, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
