// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Rows of tables: gathered row by row, stored column by column. */
#include <stdlib.h>

#include "internal.h"

/*
 * Sections of a chunk of tables. Histograms are most of it: their gaps and their counts
 * are packed apart, each with statistics of its own.
 */
enum { SEC_NUMBERS, SEC_BYTES, SEC_GAPS, SEC_COUNTS, SEC_N };

/* How a column of numbers is stored. */
enum { COL_ZERO = 0, COL_SAME = 1, COL_PLAIN = 2, COL_DELTA = 3, COL_N_MODES };

struct tab { /* rows of one table that wait to be sealed */
	uint64_t *cells; /* row by row; a cell of bytes holds their length */
	size_t n_cells, cap;
	struct mmt_buf bytes; /* row by row, too */
	uint64_t first, last;
};

struct mmt_tbuf {
	const struct mmt_schema *schema;
	struct tab *tabs; /* parallel to schema->types */
	size_t n_cells, n_bytes;
	uint64_t *pairs; /* a column of histograms: pairs of each */
	size_t pairs_cap;
	struct mmt_buf sec[SEC_N], tmp, col; /* while packing */
};

struct mmt_tbuf *mmt_tbuf_new(const struct mmt_schema *s)
{
	struct mmt_tbuf *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->schema = s;
	t->tabs = calloc(s->n + 1, sizeof(*t->tabs));
	if (!t->tabs) {
		free(t);
		return NULL;
	}
	return t;
}

void mmt_tbuf_free(struct mmt_tbuf *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->schema->n; i++) {
		free(t->tabs[i].cells);
		mmt_buf_free(&t->tabs[i].bytes);
	}
	free(t->tabs);
	free(t->pairs);
	for (i = 0; i < SEC_N; i++)
		mmt_buf_free(&t->sec[i]);
	mmt_buf_free(&t->tmp);
	mmt_buf_free(&t->col);
	free(t);
}

size_t mmt_tbuf_bytes(const struct mmt_tbuf *t)
{
	return t->n_bytes + t->n_cells * sizeof(uint64_t);
}

size_t mmt_tbuf_cells(const struct mmt_tbuf *t)
{
	return t->n_cells;
}

void mmt_tbuf_reset(struct mmt_tbuf *t)
{
	size_t i;

	for (i = 0; i < t->schema->n; i++) {
		t->tabs[i].n_cells = 0;
		t->tabs[i].bytes.len = 0;
	}
	t->n_cells = t->n_bytes = 0;
}

/* Pairs of a packed histogram; -EINVAL when it is none. */
static int hist_pairs(const void *p, size_t len)
{
	struct mmt_cur c = mmt_cur_of(p, len);
	int n = 0;

	while (c.p < c.end) {
		mmt_cur_uv(&c);
		mmt_cur_uv(&c);
		if (c.err)
			return -EINVAL;
		n++;
	}
	return n;
}

int mmt_tbuf_add(struct mmt_tbuf *t, uint16_t table, const struct mmt_cell *cells, size_t n_cells)
{
	const struct mmt_type *type = mmt_schema_find(t->schema, table);
	size_t i, bytes = 0;
	uint64_t time = 0;
	struct tab *tab;
	int err;

	if (!type || type->kind != MMT_KIND_TABLE || n_cells != type->n_fields)
		return -EINVAL;
	for (i = 0; i < n_cells; i++) {
		if (mmt_fmt_is_bytes(type->fields[i].fmt))
			bytes += cells[i].len;
		if (type->fields[i].fmt == MMT_FMT_HIST && hist_pairs(cells[i].p, cells[i].len) < 0)
			return -EINVAL;
	}
	if (bytes > MMT_MAX_RAW / 4)
		return -E2BIG;
	tab = &t->tabs[type - t->schema->types];
	err = MMT_GROW(tab->cells, tab->cap, tab->n_cells + n_cells);
	if (!err)
		err = mmt_buf_grow(&tab->bytes, bytes);
	if (err) {
		tab->bytes.err = 0;
		return err;
	}
	for (i = 0; i < n_cells; i++) {
		if (mmt_fmt_is_bytes(type->fields[i].fmt)) {
			tab->cells[tab->n_cells + i] = cells[i].len;
			mmt_buf_put(&tab->bytes, cells[i].p, cells[i].len);
		} else {
			tab->cells[tab->n_cells + i] = cells[i].u;
			if (type->fields[i].fmt == MMT_FMT_TIME && cells[i].u && !time)
				time = cells[i].u;
		}
	}
	if (!tab->n_cells)
		tab->first = tab->last = 0;
	tab->n_cells += n_cells;
	if (time) {
		tab->first = tab->first ? MIN_OF(tab->first, time) : time;
		tab->last = MAX_OF(tab->last, time);
	}
	t->n_cells += n_cells;
	t->n_bytes += bytes;
	return 0;
}

