// SPDX-License-Identifier: GPL-2.0-only
/* A comparison as table, CSV, NDJSON and JSON. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define ROW_WIDTH 110

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
	{ .id = "delta_pct", .head = "delta", .unit = "%", .type = COL_FLOAT, .prec = 2, .flags = COL_SIGN },
	{ .id = "ci", .head = "95 % CI", .unit = "%", .type = COL_TEXT, .flags = COL_ONLY_TEXT | COL_RIGHT },
	{ .id = "ci_lo_pct", .head = "ci_lo", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "ci_hi_pct", .head = "ci_hi", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "diff", .head = "diff", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "diff_lo", .head = "diff_lo", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "diff_hi", .head = "diff_hi", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "t", .head = "t", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "df", .head = "df", .type = COL_FLOAT, .flags = COL_NO_TEXT },
	{ .id = "p", .head = "p", .type = COL_FLOAT, .flags = COL_P },
	{ .id = "status", .head = "status", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "rule", .head = "rule", .type = COL_TEXT, .flags = COL_NO_TEXT },
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

static int places(double v)
{
	return fabs(v) >= 100 ? 0 : fabs(v) >= 10 ? 1 : 2;
}

static void row(struct table *t, const struct cmp *c, const struct cmp_row *r)
{
	const struct cmp_metric *m = &c->metric[r->metric];
	bool have = r->desc.n > 0, tested = r->arm && have && r->rule && isfinite(r->test.diff);

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
	num(t, tested, r->delta);
	if (tested && isfinite(r->lo))
		table_textf(t, "%+.*f %+.*f", places(r->lo), r->lo, places(r->hi), r->hi);
	else
		table_none(t);
	num(t, tested, r->lo);
	num(t, tested, r->hi);
	num(t, tested, r->test.diff);
	num(t, tested, r->test.lo);
	num(t, tested, r->test.hi);
	num(t, tested, r->test.t);
	num(t, tested, r->test.df);
	num(t, tested, r->test.p);
	table_text(t, tested ? stats_status_name(r->test.status) : NULL);
	table_text(t, tested ? r->rule->name : NULL);
}

/*
 * In a text a kernel metric needs a value in two arms, and one that is not 0: a machine
 * with one node has no cross-node migrations to talk of.
 */
static bool worth_a_line(const struct cmp *c, const struct cmp_row *rows, size_t n, uint32_t metric)
{
	size_t i, arms = 0;
	bool some = false;

	for (i = 0; i < n; i++) {
		if (rows[i].metric != metric || !rows[i].desc.n)
			continue;
		arms++;
		some |= rows[i].desc.min != 0 || rows[i].desc.max != 0;
	}
	return some && (arms > 1 || c->n_arms == 1);
}

/* which: CMP_BENCHMARK, CMP_KERNEL, or -1 for both */
static struct table *rows_table(const struct cmp *c, const struct cmp_row *rows, size_t n, int which)
{
	static const char *const title[] = { "Benchmark results, one value an iteration", "Kernel metrics, one value an iteration" };
	struct table *t = table_new("rows", which < 0 ? NULL : title[which], row_cols, N(row_cols));
	size_t i;

	for (i = 0; t && i < n; i++)
		if (which < 0 || c->metric[rows[i].metric].source == (enum cmp_source)which)
			row(t, c, &rows[i]);
	return t;
}

static const char *fact_of(const struct cmp_arm *a, const char *key, bool *varies)
{
	size_t i;

	for (i = 0; i < a->n_facts; i++) {
		if (!strcmp(a->fact[i].key, key)) {
			*varies = a->fact[i].varies;
			return a->fact[i].value;
		}
	}
	*varies = false;
	return NULL;
}

static bool fact_differs(const struct cmp *c, const char *key)
{
	const char *first, *v;
	bool varies, some;
	size_t k;

	first = fact_of(&c->arm[0], key, &some);
	for (k = 1; k < c->n_arms; k++) {
		v = fact_of(&c->arm[k], key, &varies);
		if (!c->arm[k].n_facts || !c->arm[0].n_facts)
			continue; /* no trace: nothing is known, which is no difference */
		some |= varies || !v != !first || (v && strcmp(v, first));
	}
	return some;
}

static struct table *systems_table(const struct cmp *c)
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

			for (b = 0; b < a && !fact_of(&c->arm[b], key, &varies); b++)
				;
			if (b < a || !fact_differs(c, key))
				continue;
			for (k = 0; k < c->n_arms; k++) {
				table_text(t, key);
				table_text(t, c->arm[k].name);
				table_text(t, fact_of(&c->arm[k], key, &varies));
				table_text(t, varies ? "and others" : "");
			}
		}
	}
	return t;
}

static size_t boots(const struct cmp_arm *a)
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

static bool shares_boot(const struct cmp_arm *a, const struct cmp_arm *b)
{
	size_t i, k;

	for (i = 0; i < a->n_iter; i++)
		for (k = 0; k < b->n_iter; k++)
			if (a->iter[i].boot_id && b->iter[k].boot_id && !strcmp(a->iter[i].boot_id, b->iter[k].boot_id))
				return true;
	return false;
}

