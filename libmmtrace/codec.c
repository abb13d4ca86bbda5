// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Codecs: one line each in the table below. A payload is a run of sections, each
 * {varint raw length, varint stored length, bytes}; equal lengths mean stored as is,
 * otherwise the chunk's codec packed it. So a column of noise costs no time.
 */
#include <stdlib.h>
#include <zlib.h>

#include "internal.h"

/* One stream per strategy: changing the strategy of a live one flushes and costs. */
struct deflate_enc {
	z_stream lz, huff;
	bool lz_ok, huff_ok;
};

static void deflate_enc_close(void *ctx)
{
	struct deflate_enc *d = ctx;

	if (!d)
		return;
	if (d->lz_ok)
		deflateEnd(&d->lz);
	if (d->huff_ok)
		deflateEnd(&d->huff);
	free(d);
}

static int deflate_enc_open(int level, void **ctx)
{
	struct deflate_enc *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	/* raw deflate: the chunk has its own CRC */
	d->lz_ok = deflateInit2(&d->lz, level, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK;
	d->huff_ok = deflateInit2(&d->huff, level, Z_DEFLATED, -15, 9, Z_HUFFMAN_ONLY) == Z_OK;
	if (!d->lz_ok || !d->huff_ok) {
		deflate_enc_close(d);
		return -ENOMEM;
	}
	*ctx = d;
	return 0;
}

static int64_t deflate_enc(void *ctx, enum mmt_hint hint, const uint8_t *in, size_t len, uint8_t *out, size_t cap)
{
	struct deflate_enc *d = ctx;
	z_stream *z = hint == MMT_HINT_NOISE ? &d->huff : &d->lz;

	if (deflateReset(z) != Z_OK)
		return -EINVAL;
	z->next_in = (Bytef *)(uintptr_t)in; /* zlib of old has no const here */
	z->avail_in = (uInt)len;
	z->next_out = out;
	z->avail_out = (uInt)cap;
	if (deflate(z, Z_FINISH) != Z_STREAM_END)
		return -ENOSPC;
	return (int64_t)(cap - z->avail_out);
}

static int deflate_dec_open(void **ctx)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (!z)
		return -ENOMEM;
	if (inflateInit2(z, -15) != Z_OK) {
		free(z);
		return -ENOMEM;
	}
	*ctx = z;
	return 0;
}

static void deflate_dec_close(void *ctx)
{
	if (!ctx)
		return;
	inflateEnd(ctx);
	free(ctx);
}

static int deflate_dec(void *ctx, const uint8_t *in, size_t len, uint8_t *out, size_t raw)
{
	z_stream *z = ctx;

	if (inflateReset(z) != Z_OK)
		return -EINVAL;
	z->next_in = (Bytef *)(uintptr_t)in;
	z->avail_in = (uInt)len;
	z->next_out = out;
	z->avail_out = (uInt)raw;
	if (inflate(z, Z_FINISH) != Z_STREAM_END || z->avail_out || z->avail_in)
		return -EBADMSG;
	return 0;
}

static const struct mmt_codec codecs[] = {
	{ MMT_CODEC_NONE, "none", NULL, NULL, NULL, NULL, NULL, NULL },
	{ MMT_CODEC_DEFLATE, "deflate", deflate_enc_open, deflate_enc, deflate_enc_close,
	  deflate_dec_open, deflate_dec, deflate_dec_close },
};

const struct mmt_codec *mmt_codec_by_id(unsigned int id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codecs); i++)
		if (codecs[i].id == id)
			return &codecs[i];
	return NULL;
}

int mmt_section_put(struct mmt_buf *out, const struct mmt_codec *codec, void *ctx, enum mmt_hint hint,
		    const struct mmt_buf *raw, struct mmt_buf *tmp)
{
	const uint8_t *p = raw->p;
	size_t stored = raw->len;
	int64_t n;

	if (raw->err)
		return raw->err;
	/* a handful of bytes never gets smaller, and noise costs only time */
	if (codec->enc && hint != MMT_HINT_STORE && raw->len > 16) {
		tmp->len = 0;
		if (tmp->cap < raw->len && mmt_buf_grow(tmp, raw->len))
			return tmp->err;
		n = codec->enc(ctx, hint, raw->p, raw->len, tmp->p, raw->len - 1);
		if (n >= 0) {
			p = tmp->p;
			stored = (size_t)n;
		} else if (n != -ENOSPC) {
			return (int)n;
		}
	}
	mmt_buf_uv(out, raw->len);
	mmt_buf_uv(out, stored);
	mmt_buf_put(out, p, stored);
	return out->err;
}

int mmt_store_start(struct mmt_store *s, size_t raw)
{
	s->len = 0;
	s->left = raw;
	return MMT_GROW(s->p, s->cap, raw + 1);
}

int mmt_section_get(struct mmt_cur *payload, const struct mmt_codec *codec, void *ctx, struct mmt_store *store,
		    struct mmt_cur *data)
{
	size_t raw = mmt_cur_max(payload, store->left);
	size_t stored = mmt_cur_max(payload, raw);
	const uint8_t *p = mmt_cur_bytes(payload, stored);
	int err;

	if (payload->err)
		return payload->err;
	store->left -= raw;
	if (stored == raw) {
		*data = mmt_cur_of(p, raw);
		return 0;
	}
	if (!codec->dec)
		return -EBADMSG;
	err = codec->dec(ctx, p, stored, store->p + store->len, raw);
	if (err)
		return err;
	*data = mmt_cur_of(store->p + store->len, raw);
	store->len += raw;
	return 0;
}
