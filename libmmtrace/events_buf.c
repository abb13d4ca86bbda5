// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Events that wait to be sealed: keys interned, times quantised. */
#include <stdlib.h>

#include "events.h"

struct mmt_ebuf *mmt_ebuf_new(const struct mmt_schema *s, unsigned int time_shift)
{
	struct mmt_ebuf *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->schema = s;
	e->shift = time_shift;
	e->gen = 1;
	e->slot_bits = 10;
	e->slots = calloc((size_t)1 << e->slot_bits, sizeof(*e->slots));
	if (!e->slots) {
		free(e);
		return NULL;
	}
	return e;
}

void mmt_ebuf_free(struct mmt_ebuf *e)
{
	size_t i;

	if (!e)
		return;
	for (i = 0; i < e->n_streams; i++) {
		free(e->streams[i].ev);
		free(e->streams[i].args);
		free(e->streams[i].wide);
	}
	free(e->streams);
	free(e->slots);
	free(e->keys);
	free(e->key_args);
	for (i = 0; i < SEC_MAX; i++)
		mmt_buf_free(&e->sec[i]);
	mmt_buf_free(&e->tmp);
	free(e->info);
	free(e->at);
	free(e);
}

size_t mmt_ebuf_count(const struct mmt_ebuf *e)
{
	return e->n_events;
}

size_t mmt_ebuf_bytes(const struct mmt_ebuf *e)
{
	return e->n_events * sizeof(struct pend) + e->n_args * sizeof(uint64_t);
}

void mmt_ebuf_reset(struct mmt_ebuf *e)
{
	size_t i;

	for (i = 0; i < e->n_streams; i++)
		e->streams[i].n = e->streams[i].n_args = e->streams[i].n_wide = 0;
	e->n_events = e->n_args = e->n_keys = 0;
	/* a new generation empties the table; once in 2^32 chunks it must be done by hand */
	if (!++e->gen) {
		memset(e->slots, 0, sizeof(*e->slots) << e->slot_bits);
		e->gen = 1;
	}
}

void mmt_ebuf_classes(const struct mmt_ebuf *e, uint64_t lost[MMT_N_CLASSES])
{
	size_t i, k;

	for (i = 0; i < e->n_streams; i++) {
		for (k = 0; k < e->streams[i].n; k++) {
			switch (mmt_key_type(e->keys[e->streams[i].ev[k].sym])) {
			case MMT_EV_SWITCH:
			case MMT_EV_SWITCHX:
				lost[MMT_CLASS_SWITCH]++;
				break;
			case MMT_EV_WAKEUP:
			case MMT_EV_WAKEUPR:
			case MMT_EV_WAKING:
				lost[MMT_CLASS_WAKEUP]++;
				break;
			case MMT_EV_MIGRATE:
				lost[MMT_CLASS_MIGRATE]++;
				break;
			default:
				lost[MMT_CLASS_TASK]++;
			}
		}
	}
}

