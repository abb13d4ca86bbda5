// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The schema as a reader finds it in the file, and as a writer puts it there. */
#include <stdlib.h>

#include "internal.h"

int mmt_schema_check(const struct mmt_type *t)
{
	unsigned int i, bits = 0, tids = 0;
	const struct mmt_field *f;

	if (!t->id || !t->name || !*t->name || (t->n_fields && !t->fields) || t->n_fields > MMT_MAX_FIELDS)
		return -EINVAL;
	if (t->kind == MMT_KIND_EVENT ? t->id > 255 : t->kind != MMT_KIND_TABLE || t->id < 256)
		return -EINVAL;
	if (t->kind == MMT_KIND_EVENT && t->n_fields > 128)
		return -EINVAL;
	for (i = 0; i < t->n_fields; i++) {
		f = &t->fields[i];
		if (!f->name || !*f->name || !f->fmt)
			return -EINVAL;
		if (t->kind == MMT_KIND_TABLE) {
			if (f->role != MMT_ROLE_COL)
				return -EINVAL;
			continue;
		}
		if (f->role == MMT_ROLE_KEY)
			bits += f->bits, tids += f->fmt == MMT_FMT_TID;
		else if (f->role != MMT_ROLE_ARG)
			return -EINVAL;
		if (mmt_fmt_is_bytes(f->fmt) || (f->role == MMT_ROLE_KEY && !f->bits))
			return -EINVAL;
	}
	/* the encoder has room for so many task ids a key */
	return bits <= MMT_KEY_TYPE_SHIFT && tids <= 8 ? 0 : -EINVAL;
}

/* What the event columns ask of a type, by its number. */
static void schema_learn(struct mmt_schema *s)
{
	const struct mmt_field *f;
	const struct mmt_type *t;
	unsigned int i, n, bits;
	uint32_t ns;
	size_t k;

	for (k = 0; k < s->n; k++) {
		t = &s->types[k];
		if (t->kind != MMT_KIND_EVENT)
			continue;
		for (i = n = bits = 0, ns = 0; i < t->n_fields; i++) {
			f = &t->fields[i];
			if (f->role == MMT_ROLE_KEY) {
				bits += f->bits;
				continue;
			}
			if (f->fmt == MMT_FMT_NS && n < 32)
				ns |= 1u << n;
			n++;
		}
		s->event[t->id] = t;
		s->n_args[t->id] = (uint8_t)n;
		s->key_bits[t->id] = (uint8_t)bits;
		s->ns_args[t->id] = ns;
	}
}

int mmt_schema_build(struct mmt_schema *s, const struct mmt_type *extra, size_t n_extra)
{
	const struct mmt_type *std;
	size_t n_std, i;

	memset(s, 0, sizeof(*s));
	std = mmt_std_types(&n_std);
	if (n_extra > MMT_MAX_TYPES - n_std)
		return -EINVAL;
	s->types = calloc(n_std + n_extra, sizeof(*s->types));
	if (!s->types)
		return -ENOMEM;
	memcpy(s->types, std, n_std * sizeof(*std));
	s->n = n_std;
	for (i = 0; i < n_extra; i++) {
		if (mmt_schema_check(&extra[i]) || mmt_schema_find(s, extra[i].id)) {
			mmt_schema_free(s);
			return -EINVAL;
		}
		s->types[s->n++] = extra[i];
	}
	schema_learn(s);
	return 0;
}

void mmt_schema_free(struct mmt_schema *s)
{
	free(s->types);
	free(s->mem);
	memset(s, 0, sizeof(*s));
}

void mmt_schema_put(const struct mmt_schema *s, struct mmt_buf *b)
{
	const struct mmt_field *f;
	const struct mmt_type *t;
	unsigned int i;
	size_t k;

	mmt_buf_uv(b, s->n);
	for (k = 0; k < s->n; k++) {
		t = &s->types[k];
		mmt_buf_uv(b, t->id);
		mmt_buf_uv(b, t->kind);
		mmt_buf_str(b, t->name);
		mmt_buf_str(b, t->desc);
		mmt_buf_uv(b, t->n_fields);
		for (i = 0; i < t->n_fields; i++) {
			f = &t->fields[i];
			mmt_buf_uv(b, f->fmt);
			mmt_buf_uv(b, f->role);
			mmt_buf_uv(b, f->bits);
			mmt_buf_str(b, f->name);
			mmt_buf_str(b, f->unit);
			mmt_buf_str(b, f->desc);
		}
	}
}

