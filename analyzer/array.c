// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "array.h"

void *array_more(void *array, size_t *n, size_t *cap, size_t size)
{
	void **p = array;

	if (*n == *cap) {
		size_t c = *cap ? *cap * 2 : 16;
		void *q = reallocarray(*p, c, size);

		if (!q)
			return NULL;
		*p = q;
		*cap = c;
	}
	return memset((char *)*p + (*n)++ * size, 0, size);
}
