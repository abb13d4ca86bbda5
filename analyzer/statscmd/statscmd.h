/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The statistics of analyzer/stats/ by name, for scripts and for checking them: one table
 * row a statistic says what it needs and how it is computed, from one JSON object to
 * another. Columns of numbers become such an object first, so that the text, the JSON and
 * the batch form print the same fields. Messages go to stderr (analyzer/out.h).
 */
#ifndef MMT_STATSCMD_H
#define MMT_STATSCMD_H

#include <jansson.h>
#include <stdio.h>

#include "../table.h"

struct statscmd {
	const char *name;      /* of the statistic; NULL with batch */
	char **files;          /* one a sample; "-": standard input */
	size_t n_files;
	const char *columns;   /* "1,3": these columns of each file, each a sample; NULL: there is one */
	const char *delimiter; /* between columns; NULL: blanks, commas, semicolons */
	json_t *params;        /* object: name to text */
};

/* 0, -EINVAL after a message, or -errno. Nothing is written to f before all is computed. */
int statscmd_columns(const struct statscmd *s, const struct table_out *o, FILE *f);
/* name NULL: the input says which statistic. Prints JSON whatever o says. */
int statscmd_batch(const char *file, const char *name, FILE *f);
/* All statistics with definition and inputs. */
int statscmd_list(const struct table_out *o, FILE *f);

#endif
