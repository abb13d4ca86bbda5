// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define LOWER METRIC_LOWER
#define HIGHER METRIC_HIGHER

#define TIME_LOG(bench) { .name = bench, .read = mmtests_read_time, .files = "time-X-I of GNU time", .heading = "Elapsed", \
	.metric = { { "User", "s", LOWER, true }, { "System", "s", LOWER, true }, { "Elapsed", "s", LOWER, true } } }

static const struct mmtests_bench benches[] = {
	{ .name = "aim9", .read = mmtests_read_aim9, .files = "aim9-I", .heading = "page_test", .higher = true,
	  .metric = { { "page_test", "ops/s", HIGHER, true }, { "brk_test", "ops/s", HIGHER, true },
		      { "exec_test", "ops/s", HIGHER, true }, { "fork_test", "ops/s", HIGHER, true } } },
	TIME_LOG("autonumabench"),
	{ .name = "coremark", .read = mmtests_read_coremark, .files = "coremark-I.log", .heading = "score", .higher = true,
	  .metric = { { "score", "", HIGHER, true } } },
	{ .name = "cyclictest", .read = mmtests_read_cyclictest, .files = "cyclictest-histogram.log", .heading = "AvgLat",
	  .metric = { { "MinLat", "us", LOWER, true }, { "AvgLat", "us", LOWER, true }, { "MaxLat", "us", LOWER, true },
		      { "Overflow", "", LOWER, true } } },
	{ .name = "dbench", .read = mmtests_read_dbench, .files = "benchlog-{loadfile,tput,op}-C", .heading = "loadfile",
	  .rows = MMTESTS_LEFTSKEWOPS, .places = 4,
	  .metric = { { "loadfile", "ms", LOWER, false }, { "tput", "MB/s", HIGHER, false, true },
		      { "op", "ms", LOWER, false, false, true } } },
	{ .name = "easywave", .read = mmtests_read_easywave, .files = "benchlog-T-I", .heading = "exectime",
	  .metric = { { "exectime", "ms", LOWER, true } } },
	{ .name = "ebizzy", .read = mmtests_read_ebizzy, .files = "ebizzy-T-I.log", .heading = "total_rsec", .higher = true,
	  .metric = { { "total_rsec", "records/s", HIGHER, true }, { "thread_rsec", "records/s", HIGHER, false } } },
	{ .name = "futexbench", .read = mmtests_read_futexbench, .files = "workloads, WORKLOAD-T.log", .heading = "hash",
	  .metric = { { "hash", "ops/s", HIGHER, false }, { "lock-pi", "ops/s", HIGHER, false },
		      { "requeue-pi", "ms", LOWER, false }, { "requeue", "ms", LOWER, false },
		      { "wake-parallel", "us", LOWER, false }, { "wake", "ms", LOWER, false } } },
	TIME_LOG("gitcheckout"),
	TIME_LOG("gitsource"),
	{ .name = "hackbench", .read = mmtests_read_hackbench, .files = "hackbench-G", .heading = "time", .places = 4,
	  .metric = { { "time", "s", LOWER, true } } },
	TIME_LOG("kernbench"),
	TIME_LOG("kvmstart"),
	TIME_LOG("nas"),
	{ .name = "netperf", .read = mmtests_read_netperf, .files = "protocols, PROTOCOL-SIZE.I", .heading = "tcpstream-send",
	  .higher = true,
	  .metric = { { "tcpstream", "Mbit/s", HIGHER, true }, { "udpstream", "Mbit/s", HIGHER, true },
		      { "streamstream", "Mbit/s", HIGHER, true }, { "tcprr", "trans/s", HIGHER, true },
		      { "udprr", "trans/s", HIGHER, true } } },
	{ .name = "pedsort", .read = mmtests_read_lines, .pattern = "jobs/hour/core", .label = "jobs/core", .field = -1,
	  .files = "benchlog-A-B-I", .heading = "jobs/core", .metric = { { "jobs/core", "jobs/hour/core", HIGHER, true } } },
	{ .name = "perffutexwake", .read = mmtests_read_futexwake, .files = "benchlog-T-_-I", .heading = "wake-latency",
	  .metric = { { "wake-latency", "us", LOWER, false } } },
	{ .name = "perfnuma", .read = mmtests_read_perfnuma, .files = "WORKLOAD-I.log", .heading = "converged", .places = 4,
	  .metric = { { "converged", "s", LOWER, true }, { "threadspeed", "GB/s", HIGHER, true },
		      { "totalspeed", "GB/s", HIGHER, true } } },
	{ .name = "perfpipe", .read = mmtests_read_lines, .pattern = "usecs/op", .label = "usecs-op", .field = 1,
	  .files = "benchlog-_-_-I", .heading = "usecs-op", .rows = MMTESTS_NORMALISEDOPS, .places = 4,
	  .metric = { { "usecs-op", "us", LOWER, true } } },
	{ .name = "perfsyscall", .read = mmtests_read_lines, .pattern = "usecs/op", .label = "usecs/syscall", .field = 1,
	  .files = "benchlog-_-_-I", .heading = "usecs/syscall", .places = 4, .metric = { { "usecs/syscall", "us", LOWER, true } } },
	{ .name = "pft", .read = mmtests_read_pft, .files = "pft-C.log", .heading = "faults/cpu", .higher = true, .places = 4,
	  .width = 14, .metric = { { "faults/cpu", "faults/s", HIGHER, true }, { "faults/sec", "faults/s", HIGHER, true } } },
	{ .name = "pgbench", .read = mmtests_read_pgbench, .files = "pgbench-transactions-C.log", .heading = "txn", .higher = true,
	  .metric = { { "txn", "trans/s", HIGHER, false } } },
	{ .name = "pmqtest", .read = mmtests_read_pmqtest, .files = "pmqtest.log", .heading = "Avg",
	  .metric = { { "Min", "us", LOWER, true }, { "Avg", "us", LOWER, true }, { "Max", "us", LOWER, true } } },
	TIME_LOG("poundsyscall"),
	{ .name = "rtmigration", .read = mmtests_read_rtmigration, .files = "rtmigration.log", .heading = "task",
	  .metric = { { "task", "us", LOWER, false } } },
	{ .name = "schbench", .read = mmtests_read_schbench, .files = "schbench-W.log", .heading = "Wakeup",
	  .rows = MMTESTS_NORMALISEDOPS,
	  .metric = { { "Wakeup", "us", LOWER, false }, { "Request", "us", LOWER, false },
		      { "RPS", "ops/s", HIGHER, false, true } } },
	{ .name = "sembench", .read = mmtests_read_lines, .pattern = "^run time", .label = "burns/sec", .field = 5, .higher = true,
	  .files = "benchlog-A-B-I", .heading = "burns/sec", .metric = { { "burns/sec", "burns/s", HIGHER, true } } },
	{ .name = "sqlite", .read = mmtests_read_lines, .pattern = "^execute", .label = "txn/sec", .field = 5, .higher = true,
	  .files = "benchlog-A-B-I", .heading = "txn/sec", .metric = { { "txn/sec", "trans/s", HIGHER, true } } },
	TIME_LOG("stockfish"),
	{ .name = "stream", .read = mmtests_read_stream, .files = "benchlog-T-_-I", .heading = "Copy", .higher = true,
	  .metric = { { "Copy", "MB/s", HIGHER, true }, { "Scale", "MB/s", HIGHER, true }, { "Add", "MB/s", HIGHER, true },
		      { "Triad", "MB/s", HIGHER, true } } },
	{ .name = "stressng", .read = mmtests_read_stressng, .files = "stressng-C-I.log", .heading = "bops",
	  .metric = { { "bops", "ops/s", HIGHER, true } } },
	{ .name = "sysbenchcpu", .read = mmtests_read_lines, .pattern = "events per second", .label = "events/sec",
	  .files = "benchlog-T-_-I", .heading = "events/sec", .metric = { { "events/sec", "ops/s", HIGHER, true } } },
	{ .name = "sysbenchmutex", .read = mmtests_read_lines, .pattern = "95th percentile:", .label = "latency", .field = 3,
	  .files = "benchlog-T-_-I", .heading = "latency", .metric = { { "latency", "ms", LOWER, true } } },
	{ .name = "tbench", .read = mmtests_read_dbench, .files = "benchlog-{loadfile,tput,op}-C", .heading = "loadfile",
	  .rows = MMTESTS_LEFTSKEWOPS, .places = 4,
	  .metric = { { "loadfile", "ms", LOWER, false }, { "tput", "MB/s", HIGHER, false, true },
		      { "op", "ms", LOWER, false, false, true } } },
	{ .name = "thpchallenge", .read = mmtests_read_thpchallenge, .files = "threads-C.log", .heading = "fault-huge",
	  .metric = { { "fault", "us", LOWER, false } } },
	TIME_LOG("time_unmap"),
	TIME_LOG("usemem"),
	{ .name = "wis", .read = mmtests_read_lines, .pattern = "total:", .label = "ops", .field = 3, .higher = true,
	  .files = "benchlog-CASE_MODEL-N", .heading = "ops", .metric = { { "ops", "ops", HIGHER, false } } },
	{ .name = "xsbench", .read = mmtests_read_lines, .pattern = "^Lookups/s:", .label = "lookups/sec", .field = 2,
	  .higher = true, .files = "benchlog-A-B-I", .heading = "lookups/sec",
	  .metric = { { "lookups/sec", "lookups/s", HIGHER, true } } },
};

