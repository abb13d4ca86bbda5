// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../stats/dist.h"
#include "view_int.h"

enum what { MIN, MEAN, STDDEV, COEFFVAR, MAX, BEST, PCTILE, SINGLE };

struct row { enum what what; int arg; const char *lower, *higher; };

#define R_MIN { MIN, 0, "Min", "Min" }
#define R_MAX { MAX, 0, "Max", "Max" }
#define R_MEAN { MEAN, 0, "Amean", "Hmean" }
#define R_STDDEV { STDDEV, 0, "Stddev", "HStddev" }
#define R_COEFFVAR { COEFFVAR, 0, "CoeffVar", "HCoeffVar" }
#define R_BEST(n) { BEST, n, "BAmean." #n, "BHmean." #n }
#define R_PCTILE(n) { PCTILE, n, "Pctile." #n, "Pctile." #n }

static const struct row multiops[] = { R_MIN, R_MEAN, R_STDDEV, R_COEFFVAR, R_MAX, R_BEST(95), { 0 } };
static const struct row normalisedops[] = { R_MIN, R_MEAN, R_BEST(95), R_PCTILE(95), R_STDDEV, R_COEFFVAR, R_MAX, { 0 } };
static const struct row leftskewops[] = {
	R_MIN, R_MEAN, R_BEST(50), R_PCTILE(50), R_BEST(75), R_PCTILE(75), R_BEST(90), R_PCTILE(90), R_BEST(99), R_PCTILE(99),
	R_STDDEV, R_COEFFVAR, R_MAX, { 0 }
};
static const struct row singleops[] = { { SINGLE, 0, "Ops", "Ops" }, { 0 } };
static const struct row *const row_set[] = {
	[MMTESTS_MULTIOPS] = multiops, [MMTESTS_NORMALISEDOPS] = normalisedops, [MMTESTS_LEFTSKEWOPS] = leftskewops,
	[MMTESTS_SINGLEOPS] = singleops,
};

/* ---------------------------------------------------------------- printing */

/* How much of the name stands in the first line; MMTests takes the last letter off one without a dash. */
static size_t first_part(const char *name)
{
	const char *dash = strchr(name, '-');
	size_t len = strlen(name), at = dash ? (size_t)(dash - name) : 0, i;

	if (!dash)
		return len ? len - 1 : 0;
	/* "5.18-rc3-foo": it looks for -rcN in as many letters behind the dash as stand before it, and three */
	for (i = at; i + 4 <= len && i + 4 <= at + at + 3; i++)
		if (!strncmp(name + i, "-rc", 3) && name[i + 3] >= '0' && name[i + 3] <= '9')
			return at + 4 < len ? at + 4 : len;
	return at;
}

void view_header(const struct cmp *c, int label, int column, FILE *f)
{
	size_t i, at;

	fprintf(f, "%*s", label, "");
	for (i = 0; i < c->n_arms; i++)
		fprintf(f, "%*.*s", column, (int)first_part(c->arm[i].name), c->arm[i].name);
	fprintf(f, "\n%*s", label, "");
	for (i = 0; i < c->n_arms; i++) {
		const char *name = c->arm[i].name;

		at = strchr(name, '-') ? first_part(name) + 1 : 0;
		fprintf(f, "%*s", column, at < strlen(name) ? name + at : "");
	}
	fputc('\n', f);
}

void view_number(FILE *f, int width, int places, bool missing, double v)
{
	if (missing || isnan(v))
		fprintf(f, "%*s", width, missing ? "-" : "nan");
	else
		fprintf(f, "%*.*f", width, places, v);
}

static void delta(FILE *f, bool known, double d, bool star)
{
	if (!known || isnan(d))
		fprintf(f, " (%7s )", "-");
	else
		fprintf(f, " %c%7.2f%%%c", star ? '*' : '(', d, star ? '*' : ')');
}

/* ----------------------------------------------------------------- numbers */

