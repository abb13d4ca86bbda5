// SPDX-License-Identifier: GPL-2.0-only
/* Differences of two arms: what was planted is found, and found where it is; what is equal is not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../analyzer/hot/diff_int.h"
#include "../../analyzer/hot/diff_show.h"
#include "../../analyzer/stats/rng.h"
#include "near.h"
#include "synth.h"

#define SEC 1000000000ull
#define MS 1000000ull
#define RUNS 5
#define LEAVES 6

/* One trace: main() calls work(), which calls leaf0() ... leaf5(); each has samples of 1 ms. */
struct spec {
	const char *program;    /* its path */
	unsigned int build;     /* mapping's number: synth.c makes the build-id of it */
	uint64_t shift;         /* of all its functions, as another build has them elsewhere */
	const char *leaf0;      /* name of the first */
	uint64_t samples[LEAVES];
	uint64_t nameless;      /* samples at an offset without a symbol */
	uint64_t blocked_ms;    /* 0: off-CPU time was not recorded at all */
	uint64_t getpid, seconds;
};

enum { S_FUTEX = 1, S_PLACE, S_BLOCKED, S_IDLE, S_LEAF };
#define AT(f, shift) (0x1000 + (shift) + (f) * 0x100 + 0x10)
enum { F_MAIN = LEAVES, F_WORK, F_N };
#define KERNEL 0xffffffff81000000ull

static void calls(struct synth *s, const char *name, uint64_t count, uint64_t ns)
{
	const struct mmt_type *type = mmt_std_type(MMT_TB_SYSCALL_TOTALS);
	struct mmt_cell c[32] = { 0 };

	assert_true(type->n_fields <= N(c));
	c[mmt_type__field(type, "time")].u = SEC;
	c[mmt_type__field(type, "segment")].u = 1;
	c[mmt_type__field(type, "epoch")].u = 1;
	c[mmt_type__field(type, "count")].u = count;
	c[mmt_type__field(type, "time_ns")].u = ns;
	c[mmt_type__field(type, "name")] = (struct mmt_cell){ .p = name, .len = (uint32_t)strlen(name) };
	assert_int_equal(mmt_writer__row(s->w, MMT_TB_SYSCALL_TOTALS, c, type->n_fields), 0);
}

static void make_trace(struct synth *s, const struct spec *x)
{
	const uint64_t run[MT_N] = { [MT_RUN_NS] = 5 * SEC }, map[] = { x->build, x->build, x->build };
	const uint64_t futex[] = { KERNEL + 0x10, KERNEL + 0x110 }, idle[] = { KERNEL + 0x10, KERNEL + 0x210, KERNEL + 0x310 };
	uint64_t frame[3] = { 0, AT(F_WORK, x->shift), AT(F_MAIN, x->shift) };
	char name[16];
	uint64_t i, k;

	synth_open(s);
	synth_meta(s, "families", "sched offcpu profile syscall map");
	synth_mark(s, 1, 0, MARK_START, "start");
	synth_mark(s, 2, x->seconds * SEC, MARK_END, "end");
	synth_task(s, 1, 100, 100, 1, 0, 0, "prog");
	synth_totals(s, SEC, 1, 1, 7, run, NULL, NULL);
	synth_mapping(s, x->build, 1, 0x400000, 0x500000, x->program);
	synth_ksym(s, KERNEL, 0x100, "__schedule", "");
	synth_ksym(s, KERNEL + 0x100, 0x100, "futex_wait", "");
	for (i = 0; i < F_N; i++) {
		snprintf(name, sizeof(name), "leaf%d", (int)i);
		synth_symbol(s, x->build, AT(i, x->shift) - 0x10, 0x100, 0, false, AT(i, x->shift) - 0x10,
			     i == F_MAIN ? "main" : i == F_WORK ? "work" : !i && x->leaf0 ? x->leaf0 : name, "prog.c", 10 + i);
	}
	synth_ksym(s, KERNEL + 0x200, 0x100, "worker_thread", "");
	synth_ksym(s, KERNEL + 0x300, 0x100, "kthread", "");
	synth_task(s, 2, 50, 50, 2, 0, TASK_KTHREAD, "kworker/0:1");
	synth_stack(s, S_FUTEX, true, 0, 0, futex, NULL, 2);
	synth_stack(s, S_IDLE, true, 0, 0, idle, NULL, 3);
	frame[0] = 0x9010;
	synth_stack(s, S_PLACE, false, 1, 0, frame, map, 3);
	synth_stack(s, S_BLOCKED, false, 1, 0, frame + 1, map, 2);
	for (i = 0; i < LEAVES; i++) {
		frame[0] = AT(i, x->shift);
		synth_stack(s, S_LEAF + i, false, 1, 0, frame, map, 3);
		for (k = 0; k < x->samples[i]; k++)
			synth_cpu_sample(s, SEC, 1, 1, 0x400000 + frame[0], 0, S_LEAF + i, 1, MS);
	}
	for (k = 0; k < x->nameless; k++)
		synth_cpu_sample(s, SEC, 1, 1, 0x409010, 0, S_PLACE, 1, MS);
	if (x->blocked_ms)
		synth_off_cpu(s, SEC, 1, 1, S_FUTEX, S_BLOCKED, 0, 10, x->blocked_ms * MS, x->blocked_ms * MS);
	if (x->blocked_ms) /* without work all the time: a hundred times what the program blocks */
		synth_off_cpu(s, SEC, 1, 2, S_IDLE, 0, 0, 10, 100 * x->blocked_ms * MS, SEC);
	if (x->getpid)
		calls(s, "getpid", x->getpid, x->getpid * 100);
	synth_close(s);
}

