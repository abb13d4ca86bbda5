// SPDX-License-Identifier: GPL-2.0-only
/* Comparisons: what counts as a value, signs, missing and undefined, what is left out and said. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../analyzer/compare/show.h"
#include "synth.h"

struct tree {
	char dir[64];
	char said[4096];
};

static void note(void *ctx, enum mmt_log_level level, const char *msg)
{
	struct tree *t = ctx;
	size_t n = strlen(t->said);

	snprintf(t->said + n, sizeof(t->said) - n, "%d %s\n", level, msg);
}

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	strcpy(t->dir, "/tmp/mmt-compare-XXXXXX");
	*state = t;
	return mkdtemp(t->dir) ? 0 : -1;
}

static int teardown(void **state)
{
	struct tree *t = *state;
	char cmd[128];
	int err;

	snprintf(cmd, sizeof(cmd), "rm -rf %s", t->dir);
	err = system(cmd);
	free(t);
	return err;
}

static void put(const struct tree *t, const char *name, unsigned int iter, const char *file, const char *text)
{
	static const char *const part[] = { "%s/%s", "%s/%s/iter-%u", "%s/%s/iter-%u/bench" };
	char path[256];
	size_t i;
	FILE *f;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), part[i], t->dir, name, iter);
		mkdir(path, 0777);
	}
	snprintf(path, sizeof(path), "%s/%s/iter-%u/%s", t->dir, name, iter, file);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void start(struct tree *t, struct cmp *c)
{
	cmp_init(c);
	c->log = note;
	c->log_ctx = t;
	t->said[0] = '\0';
}

static const struct cmp_row *row_of(const struct cmp *c, const struct cmp_result *r, const char *metric, uint32_t arm)
{
	size_t i;

	for (i = 0; i < c->n_metrics; i++)
		if (!strcmp(c->metric[i].name, metric))
			return cmp_row(c, r, i, arm);
	fail_msg("no row for %s", metric);
	return NULL;
}

static void near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-9 * fabs(want) + 1e-12))
		fail_msg("got %.17g, want %.17g", got, want);
}

static void test_tree(void **state)
{
	struct tree *t = *state;
	struct cmp_result res;
	const struct cmp_row *r;
	struct cmp c;

	put(t, "a", 2, "bench/results.tsv", "Time\t_\t_\t0\t2\t_\nRate\tx\t4\t_\t10\t_\n");
	put(t, "a", 10, "bench/results.tsv", "Time\t_\t_\t0\t1\t_\nRate\tx\t4\t_\t12\t_\n# note\n");
	put(t, "a", 2, "bench/metrics.tsv", "Time\ts\tlower\nRate\tops/s\thigher\n");
	put(t, "a", 10, "bench/metrics.tsv", "Time\ts\tlower\nRate\tops/s\thigher\n");
	/* two samples of one iteration are one value: 4 and 6 make 5 */
	put(t, "b", 1, "bench/results.tsv", "Time\t_\t_\t0\t4\t_\nTime\t_\t_\t1\t6\t_\nRate\tx\t4\t_\tnan\t_\n");
	put(t, "b", 2, "bench/results.tsv", "Time\t_\t_\t0\t3\t_\nRate\tx\t4\t_\tgarbage\t_\n");
	put(t, "b", 1, "bench/metrics.tsv", "Time\ts\tlower\nRate\tops/s\thigher\n");
	put(t, "b", 3, "bench/results.tsv", "");
	put(t, "b", 4, "tests-timestamp", "test end :: bench 1700000000 3\n");
	put(t, "b", 4, "bench/results.tsv", "Time\t_\t_\t0\t1000\t_\n");
	put(t, "b", 5, "bench/other", "");

	start(t, &c);
	assert_int_equal(cmp_add_tree(&c, t->dir, NULL, "a,b"), 0);
	assert_int_equal(cmp_load_traces(&c), 0);
	assert_string_equal(c.benchmark, "bench");
	assert_int_equal(c.n_arms, 2);
	assert_int_equal(c.arm[0].iter[0].number, 2); /* 10 comes after 2 */
	assert_int_equal(c.arm[0].iter[1].number, 10);
	assert_true(c.arm[1].iter[0].complete && c.arm[1].iter[1].complete);
	assert_false(c.arm[1].iter[2].complete || c.arm[1].iter[3].complete || c.arm[1].iter[4].complete);
	assert_non_null(strstr(c.arm[1].iter[2].why, "empty"));
	assert_non_null(strstr(c.arm[1].iter[3].why, "failed"));
	assert_non_null(strstr(c.arm[1].iter[4].why, "no results"));
	assert_non_null(strstr(t->said, "garbage"));

	assert_int_equal(cmp_decide(&c, NULL, &res), 0);
	r = row_of(&c, &res, "Time", 0);
	near(r->desc.mean, 1.5);
	assert_int_equal(c.metric[r->metric].better, METRIC_LOWER);
	assert_string_equal(c.metric[r->metric].unit, "s");
	r = row_of(&c, &res, "Time", 1);
	near(r->desc.mean, 4);
	near(r->diff, 2.5);
	near(r->ratio, sqrt(5 * 3) / sqrt(2 * 1));   /* all positive: of geometric means */
	near(r->delta, -100 * (r->ratio - 1)); /* longer: worse: minus */
	/* the interval turns with the sign: its ends keep their order */
	assert_true(r->lo < r->delta && r->delta < r->hi);
	near(r->lo, -100 * (r->ratio_hi - 1));
	r = row_of(&c, &res, "Rate-x-4", 1);
	assert_int_equal(r->desc.n, 0);
	assert_int_equal(r->dropped, 2);
	assert_int_equal(r->missing, 0);
	assert_true(isnan(r->delta) && isnan(r->desc.mean));
	assert_string_equal(r->word, "no number");
	cmp_result_free(&res);
	cmp_free(&c);
}

