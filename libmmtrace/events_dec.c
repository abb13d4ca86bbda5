// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Columns back to events. Nothing here believes a number of the file. */
#include <stdlib.h>

#include "events.h"

#define MAX_LOW 28u

struct dec_info { /* of a symbol */
	uint32_t block; /* s1 and s2 are of this block */
	uint32_t s1, s2;
	uint32_t cls;
	uint64_t tid;
};

struct mmt_edec {
	struct mmt_block *blocks;
	uint64_t *keys, *time, *args, *first;
	uint8_t *key_args;
	uint32_t *sym, *at; /* at: symbol by place */
	struct dec_info *info;
	size_t blocks_cap, first_cap, keys_cap, time_cap, args_cap, key_args_cap, sym_cap, at_cap, info_cap;
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
	free(d->at);
	free(d->info);
	free(d->store.p);
	free(d);
}


struct ev_dir { /* what the directory says, while the columns are read */
	size_t n_keys, n_args;
	unsigned int mode, low;
};

/* The first time of each block waits in d->first until the times are read. */
static int get_dir(struct mmt_edec *d, const struct mmt_head *h, struct mmt_cur *c, struct ev_dir *dir)
{
	struct mmt_block *b;
	size_t n = 0, i;
	int err;

	dir->n_args = 0;
	dir->mode = (unsigned int)mmt_cur_max(c, 2);
	dir->low = (unsigned int)mmt_cur_max(c, MAX_LOW);
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
	return n == h->n_items ? 0 : -EBADMSG;
}

struct bitr {
	const uint8_t *p, *end;
	uint64_t acc;
	unsigned int n;
	int err;
};

static inline uint64_t bit_get(struct bitr *b, unsigned int bits)
{
	uint64_t v;

	/* fill up to 56 bits or more, without asking how many are left: that nobody can guess */
	if (likely(b->end - b->p >= 8)) {
		b->acc |= mmt_get64(b->p) << b->n;
		b->p += (63 - b->n) >> 3;
		b->n |= 56;
	} else {
		for (; b->n <= 56 && b->p < b->end; b->n += 8)
			b->acc |= (uint64_t)*b->p++ << b->n;
		if (b->n < bits) {
			b->err = -EBADMSG;
			return 0;
		}
	}
	v = b->acc & ((1ull << bits) - 1);
	b->acc >>= bits;
	b->n -= bits;
	return v;
}

struct unpacker {
	struct mmt_edec *d;
	const struct mmt_schema *schema;
	struct mmt_cur sec[SEC_MAX];
	struct bitr sbits, tbits, abits;
	struct tok t_values[256];
	const struct mmt_block *blk;
	size_t n_keys, n_placed;
	unsigned int mode, low, shift;
	uint32_t block;
	uint64_t last_tid;
	int err;
};

/* The next token of a section; past its end an error is kept and 0 goes on. */
static inline unsigned int token(struct mmt_cur *c)
{
	if (likely(c->p < c->end))
		return *c->p++;
	c->err = -EBADMSG;
	return 0;
}

static uint64_t get_tid(struct unpacker *u, uint64_t near)
{
	unsigned int t = token(&u->sec[SEC_TIDS]);
	struct tok v;
	uint64_t d;

	if (t == TID_SAME)
		return near;
	if (t > P_ESCAPE) {
		d = mmt_cur_uv(&u->sec[SEC_WIDE]);
	} else {
		v = p_value(t - 1);
		d = v.base | bit_get(&u->sbits, v.bits);
	}
	u->last_tid += (uint64_t)mmt_unzigzag(d);
	return u->last_tid;
}

static int get_key(struct unpacker *u, uint64_t near)
{
	struct mmt_cur *c = &u->sec[SEC_KEYS];
	unsigned int id = token(c), i, shift = 0;
	const struct mmt_type *t = u->schema->event[id];
	struct mmt_edec *d = u->d;
	uint64_t key = 0, v;

	if (!t || u->n_placed == u->n_keys)
		return -EBADMSG;
	for (i = 0; i < t->n_fields; i++) {
		if (t->fields[i].role != MMT_ROLE_KEY)
			continue;
		if (t->fields[i].fmt == MMT_FMT_TID)
			v = get_tid(u, near);
		else if (t->fields[i].fmt == MMT_FMT_CPU)
			v = u->blk->stream + (uint64_t)mmt_unzigzag(mmt_cur_uv(c));
		else
			v = mmt_cur_uv(c);
		if (v > field_mask(t->fields[i].bits))
			return -EBADMSG;
		key |= v << shift;
		shift += t->fields[i].bits;
	}
	key = MMT_KEY(id, key);
	d->keys[u->n_placed] = key;
	d->key_args[u->n_placed] = u->schema->n_args[id];
	d->info[u->n_placed] = (struct dec_info){ .cls = key_class(key), .tid = mmt_key_tid(t, key) };
	d->at[u->n_placed] = (uint32_t)u->n_placed;
	return 0;
}

