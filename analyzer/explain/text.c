// SPDX-License-Identifier: GPL-2.0-only
/* An explanation for people. Every section says what its rows support, and what they do not. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "explain_int.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define WIDTH 100      /* at least: rows in one piece read better than rows in two */
#define TOP_CARRIERS 4 /* names a quantity */
#define ALSO 6         /* names that a group shows */
#define PER_FAMILY 2   /* rows of a family in a section */
#define EXPERIMENTS 2
#define ALPHA 0.05
#define COLS 16 /* heads are the arms' names: a table's columns live as long as it does */

struct text {
	const struct cmp *c;
	const struct cmp_result *r;
	const struct explain *e;
	struct table_out to;
	size_t top;
	FILE *f;
};

/* A paragraph, broken at the edge. */
static __attribute__((format(printf, 2, 3))) int say(const struct text *x, const char *fmt, ...)
{
	static const struct table_col none[] = { { .id = "t", .head = "t", .type = COL_TEXT } };
	struct table *t = table_new("text", NULL, none, 1);
	char line[1200];
	va_list ap;

	if (!t)
		return -ENOMEM;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	table_note(t, "%s", line);
	table_write_notes(t, x->f, &x->to);
	table_free(t);
	return 0;
}

static const char *name_of(const struct text *x, const struct explain_metric *m)
{
	return x->c->metric[m->metric].name;
}

/* ---------------------------------------------------------------------- head */

const char *explain_standing(const struct explain *e)
{
	if (!e->changed)
		return "the result did not change for sure, so there is nothing sure to explain";
	if (e->row->verdict == CMP_CONFOUNDED)
		return "the arms differ in boot or order, too: that may be what moved the result and everything below";
	if (e->candidates)
		return "fewer than 5 units an arm: candidates only, in the order in which they deserve a look";
	return "consistent with carrying the change is all that a row can say; only an experiment shows a cause";
}

static void head(const struct text *x)
{
	const struct cmp_row *row = x->e->row, *base = cmp_row(x->c, x->r, x->e->result, 0);
	const struct cmp_metric *m = &x->c->metric[x->e->result];
	const struct explain *e = x->e;
	char a[32], b[32], ci[64], p[16];

	table_fmt_sig(a, sizeof(a), base->desc.mean, 4, false);
	table_fmt_sig(b, sizeof(b), row->desc.mean, 4, false);
	table_fmt_p(p, sizeof(p), row->p_adj);
	if (x->c->benchmark)
		fprintf(x->f, "benchmark  %s\n", x->c->benchmark);
	fprintf(x->f, "result     %s%s%s%s, %s\n", m->name, *m->unit ? " [" : "", m->unit, *m->unit ? "]" : "",
		m->better == METRIC_LOWER ? "lower is better" : m->better == METRIC_HIGHER ? "higher is better" : "no better side");
	fprintf(x->f, "           %s %s, %s %s", x->c->arm[0].name, a, x->c->arm[e->arm].name, b);
	if (isfinite(row->ratio)) {
		fprintf(x->f, ": %s %% as measured", cmp_fmt_pct(a, sizeof(a), 100 * (row->ratio - 1), true));
		if (isfinite(row->ratio_lo) && isfinite(row->ratio_hi))
			fprintf(x->f, " (%.3g %% CI %s)", 100 * row->level,
				cmp_fmt_interval(ci, sizeof(ci), 100 * (row->ratio_lo - 1), 100 * (row->ratio_hi - 1)));
	} else if (isfinite(row->diff)) {
		fprintf(x->f, ": %s as measured", cmp_fmt_value(a, sizeof(a), row->diff));
	}
	fprintf(x->f, ", adjusted p %s: %s%s%s%s\n", p, cmp_verdict_name(row->verdict), row->verdict_why ? " (" : "",
		row->verdict_why ? row->verdict_why : "", row->verdict_why ? ")" : "");
	fprintf(x->f, "units      %zu and %zu %ss", e->n[0], e->n[1], cmp_unit_name(x->r->design.unit));
	if (e->n_blocks)
		fprintf(x->f, ", %zu blocks: what both arms of a block share is taken out", e->n_blocks);
	fprintf(x->f, "\nmetrics    %zu that are not the same everywhere, %zu that do not move as one with another\n", e->n_tested,
		e->n_groups);
	fprintf(x->f, "           %s\n", e->fixed_work ?
		"the length of an iteration goes with the result: counts are per piece of work, not a second" :
		"rates a second where there are both rate and count");
	fputc('\n', x->f);
	say(x, "%c%s.", explain_standing(e)[0] - 'a' + 'A', explain_standing(e) + 1);
}

