/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the views of a difference. */
#ifndef MMT_HOT_DIFF_SHOW_H
#define MMT_HOT_DIFF_SHOW_H

#include "diff.h"

#define HOT_DIFF_COLS 32

static inline bool hot_diff_counts(unsigned int kind)
{
	return kind == HOT_FAULT || kind == HOT_DIFF_CALLS;
}

/* Do its weights stand for more than was seen? */
static inline bool hot_diff_sampled(unsigned int kind)
{
	return kind == HOT_FAULT || kind == HOT_CPU;
}

/* MORE and LESS in place of BETTER and WORSE: a weight alone has no better side. */
const char *hot_diff_verdict(enum cmp_verdict v);

/* cols: room for HOT_DIFF_COLS, for as long as the table lives */
void hot_diff_columns(const struct hot_diff_part *p, struct table_col *cols);
int hot_diff_add_rows(struct table *t, const struct hot_diff_part *p, size_t top, bool text);
int hot_diff_write_json(const struct hot_diff *d, const struct hot_diff_part *p, size_t n, FILE *f);
int hot_diff_write_rows(const struct hot_diff_part *p, size_t n, const struct table_out *to, FILE *f);
int hot_diff_write_text(const struct hot_diff *d, const struct hot_diff_part *p, size_t n, const struct hot_diff_opts *o,
			const struct table_out *to, FILE *f);

/* Iterations that gave nothing, and why: a note each. */
void hot_diff_left_out(const struct hot_diff *d, struct table *t);
/* How a table's keys were chosen and tested; the same contract as cmp_rule_line(). */
bool hot_diff_rule_line(const struct hot_diff_part *p, unsigned int i, char *buf, size_t size);

#endif
