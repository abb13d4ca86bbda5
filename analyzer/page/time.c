// SPDX-License-Identifier: GPL-2.0-only
/*
 * What went on over the time of each iteration. Drawn twice: as a plain picture of all
 * iterations, and as data for page.js, which puts a chart with a selector in its place.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../json.h"
#include "page_int.h"
#include "svg.h"

static const enum series_what shown[] = { SERIES_SWITCHES, SERIES_MIGRATIONS, SERIES_WAIT_MEAN, SERIES_WAITING, SERIES_BUSY };

#define WIDTH 460.0
#define HEIGHT 150.0
#define LEFT 62.0
#define RIGHT 8.0
#define TOP 8.0
#define PICTURE_POINTS 40
#define PICTURE_LINES 40 /* more would hide each other */

static bool any(const struct page *p, enum series_what w)
{
	size_t i;

	for (i = 0; i < p->n_traces; i++)
		if (p->trace[i].read && p->trace[i].have[w] && p->trace[i].n_points)
			return true;
	return false;
}

static bool any_series(const struct page *p)
{
	size_t i;

	for (i = 0; i < N(shown); i++)
		if (any(p, shown[i]))
			return true;
	return false;
}

static double longest(const struct page *p)
{
	double t = 0;
	size_t i;

	for (i = 0; i < p->n_traces; i++)
		if (p->trace[i].read && p->trace[i].n_points)
			t = fmax(t, p->trace[i].t[p->trace[i].n_points - 1]);
	return t;
}

static double highest(const struct page *p, enum series_what w)
{
	double v = 0;
	size_t i, k;

	for (i = 0; i < p->n_traces; i++)
		for (k = 0; p->trace[i].read && k < p->trace[i].n_points; k++)
			if (p->trace[i].y[w][k] > v)
				v = p->trace[i].y[w][k];
	return v;
}

/* Steps: a value holds for the time since the point before. */
static void steps(FILE *f, const struct page_trace *t, enum series_what w, const struct svg_axis *x, const struct svg_axis *y)
{
	size_t i, each = t->n_points / PICTURE_POINTS + 1, k;
	double from = 0, sum, span, d;
	bool pen = false;

	fputs("<path d=\"", f);
	for (i = 0; i < t->n_points; i += each) {
		for (sum = span = 0, k = i; k < i + each && k < t->n_points; k++) {
			d = t->t[k] - (k ? t->t[k - 1] : 0);
			if (isnan(t->y[w][k]))
				continue;
			sum += d * t->y[w][k];
			span += d;
		}
		if (span > 0) {
			fputc(pen ? 'L' : 'M', f);
			svg_num(f, svg_at(x, from));
			fputc(' ', f);
			svg_num(f, svg_at(y, sum / span));
			fputc('H', f);
			svg_num(f, svg_at(x, t->t[k - 1]));
		}
		pen = span > 0;
		from = t->t[k - 1];
	}
	fputs("\"/>", f);
}

static void picture(FILE *f, const struct page *p, enum series_what w)
{
	struct svg_axis x, y;
	size_t k, i, n;

	svg_axis_linear(&x, 0, longest(p), LEFT, WIDTH - RIGHT, 5);
	x.hi = longest(p) > 0 ? fmax(longest(p), x.step) : x.hi; /* no empty end */
	svg_axis_linear(&y, 0, highest(p, w), TOP + HEIGHT, TOP, 4);
	fprintf(f, "<figure class=\"series\" style=\"width:%.0fpx\"><figcaption>", WIDTH);
	html_textf(f, "%s ", series_title(w));
	fputs("<span class=\"unit\">", f);
	html_text(f, series_unit(w));
	fprintf(f, "</span></figcaption>\n<svg role=\"img\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" aria-label=\"", WIDTH,
		TOP + HEIGHT + 24, WIDTH, TOP + HEIGHT + 24);
	html_textf(f, "%s over the time of each iteration; the table below has the numbers.", series_title(w));
	fputs("\">", f);
	svg_axis_y(f, &y, LEFT, WIDTH - RIGHT);
	svg_axis_x(f, &x, TOP + HEIGHT + 16, " s");
	for (k = 0; k < p->c->n_arms; k++) {
		fprintf(f, "<g class=\"run a%zu\">", page_arm_color(k));
		for (n = 0, i = 0; i < p->c->arm[k].n_iter && n * p->c->n_arms < PICTURE_LINES; i++) {
			if (!page_trace(p, k, i)->read || !page_trace(p, k, i)->have[w])
				continue;
			steps(f, page_trace(p, k, i), w, &x, &y);
			n++;
		}
		fputs("</g>", f);
	}
	fputs("</svg></figure>\n", f);
}

