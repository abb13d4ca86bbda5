// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel tells of mappings: made up here, so that what was where at which time is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../analyzer/symbols/sym_trace.h"
#include "../../collector/cells.h"
#include "../../collector/maps.h"
#include "trace_make.h"

#define MS 1000000ull
#define SECOND 1000000000ull
#define PAGE 4096ull
#define PID 4100000u /* nobody's: there is nothing in /proc */

static struct {
	char *path;
	struct mmt_writer *w;
	struct mmt_maps *maps;
	struct sym_trace *trace;
	struct mmt_map_rec rec[4096];
	size_t n;
	uint64_t seq;
	uint32_t asked; /* times that a look was needed */
} t;

static int set_up(void **state)
{
	(void)state;
	t.path = trace_tmp();
	assert_int_equal(mmt_writer__open(t.path, NULL, &t.w), 0);
	assert_int_equal(mmt_maps__open(t.w, &(const struct mmt_log){ 0 }, &t.maps), 0);
	mmt_maps__captured(t.maps);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mmt_maps__close(t.maps);
	mmt_writer__abandon(t.w);
	sym_trace_close(t.trace);
	trace_drop(t.path);
	memset(&t, 0, sizeof(t));
	return 0;
}

static void finish(void)
{
	assert_int_equal(mmt_writer__close(t.w), 0);
	t.w = NULL;
	assert_int_equal(sym_trace_open(t.path, NULL, NULL, NULL, &t.trace), 0);
}

static struct mmt_map_rec *rec(uint64_t time, uint32_t type, uint32_t pid)
{
	struct mmt_map_rec *r = &t.rec[t.n++];

	assert_true(t.n <= sizeof(t.rec) / sizeof(t.rec[0]));
	*r = (struct mmt_map_rec){ .time = time, .seq = t.seq++, .type = type, .pid = pid, .path = strdup("") };
	return r;
}

static void rec_exec(uint64_t time, uint32_t pid)
{
	rec(time, MMT_MAP_REC_EXEC, pid);
}

static void rec_fork(uint64_t time, uint32_t ppid, uint32_t pid)
{
	rec(time, MMT_MAP_REC_FORK, pid)->ppid = ppid;
}

static void rec_mmap(uint64_t time, uint32_t pid, uint64_t start, uint64_t end, const char *path)
{
	struct mmt_map_rec *r = rec(time, MMT_MAP_REC_MMAP, pid);

	r->start = start;
	r->end = end;
	r->offset = 0x1000;
	free(r->path);
	r->path = strdup(path);
	if (path[0] != '/' || path[1] == '/')
		return;
	r->id_len = 20;
	snprintf((char *)r->build_id, sizeof(r->build_id), "%s", path);
}

static void take(uint64_t upto)
{
	assert_int_equal(mmt_maps__take(t.maps, t.rec, t.n, upto, 0), 0);
	t.n = 0;
}

static void know(uint64_t epoch, uint32_t pid, uint64_t start)
{
	assert_int_equal(mmt_maps__know(t.maps, epoch, pid, start, false), 0);
}

static uint64_t find(uint64_t epoch, uint64_t time, uint64_t address)
{
	uint64_t offset;

	return mmt_maps__find(t.maps, epoch, time, address, &offset);
}

/* As it is called by the reader of the trace; "" in no mapping. */
static const char *path_at(uint64_t epoch, uint64_t time, uint64_t address)
{
	struct sym_place p;

	assert_int_equal(sym_trace_user(t.trace, epoch, time, address, &p), 0);
	return p.at.path ? p.at.path : "";
}

static struct mmt_maps_stats stats(void)
{
	struct mmt_maps_stats st;

	mmt_maps__stats(t.maps, &st);
	return st;
}

