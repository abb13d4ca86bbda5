// SPDX-License-Identifier: GPL-2.0-only
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "pattern.h"

const char *pattern_next(const char *p, char *one, size_t size)
{
	const char *e = strchrnul(p, ',');

	if (!*p)
		return NULL;
	snprintf(one, size, "%.*s", (int)(e - p), p);
	return *e ? e + 1 : e;
}

bool pattern_fits(const char *patterns, const char *name)
{
	const char *p = patterns;
	char one[256];

	if (!patterns)
		return true;
	while ((p = pattern_next(p, one, sizeof(one))))
		if (!fnmatch(one, name, 0))
			return true;
	return false;
}
