// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which kernel behaviour moved with the results that changed: what explain says, in short.
 * The same care in words: consistent with, never caused by.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../explain/explain.h"
#include "page_int.h"

#define MOST_RESULTS 4  /* of the page */
#define MOST_ROWS 6     /* of a section */
#define MOST_CARRIERS 3 /* of a quantity */
#define ALSO 4          /* names that a group shows */
#define ALPHA 0.05

struct part {
	const struct page *p;
	const struct explain *e;
	FILE *f;
};

static const char *name_of(const struct part *x, uint32_t at)
{
	return x->p->c->metric[x->e->m[at].metric].name;
}

static void arm(const struct part *x, size_t k)
{
	fprintf(x->f, "<span class=\"arm a%zu\">", page_arm_color(k));
	html_text(x->f, x->p->c->arm[k].name);
	fputs("</span>", x->f);
}

static void group_of(const struct part *x, uint32_t at)
{
	size_t i, n = 0;

	for (i = 0; i < x->e->n_metrics; i++) {
		uint32_t o = x->e->order[i];

		if (o == at || x->e->m[o].group != at || x->e->m[o].section == EXPLAIN_UNTESTED)
			continue;
		if (n++ < ALSO) {
			fputs(n == 1 ? "<span class=\"unit\">as one with " : ", ", x->f);
			html_name(x->f, name_of(x, o));
		}
	}
	if (n)
		fputs(n > ALSO ? " and others</span>" : "</span>", x->f);
}

static void number(FILE *f, double v, int digits)
{
	html_cell(f, isfinite(v), v, digits);
}

static void p_cell(FILE *f, double p)
{
	if (isnan(p))
		html_cell(f, false, 0, 0);
	else
		html_cell_p(f, p);
}

static void row(const struct part *x, uint32_t at, const char *how)
{
	const struct explain_metric *m = &x->e->m[at];
	const struct cmp_metric *metric = &x->p->c->metric[m->metric];
	char a[NUM_BUF];

	fputs("<tr><th scope=\"row\"><span class=\"metric\">", x->f);
	html_name(x->f, metric->name);
	fputs("</span> <span class=\"unit\">", x->f);
	html_text(x->f, metric->unit);
	fputs("</span>", x->f);
	group_of(x, at);
	fprintf(x->f, "</th><td>%s</td>", how);
	number(x->f, m->mean[0], 4);
	number(x->f, m->mean[1], 4);
	if (isfinite(m->shift_pct))
		html_cell_text(x->f, m->shift_pct, num_percent(a, m->shift_pct, true));
	else
		html_cell(x->f, false, 0, 0);
	p_cell(x->f, m->q_a);
	number(x->f, m->s.r_within, 2);
	p_cell(x->f, m->s.b_p);
	if (m->section == EXPLAIN_BOTH && isfinite(m->share))
		html_cell_text(x->f, m->share, num_percent(a, 100 * m->share, false));
	else
		html_cell(x->f, false, 0, 0);
	fputs("</tr>\n", x->f);
}

/* Groups of a section, each by the one that stands for it. */
static size_t count(const struct explain *e, enum explain_section s)
{
	size_t i, n = 0;

	for (i = 0; i < e->n_metrics; i++)
		n += e->m[i].section == s && e->m[i].group == i;
	return n;
}

static void metrics(const struct part *x, size_t id)
{
	static const struct { enum explain_section s; const char *how; } of[] = {
		{ EXPLAIN_BOTH, "between and inside the arms" }, { EXPLAIN_BETWEEN, "between the arms only" },
		{ EXPLAIN_BYSTANDER, "bystander: little goes through it" },
	};
	size_t i, k, n, left = 0;

	fprintf(x->f, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"cap-explain%zu\"><table class=\"sort\" id=\"t-explain%zu\">"
		"<caption id=\"cap-explain%zu\"><span>Kernel metrics that moved. Inside the arms nothing was changed: where the result "
		"follows a metric there too (r, p), the link is more than company. q is adjusted for the number of metrics.</span></caption>\n"
		"<thead><tr><th scope=\"col\">metric</th><th scope=\"col\">moves with the result</th><th scope=\"col\" class=\"n\">", id, id, id);
	html_text(x->f, x->p->c->arm[0].name);
	fputs("</th><th scope=\"col\" class=\"n\">", x->f);
	html_text(x->f, x->p->c->arm[x->e->arm].name);
	fputs("</th><th scope=\"col\" class=\"n\">shift</th><th scope=\"col\" class=\"n\">its q</th><th scope=\"col\" class=\"n\">r inside</th>"
	      "<th scope=\"col\" class=\"n\">its p</th><th scope=\"col\" class=\"n\">share</th></tr></thead>\n<tbody>\n", x->f);
	for (k = 0; k < N(of); k++) {
		for (n = 0, i = 0; i < x->e->n_metrics; i++) {
			uint32_t at = x->e->order[i];

			if (x->e->m[at].section != of[k].s || x->e->m[at].group != at)
				continue;
			if (n++ < MOST_ROWS)
				row(x, at, of[k].how);
			else
				left++;
		}
	}
	fputs("</tbody></table></div>\n", x->f);
	if (left)
		fprintf(x->f, "<p class=\"limit\">%zu more are told by <code>mmt-trace explain</code>.</p>\n", left);
}

static bool worth(const struct explain_carrier *k)
{
	return k->q < ALPHA && fabs(k->share) >= 0.02;
}

