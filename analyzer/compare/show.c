// SPDX-License-Identifier: GPL-2.0-only
/* A comparison as table, CSV, NDJSON, JSON and Markdown. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define ROW_WIDTH 124
#define HEAD_INDENT 11
#define MAX_NOTES 24
#define MOST_NEEDED 9999.0

static const struct table_col row_cols[] = {
	{ .id = "label", .head = "metric", .type = COL_TEXT, .flags = COL_KEY | COL_ONLY_TEXT, .max = 34 },
	{ .id = "source", .head = "source", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "metric", .head = "metric", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "unit", .head = "unit", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "better", .head = "better", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "arm", .head = "arm", .type = COL_TEXT, .flags = COL_KEY, .max = 16 },
	{ .id = "n", .head = "n", .type = COL_COUNT },
	{ .id = "missing", .head = "missing", .type = COL_COUNT, .flags = COL_NO_TEXT },
	{ .id = "dropped", .head = "dropped", .type = COL_COUNT, .flags = COL_NO_TEXT },
	{ .id = "mean", .head = "mean", .type = COL_FLOAT, .prec = 4, .flags = COL_SIG },
	{ .id = "stddev", .head = "stddev", .type = COL_FLOAT, .prec = 3, .flags = COL_SIG },
	{ .id = "cv", .head = "cv", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "min", .head = "min", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "median", .head = "median", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "max", .head = "max", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "change", .head = "change", .unit = "%", .type = COL_TEXT, .flags = COL_ONLY_TEXT | COL_RIGHT | COL_HIDE_EMPTY },
	{ .id = "delta_pct", .head = "delta", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci", .head = "CI", .unit = "%", .type = COL_TEXT, .flags = COL_ONLY_TEXT | COL_RIGHT | COL_HIDE_EMPTY },
	{ .id = "ci_lo_pct", .head = "ci_lo", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci_hi_pct", .head = "ci_hi", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci_level", .head = "ci_level", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci90_lo_pct", .head = "ci90_lo", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci90_hi_pct", .head = "ci90_hi", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ratio", .head = "ratio", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ratio_lo", .head = "ratio_lo", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ratio_hi", .head = "ratio_hi", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "diff", .head = "diff", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "diff_lo", .head = "diff_lo", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "diff_hi", .head = "diff_hi", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "t", .head = "t", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "df", .head = "df", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "p", .head = "p", .type = COL_FLOAT, .flags = COL_P | COL_HIDE_EMPTY },
	{ .id = "p_adj", .head = "p adj", .type = COL_FLOAT, .flags = COL_P | COL_HIDE_EMPTY },
	{ .id = "verdict_text", .head = "verdict", .type = COL_TEXT, .flags = COL_ONLY_TEXT | COL_HIDE_EMPTY },
	{ .id = "verdict", .head = "verdict", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "verdict_why", .head = "why", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "test", .head = "test", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "status", .head = "status", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "second_test", .head = "second_test", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "second_p", .head = "second_p", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "disagree", .head = "disagree", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "cliff_delta", .head = "cliff_delta", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "hedges_g", .head = "hedges_g", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "min_effect_pct", .head = "min_effect", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "detectable_pct", .head = "sees", .unit = "%", .type = COL_FLOAT, .prec = 2, .flags = COL_SIG | COL_HIDE_EMPTY },
	{ .id = "more", .head = "more", .unit = "n", .type = COL_TEXT, .flags = COL_ONLY_TEXT | COL_RIGHT | COL_HIDE_EMPTY },
	{ .id = "needed_more", .head = "needed_more", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "needed_more_hi", .head = "needed_more_hi", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "drift_p", .head = "drift_p", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "drift_pct_hour", .head = "drift", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "lag1", .head = "lag1", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "outliers", .head = "outliers", .type = COL_COUNT, .flags = COL_NO_TEXT },
};

/* The name on an arm's first line, unit and direction under it. */
static void label(struct table *t, const struct cmp *c, const struct cmp_row *r, bool both)
{
	const struct cmp_metric *m = &c->metric[r->metric];
	const char *dir = m->better == METRIC_LOWER ? "lower is better" : m->better == METRIC_HIGHER ? "higher is better" :
			  "no better side";

	if (both)
		table_textf(t, "%s [%s]", m->name, *m->unit ? m->unit : "?");
	else if (r->arm == 0)
		table_text(t, m->name);
	else if (r->arm == 1)
		table_textf(t, "  %s%s%s", m->unit, *m->unit ? ", " : "", dir);
	else
		table_text(t, "");
}

