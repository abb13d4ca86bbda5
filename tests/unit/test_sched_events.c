// SPDX-License-Identifier: GPL-2.0-only
/* The event engine: every state of a task, streams that cross, what is lost, and the merge itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../analyzer/merge.h"
#include "../../analyzer/sched_events.h"
#include "synth.h"

#define R MMT_STATE_R
#define S MMT_STATE_S
#define X MMT_STATE_X

static void load(const struct synth *s, enum model_window window, struct model **m, struct sched_events *ev)
{
	struct sched_events more;
	size_t i;

	*m = synth_model(s, window, "w");
	assert_int_equal(sched_events_load(*m, 0, NULL, NULL, ev), 0);
	/* the same with threads, damaged or not */
	assert_int_equal(sched_events_load(*m, 3, NULL, NULL, &more), 0);
	assert_int_equal(more.n, ev->n);
	for (i = 0; i < more.n; i++)
		assert_memory_equal(more.g[i].v, ev->g[i].v, sizeof(more.g[i].v));
	sched_events_free(&more);
}

static const struct model_group *task(const struct sched_events *ev, uint64_t epoch)
{
	size_t i;

	for (i = 0; i < ev->n; i++)
		if (ev->g[i].task->epoch == epoch)
			return &ev->g[i];
	fail_msg("no task epoch %llu", (unsigned long long)epoch);
	return NULL;
}

static void expect(const struct sched_events *ev, uint64_t epoch, uint64_t run, uint64_t vol, uint64_t invol, uint64_t wait_n,
		   uint64_t wait_ns, uint64_t off_n, uint64_t off_ns)
{
	const struct model_group *g = task(ev, epoch);

	assert_int_equal(g->v[MT_RUN_NS], run);
	assert_int_equal(g->v[MT_NVCSW], vol);
	assert_int_equal(g->v[MT_NIVCSW], invol);
	assert_int_equal(g->v[MT_WAIT_N], wait_n);
	assert_int_equal(g->v[MT_WAIT_NS], wait_ns);
	assert_int_equal(g->v[MT_OFF_N], off_n);
	assert_int_equal(g->v[MT_OFF_NS], off_ns);
}

static void begin(struct synth *s)
{
	unsigned int k;

	synth_open(s);
	for (k = 0; k < 4; k++)
		synth_cpu(s, k, k & 2, 0, k / 2);
	synth_mark(s, 1, 1000, MARK_START, "start");
	for (k = 1; k <= 4; k++)
		synth_task(s, k, 10 * k, 10 * k, 0, 0, 0, "task");
}

/*
 * CPU 0: 10 runs from the beginning to 2000, sleeps; 20 runs, is preempted at 2500 by 10, which was
 * woken at 2400 on CPU 1's stream. CPU 1: 30 is woken remotely, 100 ns on the way.
 */
static void test_states(void **state)
{
	struct sched_events ev;
	struct model *m;
	struct synth s;

	(void)state;
	begin(&s);
	synth_switchx(&s, 0, 2000, S, 10, 20);
	synth_switch(&s, 0, 2500, R, 10);
	synth_switch(&s, 0, 2600, S, 20);
	synth_switch(&s, 0, 2700, X, 0);
	synth_switchx(&s, 1, 1500, R, 0, 0);
	synth_wakeup(&s, 1, 2400, 10, 0, 0);
	synth_wakeupr(&s, 1, 2900, 30, 1, 100);
	synth_switch(&s, 1, 2950, R, 30);
	synth_migrate(&s, 1, 2960, 20, 0, 1);
	synth_migrate(&s, 1, 2970, 20, 0, 2);
	synth_mark(&s, 2, 3000, MARK_END, "end");
	synth_close(&s);
	load(&s, WINDOW_AUTO, &m, &ev);
	expect(&ev, 1, 1000 + 100, 2, 0, 1, 100, 1, 500);
	expect(&ev, 2, 500 + 100, 1, 1, 1, 100, 0, 0);
	expect(&ev, 3, 50, 0, 0, 1, 150, 0, 0); /* still on CPU at the end mark */
	assert_int_equal(task(&ev, 2)->v[MT_MIG_SMT], 1);
	assert_int_equal(task(&ev, 2)->v[MT_MIG_CROSS], 1);
	assert_int_equal(ev.seen[MMT_CLASS_SWITCH], 6);
	assert_int_equal(ev.seen[MMT_CLASS_WAKEUP], 2);
	assert_int_equal(ev.seen[MMT_CLASS_MIGRATE], 2);
	assert_true(ev.has_wakeups);
	assert_int_equal(ev.disorder, 0);
	sched_events_free(&ev);
	model_free(m);
	synth_remove(&s);
}

