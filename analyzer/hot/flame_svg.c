// SPDX-License-Identifier: GPL-2.0-only
/* The picture as it stands without a script: all of the graph, root on top. */
#include <math.h>
#include <string.h>

#include "../page/html.h"
#include "../page/svg.h"
#include "flame.h"

#define WIDTH 1200
#define ROW 18
#define CHAR 6.3     /* of a label, about */
#define NARROWEST 0.4
#define NAME_MAX_TITLE 110

/* Kinds of frames, in the order of the legend. A class is a colour and a pattern, or an outline. */
enum kind { K_USER, K_INLINED, K_KERNEL, K_JIT, K_UNKNOWN, K_TASK, K_OTHER, KINDS };

static const struct { const char *class, *name; } kinds[KINDS] = {
	{ "fu", "program" }, { "fi", "inlined" }, { "fk", "kernel" }, { "fj", "JIT" }, { "fx", "no name known" }, { "ft", "task" },
	{ "fo", "(other): too small to show" },
};

static enum kind kind_of(const struct flame *fl, const struct flame_node *n)
{
	uint32_t flags;

	if (n->fn == FLAME_OTHER)
		return K_OTHER;
	if (n->fn >= fl->s->n_fns)
		return K_TASK;
	flags = fl->s->fn[n->fn].flags;
	return flags & HOT_UNKNOWN ? K_UNKNOWN : flags & HOT_KERNEL ? K_KERNEL : flags & HOT_JIT ? K_JIT :
	       flags & HOT_INLINED ? K_INLINED : K_USER;
}

static const char *step_class(int step)
{
	static const char *const name[] = { "l3", "l2", "l1", "s0", "m1", "m2", "m3" };

	return name[step + 3];
}

