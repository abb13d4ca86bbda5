/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metric catalogue: one data table from which reports, compare, the lists of the
 * command line and the man page derive. A metric is one number of one window of a trace.
 */
#ifndef MMT_METRICS_H
#define MMT_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "model.h"
#include "table.h"

enum metric_direction { METRIC_NEITHER, METRIC_LOWER, METRIC_HIGHER };
enum metric_kind { METRIC_RATE, METRIC_COUNT, METRIC_TIME, METRIC_FRACTION };

struct hot_blocked;

struct metric {
	const char *name, *unit;
	enum metric_direction better;
	enum metric_kind kind;
	double min_rel; /* smallest relative change worth a word */
	bool detail;    /* left out of tables unless asked for */
	const char *definition;
	/* where the number comes from; see metrics.c */
	unsigned char source;
	unsigned char per;
	unsigned int cols, over;
	double arg;
	const char *counter, *counter_name;
};

/* What a metric is computed from: one window, its machine totals made once. */
struct metric_ctx {
	const struct model *m;
	struct model_group *machine;
	size_t n_machine;
	struct hot_blocked *blocked; /* time blocked by reason; NULL: the trace does not say */
};

const struct metric *metrics_all(size_t *n);
const struct metric *metric_find(const char *name);
/* " (did you mean 'that'?)" of a metric that there is not; see suggest.h. */
const char *metric_hint(const char *name, char *buf, size_t size);
/* pattern: a name, a prefix before '.', or with '*'; comma separated; NULL: all that are no detail. */
bool metric_wanted(const struct metric *metric, const char *patterns);
const char *metric_direction_name(enum metric_direction d); /* "lower", "higher", "neither" */
const char *metric_kind_name(enum metric_kind k);

/* The catalogue itself, for lists and the man page. */
struct table *metrics_table(void);

int metric_ctx_init(struct metric_ctx *ctx, const struct model *m);
void metric_ctx_free(struct metric_ctx *ctx);
/* 0; NaN for undefined (a quantile of nothing); -ENODATA: the trace does not say. */
int metric_value(const struct metric_ctx *ctx, const struct metric *metric, double *value);

#endif