/* One column of numbers: the shortest of the modes. */
static void col_put(struct mmt_buf *out, struct mmt_buf *col, const uint64_t *v, size_t rows, size_t step)
{
	size_t i, plain, delta, same = 0;
	uint64_t prev = 0;

	for (i = 0; i < rows; i++)
		same += v[i * step] == v[0];
	if (same == rows) {
		mmt_buf_uv(out, v[0] ? COL_SAME : COL_ZERO);
		if (v[0])
			mmt_buf_uv(out, v[0]);
		return;
	}
	col->len = 0;
	for (i = 0; i < rows; i++)
		mmt_buf_uv(col, v[i * step]);
	plain = col->len;
	for (i = 0; i < rows; prev = v[i++ * step])
		mmt_buf_uv(col, mmt_zigzag((int64_t)(v[i * step] - prev)));
	delta = col->len - plain;
	if (col->err)
		out->err = col->err;
	mmt_buf_uv(out, delta < plain ? COL_DELTA : COL_PLAIN);
	mmt_buf_put(out, col->p + (delta < plain ? plain : 0), delta < plain ? delta : plain);
}

static void hist_put(struct mmt_tbuf *t, const uint8_t *p, size_t len)
{
	struct mmt_cur c = mmt_cur_of(p, len);

	while (c.p < c.end) {
		mmt_buf_uv(&t->sec[SEC_GAPS], mmt_cur_uv(&c));
		mmt_buf_uv(&t->sec[SEC_COUNTS], mmt_cur_uv(&c));
	}
}

/* The bytes of column f, row by row. */
static void bytes_put(struct mmt_tbuf *t, const struct mmt_type *type, struct tab *tab, unsigned int f)
{
	size_t nf = type->n_fields, rows = tab->n_cells / nf, i, r;
	const uint8_t *p = tab->bytes.p;
	bool hist = type->fields[f].fmt == MMT_FMT_HIST;

	for (r = 0; r < rows; r++) {
		for (i = 0; i < nf; i++) {
			size_t len = (size_t)tab->cells[r * nf + i];

			if (!mmt_fmt_is_bytes(type->fields[i].fmt))
				continue;
			if (i == f && hist)
				hist_put(t, p, len);
			else if (i == f)
				mmt_buf_put(&t->sec[SEC_BYTES], p, len);
			if (len)
				p += len;
		}
	}
}

/* Lengths become numbers of pairs in a copy of the column. */
static int hist_lengths(struct mmt_tbuf *t, const struct mmt_type *type, const struct tab *tab, unsigned int f)
{
	size_t nf = type->n_fields, rows = tab->n_cells / nf, i, r;
	const uint8_t *p = tab->bytes.p;
	int err = MMT_GROW(t->pairs, t->pairs_cap, rows);

	if (err)
		return err;
	for (r = 0; r < rows; r++) {
		for (i = 0; i < nf; i++) {
			size_t len = (size_t)tab->cells[r * nf + i];

			if (!mmt_fmt_is_bytes(type->fields[i].fmt))
				continue;
			if (i == f)
				t->pairs[r] = (uint64_t)hist_pairs(p, len);
			if (len)
				p += len;
		}
	}
	return 0;
}

