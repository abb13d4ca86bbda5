// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Pending events become columns. */
#include "events.h"

/*
 * Contexts sharpen the statistics of the times, but each brings a code table of its own
 * (60 to 80 bytes): not for a handful of events.
 */
#define MODE1_AT 1500u
#define MODE2_AT 6000u
/* Below 2^4 ns all is noise: those bits of the times are not worth a token. */
#define NOISE_SHIFT 4u

struct bitw { /* bits, from the lowest upward */
	uint8_t *p;
	uint64_t acc;
	unsigned int n;
};

static inline void bit_put(struct bitw *b, uint64_t v, unsigned int bits)
{
	b->acc |= (v & ((1ull << bits) - 1)) << b->n;
	b->n += bits;
	while (b->n >= 32) {
		mmt_put32(b->p, (uint32_t)b->acc);
		b->p += 4;
		b->acc >>= 32;
		b->n -= 32;
	}
}

static void bit_end(struct bitw *b, struct mmt_buf *out)
{
	for (; b->n; b->n -= MIN_OF(b->n, 8u), b->acc >>= 8)
		*b->p++ = (uint8_t)b->acc;
	out->len = (size_t)(b->p - out->p);
}

struct packer {
	struct mmt_ebuf *e;
	const struct stream *st;
	struct bitw sbits, tbits, abits;
	uint8_t *times[16], *syms;
	unsigned int mode, low; /* contexts of times; bits below the token */
	uint32_t block, n_placed;
	size_t n_far; /* events that no guess met */
	uint64_t last_tid;
};

/* The first TID field of a key, what TID_SAME is about; 0 without one. */
uint64_t mmt_key_tid(const struct mmt_type *t, uint64_t key)
{
	unsigned int i, shift = 0;

	for (i = 0; i < t->n_fields; i++) {
		if (t->fields[i].role != MMT_ROLE_KEY)
			continue;
		if (t->fields[i].fmt == MMT_FMT_TID)
			return key >> shift & field_mask(t->fields[i].bits);
		shift += t->fields[i].bits;
	}
	return 0;
}

static void put_tid(struct packer *p, uint64_t tid, uint64_t near)
{
	struct mmt_buf *toks = &p->e->sec[SEC_TIDS];
	uint64_t d = mmt_zigzag((int64_t)(tid - p->last_tid));
	unsigned int bits, t;

	if (tid == near) {
		mmt_buf_uv(toks, TID_SAME);
		return;
	}
	p->last_tid = tid;
	if (d >= P_LIMIT) {
		t = P_ESCAPE + 1;
		mmt_buf_put(toks, &(uint8_t){ (uint8_t)t }, 1);
		mmt_buf_uv(&p->e->sec[SEC_WIDE], d);
		return;
	}
	t = 1 + p_token((uint32_t)d, &bits);
	mmt_buf_put(toks, &(uint8_t){ (uint8_t)t }, 1);
	bit_put(&p->sbits, d, bits);
}

/* A key's first appearance in the chunk: its fields, told against the event before it. */
static void put_key(struct packer *p, uint64_t key, uint32_t prev)
{
	const struct mmt_type *t = p->e->schema->event[mmt_key_type(key)];
	struct mmt_buf *out = &p->e->sec[SEC_KEYS];
	uint64_t near = 0, prev_key, v;
	unsigned int i;

	if (prev != p->e->n_keys) {
		prev_key = p->e->keys[prev];
		near = mmt_key_tid(p->e->schema->event[mmt_key_type(prev_key)], prev_key);
	}
	mmt_buf_put(out, &(uint8_t){ (uint8_t)t->id }, 1);
	for (i = 0; i < t->n_fields; i++) {
		if (t->fields[i].role != MMT_ROLE_KEY)
			continue;
		v = key & field_mask(t->fields[i].bits);
		key >>= t->fields[i].bits;
		if (t->fields[i].fmt == MMT_FMT_TID)
			put_tid(p, v, near);
		else if (t->fields[i].fmt == MMT_FMT_CPU)
			mmt_buf_uv(out, mmt_zigzag((int64_t)(v - p->st->id)));
		else
			mmt_buf_uv(out, v);
	}
}

