/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log-linear histogram of any uint64 with 2^bits buckets an octave; the relative width of
 * a bucket is at most 2^-bits. With bits = 5 its buckets are those of mmt_hist, which stops
 * at 137 s; this one has no top. Merging is adding counts.
 */
#ifndef MMT_STATS_LOGHIST_H
#define MMT_STATS_LOGHIST_H

#include <stdint.h>

#define LOGHIST_MAX_BITS 16

struct loghist {
	unsigned int bits;
	uint64_t n;
	uint64_t *count; /* of buckets 0 .. loghist_buckets(bits) - 1 */
};

int loghist_init(struct loghist *h, unsigned int bits); /* -EINVAL, -ENOMEM */
void loghist_free(struct loghist *h);
unsigned int loghist_buckets(unsigned int bits);
unsigned int loghist_bucket(uint64_t v, unsigned int bits);
void loghist_range(unsigned int bucket, unsigned int bits, uint64_t *lo, uint64_t *hi); /* inclusive */
void loghist_add(struct loghist *h, uint64_t v);
int loghist_merge(struct loghist *to, const struct loghist *from); /* -EINVAL: other bits */
/* Nearest rank: 1 .. n; 0 when empty. */
uint64_t loghist_rank(uint64_t n, unsigned int permille);
/* The bucket of that rank. -ENODATA when there is none. */
int loghist_at_rank(const struct loghist *h, uint64_t rank, uint64_t *lo, uint64_t *hi);

#endif