static int tab_put(struct mmt_tbuf *t, const struct mmt_type *type, struct tab *tab)
{
	size_t nf = type->n_fields, rows = tab->n_cells / nf;
	struct mmt_buf *out = &t->sec[SEC_NUMBERS];
	unsigned int f;
	int err;

	mmt_buf_uv(out, type->id);
	mmt_buf_uv(out, rows);
	mmt_buf_uv(out, nf);
	for (f = 0; f < nf; f++) {
		if (type->fields[f].fmt == MMT_FMT_HIST) {
			err = hist_lengths(t, type, tab, f);
			if (err)
				return err;
			col_put(out, &t->col, t->pairs, rows, 1);
		} else {
			col_put(out, &t->col, tab->cells + f, rows, nf);
		}
		if (mmt_fmt_is_bytes(type->fields[f].fmt))
			bytes_put(t, type, tab, f);
	}
	return 0;
}

int mmt_tbuf_pack(struct mmt_tbuf *t, const struct mmt_codec *codec, void *ctx, struct mmt_buf *out,
		  struct mmt_head *h)
{
	static const enum mmt_hint hints[SEC_N] = {
		MMT_HINT_TEXT, MMT_HINT_TEXT, MMT_HINT_NOISE, MMT_HINT_NOISE,
	};
	const struct mmt_type *type;
	struct tab *tab;
	size_t i;
	int err = 0;

	t->col.err = t->tmp.err = 0;
	for (i = 0; i < SEC_N; i++)
		t->sec[i].len = 0, t->sec[i].err = 0;
	h->n_items = h->n_blocks = 0;
	h->first = h->last = 0;
	for (i = 0; i < t->schema->n; i++) {
		type = &t->schema->types[i];
		tab = &t->tabs[i];
		if (!tab->n_cells)
			continue;
		err = tab_put(t, type, tab);
		if (err)
			return err;
		h->n_blocks++;
		h->n_items += (uint32_t)(tab->n_cells / type->n_fields);
		if (tab->first)
			h->first = h->first ? MIN_OF(h->first, tab->first) : tab->first;
		h->last = MAX_OF(h->last, tab->last);
	}
	h->raw = 0;
	for (i = 0; i < SEC_N && !err; i++) {
		h->raw += (uint32_t)t->sec[i].len;
		err = mmt_section_put(out, codec, ctx, hints[i], &t->sec[i], &t->tmp);
	}
	return err;
}

/* ------------------------------------------------------------------ decode */

struct mmt_tdec {
	struct mmt_rows *rows;
	struct mmt_cell *cells;
	size_t rows_cap, cells_cap, hists_cap;
	uint8_t *hists; /* histograms, put together again */
	struct mmt_store store;
	/* of the chunk at hand */
	struct mmt_cur sec[SEC_N];
	uint8_t *hist_end;
};

struct mmt_tdec *mmt_tdec_new(void)
{
	return calloc(1, sizeof(struct mmt_tdec));
}

void mmt_tdec_free(struct mmt_tdec *d)
{
	if (!d)
		return;
	free(d->rows);
	free(d->cells);
	free(d->hists);
	free(d->store.p);
	free(d);
}

/* Numbers go to .u, lengths of bytes to .len. */
static void col_get(struct mmt_cur *c, struct mmt_cell *cell, size_t rows, size_t nf, bool bytes)
{
	unsigned int mode = (unsigned int)mmt_cur_max(c, COL_N_MODES - 1);
	uint64_t v = mode == COL_SAME ? mmt_cur_uv(c) : 0;
	size_t r;

	for (r = 0; r < rows && !c->err; r++, cell += nf) {
		if (mode == COL_PLAIN)
			v = mmt_cur_uv(c);
		else if (mode == COL_DELTA)
			v += (uint64_t)mmt_unzigzag(mmt_cur_uv(c));
		cell->p = NULL;
		cell->u = bytes ? 0 : v;
		cell->len = bytes ? (uint32_t)v : 0;
		if (bytes && v > MMT_MAX_RAW)
			c->err = -EBADMSG;
	}
}