/* One program executes the next, at the same addresses; all of it is over when it is looked at. */
static void test_execs(void **state)
{
	uint64_t a, b, offset;

	(void)state;
	rec_exec(10 * MS, PID);
	rec_mmap(11 * MS, PID, 0x400000, 0x402000, "/a");
	rec_exec(20 * MS, PID);
	rec_mmap(21 * MS, PID, 0x400000, 0x403000, "/b");
	know(1, PID, 5 * MS);
	assert_int_equal(mmt_maps__exit(t.maps, 1, 30 * MS), 0);
	take(40 * MS);
	a = find(1, 12 * MS, 0x401234);
	b = find(1, 22 * MS, 0x401234);
	assert_true(a && b && a != b);
	assert_int_equal(find(1, 20 * MS - 1, 0x401234), a); /* until the very exec */
	assert_int_equal(find(1, 20 * MS, 0x401234), 0);     /* nothing is there yet */
	assert_int_equal(find(1, 29 * MS, 0x402fff), b);
	assert_int_equal(find(1, 30 * MS, 0x401234), 0);
	assert_int_equal(find(1, 9 * MS, 0x401234), 0);
	assert_int_equal(find(1, 12 * MS, 0x402fff), 0);
	assert_int_equal(find(2, 12 * MS, 0x401234), 0);
	assert_int_equal(mmt_maps__find(t.maps, 1, 12 * MS, 0x401234, &offset), a);
	assert_int_equal(offset, 0x2234);
	assert_int_equal(stats().rows, 2); /* each once: they had come and gone */
	/* nobody looks for it any more */
	assert_int_equal(mmt_maps__want_due(t.maps, 2 * SECOND), 0);
	assert_int_equal(mmt_maps__want_all(t.maps), 0);
	assert_int_equal(mmt_maps__pass(t.maps, 2 * SECOND, SECOND), 0);
	assert_int_equal(stats().gone, 0);
	finish();
	assert_string_equal(path_at(1, 12 * MS, 0x401234), "/a");
	assert_string_equal(path_at(1, 20 * MS - 100, 0x401234), "/a");
	assert_string_equal(path_at(1, 22 * MS, 0x401234), "/b");
	assert_string_equal(path_at(1, 9 * MS, 0x401234), "");
	assert_string_equal(path_at(1, 12 * MS, 0x402fff), "");
}

/* A child has what its parent had then, until it executes something; the parent may be gone. */
static void test_forks(void **state)
{
	uint64_t a, b, c;

	(void)state;
	know(1, PID, 5 * MS);
	rec_exec(10 * MS, PID);
	rec_mmap(11 * MS, PID, 0x400000, 0x402000, "/a");
	rec_fork(20 * MS, PID, PID + 1);
	rec_mmap(25 * MS, PID, 0x500000, 0x502000, "/late");
	know(2, PID + 1, 20 * MS);
	take(26 * MS);
	a = find(1, 12 * MS, 0x401000);
	assert_int_equal(find(2, 25 * MS, 0x401000), a);
	assert_int_equal(find(2, 25 * MS + 1, 0x501000), 0); /* that came after */
	assert_int_equal(mmt_maps__exit(t.maps, 1, 30 * MS), 0);
	/* a child of the child, after the parent went, which is forgotten by then */
	rec_fork(10 * SECOND, PID + 1, PID + 2);
	rec_mmap(10 * SECOND + 5 * MS, PID + 2, 0x600000, 0x601000, "/c");
	know(3, PID + 2, 10 * SECOND);
	take(10 * SECOND + 10 * MS);
	assert_int_equal(mmt_maps__pass(t.maps, 10 * SECOND + 10 * MS, SECOND), 0);
	assert_int_equal(find(1, 12 * MS, 0x401000), 0);
	assert_int_equal(find(3, 10 * SECOND + 6 * MS, 0x401000), a);
	c = find(3, 10 * SECOND + 6 * MS, 0x600800);
	assert_true(c > 0);
	rec_exec(11 * SECOND, PID + 2);
	rec_mmap(11 * SECOND + MS, PID + 2, 0x400000, 0x402000, "/b");
	take(11 * SECOND + 10 * MS);
	b = find(3, 11 * SECOND + 2 * MS, 0x401000);
	assert_true(b > 0 && b != a);
	assert_int_equal(find(3, 11 * SECOND - 1, 0x401000), a);
	assert_int_equal(find(3, 11 * SECOND - 1, 0x600800), c);
	assert_int_equal(find(3, 11 * SECOND + 2 * MS, 0x600800), 0);
	assert_int_equal(stats().gone, 0);
	finish();
	assert_string_equal(path_at(2, 25 * MS, 0x401000), "/a");
	assert_string_equal(path_at(2, 5 * SECOND, 0x401000), "/a");
	assert_string_equal(path_at(2, 5 * SECOND, 0x501000), "");
	assert_string_equal(path_at(1, 26 * MS, 0x501000), "/late");
	assert_string_equal(path_at(3, 10 * SECOND + 6 * MS, 0x401000), "/a");
	assert_string_equal(path_at(3, 10 * SECOND + 6 * MS, 0x600800), "/c");
	assert_string_equal(path_at(3, 11 * SECOND + 2 * MS, 0x401000), "/b");
	assert_string_equal(path_at(3, 11 * SECOND + 2 * MS, 0x600800), "");
}

