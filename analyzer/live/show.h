/* SPDX-License-Identifier: GPL-2.0-only */
/* A live view as text of a given width, and as rows for programs. */
#ifndef MMT_LIVE_SHOW_H
#define MMT_LIVE_SHOW_H

#include <stdio.h>

#include "../table.h"
#include "live.h"

struct live_show {
	int width;      /* columns; no line is wider */
	bool color;
	enum live_sort sort;
	double interval; /* s, as asked for */
	const char *what; /* "", or what the recorder's filters let through */
	const char *filter; /* regular expression in force, NULL: none */
	size_t first, rows; /* lines of the list: from first on, at most rows */
	bool fill;       /* the head of the columns goes over the whole width */
};

#define LIVE_HEAD_LINES 5 /* of live_show_head() */

/* What the machine did, then the heads of the columns. */
void live_show_head(const struct live_view *v, const struct live_show *s, FILE *f);
void live_show_lines(const struct live_view *v, const struct live_show *s, FILE *f);

/* Bytes from anywhere as text of at most `width` columns, padded to it where pad; unprintable ones become '?'. */
void live_put_text(FILE *f, const char *s, int width, bool pad);

/* One row a line of the view: counts of the interval, and its length. */
struct table *live_table(const struct live_view *v);
/* One object of the interval: the machine and the lines. */
int live_json(const struct live_view *v, FILE *f);

#endif
