// SPDX-License-Identifier: GPL-2.0-only
/* What a gate found: in a sentence, as text, CSV, JSON, Markdown. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../compare/show.h"
#include "gate.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define ROW_WIDTH 124

static const struct table_col cols[] = {
	{ .id = "gate", .head = "gate", .type = COL_TEXT, .flags = COL_KEY },
	{ .id = "metric", .head = "metric", .type = COL_TEXT, .flags = COL_KEY, .max = 34 },
	{ .id = "unit", .head = "unit", .type = COL_TEXT, .max = 10 },
	{ .id = "better", .head = "better", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "source", .head = "source", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "baseline", .head = "baseline", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "arm", .head = "arm", .type = COL_TEXT, .max = 16 },
	{ .id = "n", .head = "n", .type = COL_COUNT },
	{ .id = "baseline_mean", .head = "was", .group = "mean", .type = COL_FLOAT, .prec = 4, .flags = COL_SIG },
	{ .id = "mean", .head = "is", .group = "mean", .type = COL_FLOAT, .prec = 4, .flags = COL_SIG },
	{ .id = "change", .head = "change", .unit = "%", .type = COL_TEXT, .flags = COL_ONLY_TEXT | COL_RIGHT },
	{ .id = "delta_pct", .head = "delta", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci", .head = "CI", .unit = "%", .type = COL_TEXT, .flags = COL_ONLY_TEXT | COL_RIGHT },
	{ .id = "ci_lo_pct", .head = "ci_lo", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci_hi_pct", .head = "ci_hi", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci_level", .head = "ci_level", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "p", .head = "p", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "p_adj", .head = "p adj", .type = COL_FLOAT, .flags = COL_P | COL_HIDE_EMPTY },
	{ .id = "verdict", .head = "verdict", .type = COL_TEXT, .flags = COL_HIDE_EMPTY },
	{ .id = "threshold_pct", .head = "threshold", .unit = "%", .type = COL_FLOAT, .prec = 3, .flags = COL_SIG | COL_HIDE_EMPTY },
	{ .id = "needed_more", .head = "more", .unit = "n", .type = COL_FLOAT, .flags = COL_HIDE_EMPTY },
	{ .id = "limit", .head = "limit", .type = COL_TEXT, .flags = COL_RIGHT | COL_HIDE_EMPTY },
	{ .id = "kind", .head = "kind", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "test", .head = "test", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "lost", .head = "lost", .type = COL_COUNT, .flags = COL_NO_TEXT },
	{ .id = "message", .head = "message", .type = COL_TEXT, .flags = COL_NO_TEXT },
};

const char *gate_outcome_name(enum gate_outcome o)
{
	static const char *const name[] = { "pass", "warn", "undecided", "FAIL", "TROUBLE" };

	return (unsigned int)o < N(name) ? name[o] : "?";
}

/* ---------------------------------------------------------------- sentences */

struct text { char *buf; size_t size, n; };

static __attribute__((format(printf, 2, 3))) void say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (t->n + 1 >= t->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->n, t->size - t->n, fmt, ap);
	va_end(ap);
	t->n += n > 0 ? (size_t)n : 0;
	if (t->n >= t->size)
		t->n = t->size - 1;
}

static void numbers(struct text *t, const struct gate *g, const struct gate_check *k)
{
	const struct cmp_row *row = k->row;
	char a[32], b[32];

	say(t, " (");
	if (isfinite(row->lo) && isfinite(row->hi))
		say(t, "%.3g %% CI %s to %s %%, ", 100 * row->level, cmp_fmt_pct(a, sizeof(a), row->lo, true),
		    cmp_fmt_pct(b, sizeof(b), row->hi, true));
	say(t, "threshold %.3g %%", 100 * row->min_effect);
	if (row->status == STATS_ZERO_VARIANCE)
		say(t, ", no spread");
	else if (isfinite(row->p_adj))
		say(t, ", adjusted p %.2g", row->p_adj);
	say(t, ", means %s and %s%s%s)", cmp_fmt_value(a, sizeof(a), (row - row->arm)->desc.mean),
	    cmp_fmt_value(b, sizeof(b), row->desc.mean), *g->c->metric[k->metric].unit ? " " : "", g->c->metric[k->metric].unit);
}

