/* SPDX-License-Identifier: GPL-2.0-only */
/* From a benchmark's output to results.tsv and metrics.tsv. */
#ifndef MMT_RESULTS_H
#define MMT_RESULTS_H

#include <stdint.h>
#include <stdio.h>

#include "bench.h"

struct run_usage { /* of one command */
	double elapsed, user, system; /* s */
	uint64_t maxrss_kb, minflt, majflt, nvcsw, nivcsw;
};

struct result { char *metric, *a, *b; unsigned int interval; double value; };

struct results { struct result *v; size_t n; };

/*
 * Read the metrics of one command from its output (text, NUL-terminated) and usage, append
 * them to *out and the `append` lines to log (may be NULL). -EINVAL: a metric is not there,
 * or there more than once, with the reason; what could be read has been added.
 */
int results_read(const struct bench *b, const struct bench_part *part, const char *text, const struct run_usage *u,
		 FILE *log, struct results *out, struct conf_err *err);
void results_free(struct results *r);

/* `metric A B interval value extra`, tab-separated, "_" for empty. */
int results_write(const struct results *r, const char *path);
/* `metric unit direction` */
int results_write_metrics(const struct conf *c, const char *path);

#endif