static double value(const struct row *r, const struct view_op *op, const struct view_cell *c)
{
	size_t i;

	switch (r->what) {
	case MIN:
		return c->s.min;
	case MAX:
		return c->s.max;
	case MEAN:
		return c->s.mean;
	case STDDEV:
		return c->s.stddev;
	case COEFFVAR:
		return isnan(c->s.stddev) ? NAN : c->s.coeffvar;
	case BEST:
		for (i = 0; i < MMTESTS_N_BEST; i++)
			if (mmtests_best_of[i] == r->arg)
				return c->s.best[i];
		return NAN;
	case PCTILE:
		for (i = 0; i < MMTESTS_N_PCTILE; i++)
			if (mmtests_pctile_of[i] == r->arg)
				return c->s.pctile[i];
		return NAN;
	case SINGLE:
		break;
	}
	return op->dir == MMTESTS_HIGHER ? c->s.max : c->s.min;
}

static double change(const struct row *r, enum mmtests_dir dir, double v, double base)
{
	if (isnan(v) || isnan(base))
		return NAN;
	if (dir == MMTESTS_HIGHER && r->what != STDDEV && r->what != COEFFVAR)
		return mmtests_pdiff(v, base);
	return mmtests_pndiff(v, base);
}

/* Student's t with the degrees of freedom of equal variances, p < 0.10; the deviation is the arithmetic one. */
static bool classic_star(const struct view_op *op, const struct view_cell *a, const struct view_cell *b)
{
	struct mmtests_stats sa = a->s, sb = b->s;
	double d = fabs(a->s.mean - b->s.mean), va, vb, se;

	if (op->dir == MMTESTS_HIGHER && (mmtests_stats(a->x, a->n, MMTESTS_LOWER, &sa) ||
					  mmtests_stats(b->x, b->n, MMTESTS_LOWER, &sb)))
		return false;
	va = isnan(sa.stddev) ? 0 : sa.stddev * sa.stddev / (double)a->n;
	vb = isnan(sb.stddev) ? 0 : sb.stddev * sb.stddev / (double)b->n;
	se = sqrt(va + vb);
	if (!(se > 0))
		return d > 0;
	return stats_t_two_sided(d / se, (double)(a->n + b->n) - 2) < 0.10;
}

static bool has_star(const struct view *v, const struct row *r, const struct view_op *op, size_t arm)
{
	const struct view_cell *a = &op->cell[0], *b = &op->cell[arm];
	struct mmtests_compare cmp;

	if (r->what != MEAN || !arm || !a->n || !b->n)
		return false;
	if (v->o->classic)
		return classic_star(op, a, b);
	mmtests_compare(&a->s, &b->s, op->dir, &cmp);
	return cmp.significant;
}

static void write_table(const struct view *v, FILE *f)
{
	const struct row *rows = row_set[v->rows], *r;
	size_t label = 0, name = 0, i, k, len;

	for (i = 0; i < v->n_op; i++) {
		len = strlen(v->op[i].name);
		name = len > name ? len : name;
		for (r = rows; r->lower; r++) {
			len = strlen(v->op[i].dir == MMTESTS_HIGHER ? r->higher : r->lower);
			label = len > label ? len : label;
		}
	}
	view_header(v->c, (int)(label + 1 + name), v->width + VIEW_DELTA, f);
	for (r = rows; r->lower; r++) {
		for (i = 0; i < v->n_op; i++) {
			const struct view_op *op = &v->op[i];
			double base = value(r, op, &op->cell[0]), x;

			fprintf(f, "%-*s %-*s", (int)label, op->dir == MMTESTS_HIGHER ? r->higher : r->lower, (int)name, op->name);
			for (k = 0; k < v->c->n_arms; k++) {
				x = value(r, op, &op->cell[k]);
				view_number(f, v->width, v->places, !op->cell[k].n, x);
				delta(f, op->cell[k].n, change(r, op->dir, x, base), has_star(v, r, op, k));
			}
			fputc('\n', f);
		}
	}
}

/* --------------------------------------------------------------- gathering */

static bool counts(const struct cmp *c, const struct cmp_value *x)
{
	return c->metric[x->metric].source == CMP_BENCHMARK && isfinite(x->value) && !c->arm[x->arm].iter[x->iter].excluded;
}

