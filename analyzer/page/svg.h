/* SPDX-License-Identifier: GPL-2.0-only */
/* Axes of charts that are drawn here; colours and fonts are the style sheet's. */
#ifndef MMT_PAGE_SVG_H
#define MMT_PAGE_SVG_H

#include <stdbool.h>
#include <stdio.h>

struct svg_axis {
	double lo, hi;     /* of the data; log: of their logarithms to 10 */
	double from, to;   /* in the picture */
	double step;
	bool log;
};

/* Round ends and steps for about n ticks; what lies between lo and hi (of no width, too) fits. */
void svg_axis_linear(struct svg_axis *a, double lo, double hi, double from, double to, int n);
void svg_axis_log(struct svg_axis *a, double lo, double hi, double from, double to);
double svg_at(const struct svg_axis *a, double v);
/* Grid lines and labels of a vertical axis between x1 and x2. */
void svg_axis_y(FILE *f, const struct svg_axis *a, double x1, double x2);
/* Labels of a horizontal axis at y; the last with its unit. */
void svg_axis_x(FILE *f, const struct svg_axis *a, double y, const char *unit);
/* A number as short as it goes: one decimal of a pixel. */
void svg_num(FILE *f, double v);
/* A mark of shape i (of 8) at x, y with "radius" r. attrs: more attributes, our own text; title: text inside, or NULL. */
void svg_mark(FILE *f, unsigned int shape, double x, double y, double r, const char *attrs);
void svg_mark_end(FILE *f, unsigned int shape);

#endif
