/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From verdicts to pass or fail: which metrics are gated, by what threshold, and what a
 * verdict that is no clear one means.
 *
 *   gate_opts_init(), then options and a config fill it
 *   gate_kernel_patterns() -> cmp.patterns, gather, gate_select(), cmp_decide()
 *   gate_judge() -> struct gate, gate_write()
 */
#ifndef MMT_GATE_H
#define MMT_GATE_H

#include <stdio.h>

#include "../compare/decide.h"
#include "../table.h"

/* What a check found. --fail-on and --pass-on name these. */
enum gate_kind {
	GATE_OK,         /* no regression as large as the threshold */
	GATE_WORSE,
	GATE_LIMIT,      /* a mean beyond --max or --min */
	GATE_NOT_SAME,   /* --require-same: the interval reaches beyond the threshold */
	GATE_INDICATIVE, /* looks like a regression, by too few units */
	GATE_CONFOUNDED, /* the design cannot tell */
	GATE_CHANGED,    /* surely another value, but the metric has no better side */
	GATE_UNCLEAR,
	GATE_INCOMPLETE, /* iterations failed or have no value */
	GATE_NO_VERDICT, /* one unit an arm */
	GATE_MISSING,    /* no value, no baseline, another unit */
	GATE_KINDS,
};

enum gate_outcome { GATE_PASS, GATE_WARN, GATE_SKIP, GATE_FAIL, GATE_TROUBLE };

/* For the metrics that match; the last that says something of a thing counts. */
struct gate_rule {
	char *pattern;
	double threshold;  /* relative; NaN: not said */
	double max, min;   /* of an arm's mean; NaN: none */
	int require_same;  /* -1: not said */
	int ignore;        /* -1: not said */
	bool optional;     /* no matter when no metric matches */
	char where[160];   /* "gate.conf:12" or the option, for messages */
};

struct gate_opts {
	char *metrics; /* patterns; NULL: all of the benchmark */
	bool strict, require_same;
	struct gate_rule *rule;
	size_t n_rules;
	enum gate_outcome policy[GATE_KINDS];
	bool said[GATE_KINDS]; /* policy is the user's */
};

void gate_opts_init(struct gate_opts *o);
void gate_opts_free(struct gate_opts *o);
/* A rule for a pattern of its own; NULL: no memory. */
struct gate_rule *gate_rule_add(struct gate_opts *o, const char *pattern, const char *where);
int gate_metrics_add(struct gate_opts *o, const char *patterns);
/* list: "indicative,unclear"; -EINVAL: *bad is the word that is none. */
int gate_policy(struct gate_opts *o, const char *list, enum gate_outcome outcome, char *bad, size_t size);
const char *gate_kind_name(enum gate_kind k);
/* "a, b, c": all that a policy can be set for */
const char *gate_kind_list(void);
bool gate_match(const char *pattern, const char *name);

/* What kernel metrics are to be read, for cmp.patterns; freed by the caller. */
char *gate_kernel_patterns(const struct gate_opts *o);
/*
 * After gathering: thresholds into the metrics, and the values of metrics that are not
 * gated out of the comparison, so that they do not count among the tests. -ENODATA after a
 * message when a pattern matches nothing or nothing is left.
 */
int gate_select(struct cmp *c, const struct gate_opts *o);

#define GATE_NO_METRIC UINT32_MAX /* the check is of the arm's iterations */

struct gate_check {
	uint32_t metric, arm;
	const struct cmp_row *row; /* NULL with GATE_NO_METRIC */
	enum gate_kind kind;
	enum gate_outcome outcome;
	bool limit, upper;         /* by --max or --min */
	double bound;              /* that limit */
	bool same;                 /* judged by --require-same */
	size_t lost;               /* iterations that failed or have no value */
};

struct gate {
	const struct cmp *c;
	const struct cmp_result *r;
	struct gate_check *check; /* the worst first */
	size_t n;
	size_t count[GATE_TROUBLE + 1];
	enum gate_outcome outcome; /* PASS, FAIL or TROUBLE: a regression is one beside trouble too */
};

int gate_judge(const struct cmp *c, const struct cmp_result *r, const struct gate_opts *o, struct gate *g);
void gate_free(struct gate *g);
int gate_status(const struct gate *g); /* exit status: 0, 1, 2 */
const char *gate_outcome_name(enum gate_outcome o); /* "pass", "warn", "undecided", "FAIL", "TROUBLE" */
/* What a check found, in one sentence. */
void gate_message(const struct gate *g, const struct gate_check *k, char *buf, size_t size);
/* "FAIL - time-8 WORSE by 21 % ..." */
void gate_line(const struct gate *g, char *buf, size_t size);

int gate_write(const struct gate *g, const struct table_out *o, FILE *f);
/* JUnit's XML: a suite a benchmark, a case a check. */
int gate_write_junit(const struct gate *g, FILE *f);
/* In their place where it did not come to checks, so that nobody takes yesterday's files for today's. CSV stays empty. */
int gate_write_trouble(const char *why, enum table_fmt fmt, FILE *f);
int gate_write_junit_trouble(const char *suite, const char *why, FILE *f);

#endif
