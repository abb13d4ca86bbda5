// SPDX-License-Identifier: GPL-2.0-only
/* What an event weighs: recordings of a storm, of hackbench and of a build, packed anew, must not get heavier. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "trace_make.h"

#define SLICE 250000000ull /* the collector seals that often */

struct flat { /* the events of a recording, in order of time */
	struct {
		struct mmt_event ev;
		uint32_t stream;
	} *e;
	size_t n;
};

static int by_time(const void *a, const void *b)
{
	const struct mmt_event *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

static struct flat load(const char *name)
{
	const char *top = getenv("TOP");
	struct flat f = { .e = malloc(50000 * sizeof(*f.e)) };
	struct mmt_reader *r;
	struct mmt_chunk c;
	char path[4096];
	uint32_t i, k;

	snprintf(path, sizeof(path), "%s/tests/data/%s.mmt", top ? top : ".", name);
	assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
	while (mmt_reader__next(r, &c) > 0) {
		for (i = 0; i < c.n_blocks; i++) {
			for (k = 0; k < c.blocks[i].n && f.n < 50000; k++) {
				f.e[f.n].ev.time = c.blocks[i].time[k];
				f.e[f.n].ev.key = c.keys[c.blocks[i].sym[k]];
				f.e[f.n++].stream = c.blocks[i].stream;
			}
		}
	}
	mmt_reader__close(r);
	qsort(f.e, f.n, sizeof(*f.e), by_time);
	return f;
}

/* Bytes per event of all but the schema. */
static double weigh(const struct flat *f, unsigned int shift)
{
	struct mmt_writer_opts o = { .sz = sizeof(o), .time_shift = (uint8_t)shift };
	char *path = trace_tmp();
	uint64_t start, bytes, end = f->e[0].ev.time + SLICE;
	struct mmt_writer *w;
	struct digest d;
	size_t i;

	assert_int_equal(mmt_writer__open(path, &o, &w), 0);
	start = mmt_writer__bytes(w);
	for (i = 0; i < f->n; i++) {
		for (; f->e[i].ev.time >= end; end += SLICE)
			assert_int_equal(mmt_writer__seal(w), 0);
		assert_int_equal(mmt_writer__events(w, f->e[i].stream, &f->e[i].ev, 1, NULL, 0), 0);
	}
	assert_int_equal(mmt_writer__seal(w), 0);
	bytes = mmt_writer__bytes(w) - start;
	assert_int_equal(mmt_writer__close(w), 0);
	d = trace_digest(path, NULL);
	assert_int_equal(d.events, f->n);
	trace_drop(path);
	return (double)bytes / (double)f->n;
}

static void check(const char *name, double at4, double at5)
{
	struct flat f = load(name);
	double a = weigh(&f, 4), b = weigh(&f, 5);

	print_message("# %s: %.2f bytes an event at 16 ns, %.2f at 32 ns\n", name, a, b);
	assert_true(a <= at4);
	assert_true(b <= at5);
	free(f.e);
}

static void test_storm(void **state)
{
	(void)state;
	check("pipe_pinned", 0.60, 0.48);
}

static void test_hackbench(void **state)
{
	(void)state;
	check("hackbench", 2.25, 2.15);
}

/* 4000 events a second, 4 of 10 with a key that the slice has not seen: the dearest there is */
static void test_build(void **state)
{
	(void)state;
	check("build", 3.35, 3.2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_hackbench),
		cmocka_unit_test(test_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
