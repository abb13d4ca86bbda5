// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Buffers, cursors, and the fixed parts of a file: preamble, chunk header, trailer. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "internal.h"

uint32_t mmt_crc(const void *p, size_t len)
{
	return (uint32_t)crc32_z(0, p, len);
}

void mmt_logf(mmt_log_fn fn, void *ctx, enum mmt_log_level level, const char *fmt, ...)
{
	char msg[512];
	va_list ap;

	if (!fn)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	fn(ctx, level, msg);
}

int mmt_grow(void *array, size_t *cap, size_t n, size_t size)
{
	size_t want = *cap ? *cap : 64;
	void *p;

	if (n <= *cap)
		return 0;
	if (n > SIZE_MAX / 2 / size)
		return -ENOMEM;
	while (want < n)
		want *= 2;
	memcpy(&p, array, sizeof(p));
	p = realloc(p, want * size);
	if (!p)
		return -ENOMEM;
	memcpy(array, &p, sizeof(p));
	*cap = want;
	return 0;
}

int mmt_buf_grow(struct mmt_buf *b, size_t more)
{
	int err;

	if (b->err)
		return b->err;
	if (more > SIZE_MAX - b->len)
		err = -ENOMEM;
	else
		err = mmt_grow(&b->p, &b->cap, b->len + more, 1);
	if (err)
		b->err = err;
	return err;
}

void mmt_buf_free(struct mmt_buf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

void mmt_buf_put(struct mmt_buf *b, const void *p, size_t len)
{
	if (!len || (b->cap - b->len < len && mmt_buf_grow(b, len)))
		return;
	memcpy(b->p + b->len, p, len);
	b->len += len;
}

void mmt_buf_str(struct mmt_buf *b, const char *s)
{
	size_t len = s ? strlen(s) : 0;

	mmt_buf_uv(b, len);
	mmt_buf_put(b, s, len);
}

uint64_t mmt_cur_uv_slow(struct mmt_cur *c)
{
	uint64_t v = 0;
	unsigned int shift;
	uint8_t b;

	for (shift = 0; shift < 64; shift += 7) {
		if (c->p >= c->end)
			break;
		b = *c->p++;
		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	c->p = c->end;
	c->err = -EBADMSG;
	return 0;
}

const uint8_t *mmt_cur_bytes(struct mmt_cur *c, size_t len)
{
	const uint8_t *p = c->p;

	if (c->err || len > mmt_cur_left(c)) {
		c->p = c->end;
		c->err = -EBADMSG;
		return NULL;
	}
	c->p += len;
	return p;
}

void mmt_preamble_put(uint8_t p[MMT_PREAMBLE_LEN], unsigned int time_shift)
{
	memset(p, 0, MMT_PREAMBLE_LEN);
	memcpy(p, MMT_MAGIC, MMT_MAGIC_LEN);
	mmt_put16(p + 8, MMT_FORMAT_MAJOR);
	mmt_put16(p + 10, MMT_FORMAT_MINOR);
	p[12] = (uint8_t)time_shift;
	mmt_put32(p + 28, mmt_crc(p, 28));
}

void mmt_head_put(uint8_t p[MMT_HEADER_LEN], const struct mmt_head *h)
{
	unsigned int i;

	mmt_put32(p, MMT_SYNC);
	mmt_put16(p + 4, MMT_HEADER_LEN);
	p[6] = h->type;
	p[7] = h->codec;
	p[8] = h->flags;
	p[9] = h->time_shift;
	mmt_put16(p + 10, 0);
	mmt_put32(p + 12, h->seq);
	mmt_put32(p + 16, h->stored);
	mmt_put32(p + 20, h->raw);
	mmt_put32(p + 24, h->n_items);
	mmt_put32(p + 28, h->n_blocks);
	mmt_put64(p + 32, h->first);
	mmt_put64(p + 40, h->last);
	for (i = 0; i < MMT_N_CLASSES; i++)
		mmt_put32(p + 48 + 4 * i, h->lost[i]);
	mmt_put32(p + 64, h->payload_crc);
	mmt_put32(p + 68, mmt_crc(p, 68));
}

int mmt_head_get(const uint8_t *p, size_t len, struct mmt_head *h)
{
	unsigned int i;

	if (len < 6)
		return -EAGAIN;
	h->len = (uint16_t)mmt_get16(p + 4);
	if (mmt_get32(p) != MMT_SYNC || h->len < MMT_HEADER_LEN || h->len > MMT_HEADER_MAX)
		return -EBADMSG;
	if (len < h->len)
		return -EAGAIN;
	if (mmt_get32(p + h->len - 4) != mmt_crc(p, h->len - 4u))
		return -EBADMSG;
	h->type = p[6];
	h->codec = p[7];
	h->flags = p[8];
	h->time_shift = p[9];
	h->seq = mmt_get32(p + 12);
	h->stored = mmt_get32(p + 16);
	h->raw = mmt_get32(p + 20);
	h->n_items = mmt_get32(p + 24);
	h->n_blocks = mmt_get32(p + 28);
	h->first = mmt_get64(p + 32);
	h->last = mmt_get64(p + 40);
	for (i = 0; i < MMT_N_CLASSES; i++)
		h->lost[i] = mmt_get32(p + 48 + 4 * i);
	h->payload_crc = mmt_get32(p + 64);
	return 0;
}

void mmt_trailer_put(uint8_t p[MMT_TRAILER_LEN], uint64_t index_off, uint64_t size, uint32_t n_chunks)
{
	memset(p, 0, MMT_TRAILER_LEN);
	mmt_put32(p, MMT_SYNC_END);
	mmt_put32(p + 4, n_chunks);
	mmt_put64(p + 8, index_off);
	mmt_put64(p + 16, size);
	mmt_put32(p + 28, mmt_crc(p, 28));
}

bool mmt_trailer_ok(const uint8_t *p)
{
	return mmt_get32(p) == MMT_SYNC_END && mmt_get32(p + 28) == mmt_crc(p, 28);
}
