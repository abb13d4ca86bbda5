/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Private: what encoder and decoder of event chunks agree on; mmtrace-format(5) explains it. */
#ifndef MMTRACE_EVENTS_H
#define MMTRACE_EVENTS_H

#include "internal.h"

/* Sections of an event chunk, in this order; the times' tokens come by context. */
enum {
	SEC_DIR,   /* blocks and how the rest is packed */
	SEC_SYMS,  /* one token an event */
	SEC_KEYS,  /* new keys: type and small fields */
	SEC_TIDS,  /* new keys: task ids, tokens */
	SEC_SBITS, /* low bits of the symbols' and task ids' tokens */
	SEC_TBITS, /* low bits of the times */
	SEC_WIDE,  /* numbers too great for a token */
	SEC_ARGS,  /* arguments, tokens */
	SEC_ABITS, /* their low bits */
	SEC_TIMES, /* 1, 4 or 16 of them */
	SEC_MAX = SEC_TIMES + 16,
};

/* Tokens of SEC_SYMS. */
enum {
	SYM_SAME = 0,  /* what came last after this event's predecessor, in this stream */
	SYM_OTHER = 1, /* what came after it before that */
	SYM_NEW = 2,   /* a key not seen in this chunk */
	SYM_POS = 3,   /* from here on: its place in the list of keys, as a P token */
};
#define TID_SAME 0 /* the predecessor's task; from 1 on: P token of the difference to the last new one */

/*
 * Numbers are cut into a token of one byte, to be entropy coded, and low bits, which are
 * noise, as they are. P (places, differences): exact below 32, then 16 steps an octave to
 * 2^10, then 8. T (times, arguments): exact below 32, 16 steps to 2^6, 32 to 2^10, 8 to
 * 2^14, then 4: where the common short times lie shows the pattern of a workload; of long
 * ones the magnitude is all there is to learn.
 */
#define P_ESCAPE 232u
#define P_LIMIT (1u << 25)
#define T_ESCAPE 255u
#define T_LIMIT (7u << 23)

static inline unsigned int msb32(uint32_t v)
{
	return 31u - (unsigned int)__builtin_clz(v);
}

/* By octave: bits below the token, and what makes tokens of neighbouring octaves meet. */
struct octave {
	uint8_t bits;
	int16_t add;
};

static inline unsigned int octave_token(const struct octave *o, uint32_t v, unsigned int *bits)
{
	const struct octave *at = &o[msb32(v | 1)];

	*bits = at->bits;
	return (unsigned int)((int)(v >> at->bits) + at->add);
}

static inline unsigned int p_token(uint32_t v, unsigned int *bits)
{
	static const struct octave o[25] = {
		{ 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 },
		{ 1, 16 }, { 2, 32 }, { 3, 48 }, { 4, 64 }, { 5, 80 },
		{ 7, 104 }, { 8, 112 }, { 9, 120 }, { 10, 128 }, { 11, 136 }, { 12, 144 }, { 13, 152 },
		{ 14, 160 }, { 15, 168 }, { 16, 176 }, { 17, 184 }, { 18, 192 }, { 19, 200 }, { 20, 208 }, { 21, 216 },
	};

	return octave_token(o, v, bits);
}

static inline unsigned int t_token(uint32_t v, unsigned int *bits)
{
	static const struct octave o[26] = {
		{ 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 },
		{ 1, 16 },
		{ 1, 16 }, { 2, 48 }, { 3, 80 }, { 4, 112 },
		{ 7, 168 }, { 8, 176 }, { 9, 184 }, { 10, 192 },
		{ 12, 204 }, { 13, 208 }, { 14, 212 }, { 15, 216 }, { 16, 220 }, { 17, 224 }, { 18, 228 }, { 19, 232 },
		{ 20, 236 }, { 21, 240 }, { 22, 244 }, { 23, 248 },
	};

	return octave_token(o, v, bits);
}

struct tok { /* the other way */
	uint32_t base;
	uint32_t bits;
};

static inline struct tok p_value(unsigned int t)
{
	if (t < 32)
		return (struct tok){ t, 0 };
	if (t < 112)
		return (struct tok){ (16 | (t & 15)) << ((t - 32) / 16 + 1), (t - 32) / 16 + 1 };
	return (struct tok){ (8 | (t & 7)) << ((t - 112) / 8 + 7), (t - 112) / 8 + 7 };
}

static inline struct tok t_value(unsigned int t)
{
	if (t < 32)
		return (struct tok){ t, 0 };
	if (t < 48)
		return (struct tok){ t * 2 - 32, 1 };
	if (t < 176)
		return (struct tok){ (32 | ((t - 48) & 31)) << ((t - 48) / 32 + 1), (t - 48) / 32 + 1 };
	if (t < 208)
		return (struct tok){ (8 | (t & 7)) << ((t - 176) / 8 + 7), (t - 176) / 8 + 7 };
	return (struct tok){ (4 | (t & 3)) << ((t - 208) / 4 + 12), (t - 208) / 4 + 12 };
}

/*
 * The class of an event: how long it takes from one to the next depends on what they are.
 * 0 switch to idle, 1 to a task, 2 wakeup, 3 all else.
 */
static inline unsigned int key_class(uint64_t key)
{
	switch (mmt_key_type(key)) {
	case MMT_EV_SWITCH:
	case MMT_EV_SWITCHX:
		return (key >> 4 & 0xffffff) != 0;
	case MMT_EV_WAKEUP:
	case MMT_EV_WAKEUPR:
		return 2;
	}
	return 3;
}
#define CLASS_NONE 3 /* before the first event of a block */

/* Contexts of the times: none, class of the predecessor, classes of predecessor and event. */
static inline unsigned int time_context(unsigned int mode, unsigned int prev, unsigned int cur)
{
	return (prev << 2 | cur) >> (4 - 2 * mode);
}

/* The first TID field of a key, what TID_SAME is about; 0 without one. */
uint64_t mmt_key_tid(const struct mmt_type *t, uint64_t key);

static inline uint64_t field_mask(unsigned int bits)
{
	return (1ull << bits) - 1; /* a field of a key has at most 56 bits */
}

/* ---- events that wait to be sealed ---- */

/* Symbol and quantised delta; longer deltas wait in a list of their own. */
#define WIDE UINT32_MAX
struct pend {
	uint32_t sym, dt;
};

struct stream {
	uint32_t id;
	size_t n, cap, n_args, args_cap, n_wide, wide_cap;
	struct pend *ev;
	uint64_t *args, *wide;
	uint64_t first, last; /* units */
};

struct slot { /* of the table key -> symbol; empty unless gen is the current one */
	uint64_t key;
	uint32_t gen, sym;
};

/* What the encoder knows of a symbol while it packs a chunk. */
struct sym_info {
	uint32_t block; /* s1 and s2 are of this block */
	uint32_t s1, s2; /* came after it last, and before that */
	uint32_t pos; /* in the list of keys; POS_NEW: not yet there */
	uint32_t cls;
};
#define POS_NEW UINT32_MAX

struct mmt_ebuf {
	const struct mmt_schema *schema;
	unsigned int shift;
	struct stream *streams; /* by id */
	size_t n_streams, streams_cap;
	struct slot *slots;
	unsigned int slot_bits;
	uint32_t gen;
	uint64_t *keys;
	uint8_t *key_args;
	size_t n_keys, keys_cap, key_args_cap;
	size_t n_events, n_args;
	/* only while packing */
	struct mmt_buf sec[SEC_MAX], tmp;
	struct sym_info *info;
	uint32_t *at; /* symbol by place */
	size_t info_cap, at_cap;
};

#endif
