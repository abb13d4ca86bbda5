// SPDX-License-Identifier: GPL-2.0-only
/* Placement of memory: what the kernel's text says, and whether estimates keep their word. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../collector/numa_maps.h"
#include "../../collector/place.h"
#include "trace_make.h"

#define MIB 256ull     /* pages */
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)
#define BASE 0x100000000ull

static struct mmt_placement read_text(const char *text, int (*fn)(const char *, struct mmt_placement *), int want)
{
	struct mmt_placement out = { 0 };
	char *path = trace_tmp();

	trace_spill(path, text, strlen(text));
	assert_int_equal(fn(path, &out), want);
	trace_drop(path);
	return out;
}

/* As Linux 6.1 writes it on four nodes; kB are pages times the size at the end of the line. */
static void test_numa_maps(void **state)
{
	static const char text[] =
		"00400000 default file=/payload/numa\\040lab mapped=6 mapmax=2 N0=2 N3=4 kernelpagesize_kB=4\n"
		"00620000 default heap anon=3 dirty=3 active=0 N1=3 kernelpagesize_kB=4\n"
		"7f0000000000 interleave:2-3 anon=16384 dirty=16384 active=0 N2=8192 N3=8192 kernelpagesize_kB=4\n"
		"7f1000000000 bind:2 file=/memfd:ram\\040(deleted) dirty=512 N2=512 kernelpagesize_kB=4\n"
		"7f2000000000 prefer (many):0-1 file=/anon_hugepage\\040(deleted) huge anon=3 dirty=3 N0=1 N1=2 kernelpagesize_kB=2048\n"
		"7f3000000000 default file=/dev/hugepages/guest\\040ram huge dirty=1 N3=1 kernelpagesize_kB=1048576\n"
		"7f4000000000 default file=/SYSV00000000\\040(deleted) dirty=2 N0=2 kernelpagesize_kB=4\n"
		"7f5000000000 default\n"
		"7ffc00000000 default stack anon=1 dirty=1 N0=1 kernelpagesize_kB=4\n";
	struct mmt_placement p;

	(void)state;
	p = read_text(text, mmt_numa_maps__read, 0);
	assert_int_equal(p.mappings, 9);
	assert_int_equal(p.n_nodes, 4);
	assert_int_equal(p.at[MMT_PLACE_FILE][0].kb, 8);
	assert_int_equal(p.at[MMT_PLACE_FILE][3].kb, 16);
	assert_int_equal(p.at[MMT_PLACE_ANON][0].kb, 4);
	assert_int_equal(p.at[MMT_PLACE_ANON][1].kb, 12);
	assert_int_equal(p.at[MMT_PLACE_ANON][2].kb, 32768);
	assert_int_equal(p.at[MMT_PLACE_ANON][3].kb, 32768);
	assert_int_equal(p.at[MMT_PLACE_SHARED][2].kb, 2048);
	assert_int_equal(p.at[MMT_PLACE_SHARED][0].kb, 8);
	assert_int_equal(p.at[MMT_PLACE_HUGE][0].kb, 2048);
	assert_int_equal(p.at[MMT_PLACE_HUGE][1].kb, 4096);
	assert_int_equal(p.at[MMT_PLACE_HUGE][3].kb, 1048576);
	assert_int_equal(p.at[MMT_PLACE_ALL][3].kb, 16 + 32768 + 1048576);
	assert_int_equal(p.at[MMT_PLACE_ALL][3].lo, p.at[MMT_PLACE_ALL][3].kb);
	assert_int_equal(p.at[MMT_PLACE_ALL][3].hi, p.at[MMT_PLACE_ALL][3].kb);
	assert_int_equal(p.kb, 8 + 16 + 4 + 12 + 65536 + 2048 + 8 + 6144 + 1048576);
	read_text("", mmt_numa_maps__read, -ESRCH);
	read_text("7f0000000000 default anon=1 N64=1 kernelpagesize_kB=4\n", mmt_numa_maps__read, -ERANGE);
	p = read_text("7f00 default N1=\nxx yy Nx=3 N2x=4 N2=5\n\n\n N=1", mmt_numa_maps__read, 0);
	assert_int_equal(p.kb, 20);
	assert_int_equal(mmt_numa_maps__read("/nonexistent/numa_maps", &p), -ESRCH);
}

