// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>

#include "forest.h"
#include "svg.h"

#define WIDTH 200
#define EDGE 26.0
#define MOST 1.6094 /* five times, or a fifth: what lies beyond gets an arrow */

static double bound(double pct)
{
	double r = 1 + pct / 100;

	return r > 0 ? fabs(log(r)) : isnan(r) ? 0 : MOST;
}

struct forest forest_range(const struct page *p, enum cmp_source source)
{
	static const double ticks[] = { 0.5, 1, 2, 5, 10, 20, 50, 100 };
	struct forest x = { 0.02, 0.5 };
	size_t i;

	for (i = 0; i < p->r->n_rows; i++) {
		const struct cmp_row *row = &p->r->row[i];
		struct page_change c = page_change(&p->c->metric[row->metric], row);

		if (p->c->metric[row->metric].source != source || isnan(c.pct))
			continue;
		x.range = fmax(x.range, fmax(bound(c.pct), fmax(bound(c.lo), bound(c.hi))));
	}
	x.range = fmin(x.range * 1.05, MOST);
	for (i = 0; i < N(ticks); i++)
		if (log(1 + ticks[i] / 100) < 0.8 * x.range)
			x.tick = ticks[i];
	return x;
}

static double at(const struct forest *x, double pct, int *beyond)
{
	double r = 1 + pct / 100, l = r > 0 ? log(r) : -2 * x->range;

	*beyond = l < -x->range ? -1 : l > x->range ? 1 : 0;
	l = fmax(-x->range, fmin(x->range, l));
	return EDGE + (WIDTH - 2 * EDGE) * (l + x->range) / (2 * x->range);
}

static void tick(FILE *f, const struct forest *x, double pct, double y)
{
	char buf[NUM_BUF];
	int beyond;
	double px = at(x, pct, &beyond);

	if (beyond)
		return;
	fputs("<text class=\"tick x\" x=\"", f);
	svg_num(f, px);
	fprintf(f, "\" y=\"%g\">", y);
	html_text(f, pct == 0 ? "0" : num_percent(buf, pct, true));
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

static void marks(FILE *f, const struct forest *x, const struct page_change *c)
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
	int beyond, height = axis ? 36 : 22;
	double l, r;

	if (isnan(c.pct))
		return;
	fprintf(f, "<svg class=\"forest%s\" role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" aria-label=\"change ",
		extra, WIDTH, height, WIDTH, height);
	html_text(f, num_percent(e, c.pct, true));
	if (!isnan(c.lo)) {
		fputs(", interval ", f);
		html_text(f, num_percent(a, c.lo, true));
		fputs(" to ", f);
		html_text(f, num_percent(b, c.hi, true));
	}
	fputs("\">", f);
	if (isfinite(row->min_effect) && row->min_effect > 0) {
		l = at(x, 100 / (1 + row->min_effect) - 100, &beyond);
		r = at(x, 100 * row->min_effect, &beyond);
		fputs("<path class=\"band\" d=\"M", f);
		svg_num(f, l);
		fputs(" 2H", f);
		svg_num(f, r);
		fputs("V20H", f);
		svg_num(f, l);
		fputs("Z\"/>", f);
	}
	fputs("<path class=\"zero\" d=\"M", f);
	svg_num(f, at(x, 0, &beyond));
	fputs(" 2V20\"/>", f);
	marks(f, x, &c);
	if (axis) {
		tick(f, x, 100 / (1 + x->tick / 100) - 100, 33);
		tick(f, x, 0, 33);
		tick(f, x, x->tick, 33);
	}
	fputs("</svg>", f);
}
