// SPDX-License-Identifier: GPL-2.0-only
/* The table of ratios, with what sums it up; and that of durations. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view_int.h"

struct ratio { bool missing, known; double r, delta, spread; }; /* known: spread is */

/* A metric whose direction is not the benchmark's is turned round, so that the ratios mean the same. */
static struct ratio ratio_of(const struct view *v, const struct view_op *op, size_t arm)
{
	const struct view_cell *base = &op->cell[0], *new = &op->cell[arm];
	bool single = v->rows == MMTESTS_SINGLEOPS, turned = op->dir != v->dir;
	struct mmtests_compare cmp;
	struct ratio r = { .missing = !new->n, .r = NAN, .delta = NAN, .spread = NAN };
	double a, b;

	if (r.missing)
		return r;
	a = !single ? new->s.mean : op->dir == MMTESTS_HIGHER ? new->s.max : new->s.min;
	b = !single ? base->s.mean : op->dir == MMTESTS_HIGHER ? base->s.max : base->s.min;
	if (isnan(a) || isnan(b))
		return r;
	r.r = turned ? mmtests_rdiff(b, a) : mmtests_rdiff(a, b);
	r.delta = v->dir == MMTESTS_HIGHER ? mmtests_pdiff(r.r, 1) : mmtests_pndiff(r.r, 1);
	if (single)
		return r;
	mmtests_compare(&base->s, &new->s, op->dir, &cmp);
	r.spread = (turned ? cmp.cidiff : -cmp.cidiff) + 0.0; /* no -0 */
	r.known = !isnan(r.spread);
	return r;
}

static void cell(const struct view *v, const struct ratio *r, FILE *f)
{
	view_number(f, v->width, v->places, r->missing, r->r);
	if (isnan(r->delta))
		fputs(" (-)", f);
	else
		fprintf(f, " (%.2f%%)", r->delta);
	if (r->known)
		fprintf(f, " (%+.2fs)", r->spread);
	else
		fputs(" (-)", f);
}

struct summary { double sum, min, max, logs; size_t n, n_logs; };

static struct summary summarise(const struct view *v, bool marked, size_t arm)
{
	struct summary s = { .min = INFINITY, .max = -INFINITY };
	size_t i;

	for (i = 0; i < v->n_op; i++) {
		struct ratio r;

		if (marked && !v->op[i].ratio)
			continue;
		r = ratio_of(v, &v->op[i], arm);
		if (r.missing)
			continue;
		/* an undefined ratio counts as 1 and no distance, a zero as something very small */
		s.logs += isnan(r.r) ? 0 : log(r.r == 0 ? 0.00001 : r.r);
		s.n_logs++;
		if (!r.known && !isnan(r.r))
			continue;
		r.spread = r.known ? r.spread : 0;
		s.sum += r.spread;
		s.min = r.spread < s.min ? r.spread : s.min;
		s.max = r.spread > s.max ? r.spread : s.max;
		s.n++;
	}
	return s;
}

static void last_lines(const struct view *v, bool marked, int label, FILE *f)
{
	static const char *const name[] = { "Dmean", "Dmin ", "Dmax ", "Gmean" };
	const char *better = v->dir == MMTESTS_HIGHER ? "Higher" : "Lower";
	bool distances = false;
	char text[32];
	size_t k, i;

	for (i = 0; i < v->n_op; i++)
		distances |= ratio_of(v, &v->op[i], 0).known;
	for (i = distances ? 0 : 3; i < 4; i++) {
		snprintf(text, sizeof(text), "%s %s", name[i], better);
		fprintf(f, "%-*s", label, text);
		for (k = 0; k < v->c->n_arms; k++) {
			struct summary s = summarise(v, marked, k);
			double x = !i ? s.sum / (double)s.n : i == 1 ? s.min : i == 2 ? s.max : exp(s.logs / (double)s.n_logs);

			view_number(f, v->width, v->places, i == 3 ? !s.n_logs : !s.n, x);
			fprintf(f, "%*s", 17, ""); /* where the others have " (0.00%) (+0.00s)" */
		}
		fputc('\n', f);
	}
}

void view_ratio(const struct view *v, FILE *f)
{
	size_t i, k, label = 0, len;
	bool marked = false;

	for (i = 0; i < v->n_op; i++)
		marked |= v->op[i].ratio;
	for (i = 0; i < v->n_op; i++) {
		len = strlen(v->op[i].name);
		if ((!marked || v->op[i].ratio) && len > label)
			label = len;
	}
	label += strlen("Ratio ");
	view_header(v->c, (int)label, v->width + VIEW_DELTA, f);
	for (i = 0; i < v->n_op; i++) {
		if (marked && !v->op[i].ratio)
			continue;
		fprintf(f, "Ratio %-*s", (int)label - 6, v->op[i].name);
		for (k = 0; k < v->c->n_arms; k++) {
			struct ratio r = ratio_of(v, &v->op[i], k);

			cell(v, &r, f);
		}
		fputc('\n', f);
	}
	last_lines(v, marked, (int)label, f);
}

/* Of several iterations the shortest, each of the three by itself: what MMTests prints. */
int view_duration(const struct cmp *c, FILE *f)
{
	static const char *const name[] = { "User", "System", "Elapsed" };
	size_t i, k, n;
	bool any = false;

	for (k = 0; k < c->n_arms; k++)
		for (n = 0; n < c->arm[k].n_iter; n++)
			any |= !isnan(c->arm[k].iter[n].elapsed);
	if (!any)
		return cmp_say(c, -ENODATA, "--print-monitor duration: no tests-timestamp with a line 'time :: %s'",
			       c->benchmark ? c->benchmark : "BENCHMARK");
	view_header(c, 16, 18, f);
	for (i = 0; i < 3; i++) {
		fprintf(f, "Duration %-7s", name[i]);
		for (k = 0; k < c->n_arms; k++) {
			double least = NAN;

			for (n = 0; n < c->arm[k].n_iter; n++) {
				const struct cmp_iteration *it = &c->arm[k].iter[n];
				double x = !i ? it->user : i == 1 ? it->system : it->elapsed;

				if (!it->excluded && !isnan(x) && !(x >= least))
					least = x;
			}
			view_number(f, 18, 2, isnan(least), least);
		}
		fputc('\n', f);
	}
	return 0;
}
