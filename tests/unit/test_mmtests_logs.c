// SPDX-License-Identifier: GPL-2.0-only
/* Native readers of benchmarks' logs: each log of tests/data/mmtests-logs gives the samples beside it; bad logs. */
#include <errno.h>
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#include "../../analyzer/mmtests/bench.h"

#define DATA "tests/data/mmtests-logs"

static char *as_tsv(const struct mmtests_samples *s)
{
	char *text = NULL;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	for (i = 0; i < s->n; i++)
		fprintf(f, "%s\t%s\t%s\t%.12g\t%.12g\t%s\n", s->v[i].metric, s->v[i].a, s->v[i].b, s->v[i].interval,
			s->v[i].value, s->v[i].ratio ? "R" : "_");
	fclose(f);
	return text;
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;

	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	if (getdelim(&text, &cap, '\0', f) < 0)
		text = calloc(1, 1);
	fclose(f);
	return text;
}

static void test_recorded(void **state)
{
	struct dirent **list;
	char path[512], why[300], *want, *got;
	struct mmtests_samples s;
	int n = scandir(DATA, &list, NULL, alphasort), i, seen = 0;

	(void)state;
	assert_true(n > 0);
	for (i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		const struct mmtests_bench *b = *name == '.' ? NULL : mmtests_bench(name);

		if (*name != '.') {
			assert_non_null(b);
			assert_int_equal(mmtests_samples_init(&s), 0);
			snprintf(path, sizeof(path), DATA "/%s/logs", name);
			assert_int_equal(mmtests_read(b, path, &s, why, sizeof(why)), 0);
			snprintf(path, sizeof(path), DATA "/%s/expected", name);
			want = slurp(path);
			got = as_tsv(&s);
			assert_string_equal(got, want);
			for (size_t k = 0; k < s.n; k++)
				assert_non_null(mmtests_metric(b, s.v[k].metric));
			free(want);
			free(got);
			mmtests_samples_free(&s);
			seen++;
		}
		free(list[i]);
	}
	free(list);
	assert_true(seen >= 30);
}

static void test_names(void **state)
{
	size_t n, i;
	const struct mmtests_bench *b = mmtests_benches(&n);

	(void)state;
	assert_string_equal(mmtests_bench("hackbench-process-pipes")->name, "hackbench");
	assert_string_equal(mmtests_bench("netperf-ipv4-tcp-rr")->name, "netperf");
	assert_string_equal(mmtests_bench("time_unmap")->name, "time_unmap");
	assert_null(mmtests_bench("hackbenchy"));
	assert_null(mmtests_bench("my-hackbench"));
	assert_null(mmtests_bench("hackbench-a+b"));
	assert_null(mmtests_bench(""));
	assert_null(mmtests_bench("-"));
	for (i = 0; i < n; i++) {
		assert_true(!i || strcmp(b[i - 1].name, b[i].name) < 0); /* in order, none twice */
		assert_non_null(b[i].files);
		assert_non_null(b[i].heading);
		assert_true(b[i].metric[0].name && b[i].metric[0].better != METRIC_NEITHER);
	}
	assert_string_equal(mmtests_metric(mmtests_bench("futexbench"), "requeue-pi")->name, "requeue-pi");
	assert_string_equal(mmtests_metric(mmtests_bench("dbench"), "op-Close")->name, "op");
	assert_null(mmtests_metric(mmtests_bench("dbench"), "operations"));
}

/* mmt-trace-mmtests(7) lists the benchmarks with their files, metrics, units and directions. */
static void test_page(void **state)
{
	static const char *const rows[] = { NULL, "Rows: Normalisedops", "Rows: NormalisedLeftSkewops", "Rows: Singleops" };
	char *page = slurp("docs/mmt-trace-mmtests.7"), *at, *end, want[200];
	size_t n, i, k;
	const struct mmtests_bench *b = mmtests_benches(&n);

	(void)state;
	for (i = 0; i < n; i++) {
		snprintf(want, sizeof(want), "%s%s", b[i].read == mmtests_read_time ? "" : ".It ", b[i].name);
		at = strstr(strstr(page, ".Ss Benchmarks"), want);
		if (!at)
			fail_msg("the page has no '%s'", want);
		at = strchr(at, '\n');
		end = strstr(at, "\n.It ") ? strstr(at, "\n.It ") : strstr(at, "\n.El");
		assert_non_null(end);
		*end = '\0';
		assert_non_null(strstr(at, b[i].files));
		for (k = 0; k < MMTESTS_METRICS && b[i].metric[k].name; k++) {
			const struct mmtests_metric *m = &b[i].metric[k];

			snprintf(want, sizeof(want), "\n%s (%s%s%s%s)", m->name, m->unit, *m->unit ? ", " : "",
				 m->better == METRIC_HIGHER ? "higher" : "lower", m->fresh ? "" : ", shared");
			if (!strstr(at, want))
				fail_msg("%s: the page has no '%s'", b[i].name, want + 1);
			if ((m->better == METRIC_HIGHER) != b[i].higher)
				assert_non_null(strstr(at, b[i].higher ? "MMTests: higher" : "MMTests: lower"));
		}
		if (rows[b[i].rows])
			assert_non_null(strstr(at, rows[b[i].rows]));
		*end = '\n';
	}
	free(page);
}