/* Strings of the file are copied with their end mark into one pool. */
static const char *schema_str(struct mmt_cur *c, char **pool)
{
	size_t len = mmt_cur_max(c, mmt_cur_left(c));
	const uint8_t *p = mmt_cur_bytes(c, len);
	char *s = *pool;

	if (!p || memchr(p, 0, len)) {
		c->err = -EBADMSG;
		return "";
	}
	memcpy(s, p, len);
	s[len] = 0;
	*pool += len + 1;
	return s;
}

static void schema_type(struct mmt_cur *c, struct mmt_type *t, struct mmt_field **fields,
			const struct mmt_field *fields_end, char **pool)
{
	struct mmt_field *f = *fields;
	unsigned int i;

	t->id = (uint16_t)mmt_cur_max(c, UINT16_MAX);
	t->kind = (uint8_t)mmt_cur_max(c, UINT8_MAX);
	t->name = schema_str(c, pool);
	t->desc = schema_str(c, pool);
	t->n_fields = (uint16_t)mmt_cur_max(c, MMT_MAX_FIELDS);
	t->fields = f;
	if (t->n_fields > fields_end - f)
		c->err = -EBADMSG;
	for (i = 0; i < t->n_fields && !c->err; i++, f++) {
		f->fmt = (uint8_t)mmt_cur_max(c, UINT8_MAX);
		f->role = (uint8_t)mmt_cur_max(c, UINT8_MAX);
		f->bits = (uint8_t)mmt_cur_max(c, UINT8_MAX);
		f->name = schema_str(c, pool);
		f->unit = schema_str(c, pool);
		f->desc = schema_str(c, pool);
	}
	*fields = f;
}

int mmt_schema_get(struct mmt_schema *s, struct mmt_cur *c)
{
	struct mmt_field *fields, *fields_end;
	size_t left = mmt_cur_left(c), i;
	char *pool;

	memset(s, 0, sizeof(*s));
	s->n = mmt_cur_max(c, MMT_MAX_TYPES);
	if (c->err)
		return c->err;
	/*
	 * A field takes 6 bytes at least, and a string one more byte in memory than its
	 * length prefix and bytes take here: all fits in a multiple of the section.
	 */
	s->types = calloc(s->n + 1, sizeof(*s->types));
	s->mem = calloc(1, (left / 6 + 1) * sizeof(*fields) + left + 1);
	if (!s->types || !s->mem) {
		mmt_schema_free(s);
		return -ENOMEM;
	}
	fields = s->mem;
	fields_end = fields + left / 6 + 1;
	pool = (char *)fields_end;
	for (i = 0; i < s->n && !c->err; i++) {
		schema_type(c, &s->types[i], &fields, fields_end, &pool);
		if (!c->err && (mmt_schema_check(&s->types[i]) ||
		    mmt_schema_find(s, s->types[i].id) != &s->types[i]))
			c->err = -EBADMSG;
	}
	if (c->err) {
		mmt_schema_free(s);
		return c->err;
	}
	schema_learn(s);
	return 0;
}

const struct mmt_type *mmt_schema_find(const struct mmt_schema *s, uint16_t id)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->types[i].id == id)
			return &s->types[i];
	return NULL;
}

uint64_t mmt_key_field(const struct mmt_type *t, unsigned int field, uint64_t key)
{
	unsigned int i, shift = 0;

	if (field >= t->n_fields || t->fields[field].role != MMT_ROLE_KEY)
		return 0;
	for (i = 0; i < field; i++)
		if (t->fields[i].role == MMT_ROLE_KEY)
			shift += t->fields[i].bits;
	return key >> shift & ((1ull << t->fields[field].bits) - 1); /* <= 56 bits: mmt_schema_check() */
}
