// SPDX-License-Identifier: GPL-2.0-only
/* The live view from rows with known answers: groups, rates, faults, who is forgotten, what fits a width. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/live/show.h"

#define MAX_CELLS 32

struct set { const char *name; uint64_t u; const char *s; };

/* A row by the names of its columns; the rest is 0 and empty. */
static int row(struct live *l, uint16_t table, const struct set *v, size_t n)
{
	const struct mmt_type *t = mmt_std_type(table);
	struct mmt_cell c[MAX_CELLS] = { { 0 } };
	size_t i;

	for (i = 0; i < n; i++) {
		int at = mmt_type__field(t, v[i].name);

		assert_in_range(at, 0, MAX_CELLS - 1);
		c[at].u = v[i].u;
		c[at].p = v[i].s;
		c[at].len = v[i].s ? (uint32_t)strlen(v[i].s) : 0;
	}
	return live_row(l, t, c);
}

#define ROW(l, table, ...) \
	assert_int_equal(row(l, table, (const struct set[]){ __VA_ARGS__ }, \
			     sizeof((const struct set[]){ __VA_ARGS__ }) / sizeof(struct set)), 0)

static void mark(struct live *l, uint64_t seq, uint64_t time)
{
	ROW(l, MMT_TB_COUNTER, { "source", 0, "proc.vmstat" }, { "name", 0, "pgfault" }, { "value", 1000 * seq, NULL });
	ROW(l, MMT_TB_COUNTER, { "source", 0, "proc.vmstat" }, { "name", 0, "pgmajfault" }, { "value", 10 * seq, NULL });
	ROW(l, MMT_TB_FOOTPRINT, { "user_ns", seq * 6000000, NULL }, { "sys_ns", seq * 4000000, NULL }, { "rss_kb", 1000, NULL },
	    { "map_kb", 2000, NULL });
	ROW(l, MMT_TB_MARK, { "seq", seq, NULL }, { "time", time, NULL });
}

static void task(struct live *l, uint64_t epoch, uint64_t tid, uint64_t tgid, const char *comm, uint64_t last)
{
	ROW(l, MMT_TB_TASK, { "epoch", epoch, NULL }, { "tid", tid, NULL }, { "tgid", tgid, NULL }, { "start", epoch, NULL },
	    { "last", last, NULL }, { "comm", 0, comm }, { "cgroup", 7, NULL });
}

static void totals(struct live *l, uint64_t segment, uint64_t epoch, uint64_t run, uint64_t nvcsw, uint64_t nivcsw)
{
	const uint64_t places[] = { run / 4, run / 4, 0, run / 2 };
	uint32_t hist[MMT_HIST_BUCKETS] = { 0 };
	uint8_t place_buf[64], hist_buf[64];
	const struct mmt_type *t = mmt_std_type(MMT_TB_TASK_TOTALS);
	struct mmt_cell c[MAX_CELLS] = { { 0 } };

	hist[mmt_hist_bucket(1000 * epoch)] = (uint32_t)nvcsw;
#define SET(name_, v) c[mmt_type__field(t, name_)].u = v
	SET("segment", segment);
	SET("epoch", epoch);
	SET("cgroup", 7);
	SET("run_ns", run);
	SET("nvcsw", nvcsw);
	SET("nivcsw", nivcsw);
	SET("mig_llc", 2);
	SET("mig_cross", 1);
	SET("wait_n", nvcsw);
	SET("wait_ns", nvcsw * 1000 * epoch);
	SET("wait_max", 1000 * epoch);
	c[mmt_type__field(t, "place_ns")] = (struct mmt_cell){
		.p = place_buf, .len = (uint32_t)mmt_vec_pack(places, 4, place_buf, sizeof(place_buf)) };
	c[mmt_type__field(t, "wait_hist")] = (struct mmt_cell){
		.p = hist_buf, .len = (uint32_t)mmt_hist_pack(hist, MMT_HIST_BUCKETS, hist_buf, sizeof(hist_buf)) };
	assert_int_equal(live_row(l, t, c), 0);
}