/* ---------------------------------------------------------------- bad logs */

struct dir { char path[64]; };

static int setup(void **state)
{
	struct dir *d = calloc(1, sizeof(*d));

	strcpy(d->path, "/tmp/mmt-logs-XXXXXX");
	*state = d;
	return mkdtemp(d->path) ? 0 : -1;
}

static int teardown(void **state)
{
	struct dir *d = *state;
	char cmd[128];
	int err;

	snprintf(cmd, sizeof(cmd), "rm -rf %s", d->path);
	err = system(cmd);
	free(d);
	return err;
}

static void put(const struct dir *d, const char *name, const void *text, size_t len)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", d->path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static int read_all(const struct dir *d, const char *bench, char **tsv, char *why, size_t size)
{
	struct mmtests_samples s;
	int err;

	assert_int_equal(mmtests_samples_init(&s), 0);
	err = mmtests_read(mmtests_bench(bench), d->path, &s, why, size);
	*tsv = as_tsv(&s);
	mmtests_samples_free(&s);
	return err;
}

#define PUT(d, name, text) put(d, name, text, strlen(text))

static void test_nothing(void **state)
{
	struct dir none = { "/tmp/mmt-no-such-directory" };
	char why[300], *tsv;

	assert_int_equal(read_all(&none, "hackbench", &tsv, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "No such file"));
	free(tsv);
	assert_int_equal(read_all(*state, "hackbench", &tsv, why, sizeof(why)), -ENODATA);
	assert_non_null(strstr(why, "hackbench-G"));
	assert_string_equal(tsv, "");
	free(tsv);
}

static void test_empty_and_cut(void **state)
{
	char why[300], *tsv;

	PUT(*state, "hackbench-1", "");
	assert_int_equal(read_all(*state, "hackbench", &tsv, why, sizeof(why)), -ENODATA);
	assert_non_null(strstr(why, "no result"));
	free(tsv);
	/* the second execution was cut in its last line: only the first counts */
	PUT(*state, "hackbench-4", "     Total time: 0.303 [sec]\n# Running\n\n     Total time:");
	assert_int_equal(read_all(*state, "hackbench", &tsv, why, sizeof(why)), 0);
	assert_string_equal(tsv, "time\t4\t_\t1\t0.303\t_\n");
	assert_string_equal(why, "no result in logs/hackbench-1");
	free(tsv);
}

static void test_not_numbers(void **state)
{
	char why[300], *tsv;

	PUT(*state, "hackbench-1", "Total time: nan [sec]\nTotal time: inf [sec]\nTotal time: 0 [sec]\nTotal time: 1.5x [sec]\n");
	assert_int_equal(read_all(*state, "hackbench", &tsv, why, sizeof(why)), 0);
	assert_string_equal(tsv, "time\t1\t_\t3\t0\t_\n"); /* zero is a value, the others are none */
	free(tsv);
}

