/* SPDX-License-Identifier: GPL-2.0-only */
/* A change with its interval, on a logarithmic axis of the ratio that all rows of a table share. */
#ifndef MMT_PAGE_FOREST_H
#define MMT_PAGE_FOREST_H

#include "page_int.h"

struct forest {
	double range;        /* |ln ratio| at the ends */
	double below, above; /* %, the ticks beside 0 */
};

struct forest forest_range(const struct page *p, enum cmp_source source);
void forest_row(FILE *f, const struct forest *x, const struct cmp_metric *m, const struct cmp_row *row, bool axis);

#endif
