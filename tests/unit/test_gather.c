// SPDX-License-Identifier: GPL-2.0-only
/* Trees of results: starts, times, boots, samples, directions, and what is said where something is missing. */
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

#include "../../analyzer/compare/compare.h"

struct tree {
	char dir[64];
	char said[4096];
	struct cmp c;
};

static void note(void *ctx, enum mmt_log_level level, const char *msg)
{
	struct tree *t = ctx;
	size_t n = strlen(t->said);

	(void)level;
	snprintf(t->said + n, sizeof(t->said) - n, "%s\n", msg);
}

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	strcpy(t->dir, "/tmp/mmt-gather-XXXXXX");
	*state = t;
	return mkdtemp(t->dir) ? 0 : -1;
}

static int teardown(void **state)
{
	struct tree *t = *state;
	char cmd[128];
	int err;

	cmp_free(&t->c);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", t->dir);
	err = system(cmd);
	free(t);
	return err;
}

/* A file of the tree, with the directories it stands in. */
static void put(const struct tree *t, const char *file, const char *text)
{
	char path[256], *p;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", t->dir, file);
	for (p = path + strlen(t->dir) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0777);
		*p = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int gather(struct tree *t, const char *bench, const char *names)
{
	cmp_free(&t->c);
	cmp_init(&t->c);
	t->c.log = note;
	t->c.log_ctx = t;
	t->said[0] = '\0';
	return cmp_add_tree(&t->c, t->dir, bench, names);
}

static const struct cmp_metric *metric(const struct tree *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->c.n_metrics; i++)
		if (!strcmp(t->c.metric[i].name, name))
			return &t->c.metric[i];
	fail_msg("no metric %s", name);
	return NULL;
}

/* All samples of a metric, in the order they were read, as text. */
static const char *samples(const struct tree *t, const char *name)
{
	static char text[512];
	uint32_t id = (uint32_t)(metric(t, name) - t->c.metric);
	size_t i, n = 0;

	for (i = 0; i < t->c.n_values; i++)
		if (t->c.value[i].metric == id)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u:%g", n ? " " : "",
					      t->c.arm[t->c.value[i].arm].iter[t->c.value[i].iter].number, t->c.value[i].value);
	return text;
}

static void test_stamps(void **state)
{
	struct tree *t = *state;
	const struct cmp_iteration *it;

	put(t, "a/iter-0/b-x/results.tsv", "time\t_\t_\t0\t2\t_\n");
	put(t, "a/iter-0/tests-timestamp", "start :: 1780000000\ntest begin :: b-xx 1779999999\ntest begin :: b-x 1780000010\n"
	    "test end :: b-x 1780000020 0\ntime :: b-x 1.50 user 0.25 system 9.75 elapsed\nfinish :: 1780000021\n");
	put(t, "a/iter-2/b-x/results.tsv", "time\t_\t_\t0\t3\t_\n");
	put(t, "a/iter-2/tests-timestamp", "test begin :: b-x 1780000100\ntest end :: b-x 1780000110 3\n");
	put(t, "a/iter-10/b-x/results.tsv", "time\t_\t_\t0\t4\t_\n");
	put(t, "a/run.json", "{\"executions\": [{\"iteration\": 10, \"benchmark\": \"b-x\", \"start\": 5.5, \"boot_id\": \"old\"},"
	    "{\"iteration\": 10, \"benchmark\": \"b-x\", \"start\": 1780000200.125, \"boot_id\": \"abc\"},"
	    "{\"iteration\": 10, \"benchmark\": \"other\", \"start\": 7.5, \"boot_id\": \"no\"}, 3, {\"iteration\": \"0\"}]}");
	assert_int_equal(gather(t, "b-x", "a"), 0);
	assert_int_equal(t->c.arm[0].n_iter, 3);
	it = t->c.arm[0].iter;
	assert_true(it[0].start == 1780000010 && it[0].user == 1.5 && it[0].system == 0.25 && it[0].elapsed == 9.75);
	assert_null(it[0].boot_id);
	assert_true(it[0].complete && !it[1].complete && it[2].complete);
	assert_string_equal(it[1].why, "the benchmark failed");
	assert_true(isnan(it[1].elapsed));
	assert_int_equal(it[2].number, 10);
	assert_true(it[2].start == 1780000200.125);
	assert_string_equal(it[2].boot_id, "abc");
	assert_string_equal(samples(t, "time"), "0:2 10:4");
	assert_string_equal(t->said, "");

	put(t, "a/run.json", "{ cut");
	assert_int_equal(gather(t, "b-x", "a"), 0);
	assert_non_null(strstr(t->said, "run.json"));
	assert_true(isnan(t->c.arm[0].iter[2].start));
}