static void test_packed(void **state)
{
	static const char text[] = "     Total time: 0.125 [sec]\n     Total time: 0.250 [sec]\n";
	const struct dir *d = *state;
	char why[300], *tsv, path[160], *damaged;
	gzFile z;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/hackbench-2.gz", d->path);
	z = gzopen(path, "wb");
	gzwrite(z, text, (unsigned int)strlen(text));
	gzclose(z);
	assert_int_equal(read_all(d, "hackbench", &tsv, why, sizeof(why)), 0);
	assert_string_equal(tsv, "time\t2\t_\t1\t0.125\t_\ntime\t2\t_\t2\t0.25\t_\n");
	free(tsv);

	/* a packed log that is cut is no log with fewer lines */
	f = fopen(path, "r");
	damaged = malloc(4096);
	n = fread(damaged, 1, 4096, f);
	fclose(f);
	put(d, "hackbench-2.gz", damaged, n - 9);
	assert_int_equal(read_all(d, "hackbench", &tsv, why, sizeof(why)), -EBADMSG);
	assert_string_equal(why, "logs/hackbench-2: damaged or cut short");
	free(damaged);
	free(tsv);
	unlink(path);

	f = fopen(DATA "/dbench/logs/benchlog-tput-1.xz", "r");
	assert_non_null(f);
	damaged = malloc(4096);
	n = fread(damaged, 1, 4096, f);
	fclose(f);
	assert_true(n > 100 && n < 4096);
	put(d, "benchlog-tput-1.xz", damaged, n - 20);
	assert_int_equal(read_all(d, "dbench", &tsv, why, sizeof(why)), -EBADMSG);
	free(tsv);
	memset(damaged + 30, 0x5a, 16);
	put(d, "benchlog-tput-1.xz", damaged, n);
	assert_int_equal(read_all(d, "dbench", &tsv, why, sizeof(why)), -EBADMSG);
	free(tsv);
	free(damaged);
}

static void test_times(void **state)
{
	char why[300], *tsv;

	PUT(*state, "time-4-10", "1.50user 0.25system 1:02:03elapsed 9%CPU (0avgtext+0avgdata 1maxresident)k\n");
	PUT(*state, "time-4-2", "Command terminated by signal 9\n0.00user 0.00system 0:00.10elapsed ?%CPU\n0inputs 0swaps\n");
	PUT(*state, "time-4-3", "0.10user 0.10system 10739.46elapsed 0%CPU\n");
	assert_int_equal(read_all(*state, "kernbench", &tsv, why, sizeof(why)), 0);
	assert_string_equal(tsv, "Elapsed\t4\t_\t2\t0.1\t_\nElapsed\t4\t_\t3\t10739.46\t_\nElapsed\t4\t_\t10\t3723\t_\n"
			    "System\t4\t_\t2\t0\t_\nSystem\t4\t_\t3\t0.1\t_\nSystem\t4\t_\t10\t0.25\t_\n"
			    "User\t4\t_\t2\t0\t_\nUser\t4\t_\t3\t0.1\t_\nUser\t4\t_\t10\t1.5\t_\n");
	free(tsv);
}

/* Whatever stands in a log, a reader neither crashes nor makes a number of it. */
static void test_noise(void **state)
{
	static const char *const names[] = {
		"hackbench-1", "schbench-1.log", "benchlog-1-_-1", "benchlog-loadfile-1", "TCP_STREAM-64.1", "protocols",
		"ebizzy-1-1.log", "time-1-1", "aim9-1", "pft-1.log", "coremark-1.log", "stressng-1-1.log", "workloads", "hash-1.log",
		"cyclictest-histogram.log", "rtmigration.log", "pmqtest.log", "light-1.log", "pgbench-transactions-1.log",
		"threads-1.log", "-", "benchlog-", "time--", "hackbench--",
	};
	static const char *const words[] = {
		"Total time:", "th:", "*", "percentile", "Wakeup", "current rps", "Iter:", "Task", "0:", "\n", " ", "\t", "nan", "-",
		"#0 -> #1, Min", "ops/sec", "futexes:", "[", " in ", " ms", "elapsed:", "user", "system", "elapsed", ":", "1:2:3elapsed",
		"TCP_STREAM\n", "hash\n", "records/s", "_test", "(secs)", "\n] ", "# Avg Latencies:", ", secs,", "NUMA-convergence-latency",
		"fault", "1", "2.5", "999999999999999999999999", "Copy:", "usecs/op", "total:",
	};
	char text[4096], why[300], *tsv;
	unsigned int seed = 1, round;
	size_t n, i, b;
	const struct mmtests_bench *all = mmtests_benches(&n);

	for (round = 0; round < 40; round++) {
		for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
			size_t len = 0;

			while (len < 400) {
				seed = seed * 1103515245 + 12345;
				len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
							words[(seed >> 8) % (sizeof(words) / sizeof(*words))], seed & 64 ? " " : "");
			}
			put(*state, names[i], text, len);
		}
		for (b = 0; b < n; b++) {
			read_all(*state, all[b].name, &tsv, why, sizeof(why));
			assert_null(strstr(tsv, "nan"));
			assert_null(strstr(tsv, "inf"));
			free(tsv);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_page),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_and_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_packed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_noise, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