static void test_signs(void **state)
{
	static const double a[] = { 10, 12 }, b[] = { 20, 24 };
	struct tree *t = *state;
	struct cmp_result res;
	struct cmp c;
	size_t i;
	int id[4];

	start(t, &c);
	assert_non_null(cmp_arm(&c, "a"));
	assert_non_null(cmp_arm(&c, "b"));
	id[0] = cmp_metric(&c, "up", "x", METRIC_HIGHER, CMP_BENCHMARK);
	id[1] = cmp_metric(&c, "down", "x", METRIC_LOWER, CMP_BENCHMARK);
	id[2] = cmp_metric(&c, "neither", "x", METRIC_NEITHER, CMP_BENCHMARK);
	id[3] = cmp_metric(&c, "zero", "x", METRIC_LOWER, CMP_BENCHMARK);
	assert_int_equal(cmp_metric(&c, "up", "", METRIC_NEITHER, CMP_BENCHMARK), id[0]); /* says nothing new */
	assert_false(c.metric[id[0]].unit_varies);
	assert_int_not_equal(cmp_metric(&c, "up", "y", METRIC_LOWER, CMP_KERNEL), id[0]);
	for (i = 0; i < 2; i++) {
		struct cmp_iteration *x = cmp_iteration(&c.arm[0], "p", (unsigned int)i);
		struct cmp_iteration *y = cmp_iteration(&c.arm[1], "p", (unsigned int)i);
		int k;

		x->complete = y->complete = true;
		for (k = 0; k < 3; k++)
			assert_int_equal(cmp_value(&c, (uint32_t)id[k], &c.arm[0], x, a[i]), 0);
		assert_int_equal(cmp_value(&c, (uint32_t)id[3], &c.arm[0], x, 0), 0);
		for (k = 0; k < 4; k++)
			assert_int_equal(cmp_value(&c, (uint32_t)id[k], &c.arm[1], y, b[i]), 0);
	}
	assert_int_equal(cmp_decide(&c, NULL, &res), 0);
	near(row_of(&c, &res, "up", 1)->delta, 100);
	near(row_of(&c, &res, "down", 1)->delta, -100);
	near(row_of(&c, &res, "neither", 1)->delta, 100);
	/* from nothing to something is no percentage */
	assert_true(isnan(row_of(&c, &res, "zero", 1)->delta));
	near(row_of(&c, &res, "zero", 1)->diff, 22);
	assert_string_equal(row_of(&c, &res, "zero", 1)->word, "from 0");
	cmp_result_free(&res);
	cmp_free(&c);
}

