// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "out.h"

#define VEC_MAX 4096

/* Name number v of a comma-separated list. */
static bool enum_name(const char *names, uint64_t v, const char **s, int *len)
{
	const char *p = names;

	if (!p || !*p)
		return false;
	while (v--) {
		p = strchr(p, ',');
		if (!p)
			return false;
		p++;
	}
	*s = p;
	*len = (int)strcspn(p, ",");
	return true;
}

static void text_value(FILE *f, const struct mmt_cell *c)
{
	const unsigned char *p = c->p;
	uint32_t i;
	bool plain = c->len > 0;

	for (i = 0; i < c->len; i++)
		plain &= p[i] > ' ' && p[i] != '"' && p[i] != 0x7f && p[i] != '\\';
	if (plain) {
		fwrite(p, 1, c->len, f);
		return;
	}
	fputc('"', f);
	for (i = 0; i < c->len; i++) {
		if (p[i] < ' ' || p[i] == 0x7f)
			fprintf(f, "\\x%02x", p[i]);
		else if (p[i] == '"' || p[i] == '\\')
			fprintf(f, "\\%c", p[i]);
		else
			fputc(p[i], f);
	}
	fputc('"', f);
}

static void vec_value(FILE *f, const struct mmt_cell *c)
{
	uint64_t v[VEC_MAX];
	int i, n = mmt_vec_unpack(c->p, c->len, v, VEC_MAX);

	for (i = 0; i < n && i < VEC_MAX; i++)
		fprintf(f, "%s%" PRIu64, i ? ";" : "", v[i]);
	if (n < 0)
		fputc('?', f);
}

static void hist_value(FILE *f, const struct mmt_cell *c)
{
	struct mmt_hist *h = calloc(1, sizeof(*h));
	uint64_t lo, hi;
	unsigned int i;
	bool some = false;

	if (!h || mmt_hist_unpack(c->p, c->len, h)) {
		fputc('?', f);
		free(h);
		return;
	}
	for (i = 0; i < MMT_HIST_BUCKETS; i++) {
		if (!h->count[i])
			continue;
		mmt_hist_range(i, &lo, &hi);
		fprintf(f, "%s%" PRIu64 ":%" PRIu64, some ? ";" : "", lo, h->count[i]);
		some = true;
	}
	free(h);
}

void dump_value(FILE *f, const struct mmt_field *field, const struct mmt_cell *c)
{
	const char *s;
	uint32_t i;
	int len;

	switch (field->fmt) {
	case MMT_FMT_S64:
		fprintf(f, "%" PRId64, (int64_t)c->u);
		break;
	case MMT_FMT_HEX:
		fprintf(f, "0x%" PRIx64, c->u);
		break;
	case MMT_FMT_ENUM:
		if (enum_name(field->unit, c->u, &s, &len))
			fprintf(f, "%.*s", len, s);
		else
			fprintf(f, "%" PRIu64, c->u);
		break;
	case MMT_FMT_STR:
		text_value(f, c);
		break;
	case MMT_FMT_HIST:
		hist_value(f, c);
		break;
	case MMT_FMT_VEC:
		vec_value(f, c);
		break;
	case MMT_FMT_BYTES:
		for (i = 0; i < c->len; i++)
			fprintf(f, "%02x", ((const unsigned char *)c->p)[i]);
		break;
	default:
		if (c->p) /* a format of a later minor that is kept as bytes */
			text_value(f, c);
		else
			fprintf(f, "%" PRIu64, c->u);
	}
}

static void vec_json(struct json *j, const char *key, const struct mmt_cell *c)
{
	uint64_t v[VEC_MAX];
	int i, n = mmt_vec_unpack(c->p, c->len, v, VEC_MAX);

	if (n < 0) {
		json_nil(j, key);
		return;
	}
	json_arr(j, key);
	for (i = 0; i < n && i < VEC_MAX; i++)
		json_u64(j, NULL, v[i]);
	json_end(j);
}

