/* SPDX-License-Identifier: GPL-2.0-only */
/* Open-addressing map from a 64-bit key to an index. */
#ifndef MMT_U64MAP_H
#define MMT_U64MAP_H

#include <stddef.h>
#include <stdint.h>

#define U64MAP_NONE UINT32_MAX

struct u64map {
	struct u64map_slot {
		uint64_t key;
		uint32_t val; /* U64MAP_NONE: empty */
	} *slot;
	uint32_t n, mask;
};

uint32_t u64map_get(const struct u64map *m, uint64_t key); /* U64MAP_NONE when absent */
int u64map_put(struct u64map *m, uint64_t key, uint32_t val); /* replaces */
void u64map_free(struct u64map *m);

#endif