struct range { double lo, mid, hi; size_t n; };

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Over all points of an arm's iterations. */
static struct range range_of(const struct page *p, size_t arm, enum series_what w)
{
	size_t i, k, n = 0, cap = 0;
	struct range r = { NAN, NAN, NAN, 0 };
	double *v;

	for (i = 0; i < p->c->arm[arm].n_iter; i++)
		cap += page_trace(p, arm, i)->n_points;
	v = calloc(cap + 1, sizeof(*v));
	if (!v)
		return r;
	for (i = 0; i < p->c->arm[arm].n_iter; i++)
		for (k = 0; page_trace(p, arm, i)->read && k < page_trace(p, arm, i)->n_points; k++)
			if (!isnan(page_trace(p, arm, i)->y[w][k]))
				v[n++] = page_trace(p, arm, i)->y[w][k];
	if (n) {
		qsort(v, n, sizeof(*v), by_value);
		r = (struct range){ v[0], stats_quantile(v, n, 0.5), v[n - 1], n };
	}
	free(v);
	return r;
}

static void numbers(FILE *f, const struct page *p)
{
	size_t w, k;

	fputs("<details><summary>The same as numbers</summary>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"cap-time\">"
	      "<table class=\"sort\" id=\"t-time\"><caption id=\"cap-time\"><span>Over all points of all iterations of an arm: how low, in the middle, "
	      "and how high.</span></caption>\n<thead><tr><th scope=\"col\">what</th><th scope=\"col\">arm</th><th scope=\"col\" class=\"n\">lowest</th>"
	      "<th scope=\"col\" class=\"n\">median</th><th scope=\"col\" class=\"n\">highest</th></tr></thead>\n<tbody>\n", f);
	for (w = 0; w < N(shown); w++) {
		for (k = 0; any(p, shown[w]) && k < p->c->n_arms; k++) {
			struct range r = range_of(p, k, shown[w]);

			fputs("<tr><th scope=\"row\">", f);
			html_text(f, series_title(shown[w]));
			fputs(" <span class=\"unit\">", f);
			html_text(f, series_unit(shown[w]));
			fprintf(f, "</span></th><td><span class=\"arm a%zu\">", page_arm_color(k));
			html_text(f, p->c->arm[k].name);
			fputs("</span></td>", f);
			html_cell(f, r.n > 0, r.lo, 3);
			html_cell(f, r.n > 0, r.mid, 3);
			html_cell(f, r.n > 0, r.hi, 3);
			fputs("</tr>\n", f);
		}
	}
	fputs("</tbody></table></div></details>\n", f);
}

/* ---------------------------------------------------------------- the data */

/* Numbers of four digits with spaces between; "-" for none. Each so manieth. */
static int json_series(struct json *j, const char *key, const double *v, size_t n, size_t each)
{
	char *s = malloc(n * 16 + 1), *o = s;
	size_t i;

	if (!s)
		return -ENOMEM;
	*s = '\0';
	for (i = 0; i < n; i += each) {
		if (i)
			*o++ = ' ';
		if (isnan(v[i]))
			strcpy(o, "-");
		else
			snprintf(o, 15, "%.4g", v[i]);
		o += strlen(o);
	}
	json_str(j, key, s);
	free(s);
	return 0;
}

