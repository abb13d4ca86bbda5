/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one table engine: every table of every command is built here once and written as
 * text, CSV, JSON or NDJSON. A cell is a text, a number, undefined (NaN) or missing, and
 * these stay apart in every output:
 *            text   CSV      JSON, NDJSON
 *  missing   -      (empty)  the member is left out
 *  undefined nan    nan      null
 */
#ifndef MMT_TABLE_H
#define MMT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "json.h"

enum table_type {
	COL_TEXT,
	COL_COUNT, /* whole number */
	COL_NS,    /* time; kept and exported in ns, shown in the column's unit */
	COL_FLOAT, /* `prec` digits after the point, or significant ones with COL_SIG */
};

enum {
	COL_KEY = 1 << 0,        /* names the row: repeated when a wide table is cut into blocks */
	COL_LEFT = 1 << 1,       /* left-aligned; text columns are by default */
	COL_NO_TEXT = 1 << 2,    /* for machines only */
	COL_ONLY_TEXT = 1 << 3,  /* for people only */
	COL_HIDE_EMPTY = 1 << 4, /* text: leave the column out when every cell is missing or 0 */
	COL_SIGN = 1 << 5,       /* always with its sign */
	COL_SIG = 1 << 6,        /* prec counts significant digits */
	COL_RIGHT = 1 << 7,      /* right-aligned text */
	COL_TAIL = 1 << 8,       /* text too long for `max`: keep its end (paths) */
	COL_P = 1 << 9,          /* a probability: 4 digits, "<.0001" below */
};

struct table_col {
	const char *id;    /* in CSV and JSON; with the unit at its end for times: wait_p99_ns */
	const char *head;  /* in text */
	const char *unit;  /* second line of the head; for COL_NS one of ns, us, ms, s */
	uint8_t type;
	uint8_t prec;
	uint16_t flags;
	const char *group; /* line above the heads, shared by neighbours */
	uint16_t max;      /* text: widest cell, 0: any */
};

enum table_fmt { TABLE_TEXT, TABLE_CSV, TABLE_JSON, TABLE_NDJSON, TABLE_MARKDOWN };

struct table_out {
	enum table_fmt fmt;
	const char *sep; /* CSV; NULL: "," */
	int width;       /* text; 0: never cut into blocks */
	bool color;
};

struct table;

struct table *table_new(const char *id, const char *title, const struct table_col *cols, size_t n_cols);
void table_free(struct table *t);

/* Cells are given row by row, in column order. A failure sticks: table_err(). */
void table_text(struct table *t, const char *s); /* NULL: missing */
void table_textf(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void table_u64(struct table *t, uint64_t v);
void table_f64(struct table *t, double v); /* NaN: undefined */
void table_none(struct table *t);
void table_known(struct table *t, double v); /* NaN: none */
/* A line below the text table; "notes" beside the rows elsewhere is the caller's business. */
void table_note(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

size_t table_note_count(const struct table *t);
void table_write_notes(const struct table *t, FILE *f, const struct table_out *o);

int table_err(const struct table *t); /* 0, -ENOMEM, or -EINVAL for an unfinished row */
size_t table_rows(const struct table *t);
const char *table_id(const struct table *t);
/* Stable; missing and undefined go last. By its id (without _ns or _pct will do) or head; -ENOENT: no such column. */
int table_sort(struct table *t, const char *col, bool descending);
/* " (did you mean 'that'?)" of a column that there is not; "" where none is near. */
const char *table_hint(const struct table *t, const char *col, char *buf, size_t size);
/* Keeps the first n rows; says in a note how many were left out. 0 keeps all. */
void table_limit(struct table *t, size_t n);

void table_write_text(const struct table *t, FILE *f, const struct table_out *o);
/* A pipe table with its title as heading; the cells of the text form. */
void table_write_markdown(const struct table *t, FILE *f, const struct table_out *o);
void table_write_csv(const struct table *t, FILE *f, const char *sep);
void table_write_json(const struct table *t, struct json *j, const char *key); /* an array of objects */
void table_write_ndjson(const struct table *t, FILE *f);
/* As o->fmt says; JSON as one object {id: [...]}. */
void table_write(const struct table *t, FILE *f, const struct table_out *o);

/* A text, with what Markdown would take for its own escaped. */
void table_put_markdown(const char *s, FILE *f);
/* A number for people: `sig` significant digits, no exponent where it can be helped. */
int table_fmt_sig(char *buf, size_t size, double v, int sig, bool sign);
/* A probability for people: 4 digits, "<.0001" below. */
int table_fmt_p(char *buf, size_t size, double p);

#endif
