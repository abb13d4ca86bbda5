/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers that are the same everywhere: xoshiro256** started by splitmix64. Seed
 * with what names the work (metric, user's seed), never with a thread or a clock.
 */
#ifndef MMT_STATS_RNG_H
#define MMT_STATS_RNG_H

#include <stddef.h>
#include <stdint.h>

struct stats_rng {
	uint64_t s[4];
};

static inline uint64_t stats_rng_mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline void stats_rng_seed(struct stats_rng *r, uint64_t seed)
{
	int i;

	for (i = 0; i < 4; i++)
		r->s[i] = stats_rng_mix(&seed);
}

static inline uint64_t stats_rng_u64(struct stats_rng *r)
{
	uint64_t *s = r->s, x = s[1] * 5, out = ((x << 7) | (x >> 57)) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = (s[3] << 45) | (s[3] >> 19);
	return out;
}

/* In [0, n), n < 2^32: without the bias of a remainder. */
static inline size_t stats_rng_below(struct stats_rng *r, size_t n)
{
	uint32_t bound = (uint32_t)n, low = -bound % bound;
	uint64_t m;

	do {
		m = (stats_rng_u64(r) >> 32) * bound;
	} while ((uint32_t)m < low);
	return (size_t)(m >> 32);
}

/* In (0, 1). */
static inline double stats_rng_uniform(struct stats_rng *r)
{
	return ((double)(stats_rng_u64(r) >> 12) + 0.5) * 0x1p-52;
}

#endif