/* Only what lies in the window counts; run time is cut at its edges, waits count where they end. */
static void test_window(void **state)
{
	struct sched_events ev;
	struct model *m;
	struct synth s;

	(void)state;
	begin(&s);
	synth_mark(&s, 2, 2000, MARK_USER, "w");
	synth_mark(&s, 3, 3000, MARK_USER, "other");
	synth_mark(&s, 4, 4000, MARK_USER, "w");
	synth_mark(&s, 5, 5000, MARK_END, "end");
	synth_switchx(&s, 0, 1500, S, 10, 20);
	synth_wakeup(&s, 0, 1900, 10, 0, 0);
	synth_switch(&s, 0, 2200, R, 10);
	synth_switch(&s, 0, 3500, S, 20);
	synth_switch(&s, 0, 4900, S, 0);
	synth_switch(&s, 0, 5500, R, 20);
	synth_close(&s);
	load(&s, WINDOW_NAME, &m, &ev);
	assert_int_equal(m->duration, 2000);
	expect(&ev, 1, 800, 0, 0, 1, 300, 1, 700);
	expect(&ev, 2, 200 + 900, 1, 1, 0, 0, 0, 0);
	assert_int_equal(ev.seen[MMT_CLASS_SWITCH], 2);
	sched_events_free(&ev);
	model_free(m);
	load(&s, WINDOW_ALL, &m, &ev);
	expect(&ev, 1, 500 + 1300, 2, 0, 1, 300, 1, 700);
	expect(&ev, 2, 700 + 1400, 1, 1, 1, 1300, 0, 0);
	sched_events_free(&ev);
	model_free(m);
	synth_remove(&s);
}

/* Chunks overlap: CPU 1's part of the slice comes one chunk after CPU 0's. */
static void test_overlap(void **state)
{
	struct sched_events ev;
	struct model *m;
	struct synth s;
	uint64_t t;

	(void)state;
	begin(&s);
	synth_switchx(&s, 0, 1000, R, 0, 0);
	synth_switchx(&s, 1, 1000, R, 0, 0);
	synth_seal(&s);
	for (t = 10000; t < 50000; t += 10000) {
		unsigned int k;

		/* 10 sleeps on CPU 0, is woken from CPU 1 at +50, runs at +80 */
		for (k = 0; k < 50; k++) {
			synth_switchx(&s, 0, t + 100 * k + 10, R, 0, 10);
			synth_switch(&s, 0, t + 100 * k + 20, S, 0);
		}
		synth_seal(&s);
		for (k = 0; k < 50; k++)
			synth_wakeup(&s, 1, t + 100 * k + 3, 10, 0, 0);
		synth_seal(&s);
	}
	synth_mark(&s, 2, 60000, MARK_END, "end");
	synth_close(&s);
	load(&s, WINDOW_AUTO, &m, &ev);
	expect(&ev, 1, 2000, 200, 0, 200, 200 * 7, 199, 196 * 90 + 3 * 5090);
	assert_int_equal(ev.disorder, 0);
	sched_events_free(&ev);
	model_free(m);
	synth_remove(&s);
}

