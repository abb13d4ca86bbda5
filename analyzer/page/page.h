/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A comparison (or one arm) as one HTML file that needs nothing else: no network, and for
 * texts, tables and charts no scripts either. The same input gives the same bytes.
 */
#ifndef MMT_PAGE_H
#define MMT_PAGE_H

#include <stdio.h>

#include "../compare/decide.h"

#define PAGE_MAX_BYTES 1000000

struct page_opts {
	const char *version;   /* of the program */
	unsigned int threads;  /* to read traces; 0: as many as CPUs */
	mmt_log_fn log;
	void *log_ctx;
};

/* Reads the traces of the arms' iterations once more; one that cannot be read is said on the page. */
int page_write(const struct cmp *c, const struct cmp_result *r, const struct page_opts *o, FILE *f);

#endif
