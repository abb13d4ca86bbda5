// SPDX-License-Identifier: GPL-2.0-only
/* Ratios to the baseline with their geometric recap, and the scoreboard. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../stats/dist.h"
#include "show.h"

#define LABEL_MAX 34

/* Columns are made at run time: one or two an arm. */
struct view {
	struct table_col *col;
	size_t n;
	struct table *t;
};

static void view_free(struct view *v)
{
	table_free(v->t);
	free(v->col);
}

static int ratio_view(const struct cmp *c, struct view *v)
{
	v->col = calloc(1 + 2 * c->n_arms, sizeof(*v->col));
	if (!v->col)
		return -ENOMEM;
	v->col[v->n++] = (struct table_col){ .id = "label", .head = "ratio to the first", .type = COL_TEXT, .flags = COL_KEY,
					     .max = LABEL_MAX };
	for (size_t k = 1; k < c->n_arms; k++) {
		v->col[v->n++] = (struct table_col){ .id = "ratio", .head = c->arm[k].name, .type = COL_TEXT, .flags = COL_RIGHT };
		v->col[v->n++] = (struct table_col){ .id = "ci", .head = "CI", .type = COL_TEXT, .flags = COL_RIGHT };
	}
	v->t = table_new("ratios", NULL, v->col, v->n);
	return v->t ? 0 : -ENOMEM;
}

static void ratio_cells(struct table *t, const struct cmp_row *r)
{
	if (r->word)
		table_text(t, r->word);
	else if (isnan(r->ratio))
		table_text(t, isfinite(r->diff) ? "below 0" : NULL);
	else
		table_textf(t, "%.4f", r->ratio);
	if (!r->word && isfinite(r->ratio_lo) && isfinite(r->ratio_hi))
		table_textf(t, "%.4f %.4f", r->ratio_lo, r->ratio_hi);
	else
		table_none(t);
}

/*
 * The geometric mean over metrics of what is gained: b / a where higher is better, a / b
 * where lower is.
 */
int cmp_recap(const struct cmp *c, const struct cmp_result *r, size_t arm, struct stats_recap *g, size_t *left_out)
{
	double *ratio = calloc(2 * c->n_metrics + 1, sizeof(*ratio)), *se;
	size_t m, k = 0;

	*left_out = 0;
	if (!ratio)
		return -ENOMEM;
	se = ratio + c->n_metrics;
	for (m = 0; m < c->n_metrics; m++) {
		const struct cmp_row *row = cmp_row(c, r, m, arm);

		if (c->metric[m].source != CMP_BENCHMARK)
			continue;
		if (row->word || !(row->ratio > 0) || c->metric[m].better == METRIC_NEITHER) {
			++*left_out;
			continue;
		}
		ratio[k] = c->metric[m].better == METRIC_LOWER ? 1 / row->ratio : row->ratio;
		se[k++] = row->ratio_lo > 0 && isfinite(row->ratio_hi) ?
			  log(row->ratio_hi / row->ratio_lo) / 2 / stats_normal_quantile(1 - r->opts.alpha / 2) : NAN;
	}
	stats_recap(ratio, se, k, 1 - r->opts.alpha, g);
	free(ratio);
	return 0;
}

static void recap_cells(struct table *t, bool have, double v, double lo, double hi)
{
	if (have && isfinite(v))
		table_textf(t, "%.4f", v);
	else
		table_none(t);
	if (have && isfinite(lo) && isfinite(hi))
		table_textf(t, "%.4f %.4f", lo, hi);
	else
		table_none(t);
}

static void recap_row(const struct cmp *c, const struct cmp_result *r, struct table *t)
{
	size_t k, out = 0, left_out;
	struct stats_recap g;

	table_text(t, "gain, geometric mean");
	for (k = 1; k < c->n_arms; k++) {
		bool have = !cmp_recap(c, r, k, &g, &left_out);

		recap_cells(t, have, g.gmean, g.within_lo, g.within_hi);
		out = left_out > out ? left_out : out;
	}
	if (out)
		table_note(t, "%zu metric%s without a ratio or a better side: not in the geometric mean", out, out == 1 ? "" : "s");
}

static void between_note(const struct cmp *c, const struct cmp_result *r, struct table *t)
{
	struct stats_recap g;
	size_t k, left_out;

	table_note(t, "A ratio is the arm's value over that of %s. The gain turns ratios so that above 1 is better; its CI counts the "
		   "noise of the repeats of these metrics.", c->arm[0].name);
	for (k = 1; k < c->n_arms; k++)
		if (!cmp_recap(c, r, k, &g, &left_out) && isfinite(g.between_lo))
			table_note(t, "%s: over a population of metrics like these %zu the gain is %.4f to %.4f (%g %%, t over log ratios)",
				   c->arm[k].name, g.k, g.between_lo, g.between_hi, 100 * (1 - r->opts.alpha));
}