/* At most max characters of a name, its end cut. */
static void put_short(FILE *f, const char *name, size_t max)
{
	char part[256];
	size_t n = strlen(name);

	if (n <= max && n < sizeof(part)) {
		html_text(f, name);
		return;
	}
	n = max < sizeof(part) - 1 ? max : sizeof(part) - 1;
	while (n && ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;
	memcpy(part, name, n);
	part[n] = '\0';
	html_text(f, part);
	fputs("\xe2\x80\xa6", f);
}

static void put_title(FILE *f, const struct flame *fl, const struct flame_node *n, unsigned int arm)
{
	char a[FLAME_WEIGHT_BUF], b[FLAME_WEIGHT_BUF];

	fputs("<title>", f);
	put_short(f, flame_name(fl, n), NAME_MAX_TITLE);
	if (fl->diff)
		html_textf(f, ": %s \xe2\x86\x92 %s", flame_weight(a, fl->s, n->w[0]), flame_weight(b, fl->s, n->w[1]));
	else
		html_textf(f, ": %s, %s", flame_weight(a, fl->s, n->w[arm]), flame_share(b, n->w[arm], fl->total[arm]));
	fputs("</title>", f);
}

static void put_frame(FILE *f, const struct flame *fl, const struct flame_node *n, double x, double w, unsigned int arm)
{
	int step = flame_step(fl, n);
	const char *sign = step > 0 ? "\xe2\x96\xb2 " : step < 0 ? "\xe2\x96\xbc " : "";
	size_t chars = w > 8 ? (size_t)((w - 6) / CHAR) : 0;

	fprintf(f, "<g class=\"%s\">", fl->diff && n->fn != FLAME_OTHER ? step_class(step) : kinds[kind_of(fl, n)].class);
	put_title(f, fl, n, arm);
	fputs("<rect x=\"", f);
	svg_num(f, x);
	fprintf(f, "\" y=\"%u\" width=\"", n->depth * ROW);
	svg_num(f, w < 0.5 ? 0.5 : w);
	fprintf(f, "\" height=\"%d\"/>", ROW - 1);
	if (chars >= 4) {
		fputs("<text x=\"", f);
		svg_num(f, x + 3);
		fprintf(f, "\" y=\"%u\">%s", n->depth * ROW + 13, sign);
		put_short(f, flame_name(fl, n), chars - (*sign ? 2 : 0));
		fputs("</text>", f);
	}
	fputs("</g>\n", f);
}

static void put_frames(FILE *f, const struct flame *fl, unsigned int arm)
{
	double x[512], scale = WIDTH / fl->total[arm]; /* where the next frame of a depth begins */
	size_t i;

	x[0] = 0;
	for (i = 0; i < fl->n; i++) {
		const struct flame_node *n = &fl->node[i];
		double w = n->w[arm] * scale;

		if (n->depth + 1 >= sizeof(x) / sizeof(x[0]))
			continue;
		x[n->depth + 1] = x[n->depth];
		if (w >= NARROWEST)
			put_frame(f, fl, n, x[n->depth], w, arm);
		x[n->depth] += w;
	}
}

void flame_patterns(FILE *f)
{
	fputs("<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\n"
	      "<pattern id=\"fp-k\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><rect width=\"6\" height=\"6\" class=\"ground\"/>"
	      "<path d=\"M-1 1L1 -1M0 6L6 0M5 7L7 5\" class=\"line\"/></pattern>\n"
	      "<pattern id=\"fp-j\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><rect width=\"6\" height=\"6\" class=\"ground\"/>"
	      "<circle cx=\"3\" cy=\"3\" r=\"1\" class=\"line\"/></pattern>\n</defs></svg>\n", f);
}

static void legend_entry(FILE *f, const char *class, const char *label, const char *text)
{
	fprintf(f, "<li><svg class=\"flame-key\" width=\"26\" height=\"16\" viewBox=\"0 0 26 16\" aria-hidden=\"true\"><g class=\"%s\">"
		"<rect x=\"1\" y=\"1\" width=\"24\" height=\"14\"/><text x=\"13\" y=\"12\">%s</text></g></svg>%s</li>", class, label, text);
}

void flame_legend(bool diff, FILE *f)
{
	static const struct { int step; const char *text; } steps[] = {
		{ -3, "less than half, or gone" }, { -2, "less by 20 to 50 %" }, { -1, "less by 9 to 20 %" },
		{ 0, "the same, or no more than noise" }, { 1, "more by 10 to 25 %" }, { 2, "more by 25 to 100 %" },
		{ 3, "more than twice, or new" },
	};
	size_t i;

	fputs("<ul class=\"key flame-legend\" aria-label=\"What the colours mean\">", f);
	for (i = 0; !diff && i < KINDS; i++)
		legend_entry(f, kinds[i].class, "", kinds[i].name);
	for (i = 0; diff && i < sizeof(steps) / sizeof(steps[0]); i++)
		legend_entry(f, step_class(steps[i].step), steps[i].step > 0 ? "\xe2\x96\xb2" : steps[i].step < 0 ? "\xe2\x96\xbc" : "",
			     steps[i].text);
	fputs("</ul>\n", f);
}

static void put_idle(FILE *f, const struct flame *fl, const char *const *arm)
{
	const struct stacks *s = fl->s;
	char a[FLAME_WEIGHT_BUF], b[FLAME_WEIGHT_BUF];
	double wa = stacks_mean(s, s->idle, 0), wb = stacks_mean(s, s->idle, 1);

	if (fl->diff && (wa > 0 || wb > 0))
		html_textf(f, " Kernel threads that wait for work are left out: %s %s, %s %s.", arm[0], flame_weight(a, s, wa), arm[1],
			   flame_weight(b, s, wb));
	else if (wa > 0)
		html_textf(f, " Kernel threads that wait for work are left out: %s.", flame_weight(a, s, wa));
}

/* Of one run: how many samples there were, where it was sampled. */
static double variance(const struct stacks *s)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < s->n_lines; i++)
		sum += s->line[i].variance[0];
	return sum;
}

static void put_samples(FILE *f, const struct stacks *s)
{
	char num[NUM_BUF];

	if (s->count && variance(s) > 0)
		html_textf(f, "%s sample%s stand%s for ", num_text(num, (double)s->count, 4), s->count == 1 ? "" : "s",
			   s->count == 1 ? "s" : "");
	else if (s->count && (s->kind == HOT_BLOCKED || s->kind == HOT_PREEMPT))
		html_textf(f, "%s period%s: ", num_text(num, (double)s->count, 4), s->count == 1 ? "" : "s");
	else if (s->count && s->kind == HOT_WAKER)
		html_textf(f, "%s wakeup%s: ", num_text(num, (double)s->count, 4), s->count == 1 ? "" : "s");
}