/* Number 10 dies and is given again: two epochs, told apart by their times. */
static void test_reuse(void **state)
{
	struct sched_events ev;
	struct model *m;
	struct synth s;

	(void)state;
	synth_open(&s);
	synth_mark(&s, 1, 1000, MARK_START, "start");
	synth_task(&s, 1, 10, 10, 900, 2000, 0, "first");
	synth_task(&s, 2, 10, 10, 3000, 0, 0, "second");
	synth_switchx(&s, 0, 1500, R, 0, 10);
	synth_switch(&s, 0, 2000, X, 0);
	synth_wakeup(&s, 0, 3000, 10, 0, 1);
	synth_switch(&s, 0, 3100, R, 10);
	synth_switch(&s, 0, 3200, S, 0);
	synth_switch(&s, 0, 3300, R, 77); /* nobody the table knows */
	synth_switch(&s, 0, 3350, S, 0);
	synth_mark(&s, 2, 4000, MARK_END, "end");
	synth_close(&s);
	load(&s, WINDOW_AUTO, &m, &ev);
	assert_int_equal(ev.n, 3);
	expect(&ev, 1, 500, 1, 0, 0, 0, 0, 0);
	expect(&ev, 2, 100, 1, 0, 1, 100, 0, 0);
	assert_int_equal(ev.n_own, 1);
	assert_int_equal(ev.own[0].tid, 77);
	sched_events_free(&ev);
	model_free(m);
	synth_remove(&s);
}

/* What spans lost records is left out: a wait from 1500 to 9000 may hide any number of others. */
static void test_lost(void **state)
{
	struct sched_events ev;
	struct model *m;
	struct synth s;

	(void)state;
	begin(&s);
	synth_switchx(&s, 0, 1500, R, 10, 20);
	synth_lost(&s, 0, 5000, MMT_CLASS_SWITCH, 17);
	synth_switchx(&s, 0, 9000, S, 30, 10);
	synth_switch(&s, 0, 9100, R, 20);
	synth_switch(&s, 0, 9300, S, 10);
	synth_mark(&s, 2, 9500, MARK_END, "end");
	synth_close(&s);
	load(&s, WINDOW_AUTO, &m, &ev);
	expect(&ev, 1, 500 + 100 + 200, 0, 2, 1, 200, 0, 0);
	expect(&ev, 2, 200, 1, 0, 0, 0, 0, 0);
	expect(&ev, 3, 0, 1, 0, 0, 0, 0, 0);
	assert_int_equal(ev.lost[MMT_CLASS_SWITCH], 17);
	sched_events_free(&ev);
	model_free(m);
	synth_remove(&s);
}

/* Without wakeups the stream tells of preemption only. */
static void test_no_wakeups(void **state)
{
	struct sched_events ev;
	struct model *m;
	struct synth s;

	(void)state;
	begin(&s);
	synth_switchx(&s, 0, 1500, S, 10, 20);
	synth_switch(&s, 0, 1700, R, 10);
	synth_switch(&s, 0, 1800, S, 20);
	synth_mark(&s, 2, 2000, MARK_END, "end");
	synth_close(&s);
	load(&s, WINDOW_AUTO, &m, &ev);
	assert_false(ev.has_wakeups);
	expect(&ev, 1, 600, 2, 0, 0, 0, 1, 200);
	expect(&ev, 2, 200 + 200, 0, 1, 1, 100, 0, 0);
	sched_events_free(&ev);
	model_free(m);
	synth_remove(&s);
}

/* A wake request slower than 2^28 ns does not wrap. */
static void test_long_delay(void **state)
{
	struct sched_events ev;
	struct model *m;
	struct synth s;

	(void)state;
	begin(&s);
	synth_switchx(&s, 0, 2000, S, 10, 0);
	synth_wakeupr(&s, 0, 5000000000, 10, 0, 3000000000);
	synth_switch(&s, 0, 5000000100, R, 10);
	synth_mark(&s, 2, 5000001000, MARK_END, "end");
	synth_close(&s);
	load(&s, WINDOW_AUTO, &m, &ev);
	/* kept in units of 1 ms from there on */
	assert_in_range(task(&ev, 1)->v[MT_WAIT_NS], 2998000000, 3000000100);
	sched_events_free(&ev);
	model_free(m);
	synth_remove(&s);
}

/* -------------------------------------------------------------- the merge */

struct order { uint64_t last, n, sum; };

static int keep(void *ctx, const struct mmt_chunk *c, const struct mmt_block *b, struct merge_lane *l)
{
	uint32_t i;

	(void)ctx;
	(void)c;
	for (i = 0; i < b->n; i++)
		l->rec[l->n++] = (struct mrec){ b->time[i], b->time[i] };
	return 0;
}