struct fixture {
	struct synth trace[2][RUNS];
	struct cmp c;
	struct hot_diff *d;
	struct hot_diff_part p;
	char said[2000];
};

static void note(void *ctx, enum mmt_log_level level, const char *msg)
{
	struct fixture *f = ctx;
	size_t n = strlen(f->said);

	(void)level;
	snprintf(f->said + n, sizeof(f->said) - n, "%s\n", msg);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	cmp_init(&f->c);
	f->c.log = note;
	f->c.log_ctx = f;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	int arm, i;

	if (f->p.d)
		hot_diff_part_free(&f->p);
	hot_diff_free(f->d);
	cmp_free(&f->c);
	for (arm = 0; arm < 2; arm++)
		for (i = 0; i < RUNS; i++)
			if (f->trace[arm][i].path[0])
				synth_remove(&f->trace[arm][i]);
	free(f);
	return 0;
}

static int load(struct fixture *f, const struct spec a[], const struct spec b[], size_t n, const struct hot_diff_opts *o)
{
	struct hot_diff_opts opts = o ? *o : (struct hot_diff_opts){ 0 };
	char list[RUNS * 70];
	size_t arm, i;

	for (arm = 0; arm < 2; arm++) {
		list[0] = '\0';
		for (i = 0; i < n; i++) {
			make_trace(&f->trace[arm][i], arm ? &b[i] : &a[i]);
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? "," : "", f->trace[arm][i].path);
		}
		assert_int_equal(cmp_add_traces(&f->c, list), 0);
	}
	assert_int_equal(cmp_load_traces(&f->c), 0);
	opts.log = note;
	opts.log_ctx = f;
	return hot_diff_load(&f->c, &opts, &f->d);
}

static void part(struct fixture *f, unsigned int kind, enum hot_diff_by by)
{
	const struct hot_diff_opts o = { 0 };

	if (f->p.d)
		hot_diff_part_free(&f->p);
	assert_true(hot_diff_has(f->d, kind, by));
	assert_int_equal(hot_diff_part(f->d, kind, by, &o, &f->p), 0);
}

static const struct hot_diff_key *key(struct fixture *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->p.n_keys; i++)
		if (!strcmp(f->p.key[i].name, name))
			return &f->p.key[i];
	return NULL;
}

static enum cmp_verdict verdict(struct fixture *f, const char *name)
{
	assert_non_null(key(f, name));
	return hot_diff_row(&f->p, key(f, name))->verdict;
}

