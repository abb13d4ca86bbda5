// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who moved where: migrations from CPU to CPU (or cache, or node, where there are many), a
 * mean over the iterations. The matrix comes from the events, which may have been lost; how
 * many of the counted migrations it shows is said. The classes come from the totals.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page_int.h"
#include "svg.h"

#define LEFT 44.0
#define TOP 30.0

struct matrix {
	enum page_level level;
	uint32_t group[PAGE_GROUPS];
	size_t n;
	double mean[PAGE_GROUPS][PAGE_GROUPS]; /* an iteration */
	size_t n_iter;
	uint64_t seen, counted;
	bool mixed; /* the iterations' machines are not cut the same way */
};

static const char *const level_name[] = { "CPU", "cache", "node" };

static bool same_groups(const struct matrix *x, const struct page_trace *t)
{
	return x->level == t->level && x->n == t->n_groups && !memcmp(x->group, t->group, t->n_groups * sizeof(*t->group));
}

static void make_matrix(const struct page *p, size_t arm, struct matrix *x)
{
	size_t i, r, c;

	memset(x, 0, sizeof(*x));
	for (i = 0; i < p->c->arm[arm].n_iter; i++) {
		const struct page_trace *t = page_trace(p, arm, i);

		if (!t->read || !t->n_groups || !t->have_events)
			continue;
		if (!x->n_iter) {
			x->level = t->level;
			x->n = t->n_groups;
			memcpy(x->group, t->group, sizeof(x->group));
		} else if (!same_groups(x, t)) {
			x->mixed = true;
			continue;
		}
		x->n_iter++;
		x->seen += t->seen;
		x->counted += t->counted;
		for (r = 0; r < x->n; r++)
			for (c = 0; c < x->n; c++)
				x->mean[r][c] += (double)t->moves[r][c];
	}
	for (r = 0; r < x->n; r++)
		for (c = 0; c < x->n; c++)
			x->mean[r][c] /= (double)x->n_iter;
}

static double largest(const struct matrix *x)
{
	double most = 0;
	size_t r, c;

	for (r = 0; r < x->n; r++)
		for (c = 0; c < x->n; c++)
			most = fmax(most, fabs(x->mean[r][c]));
	return most;
}

static double cell_size(size_t n)
{
	return n <= 4 ? 46 : n <= 8 ? 34 : 22;
}

/* Shade by the square root: a few pairs have most of the moves, and the others shall be seen too. */
static void cell(FILE *f, const struct matrix *x, size_t r, size_t c, double most, bool difference)
{
	double size = cell_size(x->n), v = x->mean[r][c], shade = most > 0 ? sqrt(fabs(v) / most) : 0;
	char a[NUM_BUF], b[NUM_BUF];

	fprintf(f, "<g class=\"cell %s\"><rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" fill-opacity=\"%.2f\"/>",
		!difference ? "amount" : v > 0 ? "more" : "less", LEFT + size * (double)c, TOP + size * (double)r, size - 2, size - 2,
		v != 0 ? 0.06 + 0.42 * shade : 0);
	if (x->n <= 8) {
		fprintf(f, "<text x=\"%.1f\" y=\"%.1f\">", LEFT + size * (double)c + size / 2 - 1, TOP + size * (double)r + size / 2 + 3);
		if (v != 0) {
			num_text(b, fabs(v) < 100 ? v : rint(v), fabs(v) < 10 ? 2 : 3);
			html_textf(f, "%s%s", difference && v > 0 ? "+" : "", b);
		}
		fputs("</text>", f);
	}
	fputs("<title>", f);
	html_textf(f, "from %s %u to %u: %s%s", level_name[x->level], x->group[r], x->group[c], difference && v > 0 ? "+" : "",
		   num_text(a, v, 3));
	fputs("</title></g>", f);
}

static void heat(FILE *f, const struct matrix *x, double most, bool difference, const char *title)
{
	double size = cell_size(x->n), side = size * (double)x->n;
	size_t r, c;

	fprintf(f, "<figure class=\"matrix\" style=\"width:%.0fpx\"><figcaption>", fmax(LEFT + side + 4, 160));
	html_text(f, title);
	fprintf(f, "</figcaption>\n<svg role=\"img\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" aria-label=\"", LEFT + side + 4,
		TOP + side + 4, LEFT + side + 4, TOP + side + 4);
	html_textf(f, "Migrations between %ss, %s; the tables have the numbers.", level_name[x->level], title);
	fputs("\">", f);
	fprintf(f, "<text class=\"tick x\" x=\"%.1f\" y=\"11\">to %s</text><text class=\"tick from\" x=\"2\" y=\"11\">from</text>", LEFT + side / 2,
		level_name[x->level]);
	for (r = 0; r < x->n; r++) {
		fprintf(f, "<text class=\"tick x\" x=\"%.1f\" y=\"%.0f\">%u</text><text class=\"tick y\" x=\"%.0f\" y=\"%.1f\">%u</text>",
			LEFT + size * ((double)r + 0.5) - 1, TOP - 6, x->group[r], LEFT - 6, TOP + size * ((double)r + 0.5) + 3, x->group[r]);
		for (c = 0; c < x->n; c++)
			cell(f, x, r, c, most, difference);
	}
	fputs("</svg></figure>\n", f);
}

