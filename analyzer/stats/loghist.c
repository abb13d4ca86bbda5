// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "loghist.h"

unsigned int loghist_buckets(unsigned int bits)
{
	return (65 - bits) << bits;
}

unsigned int loghist_bucket(uint64_t v, unsigned int bits)
{
	unsigned int shift;

	if (v >> bits == 0)
		return (unsigned int)v;
	shift = 63 - (unsigned int)__builtin_clzll(v) - bits;
	return (shift << bits) + (unsigned int)(v >> shift);
}

void loghist_range(unsigned int bucket, unsigned int bits, uint64_t *lo, uint64_t *hi)
{
	unsigned int shift;

	if (bucket >> bits == 0) {
		*lo = *hi = bucket;
		return;
	}
	shift = (bucket >> bits) - 1;
	*lo = (uint64_t)(bucket - (shift << bits)) << shift;
	*hi = *lo + ((uint64_t)1 << shift) - 1;
}

int loghist_init(struct loghist *h, unsigned int bits)
{
	*h = (struct loghist){ .bits = bits };
	if (bits > LOGHIST_MAX_BITS)
		return -EINVAL;
	h->count = calloc(loghist_buckets(bits), sizeof(*h->count));
	return h->count ? 0 : -ENOMEM;
}

void loghist_free(struct loghist *h)
{
	free(h->count);
	h->count = NULL;
}

void loghist_add(struct loghist *h, uint64_t v)
{
	h->count[loghist_bucket(v, h->bits)]++;
	h->n++;
}

int loghist_merge(struct loghist *to, const struct loghist *from)
{
	unsigned int i, n = loghist_buckets(to->bits);

	if (to->bits != from->bits)
		return -EINVAL;
	to->n += from->n;
	for (i = 0; i < n; i++)
		to->count[i] += from->count[i];
	return 0;
}

uint64_t loghist_rank(uint64_t n, unsigned int permille)
{
	uint64_t whole = n / 1000 * permille, rank = whole + (n % 1000 * permille + 999) / 1000;

	return n && !rank ? 1 : rank;
}

int loghist_at_rank(const struct loghist *h, uint64_t rank, uint64_t *lo, uint64_t *hi)
{
	unsigned int i, n = loghist_buckets(h->bits);
	uint64_t seen = 0;

	if (!rank || rank > h->n)
		return -ENODATA;
	for (i = 0; i < n; i++) {
		seen += h->count[i];
		if (seen >= rank)
			break;
	}
	loghist_range(i, h->bits, lo, hi);
	return 0;
}