/* Records wait for their process to be known, not for ever; a number is another's later. */
static void test_numbers(void **state)
{
	uint64_t a;

	(void)state;
	rec_exec(10 * MS, PID);
	rec_mmap(11 * MS, PID, 0x400000, 0x402000, "/a");
	take(15 * MS);
	assert_int_equal(stats().captured, 0);
	assert_int_equal(find(1, 12 * MS, 0x400000), 0);
	know(1, PID, 5 * MS);
	take(16 * MS);
	assert_int_equal(stats().captured, 2);
	a = find(1, 12 * MS, 0x400000);
	assert_true(a > 0);
	/* it ends, and its number begins anew; what it did last comes together with that */
	rec_mmap(99 * MS, PID, 0x700000, 0x701000, "/last");
	rec_exec(3 * SECOND, PID);
	rec_mmap(3 * SECOND + MS, PID, 0x400000, 0x402000, "/b");
	assert_int_equal(mmt_maps__exit(t.maps, 1, 100 * MS), 0);
	know(2, PID, 2 * SECOND);
	take(3 * SECOND + 50 * MS);
	assert_int_equal(find(1, 99 * MS, 0x400000), a);
	assert_int_equal(find(1, 99 * MS + MS / 2, 0x700000), a + 1);
	assert_int_equal(find(1, 3 * SECOND + 2 * MS, 0x400000), 0);
	assert_true(find(2, 3 * SECOND + 2 * MS, 0x400000) > a);
	assert_int_equal(find(2, 12 * MS, 0x400000), 0);
	/* nobody's */
	rec_exec(4 * SECOND, PID + 7);
	take(4 * SECOND + MS);
	assert_int_equal(stats().homeless, 0);
	take(6 * SECOND);
	assert_int_equal(stats().homeless, 1);
	/* a process that is left out by the filters */
	assert_int_equal(mmt_maps__know(t.maps, 9, PID + 9, 0, true), 0);
	rec_exec(7 * SECOND, PID + 9);
	rec_mmap(7 * SECOND + MS, PID + 9, 0x400000, 0x402000, "/no");
	take(8 * SECOND);
	assert_int_equal(find(9, 7 * SECOND + 2 * MS, 0x400000), 0);
	assert_int_equal(stats().homeless, 1);
	finish();
	assert_string_equal(path_at(2, 3 * SECOND + 2 * MS, 0x400000), "/b");
	assert_string_equal(path_at(1, 12 * MS, 0x400000), "/a");
	assert_string_equal(path_at(9, 7 * SECOND + 2 * MS, 0x400000), "");
}

/* One library takes the place of another, or of a part of it; a mapping told twice is one. */
static void test_places(void **state)
{
	uint64_t a, b, rows;

	(void)state;
	know(1, PID, 5 * MS);
	rec_exec(10 * MS, PID);
	rec_mmap(20 * MS, PID, 0x400000, 0x408000, "/a");
	rec_mmap(20 * MS + 1, PID, 0x400000, 0x408000, "/a"); /* its protection was changed and back */
	rec_mmap(30 * MS, PID, 0x402000, 0x403000, "/b");
	rec_mmap(40 * MS, PID, 0x900000, 0x901000, "//anon");
	take(50 * MS);
	a = find(1, 25 * MS, 0x402800);
	b = find(1, 31 * MS, 0x402800);
	assert_true(a && b && a != b);
	assert_true(find(1, 31 * MS, 0x401800) > 0 && find(1, 31 * MS, 0x407800) > 0);
	assert_true(find(1, 31 * MS, 0x401800) != find(1, 31 * MS, 0x407800));
	assert_int_equal(find(1, 25 * MS, 0x407800), a);
	rows = stats().rows;
	assert_int_equal(rows, 5); /* a, the two ends of it, b, and what has no file */
	rec_mmap(60 * MS, PID, 0x402000, 0x403000, "/c"); /* dlclose, dlopen */
	take(70 * MS);
	assert_int_equal(find(1, 55 * MS, 0x402800), b);
	assert_true(find(1, 61 * MS, 0x402800) > b);
	finish();
	assert_string_equal(path_at(1, 25 * MS, 0x402800), "/a");
	assert_string_equal(path_at(1, 31 * MS, 0x402800), "/b");
	assert_string_equal(path_at(1, 55 * MS, 0x402800), "/b");
	assert_string_equal(path_at(1, 61 * MS, 0x402800), "/c");
	assert_string_equal(path_at(1, 61 * MS, 0x407800), "/a");
	assert_string_equal(path_at(1, 15 * MS, 0x402800), "");
	assert_string_equal(path_at(1, 41 * MS, 0x900800), ""); /* no path: code made at run time */
}

