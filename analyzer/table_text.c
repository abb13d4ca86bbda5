// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table_int.h"

#define CELL_MAX 512

int table_fmt_sig(char *buf, size_t size, double v, int sig, bool sign)
{
	double a = fabs(v);
	int digits, whole;

	if (isnan(v))
		return snprintf(buf, size, "nan");
	if (isinf(v))
		return snprintf(buf, size, v < 0 ? "-inf" : sign ? "+inf" : "inf");
	if (a != 0 && (a < 1e-4 || a >= 1e15))
		return snprintf(buf, size, sign ? "%+.*e" : "%.*e", sig - 1, v);
	whole = a < 1 ? 1 : (int)floor(log10(a)) + 1;
	digits = a != 0 && a < 1 ? sig - 1 - (int)floor(log10(a)) : sig - whole;
	if (digits < 0)
		digits = 0;
	if (a == 0)
		digits = 0;
	return snprintf(buf, size, sign ? "%+.*f" : "%.*f", digits, v);
}

int table_fmt_p(char *buf, size_t size, double p)
{
	if (isnan(p))
		return snprintf(buf, size, "nan");
	if (p < 0.0001)
		return snprintf(buf, size, "<.0001");
	return snprintf(buf, size, "%.4f", p);
}

static double ns_scale(const char *unit)
{
	if (!unit || !strcmp(unit, "ns"))
		return 1;
	return !strcmp(unit, "us") ? 1e3 : !strcmp(unit, "ms") ? 1e6 : 1e9;
}

static uint32_t code_point(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t i, n = *u >= 0xf0 ? 3 : *u >= 0xe0 ? 2 : *u >= 0xc0 ? 1 : 0;
	uint32_t c = n == 3 ? *u & 7 : n == 2 ? *u & 15 : n ? *u & 31 : *u;

	for (i = 1; i <= n && (u[i] & 0xc0) == 0x80; i++)
		c = c << 6 | (u[i] & 0x3f);
	return c;
}

/* Columns that a character takes, whatever the locale: the output is the same everywhere. */
static size_t char_width(const char *s)
{
	static const uint32_t range[][3] = { /* from, to, columns; the blocks of Unicode that are wide, or combine */
		{ 0x300, 0x36f, 0 }, { 0x1100, 0x115f, 2 }, { 0x200b, 0x200f, 0 }, { 0x2e80, 0x303e, 2 }, { 0x3041, 0xa4cf, 2 },
		{ 0xac00, 0xd7a3, 2 }, { 0xf900, 0xfaff, 2 }, { 0xfe00, 0xfe0f, 0 }, { 0xfe30, 0xfe6f, 2 }, { 0xff00, 0xff60, 2 },
		{ 0xffe0, 0xffe6, 2 }, { 0x1f300, 0x1f64f, 2 }, { 0x1f680, 0x1f6ff, 2 }, { 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 },
	};
	uint32_t c;
	size_t i;

	if ((unsigned char)*s < 0x80)
		return 1;
	if (((unsigned char)*s & 0xc0) == 0x80)
		return 0; /* goes on */
	c = code_point(s);
	for (i = 0; i < sizeof(range) / sizeof(range[0]); i++)
		if (c >= range[i][0] && c <= range[i][1])
			return range[i][2];
	return 1;
}

static size_t text_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += char_width(s);
	return n;
}

/*
 * Task names and paths may hold anything: a report never sends control bytes to a terminal.
 * What is too long for its column loses its end, its beginning (COL_TAIL), or its middle
 * where it names the row: names often differ at their end alone.
 */
static void clean_copy(char *buf, size_t size, const char *s, const struct table_col *col)
{
	size_t w = text_width(s), i, n = 0, at = 0, head = w, tail = 0;
	bool keep = true, cut = false;

	if (col->max && w > col->max) {
		tail = col->flags & COL_TAIL ? col->max - 1u : col->flags & COL_KEY ? col->max / 3u : 0;
		head = col->max - 1u - tail;
	}
	for (i = 0; s[i] && n + 6 < size; i++) {
		size_t from = at;

		if (((unsigned char)s[i] & 0xc0) != 0x80) {
			at += char_width(s + i);
			keep = at <= head || from >= w - tail;
			if (!keep && !cut)
				buf[n++] = '~';
			cut |= !keep;
		}
		if (keep)
			buf[n++] = (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i];
	}
	buf[n] = '\0';
}

