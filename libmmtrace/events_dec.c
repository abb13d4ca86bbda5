// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Columns back to events. Nothing here believes a number of the file. */
#include <stdlib.h>

#include "events.h"

struct mmt_edec {
	struct mmt_block *blocks;
	uint64_t *keys, *time, *args, *first;
	uint8_t *key_args;
	uint32_t *sym;
	size_t blocks_cap, first_cap, keys_cap, time_cap, args_cap, key_args_cap, sym_cap;
	struct mmt_store store;
};

struct mmt_edec *mmt_edec_new(void)
{
	return calloc(1, sizeof(struct mmt_edec));
}

void mmt_edec_free(struct mmt_edec *d)
{
	if (!d)
		return;
	free(d->blocks);
	free(d->keys);
	free(d->time);
	free(d->first);
	free(d->args);
	free(d->key_args);
	free(d->sym);
	free(d->store.p);
	free(d);
}


struct ev_dir { /* what the directory says, while the columns are read */
	size_t n_keys, n_args;
};

/* The first time of each block waits in d->first until the times are read. */
static int get_dir(struct mmt_edec *d, const struct mmt_head *h, struct mmt_cur *c, struct ev_dir *dir)
{
	struct mmt_block *b;
	size_t n = 0, i;
	int err;

	dir->n_args = 0;
	dir->n_keys = mmt_cur_max(c, h->n_items);
	if (c->err || mmt_cur_left(c) / 4 < h->n_blocks)
		return -EBADMSG;
	err = MMT_GROW(d->blocks, d->blocks_cap, h->n_blocks + (size_t)1);
	if (!err)
		err = MMT_GROW(d->first, d->first_cap, h->n_blocks + (size_t)1);
	if (err)
		return err;
	for (i = 0; i < h->n_blocks; i++) {
		b = &d->blocks[i];
		memset(b, 0, sizeof(*b));
		b->stream = (uint32_t)mmt_cur_max(c, UINT32_MAX);
		b->n = (uint32_t)mmt_cur_max(c, h->n_items - n);
		d->first[i] = mmt_cur_uv(c);
		b->n_args = mmt_cur_max(c, MMT_MAX_ARGS - dir->n_args);
		n += b->n;
		dir->n_args += b->n_args;
		if (c->err || !b->n)
			return -EBADMSG;
	}
	return n == h->n_items && c->p == c->end ? 0 : -EBADMSG;
}

static int get_keys(struct mmt_edec *d, const struct mmt_schema *s, struct mmt_cur *c, size_t n)
{
	uint64_t key = 0;
	size_t i;
	int err;

	if (mmt_cur_left(c) < n)
		return -EBADMSG;
	err = MMT_GROW(d->keys, d->keys_cap, n + 1);
	if (!err)
		err = MMT_GROW(d->key_args, d->key_args_cap, n + 1);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		key += (uint64_t)mmt_unzigzag(mmt_cur_uv(c));
		d->keys[i] = key;
		d->key_args[i] = s->n_args[mmt_key_type(key)];
		if (d->key_args[i] == 255)
			return -EBADMSG;
	}
	return c->err || c->p != c->end ? -EBADMSG : 0;
}

static int get_syms(struct mmt_edec *d, struct mmt_cur *c, size_t n_keys, uint32_t n_blocks)
{
	uint32_t *sym = d->sym;
	struct mmt_block *b;
	uint64_t v, na;
	uint32_t i;

	for (b = d->blocks; b < d->blocks + n_blocks; b++) {
		b->sym = sym;
		for (i = 0, na = 0; i < b->n; i++) {
			v = mmt_cur_uv(c);
			if (v >= n_keys)
				return -EBADMSG;
			*sym++ = (uint32_t)v;
			na += d->key_args[v];
		}
		if (na != b->n_args)
			return -EBADMSG;
	}
	return c->err || c->p != c->end ? -EBADMSG : 0;
}

static int get_times(struct mmt_edec *d, struct mmt_cur *c, const struct mmt_head *h)
{
	unsigned int shift = h->time_shift;
	uint64_t *time = d->time, t, base = h->first >> shift;
	struct mmt_block *b;
	size_t k;
	uint32_t i;

	for (k = 0; k < h->n_blocks; k++) {
		b = &d->blocks[k];
		b->time = time;
		t = base + d->first[k];
		for (i = 0; i < b->n; i++) {
			t += mmt_cur_uv(c);
			*time++ = t << shift;
		}
	}
	return c->err || c->p != c->end ? -EBADMSG : 0;
}

static int get_args(struct mmt_edec *d, struct mmt_cur *c, size_t n, uint32_t n_blocks)
{
	struct mmt_block *b;
	size_t i;
	int err;

	if (mmt_cur_left(c) < n)
		return -EBADMSG;
	err = MMT_GROW(d->args, d->args_cap, n + 1);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		d->args[i] = mmt_cur_uv(c);
	for (b = d->blocks, i = 0; b < d->blocks + n_blocks; b++) {
		b->args = d->args + i;
		i += b->n_args;
	}
	return c->err || c->p != c->end ? -EBADMSG : 0;
}

int mmt_edec_unpack(struct mmt_edec *d, const struct mmt_schema *s, const struct mmt_head *h,
		    const struct mmt_codec *codec, void *ctx, struct mmt_cur payload, struct mmt_chunk *out)
{
	struct mmt_cur sec[SEC_N];
	struct ev_dir dir;
	unsigned int i;
	int err;

	if (h->n_items > MMT_MAX_EVENTS || h->n_blocks > h->n_items || h->time_shift > MMT_MAX_SHIFT)
		return -EBADMSG;
	err = mmt_store_start(&d->store, h->raw);
	for (i = 0; i < SEC_N && !err; i++)
		err = mmt_section_get(&payload, codec, ctx, &d->store, &sec[i]);
	if (!err)
		err = get_dir(d, h, &sec[SEC_DIR], &dir);
	if (!err)
		err = get_keys(d, s, &sec[SEC_KEYS], dir.n_keys);
	if (!err)
		err = MMT_GROW(d->sym, d->sym_cap, h->n_items + (size_t)1);
	if (!err)
		err = MMT_GROW(d->time, d->time_cap, h->n_items + (size_t)1);
	if (!err)
		err = get_syms(d, &sec[SEC_SYMS], dir.n_keys, h->n_blocks);
	if (!err)
		err = get_times(d, &sec[SEC_TIMES], h);
	if (!err)
		err = get_args(d, &sec[SEC_ARGS], dir.n_args, h->n_blocks);
	if (err)
		return err;
	out->blocks = d->blocks;
	out->n_blocks = h->n_blocks;
	out->keys = d->keys;
	out->key_args = d->key_args;
	out->n_keys = (uint32_t)dir.n_keys;
	return 0;
}