/* "by 21 %": away from the better side */
static void by(struct text *t, const struct cmp_row *row)
{
	char v[32];

	if (isfinite(row->delta))
		say(t, " by %s %%", cmp_fmt_pct(v, sizeof(v), fabs(row->delta), false));
	else if (isfinite(row->diff))
		say(t, " by %s from 0", cmp_fmt_value(v, sizeof(v), fabs(row->diff)));
}

static void limit_message(struct text *t, const struct gate *g, const struct gate_check *k)
{
	const struct cmp_metric *m = &g->c->metric[k->metric];
	const char *arm = g->c->arm[k->arm].name;
	char mean[32], bound[32];

	if (k->kind == GATE_MISSING)
		say(t, "%s has no value in %s", m->name, arm);
	else
		say(t, "%s of %s is %s%s%s, %s %s", m->name, arm, cmp_fmt_value(mean, sizeof(mean), k->row->desc.mean), *m->unit ? " " : "", m->unit,
		    k->kind == GATE_LIMIT ? (k->upper ? "above the limit of" : "below the limit of") :
		    k->upper ? "not above" : "not below", cmp_fmt_value(bound, sizeof(bound), k->bound));
}

static void verdict_message(struct text *t, const struct gate *g, const struct gate_check *k)
{
	const struct cmp_row *row = k->row;
	const char *name = g->c->metric[k->metric].name, *arm = g->c->arm[k->arm].name;
	bool bad = row->delta < 0;

	switch (k->kind) {
	case GATE_MISSING:
		say(t, "%s cannot be compared in %s: %s", name, arm, row->word ? row->word : "no value");
		return;
	case GATE_NO_VERDICT:
		say(t, "%s in %s has no verdict: %s", name, arm, row->n_unit < 2 || (row - row->arm)->n_unit < 2 ?
		    "one value an arm says nothing of noise" : stats_status_name(row->status));
		return;
	case GATE_NOT_SAME:
		say(t, "%s in %s is not shown to be as good: its interval reaches beyond the threshold", name, arm);
		break;
	case GATE_UNCLEAR:
		say(t, "%s in %s UNCLEAR", name, arm);
		if (row->need > 0 && row->need < 1e6)
			say(t, ", needs %.0f more of each", row->need);
		break;
	case GATE_CONFOUNDED:
		say(t, "%s in %s CONFOUNDED%s%s%s", name, arm, row->verdict_why ? " (" : "",
		    row->verdict_why ? row->verdict_why : "", row->verdict_why ? ")" : "");
		break;
	case GATE_INDICATIVE:
		say(t, "%s in %s INDICATIVE, fewer than 5 units, %s", name, arm, bad ? "worse" : "different");
		by(t, row);
		break;
	case GATE_WORSE:
	case GATE_CHANGED:
		say(t, "%s %s", name, cmp_verdict_name(row->verdict));
		by(t, row);
		say(t, " in %s", arm);
		break;
	default:
		say(t, "%s in %s %s", name, arm, cmp_verdict_name(row->verdict));
		if (row->verdict == CMP_BETTER)
			by(t, row);
	}
	numbers(t, g, k);
}

void gate_message(const struct gate *g, const struct gate_check *k, char *buf, size_t size)
{
	struct text t = { buf, size, 0 };

	if (size)
		*buf = '\0';
	if (k->metric == GATE_NO_METRIC) {
		say(&t, "%zu of %zu iterations of %s failed or have no results", k->lost, g->c->arm[k->arm].n_iter,
		    g->c->arm[k->arm].name);
		return;
	}
	if (k->limit)
		limit_message(&t, g, k);
	else
		verdict_message(&t, g, k);
	if (k->lost && k->kind != GATE_MISSING)
		say(&t, "; %zu value%s missing", k->lost, k->lost == 1 ? " is" : "s are");
}

static void tally(struct text *t, const struct gate *g)
{
	static const enum gate_outcome order[] = { GATE_FAIL, GATE_TROUBLE, GATE_WARN, GATE_SKIP, GATE_PASS };
	static const char *const word[] = { [GATE_PASS] = "passed",
					    [GATE_WARN] = "with a warning",
					    [GATE_SKIP] = "undecided",
					    [GATE_FAIL] = "failed",
					    [GATE_TROUBLE] = "in trouble" };
	bool some = false;
	size_t i;

	say(t, "%zu check%s: ", g->n, g->n == 1 ? "" : "s");
	for (i = 0; i < N(order); i++) {
		if (!g->count[order[i]])
			continue;
		say(t, "%s%zu %s", some ? ", " : "", g->count[order[i]], word[order[i]]);
		some = true;
	}
	if (!some)
		say(t, "nothing was checked");
}