/* Traces as arms: the kernel metrics of one iteration each; a difference of the systems is told. */
static void test_traces(void **state)
{
	struct tree *t = *state;
	uint64_t v[MT_N] = { 0 };
	struct table_out o = { .fmt = TABLE_TEXT, .width = 80 };
	struct cmp_result res;
	struct synth s[2];
	char *text = NULL;
	struct cmp c;
	size_t n, i;
	FILE *f;

	for (i = 0; i < 2; i++) {
		synth_open(&s[i]);
		synth_meta(&s[i], "kernel.release", i ? "7.0" : "6.1");
		synth_meta(&s[i], "governor", "performance");
		synth_meta(&s[i], "boot.id", i ? "one" : "two");
		synth_mark(&s[i], 1, 0, MARK_ITER_START, "");
		synth_task(&s[i], 1, 10, 10, 0, 0, 0, "a");
		v[MT_NVCSW] = 100 + 50 * i;
		synth_totals(&s[i], 10, 1, 1, 7, v, NULL, NULL);
		synth_mark(&s[i], 2, 1000000000, MARK_ITER_END, "");
		synth_close(&s[i]);
	}
	start(t, &c);
	assert_int_equal(cmp_add_traces(&c, s[0].path), 0);
	assert_int_equal(cmp_add_traces(&c, s[1].path), 0);
	assert_int_equal(cmp_load_traces(&c), 0);
	assert_int_equal(cmp_decide(&c, NULL, &res), 0);
	near(row_of(&c, &res, "sched.switches", 1)->delta, -50);
	assert_true(isnan(row_of(&c, &res, "sched.switches", 1)->p));
	assert_int_equal(row_of(&c, &res, "sched.switches", 1)->status, STATS_TOO_FEW);
	f = open_memstream(&text, &n);
	assert_int_equal(cmp_write(&c, &res, CMP_VIEW_TABLE, &o, f), 0);
	fclose(f);
	cmp_result_free(&res);
	assert_non_null(strstr(text, "kernel.release"));
	assert_null(strstr(text, "governor"));
	assert_non_null(strstr(text, "one boot an arm"));
	assert_null(strstr(text, "cross_node")); /* 0 on both sides */
	free(text);
	cmp_free(&c);
	for (i = 0; i < 2; i++)
		synth_remove(&s[i]);
}

static void test_bad_input(void **state)
{
	struct tree *t = *state;
	struct cmp c;

	put(t, "good", 1, "bench/results.tsv", "Time\t_\t_\t0\t2\t_\n");
	put(t, "broken", 1, "bench/results.tsv", "");
	start(t, &c);
	assert_int_equal(cmp_add_tree(&c, "/nonexistent", NULL, NULL), -ENOENT);
	assert_int_equal(cmp_add_tree(&c, t->dir, NULL, "nobody"), -ENOENT);
	assert_non_null(strstr(t->said, "nobody"));
	cmp_free(&c);
	start(t, &c);
	assert_int_equal(cmp_add_tree(&c, t->dir, "bench", "good,broken"), -ENODATA);
	assert_non_null(strstr(t->said, "no complete iteration"));
	cmp_free(&c);
	start(t, &c);
	assert_int_equal(cmp_add_tree(&c, t->dir, "other", "good"), -ENODATA);
	cmp_free(&c);
	start(t, &c);
	assert_int_equal(cmp_add_traces(&c, "/nonexistent.mmt"), -ENOENT);
	cmp_free(&c);
	start(t, &c);
	assert_int_equal(cmp_add_traces(&c, "/etc/passwd"), 0);
	assert_int_equal(cmp_load_traces(&c), -ENODATA);
	assert_non_null(strstr(t->said, "not a trace"));
	cmp_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_traces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_input, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