/* 4 CPUs on 2 nodes; a process of two threads, another, and one that ends. */
static struct live *begin(bool faults)
{
	struct live *l;
	uint64_t i;

	assert_int_equal(live_new(&l), 0);
	ROW(l, MMT_TB_META, { "key", 0, "totals.place" }, { "value", 0, "cpu" });
	if (faults)
		ROW(l, MMT_TB_META, { "key", 0, "fault.kinds" }, { "value", 0, "no" });
	for (i = 0; i < 4; i++)
		ROW(l, MMT_TB_CPU, { "cpu", i, NULL }, { "core", i, NULL }, { "llc", i & 2, NULL }, { "node", i / 2, NULL },
		    { "online", 1, NULL });
	ROW(l, MMT_TB_CGROUP, { "id", 7, NULL }, { "path", 0, "/a/b" });
	task(l, 1, 100, 100, "main", 0);
	task(l, 2, 101, 100, "worker", 0);
	task(l, 3, 200, 200, "other", 0);
	totals(l, 0, 1, 77777, 77, 77); /* before the first mark: nobody's business */
	mark(l, 1, 1000000000);
	return l;
}

static void interval(struct live *l, uint64_t segment)
{
	totals(l, segment, 1, 100000000, 10, 1);
	totals(l, segment, 2, 300000000, 20, 2);
	totals(l, segment, 3, 200000000, 70, 3);
	ROW(l, MMT_TB_CPU_TOTALS, { "segment", segment, NULL }, { "cpu", 1, NULL }, { "switches", 106, NULL },
	    { "nvcsw", 100, NULL }, { "nivcsw", 6, NULL }, { "busy_ns", 600000000, NULL }, { "idle_ns", 1400000000, NULL },
	    { "mig_llc", 6, NULL }, { "mig_cross", 3, NULL });
	ROW(l, MMT_TB_FAULT_TOTALS, { "segment", segment, NULL }, { "epoch", 2, NULL }, { "cgroup", 7, NULL },
	    { "minor", 40, NULL }, { "major", 2, NULL });
	ROW(l, MMT_TB_FAULT_TOTALS, { "segment", segment, NULL }, { "epoch", 2, NULL }, { "cgroup", 7, NULL },
	    { "minor", 1, NULL });
	mark(l, segment + 1, 1000000000 + segment * 2000000000);
}

static struct live_view view(const struct live *l, enum model_by by, enum live_sort sort, bool reverse)
{
	const struct live_view_opts o = { .by = by, .sort = sort, .reverse = reverse };
	struct live_view v;

	assert_int_equal(live_view(l, &o, &v), 0);
	return v;
}

static void test_nothing_yet(void **state)
{
	const struct live_view_opts o = { 0 };
	struct live_view v;
	struct live *l;

	(void)state;
	assert_int_equal(live_new(&l), 0);
	assert_int_equal(live_view(l, &o, &v), -ENODATA);
	live_free(l);
	l = begin(true);
	assert_int_equal(live_view(l, &o, &v), -ENODATA);
	assert_int_equal(live_intervals(l), 0);
	live_free(l);
}

