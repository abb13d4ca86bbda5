/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From samples to verdicts. The test is chosen by the recorded design and the number of
 * units, never by the values, and named in the result.
 */
#ifndef MMT_COMPARE_DECIDE_H
#define MMT_COMPARE_DECIDE_H

#include "../stats/desc.h"
#include "../stats/modes.h"
#include "../stats/multiple.h"
#include "../stats/series.h"
#include "../stats/test.h"
#include "compare.h"

enum cmp_unit_kind { CMP_UNIT_AUTO, CMP_UNIT_RUN, CMP_UNIT_ITERATION, CMP_UNIT_BOOT };
enum cmp_order { CMP_ORDER_UNKNOWN, CMP_ORDER_SEQUENTIAL, CMP_ORDER_MIXED, CMP_ORDER_BLOCKS };

enum cmp_verdict {
	CMP_NO_VERDICT, CMP_BETTER, CMP_WORSE, CMP_CHANGED, /* CHANGED: the metric has no better side */
	CMP_TINY, CMP_SAME, CMP_UNCLEAR, CMP_INDICATIVE, CMP_CONFOUNDED,
};

enum cmp_test {
	CMP_TEST_NONE, CMP_TEST_WELCH, CMP_TEST_WELCH_LOG, CMP_TEST_MWU, CMP_TEST_PAIRED, CMP_TEST_PAIRED_LOG,
	CMP_TEST_SIGNED_RANK, CMP_TEST_SIGN_FLIP,
};

#define CMP_RANKS_FROM 8 /* units: below, ranks are granular and gain nothing */

struct cmp_opts {
	enum cmp_unit_kind unit;
	bool unpaired;             /* do not use recorded blocks */
	double alpha;              /* 0: 0.05 */
	double min_effect;         /* relative, 0: 0.01; the largest of this, the metric's A/A floor and its min_rel counts */
	double power;              /* of the planner; 0: 0.8 */
	const char *primary;       /* patterns of benchmark metrics that make the primary family; NULL: all */
	enum stats_adjust benchmark_adjust, kernel_adjust; /* 0 (none) with `adjust_set` false: Holm, BH */
	bool adjust_set;
};

/* How the runs were arranged, as recorded. */
struct cmp_design {
	enum cmp_unit_kind unit;   /* never AUTO */
	enum cmp_order order;
	size_t n_blocks;           /* complete ones */
	bool boots_known;
	bool confounded_boot;      /* arms differ in boot and some arm has one only */
	char unit_why[160], order_why[160];
};

struct cmp_unit { uint32_t iter, block; double value; }; /* iter: the first of its iterations; block UINT32_MAX: none */

struct cmp_row {
	uint32_t metric, arm;
	const struct cmp_unit *unit;  /* in run order, finite values only */
	size_t n_unit;
	size_t missing, dropped;      /* iterations without a value; values that were no numbers */
	struct stats_desc desc;       /* of the units */
	/* against the first arm; unused there */
	enum cmp_test test, robust_test;
	enum stats_status status;
	const char *word;             /* says in place of a number why there is none: "no baseline", "other unit"; NULL */
	double diff, diff_lo, diff_hi;      /* mean(b) - mean(a), in the metric's unit */
	double ratio, ratio_lo, ratio_hi;   /* b / a, the interval of the deciding test; NaN: undefined, a is not above 0 */
	double delta, lo, hi;               /* the ratio as %, + is better where there is a better side */
	double lo90, hi90;                  /* its 90 % interval, for SAME */
	double level;                       /* that the interval has (rank tests at small n: less than asked for) */
	double t, df, p, p_adj, p_robust;
	size_t n_tested;                    /* pairs; 0: all units of both sides */
	bool disagree;                      /* the second opinion is off by more than a factor 10, and not for want of n */
	double cliff, hedges_g;
	double mde;                         /* % that this n could have seen with the power asked for */
	double need, need_hi;               /* more units an arm to see the smallest effect; with the upper 80 % limit of sd */
	double min_effect, own_effect;      /* relative: what it was judged by; without the A/A floor */
	enum cmp_verdict verdict;
	const char *verdict_why;            /* "1 boot an arm", "order"; NULL */
	/* of the arm itself */
	struct stats_drift drift;
	double slope_pct_hour;              /* Theil-Sen over start times, % of the median an hour; NaN */
	double first_vs_rest;               /* first unit against the median of the others, %, raw sign */
	struct stats_modes modes;           /* lo NaN: one mode, or too few units to say */
	uint32_t n_outliers;
	const unsigned char *outlier;       /* flags of stats_outliers() by unit */
};

struct cmp_result {
	struct cmp_opts opts;       /* with the defaults filled in */
	struct cmp_design design;
	struct cmp_row *row;        /* by metric, then arm; n_metrics * n_arms of them */
	size_t n_rows;
	size_t planned;             /* tests that the primary family can have */
	size_t family[2];           /* p-values adjusted together, by source */
	bool small;                 /* some arm has fewer than 5 units */
	struct cmp_unit *units;     /* storage behind the rows */
	unsigned char *outliers;
};

int cmp_decide(const struct cmp *c, const struct cmp_opts *o, struct cmp_result *r);
void cmp_result_free(struct cmp_result *r);

static inline const struct cmp_row *cmp_row(const struct cmp *c, const struct cmp_result *r, size_t metric, size_t arm)
{
	return &r->row[metric * c->n_arms + arm];
}

/* The A/A floor of pairs that were arranged as these arms are. */
static inline const struct cmp_floor *cmp_floor_of(const struct cmp_result *r, const struct cmp_metric *m)
{
	return r->design.order == CMP_ORDER_BLOCKS && !r->opts.unpaired ? &m->floor_blocks : &m->floor;
}

/* 0, or -EINVAL after a message when a pattern of opts.primary has no benchmark metric. */
int cmp_known_primary(const struct cmp *c, const char *patterns);

/* Of the tests adjusted together: metrics declared primary, or all others. */
enum cmp_source cmp_family(const struct cmp *c, const struct cmp_result *r, const struct cmp_row *row);

const char *cmp_verdict_name(enum cmp_verdict v); /* "BETTER" ...; "-" for none */
const char *cmp_test_name(enum cmp_test t);       /* "welch-log" */
const char *cmp_test_title(enum cmp_test t);      /* "Welch's t on logarithms" */
const char *cmp_unit_name(enum cmp_unit_kind u);  /* "run", "iteration", "boot" */
/* Numbers as every view has them; each returns buf. A value has 4 digits; a percentage 2 decimals, fewer from 10 and 100 on. */
const char *cmp_fmt_value(char *buf, size_t size, double v);
const char *cmp_fmt_pct(char *buf, size_t size, double v, bool sign);
const char *cmp_fmt_interval(char *buf, size_t size, double lo, double hi); /* of percentages, "-1.94 +9.57" */
/* What was decided and how, a line at a time: i = 0, 1, ... until false. For headers of every view. */
bool cmp_rule_line(const struct cmp *c, const struct cmp_result *r, unsigned int i, char *buf, size_t size);
/* A note a line: drift, outliers, confounding, iterations left out. The same contract. */
bool cmp_note_line(const struct cmp *c, const struct cmp_result *r, unsigned int i, char *buf, size_t size);

#endif