/* All values, in one heap by metric and arm. */
static int pool(struct view *v)
{
	const struct cmp *c = v->c;
	size_t cells = c->n_metrics * c->n_arms, i, at = 0, *from;

	v->cells = calloc(cells + 1, sizeof(*v->cells));
	v->x = calloc(c->n_values + 1, sizeof(*v->x));
	from = calloc(cells + 1, sizeof(*from));
	if (!v->cells || !v->x || !from) {
		free(from);
		return -ENOMEM;
	}
	for (i = 0; i < c->n_values; i++)
		if (counts(c, &c->value[i]))
			v->cells[c->value[i].metric * c->n_arms + c->value[i].arm].n++;
	for (i = 0; i < cells; i++) {
		from[i] = at;
		v->cells[i].x = v->x + at;
		at += v->cells[i].n;
	}
	for (i = 0; i < c->n_values; i++)
		if (counts(c, &c->value[i]))
			v->x[from[c->value[i].metric * c->n_arms + c->value[i].arm]++] = c->value[i].value;
	free(from);
	return 0;
}

/* A row for what the baseline has, as MMTests; what it has not is said. */
static int take_ops(struct view *v, const struct mmtests_bench *b)
{
	const struct cmp *c = v->c;
	const char *heading = v->o->heading;
	bool higher = b && (b->higher || (v->asked && v->asked->asked_higher));
	size_t m, k;
	int err = 0;

	v->op = calloc(c->n_metrics + 1, sizeof(*v->op));
	if (!v->op)
		return -ENOMEM;
	for (m = 0; m < c->n_metrics && !err; m++) {
		struct view_op *op = &v->op[v->n_op];
		bool any = false;

		if (heading && strncmp(c->metric[m].name, heading, strlen(heading)))
			continue;
		op->cell = &v->cells[m * c->n_arms];
		for (k = 0; k < c->n_arms; k++)
			any |= op->cell[k].n > 0;
		if (!op->cell[0].n) {
			if (any)
				cmp_say(c, 0, "%s: not measured in %s, so it has no row here", c->metric[m].name, c->arm[0].name);
			continue;
		}
		if (c->metric[m].unit_varies)
			cmp_say(c, 0, "%s: the runs disagree on its unit or direction; do not compare them",
				c->metric[m].name);
		op->name = c->metric[m].name;
		op->ratio = c->metric[m].ratio;
		op->dir = (b ? higher : c->metric[m].better == METRIC_HIGHER) ? MMTESTS_HIGHER : MMTESTS_LOWER;
		for (k = 0; k < c->n_arms && !err; k++)
			err = mmtests_stats(op->cell[k].x, op->cell[k].n, op->dir, &op->cell[k].s);
		v->n_op++;
	}
	if (!err && !v->n_op)
		err = cmp_say(c, -ENODATA, "no benchmark results of %s%s%s to show", c->arm[0].name,
			      heading ? " that begin with " : "", heading ? heading : "");
	v->dir = v->n_op ? v->op[0].dir : MMTESTS_LOWER;
	return err;
}

int mmtests_write(const struct cmp *c, const struct mmtests_opts *o, FILE *f)
{
	const struct mmtests_bench *b = c->benchmark ? mmtests_bench(c->benchmark) : NULL;
	struct view v = { .c = c, .o = o, .places = 2, .width = 18 };
	int err;

	if (o->monitor && strcmp(o->monitor, "duration"))
		return cmp_say(c, -EINVAL, "--print-monitor %s: only duration has a table here; what monitors sampled "
			       "is in the kernel metrics of compare (-m) and in MMTests' own report", o->monitor);
	if (o->monitor)
		return view_duration(c, f);
	if (b) {
		if (o->heading && (v.asked = mmtests_metric(b, o->heading)) && strcmp(v.asked->name, o->heading))
			v.asked = NULL;
		v.rows = v.asked && v.asked->asked_single ? MMTESTS_SINGLEOPS : b->rows;
		v.places = b->places ? b->places : v.places;
		v.width = b->width ? b->width : v.width;
	}
	err = pool(&v);
	if (!err)
		err = take_ops(&v, b);
	if (!err && o->ratio)
		view_ratio(&v, f);
	else if (!err)
		write_table(&v, f);
	free(v.op);
	free(v.cells);
	free(v.x);
	return err;
}
