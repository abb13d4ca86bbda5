/* SPDX-License-Identifier: GPL-2.0-only */
/* Cells of a kind summed up by something, heaviest first. */
#ifndef MMT_HOT_RANK_H
#define MMT_HOT_RANK_H

#include "hot.h"

enum hot_by {
	HOT_BY_PATH,        /* HOT_WAKER: and by the path where the woken had blocked */
	HOT_BY_FUNCTION,    /* weight: where it is the leaf; total: where it is anywhere on the path */
	HOT_BY_INSTRUCTION, /* of kinds without instructions: the leaf frame */
	HOT_BY_LINE,        /* the innermost source line that is known */
	HOT_BY_REASON,      /* of HOT_BLOCKED, HOT_PREEMPT, HOT_WAKER: why the woken had blocked */
	HOT_BY_TASK, HOT_BY_PROCESS, HOT_BY_COMM, /* HOT_WAKER: waker and woken */
	HOT_BY_CGROUP, HOT_BY_SEGMENT,
	HOT_BYS,
};

struct hot_row {
	uint32_t path, other;      /* of its heaviest cell; other: where the woken had blocked, else HOT_NONE */
	uint32_t frame, place;     /* by function, line, instruction; HOT_NONE: see `unknown` */
	uint32_t task, other_task; /* of its heaviest cell, and by process its leader; HOT_NONE: not known */
	uint32_t reason;
	uint32_t flags;            /* HOT_C_* */
	bool many;                 /* of several tasks */
	bool unknown;              /* it stands for all whose name is not known: by function, of frame's module */
	uint64_t id;               /* by segment, cgroup */
	double weight, variance;
	double total;              /* by function: inclusive; else = weight */
	double delay;
	uint64_t count, max;
	double heaviest;           /* weight of its heaviest cell */
};

/* Rows are free()'d. inclusive: by function, sort by `total`. Equal weights are in the order of their names. */
int hot_rank(const struct hot *h, enum hot_kind kind, enum hot_by by, bool inclusive, struct hot_row **rows, size_t *n);

/* Half the 95 % confidence interval of its share, in percentage points; NaN where all weighs nothing. */
double hot_row_margin(const struct hot *h, enum hot_kind kind, const struct hot_row *r);

const char *hot_by_name(enum hot_by by);
/* What to call a row, in one line: a path as "leaf < caller < ...". */
const char *hot_row_label(const struct hot *h, enum hot_by by, const struct hot_row *r, char *buf, size_t size);

#endif
