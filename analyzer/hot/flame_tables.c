// SPDX-License-Identifier: GPL-2.0-only
/* The heaviest functions and paths as tables of a page: for reading, and for who has no use for a picture. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../page/html.h"
#include "flame.h"
#include "rank.h"

#define LONGEST 160  /* of a name */
#define FRAMES 24    /* of a path, from its leaf */

struct top { /* a function or a path */
	size_t i;
	double self[STACKS_ARMS], all[STACKS_ARMS];
	size_t line; /* where it was counted last, + 1 */
};

static double heavier(const double w[STACKS_ARMS])
{
	return w[0] > w[1] ? w[0] : w[1];
}

static int by_self(const void *a, const void *b)
{
	const struct top *x = a, *y = b;
	double p = heavier(x->self), q = heavier(y->self), u = heavier(x->all), v = heavier(y->all);

	return p != q ? (p > q ? -1 : 1) : u != v ? (u > v ? -1 : 1) : x->i < y->i ? -1 : x->i > y->i;
}

static void text_cut(FILE *f, const char *s)
{
	char part[LONGEST + 1];
	size_t n = strlen(s);

	if (n > LONGEST)
		for (n = LONGEST; n && ((unsigned char)s[n] & 0xc0) == 0x80;)
			n--;
	memcpy(part, s, n);
	part[n] = '\0';
	html_name(f, part);
	if (s[n])
		fputs("\xe2\x80\xa6", f);
}

static const char *base(const char *path)
{
	const char *p = strrchr(path, '/');

	return p && p[1] ? p + 1 : path;
}

static void open_table(FILE *f, const struct flame *fl, const char *id, const char *caption)
{
	const char *kind = hot_kind_name(fl->s->kind);

	fprintf(f, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"cap-%s-%s\">\n<table class=\"sort wide\" "
		"id=\"t-%s-%s\"><caption id=\"cap-%s-%s\"><span>Heaviest %s, %s%s: %s</span></caption>\n<thead><tr>", id, kind,
		id, kind, id, kind, id, kind, strstr(fl->s->unit, "a second") ? " a second" : "", caption);
}

static void head(FILE *f, const char *text, const char *more, bool number)
{
	fprintf(f, "<th scope=\"col\"%s>", number ? " class=\"n\"" : "");
	html_textf(f, "%s%s", text, more);
	fputs("</th>", f);
}

static void heads(FILE *f, const struct flame *fl, const char *const *arm, const char *what)
{
	char text[512];

	if (!fl->diff) {
		head(f, what, "", true);
		head(f, "share", "", true);
		return;
	}
	snprintf(text, sizeof(text), "%s, ", what);
	head(f, text, arm[0], true);
	head(f, text, arm[1], true);
	head(f, "change", "", true);
}

static void cells(FILE *f, const struct flame *fl, const double w[STACKS_ARMS])
{
	char buf[FLAME_WEIGHT_BUF], num[NUM_BUF], share[FLAME_WEIGHT_BUF];
	size_t k;

	for (k = 0; k < (fl->diff ? 2u : 1u); k++)
		html_cell_text(f, w[k], flame_weight_cell(buf, fl->s, w[k]));
	if (!fl->diff)
		html_cell_text(f, w[0] / fl->total[0], flame_share(share, w[0], fl->total[0]));
	else if (w[0] > 0)
		html_cell_text(f, w[1] / w[0], num_percent(num, 100 * (w[1] - w[0]) / w[0], true));
	else
		html_cell_text(f, INFINITY, w[1] > 0 ? "new" : "none");
}

/* A row is worth its place: some are there always. */
#define ROWS_ALWAYS 5

static bool worth(const struct flame *fl, const double w[STACKS_ARMS], size_t row)
{
	return heavier(w) > 0 && (row < ROWS_ALWAYS || (w[0] > 0 && w[0] >= FLAME_MIN_SHARE * fl->total[0]) ||
				  (w[1] > 0 && w[1] >= FLAME_MIN_SHARE * fl->total[1]));
}