static void test_groups(void **state)
{
	struct live *l = begin(true);
	struct live_view v;
	uint64_t seg;

	(void)state;
	for (seg = 1; seg <= 3; seg++) { /* every interval tells the same: nothing is carried over */
		interval(l, seg);
		v = view(l, BY_PROCESS, LIVE_CPU, false);
		assert_int_equal(v.n, 2);
		assert_true(v.seconds == 2);
		assert_int_equal(v.lines[0].g.task->tgid, 100);
		assert_string_equal(v.lines[0].name, "main");
		assert_int_equal(v.lines[0].g.n_tasks, 2);
		assert_int_equal(v.lines[0].g.v[MT_RUN_NS], 400000000);
		assert_int_equal(v.lines[0].g.v[MT_NVCSW], 30);
		assert_int_equal(v.lines[0].g.v[MT_NIVCSW], 3);
		assert_int_equal(model_migrations(v.lines[0].g.v), 6);
		assert_int_equal(v.lines[0].g.wait.max, 2000);
		assert_int_equal(rhist_count(&v.lines[0].g.wait), 30);
		assert_true(v.lines[0].faults.known);
		assert_int_equal(v.lines[0].faults.minor, 41);
		assert_int_equal(v.lines[0].faults.major, 2);
		assert_true(v.lines[1].faults.known); /* and it had none */
		assert_int_equal(v.lines[1].faults.minor, 0);
		assert_int_equal(v.n_nodes, 2);
		assert_int_equal(v.lines[0].node_ns[0], 200000000);
		assert_int_equal(v.lines[0].node_ns[1], 200000000);
		assert_int_equal(v.n_cpus, 4);
		assert_false(v.has_class[0]);
		assert_true(v.has_class[1] && !v.has_class[2] && v.has_class[3]);
		assert_int_equal(v.cpu[MC_SWITCHES], 106);
		assert_true(v.faults.known);
		assert_int_equal(v.faults.minor, 990);
		assert_int_equal(v.faults.major, 10);
		assert_true(v.have_own);
		assert_true(v.own_cpu > 0.00499 && v.own_cpu < 0.00501);
		assert_int_equal(v.all.n_tasks, 3);
		assert_int_equal(v.n_live, 3);
		live_view_free(&v);
	}
	v = view(l, BY_CGROUP, LIVE_CPU, false);
	assert_int_equal(v.n, 1);
	assert_string_equal(v.lines[0].name, "/a/b");
	assert_int_equal(v.lines[0].faults.minor, 41);
	live_view_free(&v);
	v = view(l, BY_COMM, LIVE_CPU, false);
	assert_int_equal(v.n, 3);
	live_view_free(&v);
	live_free(l);
}

static void test_sorts(void **state)
{
	static const uint64_t first[LIVE_N_SORTS] = { 2, 3, 3, 2, 2 };
	struct live *l = begin(true);
	struct live_view v;
	int sort;

	(void)state;
	interval(l, 1);
	for (sort = 0; sort < LIVE_N_SORTS; sort++) {
		v = view(l, BY_TASK, (enum live_sort)sort, false);
		assert_int_equal(v.n, 3);
		assert_int_equal(v.lines[0].g.task->epoch, first[sort]);
		live_view_free(&v);
	}
	v = view(l, BY_TASK, LIVE_WAIT, true);
	assert_int_equal(v.lines[0].g.task->epoch, 1);
	live_view_free(&v);
	live_free(l);
}

/* Without the fault family a fault count is unknown, not 0. */
static void test_no_faults(void **state)
{
	struct live *l = begin(false);
	struct live_view v;
	const struct live_show s = { .width = 80, .what = "", .rows = 10 };
	char *text;
	size_t size;
	FILE *f;

	(void)state;
	interval(l, 1);
	v = view(l, BY_PROCESS, LIVE_FAULTS, false);
	assert_false(v.lines[0].faults.known);
	f = open_memstream(&text, &size);
	live_show_lines(&v, &s, f);
	fclose(f);
	assert_non_null(strstr(text, " - "));
	free(text);
	f = open_memstream(&text, &size);
	assert_int_equal(live_json(&v, f), 0);
	fclose(f);
	assert_non_null(strstr(text, "\"machine\""));
	assert_null(strstr(strstr(text, "\"lines\""), "minflt"));
	free(text);
	live_view_free(&v);
	live_free(l);
}

static char state_of(uint32_t pid, uint32_t tid)
{
	return pid == 100 && tid == 100 ? 'R' : 'S';
}

