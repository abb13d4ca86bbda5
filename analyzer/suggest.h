/* SPDX-License-Identifier: GPL-2.0-only */
/* The nearest known word to one that was mistyped. */
#ifndef MMT_SUGGEST_H
#define MMT_SUGGEST_H

#include <stddef.h>

/* Edits (insert, delete, replace, swap neighbours) from a to b; long words are cut at 63 bytes. */
unsigned int suggest_distance(const char *a, const char *b);
/* Of n words the nearest, when it is near enough to be meant; else NULL. */
const char *suggest(const char *word, const char *const *words, size_t n);
/* " (did you mean 'that'?)" in buf, for the middle of an error line; "" where none is near. */
const char *suggest_hint(char *buf, size_t size, const char *word, const char *const *words, size_t n);

#endif
