// SPDX-License-Identifier: GPL-2.0-only
/* How it was decided, and what to mind. */
#include <string.h>

#include "page_int.h"

static void arm_line(FILE *f, const struct page *p, size_t k)
{
	const struct cmp_arm *a = &p->c->arm[k];
	size_t i, out = 0, b = cmp_boots(a);

	for (i = 0; i < a->n_iter; i++)
		out += a->iter[i].excluded || (!a->iter[i].complete && !a->iter[i].traced);
	fprintf(f, "<dd><span class=\"arm a%zu\">", page_arm_color(k));
	html_text(f, a->name);
	fprintf(f, "</span>: %zu iteration%s", a->n_iter, a->n_iter == 1 ? "" : "s");
	if (b)
		fprintf(f, " in %zu boot%s", b, b == 1 ? "" : "s");
	if (out)
		fprintf(f, ", %zu left out", out);
	if (!k && p->c->n_arms > 1)
		fputs(" <span class=\"unit\">(the others are compared against it)</span>", f);
	fputs("</dd>\n", f);
}

void page_design(const struct page *p, FILE *f)
{
	char line[1024], last[64] = "", *text;
	unsigned int i;
	size_t k;

	fputs("<section id=\"design\" aria-labelledby=\"h-design\">\n<h2 id=\"h-design\">How this was decided</h2>\n<dl class=\"facts\">\n", f);
	fputs("<dt>arms</dt>\n", f);
	for (k = 0; k < p->c->n_arms; k++)
		arm_line(f, p, k);
	for (i = 0; cmp_rule_line(p->c, p->r, i, line, sizeof(line)); i++) {
		text = strstr(line, ": "); /* "unit: iteration (...)" */
		if (text) {
			*text = '\0';
			text += 2;
		}
		if (!text || strcmp(line, last)) {
			fputs("<dt>", f);
			html_text(f, text ? line : "rule");
			fputs("</dt>", f);
		}
		snprintf(last, sizeof(last), "%.63s", text ? line : "");
		fputs("<dd>", f);
		html_text(f, text ? text : line);
		fputs("</dd>\n", f);
	}
	fputs("</dl>\n</section>\n", f);
}

#define MOST_NOTES 80

void page_notes(const struct page *p, FILE *f)
{
	char line[1024];
	unsigned int i;
	size_t k, n, unread = 0;

	for (k = 0; k < p->c->n_arms; k++)
		for (n = 0; n < p->c->arm[k].n_iter; n++)
			unread += p->c->arm[k].iter[n].trace && p->c->arm[k].iter[n].traced && !p->c->arm[k].iter[n].excluded &&
				  !page_trace(p, k, n)->read;
	if (!unread && !cmp_note_line(p->c, p->r, 0, line, sizeof(line)))
		return;
	fputs("<section id=\"notes\" aria-labelledby=\"h-notes\">\n<h2 id=\"h-notes\">Notes</h2>\n<ul class=\"notes\">\n", f);
	for (i = 0; cmp_note_line(p->c, p->r, i, line, sizeof(line)); i++) {
		if (i >= MOST_NOTES)
			continue;
		fputs("<li>", f);
		html_text(f, line);
		fputs("</li>\n", f);
	}
	if (unread)
		fprintf(f, "<li>%zu trace%s could not be read again for the charts of this page</li>\n", unread, unread == 1 ? "" : "s");
	fputs("</ul>\n", f);
	page_left_out(f, i > MOST_NOTES ? i - MOST_NOTES : 0, "note");
	fputs("</section>\n", f);
}
