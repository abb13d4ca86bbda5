/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Totals over time: what the machine did between one flush of the totals and the next, over
 * a model's window. A flush comes with every mark and about every 200 ms (recorder option).
 *
 * Memory: 272 bytes a point, and 24 more a CPU where asked for; never more than twice
 * max_points of them, whatever the length of the trace: neighbours are then merged.
 */
#ifndef MMT_SERIES_H
#define MMT_SERIES_H

#include "model.h"

#define SERIES_POINTS 400

/* Columns kept by CPU. */
enum { SC_BUSY_NS, SC_IDLE_NS, SC_SWITCHES, SC_N };

struct series_point {
	double t;              /* the end, s since the window's start */
	double dt;             /* s covered before it, without gaps of the window */
	uint64_t v[MT_N];      /* of all tasks but the collector's own */
	uint64_t cpu[MC_N];    /* of all CPUs */
	uint32_t merged;       /* flushes in it */
};

struct series_mark {
	double t; /* s since the window's start */
	uint32_t kind;
	const char *name; /* the model's */
};

struct series {
	struct series_point *p;
	size_t n;
	struct series_mark *mark; /* those of the window, both ends included */
	size_t n_marks;
	uint64_t *by_cpu;         /* [(point * n_cpus + index into the model's cpus) * SC_N + column]; NULL: not asked for */
	size_t n_cpus;
	double duration;          /* s, of the window */
	uint32_t merged;          /* flushes in the widest point: 1 where nothing was merged */
	uint32_t task_has, cpu_has; /* columns in the file, as in the model */
	bool have_task, have_cpu;
};

struct series_opts {
	size_t max_points; /* 0: SERIES_POINTS */
	bool per_cpu;
	mmt_log_fn log;
	void *log_ctx;
};

/* Reads the totals of m->path again. The model must outlive the series (names of marks). opts may be NULL. */
int series_load(const struct model *m, const struct series_opts *opts, struct series *s);
void series_free(struct series *s);

/* What is drawn and searched. Undefined, or not in the file: NaN. */
enum series_what {
	SERIES_SWITCHES,   /* 1/s */
	SERIES_NVCSW,      /* 1/s */
	SERIES_NIVCSW,     /* 1/s */
	SERIES_MIGRATIONS, /* 1/s */
	SERIES_WAIT_MEAN,  /* us: run-queue latency */
	SERIES_WAITING,    /* tasks that were waiting for a CPU, on average */
	SERIES_BUSY,       /* % of the CPU time */
	SERIES_N,
};

double series_value(const struct series *s, size_t point, enum series_what what);
const char *series_title(enum series_what what);
const char *series_unit(enum series_what what);

#endif