static void matrix_table(FILE *f, const struct page *p, const struct matrix *x)
{
	size_t k, r, c;

	fputs("<details><summary>The same as numbers</summary>\n", f);
	for (k = 0; k < p->c->n_arms; k++) {
		if (!x[k].n_iter || !page_room(f, ROOM_MOVES))
			continue;
		fprintf(f, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"cap-moves%zu\"><table><caption id=\"cap-moves%zu\"><span>", k,
			k);
		html_text(f, p->c->arm[k].name);
		html_textf(f, ": migrations an iteration, from %s (rows) to %s (columns)", level_name[x[k].level],
			   level_name[x[k].level]);
		fputs("</span></caption><thead><tr><td></td>", f);
		for (c = 0; c < x[k].n; c++)
			fprintf(f, "<th scope=\"col\" class=\"n\">%u</th>", x[k].group[c]);
		fputs("</tr></thead><tbody>\n", f);
		for (r = 0; r < x[k].n; r++) {
			fprintf(f, "<tr><th scope=\"row\">%u</th>", x[k].group[r]);
			for (c = 0; c < x[k].n; c++)
				html_cell(f, true, x[k].mean[r][c], 3);
			fputs("</tr>\n", f);
		}
		fputs("</tbody></table></div>\n", f);
	}
	fputs("</details>\n", f);
}

/* By class, exact; whether or not there are events. */
static void class_table(FILE *f, const struct page *p)
{
	static const char *const name[] = { "SMT sibling", "same cache", "same node", "another node" };
	size_t k, i, n;
	int j;

	fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"cap-class\"><table id=\"t-class\"><caption id=\"cap-class\"><span>"
	      "How far tasks were moved: migrations an iteration by class, from the exact totals.</span></caption>\n<thead><tr>"
	      "<th scope=\"col\">arm</th>", f);
	for (j = 0; j < 4; j++)
		fprintf(f, "<th scope=\"col\" class=\"n\">%s</th>", name[j]);
	fputs("<th scope=\"col\" class=\"n\">all</th></tr></thead>\n<tbody>\n", f);
	for (k = 0; k < p->c->n_arms; k++) {
		double sum[4] = { 0 };

		for (n = 0, i = 0; i < p->c->arm[k].n_iter; i++) {
			const struct page_trace *t = page_trace(p, k, i);

			if (!t->read || !t->have_class)
				continue;
			n++;
			for (j = 0; j < 4; j++)
				sum[j] += (double)t->by_class[j];
		}
		fprintf(f, "<tr><th scope=\"row\"><span class=\"arm a%zu\">", page_arm_color(k));
		html_text(f, p->c->arm[k].name);
		fputs("</span></th>", f);
		for (j = 0; j < 4; j++)
			html_cell(f, n > 0, sum[j] / (double)n, 4);
		html_cell(f, n > 0, (sum[0] + sum[1] + sum[2] + sum[3]) / (double)n, 4);
		fputs("</tr>\n", f);
	}
	fputs("</tbody></table></div>\n", f);
}

static void coverage(FILE *f, const struct page *p, const struct matrix *x)
{
	char a[NUM_BUF];
	size_t k;

	fputs("<p class=\"how\">Mean number of migrations an iteration between two places, from the events. ", f);
	for (k = 0; k < p->c->n_arms; k++) {
		if (!x[k].n_iter) {
			html_textf(f, "%s: no such events in its traces. ", p->c->arm[k].name);
			continue;
		}
		if (x[k].counted)
			html_textf(f, "%s: %s of the migrations that were counted are in it. ", p->c->arm[k].name,
				   num_percent(a, 100 * (double)x[k].seen / (double)x[k].counted, false));
		if (x[k].mixed)
			html_textf(f, "%s: its traces are of different machines; only those like the first are in it. ", p->c->arm[k].name);
	}
	fprintf(f, "%s</p>\n", p->c->n_arms > 1 ? "In a difference, blue with a minus is fewer, orange with a plus is more." : "");
}

static void heats(FILE *f, const struct page *p, struct matrix *x)
{
	double most = 0;
	char title[256];
	size_t k, r, c;

	for (k = 0; k < p->c->n_arms; k++)
		most = fmax(most, largest(&x[k]));
	fputs("<div class=\"grid\">\n", f);
	for (k = 0; k < p->c->n_arms; k++)
		if (x[k].n_iter && page_room(f, ROOM_MOVES))
			heat(f, &x[k], most, false, p->c->arm[k].name);
	for (k = 1; k < p->c->n_arms; k++) {
		struct matrix d = x[k];

		if (!page_room(f, ROOM_MOVES) || !x[0].n_iter || !d.n_iter || d.level != x[0].level || d.n != x[0].n ||
		    memcmp(d.group, x[0].group, d.n * sizeof(*d.group)))
			continue;
		for (r = 0; r < d.n; r++)
			for (c = 0; c < d.n; c++)
				d.mean[r][c] -= x[0].mean[r][c];
		snprintf(title, sizeof(title), "%.100s minus %.100s", p->c->arm[k].name, p->c->arm[0].name);
		heat(f, &d, largest(&d), true, title);
	}
	fputs("</div>\n", f);
}

void page_moves(const struct page *p, FILE *f)
{
	struct matrix *x = calloc(p->c->n_arms + 1, sizeof(*x));
	bool some = false, class = false, moved = false;
	size_t k, i;

	for (k = 0; x && k < p->c->n_arms; k++) {
		make_matrix(p, k, &x[k]);
		some |= x[k].n_iter > 0;
		moved |= x[k].seen > 0;
	}
	for (i = 0; i < p->n_traces; i++)
		class |= p->trace[i].read && p->trace[i].have_class;
	if (x && (some || class)) {
		fputs("<section id=\"moves\" aria-labelledby=\"h-moves\">\n<h2 id=\"h-moves\">Migrations</h2>\n", f);
		if (class)
			class_table(f, p);
		if (some && moved) {
			coverage(f, p, x);
			heats(f, p, x);
			matrix_table(f, p, x);
		} else {
			fputs("<p class=\"how\">From where to where is not shown: the traces have no migration events. The classes above come from "
			      "the totals.</p>\n", f);
		}
		fputs("</section>\n", f);
	}
	free(x);
}
