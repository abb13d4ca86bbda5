// SPDX-License-Identifier: GPL-2.0-only
/* A difference for people: the rule, a table a kind, paths frame by frame. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../compare/show.h"
#include "diff_show.h"

#define ROW_WIDTH 124 /* tables are not cut into blocks below it */
#define MAX_NOTES 24
#define LONGER 0.05   /* windows that differ more than this deserve a word */

static const char *const title_of[HOT_DIFF_KINDS] = {
	[HOT_FAULT] = "Page faults", [HOT_BLOCKED] = "Blocked time", [HOT_PREEMPT] = "Time preempted",
	[HOT_WAKER] = "Blocked time that others ended", [HOT_CPU] = "CPU time", [HOT_DIFF_CALLS] = "System calls",
	[HOT_DIFF_CALL_TIME] = "Time in system calls",
};

static const char *what(enum hot_diff_by by)
{
	return by == HOT_DIFF_INCLUSIVE ? "function" : by == HOT_DIFF_COMM ? "task name" : by == HOT_DIFF_SYSCALL ? "system call" :
	       hot_diff_by_name(by);
}

/* ------------------------------------------------------------------- rules */

struct lines {
	unsigned int want, at;
	char *buf;
	size_t size;
};

static __attribute__((format(printf, 2, 3))) bool say(struct lines *l, const char *fmt, ...)
{
	va_list ap;

	if (l->at++ != l->want)
		return false;
	va_start(ap, fmt);
	vsnprintf(l->buf, l->size, fmt, ap);
	va_end(ap);
	return true;
}

/* A comparison's own lines, of which the families have other names here. */
static bool test_lines(const struct hot_diff_part *p, struct lines *l)
{
	char line[512];
	unsigned int i;

	for (i = 0; cmp_rule_line(&p->c, &p->r, i, line, sizeof(line)); i++)
		if (!strncmp(line, "kernel: ", 8) && say(l, "test: %s", line + 8))
			return true;
	for (i = 0; cmp_rule_line(&p->c, &p->r, i, line, sizeof(line)); i++)
		if (!strncmp(line, "benchmark: ", 11) && say(l, "test of all: %s", line + 11))
			return true;
	return false;
}

static bool coverage_line(const struct hot_diff_part *p, struct lines *l)
{
	const struct hot_diff_weight *w = &p->d->covered[p->kind];

	if (isnan(w->a) || isnan(w->b) || p->kind >= HOT_KINDS)
		return false;
	return say(l, "coverage: of the exact totals, %.1f %% of %s and %.1f %% of %s", 100 * w->a, p->d->c->arm[0].name, 100 * w->b,
		   p->d->c->arm[1].name);
}

bool hot_diff_rule_line(const struct hot_diff_part *p, unsigned int i, char *buf, size_t size)
{
	struct lines l = { .want = i, .buf = buf, .size = size };
	const char *one = what(p->by);
	char rest[120] = "";

	if (p->n_below)
		snprintf(rest, sizeof(rest), "; %zu %s", p->n_below, p->by == HOT_DIFF_INCLUSIVE ? "that weigh less are left out" :
			 p->n_below > 1 ? "others are one row" : "other is a row too");
	if (p->n_keys == 1 ? say(&l, "family: the only %s with %g %% or more of both arms' weight%s", one, 100 * p->min_share, rest) :
	    say(&l, "family: the %zu %ss with %g %% or more of both arms' weight, chosen by that alone%s", p->n_keys, one,
		100 * p->min_share, rest))
		return true;
	return test_lines(p, &l) || coverage_line(p, &l);
}