static int check(void *ctx, const struct mrec *r, size_t n)
{
	struct order *o = ctx;
	size_t i;

	for (i = 0; i < n; i++) {
		assert_true(r[i].time >= o->last);
		o->last = r[i].time;
		o->sum += r[i].v;
		o->n++;
	}
	return 0;
}

static void test_merge(void **state)
{
	static const struct merge_ops ops = { .block = keep, .batch = check };
	struct mmt_reader_opts ro = { .sz = sizeof(ro) };
	uint64_t want = 0, seed = 7, t[9] = { 0 }, n = 0;
	struct merge_stats st;
	struct mmt_reader *r;
	struct order o = { 0 };
	unsigned int chunk, k, i;
	struct synth s;

	(void)state;
	synth_open(&s);
	for (chunk = 0; chunk < 30; chunk++) {
		for (k = 0; k < 9; k++) {
			/* streams of very different density; some silent for long */
			unsigned int events = (chunk + k) % 3 ? 1u << (k % 11) : 0;

			if (t[k] < chunk * 1000000ull)
				t[k] = chunk * 1000000ull;
			for (i = 0; i < events; i++) {
				seed = seed * 6364136223846793005ull + 1442695040888963407ull;
				t[k] += (seed >> 40) % (1000000 / (events + 1));
				synth_switchx(&s, k, t[k], 0, 1, 2);
				want += t[k];
				n++;
			}
		}
		synth_seal(&s);
	}
	synth_close(&s);
	assert_int_equal(mmt_reader__open(s.path, &ro, &r), 0);
	assert_int_equal(merge_run(r, &ops, &o, &st), 0);
	assert_int_equal(o.n, n);
	assert_int_equal(st.events, n);
	assert_int_equal(o.sum, want);
	assert_int_equal(st.disorder, 0);
	mmt_reader__close(r);
	synth_remove(&s);
}

/* A chunk in the middle is damaged: the file still reads, and nothing is measured across the hole. */
static void test_missing_chunk(void **state)
{
	struct mmt_reader_opts ro = { .sz = sizeof(ro) };
	uint64_t where[8] = { 0 };
	struct sched_events ev;
	struct mmt_reader *r;
	struct mmt_chunk c;
	struct model *m;
	struct synth s;
	FILE *f;
	int n = 0;

	(void)state;
	begin(&s);
	synth_switchx(&s, 0, 2000, S, 10, 20);
	synth_seal(&s);
	synth_switch(&s, 0, 3000, S, 10);
	synth_switch(&s, 0, 3100, S, 20);
	synth_seal(&s);
	synth_switchx(&s, 0, 4000, S, 20, 10);
	synth_switch(&s, 0, 4100, S, 20);
	synth_seal(&s);
	synth_mark(&s, 2, 5000, MARK_END, "end");
	synth_close(&s);
	assert_int_equal(mmt_reader__open(s.path, &ro, &r), 0);
	while (mmt_reader__next(r, &c) > 0)
		if (c.n_blocks && n < 8)
			where[n++] = c.offset + 8 + c.stored_len; /* the header is longer than that */
	mmt_reader__close(r);
	assert_int_equal(n, 3);
	f = fopen(s.path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, (long)where[1], SEEK_SET), 0);
	n = fgetc(f);
	assert_int_equal(fseek(f, (long)where[1], SEEK_SET), 0);
	fputc(n ^ 0x55, f);
	fclose(f);
	load(&s, WINDOW_AUTO, &m, &ev);
	assert_int_equal(ev.missing, 1);
	assert_true(ev.status.line[0]);
	/* 10 slept from 2000 to 3000 and from 3100 to 4000: the stream that is left knows neither */
	expect(&ev, 1, 1000 + 100, 2, 0, 0, 0, 0, 0);
	sched_events_free(&ev);
	model_free(m);
	synth_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states), cmocka_unit_test(test_window), cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_reuse), cmocka_unit_test(test_lost), cmocka_unit_test(test_no_wakeups),
		cmocka_unit_test(test_long_delay), cmocka_unit_test(test_merge), cmocka_unit_test(test_missing_chunk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
