// SPDX-License-Identifier: GPL-2.0-only
/* What a reader wants first: what changed, by how much, how surely, and what could not have been seen. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forest.h"

#define MOST_FINDINGS 40
#define MOST_NAMED 8

static void arm_name(FILE *f, const struct page *p, size_t arm)
{
	fprintf(f, "<span class=\"arm a%zu\">", page_arm_color(arm));
	html_text(f, p->c->arm[arm].name);
	fputs("</span>", f);
}

/* "12.5 % lower", "7.9 times as high" */
static void amount(FILE *f, double pct)
{
	char buf[NUM_BUF];

	if (isnan(pct))
		fputs("of undefined size", f);
	else if (pct >= 200)
		html_textf(f, "%s times as high", num_text(buf, 1 + pct / 100, 2));
	else if (fabs(pct) < 0.005)
		fputs("no change", f);
	else
		html_textf(f, "%s %s", num_percent(buf, fabs(pct), false), pct < 0 ? "lower" : "higher");
}

static void interval(FILE *f, const struct cmp_row *row, const struct page_change *c)
{
	char a[NUM_BUF], level[NUM_BUF];
	bool low = c->hi <= 0, high = c->lo >= 0;
	double from = low ? c->hi : c->lo, to = low ? c->lo : c->hi;

	if (isnan(c->lo) || isnan(c->hi))
		return;
	num_text(level, floor(1000 * row->level + 0.5) / 10, 3);
	if (low || high) {
		html_textf(f, "The %s %% interval goes from %s", level, num_percent(a, fabs(from), false));
		html_textf(f, " to %s %s", num_percent(a, fabs(to), false), low ? "lower" : "higher");
	} else {
		html_textf(f, "The %s %% interval goes from %s lower", level, num_percent(a, fabs(from), false));
		html_textf(f, " to %s higher", num_percent(a, fabs(to), false));
	}
	fputs("; ", f);
}

static void lead_words(FILE *f, const struct page *p, const struct cmp_row *row)
{
	const struct cmp_metric *m = &p->c->metric[row->metric];
	const struct cmp_row *base = cmp_row(p->c, p->r, row->metric, 0);
	struct page_change c = page_change(m, row);
	bool sure = row->verdict == CMP_BETTER || row->verdict == CMP_WORSE || row->verdict == CMP_CHANGED ||
		    row->verdict == CMP_TINY;
	bool ranks = row->test == CMP_TEST_MWU || row->test == CMP_TEST_SIGNED_RANK; /* these tell of the middle, not of means */
	char a[NUM_BUF];

	fputs("<strong class=\"metric\">", f);
	html_name(f, m->name);
	fputs("</strong> ", f);
	if (!page_tested(row)) {
		html_textf(f, "could not be compared for %s", p->c->arm[row->arm].name);
		html_textf(f, ": %s.", row->word ? row->word : stats_status_name(row->status));
		return;
	}
	if (row->verdict == CMP_SAME) {
		fputs("is the <b>same</b> with ", f);
		arm_name(f, p, row->arm);
		html_textf(f, ", within %s %% either way: ", num_text(a, 100 * row->min_effect, 2));
	} else {
		fputs(sure ? "is <b>" : row->verdict == CMP_UNCLEAR ? "may be unchanged: the estimate is <b>" : "looks <b>", f);
		amount(f, c.pct);
		fputs("</b> with ", f);
		arm_name(f, p, row->arm);
		fputs(": ", f);
	}
	html_textf(f, "%s %s ", page_value(a, m, ranks ? row->desc.median : row->desc.mean), sure ? "instead of" : "against");
	html_text(f, page_value(a, m, ranks ? base->desc.median : base->desc.mean));
	html_textf(f, " (%s; %s).", ranks ? "medians" : "means", page_direction(m));
}

static void how_surely(FILE *f, const struct page *p, const struct cmp_row *row)
{
	const struct cmp_metric *m = &p->c->metric[row->metric];
	const struct cmp_row *base = cmp_row(p->c, p->r, row->metric, 0);
	struct page_change c = page_change(m, row);
	size_t family = p->r->family[cmp_family(p->c, p->r, row)];
	char a[NUM_BUF];

	if (!page_tested(row))
		return;
	fputs("<p class=\"sure\">", f);
	interval(f, row, &c);
	html_text(f, num_p(a, row->p_adj));
	if (family > 1)
		html_textf(f, ", adjusted for %zu tests", family);
	html_textf(f, " (%s, %zu and %zu %ss).", cmp_test_title(row->test), base->n_unit, row->n_unit, cmp_unit_name(p->r->design.unit));
	if (row->verdict == CMP_TINY)
		html_textf(f, " It is real, but below the %s %% that count here.", num_text(a, 100 * row->min_effect, 2));
	if (row->verdict == CMP_UNCLEAR && row->verdict_why)
		html_textf(f, " The difference is sure, but on this machine the same against itself moves as far: %s, %s %%.",
			   row->verdict_why, num_text(a, 100 * row->min_effect, 2));
	if (row->verdict == CMP_CONFOUNDED)
		html_textf(f, " But the runs were arranged so that it cannot be told from something else: %s.",
			   row->verdict_why ? row->verdict_why : "see the notes");
	if (row->verdict == CMP_INDICATIVE)
		fputs(" Too few to decide by: an indication.", f);
	if (row->disagree)
		html_textf(f, " A second opinion disagrees (%s, %s).", cmp_test_title(row->robust_test), num_p(a, row->p_robust));
	fputs("</p>", f);
}