static void carriers(const struct part *x, size_t id)
{
	const struct explain_carrier *k = x->e->carrier, *end = k + x->e->n_carriers;
	static const char *const of[] = { "task", "CPU", "% of the iteration" };
	size_t n = 0, some = 0;

	for (; k < end; k++)
		some += worth(k);
	if (!some)
		return;
	fprintf(x->f, "<details><summary>Tasks, CPUs and times that carry the difference</summary>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
		"aria-labelledby=\"cap-carry%zu\"><table class=\"sort\" id=\"t-carry%zu\"><caption id=\"cap-carry%zu\"><span>Sums an iteration (times: "
		"means), those with the largest sure differences; of all: share of everything that moved of its kind.</span></caption>\n"
		"<thead><tr><th scope=\"col\">what</th><th scope=\"col\">where</th><th scope=\"col\" class=\"n\">", id, id, id);
	html_text(x->f, x->p->c->arm[0].name);
	fputs("</th><th scope=\"col\" class=\"n\">", x->f);
	html_text(x->f, x->p->c->arm[x->e->arm].name);
	fputs("</th><th scope=\"col\" class=\"n\">difference</th><th scope=\"col\" class=\"n\">of all</th><th scope=\"col\" class=\"n\">q</th></tr></thead>\n"
	      "<tbody>\n", x->f);
	for (k = x->e->carrier; k < end; k++) {
		const struct explain_quantity *q = explain_quantity(k->of, k->quantity);
		char a[NUM_BUF];

		if (k > x->e->carrier && (k->of != k[-1].of || k->quantity != k[-1].quantity))
			n = 0;
		if (!worth(k) || n++ >= MOST_CARRIERS)
			continue;
		fputs("<tr><th scope=\"row\">", x->f);
		html_textf(x->f, "%s", q->title);
		fputs(" <span class=\"unit\">", x->f);
		html_text(x->f, q->unit);
		fputs("</span></th><td>", x->f);
		html_textf(x->f, "%s %s", of[k->of < N(of) ? k->of : 0], k->name);
		fputs("</td>", x->f);
		number(x->f, k->mean[0], 4);
		number(x->f, k->mean[1], 4);
		number(x->f, k->diff, 3);
		html_cell_text(x->f, k->share, num_percent(a, 100 * k->share, true));
		p_cell(x->f, k->q);
		fputs("</tr>\n", x->f);
	}
	fputs("</tbody></table></div></details>\n", x->f);
}

static void next(const struct part *x)
{
	static const enum explain_section from[] = { EXPLAIN_BOTH, EXPLAIN_BETWEEN };
	size_t s, i;

	for (s = 0; s < N(from); s++)
		for (i = 0; i < x->e->n_metrics; i++) {
			const struct explain_metric *m = &x->e->m[x->e->order[i]];

			if (m->section != from[s] || m->group != x->e->order[i])
				continue;
			fputs("<p>To tell a cause from company: ", x->f);
			html_textf(x->f, "%s.", m->family->experiment);
			fputs("</p>\n", x->f);
			return;
		}
}

static void one(const struct part *x, size_t id)
{
	const struct explain *e = x->e;
	size_t both = count(e, EXPLAIN_BOTH);

	fputs("<h3><span class=\"metric\">", x->f);
	html_name(x->f, x->p->c->metric[e->result].name);
	fputs("</span> with ", x->f);
	arm(x, e->arm);
	fputs("</h3>\n<p>", x->f);
	if (!both)
		fputs("No kernel metric moves with this result both between and inside the arms. With a strong change and quiet arms that is "
		      "usual: there is little to follow inside them.", x->f);
	else
		html_textf(x->f, "The change is consistent with being carried by the %s first in the table; %.0f %% of it is left unexplained by "
			   "the first of them.", both == 1 ? "one" : "ones", 100 * e->unexplained);
	if (e->candidates)
		html_textf(x->f, " With fewer than %d %ss an arm these are candidates only.", EXPLAIN_FLOOR,
			   cmp_unit_name(x->p->r->design.unit));
	fputs("</p>\n", x->f);
	if (both + count(e, EXPLAIN_BETWEEN) + count(e, EXPLAIN_BYSTANDER))
		metrics(x, id);
	carriers(x, id);
	next(x);
}

int page_explain(const struct page *p, FILE *f)
{
	struct cmp quiet = *p->c; /* why a result has no explanation is not for the terminal here */
	size_t i, n = 0;
	int err = 0;

	quiet.log = NULL;
	for (i = 0; i < p->r->n_rows && n < MOST_RESULTS && p->n_read; i++) {
		const struct cmp_row *r = &p->r->row[i];
		struct explain_opts o = { .result = p->c->metric[r->metric].name, .arm = r->arm };
		struct explain e;
		struct part x = { p, &e, f };

		if (p->c->metric[r->metric].source != CMP_BENCHMARK || !r->arm ||
		    !(r->verdict == CMP_BETTER || r->verdict == CMP_WORSE || r->verdict == CMP_CHANGED))
			continue;
		err = explain_compute(&quiet, p->r, &o, &e);
		if (err == -ENOMEM)
			return err;
		if (err)
			continue;
		if (!n)
			fputs("<section id=\"explain\" aria-labelledby=\"h-explain\">\n<h2 id=\"h-explain\">What goes with the change</h2>\n<p "
			      "class=\"how\">Which kernel behaviour moved together with the results that changed. Consistent with carrying "
			      "the change is all that a row can say; only an experiment shows a cause.</p>\n", f);
		one(&x, n++);
		explain_free(&e);
	}
	if (n)
		fputs("</section>\n", f);
	return 0;
}