static void test_samples(void **state)
{
	struct tree *t = *state;

	put(t, "a/iter-2/hackbench-thread-pipes/logs/hackbench-4", "Total time: 1.5 [sec]\nTotal time: 1.25 [sec]\n");
	put(t, "a/iter-10/hackbench-thread-pipes/logs/hackbench-4", "Total time: 1 [sec]\n");
	put(t, "a/iter-10/hackbench-thread-pipes/logs/hackbench-8", "Total");
	assert_int_equal(gather(t, NULL, "a"), 0);
	assert_string_equal(t->c.benchmark, "hackbench-thread-pipes");
	assert_string_equal(samples(t, "time-4"), "2:1.5 2:1.25 10:1");
	assert_true(metric(t, "time-4")->fresh && !metric(t, "time-4")->ratio);
	assert_int_equal(metric(t, "time-4")->better, METRIC_LOWER);
	assert_string_equal(metric(t, "time-4")->unit, "s");
	assert_non_null(strstr(t->said, "no result in logs/hackbench-8"));
	assert_true(t->c.arm[0].iter[1].complete);

	put(t, "c/iter-0/schbench/logs/schbench-2.log", "RPS percentiles (requests) runtime 1 (s) (2 total samples)\n"
	    "\t  20.0th: 7 (1 samples)\ncurrent rps: 7\n");
	assert_int_equal(gather(t, NULL, "c"), 0);
	assert_int_equal(metric(t, "RPS-20.0th-2")->better, METRIC_HIGHER);
	assert_false(metric(t, "RPS-20.0th-2")->fresh);

	/* results.tsv counts before logs, metrics.tsv before what is known of the benchmark */
	put(t, "a/iter-2/hackbench-thread-pipes/results.tsv", "time\t4\t_\t0\t7\tR\nother\t_\t_\t0\t1\t_\n");
	put(t, "a/iter-2/hackbench-thread-pipes/metrics.tsv", "time\tms\thigher\n");
	assert_int_equal(gather(t, NULL, "a"), 0);
	assert_string_equal(samples(t, "time-4"), "2:7 10:1");
	assert_true(metric(t, "time-4")->ratio && metric(t, "time-4")->unit_varies);
	assert_int_equal(metric(t, "other")->better, METRIC_NEITHER);
}

static void test_directions(void **state)
{
	static const struct { const char *name; enum metric_direction better; } want[] = {
		{ "Time", METRIC_LOWER }, { "avg_latency", METRIC_LOWER }, { "elapsed-4", METRIC_LOWER }, { "ops/sec", METRIC_HIGHER },
		{ "MB/s-read", METRIC_HIGHER }, { "RPS", METRIC_HIGHER }, { "sometimes", METRIC_NEITHER }, { "score", METRIC_NEITHER },
		{ "faults/sec", METRIC_NEITHER }, { "time ops/sec", METRIC_NEITHER }, { "drops", METRIC_NEITHER },
		{ "timer", METRIC_NEITHER },
	};
	char text[1024];
	struct tree *t = *state;
	size_t i, n = 0;

	for (i = 0; i < sizeof(want) / sizeof(*want); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\t_\t_\t0\t%zu\t_\n", want[i].name, i);
	put(t, "a/iter-0/unheard/results.tsv", text);
	assert_int_equal(gather(t, NULL, "a"), 0);
	for (i = 0; i < sizeof(want) / sizeof(*want); i++)
		if (metric(t, want[i].name)->better != want[i].better)
			fail_msg("%s: direction %d", want[i].name, metric(t, want[i].name)->better);
	put(t, "a/iter-0/unheard/metrics.tsv", "drops\tus\t_\nscore\t_\thigher\ntimer\tops/s\tneither\n");
	assert_int_equal(gather(t, NULL, "a"), 0);
	assert_int_equal(metric(t, "score")->better, METRIC_HIGHER);
	assert_int_equal(metric(t, "drops")->better, METRIC_LOWER); /* by its unit */
	assert_int_equal(metric(t, "timer")->better, METRIC_NEITHER); /* said so */
}

static void test_nothing(void **state)
{
	struct tree *t = *state;

	put(t, "a/iter-0/unheard-of/logs/log", "7\n");
	assert_int_equal(gather(t, NULL, "a"), -ENODATA);
	assert_non_null(strstr(t->said, "there is no results.tsv, and logs of unheard-of are none that are known"));
	put(t, "b/iter-0/ebizzy/logs/ebizzy-1-1.log", "");
	assert_int_equal(gather(t, NULL, "b"), -ENODATA);
	assert_non_null(strstr(t->said, "ebizzy-T-I.log"));
	put(t, "c/iter-0/ebizzy/other", "");
	assert_int_equal(gather(t, NULL, "c"), -ENODATA);
	assert_non_null(strstr(t->said, "no logs/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stamps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_samples, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