void gate_line(const struct gate *g, char *buf, size_t size)
{
	struct text t = { buf, size, 0 };
	char first[512];

	say(&t, "%s - ", g->outcome == GATE_PASS ? "PASS" : gate_outcome_name(g->outcome));
	if (g->outcome != GATE_PASS && g->n) {
		gate_message(g, &g->check[0], first, sizeof(first));
		say(&t, "%s; ", first);
	}
	tally(&t, g);
}

/* ------------------------------------------------------------------- tables */

static void num(struct table *t, bool have, double v)
{
	if (have)
		table_f64(t, v);
	else
		table_none(t);
}

static void limit_cell(struct table *t, const struct gate_check *k)
{
	char v[40];

	if (!k->limit) {
		table_none(t);
		return;
	}
	table_fmt_sig(v, sizeof(v), k->bound, 4, false);
	table_textf(t, "%s %s", k->upper ? "<=" : ">=", v);
}

static void compared_cells(struct table *t, const struct cmp_row *r, const struct gate_check *k)
{
	bool told = k->row && !k->limit && isfinite(r->diff), tested = told && r->test != CMP_TEST_NONE;
	char pct[32], ci[64];

	table_text(t, told && isfinite(r->delta) ? cmp_fmt_pct(pct, sizeof(pct), r->delta, true) : told ? r->word : NULL);
	num(t, told && isfinite(r->delta), r->delta);
	if (tested && isfinite(r->lo) && isfinite(r->hi))
		table_text(t, cmp_fmt_interval(ci, sizeof(ci), r->lo, r->hi));
	else
		table_none(t);
	num(t, tested, r->lo);
	num(t, tested, r->hi);
	num(t, tested, r->level);
	num(t, tested, r->p);
	num(t, tested, r->p_adj);
	if (r->word && !tested && !k->limit)
		table_text(t, r->word);
	else
		table_text(t, tested ? cmp_verdict_name(r->verdict) : told ? "- (n = 1)" : NULL);
	num(t, k->row && !k->limit, 100 * r->min_effect);
	num(t, tested && r->verdict == CMP_UNCLEAR && r->need > 0 && r->need < 1e6, r->need);
}

static void check_row(struct table *t, const struct gate *g, const struct gate_check *k)
{
	static const struct cmp_row none;
	const struct cmp_metric *m = k->metric == GATE_NO_METRIC ? NULL : &g->c->metric[k->metric];
	const struct cmp_row *r = k->row ? k->row : &none, *base = r - r->arm;
	char line[600];

	table_text(t, gate_outcome_name(k->outcome));
	table_text(t, m ? m->name : "(iterations)");
	table_text(t, m && *m->unit ? m->unit : NULL);
	table_text(t, m ? metric_direction_name(m->better) : NULL);
	table_text(t, m ? (m->source == CMP_KERNEL ? "kernel" : "benchmark") : NULL);
	table_text(t, g->c->n_arms > 1 ? g->c->arm[0].name : NULL);
	table_text(t, g->c->arm[k->arm].name);
	if (k->row)
		table_u64(t, r->n_unit);
	else
		table_none(t);
	num(t, r->arm && base->n_unit, base->desc.mean);
	num(t, r->n_unit, r->desc.mean);
	compared_cells(t, r, k);
	limit_cell(t, k);
	table_text(t, gate_kind_name(k->kind));
	table_text(t, k->row && !k->limit && r->test != CMP_TEST_NONE ? cmp_test_name(r->test) : NULL);
	table_u64(t, k->lost);
	gate_message(g, k, line, sizeof(line));
	table_text(t, line);
}

static struct table *checks_table(const struct gate *g)
{
	struct table *t = table_new("checks", NULL, cols, N(cols));
	size_t i;

	for (i = 0; t && i < g->n; i++)
		check_row(t, g, &g->check[i]);
	return t;
}