const struct mmtests_bench *mmtests_benches(size_t *n)
{
	*n = sizeof(benches) / sizeof(*benches);
	return benches;
}

const struct mmtests_bench *mmtests_bench(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.0123456789";
	size_t len = strlen(name), i, n;
	const struct mmtests_bench *all = mmtests_benches(&n);

	for (;;) {
		for (i = 0; i < n; i++)
			if (strlen(all[i].name) == len && !strncmp(all[i].name, name, len))
				return &all[i];
		/* another "-suffix" off, as long as it is a plain word */
		while (len && strchr(letters, name[len - 1]))
			len--;
		if (!len || name[len - 1] != '-')
			return NULL;
		len--;
	}
}

const struct mmtests_metric *mmtests_metric(const struct mmtests_bench *b, const char *name)
{
	size_t i, len;

	for (i = 0; b && i < MMTESTS_METRICS && b->metric[i].name; i++) {
		len = strlen(b->metric[i].name);
		if (!strncmp(b->metric[i].name, name, len) && (!name[len] || name[len] == '-'))
			return &b->metric[i];
	}
	return NULL;
}

int mmtests_take(struct mmtests_reader *r, const char *metric, const char *a, const char *b, double interval,
		 const char *text, bool ratio)
{
	double value;

	if (mmtests_number(text, &value))
		return mmtests_samples_add(r->out, metric, a, b, interval, value, ratio);
	r->out->dropped++;
	return 0;
}