/* What kernels of the lab wrote of memory bound by hand (tests/lab/cases/placement.sh), added up by awk. */
static void test_recorded(void **state)
{
	static const struct { const char *file; uint64_t on[4], mappings; enum mmt_place_kind kind; uint64_t of_kind; } all[] = {
		{ "shared-5.10", { 16804, 16904, 16804, 16848 }, 28, MMT_PLACE_SHARED, 16384 },
		{ "spread-6.12", { 40960, 42776, 40960, 41052 }, 28, MMT_PLACE_ANON, 40960 },
		{ "huge-7.2", { 0, 32868, 1648, 12 }, 29, MMT_PLACE_HUGE, 32768 },
	};
	const char *top = getenv("TOP");
	struct mmt_placement p;
	char path[256];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(path, sizeof(path), "%s/tests/data/numa_maps/%s", top ? top : ".", all[i].file);
		memset(&p, 0, sizeof(p));
		assert_int_equal(mmt_numa_maps__read(path, &p), 0);
		assert_int_equal(p.mappings, all[i].mappings);
		for (k = 0; k < 4; k++)
			assert_int_equal(p.at[MMT_PLACE_ALL][k].kb, all[i].on[k]);
		k = all[i].kind == MMT_PLACE_HUGE ? 1 : 0;
		assert_int_equal(p.at[all[i].kind][k].kb, all[i].of_kind);
	}
}

/* Lines longer than what is read at a time, and words longer than what is kept. */
static void test_pieces(void **state)
{
	size_t size = 1 << 20, at = 0, i, lines = 3000;
	char *text = malloc(size), name[400];
	struct mmt_placement p;

	(void)state;
	assert_non_null(text);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = 0;
	for (i = 0; i < lines; i++)
		at += (size_t)snprintf(text + at, size - at, "%zx default file=/%.*s mapped=%zu N%zu=%zu kernelpagesize_kB=4\n", i << 20,
				       (int)(i % 200), name, i, i % 4, i);
	p = read_text(text, mmt_numa_maps__read, 0);
	assert_int_equal(p.mappings, lines);
	assert_int_equal(p.kb, 4 * (lines * (lines - 1) / 2));
	assert_int_equal(p.at[MMT_PLACE_FILE][2].kb, 4 * (2 + 2998) * 750 / 2);
	free(text);
}

static void test_numa_stat(void **state)
{
	static const char text[] =
		"anon N0=1048576 N1=4096\nfile N0=8192 N1=16384\nkernel_stack N0=999424 N1=0\nshmem N0=8192 N1=4096\n"
		"file_mapped N0=4096 N1=0\nanon_thp N0=0 N1=0\n";
	struct mmt_placement p;

	(void)state;
	p = read_text(text, mmt_numa_stat__read, 0);
	assert_int_equal(p.at[MMT_PLACE_ANON][0].kb, 1024);
	assert_int_equal(p.at[MMT_PLACE_FILE][0].kb, 0);
	assert_int_equal(p.at[MMT_PLACE_FILE][1].kb, 12);
	assert_int_equal(p.at[MMT_PLACE_SHARED][0].kb, 8);
	assert_int_equal(p.at[MMT_PLACE_SHARED][1].kb, 4);
	assert_int_equal(p.at[MMT_PLACE_ALL][1].kb, 4 + 16);
	assert_int_equal(p.kb, 1024 + 4 + 24);
	/* of the first hierarchy: pages, another form */
	read_text("total=10 N0=10 N1=0\nhierarchical_total=10 N0=10\n", mmt_numa_stat__read, -ENOENT);
}

static void test_maps(void **state)
{
	static const char text[] =
		"00400000-00401000 r-xp 00000000 08:01 12                      /bin/with blank\n"
		"00500000-00700000 rw-p 00000000 00:00 0 \n"
		"7f0000000000-7f0040000000 ---p 00000000 00:00 0 \n"
		"7f1000000000-7f1000200000 rw-s 00000000 00:01 1026            /memfd:ram (deleted)\n"
		"7f2000000000-7f2000200000 rw-s 00000000 00:1f 7               /mnt/huge/ram\n"
		"7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0               [stack]\n"
		"7ffc00100000-7ffc00102000 r-xp 00000000 00:00 0               [vdso]\n";
	struct mmt_place_maps m = { .huge_dev = { 0x1f }, .n_huge_dev = 1 };
	char *path = trace_tmp();

	(void)state;
	trace_spill(path, text, strlen(text));
	assert_int_equal(mmt_place_maps__read(path, &m), 0);
	assert_int_equal(m.n, 5);
	assert_int_equal(m.v[0].kind, MMT_PLACE_FILE);
	assert_int_equal(m.v[0].pages, 1);
	assert_int_equal(m.v[1].kind, MMT_PLACE_ANON);
	assert_int_equal(m.v[1].start, 0x500000);
	assert_int_equal(m.v[1].pages, 512);
	assert_int_equal(m.v[2].kind, MMT_PLACE_SHARED);
	assert_int_equal(m.v[3].kind, MMT_PLACE_HUGE);
	assert_int_equal(m.v[4].kind, MMT_PLACE_ANON);
	trace_drop(path);
	free(m.v);
}