/* Not what was expected: new, or by its place, which then gets half way to the front. */
static void put_sym_far(struct packer *p, uint32_t sym, uint32_t prev)
{
	struct sym_info *info = p->e->info;
	uint32_t *at = p->e->at, q = info[sym].pos, other;
	unsigned int bits;

	p->n_far++;
	if (q == POS_NEW) {
		*p->syms++ = SYM_NEW;
		put_key(p, p->e->keys[sym], prev);
		info[sym].pos = p->n_placed;
		at[p->n_placed++] = sym;
		return;
	}
	*p->syms++ = (uint8_t)(SYM_POS + p_token(q, &bits));
	bit_put(&p->sbits, q, bits);
	other = at[q / 2];
	at[q / 2] = sym;
	at[q] = other;
	info[other].pos = q;
	info[sym].pos = q / 2;
}

static inline void put_sym(struct packer *p, uint32_t sym, uint32_t prev)
{
	struct sym_info *i = &p->e->info[prev];

	if (unlikely(i->block != p->block)) {
		i->block = p->block;
		i->s1 = i->s2 = UINT32_MAX;
	}
	if (i->s1 == sym) {
		*p->syms++ = SYM_SAME;
		return;
	}
	if (i->s2 == sym)
		*p->syms++ = SYM_OTHER;
	else
		put_sym_far(p, sym, prev);
	i->s2 = i->s1;
	i->s1 = sym;
}

static inline void put_time(struct packer *p, uint32_t dt, unsigned int ctx, const uint64_t **wide)
{
	uint32_t v = dt >> p->low;
	unsigned int bits;

	if (unlikely(v >= T_LIMIT)) {
		*p->times[ctx]++ = T_ESCAPE;
		mmt_buf_uv(&p->e->sec[SEC_WIDE], dt == WIDE ? *(*wide)++ : dt);
		return;
	}
	*p->times[ctx]++ = (uint8_t)t_token(v, &bits);
	bit_put(&p->tbits, dt, bits + p->low);
}

static void put_block(struct packer *p, const struct stream *st)
{
	const struct sym_info *info = p->e->info;
	uint32_t prev = (uint32_t)p->e->n_keys, sym;
	const uint64_t *wide = st->wide;
	unsigned int cls = CLASS_NONE;
	size_t i;

	p->st = st;
	p->block++;
	for (i = 0; i < st->n; i++) {
		sym = st->ev[i].sym;
		put_sym(p, sym, prev);
		put_time(p, st->ev[i].dt, time_context(p->mode, cls, info[sym].cls), &wide);
		cls = info[sym].cls;
		prev = sym;
	}
}

static void put_args(struct packer *p, const struct stream *st)
{
	const struct mmt_ebuf *e = p->e;
	struct mmt_buf *toks = &p->e->sec[SEC_ARGS];
	const uint64_t *arg = st->args;
	unsigned int bits, k, n;
	uint32_t ns;
	uint64_t v;
	size_t i;

	if (!st->n_args)
		return;
	for (i = 0; i < st->n; i++) {
		n = e->key_args[st->ev[i].sym];
		if (!n)
			continue;
		ns = e->schema->ns_args[mmt_key_type(e->keys[st->ev[i].sym])];
		for (k = 0; k < n; k++) {
			v = *arg++;
			if (k < 32 && ns >> k & 1)
				v >>= e->shift;
			if (v >= T_LIMIT) {
				toks->p[toks->len++] = T_ESCAPE;
				mmt_buf_uv(&p->e->sec[SEC_WIDE], v);
				continue;
			}
			toks->p[toks->len++] = (uint8_t)t_token((uint32_t)v, &bits);
			bit_put(&p->abits, v, bits);
		}
	}
}

static void put_dir(struct packer *p, struct mmt_head *h)
{
	struct mmt_ebuf *e = p->e;
	struct mmt_buf *out = &e->sec[SEC_DIR];
	uint64_t base = UINT64_MAX, last = 0;
	const struct stream *st;
	size_t i;

	h->n_blocks = 0;
	for (st = e->streams; st < e->streams + e->n_streams; st++) {
		if (!st->n)
			continue;
		h->n_blocks++;
		base = MIN_OF(base, st->first);
		last = MAX_OF(last, st->last);
	}
	if (!h->n_blocks)
		base = 0;
	h->first = base << e->shift;
	h->last = last << e->shift;
	h->n_items = (uint32_t)e->n_events;
	mmt_buf_uv(out, p->mode);
	mmt_buf_uv(out, p->low);
	mmt_buf_uv(out, e->n_keys);
	for (i = 0; i < e->n_streams; i++) {
		st = &e->streams[i];
		if (!st->n)
			continue;
		mmt_buf_uv(out, st->id);
		mmt_buf_uv(out, st->n);
		mmt_buf_uv(out, st->first - base);
		mmt_buf_uv(out, st->n_args);
	}
}

