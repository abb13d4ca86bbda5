/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmarks of MMTests whose logs we read: names, directions, how MMTests tables them.
 * One table, in bench.c; docs/mmt-trace-mmtests.7 lists the same.
 */
#ifndef MMT_MMTESTS_BENCH_H
#define MMT_MMTESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "../metrics.h"
#include "logs.h"
#include "samples.h"

enum { MMTESTS_METRICS = 7 };

/* Which rows MMTests prints for a metric. */
enum mmtests_class { MMTESTS_MULTIOPS, MMTESTS_NORMALISEDOPS, MMTESTS_LEFTSKEWOPS, MMTESTS_SINGLEOPS };

struct mmtests_metric {
	const char *name;              /* first part of the label */
	const char *unit;
	enum metric_direction better;  /* as it is */
	bool fresh;                    /* a process of its own behind each sample */
	/* what MMTests knows of it only when it is asked for by its name (--sub-heading) */
	bool asked_higher, asked_single;
};

struct mmtests_reader {
	struct logs logs;
	struct mmtests_samples *out;
	const struct mmtests_bench *bench;
	size_t n_empty;      /* logs without a result */
	char empty[120];     /* the first of them */
};

struct mmtests_bench {
	const char *name;
	int (*read)(struct mmtests_reader *r);
	const char *pattern, *label; /* for the readers that serve several benchmarks */
	int field;                   /* of the line, from 1; 0: the last */
	struct mmtests_metric metric[MMTESTS_METRICS];
	/* how MMTests has it */
	bool higher;                 /* of all metrics */
	enum mmtests_class rows;
	unsigned char places, width; /* of numbers; 0: 2 and 18 */
	const char *files;           /* what is read, for messages and the man page */
	const char *heading;         /* what MMTests plots by default */
};

/* By name, then with what stands behind its last dashes taken off, as MMTests looks it up; NULL: none of them. */
const struct mmtests_bench *mmtests_bench(const char *name);
const struct mmtests_bench *mmtests_benches(size_t *n);
/* The metric that a first part of a label belongs to ("op-Close" to "op"); NULL: unknown. */
const struct mmtests_metric *mmtests_metric(const struct mmtests_bench *b, const char *name);

/*
 * Reads the logs of one iteration. 0 with at least one sample, and a note in why (or "") where a log had
 * none; -ENODATA where there is no result, or another -errno, with one line in why.
 */
int mmtests_read(const struct mmtests_bench *b, const char *dir, struct mmtests_samples *out, char *why, size_t size);

/* ---- for the readers: samples of text that is to be a number; anything else is counted and left out */
int mmtests_take(struct mmtests_reader *r, const char *metric, const char *a, const char *b, double interval,
		 const char *text, bool ratio);
/* Calls fn for each log that matches, with its text; notes those that gave no sample. */
typedef int (*mmtests_log_fn)(struct mmtests_reader *r, const struct logs_file *f, char *text);
int mmtests_each(struct mmtests_reader *r, const char *prefix, const char *suffix, mmtests_log_fn fn);

/* read_lines.c */
int mmtests_read_lines(struct mmtests_reader *r);
int mmtests_read_time(struct mmtests_reader *r);
int mmtests_read_stream(struct mmtests_reader *r);
int mmtests_read_futexwake(struct mmtests_reader *r);
int mmtests_read_easywave(struct mmtests_reader *r);
/* read_sched.c */
int mmtests_read_hackbench(struct mmtests_reader *r);
int mmtests_read_schbench(struct mmtests_reader *r);
int mmtests_read_cyclictest(struct mmtests_reader *r);
int mmtests_read_rtmigration(struct mmtests_reader *r);
int mmtests_read_pmqtest(struct mmtests_reader *r);
int mmtests_read_futexbench(struct mmtests_reader *r);
int mmtests_read_perfnuma(struct mmtests_reader *r);
/* read_load.c */
int mmtests_read_ebizzy(struct mmtests_reader *r);
int mmtests_read_netperf(struct mmtests_reader *r);
int mmtests_read_dbench(struct mmtests_reader *r);
int mmtests_read_aim9(struct mmtests_reader *r);
int mmtests_read_pft(struct mmtests_reader *r);
int mmtests_read_coremark(struct mmtests_reader *r);
int mmtests_read_stressng(struct mmtests_reader *r);
int mmtests_read_pgbench(struct mmtests_reader *r);
int mmtests_read_thpchallenge(struct mmtests_reader *r);

#endif