/* ------------------------------------------------------------------ sections */

enum { WITH_LINK = 1, WITH_SHIFT = 2 };

static struct table *section_new(const struct text *x, const char *title, int what, struct table_col *room)
{
	const char *a = x->c->arm[0].name, *b = x->c->arm[x->e->arm].name;
	const uint16_t link = what & WITH_LINK ? 0 : COL_NO_TEXT, shift = what & WITH_SHIFT ? 0 : COL_NO_TEXT;
	const struct table_col cols[] = {
		{ .id = "rank", .head = "", .type = COL_COUNT, .flags = COL_KEY },
		{ .id = "metric", .head = "metric", .type = COL_TEXT, .flags = COL_KEY, .max = 34 },
		{ .id = "unit", .head = "unit", .type = COL_TEXT },
		{ .id = "a", .head = a, .type = COL_FLOAT, .prec = 4, .flags = COL_SIG },
		{ .id = "b", .head = b, .type = COL_FLOAT, .prec = 4, .flags = COL_SIG },
		{ .id = "pct", .head = "by", .unit = "%", .type = COL_FLOAT, .prec = 3, .flags = COL_SIG | COL_SIGN, .group = "shift" },
		{ .id = "sd", .head = "in sd", .type = COL_TEXT, .flags = COL_RIGHT | shift, .group = "shift" },
		{ .id = "p_a", .head = "p", .type = COL_FLOAT, .flags = COL_P | link, .group = "shift" },
		{ .id = "q_a", .head = "q", .type = COL_FLOAT, .flags = COL_P | shift, .group = "shift" },
		{ .id = "r", .head = "r", .type = COL_FLOAT, .prec = 2, .flags = COL_SIGN, .group = "inside arms" },
		{ .id = "rs", .head = "ranks", .type = COL_FLOAT, .prec = 2, .flags = COL_SIGN | link, .group = "inside arms" },
		{ .id = "p_b", .head = "p", .type = COL_FLOAT, .flags = COL_P, .group = "inside arms" },
		{ .id = "q", .head = "q", .type = COL_FLOAT, .flags = COL_P | link },
		{ .id = "share", .head = "share", .unit = "%", .type = COL_TEXT, .flags = COL_RIGHT | link },
	};

	memcpy(room, cols, sizeof(cols));
	return table_new("metrics", title, room, N(cols));
}

static void num(struct table *t, double v)
{
	if (isfinite(v))
		table_f64(t, v);
	else
		table_none(t);
}

static void row(const struct text *x, struct table *t, const struct explain_metric *m, size_t rank)
{
	table_u64(t, rank);
	table_text(t, name_of(x, m));
	table_text(t, x->c->metric[m->metric].unit);
	num(t, m->mean[0]);
	num(t, m->mean[1]);
	num(t, m->shift_pct);
	if (isinf(m->shift_sd))
		table_text(t, "exact"); /* no spread in either arm */
	else
		table_textf(t, "%+.1f", m->shift_sd);
	num(t, m->s.a_p);
	num(t, m->q_a);
	num(t, m->s.r_within);
	num(t, m->spearman);
	num(t, m->s.b_p);
	num(t, m->q_joint);
	if (isnan(m->share))
		table_none(t);
	else
		table_textf(t, "%s%.0f", m->s.share > m->share ? ">" : "", 100 * m->share);
}

