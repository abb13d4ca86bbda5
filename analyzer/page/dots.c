// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every iteration as a mark, the arms side by side, in each arm in the order of the runs:
 * levels, spread, outliers and drift are seen at once. Beside them the mean with its
 * interval; the median is a line through the arm.
 */
#include <math.h>
#include <string.h>

#include "../stats/dist.h"
#include "page_int.h"
#include "svg.h"

#define LEFT 58.0
#define TOP 10.0
#define HEIGHT 150.0
#define PANEL 126.0
#define ORDER 84.0     /* of a panel, for the marks; the rest is the mean's */
#define MARK_BYTES 160

/* Half the width of the 95 % interval of the mean. */
static double half_width(const struct cmp_row *row)
{
	size_t n = row->desc.n;

	return n < 2 || isnan(row->desc.stddev) ? NAN : stats_t_quantile(0.95, (double)n - 1) * row->desc.stddev / sqrt((double)n);
}

/* All values; of intervals that are far wider (two iterations) only a part, and nothing below 0 without need. */
static void limits(const struct page *p, size_t metric, double *lo, double *hi)
{
	double from, to, room, half;
	size_t k, i;

	*lo = INFINITY;
	*hi = -INFINITY;
	for (k = 0; k < p->c->n_arms; k++) {
		const struct cmp_row *row = cmp_row(p->c, p->r, metric, k);

		for (i = 0; i < row->n_unit; i++) {
			*lo = fmin(*lo, row->unit[i].value);
			*hi = fmax(*hi, row->unit[i].value);
		}
	}
	from = *lo;
	to = *hi;
	room = (to - from) / 3;
	for (k = 0; k < p->c->n_arms; k++) {
		const struct cmp_row *row = cmp_row(p->c, p->r, metric, k);

		half = half_width(row);
		if (isnan(half))
			continue;
		*lo = fmin(*lo, fmax(row->desc.mean - half, from >= 0 ? fmax(0, from - room) : from - room));
		*hi = fmax(*hi, fmin(row->desc.mean + half, to + room));
	}
}

static const char *outlier_word(unsigned char flags)
{
	return flags & STATS_OUT_SEVERE ? ", severe outlier" : flags ? ", outlier" : "";
}

static void mark(FILE *f, const struct page *p, const struct cmp_row *row, size_t i, double x, double y)
{
	const struct cmp_metric *m = &p->c->metric[row->metric];
	const struct cmp_arm *arm = &p->c->arm[row->arm];
	const struct cmp_iteration *it = &arm->iter[row->unit[i].iter];
	unsigned char flags = row->outlier ? row->outlier[i] : 0;
	char attrs[96], a[NUM_BUF];

	snprintf(attrs, sizeof(attrs), "class=\"dot%s\" data-i=\"%u\"", flags ? " out" : "", row->unit[i].iter);
	svg_mark(f, (unsigned int)row->arm, x, y, flags ? 4.5 : 3.4, attrs);
	fputs("<title>", f);
	html_textf(f, "%s, iteration %u: ", arm->name, it->number);
	html_textf(f, "%s%s", page_value(a, m, row->unit[i].value), outlier_word(flags));
	if (it->trace && m->source == CMP_BENCHMARK)
		html_textf(f, "; %s", it->trace);
	fputs("</title>", f);
	svg_mark_end(f, (unsigned int)row->arm);
}

static void line(FILE *f, const char *class, double x1, double y1, double x2, double y2)
{
	fprintf(f, "<path class=\"%s\" d=\"M", class);
	svg_num(f, x1);
	fputc(' ', f);
	svg_num(f, y1);
	fputc('L', f);
	svg_num(f, x2);
	fputc(' ', f);
	svg_num(f, y2);
	fputs("\"/>", f);
}

static void panel(FILE *f, const struct page *p, const struct cmp_row *row, const struct svg_axis *y)
{
	double x0 = LEFT + PANEL * row->arm, half = half_width(row), mean = row->desc.mean, mx = x0 + ORDER + 22;
	size_t i, n = row->n_unit;

	fprintf(f, "<g class=\"a%zu\" data-arm=\"%u\">", page_arm_color(row->arm), row->arm);
	if (!n) {
		fprintf(f, "<text class=\"tick x\" x=\"%.1f\" y=\"%.1f\">no value</text></g>", x0 + PANEL / 2, TOP + HEIGHT / 2);
		return;
	}
	line(f, "median", x0 + 6, svg_at(y, row->desc.median), x0 + ORDER + 8, svg_at(y, row->desc.median));
	for (i = 0; i < n; i++)
		mark(f, p, row, i, x0 + 10 + (n > 1 ? (ORDER - 6) * (double)i / (double)(n - 1) : (ORDER - 6) / 2),
		     svg_at(y, row->unit[i].value));
	if (!isnan(half)) {
		/* an interval may be far wider than the values: it ends at the frame */
		double top = fmax(TOP, svg_at(y, mean + half)), bottom = fmin(TOP + HEIGHT, svg_at(y, mean - half));

		line(f, "ci", mx, top, mx, bottom);
		if (top > TOP)
			line(f, "ci", mx - 4, top, mx + 4, top);
		if (bottom < TOP + HEIGHT)
			line(f, "ci", mx - 4, bottom, mx + 4, bottom);
	}
	svg_mark(f, 3, mx, svg_at(y, mean), 5, "class=\"mean\"/");
	fputs("</g>", f);
}

