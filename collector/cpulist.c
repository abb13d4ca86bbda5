// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpulist.h"
#include "sysfs.h"

#define WORDS (MMT_MAX_CPUS / 64)

void mmt_cpulist__parse(const char *s, struct mmt_cpuset *set)
{
	unsigned long a, b;
	char *end;

	memset(set, 0, sizeof(*set));
	while (*s >= '0' && *s <= '9') {
		a = b = strtoul(s, &end, 10);
		if (*end == '-')
			b = strtoul(end + 1, &end, 10);
		for (; a <= b && a < MMT_MAX_CPUS; a++)
			mmt_cpuset__add(set, (unsigned int)a);
		s = *end == ',' ? end + 1 : end;
	}
}

int mmt_cpulist__print(const struct mmt_cpuset *set, char *buf, size_t size)
{
	unsigned int i, last;
	size_t at = 0;
	int n;

	if (!size)
		return -ENOSPC;
	buf[0] = 0;
	for (i = 0; i < MMT_MAX_CPUS; i = last + 1) {
		last = i;
		if (!mmt_cpuset__has(set, i))
			continue;
		while (mmt_cpuset__has(set, last + 1))
			last++;
		n = last > i ? snprintf(buf + at, size - at, "%s%u-%u", at ? "," : "", i, last) :
		    snprintf(buf + at, size - at, "%s%u", at ? "," : "", i);
		if (n < 0 || (size_t)n >= size - at)
			return -ENOSPC;
		at += (size_t)n;
	}
	return 0;
}

int mmt_cpulist__read(const char *path, struct mmt_cpuset *set)
{
	char buf[4096];
	ssize_t n = mmt_read_file(path, buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	mmt_cpulist__parse(buf, set);
	return 0;
}

unsigned int mmt_cpuset__count(const struct mmt_cpuset *s)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < WORDS; i++)
		n += (unsigned int)__builtin_popcountll(s->bits[i]);
	return n;
}

void mmt_cpuset__and(const struct mmt_cpuset *a, const struct mmt_cpuset *b, struct mmt_cpuset *out)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		out->bits[i] = a->bits[i] & b->bits[i];
}

bool mmt_cpuset__within(const struct mmt_cpuset *a, const struct mmt_cpuset *b)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		if (a->bits[i] & ~b->bits[i])
			return false;
	return true;
}
