/* SPDX-License-Identifier: GPL-2.0-only */
/* Hot spots, or how those of two arms differ, as one HTML file that needs nothing else. */
#ifndef MMT_HOT_PAGE_H
#define MMT_HOT_PAGE_H

#include "flame.h"

#define HOT_PAGE_MAX_BYTES 1000000

struct hot_page_opts {
	const char *version;    /* of the program */
	const char *title;      /* the trace, or the arms */
	const char *sub;        /* below it; NULL: nothing */
	const char *const *arm; /* names of two arms that are compared; NULL: of one run */
	const struct hot *hot;  /* of one run: what it was made of, for more tables; NULL: without them */
	size_t rows;            /* of a table; 0: 25 */
};

/* A stacks a kind, n of them. */
int hot_page_write(struct stacks *const *s, size_t n, const struct hot_page_opts *o, FILE *f);

/*
 * The graphs and tables alone, as parts of a page with at most about `bytes` bytes; *parts: how many kinds
 * had any weight. level: of the heads, 2 with sections around them, or 3.
 */
int hot_page_parts(struct stacks *const *s, size_t n, const struct hot_page_opts *o, size_t bytes, int level, size_t *parts,
		   FILE *f);

#endif