static void close_table(FILE *f, size_t more, const char *what)
{
	fputs("</tbody></table></div>\n", f);
	if (more)
		fprintf(f, "<p class=\"limit\">%zu more %s%s weigh%s less each.</p>\n", more, what, more == 1 ? "" : "s", more == 1 ? "s" : "");
}

static int functions(const struct flame *fl, struct top **out)
{
	const struct stacks *s = fl->s;
	struct top *t = calloc(s->n_fns + 1, sizeof(*t));
	size_t i, a;
	uint32_t k;

	*out = t;
	if (!t)
		return -ENOMEM;
	for (i = 0; i < s->n_fns; i++)
		t[i].i = i;
	for (i = 0; i < s->n_lines; i++) {
		const struct stacks_line *l = &s->line[i];

		for (a = 0; a < STACKS_ARMS; a++) {
			double w = stacks_mean(s, l->w, a);

			if (l->n)
				t[l->fn[l->n - 1]].self[a] += w;
			for (k = 0; k < l->n; k++)
				if (t[l->fn[k]].line != 2 * i + a + 1) {
					t[l->fn[k]].line = 2 * i + a + 1; /* each once, however often it recurs */
					t[l->fn[k]].all[a] += w;
				}
		}
	}
	qsort(t, s->n_fns, sizeof(*t), by_self);
	return 0;
}

static int put_functions(const struct flame *fl, const char *const *arm, size_t rows, FILE *f)
{
	struct top *t;
	size_t k, n;
	int err = functions(fl, &t);

	if (err)
		return err;
	open_table(f, fl, "functions", "by themselves, and with all that they call.");
	head(f, "function", "", false);
	heads(f, fl, arm, "itself");
	heads(f, fl, arm, "with calls");
	head(f, "where", "", false);
	fputs("</tr></thead>\n<tbody>\n", f);
	for (n = 0; n < fl->s->n_fns && heavier(t[n].self) > 0; n++)
		;
	for (k = 0; k < n && k < rows && worth(fl, t[k].self, k); k++) {
		const struct stacks_fn *fn = &fl->s->fn[t[k].i];

		fputs("<tr><th scope=\"row\"><span class=\"metric\">", f);
		text_cut(f, fn->name);
		fprintf(f, "</span>%s</th>", fn->flags & HOT_KERNEL ? " <span class=\"unit\">kernel</span>" :
			fn->flags & HOT_INLINED ? " <span class=\"unit\">inlined</span>" :
			fn->flags & HOT_JIT ? " <span class=\"unit\">JIT</span>" : "");
		cells(f, fl, t[k].self);
		cells(f, fl, t[k].all);
		fputs("<td class=\"path\">", f);
		text_cut(f, base(fn->module));
		if (fn->file) {
			fputs(" ", f);
			text_cut(f, base(fn->file));
			if (fn->line)
				fprintf(f, ":%u", fn->line);
		}
		fputs("</td></tr>\n", f);
	}
	close_table(f, n - k, "function");
	free(t);
	return 0;
}