static void format_cell(const struct table_col *col, const struct tcell *c, char *buf, size_t size)
{
	bool sign = col->flags & COL_SIGN;
	double v;

	if (c->kind == TC_NONE) {
		snprintf(buf, size, "-");
		return;
	}
	if (c->kind == TC_TEXT) {
		clean_copy(buf, size, c->s, col);
		return;
	}
	if (c->kind == TC_U64 && col->type != COL_NS && col->type != COL_FLOAT) {
		snprintf(buf, size, "%" PRIu64, c->u);
		return;
	}
	v = c->kind == TC_U64 ? (double)c->u : c->f;
	if (isnan(v)) {
		snprintf(buf, size, "nan");
		return;
	}
	if (col->type == COL_NS)
		v /= ns_scale(col->unit);
	if (col->flags & COL_P)
		table_fmt_p(buf, size, v);
	else if (col->flags & COL_SIG)
		table_fmt_sig(buf, size, v, col->prec, sign);
	else
		snprintf(buf, size, sign ? "%+.*f" : "%.*f", col->type == COL_COUNT ? 0 : col->prec, v);
}

static bool left_aligned(const struct table_col *col)
{
	return col->flags & COL_LEFT || (col->type == COL_TEXT && !(col->flags & COL_RIGHT));
}

static bool col_empty(const struct table *t, size_t c)
{
	size_t r, rows = table_rows(t);

	for (r = 0; r < rows; r++) {
		const struct tcell *x = &t->cells[r * t->n_cols + c];

		if (x->kind == TC_TEXT || (x->kind == TC_U64 && x->u) || (x->kind == TC_F64 && x->f != 0))
			return false;
	}
	return true;
}

static bool shown(const struct table *t, size_t c)
{
	if (t->cols[c].flags & COL_NO_TEXT)
		return false;
	return !(t->cols[c].flags & COL_HIDE_EMPTY) || !col_empty(t, c);
}

static size_t col_width(const struct table *t, size_t c)
{
	const struct table_col *col = &t->cols[c];
	size_t r, rows = table_rows(t), w = strlen(col->head), x;
	char buf[CELL_MAX];

	if (col->unit && strlen(col->unit) > w)
		w = strlen(col->unit);
	for (r = 0; r < rows; r++) {
		format_cell(col, &t->cells[r * t->n_cols + c], buf, sizeof(buf));
		x = text_width(buf);
		if (x > w)
			w = x;
	}
	return w;
}

struct line { /* a text line whose end is trimmed */
	FILE *f;
	size_t pad;
};

static void put(struct line *l, const char *s, size_t width, bool left)
{
	size_t w = text_width(s), gap = width > w ? width - w : 0;

	if (!left)
		l->pad += gap;
	if (*s) {
		fprintf(l->f, "%*s%s", (int)l->pad, "", s);
		l->pad = 0;
	}
	if (left)
		l->pad += gap;
}

static void end_line(struct line *l)
{
	fputc('\n', l->f);
	l->pad = 0;
}

static bool same_group(const struct table_col *a, const struct table_col *b)
{
	return a->group && b->group && !strcmp(a->group, b->group);
}

struct block {
	size_t *col, n;
	const size_t *width;
};

static void group_line(const struct table *t, const struct block *b, struct line *l)
{
	size_t i, j, w, any = 0;

	for (i = 0; i < b->n; i++)
		any += t->cols[b->col[i]].group != NULL;
	if (!any)
		return;
	for (i = 0; i < b->n; i = j) {
		const char *g = t->cols[b->col[i]].group;

		w = b->width[b->col[i]];
		for (j = i + 1; j < b->n && same_group(&t->cols[b->col[i]], &t->cols[b->col[j]]); j++)
			w += 1 + b->width[b->col[j]];
		if (i)
			l->pad++;
		if (g && text_width(g) <= w) {
			char dashes[CELL_MAX];
			size_t left = w - text_width(g), k = left / 2;

			/* "-- switches --": the line shows which heads it spans */
			if (left < 4) {
				put(l, g, w, false);
				continue;
			}
			memset(dashes, '-', sizeof(dashes));
			fprintf(l->f, "%*s%.*s %s %.*s", (int)l->pad, "", (int)(k - 1), dashes, g, (int)(left - k - 1),
				dashes);
			l->pad = 0;
		} else {
			put(l, g ? g : "", w, false);
		}
	}
	end_line(l);
}

