// SPDX-License-Identifier: GPL-2.0-only
/* Building, sorting, and the formats for machines; text is in table_text.c. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"
#include "table_int.h"

struct table *table_new(const char *id, const char *title, const struct table_col *cols, size_t n_cols)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->id = id;
	t->title = title ? strdup(title) : NULL;
	t->cols = cols;
	t->n_cols = n_cols;
	return t;
}

void table_free(struct table *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->n_cells; i++)
		if (t->cells[i].kind == TC_TEXT)
			free(t->cells[i].s);
	for (i = 0; i < t->n_notes; i++)
		free(t->notes[i]);
	free(t->notes);
	free(t->cells);
	free(t->title);
	free(t);
}

static void add_cell(struct table *t, struct tcell c)
{
	if (!t->err && t->n_cells == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 16 * t->n_cols;
		struct tcell *n = realloc(t->cells, cap * sizeof(*n));

		if (n) {
			t->cells = n;
			t->cap = cap;
		} else {
			t->err = -ENOMEM;
		}
	}
	if (!t->err)
		t->cells[t->n_cells++] = c;
	else if (c.kind == TC_TEXT)
		free(c.s);
}

void table_text(struct table *t, const char *s)
{
	struct tcell c = { .kind = s ? TC_TEXT : TC_NONE };

	if (s) {
		c.s = strdup(s);
		if (!c.s) {
			t->err = -ENOMEM;
			return;
		}
	}
	add_cell(t, c);
}

void table_textf(struct table *t, const char *fmt, ...)
{
	struct tcell c = { .kind = TC_TEXT };
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&c.s, fmt, ap) < 0)
		t->err = -ENOMEM;
	else
		add_cell(t, c);
	va_end(ap);
}

void table_u64(struct table *t, uint64_t v)
{
	add_cell(t, (struct tcell){ .kind = TC_U64, .u = v });
}

void table_f64(struct table *t, double v)
{
	add_cell(t, (struct tcell){ .kind = TC_F64, .f = v });
}

void table_none(struct table *t)
{
	add_cell(t, (struct tcell){ .kind = TC_NONE });
}

void table_known(struct table *t, double v)
{
	if (isnan(v))
		table_none(t);
	else
		table_f64(t, v);
}

void table_note(struct table *t, const char *fmt, ...)
{
	char **n = realloc(t->notes, (t->n_notes + 1) * sizeof(*n));
	va_list ap;

	if (!n) {
		t->err = -ENOMEM;
		return;
	}
	t->notes = n;
	va_start(ap, fmt);
	if (vasprintf(&n[t->n_notes], fmt, ap) < 0)
		t->err = -ENOMEM;
	else
		t->n_notes++;
	va_end(ap);
}

int table_err(const struct table *t)
{
	if (t->err)
		return t->err;
	return t->n_cells % t->n_cols ? -EINVAL : 0;
}

size_t table_rows(const struct table *t)
{
	return t->n_cols ? t->n_cells / t->n_cols : 0;
}

const char *table_id(const struct table *t)
{
	return t->id;
}

struct sort_key {
	const struct tcell *row;
	size_t pos;
};

struct sort_ctx {
	size_t col;
	int sign;
};

static bool cell_void(const struct tcell *c)
{
	return c->kind == TC_NONE || (c->kind == TC_F64 && isnan(c->f));
}

static int cmp_rows(const void *pa, const void *pb, void *ctx)
{
	const struct sort_ctx *s = ctx;
	const struct sort_key *a = pa, *b = pb;
	const struct tcell *x = &a->row[s->col], *y = &b->row[s->col];
	int r = 0;

	if (cell_void(x) || cell_void(y)) {
		r = (int)cell_void(x) - (int)cell_void(y);
		if (r)
			return r;
	} else if (x->kind == TC_TEXT && y->kind == TC_TEXT) {
		r = strcmp(x->s, y->s);
	} else if (x->kind == TC_U64 && y->kind == TC_U64) {
		r = (x->u > y->u) - (x->u < y->u);
	} else {
		double v = x->kind == TC_U64 ? (double)x->u : x->f, w = y->kind == TC_U64 ? (double)y->u : y->f;

		r = (v > w) - (v < w);
	}
	if (r)
		return r * s->sign;
	return (a->pos > b->pos) - (a->pos < b->pos);
}

const char *table_hint(const struct table *t, const char *col, char *buf, size_t size)
{
	const char **words = calloc(2 * t->n_cols + 1, sizeof(*words));
	size_t c, n = 0;

	*buf = '\0';
	if (!words)
		return buf;
	for (c = 0; c < t->n_cols; c++) /* as CSV and --sort name them first */
		words[n++] = t->cols[c].id;
	for (c = 0; c < t->n_cols; c++)
		if (*t->cols[c].head)
			words[n++] = t->cols[c].head;
	suggest_hint(buf, size, col, words, n);
	free(words);
	return buf;
}

