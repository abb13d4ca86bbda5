/* SPDX-License-Identifier: GPL-2.0-only */
/* Many tests at once: adjusted p in the order of the input. NaN stays NaN and is not counted. */
#ifndef MMT_STATS_MULTIPLE_H
#define MMT_STATS_MULTIPLE_H

#include <stddef.h>

enum stats_adjust { STATS_ADJUST_NONE, STATS_BONFERRONI, STATS_HOLM, STATS_HOCHBERG, STATS_BH, STATS_BY };

/* out may be p. *m (may be NULL): how many were counted. -ENOMEM. */
int stats_adjust(enum stats_adjust how, const double *p, size_t n, double *out, size_t *m);
const char *stats_adjust_name(enum stats_adjust how);

#endif
