// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdlib.h>

#include "forest.h"
#include "svg.h"

#define WIDTH 190     /* with an axis */
#define NARROW 110
#define EDGE 24.0
#define MOST 1.6094 /* five times, or a fifth: what lies beyond gets an arrow */

static double bound(double pct)
{
	double r = 1 + pct / 100;

	return r > 0 ? fabs(log(r)) : isnan(r) ? 0 : MOST;
}

struct forest forest_range(const struct page *p, enum cmp_source source)
{
	static const double below[] = { -0.5, -1, -2, -5, -10, -20, -30, -50, -75 };
	static const double above[] = { 0.5, 1, 2, 5, 10, 20, 50, 100, 200 };
	struct forest x = { .range = 0.02, .below = below[0], .above = above[0] };
	double *far = calloc(p->r->n_rows + 1, sizeof(*far));
	size_t i, n = 0;

	for (i = 0; far && i < p->r->n_rows; i++) {
		const struct cmp_row *row = &p->r->row[i];
		struct page_change c = page_change(&p->c->metric[row->metric], row);

		if (p->c->metric[row->metric].source != source || isnan(c.pct))
			continue;
		far[n++] = fmax(bound(c.pct), fmax(bound(c.lo), bound(c.hi)));
	}
	/* a few that lie far out shall not squeeze the others: they get arrows */
	if (n) {
		stats_sort(far, n);
		x.range = fmax(x.range, fmin(far[n - 1], 3 * stats_quantile(far, n, 0.5)));
	}
	free(far);
	x.range = fmin(x.range * 1.05, MOST);
	for (i = 0; i < N(below); i++)
		if (-log(1 + below[i] / 100) < 0.85 * x.range)
			x.below = below[i];
	for (i = 0; i < N(above); i++)
		if (log(1 + above[i] / 100) < 0.85 * x.range)
			x.above = above[i];
	return x;
}

struct scale {
	double range, width, edge;
};

static double at(const struct scale *s, double pct, int *beyond)
{
	double r = 1 + pct / 100, l = r > 0 ? log(r) : -2 * s->range;

	*beyond = l < -s->range ? -1 : l > s->range ? 1 : 0;
	l = fmax(-s->range, fmin(s->range, l));
	return s->edge + (s->width - 2 * s->edge) * (l + s->range) / (2 * s->range);
}

static void tick(FILE *f, const struct scale *x, double pct, double y)
{
	char buf[NUM_BUF];
	int beyond;
	double px = at(x, pct, &beyond);

	if (beyond)
		return;
	fputs("<text class=\"tick x\" x=\"", f);
	svg_num(f, px);
	fprintf(f, "\" y=\"%g\">", y);
	html_textf(f, "%s%s%s", pct > 0 ? "+" : "", num_text(buf, pct, 3), pct == 0 ? "" : " %");
	fputs("</text>", f);
}

static void arrow(FILE *f, double px, int side)
{
	fputs("<path class=\"arrow\" d=\"M", f);
	svg_num(f, px + side * 7);
	fputs(" 11L", f);
	svg_num(f, px);
	fputs(" 7V15Z\"/>", f);
}

static void marks(FILE *f, const struct scale *x, const struct page_change *c)
{
	int b1, b2, b3;
	double lo = at(x, c->lo, &b1), hi = at(x, c->hi, &b2), mid = at(x, c->pct, &b3);

	if (!isnan(c->lo) && !isnan(c->hi)) {
		fputs("<path class=\"ci\" d=\"M", f);
		svg_num(f, lo);
		fputs(" 11H", f);
		svg_num(f, hi);
		fputs("\"/>", f);
		if (b1)
			arrow(f, lo, b1);
		if (b2)
			arrow(f, hi, b2);
	}
	if (!b3)
		svg_mark(f, 3, mid, 11, 4.2, "class=\"est\"/");
	else if (isnan(c->lo))
		arrow(f, mid, b3);
}

void forest_row(FILE *f, const struct forest *x, const struct cmp_metric *m, const struct cmp_row *row, bool axis)
{
	static const char *const tone[] = { [CMP_BETTER] = " better", [CMP_WORSE] = " worse", [CMP_CONFOUNDED] = "" };
	struct page_change c = page_change(m, row);
	const char *extra = row->verdict < N(tone) && tone[row->verdict] ? tone[row->verdict] : "";
	char a[NUM_BUF], b[NUM_BUF], e[NUM_BUF];
	struct scale s = { x->range, axis ? WIDTH : NARROW, axis ? EDGE : 10 };
	int beyond, height = axis ? 36 : 22;
	double l, r;

	if (isnan(c.pct))
		return;
	fprintf(f, "<svg class=\"forest%s\" role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" aria-label=\"change ",
		extra, (int)s.width, height, (int)s.width, height);
	html_text(f, num_percent(e, c.pct, true));
	if (!isnan(c.lo)) {
		fputs(", interval ", f);
		html_text(f, num_percent(a, c.lo, true));
		fputs(" to ", f);
		html_text(f, num_percent(b, c.hi, true));
	}
	fputs("\">", f);
	if (isfinite(row->min_effect) && row->min_effect > 0) {
		l = at(&s, 100 / (1 + row->min_effect) - 100, &beyond);
		r = at(&s, 100 * row->min_effect, &beyond);
		fputs("<path class=\"band\" d=\"M", f);
		svg_num(f, l);
		fputs(" 2H", f);
		svg_num(f, r);
		fputs("V20H", f);
		svg_num(f, l);
		fputs("Z\"/>", f);
	}
	fputs("<path class=\"zero\" d=\"M", f);
	svg_num(f, at(&s, 0, &beyond));
	fputs(" 2V20\"/>", f);
	marks(f, &s, &c);
	if (axis) {
		tick(f, &s, x->below, 33);
		tick(f, &s, 0, 33);
		tick(f, &s, x->above, 33);
	}
	fputs("</svg>", f);
}