/* Small differences from run to run; leaf2 takes half again as much in B. The build is another. */
static void planted(struct spec a[RUNS], struct spec b[RUNS])
{
	static const unsigned int wobble[2][RUNS] = { { 0, 7, 3, 9, 5 }, { 4, 1, 8, 6, 2 } };
	int i, k;

	for (i = 0; i < RUNS; i++) {
		a[i] = (struct spec){ .program = "/opt/old/prog", .build = 1, .seconds = 10, .blocked_ms = 3000 + 10 * wobble[0][i],
				      .getpid = 1000 + wobble[0][i] };
		b[i] = (struct spec){ .program = "/opt/new/prog", .build = 2, .shift = 0x2000, .leaf0 = "leaf0.isra.0", .seconds = 10,
				      .blocked_ms = 3000 + 10 * wobble[1][i], .getpid = 2000 + wobble[1][i] };
		for (k = 0; k < LEAVES; k++) {
			a[i].samples[k] = 300 + (wobble[0][i] * (unsigned int)(k + 3)) % 10;
			b[i].samples[k] = (k == 2 ? 450 : 300) + (wobble[1][i] * (unsigned int)(k + 3)) % 10;
		}
		a[i].samples[5] = b[i].samples[5] = 2; /* of 1502 and 1652: below the threshold */
	}
}

static void test_planted(void **state)
{
	struct fixture *f = *state;
	struct spec a[RUNS], b[RUNS];
	char buf[32];
	int i;

	planted(a, b);
	assert_int_equal(load(f, a, b, RUNS, NULL), 0);
	part(f, HOT_CPU, HOT_DIFF_FUNCTION);
	assert_int_equal(f->p.n_keys, 5);
	assert_int_equal(f->p.n_below, 1);
	assert_string_equal(f->p.key[0].name, "leaf2");
	assert_string_equal(f->p.key[0].detail, "prog");
	assert_int_equal(verdict(f, "leaf2"), CMP_BETTER); /* shown as MORE */
	assert_string_equal(hot_diff_verdict(CMP_BETTER), "MORE");
	for (i = 0; i < 5; i++) {
		snprintf(buf, sizeof(buf), "leaf%d", i);
		if (i != 2)
			assert_true(verdict(f, buf) != CMP_BETTER && verdict(f, buf) != CMP_WORSE);
	}
	/* about 150 ms more in 10 s; all the rest is between the arms too */
	assert_in_range((uint64_t)(f->p.key[0].w.b - f->p.key[0].w.a), 14 * MS, 16 * MS);
	near(f->p.total.w.b - f->p.total.w.a, 150.0 * (double)MS / 10, 0.05);
	near(f->p.rest.w.a, 2.0 * (double)MS / 10, 1e-9);
	assert_int_equal(hot_diff_row(&f->p, &f->p.total)->verdict, CMP_BETTER);
	/* by sampling: 450 + 300 samples of 1 ms in each of 5 runs of 10 s */
	near(f->p.key[0].se, sqrt(750.0 / RUNS) * (double)MS / 10, 0.02);

	part(f, HOT_DIFF_CALLS, HOT_DIFF_SYSCALL);
	assert_string_equal(f->p.key[0].name, "getpid");
	near(f->p.key[0].w.b - f->p.key[0].w.a, 100, 0.01);
	part(f, HOT_BLOCKED, HOT_DIFF_REASON);
	assert_string_equal(f->p.key[0].name, "futex");
	near(f->p.key[0].w.a, 304.8 * (double)MS, 1e-9);
	near(f->p.total.w.a, 304.8 * (double)MS, 1e-9); /* kernel threads without work are no part of it */
	assert_true(verdict(f, "futex") == CMP_SAME || verdict(f, "futex") == CMP_UNCLEAR);
}

static void test_lines_and_callers(void **state)
{
	struct fixture *f = *state;
	struct spec a[RUNS], b[RUNS];

	planted(a, b);
	assert_int_equal(load(f, a, b, RUNS, NULL), 0);
	part(f, HOT_CPU, HOT_DIFF_LINE);
	assert_string_equal(f->p.key[0].name, "leaf2");
	assert_string_equal(f->p.key[0].detail, "prog.c:12");
	part(f, HOT_CPU, HOT_DIFF_INCLUSIVE);
	assert_true(f->p.n_keys >= 7);
	near(key(f, "main")->w.b, f->p.total.w.b, 1e-12);
	near(key(f, "main")->w.b, key(f, "work")->w.b, 1e-12);
	part(f, HOT_CPU, HOT_DIFF_COMM);
	assert_int_equal(f->p.n_keys, 1);
	assert_string_equal(f->p.key[0].name, "prog");
	/* another build: an offset into a function is another instruction */
	part(f, HOT_CPU, HOT_DIFF_INSTRUCTION);
	assert_non_null(key(f, "leaf2+?"));
	assert_false(hot_diff_has(f->d, HOT_CPU, HOT_DIFF_REASON));
	assert_false(hot_diff_has(f->d, HOT_FAULT, HOT_DIFF_FUNCTION));
}

