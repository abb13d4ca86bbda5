// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rhist.h"

bool rhist_grow(struct rhist *h, unsigned int b)
{
	unsigned int lo = b & ~31u, end = lo + 32;
	uint64_t *n;

	if (h->len) {
		if (h->lo < lo)
			lo = h->lo;
		if (h->lo + h->len > end)
			end = h->lo + h->len;
	}
	n = calloc(end - lo, sizeof(*n));
	if (!n)
		return false;
	if (h->len)
		memcpy(n + (h->lo - lo), h->count, h->len * sizeof(*n));
	free(h->count);
	h->count = n;
	h->lo = (uint16_t)lo;
	h->len = (uint16_t)(end - lo);
	return true;
}

void rhist_free(struct rhist *h)
{
	free(h->count);
	memset(h, 0, sizeof(*h));
}

static int add_bucket(struct rhist *h, unsigned int b, uint64_t count)
{
	if (b - h->lo >= h->len && !rhist_grow(h, b))
		return -ENOMEM;
	h->count[b - h->lo] += count;
	return 0;
}

int rhist_add_packed(struct rhist *h, const void *buf, uint32_t len)
{
	/* a histogram is a vector of pairs {gap to the next bucket in use, count} */
	uint64_t v[2 * MMT_HIST_BUCKETS], b = 0;
	int i, n, err;

	if (!len)
		return 0;
	n = mmt_vec_unpack(buf, len, v, 2 * MMT_HIST_BUCKETS);
	if (n < 0 || n % 2 || n > 2 * MMT_HIST_BUCKETS)
		return -EBADMSG;
	for (i = 0; i < n; i += 2) {
		if (v[i] >= MMT_HIST_BUCKETS - b)
			return -EBADMSG;
		b += v[i];
		err = add_bucket(h, (unsigned int)b, v[i + 1]);
		if (err)
			return err;
		if (++b == MMT_HIST_BUCKETS && i + 2 < n)
			return -EBADMSG;
	}
	return 0;
}

int rhist_merge(struct rhist *to, const struct rhist *from)
{
	unsigned int i;
	int err;

	to->n += from->n;
	to->sum += from->sum;
	if (from->max > to->max)
		to->max = from->max;
	for (i = 0; i < from->len; i++) {
		err = from->count[i] ? add_bucket(to, from->lo + i, from->count[i]) : 0;
		if (err)
			return err;
	}
	return 0;
}

uint64_t rhist_count(const struct rhist *h)
{
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < h->len; i++)
		total += h->count[i];
	return total;
}

/* Bucket of the smallest value that at least q of all are not above, and the rank in it. */
static int locate(const struct rhist *h, double q, unsigned int *bucket, double *share)
{
	uint64_t total = rhist_count(h), rank, seen = 0;
	unsigned int i;

	if (!total)
		return -ENODATA;
	rank = (uint64_t)ceil(q * (double)total);
	rank = rank < 1 ? 1 : rank > total ? total : rank;
	for (i = 0; i < h->len; i++) {
		if (seen + h->count[i] >= rank)
			break;
		seen += h->count[i];
	}
	*bucket = h->lo + i;
	*share = ((double)(rank - seen) - 0.5) / (double)h->count[i];
	return 0;
}

int rhist_quantile(const struct rhist *h, double q, uint64_t *lo, uint64_t *hi)
{
	unsigned int b;
	double share;
	int err = locate(h, q, &b, &share);

	if (err)
		return err;
	mmt_hist_range(b, lo, hi);
	if (h->max && *hi > h->max && *lo <= h->max)
		*hi = h->max;
	return 0;
}

double rhist_q(const struct rhist *h, double q)
{
	uint64_t lo, hi;
	unsigned int b;
	double share;

	if (locate(h, q, &b, &share) || rhist_quantile(h, q, &lo, &hi))
		return NAN;
	return (double)lo + share * (double)(hi - lo);
}
