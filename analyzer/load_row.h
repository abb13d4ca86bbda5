/* SPDX-License-Identifier: GPL-2.0-only */
/* A row of a table being loaded, its columns by the loader's own list. */
#ifndef MMT_LOAD_ROW_H
#define MMT_LOAD_ROW_H

#include "model.h"

struct row {
	const struct mmt_cell *c;
	const int *idx; /* -1: the file has no such column */
};

static inline uint64_t row_u64(const struct row *r, int col)
{
	return r->idx[col] < 0 ? 0 : r->c[r->idx[col]].u;
}

/* Never NULL; p is NULL where there is nothing. */
static inline const struct mmt_cell *row_blob(const struct row *r, int col)
{
	static const struct mmt_cell none;
	const struct mmt_cell *c = r->idx[col] < 0 ? &none : &r->c[r->idx[col]];

	return c->p ? c : &none;
}

#endif