static void test_paths(void **state)
{
	struct fixture *f = *state;
	struct spec a[RUNS], b[RUNS];
	struct hot_diff_weight *w;
	const struct hot_path *p;
	double sum = 0;
	size_t i;

	planted(a, b);
	assert_int_equal(load(f, a, b, RUNS, NULL), 0);
	part(f, HOT_CPU, HOT_DIFF_PATH);
	p = &f->d->path[f->p.key[0].path];
	assert_int_equal(p->n, 3);
	assert_string_equal(f->d->frame[p->frame[0]].name, "leaf2");
	assert_string_equal(f->d->frame[p->frame[2]].name, "main");
	assert_int_equal(f->p.mark[f->p.key[0].path], 0); /* the leaf: work() has more that is equal */
	assert_int_equal(hot_diff_paths(f->d, HOT_CPU, &w), 0);
	for (i = 0; i < f->d->n_paths; i++)
		sum += w[i].b - w[i].a;
	near(sum, f->p.total.w.b - f->p.total.w.a, 1e-9);
	free(w);
	for (i = 1; i < f->d->n_frames; i++)
		assert_true(strcmp(f->d->frame[i - 1].name, f->d->frame[i].name) <= 0);
}

/* A caller that is new in B is where its paths begin to differ, not each of its leaves. */
static void test_mark(void **state)
{
	static struct hot_frame frame[] = { { "a", "", NULL, 0, 0 }, { "b", "", NULL, 0, 0 }, { "main", "", NULL, 0, 0 },
					    { "new", "", NULL, 0, 0 } };
	static const uint32_t p0[] = { 0, 2 }, p1[] = { 1, 2 }, p2[] = { 0, 3, 2 }, p3[] = { 1, 3, 2 };
	static struct hot_path path[] = { { p0, 2, 0, 0 }, { p1, 2, 0, 0 }, { p2, 3, 0, 0 }, { p3, 3, 0, 0 } };
	const struct hot_diff_weight w[] = { { 100, 101 }, { 50, 49 }, { 0, 30 }, { 0, 10 } };
	const struct hot_diff_weight slow[] = { { 100, 100 }, { 100, 101 }, { 100, 150 }, { 50, 76 } };
	const struct hot_diff_weight none[] = { { 1, 1 }, { 1, 1 }, { 0, 0 }, { 1, 1 } };
	const struct hot_diff d = { .frame = frame, .n_frames = 4, .path = path, .n_paths = 4 };
	uint32_t *mark;

	(void)state;
	assert_int_equal(hot_diff_marks(&d, w, &mark), 0);
	assert_int_equal(mark[2], 1);
	assert_int_equal(mark[3], 1);
	assert_int_equal(mark[0], 0); /* a little more under main(), but that is mostly new() */
	free(mark);
	assert_int_equal(hot_diff_marks(&d, none, &mark), 0);
	assert_int_equal(mark[0], 2);
	assert_int_equal(mark[2], 3);
	free(mark);
	assert_int_equal(hot_diff_marks(&d, slow, &mark), 0); /* a and b are slower under new(), not where main() calls them */
	assert_int_equal(mark[2], 1);
	assert_int_equal(mark[3], 1);
	free(mark);
}

/* What has no name is a place of one build; of two, all such places of the file are one. */
static void test_places(void **state)
{
	struct fixture *f = *state;
	struct spec a = { .program = "/x/prog", .build = 1, .seconds = 10, .samples = { 100 }, .nameless = 50 }, b = a;

	b.nameless = 80;
	assert_int_equal(load(f, &a, &b, 1, NULL), 0);
	part(f, HOT_CPU, HOT_DIFF_FUNCTION);
	assert_non_null(key(f, "[prog+0x9010]"));
	part(f, HOT_CPU, HOT_DIFF_INSTRUCTION);
	assert_non_null(key(f, "leaf0+0x10"));
	hot_diff_part_free(&f->p);
	hot_diff_free(f->d);
	f->d = NULL;
	synth_remove(&f->trace[0][0]);
	synth_remove(&f->trace[1][0]);
	cmp_free(&f->c);
	b.build = 2;
	assert_int_equal(load(f, &a, &b, 1, NULL), 0);
	part(f, HOT_CPU, HOT_DIFF_FUNCTION);
	assert_null(key(f, "[prog+0x9010]"));
	assert_non_null(key(f, "[prog]"));
	near(key(f, "[prog]")->w.b, 8.0 * (double)MS, 1e-12);
}