static void num(struct table *t, bool have, double v)
{
	if (have)
		table_f64(t, v);
	else
		table_none(t);
}

/* A word where there is no number; never a 0.00 that nobody measured. */
static void change(struct table *t, const struct cmp_row *r)
{
	char pct[32];

	if (r->word)
		table_text(t, r->word);
	else if (!r->arm || isnan(r->delta))
		table_none(t);
	else
		table_text(t, cmp_fmt_pct(pct, sizeof(pct), r->delta, true));
}

static void interval(struct table *t, const struct cmp_row *r, double level)
{
	char at[24] = "", ci[64];

	if (isfinite(r->level) && r->level < level - 0.0005)
		snprintf(at, sizeof(at), " @%.0f%%", 100 * r->level);
	if (isfinite(r->lo) && isfinite(r->hi))
		table_textf(t, "%s%s", cmp_fmt_interval(ci, sizeof(ci), r->lo, r->hi), at);
	else if (isfinite(r->diff) && isnan(r->delta))
		table_textf(t, "%s%s absolute", r->diff < 0 ? "" : "+", cmp_fmt_value(ci, sizeof(ci), r->diff));
	else
		table_none(t);
}

/* Behind a verdict, where it is not the numbers beside it that make it what it is. */
static const char *because(const struct cmp_row *r)
{
	if (!r->verdict_why)
		return "";
	if (r->verdict == CMP_CONFOUNDED)
		return r->verdict_why[0] == '1' ? " (boot)" : " (order)";
	if (r->verdict == CMP_UNCLEAR)
		return " (A/A)";
	return r->status == STATS_ZERO_VARIANCE && r->verdict != CMP_INDICATIVE ? " (exact)" : "";
}

static void verdict_cells(struct table *t, const struct cmp_row *r)
{
	bool told = r->arm && isfinite(r->diff);

	if (r->arm && (r->verdict != CMP_NO_VERDICT || told))
		table_textf(t, "%s%s%s", r->verdict == CMP_NO_VERDICT && r->status == STATS_TOO_FEW ? "- (n = 1)" :
			    cmp_verdict_name(r->verdict), because(r), r->disagree ? " !" : "");
	else
		table_none(t);
	table_text(t, r->arm && r->verdict != CMP_NO_VERDICT ? cmp_verdict_name(r->verdict) : NULL);
	table_text(t, r->word ? r->word : r->verdict_why);
	table_text(t, told ? cmp_test_name(r->test) : NULL);
	table_text(t, told ? stats_status_name(r->status) : NULL);
	table_text(t, told && r->test != CMP_TEST_NONE ? cmp_test_name(r->robust_test) : NULL);
	num(t, told && r->test != CMP_TEST_NONE, r->p_robust);
	table_text(t, told && r->test != CMP_TEST_NONE ? (r->disagree ? "yes" : "no") : NULL);
}

