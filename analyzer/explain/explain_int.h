/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_EXPLAIN_INT_H
#define MMT_EXPLAIN_INT_H

#include "explain.h"

struct explain_unit { uint32_t iter, block; double value; };

/* The result's units, one an iteration (or boot), by arm. */
struct explain_side { struct explain_unit *u; size_t n; uint32_t arm; };

struct explain_frame {
	const struct cmp *c;
	const struct cmp_result *r;
	struct explain_side side[2];
	bool by_boot, blocks;
	double *room;      /* scratch, 8 * most */
	size_t most;
	double *resid;     /* [metric * n_resid + i]: deviations inside the arms, NaN where there is none */
	size_t n_resid;    /* units of both arms */
};

/* Index of the unit that this iteration belongs to, or SIZE_MAX. */
size_t explain_unit_of(const struct explain_frame *f, int side, uint32_t iter);

/* Fills e->m and f->resid. */
int explain_gather(struct explain_frame *f, struct explain *e);
int explain_rank(const struct explain_frame *f, struct explain *e);
int explain_carriers(const struct explain_frame *f, struct explain *e);

struct table *explain_metrics_table(const struct cmp *c, const struct explain *e);
struct table *explain_carriers_table(const struct cmp *c, const struct explain *e);
int explain_write_text(const struct cmp *c, const struct cmp_result *r, const struct explain *e, size_t top,
		       const struct table_out *to, FILE *f);
/* What the result did, in words for its verdict; and what the explanation can say at best. */
const char *explain_standing(const struct explain *e);

#endif
