/* SPDX-License-Identifier: GPL-2.0-only */
/* What every page begins and ends with: its head, styles, the button of the theme, scripts. */
#ifndef MMT_PAGE_SHELL_H
#define MMT_PAGE_SHELL_H

#include <stdbool.h>
#include <stdio.h>

struct page_shell {
	const char *kind;    /* above the title */
	const char *title;
	const char *skip;    /* where the first link leads: "verdict" */
	const char *version; /* of the program */
	bool charts;         /* it has charts over time */
	bool flames;         /* it has flame graphs */
};

void page_shell_head(const struct page_shell *s, FILE *f);     /* up to the title */
void page_shell_head_end(FILE *f);
/* from: what the page was made from. */
void page_shell_tail(const struct page_shell *s, const char *from, FILE *f);

#endif