/* Neither of the two successors: a new key, or one by its place. */
static uint32_t get_sym_far(struct unpacker *u, unsigned int t, uint64_t near)
{
	uint32_t *at = u->d->at, sym;
	struct tok v;
	size_t q;

	if (t == SYM_NEW) {
		u->err = get_key(u, near);
		return u->err ? 0 : (uint32_t)u->n_placed++;
	}
	if (t - SYM_POS >= P_ESCAPE) {
		u->err = -EBADMSG;
		return 0;
	}
	v = p_value(t - SYM_POS);
	q = v.base | bit_get(&u->sbits, v.bits);
	if (q >= u->n_placed) {
		u->err = -EBADMSG;
		return 0;
	}
	sym = at[q];
	at[q] = at[q / 2];
	at[q / 2] = sym;
	return sym;
}

static inline uint32_t get_sym(struct unpacker *u, struct dec_info *i)
{
	unsigned int t = token(&u->sec[SEC_SYMS]);
	uint32_t sym;

	if (unlikely(i->block != u->block)) {
		i->block = u->block;
		i->s1 = i->s2 = UINT32_MAX;
	}
	if (t == SYM_SAME)
		return i->s1;
	sym = t == SYM_OTHER ? i->s2 : get_sym_far(u, t, i->tid);
	i->s2 = i->s1;
	i->s1 = sym;
	return sym;
}

static inline uint64_t get_dt(struct unpacker *u, unsigned int ctx)
{
	unsigned int t = token(&u->sec[SEC_TIMES + ctx]);

	if (unlikely(t == T_ESCAPE))
		return mmt_cur_uv(&u->sec[SEC_WIDE]);
	return (uint64_t)u->t_values[t].base << u->low | bit_get(&u->tbits, u->t_values[t].bits + u->low);
}

static int get_block(struct unpacker *u, struct mmt_block *b, uint64_t t, uint32_t *syms, uint64_t *times)
{
	struct mmt_edec *d = u->d;
	struct dec_info start = { .cls = CLASS_NONE }, *prev = &start;
	uint64_t n_args = 0, dt;
	uint32_t i, sym;
	bool wrapped = t > UINT64_MAX >> u->shift;

	u->blk = b;
	u->block++;
	for (i = 0; i < b->n; i++) {
		sym = get_sym(u, prev);
		/* also what a successor that never was leads to */
		if (unlikely(sym >= u->n_placed || u->err))
			return -EBADMSG;
		dt = get_dt(u, time_context(u->mode, prev->cls, d->info[sym].cls));
		t += dt;
		wrapped |= t < dt;
		syms[i] = sym;
		times[i] = t << u->shift;
		n_args += d->key_args[sym];
		prev = &d->info[sym];
	}
	b->sym = syms;
	b->time = times;
	return n_args == b->n_args && !wrapped && t <= UINT64_MAX >> u->shift ? 0 : -EBADMSG;
}

static int get_blocks(struct unpacker *u, uint64_t base, uint32_t n_blocks)
{
	struct mmt_edec *d = u->d;
	size_t at = 0;
	uint32_t k;
	int err;

	for (k = 0; k < n_blocks; k++) {
		if (d->first[k] > UINT64_MAX - base)
			return -EBADMSG;
		err = get_block(u, &d->blocks[k], base + d->first[k], d->sym + at, d->time + at);
		if (err)
			return err;
		at += d->blocks[k].n;
	}
	return u->n_placed == u->n_keys ? 0 : -EBADMSG;
}