/* One run an arm: differences, no verdict; what sampling adds is told, and what was not recorded in both is not compared. */
static void test_single(void **state)
{
	struct fixture *f = *state;
	struct spec a = { .program = "/x/prog", .build = 1, .seconds = 10, .samples = { 100, 400 }, .blocked_ms = 100, .getpid = 5 };
	struct spec b = { .program = "/x/prog", .build = 1, .seconds = 20, .samples = { 400, 800, 40 }, .blocked_ms = 300 };
	const struct table_out to = { .fmt = TABLE_TEXT };
	const struct hot_diff_opts o = { .how = { 0 }, .log = note, .log_ctx = f };
	char *text = NULL;
	size_t size;
	FILE *m;

	assert_int_equal(load(f, &a, &b, 1, NULL), 0);
	part(f, HOT_CPU, HOT_DIFF_FUNCTION);
	assert_string_equal(f->p.key[0].name, "leaf0");
	near(f->p.key[0].w.a, 10.0 * (double)MS, 1e-12);
	near(f->p.key[0].w.b, 20.0 * (double)MS, 1e-12);
	near(f->p.key[0].se, sqrt(100.0 / 100 + 400.0 / 400) * (double)MS, 1e-12);
	assert_int_equal(verdict(f, "leaf0"), CMP_NO_VERDICT);
	near(key(f, "leaf2")->w.a, 0, 0); /* recorded, and did not occur */
	assert_false(hot_diff_has(f->d, HOT_DIFF_CALLS, HOT_DIFF_SYSCALL));
	m = open_memstream(&text, &size);
	assert_int_equal(hot_diff_write(f->d, &o, 0, &to, m), 0);
	fclose(m);
	assert_non_null(strstr(text, "syscalls: recorded in"));
	assert_non_null(strstr(text, "B's are 100.0 % longer"));
	assert_non_null(strstr(text, "- (n = 1)"));
	assert_non_null(strstr(text, "from 0"));
	assert_non_null(strstr(text, "+/- 1.414"));
	free(text);
}

/* Work of a fixed size: sums of the runs. */
static void test_per_run(void **state)
{
	struct fixture *f = *state;
	struct spec a = { .program = "/x/prog", .build = 1, .seconds = 10, .samples = { 100, 400 } };
	struct spec b = { .program = "/x/prog", .build = 1, .seconds = 20, .samples = { 100, 800 } };
	const struct hot_diff_opts o = { .per = HOT_DIFF_PER_RUN };

	assert_int_equal(load(f, &a, &b, 1, &o), 0);
	part(f, HOT_CPU, HOT_DIFF_FUNCTION);
	near(key(f, "leaf0")->w.b - key(f, "leaf0")->w.a, 0, 1e-9);
	near(key(f, "leaf1")->w.b - key(f, "leaf1")->w.a, 400.0 * (double)MS, 1e-12);
}

static void test_nothing(void **state)
{
	struct fixture *f = *state;
	struct spec a = { .program = "/x/prog", .build = 1, .seconds = 10, .samples = { 100 } };
	const struct hot_diff_opts o = { .hot = { .comm = "other" }, .no_syscalls = true };

	assert_int_equal(load(f, &a, &a, 1, &o), 0);
	assert_false(hot_diff_has(f->d, HOT_CPU, HOT_DIFF_FUNCTION)); /* recorded; none of these tasks */
}

/* -------------------------------------------------------------- simulation */

#define SIM_KEYS 20
#define SIMS 400

static double poisson(struct stats_rng *r, double mean)
{
	double limit = exp(-mean), p = 1;
	int k = 0;

	do {
		k++;
		p *= stats_rng_uniform(r);
	} while (p > limit);
	return k - 1;
}