static void row(struct table *t, const struct cmp *c, const struct cmp_result *res, const struct cmp_row *r)
{
	const struct cmp_metric *m = &c->metric[r->metric];
	bool have = r->desc.n > 0, told = r->arm && isfinite(r->diff), tested = told && r->test != CMP_TEST_NONE;

	label(t, c, r, c->n_arms == 1);
	table_text(t, m->source == CMP_KERNEL ? "kernel" : "benchmark");
	table_text(t, m->name);
	table_text(t, *m->unit ? m->unit : NULL);
	table_text(t, metric_direction_name(m->better));
	table_text(t, c->arm[r->arm].name);
	table_u64(t, r->desc.n);
	table_u64(t, r->missing);
	table_u64(t, r->dropped);
	num(t, have, r->desc.mean);
	num(t, have, r->desc.stddev);
	num(t, have, r->desc.cv);
	num(t, have, r->desc.min);
	num(t, have, r->desc.median);
	num(t, have, r->desc.max);
	change(t, r);
	num(t, told, r->delta);
	interval(t, r, 1 - res->opts.alpha);
	num(t, tested, r->lo);
	num(t, tested, r->hi);
	num(t, tested, r->level);
	num(t, tested, r->lo90);
	num(t, tested, r->hi90);
	num(t, told, r->ratio);
	num(t, tested, r->ratio_lo);
	num(t, tested, r->ratio_hi);
	num(t, told, r->diff);
	num(t, tested, r->diff_lo);
	num(t, tested, r->diff_hi);
	num(t, tested, r->t);
	num(t, tested, r->df);
	num(t, tested, r->p);
	num(t, tested, r->p_adj);
	verdict_cells(t, r);
	num(t, tested, r->cliff);
	num(t, tested, r->hedges_g);
	num(t, tested, 100 * r->min_effect);
	num(t, tested && isfinite(r->mde), r->mde);
	if (tested && r->verdict == CMP_UNCLEAR && r->need > 0)
		table_textf(t, r->need > MOST_NEEDED ? ">%.0f" : "+%.0f", r->need > MOST_NEEDED ? MOST_NEEDED : r->need);
	else
		table_none(t);
	num(t, tested, r->need);
	num(t, tested, r->need_hi);
	num(t, r->n_unit > 2, r->drift.mk_p);
	num(t, r->n_unit > 2, r->slope_pct_hour);
	num(t, r->n_unit > 2, r->drift.lag1);
	table_u64(t, r->n_outliers);
}

/*
 * In a text a kernel metric needs a value in two arms, and one that is not 0: a machine
 * with one node has no cross-node migrations to talk of.
 */
bool cmp_worth_a_line(const struct cmp *c, const struct cmp_result *r, uint32_t metric)
{
	const struct cmp_row *row = cmp_row(c, r, metric, 0);
	size_t k, arms = 0;
	bool some = false;

	if (c->metric[metric].source == CMP_BENCHMARK)
		return true;
	for (k = 0; k < c->n_arms; k++) {
		arms += row[k].desc.n > 0;
		some |= row[k].desc.n && (row[k].desc.min != 0 || row[k].desc.max != 0);
	}
	return some && (arms > 1 || c->n_arms == 1);
}

/* which: CMP_BENCHMARK, CMP_KERNEL, or -1 for both */
static struct table *rows_table(const struct cmp *c, const struct cmp_result *r, int which, bool text)
{
	static const char *const title[] = { "Benchmark results", "Kernel metrics" };
	struct table *t = table_new("rows", which < 0 ? NULL : title[which], row_cols, N(row_cols));
	size_t i;

	for (i = 0; t && i < r->n_rows; i++)
		if ((which < 0 || c->metric[r->row[i].metric].source == (enum cmp_source)which) &&
		    (!text || cmp_worth_a_line(c, r, r->row[i].metric)))
			row(t, c, r, &r->row[i]);
	return t;
}

bool cmp_fact_differs(const struct cmp *c, const char *key)
{
	const char *first, *v;
	bool varies, some;
	size_t k;

	first = cmp_fact(&c->arm[0], key, &some);
	for (k = 1; k < c->n_arms; k++) {
		v = cmp_fact(&c->arm[k], key, &varies);
		if (!c->arm[k].n_facts || !c->arm[0].n_facts)
			continue; /* no trace: nothing is known, which is no difference */
		some |= varies || !v != !first || (v && strcmp(v, first));
	}
	return some;
}

