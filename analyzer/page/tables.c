// SPDX-License-Identifier: GPL-2.0-only
/* Tables of results. Each is plain HTML; page.js makes their columns sortable. */
#include <math.h>
#include <string.h>

#include "forest.h"

static void head_cell(FILE *f, const char *text, bool number, bool sorts)
{
	fprintf(f, "<th scope=\"col\"%s%s>", number ? " class=\"n\"" : "", sorts ? "" : " data-nosort");
	html_text(f, text);
	fputs("</th>", f);
}

static void open_table(FILE *f, const char *id, const char *caption)
{
	fprintf(f, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"cap-%s\">\n<table class=\"sort\" id=\"%s\">"
		"<caption id=\"cap-%s\"><span>", id, id, id);
	html_text(f, caption);
	fputs("</span></caption>\n<thead><tr>", f);
}

static void metric_head(FILE *f, const struct cmp_metric *m)
{
	fputs("<th scope=\"row\"><span class=\"metric\">", f);
	html_name(f, m->name);
	fputs("</span> <span class=\"unit\">", f);
	html_textf(f, "%s%s%s", m->unit, *m->unit ? ", " : "", page_direction(m));
	fputs("</span></th>", f);
}

static void arm_cell(FILE *f, const struct page *p, size_t arm)
{
	fprintf(f, "<td><span class=\"arm a%zu\">", page_arm_color(arm));
	html_text(f, p->c->arm[arm].name);
	fputs("</span></td>", f);
}

/* Mean and, smaller, the deviation. */
static void mean_cell(FILE *f, const struct cmp_row *row)
{
	char a[NUM_BUF];

	if (!row->desc.n) {
		html_cell(f, false, 0, 0);
		return;
	}
	fprintf(f, "<td class=\"n\" data-v=\"%.7g\">", row->desc.mean);
	html_text(f, num_text(a, row->desc.mean, 4));
	if (!isnan(row->desc.stddev)) {
		fputs(" <span class=\"sd\">\xc2\xb1\xe2\x80\xaf", f);
		html_text(f, num_text(a, row->desc.stddev, 2));
		fputs("</span>", f);
	}
	fputs("</td>", f);
}

static void change_cells(FILE *f, const struct forest *x, const struct cmp_metric *m, const struct cmp_row *row)
{
	struct page_change c = page_change(m, row);
	char a[NUM_BUF], b[NUM_BUF];

	if (!page_tested(row)) {
		fputs("<td class=\"n\" colspan=\"3\">", f);
		html_text(f, row->word ? row->word : stats_status_name(row->status));
		fputs("</td>", f);
		return;
	}
	html_cell_text(f, c.pct, num_percent(a, c.pct, true));
	fputs("<td class=\"n ci\">", f);
	if (!isnan(c.lo) && !isnan(c.hi))
		html_textf(f, "%.*s \xe2\x80\xa6 %s", (int)strlen(num_percent(a, c.lo, true)) - 2, a, num_percent(b, c.hi, true));
	else
		fputs("<span class=\"none\">undefined</span>", f);
	fputs("</td><td class=\"fig\">", f);
	forest_row(f, x, m, row, false);
	fputs("</td>", f);
}

static void compare_row(FILE *f, const struct page *p, const struct forest *x, const struct cmp_row *row)
{
	const struct cmp_metric *m = &p->c->metric[row->metric];
	bool tested = page_tested(row);

	fputs("<tr>", f);
	metric_head(f, m);
	if (p->c->n_arms > 2)
		arm_cell(f, p, row->arm);
	mean_cell(f, cmp_row(p->c, p->r, row->metric, 0));
	mean_cell(f, row);
	change_cells(f, x, m, row);
	if (tested)
		html_cell_p(f, row->p_adj);
	else
		html_cell(f, false, 0, 0);
	fprintf(f, "<td data-v=\"%d\">", (int)row->verdict);
	page_verdict(f, row->verdict, row->verdict == CMP_CONFOUNDED ? NULL : row->verdict_why);
	fputs("</td>", f);
	if (tested && isfinite(row->mde)) {
		char a[NUM_BUF];

		html_cell_text(f, row->mde, num_percent(a, row->mde, false));
	} else {
		html_cell(f, false, 0, 0);
	}
	fputs("</tr>\n", f);
}