/* ---------------------------------------------------------------- made-up populations */

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

struct world {
	struct mmt_place_map maps[4096];
	size_t n;
	int (*node)(uint64_t page); /* of the address space from BASE; -1 none */
	uint64_t asked;
};

static int ask(void *ctx, const uint64_t *addr, int *node, size_t n)
{
	struct world *w = ctx;
	size_t i;

	for (i = 0; i < n; i++) {
		assert_true(addr[i] >= BASE && !(addr[i] & 4095));
		node[i] = w->node((addr[i] - BASE) >> 12);
	}
	w->asked += n;
	return 0;
}

static void add(struct world *w, uint64_t at, uint64_t pages, enum mmt_place_kind kind)
{
	w->maps[w->n++] = (struct mmt_place_map){ BASE + (at << 12), pages, kind };
}

struct outcome {
	unsigned int covered, repeats; /* the true share of node 0 was in the interval */
	double mean, width; /* of estimates, and of intervals, as shares */
	double unseen, asked;
};

static struct outcome repeat(struct world *w, unsigned int repeats, uint64_t resident, double truth)
{
	struct outcome r = { .repeats = repeats };
	struct mmt_placement out;
	unsigned int i;

	w->asked = 0;
	for (i = 0; i < repeats; i++) {
		const struct mmt_place_sample_opts o = { .resident_kb = resident * 4, .page_kb = 4, .seed = i * 7919 + 1, .n_nodes = 4 };
		const struct mmt_place_cell *c = &out.at[MMT_PLACE_ALL][0];
		double kb = (double)resident * 4;

		assert_int_equal(mmt_place__sample(w->maps, w->n, &o, ask, w, &out), 0);
		assert_true(c->lo <= c->kb && c->kb <= c->hi);
		r.covered += (double)c->lo - 1 <= truth * kb && truth * kb <= (double)c->hi + 1;
		r.mean += (double)c->kb / kb / repeats;
		r.width += (double)(c->hi - c->lo) / kb / repeats;
		r.unseen += out.unseen / repeats;
	}
	r.asked = (double)w->asked / repeats;
	return r;
}

static void check(const struct outcome *r, double truth, double within, double width, unsigned int asked)
{
	if (r->covered * 100 < r->repeats * 92 || fabs(r->mean - truth) > within || r->width > width || r->asked > asked)
		fail_msg("covered %u of %u, mean %.4f of %.4f, width %.4f, asked %.0f, unseen %.3f", r->covered, r->repeats, r->mean, truth,
			 r->width, r->asked, r->unseen);
}

static int interleaved(uint64_t page)
{
	return (int)(page & 3);
}

static int node_one(uint64_t page)
{
	(void)page;
	return 1;
}

static int tenth(uint64_t page)
{
	return page < GIB / 10 ? 0 : 1;
}

static int huge_pages(uint64_t page)
{
	return mix(page / 512) % 10 < 3 ? 0 : 1;
}

/* A GiB on node 1, and one in a hundred of 64 GiB on node 0. */
static int sparse(uint64_t page)
{
	if (page < GIB)
		return 1;
	return mix(page) % 100 ? -1 : 0;
}

/* A GiB on node 1, and one on node 0 somewhere in 64 TiB. */
static int hidden(uint64_t page)
{
	if (page < GIB)
		return 1;
	return page >= TIB && page < TIB + GIB ? 0 : -1;
}

static int small_maps(uint64_t page)
{
	return page / 16 % 3 ? 1 : 0;
}

static void test_estimates(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct outcome r;
	uint64_t found = 0, page;
	unsigned int i;

	(void)state;
	assert_non_null(w);
	add(w, 0, GIB, MMT_PLACE_ANON);
	w->node = interleaved;
	r = repeat(w, 300, GIB, .25);
	check(&r, .25, .002, .03, 4200);
	w->node = node_one;
	r = repeat(w, 100, GIB, 0);
	check(&r, 0, 0, .0012, 4200);
	w->node = tenth;
	r = repeat(w, 300, GIB, .1);
	check(&r, .1, .002, .02, 4200);
	w->node = huge_pages;
	for (page = 0; page < GIB; page += 512)
		found += !huge_pages(page);
	r = repeat(w, 300, GIB, (double)found * 512 / (double)GIB);
	check(&r, (double)found * 512 / (double)GIB, .002, .03, 4200);

	add(w, GIB, 64 * GIB, MMT_PLACE_ANON);
	w->node = sparse;
	for (page = GIB, found = 0; page < 65 * GIB; page++)
		found += !sparse(page);
	r = repeat(w, 300, GIB + found, (double)found / (double)(GIB + found));
	check(&r, (double)found / (double)(GIB + found), .02, .25, 4096 * 16 + 200);

	for (i = 0, w->n = 0; i < 3000; i++)
		add(w, i * 16ull, 16, MMT_PLACE_FILE);
	w->node = small_maps;
	r = repeat(w, 300, 48000, 1 / 3.);
	check(&r, 1 / 3., .003, .035, 4300);
	free(w);
}

