/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A log-linear histogram with the buckets of mmt_hist that holds only what it needs: at
 * first a short list of buckets, 8 bytes each, so that a hundred thousand short-lived
 * tasks weigh little; then the octaves in use, 256 bytes each.
 */
#ifndef MMT_RHIST_H
#define MMT_RHIST_H

#include <stdbool.h>
#include <stdint.h>

#include "../libmmtrace/mmtrace.h"

struct rhist {
	uint64_t n, sum, max; /* exact */
	uint64_t *count;      /* of buckets lo .. lo + len - 1; or the list: bucket << 48 | count, in order */
	uint16_t lo, len;     /* len 0: it is a list */
	uint16_t few, cap;    /* of the list */
};

/* As mmt_hist_bucket(), to be inlined in the event loop. */
static inline unsigned int rhist_bucket(uint64_t v)
{
	unsigned int shift, b;

	if (v < 64)
		return (unsigned int)v;
	shift = 58u - (unsigned int)__builtin_clzll(v);
	b = (shift << 5) + (unsigned int)(v >> shift);
	return b < MMT_HIST_BUCKETS ? b : MMT_HIST_BUCKETS - 1;
}

/* Where the fast path does not reach; false without memory. */
bool rhist_add_slow(struct rhist *h, unsigned int b, uint64_t count);

static inline bool rhist_add(struct rhist *h, uint64_t v)
{
	unsigned int b = rhist_bucket(v);

	h->n++;
	h->sum += v;
	if (v > h->max)
		h->max = v;
	if (__builtin_expect(b - h->lo >= h->len, 0))
		return rhist_add_slow(h, b, 1);
	h->count[b - h->lo]++;
	return true;
}

void rhist_free(struct rhist *h);
/* Buckets only; n, sum and max are the caller's (they stand in columns of their own). */
int rhist_add_packed(struct rhist *h, const void *buf, uint32_t len);
int rhist_merge(struct rhist *to, const struct rhist *from);
/* The buckets that hold something, in order: start with *at = 0; false at the end. */
bool rhist_next(const struct rhist *h, unsigned int *at, unsigned int *bucket, uint64_t *count);
/* Number of values in the buckets. */
uint64_t rhist_count(const struct rhist *h);
/* The bucket's [lo, hi] that holds quantile q; hi never above max. -ENODATA when empty. */
int rhist_quantile(const struct rhist *h, double q, uint64_t *lo, uint64_t *hi);
/* One number for it: by rank inside the bucket, so at most 3.1 % off. NaN when empty. */
double rhist_q(const struct rhist *h, double q);

#endif