static void could_not_see(FILE *f, const struct page *p, const struct cmp_row *row)
{
	const char *unit = cmp_unit_name(p->r->design.unit);
	char a[NUM_BUF], b[NUM_BUF];

	if (!page_tested(row) || isnan(row->mde))
		return;
	fputs("<p class=\"unseen\">", f);
	html_textf(f, "A change of less than %s", num_percent(a, row->mde, false));
	html_textf(f, " would probably have gone unseen (power %.3g %%%s).", 100 * p->r->opts.power,
		   p->r->family[cmp_family(p->c, p->r, row)] > 1 ? ", before p is adjusted" : "");
	if (isfinite(row->need) && row->need >= 1) {
		html_textf(f, " To see %s %% takes about %s", num_text(a, 100 * row->min_effect, 2), num_text(b, ceil(row->need), 3));
		if (isfinite(row->need_hi) && ceil(row->need_hi) > ceil(row->need))
			html_textf(f, " (perhaps %s)", num_text(b, ceil(row->need_hi), 3));
		html_textf(f, " more %ss an arm.", unit);
	}
	fputs("</p>", f);
}

static void finding(FILE *f, const struct page *p, const struct forest *x, const struct cmp_row *row)
{
	const struct cmp_metric *m = &p->c->metric[row->metric];

	fputs("<li class=\"finding\"><div class=\"mark\">", f);
	page_verdict(f, row->verdict, NULL);
	forest_row(f, x, m, row, true);
	fputs("</div><div class=\"words\"><p class=\"lead\">", f);
	lead_words(f, p, row);
	fputs("</p>", f);
	how_surely(f, p, row);
	could_not_see(f, p, row);
	fputs("</div></li>\n", f);
}

static const struct { enum cmp_verdict v; const char *word; } count_words[] = {
	{ CMP_BETTER, "better" }, { CMP_WORSE, "worse" }, { CMP_CHANGED, "changed" }, { CMP_TINY, "changed, but hardly" },
	{ CMP_SAME, "the same" }, { CMP_UNCLEAR, "unclear" }, { CMP_INDICATIVE, "only indicated" },
	{ CMP_CONFOUNDED, "confounded" }, { CMP_NO_VERDICT, "not compared" },
};

/* "onecpu against free: 1 better, 2 unclear." */
static void headline(FILE *f, const struct page *p, enum cmp_source source)
{
	size_t k, i, w, n, all;
	bool some;

	for (k = 1; k < p->c->n_arms; k++) {
		fputs("<p class=\"headline\">", f);
		arm_name(f, p, k);
		fputs(" against ", f);
		arm_name(f, p, 0);
		fputs(": ", f);
		some = false;
		for (all = 0, i = k; i < p->r->n_rows; i += p->c->n_arms)
			all += p->c->metric[p->r->row[i].metric].source == source && page_worth(p, p->r->row[i].metric);
		for (w = 0; w < N(count_words); w++) {
			for (n = 0, i = k; i < p->r->n_rows; i += p->c->n_arms)
				n += p->c->metric[p->r->row[i].metric].source == source && p->r->row[i].verdict == count_words[w].v &&
				     page_worth(p, p->r->row[i].metric);
			if (!n)
				continue;
			fprintf(f, "%s<b>%zu %s</b>", some ? ", " : "", n, count_words[w].word);
			some = true;
		}
		fprintf(f, "%s of %zu %s metric%s.</p>\n", some ? "" : "nothing", all,
			source == CMP_BENCHMARK ? "benchmark" : "kernel", all == 1 ? "" : "s");
	}
}

static bool moved(const struct cmp_row *row)
{
	return row->verdict == CMP_BETTER || row->verdict == CMP_WORSE || row->verdict == CMP_CHANGED;
}

static int by_size(const void *pa, const void *pb)
{
	const struct cmp_row *a = *(const struct cmp_row *const *)pa, *b = *(const struct cmp_row *const *)pb;
	double x = isnan(a->ratio) || !(a->ratio > 0) ? 0 : fabs(log(a->ratio));
	double y = isnan(b->ratio) || !(b->ratio > 0) ? 0 : fabs(log(b->ratio));

	if (x != y)
		return x > y ? -1 : 1;
	return a < b ? -1 : 1; /* rows stand in one array, in the order of metrics */
}