/* What did not pass, a line each; the first failure is in the headline already, what is undecided in the table. */
static void more_lines(const struct gate *g, const struct table_out *o, FILE *f)
{
	char line[600];
	size_t i;

	for (i = 0; i < g->n; i++) {
		const struct gate_check *k = &g->check[i];

		if (k->outcome == GATE_PASS || k->outcome == GATE_SKIP ||
		    (o->fmt != TABLE_MARKDOWN && !i && g->outcome != GATE_PASS))
			continue;
		gate_message(g, k, line, sizeof(line));
		if (o->fmt == TABLE_MARKDOWN) {
			fprintf(f, "- **%s**: ", gate_outcome_name(k->outcome));
			table_put_markdown(line, f);
			fputc('\n', f);
		} else {
			fprintf(f, "%-9s %s\n", gate_outcome_name(k->outcome), line);
		}
	}
}

static void put_headline(const char *line, bool markdown, FILE *f)
{
	if (!markdown) {
		fprintf(f, "gate: %s\n", line);
		return;
	}
	fputs("## gate: ", f);
	table_put_markdown(line, f);
	fputs("\n\n", f);
}

static void write_text(const struct gate *g, struct table *t, const struct table_out *o, FILE *f)
{
	bool markdown = o->fmt == TABLE_MARKDOWN;
	struct table_out wide = *o;
	char line[1024];

	if (wide.width && wide.width < ROW_WIDTH)
		wide.width = ROW_WIDTH;
	gate_line(g, line, sizeof(line));
	put_headline(line, markdown, f);
	more_lines(g, o, f);
	fputc('\n', f);
	cmp_write_head(g->c, g->r, o, f);
	fputc('\n', f);
	table_write(t, f, &wide);
	cmp_put_table(cmp_systems_table(g->c), o, f);
	cmp_write_notes(g->c, g->r, o, f);
}

static void write_json(const struct gate *g, struct table *t, FILE *f)
{
	char line[1024];
	struct json j;
	unsigned int i;

	json_init(&j, f, true);
	json_obj(&j, NULL);
	json_str(&j, "kind", "gate");
	json_u64(&j, "version", 1);
	json_str(&j, "result", g->outcome == GATE_PASS ? "pass" : g->outcome == GATE_FAIL ? "fail" : "trouble");
	json_u64(&j, "status", (uint64_t)gate_status(g));
	gate_line(g, line, sizeof(line));
	json_str(&j, "line", line);
	json_str(&j, "benchmark", g->c->benchmark);
	json_obj(&j, "counts");
	json_u64(&j, "fail", g->count[GATE_FAIL]);
	json_u64(&j, "trouble", g->count[GATE_TROUBLE]);
	json_u64(&j, "warn", g->count[GATE_WARN]);
	json_u64(&j, "undecided", g->count[GATE_SKIP]);
	json_u64(&j, "pass", g->count[GATE_PASS]);
	json_end(&j);
	json_arr(&j, "rule");
	for (i = 0; cmp_rule_line(g->c, g->r, i, line, sizeof(line)); i++)
		json_str(&j, NULL, line);
	json_end(&j);
	table_write_json(t, &j, "checks");
	json_arr(&j, "notes");
	for (i = 0; cmp_note_line(g->c, g->r, i, line, sizeof(line)); i++)
		json_str(&j, NULL, line);
	json_end(&j);
	json_end(&j);
}

int gate_write_trouble(const char *why, enum table_fmt fmt, FILE *f)
{
	struct json j;

	if (fmt == TABLE_JSON || fmt == TABLE_NDJSON) {
		json_init(&j, f, fmt == TABLE_JSON);
		json_obj(&j, NULL);
		json_str(&j, "kind", "gate");
		json_u64(&j, "version", 1);
		json_str(&j, "result", "trouble");
		json_u64(&j, "status", 2);
		json_str(&j, "line", why);
		json_end(&j);
	} else if (fmt != TABLE_CSV) {
		fprintf(f, fmt == TABLE_MARKDOWN ? "## gate: TROUBLE - %s\n" : "gate: TROUBLE - %s\n", why);
	}
	return 0;
}

int gate_write(const struct gate *g, const struct table_out *o, FILE *f)
{
	struct table *t = checks_table(g);
	int err = t ? table_err(t) : -ENOMEM;

	if (!err && (o->fmt == TABLE_TEXT || o->fmt == TABLE_MARKDOWN))
		write_text(g, t, o, f);
	else if (!err && o->fmt == TABLE_JSON)
		write_json(g, t, f);
	else if (!err)
		table_write(t, f, o);
	table_free(t);
	return err;
}