static void notes(const struct cmp *c, struct table *t)
{
	bool alone = false;
	size_t k, i;

	for (k = 0; k < c->n_arms; k++) {
		const struct cmp_arm *a = &c->arm[k];

		for (i = 0; i < a->n_iter; i++)
			if (a->iter[i].why)
				table_note(t, "%s iteration %u: %s%s", a->name, a->iter[i].number, a->iter[i].why,
					   a->iter[i].complete || a->iter[i].traced ? "" : " - left out");
		alone |= k && boots(a) == 1 && boots(&c->arm[0]) == 1 && !shares_boot(a, &c->arm[0]);
	}
	if (alone)
		table_note(t, "one boot an arm: a difference may be the boot's and not the system's; "
			   "boot between iterations to tell them apart");
}

static void arm_line(const struct cmp_arm *a, FILE *f, bool first)
{
	size_t i, good = 0, traced = 0, n = boots(a);

	for (i = 0; i < a->n_iter; i++) {
		good += a->iter[i].complete || a->iter[i].traced;
		traced += a->iter[i].traced;
	}
	fprintf(f, "%-10s %s: %zu iteration%s", first ? "arms" : "", a->name, good, good == 1 ? "" : "s");
	if (traced != good)
		fprintf(f, ", %zu of them traced", traced);
	if (good != a->n_iter)
		fprintf(f, ", %zu left out", a->n_iter - good);
	if (n)
		fprintf(f, ", %zu boot%s", n, n == 1 ? "" : "s");
	fprintf(f, "%s\n", first ? " (compared against)" : "");
}

static void write_text(const struct cmp *c, const struct cmp_rule *rule, const struct cmp_row *rows, size_t n,
		       const struct table_out *o, FILE *f)
{
	struct table_out wide = *o;
	struct table *t;
	size_t k;
	int which;

	if (wide.width && wide.width < ROW_WIDTH)
		wide.width = ROW_WIDTH; /* long metric names: a line a little too long reads better than a row in two places */
	if (c->benchmark)
		fprintf(f, "benchmark  %s\n", c->benchmark);
	for (k = 0; k < c->n_arms; k++)
		arm_line(&c->arm[k], f, !k);
	if (c->n_arms > 1) {
		fprintf(f, "rule       %s\n", rule->describe);
		fprintf(f, "           delta and CI in %% of %s's mean; + is better where the metric has a better side\n", c->arm[0].name);
	}
	for (which = CMP_BENCHMARK; which <= CMP_KERNEL; which++) {
		t = rows_table(c, rows, n, which);
		if (t && table_rows(t)) {
			fputc('\n', f);
			table_write_text(t, f, &wide);
		}
		table_free(t);
	}
	t = systems_table(c);
	if (t && table_rows(t)) {
		fputc('\n', f);
		table_write_text(t, f, o);
	}
	table_free(t);
	t = table_new("notes", NULL, row_cols, 1);
	if (t)
		notes(c, t);
	if (t && table_note_count(t)) {
		fputc('\n', f);
		table_write_notes(t, f, o);
	}
	table_free(t);
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

static void arms_json(const struct cmp *c, struct json *j)
{
	size_t k, i;

	json_arr(j, "arms");
	for (k = 0; k < c->n_arms; k++) {
		json_obj(j, NULL);
		json_str(j, "name", c->arm[k].name);
		json_u64(j, "boots", boots(&c->arm[k]));
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

static void write_json(const struct cmp *c, const struct cmp_rule *rule, const struct cmp_row *rows, size_t n, FILE *f)
{
	struct table *t;
	struct json j;

	json_init(&j, f, true);
	json_obj(&j, NULL);
	json_str(&j, "kind", "compare");
	json_u64(&j, "version", 1);
	json_str(&j, "benchmark", c->benchmark);
	json_obj(&j, "rule");
	json_str(&j, "name", rule->name);
	json_str(&j, "description", rule->describe);
	json_num(&j, "level", rule->level);
	json_end(&j);
	arms_json(c, &j);
	t = rows_table(c, rows, n, -1);
	if (t)
		table_write_json(t, &j, "rows");
	table_free(t);
	values_json(c, &j);
	t = systems_table(c);
	if (t)
		table_write_json(t, &j, "systems");
	table_free(t);
	json_end(&j);
}

int cmp_write(const struct cmp *c, const struct cmp_rule *rule, const struct table_out *o, FILE *f)
{
	struct cmp_row *rows;
	struct cmp_row *keep;
	struct table *t;
	size_t n, i, k = 0;
	int err;

	err = cmp_decide(c, rule, &rows, &n);
	if (err)
		return err;
	if (o->fmt == TABLE_TEXT) {
		keep = calloc(n + 1, sizeof(*keep));
		for (i = 0; keep && i < n; i++)
			if (c->metric[rows[i].metric].source == CMP_BENCHMARK || worth_a_line(c, rows, n, rows[i].metric))
				keep[k++] = rows[i];
		if (keep)
			write_text(c, rule, keep, k, o, f);
		else
			err = -ENOMEM;
		free(keep);
	} else if (o->fmt == TABLE_JSON) {
		write_json(c, rule, rows, n, f);
	} else {
		t = rows_table(c, rows, n, -1);
		if (t)
			table_write(t, f, o);
		err = t ? table_err(t) : -ENOMEM;
		table_free(t);
	}
	free(rows);
	return err;
}