static int make_ratios(const struct cmp *c, const struct cmp_result *r, struct view *v)
{
	int err = ratio_view(c, v);
	size_t m, k;

	for (m = 0; m < c->n_metrics && !err; m++) {
		if (!cmp_worth_a_line(c, r, (uint32_t)m))
			continue;
		table_text(v->t, c->metric[m].name);
		for (k = 1; k < c->n_arms; k++)
			ratio_cells(v->t, cmp_row(c, r, m, k));
	}
	if (!err) {
		recap_row(c, r, v->t);
		between_note(c, r, v->t);
	}
	return err;
}

/* ------------------------------------------------------------- scoreboard */

static int make_scoreboard(const struct cmp *c, const struct cmp_result *r, struct view *v)
{
	size_t m, k;

	v->col = calloc(2 + 3 * c->n_arms, sizeof(*v->col));
	if (!v->col)
		return -ENOMEM;
	v->col[v->n++] = (struct table_col){ .id = "label", .head = "[a/b]", .type = COL_TEXT, .flags = COL_KEY, .max = LABEL_MAX };
	v->col[v->n++] = (struct table_col){ .id = "a", .head = c->arm[0].name, .type = COL_FLOAT, .prec = 4, .flags = COL_SIG };
	for (k = 1; k < c->n_arms; k++) {
		v->col[v->n++] = (struct table_col){ .id = "b", .head = c->arm[k].name, .type = COL_FLOAT, .prec = 4,
						     .flags = COL_SIG };
		v->col[v->n++] = (struct table_col){ .id = "ratio", .head = "[a/b]", .type = COL_TEXT, .flags = COL_RIGHT };
		v->col[v->n++] = (struct table_col){ .id = "mark", .head = "", .type = COL_TEXT };
	}
	v->t = table_new("scoreboard", NULL, v->col, v->n);
	for (m = 0; v->t && m < c->n_metrics; m++) {
		if (!cmp_worth_a_line(c, r, (uint32_t)m))
			continue;
		table_text(v->t, c->metric[m].name);
		for (k = 0; k < c->n_arms; k++) {
			const struct cmp_row *row = cmp_row(c, r, m, k);
			bool outside = row->ratio_lo > 1 || row->ratio_hi < 1, up = row->ratio < 1;

			if (row->desc.n)
				table_f64(v->t, row->desc.mean);
			else
				table_none(v->t);
			if (!k)
				continue;
			if (row->word)
				table_text(v->t, row->word);
			else if (!(row->ratio > 0))
				table_text(v->t, row->ratio == 0 ? "to 0" : isfinite(row->diff) ? "below 0" : NULL);
			else if (isfinite(row->ratio_lo) && row->ratio_lo > 0)
				table_textf(v->t, "%.3f +-%.1f%%", 1 / row->ratio,
					    50 * (1 / row->ratio_lo - 1 / row->ratio_hi) * row->ratio);
			else
				table_textf(v->t, "%.3f +-%s", 1 / row->ratio, row->test == CMP_TEST_NONE ? "?" : "inf");
			if (!outside || row->word)
				table_text(v->t, "");
			else if (c->metric[m].better == METRIC_NEITHER)
				table_text(v->t, "*");
			else
				table_text(v->t, up == (c->metric[m].better == METRIC_LOWER) ? "+" : "-");
		}
	}
	if (v->t)
		table_note(v->t, "[a/b]: %s over the arm, +- half the width of its %g %% interval in %%. A mark where 1 is outside of it: + the "
			   "arm is better, - worse, * no better side. Marks are not adjusted for the number of rows.", c->arm[0].name, 100 * (1 - r->opts.alpha));
	return v->t ? 0 : -ENOMEM;
}

/* Machines get the rows of the table: everything that a view shows is in them. */
int cmp_write_view(const struct cmp *c, const struct cmp_result *r, enum cmp_view view, const struct table_out *o, FILE *f)
{
	struct view v = { 0 };
	int err;

	err = view == CMP_VIEW_RATIO ? make_ratios(c, r, &v) : make_scoreboard(c, r, &v);
	if (!err)
		err = table_err(v.t);
	if (!err) {
		cmp_write_head(c, r, o, f);
		fputc('\n', f);
		table_write(v.t, f, o);
		cmp_write_notes(c, r, o, f);
	}
	view_free(&v);
	return err;
}