struct table *cmp_systems_table(const struct cmp *c)
{
	static const struct table_col cols[] = {
		{ .id = "key", .head = "differs", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "arm", .head = "arm", .type = COL_TEXT, .max = 16 },
		{ .id = "value", .head = "value", .type = COL_TEXT, .max = 44 },
		{ .id = "varies", .head = "", .type = COL_TEXT },
	};
	struct table *t = table_new("systems", "What differs between the systems", cols, N(cols));
	size_t a, i, k, b;
	bool varies;

	for (a = 0; t && a < c->n_arms; a++) {
		for (i = 0; i < c->arm[a].n_facts; i++) {
			const char *key = c->arm[a].fact[i].key;

			for (b = 0; b < a && !cmp_fact(&c->arm[b], key, &varies); b++)
				;
			if (b < a || !cmp_fact_differs(c, key))
				continue;
			for (k = 0; k < c->n_arms; k++) {
				table_text(t, key);
				table_text(t, c->arm[k].name);
				table_text(t, cmp_fact(&c->arm[k], key, &varies));
				table_text(t, varies ? "and others" : "");
			}
		}
	}
	return t;
}

size_t cmp_boots(const struct cmp_arm *a)
{
	size_t i, k, n = 0;

	for (i = 0; i < a->n_iter; i++) {
		if (!a->iter[i].boot_id)
			continue;
		for (k = 0; k < i; k++)
			if (a->iter[k].boot_id && !strcmp(a->iter[k].boot_id, a->iter[i].boot_id))
				break;
		n += k == i;
	}
	return n;
}

static void put_text(const char *s, bool markdown, FILE *f)
{
	if (markdown)
		table_put_markdown(s, f);
	else
		fputs(s, f);
}

static void arm_line(const struct cmp_arm *a, FILE *f, bool first, bool markdown)
{
	size_t i, good = 0, traced = 0, n = cmp_boots(a);

	for (i = 0; i < a->n_iter; i++) {
		good += a->iter[i].complete || a->iter[i].traced;
		traced += a->iter[i].traced;
	}
	if (markdown)
		fputs("- **arm** ", f);
	else
		fprintf(f, "%-10s ", first ? "arms" : "");
	put_text(a->name, markdown, f);
	fprintf(f, ": %zu iteration%s", good, good == 1 ? "" : "s");
	if (traced != good)
		fprintf(f, ", %zu of them traced", traced);
	if (good != a->n_iter)
		fprintf(f, ", %zu left out", a->n_iter - good);
	if (n)
		fprintf(f, ", %zu boot%s", n, n == 1 ? "" : "s");
	fprintf(f, "%s\n", first ? " (compared against)" : "");
}

void cmp_put_line(char *line, bool markdown, FILE *f)
{
	char *text = strchr(line, ':'), *word;
	size_t col = HEAD_INDENT;

	*text++ = '\0';
	if (markdown) {
		fprintf(f, "- **%s**:", line);
		put_text(text, true, f);
		fputc('\n', f);
		return;
	}
	fprintf(f, "%-*s", HEAD_INDENT - 1, line);
	while ((word = strsep(&text, " "))) {
		if (!*word)
			continue;
		if (col > HEAD_INDENT && col + 1 + strlen(word) > ROW_WIDTH) {
			fprintf(f, "\n%*s", HEAD_INDENT - 1, "");
			col = HEAD_INDENT;
		}
		fprintf(f, " %s", word);
		col += 1 + strlen(word);
	}
	fputc('\n', f);
}

static void rule_lines(const struct cmp *c, const struct cmp_result *r, bool markdown, FILE *f)
{
	char line[512];
	unsigned int i;

	for (i = 0; cmp_rule_line(c, r, i, line, sizeof(line)); i++)
		cmp_put_line(line, markdown, f);
}

