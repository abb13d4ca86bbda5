/* SPDX-License-Identifier: GPL-2.0-only */
/* The test of one row. For decide.c alone. */
#ifndef MMT_COMPARE_ROW_TEST_H
#define MMT_COMPARE_ROW_TEST_H

#include "decide.h"

/* primary: its family is small enough for ranks. room: 4 * most doubles, most the largest number of units of a row. row's numbers are NaN before. 0 or -ENOMEM. */
int cmp_row_test(const struct cmp_result *res, const struct cmp_metric *m, bool primary, const struct cmp_row *base,
		 struct cmp_row *row, double *room, size_t most);

#endif