static void write_block(const struct table *t, FILE *f, const struct block *b, const struct table_out *o)
{
	size_t i, r, rows = table_rows(t), units = 0;
	struct line l = { .f = f };
	char buf[CELL_MAX];

	if (o->color)
		fputs("\033[1m", f);
	group_line(t, b, &l);
	for (i = 0; i < b->n; i++) {
		const struct table_col *col = &t->cols[b->col[i]];

		l.pad += i > 0;
		put(&l, col->head, b->width[b->col[i]], left_aligned(col));
		units += col->unit && *col->unit;
	}
	end_line(&l);
	for (i = 0; units && i < b->n; i++) {
		const struct table_col *col = &t->cols[b->col[i]];

		l.pad += i > 0;
		put(&l, col->unit ? col->unit : "", b->width[b->col[i]], left_aligned(col));
	}
	if (units)
		end_line(&l);
	if (o->color)
		fputs("\033[0m", f);
	for (r = 0; r < rows; r++) {
		for (i = 0; i < b->n; i++) {
			const struct table_col *col = &t->cols[b->col[i]];

			l.pad += i > 0;
			format_cell(col, &t->cells[r * t->n_cols + b->col[i]], buf, sizeof(buf));
			put(&l, buf, b->width[b->col[i]], left_aligned(col));
		}
		end_line(&l);
	}
}

/* Columns c.. that go together: a whole group when it fits, else one. */
static size_t unit_end(const struct table *t, size_t c)
{
	size_t e = c + 1;

	while (e < t->n_cols && same_group(&t->cols[c], &t->cols[e]))
		e++;
	return e;
}

static size_t span(const size_t *width, const bool *show, size_t from, size_t to)
{
	size_t w = 0;

	for (; from < to; from++)
		if (show[from])
			w += 1 + width[from];
	return w;
}

/* A group's name needs its room above the columns, and a blank on either side. */
static void widen_for_groups(const struct table *t, size_t *width, const bool *show)
{
	size_t c, e, first, w;

	for (c = 0; c < t->n_cols; c = e) {
		e = unit_end(t, c);
		if (!t->cols[c].group)
			continue;
		for (first = c; first < e && !show[first]; first++)
			;
		w = span(width, show, c, e);
		if (first < e && w < text_width(t->cols[c].group) + 1)
			width[first] += text_width(t->cols[c].group) + 1 - w;
	}
}

/* Cut into blocks no wider than o->width, each with the key columns in front. */
static void write_blocks(const struct table *t, FILE *f, const struct table_out *o, size_t *col, size_t *width,
			 bool *show)
{
	struct block b = { .col = col, .width = width };
	size_t c, e, n_keys = 0, used = 0, keys = 0, max = o->width > 0 ? (size_t)o->width : SIZE_MAX;

	for (c = 0; c < t->n_cols; c++) {
		show[c] = shown(t, c);
		width[c] = show[c] ? col_width(t, c) : 0;
		if (show[c] && t->cols[c].flags & COL_KEY) {
			b.col[n_keys++] = c;
			keys += width[c] + (n_keys > 1);
		}
	}
	widen_for_groups(t, width, show);
	b.n = n_keys;
	used = keys;
	for (c = 0; c < t->n_cols; c = e) {
		e = c + 1;
		if (!show[c] || t->cols[c].flags & COL_KEY)
			continue;
		e = unit_end(t, c);
		if (used + span(width, show, c, e) > max && keys + span(width, show, c, e) > max)
			e = c + 1;
		if (b.n > n_keys && used + span(width, show, c, e) > max) {
			write_block(t, f, &b, o);
			fputc('\n', f);
			b.n = n_keys;
			used = keys;
		}
		used += span(width, show, c, e);
		for (; c < e; c++)
			if (show[c])
				b.col[b.n++] = c;
	}
	if (b.n)
		write_block(t, f, &b, o);
}