static void get_args(struct unpacker *u, struct mmt_block *b, uint64_t *args)
{
	struct mmt_edec *d = u->d;
	unsigned int k, n, t;
	uint64_t v;
	uint32_t i, ns;

	b->args = args;
	if (!b->n_args)
		return;
	for (i = 0; i < b->n; i++) {
		n = d->key_args[b->sym[i]];
		if (!n)
			continue;
		ns = u->schema->ns_args[mmt_key_type(d->keys[b->sym[i]])];
		for (k = 0; k < n; k++) {
			t = token(&u->sec[SEC_ARGS]);
			if (t == T_ESCAPE)
				v = mmt_cur_uv(&u->sec[SEC_WIDE]);
			else
				v = u->t_values[t].base | bit_get(&u->abits, u->t_values[t].bits);
			*args++ = k < 32 && ns >> k & 1 ? v << u->shift : v;
		}
	}
}

static struct bitr bits_of(const struct mmt_cur *c)
{
	return (struct bitr){ .p = c->p, .end = c->end };
}

static int unpacker_open(struct unpacker *u, struct mmt_edec *d, const struct mmt_schema *s,
			 const struct mmt_head *h, const struct ev_dir *dir)
{
	size_t n = h->n_items + (size_t)1, n_keys = dir->n_keys + 1;
	unsigned int i;
	int err;

	u->d = d;
	u->schema = s;
	u->mode = dir->mode;
	u->low = dir->low;
	u->shift = h->time_shift;
	u->n_keys = dir->n_keys;
	u->sbits = bits_of(&u->sec[SEC_SBITS]);
	u->tbits = bits_of(&u->sec[SEC_TBITS]);
	u->abits = bits_of(&u->sec[SEC_ABITS]);
	for (i = 0; i < 256; i++)
		u->t_values[i] = t_value(i);
	/* what a chunk says it holds must at least be possible */
	if (mmt_cur_left(&u->sec[SEC_SYMS]) != h->n_items || mmt_cur_left(&u->sec[SEC_KEYS]) < dir->n_keys ||
	    mmt_cur_left(&u->sec[SEC_ARGS]) != dir->n_args)
		return -EBADMSG;
	err = MMT_GROW(d->keys, d->keys_cap, n_keys);
	err = err ? err : MMT_GROW(d->key_args, d->key_args_cap, n_keys);
	err = err ? err : MMT_GROW(d->info, d->info_cap, n_keys);
	err = err ? err : MMT_GROW(d->at, d->at_cap, n_keys);
	err = err ? err : MMT_GROW(d->sym, d->sym_cap, n);
	err = err ? err : MMT_GROW(d->time, d->time_cap, n);
	err = err ? err : MMT_GROW(d->args, d->args_cap, dir->n_args + 1);
	return err;
}

int mmt_edec_unpack(struct mmt_edec *d, const struct mmt_schema *s, const struct mmt_head *h,
		    const struct mmt_codec *codec, void *ctx, struct mmt_cur payload, struct mmt_chunk *out)
{
	struct unpacker u = { .err = 0 };
	struct ev_dir dir = { 0 };
	unsigned int i, n_sec = SEC_TIMES;
	size_t arg = 0;
	int err;

	if (h->n_items > MMT_MAX_EVENTS || h->n_blocks > h->n_items || h->time_shift > MMT_MAX_SHIFT)
		return -EBADMSG;
	err = mmt_store_start(&d->store, h->raw);
	for (i = 0; i < n_sec && !err; i++) {
		err = mmt_section_get(&payload, codec, ctx, &d->store, &u.sec[i]);
		if (!err && i == SEC_DIR) {
			err = get_dir(d, h, &u.sec[i], &dir);
			n_sec += 1u << 2 * dir.mode;
		}
	}
	err = err ? err : unpacker_open(&u, d, s, h, &dir);
	err = err ? err : get_blocks(&u, h->first >> h->time_shift, h->n_blocks);
	for (i = 0; i < h->n_blocks && !err; i++) {
		get_args(&u, &d->blocks[i], d->args + arg);
		arg += d->blocks[i].n_args;
	}
	err = err ? err : u.sbits.err | u.tbits.err | u.abits.err;
	for (i = 0; i < n_sec && !err; i++)
		err = u.sec[i].err;
	if (err)
		return err == -ENOMEM ? err : -EBADMSG;
	out->blocks = d->blocks;
	out->n_blocks = h->n_blocks;
	out->keys = d->keys;
	out->key_args = d->key_args;
	out->n_keys = (uint32_t)dir.n_keys;
	return 0;
}
