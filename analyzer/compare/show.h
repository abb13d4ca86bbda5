/* SPDX-License-Identifier: GPL-2.0-only */
/* The views of a comparison. */
#ifndef MMT_COMPARE_SHOW_H
#define MMT_COMPARE_SHOW_H

#include <stdio.h>

#include "../stats/recap.h"
#include "../table.h"
#include "decide.h"

enum cmp_view {
	CMP_VIEW_TABLE,
	CMP_VIEW_RATIO,      /* b / a by arm, with a geometric recap */
	CMP_VIEW_SCOREBOARD, /* [a/b], half width of its interval, a mark where 1 is outside */
};

int cmp_write(const struct cmp *c, const struct cmp_result *r, enum cmp_view view, const struct table_out *o, FILE *f);

/* Geometric mean of the gains (above 1: better) of the benchmark's metrics in an arm. -ENOMEM. */
int cmp_recap(const struct cmp *c, const struct cmp_result *r, size_t arm, struct stats_recap *g, size_t *left_out);

/* Parts that views share. */
int cmp_write_view(const struct cmp *c, const struct cmp_result *r, enum cmp_view view, const struct table_out *o, FILE *f);
void cmp_write_arms(const struct cmp *c, const struct table_out *o, FILE *f);
void cmp_arms_json(const struct cmp *c, struct json *j);
void cmp_write_head(const struct cmp *c, const struct cmp_result *r, const struct table_out *o, FILE *f);
/* "head: text" as a line of a head, broken where it is wider than the tables; line is cut up. */
void cmp_put_line(char *line, bool markdown, FILE *f);
void cmp_put_table(struct table *t, const struct table_out *o, FILE *f); /* frees it */
void cmp_write_notes(const struct cmp *c, const struct cmp_result *r, const struct table_out *o, FILE *f);
bool cmp_worth_a_line(const struct cmp *c, const struct cmp_result *r, uint32_t metric);
/* A fact of an arm's system that another arm does not share. */
bool cmp_fact_differs(const struct cmp *c, const char *key);
size_t cmp_boots(const struct cmp_arm *a); /* 0: not recorded */
struct table *cmp_systems_table(const struct cmp *c);

#endif
