/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which kernel behaviour moved with a result. For each kernel metric two questions are
 * asked: did it shift between the arms (p_a), and does the result follow it inside the
 * arms, where nothing was changed (p_b)? A metric that answers both with yes is consistent
 * with carrying the change; it is never proof of it.
 *
 *   explain_compute()  explain.c
 *                      gather.c    units of result and metric side by side, transformed, block-centred
 *                      rank.c      q, groups that move as one, sections, order
 *                      carriers.c  tasks, CPUs and times that carry the difference, from the traces
 *   explain_write()    show.c, text.c
 */
#ifndef MMT_EXPLAIN_H
#define MMT_EXPLAIN_H

#include "../compare/decide.h"
#include "../stats/explain.h"
#include "../table.h"

#define EXPLAIN_FLOOR 5   /* units an arm; below it, candidates only */
#define EXPLAIN_TENTHS 10 /* parts of an iteration, at most */

/* What scale a value is judged on: counts and times by ratio, fractions by odds. */
enum explain_scale { EXPLAIN_RAW, EXPLAIN_LOG, EXPLAIN_SQRT, EXPLAIN_LOGIT };

enum explain_section {
	EXPLAIN_BOTH,      /* moves with the result between and inside the arms */
	EXPLAIN_BETWEEN,   /* shifted between the arms; inside them nothing shown */
	EXPLAIN_BYSTANDER, /* shifted, and does not go with the result */
	EXPLAIN_SCATTER,   /* not shifted, but the result follows it inside the arms: where its noise may come from */
	EXPLAIN_REST,      /* nothing shown */
	EXPLAIN_UNTESTED,  /* constant, or too few values */
	EXPLAIN_SECTIONS,
};

enum explain_dropped {
	EXPLAIN_KEPT,
	EXPLAIN_IS_RESULT, /* the result itself, or its other name */
	EXPLAIN_TWIN,      /* a count whose rate is looked at, or the reverse */
	EXPLAIN_OF_TRACER, /* what the tracer recorded is no behaviour of the kernel */
};

/* What a metric is about, and how to find out whether it matters. */
struct explain_family {
	const char *name, *title;
	const char *prefixes;   /* comma separated; the longest prefix that fits decides */
	const char *experiment;
	bool confounder;        /* moves results without being part of what was changed */
	bool elapsed;           /* adds up to the elapsed time: goes with it by definition */
};

struct explain_metric {
	uint32_t metric;       /* of the cmp */
	enum explain_dropped dropped;
	enum explain_scale scale;
	size_t n[2];           /* units that have both this and the result */
	double mean[2];        /* in the metric's unit */
	double shift_pct;      /* 100 * (mean b / mean a - 1); NaN where mean a is 0 */
	struct stats_explain s; /* on the scale; b_se, b_p, a_p and sobel_se are those of blocks where there are any */
	bool constant;         /* inside both arms */
	bool tied;             /* a part of the elapsed time that is the result, or a count that only grew with it */
	double shift_sd;       /* shift in standard deviations inside the arms; infinite where there is none */
	double p_joint;        /* max(p_a, p_b) */
	double q_joint, q_a, q_b; /* adjusted over the metrics that were tested */
	double share;          /* clipped to [0, 1.5]; NaN when the result did not move or r is not known */
	double share_hi;       /* 95 % upper limit of the share, not clipped */
	double spearman, spearman_p; /* inside the arms */
	bool signs;            /* shift and link push the result the way it went, and the ranks agree */
	uint32_t group;        /* index of the metric that stands for the group; itself when alone */
	enum explain_section section;
	const struct explain_family *family;
};

enum explain_of { EXPLAIN_TASK, EXPLAIN_CPU, EXPLAIN_TIME, EXPLAIN_OF_N };

struct explain_carrier {
	enum explain_of of;
	unsigned int quantity; /* explain_quantity() names it */
	char name[24];         /* task name, number of a CPU, "0-10" % of the iteration */
	double mean[2], diff;
	double share;          /* of all change: diff over the sum of |diff| of its kind */
	double p, q;           /* Welch, in blocks the paired t; BH over the rows of its kind */
	size_t n[2];
};

struct explain_quantity { const char *name, *title, *unit; };

struct explain_opts {
	const char *result; /* metric to explain; NULL: the first of the benchmark, else run.duration */
	uint32_t arm;       /* compared with the first; 0: the second */
	bool no_carriers;   /* do not read the traces again */
	bool carriers;      /* CSV and NDJSON: tasks, CPUs and times in place of metrics */
	size_t top;         /* rows a section in text; 0: 8, SIZE_MAX: all */
};

struct explain {
	uint32_t arm, result;       /* of the cmp; the baseline is arm 0 */
	const struct cmp_row *row;  /* of the result in arm */
	size_t n[2];                /* units */
	bool log_result;            /* the result is judged on logarithms */
	double total;               /* change of the result, on its scale */
	bool changed;               /* surely */
	bool candidates;            /* fewer than EXPLAIN_FLOOR units an arm */
	size_t n_blocks;            /* blocks used; 0: none */
	bool fixed_work;            /* the iterations' length goes with the result: counts are per piece of work */
	struct explain_metric *m;
	size_t n_metrics, n_tested, n_groups;
	uint32_t *order;            /* indices into m: by section, then rank; members of a group after it */
	double unexplained;         /* 1 - share of the best that is not tied, within [0, 1]; NaN when the result did not change */
	struct explain_carrier *carrier; /* by kind, quantity, then |share| */
	size_t n_carriers;
	size_t n_parts;             /* of an iteration that times are told by: 10, 5 or 2; 0: none */
	char carriers_why[200];     /* why there are no times; empty otherwise */
};

/* -EINVAL, -ENODATA after a message in c->log; -ENOMEM. c and r must outlive e. */
int explain_compute(const struct cmp *c, const struct cmp_result *r, const struct explain_opts *o, struct explain *e);
void explain_free(struct explain *e);
int explain_write(const struct cmp *c, const struct cmp_result *r, const struct explain *e, const struct explain_opts *o,
		  const struct table_out *to, FILE *f);

const struct explain_family *explain_family(const char *metric);
const struct explain_quantity *explain_quantity(enum explain_of of, unsigned int i); /* NULL past the last */
const char *explain_of_name(enum explain_of of);
const char *explain_section_name(enum explain_section s); /* for machines */
const char *explain_scale_name(enum explain_scale s);

#endif
