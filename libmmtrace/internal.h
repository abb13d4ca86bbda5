/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Private to libmmtrace: the layout of a file, bounded cursors, growing buffers, codecs. */
#ifndef MMTRACE_INTERNAL_H
#define MMTRACE_INTERNAL_H

#include <errno.h>
#include <string.h>

#include "mmtrace.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

/* ---- layout: see mmtrace-format(5); everything is little endian ---- */

#define MMT_PREAMBLE_LEN 32
#define MMT_HEADER_LEN 72
#define MMT_HEADER_MAX 1024 /* a later minor may lengthen the header */
#define MMT_TRAILER_LEN 32

#define MMT_MAGIC "\x89MMT\r\n\x1a\n"
#define MMT_MAGIC_LEN 8
#define MMT_SYNC 0xc34d4df5u    /* f5 'M' 'M' c3 */
#define MMT_SYNC_END 0xc3544df5u /* f5 'M' 'T' c3 */

enum { MMT_CHUNK_SCHEMA = 1, MMT_CHUNK_EVENTS = 2, MMT_CHUNK_TABLES = 3, MMT_CHUNK_INDEX = 4 };

/* Limits: what a reader is ready to allocate, and so what a writer may ask for. */
#define MMT_MAX_STORED (64u << 20)
#define MMT_MAX_RAW (64u << 20)
#define MMT_MAX_EVENTS (1u << 20)
#define MMT_MAX_KEYS (1u << 20)
#define MMT_MAX_ARGS (4u << 20)
#define MMT_MAX_CELLS (1u << 20)
#define MMT_MAX_TYPES 4096u
#define MMT_MAX_FIELDS 256u
#define MMT_MAX_INDEX 4096u
#define MMT_MAX_SHIFT 20

struct mmt_head { /* a chunk header in the machine's own order */
	uint16_t len;
	uint8_t type, codec, flags, time_shift;
	uint32_t seq, stored, raw, n_items, n_blocks;
	uint64_t first, last;
	uint32_t lost[MMT_N_CLASSES];
	uint32_t payload_crc;
};

static inline void mmt_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void mmt_put32(uint8_t *p, uint32_t v)
{
	mmt_put16(p, v);
	mmt_put16(p + 2, v >> 16);
}

static inline void mmt_put64(uint8_t *p, uint64_t v)
{
	mmt_put32(p, (uint32_t)v);
	mmt_put32(p + 4, (uint32_t)(v >> 32));
}

static inline uint32_t mmt_get16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t mmt_get32(const uint8_t *p)
{
	return mmt_get16(p) | mmt_get16(p + 2) << 16;
}

static inline uint64_t mmt_get64(const uint8_t *p)
{
	return mmt_get32(p) | (uint64_t)mmt_get32(p + 4) << 32;
}

static inline uint64_t mmt_zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static inline int64_t mmt_unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

uint32_t mmt_crc(const void *p, size_t len);
void mmt_preamble_put(uint8_t p[MMT_PREAMBLE_LEN], unsigned int time_shift);
void mmt_head_put(uint8_t p[MMT_HEADER_LEN], const struct mmt_head *h);
/* Bytes wanted to judge the header at p, given len of them: 0 = *h is good; -EAGAIN: more; -EBADMSG. */
int mmt_head_get(const uint8_t *p, size_t len, struct mmt_head *h);
void mmt_trailer_put(uint8_t p[MMT_TRAILER_LEN], uint64_t index_off, uint64_t size, uint32_t n_chunks);
bool mmt_trailer_ok(const uint8_t *p);

/* ---- growing buffer: sticky error, so that a run of puts is checked once ---- */

struct mmt_buf {
	uint8_t *p;
	size_t len, cap;
	int err;
};

int mmt_buf_grow(struct mmt_buf *b, size_t more);
void mmt_buf_free(struct mmt_buf *b);
void mmt_buf_put(struct mmt_buf *b, const void *p, size_t len);
void mmt_buf_str(struct mmt_buf *b, const char *s);