/* An address is asked for at a time that was not taken yet, or of a process that was not read. */
static void on_demand(void *ctx, uint64_t epoch)
{
	(void)ctx;
	t.asked++;
	if (t.n)
		take(50 * MS);
	assert_int_equal(mmt_maps__read(t.maps, epoch, 50 * MS), 0);
}

static void test_on_demand(void **state)
{
	uint64_t offset;

	(void)state;
	mmt_maps__on_demand(t.maps, on_demand, NULL);
	know(1, PID, 5 * MS);
	rec_exec(10 * MS, PID);
	rec_mmap(20 * MS, PID, 0x400000, 0x408000, "/a");
	assert_true(find(1, 30 * MS, 0x400000) > 0);
	assert_int_equal(t.asked, 1);
	assert_true(find(1, 40 * MS, 0x400000) > 0);
	assert_int_equal(find(1, 40 * MS, 0x300000), 0);
	assert_int_equal(t.asked, 1); /* that is covered, and all of it is known */
	/* one that was there before */
	know(2, (uint32_t)getpid(), 0);
	assert_true(mmt_maps__find(t.maps, 2, 40 * MS, (uint64_t)(uintptr_t)&test_on_demand, &offset) > 0);
	assert_int_equal(t.asked, 2);
	assert_int_equal(find(2, 40 * MS, 0x10), 0);
	assert_int_equal(t.asked, 2);
	/* one that is gone is not asked for again and again */
	know(3, PID + 3, 0);
	assert_int_equal(find(3, 40 * MS, 0x10), 0);
	assert_int_equal(find(3, 40 * MS, 0x10), 0);
	assert_int_equal(t.asked, 3);
}

/* An exec that only the records of tasks told: the kernel's were lost. */
static void test_lost_exec(void **state)
{
	uint64_t a;

	(void)state;
	know(1, PID, 5 * MS);
	rec_exec(10 * MS, PID);
	rec_mmap(20 * MS, PID, 0x400000, 0x408000, "/a");
	take(50 * MS);
	assert_int_equal(mmt_maps__exec(t.maps, 1, 11 * MS), 0); /* that is this one */
	a = find(1, 30 * MS, 0x400000);
	assert_true(a > 0);
	take(70 * MS);
	assert_int_equal(mmt_maps__exec(t.maps, 1, 60 * MS), 0); /* that is another */
	assert_int_equal(find(1, 59 * MS, 0x400000), a);
	assert_int_equal(find(1, 61 * MS, 0x400000), 0);
	assert_int_equal(mmt_maps__pass(t.maps, 80 * MS, SECOND), 0);
	assert_int_equal(stats().gone, 1); /* and /proc has no such process */
	/* a child of which only the fork was told, and that it executed something before it ended */
	know(2, PID + 2, 90 * MS);
	know(3, PID + 3, 5 * MS);
	rec_exec(85 * MS, PID + 3);
	rec_mmap(86 * MS, PID + 3, 0x400000, 0x408000, "/a");
	rec_fork(90 * MS, PID + 3, PID + 2);
	mmt_maps__last_exec(t.maps, 2, 95 * MS);
	assert_int_equal(mmt_maps__exit(t.maps, 2, 99 * MS), 0);
	take(100 * MS);
	assert_int_equal(find(2, 94 * MS, 0x400000), find(3, 94 * MS, 0x400000));
	assert_true(find(2, 94 * MS, 0x400000) > 0);
	assert_int_equal(find(2, 96 * MS, 0x400000), 0);
	assert_int_equal(stats().gone, 2);
	/* and one that was told in full */
	know(4, PID + 4, 100 * MS);
	rec_fork(100 * MS, PID + 3, PID + 4);
	rec_exec(101 * MS, PID + 4);
	rec_mmap(102 * MS, PID + 4, 0x400000, 0x408000, "/b");
	mmt_maps__last_exec(t.maps, 4, 103 * MS);
	assert_int_equal(mmt_maps__exit(t.maps, 4, 109 * MS), 0);
	take(110 * MS);
	assert_true(find(4, 104 * MS, 0x400000) > 0);
	assert_int_equal(stats().gone, 2);
	finish();
	assert_string_equal(path_at(2, 94 * MS, 0x400000), "/a");
	assert_string_equal(path_at(2, 96 * MS, 0x400000), "");
	assert_string_equal(path_at(4, 104 * MS, 0x400000), "/b");
}