static int put_paths(const struct flame *fl, const char *const *arm, size_t rows, FILE *f)
{
	const struct stacks *s = fl->s;
	struct top *t = calloc(s->n_lines + 1, sizeof(*t));
	size_t k;
	uint32_t d;

	if (!t)
		return -ENOMEM;
	for (k = 0; k < s->n_lines; k++) {
		t[k].i = k;
		t[k].self[0] = stacks_mean(s, s->line[k].w, 0);
		t[k].self[1] = stacks_mean(s, s->line[k].w, 1);
	}
	qsort(t, s->n_lines, sizeof(*t), by_self);
	open_table(f, fl, "paths", "the function, then who called it.");
	heads(f, fl, arm, "weight");
	head(f, "path", "", false);
	fputs("</tr></thead>\n<tbody>\n", f);
	for (k = 0; k < s->n_lines && k < rows && worth(fl, t[k].self, k); k++) {
		const struct stacks_line *l = &s->line[t[k].i];

		fputs("<tr>", f);
		cells(f, fl, t[k].self);
		fputs("<td class=\"path\">", f);
		for (d = 0; d < l->n && d < FRAMES; d++) {
			fputs(d ? " \xe2\x86\x90 " : "", f);
			text_cut(f, s->fn[l->fn[l->n - 1 - d]].name);
		}
		if (d < l->n)
			fprintf(f, " \xe2\x86\x90 %u more", l->n - d);
		if (*s->group[l->group]) {
			fputs(" \xe2\x86\x90 <span class=\"unit\">", f);
			text_cut(f, s->group[l->group]);
			fputs("</span>", f);
		}
		fputs("</td></tr>\n", f);
	}
	close_table(f, s->n_lines - k, "path");
	free(t);
	return 0;
}

int flame_tables(const struct flame *fl, const char *const *arm, size_t rows, FILE *f)
{
	int err = put_functions(fl, arm, rows, f);

	return err ? err : put_paths(fl, arm, rows, f);
}

static int put_rank(const struct flame *fl, const struct hot *h, enum hot_by by, size_t rows, FILE *f)
{
	enum hot_kind kind = fl->s->kind;
	char label[1024], id[32], caption[128];
	struct hot_row *row;
	size_t n, k;
	int err = hot_rank(h, kind, by, false, &row, &n);

	if (err)
		return err;
	snprintf(id, sizeof(id), "%ss", hot_by_name(by));
	snprintf(caption, sizeof(caption), "%s", by == HOT_BY_INSTRUCTION ? "function and offset in it." : by == HOT_BY_REASON ?
		 "why tasks were blocked, by the functions of the kernel that they were in." : kind == HOT_WAKER ?
		 "the waker, and whom it woke." : "command name and number.");
	open_table(f, fl, id, caption);
	head(f, hot_by_name(by), "", false);
	head(f, "weight", "", true);
	head(f, "share", "", true);
	head(f, fl->s->kind == HOT_WAKER ? "wakeups" : kind == HOT_FAULT || kind == HOT_CPU ? "samples" : "periods", "", true);
	fputs("</tr></thead>\n<tbody>\n", f);
	for (k = 0; k < n && k < rows && row[k].weight > 0; k++) {
		char buf[FLAME_WEIGHT_BUF];

		if (k >= ROWS_ALWAYS && row[k].weight < FLAME_MIN_SHARE * h->kind[kind].weight)
			break;
		fputs("<tr><th scope=\"row\"><span class=\"metric\">", f);
		hot_row_label(h, by, &row[k], label, sizeof(label));
		if (by == HOT_BY_TASK) /* is short, and must not be broken within "->" */
			html_text(f, label);
		else
			text_cut(f, label);
		fputs("</span></th>", f);
		html_cell_text(f, row[k].weight, flame_weight_cell(buf, fl->s, row[k].weight));
		html_cell_text(f, row[k].weight, flame_share(buf, row[k].weight, h->kind[kind].weight));
		html_cell(f, true, (double)row[k].count, 4);
		fputs("</tr>\n", f);
	}
	close_table(f, n - k, hot_by_name(by));
	free(row);
	return 0;
}

int flame_ranks(const struct flame *fl, const struct hot *h, size_t rows, FILE *f)
{
	enum hot_kind kind = fl->s->kind;
	int err = 0;

	if (kind == HOT_FAULT || kind == HOT_CPU)
		err = put_rank(fl, h, HOT_BY_INSTRUCTION, rows, f);
	else if (kind == HOT_BLOCKED)
		err = put_rank(fl, h, HOT_BY_REASON, rows, f);
	return err ? err : put_rank(fl, h, HOT_BY_TASK, rows, f);
}