static inline uint8_t *mmt_uv_put(uint8_t *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

static inline void mmt_buf_uv(struct mmt_buf *b, uint64_t v)
{
	if (b->cap - b->len < 10 && mmt_buf_grow(b, 10))
		return;
	b->len = (size_t)(mmt_uv_put(b->p + b->len, v) - b->p);
}

static inline int mmt_buf_room(struct mmt_buf *b, size_t more)
{
	return likely(b->cap - b->len >= more) ? b->err : mmt_buf_grow(b, more);
}

/* Make room for n elements of an array; 0 or -ENOMEM. */
int mmt_grow(void *array, size_t *cap, size_t n, size_t size);
#define MMT_GROW(ptr, cap, n) mmt_grow(&(ptr), &(cap), (n), sizeof(*(ptr)))

/* ---- bounded cursor: reads past the end give 0 and a sticky -EBADMSG ---- */

struct mmt_cur {
	const uint8_t *p, *end;
	int err;
};

uint64_t mmt_cur_uv_slow(struct mmt_cur *c);
const uint8_t *mmt_cur_bytes(struct mmt_cur *c, size_t len);

static inline struct mmt_cur mmt_cur_of(const void *p, size_t len)
{
	return (struct mmt_cur){ p, (const uint8_t *)p + len, 0 };
}

static inline size_t mmt_cur_left(const struct mmt_cur *c)
{
	return (size_t)(c->end - c->p);
}

static inline uint64_t mmt_cur_uv(struct mmt_cur *c)
{
	if (likely(c->p < c->end && *c->p < 0x80))
		return *c->p++;
	return mmt_cur_uv_slow(c);
}

/* A varint that must not be above max. */
static inline uint64_t mmt_cur_max(struct mmt_cur *c, uint64_t max)
{
	uint64_t v = mmt_cur_uv(c);

	if (v <= max)
		return v;
	c->err = -EBADMSG;
	return 0;
}

/* ---- codecs ---- */

enum { MMT_CODEC_NONE = 0, MMT_CODEC_DEFLATE = 1 };
/* What the bytes look like, so that the codec need not find out. */
enum mmt_hint { MMT_HINT_TEXT, MMT_HINT_NOISE, MMT_HINT_STORE };

struct mmt_codec {
	uint8_t id;
	const char *name;
	int (*enc_open)(int level, void **ctx);
	/* at most cap bytes into out; returns the length, or -ENOSPC when it does not fit */
	int64_t (*enc)(void *ctx, enum mmt_hint hint, const uint8_t *in, size_t len, uint8_t *out, size_t cap);
	void (*enc_close)(void *ctx);
	int (*dec_open)(void **ctx);
	/* exactly raw bytes into out, all of in used, else -EBADMSG */
	int (*dec)(void *ctx, const uint8_t *in, size_t len, uint8_t *out, size_t raw);
	void (*dec_close)(void *ctx);
};

const struct mmt_codec *mmt_codec_by_id(unsigned int id);

/* Append a section to a payload: lengths, then the bytes as they are or compressed. */
int mmt_section_put(struct mmt_buf *out, const struct mmt_codec *codec, void *ctx, enum mmt_hint hint,
		    const struct mmt_buf *raw, struct mmt_buf *tmp);
/* Take the next section; *data points into the payload or into store (bump allocated, never moves). */
struct mmt_store {
	uint8_t *p;
	size_t len, cap;
	size_t left; /* raw bytes that the chunk header still allows */
};
int mmt_store_start(struct mmt_store *s, size_t raw);
int mmt_section_get(struct mmt_cur *payload, const struct mmt_codec *codec, void *ctx, struct mmt_store *store,
		    struct mmt_cur *data);

/* ---- schema ---- */

struct mmt_schema {
	struct mmt_type *types;
	size_t n;
	void *mem; /* everything the types point to; NULL: the standard table */
	/* by event type */
	const struct mmt_type *event[256]; /* NULL: no such event */
	uint8_t n_args[256];
	uint8_t key_bits[256];
	uint32_t ns_args[256]; /* which of the first 32 arguments are durations */
};

int mmt_schema_check(const struct mmt_type *t);
int mmt_schema_build(struct mmt_schema *s, const struct mmt_type *extra, size_t n_extra);
void mmt_schema_free(struct mmt_schema *s);
void mmt_schema_put(const struct mmt_schema *s, struct mmt_buf *b);
int mmt_schema_get(struct mmt_schema *s, struct mmt_cur *c);
const struct mmt_type *mmt_schema_find(const struct mmt_schema *s, uint16_t id);

static inline bool mmt_fmt_is_bytes(uint8_t fmt)
{
	return fmt >= MMT_FMT_STR && fmt <= MMT_FMT_BYTES;
}

/* ---- event columns ---- */

struct mmt_ebuf; /* events that wait to be sealed */
struct mmt_edec; /* decoded events of one chunk */

struct mmt_ebuf *mmt_ebuf_new(const struct mmt_schema *s, unsigned int time_shift);
void mmt_ebuf_free(struct mmt_ebuf *e);
int mmt_ebuf_add(struct mmt_ebuf *e, uint32_t stream, const struct mmt_event *ev, size_t n,
		 const uint64_t *args, size_t n_args, size_t *used, size_t *args_used);
size_t mmt_ebuf_count(const struct mmt_ebuf *e);
size_t mmt_ebuf_bytes(const struct mmt_ebuf *e);
void mmt_ebuf_reset(struct mmt_ebuf *e);
/* Count what is pending by loss class. */
void mmt_ebuf_classes(const struct mmt_ebuf *e, uint64_t lost[MMT_N_CLASSES]);
int mmt_ebuf_pack(struct mmt_ebuf *e, const struct mmt_codec *codec, void *ctx, struct mmt_buf *out,
		  struct mmt_head *h);

struct mmt_edec *mmt_edec_new(void);
void mmt_edec_free(struct mmt_edec *d);
int mmt_edec_unpack(struct mmt_edec *d, const struct mmt_schema *s, const struct mmt_head *h,
		    const struct mmt_codec *codec, void *ctx, struct mmt_cur payload, struct mmt_chunk *out);

/* ---- tables ---- */

struct mmt_tbuf;
struct mmt_tdec;

struct mmt_tbuf *mmt_tbuf_new(const struct mmt_schema *s);
void mmt_tbuf_free(struct mmt_tbuf *t);
int mmt_tbuf_add(struct mmt_tbuf *t, uint16_t table, const struct mmt_cell *cells, size_t n_cells);
size_t mmt_tbuf_bytes(const struct mmt_tbuf *t);
size_t mmt_tbuf_cells(const struct mmt_tbuf *t);
void mmt_tbuf_reset(struct mmt_tbuf *t);
int mmt_tbuf_pack(struct mmt_tbuf *t, const struct mmt_codec *codec, void *ctx, struct mmt_buf *out,
		  struct mmt_head *h);

struct mmt_tdec *mmt_tdec_new(void);
void mmt_tdec_free(struct mmt_tdec *d);
int mmt_tdec_unpack(struct mmt_tdec *d, const struct mmt_schema *s, const struct mmt_head *h,
		    const struct mmt_codec *codec, void *ctx, struct mmt_cur payload, struct mmt_chunk *out);

/* ---- between reader, writer and recovery ---- */

/* The chunk that mmt_reader__next() or mmt_reader__next_raw() returned last, as stored. */
const uint8_t *mmt_reader__stored(const struct mmt_reader *r, struct mmt_head *h, size_t *len);
/* As mmt_reader__next(), but also returns the schema chunk (empty *chunk). */
int mmt_reader__next_raw(struct mmt_reader *r, struct mmt_chunk *chunk);
/* Append a chunk as it was stored elsewhere. */
int mmt_writer__copy(struct mmt_writer *w, const struct mmt_head *h, const uint8_t *p, size_t len);
/* No schema chunk of its own: mmt_writer__copy() will bring one. */
int mmt_writer__open_bare(const char *path, const struct mmt_writer_opts *opts, struct mmt_writer **out);

/* An option that the caller's version of the struct may not have yet. */
#define MMT_OPT(opts, type, field, dflt) \
	((opts) && (opts)->sz >= offsetof(type, field) + sizeof((opts)->field) ? (opts)->field : (dflt))
/* NULL, or a size that holds itself; what we do not know must be zero. */
static inline bool mmt_opts_ok(const void *opts, size_t known)
{
	const uint8_t *p = opts;
	size_t sz, i;

	if (!opts)
		return true;
	memcpy(&sz, opts, sizeof(sz));
	if (sz < sizeof(sz) || sz > 4096)
		return false;
	for (i = known; i < sz; i++)
		if (p[i])
			return false;
	return true;
}

__attribute__((format(printf, 4, 5)))
void mmt_logf(mmt_log_fn fn, void *ctx, enum mmt_log_level level, const char *fmt, ...);

#endif
