// SPDX-License-Identifier: GPL-2.0-only
/* Values, changes and verdicts in words. */
#include <math.h>
#include <string.h>

#include "page_int.h"
#include "svg.h"

size_t page_arm_color(size_t arm)
{
	return arm % PAGE_COLORS;
}

bool page_tested(const struct cmp_row *row)
{
	return row->arm && !row->word && isfinite(row->diff);
}

struct page_change page_change(const struct cmp_metric *m, const struct cmp_row *row)
{
	bool turn = m->better == METRIC_LOWER;
	struct page_change x = { NAN, NAN, NAN };

	if (!page_tested(row) || isnan(row->delta))
		return x;
	x.pct = turn ? -row->delta : row->delta;
	x.lo = turn ? -row->hi : row->lo;
	x.hi = turn ? -row->lo : row->hi;
	return x;
}

const char *page_value(char buf[NUM_BUF], const struct cmp_metric *m, double v)
{
	size_t n;

	num_text(buf, v, 4);
	n = strlen(buf);
	if (*m->unit && strcmp(m->unit, "count") && n + 1 < NUM_BUF)
		snprintf(buf + n, NUM_BUF - n, " %s", m->unit);
	return buf;
}

const char *page_direction(const struct cmp_metric *m)
{
	return m->better == METRIC_LOWER ? "lower is better" : m->better == METRIC_HIGHER ? "higher is better" : "no better side";
}

/* A sign beside the word and the colour: none of them stands alone. */
static const struct { const char *sign, *class; } badge[] = {
	[CMP_NO_VERDICT] = { "\xe2\x80\x93", "v-none" },
	[CMP_BETTER] = { "\xe2\x96\xb2", "v-better" },
	[CMP_WORSE] = { "\xe2\x96\xbc", "v-worse" },
	[CMP_CHANGED] = { "\xe2\x97\x86", "v-changed" },
	[CMP_TINY] = { "\xe2\x89\x88", "v-tiny" },
	[CMP_SAME] = { "=", "v-same" },
	[CMP_UNCLEAR] = { "?", "v-unclear" },
	[CMP_INDICATIVE] = { "~", "v-indicative" },
	[CMP_CONFOUNDED] = { "!", "v-confounded" },
};

void page_verdict(FILE *f, enum cmp_verdict v, const char *why)
{
	if ((unsigned int)v >= N(badge))
		v = CMP_NO_VERDICT;
	fprintf(f, "<span class=\"badge %s\"><span aria-hidden=\"true\">%s</span> %s</span>", badge[v].class, badge[v].sign,
		v == CMP_NO_VERDICT ? "none" : cmp_verdict_name(v));
	if (why) {
		fputs(" <span class=\"why\">", f);
		html_text(f, why);
		fputs("</span>", f);
	}
}

void page_left_out(FILE *f, size_t left, const char *what)
{
	if (left)
		fprintf(f, "<p class=\"limit\">%zu more %s%s not shown, to keep this page small; <code>mmt-trace compare --json</code> has "
			"them.</p>\n", left, what, left == 1 ? " is" : "s are");
}

void page_key(const struct page *p, bool lines, FILE *f)
{
	size_t k;

	fputs("<ul class=\"key\">", f);
	for (k = 0; k < p->c->n_arms; k++) {
		fprintf(f, "<li class=\"a%zu\"><svg width=\"%d\" height=\"14\" viewBox=\"0 0 %d 14\" aria-hidden=\"true\">", page_arm_color(k),
			lines ? 34 : 14, lines ? 34 : 14);
		if (lines)
			fprintf(f, "<g class=\"run a%zu\"><path d=\"M1 7H33\"/></g>", page_arm_color(k));
		else
			svg_mark(f, (unsigned int)k, 7, 7, 4.5, "class=\"at\"/");
		fputs("</svg><span class=\"arm\">", f);
		html_text(f, p->c->arm[k].name);
		fputs("</span></li>", f);
	}
	fputs("</ul>\n", f);
}