/* Room for the worst case, so that the loops need not ask. */
static int packer_open(struct packer *p, struct mmt_ebuf *e)
{
	size_t n = e->n_events, i;
	int err = 0;

	memset(p, 0, sizeof(*p));
	p->e = e;
	p->mode = n < MODE1_AT ? 0 : n < MODE2_AT ? 1 : 2;
	p->low = e->shift < NOISE_SHIFT ? NOISE_SHIFT - e->shift : 0;
	e->tmp.err = 0;
	for (i = 0; i < SEC_MAX; i++)
		e->sec[i].len = 0, e->sec[i].err = 0;
	for (i = 0; i < 1u << 2 * p->mode && !err; i++)
		err = mmt_buf_room(&e->sec[SEC_TIMES + i], n + 1);
	/* a token leaves 24 bits to the rest at most, and NOISE_SHIFT bits below it */
	err = err ? err : mmt_buf_room(&e->sec[SEC_TBITS], 4 * n + 16);
	err = err ? err : mmt_buf_room(&e->sec[SEC_SYMS], n + 1);
	err = err ? err : mmt_buf_room(&e->sec[SEC_SBITS], 4 * n + 4 * e->n_keys * 8 + 16);
	err = err ? err : mmt_buf_room(&e->sec[SEC_ARGS], e->n_args + 1);
	err = err ? err : mmt_buf_room(&e->sec[SEC_ABITS], 4 * e->n_args + 16);
	err = err ? err : MMT_GROW(e->info, e->info_cap, e->n_keys + 1);
	err = err ? err : MMT_GROW(e->at, e->at_cap, e->n_keys + 1);
	if (err)
		return err;
	for (i = 0; i < 1u << 2 * p->mode; i++)
		p->times[i] = e->sec[SEC_TIMES + i].p;
	p->syms = e->sec[SEC_SYMS].p;
	p->sbits.p = e->sec[SEC_SBITS].p;
	p->tbits.p = e->sec[SEC_TBITS].p;
	p->abits.p = e->sec[SEC_ABITS].p;
	for (i = 0; i < e->n_keys; i++)
		e->info[i] = (struct sym_info){ .pos = POS_NEW, .cls = key_class(e->keys[i]) };
	e->info[e->n_keys] = (struct sym_info){ .pos = POS_NEW, .cls = CLASS_NONE };
	return 0;
}

static void packer_end(struct packer *p)
{
	struct mmt_ebuf *e = p->e;
	unsigned int i;

	for (i = 0; i < 1u << 2 * p->mode; i++)
		e->sec[SEC_TIMES + i].len = (size_t)(p->times[i] - e->sec[SEC_TIMES + i].p);
	e->sec[SEC_SYMS].len = (size_t)(p->syms - e->sec[SEC_SYMS].p);
	bit_end(&p->sbits, &e->sec[SEC_SBITS]);
	bit_end(&p->tbits, &e->sec[SEC_TBITS]);
	bit_end(&p->abits, &e->sec[SEC_ABITS]);
}

/* Where guesses mostly hold there are runs to be found; else looking for them only costs. */
static enum mmt_hint hint_of(const struct packer *p, unsigned int sec)
{
	switch (sec) {
	case SEC_SYMS:
		return p->n_far * 8 < p->e->n_events ? MMT_HINT_TEXT : MMT_HINT_NOISE;
	case SEC_SBITS:
	case SEC_TBITS:
	case SEC_ABITS:
		return MMT_HINT_STORE;
	case SEC_DIR:
	case SEC_KEYS:
	case SEC_WIDE:
		return MMT_HINT_TEXT;
	}
	return MMT_HINT_NOISE;
}

int mmt_ebuf_pack(struct mmt_ebuf *e, const struct mmt_codec *codec, void *ctx, struct mmt_buf *out,
		  struct mmt_head *h)
{
	const struct stream *st, *end = e->streams + e->n_streams;
	struct packer p;
	unsigned int i;
	int err;

	err = packer_open(&p, e);
	if (err)
		return err;
	put_dir(&p, h);
	for (st = e->streams; st < end; st++)
		if (st->n)
			put_block(&p, st);
	for (st = e->streams; st < end; st++)
		if (st->n)
			put_args(&p, st);
	packer_end(&p);
	h->raw = 0;
	for (i = 0; i < SEC_TIMES + (1u << 2 * p.mode) && !err; i++) {
		h->raw += (uint32_t)e->sec[i].len;
		err = mmt_section_put(out, codec, ctx, hint_of(&p, i), &e->sec[i], &e->tmp);
	}
	return err;
}