/* What cannot be found widens the interval to what it may be. */
static void test_hidden(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct mmt_place_sample_opts o = { .resident_kb = 2 * GIB * 4, .page_kb = 4, .n_nodes = 2 };
	struct mmt_placement out;
	struct outcome r;

	(void)state;
	assert_non_null(w);
	add(w, 0, GIB, MMT_PLACE_ANON);
	add(w, GIB, 64 * TIB, MMT_PLACE_ANON);
	w->node = hidden;
	r = repeat(w, 50, 2 * GIB, .5);
	/* one draw in a hundred thousand would find it */
	assert_true(r.covered >= 48);
	assert_true(r.unseen > .4 && r.unseen < .51);
	assert_true(r.width > .49 && r.width < .7);
	w->maps[0] = w->maps[1];
	w->n = 1;
	if (w->maps[0].pages == 64 * TIB)
		assert_int_equal(mmt_place__sample(w->maps, 1, &o, ask, w, &out), -ENODATA);
	free(w);
}

/* Asked for whole, it is no estimate; kinds are told apart. */
static void test_whole(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct mmt_place_sample_opts o = { .page_kb = 4, .n_nodes = 3 };
	struct mmt_placement out;

	(void)state;
	assert_non_null(w);
	add(w, 0, 64, MMT_PLACE_ANON);
	add(w, 64, 32, MMT_PLACE_SHARED);
	w->node = interleaved;
	assert_int_equal(mmt_place__sample(w->maps, w->n, &o, ask, w, &out), 0);
	assert_int_equal(out.method, MMT_PLACE_SAMPLE);
	assert_int_equal(out.kb, 96 * 4);
	assert_int_equal(out.at[MMT_PLACE_ALL][2].kb, 24 * 4);
	assert_int_equal(out.at[MMT_PLACE_ALL][2].lo, 24 * 4);
	assert_int_equal(out.at[MMT_PLACE_ALL][2].hi, 24 * 4);
	assert_int_equal(out.at[MMT_PLACE_ALL][2].n, 0);
	assert_int_equal(out.at[MMT_PLACE_ANON][3].kb, 16 * 4);
	assert_int_equal(out.at[MMT_PLACE_SHARED][3].kb, 8 * 4);
	assert_int_equal(out.n_nodes, 4);
	free(w);
}

/* Limits that textbooks print. */
static void test_wilson(void **state)
{
	double lo, hi;

	(void)state;
	mmt_place__wilson(.5, 10, &lo, &hi);
	assert_true(fabs(lo - .2366) < 1e-4 && fabs(hi - .7634) < 1e-4);
	mmt_place__wilson(0, 10, &lo, &hi);
	assert_true(lo == 0 && fabs(hi - .2775) < 1e-4);
	mmt_place__wilson(1, 10, &lo, &hi);
	assert_true(hi == 1 && fabs(lo - .7225) < 1e-4);
	mmt_place__wilson(.3, INFINITY, &lo, &hi);
	assert_true(lo == .3 && hi == .3);
}

/* ---------------------------------------------------------------- this process */

