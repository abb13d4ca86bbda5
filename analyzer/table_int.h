/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of the table engine. */
#ifndef MMT_TABLE_INT_H
#define MMT_TABLE_INT_H

#include "table.h"

struct tcell {
	enum { TC_NONE, TC_TEXT, TC_U64, TC_F64 } kind;
	union {
		char *s;
		uint64_t u;
		double f;
	};
};

struct table {
	const char *id;
	char *title;
	const struct table_col *cols;
	size_t n_cols;
	struct tcell *cells;
	size_t n_cells, cap;
	char **notes;
	size_t n_notes;
	int err;
};

#endif