/* What a screen reader says of it; the table beside it has all numbers. */
static void summary(FILE *f, const struct page *p, size_t metric)
{
	const struct cmp_metric *m = &p->c->metric[metric];
	char a[NUM_BUF], b[NUM_BUF], c[NUM_BUF];
	size_t k;

	html_textf(f, "%s by iteration. ", m->name);
	for (k = 0; k < p->c->n_arms; k++) {
		const struct cmp_row *row = cmp_row(p->c, p->r, metric, k);

		html_textf(f, "%s: ", p->c->arm[k].name);
		if (row->desc.n)
			html_textf(f, "%zu values from %s to %s, median %s. ", row->n_unit, num_text(a, row->desc.min, 4),
				   num_text(b, row->desc.max, 4), page_value(c, m, row->desc.median));
		else
			fputs("no value. ", f);
	}
}

static void name_under(FILE *f, const struct page *p, size_t k)
{
	const char *name = p->c->arm[k].name;
	size_t n = 0, bytes = 0;

	/* cut between characters */
	while (name[bytes] && n < 17)
		for (n++, bytes++; ((unsigned char)name[bytes] & 0xc0) == 0x80; bytes++)
			;
	fprintf(f, "<text class=\"tick x\" x=\"%.1f\" y=\"%.1f\">", LEFT + PANEL * (double)k + PANEL / 2, TOP + HEIGHT + 17);
	html_textf(f, "%.*s%s", (int)bytes, name, name[bytes] ? "\xe2\x80\xa6" : "");
	fputs("</text>", f);
}

static void chart(FILE *f, const struct page *p, size_t metric)
{
	const struct cmp_metric *m = &p->c->metric[metric];
	double lo, hi, width = LEFT + PANEL * (double)p->c->n_arms + 6;
	struct svg_axis y;
	size_t k;

	limits(p, metric, &lo, &hi);
	fprintf(f, "<figure class=\"dots\" style=\"width:%.0fpx\"><figcaption><span class=\"metric\">", width);
	html_name(f, m->name);
	fputs("</span> <span class=\"unit\">", f);
	html_textf(f, "%s%s%s", m->unit, *m->unit ? ", " : "", page_direction(m));
	fprintf(f, "</span></figcaption>\n<svg role=\"img\" tabindex=\"0\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" aria-label=\"",
		width, TOP + HEIGHT + 24, width, TOP + HEIGHT + 24);
	summary(f, p, metric);
	fputs("\">", f);
	svg_axis_linear(&y, lo, hi, TOP + HEIGHT, TOP, 4);
	svg_axis_y(f, &y, LEFT, width - 6);
	for (k = 0; k < p->c->n_arms; k++) {
		panel(f, p, cmp_row(p->c, p->r, metric, k), &y);
		name_under(f, p, k);
		if (k)
			line(f, "split", LEFT + PANEL * (double)k, TOP, LEFT + PANEL * (double)k, TOP + HEIGHT);
	}
	fputs("</svg><p class=\"readout\" aria-live=\"polite\"></p></figure>\n", f);
}

void page_dots(const struct page *p, enum cmp_source source, FILE *f)
{
	off_t room = source == CMP_BENCHMARK ? ROOM_BENCHMARK_DOTS : ROOM_KERNEL_DOTS;
	size_t m, k, left = 0, marks;

	fprintf(f, "<details class=\"charts\" open><summary>%s by %s</summary>\n<p class=\"how\">One mark is one %s, in the order of the runs "
		"from left to right; the broken line is the median, the diamond the mean with its 95 %% interval. Larger, hollow marks are "
		"outliers. Scales need not begin at 0.</p>\n<div class=\"grid\">\n", source == CMP_BENCHMARK ? "Results" : "Kernel metrics",
		cmp_unit_name(p->r->design.unit), cmp_unit_name(p->r->design.unit));
	for (m = 0; m < p->c->n_metrics; m++) {
		if (p->c->metric[m].source != source || !page_worth(p, m))
			continue;
		for (marks = 0, k = 0; k < p->c->n_arms; k++)
			marks += cmp_row(p->c, p->r, m, k)->n_unit;
		if (marks && ftello(f) + (off_t)(marks * MARK_BYTES) < room)
			chart(f, p, m);
		else
			left += marks > 0;
	}
	fputs("</div>\n", f);
	page_left_out(f, left, "chart");
	fputs("</details>\n", f);
}