/* What is compared. */
void cmp_write_arms(const struct cmp *c, const struct table_out *o, FILE *f)
{
	bool markdown = o->fmt == TABLE_MARKDOWN;
	size_t k;

	if (c->benchmark) {
		fputs(markdown ? "## " : "benchmark  ", f);
		put_text(c->benchmark, markdown, f);
		fputs(markdown ? "\n\n" : "\n", f);
	}
	for (k = 0; k < c->n_arms; k++)
		arm_line(&c->arm[k], f, !k, markdown);
}

/* And by what rule. */
void cmp_write_head(const struct cmp *c, const struct cmp_result *r, const struct table_out *o, FILE *f)
{
	cmp_write_arms(c, o, f);
	rule_lines(c, r, o->fmt == TABLE_MARKDOWN, f);
}

void cmp_write_notes(const struct cmp *c, const struct cmp_result *r, const struct table_out *o, FILE *f)
{
	struct table *t = table_new("notes", NULL, row_cols, 1);
	char line[1024];
	unsigned int i;

	for (i = 0; t && i < MAX_NOTES && cmp_note_line(c, r, i, line, sizeof(line)); i++)
		table_note(t, "%s", line);
	if (t && i == MAX_NOTES)
		table_note(t, "there are more notes; --json has all");
	if (t && table_note_count(t)) {
		fputc('\n', f);
		table_write_notes(t, f, o);
	}
	table_free(t);
}

/* A table of a text or Markdown view, with a blank line before it; nothing when it has no rows. */
void cmp_put_table(struct table *t, const struct table_out *o, FILE *f)
{
	if (t && table_rows(t)) {
		fputc('\n', f);
		table_write(t, f, o);
	}
	table_free(t);
}

static void write_text(const struct cmp *c, const struct cmp_result *r, const struct table_out *o, FILE *f)
{
	struct table_out wide = *o;

	if (wide.width && wide.width < ROW_WIDTH)
		wide.width = ROW_WIDTH; /* long metric names: a line a little too long reads better than a row in two places */
	cmp_write_head(c, r, o, f);
	if (c->n_arms > 1)
		fprintf(f, "%s change: + is better where there is a better side; sees: least change that this n shows with %g %% power,\n"
			"%s before p is adjusted; more n: units an arm that are missing to see the least change; ! the tests disagree\n",
			o->fmt == TABLE_MARKDOWN ? "- **columns**:" : "columns   ", 100 * r->opts.power,
			o->fmt == TABLE_MARKDOWN ? " " : "          ");
	cmp_put_table(rows_table(c, r, CMP_BENCHMARK, true), &wide, f);
	cmp_put_table(rows_table(c, r, CMP_KERNEL, true), &wide, f);
	cmp_put_table(cmp_systems_table(c), o, f);
	cmp_write_notes(c, r, o, f);
}

static void values_json(const struct cmp *c, struct json *j)
{
	const struct cmp_value *v = c->value, *end = v + c->n_values;

	json_arr(j, "values"); /* sorted by metric, arm, iteration */
	while (v < end) {
		const struct cmp_value *first = v;

		json_obj(j, NULL);
		json_str(j, "metric", c->metric[v->metric].name);
		json_str(j, "source", c->metric[v->metric].source == CMP_KERNEL ? "kernel" : "benchmark");
		json_str(j, "arm", c->arm[v->arm].name);
		json_arr(j, "iterations");
		for (; v < end && v->metric == first->metric && v->arm == first->arm; v++)
			json_u64(j, NULL, c->arm[v->arm].iter[v->iter].number);
		json_end(j);
		json_arr(j, "values");
		for (v = first; v < end && v->metric == first->metric && v->arm == first->arm; v++)
			json_num(j, NULL, v->value);
		json_end(j);
		json_end(j);
	}
	json_end(j);
}

