// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run-queue latency as quantile curves: how long all but the worst 10 %, 1 %, 0.1 % of the
 * waits took. One thin line an iteration, a thick one for the median of the iterations:
 * requests are not pooled, so that one bad iteration cannot speak for all.
 */
#include <math.h>
#include <stdlib.h>

#include "page_int.h"
#include "svg.h"

#define WIDTH 640.0
#define HEIGHT 280.0
#define LEFT 62.0
#define RIGHT 14.0
#define TOP 10.0
#define FIRST 0.0457574906 /* -log10(1 - 0.1) */

static double x_of(double above) /* -log10(1 - q) */
{
	return LEFT + (above - FIRST) / (5 - FIRST) * (WIDTH - LEFT - RIGHT);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct spread { double lo, mid, hi; size_t n; };

/* Over the iterations of an arm that have it; i counts the curve's quantiles, then the named ones. */
static struct spread spread_of(const struct page *p, size_t arm, unsigned int i)
{
	size_t k, n = 0, all = p->c->arm[arm].n_iter;
	struct spread s = { NAN, NAN, NAN, 0 };
	double *v = calloc(all + 1, sizeof(*v)), x;

	for (k = 0; v && k < all; k++) {
		const struct page_trace *t = page_trace(p, arm, k);

		x = !t->read ? NAN : i < PAGE_QUANTILES ? t->q[i] : t->named[i - PAGE_QUANTILES];
		if (!isnan(x))
			v[n++] = x;
	}
	if (n) {
		qsort(v, n, sizeof(*v), by_value);
		s = (struct spread){ v[0], stats_quantile(v, n, 0.5), v[n - 1], n };
	}
	free(v);
	return s;
}

static bool limits(const struct page *p, double *lo, double *hi)
{
	size_t k;
	unsigned int i;

	*lo = INFINITY;
	*hi = 0;
	for (k = 0; k < p->n_traces; k++)
		for (i = 0; p->trace[k].read && i < PAGE_QUANTILES; i++)
			if (p->trace[k].q[i] > 0) {
				*lo = fmin(*lo, p->trace[k].q[i]);
				*hi = fmax(*hi, p->trace[k].q[i]);
			}
	return *hi > 0;
}

static void curve(FILE *f, const double *q, const struct svg_axis *y, const char *class)
{
	bool pen = false;
	unsigned int i;

	fprintf(f, "<path class=\"%s\" d=\"", class);
	for (i = 0; i < PAGE_QUANTILES; i++) {
		if (!(q[i] > 0)) {
			pen = false;
			continue;
		}
		fputc(pen ? 'L' : 'M', f);
		svg_num(f, x_of(-log10(1 - page_quantile(i))));
		fputc(' ', f);
		svg_num(f, svg_at(y, q[i]));
		pen = true;
	}
	fputs("\"/>", f);
}

static void arm_curves(FILE *f, const struct page *p, size_t arm, const struct svg_axis *y)
{
	double mid[PAGE_QUANTILES];
	size_t k, n = 0;
	unsigned int i;

	fprintf(f, "<g class=\"a%zu\">", page_arm_color(arm));
	for (k = 0; k < p->c->arm[arm].n_iter; k++) {
		if (!page_trace(p, arm, k)->read || !page_trace(p, arm, k)->wait_n)
			continue;
		if (page_room(f, ROOM_WAIT))
			curve(f, page_trace(p, arm, k)->q, y, "thin");
		n++;
	}
	for (i = 0; i < PAGE_QUANTILES; i++) {
		struct spread s = spread_of(p, arm, i);

		/* where half of the iterations have no such quantile any more, there is no median of them */
		mid[i] = 2 * s.n > n ? s.mid : NAN;
	}
	curve(f, mid, y, "thick");
	for (i = 2; i < PAGE_QUANTILES; i += 5)
		if (mid[i] > 0)
			svg_mark(f, (unsigned int)arm, x_of(-log10(1 - page_quantile(i))), svg_at(y, mid[i]), 4, "class=\"at\"/");
	fputs("</g>", f);
}

static void x_axis(FILE *f)
{
	static const struct { double above; const char *text; } tick[] = {
		{ 0.30103, "50 %" }, { 1, "90 %" }, { 2, "99 %" }, { 3, "99.9 %" }, { 4, "99.99 %" }, { 5, "99.999 %" },
	};
	size_t i;

	for (i = 0; i < N(tick); i++) {
		fprintf(f, "<path class=\"grid\" d=\"M%.1f %.0fV%.0f\"/><text class=\"tick %s\" x=\"%.1f\" y=\"%.0f\">%s</text>",
			x_of(tick[i].above), TOP, TOP + HEIGHT, i + 1 < N(tick) ? "x" : "y", x_of(tick[i].above), TOP + HEIGHT + 17,
			tick[i].text);
	}
}

static void table(FILE *f, const struct page *p)
{
	static const char *const name[PAGE_NAMED] = { "median", "95 %", "99 %", "99.9 %", "longest" };
	char a[NUM_BUF], b[NUM_BUF], c[NUM_BUF];
	unsigned int i;
	size_t k;

	fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"cap-wait\"><table id=\"t-wait\"><caption id=\"cap-wait\"><span>"
	      "Run-queue latency, us: median over the iterations, and the least and most of any iteration.</span></caption>\n<thead><tr>"
	      "<th scope=\"col\">arm</th>", f);
	for (i = 0; i < PAGE_NAMED; i++)
		fprintf(f, "<th scope=\"col\" class=\"n\">%s</th>", name[i]);
	fputs("</tr></thead>\n<tbody>\n", f);
	for (k = 0; k < p->c->n_arms; k++) {
		fprintf(f, "<tr><th scope=\"row\"><span class=\"arm a%zu\">", page_arm_color(k));
		html_text(f, p->c->arm[k].name);
		fputs("</span></th>", f);
		for (i = 0; i < PAGE_NAMED; i++) {
			struct spread s = spread_of(p, k, PAGE_QUANTILES + i);

			if (!s.n) {
				html_cell(f, false, 0, 0);
				continue;
			}
			fputs("<td class=\"n\">", f);
			html_text(f, num_text(a, s.mid, 3));
			fputs(" <span class=\"sd\">", f);
			html_textf(f, "%s \xe2\x80\xa6 %s", num_text(b, s.lo, 3), num_text(c, s.hi, 3));
			fputs("</span></td>", f);
		}
		fputs("</tr>\n", f);
	}
	fputs("</tbody></table></div>\n", f);
}