static void hist_json(struct json *j, const char *key, const struct mmt_cell *c)
{
	struct mmt_hist *h = calloc(1, sizeof(*h));
	uint64_t lo, hi;
	unsigned int i;

	if (!h || mmt_hist_unpack(c->p, c->len, h)) {
		json_nil(j, key);
		free(h);
		return;
	}
	json_arr(j, key); /* [from, to, count] */
	for (i = 0; i < MMT_HIST_BUCKETS; i++) {
		if (!h->count[i])
			continue;
		mmt_hist_range(i, &lo, &hi);
		json_arr(j, NULL);
		json_u64(j, NULL, lo);
		json_u64(j, NULL, hi);
		json_u64(j, NULL, h->count[i]);
		json_end(j);
	}
	json_end(j);
	free(h);
}

void dump_value_json(struct json *j, const struct mmt_field *field, const struct mmt_cell *c)
{
	const char *s;
	int len;

	switch (field->fmt) {
	case MMT_FMT_S64:
		json_s64(j, field->name, (int64_t)c->u);
		break;
	case MMT_FMT_ENUM:
		if (enum_name(field->unit, c->u, &s, &len))
			json_strn(j, field->name, s, (size_t)len);
		else
			json_u64(j, field->name, c->u);
		break;
	case MMT_FMT_STR:
		json_strn(j, field->name, c->p ? c->p : "", c->p ? c->len : 0);
		break;
	case MMT_FMT_HIST:
		hist_json(j, field->name, c);
		break;
	case MMT_FMT_VEC:
		vec_json(j, field->name, c);
		break;
	default:
		if (c->p)
			json_strn(j, field->name, c->p, c->len);
		else
			json_u64(j, field->name, c->u);
	}
}

void dump_value_csv(FILE *f, const struct mmt_field *field, const struct mmt_cell *c, const char *sep)
{
	const char *s = c->p;
	uint32_t i;
	bool quote = false;

	if (field->fmt != MMT_FMT_STR || !s) {
		if (field->fmt != MMT_FMT_STR)
			dump_value(f, field, c);
		return;
	}
	for (i = 0; i < c->len; i++)
		quote |= s[i] == '"' || s[i] == '\n' || s[i] == '\r' || s[i] == *sep;
	if (quote)
		fputc('"', f);
	for (i = 0; i < c->len; i++) {
		if (s[i] == '"')
			fputc('"', f);
		fputc(s[i], f);
	}
	if (quote)
		fputc('"', f);
}

/* -------------------------------------------------------------------- raw */

static void raw_rows(const struct mmt_rows *r, FILE *f)
{
	const struct mmt_cell *c = r->cells;
	uint32_t i;
	uint16_t k;

	for (i = 0; i < r->n; i++) {
		fputs(r->type->name, f);
		for (k = 0; k < r->type->n_fields; k++, c++) {
			fprintf(f, " %s=", r->type->fields[k].name);
			dump_value(f, &r->type->fields[k], c);
		}
		fputc('\n', f);
	}
}

static void raw_event(FILE *f, const struct mmt_type *t, uint64_t key, const uint64_t *args, unsigned int n_args)
{
	unsigned int k, a = 0;

	for (k = 0; t && k < t->n_fields; k++) {
		struct mmt_cell c = { 0 };

		if (t->fields[k].role == MMT_ROLE_KEY)
			c.u = mmt_key_field(t, k, key);
		else if (a < n_args)
			c.u = args[a++];
		fprintf(f, " %s=", t->fields[k].name);
		dump_value(f, &t->fields[k], &c);
	}
	for (; a < n_args; a++)
		fprintf(f, " arg%u=%" PRIu64, a, args[a]);
	fputc('\n', f);
}

static void raw_block(struct mmt_reader *r, const struct mmt_chunk *c, const struct mmt_block *b, const char *type, FILE *f)
{
	const uint64_t *arg = b->args;
	uint32_t i;

	for (i = 0; i < b->n; i++) {
		uint64_t key = c->keys[b->sym[i]];
		unsigned int n_args = c->key_args[b->sym[i]];
		const struct mmt_type *t = mmt_reader__type(r, (uint16_t)mmt_key_type(key));

		if (!type || (t && !strcmp(t->name, type))) {
			if (t)
				fprintf(f, "%s time=%" PRIu64 " stream=%u", t->name, b->time[i], b->stream);
			else
				fprintf(f, "type%u time=%" PRIu64 " stream=%u key=0x%" PRIx64, mmt_key_type(key), b->time[i], b->stream,
					key);
			raw_event(f, t, key, arg, n_args);
		}
		arg += n_args;
	}
}