static const struct cmp_row **moved_rows(const struct page *p, size_t arm, size_t *n)
{
	const struct cmp_row **list = calloc(p->c->n_metrics + 1, sizeof(*list));
	size_t i;

	*n = 0;
	for (i = arm; list && i < p->r->n_rows; i += p->c->n_arms)
		if (p->c->metric[p->r->row[i].metric].source == CMP_KERNEL && moved(&p->r->row[i]))
			list[(*n)++] = &p->r->row[i];
	if (*n)
		qsort(list, *n, sizeof(*list), by_size);
	return list;
}

static bool kernel_tested(const struct page *p, size_t arm)
{
	size_t i;

	for (i = arm; i < p->r->n_rows; i += p->c->n_arms)
		if (p->c->metric[p->r->row[i].metric].source == CMP_KERNEL && page_tested(&p->r->row[i]))
			return true;
	return false;
}

static void kernel_summary(FILE *f, const struct page *p)
{
	const struct cmp_row **list;
	size_t k, i, n;

	for (k = 1; k < p->c->n_arms; k++) {
		if (!kernel_tested(p, k)) {
			fputs("<p>What the kernel did is not known: no metric of it can be compared with ", f);
			arm_name(f, p, k);
			fputs(" (no traces, or too few).</p>\n", f);
			continue;
		}
		list = moved_rows(p, k, &n);
		fputs("<p>Inside the kernel, ", f);
		if (!n)
			fputs("no metric moved for sure with ", f);
		else
			fprintf(f, "<b>%zu metric%s</b> moved for sure with ", n, n == 1 ? "" : "s");
		arm_name(f, p, k);
		for (i = 0; i < n && i < MOST_NAMED; i++) {
			fputs(i ? ", " : ": ", f);
			fputs("<span class=\"metric\">", f);
			html_name(f, p->c->metric[list[i]->metric].name);
			fputs("</span> ", f);
			amount(f, page_change(&p->c->metric[list[i]->metric], list[i]).pct);
		}
		fprintf(f, "%s.</p>\n", n > MOST_NAMED ? ", and more in the table" : "");
		free(list);
	}
}

static void kernel_findings(FILE *f, const struct page *p)
{
	struct forest x = forest_range(p, CMP_KERNEL);
	const struct cmp_row **list;
	size_t k, i, n;

	fputs("<p>There are no benchmark results beside these traces: what stands here is what the kernel did.</p>\n", f);
	headline(f, p, CMP_KERNEL);
	fputs("<ul class=\"findings\">\n", f);
	for (k = 1; k < p->c->n_arms; k++) {
		list = moved_rows(p, k, &n);
		for (i = 0; i < n && i < MOST_NAMED; i++)
			finding(f, p, &x, list[i]);
		free(list);
	}
	fputs("</ul>\n", f);
}

static void one_arm(FILE *f, const struct page *p)
{
	char a[NUM_BUF];
	size_t i, n = 0;

	fputs("<p class=\"headline\">One run, ", f);
	arm_name(f, p, 0);
	fputs(", with nothing to compare it against: what it measured.</p>\n<ul class=\"findings plain\">\n", f);
	for (i = 0; i < p->r->n_rows && n < MOST_FINDINGS; i++) {
		const struct cmp_row *row = &p->r->row[i];
		const struct cmp_metric *m = &p->c->metric[row->metric];

		if (m->source != CMP_BENCHMARK || !row->desc.n)
			continue;
		fputs("<li class=\"finding\"><div class=\"words\"><p class=\"lead\"><strong class=\"metric\">", f);
		html_name(f, m->name);
		fputs("</strong> is ", f);
		html_text(f, page_value(a, m, row->desc.mean));
		html_textf(f, " on average over %zu %s%s", row->n_unit, cmp_unit_name(p->r->design.unit), row->n_unit == 1 ? "" : "s");
		if (!isnan(row->desc.cv))
			html_textf(f, "; the spread (standard deviation) is %s of that", num_percent(a, 100 * row->desc.cv, false));
		html_textf(f, " (%s).", page_direction(m));
		fputs("</p></div></li>\n", f);
		n++;
	}
	fputs("</ul>\n", f);
}

void page_verdicts(const struct page *p, FILE *f)
{
	struct forest x = forest_range(p, CMP_BENCHMARK);
	size_t i, n = 0;

	fputs("<section id=\"verdict\" aria-labelledby=\"h-verdict\">\n<h2 id=\"h-verdict\">Verdict</h2>\n", f);
	if (p->c->n_arms < 2) {
		one_arm(f, p);
	} else if (!p->benchmark) {
		kernel_findings(f, p);
	} else {
		headline(f, p, CMP_BENCHMARK);
		fputs("<ul class=\"findings\">\n", f);
		for (i = 0; i < p->r->n_rows; i++) {
			const struct cmp_row *row = &p->r->row[i];

			if (!row->arm || p->c->metric[row->metric].source != CMP_BENCHMARK)
				continue;
			if (n++ < MOST_FINDINGS)
				finding(f, p, &x, row);
		}
		fputs("</ul>\n", f);
		if (n > MOST_FINDINGS)
			fprintf(f, "<p>%zu more stand in the table of results.</p>\n", n - MOST_FINDINGS);
		kernel_summary(f, p);
	}
	fputs("</section>\n", f);
}
