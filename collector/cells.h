/* SPDX-License-Identifier: GPL-2.0-only */
/* Cells of a table row. */
#ifndef MMT_CELLS_H
#define MMT_CELLS_H

#include <string.h>

#include "../libmmtrace/mmtrace.h"

static inline struct mmt_cell cell_u(uint64_t u)
{
	return (struct mmt_cell){ .u = u };
}

static inline struct mmt_cell cell_b(const void *p, size_t len)
{
	return (struct mmt_cell){ .p = p, .len = (uint32_t)len };
}

static inline struct mmt_cell cell_s(const char *s)
{
	return cell_b(s, s ? strlen(s) : 0);
}

#define ROW(w, table, cells) mmt_writer__row(w, table, cells, sizeof(cells) / sizeof((cells)[0]))

#endif
