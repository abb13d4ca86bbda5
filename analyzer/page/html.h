/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing HTML. Every text that did not come from our own sources (names of arms, metrics,
 * marks, paths, facts of a system) goes through html_text().
 */
#ifndef MMT_PAGE_HTML_H
#define MMT_PAGE_HTML_H

#include <stdbool.h>
#include <stdio.h>

/* For element content and quoted attributes; what is no UTF-8, and control characters, become U+FFFD. */
void html_text(FILE *f, const char *s);
void html_textf(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A name such as sched.wait.p99: may be broken after its dots and underscores. */
void html_name(FILE *f, const char *s);
/* As it stands, escaped for a JSON block: no `<`, `>` or `&` is left in it. */
void html_json(FILE *f, const char *json, size_t len);

/*
 * Numbers for people, in `digits` significant digits and at least all before the point, thousands set
 * apart by a narrow space. Missing values are the caller's; NaN says "undefined".
 */
#define NUM_BUF 64
const char *num_text(char buf[NUM_BUF], double v, int digits);
const char *num_p(char buf[NUM_BUF], double p);                  /* "p = 0.0123", "p < 0.0001", "p undefined" */
const char *num_percent(char buf[NUM_BUF], double v, bool sign); /* "-12.5 %", with a true minus */

/* `<td class=n data-v=...>`: a number that sorts; have: false prints a dash. */
void html_cell(FILE *f, bool have, double v, int digits);
/* A p, or q, with four places. */
void html_cell_p(FILE *f, double p);
/* The same with a text of one's own. */
void html_cell_text(FILE *f, double sort, const char *text);

#endif
