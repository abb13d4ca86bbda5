/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_MODEL_INT_H
#define MMT_MODEL_INT_H

#include "model.h"

/* After the last row: sorts, and works out the window's edges. */
int model_finish(struct model *m);

/* Rows one by one, from anywhere, into a model of everything (WINDOW_ALL) with an arena. */
struct load;
struct load *model_rows_begin(struct model *m);
int model_rows_add(struct load *l, const struct mmt_type *type, const struct mmt_cell *cells);
void model_rows_end(struct load *l);

/* As model_group(), unsorted; of[i] becomes the group of totals i, U64MAP_NONE where it has none. May be NULL. */
int model_group_of(const struct model *m, enum model_by by, bool collector, struct model_group **out, size_t *n,
		   uint32_t *of);

#endif
