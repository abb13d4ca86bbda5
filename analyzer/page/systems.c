// SPDX-License-Identifier: GPL-2.0-only
/* What differs between the systems, where each iteration is, and what the words mean. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "page_int.h"

#define MOST_TEXT 300 /* of a fact */

static bool utc(double start, char *text, size_t size)
{
	time_t t = (time_t)start;
	struct tm tm;

	return start >= 0 && start < 1e11 && gmtime_r(&t, &tm) && strftime(text, size, "%Y-%m-%d %H:%M:%S", &tm);
}

/* One value where the arms agree, else nothing: the differences have a table. */
static void common_fact(FILE *f, const struct page *p, const char *key, const char *before, const char *after, bool *some)
{
	const char *value;
	bool varies;

	value = p->c->n_arms ? cmp_fact(&p->c->arm[0], key, &varies) : NULL;
	if (!value || !*value || cmp_fact_differs(p->c, key))
		return;
	html_textf(f, "%s%s%.80s%s", *some ? ", " : "", before, value, after);
	*some = true;
}

/* Where and when, in one line. */
void page_subtitle(const struct page *p, FILE *f)
{
	double first = INFINITY, last = -INFINITY;
	char from[64], to[64];
	bool some = false;
	size_t k, i;

	for (k = 0; k < p->c->n_arms; k++)
		for (i = 0; i < p->c->arm[k].n_iter; i++) {
			first = fmin(first, p->c->arm[k].iter[i].start);
			last = fmax(last, p->c->arm[k].iter[i].start);
		}
	fputs("<p class=\"sub\">", f);
	if (utc(first, from, sizeof(from)) && utc(last, to, sizeof(to))) {
		html_textf(f, "%.16s", from);
		if (strncmp(from, to, 16))
			html_textf(f, " to %.16s", to + (strncmp(from, to, 11) ? 0 : 11));
		fputs(" UTC", f);
		some = true;
	}
	common_fact(f, p, "kernel.release", "Linux ", "", &some);
	common_fact(f, p, "cpu.model", "", "", &some);
	common_fact(f, p, "cpu.count", "", " CPUs", &some);
	common_fact(f, p, "node.count", "nodes: ", "", &some);
	common_fact(f, p, "host.name", "host ", "", &some);
	fputs("</p>\n", f);
}

static void fact_row(FILE *f, const struct page *p, const char *key)
{
	bool varies;
	size_t k;

	fputs("<tr><th scope=\"row\">", f);
	html_text(f, key);
	fputs("</th>", f);
	for (k = 0; k < p->c->n_arms; k++) {
		const char *value = cmp_fact(&p->c->arm[k], key, &varies);

		fputs("<td>", f);
		if (!value)
			fputs("<span class=\"none\">not recorded</span>", f);
		else
			html_textf(f, "%.*s%s", MOST_TEXT, value, strlen(value) > MOST_TEXT ? " \xe2\x80\xa6" : "");
		if (varies)
			fputs(" <span class=\"unit\">and others</span>", f);
		fputs("</td>", f);
	}
	fputs("</tr>\n", f);
}

static void facts_table(FILE *f, const struct page *p, bool differing, const char *id, const char *caption)
{
	size_t k, b, i;
	bool varies;

	fprintf(f, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"cap-%s\"><table class=\"facts\" id=\"%s\"><caption id=\"cap-%s\"><span>%s"
		"</span></caption>\n<thead><tr><th scope=\"col\">fact</th>", id, id, id, caption);
	for (k = 0; k < p->c->n_arms; k++) {
		fprintf(f, "<th scope=\"col\"><span class=\"arm a%zu\">", page_arm_color(k));
		html_text(f, p->c->arm[k].name);
		fputs("</span></th>", f);
	}
	fputs("</tr></thead>\n<tbody>\n", f);
	for (k = 0; k < p->c->n_arms; k++) {
		for (i = 0; i < p->c->arm[k].n_facts; i++) {
			const char *key = p->c->arm[k].fact[i].key;

			for (b = 0; b < k && !cmp_fact(&p->c->arm[b], key, &varies); b++)
				;
			if (b == k && cmp_fact_differs(p->c, key) == differing && page_room(f, ROOM_REST))
				fact_row(f, p, key);
		}
	}
	fputs("</tbody></table></div>\n", f);
}

void page_systems(const struct page *p, FILE *f)
{
	bool some = false, any = false;
	size_t k, i;

	for (k = 0; k < p->c->n_arms; k++) {
		for (i = 0; i < p->c->arm[k].n_facts; i++)
			some |= cmp_fact_differs(p->c, p->c->arm[k].fact[i].key);
		any |= p->c->arm[k].n_facts > 0;
	}
	if (!any)
		return;
	fputs("<section id=\"systems\" aria-labelledby=\"h-systems\">\n<h2 id=\"h-systems\">Systems</h2>\n", f);
	if (p->c->n_arms > 1 && some)
		facts_table(f, p, true, "t-differs", "What the traces say differs between the arms.");
	else if (p->c->n_arms > 1)
		fputs("<p>Nothing that the traces recorded of the systems differs between the arms.</p>\n", f);
	fputs("<details><summary>What is the same in all of them</summary>\n", f);
	facts_table(f, p, false, "t-same", "Recorded facts without a difference.");
	fputs("</details>\n</section>\n", f);
}