void page_wait(const struct page *p, FILE *f)
{
	double lo, hi;
	struct svg_axis y;
	size_t k;

	if (!limits(p, &lo, &hi))
		return;
	svg_axis_log(&y, lo, hi, TOP + HEIGHT, TOP);
	fputs("<section id=\"wait\" aria-labelledby=\"h-wait\">\n<h2 id=\"h-wait\">Run-queue latency</h2>\n<p class=\"how\">How long runnable tasks "
	      "waited for a CPU: so many percent of the waits took no longer than the curve says. Thin lines are single iterations, the "
	      "thick one is the median of them; both axes are stretched so that the rare long waits are seen.</p>\n", f);
	page_key(p, false, f);
	fputs("<figure class=\"quantiles\"><figcaption>Quantiles of the run-queue latency <span class=\"unit\">us, logarithmic</span></figcaption>\n"
	      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Chart of quantiles\">\n",
	      f);
	fprintf(f, "<svg role=\"img\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" aria-label=\"", WIDTH, TOP + HEIGHT + 26, WIDTH,
		TOP + HEIGHT + 26);
	fputs("Quantile curves of the run-queue latency, one group of lines an arm; the table below has the numbers.\">", f);
	svg_axis_y(f, &y, LEFT, WIDTH - RIGHT);
	x_axis(f);
	for (k = 0; k < p->c->n_arms; k++)
		arm_curves(f, p, k, &y);
	fputs("</svg></div></figure>\n", f);
	table(f, p);
	fputs("</section>\n", f);
}