/*
 * Equal arms: samples of 20 functions, whose shares differ from run to run besides, in 5 runs an
 * arm. A test is wrong in 5 % of its cases; a table has any verdict in no more than 5 %.
 */
static void test_false_positives(void **state)
{
	struct diff_iter it[2 * RUNS] = { { 0 } };
	struct cmp_iteration runs[2][RUNS] = { { { 0 } } };
	struct cmp_arm arm[] = { { .name = "A", .iter = runs[0], .n_iter = RUNS }, { .name = "B", .iter = runs[1], .n_iter = RUNS } };
	struct cmp c = { .arm = arm, .n_arms = 2 };
	static struct hot_frame frame[SIM_KEYS];
	static char name[SIM_KEYS][8];
	static struct hot_path path[SIM_KEYS];
	static uint32_t number[SIM_KEYS];
	static struct diff_sum sum[2 * RUNS][SIM_KEYS];
	struct hot_diff_int priv = { .iter = it, .n_iter = 2 * RUNS };
	struct hot_diff d = { .c = &c, .frame = frame, .n_frames = SIM_KEYS, .path = path, .n_paths = SIM_KEYS, .priv = &priv };
	const struct hot_diff_opts o = { 0 };
	size_t i, k, s, tests = 0, low = 0, tables = 0;
	struct hot_diff_part p;
	struct stats_rng r;

	(void)state;
	stats_rng_seed(&r, 4711);
	for (k = 0; k < SIM_KEYS; k++) {
		number[k] = (uint32_t)k;
		snprintf(name[k], sizeof(name[k]), "f%zu", k);
		frame[k] = (struct hot_frame){ .name = name[k], .module = "" };
		path[k] = (struct hot_path){ .frame = &number[k], .n = 1 };
	}
	for (i = 0; i < 2 * RUNS; i++) {
		it[i] = (struct diff_iter){ .arm = (uint32_t)(i / RUNS), .iter = (uint32_t)(i % RUNS), .seconds = 10 };
		it[i].has[HOT_CPU] = true;
		it[i].sum[HOT_CPU] = sum[i];
		it[i].n[HOT_CPU] = SIM_KEYS;
		runs[i / RUNS][i % RUNS] = (struct cmp_iteration){ .number = (unsigned int)(i % RUNS), .traced = true, .start = NAN };
	}
	d.iterations[HOT_CPU][0] = d.iterations[HOT_CPU][1] = RUNS;
	for (s = 0; s < SIMS; s++) {
		bool any = false;

		d.total[HOT_CPU] = (struct hot_diff_weight){ 0 };
		for (i = 0; i < 2 * RUNS; i++)
			for (k = 0; k < SIM_KEYS; k++) {
				double mean = 3 + 2 * (double)k; /* samples: from 3 to 41 a run */

				mean *= 0.9 + 0.2 * stats_rng_uniform(&r);
				sum[i][k] = (struct diff_sum){ .path = (uint32_t)k, .weight = poisson(&r, mean) * 1e6 };
				*(i < RUNS ? &d.total[HOT_CPU].a : &d.total[HOT_CPU].b) += sum[i][k].weight / 10 / RUNS;
			}
		assert_int_equal(hot_diff_part(&d, HOT_CPU, HOT_DIFF_FUNCTION, &o, &p), 0);
		for (k = 0; k < p.n_keys; k++) {
			const struct cmp_row *row = hot_diff_row(&p, &p.key[k]);

			tests++;
			low += row->p < 0.05;
			any |= row->p_adj < 0.05;
		}
		tables += any;
		hot_diff_part_free(&p);
	}
	print_message("p < .05 in %.2f %% of %zu tests, adjusted in %.2f %% of %d tables\n", 100 * (double)low / (double)tests, tests,
		      100 * (double)tables / SIMS, SIMS);
	assert_in_range(low * 1000 / tests, 35, 58); /* of 8000: 5 % + 3 sigma; Welch of so few counts is below */
	assert_in_range(tables * 1000 / SIMS, 0, 80); /* of 400: 5 % + 3 sigma */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_planted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lines_and_callers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_paths, set_up, tear_down),
		cmocka_unit_test(test_mark),
		cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_single, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_per_run, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing, set_up, tear_down),
		cmocka_unit_test(test_false_positives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
