/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_ARRAY_H
#define MMT_ARRAY_H

#include <stddef.h>

/* Room for one more in the growing array at *array (of *n elements); the new element, zeroed, or NULL. */
void *array_more(void *array, size_t *n, size_t *cap, size_t size);

#endif