static void compare_table(FILE *f, const struct page *p, enum cmp_source source)
{
	static const char *const id[] = { "t-benchmark", "t-kernel" };
	enum page_room room = source == CMP_BENCHMARK ? ROOM_BENCHMARK_TABLE : ROOM_KERNEL_TABLE;
	struct forest x = forest_range(p, source);
	size_t i, left = 0;

	open_table(f, id[source], source == CMP_KERNEL && p->benchmark ? "The same for what the kernel did meanwhile." :
		   "Change as measured (minus is less) against the first arm, with its interval; p is adjusted for the number of tests. "
		   "\"Could see\" is the least change that these runs would probably have shown, before p is adjusted. "
		   "The shaded band is what counts as no change.");
	head_cell(f, "metric", false, true);
	if (p->c->n_arms > 2)
		head_cell(f, "arm", false, true);
	head_cell(f, p->c->arm[0].name, true, true);
	head_cell(f, p->c->n_arms > 2 ? "this arm" : p->c->arm[1].name, true, true);
	head_cell(f, "change", true, true);
	head_cell(f, "interval", true, false);
	head_cell(f, "drawn", false, false);
	head_cell(f, "p", true, true);
	head_cell(f, "verdict", false, true);
	head_cell(f, "could see", true, true);
	fputs("</tr></thead>\n<tbody>\n", f);
	for (i = 0; i < p->r->n_rows; i++) {
		const struct cmp_row *row = &p->r->row[i];

		if (!row->arm || p->c->metric[row->metric].source != source || !page_worth(p, row->metric))
			continue;
		if (page_room(f, room))
			compare_row(f, p, &x, row);
		else
			left++;
	}
	fputs("</tbody></table></div>\n", f);
	page_left_out(f, left, "row");
}

static void arm_row(FILE *f, const struct page *p, const struct cmp_row *row)
{
	bool have = row->desc.n > 0;
	char a[NUM_BUF];

	fputs("<tr>", f);
	metric_head(f, &p->c->metric[row->metric]);
	arm_cell(f, p, row->arm);
	html_cell(f, true, (double)row->desc.n, 4);
	html_cell(f, have, row->desc.mean, 4);
	html_cell(f, have && row->desc.n > 1, row->desc.stddev, 3);
	if (have && row->desc.n > 1)
		html_cell_text(f, 100 * row->desc.cv, num_percent(a, 100 * row->desc.cv, false));
	else
		html_cell(f, false, 0, 0);
	html_cell(f, have, row->desc.median, 4);
	html_cell(f, have, row->desc.min, 4);
	html_cell(f, have, row->desc.max, 4);
	html_cell(f, true, (double)row->missing, 4);
	html_cell(f, true, (double)row->dropped, 4);
	html_cell(f, true, row->n_outliers, 4);
	if (isfinite(row->drift.mk_p))
		html_cell_p(f, row->drift.mk_p);
	else
		html_cell(f, false, 0, 0);
	fputs("</tr>\n", f);
}

static void arms_table(FILE *f, const struct page *p, enum cmp_source source)
{
	static const char *const id[] = { "t-benchmark-arms", "t-kernel-arms" };
	static const char *const head[] = { "n", "mean", "std. dev.", "variation", "median", "min", "max", "missing", "no number",
					    "outliers", "drift p" };
	enum page_room room = source == CMP_BENCHMARK ? ROOM_BENCHMARK_ARMS : ROOM_KERNEL_ARMS;
	size_t i, left = 0;

	open_table(f, id[source], "Each metric and arm by itself. Missing: iterations without a value. Outliers are marked, never left "
		   "out. Drift p: whether values trend with time (Mann-Kendall).");
	head_cell(f, "metric", false, true);
	head_cell(f, "arm", false, true);
	for (i = 0; i < N(head); i++)
		head_cell(f, head[i], true, true);
	fputs("</tr></thead>\n<tbody>\n", f);
	for (i = 0; i < p->r->n_rows; i++) {
		if (p->c->metric[p->r->row[i].metric].source != source || !page_worth(p, p->r->row[i].metric))
			continue;
		if (page_room(f, room))
			arm_row(f, p, &p->r->row[i]);
		else
			left++;
	}
	fputs("</tbody></table></div>\n", f);
	page_left_out(f, left, "row");
}

void page_results(const struct page *p, enum cmp_source source, FILE *f)
{
	static const char *const id[] = { "benchmark", "kernel" };
	static const char *const title[] = { "Benchmark results", "Kernel metrics" };
	size_t m, n = 0;

	for (m = 0; m < p->c->n_metrics; m++)
		n += p->c->metric[m].source == source && page_worth(p, m);
	if (!n)
		return;
	fprintf(f, "<section id=\"%s\" aria-labelledby=\"h-%s\">\n<h2 id=\"h-%s\">%s</h2>\n", id[source], id[source], id[source],
		title[source]);
	if (p->c->n_arms > 1) {
		compare_table(f, p, source);
		fputs("<details><summary>Each arm by itself</summary>\n", f);
		arms_table(f, p, source);
		fputs("</details>\n", f);
	} else {
		arms_table(f, p, source);
	}
	page_dots(p, source, f);
	fputs("</section>\n", f);
}