/* As many bytes as gaps and counts have: there is room. */
static void hist_get(struct mmt_tdec *d, struct mmt_cell *cell)
{
	uint8_t *p = d->hist_end;
	uint32_t i, pairs = cell->len;

	cell->p = p;
	for (i = 0; i < pairs && !d->sec[SEC_GAPS].err && !d->sec[SEC_COUNTS].err; i++) {
		p = mmt_uv_put(p, mmt_cur_uv(&d->sec[SEC_GAPS]));
		p = mmt_uv_put(p, mmt_cur_uv(&d->sec[SEC_COUNTS]));
	}
	cell->len = (uint32_t)(p - d->hist_end);
	d->hist_end = p;
}

static int tab_get(struct mmt_tdec *d, const struct mmt_schema *s, struct mmt_rows *out, size_t *n_cells)
{
	struct mmt_cur *c = &d->sec[SEC_NUMBERS];
	const struct mmt_type *type = mmt_schema_find(s, (uint16_t)mmt_cur_max(c, UINT16_MAX));
	size_t rows = mmt_cur_max(c, MMT_MAX_CELLS), r;
	size_t nf = mmt_cur_max(c, MMT_MAX_FIELDS);
	struct mmt_cell *cells, *cell;
	unsigned int f;
	int err;

	if (c->err || !type || type->kind != MMT_KIND_TABLE || nf != type->n_fields || !rows || !nf ||
	    rows > (MMT_MAX_CELLS - *n_cells) / nf)
		return -EBADMSG;
	err = MMT_GROW(d->cells, d->cells_cap, *n_cells + rows * nf);
	if (err)
		return err;
	cells = d->cells + *n_cells;
	*n_cells += rows * nf;
	for (f = 0; f < nf; f++) {
		col_get(c, cells + f, rows, nf, mmt_fmt_is_bytes(type->fields[f].fmt));
		if (!mmt_fmt_is_bytes(type->fields[f].fmt))
			continue;
		for (r = 0, cell = cells + f; r < rows && !c->err; r++, cell += nf) {
			if (type->fields[f].fmt == MMT_FMT_HIST)
				hist_get(d, cell);
			else
				cell->p = mmt_cur_bytes(&d->sec[SEC_BYTES], cell->len);
		}
	}
	out->type = type;
	out->n = (uint32_t)rows;
	return c->err;
}

int mmt_tdec_unpack(struct mmt_tdec *d, const struct mmt_schema *s, const struct mmt_head *h,
		    const struct mmt_codec *codec, void *ctx, struct mmt_cur payload, struct mmt_chunk *out)
{
	size_t n_cells = 0, i;
	int err;

	if (h->n_blocks > MMT_MAX_TYPES || h->n_items > MMT_MAX_CELLS)
		return -EBADMSG;
	err = mmt_store_start(&d->store, h->raw);
	for (i = 0; i < SEC_N && !err; i++)
		err = mmt_section_get(&payload, codec, ctx, &d->store, &d->sec[i]);
	if (!err)
		err = MMT_GROW(d->rows, d->rows_cap, (size_t)h->n_blocks + 1);
	/* a varint that stays short when read may have been stored long, not the other way */
	if (!err)
		err = MMT_GROW(d->hists, d->hists_cap,
			       mmt_cur_left(&d->sec[SEC_GAPS]) + mmt_cur_left(&d->sec[SEC_COUNTS]) + 20);
	d->hist_end = d->hists;
	for (i = 0; i < h->n_blocks && !err; i++)
		err = tab_get(d, s, &d->rows[i], &n_cells);
	if (err)
		return err;
	for (i = 0; i < SEC_N; i++)
		if (d->sec[i].err || d->sec[i].p != d->sec[i].end)
			return -EBADMSG;
	/* the array has stopped moving */
	for (i = n_cells = 0; i < h->n_blocks; i++) {
		d->rows[i].cells = d->cells + n_cells;
		n_cells += (size_t)d->rows[i].n * d->rows[i].type->n_fields;
	}
	out->tables = d->rows;
	out->n_tables = h->n_blocks;
	return 0;
}