/* Half the width of the 95 % interval. */
static void put_error(FILE *f, const struct stacks *s)
{
	char a[FLAME_WEIGHT_BUF];
	double v = variance(s);

	if (v > 0)
		html_textf(f, " (\xc2\xb1 %s)", flame_weight_cell(a, s, 1.96 * sqrt(v)));
}

static void put_sentence(FILE *f, const struct flame *fl, const char *const *arm)
{
	const struct stacks *s = fl->s;
	char a[FLAME_WEIGHT_BUF], b[FLAME_WEIGHT_BUF], pct[NUM_BUF];
	double total = stacks_mean(s, s->total, 0), all = fl->total[0] + stacks_mean(s, s->idle, 0);

	if (fl->diff) {
		html_textf(f, "%s %s, %s %s.", arm[0], flame_weight(a, s, fl->total[0]), arm[1], flame_weight(b, s, fl->total[1]));
	} else {
		put_samples(f, s);
		html_textf(f, "%s", flame_weight(a, s, fl->total[0]));
		put_error(f, s);
		if (!isnan(total) && total > 0)
			html_textf(f, "; that is %s of the %s that the totals count",
				   num_percent(pct, 100 * all / total, false), flame_weight(b, s, total));
		fputs(".", f);
	}
	put_idle(f, fl, arm);
}

static void put_folded(FILE *f, const struct flame *fl)
{
	char pct[NUM_BUF];

	if (!fl->folded)
		return;
	html_textf(f, " What is less than %s of it%s is folded into \"(other)\": %zu frame%s.", num_percent(pct, 100 * fl->min_share, false),
		   fl->diff ? " in both" : "", fl->folded, fl->folded == 1 ? "" : "s");
}

static void put_noise(FILE *f, const struct flame *fl)
{
	if (!fl->diff)
		return;
	if (fl->noise == FLAME_RUNS)
		html_textf(f, " Coloured is what differs by more than the runs of an arm do among themselves (%s; p, adjusted over the "
			   "frames of at least %g %%, below %g).", fl->how, 100 * FLAME_TEST_SHARE, fl->alpha);
	else if (fl->noise == FLAME_SAMPLING)
		fputs(" There are too few runs to say how much they differ by chance: coloured is what differs by more than sampling "
		      "can, and whether other runs would differ as well is not known.", f);
	else
		fputs(" There are too few runs to say how much they differ by chance: every difference has its colour.", f);
}

void flame_figure(const struct flame *fl, size_t i, const char *const *arm, FILE *f)
{
	const char *name = hot_kind_name(fl->s->kind);
	unsigned int wide = fl->diff && fl->total[1] > 0; /* of two arms by B */

	fprintf(f, "<figure class=\"flame%s\" id=\"flame-%zu\" data-flame=\"%zu\">\n<figcaption><p class=\"how\">", fl->diff ? " diff" : "", i, i);
	put_sentence(f, fl, arm);
	put_folded(f, fl);
	put_noise(f, fl);
	if (fl->diff)
		fprintf(f, " <span class=\"as-wide\">Frames are as wide as in %s.</span>", wide ? "the second" : "the first");
	fprintf(f, "</p></figcaption>\n<div class=\"flame-box\" role=\"region\" tabindex=\"0\" aria-label=\"Flame graph, %s\">"
		"<svg viewBox=\"0 0 %d %u\" width=\"%d\" height=\"%u\" role=\"img\" aria-label=\"Flame graph of %s; "
		"the tables below have its heaviest functions and paths.\">\n", name, WIDTH, (fl->depth + 1) * ROW, WIDTH, (fl->depth + 1) * ROW,
		name);
	put_frames(f, fl, wide);
	fputs("</svg></div>\n</figure>\n", f);
}
