/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is freed all at once. */
#ifndef MMT_ARENA_H
#define MMT_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);
void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned to 8; NULL without memory */
char *arena_str(struct arena *a, const void *p, size_t len); /* NUL-terminated copy */

#endif