static int one_trace(struct json *j, const struct page_trace *t, size_t each)
{
	static const char *const kind[] = { "start", "end", "iteration", "iteration end", "phase", "mark" };
	size_t i;
	int err;

	err = json_series(j, "t", t->t, t->n_points, each);
	json_arr(j, "y");
	for (i = 0; i < N(shown) && !err; i++)
		err = json_series(j, NULL, t->y[shown[i]], t->have[shown[i]] ? t->n_points : 0, each);
	json_end(j);
	json_arr(j, "marks");
	for (i = 0; i < t->n_marks && i < 50; i++) {
		json_obj(j, NULL);
		json_num(j, "t", t->mark[i].t);
		json_str(j, "kind", t->mark[i].kind < N(kind) ? kind[t->mark[i].kind] : "mark");
		json_str(j, "name", t->mark[i].name);
		json_end(j);
	}
	json_end(j);
	return err;
}

static int all_data(struct json *j, const struct page *p, size_t each)
{
	size_t k, i;
	int err = 0;

	json_obj(j, NULL);
	json_arr(j, "what");
	for (i = 0; i < N(shown); i++) {
		json_obj(j, NULL);
		json_str(j, "title", series_title(shown[i]));
		json_str(j, "unit", series_unit(shown[i]));
		json_bool(j, "have", any(p, shown[i]));
		json_end(j);
	}
	json_end(j);
	json_arr(j, "arms");
	for (k = 0; k < p->c->n_arms; k++) {
		json_obj(j, NULL);
		json_str(j, "name", p->c->arm[k].name);
		json_arr(j, "iter");
		for (i = 0; i < p->c->arm[k].n_iter && !err; i++) {
			const struct cmp_iteration *it = &p->c->arm[k].iter[i];

			json_obj(j, NULL);
			json_u64(j, "n", it->number);
			json_str(j, "trace", it->trace);
			if (each && page_trace(p, k, i)->read)
				err = one_trace(j, page_trace(p, k, i), each);
			json_end(j);
		}
		json_end(j);
		json_end(j);
	}
	json_end(j);
	json_end(j);
	return err;
}

static int make_data(const struct page *p, size_t each, char **buf, size_t *len)
{
	FILE *m = open_memstream(buf, len);
	struct json j;
	int err;

	if (!m)
		return -ENOMEM;
	json_init(&j, m, false);
	err = all_data(&j, p, each);
	return fclose(m) ? -ENOMEM : err;
}

/* As fine as there is room for; each: 0 is without any series. */
static int data(const struct page *p, FILE *f)
{
	off_t room = ROOM_DATA - ftello(f);
	size_t len = 0, each = 1;
	char *buf = NULL;
	int err;

	while (!(err = make_data(p, each, &buf, &len)) && (off_t)len > room && each) {
		free(buf);
		buf = NULL;
		each = each < 16 ? each * 2 : 0;
	}
	if (!err) {
		if (each > 1)
			fprintf(f, "<p class=\"limit\">To keep this page small, the chart has one point in %zu.</p>\n", each);
		else if (!each)
			fputs("<p class=\"limit\">There are too many iterations for a chart of their own on this page.</p>\n", f);
		fputs("<script type=\"application/json\" id=\"data\">", f);
		html_json(f, buf, len - (len && buf[len - 1] == '\n'));
		fputs("</script>\n", f);
	}
	free(buf);
	return err;
}

int page_time(const struct page *p, FILE *f)
{
	uint32_t merged = 0;
	size_t i;
	int err;

	if (!any_series(p))
		return data(p, f);
	for (i = 0; i < p->n_traces; i++)
		merged = p->trace[i].merged > merged ? p->trace[i].merged : merged;
	fputs("<section id=\"time\" aria-labelledby=\"h-time\">\n<h2 id=\"h-time\">Over time</h2>\n<p class=\"how\">What the whole machine did "
	      "during each iteration, from the exact totals that the recorder wrote at every mark and several times a second. "
	      "0 is the start of the iteration.", f);
	if (merged > 1)
		fprintf(f, " To keep this page small, up to %u of these stretches were merged into one point.", merged);
	fputs("</p>\n<div id=\"time-chart\" hidden></div>\n<div id=\"time-pictures\">\n", f);
	page_key(p, true, f);
	fputs("<div class=\"grid\">\n", f);
	for (i = 0; i < N(shown); i++)
		if (any(p, shown[i]) && page_room(f, ROOM_PICTURES))
			picture(f, p, shown[i]);
	fputs("</div></div>\n", f);
	numbers(f, p);
	err = data(p, f);
	fputs("</section>\n", f);
	return err;
}
