// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rhist.h"

#define FEW_MAX 32     /* buckets in a list */
#define FEW_VALUES 512 /* a histogram with more is worth a table, even if they fall into few buckets */
#define COUNT_BITS 48

/* Make room in the table for bucket b. */
static bool grow(struct rhist *h, unsigned int b)
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

static bool add_table(struct rhist *h, unsigned int b, uint64_t count)
{
	if (b - h->lo >= h->len && !grow(h, b))
		return false;
	h->count[b - h->lo] += count;
	return true;
}

static bool list_to_table(struct rhist *h)
{
	struct rhist t = { .n = h->n, .sum = h->sum, .max = h->max };
	unsigned int i;

	for (i = 0; i < h->few; i++) {
		if (!add_table(&t, (unsigned int)(h->count[i] >> COUNT_BITS), h->count[i] & ((1ull << COUNT_BITS) - 1))) {
			free(t.count);
			return false;
		}
	}
	free(h->count);
	*h = t;
	return true;
}

bool rhist_add_slow(struct rhist *h, unsigned int b, uint64_t count)
{
	unsigned int i;

	if (h->len)
		return add_table(h, b, count);
	if (h->n > FEW_VALUES || count >> (COUNT_BITS - 1))
		return list_to_table(h) && add_table(h, b, count);
	for (i = 0; i < h->few && h->count[i] >> COUNT_BITS < b; i++)
		;
	if (i < h->few && h->count[i] >> COUNT_BITS == b) {
		h->count[i] += count;
		return true;
	}
	if (h->few == FEW_MAX)
		return list_to_table(h) && add_table(h, b, count);
	if (h->few == h->cap) {
		uint16_t cap = h->cap ? h->cap * 2 : 4;
		uint64_t *n = reallocarray(h->count, cap, sizeof(*n));

		if (!n)
			return false;
		h->count = n;
		h->cap = cap;
	}
	memmove(&h->count[i + 1], &h->count[i], (h->few - i) * sizeof(*h->count));
	h->count[i] = (uint64_t)b << COUNT_BITS | count;
	h->few++;
	return true;
}

bool rhist_next(const struct rhist *h, unsigned int *at, unsigned int *bucket, uint64_t *count)
{
	if (!h->len) {
		if (*at >= h->few)
			return false;
		*bucket = (unsigned int)(h->count[*at] >> COUNT_BITS);
		*count = h->count[*at] & ((1ull << COUNT_BITS) - 1);
		(*at)++;
		return true;
	}
	while (*at < h->len && !h->count[*at])
		(*at)++;
	if (*at >= h->len)
		return false;
	*bucket = h->lo + *at;
	*count = h->count[*at];
	(*at)++;
	return true;
}

void rhist_free(struct rhist *h)
{
	free(h->count);
	memset(h, 0, sizeof(*h));
}

static int add_bucket(struct rhist *h, unsigned int b, uint64_t count)
{
	if (h->len && b - h->lo < h->len)
		h->count[b - h->lo] += count;
	else if (!rhist_add_slow(h, b, count))
		return -ENOMEM;
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
	unsigned int at = 0, b;
	uint64_t count;
	int err = 0;

	to->n += from->n;
	to->sum += from->sum;
	if (from->max > to->max)
		to->max = from->max;
	while (!err && rhist_next(from, &at, &b, &count))
		err = add_bucket(to, b, count);
	return err;
}

uint64_t rhist_count(const struct rhist *h)
{
	unsigned int at = 0, b;
	uint64_t total = 0, count;

	while (rhist_next(h, &at, &b, &count))
		total += count;
	return total;
}

/* Bucket of the smallest value that at least q of all are not above, and the rank in it. */
static int locate(const struct rhist *h, double q, unsigned int *bucket, double *share)
{
	uint64_t total = rhist_count(h), rank, seen = 0, count = 0;
	unsigned int at = 0;

	if (!total)
		return -ENODATA;
	rank = (uint64_t)ceil(q * (double)total);
	rank = rank < 1 ? 1 : rank > total ? total : rank;
	while (rhist_next(h, &at, bucket, &count) && seen + count < rank)
		seen += count;
	*share = ((double)(rank - seen) - 0.5) / (double)count;
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