static void put_line(const struct table_out *to, FILE *f, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void put_line(const struct table_out *to, FILE *f, const char *fmt, ...)
{
	char line[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	cmp_put_line(line, to->fmt == TABLE_MARKDOWN, f);
}

static bool tested(const struct hot_diff_part *p)
{
	return hot_diff_row(p, &p->total)->test != CMP_TEST_NONE;
}

/* Windows that differ make a difference of everything. */
static void window_line(const struct hot_diff *d, const struct table_out *to, FILE *f)
{
	double x = d->seconds.b / d->seconds.a - 1;

	if (!(fabs(x) > LONGER))
		return;
	if (d->per == HOT_DIFF_PER_SECOND)
		put_line(to, f, "windows: B's are %.1f %% %s: if the work is of a fixed size, all that did not change weighs %s per "
			 "second in B, and --per run is to be used", 100 * fabs(x), x > 0 ? "longer" : "shorter", x > 0 ? "less" : "more");
	else
		put_line(to, f, "windows: B's are %.1f %% %s: if the work is not of a fixed size, sums follow them, and --per second "
			 "is to be used", 100 * fabs(x), x > 0 ? "longer" : "shorter");
}

static void head(const struct hot_diff *d, const struct hot_diff_part *p, const struct table_out *to, FILE *f)
{
	const char *a = d->c->arm[0].name, *b = d->c->arm[1].name;
	char line[512];
	unsigned int i;

	cmp_write_arms(d->c, to, f);
	for (i = 0; i < 2 && cmp_rule_line(&p->c, &p->r, i, line, sizeof(line)); i++) /* unit, order */
		put_line(to, f, "%s", line);
	put_line(to, f, "weights: A is %s, B is %s; %s (mean window: A %.3g s, B %.3g s)", a, b,
		 d->per == HOT_DIFF_PER_RUN ? "sums of the whole window" : "per second of the window", d->seconds.a, d->seconds.b);
	window_line(d, to, f);
	if (tested(p)) {
		put_line(to, f, "verdict: MORE, LESS: adjusted p < %g and a change of %g %% of A's or more; ! the tests disagree",
			 p->r.opts.alpha, 100 * p->r.opts.min_effect);
		return;
	}
	put_line(to, f, "verdict: none, with one iteration of an arm: how much runs of one arm differ is not known");
	put_line(to, f, "sampling: one standard error of B - A that comes from sampling alone; it is not how much runs differ");
}

/* ------------------------------------------------------------------- tables */

/* Is there a difference to be told where it begins? Without tests each may be one. */
static bool differs(const struct hot_diff_part *p, const struct hot_diff_key *k)
{
	enum cmp_verdict v = hot_diff_row(p, k)->verdict;

	return k->w.a != k->w.b && v != CMP_SAME && v != CMP_UNCLEAR && v != CMP_TINY;
}

static void frame_line(const struct hot_diff_part *p, const struct hot_path *path, uint32_t i, uint32_t mark, FILE *f)
{
	const struct hot_frame *fr = &p->d->frame[path->frame[i]];
	bool place = fr->flags & HOT_UNKNOWN || !*fr->module;

	fprintf(f, "    %s %s", i == mark ? ">" : " ", fr->name);
	if (!place)
		fprintf(f, *fr->module == '[' ? "  %s" : "  [%s]", fr->module);
	fputc('\n', f);
}

/* Of each side of the kernel's edge the innermost ones, and the one that is marked. */
static void frames(const struct hot_diff_part *p, const struct hot_diff_key *k, unsigned int depth, FILE *f)
{
	const struct hot_path *path = &p->d->path[k->path];
	uint32_t mark = p->mark[k->path], i, at, left = 0;

	for (i = 0; i < path->n; i++) {
		at = i < path->n_kernel ? i : i - path->n_kernel;
		if (depth && at >= depth && i != mark) {
			left++;
			if (i + 1 < path->n && i + 1 != path->n_kernel && i + 1 != mark)
				continue;
			fprintf(f, "      ... %u more\n", left);
			left = 0;
			continue;
		}
		frame_line(p, path, i, mark, f);
	}
	if (path->flags & HOT_P_TRUNCATED)
		fputs("      ... (deeper than is kept)\n", f);
}

static void path_list(const struct hot_diff_part *p, const struct hot_diff_opts *o, const struct table_out *to, FILE *f)
{
	size_t i, n = o->top && o->top < p->n_keys ? o->top : p->n_keys;
	bool markdown = to->fmt == TABLE_MARKDOWN, some = false;

	for (i = 0; i < n; i++) {
		if (!differs(p, &p->key[i]))
			continue;
		if (!some)
			fprintf(f, "\n%spaths that differ, innermost function first; > where the difference begins%s\n",
				markdown ? "" : "  ", markdown ? "\n\n```" : "");
		some = true;
		fprintf(f, "  %zu\n", i + 1);
		frames(p, &p->key[i], o->depth, f);
	}
	if (markdown && some)
		fputs("```\n", f);
}

static int part_text(const struct hot_diff_part *p, const struct hot_diff_opts *o, const struct table_out *to, FILE *f)
{
	struct table_col cols[HOT_DIFF_COLS];
	struct table *t;
	char title[120], line[512];
	unsigned int i;
	int err;

	hot_diff_columns(p, cols);
	snprintf(title, sizeof(title), "%s by %s", title_of[p->kind],
		 p->by == HOT_DIFF_INCLUSIVE ? "function, with all that it calls" : hot_diff_by_name(p->by));
	t = table_new("rows", title, cols, HOT_DIFF_COLS);
	err = t ? hot_diff_add_rows(t, p, o->top, true) : -ENOMEM;
	if (!err) {
		for (i = 0; hot_diff_rule_line(p, i, line, sizeof(line)); i++)
			table_note(t, "%s", line);
		if (o->top && o->top < p->n_keys)
			table_note(t, "%zu more of them are not shown (--top 0 shows all)", p->n_keys - o->top);
		fputc('\n', f);
		table_write(t, f, to);
		if (p->by == HOT_DIFF_PATH)
			path_list(p, o, to, f);
	}
	table_free(t);
	return err;
}

/* -------------------------------------------------------------------- notes */

/* Tables share arms and iterations, and most notes with them. */
static bool said_before(const struct hot_diff_part *p, size_t i, const char *line)
{
	char other[1024];
	unsigned int k;
	size_t n;

	for (n = 0; n < i; n++)
		for (k = 0; cmp_note_line(&p[n].c, &p[n].r, k, other, sizeof(other)); k++)
			if (!strcmp(line, other))
				return true;
	return false;
}

static void one_sided_notes(const struct hot_diff *d, struct table *t)
{
	unsigned int k;

	for (k = 0; k < HOT_DIFF_KINDS; k++)
		if (!d->iterations[k][0] != !d->iterations[k][1])
			table_note(t, "%s: recorded in %s only; not compared", hot_diff_kind_name(k),
				   d->c->arm[d->iterations[k][0] ? 0 : 1].name);
		else if (d->total[k].a + d->total[k].b <= 0)
			table_note(t, "%s: none in either arm", hot_diff_kind_name(k));
}

static void notes(const struct hot_diff *d, const struct hot_diff_part *p, size_t n, const struct table_out *to, FILE *f)
{
	static const struct table_col none[1] = { { .id = "note", .head = "", .type = COL_TEXT } };
	struct table *t = table_new("notes", NULL, none, 1);
	char line[1024];
	unsigned int k;
	size_t i;

	if (!t)
		return;
	one_sided_notes(d, t);
	hot_diff_left_out(d, t);
	for (i = 0; i < n; i++)
		for (k = 0; cmp_note_line(&p[i].c, &p[i].r, k, line, sizeof(line)) && table_note_count(t) < MAX_NOTES; k++)
			if (!said_before(p, i, line))
				table_note(t, "%s", line);
	if (table_note_count(t)) {
		fputc('\n', f);
		table_write_notes(t, f, to);
	}
	table_free(t);
}

int hot_diff_write_text(const struct hot_diff *d, const struct hot_diff_part *p, size_t n, const struct hot_diff_opts *o,
			const struct table_out *to, FILE *f)
{
	struct table_out wide = *to;
	size_t i;
	int err = 0;

	if (wide.width && wide.width < ROW_WIDTH)
		wide.width = ROW_WIDTH;
	head(d, &p[0], to, f);
	for (i = 0; i < n && !err; i++)
		err = part_text(&p[i], o, &wide, f);
	notes(d, p, n, to, f);
	return err;
}

/* ------------------------------------------------------------------ all parts */

#define B(by) (1u << HOT_DIFF_##by)

/* What tells most of each kind. */
static unsigned int usual(unsigned int kind)
{
	switch (kind) {
	case HOT_BLOCKED:
		return B(REASON) | B(PATH);
	case HOT_PREEMPT:
	case HOT_WAKER:
		return B(FUNCTION);
	case HOT_DIFF_CALLS:
	case HOT_DIFF_CALL_TIME:
		return B(SYSCALL);
	default:
		return B(FUNCTION) | B(PATH);
	}
}

int hot_diff_write(const struct hot_diff *d, const struct hot_diff_opts *o, unsigned int by, const struct table_out *to,
		   FILE *f)
{
	struct hot_diff_part p[HOT_DIFF_KINDS * HOT_DIFF_BYS];
	unsigned int kind, b;
	size_t n = 0, i;
	int err = 0;

	for (kind = 0; kind < HOT_DIFF_KINDS && !err; kind++)
		for (b = 0; b < HOT_DIFF_BYS && !err; b++) {
			if (!((by ? by : usual(kind)) >> b & 1) || !hot_diff_has(d, kind, (enum hot_diff_by)b))
				continue;
			err = hot_diff_part(d, kind, (enum hot_diff_by)b, o, &p[n]);
			n += !err;
		}
	if (!err && !n) {
		err = cmp_say(d->c, -ENODATA, "%s, %s: they have nothing in common to be told so; check filters, --by and what was recorded",
			      d->c->arm[0].name, d->c->arm[1].name);
	}
	if (!err && to->fmt == TABLE_JSON)
		err = hot_diff_write_json(d, p, n, f);
	else if (!err && (to->fmt == TABLE_TEXT || to->fmt == TABLE_MARKDOWN))
		err = hot_diff_write_text(d, p, n, o, to, f);
	else if (!err)
		err = hot_diff_write_rows(p, n, to, f);
	for (i = 0; i < n; i++)
		hot_diff_part_free(&p[i]);
	return err;
}