/* The others of a group, and what to mind of the one that stands for them. */
static void remarks(const struct text *x, struct table *t, const struct explain_metric *m, uint32_t at, size_t rank)
{
	char list[400] = "";
	size_t i, n = 0, len = 0;

	for (i = 0; i < x->e->n_metrics; i++) {
		const struct explain_metric *o = &x->e->m[x->e->order[i]];

		if (o->group != at || o == m || o->section == EXPLAIN_UNTESTED)
			continue;
		if (n++ < ALSO && len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", name_of(x, o));
	}
	if (n)
		table_note(t, "%zu moves as one with %s%s", rank, list, n > ALSO ? " and others" : "");
	if (m->section == EXPLAIN_BOTH && !m->signs)
		table_note(t, "%zu: the order of the values does not show it; look at single iterations", rank);
	if (m->tied)
		table_note(t, m->family->elapsed ? "%zu is part of the elapsed time: it goes with it by definition" :
			   "%zu grew with the time alone: a second there is no more of it", rank);
	if (m->family->confounder)
		table_note(t, "%zu moves results without being part of what was changed: look at it first", rank);
}

/* Has the section shown enough of this family? What else there is of it gets one line. */
static bool enough_of(const struct text *x, enum explain_section s, size_t at, size_t *of_family)
{
	const struct explain *e = x->e;
	size_t i;

	*of_family = 0;
	for (i = 0; i < at; i++) {
		const struct explain_metric *m = &e->m[e->order[i]];

		*of_family += m->section == s && m->group == e->order[i] && m->family == e->m[e->order[at]].family;
	}
	return x->top != SIZE_MAX && *of_family >= PER_FAMILY;
}

static void more_of(const struct text *x, struct table *t, enum explain_section s, size_t at)
{
	const struct explain_family *family = x->e->m[x->e->order[at]].family;
	char list[300] = "";
	size_t len = 0;

	for (; at < x->e->n_metrics; at++) {
		const struct explain_metric *m = &x->e->m[x->e->order[at]];

		if (m->section == s && m->group == x->e->order[at] && m->family == family && len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", name_of(x, m));
	}
	table_note(t, "also of %s: %s", family->title, list);
}

/* Returns how many rows there are; only the first of a group has one. */
static size_t section(const struct text *x, enum explain_section s, const char *title, int what)
{
	struct table_col cols[COLS];
	struct table *t = section_new(x, title, what, cols);
	size_t i, n = 0, more = 0, of_family;

	for (i = 0; t && i < x->e->n_metrics; i++) {
		const struct explain_metric *m = &x->e->m[x->e->order[i]];

		if (m->section != s || m->group != x->e->order[i])
			continue;
		if (enough_of(x, s, i, &of_family)) {
			if (of_family == PER_FAMILY)
				more_of(x, t, s, i);
			continue;
		}
		if (n == x->top) {
			more++;
			continue;
		}
		row(x, t, m, ++n);
		remarks(x, t, m, x->e->order[i], n);
	}
	if (more)
		table_note(t, "... %zu more; --top 0 shows all", more);
	if (n) {
		fputc('\n', x->f);
		table_write_text(t, x->f, &x->to);
	}
	table_free(t);
	return n;
}

/* The nearest ones, where nothing passes. */
static void nearest(const struct text *x)
{
	const struct explain_metric *best = NULL;
	char p[16];
	size_t i;

	for (i = 0; i < x->e->n_metrics; i++) {
		const struct explain_metric *m = &x->e->m[i];

		if (m->section != EXPLAIN_UNTESTED && m->s.share > 0 && !isnan(m->p_joint) && (!best || m->p_joint < best->p_joint))
			best = m;
	}
	fputc('\n', x->f);
	if (!best) {
		say(x, "No metric moves with the result both between and inside the arms.");
		return;
	}
	table_fmt_p(p, sizeof(p), best->p_joint);
	say(x, "No metric moves with the result both between and inside the arms; nearest is %s (larger p of the two: %s). "
	    "With a strong change and quiet arms that is usual: there is little to follow inside them.", name_of(x, best), p);
}

static void changed_sections(const struct text *x)
{
	const struct explain *e = x->e;

	if (section(x, EXPLAIN_BOTH, e->candidates ? "Candidates: move with the result between and inside the arms" :
		    "Move with the result, between and inside the arms", WITH_LINK))
		say(x, "Supports: the change is consistent with being carried by these. In about one report of four some "
		    "innocent metric gets here. Shares overlap and do not add up.");
	else
		nearest(x);
	fputc('\n', x->f);
	say(x, "Unexplained: %.0f %% of the change%s.", 100 * e->unexplained,
	    e->unexplained >= 1 ? "; inside the arms nothing was shown to go with the result, but what only grows with it" :
	    " is left after the first of them, by the link inside the arms");
	if (section(x, EXPLAIN_BETWEEN, e->candidates ? "Candidates: shifted with the result, between the arms only" :
		    "Shifted with the result, between the arms only", WITH_SHIFT))
		say(x, "Supports: the arms surely differ in these. Each may carry the change, follow from it, or only come along "
		    "with what was changed: the size of a shift does not tell which.");
	if (section(x, EXPLAIN_BYSTANDER, "Bystanders: shifted, but by their link inside the arms they carry less than a quarter",
		    WITH_SHIFT))
		say(x, "Supports: these moved between the arms, but inside the arms the result does not follow them, or goes the other way.");
}

static void unchanged_sections(const struct text *x)
{
	size_t n = section(x, EXPLAIN_BYSTANDER, "Bystanders: moved between the arms although the result did not", WITH_SHIFT);

	if (n) {
		say(x, "Supports: the arms surely differ in these, and it cost or gained the result nothing that these runs could see.");
	} else {
		fputc('\n', x->f);
		say(x, "No kernel metric moved between the arms either (q < .05 over %zu metrics).", x->e->n_tested);
	}
}

/* ------------------------------------------------------------------- carriers */

static struct table *carriers_new(const struct text *x, enum explain_of of, struct table_col *room)
{
	static const char *const title[] = {
		"Tasks that carry the difference (by name, sum an iteration)", "CPUs that carry the difference (sum an iteration)",
		"When in the iteration (parts of its length, mean)",
	};
	static const char *const head_of[] = { "task", "CPU", "% of it" };
	const struct table_col cols[] = {
		{ .id = "quantity", .head = "what", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "unit", .head = "unit", .type = COL_TEXT },
		{ .id = "name", .head = head_of[of], .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "a", .head = x->c->arm[0].name, .type = COL_FLOAT, .prec = 4, .flags = COL_SIG },
		{ .id = "b", .head = x->c->arm[x->e->arm].name, .type = COL_FLOAT, .prec = 4, .flags = COL_SIG },
		{ .id = "diff", .head = "diff", .type = COL_FLOAT, .prec = 3, .flags = COL_SIG | COL_SIGN },
		{ .id = "share", .head = "of all", .unit = "%", .type = COL_FLOAT, .flags = COL_SIGN },
		{ .id = "q", .head = "q", .type = COL_FLOAT, .flags = COL_P },
	};

	memcpy(room, cols, sizeof(cols));
	return table_new(explain_of_name(of), title[of], room, N(cols));
}

static void carrier_row(struct table *t, const struct explain_carrier *k, const char *name)
{
	const struct explain_quantity *q = explain_quantity(k->of, k->quantity);

	table_text(t, q->title);
	table_text(t, q->unit);
	table_text(t, name);
	num(t, k->mean[0]);
	num(t, k->mean[1]);
	num(t, k->diff);
	num(t, 100 * k->share);
	num(t, k->q);
}

/* Rows of one quantity; true when any was worth showing. */
static bool quantity_rows(const struct text *x, struct table *t, const struct explain_carrier *k, size_t n)
{
	size_t i, shown = 0, sure = 0;

	for (i = 0; i < n; i++)
		sure += k[i].q < ALPHA;
	for (i = 0; i < n && shown < TOP_CARRIERS; i++) {
		if (fabs(k[i].share) < 0.02 || !(k[i].q < ALPHA || (x->e->candidates && i == 0)))
			continue;
		carrier_row(t, &k[i], k[i].name);
		shown++;
	}
	if (k->of == EXPLAIN_TIME && shown)
		table_note(t, "%s: %zu of %zu parts differ (q < .05)", explain_quantity(k->of, k->quantity)->title, sure, n);
	return shown > 0;
}

static void carriers(const struct text *x, enum explain_of of)
{
	const struct explain_carrier *k = x->e->carrier, *end = k + x->e->n_carriers, *to;
	struct table_col cols[COLS];
	struct table *t = carriers_new(x, of, cols);
	char quiet[200] = "";
	size_t len = 0;
	bool any = false;

	for (; t && k < end; k = to) {
		for (to = k; to < end && to->of == k->of && to->quantity == k->quantity; to++)
			;
		if (k->of != of)
			continue;
		any = true;
		if (!quantity_rows(x, t, k, (size_t)(to - k)) && len < sizeof(quiet))
			len += (size_t)snprintf(quiet + len, sizeof(quiet) - len, "%s%s", len ? ", " : "",
						explain_quantity(of, k->quantity)->title);
	}
	if (len)
		table_note(t, "no sure difference of one %s: %s", of == EXPLAIN_TIME ? "part" : of == EXPLAIN_CPU ? "CPU" : "task", quiet);
	if (any) {
		fputc('\n', x->f);
		if (table_rows(t))
			table_write_text(t, x->f, &x->to);
		else
			table_write_notes(t, x->f, &x->to);
	}
	table_free(t);
}

/* ----------------------------------------------------------------------- next */

static void experiments(const struct text *x)
{
	static const enum explain_section from[] = { EXPLAIN_BOTH, EXPLAIN_BETWEEN };
	const struct explain_family *done[EXPERIMENTS];
	size_t i, k, n = 0, s;

	fprintf(x->f, "\nNext, to tell a cause from company\n");
	for (s = 0; s < N(from); s++)
		for (i = 0; i < x->e->n_metrics && n < EXPERIMENTS; i++) {
			const struct explain_metric *m = &x->e->m[x->e->order[i]];

			if (m->section != from[s] || m->group != x->e->order[i] || m->tied)
				continue;
			for (k = 0; k < n && done[k] != m->family; k++)
				;
			if (k < n)
				continue;
			done[n++] = m->family;
			say(x, "- %s (%s): %s.", m->family->title, name_of(x, m), m->family->experiment);
		}
	if (!n)
		say(x, "- Nothing here asks for an experiment: what carries the change is not among these metrics, or takes more "
		    "iterations to be seen. Look at instructions and cycles (perf stat -a) in both arms.");
}

static void confounders(const struct text *x)
{
	char moved[300] = "", still[300] = "", p[16];
	size_t i, a = 0, b = 0;

	for (i = 0; i < x->e->n_metrics; i++) {
		const struct explain_metric *m = &x->e->m[i];

		if (!m->family->confounder || m->section == EXPLAIN_UNTESTED)
			continue;
		table_fmt_p(p, sizeof(p), m->s.a_p);
		if (m->s.a_p < ALPHA && a < sizeof(moved))
			a += (size_t)snprintf(moved + a, sizeof(moved) - a, "%s%s (p %s)", a ? ", " : "", name_of(x, m), p);
		else if (b < sizeof(still))
			b += (size_t)snprintf(still + b, sizeof(still) - b, "%s%s", b ? ", " : "", name_of(x, m));
	}
	fputc('\n', x->f);
	say(x, "Confounders: %s%s%s%s%s. Not in a trace, and able to move both: CPU frequency, temperature.",
	    a ? "differ between the arms: " : "", moved, a && b ? "; no sure difference: " : b ? "no sure difference: " : "", still,
	    a || b ? "" : "none recorded");
}

int explain_write_text(const struct cmp *c, const struct cmp_result *r, const struct explain *e, size_t top,
		       const struct table_out *to, FILE *f)
{
	struct text x = { .c = c, .r = r, .e = e, .to = *to, .top = top, .f = f };
	char line[400];
	unsigned int i;

	if (x.to.width && x.to.width < WIDTH)
		x.to.width = WIDTH;
	head(&x);
	if (e->changed)
		changed_sections(&x);
	else
		unchanged_sections(&x);
	if (section(&x, EXPLAIN_SCATTER, "The result's scatter inside the arms goes with", WITH_LINK))
		say(&x, "Supports: where these come from may be where the noise of the result comes from.");
	carriers(&x, EXPLAIN_TASK);
	carriers(&x, EXPLAIN_CPU);
	carriers(&x, EXPLAIN_TIME);
	if (e->carriers_why[0])
		say(&x, "%s", e->carriers_why);
	confounders(&x);
	if (e->changed)
		experiments(&x);
	for (i = 0; cmp_note_line(c, r, i, line, sizeof(line)); i++)
		say(&x, "%s", line);
	return 0;
}
