// SPDX-License-Identifier: GPL-2.0-only
/* A difference as tables, CSV, NDJSON and JSON. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../compare/show.h"
#include "diff_show.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

#define LABEL 44 /* widest name in a text */

/* Units and one head follow the kind, so that each table has a copy. */
enum { C_NAME = 3, C_A = 10, C_B, C_DIFF, C_SE = 17 };

static const struct table_col diff_cols[HOT_DIFF_COLS] = {
	{ .id = "kind", .head = "kind", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "by", .head = "by", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "row", .head = "row", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "name", .head = "", .type = COL_TEXT, .flags = COL_KEY, .max = LABEL },
	{ .id = "where", .head = "where", .type = COL_TEXT, .flags = COL_TAIL | COL_HIDE_EMPTY, .max = 22 },
	{ .id = "path", .head = "path", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "mark", .head = "mark", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "unit", .head = "unit", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "n_a", .head = "n_a", .type = COL_COUNT, .flags = COL_NO_TEXT },
	{ .id = "n_b", .head = "n_b", .type = COL_COUNT, .flags = COL_NO_TEXT },
	{ .id = "a", .head = "A", .type = COL_FLOAT, .prec = 4, .flags = COL_SIG },
	{ .id = "b", .head = "B", .type = COL_FLOAT, .prec = 4, .flags = COL_SIG },
	{ .id = "diff", .head = "B - A", .type = COL_FLOAT, .prec = 4, .flags = COL_SIG | COL_SIGN },
	{ .id = "diff_lo", .head = "diff_lo", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "diff_hi", .head = "diff_hi", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "share_pct", .head = "of all", .unit = "%", .type = COL_FLOAT, .prec = 1, .flags = COL_SIGN | COL_HIDE_EMPTY },
	{ .id = "sampling", .head = "sampling_se", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "sampling_text", .head = "sampling", .type = COL_TEXT, .flags = COL_ONLY_TEXT | COL_RIGHT | COL_HIDE_EMPTY },
	{ .id = "change", .head = "change", .unit = "%", .type = COL_TEXT, .flags = COL_ONLY_TEXT | COL_RIGHT | COL_HIDE_EMPTY },
	{ .id = "change_pct", .head = "change_pct", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci", .head = "CI", .unit = "%", .type = COL_TEXT, .flags = COL_ONLY_TEXT | COL_RIGHT | COL_HIDE_EMPTY },
	{ .id = "ci_lo_pct", .head = "ci_lo", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci_hi_pct", .head = "ci_hi", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci_level", .head = "ci_level", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "p", .head = "p", .type = COL_FLOAT, .flags = COL_P | COL_NO_TEXT },
	{ .id = "p_adj", .head = "p adj", .type = COL_FLOAT, .flags = COL_P | COL_HIDE_EMPTY },
	{ .id = "verdict_text", .head = "verdict", .type = COL_TEXT, .flags = COL_ONLY_TEXT | COL_HIDE_EMPTY },
	{ .id = "verdict", .head = "verdict", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "verdict_why", .head = "why", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "test", .head = "test", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "second_test", .head = "second_test", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "second_p", .head = "second_p", .type = COL_FLOAT, .flags = COL_NO_TEXT },
};

const char *hot_diff_verdict(enum cmp_verdict v)
{
	return v == CMP_BETTER ? "MORE" : v == CMP_WORSE ? "LESS" : cmp_verdict_name(v);
}

/* People read ms; machines get what was counted. */
static double shown_by(const struct hot_diff_part *p, bool text)
{
	return !text || hot_diff_counts(p->kind) ? 1 : 1e6;
}

static const char *unit_of(const struct hot_diff_part *p, bool text)
{
	bool run = p->d->per == HOT_DIFF_PER_RUN;

	if (hot_diff_counts(p->kind))
		return run ? "count" : "1/s";
	return text ? (run ? "ms" : "ms/s") : run ? "ns" : "ns/s";
}

/* Of the whole difference; too small a whole says nothing of its parts. */
static double share(const struct hot_diff_part *p, const struct hot_diff_key *k)
{
	double all = p->total.w.b - p->total.w.a;

	return fabs(all) >= 1e-3 * (p->total.w.a + p->total.w.b) && all != 0 ? 100 * (k->w.b - k->w.a) / all : NAN;
}

static void paths(struct table *t, const struct hot_diff_part *p, const struct hot_diff_key *k)
{
	const struct hot_path *path = k->path == HOT_DIFF_NO_PATH ? NULL : &p->d->path[k->path];
	size_t len = 1, i;
	char *s, *to;

	if (!path) {
		table_none(t);
		table_none(t);
		return;
	}
	for (i = 0; i < path->n; i++)
		len += strlen(p->d->frame[path->frame[i]].name) + 1;
	s = to = malloc(len);
	if (s)
		*s = '\0';
	for (i = path->n; i-- > 0 && s; )
		to += sprintf(to, "%s%s", p->d->frame[path->frame[i]].name, i ? ";" : "");
	table_text(t, s);
	free(s);
	table_text(t, p->mark[k->path] < path->n ? p->d->frame[path->frame[p->mark[k->path]]].name : NULL);
}

static void change_cells(struct table *t, const struct hot_diff_part *p, const struct cmp_row *r, bool tested)
{
	double level = 1 - p->r.opts.alpha, by = shown_by(p, true);
	char buf[64], lo[32], hi[32];

	if (r->word)
		table_text(t, r->word);
	else
		table_text(t, isnan(r->delta) ? NULL : cmp_fmt_pct(buf, sizeof(buf), r->delta, true));
	table_known(t, r->delta);
	if (tested && isfinite(r->lo) && isfinite(r->hi) && r->level < level - 0.0005)
		table_textf(t, "%s @%.0f%%", cmp_fmt_interval(buf, sizeof(buf), r->lo, r->hi), 100 * r->level);
	else if (tested && isfinite(r->lo) && isfinite(r->hi))
		table_text(t, cmp_fmt_interval(buf, sizeof(buf), r->lo, r->hi));
	else if (tested && isnan(r->delta) && isfinite(r->diff_lo) && isfinite(r->diff_hi))
		table_textf(t, "%s to %s %s", cmp_fmt_value(lo, sizeof(lo), r->diff_lo / by),
			    cmp_fmt_value(hi, sizeof(hi), r->diff_hi / by), unit_of(p, true));
	else
		table_none(t);
	table_known(t, tested ? r->lo : NAN);
	table_known(t, tested ? r->hi : NAN);
	table_known(t, tested ? r->level : NAN);
}

static void verdict_cells(struct table *t, const struct cmp_row *r, bool told, bool tested)
{
	const char *why = !r->verdict_why ? "" : r->verdict == CMP_CONFOUNDED ? r->verdict_why[0] == '1' ? " (boot)" : " (order)" :
			  r->verdict_why[0] == 'e' && r->verdict != CMP_INDICATIVE ? " (exact)" : "";

	table_known(t, tested ? r->p : NAN);
	table_known(t, tested ? r->p_adj : NAN);
	if (told)
		table_textf(t, "%s%s%s", r->verdict == CMP_NO_VERDICT && r->status == STATS_TOO_FEW ? "- (n = 1)" :
			    hot_diff_verdict(r->verdict), why, r->disagree ? " !" : "");
	else
		table_none(t);
	table_text(t, r->verdict == CMP_NO_VERDICT ? NULL : hot_diff_verdict(r->verdict));
	table_text(t, r->word ? r->word : r->verdict_why);
	table_text(t, told ? cmp_test_name(r->test) : NULL);
	table_text(t, tested ? cmp_test_name(r->robust_test) : NULL);
	table_known(t, tested ? r->p_robust : NAN);
}

/* "3  leaf < caller < ...", of the kernel's part only the leaf: callers in the program tell paths apart. */
static void path_label(struct table *t, const struct hot_diff_part *p, const struct hot_diff_key *k, size_t number)
{
	const struct hot_path *path = &p->d->path[k->path];
	char label[LABEL + 1];
	size_t len = (size_t)snprintf(label, sizeof(label), "%zu  ", number);
	uint32_t i;

	for (i = 0; i < path->n && len < sizeof(label); i++)
		if (!i || i >= path->n_kernel || path->n == path->n_kernel)
			len += (size_t)snprintf(label + len, sizeof(label) - len, "%s%s", i ? " < " : "",
						p->d->frame[path->frame[i]].name);
	if (len >= sizeof(label))
		memcpy(label + sizeof(label) - 4, "...", 4);
	table_text(t, label);
}

/* number: of a path, as the list below the table has it; 0: none */
static void add_row(struct table *t, const struct hot_diff_part *p, const struct hot_diff_key *k, const char *kind, size_t number,
		    bool text)
{
	const struct cmp_row *a = cmp_row(&p->c, &p->r, k->metric, 0), *r = a + 1;
	bool told = isfinite(r->diff), tested = told && r->test != CMP_TEST_NONE;
	double by = shown_by(p, text);
	char buf[32];

	table_text(t, hot_diff_kind_name(p->kind));
	table_text(t, hot_diff_by_name(p->by));
	table_text(t, kind);
	if (text && !k->name && *kind == 'r' && p->n_below > 1)
		table_textf(t, "(%zu others, together)", p->n_below);
	else if (text && !k->name)
		table_text(t, *kind == 'r' ? "(other)" : "(all)");
	else if (text && number)
		path_label(t, p, k, number);
	else
		table_text(t, k->name);
	table_text(t, k->detail && *k->detail && !(text && number) ? k->detail : NULL);
	paths(t, p, k);
	table_text(t, unit_of(p, false));
	table_u64(t, a->n_unit);
	table_u64(t, r->n_unit);
	table_known(t, k->w.a / by);
	table_known(t, k->w.b / by);
	table_known(t, (k->w.b - k->w.a) / by);
	table_known(t, tested ? r->diff_lo / by : NAN);
	table_known(t, tested ? r->diff_hi / by : NAN);
	table_known(t, share(p, k));
	table_known(t, hot_diff_sampled(p->kind) ? k->se / by : NAN);
	if (hot_diff_sampled(p->kind) && !tested && k->se > 0)
		table_textf(t, "+/- %s", cmp_fmt_value(buf, sizeof(buf), k->se / shown_by(p, true)));
	else
		table_none(t);
	change_cells(t, p, r, tested);
	verdict_cells(t, r, told, tested);
}

void hot_diff_columns(const struct hot_diff_part *p, struct table_col *cols)
{
	memcpy(cols, diff_cols, sizeof(diff_cols));
	cols[C_NAME].head = p->by == HOT_DIFF_INCLUSIVE ? "function" : hot_diff_by_name(p->by);
	cols[C_A].unit = cols[C_B].unit = cols[C_DIFF].unit = cols[C_SE].unit = unit_of(p, true);
}

int hot_diff_add_rows(struct table *t, const struct hot_diff_part *p, size_t top, bool text)
{
	size_t i, n = top && top < p->n_keys ? top : p->n_keys;

	for (i = 0; i < n; i++)
		add_row(t, p, &p->key[i], "key", p->by == HOT_DIFF_PATH ? i + 1 : 0, text);
	if (p->has_rest)
		add_row(t, p, &p->rest, "rest", 0, text);
	add_row(t, p, &p->total, "total", 0, text);
	return table_err(t);
}

/* ----------------------------------------------------------------- machines */

static void put_weight(struct json *j, const char *key, struct hot_diff_weight w)
{
	json_obj(j, key);
	json_num(j, "a", w.a);
	json_num(j, "b", w.b);
	json_end(j);
}

static int part_json(const struct hot_diff_part *p, struct json *j)
{
	struct table *t = table_new("rows", NULL, diff_cols, N(diff_cols));
	char line[512];
	unsigned int i;
	int err = t ? hot_diff_add_rows(t, p, 0, false) : -ENOMEM;

	if (!err) {
		json_obj(j, NULL);
		json_str(j, "kind", hot_diff_kind_name(p->kind));
		json_str(j, "by", hot_diff_by_name(p->by));
		json_str(j, "unit", unit_of(p, false));
		json_num(j, "min_share_pct", 100 * p->min_share);
		json_u64(j, "tested", p->r.family[CMP_KERNEL]);
		json_u64(j, "below", p->n_below);
		put_weight(j, "covered", p->d->covered[p->kind]);
		json_arr(j, "rule");
		for (i = 0; hot_diff_rule_line(p, i, line, sizeof(line)); i++)
			json_str(j, NULL, line);
		json_end(j);
		json_arr(j, "notes");
		for (i = 0; cmp_note_line(&p->c, &p->r, i, line, sizeof(line)); i++)
			json_str(j, NULL, line);
		json_end(j);
		table_write_json(t, j, "rows");
		json_end(j);
	}
	table_free(t);
	return err;
}

int hot_diff_write_json(const struct hot_diff *d, const struct hot_diff_part *p, size_t n, FILE *f)
{
	struct json j;
	size_t i;
	int err = 0;

	json_init(&j, f, true);
	json_obj(&j, NULL);
	json_str(&j, "kind", "hot-diff");
	json_u64(&j, "version", 1);
	json_str(&j, "benchmark", d->c->benchmark);
	json_str(&j, "per", d->per == HOT_DIFF_PER_RUN ? "run" : "second");
	put_weight(&j, "seconds", d->seconds);
	cmp_arms_json(d->c, &j);
	json_arr(&j, "tables");
	for (i = 0; i < n && !err; i++)
		err = part_json(&p[i], &j);
	json_end(&j);
	json_end(&j);
	return err;
}

int hot_diff_write_rows(const struct hot_diff_part *p, size_t n, const struct table_out *to, FILE *f)
{
	struct table *t = table_new("rows", NULL, diff_cols, N(diff_cols));
	size_t i;
	int err = t ? 0 : -ENOMEM;

	for (i = 0; i < n && !err; i++)
		err = hot_diff_add_rows(t, &p[i], 0, false);
	if (!err)
		table_write(t, f, to);
	table_free(t);
	return err;
}
