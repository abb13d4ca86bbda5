/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of CPUs (or nodes) as the kernel writes them: "0-3,8". */
#ifndef MMT_CPULIST_H
#define MMT_CPULIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bpf/mmt_shared.h"

struct mmt_cpuset {
	uint64_t bits[MMT_MAX_CPUS / 64];
};

/* Numbers that are too large are left out. */
void mmt_cpulist__parse(const char *s, struct mmt_cpuset *set);
/* As the kernel would: ranges, no spaces; "" for none. -ENOSPC where it does not fit. */
int mmt_cpulist__print(const struct mmt_cpuset *set, char *buf, size_t size);
/* That of a file; -errno. */
int mmt_cpulist__read(const char *path, struct mmt_cpuset *set);

static inline bool mmt_cpuset__has(const struct mmt_cpuset *s, unsigned int i)
{
	return i < MMT_MAX_CPUS && s->bits[i / 64] >> i % 64 & 1;
}

static inline void mmt_cpuset__add(struct mmt_cpuset *s, unsigned int i)
{
	if (i < MMT_MAX_CPUS)
		s->bits[i / 64] |= 1ULL << i % 64;
}

unsigned int mmt_cpuset__count(const struct mmt_cpuset *s);
/* a and b -> out, which may be one of them */
void mmt_cpuset__and(const struct mmt_cpuset *a, const struct mmt_cpuset *b, struct mmt_cpuset *out);
bool mmt_cpuset__within(const struct mmt_cpuset *a, const struct mmt_cpuset *b);

#endif
