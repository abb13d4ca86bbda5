/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A log-linear histogram that holds only the octaves it needs: the buckets of mmt_hist,
 * 256 bytes an octave, so that ten thousand short-lived tasks weigh little.
 */
#ifndef MMT_RHIST_H
#define MMT_RHIST_H

#include <stdbool.h>
#include <stdint.h>

#include "../libmmtrace/mmtrace.h"

struct rhist {
	uint64_t n, sum, max; /* exact */
	uint64_t *count;      /* of buckets lo .. lo + len - 1 */
	uint16_t lo, len;
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

/* Make room for bucket b; false without memory. */
bool rhist_grow(struct rhist *h, unsigned int b);

static inline bool rhist_add(struct rhist *h, uint64_t v)
{
	unsigned int b = rhist_bucket(v);

	h->n++;
	h->sum += v;
	if (v > h->max)
		h->max = v;
	if (__builtin_expect(b - h->lo >= h->len, 0) && !rhist_grow(h, b))
		return false;
	h->count[b - h->lo]++;
	return true;
}

void rhist_free(struct rhist *h);
/* Buckets only; n, sum and max are the caller's (they stand in columns of their own). */
int rhist_add_packed(struct rhist *h, const void *buf, uint32_t len);
int rhist_merge(struct rhist *to, const struct rhist *from);
/* Number of values in the buckets. */
uint64_t rhist_count(const struct rhist *h);
/* The bucket's [lo, hi] that holds quantile q; hi never above max. -ENODATA when empty. */
int rhist_quantile(const struct rhist *h, double q, uint64_t *lo, uint64_t *hi);
/* One number for it: by rank inside the bucket, so at most 3.1 % off. NaN when empty. */
double rhist_q(const struct rhist *h, double q);

#endif
