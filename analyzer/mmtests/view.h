/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A comparison as MMTests prints it, byte for byte: all values of a run in one heap, its rows,
 * signs and stars. Only for eyes and scripts that are used to it; the verdicts are elsewhere.
 */
#ifndef MMT_MMTESTS_VIEW_H
#define MMT_MMTESTS_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "../compare/compare.h"

struct mmtests_opts {
	bool ratio;          /* the table of ratios */
	bool classic;        /* stars by the t test that MMTests had until 2024 */
	const char *heading; /* only metrics whose labels begin so; NULL: all */
	const char *monitor; /* "duration": that table; NULL: the benchmark's results */
};

/* -EINVAL after a message: a monitor that there is no table of; -ENODATA: no benchmark results. */
int mmtests_write(const struct cmp *c, const struct mmtests_opts *o, FILE *f);

#endif