static void test_self(void **state)
{
	size_t len = 96 << 20;
	struct mmt_topology *topo = calloc(1, sizeof(*topo));
	struct mmt_placement a, b;
	struct mmt_placer *p;
	uint64_t kb, walk_kb, on_nodes = 0;
	char why[160], *mem;
	unsigned int i;
	double rate = 0;
	int err;

	(void)state;
	assert_non_null(topo);
	assert_int_equal(mmt_topology__read(topo, ""), 0);
	err = mmt_placer__open("/proc", topo, &p, why, sizeof(why));
	if (err) {
		print_message("skipped: %s\n", why);
		free(topo);
		skip();
	}
	mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(mem != MAP_FAILED);
	memset(mem, 1, len);
	assert_int_equal(mmt_placer__resident(p, (uint32_t)getpid(), &kb, &walk_kb), 0);
	assert_int_equal(mmt_placer__exact(p, (uint32_t)getpid(), &a), 0);
	assert_true(fabs((double)a.kb - (double)kb) < .02 * (double)kb);
	assert_true(a.at[MMT_PLACE_ANON][0].kb + a.at[MMT_PLACE_ANON][1].kb >= len / 1024 || topo->n_nodes > 2);
	assert_int_equal(mmt_placer__sample(p, (uint32_t)getpid(), &b), 0);
	for (i = 0; i < MMT_MAX_NODES; i++) {
		const struct mmt_place_cell *c = &b.at[MMT_PLACE_ALL][i];

		on_nodes += c->kb;
		if (a.at[MMT_PLACE_ALL][i].kb || c->kb)
			assert_true(c->lo <= a.at[MMT_PLACE_ALL][i].kb * 1.02 && c->hi >= a.at[MMT_PLACE_ALL][i].kb * .98);
	}
	assert_true(fabs((double)on_nodes - (double)b.kb) < .001 * (double)b.kb);
#ifndef __SANITIZE_ADDRESS__ /* whose terabytes of shadow are hard to find the pages of */
	assert_true(b.hits > 2000 && b.unseen == 0);
#endif
	assert_int_equal(mmt_placer__measure(p, (uint32_t)getpid(), 1000000000, &rate, &b), 0);
	assert_int_equal(b.method, MMT_PLACE_EXACT);
	assert_true(rate > 0);
	rate = 1e15; /* too dear */
	assert_int_equal(mmt_placer__measure(p, (uint32_t)getpid(), 1000, &rate, &b), 0);
	assert_int_equal(b.method, MMT_PLACE_SAMPLE);
	print_message("exact %.1f ms of %.0f MiB; sample %.2f ms, %u of %u addresses had a page, %.1f %% not found\n", (double)a.cost_ns / 1e6,
		      (double)a.kb / 1024, (double)b.cost_ns / 1e6, (unsigned int)b.hits, (unsigned int)b.draws, 100 * b.unseen);
	assert_int_equal(mmt_placer__exact(p, 2, &a), -ESRCH); /* a kernel thread, or nobody */
	assert_int_equal(mmt_placer__sample(p, 0x7ffffffe, &a), -ESRCH);
	munmap(mem, len);
	mmt_placer__close(p);
	free(topo);
}

/* A made-up tree: no NUMA, then a process. */
static void test_tree(void **state)
{
	struct mmt_topology *topo = calloc(1, sizeof(*topo));
	char dir[] = "/tmp/mmt-proc-XXXXXX", path[128], why[160] = "";
	static const char text[] = "00620000 default heap anon=3 N1=3 kernelpagesize_kB=4\n";
	static const char status[] = "Name:\tx\nVmRSS:\t     12 kB\nHugetlbPages:\t    2048 kB\n";
	struct mmt_placement out;
	struct mmt_placer *p;
	uint64_t kb, walk_kb;

	(void)state;
	assert_non_null(topo);
	topo->n_nodes = 2;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(mmt_placer__open(dir, topo, &p, why, sizeof(why)), -ENOSYS);
	assert_non_null(strstr(why, "no NUMA"));
	snprintf(path, sizeof(path), "mkdir -p %s/self %s/7 && touch %s/self/numa_maps", dir, dir, dir);
	assert_int_equal(system(path), 0);
	snprintf(path, sizeof(path), "%s/7/numa_maps", dir);
	trace_spill(path, text, strlen(text));
	snprintf(path, sizeof(path), "%s/7/status", dir);
	trace_spill(path, status, strlen(status));
	assert_int_equal(mmt_placer__open(dir, topo, &p, why, sizeof(why)), 0);
	assert_int_equal(mmt_placer__resident(p, 7, &kb, &walk_kb), 0);
	assert_int_equal(kb, 2060);
	assert_int_equal(walk_kb, 12 + 4);
	assert_int_equal(mmt_placer__exact(p, 7, &out), 0);
	assert_int_equal(out.at[MMT_PLACE_ALL][1].kb, 12);
	assert_int_equal(mmt_placer__exact(p, 8, &out), -ESRCH);
	mmt_placer__close(p);
	snprintf(path, sizeof(path), "rm -r %s", dir);
	assert_int_equal(system(path), 0);
	free(topo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numa_maps), cmocka_unit_test(test_pieces), cmocka_unit_test(test_numa_stat),
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_maps),      cmocka_unit_test(test_wilson), cmocka_unit_test(test_estimates),
		cmocka_unit_test(test_hidden),    cmocka_unit_test(test_whole),  cmocka_unit_test(test_self),
		cmocka_unit_test(test_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