int mmtests_each(struct mmtests_reader *r, const char *prefix, const char *suffix, mmtests_log_fn fn)
{
	struct logs_file *list;
	size_t i, n, before;
	char *text;
	int err = logs_match(&r->logs, prefix, suffix, &list, &n);

	for (i = 0; i < n && !err; i++) {
		before = r->out->n;
		err = logs_text(&r->logs, list[i].name, &text);
		if (!err)
			err = fn(r, &list[i], text);
		free(text);
		if (!err && r->out->n == before && !r->n_empty++)
			snprintf(r->empty, sizeof(r->empty), "%s", list[i].name);
	}
	logs_match_free(list, n);
	return err;
}

int mmtests_read(const struct mmtests_bench *b, const char *dir, struct mmtests_samples *out, char *why, size_t size)
{
	struct mmtests_reader r = { .out = out, .bench = b };
	int err;

	*why = '\0';
	err = logs_open(&r.logs, dir);
	if (!err)
		err = b->read(&r);
	if (!err && !out->n) {
		snprintf(why, size, "%s in logs/ (%s reads %s)", r.n_empty ? "no result" : "no log of it", b->name, b->files);
		err = -ENODATA;
	} else if (err) {
		snprintf(why, size, "%s", *r.logs.why ? r.logs.why : strerror(-err));
	} else if (r.n_empty) {
		snprintf(why, size, "no result in logs/%s%s", r.empty, r.n_empty > 1 ? " and others" : "");
	}
	logs_close(&r.logs);
	return err;
}
