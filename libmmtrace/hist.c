// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Log-linear histograms and vectors of varints. */
#include "internal.h"

#define SUB_BITS 5
#define SUBS (1u << SUB_BITS)

unsigned int mmt_hist_bucket(uint64_t v)
{
	unsigned int shift, b;

	if (v < 2 * SUBS)
		return (unsigned int)v;
	shift = 63u - (unsigned int)__builtin_clzll(v) - SUB_BITS;
	b = (shift << SUB_BITS) + (unsigned int)(v >> shift);
	return MIN_OF(b, MMT_HIST_BUCKETS - 1u);
}

void mmt_hist_range(unsigned int bucket, uint64_t *lo, uint64_t *hi)
{
	unsigned int shift;

	if (bucket < 2 * SUBS) {
		*lo = *hi = bucket;
		return;
	}
	if (bucket > MMT_HIST_BUCKETS - 1)
		bucket = MMT_HIST_BUCKETS - 1;
	shift = (bucket >> SUB_BITS) - 1;
	*lo = (uint64_t)(bucket - (shift << SUB_BITS)) << shift;
	*hi = bucket == MMT_HIST_BUCKETS - 1 ? UINT64_MAX : *lo + (1ull << shift) - 1;
}

void mmt_hist_add(struct mmt_hist *h, uint64_t v)
{
	h->n++;
	h->sum += v;
	if (v > h->max)
		h->max = v;
	h->count[mmt_hist_bucket(v)]++;
}

void mmt_hist_merge(struct mmt_hist *to, const struct mmt_hist *from)
{
	unsigned int i;

	to->n += from->n;
	to->sum += from->sum;
	to->max = MAX_OF(to->max, from->max);
	for (i = 0; i < MMT_HIST_BUCKETS; i++)
		to->count[i] += from->count[i];
}

int mmt_hist_quantile(const struct mmt_hist *h, double q, uint64_t *lo, uint64_t *hi)
{
	uint64_t total = 0, rank, seen = 0;
	unsigned int i;

	if (!(q >= 0 && q <= 1))
		return -EINVAL;
	/* counts, not n: a histogram read from the file has what its buckets say */
	for (i = 0; i < MMT_HIST_BUCKETS; i++)
		total += h->count[i];
	if (!total)
		return -ENODATA;
	/* the smallest value that at least q of all are not above */
	rank = (uint64_t)(q * (double)total);
	if ((double)rank < q * (double)total)
		rank++;
	rank = MIN_OF(MAX_OF(rank, 1u), total);
	for (i = 0; i < MMT_HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (seen >= rank)
			break;
	}
	mmt_hist_range(i, lo, hi);
	/* the maximum is known exactly; no quantile lies above it */
	if (h->max && *hi > h->max && *lo <= h->max)
		*hi = h->max;
	return 0;
}

/* Pairs {varint gap to the next bucket in use, varint count}. */
int mmt_hist_pack(const uint32_t *count, size_t n, uint8_t *buf, size_t size)
{
	uint8_t tmp[20], *e;
	size_t i, len = 0, next = 0;

	if (n > MMT_HIST_BUCKETS)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (!count[i])
			continue;
		e = mmt_uv_put(mmt_uv_put(tmp, i - next), count[i]);
		if ((size_t)(e - tmp) > size - len)
			return -ENOSPC;
		memcpy(buf + len, tmp, (size_t)(e - tmp));
		len += (size_t)(e - tmp);
		next = i + 1;
	}
	return (int)len;
}

int mmt_hist_unpack(const void *buf, size_t len, struct mmt_hist *h)
{
	struct mmt_cur c = mmt_cur_of(buf, len), check = c;
	uint64_t i = 0, v;

	/* all or nothing: look before adding */
	while (check.p < check.end) {
		i += mmt_cur_max(&check, MMT_HIST_BUCKETS) + 1;
		v = mmt_cur_uv(&check);
		if (check.err || i > MMT_HIST_BUCKETS || !v)
			return -EBADMSG;
	}
	for (i = 0; c.p < c.end; i++) {
		i += mmt_cur_uv(&c);
		v = mmt_cur_uv(&c);
		h->count[i] += v;
	}
	return 0;
}

int mmt_vec_pack(const uint64_t *v, size_t n, uint8_t *buf, size_t size)
{
	uint8_t tmp[10], *e;
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		e = mmt_uv_put(tmp, v[i]);
		if ((size_t)(e - tmp) > size - len)
			return -ENOSPC;
		memcpy(buf + len, tmp, (size_t)(e - tmp));
		len += (size_t)(e - tmp);
	}
	return (int)len;
}

int mmt_vec_unpack(const void *buf, size_t len, uint64_t *v, size_t max)
{
	struct mmt_cur c = mmt_cur_of(buf, len);
	uint64_t x;
	int n = 0;

	while (c.p < c.end) {
		x = mmt_cur_uv(&c);
		if (c.err)
			return -EBADMSG;
		if ((size_t)n < max)
			v[n] = x;
		n++;
	}
	return n;
}