void cmp_arms_json(const struct cmp *c, struct json *j)
{
	size_t k, i;

	json_arr(j, "arms");
	for (k = 0; k < c->n_arms; k++) {
		json_obj(j, NULL);
		json_str(j, "name", c->arm[k].name);
		json_u64(j, "boots", cmp_boots(&c->arm[k]));
		json_arr(j, "iterations");
		for (i = 0; i < c->arm[k].n_iter; i++) {
			const struct cmp_iteration *it = &c->arm[k].iter[i];

			json_obj(j, NULL);
			json_u64(j, "number", it->number);
			json_str(j, "path", it->path);
			json_bool(j, "complete", it->complete);
			json_bool(j, "traced", it->traced);
			json_str(j, "boot_id", it->boot_id);
			json_str(j, "why", it->why);
			json_end(j);
		}
		json_end(j);
		json_end(j);
	}
	json_end(j);
}

static void lines_json(const struct cmp *c, const struct cmp_result *r, struct json *j)
{
	char line[1024];
	unsigned int i;

	json_arr(j, "rule");
	for (i = 0; cmp_rule_line(c, r, i, line, sizeof(line)); i++)
		json_str(j, NULL, line);
	json_end(j);
	json_arr(j, "notes");
	for (i = 0; cmp_note_line(c, r, i, line, sizeof(line)); i++)
		json_str(j, NULL, line);
	json_end(j);
}

static void design_json(const struct cmp_result *r, struct json *j)
{
	static const char *const order[] = { "unknown", "sequential", "mixed", "blocks" };

	json_obj(j, "design");
	json_str(j, "unit", cmp_unit_name(r->design.unit));
	json_str(j, "order", order[r->design.order]);
	json_u64(j, "blocks", r->design.n_blocks);
	json_bool(j, "boots_known", r->design.boots_known);
	json_bool(j, "confounded_boot", r->design.confounded_boot);
	json_num(j, "alpha", r->opts.alpha);
	json_num(j, "min_effect_pct", 100 * r->opts.min_effect);
	json_num(j, "power", r->opts.power);
	json_str(j, "benchmark_adjust", stats_adjust_name(r->opts.benchmark_adjust));
	json_u64(j, "benchmark_tests", r->family[CMP_BENCHMARK]);
	json_str(j, "kernel_adjust", stats_adjust_name(r->opts.kernel_adjust));
	json_u64(j, "kernel_tests", r->family[CMP_KERNEL]);
	json_end(j);
}

static void write_json(const struct cmp *c, const struct cmp_result *r, FILE *f)
{
	struct table *t;
	struct json j;

	json_init(&j, f, true);
	json_obj(&j, NULL);
	json_str(&j, "kind", "compare");
	json_u64(&j, "version", 2);
	json_str(&j, "benchmark", c->benchmark);
	design_json(r, &j);
	lines_json(c, r, &j);
	cmp_arms_json(c, &j);
	t = rows_table(c, r, -1, false);
	if (t)
		table_write_json(t, &j, "rows");
	table_free(t);
	values_json(c, &j);
	t = cmp_systems_table(c);
	if (t)
		table_write_json(t, &j, "systems");
	table_free(t);
	json_end(&j);
}

int cmp_write(const struct cmp *c, const struct cmp_result *r, enum cmp_view view, const struct table_out *o, FILE *f)
{
	struct table *t;
	int err;

	if (view != CMP_VIEW_TABLE && (o->fmt == TABLE_TEXT || o->fmt == TABLE_MARKDOWN))
		return cmp_write_view(c, r, view, o, f);
	if (o->fmt == TABLE_TEXT || o->fmt == TABLE_MARKDOWN) {
		write_text(c, r, o, f);
		return 0;
	}
	if (o->fmt == TABLE_JSON) {
		write_json(c, r, f);
		return 0;
	}
	t = rows_table(c, r, -1, false);
	if (t)
		table_write(t, f, o);
	err = t ? table_err(t) : -ENOMEM;
	table_free(t);
	return err;
}
