// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <string.h>

#include "html.h"
#include "svg.h"

static double nice_step(double span, int n)
{
	double raw = span / n, mag = pow(10, floor(log10(raw))), x = raw / mag;

	return (x < 1.5 ? 1 : x < 3.5 ? 2 : x < 7.5 ? 5 : 10) * mag;
}

void svg_axis_linear(struct svg_axis *a, double lo, double hi, double from, double to, int n)
{
	double pad;

	if (!(hi > lo)) { /* one value: some room about it */
		pad = lo != 0 ? fabs(lo) * 0.05 : 1;
		lo -= pad;
		hi += pad;
	}
	*a = (struct svg_axis){ .from = from, .to = to, .step = nice_step(hi - lo, n) };
	a->lo = floor(lo / a->step + 1e-9) * a->step;
	a->hi = ceil(hi / a->step - 1e-9) * a->step;
}

void svg_axis_log(struct svg_axis *a, double lo, double hi, double from, double to)
{
	*a = (struct svg_axis){ .lo = floor(log10(lo)), .hi = ceil(log10(hi)), .from = from, .to = to, .step = 1, .log = true };
	if (a->hi - a->lo < 1)
		a->hi = a->lo + 1;
}

double svg_at(const struct svg_axis *a, double v)
{
	if (a->log)
		v = v > 0 ? log10(v) : a->lo;
	return a->from + (v - a->lo) / (a->hi - a->lo) * (a->to - a->from);
}

void svg_num(FILE *f, double v)
{
	char s[32];
	size_t n;

	snprintf(s, sizeof(s), "%.1f", v);
	n = strlen(s);
	if (n > 2 && !strcmp(s + n - 2, ".0"))
		s[n - 2] = '\0';
	fputs(strcmp(s, "-0") ? s : "0", f);
}

/* Labels all with as many places as the step needs. */
static void label(FILE *f, const struct svg_axis *a, double v)
{
	char buf[NUM_BUF], plain[32];
	int places;

	if (a->log) {
		html_text(f, num_text(buf, pow(10, v), 3));
		return;
	}
	places = a->step < 1 ? (int)ceil(-log10(a->step) - 1e-9) : 0;
	if (fabs(v) < a->step / 2)
		v = 0;
	if (places > 6 || fabs(v) >= 1e7) {
		snprintf(plain, sizeof(plain), "%.3g", v);
		html_text(f, plain);
	} else if (places) {
		snprintf(plain, sizeof(plain), "%.*f", places, v);
		html_text(f, plain);
	} else {
		html_text(f, num_text(buf, v, 4));
	}
}

void svg_axis_y(FILE *f, const struct svg_axis *a, double x1, double x2)
{
	double v, y;
	int i, n = (int)lrint((a->hi - a->lo) / a->step);

	for (i = 0; i <= n && i < 40; i++) {
		v = a->lo + i * a->step;
		y = a->from + (v - a->lo) / (a->hi - a->lo) * (a->to - a->from);
		fputs("<path class=\"grid\" d=\"M", f);
		svg_num(f, x1);
		fputc(' ', f);
		svg_num(f, y);
		fputc('H', f);
		svg_num(f, x2);
		fputs("\"/><text class=\"tick y\" x=\"", f);
		svg_num(f, x1 - 6);
		fputs("\" y=\"", f);
		svg_num(f, y + 3.5);
		fputs("\">", f);
		label(f, a, v);
		fputs("</text>", f);
	}
}

void svg_axis_x(FILE *f, const struct svg_axis *a, double y, const char *unit)
{
	int i, n = (int)floor((a->hi - a->lo) / a->step + 1e-6);

	for (i = 0; i <= n && i < 40; i++) {
		double v = a->lo + i * a->step;

		fputs("<text class=\"tick x\" x=\"", f);
		svg_num(f, a->from + (v - a->lo) / (a->hi - a->lo) * (a->to - a->from));
		fprintf(f, "\" y=\"%g\">", y);
		label(f, a, v);
		fprintf(f, "%s</text>", i == n ? unit : "");
	}
}

void svg_mark(FILE *f, unsigned int shape, double x, double y, double r, const char *attrs)
{
	/* corners in tenths of the radius, of about the same area */
	static const signed char corner[8][16] = {
		[1] = { -8, -8, 8, -8, 8, 8, -8, 8 },            /* square */
		[2] = { 0, -11, 11, 8, -11, 8 },                 /* triangle */
		[3] = { 0, -12, 12, 0, 0, 12, -12, 0 },          /* diamond */
		[4] = { 0, 11, 11, -8, -11, -8 },                /* triangle, down */
		[5] = { -5, -10, 5, -10, 10, 0, 5, 10, -5, 10, -10, 0 },
		[6] = { -11, 0, 8, -11, 8, 11 },
		[7] = { 11, 0, -8, -11, -8, 11 },
	};
	static const unsigned char n[8] = { 0, 4, 3, 4, 3, 6, 3, 3 };
	unsigned int s = shape % 8, i;

	if (!s) {
		fputs("<circle cx=\"", f);
		svg_num(f, x);
		fputs("\" cy=\"", f);
		svg_num(f, y);
		fputs("\" r=\"", f);
		svg_num(f, r);
		fputc('"', f);
	} else {
		fputs("<path d=\"M", f);
		for (i = 0; i < n[s]; i++) {
			if (i)
				fputc('L', f);
			svg_num(f, x + corner[s][2 * i] * r / 10);
			fputc(' ', f);
			svg_num(f, y + corner[s][2 * i + 1] * r / 10);
		}
		fputs("Z\"", f);
	}
	fprintf(f, "%s%s>", *attrs ? " " : "", attrs);
}

void svg_mark_end(FILE *f, unsigned int shape)
{
	fputs(shape % 8 ? "</path>" : "</circle>", f);
}