/* Words of a note, broken before the edge, the rest a little to the right. */
static void write_note(const char *s, FILE *f, int width)
{
	size_t col = 0, max = width > 20 ? (size_t)width : SIZE_MAX;

	while (*s) {
		size_t len = strcspn(s, " "), w = 0, i;

		for (i = 0; i < len; i++)
			w += ((unsigned char)s[i] & 0xc0) != 0x80;
		if (col && col + 1 + w > max) {
			fputs("\n  ", f);
			col = 2;
		} else if (col) {
			fputc(' ', f);
			col++;
		}
		for (i = 0; i < len; i++)
			fputc((unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i], f);
		col += w;
		s += len;
		while (*s == ' ')
			s++;
	}
	fputc('\n', f);
}

size_t table_note_count(const struct table *t)
{
	return t->n_notes;
}

void table_write_notes(const struct table *t, FILE *f, const struct table_out *o)
{
	size_t i;

	for (i = 0; i < t->n_notes; i++) {
		if (o->fmt == TABLE_MARKDOWN) { /* a list: lines of their own would be one paragraph */
			fputs("- ", f);
			table_put_markdown(t->notes[i], f);
			fputc('\n', f);
		} else {
			write_note(t->notes[i], f, o->width);
		}
	}
}

void table_write_text(const struct table *t, FILE *f, const struct table_out *o)
{
	size_t *col, *width;
	bool *show;

	col = calloc(t->n_cols, sizeof(*col));
	width = calloc(t->n_cols, sizeof(*width));
	show = calloc(t->n_cols, sizeof(*show));
	if (t->title)
		fprintf(f, "%s\n", t->title);
	if (col && width && show)
		write_blocks(t, f, o, col, width, show);
	table_write_notes(t, f, o);
	free(col);
	free(width);
	free(show);
}

void table_put_markdown(const char *s, FILE *f)
{
	for (; *s; s++) {
		if (strchr("|\\`*_<>[]&", *s))
			fputc('\\', f);
		fputc(*s, f);
	}
}

/* A line of heads has no groups above it: p50 of what? */
static bool head_is_alone(const struct table *t, size_t c)
{
	size_t i;

	for (i = 0; i < t->n_cols; i++)
		if (i != c && shown(t, i) && !strcmp(t->cols[i].head, t->cols[c].head))
			return false;
	return true;
}

void table_write_markdown(const struct table *t, FILE *f, const struct table_out *o)
{
	size_t c, r, rows = table_rows(t);
	char buf[CELL_MAX];

	if (t->title)
		fprintf(f, "### %s\n\n", t->title);
	for (c = 0; c < t->n_cols; c++) {
		if (!shown(t, c))
			continue;
		fputs("| ", f);
		if (t->cols[c].group && (!*t->cols[c].head || !head_is_alone(t, c))) {
			table_put_markdown(t->cols[c].group, f);
			fputs(*t->cols[c].head ? " " : "", f);
		}
		table_put_markdown(t->cols[c].head, f);
		fprintf(f, "%s%s%s ", t->cols[c].unit && *t->cols[c].unit ? " (" : "", t->cols[c].unit ? t->cols[c].unit : "",
			t->cols[c].unit && *t->cols[c].unit ? ")" : "");
	}
	fputs("|\n", f);
	for (c = 0; c < t->n_cols; c++)
		if (shown(t, c))
			fputs(left_aligned(&t->cols[c]) ? "|:---" : "|---:", f);
	fputs("|\n", f);
	for (r = 0; r < rows; r++) {
		for (c = 0; c < t->n_cols; c++) {
			if (!shown(t, c))
				continue;
			format_cell(&t->cols[c], &t->cells[r * t->n_cols + c], buf, sizeof(buf));
			fputs("| ", f);
			table_put_markdown(buf, f);
			fputc(' ', f);
		}
		fputs("|\n", f);
	}
	if (t->n_notes)
		fputc('\n', f);
	table_write_notes(t, f, o);
}