static struct stream *stream_of(struct mmt_ebuf *e, uint32_t id)
{
	size_t lo = 0, hi = e->n_streams, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (e->streams[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < e->n_streams && e->streams[lo].id == id)
		return &e->streams[lo];
	if (MMT_GROW(e->streams, e->streams_cap, e->n_streams + 1))
		return NULL;
	memmove(&e->streams[lo + 1], &e->streams[lo], (e->n_streams - lo) * sizeof(*e->streams));
	memset(&e->streams[lo], 0, sizeof(*e->streams));
	e->streams[lo].id = id;
	e->n_streams++;
	return &e->streams[lo];
}

static inline size_t key_hash(uint64_t key, unsigned int bits)
{
	return (size_t)(key * 0x9e3779b97f4a7c15ull >> (64 - bits));
}

static int slots_grow(struct mmt_ebuf *e)
{
	unsigned int bits = e->slot_bits + 1;
	struct slot *slots = calloc((size_t)1 << bits, sizeof(*slots));
	size_t mask = ((size_t)1 << bits) - 1, i, h;

	if (!slots)
		return -ENOMEM;
	for (i = 0; i < e->n_keys; i++) {
		for (h = key_hash(e->keys[i], bits); slots[h].gen; h = (h + 1) & mask)
			;
		slots[h] = (struct slot){ e->keys[i], 1, (uint32_t)i };
	}
	free(e->slots);
	e->slots = slots;
	e->slot_bits = bits;
	e->gen = 1;
	return 0;
}

/* The symbol of a key not found at its first slot: further on, or new. */
static __attribute__((noinline)) int64_t intern_slow(struct mmt_ebuf *e, uint64_t key)
{
	uint8_t n_args = e->schema->n_args[mmt_key_type(key)];
	size_t mask, h;
	int err;

	if (!e->schema->event[mmt_key_type(key)] ||
	    (key & field_mask(MMT_KEY_TYPE_SHIFT)) >> e->schema->key_bits[mmt_key_type(key)])
		return -EINVAL;
	if (e->n_keys * 2 >= (size_t)1 << e->slot_bits) {
		err = slots_grow(e);
		if (err)
			return err;
	}
	mask = ((size_t)1 << e->slot_bits) - 1;
	for (h = key_hash(key, e->slot_bits); e->slots[h].gen == e->gen; h = (h + 1) & mask)
		if (e->slots[h].key == key)
			return e->slots[h].sym;
	err = MMT_GROW(e->keys, e->keys_cap, e->n_keys + 1);
	if (!err)
		err = MMT_GROW(e->key_args, e->key_args_cap, e->n_keys + 1);
	if (err)
		return err;
	e->keys[e->n_keys] = key;
	e->key_args[e->n_keys] = n_args;
	e->slots[h] = (struct slot){ key, e->gen, (uint32_t)e->n_keys };
	return (int64_t)e->n_keys++;
}

static int wide_add(struct stream *st, uint64_t dt)
{
	int err = MMT_GROW(st->wide, st->wide_cap, st->n_wide + 1);

	if (!err)
		st->wide[st->n_wide++] = dt;
	return err;
}

/*
 * Takes at most what one chunk may hold; *used and *args_used say how much it was,
 * also when an event is refused.
 */
int mmt_ebuf_add(struct mmt_ebuf *e, uint32_t stream, const struct mmt_event *ev, size_t n,
		 const uint64_t *args, size_t n_args, size_t *used, size_t *args_used)
{
	struct stream *st = stream_of(e, stream);
	size_t i, na = 0;
	unsigned int shift = e->shift;
	const struct slot *slot;
	uint64_t last, t, dt;
	struct pend *out;
	int64_t sym;
	int err = 0;

	*used = *args_used = 0;
	if (!st)
		return -ENOMEM;
	n = MIN_OF(n, MMT_MAX_EVENTS - e->n_events);
	err = MMT_GROW(st->ev, st->cap, st->n + n);
	if (err || !n)
		return err;
	if (!st->n)
		st->first = st->last = ev[0].time >> shift;
	last = st->last;
	out = st->ev + st->n;
	for (i = 0; i < n; i++) {
		slot = &e->slots[key_hash(ev[i].key, e->slot_bits)];
		if (likely(slot->key == ev[i].key && slot->gen == e->gen)) {
			sym = slot->sym;
		} else {
			sym = e->n_keys < MMT_MAX_KEYS ? intern_slow(e, ev[i].key) : -ENOSPC;
			if (sym < 0) {
				err = sym == -ENOSPC ? 0 : (int)sym;
				break;
			}
		}
		na += e->key_args[sym];
		if (unlikely(na > n_args || e->n_args + na > MMT_MAX_ARGS)) {
			na -= e->key_args[sym];
			err = e->n_args + na + 255 > MMT_MAX_ARGS ? 0 : -EINVAL;
			break;
		}
		t = ev[i].time >> shift;
		/* two clocks of one CPU may disagree by a hair: a stream never goes back */
		dt = t > last ? t - last : 0;
		last += dt;
		if (unlikely(dt >= WIDE)) {
			err = wide_add(st, dt);
			if (err)
				break;
			dt = WIDE;
		}
		out[i] = (struct pend){ (uint32_t)sym, (uint32_t)dt };
	}
	if (na) {
		if (MMT_GROW(st->args, st->args_cap, st->n_args + na))
			return -ENOMEM;
		memcpy(st->args + st->n_args, args, na * sizeof(*args));
		st->n_args += na;
		e->n_args += na;
	}
	st->last = last;
	st->n += i;
	e->n_events += i;
	*used = i;
	*args_used = na;
	return err;
}

