/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the tables of the MMTests view. */
#ifndef MMT_MMTESTS_VIEW_INT_H
#define MMT_MMTESTS_VIEW_INT_H

#include "../stats/mmtests.h"
#include "bench.h"
#include "view.h"

/* A metric of one arm: all its values of all iterations. */
struct view_cell {
	const double *x;
	size_t n;                  /* 0: missing */
	struct mmtests_stats s;
	double single;             /* the best value */
};

struct view_op {
	const char *name;
	enum mmtests_dir dir;
	bool ratio;
	struct view_cell *cell;    /* by arm */
};

struct view {
	const struct cmp *c;
	const struct mmtests_opts *o;
	const struct mmtests_metric *asked; /* the one that the heading names; NULL: none */
	enum mmtests_class rows;
	enum mmtests_dir dir;      /* of the benchmark as a whole */
	int places, width;
	struct view_op *op;        /* those of the baseline, in the order of its logs */
	size_t n_op;
	struct view_cell *cells;
	double *x;
};

enum { VIEW_DELTA = 11 }; /* " (-123.45%)" */

/* Two lines: the arms' names, cut at their first dash (or behind -rcN). */
void view_header(const struct cmp *c, int label, int column, FILE *f);
/* A number; "-" where there is none, "nan" where it is not defined. */
void view_number(FILE *f, int width, int places, bool missing, double v);
void view_ratio(const struct view *v, FILE *f);
int view_duration(const struct cmp *c, FILE *f);

#endif