/* By id or head; wait_p99 for wait_p99_ns, exposure for exposure_pct. n_cols: none. */
static size_t find_col(const struct table *t, const char *col)
{
	static const char *const units[] = { "_ns", "_pct" };
	size_t c, k, n = strlen(col);

	for (c = 0; c < t->n_cols; c++)
		if (!strcmp(t->cols[c].id, col) || !strcmp(t->cols[c].head, col))
			return c;
	for (k = 0; k < sizeof(units) / sizeof(units[0]); k++)
		for (c = 0; c < t->n_cols; c++)
			if (!strncmp(t->cols[c].id, col, n) && !strcmp(t->cols[c].id + n, units[k]))
				return c;
	return t->n_cols;
}

int table_sort(struct table *t, const char *col, bool descending)
{
	struct sort_ctx ctx = { .sign = descending ? -1 : 1 };
	size_t i, n = table_rows(t);
	struct sort_key *key;
	struct tcell *cells;

	ctx.col = find_col(t, col);
	if (ctx.col == t->n_cols)
		return -ENOENT;
	if (n < 2)
		return 0;
	key = malloc(n * sizeof(*key));
	cells = malloc(n * t->n_cols * sizeof(*cells));
	if (!key || !cells) {
		free(key);
		free(cells);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		key[i] = (struct sort_key){ &t->cells[i * t->n_cols], i };
	qsort_r(key, n, sizeof(*key), cmp_rows, &ctx);
	for (i = 0; i < n; i++)
		memcpy(&cells[i * t->n_cols], key[i].row, t->n_cols * sizeof(*cells));
	free(key);
	free(t->cells);
	t->cells = cells;
	t->cap = n * t->n_cols;
	return 0;
}

void table_limit(struct table *t, size_t n)
{
	size_t rows = table_rows(t), i;

	if (!n || rows <= n)
		return;
	for (i = n * t->n_cols; i < t->n_cells; i++)
		if (t->cells[i].kind == TC_TEXT)
			free(t->cells[i].s);
	t->n_cells = n * t->n_cols;
	table_note(t, "... %zu more; --top 0 shows all", rows - n);
}

static void csv_text(FILE *f, const char *s, const char *sep)
{
	const char *p;

	if (!strpbrk(s, "\"\r\n") && !strstr(s, sep)) {
		fputs(s, f);
		return;
	}
	fputc('"', f);
	for (p = s; *p; p++) {
		if (*p == '"')
			fputc('"', f);
		fputc(*p, f);
	}
	fputc('"', f);
}

void table_write_csv(const struct table *t, FILE *f, const char *sep)
{
	size_t r, c, rows = table_rows(t);
	bool first = true;

	sep = sep && *sep ? sep : ",";
	for (c = 0; c < t->n_cols; c++) {
		if (t->cols[c].flags & COL_ONLY_TEXT)
			continue;
		if (!first)
			fputs(sep, f);
		csv_text(f, t->cols[c].id, sep);
		first = false;
	}
	fputc('\n', f);
	for (r = 0; r < rows; r++) {
		first = true;
		for (c = 0; c < t->n_cols; c++) {
			const struct tcell *x = &t->cells[r * t->n_cols + c];

			if (t->cols[c].flags & COL_ONLY_TEXT)
				continue;
			if (!first)
				fputs(sep, f);
			first = false;
			if (x->kind == TC_TEXT)
				csv_text(f, x->s, sep);
			else if (x->kind == TC_U64)
				fprintf(f, "%" PRIu64, x->u);
			else if (x->kind == TC_F64 && isnan(x->f))
				fputs("nan", f);
			else if (x->kind == TC_F64)
				fprintf(f, "%.17g", x->f);
		}
		fputc('\n', f);
	}
}

static void json_row(const struct table *t, struct json *j, size_t r)
{
	size_t c;

	for (c = 0; c < t->n_cols; c++) {
		const struct tcell *x = &t->cells[r * t->n_cols + c];
		const char *id = t->cols[c].id;

		if (t->cols[c].flags & COL_ONLY_TEXT)
			continue;
		if (x->kind == TC_TEXT)
			json_str(j, id, x->s);
		else if (x->kind == TC_U64)
			json_u64(j, id, x->u);
		else if (x->kind == TC_F64)
			json_num(j, id, x->f);
	}
}

void table_write_json(const struct table *t, struct json *j, const char *key)
{
	size_t r, rows = table_rows(t);

	json_arr(j, key);
	for (r = 0; r < rows; r++) {
		json_obj(j, NULL);
		json_row(t, j, r);
		json_end(j);
	}
	json_end(j);
}

void table_write_ndjson(const struct table *t, FILE *f)
{
	size_t r, rows = table_rows(t);
	struct json j;

	for (r = 0; r < rows; r++) {
		json_init(&j, f, false);
		json_obj(&j, NULL);
		json_str(&j, "table", t->id);
		json_row(t, &j, r);
		json_end(&j);
	}
}

void table_write(const struct table *t, FILE *f, const struct table_out *o)
{
	struct json j;

	switch (o->fmt) {
	case TABLE_TEXT:
		table_write_text(t, f, o);
		break;
	case TABLE_CSV:
		table_write_csv(t, f, o->sep);
		break;
	case TABLE_NDJSON:
		table_write_ndjson(t, f);
		break;
	case TABLE_JSON:
		json_init(&j, f, true);
		json_obj(&j, NULL);
		table_write_json(t, &j, t->id);
		json_end(&j);
		break;
	case TABLE_MARKDOWN:
		table_write_markdown(t, f, o);
		break;
	}
}