static void test_ended(void **state)
{
	struct live *l = begin(true);
	struct live_view v;
	uint64_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		totals(l, 1, 10 + i, 1000, 1, 0);
		task(l, 10 + i, 1000 + i, 1000 + i, "short", 1500000000);
	}
	interval(l, 1);
	v = view(l, BY_PROCESS, LIVE_CPU, false);
	assert_int_equal(v.n, 1002);
	assert_int_equal(v.n_live, 3);
	live_states(&v, 0, 10, state_of);
	assert_int_equal(v.lines[0].state, 'R');
	assert_int_equal(v.lines[1].state, 'S');
	assert_int_equal(v.lines[2].state, 'X');
	live_view_free(&v);
	interval(l, 2);
	v = view(l, BY_PROCESS, LIVE_CPU, false);
	assert_int_equal(v.n, 2);
	live_view_free(&v);
	/* a thread that ended is not the end of its process */
	totals(l, 3, 2, 5000, 1, 0);
	task(l, 2, 101, 100, "worker", 6000000000);
	mark(l, 4, 7000000000);
	v = view(l, BY_PROCESS, LIVE_CPU, false);
	assert_int_equal(v.n, 1);
	live_states(&v, 0, 10, state_of);
	assert_int_equal(v.lines[0].state, 'R');
	live_view_free(&v);
	v = view(l, BY_TASK, LIVE_CPU, false);
	assert_int_equal(v.lines[0].state, 'X');
	live_view_free(&v);
	live_free(l);
}

static void test_filter(void **state)
{
	struct live *l = begin(true);
	struct live_view_opts o = { .by = BY_TASK };
	struct live_view v;
	regex_t re;

	(void)state;
	interval(l, 1);
	assert_int_equal(regcomp(&re, "^(w|o)", REG_EXTENDED | REG_NOSUB), 0);
	o.filter = &re;
	assert_int_equal(live_view(l, &o, &v), 0);
	assert_int_equal(v.n, 2);
	assert_int_equal(v.n_hidden, 1);
	assert_int_equal(v.all.v[MT_RUN_NS], 600000000);
	live_view_free(&v);
	regfree(&re);
	live_free(l);
}

/* No line is wider than asked for, and heads stand above their columns. */
static void test_widths(void **state)
{
	static const enum model_by by[] = { BY_PROCESS, BY_TASK, BY_COMM, BY_CGROUP };
	struct live *l = begin(true);
	struct live_show s = { .interval = 1, .what = "; only those asked for below", .rows = 100 };
	struct live_view v;
	char *text, *line, *save;
	size_t size, k;
	FILE *f;

	(void)state;
	task(l, 3, 4194303, 4194303, "a\033[2J\n\t\377\302\233zz", 0);
	totals(l, 1, 3, UINT64_MAX / 4, 4000000000u, 4000000000u);
	ROW(l, MMT_TB_FAULT_TOTALS, { "segment", 1, NULL }, { "epoch", 3, NULL }, { "cgroup", 7, NULL },
	    { "minor", UINT64_MAX / 4, NULL });
	interval(l, 1);
	for (k = 0; k < 4; k++) {
		v = view(l, by[k], LIVE_WAIT, false);
		for (s.width = 1; s.width <= 250; s.width++) {
			f = open_memstream(&text, &size);
			live_show_head(&v, &s, f);
			live_show_lines(&v, &s, f);
			fclose(f);
			for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
				if (strlen(line) > (size_t)s.width)
					fail_msg("%d columns: '%s'", s.width, line);
				for (; *line; line++)
					assert_in_range(*line, ' ', '~');
			}
			free(text);
		}
		live_view_free(&v);
	}
	live_free(l);
}

static void test_text(void **state)
{
	static const struct { const char *in, *out; int width; } c[] = {
		{ "plain", "plain   ", 8 }, { "too long", "too ", 4 }, { "", "  ", 2 }, { "a\033]0;x\007b", "a?]0;x?b", 8 },
		{ "\177\001", "??", 2 }, { "x", "", 0 },
	};
	char *text;
	size_t size, i;
	FILE *f;

	(void)state;
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		f = open_memstream(&text, &size);
		live_put_text(f, c[i].in, c[i].width, true);
		fclose(f);
		assert_string_equal(text, c[i].out);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_yet), cmocka_unit_test(test_groups), cmocka_unit_test(test_sorts),
		cmocka_unit_test(test_no_faults), cmocka_unit_test(test_ended), cmocka_unit_test(test_filter),
		cmocka_unit_test(test_widths), cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