/* --------------------------------------------------- any order of things, beside a model of it */

#define PROCS 8
#define PLACES 6
#define FILES 5

static struct { uint32_t pid; uint64_t epoch; uint8_t file[PLACES]; bool known; } proc[PROCS];
static struct { uint64_t epoch, time, address; uint8_t file; } seen[40000];

static uint64_t place(unsigned int i)
{
	return 0x400000 + i * 4 * PAGE;
}

static unsigned int pick(unsigned int n)
{
	return (unsigned int)rand() % n;
}

static const char *file(uint8_t f)
{
	static const char *const names[FILES + 1] = { "", "/f1", "/f2", "/f3", "/f4", "/f5" };

	return names[f];
}

static void model_step(uint64_t now, uint64_t *epochs)
{
	unsigned int i = pick(PROCS), k = pick(PROCS), at = pick(PLACES), f = 1 + pick(FILES);

	if (!proc[i].pid)
		return;
	switch (pick(10)) {
	case 0: /* end; the record of it comes before those of the mappings */
		if (i && proc[i].known) {
			assert_int_equal(mmt_maps__exit(t.maps, proc[i].epoch, now), 0);
			memset(&proc[i], 0, sizeof(proc[i]));
		}
		break;
	case 1:
		rec_exec(now, proc[i].pid);
		memset(proc[i].file, 0, sizeof(proc[i].file));
		break;
	case 2:
	case 3:
		if (proc[k].pid)
			break;
		proc[k] = proc[i];
		proc[k].known = false;
		proc[k].epoch = ++*epochs;
		proc[k].pid = PID + k; /* again and again */
		rec_fork(now, proc[i].pid, proc[k].pid);
		if (pick(2)) {
			know(proc[k].epoch, proc[k].pid, now);
			proc[k].known = true;
		}
		break;
	default:
		proc[i].file[at] = (uint8_t)f;
		rec_mmap(now, proc[i].pid, place(at), place(at) + PAGE, file((uint8_t)f));
	}
}

static uint64_t shuffle_and_take(uint64_t now, uint64_t start[PROCS])
{
	size_t i, k;

	for (i = 0; i < PROCS; i++)
		if (proc[i].pid && !proc[i].known) {
			know(proc[i].epoch, proc[i].pid, start[i]);
			proc[i].known = true;
		}
	for (i = t.n; i > 1; i--) {
		struct mmt_map_rec r = t.rec[i - 1];

		k = pick((unsigned int)i);
		t.rec[i - 1] = t.rec[k];
		t.rec[k] = r;
	}
	take(now);
	return now;
}

static void test_any_order(void **state)
{
	uint64_t now = SECOND, epochs = 1, taken = 0, start[PROCS] = { 0 }, named = 0;
	size_t n = 0, first = 0, i;
	unsigned int k;

	(void)state;
	srand(1);
	proc[0].pid = PID;
	proc[0].epoch = 1;
	rec_exec(now, PID);
	while (n + PROCS < sizeof(seen) / sizeof(seen[0])) {
		uint64_t before = epochs;

		now += MS;
		model_step(now, &epochs);
		for (k = 0; k < PROCS && before != epochs; k++)
			if (proc[k].epoch == epochs)
				start[k] = now;
		for (k = 0; k < PROCS; k++) {
			unsigned int at = pick(PLACES);

			if (!proc[k].pid)
				continue;
			seen[n].epoch = proc[k].epoch;
			seen[n].time = now + MS / 2;
			seen[n].address = place(at) + pick(PAGE);
			seen[n++].file = proc[k].file[at];
		}
		if (pick(60) && n + PROCS < sizeof(seen) / sizeof(seen[0]))
			continue;
		taken = shuffle_and_take(now + MS / 2, start);
		for (i = first; i < n; i++) /* not long ago */
			assert_int_equal(find(seen[i].epoch, seen[i].time, seen[i].address) > 0, seen[i].file > 0);
		first = n;
		assert_int_equal(mmt_maps__pass(t.maps, taken, 0) < 0, 0);
	}
	assert_int_equal(stats().gone, 0);
	assert_int_equal(stats().homeless, 0);
	assert_true(epochs > 100);
	finish();
	for (i = 0; i < n; i++) {
		assert_string_equal(path_at(seen[i].epoch, seen[i].time, seen[i].address), file(seen[i].file));
		named += seen[i].file > 0;
	}
	assert_true(named > n / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_execs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_on_demand, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lost_exec, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_any_order, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