static const struct mmt_type *type_named(const struct mmt_reader *r, const char *name)
{
	const struct mmt_type *t;
	size_t i, n;

	t = mmt_reader__types(r, &n);
	for (i = 0; i < n; i++)
		if (!strcmp(t[i].name, name))
			return &t[i];
	return NULL;
}

/* The one line about a damaged or unfinished trace. */
static void say_status(const char *path, struct mmt_reader *r)
{
	struct mmt_status st = { .sz = sizeof(st) };

	if (!mmt_reader__status(r, &st) && st.line[0])
		out_warn("%s: %s", path, st.line);
}

int dump_raw(const char *path, const char *type, FILE *f)
{
	struct mmt_reader_opts ro = { .sz = sizeof(ro) };
	const struct mmt_type *only = NULL;
	struct mmt_reader *r;
	struct mmt_chunk c;
	uint32_t i;
	int err;

	err = mmt_reader__open(path, &ro, &r);
	if (err)
		return err;
	while ((err = mmt_reader__next(r, &c)) > 0 && !ferror(f)) {
		if (type && !only)
			only = type_named(r, type);
		for (i = 0; i < c.n_tables; i++)
			if (!type || !strcmp(c.tables[i].type->name, type))
				raw_rows(&c.tables[i], f);
		for (i = 0; i < c.n_blocks; i++)
			raw_block(r, &c, &c.blocks[i], type, f);
	}
	if (err > 0)
		err = 0;
	if (!err && type && !only)
		err = -ESRCH;
	say_status(path, r);
	mmt_reader__close(r);
	return err;
}

/* ------------------------------------------------------------------ tables */

struct table_writer {
	const struct table_out *o;
	FILE *f;
	struct json j;
	uint64_t rows;
};

static void csv_head(const struct mmt_type *t, const struct table_writer *w, const char *sep)
{
	uint16_t k;

	for (k = 0; k < t->n_fields; k++)
		fprintf(w->f, "%s%s", k ? sep : "", t->fields[k].name);
	fputc('\n', w->f);
}

static void write_rows(struct table_writer *w, const struct mmt_rows *r)
{
	const char *sep = w->o->sep ? w->o->sep : ",";
	const struct mmt_cell *c = r->cells;
	uint32_t i;
	uint16_t k;

	for (i = 0; i < r->n; i++, w->rows++) {
		if (w->o->fmt == TABLE_CSV) {
			if (!w->rows)
				csv_head(r->type, w, sep);
			for (k = 0; k < r->type->n_fields; k++, c++) {
				if (k)
					fputs(sep, w->f);
				dump_value_csv(w->f, &r->type->fields[k], c, sep);
			}
			fputc('\n', w->f);
			continue;
		}
		if (w->o->fmt == TABLE_NDJSON)
			json_init(&w->j, w->f, false);
		json_obj(&w->j, NULL);
		for (k = 0; k < r->type->n_fields; k++, c++)
			dump_value_json(&w->j, &r->type->fields[k], c);
		json_end(&w->j);
	}
}

int dump_table(const char *path, const char *table, const struct table_out *o, FILE *f)
{
	struct mmt_reader_opts ro = { .sz = sizeof(ro), .no_events = true };
	struct table_writer w = { .o = o, .f = f };
	const struct mmt_type *type = NULL;
	struct mmt_reader *r;
	struct mmt_chunk c;
	uint32_t i;
	int err;

	err = mmt_reader__open(path, &ro, &r);
	if (err)
		return err;
	json_init(&w.j, f, true);
	if (o->fmt == TABLE_JSON)
		json_arr(&w.j, NULL);
	while ((err = mmt_reader__next(r, &c)) > 0 && !ferror(f)) {
		if (!type)
			type = type_named(r, table);
		for (i = 0; i < c.n_tables; i++)
			if (!strcmp(c.tables[i].type->name, table))
				write_rows(&w, &c.tables[i]);
	}
	if (err > 0)
		err = 0;
	if (o->fmt == TABLE_JSON)
		json_end(&w.j);
	if (!err && (!type || type->kind != MMT_KIND_TABLE))
		err = -ESRCH;
	if (!err && !w.rows && o->fmt == TABLE_CSV)
		csv_head(type, &w, o->sep ? o->sep : ",");
	say_status(path, r);
	mmt_reader__close(r);
	return err;
}