/* ----------------------------------------------------------------- iterations */

static void when(FILE *f, double start)
{
	char text[64];

	if (!utc(start, text, sizeof(text)))
		html_cell(f, false, 0, 0);
	else
		html_cell_text(f, start, text);
}

void page_iterations(const struct page *p, FILE *f)
{
	size_t k, i, left = 0;

	fputs("<section id=\"iterations\" aria-labelledby=\"h-iterations\">\n<h2 id=\"h-iterations\">Iterations</h2>\n"
	      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"cap-iterations\"><table class=\"sort\" id=\"t-iterations\"><caption "
	      "id=\"cap-iterations\"><span>Where each one is; what is amiss with it, where something is.</span></caption>\n<thead><tr><th scope=\"col\">arm</th>"
	      "<th scope=\"col\" class=\"n\">number</th><th scope=\"col\" class=\"n\">start, UTC</th><th scope=\"col\">trace or directory</th>"
	      "<th scope=\"col\">remark</th></tr></thead>\n<tbody>\n", f);
	for (k = 0; k < p->c->n_arms; k++) {
		for (i = 0; i < p->c->arm[k].n_iter; i++) {
			const struct cmp_iteration *it = &p->c->arm[k].iter[i];

			if (!page_room(f, ROOM_REST)) {
				left++;
				continue;
			}
			fprintf(f, "<tr><td><span class=\"arm a%zu\">", page_arm_color(k));
			html_text(f, p->c->arm[k].name);
			fputs("</span></td>", f);
			html_cell(f, true, it->number, 4);
			when(f, it->start);
			fputs("<td class=\"path\">", f);
			html_text(f, it->trace ? it->trace : it->path);
			fputs("</td><td>", f);
			html_text(f, it->excluded ? "left out as asked for" : it->why ? it->why : "");
			fputs("</td></tr>\n", f);
		}
	}
	fputs("</tbody></table></div>\n", f);
	page_left_out(f, left, "iteration");
	fputs("</section>\n", f);
}

/* ------------------------------------------------------------------- glossary */

static const struct { const char *word, *means; } words[] = {
	{ "arm", "one variant that was measured: a kernel, a setting, a machine" },
	{ "iteration", "one execution of the benchmark; statistics are over iterations, never over what happened within one" },
	{ "interval", "the range of true changes that fit these runs; made this way, it holds the truth in so many percent of experiments" },
	{ "p", "how often runs without any true change would look at least as different as these; adjusted: several tests at once were "
	       "allowed for" },
	{ "could see", "the least true change that runs like these would have shown with the power named above; smaller ones may well be there" },
	{ "BETTER, WORSE", "a change that is neither chance (adjusted p below the limit) nor too small to count" },
	{ "CHANGED", "the same, of a metric that has no better side" },
	{ "TINY", "surely there, but smaller than what counts" },
	{ "SAME", "surely no change that counts: the whole 90 % interval lies within the band" },
	{ "UNCLEAR", "these runs cannot tell a change from none" },
	{ "INDICATIVE", "too few iterations to decide; a hint at most" },
	{ "CONFOUNDED", "a difference, but another cause (order of the runs, the boot) would look the same" },
	{ "outlier", "beyond the quartiles by more than 1.5 (severe: 3) times their distance, or a modified z above 3.5; marked, never left out" },
};

void page_glossary(const struct page *p, FILE *f)
{
	const struct metric *m;
	size_t i;

	fputs("<section id=\"glossary\" aria-labelledby=\"h-glossary\">\n<h2 id=\"h-glossary\">What the words mean</h2>\n<dl class=\"glossary\">\n", f);
	for (i = 0; i < N(words); i++) {
		if (p->c->n_arms < 2 && i > 1 && i + 1 < N(words))
			continue;
		fprintf(f, "<dt>%s</dt><dd>", words[i].word);
		html_text(f, words[i].means);
		fputs("</dd>\n", f);
	}
	for (i = 0; i < p->c->n_metrics; i++) {
		if (p->c->metric[i].source != CMP_KERNEL || !page_worth(p, i) || !page_room(f, ROOM_REST))
			continue;
		m = metric_find(p->c->metric[i].name);
		if (!m)
			continue;
		fputs("<dt class=\"metric\">", f);
		html_text(f, m->name);
		fputs("</dt><dd>", f);
		html_text(f, m->definition);
		fputs(" <span class=\"unit\">", f);
		html_textf(f, "%s, %s", m->unit, page_direction(&p->c->metric[i]));
		fputs("</span></dd>\n", f);
	}
	fputs("</dl>\n</section>\n", f);
}
