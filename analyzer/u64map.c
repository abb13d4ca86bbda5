// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "u64map.h"

static uint32_t hash(uint64_t k)
{
	k *= 0x9e3779b97f4a7c15ull;
	return (uint32_t)(k >> 32);
}

static struct u64map_slot *find(const struct u64map *m, uint64_t key)
{
	uint32_t i = hash(key) & m->mask;

	while (m->slot[i].val != U64MAP_NONE && m->slot[i].key != key)
		i = (i + 1) & m->mask;
	return &m->slot[i];
}

uint32_t u64map_get(const struct u64map *m, uint64_t key)
{
	return m->slot ? find(m, key)->val : U64MAP_NONE;
}

static int grow(struct u64map *m)
{
	struct u64map old = *m;
	uint32_t i, cap = old.slot ? (old.mask + 1) * 2 : 64;

	m->slot = malloc(cap * sizeof(*m->slot));
	if (!m->slot) {
		*m = old;
		return -ENOMEM;
	}
	memset(m->slot, 0xff, cap * sizeof(*m->slot));
	m->mask = cap - 1;
	for (i = 0; old.slot && i <= old.mask; i++)
		if (old.slot[i].val != U64MAP_NONE)
			*find(m, old.slot[i].key) = old.slot[i];
	free(old.slot);
	return 0;
}

int u64map_put(struct u64map *m, uint64_t key, uint32_t val)
{
	struct u64map_slot *s;

	if ((!m->slot || (m->n + 1) * 4ull > (m->mask + 1ull) * 3) && grow(m))
		return -ENOMEM;
	s = find(m, key);
	if (s->val == U64MAP_NONE)
		m->n++;
	s->key = key;
	s->val = val;
	return 0;
}

void u64map_free(struct u64map *m)
{
	free(m->slot);
	memset(m, 0, sizeof(*m));
}
