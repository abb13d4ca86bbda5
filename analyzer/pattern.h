/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_PATTERN_H
#define MMT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* The first of comma-separated patterns at p; returns the rest, NULL when there is none. */
const char *pattern_next(const char *p, char *one, size_t size);
/* Some pattern fits the name (* and ? as in a shell); NULL: all do. */
bool pattern_fits(const char *patterns, const char *name);

#endif
