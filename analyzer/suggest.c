// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "suggest.h"

#define MAX_WORD 63

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned int suggest_distance(const char *a, const char *b)
{
	unsigned int row[3][MAX_WORD + 1];
	size_t la = strnlen(a, MAX_WORD), lb = strnlen(b, MAX_WORD);

	for (size_t j = 0; j <= lb; j++)
		row[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned int *cur = row[i % 3], *prev = row[(i + 2) % 3], *prev2 = row[(i + 1) % 3];

		cur[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			cur[j] = min3(prev[j] + 1, cur[j - 1] + 1, prev[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && prev2[j - 2] + 1 < cur[j])
				cur[j] = prev2[j - 2] + 1;
		}
	}
	return row[la % 3][lb];
}

const char *suggest(const char *word, const char *const *words, size_t n)
{
	unsigned int best = ~0U, limit = (unsigned int)(strlen(word) / 3) + 1;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned int d = suggest_distance(word, words[i]);

		if (strlen(word) >= 3 && !strncmp(word, words[i], strlen(word)))
			d = 1; /* an abbreviation */
		if (d < best) {
			best = d;
			found = words[i];
		}
	}
	return best <= limit ? found : NULL;
}

const char *suggest_hint(char *buf, size_t size, const char *word, const char *const *words, size_t n)
{
	const char *near = suggest(word, words, n);

	*buf = '\0';
	if (near)
		snprintf(buf, size, " (did you mean '%s'?)", near);
	return buf;
}
